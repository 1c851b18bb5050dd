//! What a check found, gathered, shown, and written in the forms that were asked for.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use mosaic::{
    check::{
        compat::{Compat, Finding, Standing, Step},
        formats::{Format, Place, Reported, Task},
        levels::Level,
    },
    diagnostic::{self, Problem},
    event::Event,
};
use serde::Serialize;

use super::{
    super::{
        app::write,
        reporter::{Answer, Paint, Reporter, clean::line as clean},
    },
    Failure,
};

/// Nobody reads more at once.
const TOLD: usize = 1_000;

/// One `--report FORMAT[=FILE]`.
#[derive(Debug, Clone)]
pub struct Wanted {
    format: Format,
    /// `None`: standard output.
    file: Option<PathBuf>,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Wanted, String> {
        let (word, file) = match text.split_once('=') {
            Some((word, "-")) => (word, None),
            Some((word, file)) => (word, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let known = Format::WORDS.iter().find(|(known, _)| *known == word);
        let words: Vec<_> = Format::WORDS.iter().map(|(word, _)| *word).collect();
        match known {
            Some((_, format)) => Ok(Wanted { format: *format, file }),
            None => Err(format!("no report is called `{word}`; there are {}", words.join(", "))),
        }
    }
}

/// Everything found so far.
#[derive(Default)]
pub struct Found {
    task: Task,
    pub problems: Vec<Problem>,
    pub compats: Vec<Compat>,
}

impl Found {
    pub fn of(task: Task) -> Found {
        Found { task, ..Found::default() }
    }

    pub fn failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.level == diagnostic::Level::Error)
    }

    /// Tells of problems at once, of the first thousand of them, and keeps all for the reports.
    pub fn tell(&mut self, problems: Vec<Problem>, reporter: &Reporter) {
        let told = problems.len().min(TOLD);
        reporter.problems(&problems[..told]);
        if told < problems.len() {
            let text = format!("{} more; `--report` writes all of them", problems.len() - told);
            reporter.event(Event::Note { verb: "Leaving out", text: &text });
        }
        self.problems.extend(problems);
    }

    /// Tells of a comparison: all that is neither allowed nor accepted. What the version covers is no more than a warning.
    pub fn compared(&mut self, compat: Compat, reporter: &Reporter) {
        let counts = |finding: &&Finding| finding.level > Level::Allow && finding.standing != Standing::Accepted;
        let told: Vec<_> = compat.findings.iter().filter(counts).map(Finding::problem).collect();
        self.tell(told, reporter);
        let stale = compat.stale.iter().map(|key| {
            let message = format!("the accepted finding `{key}` was not found");
            Problem::warning("compat::accepted-not-found", message).help("take it off the list")
        });
        self.tell(stale.collect(), reporter);
        reporter.answer(&Told { compat: &compat });
        self.compats.push(compat);
    }

    /// Writes every report that is wanted.
    pub fn write(&self, wanted: &[Wanted], reporter: &Reporter) -> Result<(), Failure> {
        let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
        let place = Place { here: &here, top: &top(&here) };
        let Found { task, problems, compats } = self;
        for Wanted { format, file } in wanted {
            let text = format.render(Reported { task: *task, problems, compats, place });
            match file {
                Some(path) => write(path, text.as_bytes())?,
                None => reporter.raw(text.as_bytes()),
            }
        }
        Ok(())
    }
}

/// The top of the repository that a folder is in; where it is in none, of the checkout that a workflow runs in.
fn top(here: &Path) -> PathBuf {
    let repository = here.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
    let workspace = || {
        let workspace = PathBuf::from(std::env::var_os("GITHUB_WORKSPACE")?).canonicalize().ok()?;
        here.starts_with(&workspace).then_some(workspace)
    };
    repository.or_else(workspace).unwrap_or_else(|| here.to_owned())
}

/// A comparison in short.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    compat: &'a Compat,
}

impl Answer for Told<'_> {
    const REASON: &'static str = "comparison";

    fn text(&self, paint: Paint) -> String {
        let compat = self.compat;
        let count =
            |wanted: &dyn Fn(&Finding) -> bool| compat.findings.iter().filter(|finding| wanted(finding)).count();
        let open = |finding: &Finding| finding.standing == Standing::Open;
        let denied = count(&|finding| finding.fails());
        let warned = count(&|finding| finding.level == Level::Warn && open(finding));
        let quiet = count(&|finding| finding.level == Level::Allow && open(finding));
        let covered = count(&|finding| finding.standing == Standing::Covered);
        let accepted = count(&|finding| finding.standing == Standing::Accepted);
        let counts = [
            (denied, "denied"),
            (warned, "to mind"),
            (quiet, "of no concern"),
            (covered, "covered by the version"),
            (accepted, "accepted"),
        ];
        let counts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let changes = match compat.findings.is_empty() {
            true => "no changes".to_owned(),
            false => counts.join(", "),
        };
        let verdict = if compat.passed() { paint.good("compatible") } else { paint.bad("not compatible") };
        let mut text = format!("{} -> {}: {verdict} ({changes})\n", clean(&compat.old), clean(&compat.new));
        for verdict in compat.verdicts.iter().filter(|verdict| verdict.needed.is_some()) {
            let version = |version: &Option<semver::Version>| {
                version.as_ref().map_or("no version".to_owned(), ToString::to_string)
            };
            let (new, honest) = (version(&verdict.new), version(&verdict.honest));
            let needed = verdict.needed.map_or("", mosaic::check::compat::Bump::word);
            let says = match verdict.step {
                Step::Fits => format!("{new} is enough: the changes are {needed}, and {honest} would do"),
                Step::TooSmall => format!("{new} is too small: the changes are {needed}, and this needs {honest}"),
                Step::Decreased => format!("{new} is less than {}", version(&verdict.old)),
                Step::Unversioned => format!("the changes are {needed}, and there is no version to say so"),
            };
            text += &format!("  {} {says}\n", paint.strong(&clean(&verdict.package)));
        }
        for world in compat.worlds.iter().filter(|world| !(world.old_on_new && world.new_on_old)) {
            let says = match (world.old_on_new, world.new_on_old) {
                (true, _) => "old components run on new hosts, new components not on old hosts",
                (false, true) => "new components run on old hosts, old components not on new hosts",
                (false, false) => "old components do not run on new hosts, nor new ones on old",
            };
            text += &format!("  {} {says}\n", paint.strong(&format!("world {}:", clean(&world.world))));
        }
        text
    }
}
