//! Components from files: binary or text, whoever made them.

use std::{borrow::Cow, path::Path, sync::Arc};

use super::{Error, PartBytes, validate};
use crate::{language::Language, resolve};

/// Reads a component, binary or text, from a file; its name is the file's, without what follows the first dot.
pub fn file(path: &Path) -> Result<(String, PartBytes), Error> {
    let shown = path.display().to_string();
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let name = stem.filter(|stem| !stem.is_empty()).unwrap_or(&shown).to_owned();
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: shown, source })?;
    let part = component(&name, bytes, None)?;
    Ok((name, part))
}

/// A component from its bytes, binary or text: validated in full, its world decoded.
pub fn component(name: &str, bytes: Vec<u8>, language: Option<Language>) -> Result<PartBytes, Error> {
    let binary = match resolve::binary(name, &bytes)? {
        Cow::Owned(binary) => Some(binary),
        Cow::Borrowed(_) => None,
    };
    let bytes = binary.unwrap_or(bytes);
    let part = resolve::decode_part(name, &bytes, language)?;
    let shape = Arc::new(validate::part(name, &bytes)?);
    Ok(PartBytes { part, bytes: bytes.into(), shape })
}
