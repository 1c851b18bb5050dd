//! What the READMEs say to type, typed: each block of an example's README is run by `sh` as it stands there, in a copy of
//! the example, except that the port is a free one. A block that serves goes on while those after it run.

use std::{
    ffi::OsString,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{Project, Ran, mosaic};

/// Blocks fenced as `sh`, in order.
fn blocks(readme: &str) -> Vec<String> {
    let parts = readme.split("```sh\n").skip(1);
    parts.filter_map(|part| Some(part.split_once("```")?.0.to_owned())).collect()
}

/// `PATH` with the command under test first, so that `cargo mosaic` is it, and the tools that tests have installed last.
pub fn path() -> OsString {
    let program = mosaic(&[]).get_program().to_owned();
    let own = Path::new(&program).parent().map(Path::to_path_buf);
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&rest))).expect("folders of a path")
}

pub fn sh(script: &str, project: &Project) -> Command {
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(project.path()).env("PATH", path());
    command.env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command
}

/// A block that serves, and all it started, ended when this is dropped.
struct Serving {
    child: Child,
}

impl Serving {
    fn start(block: &str, project: &Project, port: u16) -> Serving {
        // `exec`: so that what is ended is the server.
        let script = format!("exec {block}");
        let child = sh(&script, project).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("a shell");
        let mut serving = Serving { child };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = serving.child.try_wait().expect("its state");
            assert!(ended.is_none(), "`{block}` ended: {ended:?}");
            assert!(begun.elapsed() < Duration::from_secs(300), "`{block}` does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs every block, and gives what those that end have printed.
fn follow(example: &str) -> Vec<String> {
    let project = Project::example(example);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    drop(listener);
    let mut serving = Vec::new();
    let mut said = Vec::new();
    for block in blocks(&project.read("README.md")) {
        let block = block.replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
        if block.contains("cargo mosaic serve") {
            serving.push(Serving::start(&block, &project, port));
        } else {
            said.push(Ran::of(sh(&block, &project), "").ok().stdout);
        }
    }
    said
}

#[test]
fn storefront() {
    let said = follow("storefront");
    assert!(said[0].contains("visit number 1.") && said[0].contains("looks like an attack"), "{said:?}");
}

#[test]
fn backend() {
    assert_eq!(follow("backend"), ["buy grout"]);
}

#[test]
fn pipeline() {
    let said = follow("pipeline");
    assert!(said[0].contains("2 lines, 6 words"), "{said:?}");
}

#[test]
fn matrix() {
    let said = follow("matrix");
    assert!(said[0].contains("every shape arrived whole"), "{said:?}");
}
