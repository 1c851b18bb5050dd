//! What somebody decided about findings: other levels, and those accepted one by one.

use std::collections::BTreeSet;

use super::rules::Rule;
use crate::check::levels::{Level, Levels, UnknownRule};

/// How findings are weighed.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    levels: Levels,
    /// Keys of accepted findings ([`super::Finding::key`]).
    pub accepted: BTreeSet<String>,
}

impl Settings {
    /// Sets the level of a rule, or of all that ask for a bump (`major`, `minor`, `patch`), or of `all`. What is set
    /// later has the last word.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), UnknownRule> {
        self.levels.set::<Rule>(name, level)
    }

    /// Adds accepted findings from a text: one key a line, `#` begins a comment.
    pub fn accept(&mut self, text: &str) {
        let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(line, _)| line).trim());
        self.accepted.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }

    /// The level set for a rule, if any.
    pub(super) fn level(&self, rule: &Rule) -> Option<Level> {
        self.levels.of(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_findings_are_lines() {
        let mut settings = Settings::default();
        settings.accept("# known\n\nfunction-removed: function `f` of `a:b/c`  # gone for good\n");
        assert_eq!(settings.accepted.into_iter().collect::<Vec<_>>(), ["function-removed: function `f` of `a:b/c`"]);
    }
}
