//! What changed between two versions of some WIT, or of a component, and what that breaks.
//!
//! 1. Both sides are walked side by side ([`diff`]): each change is a row of the table of [`rules`].
//! 2. Worlds are compared once more, as an engine does when it instantiates a component ([`super::fits`]): which components run
//!    where.
//! 3. Levels are set, accepted findings marked ([`settings`]), and the version number is held against what the changes
//!    ask for ([`version`]): what it allows for does not fail the check.
//!
//! Invariants: all changes are told, each once, with both places; the verdict never contradicts what an engine says
//! (tests hold it against `wit_component::semver_check` and `targets`); same inputs, same findings in the same order.

mod diff;
mod finding;
pub mod rules;
mod settings;
mod version;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;
use wit_parser::{Resolve, Span, WorldId};

use self::{
    diff::{Change, Diff, Pair},
    rules::{VERSION_DECREASED, VERSION_GIVEN, VERSION_LEFT_OUT, VERSION_TOO_SMALL},
};
pub use self::{
    finding::{At, Finding, Item, Root, Spot, Standing},
    rules::{Bump, Party, Rule},
    settings::Settings,
    version::{Step, Verdict, next},
};
use super::{fits, levels::Level};
use crate::{
    diagnostic::{Diagnose, Problem},
    resolve::{Subject, Wit},
};

/// All that came of a comparison.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "comparison")]
pub struct Compat {
    /// What was compared, as the caller named it.
    pub old: String,
    pub new: String,
    pub findings: Vec<Finding>,
    /// One for each package on both sides that is the subject.
    pub verdicts: Vec<Verdict>,
    pub worlds: Vec<WorldFit>,
    /// Accepted findings that were not found.
    pub stale: Vec<String>,
}

/// Which components run where, going by the two versions of a world alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct WorldFit {
    /// `acme:shop/api`.
    pub world: String,
    /// Whether components built for the old world run on hosts of the new.
    pub old_on_new: bool,
    /// Whether components built for the new world run on hosts of the old.
    pub new_on_old: bool,
}

/// Two things that are no versions of each other.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{component}` is a component and `{wit}` is WIT: they are no two versions of one thing")]
    Mixed { component: String, wit: String },
}

impl Compat {
    /// Whether nothing found keeps the check from passing.
    pub fn passed(&self) -> bool {
        !self.findings.iter().any(Finding::fails)
    }

    /// What the changes that count ask of the version number.
    pub fn needed(&self) -> Option<Bump> {
        self.verdicts.iter().filter_map(|verdict| verdict.needed).max()
    }
}

/// The JSON schema of a comparison, as text.
pub fn schema_text() -> String {
    format!("{:#}\n", schemars::schema_for!(Compat).to_value())
}

/// Compares two versions.
pub fn compare(old: &Wit, new: &Wit, settings: &Settings) -> Result<Compat, Error> {
    let mut diff = Diff::new(&old.resolve, &new.resolve);
    let (pairs, worlds) = match (&old.subject, &new.subject) {
        (Subject::Packages(a), Subject::Packages(b)) => {
            let pairs = diff.packages(a, b);
            diff.unstable(&pairs, old.unstable.as_deref(), new.unstable.as_deref());
            let worlds = world_fits(&diff, &pairs);
            (pairs, worlds)
        }
        (Subject::Component(a), Subject::Component(b)) => {
            diff.components(*a, *b);
            (Vec::new(), Vec::new())
        }
        (Subject::Component(_), Subject::Packages(_)) => {
            return Err(Error::Mixed { component: old.name.clone(), wit: new.name.clone() });
        }
        (Subject::Packages(_), Subject::Component(_)) => {
            return Err(Error::Mixed { component: new.name.clone(), wit: old.name.clone() });
        }
    };
    let places = Places::new(old, new, &pairs);
    let mut findings: Vec<_> = diff.changes.into_iter().map(|change| places.finding(change, settings)).collect();
    let verdicts = judge(old, new, &pairs, &mut findings, settings);
    let found: BTreeSet<_> = findings.iter().map(Finding::key).collect();
    let stale = settings.accepted.iter().filter(|key| !found.contains(*key)).cloned().collect();
    Ok(Compat { old: old.name.clone(), new: new.name.clone(), findings, verdicts, worlds, stale })
}

/// The truth about each world on both sides.
fn world_fits(diff: &Diff<'_>, pairs: &[Pair]) -> Vec<WorldFit> {
    let aligned = aligned(diff.old, diff.new, pairs);
    let mut worlds: Vec<(WorldId, WorldId)> = Vec::new();
    for pair in pairs {
        let of_package = diff.old.packages[pair.old].worlds.values();
        worlds.extend(of_package.filter_map(|old| Some((*old, *diff.worlds.get(old)?))));
    }
    let mut verdicts = Vec::new();
    for (a, b) in worlds {
        let unfit = fits::unfit((diff.old, a), (&aligned, b));
        let item = diff.world_item(a);
        let world = match &item.root {
            Root::World(name) => name.clone(),
            root => root.to_string(),
        };
        let new_on_old = fits::unfit((&aligned, b), (diff.old, a)).is_empty();
        verdicts.push(WorldFit { world, old_on_new: unfit.is_empty(), new_on_old });
    }
    verdicts
}

