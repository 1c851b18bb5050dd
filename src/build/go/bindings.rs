//! The generated module as users of an ordinary package see it, `mosaic.local/<component>`:
//!
//! - `acme/shop/inference`: types and functions of an interface, imported or exported, functions with `(T, error)`;
//! - `world`: what the world itself declares;
//! - `wit`: `Option`, `Result`, tuples;
//! - `internal/…`, `wit_exports.go`: what only generated code needs.
//!
//! It is the generator's text under other paths. A function whose result is a `result` keeps the generated one below it,
//! renamed, and gets a form in `results.go` that users call.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{Function, TypeDefKind};

use super::{
    error::Error,
    failures::{self, Failure},
    file::File,
    generate::Texts,
    names::{self, Form, Package},
    signature::Signature,
    support,
    world::{Interface, Way, World},
};

/// The module's files, without implementations of what the world exports.
pub(super) fn module(world: &World, module: &str, generated: &Texts) -> Result<Texts, Error> {
    let packages = packages(world);
    let mut texts = Texts::new();
    for (path, text) in generated {
        let text = relocate(text, module, &packages);
        match path.split_once('/') {
            None if path == "go.mod" => {}
            None => {
                texts.insert(path.clone(), text);
            }
            Some((folder, file)) => match packages.get(folder) {
                Some(package) => {
                    let text = text.replacen(&format!("package {folder}\n"), &format!("package {}\n", package.name), 1);
                    texts.insert(format!("{}/{file}", package.folder), text);
                }
                None => {
                    texts.insert(format!("internal/{path}"), text);
                }
            },
        }
    }
    for interface in world.interfaces(Way::Import) {
        imports(world, module, &interface, &mut texts)?;
    }
    errors(world, &mut texts);
    constants(world, &mut texts);
    texts.extend(support::types("wit", "wit"));
    texts.extend(support::runtime("internal/runtime"));
    texts.insert("go.mod".into(), format!("module {module}\n\ngo {}\n", support::GO));
    Ok(texts)
}

/// Whether users need a file of [`module`]: all but what the build alone links.
pub(super) fn is_public(path: &str) -> bool {
    path != "wit_exports.go" && !path.starts_with("internal/export_")
}

/// All packages of interfaces, by the generator's name.
fn packages(world: &World) -> BTreeMap<String, Package> {
    let mut packages = BTreeMap::new();
    let mut add = |package: Package| packages.insert(package.flat.clone(), package);
    add(names::package(world, None));
    for interface in [Way::Import, Way::Export].into_iter().flat_map(|way| world.interfaces(way)) {
        add(names::package(world, interface.key));
    }
    packages
}

/// The path of the package that implements an exported interface towards the generated code.
pub(super) fn export_path(module: &str, package: &Package) -> String {
    format!("{module}/internal/export_{}", package.flat)
}

/// Gives every import of a generated text its new path, under the alias that the text already uses.
fn relocate(text: &str, module: &str, packages: &BTreeMap<String, Package>) -> String {
    let old = "\"wit_component/";
    let mut relocated = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, after) = rest.split_at(at);
        let name = after[old.len()..].split('"').next().unwrap_or_default();
        relocated.push_str(before);
        relocated.push_str(&match packages.get(name) {
            Some(package) => format!("{name} \"{module}/{}\"", package.folder),
            None => format!("\"{module}/internal/{name}\""),
        });
        rest = &after[old.len() + name.len() + 1..];
    }
    relocated.push_str(rest);
    relocated
        .replace(&format!("\"{}/wit/types\"", support::MODULE), &format!("\"{module}/wit\""))
        .replace(&format!("\"{}/wit/runtime\"", support::MODULE), &format!("\"{module}/internal/runtime\""))
}

/// Gives the imported functions of one interface their `(T, error)` forms.
fn imports(world: &World, module: &str, interface: &Interface<'_>, texts: &mut Texts) -> Result<(), Error> {
    let package = names::package(world, interface.key);
    let path = format!("{}/wit_bindings.go", package.folder);
    let Some(mut text) = texts.remove(&path) else { return Ok(()) };
    let mut file = File::new(&package.name);
    for function in &interface.functions {
        let Some(form) = names::form(world, function) else { continue };
        let (receiver, name, shown) = match &form {
            Form::Function(name) => (String::new(), name.clone(), name.clone()),
            Form::Constructor(name) => (String::new(), format!("Make{name}"), format!("New{name}")),
            Form::Method { resource, name } => (format!("(self *{resource}) "), name.clone(), name.clone()),
        };
        let old = format!("\nfunc {receiver}{name}(");
        if failures::result(world, function).is_some() {
            text = rename(&text, &old, &format!("\nfunc {receiver}raw_{name}("))?;
            let callee = if receiver.is_empty() { format!("raw_{name}") } else { format!("self.raw_{name}") };
            unwrap(world, module, interface, function, &form, [&receiver, &shown, &callee], &mut file);
        } else {
            text = rename(&text, &old, &format!("\nfunc {receiver}{shown}("))?;
        }
    }
    texts.insert(path, text);
    if !file.is_empty() {
        texts.insert(format!("{}/results.go", package.folder), file.text());
    }
    Ok(())
}

