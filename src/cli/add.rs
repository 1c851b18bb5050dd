//! `cargo mosaic add`: one more part, with its world, its sources, its test and its entry in the manifest.

use std::path::Path;

use mosaic::{cache, diagnostic::Problem, event::Event, manifest::is_kebab, project::Project};
use toml_edit::DocumentMut;

use super::{
    Failure,
    exit::Exit,
    init::AppName,
    options::{Lang, ProjectArgs},
    reporter::Reporter,
    scaffold::{self, Template},
};

/// Add a part in a language: its world, its sources, its test and its entry in mosaic.toml
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic add python inference                 a part that offers an interface of its own
  cargo mosaic add rust edge --template http        a part that answers HTTP

Another part uses it with `import NAME-api;` in its own world.")]
pub struct Args {
    #[arg(value_name = "LANG")]
    lang: Lang,
    /// Name of the part, its folder and its world
    name: String,
    /// What it is for
    #[arg(long, default_value = "library")]
    template: Kind,
    #[command(flatten)]
    project: ProjectArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Offers an interface to other parts
    Library,
    /// Answers HTTP (rust)
    Http,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let project = args.project.load()?;
    let name = &args.name;
    check(&project, &args).map_err(Failure::of)?;
    let (namespace, app) = project.manifest.app.name.value.split_once(':').unwrap_or_default();
    let app = AppName { namespace: namespace.into(), name: app.into() };
    let template = match args.template {
        Kind::Library => Template::Library,
        Kind::Http => Template::Http { asks: Vec::new() },
    };
    let mut files = scaffold::part(&app, name, args.lang.into(), &template);
    if !has_wit(&project.root.join("wit")) {
        files.extend(scaffold::package(&app));
    }
    let mut manifest: DocumentMut = project.manifest.source.text.parse().map_err(|error: toml_edit::TomlError| {
        Failure::of(Problem::error("add::manifest", "could not edit `mosaic.toml`").because(error.to_string()))
    })?;
    scaffold::enter(&mut manifest, name);
    scaffold::write(&project.root, &files).map_err(Failure)?;
    cache::write_whole(&project.manifest.path, manifest.to_string().as_bytes()).map_err(|error| {
        let message = format!("could not write `{}`", project.manifest.source.name);
        Failure::of(Problem::error("add::unwritable", message).because(error.to_string()))
    })?;
    for file in &files {
        reporter.event(Event::Note { verb: "Created", text: &file.path.display().to_string() });
    }
    reporter.event(Event::Note { verb: "Added", text: &format!("`[components.{name}]` to `mosaic.toml`") });
    let next = match args.template {
        Kind::Library => format!("`import {name}-api;` in the world of the part that is to use it"),
        Kind::Http => "`cargo mosaic serve` builds all and answers HTTP".to_owned(),
    };
    reporter.event(Event::Note { verb: "Next", text: &next });
    Ok(Exit::Done)
}

fn check(project: &Project, args: &Args) -> Result<(), Problem> {
    let name = &args.name;
    if !is_kebab(name) {
        return Err(Problem::error("add::bad-name", format!("`{name}` is not a name for a component"))
            .help("lowercase kebab-case, each word beginning with a letter, e.g. `hello-world`"));
    }
    if let Some(known) = project.manifest.components.get(name) {
        return Err(Problem::error("add::exists", format!("there is a component `{name}` already")).at(
            &project.manifest.source,
            known.name.span.clone(),
            "here",
        ));
    }
    if args.template == Kind::Http && args.lang != Lang::Rust {
        return Err(Problem::error("add::no-template", "the template `http` is there for rust only").help(format!(
            "`cargo mosaic add rust {name} --template http`, with a library part in the other language"
        )));
    }
    Ok(())
}

fn has_wit(folder: &Path) -> bool {
    let is_wit = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "wit"))
    };
    folder.read_dir().is_ok_and(|mut entries| entries.any(is_wit))
}
