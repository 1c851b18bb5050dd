//! `cargo mosaic inspect`: what a component is, what it needs, what is inside, who made it and how large it is.
//!
//! 1. The file is read once, as far as it is looked at; a project stands for its app, a folder for the WIT in it.
//! 2. The library reads the sections that were asked for ([`mosaic::inspect`]).
//! 3. Each section has its text, in a file of its own here; without any, the overview is shown.
//!
//! Every string from a binary goes through [`table`] or `clean`: it may say anything and steer nothing.

mod diff;
mod graph;
mod needs;
mod overview;
mod sizes;
mod table;
mod versions;

use std::{
    borrow::Cow,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use mosaic::{
    diagnostic::Problem,
    inspect::{self, Inspection, Section, model::Graph},
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
  cargo mosaic inspect some.wasm --needs   what each part can do, what is closed to it, and what points at it
  cargo mosaic inspect some.wasm --wit     its interface as WIT
  cargo mosaic inspect a.wasm --diff b.wasm
  cargo mosaic inspect wit/ --wit          a WIT package
  cargo mosaic inspect --sbom              the packages inside, as CycloneDX
  cargo mosaic inspect --format html > report.html
                                           all of it as one page to click through")]
pub struct Args {
    /// Component or core module (binary or text), WIT file or folder, precompiled artifact; else the project's app
    file: Option<PathBuf>,
    #[command(flatten)]
    sections: Sections,
    /// Another file to compare the first with: FILE --diff OTHER
    #[arg(long, value_name = "OTHER", requires = "file")]
    diff: Option<PathBuf>,
    /// How to show it; `json` is one document, whose schema `--schema` prints; `html` is one page of all there is
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// Print the JSON schema of `--format json`, and nothing else; with `--diff`, of that
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
    /// Where the bytes go, and what could be saved
    #[arg(long)]
    sizes: bool,
    /// What each part can do to the world around it
    #[arg(long)]
    needs: bool,
    /// Which tools made what is inside
    #[arg(long)]
    producers: bool,
    /// Which versions of WIT packages there are, and who has them
    #[arg(long)]
    versions: bool,
    /// The packages inside, part by part: a bill of materials, as CycloneDX 1.6 or SPDX 2.3
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, default_missing_value = "cyclonedx", require_equals = true)]
    sbom: Option<Bill>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    /// The graph, for Graphviz
    Dot,
    /// The graph, as a Mermaid flowchart
    Mermaid,
    /// The graph, as a picture
    Svg,
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Bill {
    Cyclonedx,
    Spdx,
}

impl Sections {
    fn asked(&self) -> Vec<Section> {
        let flags = [
            (self.wit, Section::Wit),
            (self.graph, Section::Graph),
            (self.sizes, Section::Sizes),
            (self.needs, Section::Needs),
            (self.producers, Section::Producers),
            (self.versions, Section::Versions),
            (self.sbom.is_some(), Section::Sbom),
        ];
        flags.into_iter().filter_map(|(is_asked, section)| is_asked.then_some(section)).collect()
    }
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if args.schema {
        let schema = if args.diff.is_some() { inspect::diff_schema_text() } else { inspect::schema_text() };
        reporter.raw(schema.as_bytes());
        return Ok(Exit::Done);
    }
    if let (Some(before), Some(after)) = (&args.file, &args.diff) {
        return compared(before, after, args.format, reporter);
    }
    let path = match args.file {
        Some(path) => path,
        None => app(&args.project)?,
    };
    if let (Some(Bill::Spdx), Format::Text | Format::Json) = (args.sections.sbom, args.format) {
        let bill = inspect::bill(&path.display().to_string(), &bytes(&path)?)?;
        reporter.raw(format!("{:#}\n", inspect::sbom::spdx(&bill)).as_bytes());
        return Ok(Exit::Done);
    }
    let sections = match args.format {
        Format::Text | Format::Json => args.sections.asked(),
        Format::Dot | Format::Mermaid | Format::Svg => vec![Section::Graph],
        Format::Html => Section::ALL.to_vec(),
    };
    let inspection = read(&path, &sections)?;
    if args.sections.wit && inspection.wit.is_none() {
        let problem = Problem::error("inspect::no-wit", format!("`{}` says no WIT", path.display()));
        let why = match inspection.overview.kind {
            inspect::model::Kind::Precompiled => "it is native code for one engine",
            _ => "it is a core module",
        };
        return Err(Failure::of(problem.because(why)));
    }
    if args.sections.sbom.is_some() && inspection.sbom.is_none() {
        let problem = Problem::error("inspect::no-packages", format!("`{}` tells of no packages", path.display()));
        return Err(Failure::of(problem.because("only components and core modules carry a list of them")));
    }
    if let Some(text) = picture(args.format, &path, &inspection)? {
        reporter.raw(text.as_bytes());
        return Ok(Exit::Done);
    }
    let shown = Shown { file: path.display().to_string(), inspection, sections };
    match args.format {
        Format::Json => reporter.raw(format!("{:#}\n", serde_json::json!(shown)).as_bytes()),
        _ => reporter.answer(&shown),
    }
    Ok(Exit::Done)
}

/// What is asked for as a picture; `None` where it is not.
fn picture(format: Format, path: &Path, inspection: &Inspection) -> Result<Option<String>, Failure> {
    let draw: fn(&Graph) -> String = match format {
        Format::Text | Format::Json => return Ok(None),
        Format::Html => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            return Ok(Some(inspect::page::page(&name, inspection)));
        }
        Format::Dot => inspect::picture::dot,
        Format::Mermaid => inspect::picture::mermaid,
        Format::Svg => |graph| inspect::picture::svg(graph, inspect::picture::Style::Standalone),
    };
    match &inspection.graph {
        Some(graph) => Ok(Some(draw(graph))),
        None => {
            let problem = Problem::error("inspect::no-graph", format!("`{}` has no graph to draw", path.display()));
            Err(Failure::of(problem.because("nothing in it is put together")))
        }
    }
}

