//! All of an app but its parts, and how the parts are put into it.
//!
//! A recipe depends on the types of the parts and on the wiring, and on nothing in the parts: it holds for all parts of
//! these types, so that a part that was built anew, as it mostly is without a change to its types, is put into an app
//! without looking at the others ([`super::memory`]).

use std::collections::{BTreeMap, HashMap};

use super::{
    Error, Modules, Options,
    dedupe::{self, Sharer},
    names::{Named, module_name},
    sections::{COMPONENT, CORE_MODULE, PREAMBLE, Rope},
};
use crate::language::Language;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    /// From the preamble to the first component.
    pub head: Vec<u8>,
    pub slots: Vec<Slot>,
    /// What follows the last component.
    pub tail: Vec<u8>,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// The place of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub name: String,
    pub filling: Filling,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filling {
    /// The part of the slot's name.
    Part,
    /// A definition of plain types, which has no code.
    Types(Vec<u8>),
    Denial(Vec<u8>),
}

/// A part to fill in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    pub bytes: &'a [u8],
    pub language: Option<Language>,
}

impl Recipe {
    /// Puts the parts in.
    pub fn fill(&self, parts: &HashMap<&str, Content<'_>>, options: &Options) -> Result<Vec<u8>, Error> {
        let mut contents = Vec::with_capacity(self.slots.len());
        for Slot { name, filling } in &self.slots {
            contents.push(match filling {
                Filling::Part => *parts.get(name.as_str()).ok_or_else(|| Error::NoBytes { part: name.clone() })?,
                Filling::Types(bytes) | Filling::Denial(bytes) => Content { bytes, language: None },
            });
        }
        let shared = self.shared(&contents, options)?;
        let mut rope = Rope::default();
        rope.own(self.head[..PREAMBLE].to_vec());
        for module in shared.modules {
            rope.section(CORE_MODULE, module);
        }
        rope.own(self.head[PREAMBLE..].to_vec());
        for (source, ((slot, content), shared)) in self.slots.iter().zip(&contents).zip(shared.places).enumerate() {
            let component = match slot.filling {
                Filling::Types(_) => {
                    let mut component = Rope::default();
                    component.copy(source, 0..content.bytes.len());
                    component
                }
                Filling::Part | Filling::Denial(_) => {
                    let Content { bytes, language } = *content;
                    let named = Named { source, bytes, part: &slot.name, language, debug: options.debug, shared };
                    let internal = |reason| Error::Internal { part: Some(slot.name.clone()), reason };
                    named.rope().map_err(|error| internal(error.to_string()))?
                }
            };
            rope.section(COMPONENT, component);
        }
        rope.own(self.tail.clone());
        let sources: Vec<&[u8]> = contents.iter().map(|content| content.bytes).collect();
        Ok(rope.bytes(&sources))
    }

    /// The core modules to store once.
    fn shared(&self, contents: &[Content<'_>], options: &Options) -> Result<dedupe::Shared, Error> {
        if options.modules == Modules::Apart {
            return Ok(dedupe::Shared { modules: Vec::new(), places: vec![BTreeMap::new(); contents.len()] });
        }
        let sharers = self.slots.iter().zip(contents).map(|(slot, content)| {
            let module = module_name(&slot.name, content.language);
            Sharer { part: &slot.name, module, bytes: content.bytes }
        });
        dedupe::shared(&sharers.collect::<Vec<_>>(), options.debug)
            .map_err(|error| Error::Internal { part: None, reason: error.to_string() })
    }

    /// For keeping.
    pub fn written(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, &self.head);
        put(&mut out, &self.tail);
        for names in [&self.imports, &self.exports] {
            put(&mut out, &names.len().to_le_bytes());
            names.iter().for_each(|name| put(&mut out, name.as_bytes()));
        }
        for Slot { name, filling } in &self.slots {
            put(&mut out, name.as_bytes());
            let (kind, bytes) = match filling {
                Filling::Part => (0, &[][..]),
                Filling::Types(bytes) => (1, &bytes[..]),
                Filling::Denial(bytes) => (2, &bytes[..]),
            };
            put(&mut out, &[kind]);
            put(&mut out, bytes);
        }
        out
    }

    /// What was written; `None` where it is something else.
    pub fn read(mut bytes: &[u8]) -> Option<Recipe> {
        let (head, tail) = (take(&mut bytes)?.to_vec(), take(&mut bytes)?.to_vec());
        let text = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.to_owned());
        let mut names = || {
            let count = usize::from_le_bytes(take(&mut bytes)?.try_into().ok()?);
            (0..count).map(|_| text(take(&mut bytes)?)).collect::<Option<Vec<String>>>()
        };
        let (imports, exports) = (names()?, names()?);
        let mut slots = Vec::new();
        while !bytes.is_empty() {
            let name = text(take(&mut bytes)?)?;
            let filling = match (take(&mut bytes)?, take(&mut bytes)?) {
                ([0], _) => Filling::Part,
                ([1], made) => Filling::Types(made.to_vec()),
                ([2], made) => Filling::Denial(made.to_vec()),
                _ => return None,
            };
            slots.push(Slot { name, filling });
        }
        (head.len() >= PREAMBLE).then_some(Recipe { head, slots, tail, imports, exports })
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes.len().to_le_bytes());
    out.extend_from_slice(bytes);
}

fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_at_checked(size_of::<usize>())?;
    let (taken, rest) = rest.split_at_checked(usize::from_le_bytes(length.try_into().ok()?))?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let slot = |name: &str, filling| Slot { name: name.to_owned(), filling };
        let recipe = Recipe {
            head: b"12345678 head".to_vec(),
            slots: vec![
                slot("a", Filling::Part),
                slot("b:c/d", Filling::Types(vec![1, 2])),
                slot("x", Filling::Denial(Vec::new())),
            ],
            tail: b"tail".to_vec(),
            imports: vec!["one".to_owned()],
            exports: vec!["two".to_owned(), "three".to_owned()],
        };
        let written = recipe.written();
        assert_eq!(Recipe::read(&written), Some(recipe));
        for end in 0..written.len() {
            // Half of it is nothing, or fewer slots: never a panic.
            let _ = Recipe::read(&written[..end]);
        }
    }
}
