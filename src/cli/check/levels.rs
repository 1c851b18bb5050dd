//! Rules as said on the command line and in the manifest: their levels, and which to explain.

use std::sync::Arc;

use mosaic::{
    check::levels::{Level, Ruled, UnknownRule},
    diagnostic::{Problem, SourceFile},
    manifest::Spanned,
};

use super::super::Failure;

/// How findings are weighed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub struct Levels {
    /// Fail on a rule, on a group of rules, or on `all`
    #[arg(short = 'D', long, value_name = "RULE")]
    deny: Vec<String>,
    /// Tell of it and go on
    #[arg(short = 'W', long, value_name = "RULE")]
    warn: Vec<String>,
    /// Neither
    #[arg(short = 'A', long, value_name = "RULE")]
    allow: Vec<String>,
}

impl Levels {
    /// Says it to `set`; the stricter flag has the last word. `explain` is a command that lists the rules.
    pub fn apply(
        &self,
        explain: &str,
        mut set: impl FnMut(&str, Level) -> Result<(), UnknownRule>,
    ) -> Result<(), Failure> {
        let sets = [(&self.allow, Level::Allow), (&self.warn, Level::Warn), (&self.deny, Level::Deny)];
        let mut problems = Vec::new();
        for (names, level) in sets {
            problems.extend(names.iter().filter_map(|name| set(name, level).err()).map(|e| no_rule(&e, explain)));
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure(problems)) }
    }
}

/// The same from a table of the manifest.
pub fn from_manifest(
    table: &[(Spanned<String>, &'static str)],
    manifest: &Arc<SourceFile>,
    explain: &str,
    mut set: impl FnMut(&str, Level) -> Result<(), UnknownRule>,
) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for (rule, word) in table {
        if let Err(unknown) = set(&rule.value, Level::of(word).unwrap_or(Level::Deny)) {
            problems.push(no_rule(&unknown, explain).at(manifest, rule.span.clone(), "no such rule"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure(problems)) }
}

/// The rules that are asked for by `--explain`: one, or `all`.
pub fn asked<R: Ruled>(name: &str, explain: &str) -> Result<Vec<R>, Failure> {
    match name {
        "all" => Ok(R::all().copied().collect()),
        name => R::known(name).map(|rule| vec![*rule]).map_err(|unknown| Failure::of(no_rule(&unknown, explain))),
    }
}

fn no_rule(unknown: &UnknownRule, explain: &str) -> Problem {
    let problem = Problem::error("check::no-rule", format!("no rule is called `{}`", unknown.asked));
    match unknown.near {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("`{explain}` lists them")),
    }
}
