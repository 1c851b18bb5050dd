//! A failure as a value: what was attempted, why it failed in the user's words, the place, and the next step.
//!
//! Every stage has an error type of its own that holds fields, not sentences, and turns itself into [`Problem`]s by
//! [`Diagnose`]. Rendering (colour, width, JSON) belongs to the binary's reporter alone.

use std::{ops::Range, sync::Arc};

use serde::Serialize;

/// How much a [`Problem`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Warning,
    Error,
}

/// A text the user wrote (manifest, WIT, source), with the name to show for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user would write it, relative to the project's root where it lies below it.
    pub name: String,
    pub text: String,
}

impl SourceFile {
    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        memchr::memchr_iter(b'\n', &self.text.as_bytes()[..at.min(self.text.len())]).count() + 1
    }

    /// Line and column of a byte, from 1; the column in characters.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(at.min(self.text.len()))];
        let start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |newline| newline + 1);
        (self.line(start), before[start..].chars().count() + 1)
    }
}

/// A place in a source, with what is to be said of it.
#[derive(Debug, Clone)]
pub struct Label {
    pub source: Arc<SourceFile>,
    /// Bytes of `source.text`.
    pub span: Range<usize>,
    pub text: String,
    /// The place the problem is at, rather than one that explains it.
    pub primary: bool,
}

/// One thing that is wrong, told whole.
#[derive(Debug, Clone)]
pub struct Problem {
    pub level: Level,
    /// Stable identifier, `room::kebab-name`, e.g. `plan::type-mismatch`.
    pub code: &'static str,
    /// What was attempted and what is wrong, one sentence without a full stop.
    pub message: String,
    /// The component concerned, where there is one.
    pub component: Option<String>,
    /// Why, outermost first; each a line (a compiler's words may be several).
    pub causes: Vec<String>,
    pub labels: Vec<Label>,
    /// The next step, as an imperative sentence or a command to paste.
    pub help: Vec<String>,
}

impl Problem {
    /// An error with nothing but its code and message.
    pub fn error(code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            level: Level::Error,
            code,
            message: message.into(),
            component: None,
            causes: Vec::new(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The same, as something that does not stop the work.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Problem {
        Problem { level: Level::Warning, ..Problem::error(code, message) }
    }

    #[must_use]
    pub fn in_component(mut self, name: impl Into<String>) -> Problem {
        self.component = Some(name.into());
        self
    }

    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Problem {
        self.causes.push(cause.into());
        self
    }

    /// Adds the place the problem is at.
    #[must_use]
    pub fn at(mut self, source: &Arc<SourceFile>, span: Range<usize>, text: impl Into<String>) -> Problem {
        self.labels.push(Label { source: source.clone(), span, text: text.into(), primary: true });
        self
    }

    /// Adds a place that explains it.
    #[must_use]
    pub fn see(mut self, source: &Arc<SourceFile>, span: Range<usize>, text: impl Into<String>) -> Problem {
        self.labels.push(Label { source: source.clone(), span, text: text.into(), primary: false });
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help.push(help.into());
        self
    }
}

/// An error that can tell every problem it stands for.
pub trait Diagnose: std::error::Error {
    /// All of them, in the order the user should read them; never empty.
    fn problems(&self) -> Vec<Problem>;
}

/// The one of `among` that `word` was probably meant to be, if any is near enough to ask.
pub fn closest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |candidate: &str| strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase());
    among
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
