//! A private Rust toolchain for `wasm32-wasip2` from Debian's archive and the crate registry, for machines where rustup
//! cannot download: Debian's current rustc (kept up for browsers, package `rustc-web`) and the LLVM it was built with.
//!
//! 1. Find the packages: rustc names its std by dependency, that names its LLVM, that names the linker of the same LLVM.
//! 2. Download them, and unpack what is needed.
//! 3. Put a launcher before rustc and before the linker: Debian's expect their libraries in the system's folders.
//! 4. `wasm-component-ld`: the one of the user's rustup toolchain, else built from the crate registry.
//! 5. Compile the standard library from the very source this rustc was built from, with the user's cargo ([`sysroot`]).
//! 6. The C library: Debian's, of WASI preview 1, and what std needs besides ([`libc`]).
//! 7. Prove it: a program that uses std becomes a component.
//! 8. Move it into place and record it.
//!
//! What such a toolchain cannot do: `std::net` (it links, and answers `Unsupported`), `fs::canonicalize`, libtest,
//! rustdoc. Its components reach WASI 0.2 through the preview 1 adapter.
//!
//! Nothing is installed system-wide, no root is needed, and whatever lies in the folder runs from wherever it is.

mod libc;
mod sysroot;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    apt::{self, Apt, Package, Sources},
    error::Failure,
    installed::{self, Installed},
    pinned::{DEBIAN_RUST_OLDEST, DEBIAN_SOURCES, WASM_COMPONENT_LD},
    rust::{self, TARGET},
};
use crate::{
    cache::{Home, Unfinished},
    event::{Event, Events},
    language::Language,
    process::Command,
};

/// Bytes: packages, what is unpacked of them, the build of std.
const NEEDED: u64 = 1_500_000_000;
/// Part of the folder's name: raised when the steps make something else of the same packages.
const REVISION: u32 = 1;

/// Debian's packages, by what they are for.
struct Packages {
    rustc: Package,
    /// `librustc_driver`.
    driver: Package,
    /// The host's standard library.
    host_std: Package,
    source: Package,
    libc: Package,
    llvm: Package,
    lld: Package,
}

/// Where the steps work. `tree` becomes the toolchain, `work` is thrown away.
struct Site<'a> {
    tree: &'a Path,
    work: &'a Path,
    cargo: &'a Path,
    host: String,
    /// As `rustc -V` says it.
    version: String,
}

/// Makes the toolchain and puts it into use.
pub(super) fn install(home: &Home, events: Events<'_>) -> Result<(), Failure> {
    let cargo = rust::cargo().ok_or(Failure::Absent { program: "cargo" })?;
    let toolchains = installed::folder(home);
    installed::room_for(home, NEEDED)?;
    let (tree, work) = (Unfinished::within(&toolchains, "rust")?, Unfinished::within(&toolchains, "rust")?);

    let (apt, packages) = step(events, "Updating", "Debian's package lists", || find(work.path()))?;
    let size: u64 = packages.all().iter().map(|package| package.size).sum();
    let what = format!("{} Debian packages, {} MB", packages.all().len(), size / 1_000_000);
    let debs = step(events, "Downloading", &what, || download(&apt, &packages, work.path(), &what, events))?;
    step(events, "Unpacking", "Debian's Rust", || packages.unpack(&debs, tree.path(), work.path()))?;
    let site = site(&cargo, tree.path(), work.path())?;
    step(events, "Installing", "wasm-component-ld", || component_linker(home, &site))?;
    step(events, "Compiling", "the standard library for wasm32-wasip2", || sysroot::build(&site))?;
    step(events, "Compiling", "the C library's missing parts", || libc::build(&site))?;
    step(events, "Testing", "the toolchain", || prove(&site))?;

    let place = toolchains.join(format!("rust-{}-debian{REVISION}", file_name(&packages.rustc.version)));
    let version = site.version.clone();
    tree.finish(&place)?;
    Installed {
        language: Language::Rust,
        program: place.join("bin/rustc"),
        version,
        origin: "Debian's packages".into(),
        parts: packages.all().iter().map(|package| format!("{} {}", package.name, package.version)).collect(),
    }
    .write(home)?;
    Ok(())
}

/// Tells the beginning and the end of a step around it.
fn step<T>(
    events: Events<'_>,
    verb: &'static str,
    what: &str,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let begun = Instant::now();
    events(Event::Started { verb, what });
    let done = work()?;
    events(Event::Finished { what, fresh: false, elapsed: begun.elapsed() });
    Ok(done)
}

/// Step 1, from the machine's own sources (it may have mirrors), else from Debian's.
fn find(work: &Path) -> Result<(Apt, Packages), Failure> {
    let machine = Apt::update(&work.join("apt"), Sources::Machine).and_then(|apt| Ok((Packages::find(&apt)?, apt)));
    match machine {
        Ok((packages, apt)) => Ok((apt, packages)),
        Err(failure @ Failure::Absent { .. }) => Err(failure),
        Err(_) => {
            let apt = Apt::update(&work.join("apt-debian"), Sources::These(DEBIAN_SOURCES))?;
            let packages = Packages::find(&apt)?;
            Ok((apt, packages))
        }
    }
}

