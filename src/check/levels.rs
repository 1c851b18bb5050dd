//! What a finding of a rule does, and what somebody decided about that: for every table of rules alike.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// How much a finding of a rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Of no concern to the verdict.
    Allow,
    /// Told.
    Warn,
    /// Told, and the check does not pass.
    Deny,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }

    /// The level of that name.
    pub fn of(word: &str) -> Option<Level> {
        [Level::Allow, Level::Warn, Level::Deny].into_iter().find(|level| level.word() == word)
    }
}

/// A rule of one table.
pub trait Ruled: Copy + 'static {
    /// What stands before an id in a report: `compat` of `compat::field-added`.
    const TABLE: &'static str;
    /// Names for several rules at once, besides `all`.
    const GROUPS: &'static [&'static str];

    /// The table, in the order of the documentation.
    fn all() -> impl Iterator<Item = &'static Self>;

    fn id(&self) -> &'static str;

    /// One of [`Ruled::GROUPS`].
    fn group(&self) -> &'static str;

    /// Unless it is set.
    fn level(&self) -> Level;

    /// The rule of an id, with or without its table before it.
    fn named(id: &str) -> Option<&'static Self> {
        let bare = id.strip_prefix(Self::TABLE).and_then(|id| id.strip_prefix("::")).unwrap_or(id);
        Self::all().find(|rule| rule.id() == bare)
    }

    /// The same for who wants just one.
    fn known(id: &str) -> Result<&'static Self, UnknownRule> {
        Self::named(id).ok_or_else(|| UnknownRule {
            asked: id.to_owned(),
            near: crate::diagnostic::closest(id, Self::all().map(Self::id)),
        })
    }
}

/// No rule, and no group of rules, is called that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule {
    pub asked: String,
    pub near: Option<&'static str>,
}

/// Levels other than the rules' own.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels {
    set: BTreeMap<&'static str, Level>,
}

impl Levels {
    /// Sets the level of a rule, of a group, or of `all`. What is set later has the last word.
    pub fn set<R: Ruled>(&mut self, name: &str, level: Level) -> Result<(), UnknownRule> {
        let meant = R::all().filter(|rule| name == "all" || rule.group() == name).chain(R::named(name));
        let meant: Vec<_> = meant.map(|rule| (rule.id(), level)).collect();
        if !meant.is_empty() {
            self.set.extend(meant);
            return Ok(());
        }
        let known = R::all().map(R::id).chain(R::GROUPS.iter().copied()).chain(["all"]);
        Err(UnknownRule { asked: name.to_owned(), near: crate::diagnostic::closest(name, known) })
    }

    /// The level set for a rule, if any.
    pub fn of<R: Ruled>(&self, rule: &R) -> Option<Level> {
        self.set.get(rule.id()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{compat, lint},
        *,
    };

    /// Levels set one after the other, and what comes of them.
    fn of<R: Ruled>(set: &[(&str, Level)], id: &str) -> Option<Level> {
        let mut levels = Levels::default();
        set.iter().for_each(|(name, level)| levels.set::<R>(name, *level).unwrap());
        levels.of(R::named(id).unwrap())
    }

    #[test]
    fn the_last_word_counts() {
        use Level::{Allow, Deny, Warn};
        let set = [("all", Warn), ("minor", Deny), ("compat::function-added", Allow)];
        let level = |id| of::<compat::Rule>(&set, id);
        assert_eq!(
            (level("field-added"), level("method-added"), level("function-added")),
            (Some(Warn), Some(Deny), Some(Allow))
        );
        let set = [("docs", Deny), ("lint::undocumented-type", Allow)];
        let level = |id| of::<lint::Rule>(&set, id);
        assert_eq!(
            (level("unused-type"), level("undocumented-function"), level("undocumented-type")),
            (None, Some(Deny), Some(Allow))
        );
    }

    #[test]
    fn what_is_no_rule_is_told_with_the_nearest() {
        let near = |name| Levels::default().set::<compat::Rule>(name, Level::Deny).unwrap_err().near;
        assert_eq!(
            (near("function-remove"), near("majo"), near("zzz")),
            (Some("function-removed"), Some("major"), None)
        );
        assert_eq!(lint::Rule::known("unused-typ").unwrap_err().near, Some("unused-type"));
        // One table's rules are not another's.
        assert!(Levels::default().set::<lint::Rule>("compat::field-added", Level::Deny).is_err());
    }

    #[test]
    fn every_rule_is_in_a_group_and_no_group_is_a_rule() {
        fn holds<R: Ruled>() {
            assert!(R::all().all(|rule| R::GROUPS.contains(&rule.group())));
            assert!(R::GROUPS.iter().all(|group| R::named(group).is_none()));
        }
        holds::<compat::Rule>();
        holds::<lint::Rule>();
    }
}
