//! `cargo mosaic check`: does it hold together, and does it still hold with what was there before? Exit code 100 where
//! it does not.
//!
//! 1. Levels of rules: those of the manifest, then those of the command line.
//! 2. What is looked at: files, or the project. Each is validated, held against a world, or compared with a baseline.
//! 3. Everything found is told as it comes, and written as reports at the end.

mod baseline;
mod impact;
mod known;
pub mod levels;
mod project;
pub mod reports;

use std::path::{Path, PathBuf};

use blake3::Hash;
use mosaic::{
    cache::Home,
    check::{
        self, Finding, Report,
        compat::{Rule, Settings, compare},
    },
    diagnostic::{Level, Problem},
    resolve::{self, Wit},
};
use serde::Serialize;

use self::{
    baseline::Baseline,
    levels::{Levels, asked},
    reports::{Found, Wanted},
};
use super::{
    Failure,
    app::write,
    exit::Exit,
    options::{LockArgs, ProjectArgs},
    reporter::{Answer, Paint, Reporter, clean::line as clean},
};

/// Lists the rules.
const EXPLAIN: &str = "cargo mosaic check --explain all";

/// Check that the parts of a project fit together, that component files are valid, that nothing breaks
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic check                                 manifest, WIT and wiring, and the app if it is built
  cargo mosaic check --against git:main              the same, and what the project's WIT breaks since `main`
  cargo mosaic check --against acme:shop@1.0.0       the same since a release in a registry
  cargo mosaic check --against old.wit new.wit       two versions: files or folders of WIT, or components
  cargo mosaic check wit/ some.wasm                  WIT that resolves, components that are valid
  cargo mosaic check --world wasi:http/proxy@0.2.8   whether the app fits a world; `app.wasm` behind it: any component
  cargo mosaic check --impact new/wit                what a new version would do to the project's parts
  cargo mosaic check --explain field-added           a rule, and what to do instead

No compiler is started. The exit code is 100 where something is found wanting.")]
pub struct Args {
    /// Components, and files or folders of WIT; else the project
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The version that must not be broken: git:REV[:PATH], a package in a registry, a folder or file of WIT, a component
    #[arg(long, value_name = "OLD", visible_alias = "baseline")]
    against: Option<String>,
    /// Hold components, or the project's app, against a world: its full name, or FILE#NAME
    #[arg(long, value_name = "WORLD", conflicts_with = "against")]
    world: Option<String>,
    /// What a new version of a package (WIT), or of a part ([PART=]component), would do to the project, or to a FILE
    #[arg(long, value_name = "NEW", conflicts_with_all = ["against", "world"])]
    impact: Option<String>,
    /// Tell what a rule means; `all` lists them
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,
    #[command(flatten)]
    weighing: Weighing,
    /// Write a report: sarif, junit, github, markdown or json; to standard output without a file
    #[arg(long = "report", value_name = "FORMAT[=FILE]")]
    reports: Vec<Wanted>,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// What fails, and what is known and accepted.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
struct Weighing {
    #[command(flatten)]
    levels: Levels,
    /// Findings that are known and accepted, one a line
    #[arg(long, value_name = "FILE")]
    baseline_file: Option<PathBuf>,
    /// Write all that fails now to the file of accepted findings
    #[arg(long, requires = "baseline_file")]
    accept: bool,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if let Some(name) = &args.explain {
        return explain(name, reporter);
    }
    let mut found = Found::default();
    let looked = match (&args.impact, args.files.is_empty()) {
        (Some(new), _) => impact::impact_of(&args, new, &mut found, reporter),
        (None, true) => project::check(&args, &mut found, reporter),
        (None, false) => files(&args, &mut found, reporter),
    };
    // What was found is reported whatever could not be looked at.
    found.write(&args.reports, reporter)?;
    looked?;
    if args.weighing.accept {
        return accept(&args.weighing, &found, reporter);
    }
    Ok(if found.failed() { Exit::Wanting } else { Exit::Done })
}

/// The files named, all of them: validated, held against a world, or compared.
fn files(args: &Args, found: &mut Found, reporter: &Reporter) -> Result<(), Failure> {
    let settings = args.weighing.settings(Settings::default())?;
    let baseline = args.against.as_deref().map(Baseline::parse).transpose()?;
    let mut problems = Vec::new();
    for file in &args.files {
        let looked = match (&baseline, &args.world) {
            (Some(old), _) => compared_with(old, file, args, &settings, found, reporter),
            (None, Some(world)) => {
                fits_world(file, world, Path::new("")).map(|report| told(report, "fits the world", found, reporter))
            }
            (None, None) if is_wit(file) => {
                resolved(file, found, reporter);
                Ok(())
            }
            (None, None) => look(file).map(|report| told(report, "valid", found, reporter)),
        };
        problems.extend(looked.err().into_iter().flat_map(|failure| failure.0));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure(problems)) }
}

