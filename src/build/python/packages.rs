//! Which packages the virtual environment holds, as they describe themselves (`<name>.dist-info/METADATA`), and what
//! carries the program.
//!
//! All of the environment is on the path while the program runs at build time. Which of it stays in the memory that is
//! kept, only the program knows: the list may name more than is inside, never less.

use std::path::Path;

use super::COMPONENTIZE_PY;
use crate::{
    build::staging,
    packages::{Ecosystem, Package, is_licence, section},
};

/// Of CPython, in the library that componentize-py carries.
pub const CPYTHON: &str = "3.14.0";

/// Adds the packages to the component.
pub fn record(environment: Option<&Path>, component: &mut Vec<u8>) {
    let mut packages = environment.map(installed).unwrap_or_default();
    packages.push(Package::new(Ecosystem::Generic, "cpython", CPYTHON).as_runtime());
    packages.push(Package::new(Ecosystem::Cargo, "componentize-py", COMPONENTIZE_PY).as_runtime());
    section::append(component, section::NAME, &section::encode(packages));
}

/// The packages in a folder of them.
fn installed(environment: &Path) -> Vec<Package> {
    let entries = staging::entries(environment).unwrap_or_default();
    let described = entries.iter().filter(|path| path.extension().is_some_and(|it| it == "dist-info"));
    described.filter_map(|folder| package(&std::fs::read_to_string(folder.join("METADATA")).ok()?)).collect()
}

/// What the headers of a package's metadata say.
fn package(metadata: &str) -> Option<Package> {
    let headers = metadata.lines().take_while(|line| !line.trim().is_empty());
    let fields: Vec<(&str, &str)> = headers.filter_map(|line| line.split_once(": ")).collect();
    let field = |name: &str| fields.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let licence = field("License-Expression").filter(|licence| is_licence(licence)).map(str::to_owned);
    Some(Package { licence, ..Package::new(Ecosystem::Pypi, field("Name")?, field("Version")?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_describe_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let described = folder.path().join("attrs-25.1.0.dist-info");
        std::fs::create_dir_all(&described).unwrap();
        std::fs::create_dir_all(folder.path().join("empty-1.dist-info")).unwrap();
        std::fs::create_dir_all(folder.path().join("attrs")).unwrap();
        let metadata =
            "Metadata-Version: 2.4\nName: attrs\nVersion: 25.1.0\nLicense-Expression: MIT\n\nName: no header\n";
        std::fs::write(described.join("METADATA"), metadata).unwrap();
        let mut component = wat::parse_str("(component)").unwrap();
        record(Some(folder.path()), &mut component);
        let text = String::from_utf8_lossy(&component);
        assert!(text.contains(r#"{"ecosystem":"pypi","name":"attrs","version":"25.1.0","licence":"MIT"}"#), "{text}");
        assert!(text.contains(r#"{"ecosystem":"generic","name":"cpython","version":"3.14.0","role":"runtime"}"#));
        assert_eq!(text.matches("pypi").count(), 1);
    }
}
