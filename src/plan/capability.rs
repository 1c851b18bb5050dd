//! What an interface of the host lets a part reach, and whether the part is granted it.
//!
//! Grants are given by part and family ([`Grants`]); which interface belongs to which family is one table, [`REACH`].
//! What it does not name can be granted by nobody: an interface of WASI that is in no row is closed to every part,
//! unless the user leaves it to the host by name (`open`).
//!
//! An interface of nothing but plain types reaches nothing, whoever it belongs to. What is closed is met by a denial
//! ([`super::graph::Denial`]) rather than by the host.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    compare::Name,
    manifest::{Family, Granted, Manifest},
};

/// What the parts of an app are granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub enum Grants {
    /// Nobody has said, so nothing is closed: whoever runs the app decides.
    #[default]
    Unknown,
    /// By part. A part that is not among them is granted nothing.
    Known(BTreeMap<String, BTreeSet<Family>>),
}

impl Grants {
    /// What a manifest grants its components.
    pub fn from_manifest(manifest: &Manifest) -> Grants {
        let families = |granted: &Granted| match granted {
            Granted::Family(family) => Some(*family),
            Granted::Named(name) => Some(manifest.grants.get(name)?.family()),
        };
        let parts = manifest.components.iter().map(|(name, component)| {
            (name.clone(), component.grants.iter().filter_map(|granted| families(&granted.value)).collect())
        });
        Grants::Known(parts.collect())
    }

    /// How an interface stands to a part that would have it from the host.
    pub(super) fn standing(&self, part: &str, interface: &Name<'_>, kind: Kind) -> Result<Standing, Closed> {
        let Grants::Known(parts) = self else { return Ok(Standing::Undecided) };
        let reach = REACH.iter().find(|(pattern, _)| matches(pattern, interface.base)).map(|(_, reach)| *reach);
        match reach {
            _ if kind == Kind::PlainTypes => Ok(Standing::Values),
            Some(Reach::Nothing) => Ok(Standing::Values),
            Some(Reach::Ambient) => Ok(Standing::Always),
            Some(Reach::Family(family)) if parts.get(part).is_some_and(|granted| granted.contains(&family)) => {
                Ok(Standing::Granted(family))
            }
            Some(Reach::Family(family)) => Err(Closed(Some(family))),
            None => Err(Closed(None)),
        }
    }
}

/// What a part knows of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Neither functions nor resources.
    PlainTypes,
    Functions,
}

/// Why an import may be left to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// No grants are known.
    Undecided,
    /// It reaches nothing outside the part: types, values, handles to what others have granted.
    Values,
    /// Clocks, random numbers, the standard streams and the end of the program: every part has them.
    Always,
    Granted(Family),
    /// The user leaves it to the host by name.
    Declared,
}

/// An interface that no grant of a part covers; the family that would, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed(pub Option<Family>);

/// What an interface lets a part reach.
#[derive(Debug, Clone, Copy)]
enum Reach {
    Nothing,
    /// Granted to every part.
    Ambient,
    /// Only where the family is granted.
    Family(Family),
}

/// By name without version, a `*` at the end standing for any rest; the first row that matches counts.
const REACH: &[(&str, Reach)] = &[
    ("wasi:io/*", Reach::Nothing),
    ("wasi:clocks/*", Reach::Ambient),
    ("wasi:random/*", Reach::Ambient),
    ("wasi:cli/stdin", Reach::Ambient),
    ("wasi:cli/stdout", Reach::Ambient),
    ("wasi:cli/stderr", Reach::Ambient),
    ("wasi:cli/terminal-*", Reach::Ambient),
    ("wasi:cli/exit", Reach::Ambient),
    ("wasi:cli/environment", Reach::Family(Family::Env)),
    ("wasi:filesystem/*", Reach::Family(Family::Filesystem)),
    ("wasi:sockets/*", Reach::Family(Family::Sockets)),
    // Requests, responses and their fields are values that an exported handler is given; what sends them is elsewhere.
    ("wasi:http/types", Reach::Nothing),
    ("wasi:http/*", Reach::Family(Family::Http)),
    ("wasi:keyvalue/*", Reach::Family(Family::KeyValue)),
    ("wasi:blobstore/*", Reach::Family(Family::BlobStore)),
    // Messages are values; what sends them is elsewhere.
    ("wasi:messaging/types", Reach::Nothing),
    ("wasi:messaging/*", Reach::Family(Family::Messaging)),
    ("wasi:logging/*", Reach::Family(Family::Logging)),
    ("wasi:config/*", Reach::Family(Family::Config)),
];

