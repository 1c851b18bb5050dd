//! One build: copy, link, run once, keep the memory, drop what is not the world's.
//!
//! The engine has standard streams through its C library but no `console`; so the world it is given imports them once
//! more, for [`bridge::console`]. They are what every part is granted.

use std::{collections::HashMap, ops::Range};

use super::{
    Error,
    bridge::{self, FOLDER},
    error::Place,
    finish, graft,
    link::{self, Linked},
    modules::{Module, Modules},
};
use crate::{
    build::{
        backend::{Profile, Unit},
        preinit::{
            self, Failure,
            quickjs::{self, Early, Endless, Start},
        },
        shapes,
    },
    resolve,
};

/// Builds the component of a unit whose modules have been read.
pub fn build(unit: &Unit, modules: &Modules) -> Result<Vec<u8>, Error> {
    let internal = |causes| Error::Builder { causes };
    let streams = resolve::enlarged(&unit.part, "cli", &["stdout", "stderr"])
        .map_err(|error| internal(preinit::causes(&error.into())))?;
    let user = modules.first().map_or("", |module| module.place.as_str());
    let mut bridge = bridge::bridge(&unit.part.resolve, unit.part.world, &format!("../{user}"));
    bridge.modules.insert("console.js".to_owned(), bridge::console(&streams.imports[0], &streams.imports[1]));
    bridge.modules.insert("entry.js".to_owned(), bridge.entry);
    let runtime = runtime(unit).map_err(|error| internal(preinit::causes(&error)))?;
    let linked = link::link(&runtime, &streams.wit, &unit.world);
    let Linked { component, shim, handles } = linked.map_err(|error| internal(preinit::causes(&error)))?;
    bridge.modules.insert("handles.js".to_owned(), handles);
    let bridges = bridge.modules.into_iter().map(|(name, text)| (format!("/{FOLDER}/{name}"), text));
    let users = modules.copy().map(|(place, text)| (format!("/{place}"), text.to_owned()));
    let start = Start {
        shim,
        entry: format!("/{FOLDER}/entry.js"),
        modules: users.chain(bridges).collect::<HashMap<_, _>>(),
        stack: link::STACK as usize,
    };
    let started = preinit::run(async || quickjs::start(&component, start).await);
    let started = started.map_err(|failure| failed(modules, failure))?;
    finish::finish(&started).map_err(|error| internal(preinit::causes(&error)))
}

/// The engine, mended. With component-model async only where the world needs it: not every host has it.
fn runtime(unit: &Unit) -> anyhow::Result<Vec<u8>> {
    let is_async = shapes::functions(&unit.part.resolve, unit.part.world).iter().any(|place| {
        place.function.kind.is_async()
            || place.function.parameter_and_result_types().any(|ty| {
                shapes::any(&unit.part.resolve, ty, &|_, kind| {
                    matches!(kind, Some(wit_parser::TypeDefKind::Stream(_) | wit_parser::TypeDefKind::Future(_)))
                })
            })
    });
    let stock = match (is_async, unit.profile) {
        (true, Profile::Dev) => componentize_qjs::default_runtime_wasm(),
        (true, Profile::Release) => componentize_qjs::opt_size_runtime_wasm(),
        (false, Profile::Dev) => componentize_qjs::default_sync_runtime_wasm(),
        (false, Profile::Release) => componentize_qjs::opt_size_sync_runtime_wasm(),
    };
    Ok(graft::graft(stock, &wat::parse_str(include_str!("mend.wat"))?)?)
}

/// The engine's error has the JavaScript exception in it, with a stack of `at name (/index.ts:3:5)`.
fn failed(modules: &Modules, failure: Failure) -> Error {
    let causes = failure.causes();
    if let Failure::Failed(error) = &failure
        && error.is::<Early>()
    {
        return Error::Raised { output: causes.join("\n"), place: None };
    }
    if let Failure::Failed(error) = &failure
        && let Some(endless) = error.downcast_ref::<Endless>()
    {
        return Error::Endless(*endless);
    }
    let text = causes.join("\n");
    let place = text.lines().filter_map(frame).find_map(|(file, line)| place(modules, file, line));
    let is_users = text.contains("user JavaScript module");
    if is_users || place.is_some() {
        return Error::Raised { output: text.trim().to_owned(), place };
    }
    Error::Builder { causes }
}

/// `    at f (/src/index.ts:3:5)` → `src/index.ts`, 3.
fn frame(line: &str) -> Option<(&str, usize)> {
    let rest = line.trim_start().strip_prefix("at ")?;
    let place = rest.rsplit_once('(').map_or(rest, |(_, inner)| inner.trim_end_matches(')'));
    let (file_line, column) = place.rsplit_once(':')?;
    let (file, number) = match file_line.rsplit_once(':') {
        Some((file, number)) if number.bytes().all(|b| b.is_ascii_digit()) => (file, number),
        _ => (file_line, column),
    };
    Some((file.trim_start_matches('/'), number.parse().ok()?))
}

fn place(modules: &Modules, file: &str, line: usize) -> Option<Place> {
    let module: &Module = modules.original(file)?;
    Some((module.source.clone(), line_span(&module.source.text, line)?))
}

/// The bytes of a line, counted from 1, without its indentation.
fn line_span(text: &str, line: usize) -> Option<Range<usize>> {
    let before: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let content = text.get(before..)?.lines().next()?;
    let indent = content.len() - content.trim_start().len();
    Some(before + indent..before + content.trim_end().len().max(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_lines() {
        assert_eq!(frame("    at f (/src/index.ts:3:5)"), Some(("src/index.ts", 3)));
        assert_eq!(frame("    at <anonymous> (/index.js:12)"), Some(("index.js", 12)));
        assert_eq!(frame("Error: x"), None);
        let text = "a\n  throw x\n";
        assert_eq!(&text[line_span(text, 2).unwrap()], "throw x");
        assert_eq!(line_span(text, 0), None);
    }
}
