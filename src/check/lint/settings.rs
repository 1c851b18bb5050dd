//! What somebody decided about rules.

use std::collections::BTreeMap;

use super::rules::{Group, Rule, rule, rules};
use crate::check::compat::{Level, UnknownRule};

/// Levels other than the rules' own.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    levels: BTreeMap<&'static str, Level>,
}

impl Settings {
    /// Sets the level of a rule, of a [`Group`], or of `all`. What is set later has the last word.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), UnknownRule> {
        let group = Group::ALL.into_iter().find(|group| group.word() == name);
        let meant = rules().filter(|rule| name == "all" || Some(rule.group) == group).chain(rule(name));
        let meant: Vec<_> = meant.map(|rule| (rule.id, level)).collect();
        if !meant.is_empty() {
            self.levels.extend(meant);
            return Ok(());
        }
        let groups = Group::ALL.iter().map(|group| group.word());
        let near = crate::diagnostic::closest(name, rules().map(|rule| rule.id).chain(groups).chain(["all"]));
        Err(UnknownRule { asked: name.to_owned(), near })
    }

    /// The level that counts.
    pub(super) fn level(&self, rule: &Rule) -> Level {
        self.levels.get(rule.id).copied().unwrap_or(rule.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let mut settings = Settings::default();
        settings.set("all", Level::Warn).unwrap();
        settings.set("docs", Level::Deny).unwrap();
        settings.set("lint::undocumented-type", Level::Allow).unwrap();
        let level = |id| settings.level(rule(id).unwrap());
        assert_eq!(level("unused-type"), Level::Warn);
        assert_eq!(level("undocumented-function"), Level::Deny);
        assert_eq!(level("undocumented-type"), Level::Allow);
        assert_eq!(Settings::default().set("unused-typ", Level::Deny).unwrap_err().near, Some("unused-type"));
    }
}
