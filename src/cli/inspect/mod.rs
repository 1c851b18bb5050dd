//! `cargo mosaic inspect`: what a component is, what it needs, what is inside, who made it and how large it is.
//!
//! 1. The file is read whole, once; a project stands for its app, a folder for the WIT in it.
//! 2. The library reads the sections that were asked for ([`mosaic::inspect`]).
//! 3. Each section has its text, in a file of its own here; without any, the overview is shown.
//!
//! Every string from a binary goes through [`table`] or `clean`: it may say anything and steer nothing.

mod graph;
mod overview;
mod table;
mod versions;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use mosaic::{
    diagnostic::Problem,
    inspect::{self, Inspection, Section},
};
use serde::Serialize;

use super::{
    Failure,
    exit::Exit,
    options::ProjectArgs,
    reporter::{Answer, Paint, Reporter, clean::lines as clean_lines},
};

/// Show what a component is, what it needs, how its parts are wired, and where its bytes go
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic inspect                     the project's app, as it was built
  cargo mosaic inspect some.wasm           any component or core module, whoever made it
  cargo mosaic inspect some.wasm --graph   who is inside, and who calls whom
  cargo mosaic inspect some.wasm --wit     its interface as WIT
  cargo mosaic inspect wit/ --wit          a WIT package")]
pub struct Args {
    /// Component or core module (binary or text), WIT file or folder, precompiled artifact; else the project's app
    file: Option<PathBuf>,
    #[command(flatten)]
    sections: Sections,
    /// How to show it; `json` is one document, whose schema `--schema` prints
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// Print the JSON schema of `--format json`, and nothing else
    #[arg(long)]
    schema: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

/// What to show; without any of these, an overview.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sections")]
struct Sections {
    /// The interface as WIT
    #[arg(long)]
    wit: bool,
    /// Who is inside, and who calls whom
    #[arg(long)]
    graph: bool,
    /// Which tools made what is inside
    #[arg(long)]
    producers: bool,
    /// Which versions of WIT packages there are, and who has them
    #[arg(long)]
    versions: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Sections {
    fn asked(&self) -> Vec<Section> {
        let flags = [
            (self.wit, Section::Wit),
            (self.graph, Section::Graph),
            (self.producers, Section::Producers),
            (self.versions, Section::Versions),
        ];
        flags.into_iter().filter_map(|(is_asked, section)| is_asked.then_some(section)).collect()
    }
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if args.schema {
        reporter.raw(inspect::schema_text().as_bytes());
        return Ok(Exit::Done);
    }
    let path = match args.file {
        Some(path) => path,
        None => app(&args.project)?,
    };
    let sections = args.sections.asked();
    let inspection = read(&path, &sections)?;
    if args.sections.wit && inspection.wit.is_none() {
        let problem = Problem::error("inspect::no-wit", format!("`{}` says no WIT", path.display()));
        let why = match inspection.overview.kind {
            inspect::model::Kind::Precompiled => "it is native code for one engine",
            _ => "it is a core module",
        };
        return Err(Failure::of(problem.because(why)));
    }
    let shown = Shown { file: path.display().to_string(), inspection, sections };
    match args.format {
        Format::Text => reporter.answer(&shown),
        Format::Json => reporter.raw(format!("{:#}\n", serde_json::json!(shown)).as_bytes()),
    }
    Ok(Exit::Done)
}

/// The app of a project, as it was built.
fn app(project: &ProjectArgs) -> Result<PathBuf, Failure> {
    let project = project.load()?;
    let path = project.layout.app(&project.manifest.app.name.value);
    if !path.exists() {
        let problem = Problem::error("inspect::not-built", "the app has not been built yet");
        return Err(Failure::of(problem.help("`cargo mosaic build`")));
    }
    Ok(path)
}

fn read(path: &Path, sections: &[Section]) -> Result<Inspection, Failure> {
    let name = path.display().to_string();
    if path.is_dir() || path.extension().is_some_and(|ending| ending == "wit") {
        return Ok(inspect::wit(path, sections)?);
    }
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::of(
            Problem::error("inspect::unreadable", format!("could not read `{name}`")).because(error.to_string()),
        )
    })?;
    Ok(inspect::inspect(&name, &bytes, sections)?)
}

#[derive(Serialize)]
struct Shown {
    file: String,
    #[serde(flatten)]
    inspection: Inspection,
    #[serde(skip)]
    sections: Vec<Section>,
}

impl Answer for Shown {
    const REASON: &'static str = "inspection";

    fn text(&self, paint: Paint) -> String {
        let Shown { file, inspection, sections } = self;
        let sections: Vec<String> = match sections.as_slice() {
            [] => return overview::text(file, &inspection.overview, paint),
            sections => sections.iter().filter_map(|section| section_text(*section, inspection, paint)).collect(),
        };
        // A section by itself is the thing asked for; several need a title each.
        match sections.as_slice() {
            [only] => only.clone(),
            several => several.join("\n"),
        }
    }
}

fn section_text(section: Section, inspection: &Inspection, paint: Paint) -> Option<String> {
    Some(match section {
        // Line ends are the only control characters that WIT needs.
        Section::Wit => inspection.wit.as_ref()?.text.lines().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{}", clean_lines(line));
            text
        }),
        Section::Graph => graph::text(inspection.graph.as_ref()?, paint),
        Section::Producers => versions::producers(inspection.producers.as_ref()?, paint),
        Section::Versions => versions::text(inspection.versions.as_ref()?, paint),
    })
}
