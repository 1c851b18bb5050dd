//! Components from files: bytes or text, whoever made them.

use std::{path::Path, sync::Arc};

use super::{Error, PartBytes, validate};
use crate::{language::Language, resolve::Part};

/// Reads a component, binary or text, from a file; its name is the file's, without what follows the first dot.
pub fn file(path: &Path) -> Result<(String, PartBytes), Error> {
    let shown = path.display().to_string();
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .map(|name| name.split('.').next().unwrap_or(name).to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| shown.clone());
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: shown, source })?;
    let part = component(&name, bytes, None)?;
    Ok((name, part))
}

/// A component from its bytes, binary or text: validated in full, its world decoded.
pub fn component(name: &str, bytes: Vec<u8>, language: Option<Language>) -> Result<PartBytes, Error> {
    let not_a_component = |reason: String| Error::NotAComponent { part: name.to_owned(), reason };
    let text = validate::deep(|| match wat::parse_bytes(&bytes) {
        Ok(std::borrow::Cow::Owned(binary)) => Ok(Some(binary)),
        Ok(std::borrow::Cow::Borrowed(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    });
    let bytes = match text.and_then(|text| text) {
        Ok(binary) => binary.unwrap_or(bytes),
        Err(reason) => return Err(not_a_component(format!("it is neither binary nor text: {reason}"))),
    };
    if !wasmparser::Parser::is_component(&bytes) {
        let what =
            if wasmparser::Parser::is_core_wasm(&bytes) { "it is a core module" } else { "it is something else" };
        return Err(not_a_component(what.to_owned()));
    }
    validate::part(name, &bytes)?;
    let undescribed = |reason: String| Error::Undescribed { part: name.to_owned(), reason };
    match validate::deep(|| wit_component::decode(&bytes)).map_err(undescribed)? {
        Ok(wit_component::DecodedWasm::Component(resolve, world)) => {
            let part = Part { name: name.to_owned(), language, resolve: Arc::new(resolve), world };
            Ok(PartBytes { part, bytes: bytes.into() })
        }
        Ok(wit_component::DecodedWasm::WitPackage(..)) => Err(not_a_component("it is a package of WIT".to_owned())),
        Err(error) => Err(undescribed(format!("{error:#}"))),
    }
}
