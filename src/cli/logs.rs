//! What guests log by `wasi:logging`: among the talk on stderr, or in a file of its own.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use clap::ValueEnum;
use mosaic::{
    diagnostic::Problem,
    event::{Event, LogLevel},
    runtime::LogFormat,
};
use serde_json::json;

use super::{
    Failure,
    reporter::{Reporter, clean},
};

/// Where logs go, and in which form.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// Put what guests log at the end of this file, rather than on stderr
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// For people, or one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The logs of guests, opened.
pub struct Logs {
    /// `None`: among the talk.
    file: Option<Mutex<File>>,
    format: LogFormat,
}

impl LogArgs {
    pub fn format(&self) -> LogFormat {
        match self.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        }
    }

    pub fn open(&self) -> Result<Logs, Failure> {
        let open = |path: &PathBuf| {
            let file = File::options().create(true).append(true).open(path);
            file.map(Mutex::new).map_err(|error| unwritable(path, &error))
        };
        Ok(Logs { file: self.log_file.as_ref().map(open).transpose()?, format: self.format() })
    }
}

/// A log that cannot be opened.
pub fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("could not write the log `{}`", path.display());
    Failure::of(Problem::error("logs::unwritable", message).because(error.to_string()))
}

impl Logs {
    /// Writes down what is logged; everything else is the reporter's.
    pub fn event(&self, event: Event<'_>, reporter: &Reporter) {
        match event {
            Event::Log { part, level, context, message } if self.file.is_some() || self.format == LogFormat::Json => {
                let line = line(self.format, SystemTime::now(), part, level, context, message);
                match &self.file {
                    // A full disk must not end the guest; the next line is tried again.
                    Some(file) => {
                        drop(file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()));
                    }
                    None => reporter.aside(&line, event),
                }
            }
            event => reporter.event(event),
        }
    }
}

fn line(
    format: LogFormat,
    time: SystemTime,
    part: Option<&str>,
    level: LogLevel,
    context: &str,
    message: &str,
) -> String {
    let time = humantime::format_rfc3339_millis(time);
    match format {
        LogFormat::Json => {
            let fields = json!({
                "time": time.to_string(), "level": level, "part": part, "context": context, "message": message,
            });
            format!("{fields}\n")
        }
        LogFormat::Text => {
            let level = format!("{level:?}").to_uppercase();
            let part = part.unwrap_or("guest");
            let context = if context.is_empty() { String::new() } else { format!("{context}: ") };
            let text = format!("{time} {level} {part} | {context}{message}");
            format!("{}\n", clean::line(&text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_people_and_for_programs() {
        let of = |format| {
            line(format, SystemTime::UNIX_EPOCH, Some("auth"), LogLevel::Warn, "login", "no\nsuch \x1b[31muser")
        };
        assert_eq!(of(LogFormat::Text), "1970-01-01T00:00:00.000Z WARN auth | login: no such user\n");
        let json = "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warn\",\"part\":\"auth\",\"context\":\"login\",\
                    \"message\":\"no\\nsuch \\u001b[31muser\"}\n";
        assert_eq!(of(LogFormat::Json), json);
    }
}
