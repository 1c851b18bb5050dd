//! The command line: what was typed becomes one call of the library, its values become text and an exit code.
//!
//! 1. `cargo mosaic build`, `cargo-mosaic mosaic build` and `cargo-mosaic build` are made one.
//! 2. Colour is decided before anything is parsed, as usage errors are coloured too.
//! 3. Each command's file gathers, calls one stage, and reports.
//!
//! Only this folder prints, parses flags or knows exit codes.

mod add;
mod app;
mod bindings;
mod build;
mod check;
mod clean;
mod compile;
mod completions;
mod compose;
mod doctor;
mod exit;
mod grants;
mod guest;
mod init;
mod inspect;
mod invoke;
mod limits;
mod logs;
mod man;
mod measure;
mod new;
mod options;
mod plan;
mod repl;
mod reporter;
mod run;
mod scaffold;
mod schema;
mod serve;
mod setup;
mod stores;
mod wanted;
mod wiring;
mod wit;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, builder::styling};
use mosaic::diagnostic::{Diagnose, Problem};

use exit::Exit;
use options::{Color, MessageFormat, Output};
use reporter::Reporter;

#[cfg(test)]
mod tests;

/// Build, compose, check and run WebAssembly components written in Rust, Go, Python and JavaScript
#[derive(Debug, Parser)]
#[command(
    name = "cargo-mosaic",
    bin_name = "cargo mosaic",
    version,
    after_help = HELP,
    styles = STYLES,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
)]
struct Cli {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Examples:
  cargo mosaic new shop --lang rust,go,python     a new app of three parts
  cargo mosaic add javascript render              one more part
  cargo mosaic serve                              build all, and answer HTTP

Run `cargo mosaic COMMAND --help` for more on a command.";

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Green.on_default().bold())
    .usage(styling::AnsiColor::Green.on_default().bold())
    .literal(styling::AnsiColor::Cyan.on_default().bold())
    .placeholder(styling::AnsiColor::Cyan.on_default());

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    New(new::Args),
    Init(init::Args),
    Add(add::Args),
    Build(build::Args),
    Compose(compose::Args),
    Plan(plan::Args),
    Run(run::Args),
    Serve(Box<serve::Args>),
    Compile(compile::Args),
    Invoke(invoke::Args),
    Repl(repl::Args),
    Check(check::Args),
    Inspect(inspect::Args),
    Wit(wit::Args),
    Bindings(bindings::Args),
    Setup(setup::Args),
    Doctor(doctor::Args),
    Clean(clean::Args),
    Completions(completions::Args),
    Man(man::Args),
    Schema(schema::Args),
    #[command(hide = true)]
    Measure(measure::Args),
}

impl Command {
    fn run(self, reporter: &Reporter) -> Result<Exit, Failure> {
        match self {
            Command::New(args) => new::run(args, reporter),
            Command::Init(args) => init::run(args, reporter),
            Command::Add(args) => add::run(args, reporter),
            Command::Build(args) => build::run(args, reporter),
            Command::Compose(args) => compose::run(args, reporter),
            Command::Plan(args) => plan::run(args, reporter),
            Command::Run(args) => run::run(args, reporter),
            Command::Serve(args) => serve::run(*args, reporter),
            Command::Compile(args) => compile::run(args, reporter),
            Command::Invoke(args) => invoke::run(args, reporter),
            Command::Repl(args) => repl::run(args, reporter),
            Command::Check(args) => check::run(args, reporter),
            Command::Inspect(args) => inspect::run(args, reporter),
            Command::Wit(args) => wit::run(args, reporter),
            Command::Bindings(args) => bindings::run(args, reporter),
            Command::Setup(args) => setup::run(args, reporter),
            Command::Doctor(args) => doctor::run(args, reporter),
            Command::Clean(args) => clean::run(args, reporter),
            Command::Completions(args) => completions::run(args, reporter),
            Command::Man(args) => man::run(args, reporter),
            Command::Schema(args) => schema::run(args, reporter),
            Command::Measure(args) => measure::run(args, reporter),
        }
    }
}

/// The program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    quiet_panics();
    let args = without_help(without_cargo(args));
    let early = Early::of(&args);
    match parse(&args, early) {
        Ok(cli) => {
            let reporter = Reporter::new(&cli.output);
            let exit = cli.command.run(&reporter).unwrap_or_else(|failure| {
                reporter.problems(&failure.0);
                Exit::Failed
            });
            reporter.finish(exit.is_success());
            exit.into()
        }
        Err(error) => usage(&error, early).into(),
    }
}

/// Says nothing of a panic that is told as a problem.
fn quiet_panics() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !mosaic::resolve::is_guarded() {
            told(panic);
        }
    }));
}

/// Why a command could not complete: problems, each told whole.
#[derive(Debug)]
pub struct Failure(pub Vec<Problem>);

impl Failure {
    pub fn of(problem: Problem) -> Failure {
        Failure(vec![problem])
    }
}

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.problems())
    }
}

/// Cargo runs `cargo-mosaic mosaic …` for `cargo mosaic …`.
fn without_cargo(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|word| word == "mosaic") {
        args.remove(1);
    }
    args
}

/// `help COMMAND` is `COMMAND --help`, as in cargo. A command of clap's own for it would have to know all others at each
/// start.
fn without_help(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

/// What has to be known about output before the command line is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Early {
    color: Color,
    message_format: MessageFormat,
}

impl Early {
    fn of(args: &[OsString]) -> Early {
        let words: Vec<&str> = args.iter().map_while(|arg| arg.to_str()).take_while(|&word| word != "--").collect();
        let said = |flag: &str| {
            words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix(flag)? {
                "" => words.get(at + 1).copied(),
                value => value.strip_prefix('='),
            })
        };
        Early {
            color: match said("--color") {
                Some("always") => Color::Always,
                Some("never") => Color::Never,
                _ => Color::Auto,
            },
            message_format: match said("--message-format") {
                Some("json") => MessageFormat::Json,
                _ => MessageFormat::Human,
            },
        }
    }
}

fn parse(args: &[OsString], early: Early) -> Result<Cli, clap::Error> {
    let choice = match early.color {
        Color::Always => clap::ColorChoice::Always,
        Color::Never => clap::ColorChoice::Never,
        Color::Auto => clap::ColorChoice::Auto,
    };
    // Only the command that is named is built: to build all takes longer than many of them run.
    let matches = Cli::command().color(choice).try_get_matches_from(args).or_else(|_| {
        // What an error or a page of help tells is of all of them.
        let mut whole = Cli::command().color(choice);
        whole.build();
        whole.try_get_matches_from(args)
    })?;
    Cli::from_arg_matches(&matches)
}

/// Tells of a command line that makes no sense, or gives the help that was asked for.
fn usage(error: &clap::Error, early: Early) -> Exit {
    let is_help = !error.use_stderr();
    match (early.message_format, is_help) {
        (MessageFormat::Json, false) => {
            let output = Output { quiet: false, verbose: 0, color: early.color, message_format: MessageFormat::Json };
            let text = error.render().to_string();
            let (message, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let problem = Problem::error("cli::usage", message.trim_start_matches("error: ")).help(rest.trim());
            Reporter::new(&output).problem(&problem);
        }
        // A reader that went away needs no help.
        _ => drop(error.print()),
    }
    if is_help { Exit::Done } else { Exit::Usage }
}
