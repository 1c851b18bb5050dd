//! Digests of Mosaic's own sources, and of which libraries they stand on, so that a changed Mosaic never passes off what
//! the old one made: `MOSAIC_BACKENDS`, of the backends, is part of every fingerprint; `MOSAIC_COMPOSER`, of what
//! validates, plans and encodes, is part of what tells whether an app must be composed again; `MOSAIC_CHECKER`, of what
//! validates, of what tells that bytes have been found valid; `MOSAIC_WIRER`, of what resolves and plans, with the WIT
//! that Mosaic carries, of what tells that a project has been found to fit together; `MOSAIC_REWRITER`, of what rewrites a
//! component before it is compiled, of what native code is found by.
//!
//! And how the commands are linked: with relative relocations packed, where the C library reads such.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

const COMPOSER: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "src/compare",
    "src/compose",
    "src/grants_section.rs",
    "src/plan",
    "src/resolve",
    "src/validate.rs",
];

const REWRITER: &[&str] =
    &["Cargo.lock", "src/runtime/bounds.rs", "src/runtime/dense.rs", "src/runtime/lift.rs", "src/runtime/merge"];

const WIRER: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "src/cli/app.rs",
    "src/cli/check",
    "src/compare",
    "src/lock.rs",
    "src/manifest",
    "src/plan",
    "src/resolve",
    "wit",
];

/// The first glibc that reads packed relocations (`DT_RELR`).
const PACKED: (u32, u32) = (2, 36);

fn main() -> io::Result<()> {
    // 150,000 pointers in tables are told in a fiftieth of the bytes, all of which each start reads. An older C library
    // refuses such a program by name (`GLIBC_ABI_DT_RELR`): `MOSAIC_PACK_RELOCATIONS=0` is for one that goes there.
    println!("cargo::rerun-if-env-changed=MOSAIC_PACK_RELOCATIONS");
    let wanted = env::var_os("MOSAIC_PACK_RELOCATIONS").is_none_or(|it| it != "0");
    if wanted && glibc().is_some_and(|version| version >= PACKED) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    reveal("MOSAIC_BACKENDS", &["Cargo.lock", "src/build", "src/packages"])?;
    reveal("MOSAIC_COMPOSER", COMPOSER)?;
    reveal("MOSAIC_CHECKER", &["Cargo.lock", "Cargo.toml", "src/check/validate.rs", "src/validate.rs"])?;
    reveal("MOSAIC_REWRITER", REWRITER)?;
    reveal("MOSAIC_WIRER", WIRER)
}

/// The version of this machine's C library, where the command is for this machine and that is glibc.
fn glibc() -> Option<(u32, u32)> {
    let target = env::var("TARGET").ok()?;
    if env::var("HOST").ok()? != target || !target.ends_with("-linux-gnu") {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "the door for processes is in what is built here")]
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

fn reveal(name: &str, sources: &[&str]) -> io::Result<()> {
    let mut files = Vec::new();
    for source in sources {
        println!("cargo::rerun-if-changed={source}");
        collect(Path::new(source), &mut files)?;
    }
    files.sort();
    let mut digest = Fnv(0xcbf2_9ce4_8422_2325);
    for file in files {
        digest.add(file.as_os_str().as_encoded_bytes());
        digest.add(&fs::read(&file)?);
    }
    println!("cargo::rustc-env={name}={:016x}", digest.0);
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

/// FNV-1a: enough to tell revisions of a source tree apart, and no dependency to compile first.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&(bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
