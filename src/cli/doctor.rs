//! `cargo mosaic doctor`: what is there to build with, and what is missing. Exit code 100 where something is.

use std::{collections::BTreeSet, path::PathBuf};

use mosaic::{
    cache::Home,
    language::Language,
    project,
    toolchain::{self, State, Surveyed},
};
use serde::Serialize;

use super::{
    Failure,
    exit::Exit,
    options::ProjectArgs,
    reporter::{Answer, Paint, Reporter},
    setup::shown,
};

/// Show which compilers are there, which are missing, and what to do about it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  cargo mosaic doctor

The exit code is 100 where a language that this project uses (any, outside a project) cannot be built.")]
pub struct Args {
    #[command(flatten)]
    project: ProjectArgs,
}

/// Where compilers are looked for, and those of which languages are wanted.
pub struct Context {
    pub languages: BTreeSet<Language>,
    /// Absolute.
    pub folder: PathBuf,
}

impl Context {
    /// Of the project, else of the working folder, where all languages are wanted.
    pub fn of(args: &ProjectArgs) -> Result<Context, Failure> {
        match args.find() {
            Ok(project) => {
                let languages = project.manifest.components.values().filter_map(|component| component.language);
                Ok(Context { languages: languages.collect(), folder: project.root })
            }
            Err(project::Error::NotFound { start }) => {
                let all = [Language::Rust, Language::Go, Language::Python, Language::JavaScript];
                Ok(Context { languages: all.into(), folder: start })
            }
            Err(error) => Err(error.into()),
        }
    }
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let context = Context::of(&args.project)?;
    let home = Home::from_env();
    let survey = toolchain::survey(&home, &context.folder);
    let rows: Vec<Row> = survey
        .into_iter()
        .map(|surveyed| Row { wanted: context.languages.contains(&surveyed.language), surveyed })
        .collect();
    let is_wanting = rows.iter().any(|row| row.wanted && matches!(row.surveyed.state, State::Missing { .. }));
    reporter.answer(&Survey { home: home.root, languages: rows });
    Ok(if is_wanting { Exit::Wanting } else { Exit::Done })
}

#[derive(Serialize)]
struct Survey {
    home: PathBuf,
    languages: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    /// The project uses it.
    wanted: bool,
    #[serde(flatten)]
    surveyed: Surveyed,
}

impl Answer for Survey {
    const REASON: &'static str = "doctor";

    fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        for Row { wanted, surveyed: Surveyed { language, state } } in &self.languages {
            let name = format!("{:<12}", language.name());
            match state {
                State::Ready(tool) => text.push_str(&format!("{name}{}  {}\n", paint.good("ready  "), shown(tool))),
                State::Missing { causes, help } => {
                    let word = if *wanted { paint.bad("missing") } else { paint.wary("missing") };
                    let used = if *wanted { "" } else { " (not used here)" };
                    let cause = causes.first().map(String::as_str).unwrap_or_default();
                    text.push_str(&format!("{name}{word}  {cause}{used}\n"));
                    let rest = causes.iter().skip(1).map(|line| ("because", line));
                    for (word, line) in rest.chain(help.iter().map(|line| ("help", line))) {
                        text.push_str(&format!("{:21}{word}: {line}\n", ""));
                    }
                }
            }
        }
        text.push_str(&format!("\ncache folder: {}\n", self.home.display()));
        text
    }
}
