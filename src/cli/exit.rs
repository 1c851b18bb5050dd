//! Exit codes: an API, stated here and nowhere else.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 2 | the command line makes no sense |
//! | 100 | `check`, `doctor`, `wit fmt --check` and `wit lint` looked and found something wanting |
//! | 101 | could not complete |
//! | 134 | `run`: the guest trapped |
//! | any | `run`: the guest's own exit code |

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    Usage,
    Wanting,
    Failed,
    Guest(u8),
    Trapped,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Usage => 2,
            Exit::Wanting => 100,
            Exit::Failed => 101,
            Exit::Trapped => 134,
            Exit::Guest(code) => code,
        }
    }

    /// What the last JSON object says.
    pub fn is_success(self) -> bool {
        self.code() == 0
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
