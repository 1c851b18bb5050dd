//! How a process fails, in words.

use std::{os::unix::process::ExitStatusExt, path::PathBuf, process::ExitStatus, time::Duration};

use super::Output;
use crate::diagnostic::{Diagnose, Problem};

/// Why a process could not be run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither on the PATH nor, if a path was given, there.
    #[error("`{program}` was not found")]
    NotFound { command: String, program: String },
    #[error("`{program}` may not be executed")]
    NotExecutable { command: String, program: String },
    /// A file that is no program of this machine, or whose interpreter is missing.
    #[error("`{program}` is not a program this machine can run")]
    NotProgram { command: String, program: String },
    #[error("the folder {} to run `{program}` in is not there", folder.display())]
    NoFolder { command: String, program: String, folder: PathBuf },
    #[error("could not start `{program}`")]
    Start { command: String, program: String, source: std::io::Error },
    #[error("`{program}` did not end within {} and was killed", seconds(*limit))]
    Timeout { command: String, program: String, limit: Duration, output: Box<Output> },
    #[error("`{program}` {}", ending(output.status))]
    Killed { command: String, program: String, output: Box<Output> },
    #[error("`{program}` {}", ending(output.status))]
    Failed { command: String, program: String, output: Box<Output> },
}

impl Error {
    /// The command, to be pasted into a shell.
    pub fn command(&self) -> &str {
        match self {
            Error::NotFound { command, .. }
            | Error::NotExecutable { command, .. }
            | Error::NotProgram { command, .. }
            | Error::NoFolder { command, .. }
            | Error::Start { command, .. }
            | Error::Timeout { command, .. }
            | Error::Killed { command, .. }
            | Error::Failed { command, .. } => command,
        }
    }

    /// What it wrote before it failed.
    pub fn output(&self) -> Option<&Output> {
        match self {
            Error::Timeout { output, .. } | Error::Killed { output, .. } | Error::Failed { output, .. } => Some(output),
            _ => None,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Error::NotFound { .. } => "process::not-found",
            Error::NotExecutable { .. } => "process::not-executable",
            Error::NotProgram { .. } => "process::not-a-program",
            Error::NoFolder { .. } => "process::no-folder",
            Error::Start { .. } => "process::start",
            Error::Timeout { .. } => "process::timeout",
            Error::Killed { .. } => "process::killed",
            Error::Failed { .. } => "process::failed",
        }
    }

    /// Adds to `problem` why the process failed, in its own words where it had any, and the command to try by hand.
    #[must_use]
    pub fn explain(&self, problem: Problem) -> Problem {
        let mut problem = problem.because(self.to_string());
        if let Error::Start { source, .. } = self {
            problem = problem.because(source.to_string());
        }
        if let Some(words) = self.output().map(Output::words).filter(|words| !words.is_empty()) {
            problem = problem.because(words);
        }
        if let Error::Killed { output, .. } = self
            && output.status.signal() == Some(9)
        {
            problem = problem.because("nobody here killed it: the system may have run out of memory");
        }
        problem.help(format!("to see it by hand: `{}`", self.command()))
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let bare = Problem::error(self.code(), self.to_string());
        let mut told = self.explain(bare);
        told.causes.remove(0);
        vec![told]
    }
}

/// How a process ended, to follow its name: `ended with status 2`, `was killed by signal 11 (SIGSEGV)`.
pub fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("was killed by signal {signal} ({name})"),
            None => format!("was killed by signal {signal}"),
        },
        (None, None) => format!("ended ({status})"),
    }
}

/// The signals a process dies of; numbers are the same on every Unix but for SIGBUS.
fn signal_name(signal: i32) -> Option<&'static str> {
    let bus = rustix::process::Signal::BUS.as_raw();
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ if signal == bus => "SIGBUS",
        _ => return None,
    })
}

/// `90 s`, `0.5 s`.
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