/// One place of WIT, or one component, with the version that must not be broken.
fn compared_with(
    baseline: &Baseline,
    place: &Path,
    args: &Args,
    settings: &Settings,
    found: &mut Found,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let Some(old) = baseline.read(place, &args.lock, reporter)? else {
        // What is there must hold together all the same.
        let new = shown(place);
        Wit::read(place, &new)?;
        let text = format!("{}: it was not there yet, so it can break nobody", new.display());
        reporter.event(mosaic::event::Event::Note { verb: "Skipping", text: &text });
        return Ok(());
    };
    compared(&old, place, settings, found, reporter)
}

fn compared(
    old: &Wit,
    place: &Path,
    settings: &Settings,
    found: &mut Found,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let new = Wit::read(place, &shown(place))?;
    found.compared(compare(old, &new, settings)?, reporter);
    Ok(())
}

/// As it is seen from here.
pub fn shown(place: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    place.strip_prefix(&here).unwrap_or(place).to_owned()
}

impl Weighing {
    /// What the command line says on top.
    fn settings(&self, mut settings: Settings) -> Result<Settings, Failure> {
        self.levels.apply(EXPLAIN, |name, level| settings.set(name, level))?;
        if let Some(file) = &self.baseline_file
            && (file.exists() || !self.accept)
        {
            settings.accept(&read_accepted(file)?);
        }
        Ok(settings)
    }
}

fn read_accepted(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        let message = format!("could not read the accepted findings in `{}`", file.display());
        let help = "`--accept` writes it";
        Failure::of(Problem::error("check::unreadable", message).because(error.to_string()).help(help))
    })
}

/// Writes what fails now, with what was accepted before and is still found.
fn accept(weighing: &Weighing, found: &Found, reporter: &Reporter) -> Result<Exit, Failure> {
    use mosaic::check::compat::Standing;
    let findings = found.compats.iter().flat_map(|compat| &compat.findings);
    let kept = findings.filter(|finding| finding.fails() || finding.standing == Standing::Accepted);
    let mut keys: Vec<_> = kept.map(mosaic::check::compat::Finding::key).collect();
    keys.sort();
    keys.dedup();
    let Some(file) = &weighing.baseline_file else { return Ok(Exit::Done) };
    let lines: String = keys.iter().map(|key| format!("{key}\n")).collect();
    write(file, format!("# Accepted findings of `cargo mosaic check`: one a line.\n{lines}").as_bytes())?;
    let text = format!("{} in {}", keys.len(), file.display());
    reporter.event(mosaic::event::Event::Note { verb: "Accepting", text: &text });
    Ok(Exit::Done)
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
    const REASON: &'static str = "rules";

    fn text(&self, paint: Paint) -> String {
        match self.rules.as_slice() {
            [one] => one.to_string(),
            all => all
                .iter()
                .map(|rule| {
                    format!(
                        "{} {:<5} {}\n",
                        paint.strong(&format!("{:<24}", rule.id)),
                        rule.level.word(),
                        rule.sentence
                    )
                })
                .collect(),
        }
    }
}

/// Holds a component against a world that is known by its name, or stands in a file, found from `here`.
fn fits_world(file: &Path, world: &str, here: &Path) -> Result<Report, Failure> {
    let name = file.display().to_string();
    let part = resolve::decode_part(&name, &read(file)?, None)?;
    let (offered, id) = match world.rsplit_once('#') {
        Some((place, name)) => {
            let wit = Wit::read(&here.join(place), Path::new(place))?;
            let id = wit.world(Some(name).filter(|name| !name.is_empty()))?;
            (wit.resolve, id)
        }
        None => Wit::of_world(world)?,
    };
    Ok(check::targets(&part, world, (&offered, id)))
}

