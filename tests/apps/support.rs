//! Projects in folders of their own, the command under test, and a server that ends with its test.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of a project that a test may change.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// Copies `polyglot-examples/<name>`, without what was built.
    pub fn example(name: &str) -> Project {
        Project::copy(&root().join("polyglot-examples").join(name))
    }

    /// Copies any folder.
    pub fn copy(from: &Path) -> Project {
        let folder = TempDir::new().expect("a temporary folder");
        copy(from, folder.path());
        Project { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        fs::write(path, text).unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    /// Replaces one text by another; it must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not hold {from:?}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// `cargo-mosaic ARGS` in this folder.
    pub fn mosaic(&self, args: &[&str]) -> Command {
        let mut command = mosaic(args);
        command.current_dir(self.path());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.mosaic(args), "")
    }

    /// Starts `serve` on a free port.
    pub fn serve(&self, args: &[&str]) -> Server {
        Server::start(self.mosaic(&[&["serve", "--addr", "127.0.0.1:0"], args].concat()))
    }
}

/// A tool that tests run beside Mosaic.
pub fn peer(name: &str) -> PathBuf {
    let folder = std::env::var_os("MOSAIC_PEERS").map(PathBuf::from);
    let found = folder.map(|folder| folder.join(name)).filter(|program| program.exists());
    found.unwrap_or_else(|| panic!("`{name}` is not in the folder MOSAIC_PEERS names: cargo xtask setup --tests"))
}

/// A word that no earlier run has used: sources that hold it are in no store of what was built before.
pub fn unheard() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    format!("{}-{}", std::process::id(), now.as_nanos())
}

/// The command under test, without colour.
pub fn mosaic(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-mosaic"));
    command.args(args).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.expect("a folder's entry");
        let name = entry.file_name();
        if ["target", ".mosaic", "__pycache__"].iter().any(|skip| name == *skip) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if entry.file_type().expect("a file's type").is_dir() {
            fs::create_dir_all(&to).expect("a folder");
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copied file");
        }
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Runs `command` to its end with `input` on its standard input.
    pub fn of(mut command: Command, input: &str) -> Ran {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        child.stdin.take().expect("its standard input").write_all(input.as_bytes()).expect("input taken");
        Ran::from(child.wait_with_output().expect("an end"))
    }

    #[track_caller]
    pub fn ok(self) -> Ran {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// Failed to do what was asked: 101.
    #[track_caller]
    pub fn fails(self) -> Ran {
        assert_eq!(self.code, Some(101), "{self}");
        self
    }

    /// Every one of these words stands in what was said.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Ran {
        for word in words {
            assert!(self.stderr.contains(word), "nothing is said of {word:?}: {self}");
        }
        self
    }

    /// The objects of `--message-format json`.
    pub fn messages(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A server that ends when it is dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    agent: ureq::Agent,
}

impl Server {
    /// Waits for the address, the first line of standard output.
    pub fn start(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its standard output")).read_line(&mut line).expect("a line");
        assert!(line.starts_with("http://127.0.0.1:"), "an address, not {line:?}");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Server { child, url: line.trim().to_string(), agent }
    }

    /// As the system knows it.
    pub fn process(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.process(), signal).expect("it is running");
    }

    /// Waits for its end.
    pub fn wait(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("its end")
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Status and body of a request.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_string()).expect("a lawful request");
        let mut response = self.agent.run(request).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let status = response.status().as_u16();
        (status, response.body_mut().read_to_string().unwrap_or_else(|e| panic!("{method} {path}: {e}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
