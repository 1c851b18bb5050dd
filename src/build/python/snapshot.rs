//! One build: copy, generate, run once, keep the memory, drop what is not the world's.

use std::{collections::HashMap, fs, ops::Range, path::PathBuf, sync::Arc};

use componentize_py::ComponentGenerator;
use indexmap::IndexMap;
use wit_parser::{Resolve, WorldKey};

use super::{Error, Layout, names};
use crate::{
    build::{
        backend::Unit,
        leftovers,
        preinit::{self, Failure},
        staging::{self, Folder, Links},
    },
    cache,
    diagnostic::SourceFile,
};

/// A folder on the guest's path.
struct Mount {
    /// The copy.
    host: PathBuf,
    /// What it is a copy of, as told to people.
    shown: String,
}

/// Builds the component of a unit that has been examined. `resources`: modules to make, with the classes that the entry
/// module defines for them.
pub fn build(unit: &Unit, layout: &Layout, resources: &[(String, String)]) -> Result<Vec<u8>, Error> {
    let wit = write_wit(unit)?;
    let mounts = stage(unit, layout, resources)?;
    let output = unit.work.join("component.wasm");
    let path: Vec<_> = mounts.iter().map(|mount| mount.host.to_string_lossy().into_owned()).collect();
    let names = names::export_names(&unit.part.resolve, unit.part.world);
    let names = by_id(&unit.part.resolve, &names);

    preinit::run(async || {
        ComponentGenerator {
            wit_paths: &[&wit],
            worlds: &[&unit.world],
            features: &[],
            all_features: true,
            world_module: Some(names::WORLD_MODULE),
            python_path: &path.iter().map(String::as_str).collect::<Vec<_>>(),
            module_worlds: &[],
            app_name: &layout.entry,
            output_path: &output,
            add_to_linker: None,
            stub_wasi: false,
            import_interface_names: &HashMap::new(),
            export_interface_names: &names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect(),
            full_names: false,
            intersect_world: None,
        }
        .generate()
        .await
    })
    .map_err(|failure| failed(unit, &mounts, &failure))?;

    let path = || Folder::of(unit).shown(&output);
    let bytes = fs::read(&output).map_err(|source| staging::Error::Io { path: path(), source })?;
    leftovers::drop_exports(&bytes, &["exports"])
        .map_err(|error| Error::Engine { causes: preinit::causes(&error.into()) })
}

/// Writes the unit's WIT where the generator can read it.
pub fn write_wit(unit: &Unit) -> Result<PathBuf, Error> {
    let folder = Folder::of(unit);
    let path = unit.work.join("unit.wit");
    cache::write_whole(&path, unit.wit.as_bytes())
        .map_err(|source| Error::Write { path: folder.shown(&path), source })?;
    Ok(path)
}

/// Interface names by the full name of their interface.
pub fn by_id(resolve: &Resolve, names: &IndexMap<WorldKey, String>) -> IndexMap<String, String> {
    names.iter().map(|(key, name)| (resolve.name_world_key(key), name.clone())).collect()
}

fn stage(unit: &Unit, layout: &Layout, resources: &[(String, String)]) -> Result<Vec<Mount>, Error> {
    let folder = Folder::of(unit);
    let copy = unit.work.join("python");
    let sources = copy.join("source");
    folder.mirror(&unit.source, &sources, Links::Within)?;
    let mut mounts: Vec<_> = layout
        .roots
        .iter()
        .map(|root| Mount { host: sources.join(root), shown: folder.shown(&unit.source.join(root)) })
        .collect();
    if let Some(packages) = &layout.packages {
        let host = copy.join("site-packages");
        folder.mirror(packages, &host, Links::Anywhere)?;
        mounts.push(Mount { host, shown: folder.shown(packages) });
    }
    if !resources.is_empty() {
        let mut modules: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for (module, class) in resources {
            modules.entry(module).or_default().push(class);
        }
        let host = copy.join("resources");
        for (module, classes) in modules {
            let path = host.join(format!("{module}.py"));
            let text = format!("from {} import {}\n", layout.entry, classes.join(", "));
            cache::write_whole(&path, text.as_bytes())
                .map_err(|source| Error::Write { path: folder.shown(&path), source })?;
        }
        mounts.push(Mount { shown: folder.shown(&host), host });
    }
    Ok(mounts)
}

/// The generator puts what the guest wrote in front of its own error: a traceback, where the user's code raised.
fn failed(unit: &Unit, mounts: &[Mount], failure: &Failure) -> Error {
    let causes = failure.causes();
    let Some(output) = causes.first().filter(|output| output.lines().any(is_frame)) else {
        return Error::Engine { causes };
    };
    let mut output = output.trim_end().to_owned();
    for (index, mount) in mounts.iter().enumerate() {
        output = output.replace(&format!("\"/{index}/"), &format!("\"{}/", mount.shown));
    }
    let place = output.lines().rev().filter_map(frame).find_map(|(file, line)| place(unit, mounts, file, line));
    match (output.lines().find_map(syntax_error), place) {
        (Some(message), Some((file, span))) => Error::Syntax { file, span, message: message.to_owned() },
        (_, place) => Error::Raised { output, place },
    }
}

/// `SyntaxError: invalid syntax` → `invalid syntax`.
fn syntax_error(line: &str) -> Option<&str> {
    ["SyntaxError: ", "IndentationError: ", "TabError: "].iter().find_map(|kind| line.strip_prefix(kind))
}

fn is_frame(line: &str) -> bool {
    frame(line).is_some()
}

/// `  File "auth/app.py", line 3, in <module>`.
fn frame(line: &str) -> Option<(&str, usize)> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((file, rest[..digits].parse().ok()?))
}

fn place(unit: &Unit, mounts: &[Mount], file: &str, line: usize) -> Option<(Arc<SourceFile>, Range<usize>)> {
    let relative = mounts.iter().find_map(|mount| {
        let copied = mount.host.starts_with(unit.work.join("python/source"));
        file.strip_prefix(&mount.shown).filter(|_| copied).map(|rest| (mount, rest.trim_start_matches('/')))
    });
    let (mount, rest) = relative?;
    let text = fs::read_to_string(mount.host.join(rest)).ok()?;
    let span = line_span(&text, line)?;
    Some((Arc::new(SourceFile { name: file.to_owned(), text }), span))
}

/// The bytes of a line, counted from 1, without its indentation.
fn line_span(text: &str, line: usize) -> Option<Range<usize>> {
    let content = text.lines().nth(line.checked_sub(1)?)?;
    let start = content.as_ptr() as usize - text.as_ptr() as usize;
    let indent = content.len() - content.trim_start().len();
    Some(start + indent..start + content.trim_end().len().max(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_lines() {
        assert_eq!(frame("  File \"auth/app.py\", line 12, in <module>"), Some(("auth/app.py", 12)));
        assert_eq!(frame("  File \"auth/app.py\", line 12"), Some(("auth/app.py", 12)));
        assert_eq!(frame("ValueError: File"), None);
        let text = "a\n    raise x\n";
        assert_eq!(&text[line_span(text, 2).unwrap()], "raise x");
        assert_eq!(line_span(text, 9), None);
        assert_eq!(line_span(text, 0), None);
    }
}
