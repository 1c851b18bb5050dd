//! Evidence in interpreted code: what its sources import.
//!
//! Mosaic records it when it builds, in a custom section of the component ([`SECTION`]). In components of
//! `componentize-py` that others built it is read from the memory that was kept: each module that was loaded left the
//! path of its file there, as a string of CPython's.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{Parser, Payload};

use super::{
    super::{
        model::{Evidence, Found, Method},
        raw::Raw,
    },
    asked,
    capability::ROWS,
};
use crate::{
    compare::Name,
    language::sources::{SECTION, Sources},
};

/// Python modules by what they do; each by its top name unless a dot is in it.
const PYTHON: &[(&str, &[&str])] = &[
    (
        "files",
        &[
            "builtins.open",
            "os",
            "pathlib",
            "shutil",
            "tempfile",
            "glob",
            "fileinput",
            "sqlite3",
            "dbm",
            "shelve",
            "zipfile",
            "tarfile",
            "mmap",
        ],
    ),
    ("tcp", &["socketserver", "http.server"]),
    ("udp", &["socket", "_socket", "socketserver"]),
    ("env", &["os", "sys", "argparse", "getopt", "dotenv"]),
    ("stdio", &["builtins.print", "builtins.input", "sys", "logging", "getpass"]),
    ("exit", &["builtins.exit", "builtins.quit", "sys"]),
    ("clock", &["time", "datetime", "asyncio", "timeit", "sched", "calendar"]),
    ("random", &["random", "secrets", "uuid", "tempfile", "builtins.hash"]),
];

/// Python modules that connect to a host by its name: `tcp` and `dns` at once.
const CLIENTS: &[&str] = &[
    "socket",
    "_socket",
    "ssl",
    "http.client",
    "urllib.request",
    "ftplib",
    "smtplib",
    "imaplib",
    "poplib",
    "xmlrpc",
    "requests",
    "urllib3",
    "httpx",
    "aiohttp",
    "websockets",
    "redis",
];

/// What JavaScript uses of its engine, by what it is for. QuickJS has no `fetch`, `performance` or `crypto`; engines of
/// others do.
const JAVASCRIPT: &[(&str, &[&str])] = &[
    ("http-out", &["fetch"]),
    ("stdio", &["console"]),
    ("clock", &["Date", "performance", "setTimeout", "setInterval"]),
    ("random", &["Math.random", "crypto"]),
];

/// What stands before the name of a function or object that the language brings.
const BUILT_IN: &str = "builtins.";

/// What may load modules that are named nowhere.
const BY_NAME: &[&str] = &["importlib", "runpy", "imp", "builtins.__import__", "builtins.exec", "builtins.eval"];

/// What is recorded in a component; `None` if nothing is.
pub(super) fn recorded(raw: &Raw<'_>, component: usize, wanted: &BTreeSet<&str>) -> Option<Vec<Evidence>> {
    let section = raw.components.get(component)?.customs.iter().find(|custom| custom.name == SECTION)?;
    let sources = Sources::read(section.data)?;
    let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, files) in &sources.modules {
        imports.insert(module.clone(), files.iter().cloned().collect());
    }
    for (function, files) in &sources.calls {
        imports.insert(format!("{BUILT_IN}{function}"), files.iter().cloned().collect());
    }
    Some(match sources.language.as_str() {
        "javascript" => javascript(&imports, wanted),
        _ => python(&imports, wanted, Method::RecordedImports),
    })
}

fn python(imports: &BTreeMap<String, Vec<String>>, wanted: &BTreeSet<&str>, method: Method) -> Vec<Evidence> {
    let by_name = BY_NAME.iter().filter_map(|name| Some(told(name, imports.get(*name)?)));
    let by_name: Vec<String> = by_name.map(|told| format!("{told}, which may load others by name")).collect();
    let asked = asked(wanted);
    let rows = ROWS.iter().filter(|row| asked.contains_key(row.id));
    let evidence = rows.map(|row| {
        let modules = PYTHON.iter().find(|(id, _)| *id == row.id).map_or(&[][..], |(_, modules)| modules);
        let clients = if ["tcp", "dns"].contains(&row.id) { CLIENTS } else { &[] };
        let mut reasons = Vec::new();
        for (module, files) in imports {
            let is_one =
                |known: &&str| module == known || module.strip_prefix(*known).is_some_and(|rest| rest.starts_with('.'));
            let is_bound = || bound(module).is_some_and(|word| asked[row.id].iter().any(|name| means(&word, name)));
            if modules.iter().chain(clients).any(is_one) || is_bound() {
                reasons.push(told(module, files));
            }
        }
        let found = if reasons.is_empty() { Found::NoUse } else { Found::Use };
        if found == Found::NoUse {
            reasons.clone_from(&by_name);
        }
        Evidence { capability: row.capability(), found, method, reasons }
    });
    evidence.collect()
}

/// The interface that a generated Python module stands for: `wit_world.imports.store` → `store`.
fn bound(module: &str) -> Option<String> {
    let word = module.strip_prefix("wit_world.imports.")?.split('.').next()?;
    Some(word.replace('_', "-"))
}

fn means(word: &str, interface: &str) -> bool {
    let name = Name::new(interface);
    word == name.interface() || word.ends_with(&format!("-{}", name.interface()))
}

