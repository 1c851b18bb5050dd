//! What the parts leave to the host, as the app's imports.
//!
//! 1. One import for each semver track, in the highest version wanted; and one for each group of parts that are granted
//!    different things of its family ([`super::apart`]), under a label of its own.
//! 2. Where an interface that is kept apart has resources of its own, its types are one import for all.
//! 3. All interfaces of one package are imported in one version, the highest in use: of two versions of a package, each
//!    using types of the other, WIT could not speak.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;
use semver::Version;

use super::{
    apart::{self, Apart, Carries},
    capability::Standing,
    graph::{HostImport, Wanted},
};
use crate::compare::Name;

/// Imports of the app in the making.
#[derive(Default)]
pub(super) struct HostImports {
    imports: IndexMap<Key, HostImport>,
    labels: HashSet<String>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    /// The import's semver track; where its name is a label, that and the track of what it implements.
    track: (String, Option<String>),
    /// Of parts that are granted the same.
    group: Option<usize>,
}

/// An import of an instance.
pub(super) struct Asked<'a> {
    pub by: &'a str,
    /// Its name, which may be a label for the interface that it implements.
    pub import: &'a str,
    pub implements: Option<&'a str>,
    pub standing: Standing,
}

impl HostImports {
    /// Leaves an import to the host.
    pub fn add(&mut self, asked: &Asked<'_>, apart: &Apart<'_>) {
        let group = match asked.standing {
            Standing::Granted(family) => apart.group(family, asked.by),
            _ => None,
        };
        if asked.implements.is_some() {
            // Its resources are its own: it is apart already.
            return self.insert(asked, group, Some(asked.import.to_owned()));
        }
        let label = || Some(label(asked.by, asked.import));
        match (group, apart::carries(&Name::new(asked.import))) {
            (Some(_), Some(Carries::Whole)) => self.insert(asked, group, label()),
            (Some(_), Some(Carries::Resources)) => {
                self.insert(&Asked { standing: Standing::Values, ..*asked }, None, None);
                self.insert(asked, group, label());
            }
            // What is not known is refused later.
            _ => self.insert(asked, None, None),
        }
    }

    fn insert(&mut self, asked: &Asked<'_>, group: Option<usize>, label: Option<String>) {
        let name = Name::new(asked.import);
        let track = (name.canonical(), asked.implements.map(|implements| Name::new(implements).canonical()));
        let labels = &mut self.labels;
        let entry = self.imports.entry(Key { track, group }).or_insert_with(|| HostImport {
            import: asked.import.to_owned(),
            label: label.map(|label| free(labels, label, asked)),
            wanted_by: Vec::new(),
            near: Vec::new(),
        });
        if Name::new(&entry.import).semver() < name.semver() {
            entry.import = asked.import.to_owned();
        }
        entry.wanted_by.push(Wanted { by: asked.by.to_owned(), standing: asked.standing });
    }

    /// All of them, in the order in which they were added.
    pub fn settled(self) -> Vec<HostImport> {
        let mut imports: Vec<HostImport> = self.imports.into_values().collect();
        let mut highest: BTreeMap<(String, String), Version> = BTreeMap::new();
        for import in &imports {
            if let Some((package, version)) = package(&import.import) {
                let known = highest.entry(package).or_insert_with(|| version.clone());
                *known = version.max(known.clone());
            }
        }
        for import in &mut imports {
            if let Some(version) = package(&import.import).and_then(|(package, _)| highest.get(&package)) {
                import.import = format!("{}@{version}", Name::new(&import.import).base);
            }
        }
        imports
    }
}

/// The package on its track, and the version.
fn package(import: &str) -> Option<((String, String), Version)> {
    let name = Name::new(import);
    Some(((name.package()?.to_owned(), name.track()?.to_owned()), name.semver()?))
}

/// `auth-keyvalue-store` for the store of the part `auth`: words that begin with a letter.
fn label(part: &str, interface: &str) -> String {
    let base = Name::new(interface).base;
    let base = base.split_once(':').map_or(base, |(_, rest)| rest);
    let words = [part, base].into_iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    let words =
        words.filter(|word| !word.is_empty()).map(|word| match word.starts_with(|c: char| c.is_ascii_digit()) {
            true => format!("n{word}"),
            false => word.to_ascii_lowercase(),
        });
    words.collect::<Vec<_>>().join("-")
}

/// The label, or one like it that no other import has.
fn free(labels: &mut HashSet<String>, label: String, asked: &Asked<'_>) -> String {
    let mut label = label;
    if labels.contains(&label) {
        let interface = asked.implements.unwrap_or(asked.import);
        let track: String =
            Name::new(interface).track().unwrap_or_default().split(|c: char| !c.is_ascii_alphanumeric()).collect();
        label = match asked.implements {
            Some(_) => self::label(asked.by, asked.import),
            None => format!("{label}-v{}", track.to_ascii_lowercase()),
        };
    }
    while !labels.insert(label.clone()) {
        label.push('x');
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(asked: &[(&str, &str)]) -> Vec<String> {
        let mut imports = HostImports::default();
        for (by, import) in asked {
            let asked = Asked { by, import, implements: None, standing: Standing::Always };
            imports.add(&asked, &Apart::default());
        }
        imports.settled().into_iter().map(|host| host.import).collect()
    }

    #[test]
    fn a_package_is_imported_in_one_version() {
        let found = imports(&[
            ("a", "wasi:http/types@0.2.3"),
            ("a", "wasi:io/streams@0.2.0"),
            ("b", "wasi:http/outgoing-handler@0.2.6"),
            ("b", "wasi:http/types@0.3.0"),
            ("b", "wasi:io/streams@0.2.1"),
            ("b", "wasi:logging/logging"),
        ]);
        assert_eq!(
            found,
            [
                "wasi:http/types@0.2.6",
                "wasi:io/streams@0.2.1",
                "wasi:http/outgoing-handler@0.2.6",
                "wasi:http/types@0.3.0",
                "wasi:logging/logging"
            ]
        );
    }

    #[test]
    fn labels_are_words_and_never_the_same() {
        assert_eq!(label("auth", "wasi:keyvalue/store@0.2.0-draft"), "auth-keyvalue-store");
        assert_eq!(label("My_part.2", "wasi:cli/environment"), "my-part-n2-cli-environment");
        let mut labels = HashSet::new();
        let mut free = |import: &str, implements: Option<&str>| {
            let asked = Asked { by: "a", import, implements, standing: Standing::Always };
            let preferred = if implements.is_some() { import.to_owned() } else { label("a", import) };
            super::free(&mut labels, preferred, &asked)
        };
        assert_eq!(free("wasi:filesystem/preopens@0.2.0", None), "a-filesystem-preopens");
        assert_eq!(free("wasi:filesystem/preopens@0.3.0", None), "a-filesystem-preopens-v03");
        assert_eq!(free("hot", Some("wasi:keyvalue/store")), "hot");
        assert_eq!(free("hot", Some("wasi:config/store")), "a-hot");
        assert_eq!(free("hot", Some("wasi:config/store")), "a-hotx");
    }
}
