//! Servers that tests start, of those that `cargo xtask setup --tests` installs.
#![expect(clippy::disallowed_methods, reason = "a server under test lives until its test ends")]

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server that ends with its test.
pub(in crate::runtime) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts a program with what it wants to be told of its port, and waits until it listens there.
    pub fn start(program: &str, args: impl FnOnce(&str) -> Vec<String>) -> Server {
        let peers = std::env::var_os("MOSAIC_PEERS").expect("MOSAIC_PEERS: run `cargo xtask setup --tests`");
        let file = Path::new(&peers).join(program);
        assert!(file.exists(), "{} is missing: run `cargo xtask setup --tests`", file.display());
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let mut command = Command::new(file);
        command.args(args(&port)).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server { child: command.spawn().unwrap(), address: format!("127.0.0.1:{port}"), _folder: folder };
        let start = Instant::now();
        while TcpStream::connect(&server.address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "{program} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Arguments, as [`Server::start`] wants them.
pub(in crate::runtime) fn args(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}
