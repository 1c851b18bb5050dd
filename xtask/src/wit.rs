//! `cargo xtask wit`: vendors the WASI packages that `mosaic` carries for its users.
//!
//! 1. asks cargo for each published crate that carries WIT (cargo checks the archive against its registry's checksum);
//! 2. takes the WIT files out of the archive, byte for byte, to `wit/bundled/<package>/<version>/`;
//! 3. writes `wit/bundled/origins.toml`: crate, version, licence and digest of the archive, and the digest of every file;
//! 4. writes `src/resolve/bundle/table.rs`, which embeds those files.
//!
//! A crate version whose archive no longer has the digest written in `origins.toml` is refused.
//! Nothing else writes below `wit/bundled`; a test of `resolve::bundle` holds the three against each other.

use std::{collections::BTreeMap, fmt::Write as _, fs, io::Read as _, path::Path};

use crate::crates::{archive, sha256, within};

/// A published crate and the WIT packages to take from it.
struct Source {
    name: &'static str,
    version: &'static str,
    /// (WIT package, its version, file or folder inside the crate).
    packages: &'static [(&'static str, &'static str, &'static str)],
}

/// What is bundled. 0.2.0, 0.2.6, 0.2.9 and 0.2.12 are those that toolchains bring; 0.3.0 is the host's.
const SOURCES: &[Source] = &[
    Source {
        name: "componentize-py",
        version: "0.25.1",
        packages: &[
            ("cli", "0.2.0", "wit/deps/cli-0.2.0"),
            ("clocks", "0.2.0", "wit/deps/clocks-0.2.0"),
            ("filesystem", "0.2.0", "wit/deps/filesystem-0.2.0"),
            ("http", "0.2.0", "wit/deps/http-0.2.0"),
            ("io", "0.2.0", "wit/deps/io-0.2.0"),
            ("random", "0.2.0", "wit/deps/random-0.2.0"),
            ("sockets", "0.2.0", "wit/deps/sockets-0.2.0"),
        ],
    },
    Source {
        name: "wasmtime-wasi-http",
        version: "38.0.4",
        packages: &[
            ("cli", "0.2.6", "wit/deps/cli"),
            ("clocks", "0.2.6", "wit/deps/clocks"),
            ("filesystem", "0.2.6", "wit/deps/filesystem"),
            ("http", "0.2.6", "wit/deps/http"),
            ("io", "0.2.6", "wit/deps/io"),
            ("random", "0.2.6", "wit/deps/random"),
            ("sockets", "0.2.6", "wit/deps/sockets"),
        ],
    },
    Source {
        name: "wasip2",
        version: "1.0.2+wasi-0.2.9",
        packages: &[
            ("cli", "0.2.9", "wit/deps/cli.wit"),
            ("clocks", "0.2.9", "wit/deps/clocks.wit"),
            ("filesystem", "0.2.9", "wit/deps/filesystem.wit"),
            ("http", "0.2.9", "wit/deps/http.wit"),
            ("io", "0.2.9", "wit/deps/io.wit"),
            ("random", "0.2.9", "wit/deps/random.wit"),
            ("sockets", "0.2.9", "wit/deps/sockets.wit"),
        ],
    },
    Source {
        name: "wasip2",
        version: "2.0.1+wasi-0.2.12",
        packages: &[
            ("cli", "0.2.12", "wit/deps/cli.wit"),
            ("clocks", "0.2.12", "wit/deps/clocks.wit"),
            ("filesystem", "0.2.12", "wit/deps/filesystem.wit"),
            ("http", "0.2.12", "wit/deps/http.wit"),
            ("io", "0.2.12", "wit/deps/io.wit"),
            ("random", "0.2.12", "wit/deps/random.wit"),
            ("sockets", "0.2.12", "wit/deps/sockets.wit"),
        ],
    },
    Source {
        name: "wasmtime-wasi-http",
        version: "48.0.8",
        packages: &[
            ("cli", "0.3.0", "src/p3/wit/deps/cli.wit"),
            ("clocks", "0.3.0", "src/p3/wit/deps/clocks.wit"),
            ("filesystem", "0.3.0", "src/p3/wit/deps/filesystem.wit"),
            ("http", "0.3.0", "src/p3/wit/deps/http.wit"),
            ("random", "0.3.0", "src/p3/wit/deps/random.wit"),
            ("sockets", "0.3.0", "src/p3/wit/deps/sockets.wit"),
        ],
    },
    Source {
        name: "wasip3",
        version: "0.10.0+wasi-0.3.2",
        packages: &[
            ("cli", "0.3.2", "wit/deps/cli.wit"),
            ("clocks", "0.3.2", "wit/deps/clocks.wit"),
            ("filesystem", "0.3.2", "wit/deps/filesystem.wit"),
            ("http", "0.3.2", "wit/deps/http.wit"),
            ("random", "0.3.2", "wit/deps/random.wit"),
            ("sockets", "0.3.2", "wit/deps/sockets.wit"),
        ],
    },
    Source {
        name: "wash-runtime",
        version: "0.1.0",
        packages: &[
            ("blobstore", "0.2.0-draft", "wit/deps/wasi-blobstore-0.2.0-draft"),
            ("logging", "0.1.0-draft", "wit/deps/wasi-logging-0.1.0-draft"),
        ],
    },
    Source {
        name: "wasmtime-wasi-keyvalue",
        version: "48.0.8",
        packages: &[("keyvalue", "0.2.0-draft", "wit/deps/keyvalue")],
    },
    Source {
        name: "wasmtime-wasi-config",
        version: "48.0.8",
        packages: &[("config", "0.2.0-rc.1", "wit/deps/config")],
    },
];

