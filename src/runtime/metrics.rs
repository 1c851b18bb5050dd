//! Figures of a running server, in the text format that Prometheus reads.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>
//!
//! Counting is an addition to a number that all threads share, or, where what is counted has a name, to a map behind a
//! lock that is taken for traps, refusals and ticks only: never twice in a request that ends well.
//!
//! The CPU time of parts is found by looking which part runs at each tick: calls between parts are compiled into one
//! another and pass through nothing that could be asked.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::StatusCode;

use super::trap::{Reason, Trapped};

/// Upper ends of the histogram of durations, in seconds.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// What is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    /// By status from 100 on.
    answers: [AtomicU64; 900],
    /// Clients that went away before there was an answer.
    gone: AtomicU64,
    durations: [AtomicU64; BUCKETS.len() + 1],
    microseconds: AtomicU64,
    pub received: AtomicU64,
    pub sent: AtomicU64,
    pub connections: AtomicI64,
    /// Instances that live, and all that were ever made.
    live: AtomicI64,
    made: AtomicU64,
    /// Nanoseconds that guests ran.
    pub cpu: AtomicU64,
    named: Mutex<Named>,
}

#[derive(Debug, Default)]
struct Named {
    refused: BTreeMap<&'static str, u64>,
    /// By part and reason.
    traps: BTreeMap<(String, &'static str), u64>,
    /// By part and interface.
    denied: BTreeMap<(String, &'static str), u64>,
    /// By part.
    ran: BTreeMap<String, Duration>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            answers: [const { AtomicU64::new(0) }; 900],
            gone: AtomicU64::new(0),
            durations: Default::default(),
            microseconds: AtomicU64::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            connections: AtomicI64::new(0),
            live: AtomicI64::new(0),
            made: AtomicU64::new(0),
            cpu: AtomicU64::new(0),
            named: Mutex::default(),
        }
    }
}

/// Whatever part is meant, where it cannot be told.
fn name(part: Option<&str>) -> String {
    part.unwrap_or("unknown").to_owned()
}

