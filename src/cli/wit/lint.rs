//! `cargo mosaic wit lint`: what could be said against WIT that is right. Exit code 100 where a rule denies it.

use std::path::{Path, PathBuf};

use mosaic::{
    check::{
        formats::Task,
        levels::Level,
        lint::{self, Finding, Lint, Rule, Settings},
    },
    project::Project,
    resolve::{self, Wit},
};
use serde::Serialize;

use super::super::{
    Failure,
    check::{
        levels::{Levels, asked, from_manifest},
        reports::{Found, Wanted},
        shown,
    },
    exit::Exit,
    options::ProjectArgs,
    reporter::{Answer, Paint, Reporter, clean::line as clean},
};

const EXPLAIN: &str = "cargo mosaic wit lint --explain all";

/// Say what WIT will be regretted for: names, documentation, versions, what nobody uses, shapes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic wit lint                        the WIT of this project
  cargo mosaic wit lint wit lib/types.wit      a folder with its deps, and a file
  cargo mosaic wit lint -D docs -A plain-name  another level for a group of rules, and for one
  cargo mosaic wit lint --report sarif=lint.sarif
  cargo mosaic wit lint --explain names-alike  a rule, and what to do instead

Rules are named in groups: names, docs, versions, unused, shapes; `[check.lint]` of the manifest sets levels as well.
`// lint: allow(RULE) why` in the WIT allows it for the item that follows.
The exit code is 100 where a rule at level `deny` finds something.")]
pub struct Args {
    /// Files and folders of WIT, each a package; else the project's own
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Tell what a rule means; `all` lists them
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,
    #[command(flatten)]
    levels: Levels,
    /// Write a report: sarif, junit, github, markdown or json; to standard output without a file
    #[arg(long = "report", value_name = "FORMAT[=FILE]")]
    reports: Vec<Wanted>,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if let Some(name) = &args.explain {
        return explain(name, reporter);
    }
    let mut settings = Settings::default();
    let places = match args.paths.is_empty() {
        true => of_project(&args.project.load()?, &mut settings)?,
        false => args.paths.iter().map(|path| (path.clone(), path.clone())).collect(),
    };
    args.levels.apply(EXPLAIN, |name, level| settings.set(name, level))?;
    let mut found = Found::of(Task::Lint);
    let mut problems = Vec::new();
    for (place, shown) in places {
        match linted(&place, &shown, &settings) {
            Ok(lint) => {
                found.tell(lint.told().map(Finding::problem).collect(), reporter);
                reporter.answer(&Told { lint });
            }
            Err(failure) => problems.extend(failure.0),
        }
    }
    found.write(&args.reports, reporter)?;
    match (problems.is_empty(), found.failed()) {
        (false, _) => Err(Failure(problems)),
        (true, true) => Ok(Exit::Wanting),
        (true, false) => Ok(Exit::Done),
    }
}

fn linted(place: &Path, shown: &Path, settings: &Settings) -> Result<Lint, Failure> {
    Ok(lint::lint(&Wit::read(place, shown)?, settings)?)
}

/// The places of a project's WIT, with the names to show for them, and what its manifest says of rules.
fn of_project(project: &Project, settings: &mut Settings) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let manifest = &project.manifest;
    from_manifest(&manifest.check.lint, &manifest.source, EXPLAIN, |name, level| settings.set(name, level))?;
    let places = resolve::places(project)?.into_keys().map(|place| {
        let place = project.root.join(place);
        let name = shown(&place);
        (place, name)
    });
    Ok(places.collect())
}

fn explain(name: &str, reporter: &Reporter) -> Result<Exit, Failure> {
    reporter.answer(&Explained { rules: asked(name, EXPLAIN)? });
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Explained {
    rules: Vec<Rule>,
}

impl Answer for Explained {
    const REASON: &'static str = "lint-rules";

    fn text(&self, paint: Paint) -> String {
        match self.rules.as_slice() {
            [one] => one.to_string(),
            all => {
                let line = |rule: &Rule| {
                    let id = paint.strong(&format!("{:<24}", rule.id));
                    format!("{id} {:<5} {:<8} {}\n", rule.level.word(), rule.group.word(), rule.sentence)
                };
                all.iter().map(line).collect()
            }
        }
    }
}

/// What was found in a package, in short.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    lint: Lint,
}

impl Answer for Told {
    const REASON: &'static str = "lint";

    fn text(&self, paint: Paint) -> String {
        let count = |level: Level| self.lint.told().filter(|finding| finding.level == level).count();
        let allowed = self.lint.findings.iter().filter(|finding| finding.allowed).count();
        let counts =
            [(count(Level::Deny), "denied"), (count(Level::Warn), "to mind"), (allowed, "allowed by comments")];
        let counts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
        let verdict = match (self.lint.passed(), count(Level::Warn)) {
            (false, _) => paint.bad("not good enough"),
            (true, 0) => paint.good("good"),
            (true, _) => paint.wary("could be better"),
        };
        format!("{}: {verdict}{counts}\n", clean(&self.lint.subject))
    }
}
