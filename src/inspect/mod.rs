//! What a WebAssembly file is: plain data, read from its bytes alone.
//!
//! Takes bytes, never a project: it serves components that Mosaic did not build. Nothing here is cleaned: every string
//! is as the binary has it, and whoever prints one to a terminal puts it through [`clean`] first.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;

use crate::resolve::Error;

mod language;
mod structure;
mod world;

pub use language::language;
pub use structure::{Custom, Module, Nested, Structure};
pub use world::{Item, Side, World};

/// What a file is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    pub kind: Kind,
    /// Bytes of the binary form.
    pub size: u64,
    /// Its interface. `None` for a core module.
    pub world: Option<World>,
    pub structure: Structure,
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Component,
    CoreModule,
    /// WIT, encoded.
    WitPackage,
}

/// A producers section: field (`language`, `processed-by`, `sdk`) → name → version.
pub type Producers = IndexMap<String, IndexMap<String, String>>;

/// Reads a component, core module or encoded WIT package, binary or text. `name` is what to call it in messages.
pub fn inspect(name: &str, bytes: &[u8]) -> Result<Inspection, Error> {
    let binary = crate::resolve::binary(name, bytes)?;
    let (kind, world) = world::read(name, &binary)?;
    let structure = structure::read(name, &binary)?;
    Ok(Inspection { kind, size: binary.len() as u64, world, structure })
}

/// A string from an untrusted binary as a terminal may see it: control characters, and those that change the direction
/// or visibility of text, as `\u{…}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match steers(c) {
            true => escaped.extend(c.escape_unicode()),
            false => escaped.push(c),
        }
        escaped
    });
    Cow::Owned(escaped)
}

/// [`clean`] for a text of many lines, such as WIT: line ends and tabs stay.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    let kept = |c: char| c == '\n' || c == '\t';
    if !text.chars().any(|c| steers(c) && !kept(c)) {
        return Cow::Borrowed(text);
    }
    let pieces = text.split_inclusive(kept).map(|piece| match piece.chars().next_back().filter(|c| kept(*c)) {
        Some(end) => format!("{}{end}", clean(&piece[..piece.len() - 1])),
        None => clean(piece).into_owned(),
    });
    Cow::Owned(pieces.collect())
}

/// Whether a character does something to a terminal or to the text around it rather than being seen: C0 and C1 controls,
/// the bidirectional controls of UAX #9, line and paragraph separators, zero-width and tag characters, the byte-order mark.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests;
