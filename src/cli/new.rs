//! `cargo mosaic new`: a folder with an app that builds, serves a page, and has a test.

use std::path::PathBuf;

use mosaic::{diagnostic::Problem, manifest};

use super::{
    Failure,
    exit::Exit,
    init::{self, AppName},
    options::Lang,
    reporter::Reporter,
};

/// Make a new app in a new folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic new shop                            one part in each language
  cargo mosaic new shop --lang rust,python         only these
  cargo mosaic new shop --name acme:shop           with a namespace of your own

The gateway that answers HTTP is written in Rust; each language named adds a part that it calls.")]
pub struct Args {
    /// Folder to make; its name is the app's
    folder: PathBuf,
    /// Languages to begin with
    #[arg(long, value_name = "LANG", value_delimiter = ',', default_value = "rust,go,python,javascript")]
    lang: Vec<Lang>,
    /// Full name of the app, else `app:FOLDER`
    #[arg(long, value_name = "NAMESPACE:NAME")]
    name: Option<String>,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let name = AppName::of(args.name.as_deref(), &args.folder)?;
    if args.folder.join(manifest::FILE_NAME).exists() || is_filled(&args.folder) {
        let problem = Problem::error("new::exists", format!("`{}` is there already", args.folder.display()))
            .help("choose another name, or go there and run `cargo mosaic init`");
        return Err(Failure::of(problem));
    }
    init::make(&args.folder, &name, &args.lang, reporter)?;
    Ok(Exit::Done)
}

fn is_filled(folder: &std::path::Path) -> bool {
    match folder.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.symlink_metadata().is_ok(),
    }
}
