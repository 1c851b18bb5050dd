//! The rules as a page of documentation: `docs/rules.md`.

use std::fmt::Write as _;

use super::{Rule, rules};

/// The text of one rule for a terminal.
impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (level, bump) = (self.level.word(), self.bump.word());
        writeln!(f, "compat::{}: {}\n", self.id, self.sentence)?;
        writeln!(f, "{}\n", self.explanation)?;
        writeln!(f, "level    {level} unless set")?;
        writeln!(f, "bump     {bump}")?;
        writeln!(f, "concerns {}", self.whom())
    }
}

/// All rules as Markdown. `example` gives the texts of a rule's fixture, old and new.
pub fn page(example: impl Fn(&Rule) -> Option<(String, String)>) -> String {
    let mut page = "\
# Rules of `cargo mosaic check --against`

Written by `cargo xtask docs` from the table in `src/check/compat/rules`; do not edit.

Each rule has a level: `deny` fails the check, `warn` is told, `allow` is counted, and stands in the JSON of a
comparison. `-D`, `-W`, `-A` and `[check.rules]` set another. *Bump* is what the change asks of the version number, *concerns* who has to do something:
**callers** import what changed, **implementers** export it, **hosts** run the components of a world.

| rule | level | bump | concerns | |
|---|---|---|---|---|
"
    .to_owned();
    for rule in rules() {
        let (level, bump) = (rule.level.word(), rule.bump.word());
        let _ = writeln!(page, "| [`{0}`](#{0}) | {level} | {bump} | {1} | {2} |", rule.id, rule.whom(), rule.sentence);
    }
    for rule in rules() {
        let _ = write!(page, "\n## {}\n\n{}\n", rule.id, rule.explanation);
        if let Some((old, new)) = example(rule) {
            let _ = write!(page, "\n```wit\n// before\n{}\n\n// after\n{}\n```\n", old.trim_end(), new.trim_end());
        }
    }
    page
}
