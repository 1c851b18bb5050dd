//! The custom section `mosaic:packages`.
//!
//! Its contents are JSON in UTF-8: `{"format":1,"packages":[…]}`, each package an object with `ecosystem` (`cargo`,
//! `golang`, `pypi`, `npm`, `generic`) and `name`, and where they are known `version`, `role` (`own`, `runtime`,
//! `build`; else it is a dependency) and `licence`, an SPDX expression. Packages are sorted, each is there once: the
//! same packages, the same bytes. A reader leaves alone what it does not know; another `format` is another section.

use serde::{Deserialize, Serialize};

use super::{Package, is_licence, merged};

/// The section's name.
pub const NAME: &str = "mosaic:packages";

const FORMAT: u32 = 1;
/// A longer section is not read.
const MAX_SIZE: usize = 4 << 20;

#[derive(Serialize, Deserialize)]
struct Contents {
    format: u32,
    packages: Vec<serde_json::Value>,
}

/// The section's contents.
pub fn encode(packages: Vec<Package>) -> Vec<u8> {
    let packages = merged(packages).iter().filter_map(|package| serde_json::to_value(package).ok()).collect();
    serde_json::to_vec(&Contents { format: FORMAT, packages }).unwrap_or_default()
}

/// What the section tells; nothing of what it garbles.
pub fn decode(contents: &[u8]) -> Vec<Package> {
    if contents.len() > MAX_SIZE {
        return Vec::new();
    }
    let Ok(Contents { format: FORMAT, packages }) = serde_json::from_slice(contents) else { return Vec::new() };
    let package = |value| {
        let mut package: Package = serde_json::from_value(value).ok()?;
        package.licence = package.licence.filter(|licence| is_licence(licence));
        Some(package)
    };
    packages.into_iter().filter_map(package).collect()
}

/// Adds a custom section at the end of a component or core module.
pub fn append(binary: &mut Vec<u8>, name: &str, contents: &[u8]) {
    use wasm_encoder::{ComponentSection, CustomSection};
    CustomSection { name: name.into(), data: contents.into() }.append_to_component(binary);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::{Ecosystem, Role};

    #[test]
    fn what_is_written_is_read() {
        let cpython = Package::new(Ecosystem::Generic, "cpython", "3.14.0").as_runtime();
        let dulwich = Package { licence: Some("MIT".into()), ..Package::new(Ecosystem::Pypi, "dulwich", "1.0") };
        let contents = encode(vec![cpython.clone(), dulwich.clone(), cpython.clone()]);
        assert_eq!(
            String::from_utf8_lossy(&contents),
            r#"{"format":1,"packages":[{"ecosystem":"pypi","name":"dulwich","version":"1.0","licence":"MIT"},{"ecosystem":"generic","name":"cpython","version":"3.14.0","role":"runtime"}]}"#
        );
        assert_eq!(decode(&contents), [dulwich, cpython]);
    }

    #[test]
    fn what_is_garbled_is_left_out() {
        assert!(decode(b"not json").is_empty());
        assert!(decode(br#"{"format":2,"packages":[{"ecosystem":"npm","name":"a"}]}"#).is_empty());
        let some = br#"{"format":1,"more":1,"packages":[7,{"ecosystem":"gem","name":"a"},
            {"ecosystem":"npm","name":"b","licence":"<b>","role":"own"}]}"#;
        let found = decode(some);
        assert_eq!((found.len(), found[0].role, &found[0].licence), (1, Role::Own, &None));
    }

    #[test]
    fn a_section_is_added_to_a_component() {
        let mut component = wat::parse_str("(component)").unwrap();
        append(&mut component, NAME, b"contents");
        wasmparser::Validator::new().validate_all(&component).unwrap();
        let found = wasmparser::Parser::new(0).parse_all(&component).find_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CustomSection(custom) => Some((custom.name().to_owned(), custom.data().to_vec())),
            _ => None,
        });
        assert_eq!(found, Some((NAME.to_owned(), b"contents".to_vec())));
    }
}
