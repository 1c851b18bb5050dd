//! What decides a unit's output, as one digest.
//!
//! 1. Mosaic's version and the digest of its own backends;
//! 2. the unit: component, language, WIT subset, world, profile, engine, snapshot, command, its folder's place in the project;
//! 3. the tools, as `Backend::tools` names them;
//! 4. every source file: its name relative to the source folder, and the digest of its content.
//!
//! There is no absolute path and no time in it: two checkouts that hold the same have the same fingerprints.

use std::{collections::BTreeMap, ffi::OsStr, path::PathBuf};

use blake3::{Hash, Hasher};

use super::sources::{Unreadable, relative, sources};
use crate::{build::backend::Unit, cache::digests::Digests};

/// Lock files that a language's own tool may write or complete while it builds.
const LOCKS: [&str; 3] = ["Cargo.lock", "go.mod", "go.sum"];

/// A unit's fingerprint, and the files it was taken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    pub hash: Hash,
    /// Name relative to the source folder → digest of the content.
    files: BTreeMap<PathBuf, Hash>,
}

impl Fingerprint {
    /// Whether nothing but lock files is different in `later`, which was taken of the same unit after a build: then what
    /// was built is a build of `later` too.
    pub fn became(&self, later: &Fingerprint) -> bool {
        let is_lock = |name: &PathBuf| LOCKS.iter().any(|lock| name.file_name() == Some(OsStr::new(lock)));
        let sources = |of: &Fingerprint| -> BTreeMap<PathBuf, Hash> {
            of.files.iter().filter(|(name, _)| !is_lock(name)).map(|(name, hash)| (name.clone(), *hash)).collect()
        };
        self.hash == later.hash || sources(self) == sources(later)
    }
}

/// The fingerprint of a unit, given its tools and the inputs outside its folder.
pub fn fingerprint(
    unit: &Unit,
    tools: &[String],
    outside: &[PathBuf],
    digests: &mut Digests,
) -> Result<Fingerprint, Unreadable> {
    let mut fields = Fields(Hasher::new());
    fields.add("mosaic", env!("CARGO_PKG_VERSION"));
    fields.add("backends", env!("MOSAIC_BACKENDS"));
    fields.add("component", &unit.part.name);
    fields.add("language", unit.language.name());
    fields.add("wit", &unit.wit);
    fields.add("world", &unit.world);
    fields.add("profile", unit.profile.name());
    fields.add("engine", unit.engine.as_deref().unwrap_or_default());
    fields.add("snapshot", [u8::from(unit.snapshot)]);
    fields.add("folder", relative(&unit.root, &unit.source).as_os_str().as_encoded_bytes());
    if let Some(command) = &unit.command {
        command.argv.value.iter().for_each(|arg| fields.add("arg", arg));
        fields.add("artifact", command.artifact.value.as_os_str().as_encoded_bytes());
    }
    tools.iter().for_each(|tool| fields.add("tool", tool));
    let mut files = BTreeMap::new();
    for (name, path) in sources(unit, outside)? {
        let digest = digests.digest(&path).map_err(|source| Unreadable { path, source })?;
        fields.add("file", name.as_os_str().as_encoded_bytes());
        fields.add("digest", digest.as_bytes());
        files.insert(name, digest);
    }
    Ok(Fingerprint { hash: fields.0.finalize(), files })
}

/// Named values, framed so that no two different sequences of them hash alike.
struct Fields(Hasher);

impl Fields {
    fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        for bytes in [name.as_bytes(), value.as_ref()] {
            self.0.update(&(bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{path::Path, sync::Arc};

    use wit_parser::Resolve;

    use super::*;
    use crate::{build::backend::Profile, language::Language, resolve::Part};

    /// A unit whose sources lie in `root/name`, with an empty world.
    pub(crate) fn unit(root: &Path, name: &str) -> Unit {
        let wit = "package test:empty;\nworld empty {}\n";
        let mut resolve = Resolve::default();
        let package = resolve.push_str("empty.wit", wit).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        Unit {
            part: Part { name: name.into(), language: Some(Language::Command), resolve: Arc::new(resolve), world },
            language: Language::Command,
            root: root.into(),
            source: root.join(name),
            wit: wit.into(),
            world: "test:empty/empty".into(),
            profile: Profile::Dev,
            command: None,
            engine: None,
            snapshot: false,
            work: root.join("target/mosaic/build").join(name),
            cargo_target: root.join("target/mosaic/build/cargo"),
        }
    }

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("part")).unwrap();
        std::fs::write(folder.path().join("part/a"), "one").unwrap();
        folder
    }

    fn taken(unit: &Unit, tools: &[&str]) -> Hash {
        let tools: Vec<String> = tools.iter().map(ToString::to_string).collect();
        let mut digests = Digests::load(&unit.work.join("files.json"));
        fingerprint(unit, &tools, &[], &mut digests).unwrap().hash
    }

    #[test]
    fn only_lock_files_may_appear_while_building() {
        let folder = project();
        let unit = unit(folder.path(), "part");
        let mut digests = Digests::load(&unit.work.join("files.json"));
        let mut take = || fingerprint(&unit, &[], &[], &mut digests).unwrap();
        let before = take();
        std::fs::write(unit.source.join("Cargo.lock"), "").unwrap();
        let locked = take();
        assert!(locked.hash != before.hash && before.became(&locked));
        std::fs::write(unit.source.join("b.rs"), "").unwrap();
        assert!(!before.became(&take()));
    }

    #[test]
    fn it_does_not_depend_on_the_place() {
        let (here, there) = (project(), project());
        assert_eq!(taken(&unit(here.path(), "part"), &[]), taken(&unit(there.path(), "part"), &[]));
    }

    #[test]
    fn everything_that_decides_the_output_changes_it() {
        let folder = project();
        let base = unit(folder.path(), "part");
        let was = taken(&base, &["rustc 1.96.0"]);
        assert_ne!(was, taken(&base, &["rustc 1.97.0"]));
        assert_ne!(was, taken(&Unit { profile: Profile::Release, ..base.clone() }, &["rustc 1.96.0"]));
        assert_ne!(was, taken(&Unit { wit: String::new(), ..base.clone() }, &["rustc 1.96.0"]));
        assert_ne!(was, taken(&Unit { world: "test:empty/other".into(), ..base.clone() }, &["rustc 1.96.0"]));
        assert_ne!(was, taken(&Unit { engine: Some("quickjs".into()), ..base.clone() }, &["rustc 1.96.0"]));
        assert_ne!(was, taken(&Unit { snapshot: true, ..base.clone() }, &["rustc 1.96.0"]));
        std::fs::write(folder.path().join("part/b"), "").unwrap();
        let more = taken(&base, &["rustc 1.96.0"]);
        assert_ne!(was, more);
        std::fs::write(folder.path().join("part/b"), "two").unwrap();
        assert_ne!(more, taken(&base, &["rustc 1.96.0"]));
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let folder = project();
        let base = unit(folder.path(), "part");
        assert_ne!(taken(&base, &["ab", "c"]), taken(&base, &["a", "bc"]));
        assert_ne!(taken(&base, &["ab"]), taken(&base, &["a", "b"]));
    }
}
