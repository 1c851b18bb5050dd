//! What is served and called: components of the texts in `fixtures/bench`, and the storefront.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::setup::{root, succeed};

/// Versions of the bundled WASI packages that the worlds of `bench.wit` stand on.
const WASI: [&str; 2] = ["0.2.12", "0.3.0"];

/// Bytes of data of each part of the chain.
const DATA: usize = 64 << 10;

/// What is changed in the storefront's manifest: the peer does not offer `wasi:logging`.
const QUIET: (&str, &str) = ("grants = [\"visits\", \"log\"]", "grants = [\"visits\"]");

/// Makes components in a folder.
pub(super) struct Maker<'a> {
    pub wasm_tools: &'a Path,
    pub mosaic: &'a Path,
    pub folder: &'a Path,
}

impl Maker<'_> {
    /// Writes the WIT package of all worlds.
    pub fn prepare(&self) -> Result<(), String> {
        let deps = self.folder.join("wit/deps");
        for package in subfolders(&root().join("wit/bundled"))? {
            for version in WASI {
                let from = package.join(version);
                if from.is_dir() {
                    let name = package.file_name().unwrap_or_default().to_string_lossy();
                    copy(&from, &deps.join(format!("{name}-{version}")))?;
                }
            }
        }
        copy_file(&fixture("bench.wit"), &self.folder.join("wit/bench.wit"))
    }

    /// 64 bytes for every request, in WASI 0.2.
    pub fn hello_p2(&self) -> Result<PathBuf, String> {
        self.component("hello-p2", &text("hello-p2.wat", &[("import", ""), ("call", "")])?)
    }

    /// The same in WASI 0.3, where nothing can be called but asynchronously.
    pub fn hello_p3(&self) -> Result<PathBuf, String> {
        self.component("hello-p3", &text("hello-p3.wat", &[])?)
    }

    /// The same, after a call that goes through three more parts.
    pub fn four_parts(&self) -> Result<PathBuf, String> {
        self.chained("four-parts", "hello-p2.wat")
    }

    /// Waits for the body of its request.
    pub fn waiting(&self) -> Result<PathBuf, String> {
        self.component("hello-p2", &text("waiting.wat", &[("import", ""), ("call", "")])?)
    }

    /// The same, after a call that goes through three more parts.
    pub fn waiting_in_four(&self) -> Result<PathBuf, String> {
        self.chained("four-waiting", "waiting.wat")
    }

    /// A first part of this text that asks three more, one behind the other.
    fn chained(&self, name: &str, first: &str) -> Result<PathBuf, String> {
        let import =
            |next: &str| format!("(import \"cm32p2|bench:chain/{next}\" \"do\" (func $next (param i32) (result i32)))");
        let call = "(drop (call $next (i32.const 7)))";
        let first = text(first, &[("import", &import("one")), ("call", call)])?;
        let mut parts = vec![self.component("gateway", &first)?];
        let data: String = (0..DATA).map(|at| format!("\\{:02x}", (at % 1024 * 37 + 11) % 256)).collect();
        for (name, next) in [("one", Some("two")), ("two", Some("three")), ("three", None)] {
            let next_import = next.map(import).unwrap_or_default();
            let next = if next.is_some() { "(call $next (local.get $x))" } else { "(local.get $x)" };
            let values = [("name", name), ("import", &next_import), ("data", &data), ("next", next)];
            parts.push(self.component(name, &text("part.wat", &values)?)?);
        }
        let app = self.folder.join(format!("{name}.wasm"));
        succeed(self.mosaic().arg("compose").args(&parts).arg("-o").arg(&app))?;
        Ok(app)
    }

    /// The example of four languages, quiet.
    pub fn storefront(&self) -> Result<PathBuf, String> {
        self.storefront_with("storefront", &[])
    }

    /// The same with a Go part that starts in every instance.
    pub fn storefront_starting(&self) -> Result<PathBuf, String> {
        self.storefront_with("storefront-starting", &[("snapshot = true\n", "")])
    }

    fn storefront_with(&self, folder: &str, changes: &[(&str, &str)]) -> Result<PathBuf, String> {
        let folder = self.folder.join(folder);
        copy(&root().join("polyglot-examples/storefront"), &folder)?;
        let manifest = folder.join("mosaic.toml");
        let mut text = fs::read_to_string(&manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
        for (from, to) in [QUIET].iter().chain(changes) {
            if !text.contains(from) {
                return Err(format!("{}: no `{from}`", manifest.display()));
            }
            text = text.replace(from, to);
        }
        fs::write(&manifest, text).map_err(|e| format!("{}: {e}", manifest.display()))?;
        succeed(self.mosaic().arg("build").arg("--release").current_dir(&folder))?;
        Ok(folder.join("target/mosaic/storefront.wasm"))
    }

    /// The folder of the components of the example that has the same part in four languages.
    pub fn matrix(&self) -> Result<PathBuf, String> {
        let folder = self.folder.join("matrix");
        copy(&root().join("polyglot-examples/matrix"), &folder)?;
        let parts = ["provider-rust", "provider-go", "provider-python", "provider-javascript"];
        succeed(self.mosaic().arg("build").args(parts).arg("--release").current_dir(&folder))?;
        Ok(folder.join("target/mosaic/components"))
    }

    /// A component of so many parts that call each other, one behind the other, each with a memory of 17 pages and its
    /// data. Nothing is imported, and `go` is exported.
    pub fn parts(&self, count: usize) -> Result<PathBuf, String> {
        let data: String = (0..DATA).map(|at| format!("\\{:02x}", (at % 1024 * 37 + 11) % 256)).collect();
        let mut text = String::from("(component\n");
        for number in 0..count {
            let (import, with, next) = match number.checked_sub(1) {
                Some(before) => (
                    "(import \"f\" (func $f (param \"x\" u32) (result u32))) (core func $next (canon lower (func $f)))
                     (core instance $next (export \"next\" (func $next)))",
                    format!("(with \"f\" (func $p{before} \"f\"))"),
                    Some(before),
                ),
                None => ("", String::new(), None),
            };
            let (asked, given, call) = match next {
                Some(_) => (
                    "(import \"h\" \"next\" (func $next (param i32) (result i32)))",
                    "(with \"h\" (instance $next))",
                    "(call $next (local.get 0))",
                ),
                None => ("", "", "(local.get 0)"),
            };
            // Each is a content of its own.
            text.push_str(&format!(
                "(component $c{number} {import}
                   (core module $m {asked} (memory (export \"memory\") 17) (table 16 funcref)
                     (data (i32.const 1024) \"{data}\")
                     (func (export \"f\") (param i32) (result i32)
                       (i32.store (i32.const 2048) (i32.add (i32.load (i32.const 2048)) (i32.const {number}))) {call}))
                   (core instance $i (instantiate $m {given}))
                   (func (export \"f\") (param \"x\" u32) (result u32) (canon lift (core func $i \"f\"))))
                 (instance $p{number} (instantiate $c{number} {with}))\n"
            ));
        }
        text.push_str(&format!("(export \"go\" (func $p{} \"f\")))", count - 1));
        let [wat, component] = ["wat", "wasm"].map(|ending| self.folder.join(format!("parts-{count}.{ending}")));
        fs::write(&wat, text).map_err(|e| format!("{}: {e}", wat.display()))?;
        succeed(Command::new(self.wasm_tools).arg("parse").arg(&wat).arg("-o").arg(&component))?;
        Ok(component)
    }

    pub fn mosaic(&self) -> Command {
        let mut command = Command::new(self.mosaic);
        command.arg("mosaic").stdout(std::process::Stdio::null());
        command
    }

    /// A component of a core module in text, in a world of `bench.wit`.
    fn component(&self, world: &str, text: &str) -> Result<PathBuf, String> {
        let [wat, core, component] =
            ["wat", "core.wasm", "wasm"].map(|ending| self.folder.join(format!("{world}.{ending}")));
        fs::write(&wat, text).map_err(|e| format!("{}: {e}", wat.display()))?;
        let tool = || Command::new(self.wasm_tools);
        let wit = self.folder.join("wit");
        succeed(tool().args(["component", "embed", "-w", world, "-o"]).arg(&core).arg(wit).arg(&wat))?;
        succeed(tool().args(["component", "new", "-o"]).arg(&component).arg(&core))?;
        Ok(component)
    }
}

pub(super) fn fixture(name: &str) -> PathBuf {
    root().join("fixtures/bench").join(name)
}

/// A text of `fixtures/bench` with values in the places of their names.
fn text(name: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let path = fixture(name);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value)))
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

/// Copies a folder of sources, without what builds left in it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    let entries = fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))?;
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !["target", ".mosaic", "node_modules"].map(Into::into).contains(&name) {
                copy(&path, &to.join(name))?;
            }
        } else {
            copy_file(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|e| format!("{} → {}: {e}", from.display(), to.display()))
}
