//! `cargo mosaic repl`: an instance at hand, whose exports are called line by line.

use std::path::PathBuf;

use mosaic::{
    cache::Home,
    diagnostic::Problem,
    event::Event,
    runtime::{CallError, Export, ReturnedValue, Session, Statement},
};
use rustyline::{
    Config, Context, Editor, Helper, completion::Completer, error::ReadlineError, highlight::Highlighter, hint::Hinter,
    history::FileHistory, validate::Validator,
};
use serde::Serialize;

use super::{
    Failure,
    exit::Exit,
    guest::GuestArgs,
    reporter::{Answer, Paint, Reporter, clean},
};

/// Call exports of the app, or of any component, line by line
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic repl             the project's app
  cargo mosaic repl auth.wasm   any component
  > c = counter(5)              kept as `c`
  > c.bump(2)
  7: u32

Tab completes names, :exports lists what can be called, :kept what is kept, Control-D ends. After a trap the next call \
has a new instance.")]
pub struct Args {
    /// A component, else the project's app
    file: Option<PathBuf>,
    #[command(flatten)]
    guest: GuestArgs,
}

/// Lines remembered between sessions.
const HISTORY: usize = 1000;

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let (guest, options) = args.guest.open(args.file, reporter)?;
    let logs = args.guest.logs.open()?;
    let events = |event: Event<'_>| logs.event(event, reporter);
    let mut session = Session::open(&guest.artifact, options, &events).map_err(|error| guest.failed(error))?;
    let exports = session.exports(&events)?;

    let config = Config::builder().max_history_size(HISTORY).and_then(|it| it.history_ignore_dups(true));
    let mut editor = config
        .and_then(|config| Editor::<Words, FileHistory>::with_config(config.auto_add_history(true).build()))
        .map_err(unreadable)?;
    let history = Home::from_env().root.join("repl-history");
    // The first session has none.
    let _ = editor.load_history(&history);
    loop {
        editor.set_helper(Some(Words::of(&exports, &session)));
        match editor.readline("> ") {
            Ok(line) => match line.trim() {
                "" => {}
                ":quit" | ":q" => break,
                ":exports" => exports.iter().for_each(|export| reporter.answer(&Line::plain(&export.signature))),
                ":kept" => session.kept().for_each(|name| reporter.answer(&Line::plain(name))),
                line => called(line, &mut session, &events, reporter),
            },
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
            Err(error) => return Err(unreadable(error)),
        }
    }
    // A history that cannot be kept is no reason to fail.
    let _ = editor.save_history(&history);
    Ok(Exit::Done)
}

/// Makes the calls of a line; the first that fails is the last.
fn called(line: &str, session: &mut Session<'_>, events: &(dyn Fn(Event<'_>) + Sync), reporter: &Reporter) {
    let each = |statements: Vec<Statement>| -> Result<(), CallError> {
        for statement in &statements {
            let returned = session.call(statement, events)?;
            if let Some(value) = &returned.value {
                reporter.answer(&Line { value: Some(value), text: format!("{}: {}", value.text, value.ty) });
            }
        }
        Ok(())
    };
    if let Err(error) = Statement::parse(line).and_then(each) {
        reporter.problems(&Failure::from(error).0);
    }
}

fn unreadable(error: ReadlineError) -> Failure {
    Failure::of(Problem::error("repl::unreadable", "cannot read what is typed").because(error.to_string()))
}

/// A line of an answer.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    value: Option<&'a ReturnedValue>,
    #[serde(rename = "line")]
    text: String,
}

impl Line<'_> {
    fn plain(text: &str) -> Line<'static> {
        Line { value: None, text: text.to_owned() }
    }
}

impl Answer for Line<'_> {
    const REASON: &'static str = "answer";

    fn text(&self, _: Paint) -> String {
        format!("{}\n", clean::line(&self.text))
    }
}

/// What can be completed.
struct Words(Vec<String>);

impl Words {
    fn of(exports: &[Export], session: &Session<'_>) -> Words {
        let path = |export: &Export| export.signature.split('(').next().unwrap_or_default().to_owned();
        let mut words: Vec<String> = exports.iter().flat_map(|export| [export.name.clone(), path(export)]).collect();
        words.extend(session.kept().map(str::to_owned));
        words.extend([":exports", ":kept", ":quit"].map(str::to_owned));
        words.sort();
        words.dedup();
        Words(words)
    }

    /// Where the word before `at` begins, and what it could become.
    fn completions(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let before = line.get(..at).unwrap_or(line);
        let is_inside = |c: char| c.is_alphanumeric() || "-.:/@#_".contains(c);
        let start = before.rfind(|c| !is_inside(c)).map_or(0, |it| it + 1);
        let word = &before[start..];
        (start, self.0.iter().filter(|known| known.starts_with(word)).cloned().collect())
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.completions(line, at))
    }
}

impl Hinter for Words {
    type Hint = String;
}
impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_completed_where_they_stand() {
        let words = Words(["add", "counter", "counter.bump", "tally.counter"].map(str::to_owned).to_vec());
        assert_eq!(words.completions("c = cou", 7), (4, vec!["counter".to_owned(), "counter.bump".to_owned()]));
        assert_eq!(words.completions("add(tal, 2)", 7), (4, vec!["tally.counter".to_owned()]));
        assert_eq!(words.completions("x", 1).1, Vec::<String>::new());
    }
}