/// JavaScript reaches the host through interfaces that it imports by name, or through what the engine does by itself.
fn javascript(imports: &BTreeMap<String, Vec<String>>, wanted: &BTreeSet<&str>) -> Vec<Evidence> {
    let evidence = asked(wanted).into_iter().map(|(id, interfaces)| {
        let globals = JAVASCRIPT.iter().find(|(known, _)| *known == id).map_or(&[][..], |(_, globals)| globals);
        let is_one = |module: &str| match module.strip_prefix(BUILT_IN) {
            Some(global) => globals.contains(&global),
            None => interfaces.iter().any(|interface| Name::new(interface).base == Name::new(module).base),
        };
        let imported = imports.iter().filter(|(module, _)| is_one(module));
        let reasons: Vec<String> = imported
            .map(|(module, files)| match module.strip_prefix(BUILT_IN) {
                Some(global) => format!("uses {global}{}", within(files)),
                None => told(module, files),
            })
            .collect();
        let row = ROWS.iter().find(|row| row.id == id);
        let found = if reasons.is_empty() { Found::NoUse } else { Found::Use };
        row.map(|row| Evidence { capability: row.capability(), found, method: Method::RecordedImports, reasons })
    });
    evidence.flatten().collect()
}

/// `imports socket (app.py, net.py)`.
fn told(module: &str, files: &[String]) -> String {
    match module.strip_prefix(BUILT_IN) {
        Some(function) => format!("calls {function}(){}", within(files)),
        None => format!("imports {module}{}", within(files)),
    }
}

/// ` (app.py, net.py)`.
fn within(files: &[String]) -> String {
    match files {
        [] => String::new(),
        files if files.len() > 3 => format!(" ({}, {} and {} more)", files[0], files[1], files.len() - 2),
        files => format!(" ({})", files.join(", ")),
    }
}

/// What the memory of a Python component tells.
pub(super) fn snapshot(raw: &Raw<'_>, component: usize, wanted: &BTreeSet<&str>) -> Vec<Evidence> {
    let Some(it) = raw.components.get(component) else { return Vec::new() };
    let inside = |range: &std::ops::Range<u64>| it.range.start <= range.start && range.end <= it.range.end;
    let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in raw.modules.iter().filter(|module| inside(&module.range)) {
        for payload in Parser::new(0).parse_all(raw.slice(&module.range)).map_while(Result::ok) {
            let Payload::DataSection(data) = payload else { continue };
            for segment in data.into_iter().map_while(Result::ok) {
                loaded(segment.data, &mut imports);
            }
        }
    }
    if imports.is_empty() {
        return Vec::new();
    }
    python(&imports, wanted, Method::Snapshot)
}

/// The modules whose files are named in memory: `/python/json/decoder.py` is `json.decoder`.
fn loaded(memory: &[u8], imports: &mut BTreeMap<String, Vec<String>>) {
    const ENDING: &[u8] = b".py\0";
    const LONGEST: usize = 255;
    let mut at = 0;
    while let Some(found) = memory[at..].windows(ENDING.len()).position(|window| window == ENDING) {
        let end = at + found;
        at = end + ENDING.len();
        let start = memory[end.saturating_sub(LONGEST)..end].iter().rposition(|b| *b == 0 || !b.is_ascii_graphic());
        let start = start.map_or(end.saturating_sub(LONGEST), |start| end.saturating_sub(LONGEST) + start + 1);
        let Ok(path) = std::str::from_utf8(&memory[start..end]) else { continue };
        let Some(path) = path.strip_prefix('/') else { continue };
        let below = path.split('/').skip_while(|step| step.starts_with("python") || *step == "lib" || *step == "0");
        let steps: Vec<&str> = below.filter(|step| *step != "__init__").collect();
        // CPython itself loads `os`, whatever it runs.
        if !steps.is_empty() && steps != ["os"] {
            imports.entry(steps.join(".")).or_insert_with(|| vec![format!("/{path}.py in its memory")]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_memory() {
        let mut imports = BTreeMap::new();
        loaded(
            b"\0\x01/python/socket.py\0x\0socket.py\0\0/0/app.py\0/python/lib/python3.14/json/__init__.py\0.py\0",
            &mut imports,
        );
        assert_eq!(imports.keys().collect::<Vec<_>>(), ["app", "json", "socket"]);
    }

    fn found(modules: &[&str], calls: &[&str]) -> Vec<(String, Found)> {
        let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
        imports.extend(modules.iter().map(|module| ((*module).to_owned(), vec!["app.py".to_owned()])));
        imports.extend(calls.iter().map(|call| (format!("builtins.{call}"), vec!["app.py".to_owned()])));
        let wanted = BTreeSet::from([
            "wasi:sockets/tcp@0.2.0",
            "wasi:filesystem/types@0.2.0",
            "wasi:keyvalue/store@0.2.0-draft",
            "wasi:io/poll@0.2.0",
        ]);
        let evidence = python(&imports, &wanted, Method::RecordedImports);
        evidence.into_iter().map(|it| (it.capability.capability, it.found)).collect()
    }

    #[test]
    fn python_modules_tell_what_they_are_for() {
        let expect = |files, tcp, keyvalue| {
            [("files", files), ("tcp", tcp), ("keyvalue", keyvalue)].map(|(id, found)| (id.to_owned(), found)).to_vec()
        };
        assert_eq!(found(&["json", "socketless"], &[]), expect(Found::NoUse, Found::NoUse, Found::NoUse));
        assert_eq!(found(&["socket"], &[]), expect(Found::NoUse, Found::Use, Found::NoUse));
        assert_eq!(found(&["urllib.request"], &["open"]), expect(Found::Use, Found::Use, Found::NoUse));
        assert_eq!(found(&["urllib"], &[]), expect(Found::NoUse, Found::NoUse, Found::NoUse));
        assert_eq!(found(&["wit_world.imports.store"], &[]), expect(Found::NoUse, Found::NoUse, Found::Use));
    }
}
