//! Handles of imported resources, given back when JavaScript says so: `using stream = body.write();`, or
//! `stream[Symbol.dispose]()`. The engine holds a handle as a number and by itself never gives it back.
//!
//! 1. The world that the glue is written for gets a function for each imported resource, which takes a handle as its own.
//! 2. In the glue that function is **replaced** by the dropping of such a handle, which the glue imports anyway: nothing
//!    outside sees it.
//! 3. A module makes it the method of the resource's class, before any of the user's modules.

use std::{collections::HashSet, fmt::Write};

use heck::ToUpperCamelCase;
use qjs_wit_parser::{
    Function, FunctionKind, Handle, Param, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
    WorldKey,
};
use wasm_encoder::{
    ImportSection, Module, NameMap, NameSection,
    reencode::{self, Reencode, utils},
};
use wasmparser::{ImportSectionReader, Name, Parser, Payload, TypeRef};

/// A resource whose handles can be given back.
struct Resource {
    ty: TypeId,
    /// The interface it is of, as JavaScript imports it.
    interface: String,
    name: String,
}

/// The functions that give handles back.
pub struct Handles(Vec<Resource>);

impl Handles {
    /// Those of the resources that a world imports and the engine makes classes of: those with functions.
    pub fn of(resolve: &Resolve, world: WorldId) -> Handles {
        let mut handles = Vec::new();
        for (key, item) in &resolve.worlds[world].imports {
            let WorldItem::Interface { id, .. } = item else { continue };
            let interface = &resolve.interfaces[*id];
            for (name, ty) in &interface.types {
                let has_functions = interface.functions.values().any(|function| function.kind.resource() == Some(*ty));
                if has_functions && matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                    let interface = resolve.name_world_key(key);
                    handles.push(Resource { ty: *ty, interface, name: name.clone() });
                }
            }
        }
        Handles(handles)
    }

    /// The world with the functions.
    pub fn added(&self, resolve: &Resolve, world: WorldId) -> Resolve {
        let mut resolve = resolve.clone();
        for (number, resource) in self.0.iter().enumerate() {
            let own = resolve.types.alloc(TypeDef {
                name: None,
                kind: TypeDefKind::Handle(Handle::Own(resource.ty)),
                owner: TypeOwner::None,
                docs: Default::default(),
                stability: Default::default(),
                span: Default::default(),
            });
            let function = Function {
                name: function(number),
                kind: FunctionKind::Freestanding,
                params: vec![Param { name: "handle".to_owned(), ty: Type::Id(own), span: Default::default() }],
                result: None,
                docs: Default::default(),
                stability: Default::default(),
                span: Default::default(),
            };
            let key = WorldKey::Name(function.name.clone());
            resolve.worlds[world].imports.insert(key, WorldItem::Function(function));
        }
        resolve
    }

    /// The glue without imports of the functions.
    pub fn replaced(&self, glue: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut replace = Replace::new(self, glue)?;
        let mut module = Module::new();
        replace.parse_core_module(&mut module, Parser::new(0), glue)?;
        Ok(module.finish())
    }

    /// The module.
    pub fn module(&self) -> String {
        let mut text = String::new();
        for (number, resource) in self.0.iter().enumerate() {
            let class = resource.name.to_upper_camel_case();
            let _ = writeln!(text, "import {{ {class} as c{number} }} from {:?};", resource.interface);
        }
        text.push_str(MODULE);
        for number in 0..self.0.len() {
            let _ = writeln!(text, "disposable(c{number}, \"mosaicDrop{number}\");");
        }
        text
    }
}

/// Once given back or away, an object has no handle any more.
const MODULE: &str = r#"const disposable = (type, name) => {
  const drop = globalThis[name];
  delete globalThis[name];
  type.prototype[Symbol.dispose] = function () {
    if (this.__cqjs_handle === undefined) return;
    drop(this);
    delete this.__cqjs_handle;
  };
};
"#;

fn function(number: usize) -> String {
    format!("mosaic-drop{number}")
}

struct Replace {
    /// What each function becomes.
    functions: Vec<u32>,
    /// Imports that go, by name and by index.
    names: HashSet<String>,
    gone: HashSet<u32>,
}

impl Replace {
    fn new(handles: &Handles, glue: &[u8]) -> anyhow::Result<Replace> {
        let mut imports = Vec::new();
        for payload in Parser::new(0).parse_all(glue) {
            if let Payload::ImportSection(section) = payload? {
                for import in section.into_imports() {
                    let import = import?;
                    if matches!(import.ty, TypeRef::Func(_)) {
                        imports.push((import.module, import.name));
                    }
                }
            }
        }
        let mut replace = Replace {
            functions: Vec::new(),
            names: (0..handles.0.len()).map(function).collect(),
            gone: HashSet::new(),
        };
        let mut kept = 0;
        for (index, (_, name)) in (0..).zip(&imports) {
            replace.functions.push(kept);
            if replace.names.contains(*name) {
                replace.gone.insert(index);
            } else {
                kept += 1;
            }
        }
        for (number, resource) in handles.0.iter().enumerate() {
            let dropped = format!("[resource-drop]{}", resource.name);
            let place = |wanted: &dyn Fn(&(&str, &str)) -> bool| imports.iter().position(wanted);
            let drop = place(&|(module, name)| *module == resource.interface && *name == dropped);
            let gone = place(&|(_, name)| *name == function(number));
            let (Some(drop), Some(gone)) = (drop, gone) else {
                anyhow::bail!("the glue does not drop `{}` of `{}`", resource.name, resource.interface);
            };
            replace.functions[gone] = replace.functions[drop];
        }
        Ok(replace)
    }
}

impl Reencode for Replace {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        let gone = u32::try_from(self.gone.len()).unwrap_or(u32::MAX);
        Ok(self.functions.get(index as usize).copied().unwrap_or_else(|| index.saturating_sub(gone)))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for import in section.into_imports() {
            let import = import?;
            if !self.names.contains(import.name) {
                utils::parse_import(self, imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_custom_name_subsection(
        &mut self,
        names: &mut NameSection,
        section: Name<'_>,
    ) -> Result<(), reencode::Error> {
        let Name::Function(map) = section else { return utils::parse_custom_name_subsection(self, names, section) };
        let mut functions = NameMap::new();
        for naming in map {
            let naming = naming?;
            if !self.gone.contains(&naming.index) {
                functions.append(self.function_index(naming.index)?, naming.name);
            }
        }
        names.functions(&functions);
        Ok(())
    }
}
