//! `cargo mosaic compose`: what a project has built, or any component files at all.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    str::FromStr,
};

use mosaic::{
    cache::Home,
    compose::{self, DebugInfo, Modules, Validation},
    diagnostic::Problem,
    event::Event,
    plan::{
        self,
        explain::{Explanation, explain},
        graph::{Said, Wire, Wiring},
    },
};
use serde::Serialize;

use super::{
    Failure,
    app::{Opened, write},
    exit::Exit,
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::{Answer, Paint, Reporter, bytes},
};

/// Compose the parts of a project as they are built, or component files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic compose                                      the project's parts, which `build` has built
  cargo mosaic compose --explain                            who meets each import, and why
  cargo mosaic compose a.wasm b.wasm -o app.wasm            any components, whoever made them
  cargo mosaic compose a.wasm b.wasm -t -o -                the same, as text
  cargo mosaic compose a.wasm b.wasm c.wasm -o app.wasm --wire a/acme:shop/auth=b")]
pub struct Args {
    /// Component files, binary or text; each part is named after its file
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// File to write; `-` is stdout
    #[arg(short, long, value_name = "FILE", requires = "files")]
    output: Option<PathBuf>,
    /// Write text rather than binary
    #[arg(short = 't', long = "text", requires = "output")]
    text: bool,
    /// Tell who meets each import, and why; in a project also what each part is granted, and what is closed to it
    #[arg(long)]
    explain: bool,
    /// Which part provides what a part imports, where several could
    #[arg(long, value_name = "PART/INTERFACE=PART", requires = "files")]
    wire: Vec<WireArg>,
    /// What to export: PART or PART/INTERFACE
    #[arg(long, value_name = "PART[/INTERFACE]", requires = "files")]
    export: Vec<String>,
    /// An interface outside `wasi:` that is left to the host on purpose
    #[arg(long, value_name = "INTERFACE", requires = "files")]
    open: Vec<String>,
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

/// `part/interface=part`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WireArg {
    from: String,
    interface: String,
    to: String,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if args.files.is_empty() {
        let mut opened = Opened::new(&args.project, args.lock.policy(), reporter)?;
        opened.how = args.how();
        let planned = opened.plan()?;
        let artifacts = opened.built(&args.build)?;
        opened.compose(&planned, &artifacts, &args.build)?;
        if args.explain {
            reporter.answer(&Explained(explain(&opened.graph(&planned, &artifacts)?, &opened.wiring)));
        }
        return Ok(Exit::Done);
    }
    let wiring = wiring(&args);
    let (options, how) = (plan::Options::default(), args.how());
    let composed = if args.explain {
        let (graph, composed) = compose::files(&args.files, &wiring, &options, &how)?;
        reporter.answer(&Explained(explain(&graph, &wiring)));
        composed
    } else {
        let mut memory = compose::Memory::open(Home::from_env());
        let composed = compose::files_again(&args.files, &wiring, &options, &how, &mut memory);
        memory.save();
        composed?
    };
    match &args.output {
        Some(output) => give(output, &composed.bytes, &args, reporter)?,
        None if args.explain => {}
        None => {
            let problem = Problem::error("compose::no-output", "there is no file to write to").help("say `-o FILE`");
            return Err(Failure::of(problem));
        }
    }
    Ok(Exit::Done)
}

fn give(output: &Path, binary: &[u8], args: &Args, reporter: &Reporter) -> Result<(), Failure> {
    let printed;
    let written = match args.text {
        true => {
            printed = wasmprinter::print_bytes(binary).map_err(|error| {
                let problem = Problem::error("compose::text", "could not print the composed component as text");
                Failure::of(problem.because(format!("{error:#}")))
            })?;
            printed.as_bytes()
        }
        false => binary,
    };
    if output != "-" {
        write(output, written)?;
        let text = format!("{} ({})", output.display(), bytes(written.len() as u64));
        reporter.event(Event::Note { verb: "Composed", text: &text });
        return Ok(());
    }
    if !args.text && io::stdout().is_terminal() {
        let problem = Problem::error("compose::terminal", "a binary is not for a terminal")
            .help("say `-o FILE`, or `-t` for text");
        return Err(Failure::of(problem));
    }
    reporter.raw(written);
    Ok(())
}

fn wiring(args: &Args) -> Wiring {
    let wire = args.wire.iter().map(|arg| {
        let wire = Wire { key_at: None, to: Said::plain(&arg.to) };
        ((arg.from.clone(), arg.interface.clone()), wire)
    });
    Wiring {
        source: None,
        exports: (!args.export.is_empty()).then(|| args.export.iter().map(Said::plain).collect()),
        wire: wire.collect(),
        open: args.open.iter().map(Said::plain).collect(),
    }
}

impl FromStr for WireArg {
    type Err = String;

    fn from_str(text: &str) -> Result<WireArg, String> {
        let parts = text.split_once('=').and_then(|(key, to)| Some((key.split_once('/')?, to)));
        match parts {
            Some(((from, interface), to)) if ![from, interface, to].contains(&"") => {
                Ok(WireArg { from: from.into(), interface: interface.into(), to: to.into() })
            }
            _ => Err("expected PART/INTERFACE=PART, e.g. gateway/acme:shop/auth=auth".to_owned()),
        }
    }
}

#[derive(Serialize)]
struct Explained(Explanation);

impl Answer for Explained {
    const REASON: &'static str = "explanation";

    fn text(&self, _: Paint) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_has_three_words() {
        let wire: WireArg = "gateway/acme:shop/auth@0.1.0=auth".parse().unwrap();
        assert_eq!(
            (wire.from.as_str(), wire.interface.as_str(), wire.to.as_str()),
            ("gateway", "acme:shop/auth@0.1.0", "auth")
        );
        for bad in ["", "a", "a=b", "a/b", "/b=c", "a/=c", "a/b="] {
            assert!(bad.parse::<WireArg>().is_err(), "{bad}");
        }
    }
}