impl Metrics {
    /// A request has ended; `status` is `None` where its client went away before there was an answer.
    pub fn answered(&self, status: Option<StatusCode>, sent: u64, took: Duration) {
        match status.and_then(|status| self.answers.get(usize::from(status.as_u16() - 100))) {
            Some(count) => count.fetch_add(1, Relaxed),
            None => self.gone.fetch_add(1, Relaxed),
        };
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end).unwrap_or(BUCKETS.len());
        self.durations[bucket].fetch_add(1, Relaxed);
        self.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.sent.fetch_add(sent, Relaxed);
    }

    /// The server itself turned something away.
    pub fn refused(&self, reason: &'static str) {
        *self.named().refused.entry(reason).or_default() += 1;
    }

    pub fn trapped(&self, trapped: &Trapped) {
        let reason = match trapped.reason {
            Reason::Trap(_) => "trap",
            Reason::Cpu(_) => "cpu",
            Reason::Memory(_) => "memory",
            Reason::AllMemory(_) => "all-memory",
            Reason::Host(_) => "host",
        };
        *self.named().traps.entry((name(trapped.part()), reason)).or_default() += 1;
    }

    /// A part asked for what it is not granted.
    pub fn denied(&self, part: Option<&str>, interface: &'static str) {
        *self.named().denied.entry((name(part), interface)).or_default() += 1;
    }

    /// A part was seen running, and stands for so much time.
    pub fn ran(&self, part: Option<&str>, time: Duration) {
        *self.named().ran.entry(name(part)).or_default() += time;
    }

    /// An instance lives from now on.
    pub fn made(&self) {
        self.made.fetch_add(1, Relaxed);
        self.live.fetch_add(1, Relaxed);
    }

    pub fn dropped(&self) {
        self.live.fetch_sub(1, Relaxed);
    }

    fn named(&self) -> std::sync::MutexGuard<'_, Named> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it, as it stands.
    pub fn text(&self) -> String {
        let mut page = Page(String::new());
        let statuses = self.answers.iter().zip(100..).map(|(count, status)| (count.load(Relaxed), status));
        let answers = statuses
            .filter(|(count, _)| *count > 0)
            .map(|(count, status)| (format!("{{status=\"{status}\"}}"), count.to_string()));
        let gone = self.gone.load(Relaxed);
        let gone = (gone > 0).then(|| ("{status=\"gone\"}".to_owned(), gone.to_string()));
        page.family(
            "requests_total",
            "counter",
            "Requests that have ended, by status; gone: the client did not wait for an answer.",
            answers.chain(gone),
        );
        self.histogram(&mut page);
        let nanoseconds = |count: u64| Duration::from_nanos(count).as_secs_f64().to_string();
        for (name, kind, help, value) in [
            ("request_bytes_total", "counter", "Bytes of bodies of requests.", self.received.load(Relaxed).to_string()),
            ("response_bytes_total", "counter", "Bytes of bodies of answers.", self.sent.load(Relaxed).to_string()),
            ("connections", "gauge", "Open connections.", self.connections.load(Relaxed).to_string()),
            ("instances", "gauge", "Instances that live.", self.live.load(Relaxed).to_string()),
            ("instances_total", "counter", "Instances that were made.", self.made.load(Relaxed).to_string()),
            ("cpu_seconds_total", "counter", "Time that guests ran.", nanoseconds(self.cpu.load(Relaxed))),
        ] {
            page.family(name, kind, help, [(String::new(), value)]);
        }
        let named = self.named();
        let ran = named.ran.iter().map(|(part, time)| (labels(&[("part", part)]), time.as_secs_f64().to_string()));
        page.family(
            "part_cpu_seconds_total",
            "counter",
            "Time that each part ran, as seen at ticks of ten milliseconds.",
            ran,
        );
        let refused = named.refused.iter().map(|(why, count)| (labels(&[("reason", why)]), count.to_string()));
        page.family("refused_total", "counter", "What the server itself turned away, by reason.", refused);
        let by = |second: &'static str| {
            move |((part, value), count): (&(String, &'static str), &u64)| {
                (labels(&[("part", part), (second, value)]), count.to_string())
            }
        };
        page.family("traps_total", "counter", "Guests that were stopped.", named.traps.iter().map(by("reason")));
        page.family(
            "denied_total",
            "counter",
            "Calls for what a part is not granted.",
            named.denied.iter().map(by("interface")),
        );
        page.0
    }

    fn histogram(&self, page: &mut Page) {
        let mut sum = 0;
        let counts: Vec<u64> = self.durations.iter().map(|count| count.load(Relaxed)).collect();
        let ends = BUCKETS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        let buckets = ends.zip(&counts).map(|(end, count)| {
            sum += count;
            (format!("_bucket{{le=\"{end}\"}}"), sum.to_string())
        });
        let seconds = Duration::from_micros(self.microseconds.load(Relaxed)).as_secs_f64();
        let rest =
            [("_sum".to_owned(), seconds.to_string()), ("_count".to_owned(), counts.iter().sum::<u64>().to_string())];
        page.family(
            "request_duration_seconds",
            "histogram",
            "From the head of a request to the end of its answer.",
            buckets.chain(rest).collect::<Vec<_>>(),
        );
    }
}

/// What is written so far.
struct Page(String);

impl Page {
    /// One figure, or several that differ by labels: what follows its name, and its value.
    fn family(&mut self, name: &str, kind: &str, help: &str, values: impl IntoIterator<Item = (String, String)>) {
        let _ = write!(self.0, "# HELP mosaic_{name} {help}\n# TYPE mosaic_{name} {kind}\n");
        for (rest, value) in values {
            let _ = writeln!(self.0, "mosaic_{name}{rest} {value}");
        }
    }
}

fn labels(labels: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", labels.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_all_buckets_above_it() {
        let metrics = Metrics::default();
        for milliseconds in [1, 3, 70_000] {
            metrics.answered(Some(StatusCode::OK), 10, Duration::from_millis(milliseconds));
        }
        metrics.answered(None, 0, Duration::ZERO);
        let text = metrics.text();
        for line in [
            "mosaic_requests_total{status=\"200\"} 3",
            "mosaic_requests_total{status=\"gone\"} 1",
            "mosaic_request_duration_seconds_bucket{le=\"0.0005\"} 1",
            "mosaic_request_duration_seconds_bucket{le=\"0.001\"} 2",
            "mosaic_request_duration_seconds_bucket{le=\"0.005\"} 3",
            "mosaic_request_duration_seconds_bucket{le=\"60\"} 3",
            "mosaic_request_duration_seconds_bucket{le=\"+Inf\"} 4",
            "mosaic_request_duration_seconds_sum 70.004",
            "mosaic_request_duration_seconds_count 4",
            "mosaic_response_bytes_total 30",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }

    #[test]
    fn names_stay_in_their_quotes() {
        assert_eq!(labels(&[("part", "a\"b\\\n"), ("reason", "trap")]), "{part=\"a\\\"b\\\\\\n\",reason=\"trap\"}");
    }
}
