//! What could be said against WIT that is right: names, documentation, versions, what nobody uses, shapes that will be
//! regretted.
//!
//! 1. Every item of the subject's own packages is looked at, with what is `@unstable` in ([`items`]): its name
//!    ([`names`]), its comment ([`docs`]), its gates ([`gates`]), its types ([`shapes`]); then what has to do with
//!    what ([`unused`]), and what no parsed package keeps ([`texts`]).
//! 2. Levels are set, and what a comment allows is marked ([`allow`]).
//!
//! Invariants: what somebody else's packages say is no finding; a finding is told once, however many worlds include its
//! item; findings stand in the order of their places; the work is linear in the WIT.

mod allow;
mod docs;
mod finding;
mod gates;
mod items;
mod names;
pub mod rules;
mod shapes;
mod texts;
mod unused;

#[cfg(test)]
mod tests;

use serde::Serialize;

use self::items::Linter;
pub use self::{
    finding::Finding,
    rules::{Group, Rule},
};
use super::levels::{Level, Levels, UnknownRule};
use crate::{
    diagnostic::{Diagnose, Problem},
    resolve::{Subject, Wit},
};

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Lint {
    /// What was looked at, as the caller named it.
    pub subject: String,
    pub findings: Vec<Finding>,
}

impl Lint {
    /// Whether nothing found is denied.
    pub fn passed(&self) -> bool {
        self.told().all(|finding| finding.level < Level::Deny)
    }

    /// What is to be told: neither allowed by its level nor by a comment.
    pub fn told(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level > Level::Allow && !finding.allowed)
    }
}

/// A component has no WIT of its own to look at.
#[derive(Debug, thiserror::Error)]
#[error("`{subject}` is a component, whose WIT nobody wrote")]
pub struct Error {
    subject: String,
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let help =
            format!("name the WIT it was built from; `cargo mosaic inspect {}` shows what is in it", self.subject);
        vec![Problem::error("lint::component", self.to_string()).help(help)]
    }
}

/// How findings are weighed.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    levels: Levels,
}

impl Settings {
    /// Sets the level of a rule, of a [`Group`], or of `all`. What is set later has the last word.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), UnknownRule> {
        self.levels.set::<Rule>(name, level)
    }

    /// The level that counts.
    fn level(&self, rule: &Rule) -> Level {
        self.levels.of(rule).unwrap_or(rule.level)
    }
}

/// Looks at WIT.
pub fn lint(wit: &Wit, settings: &Settings) -> Result<Lint, Error> {
    let Subject::Packages(own) = &wit.subject else {
        return Err(Error { subject: wit.name.clone() });
    };
    let mut linter = Linter::new(wit, own);
    linter.items();
    linter.unused();
    linter.texts();
    let mut findings = linter.findings(settings);
    let stale = allow::mark(&mut findings, &linter);
    findings.extend(stale.into_iter().map(|found| linter.finding(found, settings)));
    finding::sort(&mut findings);
    Ok(Lint { subject: wit.name.clone(), findings })
}
