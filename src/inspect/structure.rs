//! What a binary is made of: modules, components, sections, and how large each is.
//!
//! Reads only headers and custom sections: function bodies and data are stepped over.

use std::{collections::HashMap, ops::Range};

use serde::Serialize;
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentName, ComponentNameSectionReader, ComponentOuterAliasKind,
    ComponentTypeRef, Encoding, KnownCustom, Name, NameMap, NameSectionReader, Parser, Payload, ProducersSectionReader,
};

use crate::resolve::{Error, guarded, unreadable};

use super::Producers;

/// A component's or module's own parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Structure {
    /// As its name section says.
    pub name: Option<String>,
    /// Core modules directly inside, in order of their index.
    pub modules: Vec<Module>,
    /// Components directly inside, in order of their index.
    pub components: Vec<Nested>,
    pub customs: Vec<Custom>,
    pub producers: Producers,
}

/// A core module inside a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Module {
    /// Its index among the core modules of the component around it.
    pub index: u32,
    /// As its own name section says, else that of the component around it.
    pub name: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Its place in the file, in bytes.
    pub range: Range<u64>,
    /// Bytes of its code section.
    pub code: u64,
    /// Bytes of its data section.
    pub data: u64,
    /// Bytes of its custom sections: names, debug information.
    pub custom: u64,
    pub functions: u32,
    pub producers: Producers,
}

/// A component inside a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Nested {
    /// Its index among the components of the component around it.
    pub index: u32,
    /// Bytes.
    pub size: u64,
    /// Its place in the file, in bytes.
    pub range: Range<u64>,
    #[serde(flatten)]
    pub structure: Structure,
}

/// A custom section of a component or of a core module that is a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Custom {
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// Something that is being read.
struct Open {
    encoding: Encoding,
    range: Range<u64>,
    structure: Structure,
    code: u64,
    data: u64,
    custom: u64,
    functions: u32,
    /// How far the index spaces of a component have come: definitions, imports, exports and aliases alike.
    modules: u32,
    components: u32,
    /// What a component's name section calls what is in them.
    module_names: HashMap<u32, String>,
    component_names: HashMap<u32, String>,
}

impl Open {
    fn new(encoding: Encoding, range: Range<u64>) -> Open {
        Open {
            encoding,
            range,
            structure: Structure::default(),
            code: 0,
            data: 0,
            custom: 0,
            functions: 0,
            modules: 0,
            components: 0,
            module_names: HashMap::new(),
            component_names: HashMap::new(),
        }
    }

    /// What was read, once all of it has been: its name section comes last.
    fn close(self) -> Structure {
        let mut structure = self.structure;
        for module in &mut structure.modules {
            module.name = module.name.take().or_else(|| self.module_names.get(&module.index).cloned());
        }
        for component in &mut structure.components {
            let name = &mut component.structure.name;
            *name = name.take().or_else(|| self.component_names.get(&component.index).cloned());
        }
        structure
    }

    /// Adds something that was inside, and has ended.
    fn take(&mut self, ended: Open) {
        let (range, size) = (ended.range.clone(), ended.range.end - ended.range.start);
        match ended.encoding {
            Encoding::Component => {
                let nested = Nested { index: self.components, size, range, structure: ended.close() };
                self.structure.components.push(nested);
                self.components += 1;
            }
            Encoding::Module => {
                self.structure.modules.push(ended.module(self.modules));
                self.modules += 1;
            }
        }
    }

    fn module(self, index: u32) -> Module {
        Module {
            index,
            name: self.structure.name,
            size: self.range.end - self.range.start,
            range: self.range,
            code: self.code,
            data: self.data,
            custom: self.custom,
            functions: self.functions,
            producers: self.structure.producers,
        }
    }
}

/// Reads the structure of a binary.
pub(super) fn read(name: &str, binary: &[u8]) -> Result<Structure, Error> {
    guarded(|| walk(binary))?.map_err(|e| unreadable(name, binary, &e))
}

