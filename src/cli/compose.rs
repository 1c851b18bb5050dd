//! `cargo mosaic compose`: what a project has built, or any component files at all.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::ValueEnum;
use mosaic::{
    cache::Home,
    compose::{self, Assembly, DebugInfo, Modules, Took, Validation},
    diagnostic::Problem,
    event::Event,
    plan::{
        self,
        explain::explain,
        graph::{Graph, Wiring},
        versions::versions,
        wac,
    },
    resolve::Part,
};

use super::{
    Failure,
    app::{Opened, assemble, write},
    exit::Exit,
    options::{BuildArgs, LockArgs, ProjectArgs},
    plan::Planned,
    reporter::{Reporter, bytes},
    wiring::WiringArgs,
};

/// Compose the parts of a project as they are built, or component files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic compose                                      the project's parts, which `build` has built
  cargo mosaic compose --explain                            who meets each import, and why
  cargo mosaic compose a.wasm b.wasm -o app.wasm            any components, whoever made them
  cargo mosaic compose a.wasm b.wasm -t -o -                the same, as text
  cargo mosaic compose a.wasm b.wasm c.wasm -o app.wasm --wire a/acme:shop/auth=b
  cargo mosaic compose --wac app.wac -o app.wasm            as it says, of components in deps/NAMESPACE/NAME.wasm
  cargo mosaic compose web.wasm cors.wasm -o app.wasm --wrap web/wasi:http/incoming-handler=cors")]