/// Two files side by side.
fn compared(before: &Path, after: &Path, format: Format, reporter: &Reporter) -> Result<Exit, Failure> {
    let names = [before, after].map(|path| path.display().to_string());
    let (a, b) = (bytes(before)?, bytes(after)?);
    let diff = inspect::diff((&names[0], &a), (&names[1], &b))?;
    let compared = diff::Compared { files: names, diff };
    match format {
        Format::Text => reporter.answer(&compared),
        Format::Json => reporter.raw(format!("{:#}\n", serde_json::json!(compared)).as_bytes()),
        Format::Dot | Format::Mermaid | Format::Svg | Format::Html => {
            let problem = Problem::error("inspect::no-picture", "there is no picture of a comparison");
            return Err(Failure::of(problem.help("`--format text` or `--format json`")));
        }
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
    if path.is_dir() || path.extension().is_some_and(|ending| ending == "wit") {
        return Ok(inspect::wit(path, sections)?);
    }
    Ok(inspect::file(path, sections).map_err(|error| unreadable(path, &error))??)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let problem = Problem::error("inspect::unreadable", format!("could not read `{}`", path.display()));
    Failure::of(problem.because(error.to_string()))
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
        Section::Wit => match clean_lines(&inspection.wit.as_ref()?.text) {
            Cow::Borrowed(plain) => plain.to_owned(),
            // Each by itself: what begins in one line ends there.
            Cow::Owned(_) => inspection.wit.as_ref()?.text.lines().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{}", clean_lines(line));
                text
            }),
        },
        Section::Graph => graph::text(inspection.graph.as_ref()?, paint),
        Section::Sizes => sizes::text(inspection.sizes.as_ref()?, paint),
        Section::Needs => needs::text(inspection.needs.as_ref()?, paint),
        Section::Producers => versions::producers(inspection.producers.as_ref()?, paint),
        Section::Versions => versions::text(inspection.versions.as_ref()?, paint),
        // A document for programs: its strings are escaped as JSON has it.
        Section::Sbom => format!("{:#}\n", inspection.sbom.as_ref()?),
    })
}
