//! How much a guest may take, and how long a client may keep a server waiting.

use std::{num::NonZeroU32, time::Duration};

use mosaic::{
    manifest,
    runtime::{Limits, ServeOptions},
};

/// What one run or one request may take.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Memory of all parts together; else 512MiB for a request, 4GiB for a program
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_memory: Option<u64>,
    /// Time its own code may run, waiting not counted; else 10s for a request, `none` for a program
    #[arg(long, value_name = "TIME")]
    max_cpu: Option<Time>,
}

impl LimitArgs {
    /// These limits, except for what the flags say.
    pub fn over(&self, limits: Limits) -> Limits {
        Limits {
            memory: self.max_memory.map_or(limits.memory, saturating),
            cpu: self.max_cpu.map_or(limits.cpu, |time| time.0),
            ..limits
        }
    }
}

/// What a server bears.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct ServeLimitArgs {
    /// For a request, from its head to the end of its answer; or `none`
    #[arg(long, value_name = "TIME", default_value = "60s")]
    request_timeout: Time,
    /// For the head of a request to come
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    header_timeout: Duration,
    /// For the next piece of a request's body to come
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    body_timeout: Duration,
    /// For what is under way when the server stops
    #[arg(long, value_name = "TIME", default_value = "4s", value_parser = time)]
    drain_timeout: Duration,
    /// Bytes of a request's head; then 431
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size)]
    max_header: u64,
    /// Bytes of a request's body; then 413
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    max_body: u64,
    /// Memory of all requests together; else as much as the machine has. Without it growing fails, and new ones get 503
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_total_memory: Option<u64>,
    /// Requests answered at once; further ones wait a second, then get 503
    #[arg(long, value_name = "N", default_value = "1000")]
    max_requests: NonZeroU32,
    /// Connections held at once; further ones get 503
    #[arg(long, value_name = "N", default_value = "10000")]
    max_connections: NonZeroU32,
    /// Let an instance answer N requests, one after another: faster, and what one leaves behind the next can see
    #[arg(long, value_name = "N", default_value = "1")]
    reuse: NonZeroU32,
}

impl ServeLimitArgs {
    pub fn over(&self, options: ServeOptions) -> ServeOptions {
        ServeOptions {
            request_timeout: self.request_timeout.0,
            header_timeout: self.header_timeout,
            body_timeout: self.body_timeout,
            drain: self.drain_timeout,
            max_header: saturating(self.max_header),
            max_body: self.max_body,
            requests: self.max_requests.get(),
            connections: saturating(u64::from(self.max_connections.get())),
            uses: self.reuse,
            limits: Limits {
                all_memory: self.max_total_memory.map_or(options.limits.all_memory, saturating),
                ..options.limits
            },
            ..options
        }
    }
}

/// A time, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time(Option<Duration>);

impl std::str::FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Time, String> {
        if text == "none" { Ok(Time(None)) } else { time(text).map(|time| Time(Some(time))) }
    }
}

fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; for example `30s`, `500ms`, `2m`"))
}

/// `65536`, `64KiB` or `64k`: powers of 1,024.
pub fn size(text: &str) -> Result<u64, String> {
    let wanted = || "a number of bytes is wanted, for example `65536`, `64KiB` or `2GiB`".to_owned();
    manifest::size::parse(text).ok_or_else(wanted)
}

fn saturating(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!("none".parse(), Ok(Time(None)));
        assert_eq!("1500ms".parse(), Ok(Time(Some(Duration::from_millis(1500)))));
        assert!("soon".parse::<Time>().is_err() && "30".parse::<Time>().is_err());
    }
}
