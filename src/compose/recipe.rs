//! All of an app but its parts, and how the parts are put into it.
//!
//! A recipe depends on the types of the parts and on the wiring, and on nothing in the parts: it holds for all parts of
//! these types, so that a part that was built anew, as it mostly is without a change to its types, is put into an app
//! without looking at the others ([`super::memory`]).

use std::{borrow::Cow, collections::HashMap, fmt, io};

use super::{
    Error, Modules, Options,
    dedupe::{self, Outline, Sharer},
    names::{Module, Named, module_name},
    sections::{COMPONENT, CORE_MODULE, Malformed, PREAMBLE, Rope, frame},
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

/// A part to fill in, whose bytes may be somewhere else: an app may be larger than memory ought to be.
#[derive(Debug)]
pub(super) struct Content<'a> {
    bytes: Bytes<'a>,
    pub language: Option<Language>,
    /// What it may share with others; none where nothing is to be shared.
    pub modules: Cow<'a, [Outline]>,
}

#[derive(Debug)]
enum Bytes<'a> {
    Held(&'a [u8]),
    Elsewhere(&'a dyn Elsewhere),
}

/// Bytes that are fetched each time they are needed, into a buffer that serves for all.
pub(super) trait Elsewhere: fmt::Debug {
    fn fetch<'b>(&'b self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Error>;
}

impl<'a> Content<'a> {
    /// A part in memory.
    pub fn held(bytes: &'a [u8], language: Option<Language>, options: &Options) -> Result<Content<'a>, Error> {
        Ok(Content { bytes: Bytes::Held(bytes), language, modules: options.outlines(bytes)?.into() })
    }

    pub fn elsewhere(bytes: &'a dyn Elsewhere, language: Option<Language>, modules: &'a [Outline]) -> Content<'a> {
        Content { bytes: Bytes::Elsewhere(bytes), language, modules: modules.into() }
    }

    pub fn read<'b>(&'b self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Error> {
        match self.bytes {
            Bytes::Held(bytes) => Ok(bytes),
            Bytes::Elsewhere(bytes) => bytes.fetch(buffer),
        }
    }
}

impl Options {
    /// The core modules of a valid component that others may have as well.
    pub(super) fn outlines(&self, component: &[u8]) -> Result<Vec<Outline>, Error> {
        let internal = |error: Malformed| Error::Internal { part: None, reason: error.to_string() };
        match self.modules {
            Modules::Shared => dedupe::outlines(component, self.debug).map_err(internal),
            Modules::Apart => Ok(Vec::new()),
        }
    }
}

impl Recipe {
    /// Writes the app, with the parts put in. One part's bytes at a time are in memory of those that are elsewhere.
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
        let mut buffer = Vec::new();
        let shared = dedupe::shared(&sharers.collect::<Vec<_>>(), options.debug, &mut buffer)?;
        out.write_all(&self.head[..PREAMBLE])?;
        for of_part in shared.modules.chunk_by(|a, b| a.source == b.source) {
            let bytes = contents[of_part[0].source].read(&mut buffer)?;
            for module in of_part {
                let named = Module { bytes, range: module.range.clone() }.rope(Some(&module.name), options.debug);
                section(CORE_MODULE, named, bytes, &module.name, out)?;
            }
        }
        out.write_all(&self.head[PREAMBLE..])?;
        for ((Slot { name, filling }, content), shared) in self.slots.iter().zip(&contents).zip(&shared.places) {
            let bytes = content.read(&mut buffer)?;
            let component = match filling {
                Filling::Types(_) => Ok(Rope::whole(bytes)),
                Filling::Part | Filling::Denial(_) => {
                    let (language, debug) = (content.language, options.debug);
                    Named { bytes, part: name, language, debug, shared }.rope()
                }
            };
            section(COMPONENT, component, bytes, name, out)?;
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
    contents: Result<Rope, Malformed>,
    bytes: &[u8],
    part: &str,
    out: &mut dyn io::Write,
) -> Result<(), Error> {
    let contents =
        contents.map_err(|error| Error::Internal { part: Some(part.to_owned()), reason: error.to_string() })?;
    out.write_all(&frame(id, contents.len()))?;
    Ok(contents.write(bytes, out)?)
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
