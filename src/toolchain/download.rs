//! Downloads over HTTPS, checked against a pinned digest as they come.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::Path,
    sync::mpsc,
    thread,
};

use sha2::{Digest, Sha256};

use super::{error::Failure, pinned::Archive};
use crate::{
    event::{Event, Events},
    network::{CONNECT, agent},
};

/// Downloads `archive` to `path`, which is complete and as pinned when this succeeds.
pub(super) fn download(archive: &Archive, path: &Path, what: &str, events: Events<'_>) -> Result<(), Failure> {
    let failed = |source| Failure::Download { url: archive.url.to_owned(), source: Box::new(source) };
    let mut response = agent().get(archive.url).call().map_err(failed)?;
    let total = response.body().content_length();
    // Larger than anything pinned; without a bound the library has one of its own.
    let mut body = response.body_mut().with_config().limit(4 << 30).reader();
    let mut file = File::create(path)?;
    let (mut hash, mut received, mut buffer) = (Sha256::new(), 0, vec![0; 256 << 10]);
    loop {
        let read = body.read(&mut buffer).map_err(|error| failed(error.into()))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read])?;
        received += read as u64;
        events(Event::Download { what, received, total });
    }
    check(archive.url, &[archive.sha256], &hex(&hash.finalize()))
}

/// Checks the digest of a file that something else downloaded.
pub(super) fn check_file(path: &Path, expected: &[&str]) -> Result<(), Failure> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    check(&name, expected, &hex(&hash.finalize()))
}

fn check(what: &str, expected: &[&str], actual: &str) -> Result<(), Failure> {
    if expected.contains(&actual) {
        return Ok(());
    }
    let expected = expected.iter().map(|&digest| digest.to_owned()).collect();
    Err(Failure::Digest { what: what.to_owned(), expected, actual: actual.to_owned() })
}

/// Whether a connection to `host:443` can be made at once. Behind a proxy that is not ours to tell, and assumed.
pub(super) fn reachable(host: &str) -> Result<(), Failure> {
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    if proxies.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return Ok(());
    }
    // Resolving cannot be given a limit: a thread does it, and is left behind if it takes too long.
    let (send, result) = mpsc::channel();
    let address = (host.to_owned(), 443);
    thread::spawn(move || {
        // Nobody listens any more if it took too long.
        let _ = send.send(connect(&address));
    });
    let answer = result.recv_timeout(CONNECT).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    answer.map_err(|source| Failure::Unreachable { host: host.to_owned(), source })
}

/// Tries every address of a name.
fn connect(name: &(String, u16)) -> io::Result<()> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in name.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, sync::Mutex};

    use super::*;

    /// Serves one request with `body`, and gives the URL. (Plain HTTP: what is pinned is checked by digest.)
    fn serve(body: &'static [u8]) -> &'static str {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file.tar.gz", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
            stream.write_all(body).unwrap();
        });
        String::leak(url)
    }

    #[test]
    fn what_was_pinned_arrives_and_progress_is_told() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let archive = Archive { os: "", arch: "", url: serve(b"hello"), sha256 };
        let told = Mutex::new(Vec::new());
        download(&archive, &path, "it", &|event| told.lock().unwrap().push(format!("{event:?}"))).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
        assert_eq!(*told.lock().unwrap(), ["Download { what: \"it\", received: 5, total: Some(5) }"]);
    }

    #[test]
    fn anything_else_is_refused_with_both_digests() {
        let temp = tempfile::tempdir().unwrap();
        let archive = Archive { os: "", arch: "", url: serve(b"hellp"), sha256: "2cf24dba" };
        let failure = download(&archive, &temp.path().join("file"), "it", &|_| ()).unwrap_err();
        let told = failure.told();
        assert!(matches!(failure, Failure::Digest { .. }), "{told}");
        assert!(told.contains("2cf24dba expected, ") && told.ends_with(" found"), "{told}");
    }

    #[test]
    fn a_server_that_is_not_there_is_told_quickly() {
        let archive = Archive { os: "", arch: "", url: "http://127.0.0.1:1/x", sha256: "" };
        let temp = tempfile::tempdir().unwrap();
        let failure = download(&archive, &temp.path().join("file"), "it", &|_| ()).unwrap_err();
        assert!(matches!(failure, Failure::Download { .. }), "{failure:?}");
    }
}
