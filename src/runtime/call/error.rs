//! Why a call could not be made, or did not return.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnose, Problem, SourceFile},
    runtime::{
        error::{Error, trap_problem},
        trap::Trapped,
    },
};

use super::{
    statement::{Arguments, Statement},
    wave::Unfit,
};

/// Why a call could not be made, or did not return.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    #[error("`{text}` is no call")]
    Malformed { text: String, why: String },
    #[error("nothing that is exported is called `{name}`")]
    Unknown { name: String, near: Option<String>, known: Vec<String> },
    #[error("`{name}` could be several exports")]
    Ambiguous { name: String, candidates: Vec<String> },
    /// An argument in text is not of its type.
    #[error("the arguments do not fit `{signature}`")]
    Unfit { statement: Box<Statement>, signature: String, unfit: Unfit },
    /// An argument in JSON is not of its type.
    #[error("the arguments do not fit `{signature}`")]
    Misfit { signature: String, why: String },
    #[error("`{function}` trapped")]
    Trapped { function: String, trapped: Trapped },
    #[error("`{function}` ended the program with code {code}")]
    Exited { function: String, code: i32 },
    #[error(transparent)]
    Runtime(#[from] Error),
}

impl Diagnose for CallError {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            CallError::Malformed { why, .. } => problem("call::malformed").because(why),
            CallError::Unknown { near, known, .. } => {
                let problem = problem("call::unknown");
                match (near, known.as_slice()) {
                    (Some(near), _) => problem.help(format!("did you mean `{near}`?")),
                    (None, []) => problem.because("it exports no functions"),
                    (None, known) => problem.help(format!("it exports\n{}", known.join("\n"))),
                }
            }
            CallError::Ambiguous { candidates, .. } => {
                problem("call::ambiguous").help(format!("name one of {}", candidates.join(", ")))
            }
            CallError::Unfit { statement, unfit, .. } => {
                let problem = problem("call::arguments");
                match &statement.arguments {
                    Arguments::Wave { before, text } => {
                        let source = SourceFile { name: "call".to_owned(), text: format!("{before}{text}") };
                        let at = unfit.at.start + before.len()..unfit.at.end + before.len();
                        problem.at(&Arc::new(source), at, &unfit.why)
                    }
                    Arguments::Json(_) => problem.because(&unfit.why),
                }
            }
            CallError::Misfit { why, .. } => problem("call::arguments").because(why),
            CallError::Trapped { function, trapped } => trap_problem(&format!("`{function}`"), trapped),
            CallError::Exited { .. } => problem("call::exited"),
            CallError::Runtime(error) => return error.problems(),
        }]
    }
}
