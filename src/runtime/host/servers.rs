//! Servers that tests start, of those that `cargo xtask setup --tests` installs.
#![expect(clippy::disallowed_methods, reason = "a server under test lives until its test ends")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server that ends with its test.
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    pub fn redis() -> Server {
        let port = free_port();
        Server::start("redis-server", &port, &["--port", &port, "--bind", "127.0.0.1", "--save", ""])
    }

    pub fn nats() -> Server {
        Server::nats_at(&free_port())
    }

    /// One that takes the place of another.
    pub fn nats_at(port: &str) -> Server {
        Server::start("nats-server", port, &["-a", "127.0.0.1", "-p", port])
    }

    /// One that speaks as S3 does, with a bucket.
    pub fn s3(bucket: &str) -> Server {
        Server::s3_at(&free_port(), bucket)
    }

    /// One that takes the place of another.
    pub fn s3_at(port: &str, bucket: &str) -> Server {
        let server = Server::start("moto-server", port, &["-H", "127.0.0.1", "-p", port]);
        server.put(&format!("/{bucket}"));
        server
    }

    /// Makes what is at a path: of S3 a bucket, or an empty object in one.
    pub fn put(&self, path: &str) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let head = format!("PUT {path} HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        connection.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Starts a program, and waits until it listens at its port.
    fn start(program: &str, port: &str, args: &[&str]) -> Server {
        let peers = std::env::var_os("MOSAIC_PEERS").expect("MOSAIC_PEERS: run `cargo xtask setup --tests`");
        let file = Path::new(&peers).join(program);
        assert!(file.exists(), "{} is missing: run `cargo xtask setup --tests`", file.display());
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(file);
        command.args(args).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server { child: command.spawn().unwrap(), address: format!("127.0.0.1:{port}"), _folder: folder };
        let start = Instant::now();
        while TcpStream::connect(&server.address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "{program} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
