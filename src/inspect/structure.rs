//! What a binary is made of: modules, components, sections, and how large each is.
//!
//! Reads only headers and custom sections: function bodies and data are stepped over.

use std::ops::Range;

use serde::Serialize;
use wasmparser::{
    ComponentNameSectionReader, Encoding, KnownCustom, Name, NameSectionReader, Parser, Payload, ProducersSectionReader,
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
}

impl Open {
    fn new(encoding: Encoding, range: Range<u64>) -> Open {
        Open { encoding, range, structure: Structure::default(), code: 0, data: 0, custom: 0, functions: 0 }
    }

    /// Adds what was inside.
    fn close_into(self, outer: &mut Structure) {
        let size = self.range.end - self.range.start;
        match self.encoding {
            Encoding::Component => {
                outer.components.push(Nested { size, range: self.range, structure: self.structure });
            }
            Encoding::Module => outer.modules.push(Module {
                name: self.structure.name,
                size,
                range: self.range,
                code: self.code,
                data: self.data,
                custom: self.custom,
                functions: self.functions,
                producers: self.structure.producers,
            }),
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
                        Some(outer) => ended.close_into(&mut outer.structure),
                        None if ended.encoding == Encoding::Module => ended.close_into(&mut last),
                        None => last = ended.structure,
                    }
                }
            }
            _ => {
                if let Some(current) = open.last_mut() {
                    section(current, &payload);
                }
            }
        }
    }
    Ok(last)
}

fn section(current: &mut Open, payload: &Payload<'_>) {
    match payload {
        Payload::CodeSectionStart { count, size, .. } => {
            current.code += u64::from(*size);
            current.functions = *count;
        }
        Payload::DataSection(data) => current.data += data.range().end - data.range().start,
        Payload::CustomSection(custom) => {
            let size = custom.data().len() as u64;
            current.custom += size;
            current.structure.customs.push(Custom { name: custom.name().to_owned(), size });
            match custom.as_known() {
                KnownCustom::Producers(producers) => current.structure.producers = fields(producers),
                KnownCustom::Name(names) => current.structure.name = module_name(names),
                KnownCustom::ComponentName(names) => current.structure.name = component_name(names),
                _ => {}
            }
        }
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

fn component_name(section: ComponentNameSectionReader<'_>) -> Option<String> {
    section.into_iter().find_map(|name| match name.ok()? {
        wasmparser::ComponentName::Component { name, .. } => Some(name.to_owned()),
        _ => None,
    })
}
