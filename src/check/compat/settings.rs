//! What somebody decided about findings: other levels, and those accepted one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{Bump, Level, Rule, rule, rules};

/// How findings are weighed.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    levels: BTreeMap<&'static str, Level>,
    /// Keys of accepted findings ([`super::Finding::key`]).
    pub accepted: BTreeSet<String>,
}

/// No rule, and no group of rules, is called that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule {
    pub asked: String,
    pub near: Option<&'static str>,
}

/// Names for several rules at once.
const GROUPS: &[&str] = &["all", "major", "minor", "patch"];

impl Settings {
    /// Sets the level of a rule, or of all that ask for a bump (`major`, `minor`, `patch`), or of `all`. What is set
    /// later has the last word.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), UnknownRule> {
        let bump = [Bump::Major, Bump::Minor, Bump::Patch].into_iter().find(|bump| bump.word() == name);
        match (name, bump, rule(name)) {
            ("all", ..) => self.levels.extend(rules().map(|rule| (rule.id, level))),
            (_, Some(bump), _) => {
                self.levels.extend(rules().filter(|rule| rule.bump == bump).map(|rule| (rule.id, level)));
            }
            (_, None, Some(rule)) => drop(self.levels.insert(rule.id, level)),
            (_, None, None) => {
                let known = rules().map(|rule| rule.id).chain(GROUPS.iter().copied());
                let near = crate::diagnostic::closest(name, known);
                return Err(UnknownRule { asked: name.to_owned(), near });
            }
        }
        Ok(())
    }

    /// Adds accepted findings from a text: one key a line, `#` begins a comment.
    pub fn accept(&mut self, text: &str) {
        let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(line, _)| line).trim());
        self.accepted.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }

    /// The level set for a rule, if any.
    pub(super) fn level(&self, rule: &Rule) -> Option<Level> {
        self.levels.get(rule.id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let mut settings = Settings::default();
        settings.set("all", Level::Warn).unwrap();
        settings.set("minor", Level::Deny).unwrap();
        settings.set("compat::function-added", Level::Allow).unwrap();
        let level = |id| settings.level(rule(id).unwrap()).unwrap();
        assert_eq!(level("field-added"), Level::Warn);
        assert_eq!(level("method-added"), Level::Deny);
        assert_eq!(level("function-added"), Level::Allow);
        let unknown = Settings::default().set("function-remove", Level::Deny).unwrap_err();
        assert_eq!(unknown.near, Some("function-removed"));
    }

    #[test]
    fn accepted_findings_are_lines() {
        let mut settings = Settings::default();
        settings.accept("# known\n\nfunction-removed: function `f` of `a:b/c`  # gone for good\n");
        assert_eq!(settings.accepted.into_iter().collect::<Vec<_>>(), ["function-removed: function `f` of `a:b/c`"]);
    }
}
