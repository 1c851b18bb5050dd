//! `{{name}}` answers HTTP: it asks every other part for a greeting and makes a page of them.

{{uses}}use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct {{camel}};

impl Guest for {{camel}} {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        respond(out, page(name_in(&path)).as_bytes());
    }
}

bindings::export!({{camel}} with_types_in bindings);

/// `/Ada?x=1` asks for a greeting for Ada, `/` for one for the world.
fn name_in(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    match path.trim_matches('/') {
        "" => "World",
        name => name,
    }
}

fn page(name: &str) -> String {
    let greetings: Vec<String> = vec![
        format!("Hello, {name}, from {{name}}!"),
{{greetings}}    ];
    let lines: String = greetings.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
    format!("<!doctype html>\n<title>{{app}}</title>\n<ul>\n{lines}</ul>\n")
}

/// A name comes from the network: it may say anything and mark up nothing.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn respond(out: ResponseOutparam, body: &[u8]) {
    let headers = Fields::new();
    headers.append("content-type", b"text/html; charset=utf-8").expect("the header is well-formed");
    let response = OutgoingResponse::new(headers);
    let outgoing = response.body().expect("the body is asked for once");
    ResponseOutparam::set(out, Ok(response));
    let stream = outgoing.write().expect("the stream is asked for once");
    // A stream takes at most 4096 bytes at once. A client that went away is no failure of ours.
    let written = body.chunks(4096).try_for_each(|chunk| stream.blocking_write_and_flush(chunk));
    drop(stream);
    if written.is_ok() {
        let _ = OutgoingBody::finish(outgoing, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_from_the_path() {
        assert_eq!(name_in("/"), "World");
        assert_eq!(name_in("/Ada/?x=1"), "Ada");
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
    }
}
