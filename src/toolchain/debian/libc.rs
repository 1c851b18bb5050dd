//! The start files and `libc.a` that rustc links for `wasm32-wasip2`, out of a C library of WASI preview 1.
//!
//! What std calls and that library lacks is written in Rust, in `guest/`: which functions those are is read from the
//! library's symbol table, so that a newer library keeps all of its own. rustc merges both into one archive, as it does
//! for any static library bundled into a Rust one; the symbol table it writes is one that wasm linkers understand, which
//! the system's `ar` does not write.

use std::{collections::BTreeSet, fs, path::Path};

use super::{super::error::Failure, Site, TARGET};
use crate::process::Command;

/// What `guest/libc.rs` can supply.
const SUPPLIED: [&str; 21] = [
    "socket",
    "bind",
    "connect",
    "listen",
    "getpeername",
    "getsockname",
    "setsockopt",
    "recvfrom",
    "sendto",
    "getaddrinfo",
    "freeaddrinfo",
    "gai_strerror",
    "chmod",
    "fchmod",
    "realpath",
    "pthread_create",
    "pthread_join",
    "pthread_detach",
    "pthread_attr_init",
    "pthread_attr_destroy",
    "pthread_attr_setstacksize",
];

/// Builds them and puts them into place.
pub(super) fn build(site: &Site<'_>) -> Result<(), Failure> {
    let (sources, place) = (site.work("guest"), site.libraries().join("self-contained"));
    fs::create_dir_all(&sources)?;
    fs::create_dir_all(&place)?;
    let base = site.work("libc").join("libc_base.a");
    fs::rename(site.work("libc").join("libc.a"), &base)?;
    let archive = fs::read(&base)?;
    let has = symbols(&archive)
        .ok_or_else(|| Failure::Content { what: "Debian's wasi-libc".into(), missing: "symbol table".into() })?;

    for (name, text) in [
        ("crt1_command", include_str!("guest/crt1_command.rs")),
        ("crt1_reactor", include_str!("guest/crt1_reactor.rs")),
    ] {
        fs::write(sources.join(format!("{name}.rs")), text)?;
        let object = place.join(format!("{}.o", name.replace('_', "-")));
        compile(site, name, "obj", &object, &[])?;
    }
    fs::write(sources.join("libc.rs"), include_str!("guest/libc.rs"))?;
    let mut options = vec!["-Lnative=libc".to_owned()];
    let lacking = SUPPLIED.iter().filter(|name| !has.contains(**name));
    options.extend(lacking.map(|name| format!("--cfg=lacks=\"{name}\"")));
    compile(site, "libc", "link", &place.join("libc.a"), &options)
}

/// Paths are relative, and the folder is mapped away: two installations give the same files.
fn compile(site: &Site<'_>, name: &str, emit: &str, to: &Path, options: &[String]) -> Result<(), Failure> {
    Command::new(site.rustc())
        .args(["--edition", "2024", "--crate-type", "rlib", "--target", TARGET, "-Copt-level=s", "-Cpanic=abort"])
        .args(["-Cdebuginfo=0", "-Ccodegen-units=1", "-Crelocation-model=static", "--cap-lints=allow"])
        .args(options)
        .arg(format!("--remap-path-prefix={}=/guest", site.work.display()))
        .arg(format!("--emit={emit}={}", to.display()))
        .arg(format!("guest/{name}.rs"))
        .cwd(site.work)
        .env("RUSTC_BOOTSTRAP", "1")
        .succeed()
        .map_err(Failure::process(format!("compile {name}.rs of the C library")))?;
    Ok(())
}

/// The names that a static library defines: the first member of a GNU archive, `/`, has a big-endian count, as many
/// offsets, and the names, each with a NUL behind it.
fn symbols(archive: &[u8]) -> Option<BTreeSet<&str>> {
    const HEADER: usize = 60;
    let member = archive.strip_prefix(b"!<arch>\n")?;
    let size: usize = std::str::from_utf8(member.get(48..58)?).ok()?.trim().parse().ok()?;
    let table = member.starts_with(b"/ ").then(|| member.get(HEADER..HEADER.checked_add(size)?))??;
    let (count, rest) = table.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    let names = rest.get(count.checked_mul(4)?..)?;
    Some(names.split(|&byte| byte == 0).take(count).filter_map(|name| std::str::from_utf8(name).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_names_a_library_defines() {
        let table = b"\0\0\0\x02\0\0\0\x50\0\0\0\x50malloc\0errno\0";
        let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "/", 0, 0, 0, 0, table.len());
        let archive = [b"!<arch>\n", header.as_bytes(), table].concat();
        assert_eq!(symbols(&archive), Some(BTreeSet::from(["errno", "malloc"])));
        assert_eq!(symbols(&archive[..70]), None);
        assert_eq!(symbols(b"\x7fELF"), None);
    }

    #[test]
    fn everything_said_to_be_supplied_is() {
        let source = include_str!("guest/libc.rs");
        for name in SUPPLIED {
            assert!(
                source.contains(&format!("lacks = \"{name}\"")) && source.contains(&format!("fn {name}(")),
                "{name}"
            );
        }
        assert_eq!(source.matches("lacks = \"").count(), SUPPLIED.len());
    }
}
