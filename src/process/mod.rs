//! The one door to foreign processes.
//!
//! A [`Command`] is a value whose `Display` can be pasted into a shell. Nothing else in the library may start a process.
//!
//! What holds for every process started here:
//! - it has no standard input, and its output comes through pipes: it never talks to the terminal;
//! - it leads a process group of its own, which is killed when its time is up and when we die, however we die (`watch`);
//! - what it writes is kept within bounds (`capture`): a flood costs no memory, and what was left out is said;
//! - how it ended is told in words: not there, not executable, killed by a signal, out of time ([`Error`]).

mod capture;
mod error;
mod run;
mod watch;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

pub use self::error::{Error, ending};

/// A program with its arguments, folder and environment.
#[derive(Debug, Clone)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    cwd: Option<PathBuf>,
    /// `None` removes the variable.
    env: BTreeMap<OsString, Option<OsString>>,
    timeout: Option<Duration>,
}

/// What a process that ended left behind.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    /// As it was written, but of more than 17 MiB only the first 16 and the last.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Bytes of both that were not kept. A line in their place says so.
    pub left_out: u64,
}

/// Which of the two a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Command {
    /// `program` is a path with a slash in it, or a name to be looked for on the PATH.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command { program: program.as_ref().into(), args: Vec::new(), cwd: None, env: BTreeMap::new(), timeout: None }
    }

    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Command {
        self.args.push(arg.as_ref().into());
        self
    }

    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Command {
        self.args.extend(args.into_iter().map(|a| a.as_ref().into()));
        self
    }

    /// The folder to run in; ours if not said.
    #[must_use]
    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Command {
        self.cwd = Some(folder.as_ref().into());
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Command {
        self.env.insert(name.as_ref().into(), Some(value.as_ref().into()));
        self
    }

    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Command {
        self.env.insert(name.as_ref().into(), None);
        self
    }

    /// How long it may take before it and everything it started is killed; for ever if not said.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Command {
        self.timeout = Some(limit);
        self
    }

    /// Runs it to its end and gives what it wrote. A non-zero status is not an error here; a signal is.
    pub fn output(&self) -> Result<Output, Error> {
        run::run(self, &mut |_, _| {})
    }

    /// The same, telling each line (without its end) as it is written. Bytes that are no UTF-8 are replaced, and a line
    /// longer than 16 MiB comes in pieces. Lines left out of the [`Output`] are told all the same.
    pub fn stream(&self, on_line: &mut dyn FnMut(Stream, &str)) -> Result<Output, Error> {
        let mut lines = capture::Lines::default();
        let output = run::run(self, &mut |stream, bytes| lines.feed(stream, bytes, on_line))?;
        lines.flush(on_line);
        Ok(output)
    }

    /// Runs it to its end, which must be a good one: a non-zero status is [`Error::Failed`].
    pub fn succeed(&self) -> Result<Output, Error> {
        self.judge(self.output()?)
    }

    /// As [`Command::stream`], and a non-zero status is [`Error::Failed`].
    pub fn stream_succeed(&self, on_line: &mut dyn FnMut(Stream, &str)) -> Result<Output, Error> {
        self.judge(self.stream(on_line)?)
    }

    fn judge(&self, output: Output) -> Result<Output, Error> {
        if output.status.success() {
            Ok(output)
        } else {
            Err(Error::Failed { command: self.to_string(), program: self.name(), output: Box::new(output) })
        }
    }

    /// The program's file name, to be shown to people.
    fn name(&self) -> String {
        Path::new(&self.program).file_name().unwrap_or(&self.program).to_string_lossy().into_owned()
    }
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it said for people: standard error, then, if that is empty, standard output; without blank ends.
    pub fn words(&self) -> String {
        let stderr = String::from_utf8_lossy(&self.stderr);
        let words = if stderr.trim().is_empty() { String::from_utf8_lossy(&self.stdout) } else { stderr };
        words.trim_end().trim_start_matches('\n').to_owned()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cwd) = &self.cwd {
            write!(f, "cd {} && ", quoted(cwd.as_os_str()))?;
        }
        let removed: Vec<_> = self.env.iter().filter(|(_, value)| value.is_none()).collect();
        if !removed.is_empty() {
            write!(f, "env")?;
            removed.iter().try_for_each(|(name, _)| write!(f, " -u {}", quoted(name)))?;
            write!(f, " ")?;
        }
        for (name, value) in &self.env {
            if let Some(value) = value {
                write!(f, "{}={} ", name.to_string_lossy(), quoted(value))?;
            }
        }
        write!(f, "{}", quoted(&self.program))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

/// The executable a shell would run for `name`: itself if it has a slash, else the first on the PATH. Always absolute.
pub fn find(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let name = name.as_ref();
    let candidates: Vec<PathBuf> = if name.as_bytes().contains(&b'/') {
        vec![name.into()]
    } else {
        std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).collect()
    };
    let runs = |path: &PathBuf| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    candidates.into_iter().find(runs).and_then(|path| std::path::absolute(path).ok())
}

/// A word as a shell reads it back. Control characters and bytes that are no UTF-8 are escaped (`$'\x1b'`, POSIX 2024),
/// so that a name can neither be lost nor steer the terminal it is shown on.
fn quoted(word: &OsStr) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let escaped = word.as_bytes().iter().map(|&byte| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(byte)),
                b' '..=b'~' => char::from(byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests;
