//! WIT as people write it: laid out in one way, and what of it a parsed package does not keep ([`outline`]).
//!
//! Formatting, [`format`]: text to text, one file at a time, without knowing what its names mean.
//! 1. [`lexer`]: tokens, and the comments between them;
//! 2. [`grammar`]: whether they are WIT, and what is to be printed;
//! 3. [`print`]: that, as text.
//!
//! Invariants: the tokens of the output are those of the input, but for commas at the end of a list; so are its comments,
//! between the same tokens; what is formatted stays as it is when it is formatted again. All three passes are linear.
//!
//! Gates that contradict each other are found before wit-parser sees them ([`gates`]): it would stop at a fault.
//!
//! Takes texts, never a project: the command finds the files.

use std::sync::Arc;

use crate::{
    diagnostic::SourceFile,
    resolve::{Error, Failure, Kind, Place},
};

mod gates;
mod grammar;
mod lexer;
mod outline;
mod print;

pub(crate) use gates::contradiction;
pub use outline::{Include, Outline, Reference, Remark};

/// Lays out a WIT file. Fails where it is not WIT, with the first place that is not.
pub fn format(source: &Arc<SourceFile>) -> Result<String, Error> {
    let formatted = lexer::lex(&source.text).and_then(|lexed| {
        let ops = grammar::read(&lexed)?;
        Ok(print::print(&lexed, &ops))
    });
    match formatted {
        // As the file has them.
        Ok(text) if is_crlf(&source.text) => Ok(text.replace('\n', "\r\n")),
        Ok(text) => Ok(text),
        Err(flaw) => Err(Failure {
            component: None,
            place: Some(Place { source: source.clone(), span: flaw.span }),
            kind: Kind::Syntax { message: flaw.message },
        }
        .into()),
    }
}

/// Whether lines end as they do on Windows.
fn is_crlf(text: &str) -> bool {
    text.find('\n').is_some_and(|at| text[..at].ends_with('\r'))
}

#[cfg(test)]
pub(crate) mod tests;
