//! The rules: each a row of data with its id, what it says, whom it concerns and which bump it asks for.
//!
//! A rule named `field-removed` has its fixture in `fixtures/compat/field-removed/`, its line in `docs/rules.md`, and its
//! code, `compat::field-removed`, in every report. Ids are an API: they stand in manifests and lists of accepted findings.

use schemars::JsonSchema;
use serde::Serialize;

mod functions;
mod gates;
mod page;
mod types;
mod worlds;

pub use self::page::page;
use crate::check::levels::{Level, Ruled};

/// What a change asks of the version number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    Patch,
    Minor,
    Major,
}

/// Who has to change something because of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// Components that import what changed, and hosts that call an export.
    Callers,
    /// Components that export what changed, and hosts that provide an import.
    Implementers,
    /// Hosts of a world: whoever runs its components.
    Hosts,
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub id: &'static str,
    /// The id as problems carry it.
    #[serde(skip)]
    pub code: &'static str,
    /// Unless the manifest or the command line says another.
    pub level: Level,
    pub bump: Bump,
    /// Whom it breaks or, where it breaks nobody, whom it concerns; empty if nobody.
    pub concerns: &'static [Party],
    /// What happened, as a heading.
    pub sentence: &'static str,
    /// What happened to an item, to be put behind its name: `{old}` and `{new}` are the texts of both sides.
    #[serde(skip)]
    pub told: &'static str,
    /// Why it matters, and what to do instead.
    pub explanation: &'static str,
}

/// Declares rules as constants and a list of them all.
macro_rules! table {
    ($($name:ident $id:literal $level:ident $bump:ident [$($party:ident)*] $sentence:literal $told:literal $explanation:literal)*) => {
        $(pub(in crate::check::compat) static $name: super::Rule = super::Rule {
            id: $id,
            code: concat!("compat::", $id),
            level: $crate::check::levels::Level::$level,
            bump: super::Bump::$bump,
            concerns: &[$(super::Party::$party),*],
            sentence: $sentence,
            told: $told,
            explanation: $explanation,
        };)*
        pub(super) static ALL: &[&super::Rule] = &[$(&$name),*];
    };
}
use table;

pub(super) use self::{functions::*, gates::*, types::*, worlds::*};

/// Every rule, in the order of the documentation.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [worlds::ALL, functions::ALL, types::ALL, gates::ALL].into_iter().flatten().copied()
}

impl Ruled for Rule {
    const TABLE: &'static str = "compat";
    const GROUPS: &'static [&'static str] = &["major", "minor", "patch"];

    fn all() -> impl Iterator<Item = &'static Rule> {
        rules()
    }

    fn id(&self) -> &'static str {
        self.id
    }

    /// The bump that it asks for.
    fn group(&self) -> &'static str {
        self.bump.word()
    }

    fn level(&self) -> Level {
        self.level
    }
}

impl Bump {
    pub fn word(self) -> &'static str {
        match self {
            Bump::Patch => "patch",
            Bump::Minor => "minor",
            Bump::Major => "major",
        }
    }
}

impl Party {
    pub fn word(self) -> &'static str {
        match self {
            Party::Callers => "callers",
            Party::Implementers => "implementers",
            Party::Hosts => "hosts",
        }
    }
}

impl Rule {
    /// `callers and implementers`; `nobody`.
    pub fn whom(&self) -> String {
        match self.concerns {
            [] => "nobody".to_owned(),
            [one] => one.word().to_owned(),
            [most @ .., last] => {
                let most: Vec<_> = most.iter().map(|party| party.word()).collect();
                format!("{} and {}", most.join(", "), last.word())
            }
        }
    }

    /// Whether the change keeps something built against the old side from working with the new.
    pub fn breaks(&self) -> bool {
        self.bump == Bump::Major
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let ids: Vec<_> = rules().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    }

    #[test]
    fn what_breaks_somebody_is_denied_and_says_whom() {
        for rule in rules() {
            assert_eq!(rule.breaks(), rule.level == Level::Deny, "{}", rule.id);
            assert!(!rule.breaks() || !rule.concerns.is_empty(), "{}", rule.id);
        }
    }
}
