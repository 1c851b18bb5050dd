//! `cargo mosaic plan`: the wiring alone, before any compiler runs.

use clap::ValueEnum;
use mosaic::{
    plan::{
        self,
        explain::{Explanation, explain},
        versions::{Versions, versions},
        wac,
    },
    resolve::Part,
};
use serde::Serialize;

use super::{
    Failure,
    app::Opened,
    exit::Exit,
    options::{LockArgs, ProjectArgs},
    reporter::{Answer, Paint, Reporter},
    wiring::WiringArgs,
};

/// Show how the parts of a project, or component files, are wired, without compiling anything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic plan                          who meets each import and why, from the parts' worlds
  cargo mosaic plan a.wasm b.wasm            the same for any components
  cargo mosaic plan --versions               every version of WASI, and which hosts have it
  cargo mosaic plan --format json            one JSON object, described in docs/composition.md
  cargo mosaic plan --format wac             the wiring in the language of `wac compose`

A part's runtime may import more than its world says; `compose --explain` tells of the built parts.")]
pub struct Args {
    #[command(flatten)]
    wiring: WiringArgs,
    /// Tell which versions of WASI the parts ask for, who brings them, what they merge to, and which hosts have them
    #[arg(long)]
    versions: bool,
    /// For people, as JSON, or as a .wac file
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Wac,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let (parts, graph, wiring) = match args.wiring.is_of_files() {
        false => {
            let mut opened = Opened::new(&args.project, args.lock.looking(), reporter)?;
            opened.options = args.wiring.options(opened.options);
            (opened.worlds(), opened.plan()?, opened.wiring)
        }
        true => {
            let (parts, wiring) = args.wiring.parts()?;
            let parts: Vec<Part> = parts.into_values().map(|given| given.part).collect();
            let graph = plan::plan(&parts, &wiring, &args.wiring.options(plan::Options::default()))?;
            (parts, graph, wiring)
        }
    };
    let versions = args.versions.then(|| versions(&parts, &graph));
    let planned =
        Planned { plan: (args.format == Format::Json || !args.versions).then(|| explain(&graph, &wiring)), versions };
    match args.format {
        Format::Text => reporter.answer(&planned),
        Format::Json => {
            let json = serde_json::to_string_pretty(&planned).expect("lists and maps of texts");
            reporter.raw(format!("{json}\n").as_bytes());
        }
        Format::Wac => reporter.raw(wac::write(&graph)?.as_bytes()),
    }
    Ok(Exit::Done)
}

/// What is told of a plan.
#[derive(Serialize)]
pub struct Planned {
    #[serde(flatten)]
    pub plan: Option<Explanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
}

impl Answer for Planned {
    const REASON: &'static str = "explanation";

    fn text(&self, _: Paint) -> String {
        let plan = self.plan.as_ref().map(ToString::to_string);
        let versions = self.versions.as_ref().map(ToString::to_string);
        plan.into_iter().chain(versions).collect()
    }
}
