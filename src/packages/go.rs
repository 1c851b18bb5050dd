//! The modules that the Go linker writes into the data of a program (`go version -m` shows them for native ones).
//!
//! The linker puts the text between two marks of sixteen bytes; each line holds fields parted by tabs: `path`, `mod` (the
//! main module), `dep` (name, version, checksum), `=>` (what stands in for the module before), `build` (a setting).

use memchr::memmem;

use super::{Ecosystem, Package, Role};

const START: [u8; 16] = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END: [u8; 16] = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

/// The modules named in the data section of a core module; none where no Go linker has written them.
pub fn packages(data: &[u8]) -> Vec<Package> {
    let Some(start) = memmem::find(data, &START) else { return Vec::new() };
    let text = &data[start + START.len()..];
    let Some(end) = memmem::find(text, &END) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(&text[..end]) else { return Vec::new() };
    let mut packages: Vec<Package> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (Some(kind), Some(name)) = (fields.next(), fields.next()) else { continue };
        let version = fields.next().filter(|version| *version != "(devel)").unwrap_or_default();
        let package = Package::new(Ecosystem::Golang, name, version);
        match kind {
            "mod" => packages.push(Package { role: Role::Own, ..package }),
            "dep" => packages.push(package),
            "=>" => {
                if let Some(last) = packages.last_mut() {
                    // A folder in place of a module has no version: the module's own name says more.
                    if package.version.is_some() {
                        *last = package;
                    }
                }
            }
            _ => {}
        }
    }
    packages
}

/// The standard library of that version of Go.
pub fn standard_library(version: &str) -> Package {
    Package::new(Ecosystem::Golang, "stdlib", version.trim_start_matches("go")).as_runtime()
}

/// Text as the Go linker writes it.
#[cfg(test)]
pub(crate) fn marked(lines: &str) -> Vec<u8> {
    [&START[..], lines.as_bytes(), &END[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_from_between_the_marks() {
        let lines = "path\tcommand-line-arguments\nmod\tmosaic.local/auth\t(devel)\t\ndep\tacme.example/auth\t(devel)\t\n\
                     dep\tgolang.org/x/text\tv0.3.0\th1:abc=\ndep\told.example/m\tv1.0.0\n=>\tnew.example/m\tv2.0.0\th1:d=\n\
                     dep\tlocal.example/m\tv0.0.0\n=>\t./m\t\nbuild\t-compiler=gc\n";
        let data = [b"before 0w", marked(lines).as_slice(), b"after"].concat();
        let found: Vec<_> = packages(&data).iter().map(Package::purl).collect();
        assert_eq!(
            found,
            [
                "pkg:golang/mosaic.local/auth",
                "pkg:golang/acme.example/auth",
                "pkg:golang/golang.org/x/text@v0.3.0",
                "pkg:golang/new.example/m@v2.0.0",
                "pkg:golang/local.example/m@v0.0.0",
            ]
        );
        assert!(packages(&data[..60]).is_empty());
        assert!(packages(b"").is_empty());
    }
}
