//! The access log: a line for each request, when its answer has ended.
//!
//! Lines go straight to their file, each in one write, from the task that answered: none is lost, and where the file
//! takes none, requests wait.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use http::{Request, StatusCode, header};

/// How lines of a log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a server writes down who asked for what.
#[derive(Debug, Clone)]
pub struct AccessLog {
    file: Arc<Mutex<File>>,
    format: LogFormat,
}

/// What a line says of a request before it is answered.
#[derive(Debug)]
pub(super) struct Entry {
    log: AccessLog,
    client: SocketAddr,
    method: String,
    target: String,
    agent: Option<String>,
    came: SystemTime,
}

impl AccessLog {
    /// Adds to the file at `path`, which is made if need be.
    pub fn open(path: &Path, format: LogFormat) -> io::Result<AccessLog> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(AccessLog { file: Arc::new(Mutex::new(file)), format })
    }

    pub(super) fn entry<B>(&self, request: &Request<B>, client: SocketAddr) -> Entry {
        let agent = request.headers().get(header::USER_AGENT);
        Entry {
            log: self.clone(),
            client,
            method: request.method().to_string(),
            target: request.uri().to_string(),
            agent: agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
            came: SystemTime::now(),
        }
    }
}

impl Entry {
    /// Adds the line; `status` is `None` where the client went away before there was an answer.
    pub fn end(&self, status: Option<StatusCode>, bytes: u64, took: Duration) {
        let line = self.line(status, bytes, took);
        // A full disk must not end the server; the next line is tried again.
        let _ = self.log.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }

    fn line(&self, status: Option<StatusCode>, bytes: u64, took: Duration) -> String {
        let came = humantime::format_rfc3339_millis(self.came);
        let status = status.map(|status| status.as_u16());
        let took = took.as_secs_f64() * 1000.0;
        let mut line = match self.log.format {
            LogFormat::Text => {
                let status = status.map_or_else(|| "-".to_owned(), |status| status.to_string());
                let mut line = format!(
                    "{} [{came}] \"{} {}\" {status} {bytes} {took:.3}ms",
                    self.client.ip(),
                    self.method,
                    escaped(&self.target),
                );
                if let Some(agent) = &self.agent {
                    let _ = write!(line, " \"{}\"", escaped(agent));
                }
                line
            }
            LogFormat::Json => serde_json::json!({
                "time": came.to_string(),
                "client": self.client.ip(),
                "method": self.method,
                "target": self.target,
                "status": status,
                "bytes": bytes,
                "ms": (took * 1000.0).round() / 1000.0,
                "agent": self.agent,
            })
            .to_string(),
        };
        line.push('\n');
        line
    }
}

/// What a client sent, in one line, unable to end its quotes or steer a terminal.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c {
            '"' | '\\' => c.escape_default().collect::<Vec<_>>(),
            c if c.is_control() => c.escape_default().collect(),
            c => vec![c],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let log = AccessLog::open(&path, format).unwrap();
        let request = Request::get("/a?b=1").header("user-agent", "x\"\\").body(()).unwrap();
        let mut entry = log.entry(&request, "127.0.0.1:4000".parse().unwrap());
        entry.came = SystemTime::UNIX_EPOCH;
        entry.end(Some(StatusCode::NOT_FOUND), 5, Duration::from_millis(1));
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn a_line_for_people() {
        let line = line(LogFormat::Text);
        assert!(line.starts_with("127.0.0.1 [1970-01-01T00:00:00.000Z] \"GET /a?b=1\" 404 5 "), "{line}");
        assert!(line.ends_with("ms \"x\\\"\\\\\"\n"), "{line}");
    }

    #[test]
    fn a_line_for_programs() {
        let line: serde_json::Value = serde_json::from_str(&line(LogFormat::Json)).unwrap();
        assert_eq!(line["status"], 404);
        assert_eq!(line["client"], "127.0.0.1");
        assert_eq!(line["agent"], "x\"\\");
        assert_eq!(line["bytes"], 5);
    }

    #[test]
    fn what_a_client_sent_stays_in_its_quotes() {
        assert_eq!(escaped("a\"b\\c\x1b\nd"), "a\\\"b\\\\c\\u{1b}\\nd");
    }
}