/// One WIT package as taken out of a crate.
struct Package {
    name: &'static str,
    version: &'static str,
    source: &'static Source,
    archive: String,
    licence: String,
    /// Name → bytes.
    files: BTreeMap<String, Vec<u8>>,
}

/// Runs the task. Takes no arguments.
pub fn run(args: &[String]) -> Result<(), String> {
    if let Some(arg) = args.first() {
        return Err(format!("`cargo xtask wit` takes no arguments, found `{arg}`"));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?;
    let bundled = root.join("wit/bundled");
    let pinned = pinned(&bundled.join("origins.toml"))?;

    let mut packages = Vec::new();
    for source in SOURCES {
        packages.extend(take(source, &pinned)?);
    }

    if bundled.exists() {
        fs::remove_dir_all(&bundled).map_err(|e| format!("cannot clear {}: {e}", bundled.display()))?;
    }
    for package in &packages {
        for (name, bytes) in &package.files {
            write(&bundled.join(package.name).join(package.version).join(name), bytes)?;
        }
    }
    write(&bundled.join("origins.toml"), origins(&packages).as_bytes())?;
    write(&root.join("src/resolve/bundle/table.rs"), table(&packages).as_bytes())?;
    println!("vendored {} WIT packages from {} crates", packages.len(), SOURCES.len());
    Ok(())
}

/// The archive digests written by the last run: `crate version` → SHA-256.
fn pinned(origins: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = match fs::read_to_string(origins) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(format!("cannot read {}: {e}", origins.display())),
    };
    let table: toml::Table = text.parse().map_err(|e| format!("{}: {e}", origins.display()))?;
    let packages = table.get("package").and_then(|p| p.as_array()).map(Vec::as_slice).unwrap_or_default();
    let field = |package: &toml::Value, name: &str| {
        package.get(name).and_then(|v| v.as_str()).map(str::to_owned).ok_or(format!("origins.toml: no `{name}`"))
    };
    packages
        .iter()
        .map(|p| Ok((format!("{} {}", field(p, "crate")?, field(p, "crate-version")?), field(p, "crate-sha256")?)))
        .collect()
}

