//! One `go build`: a workspace of the user's module and the generated one, and what the compiler said about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cache::{self, Home},
    process::Command,
    toolchain,
};

use super::{
    error::{Error, Expected},
    generate::Texts,
    sources, support,
};

/// What `go build` is to do.
pub(super) struct Job<'a> {
    pub toolchain: &'a toolchain::Go,
    /// The user's module; also the folder Go runs in, so that the paths it tells are relative to it.
    pub source: &'a Path,
    /// A folder for everything written.
    pub work: &'a Path,
    /// A module beside the user's.
    pub module: &'a Texts,
    /// Files that take their place in the user's folder for the time of the build, by path below it.
    pub overlay: &'a Texts,
    /// The main package.
    pub main: &'a str,
    /// Lines of the module's files and the export each of them stands for.
    pub lines: &'a BTreeMap<(String, usize), Expected>,
}

/// A core module, with what the compiler said although it succeeded.
pub(super) struct Built {
    pub core: Vec<u8>,
    pub words: String,
}

/// Writes the files and runs the compiler.
pub(super) fn build(job: &Job<'_>) -> Result<Built, Error> {
    let module = job.work.join("module");
    write(&module, job.module)?;
    let overlaid = job.work.join("overlay");
    write(&overlaid, job.overlay)?;
    let replace: BTreeMap<_, _> = job.overlay.keys().map(|path| (job.source.join(path), overlaid.join(path))).collect();
    let overlay = job.work.join("overlay.json");
    let json = serde_json::json!({ "Replace": replace }).to_string();
    write_changed(&overlay, json.as_bytes())?;

    let workspace = job.work.join("go.work");
    // A folder without `go.mod` gets one by overlay.
    let go = sources::module_file(job.source).ok().and_then(|module| module.go);
    let go = go.filter(|go| newer(go, support::GO)).unwrap_or_else(|| support::GO.to_owned());
    let uses = format!("go {go}\n\nuse (\n\t{}\n\t{}\n)\n", go_string(&module), go_string(job.source));
    write_changed(&workspace, uses.as_bytes())?;

    let core = job.work.join("core.wasm");
    let mut command = environment(Command::new(&job.toolchain.go).cwd(job.source), &workspace)
        .args(["build", "-trimpath", "-buildmode=c-shared", "-ldflags=-checklinkname=0"])
        .arg("-o")
        .arg(&core);
    if !job.overlay.is_empty() {
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
    Ok(Built { core, words })
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

/// Whether one version of Go's language is later than another.
fn newer(a: &str, b: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        version.split('.').map(|part| digits(part).parse().unwrap_or(0)).collect()
    };
    numbers(a) > numbers(b)
}

/// A path as a Go file of directives reads it back.
fn go_string(path: &Path) -> String {
    let path = path.to_string_lossy();
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
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

/// Makes a folder hold exactly these texts; files that already do are not touched.
pub(super) fn write(folder: &Path, texts: &Texts) -> Result<(), Error> {
    for path in files(folder) {
        let known = path.strip_prefix(folder).is_ok_and(|path| texts.contains_key(&*path.to_string_lossy()));
        if !known {
            fs::remove_file(&path).map_err(|source| Error::File { path, action: "removed", source })?;
        }
    }
    texts.iter().try_for_each(|(path, text)| write_changed(&folder.join(path), text.as_bytes()))
}

fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    cache::write_whole(path, bytes).map_err(|source| Error::File { path: path.to_owned(), action: "written", source })
}

/// All files below a folder; none if it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_compare_by_number() {
        assert!(newer("1.26.3", "1.25"));
        assert!(newer("1.100", "1.26"));
        assert!(!newer("1.25", "1.25"));
        assert!(!newer("1.9", "1.25"));
        assert!(newer("1.26rc1", "1.25"));
    }

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
