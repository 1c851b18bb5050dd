//! WASI's packages in the versions that Mosaic does not carry, as published packages have them: for tests that hold every
//! version against every other. Laid out below one folder as `<version>/<package>/`, with the others of its set as `deps/`.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::{
    Outcome,
    crates::{archive, sha256, within},
};

/// A published crate, and the version of WASI whose packages it has in `wit/deps`, each in a folder or a file.
struct Published {
    wasi: &'static str,
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
}

const PUBLISHED: &[Published] = &[
    Published {
        wasi: "0.2.1",
        name: "wasi",
        version: "0.13.2+wasi-0.2.1",
        sha256: "d9860ef2271bc7a6e1f985ac4438862a165137fe585ac10bdfad0a8aeb37ba25",
    },
    Published {
        wasi: "0.2.2",
        name: "wasi",
        version: "0.13.3+wasi-0.2.2",
        sha256: "26816d2e1a4a36a2940b96c5296ce403917633dff8f3440e9b236ed6f6bacad2",
    },
    Published {
        wasi: "0.2.3",
        name: "wasi",
        version: "0.14.1+wasi-0.2.3",
        sha256: "ad7df608df60a1c33e247881838b0f809512086e3e3bb1c18323b77eeb1f844e",
    },
    Published {
        wasi: "0.2.4",
        name: "wasi",
        version: "0.14.4+wasi-0.2.4",
        sha256: "88a5f4a424faf49c3c2c344f166f0662341d470ea185e939657aaff130f0ec4a",
    },
    Published {
        wasi: "0.3.0-rc-2025-08-15",
        name: "wasip3",
        version: "0.1.1+wasi-0.3.0-rc-2025-08-15",
        sha256: "3e7b678d2dc4aedac67db9b7e6808cef00db63fc492744c132977875a7fe4ec5",
    },
    Published {
        wasi: "0.3.0-rc-2025-09-16",
        name: "wasip3",
        version: "0.3.1+wasi-0.3.0-rc-2025-09-16",
        sha256: "87ba4be47b1d11244670d11857eee0758a8f2c39aea64d80b78c1ce29b4642cd",
    },
    Published {
        wasi: "0.3.0-rc-2026-01-06",
        name: "wasip3",
        version: "0.4.0+wasi-0.3.0-rc-2026-01-06",
        sha256: "5428f8bf88ea5ddc08faddef2ac4a67e390b88186c703ce6dbd955e1c145aca5",
    },
    Published {
        wasi: "0.3.0-rc-2026-03-15",
        name: "wasip3",
        version: "0.6.0+wasi-0.3.0-rc-2026-03-15",
        sha256: "ed83456dd6a0b8581998c0365e4651fa2997e5093b49243b7f35391afaa7a3d9",
    },
];

/// A WIT package's texts by their names.
type Texts = BTreeMap<String, Vec<u8>>;

/// Fetches all of them into a folder.
pub(super) fn lay(folder: &Path) -> Outcome {
    for published in PUBLISHED {
        let bytes = published.bytes()?;
        let packages = published.packages(&bytes)?;
        for (package, texts) in &packages {
            let place = folder.join(published.wasi).join(package);
            write(&place, texts)?;
            for (other, texts) in packages.iter().filter(|(other, _)| *other != package) {
                write(&place.join("deps").join(other), texts)?;
            }
        }
    }
    Ok(())
}

impl Published {
    /// The archive, which must be the pinned one.
    fn bytes(&self) -> Result<Vec<u8>, String> {
        let path = archive(self.name, self.version)?;
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        match sha256(&bytes) {
            found if found == self.sha256 => Ok(bytes),
            found => Err(format!("{} {}: SHA-256 {} expected, {found} found", self.name, self.version, self.sha256)),
        }
    }

    /// WASI's packages in an archive, all of the version it is here for.
    fn packages(&self, archive: &[u8]) -> Result<BTreeMap<String, Texts>, String> {
        let broken = |e: std::io::Error| format!("WASI {}: {e}", self.wasi);
        let mut packages: BTreeMap<String, Texts> = BTreeMap::new();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive));
        for entry in tar.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let path = PathBuf::from(within(&entry.path().map_err(broken)?));
            let Ok(inside) = path.strip_prefix("wit/deps") else { continue };
            let (Some(package), Some(file)) = (inside.iter().next(), inside.file_name()) else { continue };
            if inside.extension().is_some_and(|ending| ending == "wit") {
                let package = Path::new(package).file_stem().unwrap_or(package).to_string_lossy();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(broken)?;
                packages.entry(package.into_owned()).or_default().insert(file.to_string_lossy().into_owned(), bytes);
            }
        }
        match packages.is_empty() {
            true => Err(format!("WASI {}: nothing of it in the archive", self.wasi)),
            false => Ok(packages),
        }
    }
}

fn write(folder: &Path, texts: &Texts) -> Outcome {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    texts.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes)).map_err(failed)
}
