//! One `go build`, and what the compiler said.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{cache::Home, process::Command, toolchain};

use super::{
    error::{Error, Expected},
    generate::Texts,
    snapshot, tree,
    workspace::{self, Beside},
};

/// What `go build` is to do.
pub(super) struct Job<'a> {
    pub toolchain: &'a toolchain::Go,
    /// The user's module; also the folder Go runs in, so that the paths it tells are relative to it.
    pub source: &'a Path,
    /// A folder for everything written.
    pub work: &'a Path,
    pub beside: Beside<'a>,
    /// Files that take their place in the user's folder for the time of the build, by path below it.
    pub overlay: &'a Texts,
    /// Whether the start of the program is kept.
    pub snapshot: bool,
    /// The main package.
    pub main: &'a str,
    /// Lines of the module's files and the export each of them stands for.
    pub lines: &'a BTreeMap<(String, usize), Expected>,
}

/// A core module, with what the compiler said although it succeeded.
pub(super) struct Built {
    pub core: Vec<u8>,
    pub words: String,
    /// Where Go keeps the sources of modules, if it says.
    pub modules: Option<PathBuf>,
}

/// Writes the files and runs the compiler.
pub(super) fn build(job: &Job<'_>) -> Result<Built, Error> {
    let workspace = workspace::write(job.work, job.source, job.beside)?;
    let asked = environment(Command::new(&job.toolchain.go).cwd(job.source), &workspace);
    let asked = asked.args(["env", "GOMODCACHE", "GOROOT"]).output().ok().filter(|output| output.status.success());
    let asked = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let mut asked = asked.lines().map(PathBuf::from);
    let (modules, root) = (asked.next(), asked.next());

    let mut replace = overlaid(&job.work.join("overlay"), job.source, job.overlay)?;
    if job.snapshot {
        let root = root.ok_or_else(|| Error::UnknownGo { missing: "it does not say where its sources are".into() })?;
        replace.extend(overlaid(&job.work.join("runtime"), &root, &snapshot::overlay(&root)?)?);
    }
    let overlay = job.work.join("overlay.json");
    let json = serde_json::json!({ "Replace": replace }).to_string();
    tree::write_changed(&overlay, json.as_bytes())?;

    let core = job.work.join("core.wasm");
    let mut command = environment(Command::new(&job.toolchain.go).cwd(job.source), &workspace)
        .args(["build", "-trimpath", "-buildmode=c-shared", "-ldflags=-checklinkname=0"])
        .arg("-o")
        .arg(&core);
    if !replace.is_empty() {
        command = command.arg("-overlay").arg(&overlay);
    }
    let command = command.arg(job.main);
    let output = command.output().map_err(Error::Start)?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let stdout = String::from_utf8_lossy(&output.stdout);
        return Err(explain(job.lines, format!("{words}{stdout}"), &command));
    }
    let core = fs::read(&core).map_err(|source| Error::File { path: core, action: "read", source })?;
    Ok(Built { core, words, modules })
}

/// Writes texts below `folder`, and gives by each path below `place` the file that takes its place.
fn overlaid(folder: &Path, place: &Path, texts: &Texts) -> Result<BTreeMap<PathBuf, PathBuf>, Error> {
    tree::write(folder, texts)?;
    Ok(texts.keys().map(|path| (place.join(path), folder.join(path))).collect())
}

/// Nothing of the user's settings but where modules come from may decide what is built.
fn environment(command: Command, workspace: &Path) -> Command {
    let mut command = command
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOWORK", workspace)
        .env("GO111MODULE", "on")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        // An empty value would let the file of `go env -w` speak.
        .env("GOFLAGS", "-buildvcs=false");
    for name in ["GOROOT", "GOEXPERIMENT", "GOWASM", "GODEBUG", "GOFIPS140"] {
        command = command.env_remove(name);
    }
    if std::env::var_os("HOME").is_none_or(|home| home.is_empty()) {
        let home = Home::from_env().root.join("go");
        for (name, folder) in [("GOCACHE", "cache"), ("GOPATH", "path")] {
            if std::env::var_os(name).is_none() {
                command = command.env(name, home.join(folder));
            }
        }
    }
    command
}

/// Turns the compiler's words into an error. If all of them are about lines of the glue, they are about exports that are
/// missing or different, and told as such.
fn explain(lines: &BTreeMap<(String, usize), Expected>, words: String, command: &Command) -> Error {
    let mut about: Vec<(Expected, String)> = Vec::new();
    let mut other = false;
    for line in words.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        match (line.starts_with('\t'), place(line).and_then(|(place, said)| Some((lines.get(&place)?, said)))) {
            (true, _) => match about.last_mut() {
                Some((_, said)) => said.push_str(&format!("\n{line}")),
                None => other = true,
            },
            (false, Some((expected, said))) => about.push((expected.clone(), said.to_owned())),
            (false, None) => other = true,
        }
    }
    if other || about.is_empty() {
        return Error::Build { words, command: command.to_string() };
    }
    // One cause may be told of several places of a line.
    let mut seen = BTreeSet::new();
    about.retain(|(expected, _)| seen.insert(expected.clone()));
    Error::Signature(about)
}

/// The file below the module and the line that a message is about, and the message.
fn place(line: &str) -> Option<((String, usize), &str)> {
    let at = line.find("internal/export_")?;
    let mut parts = line[at..].splitn(4, ':');
    let (file, number, _column, said) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(((file.to_owned(), number.parse().ok()?), said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_glue_are_about_exports() {
        let expected = Expected {
            interface: "acme:shop/auth".into(),
            function: "check".into(),
            signature: "func Check(token string) error".into(),
            package: "package `auth`".into(),
            imports: Vec::new(),
        };
        let lines = BTreeMap::from([(("internal/export_a/glue.go".to_owned(), 9), expected.clone())]);
        let words = "# mosaic.local/auth/internal/export_a\n../target/module/internal/export_a/glue.go:9:30: cannot use \
            impl.Check (value of type func()) as func(token string) error value\n\tmore\n";
        let Error::Signature(about) = explain(&lines, words.into(), &Command::new("go")) else { panic!() };
        assert_eq!(about.len(), 1);
        assert_eq!(about[0].0, expected);
        assert!(about[0].1.ends_with("\n\tmore"));
        let both = format!("{words}./auth.go:1:1: syntax error\n");
        assert!(matches!(explain(&lines, both, &Command::new("go")), Error::Build { .. }));
    }
}
