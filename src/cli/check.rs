//! `cargo mosaic check`: does it hold together? Exit code 100 where it does not.

use std::path::{Path, PathBuf};

use mosaic::{
    check::{self, Finding, Report},
    diagnostic::{Level, Problem},
};
use serde::Serialize;

use super::{
    Failure,
    app::Opened,
    exit::Exit,
    options::{LockArgs, ProjectArgs},
    reporter::{Answer, Paint, Reporter},
};

/// Check that the parts of a project fit together, or that component files are valid
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic check                     manifest, WIT and wiring, and the app if it is built
  cargo mosaic check app.wasm            any component or core module, binary or text

No compiler is started. The exit code is 100 where something is found wanting.")]
pub struct Args {
    /// Files to look at, else the project
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let mut wanting = false;
    let files = match args.files.is_empty() {
        false => args.files,
        true => {
            let opened = Opened::new(&args.project, args.lock.looking(), reporter)?;
            if let Err(failure) = opened.plan() {
                reporter.problems(&failure.0);
                wanting = true;
            }
            let app = opened.project.layout.app(&opened.project.manifest.app.name.value);
            reporter.answer(&Wiring { fits: !wanting, parts: opened.resolution.components.len() });
            if app.exists() { vec![app] } else { Vec::new() }
        }
    };
    for file in &files {
        let report = look(file)?;
        report.findings.iter().for_each(|finding| reporter.problem(&problem(finding)));
        wanting |= !report.passed();
        reporter.answer(&Told { report });
    }
    Ok(if wanting { Exit::Wanting } else { Exit::Done })
}

fn look(file: &Path) -> Result<Report, Failure> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::of(Problem::error("check::unreadable", format!("could not read `{name}`")).because(error.to_string()))
    })?;
    Ok(check::validate(&name, &bytes)?)
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
}

impl Answer for Told {
    const REASON: &'static str = "check";

    fn text(&self, paint: Paint) -> String {
        let verdict = match (self.report.passed(), self.report.findings.len()) {
            (true, 0) => paint.good("valid"),
            (true, _) => paint.wary("valid, with warnings"),
            (false, _) => paint.bad("not valid"),
        };
        format!("{}: {verdict}\n", self.report.subject)
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