impl Packages {
    fn find(apt: &Apt) -> Result<Packages, Failure> {
        let missing = |name: &str| Failure::Package { name: name.to_owned(), wanted: None, found: None };
        let get = |name: &str| apt.package(name)?.ok_or_else(|| missing(name));
        let of = |package: &Package, prefix: &str| {
            let begins = |name: &&String| {
                name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            package.depends.iter().find(begins).cloned().ok_or_else(|| missing(&format!("{prefix}*")))
        };
        let oldest = DEBIAN_RUST_OLDEST;
        let rustc = apt.package("rustc-web")?;
        let rustc =
            rustc.as_ref().filter(|p| upstream(&p.version).is_some_and(|v| v >= oldest)).cloned().ok_or_else(|| {
                let found = rustc.map(|package| package.version);
                Failure::Package { name: "rustc-web".into(), wanted: Some(oldest.to_string()), found }
            })?;
        let host_std = get("libstd-rust-web-dev")?;
        let driver = get(&of(&host_std, "libstd-rust-web-")?)?;
        let llvm = get(&of(&driver, "libllvm")?)?;
        let lld = get(&llvm.name.replacen("libllvm", "lld-", 1))?;
        Ok(Packages { rustc, driver, host_std, source: get("rust-web-src")?, libc: get("wasi-libc")?, llvm, lld })
    }

    fn all(&self) -> [&Package; 7] {
        let Packages { rustc, driver, host_std, source, libc, llvm, lld } = self;
        [rustc, driver, host_std, source, libc, llvm, lld]
    }

    /// Step 2. Each package: which files, how much of their path is dropped, where they go.
    fn unpack(&self, debs: &[PathBuf; 7], tree: &Path, work: &Path) -> Result<(), Failure> {
        let [rustc, driver, host_std, source, libc, llvm, lld] = debs;
        let (lib, libexec) = (tree.join("lib"), tree.join("libexec"));
        apt::unpack(rustc, &["./usr/bin/rustc"], 3, &libexec)?;
        apt::unpack(driver, &["./usr/lib/*/librustc_driver-*.so"], 4, &lib)?;
        apt::unpack(llvm, &["./usr/lib/*/libLLVM.so.*"], 4, &lib)?;
        let rustlib = ["./usr/lib/rustlib/*", "!./usr/lib/rustlib/src", "!./usr/lib/rustlib/etc"];
        apt::unpack(host_std, &rustlib, 3, &lib)?;
        apt::unpack(lld, &["./usr/lib/llvm-*/bin/lld"], 5, &libexec)?;
        // lld is told by the name it is called by which linker it is to be.
        fs::rename(libexec.join("lld"), libexec.join("wasm-ld"))?;
        let library = [
            "./usr/src/rustc-*/library/*",
            "!./usr/src/rustc-*/library/vendor",
            "!./usr/src/rustc-*/library/stdarch/crates/stdarch-*",
        ];
        apt::unpack(source, &library, 4, work)?;
        apt::unpack(libc, &["./usr/lib/wasm32-wasi/libc.a"], 4, &work.join("libc"))
    }
}

/// Step 2.
fn download(
    apt: &Apt,
    packages: &Packages,
    work: &Path,
    what: &str,
    events: Events<'_>,
) -> Result<[PathBuf; 7], Failure> {
    let folder = work.join("debs");
    fs::create_dir_all(&folder)?;
    let total = packages.all().iter().map(|package| package.size).sum();
    let mut received = 0;
    let mut files = [const { PathBuf::new() }; 7];
    for (package, file) in packages.all().into_iter().zip(&mut files) {
        *file = apt.download(package, &folder)?;
        received += package.size;
        events(Event::Download { what, received, total: Some(total) });
    }
    Ok(files)
}

/// Step 3, and who this rustc is.
fn site<'a>(cargo: &'a Path, tree: &'a Path, work: &'a Path) -> Result<Site<'a>, Failure> {
    // `$0` is the path that was called: cargo and wasm-component-ld call both by a path.
    launcher(&tree.join("bin/rustc"), "..", "rustc")?;
    let about = Command::new(tree.join("bin/rustc")).arg("-vV").succeed();
    let about = about.map_err(Failure::process("start Debian's rustc"))?.text();
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::Content { what: "Debian's rustc -vV".into(), missing: "host".into() })?;
    launcher(&tree.join("lib/rustlib").join(host).join("bin/wasm-ld"), "../../../..", "wasm-ld")?;
    let version = about.lines().next().unwrap_or_default().to_owned();
    Ok(Site { tree, work, cargo, host: host.to_owned(), version })
}

