//! The generator's own layout: module `wit_component`, what the world exports in packages `export_<interface>` which the
//! user writes, everything else generated around them.

use std::{collections::BTreeMap, path::Path};

use wit_parser::Type;

use super::{
    error::Expected,
    names::{self, Form},
    shapes::touches,
    signature::Signature,
    sources,
    world::{Way, World},
};

/// Functions of exports that no package `export_…` declares. Methods are left to the compiler.
pub(super) fn missing(world: &World, source: &Path) -> Vec<Expected> {
    let mut missing = Vec::new();
    for interface in world.interfaces(Way::Export) {
        let package = names::package(world, interface.key);
        let folder = format!("export_{}", package.flat);
        let declared = sources::declared(&source.join(&folder)).unwrap_or_default();
        for function in &interface.functions {
            let Some(form) = names::form(world, function) else { continue };
            let name = match &form {
                Form::Function(name) => name.clone(),
                Form::Constructor(name) => format!("Make{name}"),
                Form::Method { .. } => continue,
            };
            if !declared.lacks(&name) {
                continue;
            }
            let mut imports = BTreeMap::new();
            let mut qualify = |id| {
                let owner = names::package(world, world.owner(id).as_ref());
                let exported = touches(world, Type::Id(id));
                if exported && owner == package {
                    return String::new();
                }
                let owner = if exported { format!("export_{}", owner.flat) } else { owner.flat };
                imports.insert(owner.clone(), format!("import \"wit_component/{owner}\""));
                format!("{owner}.")
            };
            let signature = Signature::raw(world, function, &form, "witTypes", &mut qualify);
            let signature = format!("func {name}({}){}", signature.params(), signature.results());
            if signature.contains("witTypes.") {
                imports.insert("witTypes".into(), "import witTypes \"go.bytecodealliance.org/pkg/wit/types\"".into());
            }
            missing.push(Expected {
                interface: interface.label.clone(),
                function: function.name.clone(),
                signature,
                package: format!("package `{folder}` (folder `{folder}`)"),
                imports: imports.into_values().collect(),
            });
        }
    }
    missing
}
