//! What resolving a project would read, as one digest: for who remembers what came of it.
//!
//! Two projects with the same digest and the same manifest resolve alike. It covers which place of WIT each component
//! has, which packages lie there and which files are theirs, and what all of them hold.

use std::path::{Path, PathBuf};

use blake3::{Hash, Hasher};
use indexmap::IndexSet;

use super::{
    locate,
    read::{Reader, Source},
};
use crate::{language::Language, manifest::Origin, project::Project};

/// The digest of all that [`resolve`](super::resolve) reads besides the manifest. `known` gives a finished component's.
///
/// `None` where something cannot be read: then resolving tells what.
pub fn inputs(project: &Project, known: &mut dyn FnMut(&Path) -> Option<Hash>) -> Option<Hash> {
    let mut hasher = Hasher::new();
    let mut places: IndexSet<PathBuf> = IndexSet::new();
    for (name, component) in &project.manifest.components {
        add(&mut hasher, name.as_bytes());
        // Told from the files beside it where the manifest does not say.
        add(&mut hasher, component.language.map_or("", Language::name).as_bytes());
        match &component.origin {
            Origin::Source(source) => match locate(project, component, &source.value).ok()? {
                Some(place) => {
                    add(&mut hasher, place.as_os_str().as_encoded_bytes());
                    places.insert(place);
                }
                None => add(&mut hasher, b""),
            },
            Origin::Wasm(path) => {
                let file = Reader::new(&project.root).inside(&path.value).ok()?;
                add(&mut hasher, known(&file)?.as_bytes());
            }
        }
    }
    for place in &places {
        let mut reader = Reader::new(&project.root);
        for package in reader.places(place).ok()? {
            for file in &package.files {
                add(&mut hasher, file.strip_prefix(&project.root).unwrap_or(file).as_os_str().as_encoded_bytes());
            }
            match reader.source(&package).ok()? {
                Source::Text(texts) => texts.iter().for_each(|text| add(&mut hasher, text.text.as_bytes())),
                Source::Encoded { bytes, .. } => add(&mut hasher, &bytes),
            }
        }
        // Where the next place begins.
        add(&mut hasher, b"");
    }
    Some(hasher.finalize())
}

/// With its length, so that no two lists of texts are the same bytes.
fn add(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_change_of_what_is_read_is_another_digest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "mosaic.toml",
            "[app]\nname = \"a:b\"\n[components.one]\nsource = \"one\"\nlanguage = \"rust\"\n\
             [components.two]\nsource = \"two\"\n[components.done]\nwasm = \"done.wasm\"\n",
        );
        write("one/src.rs", "");
        write("two/go.mod", "module two");
        write("done.wasm", "first");
        write("wit/one.wit", "package a:b; world one { import c:d/e; }");
        write("wit/deps/c/d.wit", "package c:d; interface e {}");
        let digest = || {
            let project = Project::load(&root.join("mosaic.toml"), None).unwrap();
            inputs(&project, &mut |file| Some(blake3::hash(&fs::read(file).unwrap())))
        };
        let mut seen = vec![digest()];
        let mut changed = |what: &str| {
            let now = digest();
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        write("wit/one.wit", "package a:b; world one { import c:d/e; }\n");
        changed("a text");
        write("wit/deps/c/d.wit", "package c:d; interface e { f: func(); }");
        changed("a text of a dependency");
        write("wit/two.wit", "");
        changed("a file more");
        fs::rename(root.join("wit/two.wit"), root.join("wit/three.wit")).unwrap();
        changed("a file's name");
        write("wit/deps/f.wit", "package f:f;");
        changed("a package more");
        fs::remove_file(root.join("two/go.mod")).unwrap();
        write("two/package.json", "{}");
        changed("the language of a source");
        write("done.wasm", "second");
        changed("a finished component");
        write("two/wit/two.wit", "package a:two; world two {}");
        changed("a component's own WIT");
        // What resolving refuses has no digest.
        fs::create_dir(root.join("wit/deps/empty")).unwrap();
        changed("a package without files");
        assert_eq!(seen.last(), Some(&None));
        fs::remove_dir(root.join("wit/deps/empty")).unwrap();
        assert_eq!(digest(), seen[seen.len() - 2]);
    }
}
