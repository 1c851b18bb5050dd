//! The one owner of stdout and stderr.
//!
//! stdout carries the thing asked for, stderr the talk about it. With `--message-format json` both become one
//! `reason`-tagged object a line on stdout, and the last one, `{"reason":"finished","success":…}`, always comes: also
//! after a usage error, and when the process unwinds.
//!
//! Whether to colour, how wide the terminal is and whether bars can be drawn is decided once, in [`Look::decide`].

pub mod clean;
mod human;
mod json;
mod problem;
mod progress;

#[cfg(test)]
mod tests;

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use mosaic::{diagnostic::Problem, event::Event};
use serde::Serialize;

pub use human::{bytes, duration};

use super::options::{Color, MessageFormat, Output};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Problems and answers alone.
    Quiet,
    Normal,
    /// Also what was fresh, how long things took, and the words of tools that succeeded.
    Verbose,
}

/// What the terminal is like.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// On stderr.
    pub talk: Paint,
    /// On stdout, where answers go.
    pub answer: Paint,
    /// Columns.
    pub width: usize,
    /// Bars can be drawn on stderr.
    pub bars: bool,
    pub verbosity: Verbosity,
}

/// What a command gives: a value that can be shown in both forms.
pub trait Answer: Serialize {
    /// The `reason` of its JSON object.
    const REASON: &'static str;

    /// Its text for people; each line ended.
    fn text(&self, paint: Paint) -> String;
}

/// Tells events, problems and answers; may be shared by threads.
pub struct Reporter {
    form: Form,
    finished: AtomicBool,
}

enum Form {
    Human(human::Human),
    Json(json::Json),
}

impl Reporter {
    pub fn new(output: &Output) -> Reporter {
        let look = Look::decide(output);
        let form = match output.message_format {
            MessageFormat::Human => {
                Form::Human(human::Human::new(look, Stream::new(io::stdout()), Stream::new(io::stderr())))
            }
            MessageFormat::Json => Form::Json(json::Json::new(Stream::new(io::stdout()))),
        };
        Reporter { form, finished: AtomicBool::new(false) }
    }

    pub fn event(&self, event: Event<'_>) {
        match &self.form {
            Form::Human(human) => human.event(event),
            Form::Json(json) => json.event(event),
        }
    }

    pub fn problem(&self, problem: &Problem) {
        match &self.form {
            Form::Human(human) => human.problem(problem),
            Form::Json(json) => json.problem(problem),
        }
    }

    /// Several. People read once what several components have in common.
    pub fn problems(&self, problems: &[Problem]) {
        match &self.form {
            Form::Human(human) => problem::shared(problems).iter().for_each(|problem| human.problem(problem)),
            Form::Json(json) => problems.iter().for_each(|problem| json.problem(problem)),
        }
    }

    /// The thing asked for.
    pub fn answer<A: Answer>(&self, answer: &A) {
        match &self.form {
            Form::Human(human) => human.answer(answer),
            Form::Json(json) => json.object(A::REASON, answer),
        }
    }

    /// A fact that programs are told and people see in other ways.
    pub fn message(&self, reason: &str, message: &impl Serialize) {
        if let Form::Json(json) = &self.form {
            json.object(reason, message);
        }
    }

    /// Bytes asked for (a script, a page, a component), as they are in either form.
    pub fn raw(&self, bytes: &[u8]) {
        match &self.form {
            Form::Human(human) => human.raw(bytes),
            Form::Json(json) => json.raw(bytes),
        }
    }

    /// A whole line among the talk, in a form of its own; programs are told the event instead.
    pub fn aside(&self, line: &str, event: Event<'_>) {
        match &self.form {
            Form::Human(human) => human.talk(line),
            Form::Json(json) => json.event(event),
        }
    }

    /// Takes the bars down before somebody else writes to the terminal, and tells the end, once.
    pub fn finish(&self, success: bool) {
        if !self.finished.swap(true, Ordering::SeqCst) {
            match &self.form {
                Form::Human(human) => human.finish(),
                Form::Json(json) => json.finish(success),
            }
        }
    }

    /// Takes the bars down: a guest is about to write to the terminal.
    pub fn step_aside(&self) {
        if let Form::Human(human) = &self.form {
            human.finish();
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.finish(false);
    }
}

impl Look {
    /// Asks flags, environment and terminal once. `NO_COLOR` and `CLICOLOR_FORCE` have their say under `auto`.
    pub fn decide(output: &Output) -> Look {
        let verbosity = match (output.quiet, output.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        let terminal = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
        let from_env = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let is_dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        Look {
            talk: output.color.paint(&io::stderr()),
            answer: output.color.paint(&io::stdout()),
            width: terminal.or_else(from_env).unwrap_or(120).clamp(40, 200),
            bars: io::stderr().is_terminal() && verbosity != Verbosity::Quiet && !is_dumb,
            verbosity,
        }
    }
}

impl Color {
    /// What is said, else what the environment and the stream call for.
    pub fn paint(self, stream: &impl anstream::stream::RawStream) -> Paint {
        let color = match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        };
        Paint { color }
    }
}

/// Wraps words in styles, or not.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub color: bool,
}

impl Paint {
    pub fn wrap(self, style: anstyle::Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub fn good(self, text: &str) -> String {
        self.wrap(anstyle::AnsiColor::Green.on_default().bold(), text)
    }

    pub fn bad(self, text: &str) -> String {
        self.wrap(anstyle::AnsiColor::Red.on_default().bold(), text)
    }

    pub fn wary(self, text: &str) -> String {
        self.wrap(anstyle::AnsiColor::Yellow.on_default().bold(), text)
    }

    pub fn strong(self, text: &str) -> String {
        self.wrap(anstyle::Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.wrap(anstyle::Style::new().dimmed(), text)
    }
}

/// A place to write whole lines to. A reader that went away is no error: there is nobody to tell.
pub struct Stream {
    to: Mutex<Box<dyn Write + Send>>,
}

impl Stream {
    fn new(to: impl Write + Send + 'static) -> Stream {
        Stream { to: Mutex::new(Box::new(to)) }
    }

    fn write(&self, bytes: &[u8]) {
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(bytes).and_then(|()| to.flush());
    }
}
