//! For people: a right-aligned verb and a line, in cargo's manner; problems with their sources; bars on a terminal.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use mosaic::{
    diagnostic::{Level, Problem},
    event::Event,
};

use super::{Answer, Look, Stream, Verbosity, clean, problem, progress::Progress};

/// Columns that verbs are aligned in.
pub const ASIDE: usize = 12;

pub struct Human {
    look: Look,
    out: Stream,
    err: Stream,
    progress: Option<Progress>,
    /// Downloads that have been told of.
    downloads: Mutex<BTreeSet<String>>,
}

impl Human {
    pub fn new(look: Look, out: Stream, err: Stream) -> Human {
        let progress = look.bars.then(|| Progress::new(look.talk));
        Human { look, out, err, progress, downloads: Mutex::default() }
    }

    pub fn event(&self, event: Event<'_>) {
        match event {
            Event::Warning(problem) => return self.problem(problem),
            Event::Listening { address } => return self.raw(format!("http://{address}\n").as_bytes()),
            Event::Guest { part, line, .. } => return self.guest(part, &clean::line(line)),
            Event::Log { part, level, context, message } => {
                let level = format!("{level:?}").to_uppercase();
                let context = if context.is_empty() { String::new() } else { format!("{context}: ") };
                return self.guest(part, &clean::line(&format!("{level} {context}{message}")));
            }
            _ => {}
        }
        if self.look.verbosity == Verbosity::Quiet {
            return;
        }
        let verbose = self.look.verbosity == Verbosity::Verbose;
        match event {
            Event::Started { verb, what } => {
                self.status(verb, what);
                if let Some(progress) = &self.progress {
                    progress.started(verb, what);
                }
            }
            Event::Finished { what, fresh, elapsed } => {
                if let Some(progress) = &self.progress {
                    progress.finished(what);
                }
                match fresh {
                    true if verbose => self.status("Fresh", what),
                    false if verbose => self.status("Finished", &format!("{what} in {}", duration(elapsed))),
                    _ => {}
                }
            }
            Event::Note { verb, text } => self.status(verb, text),
            Event::Detail { verb, text } if verbose => self.status(verb, text),
            Event::Download { what, received, total } => self.download(what, received, total),
            Event::Waiting { what } => self.status("Waiting", &format!("for {what}")),
            Event::Output { what, text } if verbose => {
                let text = clean::lines(text.trim_end());
                self.talk(&format!("{}\n{text}\n", self.look.talk.dim(&format!("{}:", clean::line(what)))));
            }
            _ => {}
        }
    }

    pub fn problem(&self, problem: &Problem) {
        if problem.level == Level::Warning && self.look.verbosity == Verbosity::Quiet {
            return;
        }
        self.talk(&format!("{}\n", problem::render(problem, self.look.talk, self.look.width)));
    }

    pub fn answer<A: Answer>(&self, answer: &A) {
        self.raw(answer.text(self.look.answer).as_bytes());
    }

    pub fn raw(&self, bytes: &[u8]) {
        match &self.progress {
            Some(progress) => progress.aside(|| self.out.write(bytes)),
            None => self.out.write(bytes),
        }
    }

    /// Takes the bars down.
    pub fn finish(&self) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
    }

    fn download(&self, what: &str, received: u64, total: Option<u64>) {
        if self.downloads.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned()) {
            let size = total.map(|total| format!(" ({})", bytes(total))).unwrap_or_default();
            self.status("Downloading", &format!("{what}{size}"));
        }
        if let Some(progress) = &self.progress {
            progress.download(what, received, total);
        }
    }

    /// A guest's own words, which are no talk of ours: told in any verbosity.
    fn guest(&self, part: Option<&str>, line: &str) {
        let part = self.look.talk.dim(&format!("{} |", clean::line(part.unwrap_or("guest"))));
        self.talk(&format!("{part} {line}\n"));
    }

    fn status(&self, verb: &str, text: &str) {
        let verb = self.look.talk.good(&format!("{verb:>ASIDE$}"));
        self.talk(&format!("{verb} {}\n", clean::line(text)));
    }

    pub fn talk(&self, text: &str) {
        match &self.progress {
            Some(progress) => progress.aside(|| self.err.write(text.as_bytes())),
            None => self.err.write(text.as_bytes()),
        }
    }
}

/// `0.04s`, `12.3s`, `2m 05s`.
pub fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    match seconds {
        0.0..10.0 => format!("{seconds:.2}s"),
        10.0..60.0 => format!("{seconds:.1}s"),
        _ => format!("{}m {:02}s", elapsed.as_secs() / 60, elapsed.as_secs() % 60),
    }
}

/// `512 B`, `1.6 kB`, `22.6 MB`: powers of a thousand, as file managers and browsers have it.
pub fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut amount = count as f64;
    let mut units = ["kB", "MB", "GB", "TB"].into_iter();
    let mut unit = "B";
    while amount >= 999.5 {
        let Some(larger) = units.next() else { break };
        amount /= 1000.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{count} B"),
        _ if amount < 99.95 => format!("{amount:.1} {unit}"),
        _ => format!("{amount:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1000), "1.0 kB");
        assert_eq!(bytes(22_600_000), "22.6 MB");
        assert_eq!(bytes(123_400_000), "123 MB");
        assert_eq!(duration(Duration::from_millis(42)), "0.04s");
        assert_eq!(duration(Duration::from_secs(125)), "2m 05s");
    }
}
