//! `cargo mosaic invoke`: calls exports, and shows what they return.

use std::path::PathBuf;

use mosaic::{
    diagnostic::Problem,
    runtime::{Arguments, CallError, Returned, Session, Statement},
};
use serde::Serialize;

use super::{
    Failure,
    exit::Exit,
    guest::GuestArgs,
    reporter::{Answer, Paint, Reporter},
};

/// Call any export of the app, or of any component
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic invoke 'check(\"token\")'                  an export of the project's app
  cargo mosaic invoke auth.wasm 'auth.check(\"token\")'   of any component, its interface said
  cargo mosaic invoke auth.wasm check --args '[\"token\"]' --json
  cargo mosaic invoke app.wasm 'c = counter(5); c.bump(2)'   with a handle that is kept by name

Arguments are written in WAVE: 1, \"text\", [1, 2], {name: \"a\"}, some(1), ok, (1, true). A trap is 134.")]
pub struct Args {
    /// A component, else the project's app; then calls, parted by semicolons
    #[arg(required = true, num_args = 1..=2, value_names = ["FILE", "CALL"])]
    words: Vec<String>,
    /// The arguments of the last call, a JSON array
    #[arg(long, value_name = "JSON")]
    args: Option<JsonArguments>,
    /// Show what is returned as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    guest: GuestArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let mut words = args.words.into_iter();
    let (file, text) = match (words.next(), words.next()) {
        (Some(file), Some(text)) => (Some(PathBuf::from(file)), text),
        (Some(text), None) => (None, text),
        _ => return Err(Failure::of(Problem::error("call::malformed", "nothing is called"))),
    };
    let mut statements = Statement::parse(&text)?;
    if let (Some(JsonArguments(values)), Some(last)) = (args.args, statements.last_mut()) {
        last.arguments = Arguments::Json(values);
    }
    let (guest, options) = args.guest.open(file, reporter)?;
    let logs = args.guest.logs.open()?;
    let events = |event: mosaic::event::Event<'_>| logs.event(event, reporter);
    let mut session = Session::open(&guest.artifact, options, &events).map_err(|error| guest.failed(error))?;
    let last = statements.len().saturating_sub(1);
    for (index, statement) in statements.iter().enumerate() {
        match session.call(statement, &events) {
            Ok(returned) if index == last => reporter.answer(&Shown { returned: &returned, json: args.json }),
            Ok(_) => {}
            Err(CallError::Exited { code, .. }) => return Ok(Exit::Guest(code.to_le_bytes()[0])),
            Err(error @ CallError::Trapped { .. }) => {
                reporter.problems(&Failure::from(error).0);
                return Ok(Exit::Trapped);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Exit::Done)
}

/// Arguments of one call.
#[derive(Debug, Clone)]
struct JsonArguments(Vec<serde_json::Value>);

impl std::str::FromStr for JsonArguments {
    type Err = String;

    fn from_str(text: &str) -> Result<JsonArguments, String> {
        let wanted = |error| format!("a JSON array is wanted, for example `[1, \"a\"]`: {error}");
        serde_json::from_str(text).map(JsonArguments).map_err(wanted)
    }
}

/// What a call returned, in either form.
#[derive(Serialize)]
pub struct Shown<'a> {
    #[serde(flatten)]
    pub returned: &'a Returned,
    #[serde(skip)]
    pub json: bool,
}

impl Answer for Shown<'_> {
    const REASON: &'static str = "returned";

    fn text(&self, _: Paint) -> String {
        match &self.returned.value {
            Some(value) if self.json => format!("{}\n", value.json),
            Some(value) => format!("{}\n", value.text),
            None => String::new(),
        }
    }
}
