//! Components from files: binary or text, whoever made them.

use std::{borrow::Cow, path::Path};

use super::{Error, PartBytes, validate};
use crate::{language::Language, resolve};

/// Reads a component, binary or text, from a file; its name is the file's, without what follows the first dot.
pub fn file(path: &Path) -> Result<(String, PartBytes), Error> {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let name = stem.filter(|stem| !stem.is_empty()).map_or_else(|| path.display().to_string(), str::to_owned);
    let part = named(&name, path)?;
    Ok((name, part))
}

/// The same under a name of choice.
pub fn named(name: &str, path: &Path) -> Result<PartBytes, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.display().to_string(), source })?;
    component(name, bytes, None)
}

/// A component from its bytes, binary or text: validated in full, its world decoded.
pub fn component(name: &str, bytes: Vec<u8>, language: Option<Language>) -> Result<PartBytes, Error> {
    let binary = match resolve::binary(name, &bytes)? {
        Cow::Owned(binary) => Some(binary),
        Cow::Borrowed(_) => None,
    };
    let bytes = binary.unwrap_or(bytes);
    let part = resolve::decode_part(name, &bytes, language)?;
    validate::part(name, &bytes)?;
    Ok(PartBytes { part, bytes: bytes.into() })
}