/// Replaces the one place where the generator begins a function.
fn rename(text: &str, old: &str, new: &str) -> Result<String, Error> {
    match text.matches(old).count() {
        1 => Ok(text.replacen(old, new, 1)),
        _ => Err(Error::Uncured { missing: format!("exactly one `{}…`", old.trim()) }),
    }
}

/// Writes a function that calls the generated one and takes its result apart.
fn unwrap(
    world: &World,
    module: &str,
    interface: &Interface<'_>,
    function: &Function,
    form: &Form,
    [receiver, shown, callee]: [&str; 3],
    file: &mut File,
) {
    let here = names::package(world, interface.key);
    let mut qualify = |id| {
        let owner = names::package(world, world.owner(id).as_ref());
        if owner == here {
            return String::new();
        }
        file.import(&owner.flat, &format!("{module}/{}", owner.folder));
        format!("{}.", owner.flat)
    };
    let signature = Signature::of(world, function, form, "witTypes", &mut qualify);
    let Some(result) = &signature.fallible else { return };
    let failure = failures::failure(world, result);
    let error = match failure {
        Failure::Text => "errors_.New(result_.Err())".to_owned(),
        Failure::Nothing => format!("errors_.New(\"{} {} failed\")", interface.label, function.name),
        Failure::Itself(_) => "result_.Err()".to_owned(),
        Failure::Enum(id) => format!("{}{}(result_.Err())", qualify(id), failures::enum_name(world, id)),
        Failure::Wrapped(_) => "witTypes.Fail(result_.Err())".to_owned(),
    };
    if matches!(failure, Failure::Text | Failure::Nothing) {
        file.import("errors_", "errors");
    }
    let (params, results, arguments) = (signature.params(), signature.results(), signature.arguments());
    let uses_wit = format!("{params}{results}{error}").contains("witTypes.");
    if uses_wit {
        file.import("witTypes", &format!("{module}/wit"));
    }
    let docs = function.docs.contents.as_deref().unwrap_or_default();
    let docs: String = docs.trim().lines().map(|line| format!("// {line}\n")).collect();
    let (none, bad, good) = match signature.results.as_slice() {
        [ok, _] => (format!("\t\tvar none_ {ok}\n"), "none_, ", "result_.Ok(), "),
        _ => (String::new(), "", ""),
    };
    file.push(&format!(
        "{docs}func {receiver}{shown}({params}){results} {{\n\tresult_ := {callee}({arguments})\n\tif result_.IsErr() \
         {{\n{none}\t\treturn {bad}{error}\n\t}}\n\treturn {good}nil\n}}\n\n"
    ));
}

/// Declares the error forms of types beside the types.
fn errors(world: &World, texts: &mut Texts) {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for (package, failure) in failures::declared(world) {
        let file = files.entry(package.folder).or_insert_with(|| File::new(&package.name));
        failures::declare(world, failure, file);
    }
    texts.extend(files.into_iter().map(|(folder, file)| (format!("{folder}/errors.go"), file.text())));
}

/// Gives the cases of enums and variants, and flags, names as Go writes them: `ColorRed` beside `Color_Red`. A name that
/// something else has already is left out.
fn constants(world: &World, texts: &mut Texts) {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let mut taken: BTreeSet<(String, String)> = BTreeSet::new();
    let named: Vec<_> = world.resolve.types.iter().filter(|(_, ty)| ty.name.is_some()).map(|(id, _)| id).collect();
    for &id in &named {
        let package = names::package(world, world.owner(id).as_ref());
        taken.insert((package.folder, names::type_name(world, id)));
    }
    for interface in world.interfaces(Way::Import) {
        let package = names::package(world, interface.key);
        for function in &interface.functions {
            if let Some(Form::Function(name)) = names::form(world, function) {
                taken.insert((package.folder.clone(), name));
            }
        }
    }
    for &id in &named {
        let cases: Vec<&str> = match &world.resolve.types[id].kind {
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| case.name.as_str()).collect(),
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.name.as_str()).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| flag.name.as_str()).collect(),
            _ => continue,
        };
        let package = names::package(world, world.owner(id).as_ref());
        if !texts.contains_key(&format!("{}/wit_bindings.go", package.folder)) {
            continue;
        }
        let name = names::type_name(world, id);
        let cases: Vec<_> = cases.into_iter().map(names::exported).collect();
        let cases = cases.iter().filter(|case| taken.insert((package.folder.clone(), format!("{name}{case}"))));
        let lines: String = cases.map(|case| format!("\t{name}{case} = {name}_{case}\n")).collect();
        if !lines.is_empty() {
            let file = files.entry(package.folder).or_insert_with(|| File::new(&package.name));
            file.push(&format!("// {name}\nconst (\n{lines})\n\n"));
        }
    }
    texts.extend(files.into_iter().map(|(folder, file)| (format!("{folder}/constants.go"), file.text())));
}
