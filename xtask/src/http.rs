//! A client for a server on this machine: HTTP/1.1, one request a connection, whole answers.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Sends one request to `address` (`host:port`) and reads the answer to its end.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, String> {
    let say = |what: &str, e: std::io::Error| format!("{method} http://{address}{path}: {what}: {e}");
    let mut stream = TcpStream::connect(address).map_err(|e| say("could not connect", e))?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(|e| say("could not set a timeout", e))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).map_err(|e| say("could not send", e))?;
    stream.write_all(body.as_bytes()).map_err(|e| say("could not send", e))?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).map_err(|e| say("could not read the answer", e))?;
    parse(&raw).ok_or_else(|| format!("{method} http://{address}{path}: not an HTTP answer"))
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let split = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..split]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(&raw[split + 4..])? } else { raw[split + 4..].to_vec() };
    Some(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size =
            usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 2 + size + 2..)?;
    }
}
