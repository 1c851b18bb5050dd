//! `wasi:http` requests and responses as plain values.

use bindings::wasi::{
    http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam},
    io::streams::StreamError,
};

/// The longest body that is read, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads the whole request, or says why it can not be.
    pub fn read(request: &IncomingRequest) -> Result<Request, String> {
        let method = match request.method() {
            Method::Get => "GET".into(),
            Method::Head => "HEAD".into(),
            Method::Post => "POST".into(),
            Method::Other(name) => name,
            other => format!("{other:?}").to_uppercase(),
        };
        let path = request.path_with_query().unwrap_or_else(|| "/".into());
        let headers = request.headers().entries();
        Ok(Request { method, path, headers, body: body(request)? })
    }

    /// The first header of that name (in lower case), if it is text.
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        String::from_utf8(value.clone()).ok()
    }
}

fn body(request: &IncomingRequest) -> Result<Vec<u8>, String> {
    let incoming = request.consume().map_err(|()| "the body was read already")?;
    let stream = incoming.stream().map_err(|()| "the body was read already")?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(16 * 1024) {
            Ok(chunk) => body.extend(chunk),
            Err(StreamError::Closed) => return Ok(body),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
        if body.len() > BODY_LIMIT {
            return Err(format!("the body is longer than {BODY_LIMIT} bytes"));
        }
    }
}

pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(status: u16, text: impl Into<String>) -> Answer {
        Answer { status, content_type: "text/plain; charset=utf-8", body: text.into().into_bytes() }
    }

    pub fn send(self, out: ResponseOutparam) {
        let headers = Fields::new();
        headers.set("content-type", &[self.content_type.as_bytes().to_vec()]).expect("a lawful header");
        headers.set("content-length", &[self.body.len().to_string().into_bytes()]).expect("a lawful header");
        let response = OutgoingResponse::new(headers);
        response.set_status_code(self.status).expect("a lawful status");
        let outgoing = response.body().expect("the body is taken once");
        ResponseOutparam::set(out, Ok(response));
        let stream = outgoing.write().expect("the stream is taken once");
        // A visitor who hung up is no failure of ours.
        for chunk in self.body.chunks(4096) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                return;
            }
        }
        drop(stream);
        let _ = OutgoingBody::finish(outgoing, None);
    }
}
