//! `cargo mosaic init`: makes an app of a folder that is there.

use std::path::{Path, PathBuf};

use mosaic::{
    diagnostic::Problem,
    event::Event,
    manifest::{self, is_kebab},
};

use super::{Failure, exit::Exit, options::Lang, reporter::Reporter, scaffold};

/// Make an app of a folder that is there
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic init                                a manifest, to be filled by `cargo mosaic add`
  cargo mosaic init --lang rust,python             with a gateway and a part in each language

Files that are there already are never changed.")]
pub struct Args {
    /// The folder, else this one
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Languages to begin with
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    lang: Vec<Lang>,
    /// Full name of the app, else `app:FOLDER`
    #[arg(long, value_name = "NAMESPACE:NAME")]
    name: Option<String>,
}

/// `namespace:name`, both kebab-case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName {
    pub namespace: String,
    pub name: String,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let folder = args.folder.canonicalize().map_err(|error| {
        let message = format!("there is no folder `{}`", args.folder.display());
        Failure::of(
            Problem::error("init::no-folder", message)
                .because(error.to_string())
                .help("`cargo mosaic new NAME` makes a new one"),
        )
    })?;
    let name = AppName::of(args.name.as_deref(), &folder)?;
    if folder.join(manifest::FILE_NAME).exists() {
        let problem = Problem::error("init::exists", "this folder is an app already: it has a `mosaic.toml`")
            .help("`cargo mosaic add LANG NAME` adds a part");
        return Err(Failure::of(problem));
    }
    make(&folder, &name, &args.lang, reporter)?;
    Ok(Exit::Done)
}

/// Writes the app's first files and tells what to do next.
pub fn make(folder: &Path, name: &AppName, languages: &[Lang], reporter: &Reporter) -> Result<(), Failure> {
    let files = scaffold::app(name, languages);
    scaffold::write(folder, &files).map_err(Failure)?;
    let shown = folder.display();
    reporter.event(Event::Note { verb: "Created", text: &format!("app `{name}` in `{shown}`") });
    let next = match languages {
        [] => "`cargo mosaic add LANG NAME` adds the first part".to_owned(),
        _ => format!("`cd {shown} && cargo mosaic serve` builds it and answers HTTP"),
    };
    reporter.event(Event::Note { verb: "Next", text: &next });
    Ok(())
}

impl AppName {
    /// As said, else `app:` and the folder's name in kebab-case.
    pub fn of(said: Option<&str>, folder: &Path) -> Result<AppName, Failure> {
        if let Some(said) = said {
            return match said.split_once(':') {
                Some((namespace, name)) if is_kebab(namespace) && is_kebab(name) => {
                    Ok(AppName { namespace: namespace.into(), name: name.into() })
                }
                _ => Err(Failure::of(
                    Problem::error("new::bad-name", format!("`{said}` is not a name for an app"))
                        .help("two kebab-case words joined by a colon, e.g. `--name acme:shop`"),
                )),
            };
        }
        let folder_name = folder.file_name().unwrap_or_default().to_string_lossy();
        let name = heck::ToKebabCase::to_kebab_case(folder_name.as_ref());
        if is_kebab(&name) {
            return Ok(AppName { namespace: "app".into(), name });
        }
        Err(Failure::of(
            Problem::error("new::bad-name", format!("no name for an app can be made of `{folder_name}`"))
                .help("say one, e.g. `--name acme:shop`"),
        ))
    }
}

impl std::fmt::Display for AppName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)
    }
}
