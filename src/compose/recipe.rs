//! All of an app but its parts, and how the parts are put into it.
//!
//! A recipe depends on the types of the parts and on the wiring, and on nothing in the parts: it holds for all parts of
//! these types, so that a part that was built anew, as it mostly is without a change to its types, is put into an app
//! without looking at the others ([`super::memory`]).

use std::{collections::HashMap, io};

use super::{
    Error, Modules, Options,
    dedupe::{self, Hoisted, Outline, Sharer},
    names::{Module, Named, module_name},
    sections::{COMPONENT, CORE_MODULE, Fault, PREAMBLE, Rope, frame},
    source::{Reader, Stored},
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
#[derive(Debug)]
pub(super) struct Content<'a> {
    bytes: Bytes<'a>,
    pub language: Option<Language>,
    /// What it may share with others; none where nothing is to be shared.
    pub modules: Vec<Outline>,
}

#[derive(Debug)]
enum Bytes<'a> {
    Held(&'a [u8]),
    /// An app may be larger than memory ought to be.
    Stored(&'a Stored),
}

impl<'a> Content<'a> {
    /// A part in memory.
    pub fn held(bytes: &'a [u8], language: Option<Language>, options: &Options) -> Result<Content<'a>, Error> {
        Content::of(Bytes::Held(bytes), language, options)
    }

    pub fn stored(stored: &'a Stored, language: Option<Language>, options: &Options) -> Result<Content<'a>, Error> {
        Content::of(Bytes::Stored(stored), language, options)
    }

    fn of(bytes: Bytes<'a>, language: Option<Language>, options: &Options) -> Result<Content<'a>, Error> {
        let mut content = Content { bytes, language, modules: Vec::new() };
        if options.modules == Modules::Shared {
            let outlines = |bytes: &mut Reader<'_>| dedupe::outlines(bytes, options.debug);
            content.modules = content.pass(|bytes| outlines(bytes).map_err(|fault| fault.within(None)))?;
        }
        Ok(content)
    }

    /// Reads from it what is wanted.
    pub fn pass<T>(&self, work: impl FnOnce(&mut Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
        match self.bytes {
            Bytes::Held(bytes) => work(&mut Reader::held(bytes)),
            Bytes::Stored(stored) => stored.pass(work),
        }
    }
}

impl Recipe {
    /// Writes the app, with the parts put in.
    pub fn write(
        &self,
        parts: &HashMap<&str, Content<'_>>,
        options: &Options,
        out: &mut dyn io::Write,
    ) -> Result<(), Error> {
        let mut made = HashMap::new();
        for Slot { name, filling } in &self.slots {
            if let Filling::Types(bytes) | Filling::Denial(bytes) = filling {
                made.insert(name.as_str(), Content::held(bytes, None, options)?);
            }
        }
        let mut contents = Vec::with_capacity(self.slots.len());
        for Slot { name, filling } in &self.slots {
            let known = if *filling == Filling::Part { parts } else { &made };
            contents.push(known.get(name.as_str()).ok_or_else(|| Error::NoBytes { part: name.clone() })?);
        }
        let sharers = self.slots.iter().zip(&contents).map(|(slot, content)| {
            let module = module_name(&slot.name, content.language);
            Sharer { part: &slot.name, module, content }
        });
        let shared = dedupe::shared(&sharers.collect::<Vec<_>>(), options.debug)?;
        out.write_all(&self.head[..PREAMBLE])?;
        for of_part in shared.modules.chunk_by(|a, b| a.source == b.source) {
            contents[of_part[0].source].pass(|bytes| {
                of_part.iter().try_for_each(|module| {
                    let Hoisted { range, name, .. } = module;
                    let named = Module { range: range.clone() }.rope(bytes, Some(name), options.debug);
                    section(CORE_MODULE, named, bytes, name, out)
                })
            })?;
        }
        out.write_all(&self.head[PREAMBLE..])?;
        for ((Slot { name, filling }, content), shared) in self.slots.iter().zip(&contents).zip(&shared.places) {
            content.pass(|bytes| {
                let component = match filling {
                    Filling::Types(_) => Ok(Rope::whole(bytes.len())),
                    Filling::Part | Filling::Denial(_) => {
                        let (language, debug) = (content.language, options.debug);
                        Named { part: name, language, debug, shared }.rope(bytes)
                    }
                };
                section(COMPONENT, component, bytes, name, out)
            })?;
        }
        Ok(out.write_all(&self.tail)?)
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

/// Writes a section that is made of one part's bytes.
fn section(
    id: u8,
    contents: Result<Rope, Fault>,
    bytes: &mut Reader<'_>,
    part: &str,
    out: &mut dyn io::Write,
) -> Result<(), Error> {
    let contents = contents.map_err(|fault| fault.within(Some(part)))?;
    out.write_all(&frame(id, contents.len()))?;
    contents.write(bytes, out)
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
