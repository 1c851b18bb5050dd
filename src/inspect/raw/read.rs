//! Reads a binary from front to back.

use std::mem;

use wasmparser::{BinaryReader, Chunk, Encoding, Parser, Payload, ProducersSectionReader, Result};

use super::{super::model::Producers, Component, Item, Module, Raw};

/// What is being read.
enum Open {
    Component(usize),
    Module(usize),
}

/// Reads a binary.
pub(in super::super) fn read(bytes: &[u8]) -> Result<Raw<'_>> {
    let mut raw = Raw { bytes, ..Raw::default() };
    let mut open: Vec<Open> = Vec::new();
    // The range of the module or component whose header comes next.
    let mut next = 0..bytes.len() as u64;
    let mut parser = Parser::new(0);
    let mut around: Vec<Parser> = Vec::new();
    let mut at = 0;
    loop {
        let Some(rest) = bytes.get(at..) else { return Err(cut_off(bytes.len() as u64)) };
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else { return Err(cut_off(at as u64)) };
        at += consumed;
        match &payload {
            Payload::Version { encoding, .. } => {
                let outer = open.last().and_then(|open| match open {
                    Open::Component(id) => Some(*id),
                    Open::Module(_) => None,
                });
                let range = next.clone();
                open.push(match encoding {
                    Encoding::Component => {
                        let id = raw.components.len();
                        if let Some(outer) = outer {
                            raw.components[outer].components.push(Item::Here(id));
                        }
                        raw.components.push(Component { range, outer, ..Component::default() });
                        Open::Component(id)
                    }
                    Encoding::Module => {
                        let id = raw.modules.len();
                        if let Some(outer) = outer {
                            raw.components[outer].modules.push(Item::Here(id));
                        }
                        raw.modules.push(Module { range, component: outer, ..Module::default() });
                        Open::Module(id)
                    }
                });
            }
            Payload::ModuleSection { parser: inner, unchecked_range }
            | Payload::ComponentSection { parser: inner, unchecked_range } => {
                next = unchecked_range.clone();
                around.push(mem::replace(&mut parser, inner.clone()));
            }
            Payload::End(_) => {
                if let Some(Open::Component(id)) = open.pop() {
                    raw.ended.push(id);
                }
                match around.pop() {
                    Some(outer) => parser = outer,
                    None => return Ok(raw),
                }
            }
            _ => match open.last() {
                Some(Open::Component(id)) => raw.components[*id].section(&payload)?,
                Some(Open::Module(id)) => raw.modules[*id].section(&payload),
                None => {}
            },
        }
        if let Payload::CodeSectionStart { size, .. } = payload {
            parser.skip_section();
            at = at.saturating_add(size as usize);
        }
    }
}

/// wasmparser makes errors only by failing to read.
pub(super) fn cut_off(offset: u64) -> wasmparser::Error {
    let mut nothing = BinaryReader::new(&[], offset);
    loop {
        if let Err(error) = nothing.read_u8() {
            return error;
        }
    }
}

/// Custom sections cannot make a binary invalid: what is garbled in one is left out.
pub(super) fn fields(section: ProducersSectionReader<'_>) -> Producers {
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