fn launcher(path: &Path, root: &str, program: &str) -> Result<(), Failure> {
    let script = format!(
        "#!/bin/sh\n\
         # Finds the program's libraries beside it, wherever this folder lies.\n\
         root=${{0%/*}}/{root}\n\
         LD_LIBRARY_PATH=$root/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} exec \"$root/libexec/{program}\" \"$@\"\n"
    );
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Step 4.
fn component_linker(home: &Home, site: &Site<'_>) -> Result<(), Failure> {
    let bin = |root: &Path| root.join("lib/rustlib").join(&site.host).join("bin/wasm-component-ld");
    let place = bin(site.tree);
    let carried = rust::rustc(home, Path::new("/")).ok().map(|own| bin(&own.sysroot)).filter(|path| path.is_file());
    if let Some(carried) = carried {
        fs::copy(carried, place)?;
        return Ok(());
    }
    let root = site.work.join("component-ld");
    site.cargo("install")
        .args(["--quiet", "--locked", WASM_COMPONENT_LD, "--root"])
        .arg(&root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .succeed()
        .map_err(Failure::process(format!("install {WASM_COMPONENT_LD} from the crate registry")))?;
    fs::rename(root.join("bin/wasm-component-ld"), place)?;
    Ok(())
}

/// Step 7: collections, threads, files, sockets and the environment all have to link.
fn prove(site: &Site<'_>) -> Result<(), Failure> {
    let (source, wasm) = (site.work.join("proof.rs"), site.work.join("proof.wasm"));
    fs::write(&source, include_str!("guest/proof.rs"))?;
    let rustc =
        Command::new(site.rustc()).args(["--edition", "2024", "-O", "--target", TARGET, "-o"]).arg(&wasm).arg(&source);
    rustc.succeed().map_err(Failure::process("compile a program with the new toolchain"))?;
    // The component model's binary format: the layer field after the magic number and version is 1.
    if fs::read(&wasm)?.starts_with(b"\0asm\x0d\0\x01\0") {
        Ok(())
    } else {
        Err(Failure::Content { what: "what the new toolchain compiled".into(), missing: "component".into() })
    }
}

impl Site<'_> {
    fn rustc(&self) -> PathBuf {
        self.tree.join("bin/rustc")
    }

    fn work(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    /// The folder of the target's libraries.
    fn libraries(&self) -> PathBuf {
        self.tree.join("lib/rustlib").join(TARGET).join("lib")
    }

    /// The user's cargo, with nothing of the user's settings that would change what is built.
    fn cargo(&self, subcommand: &str) -> Command {
        let cargo = Command::new(self.cargo).arg(subcommand).cwd(self.work);
        let unset = ["CARGO_BUILD_TARGET", "CARGO_ENCODED_RUSTFLAGS", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "RUSTC"];
        let cargo = unset.iter().fold(cargo, |cargo, name| cargo.env_remove(name));
        // Set and empty: no wrapper, whatever a configuration file says.
        cargo.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "").env("CARGO_INCREMENTAL", "0")
    }
}

/// `1.96.0+dfsg1-1~deb12u2` → 1.96.0.
fn upstream(version: &str) -> Option<semver::Version> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    semver::Version::parse(&version[..end]).ok()
}

/// A Debian version as part of a file name.
fn file_name(version: &str) -> String {
    version.chars().map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_versions() {
        assert_eq!(upstream("1.96.0+dfsg1-1~deb12u2"), Some(semver::Version::new(1, 96, 0)));
        assert_eq!(upstream("1:22.1.8-1~deb12u1"), Some(semver::Version::new(22, 1, 8)));
        assert_eq!(upstream("0.0~git20220510.9886d3d-2"), None);
        assert_eq!(file_name("1.96.0+dfsg1-1~deb12u2"), "1.96.0_dfsg1-1_deb12u2");
    }

    #[test]
    fn a_launcher_starts_what_lies_beside_it_from_anywhere() {
        let temp = tempfile::tempdir().unwrap();
        let tree = temp.path().join("a b");
        fs::create_dir_all(tree.join("libexec")).unwrap();
        fs::copy("/bin/sh", tree.join("libexec/tool")).unwrap();
        launcher(&tree.join("bin/tool"), "..", "tool").unwrap();
        let run = || Command::new(tree.join("bin/tool")).args(["-c", "echo $LD_LIBRARY_PATH"]);
        let libraries = |output: crate::process::Output| output.text().trim().to_owned();
        let alone = libraries(run().env_remove("LD_LIBRARY_PATH").succeed().unwrap());
        assert_eq!(alone, format!("{}/bin/../lib", tree.display()));
        let more = libraries(run().env("LD_LIBRARY_PATH", "/x").succeed().unwrap());
        assert_eq!(more, format!("{}/bin/../lib:/x", tree.display()));
    }
}
