//! From the threads of a running guest to the one that holds the caller's events.
//!
//! Guests run on threads and tasks of their own, while [`Events`] is borrowed from the caller. What they have to tell
//! goes through a bounded channel: a guest that floods its output waits for the reader and fills no memory.

use tokio::sync::mpsc;

use crate::{
    diagnostic::Problem,
    event::{Event, Events, GuestStream, LogLevel},
};

use super::{error::trap_problem, symbols::Symbols, trap::Trapped};

/// What a guest, or the host on its behalf, has to tell.
#[derive(Debug)]
pub(super) enum Told {
    /// Whole lines a part wrote, or the rest of its last one.
    Output {
        part: Option<String>,
        stream: GuestStream,
        text: String,
    },
    Log {
        part: Option<String>,
        level: LogLevel,
        context: String,
        message: String,
    },
    Warning(Problem),
    /// `what` trapped, e.g. "the guest of `GET /`".
    Trapped {
        what: String,
        trapped: Trapped,
    },
}

pub(super) type Teller = mpsc::Sender<Told>;

/// Messages under way at once.
const CAPACITY: usize = 1024;

pub(super) fn channel() -> (Teller, mpsc::Receiver<Told>) {
    mpsc::channel(CAPACITY)
}

impl Told {
    pub fn tell(self, symbols: &mut Symbols<'_>, events: Events<'_>) {
        match self {
            Told::Output { part, stream, text } => {
                for line in text.lines() {
                    events(Event::Guest { part: part.as_deref(), stream, line });
                }
            }
            Told::Log { part, level, context, message } => {
                events(Event::Log { part: part.as_deref(), level, context: &context, message: &message });
            }
            Told::Warning(problem) => events(Event::Warning(&problem)),
            Told::Trapped { what, mut trapped } => {
                symbols.fill(&mut trapped.frames);
                events(Event::Warning(&trap_problem(&what, &trapped)));
            }
        }
    }
}
