//! Components from files: binary or text, whoever made them.

use std::{borrow::Cow, fs::File, io::Read, path::Path, sync::Arc};

use wit_parser::Resolve;

use super::{
    Error, Given, PartBytes,
    encode::Unsupported,
    shape::Shape,
    signature::{Interfaces, Signature},
    source::Stored,
    validate::{self, Code},
};
use crate::{
    cache::Home,
    language::Language,
    resolve::{self, Part},
};

/// What a binary begins with.
const MAGIC: &[u8] = b"\0asm";

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

/// The bytes of a component file, which nobody has looked at yet.
pub(super) enum Raw {
    /// Of its binary form.
    Held(Vec<u8>),
    Stored(Stored),
}

/// Reads a file into memory if it is text, or no file but a pipe, or not larger than `most`.
pub(super) fn raw(name: &str, path: &Path, most: usize, home: &Home) -> Result<Raw, Error> {
    let unreadable = |source| Error::Read { path: path.display().to_string(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let state = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::new();
    if state.is_file() && state.len() > most as u64 {
        (&mut file).take(MAGIC.len() as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes == MAGIC {
            return Ok(Raw::Stored(Stored::new(path, &file, home)?));
        }
    }
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    binary(name, bytes).map(Raw::Held)
}

fn binary(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let made = match resolve::binary(name, &bytes)? {
        Cow::Owned(binary) => Some(binary),
        Cow::Borrowed(_) => None,
    };
    Ok(made.unwrap_or(bytes))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.display().to_string(), source })
}

/// A component from its bytes, binary or text: validated in full, its world decoded.
pub fn component(name: &str, bytes: Vec<u8>, language: Option<Language>) -> Result<PartBytes, Error> {
    let bytes = binary(name, bytes)?;
    let look = Look { name, language, code: Code::Unseen, interfaces: &Interfaces::default() };
    let Known { world, signature, types: _ } = look.held(&bytes)?;
    let part = match world {
        Some(part) => part,
        None => world_of(name, &signature, language)?,
    };
    Ok(PartBytes { part, bytes: bytes.into(), signature })
}

/// What is known of a component once it has been looked at.
#[derive(Debug)]
pub(super) struct Known {
    /// Where its signature does not tell the planner enough.
    pub world: Option<Part>,
    pub signature: Arc<Signature>,
    /// Of all that is known of its types.
    pub types: blake3::Hash,
}

/// How a component is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub name: &'a str,
    pub language: Option<Language>,
    pub code: Code,
    pub interfaces: &'a Interfaces,
}

impl Look<'_> {
    /// Looks at a binary.
    pub fn held(&self, binary: &[u8]) -> Result<Known, Error> {
        resolve::guarded(|| self.whole(binary))?
    }

    /// Looks at a binary in a file, without all of it in memory, unless something is wrong with it.
    pub fn stored(&self, stored: &Stored) -> Result<Known, Error> {
        resolve::guarded(|| {
            let apart = stored.pass(|bytes| validate::apart(bytes, self.code))?;
            match apart.and_then(|shape| self.types(&shape).1) {
                Some(known) => Ok(known),
                None => self.whole(&stored.whole()?),
            }
        })?
    }

    /// 1. Validation looks at all of it, once, and tells its types.
    /// 2. The world is read from a component that is nothing but those types: WIT's own reader would look at all of it
    ///    again.
    fn whole(&self, binary: &[u8]) -> Result<Known, Error> {
        // What is no component, or is cut off, is told in the words of who reads worlds.
        let world = || resolve::decode_part(self.name, binary, self.language);
        let shape = match validate::part(self.name, binary, self.code) {
            Ok(shape) => shape,
            Err(error) => return Err(world().err().map_or(error, Error::from)),
        };
        let is_component = wasmparser::Parser::is_component(binary);
        match self.types(&shape) {
            (_, Some(known)) if is_component => Ok(known),
            (signature, _) => {
                let types = signature.digest().filter(|_| is_component).unwrap_or_else(|| blake3::hash(binary));
                Ok(Known { world: Some(world()?), signature, types })
            }
        }
    }

    /// What is known of a component by its types, if they are enough.
    fn types(&self, shape: &Shape) -> (Arc<Signature>, Option<Known>) {
        let signature = Arc::new(Signature::of(shape, self.interfaces));
        let known = signature.digest().and_then(|types| {
            let world = match signature.is_apart() {
                true => None,
                false => {
                    let part = decoded(self.name, &signature.alone().ok()?, self.language, shape).ok()?;
                    Some(Part { resolve: Arc::new(shrunk(&part.resolve)), ..part })
                }
            };
            Some(Known { world, signature: Arc::clone(&signature), types })
        });
        (signature, known)
    }
}

/// A world in as little memory as there can be: it stays until all are known.
fn shrunk(resolve: &Resolve) -> Resolve {
    // A copy has no room for more, but in maps.
    let mut copy = resolve.clone();
    for (_, interface) in copy.interfaces.iter_mut() {
        interface.types.shrink_to_fit();
        interface.functions.shrink_to_fit();
    }
    for (_, world) in copy.worlds.iter_mut() {
        world.imports.shrink_to_fit();
        world.exports.shrink_to_fit();
    }
    for (_, package) in copy.packages.iter_mut() {
        package.interfaces.shrink_to_fit();
        package.worlds.shrink_to_fit();
    }
    copy.package_names.shrink_to_fit();
    copy
}

/// The world of a component that has been looked at.
pub(super) fn world_of(name: &str, signature: &Signature, language: Option<Language>) -> Result<Part, Error> {
    let read = || -> Result<Part, Error> {
        let too_new = |Unsupported(reason)| Error::TooNew { part: name.to_owned(), reason };
        decoded(name, &signature.alone().map_err(too_new)?, language, &signature.shape().map_err(too_new)?)
    };
    resolve::guarded(read)?
}

/// Reads a world from a component that is nothing but its types.
fn decoded(name: &str, alone: &[u8], language: Option<Language>, shape: &Shape) -> Result<Part, Error> {
    let items = shape.items().map(|(name, item)| (name.as_str(), item));
    Ok(resolve::decode_types(name, alone, language, shape.types(), items)?)
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