/// Takes the packages of one crate out of its archive.
fn take(source: &'static Source, pinned: &BTreeMap<String, String>) -> Result<Vec<Package>, String> {
    let id = format!("{} {}", source.name, source.version);
    let bytes =
        fs::read(archive(source.name, source.version)?).map_err(|e| format!("cannot read the archive of {id}: {e}"))?;
    let digest = sha256(&bytes);
    if let Some(expected) = pinned.get(&id).filter(|expected| **expected != digest) {
        return Err(format!("the archive of {id} has SHA-256 {digest}, expected {expected}"));
    }

    let mut files = BTreeMap::new();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    for entry in tar.entries().map_err(|e| format!("{id}: {e}"))? {
        let mut entry = entry.map_err(|e| format!("{id}: {e}"))?;
        let path = entry.path().map_err(|e| format!("{id}: {e}"))?.into_owned();
        let path = within(&path);
        if path.ends_with(".wit") || path == "Cargo.toml" {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|e| format!("{id}: {e}"))?;
            files.insert(path, bytes);
        }
    }

    let manifest = files.get("Cargo.toml").ok_or(format!("{id} has no Cargo.toml"))?;
    let manifest: toml::Table = String::from_utf8_lossy(manifest).parse().map_err(|e| format!("{id}: {e}"))?;
    let licence = manifest["package"].get("license").and_then(|l| l.as_str()).ok_or(format!("{id} has no licence"))?;

    source
        .packages
        .iter()
        .map(|&(name, version, place)| {
            let files: BTreeMap<_, _> = files
                .iter()
                .filter_map(|(path, bytes)| {
                    let name = match path.strip_prefix(place)? {
                        "" => place.rsplit('/').next()?,
                        rest => rest.strip_prefix('/').filter(|name| !name.contains('/'))?,
                    };
                    Some((name.to_owned(), bytes.clone()))
                })
                .collect();
            if files.is_empty() {
                return Err(format!("{id} has no WIT at {place}"));
            }
            Ok(Package { name, version, source, archive: digest.clone(), licence: licence.to_owned(), files })
        })
        .collect()
}

fn origins(packages: &[Package]) -> String {
    let mut text = String::from(
        "# Where each bundled WIT package comes from. Written by `cargo xtask wit`; do not edit.\n\
         # The files are unchanged; `crate-sha256` is that of the published archive, as the registry's index has it.\n",
    );
    for package in packages {
        let _ = write!(
            text,
            "\n[[package]]\nname = \"wasi:{}\"\nversion = \"{}\"\ncrate = \"{}\"\ncrate-version = \"{}\"\n\
             crate-sha256 = \"{}\"\nlicence = \"{}\"\n\n[package.files]\n",
            package.name,
            package.version,
            package.source.name,
            package.source.version,
            package.archive,
            package.licence,
        );
        for (name, bytes) in &package.files {
            let path = format!("{}/{}/{name}", package.name, package.version);
            let _ = writeln!(text, "\"{path}\" = \"{}\"", sha256(bytes));
        }
    }
    text
}

fn table(packages: &[Package]) -> String {
    let mut text = String::from(
        "//! The bundled WIT packages. Written by `cargo xtask wit`; do not edit.\n\n\
         use super::{Bundled, Origin};\n\n\
         macro_rules! wit {\n    ($path:literal) => {\n        \
         ($path, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/wit/bundled/\", $path)))\n    };\n}\n\n\
         #[rustfmt::skip]\npub(super) const TABLE: &[Bundled] = &[\n",
    );
    for package in packages {
        let _ = write!(
            text,
            "    Bundled {{\n        name: \"{}\",\n        version: \"{}\",\n        \
             origin: Origin {{ name: \"{}\", version: \"{}\" }},\n        files: &[\n",
            package.name, package.version, package.source.name, package.source.version
        );
        for name in package.files.keys() {
            let _ = writeln!(text, "            wit!(\"{}/{}/{name}\"),", package.name, package.version);
        }
        text.push_str("        ],\n    },\n");
    }
    text.push_str("];\n");
    text
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().ok_or("a path without a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|e| format!("cannot write {}: {e}", path.display()))
}