/// What an interface lets a part reach, by its name without version.
#[cfg(test)]
pub(super) fn family_of(interface: &str) -> Option<Family> {
    REACH.iter().find(|(pattern, _)| matches(pattern, interface)).and_then(|(_, reach)| match reach {
        Reach::Family(family) => Some(*family),
        Reach::Nothing | Reach::Ambient => None,
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(grants: &Grants, interface: &str) -> Result<Standing, Closed> {
        grants.standing("app", &Name::new(interface), Kind::Functions)
    }

    #[test]
    fn nothing_is_closed_while_nobody_has_said() {
        assert_eq!(standing(&Grants::Unknown, "wasi:filesystem/types@0.2.0"), Ok(Standing::Undecided));
    }

    #[test]
    fn a_part_without_grants_has_values_and_what_everybody_has() {
        let nothing = Grants::Known(BTreeMap::new());
        for (interface, expected) in [
            ("wasi:io/streams@0.2.6", Ok(Standing::Values)),
            ("wasi:http/types@0.2.6", Ok(Standing::Values)),
            ("wasi:clocks/monotonic-clock@0.2.6", Ok(Standing::Always)),
            ("wasi:cli/stdout@0.3.0", Ok(Standing::Always)),
            ("wasi:cli/terminal-stdin@0.2.6", Ok(Standing::Always)),
            ("wasi:cli/environment@0.2.6", Err(Closed(Some(Family::Env)))),
            ("wasi:filesystem/preopens@0.2.6", Err(Closed(Some(Family::Filesystem)))),
            ("wasi:sockets/ip-name-lookup@0.3.0", Err(Closed(Some(Family::Sockets)))),
            ("wasi:http/outgoing-handler@0.2.6", Err(Closed(Some(Family::Http)))),
            ("wasi:http/client@0.3.0", Err(Closed(Some(Family::Http)))),
            ("wasi:keyvalue/store", Err(Closed(Some(Family::KeyValue)))),
            ("wasi:logging/logging", Err(Closed(Some(Family::Logging)))),
            ("wasi:messaging/types@0.2.0-draft", Ok(Standing::Values)),
            ("wasi:messaging/producer@0.2.0-draft", Err(Closed(Some(Family::Messaging)))),
            ("wasi:nn/graph@0.2.0", Err(Closed(None))),
            ("wasi:config/store@0.2.0-rc.1", Err(Closed(Some(Family::Config)))),
            // Names that only begin like one of the rows.
            ("wasi:iota/x", Err(Closed(None))),
            ("wasi:cli/exits", Err(Closed(None))),
        ] {
            assert_eq!(standing(&nothing, interface), expected, "{interface}");
        }
        let plain = nothing.standing("app", &Name::new("wasi:filesystem/types@0.2.0"), Kind::PlainTypes);
        assert_eq!(plain, Ok(Standing::Values));
    }

    #[test]
    fn a_manifest_grants_by_name_and_by_family() {
        let text = "[app]\nname = \"a:b\"\n[components.app]\nwasm = \"a.wasm\"\ngrants = [\"visits\", \"env\"]\n\
            [components.lib]\nwasm = \"b.wasm\"\n[grants]\nvisits = { kv = \"visits\" }\nunused = { net = \"x:1\" }\n";
        let manifest = Manifest::parse(std::path::Path::new("/x/mosaic.toml"), text.to_owned()).expect("well-formed");
        let grants = Grants::from_manifest(&manifest);
        let expected =
            [("app".to_owned(), BTreeSet::from([Family::KeyValue, Family::Env])), ("lib".to_owned(), BTreeSet::new())];
        assert_eq!(grants, Grants::Known(BTreeMap::from(expected)));
        assert_eq!(standing(&grants, "wasi:keyvalue/batch"), Ok(Standing::Granted(Family::KeyValue)));
        assert_eq!(standing(&grants, "wasi:sockets/tcp@0.2.0"), Err(Closed(Some(Family::Sockets))));
    }
}