/// Gives the new side the versions of the old where a package is the subject: whether a change fits does not depend on
/// the number it comes under.
fn aligned(old: &Resolve, new: &Resolve, pairs: &[Pair]) -> Resolve {
    let mut aligned = new.clone();
    for &Pair { old: from, new: to } in pairs {
        aligned.packages[to].name.version.clone_from(&old.packages[from].name.version);
    }
    aligned
}

/// Holds each version against the changes of its package, and marks those that the version allows for.
fn judge(old: &Wit, new: &Wit, pairs: &[Pair], findings: &mut Vec<Finding>, settings: &Settings) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut more = Vec::new();
    let subjects: HashMap<String, ()> =
        pairs.iter().map(|pair| (diff::base(&old.resolve.packages[pair.old]), ())).collect();
    for pair in pairs {
        let (from, to) = (&old.resolve.packages[pair.old], &new.resolve.packages[pair.new]);
        let package = diff::base(from);
        // What is in none of the subjects is everyone's.
        let concerns = |finding: &Finding| match finding.item.root.package() {
            Some(name) => name == package || !subjects.contains_key(name),
            None => true,
        };
        let counts = |finding: &&Finding| {
            let is_off = settings.level(finding.rule) == Some(Level::Allow);
            concerns(finding) && finding.standing != Standing::Accepted && !is_off
        };
        let needed = findings.iter().filter(counts).map(|finding| finding.rule.bump).max();
        let versions = (from.name.version.clone(), to.name.version.clone());
        let verdict = Verdict::new(package.clone(), versions.0, versions.1, needed);
        for finding in findings.iter_mut().filter(|finding| finding.standing == Standing::Open) {
            let is_set = settings.level(finding.rule) == Some(Level::Deny);
            if concerns(finding) && !is_set && verdict.covers(finding.rule.bump) {
                finding.standing = Standing::Covered;
            }
        }
        more.extend(version_change(&verdict));
        verdicts.push(verdict);
    }
    let places = Places::new(old, new, pairs);
    findings.extend(more.into_iter().map(|change| places.finding(change, settings)));
    verdicts
}

/// What is to be told of the version itself. A change that asks for a patch alone is no lie yet.
fn version_change(verdict: &Verdict) -> Option<Change> {
    let item = Item::of(Root::Package(verdict.package.clone()));
    let text = |version: &Option<semver::Version>| version.as_ref().map(ToString::to_string);
    let (old, new) = (text(&verdict.old), text(&verdict.new));
    let (rule, old, new) = match (verdict.step, &verdict.old, &verdict.new) {
        (Step::Decreased, ..) => (&VERSION_DECREASED, old, new),
        (Step::TooSmall, ..) if verdict.needed > Some(Bump::Patch) => {
            let (chosen, honest) = (new.unwrap_or_default(), text(&verdict.honest).unwrap_or_default());
            (&VERSION_TOO_SMALL, old, Some(format!("{chosen} is too small, this needs {honest}")))
        }
        (Step::Unversioned, Some(_), None) => (&VERSION_LEFT_OUT, old, None),
        (Step::Unversioned, None, Some(_)) => (&VERSION_GIVEN, None, new),
        _ => return None,
    };
    Some(Change { rule, item, old, new, note: None, at: (Span::default(), Span::default()) })
}

/// Looks up where spans are.
struct Places<'a> {
    old: &'a Wit,
    new: &'a Wit,
    /// Packages that have another name now.
    renamed: HashMap<String, String>,
}

impl Places<'_> {
    fn new<'a>(old: &'a Wit, new: &'a Wit, pairs: &[Pair]) -> Places<'a> {
        let names =
            |pair: &Pair| (diff::base(&old.resolve.packages[pair.old]), diff::base(&new.resolve.packages[pair.new]));
        let renamed = pairs.iter().map(names).filter(|(old, new)| old != new).collect();
        Places { old, new, renamed }
    }

    fn finding(&self, change: Change, settings: &Settings) -> Finding {
        let Change { rule, item, old, new, note, at } = change;
        let mut finding = Finding {
            rule,
            level: settings.level(rule).unwrap_or(rule.level),
            standing: Standing::Open,
            item,
            old,
            new,
            note,
            old_at: Spot::of(self.old, &self.old.resolve, at.0),
            new_at: Spot::of(self.new, &self.new.resolve, at.1),
        };
        // What is said of a package as a whole, and what one side has not of it, stands where it is named, of which no
        // parser keeps the place.
        if let (true, Some(package)) = (finding.item.path.is_empty(), finding.item.root.package()) {
            finding.old_at = finding.old_at.or_else(|| Spot::of_packages(self.old).remove(package));
            let now = self.renamed.get(package).map_or(package, String::as_str);
            finding.new_at = finding.new_at.or_else(|| Spot::of_packages(self.new).remove(now));
        }
        if settings.accepted.contains(&finding.key()) {
            finding.standing = Standing::Accepted;
        }
        finding
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let Error::Mixed { component, .. } = self;
        let help = format!("`cargo mosaic check --world WORLD {component}` tells whether a component fits a world");
        vec![Problem::error("compat::mixed", self.to_string()).help(help)]
    }
}
