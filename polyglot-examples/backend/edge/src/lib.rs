//! Puts a service that knows only plain values on the web: `wasi:http` on one side, `http-handler` on the other.

use bindings::{
    acme::backend::http_handler::{self, Request, Response},
    exports::wasi::http::incoming_handler::Guest,
    wasi::{
        http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam},
        io::streams::StreamError,
    },
};

/// The longest body that is passed on, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

struct Edge;

impl Guest for Edge {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = match plain(&request) {
            Ok(request) => http_handler::handle(&request),
            Err(why) => Response { status: 400, headers: vec![], body: Some(why.into_bytes()) },
        };
        send(response, out);
    }
}

bindings::export!(Edge with_types_in bindings);

fn plain(request: &IncomingRequest) -> Result<Request, String> {
    let method = match request.method() {
        Method::Other(name) => name,
        known => format!("{known:?}").trim_start_matches("Method::").to_uppercase(),
    };
    let headers = request.headers().entries();
    let text = |(name, value): (String, Vec<u8>)| Some((name.to_lowercase(), String::from_utf8(value).ok()?));
    let body = body(request)?;
    Ok(Request {
        method,
        path: request.path_with_query().unwrap_or_else(|| "/".into()),
        headers: headers.into_iter().filter_map(text).collect(),
        body: (!body.is_empty()).then_some(body),
    })
}

fn body(request: &IncomingRequest) -> Result<Vec<u8>, String> {
    let incoming = request.consume().map_err(|()| "the body was read already")?;
    let stream = incoming.stream().map_err(|()| "the body was read already")?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => body.extend(chunk),
            Err(StreamError::Closed) => return Ok(body),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
        if body.len() > BODY_LIMIT {
            return Err(format!("the body is longer than {BODY_LIMIT} bytes"));
        }
    }
}

fn send(response: Response, out: ResponseOutparam) {
    let headers = Fields::new();
    for (name, value) in &response.headers {
        // A header that HTTP does not allow is the service's slip; the rest of its answer still counts.
        let _ = headers.append(name, value.as_bytes());
    }
    let outgoing = OutgoingResponse::new(headers);
    if outgoing.set_status_code(response.status).is_err() {
        outgoing.set_status_code(500).expect("500 is a lawful status");
    }
    let body = outgoing.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(outgoing));
    let stream = body.write().expect("the stream is taken once");
    // A visitor who hung up is no failure of ours.
    for chunk in response.body.unwrap_or_default().chunks(4096) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
