//! What a rule found, as fields.

use serde::{Serialize, Serializer};

use super::rules::Rule;
use crate::{
    check::{
        compat::{Item, Spot},
        levels::Level,
    },
    diagnostic::Problem,
};

/// One thing that could be said against an item.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    #[serde(serialize_with = "id")]
    pub rule: &'static Rule,
    /// The rule's, or as set.
    pub level: Level,
    /// Whether a comment in the text allows it.
    pub allowed: bool,
    pub item: Item,
    /// What was found, where the item alone does not say it.
    pub detail: Option<String>,
    #[serde(skip)]
    pub at: Option<Spot>,
    /// What it has to do with.
    #[serde(skip)]
    pub other: Option<Spot>,
}

impl Finding {
    /// What is wrong, one sentence without a full stop.
    pub fn message(&self) -> String {
        format!("{} {}", self.item, self.filled(self.rule.told))
    }

    /// For reports: an error if it is denied, else a warning.
    pub fn problem(&self) -> Problem {
        let new = match self.level {
            Level::Deny => Problem::error(self.rule.code, self.message()),
            Level::Allow | Level::Warn => Problem::warning(self.rule.code, self.message()),
        };
        let problem = new.help(self.filled(self.rule.cure));
        let problem = match &self.at {
            Some(spot) => problem.at(&spot.source, spot.span.clone(), ""),
            None => problem,
        };
        match &self.other {
            Some(spot) => problem.see(&spot.source, spot.span.clone(), "the other"),
            None => problem,
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{it}", self.detail.as_deref().unwrap_or_default())
    }
}

/// In the order of the texts; those without a place first. What several worlds include is told once.
pub(super) fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by_cached_key(|finding| {
        let at = finding.at.as_ref().map(|at| (at.source.name.clone(), at.span.start));
        (at, finding.rule.id, finding.item.to_string())
    });
    findings.dedup_by(|b, a| a.at.is_some() && a.at == b.at && a.rule == b.rule && a.detail == b.detail);
}

fn id<S: Serializer>(rule: &&'static Rule, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(rule.id)
}
