//! Components from files: binary or text, whoever made them.

use std::{borrow::Cow, fs::File, io::Read, path::Path, sync::Arc, time::SystemTime};

use super::{
    Error, Given, PartBytes, encode,
    shape::Shape,
    validate::{self, Code},
};
use crate::{
    cache::{Verified, looks},
    language::Language,
    resolve::{self, Part},
};

/// Reads a component, binary or text, from a file; its name is the file's, without what follows the first dot.
pub fn file(path: &Path) -> Result<(String, PartBytes), Error> {
    let name = name(path);
    let part = component(&name, bytes(path)?, None)?;
    Ok((name, part))
}

/// What a part is called that is in this file.
pub(super) fn name(path: &Path) -> String {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    stem.filter(|stem| !stem.is_empty()).map_or_else(|| path.display().to_string(), str::to_owned)
}

/// The same under a name of choice.
pub(super) fn given(name: &str, given: &Given) -> Result<PartBytes, Error> {
    component(name, bytes(&given.path)?, given.language)
}

/// Only the bytes of it, or of its binary form, into a buffer: nothing is looked at yet. Gives what the file looked like,
/// if nothing can have touched it meanwhile.
pub(super) fn binary(name: &str, path: &Path, buffer: &mut Vec<u8>) -> Result<Option<Verified>, Error> {
    let unreadable = |source| Error::Read { path: path.display().to_string(), source };
    buffer.clear();
    let mut file = File::open(path).map_err(unreadable)?;
    let now = |file: &File| file.metadata().map(|state| looks(&state, SystemTime::now())).map_err(unreadable);
    let before = now(&file)?;
    file.read_to_end(buffer).map_err(unreadable)?;
    let same = before.still(&now(&file)?);
    let made = match resolve::binary(name, buffer)? {
        Cow::Owned(binary) => Some(binary),
        Cow::Borrowed(_) => None,
    };
    if let Some(binary) = made {
        *buffer = binary;
    }
    Ok(same.then_some(before))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.display().to_string(), source })
}

/// A component from its bytes, binary or text: validated in full, its world decoded.
pub fn component(name: &str, bytes: Vec<u8>, language: Option<Language>) -> Result<PartBytes, Error> {
    let binary = match resolve::binary(name, &bytes)? {
        Cow::Owned(binary) => Some(binary),
        Cow::Borrowed(_) => None,
    };
    let bytes = binary.unwrap_or(bytes);
    let Known { part, shape, types: _ } = known(name, &bytes, language, Code::Unseen)?;
    Ok(PartBytes { part, bytes: bytes.into(), shape })
}

/// What is known of a component once it has been looked at.
#[derive(Debug)]
pub(super) struct Known {
    pub part: Part,
    pub shape: Arc<Shape>,
    /// Of all that is known of its types.
    pub types: blake3::Hash,
}

/// Looks at a binary component.
pub(super) fn known(name: &str, binary: &[u8], language: Option<Language>, code: Code) -> Result<Known, Error> {
    resolve::guarded(|| look(name, binary, language, code))?
}

/// 1. Validation looks at all of it, once, and tells its types.
/// 2. The world is read from a component that is nothing but those types: WIT's own reader would look at all of it again.
fn look(name: &str, binary: &[u8], language: Option<Language>, code: Code) -> Result<Known, Error> {
    // What is no component, or is cut off, is told in the words of who reads worlds.
    let whole = || resolve::decode_part(name, binary, language);
    let shape = match validate::part(name, binary, code) {
        Ok(shape) => shape,
        Err(error) => return Err(whole().err().map_or(error, Error::from)),
    };
    let is_component = wasmparser::Parser::is_component(binary);
    let alone = encode::alone(&shape).ok().filter(|_| is_component);
    let decoded = alone.as_ref().and_then(|alone| {
        let items = shape.items().map(|(name, item)| (name.as_str(), item));
        resolve::decode_types(name, alone, language, shape.types(), items).ok()
    });
    let part = match decoded {
        Some(part) => part,
        None => whole()?,
    };
    let types = blake3::hash(alone.as_deref().unwrap_or(binary));
    Ok(Known { part, shape: Arc::new(shape), types })
}

#[cfg(test)]
mod tests {
    use wit_component::WitPrinter;

    use super::*;
    use crate::compose::{fixture::built, tests::shop};

    fn printed(part: &resolve::Part) -> String {
        let main = part.resolve.worlds[part.world].package.expect("a package");
        let others: Vec<_> = part.resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
        let mut printer = WitPrinter::default();
        printer.print(&part.resolve, main, &others).expect("printable");
        printer.output.to_string()
    }

    #[test]
    fn the_world_is_that_of_the_whole_component() {
        let worlds = [
            "import login; import prices; export front;",
            "import store; import sessions; export run: func();",
            "export sessions; export store;",
            "import sessions; export store; use types.{claims}; export peek: func(c: claims) -> u32;",
            "import hot: store; import cold: store; export one: sessions;",
            "export later: async func() -> stream<u8>; import inline: interface { f: func() -> future<string>; }",
        ];
        for world in worlds {
            let part = built("part", &shop(world));
            let whole = resolve::decode_part("part", &part.bytes, None).expect("a component");
            assert_eq!(printed(&part.part), printed(&whole), "{world}");
        }
    }
}