pub struct Args {
    #[command(flatten)]
    wiring: WiringArgs,
    /// File to write; `-` is stdout
    #[arg(short, long, value_name = "FILE", requires = "given")]
    output: Option<PathBuf>,
    /// Write text rather than binary
    #[arg(short = 't', long = "text", requires = "output")]
    text: bool,
    /// Tell who meets each import, and why; in a project also what each part is granted, and what is closed to it
    #[arg(long)]
    explain: bool,
    /// Tell which versions of WASI the parts ask for, who brings them, what they merge to, and which hosts have them
    #[arg(long)]
    versions: bool,
    /// Write the wiring rather than the component
    #[arg(long, value_name = "FORM", conflicts_with_all = ["text", "explain", "versions"])]
    emit: Option<Emit>,
    /// Keep core modules that several parts have in common in each of them
    #[arg(long)]
    no_dedupe: bool,
    /// Leave debug information out; names are kept
    #[arg(long)]
    strip: bool,
    /// How much to validate: how the parts, each of which is validated in full, fit together, or all of the result again
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    validate: ValidateArg,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum ValidateArg {
    /// How the parts fit together, by their types
    #[default]
    Types,
    /// Every byte of the result
    Full,
}

impl Args {
    fn how(&self) -> compose::Options {
        compose::Options {
            modules: if self.no_dedupe { Modules::Apart } else { Modules::Shared },
            debug: if self.strip { DebugInfo::Strip } else { DebugInfo::Keep },
            validation: match self.validate {
                ValidateArg::Types => Validation::Types,
                ValidateArg::Full => Validation::Full,
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    /// As a .wac file
    Wac,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if !args.wiring.is_of_files() {
        let mut opened = Opened::new(&args.project, args.lock.policy(), reporter)?;
        opened.how = args.how();
        opened.options = args.wiring.options(opened.options);
        let planned = opened.plan()?;
        let artifacts = opened.built(&args.build)?;
        if args.emit.is_none() {
            opened.compose(&planned, &artifacts, &args.build)?;
        }
        if args.emit.is_some() || args.explain || args.versions {
            let (graph, parts) = opened.graph(&planned, &artifacts)?;
            args.tell(&graph, &parts, &opened.wiring, reporter)?;
        }
        return Ok(Exit::Done);
    }
    let options = args.wiring.options(plan::Options::default());
    let how = args.how();
    let tells = args.emit.is_some() || args.explain || args.versions;
    let composed = match args.wiring.given() {
        Some((files, wiring)) if !tells => {
            let mut memory = compose::Memory::open(Home::from_env());
            let assembly = compose::files_again(&files, &wiring, &options, &how, &mut memory);
            memory.save();
            Made::Ready(Box::new(assembly?))
        }
        _ => {
            let (parts, wiring) = args.wiring.parts()?;
            let (graph, composed) = compose::app(&parts, &wiring, &options, &how)?;
            let worlds: Vec<Part> = parts.into_values().map(|given| given.part).collect();
            args.tell(&graph, &worlds, &wiring, reporter)?;
            Made::Whole(composed.bytes)
        }
    };
    match &args.output {
        _ if args.emit.is_some() => {}
        Some(output) => give(output, composed, &args, reporter)?,
        None if args.explain || args.versions => {}
        None => {
            let problem = Problem::error("compose::no-output", "there is no file to write to").help("say `-o FILE`");
            return Err(Failure::of(problem));
        }
    }
    Ok(Exit::Done)
}

impl Args {
    /// What is asked for beside the component, or in its place.
    fn tell(&self, graph: &Graph, parts: &[Part], wiring: &Wiring, reporter: &Reporter) -> Result<(), Failure> {
        if self.emit == Some(Emit::Wac) {
            let text = wac::write(graph)?;
            match &self.output {
                Some(output) if output != "-" => write(output, text.as_bytes())?,
                _ => reporter.raw(text.as_bytes()),
            }
        }
        if self.explain || self.versions {
            let plan = self.explain.then(|| explain(graph, wiring));
            reporter.answer(&Planned { plan, versions: self.versions.then(|| versions(parts, graph)) });
        }
        Ok(())
    }
}

/// The app.
enum Made {
    Whole(Vec<u8>),
    /// Not put together yet: it may be larger than memory ought to be.
    Ready(Box<Assembly>),
}

impl Made {
    fn bytes(self) -> Result<Vec<u8>, Failure> {
        match self {
            Made::Whole(bytes) => Ok(bytes),
            Made::Ready(assembly) => Ok(assembly.bytes()?),
        }
    }
}

fn give(output: &Path, made: Made, args: &Args, reporter: &Reporter) -> Result<(), Failure> {
    let made = match args.text {
        true => {
            let printed = wasmprinter::print_bytes(made.bytes()?).map_err(|error| {
                let problem = Problem::error("compose::text", "could not print the composed component as text");
                Failure::of(problem.because(format!("{error:#}")))
            })?;
            Made::Whole(printed.into_bytes())
        }
        false => made,
    };
    if output != "-" {
        let size = match made {
            Made::Whole(bytes) => write(output, &bytes).map(|()| bytes.len() as u64)?,
            Made::Ready(assembly) => {
                let started = Instant::now();
                let size = assemble(output, &assembly, &mut io::sink())?;
                let text = times(assembly.took(), started.elapsed());
                reporter.event(Event::Detail { verb: "Took", text: &text });
                size
            }
        };
        let text = format!("{} ({})", output.display(), bytes(size));
        reporter.event(Event::Note { verb: "Composed", text: &text });
        return Ok(());
    }
    if !args.text && io::stdout().is_terminal() {
        let problem = Problem::error("compose::terminal", "a binary is not for a terminal")
            .help("say `-o FILE`, or `-t` for text");
        return Err(Failure::of(problem));
    }
    reporter.raw(&made.bytes()?);
    Ok(())
}

/// Where the time went, in milliseconds.
fn times(took: &Took, writing: Duration) -> String {
    let stages = [
        ("reading", took.reading),
        ("validating", took.validating),
        ("planning", took.planning),
        ("fitting together", took.fitting),
        ("writing", writing),
    ];
    let told = stages.map(|(stage, took)| format!("{:.1} ms {stage}", took.as_secs_f64() * 1e3));
    let Took { unseen, decoded, .. } = took;
    format!("{}; {unseen} parts were not remembered, {decoded} worlds were decoded", told.join(", "))
}
