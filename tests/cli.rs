//! Every command as a user types it. A case is a file `tests/cli/<case>.md`: what is typed, what is printed, the exit
//! code. A folder `tests/cli/<case>.in`, where there is one, is copied to be the working folder. `BLESS=1` rewrites what
//! is expected; read the difference.
//!
//! In a block fenced as `console`, a line that begins with `$ ` is run by `sh`, with `cargo-mosaic` first on its PATH;
//! what stands below it is its output (standard output, then standard error), and `? N` its exit code where that is not
//! nought. `[..]` stands for any text within a line, `...` on a line of its own for any lines.

#![expect(clippy::disallowed_methods, reason = "tests start the command under test, and what stands beside it")]

use std::{fs, path::Path, process::Command};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    cases.sort();
    let trial = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || run(&path))
    };
    libtest_mimic::run(&Arguments::from_args(), cases.into_iter().map(trial).collect()).exit();
}

fn run(case: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(case)?;
    let folder = tempfile::TempDir::new()?;
    let inputs = case.with_extension("in");
    if inputs.is_dir() {
        copy(&inputs, folder.path())?;
    }
    let found = replay(&text, folder.path())?;
    if matches(&text, &found) {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(case, found)?;
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(text.as_str(), found.as_str());
    Err(format!("{} (BLESS=1 rewrites it)\n{}", case.display(), diff.unified_diff().context_radius(3)).into())
}

/// The case's text with what its commands say now.
fn replay(text: &str, folder: &Path) -> Result<String, Failed> {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
            out += &format!("{line}\n");
        } else if !inside {
            out += &format!("{line}\n");
        } else if let Some(command) = line.strip_prefix("$ ") {
            out += &format!("{line}\n{}", ran(command, folder)?);
        }
    }
    Ok(out)
}

fn ran(command: &str, folder: &Path) -> Result<String, Failed> {
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-mosaic"));
    let path = std::env::join_paths(
        program
            .parent()
            .map(Path::to_path_buf)
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_BACKTRACE")
        .output()?;
    let mut out = String::from_utf8_lossy(&output.stdout).into_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out += &String::from_utf8_lossy(&output.stderr);
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    let real = folder.canonicalize()?;
    let out = out.replace(&*real.to_string_lossy(), "[CWD]").replace(&*folder.to_string_lossy(), "[CWD]");
    let out: String = out.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    Ok(match output.status.code() {
        Some(0) => out,
        Some(code) => format!("{out}? {code}\n"),
        None => format!("{out}? killed\n"),
    })
}

/// Whether `found` is what `expected` says, `[..]` and `...` standing for anything.
fn matches(expected: &str, found: &str) -> bool {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    lines(&expected, &found)
}

fn lines(expected: &[&str], found: &[&str]) -> bool {
    match (expected.first(), found.first()) {
        (None, None) => true,
        (Some(&"..."), _) => (0..=found.len()).any(|skipped| lines(&expected[1..], &found[skipped..])),
        (Some(left), Some(right)) => line(left, right) && lines(&expected[1..], &found[1..]),
        _ => false,
    }
}

fn line(expected: &str, found: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == found,
        Some((head, tail)) => match found.strip_prefix(head) {
            Some(rest) => (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| line(tail, &rest[at..])),
            None => false,
        },
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
