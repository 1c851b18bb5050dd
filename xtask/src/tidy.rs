//! `cargo xtask tidy`: the invariants of `src/lib.rs` that a program can see.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{Outcome, setup::root};

/// A rule: text that may stand only in some places of `src/`.
struct Rule {
    /// Found in code outside tests and comments.
    needles: &'static [&'static str],
    /// Prefixes of paths below `src/` where it may stand.
    only: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        needles: &["println!(", "print!(", "eprintln!(", "eprint!(", "dbg!(", "io::stdout()", "io::stderr()"],
        only: &["cli/", "main.rs", "runtime/"],
        why: "only the binary's cli prints; the library tells events (the host hands a guest its standard streams)",
    },
    Rule { needles: &["process::exit("], only: &["cli/", "main.rs"], why: "only the binary knows exit codes" },
    Rule {
        needles: &["std::process::Command", "process::Stdio", "tokio::process"],
        only: &["process.rs", "process/"],
        why: "only `process` starts a process; use mosaic::process::Command",
    },
    Rule { needles: &["use clap", "clap::"], only: &["cli/", "main.rs"], why: "only the binary's cli parses flags" },
    Rule {
        needles: &["TcpStream", "TcpListener", "UdpSocket", "ureq::"],
        only: &["network.rs", "toolchain/", "runtime/", "registry/"],
        why: "the network is touched only by toolchain, registry and runtime",
    },
    Rule {
        needles: &["wasmtime::", "use wasmtime"],
        only: &["runtime/", "build/preinit"],
        why: "only runtime and the pre-initialisation of builds know an engine",
    },
    Rule {
        needles: &["Manifest"],
        only: &["manifest/", "project.rs", "resolve/", "plan/", "cli/", "lock.rs", "diagnostic.rs", "build/"],
        why: "check, inspect, compare, compose and runtime serve components that Mosaic did not build",
    },
    Rule {
        needles: &["todo!(", "unimplemented!("],
        only: &[],
        why: "nothing is left for later without a word to the user",
    },
    Rule { needles: &["#[allow("], only: &[], why: "use #[expect(…, reason = …)]" },
];

/// What each room may import: itself and these. A room is the first folder or file below `src/`.
const ROOMS: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("event", &["diagnostic"]),
    ("language", &[]),
    ("packages", &[]),
    ("validate", &[]),
    ("network", &[]),
    ("grants_section", &[]),
    ("process", &["diagnostic", "event"]),
    ("cache", &["event", "diagnostic"]),
    ("manifest", &["diagnostic", "language"]),
    ("project", &["diagnostic", "manifest"]),
    ("lock", &["cache", "diagnostic", "language", "manifest", "project", "resolve", "toolchain"]),
    ("toolchain", &["cache", "diagnostic", "event", "language", "network", "process"]),
    ("registry", &["cache", "diagnostic", "event", "network"]),
    ("resolve", &["cache", "diagnostic", "event", "language", "manifest", "project", "wit"]),
    ("compare", &["diagnostic", "resolve"]),
    ("wit", &["diagnostic", "resolve"]),
    (
        "plan",
        &[
            "build",
            "cache",
            "compare",
            "diagnostic",
            "language",
            "manifest",
            "project",
            "resolve",
            "grants_section",
            "toolchain",
        ],
    ),
    (
        "build",
        &[
            "cache",
            "diagnostic",
            "event",
            "language",
            "manifest",
            "packages",
            "plan",
            "process",
            "project",
            "resolve",
            "toolchain",
            "validate",
        ],
    ),
    (
        "compose",
        &["cache", "compare", "diagnostic", "event", "language", "grants_section", "plan", "resolve", "validate"],
    ),
    ("check", &["compare", "diagnostic", "language", "plan", "resolve", "validate", "wit"]),
    ("inspect", &["check", "compare", "diagnostic", "language", "packages", "plan", "resolve"]),
    ("runtime", &["cache", "diagnostic", "event", "grants_section", "network", "validate"]),
];

/// Endings of files that are built, not written.
const BINARY: &[&str] = &["wasm", "cwasm", "so", "a", "zst", "tgz", "tar", "gz", "zip", "whl", "deb", "png"];