/// Core modules come as the only thing in their file too: then the file's own module is what is given, as the one in
/// `modules`.
fn walk(binary: &[u8]) -> wasmparser::Result<Structure> {
    let mut open: Vec<Open> = Vec::new();
    let mut last = Structure::default();
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                let range = match open.is_empty() {
                    true => 0..binary.len() as u64,
                    // Opened by the section that holds it.
                    false => continue,
                };
                open.push(Open::new(*encoding, range));
            }
            Payload::ModuleSection { unchecked_range, .. } => {
                open.push(Open::new(Encoding::Module, unchecked_range.clone()));
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                open.push(Open::new(Encoding::Component, unchecked_range.clone()));
            }
            Payload::End(_) => {
                if let Some(ended) = open.pop() {
                    match open.last_mut() {
                        Some(outer) => outer.take(ended),
                        None if ended.encoding == Encoding::Module => {
                            last.customs.clone_from(&ended.structure.customs);
                            last.modules.push(ended.module(0));
                        }
                        None => last = ended.close(),
                    }
                }
            }
            _ => {
                if let Some(current) = open.last_mut() {
                    section(current, &payload)?;
                }
            }
        }
    }
    Ok(last)
}

fn section(current: &mut Open, payload: &Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::CodeSectionStart { count, size, .. } => {
            current.code += u64::from(*size);
            current.functions = *count;
        }
        Payload::DataSection(data) => current.data += data.range().end - data.range().start,
        Payload::ComponentImportSection(imports) => {
            for import in imports.clone() {
                match import?.ty {
                    ComponentTypeRef::Module(_) => current.modules += 1,
                    ComponentTypeRef::Component(_) => current.components += 1,
                    _ => {}
                }
            }
        }
        Payload::ComponentExportSection(exports) => {
            for export in exports.clone() {
                count(current, export?.kind);
            }
        }
        Payload::ComponentAliasSection(aliases) => {
            for alias in aliases.clone() {
                match alias? {
                    ComponentAlias::InstanceExport { kind, .. } => count(current, kind),
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => current.modules += 1,
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, .. } => current.components += 1,
                    ComponentAlias::Outer { .. } | ComponentAlias::CoreInstanceExport { .. } => {}
                }
            }
        }
        Payload::CustomSection(custom) => {
            let size = custom.data().len() as u64;
            current.custom += size;
            current.structure.customs.push(Custom { name: custom.name().to_owned(), size });
            match custom.as_known() {
                KnownCustom::Producers(producers) => current.structure.producers = fields(producers),
                KnownCustom::Name(names) => current.structure.name = module_name(names),
                KnownCustom::ComponentName(names) => component_names(current, names),
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}

fn count(current: &mut Open, kind: ComponentExternalKind) {
    match kind {
        ComponentExternalKind::Module => current.modules += 1,
        ComponentExternalKind::Component => current.components += 1,
        _ => {}
    }
}

/// Custom sections cannot make a binary invalid: what is garbled in one is left out.
fn fields(section: ProducersSectionReader<'_>) -> Producers {
    section
        .into_iter()
        .filter_map(|field| {
            let field = field.ok()?;
            let values = field.values.into_iter().filter_map(|value| {
                let value = value.ok()?;
                Some((value.name.to_owned(), value.version.to_owned()))
            });
            Some((field.name.to_owned(), values.collect()))
        })
        .collect()
}

fn module_name(section: NameSectionReader<'_>) -> Option<String> {
    section.into_iter().find_map(|name| match name.ok()? {
        Name::Module { name, .. } => Some(name.to_owned()),
        _ => None,
    })
}

fn component_names(current: &mut Open, section: ComponentNameSectionReader<'_>) {
    let names = |map: NameMap<'_>| -> HashMap<u32, String> {
        map.into_iter().filter_map(|naming| naming.ok().map(|naming| (naming.index, naming.name.to_owned()))).collect()
    };
    for name in section.into_iter().map_while(Result::ok) {
        match name {
            ComponentName::Component { name, .. } => current.structure.name = Some(name.to_owned()),
            ComponentName::CoreModules(map) => current.module_names = names(map),
            ComponentName::Components(map) => current.component_names = names(map),
            _ => {}
        }
    }
}
