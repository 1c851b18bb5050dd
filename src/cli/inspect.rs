//! `cargo mosaic inspect`: what a component is, what it needs, what is inside and how large.

use std::{fmt::Write as _, path::PathBuf};

use mosaic::{
    diagnostic::Problem,
    inspect::{self, Inspection, Item, Kind, Module, Nested, Producers},
};
use serde::Serialize;

use super::{
    Failure,
    exit::Exit,
    options::ProjectArgs,
    reporter::{Answer, Paint, Reporter, bytes, clean::line as clean},
};

/// Show what a component imports, exports and holds, and how large it is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic inspect                   the project's app, as it was built
  cargo mosaic inspect some.wasm         any component or core module
  cargo mosaic inspect some.wasm --wit   its interface as WIT")]
pub struct Args {
    /// Component or core module, binary or text; else the project's app
    file: Option<PathBuf>,
    /// Print the interface as WIT, and nothing else
    #[arg(long)]
    wit: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let path = match args.file {
        Some(path) => path,
        None => {
            let project = args.project.load()?;
            let path = project.layout.app(&project.manifest.app.name.value);
            if !path.exists() {
                let problem = Problem::error("inspect::not-built", "the app has not been built yet");
                return Err(Failure::of(problem.help("`cargo mosaic build`")));
            }
            path
        }
    };
    let name = path.display().to_string();
    let bytes = std::fs::read(&path).map_err(|error| {
        Failure::of(
            Problem::error("inspect::unreadable", format!("could not read `{name}`")).because(error.to_string()),
        )
    })?;
    let inspection = inspect::inspect(&name, &bytes)?;
    if !args.wit {
        reporter.answer(&Inspected { file: name, inspection });
        return Ok(Exit::Done);
    }
    match inspection.world {
        Some(world) => {
            reporter.answer(&Wit { wit: world.wit });
            Ok(Exit::Done)
        }
        None => {
            let problem = Problem::error("inspect::no-wit", format!("`{name}` is a core module and says no WIT"));
            Err(Failure::of(problem))
        }
    }
}

#[derive(Serialize)]
struct Wit {
    wit: String,
}

impl Answer for Wit {
    const REASON: &'static str = "wit";

    fn text(&self, _: Paint) -> String {
        // Line ends are the only control characters that WIT needs.
        self.wit.lines().map(|line| format!("{}\n", clean(line))).collect()
    }
}

#[derive(Serialize)]
struct Inspected {
    file: String,
    #[serde(flatten)]
    inspection: Inspection,
}

impl Answer for Inspected {
    const REASON: &'static str = "inspection";

    fn text(&self, paint: Paint) -> String {
        let Inspection { kind, size, world, structure } = &self.inspection;
        let kind = match kind {
            Kind::Component => "component",
            Kind::CoreModule => "core module",
            Kind::WitPackage => "WIT package",
        };
        let mut text = format!("{}  {kind}, {}\n", paint.strong(&clean(&self.file)), bytes(*size));
        if let Some(world) = world {
            items(&mut text, paint, "imports", &world.imports);
            items(&mut text, paint, "exports", &world.exports);
        }
        if structure.components.len() + structure.modules.len() > 0 {
            let _ = writeln!(text, "\n{}", paint.strong("inside"));
            let depth = 1;
            structure.modules.iter().for_each(|module| self::module(&mut text, module, depth));
            structure.components.iter().for_each(|nested| component(&mut text, nested, depth));
        }
        if let Some(made) = made_by(&structure.producers) {
            let _ = writeln!(text, "\n{} {made}", paint.strong("made by"));
        }
        text
    }
}

fn items(text: &mut String, paint: Paint, title: &str, items: &[Item]) {
    let _ = writeln!(text, "\n{}", paint.strong(title));
    if items.is_empty() {
        text.push_str("  nothing\n");
    }
    for item in items {
        let functions = match item.functions.len() {
            0 => String::new(),
            1 => "1 function".to_owned(),
            several => format!("{several} functions"),
        };
        let line = format!("  {:<52} {}", clean(&item.name), paint.dim(&functions));
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn component(text: &mut String, nested: &Nested, depth: usize) {
    line(
        text,
        depth,
        nested.structure.name.as_deref().unwrap_or("component"),
        nested.size,
        &nested.structure.producers,
    );
    nested.structure.modules.iter().for_each(|inner| module(text, inner, depth + 1));
    nested.structure.components.iter().for_each(|inner| component(text, inner, depth + 1));
}

fn module(text: &mut String, module: &Module, depth: usize) {
    line(text, depth, module.name.as_deref().unwrap_or("module"), module.size, &module.producers);
}

fn line(text: &mut String, depth: usize, name: &str, size: u64, producers: &Producers) {
    let name = format!("{:indent$}{}", "", clean(name), indent = depth * 2);
    let line = format!("{name:<40} {:>9}  {}", bytes(size), made_by(producers).unwrap_or_default());
    let _ = writeln!(text, "{}", line.trim_end());
}

/// `Go 1.26.8, wit-component 0.262.0`.
fn made_by(producers: &Producers) -> Option<String> {
    let all: Vec<String> = producers
        .values()
        .flatten()
        .map(|(name, version)| format!("{} {}", clean(name), clean(version)).trim_end().to_owned())
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}