fn is_wit(file: &Path) -> bool {
    file.is_dir() || (file.extension().is_some_and(|ending| ending == "wit") && file.exists())
}

/// Whether WIT holds together, with what it needs.
fn resolved(place: &Path, found: &mut Found, reporter: &Reporter) {
    match resolve::sound(place) {
        Ok((resolve, main)) => {
            let package = resolve.packages[main].name.to_string();
            reporter.answer(&Resolved { subject: place.display().to_string(), package });
            // The process is about to end: to give back so many small pieces would take as long as half of the work.
            std::mem::forget(resolve);
        }
        Err(error) => found.tell(mosaic::diagnostic::Diagnose::problems(&error), reporter),
    }
}

/// Validates a file; one whose bytes were found valid before is not looked at again.
fn look(file: &Path) -> Result<Report, Failure> {
    const VALID: &str = "valid";
    let (home, name) = (Home::from_env(), file.display().to_string());
    let key = |digest: Hash| blake3::hash(&[env!("MOSAIC_CHECKER").as_bytes(), digest.as_bytes()].concat()).to_string();
    let recalled = |digest: Hash| {
        let kept = home.get(VALID, &key(digest)).ok()??;
        Report::recalled(&name, &std::fs::read(kept).ok()?)
    };
    if let Some(report) = home.seen(file).and_then(recalled) {
        return Ok(report);
    }
    let (bytes, digest) = home.see(file).map_err(|error| unreadable(file, &error))?;
    if let Some(report) = recalled(digest) {
        return Ok(report);
    }
    let report = check::validate(&name, &bytes)?;
    if let Some(kept) = report.kept() {
        // A cache that cannot be written costs time, nothing else.
        let _ = home.put(VALID, &key(digest), &kept);
    }
    Ok(report)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let message = format!("could not read `{}`", file.display());
    Failure::of(Problem::error("check::unreadable", message).because(error.to_string()))
}

fn told(report: Report, well: &'static str, found: &mut Found, reporter: &Reporter) {
    found.tell(report.findings.iter().map(problem).collect(), reporter);
    reporter.answer(&Told { report, well });
}

fn problem(finding: &Finding) -> Problem {
    let message = format!("{}: {}", finding.subject, finding.message);
    let mut problem = match finding.level {
        Level::Error => Problem::error(finding.rule, message),
        Level::Warning => Problem::warning(finding.rule, message),
    };
    problem.causes.extend(finding.offset.map(|offset| format!("at byte {offset} (0x{offset:x})")));
    problem.help.extend(finding.help.iter().cloned());
    problem
}

/// What was found in a file.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    report: Report,
    /// What it is if nothing is wrong.
    #[serde(skip)]
    well: &'static str,
}

impl Answer for Told {
    const REASON: &'static str = "check";

    fn text(&self, paint: Paint) -> String {
        let verdict = match (self.report.passed(), self.report.findings.len()) {
            (true, 0) => paint.good(self.well),
            (true, _) => paint.wary(&format!("{}, with warnings", self.well)),
            (false, _) if self.well == "valid" => paint.bad("not valid"),
            (false, _) => paint.bad("does not fit the world"),
        };
        format!("{}: {verdict}\n", self.report.subject)
    }
}

/// What WIT there is at a place, which holds together.
#[derive(Serialize)]
struct Resolved {
    subject: String,
    package: String,
}

impl Answer for Resolved {
    const REASON: &'static str = "wit";

    fn text(&self, paint: Paint) -> String {
        format!("{}: {} ({})\n", clean(&self.subject), paint.good("valid"), clean(&self.package))
    }
}

/// Whether a project's parts can be wired.
#[derive(Serialize)]
struct Wiring {
    fits: bool,
    parts: usize,
}

impl Answer for Wiring {
    const REASON: &'static str = "wiring";

    fn text(&self, paint: Paint) -> String {
        let parts = if self.parts == 1 { "1 part".to_owned() } else { format!("{} parts", self.parts) };
        match self.fits {
            true => format!("{parts}: {}\n", paint.good("wired")),
            false => format!("{parts}: {}\n", paint.bad("cannot be wired")),
        }
    }
}
