//! A request, watched from its head to the end of its answer: for the access log, the figures and the traces, where any
//! of them is wanted. Where none is, nothing is watched.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use http::{Request, Response, StatusCode};

use crate::runtime::{
    metrics::Metrics,
    traces::{Trace, Traces},
};

use super::access::{AccessLog, Entry};

/// Who wants to know of requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    pub access: Option<AccessLog>,
    pub metrics: Option<Arc<Metrics>>,
    pub traces: Option<Traces>,
}

/// One request, while it is answered; what there is to say of it is said when it is dropped.
#[derive(Debug)]
pub(in crate::runtime) struct Visit {
    entry: Option<Entry>,
    metrics: Option<Arc<Metrics>>,
    trace: Option<Trace>,
    began: Instant,
    /// `None`: the client went away before there was an answer.
    status: Option<StatusCode>,
    sent: u64,
}

/// Marks an answer that is the server's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own;

impl Watch {
    /// A request has come.
    pub fn visit<B>(&self, request: &mut Request<B>, client: SocketAddr) -> Option<Visit> {
        if self.access.is_none() && self.metrics.is_none() && self.traces.is_none() {
            return None;
        }
        Some(Visit {
            entry: self.access.as_ref().map(|log| log.entry(request, client)),
            metrics: self.metrics.clone(),
            trace: self.traces.as_ref().map(|traces| traces.begin(request)),
            began: Instant::now(),
            status: None,
            sent: 0,
        })
    }
}

impl Visit {
    /// There is an answer, whose body is yet to be sent.
    pub fn answered<B>(mut self, response: &Response<B>) -> Visit {
        self.status = Some(response.status());
        if let Some(metrics) = &self.metrics
            && response.extensions().get::<Own>().is_some()
            && let Some(reason) = reason(response.status())
        {
            metrics.refused(reason);
        }
        self
    }

    pub fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }
}

/// Why the server itself answered so; `None`: its guest failed.
fn reason(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::BAD_REQUEST => Some("bad-request"),
        StatusCode::PAYLOAD_TOO_LARGE => Some("body-too-large"),
        StatusCode::SERVICE_UNAVAILABLE => Some("busy"),
        StatusCode::GATEWAY_TIMEOUT => Some("timeout"),
        _ => None,
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if let Some(entry) = &self.entry {
            entry.end(self.status, self.sent, took);
        }
        if let Some(metrics) = &self.metrics {
            metrics.answered(self.status, self.sent, took);
        }
        if let Some(trace) = &self.trace {
            trace.end(self.status, StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}