/// Names that say nothing.
const NAMELESS: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "service"];

/// Looks at every file that git knows or would add, and tells all that is wrong.
pub fn run() -> Outcome {
    let mut wrong = Vec::new();
    let files = files()?;
    let tests = test_modules(&files);
    for path in files {
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string().replace('\\', "/");
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let stem = path.file_stem().and_then(|e| e.to_str()).unwrap_or_default();
        if BINARY.contains(&ending) {
            wrong.push(format!("{shown}: a binary; fixtures are text, and tests make the rest"));
        }
        if NAMELESS.contains(&stem) {
            wrong.push(format!("{shown}: the name says nothing of what is inside"));
        }
        if ending == "rs" {
            let text = fs::read_to_string(&path).map_err(|e| format!("{shown}: {e}"))?;
            // Sources of programs that are compiled for a guest are data here.
            let inside = shown.strip_prefix("src/").filter(|inside| !inside.contains("/guest/"));
            let is_test = tests.iter().any(|module| path.with_extension("").starts_with(module));
            if let Some(inside) = inside.filter(|_| !is_test) {
                source(inside, &text, &mut wrong);
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("tidy:\n  {}", wrong.join("\n  "))) }
}

/// Modules declared under `#[cfg(test)]`, as paths without an ending: they may do what their subject may not.
fn test_modules(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")) {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let folder = match path.file_name().and_then(|name| name.to_str()) {
            Some("mod.rs" | "lib.rs" | "main.rs") => path.parent().unwrap_or(path).to_path_buf(),
            _ => path.with_extension(""),
        };
        for (attribute, declared) in text.lines().zip(text.lines().skip(1)) {
            let name = declared.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let name = name.strip_prefix("mod ").and_then(|name| name.strip_suffix(';'));
            if let Some(name) = name.filter(|_| attribute.trim() == "#[cfg(test)]") {
                found.insert(folder.join(name));
            }
        }
    }
    found
}

/// What a line names of the crate: after `crate::`, or at the top of a group that `crate::{` has begun. `open`: how many
/// groups are open in such a one.
fn named(line: &str, open: &mut usize) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    let mut rest = line;
    if *open == 0 {
        let Some((_, after)) = line.split_once("crate::") else { return names };
        let Some(group) = after.strip_prefix('{') else {
            names.push(word(after));
            names.extend(named(after, open));
            return names;
        };
        *open = 1;
        rest = group;
    }
    let mut begins = true;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => *open += 1,
            '}' => *open -= 1,
            ',' if *open == 1 => begins = true,
            c if begins && *open == 1 && !c.is_whitespace() => {
                names.push(word(&rest[at..]));
                begins = false;
            }
            _ => {}
        }
        if *open == 0 {
            names.extend(named(&rest[at..], open));
            break;
        }
    }
    names
}

fn source(inside: &str, text: &str, wrong: &mut Vec<String>) {
    let room = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let rooms: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    let allowed = ROOMS.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
    let mut open = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.trim_start();
        if code.starts_with("#[cfg(test)]")
            && text.lines().nth(number).is_some_and(|next| !next.trim_end().ends_with(';'))
        {
            // Unit tests close a file; they may do what their subject may not.
            break;
        }
        if code.starts_with("//") {
            continue;
        }
        for rule in RULES {
            let needle = rule.needles.iter().find(|needle| code.contains(**needle));
            if let Some(needle) = needle.filter(|_| !rule.only.iter().any(|place| inside.starts_with(place))) {
                wrong.push(format!("src/{inside}:{number}: `{needle}`: {}", rule.why));
            }
        }
        let Some(allowed) = allowed else { continue };
        for named in named(code, &mut open) {
            if named != room && rooms.contains(named.as_str()) && !allowed.contains(&named.as_str()) {
                wrong.push(format!("src/{inside}:{number}: `{room}` may not know `{named}`"));
            }
        }
    }
}

/// What git tracks, or would if everything were added.
fn files() -> Result<Vec<PathBuf>, String> {
    let output = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|e| format!("could not start git: {e}"))?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(|name| root().join(Path::new(name)))
        .filter(|p| p.is_file())
        .collect())
}
