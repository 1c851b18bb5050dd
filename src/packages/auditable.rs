//! The custom section `.dep-v0`: crates as cargo-auditable records them, JSON compressed by zlib, so that its tools and
//! `cargo audit bin` read what `build` writes, and `inspect` what they write.

use std::io::{Read, Write};

use auditable_serde::{DependencyKind, Source, VersionInfo};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use super::{Ecosystem, Package, Role};

/// The section's name.
pub const NAME: &str = ".dep-v0";

/// What expands to more is not read.
const MAX_SIZE: u64 = 8 << 20;

/// The section's contents.
pub fn encode(crates: &VersionInfo) -> std::io::Result<Vec<u8>> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&serde_json::to_vec(crates)?)?;
    zlib.finish()
}

/// What the section tells; `None` where it is garbled.
pub fn decode(contents: &[u8]) -> Option<VersionInfo> {
    let mut json = Vec::new();
    ZlibDecoder::new(contents).take(MAX_SIZE + 1).read_to_end(&mut json).ok()?;
    if json.len() as u64 > MAX_SIZE {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// The crates as packages, and by their place among them which needs which.
pub fn packages(crates: &VersionInfo) -> Vec<(Package, Vec<usize>)> {
    let package = |found: &auditable_serde::Package| {
        let role = match (found.root, found.kind) {
            (true, _) => Role::Own,
            (false, DependencyKind::Build) => Role::Build,
            (false, DependencyKind::Runtime) => Role::Dependency,
        };
        let ecosystem = match found.source {
            // Of no registry: a package URL that names one would lead to somebody else's crate.
            Source::Local => Ecosystem::Generic,
            _ => Ecosystem::Cargo,
        };
        let package = Package { role, ..Package::new(ecosystem, &found.name, found.version.to_string()) };
        (package, found.dependencies.clone())
    };
    crates.packages.iter().map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let json = r#"{"packages":[
            {"name":"serde","version":"1.0.0","source":"crates.io"},
            {"name":"shop","version":"0.1.0","source":"local","dependencies":[0],"root":true}]}"#;
        let crates: VersionInfo = serde_json::from_str(json).unwrap();
        let contents = encode(&crates).unwrap();
        assert_eq!(contents, encode(&crates).unwrap());
        let found = packages(&decode(&contents).unwrap());
        let purls: Vec<_> =
            found.iter().map(|(package, needs)| (package.purl(), package.role, needs.clone())).collect();
        assert_eq!(
            purls,
            [
                ("pkg:cargo/serde@1.0.0".to_owned(), Role::Dependency, vec![]),
                ("pkg:generic/shop@0.1.0".to_owned(), Role::Own, vec![0]),
            ]
        );
    }

    #[test]
    fn garbage_and_bombs_are_refused() {
        assert!(decode(b"garbage").is_none());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&vec![b' '; 9 << 20]).unwrap();
        assert!(decode(&zlib.finish().unwrap()).is_none());
    }
}
