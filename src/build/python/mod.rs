//! Python components, built in this process by componentize-py, which carries CPython 3.14: no Python is needed on the
//! machine.
//!
//! 1. The **entry module** is `[tool.mosaic] module` of `pyproject.toml`, else `app`, else the module named like the
//!    component (`risk-model` → `risk_model`), else the only module of the folder. It is looked for in the source folder
//!    and in its `src`.
//! 2. Sources are **checked** by their syntax alone (`check`): missing classes and methods are told in milliseconds.
//! 3. Sources, data files and the packages of a virtual environment inside the source folder (`.venv`, or any folder with
//!    a `pyvenv.cfg`) are **copied** to the work folder, so that nothing is written beside the user's code.
//! 4. The entry module is **imported once, at build time**, and the memory is kept. What code reads at module level from
//!    files beside it (`Path(__file__).parent / "weights.json"`) is in the component. At run time there are no files and
//!    no further imports: modules must be imported at module level.
//! 5. The generator's own export `exports` is dropped: the component has exactly the exports of its world.
//!
//! A resource's class may live in the entry module: the module named after its interface, in which componentize-py looks
//! for it, is then made by the build.

mod check;
mod error;
mod names;
mod outline;
mod packages;
mod snapshot;
mod sources;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use componentize_py::BindingsGenerator;
use serde::Deserialize;
use wit_parser::TypeDefKind;

pub use self::error::Error;
use self::outline::Modules;
use super::{
    backend::{Backend, Unit},
    preinit, shapes,
    staging::{self, Folder, Links},
};
use crate::{
    cache,
    diagnostic::{Diagnose, Problem},
    event::Events,
};

/// The version of the crate `componentize-py` that is built in.
pub const COMPONENTIZE_PY: &str = "0.25.1";

/// The backend for Python.
#[derive(Debug, Clone, Copy, Default)]
pub struct Python;

/// Where a unit's Python lies.
#[derive(Debug)]
struct Layout {
    /// Folders on the path, relative to the source folder.
    roots: Vec<PathBuf>,
    /// The entry module's dotted name.
    entry: String,
    /// `site-packages` of the virtual environment, absolute.
    packages: Option<PathBuf>,
}

impl Backend for Python {
    fn check(&self, unit: &Unit) -> Vec<Problem> {
        let mut errors = unsupported(unit);
        match examined(unit) {
            Ok((layout, modules)) => {
                let wanted = names::classes(&unit.part.resolve, unit.part.world);
                errors.extend(check::check(&modules, &layout.entry, &wanted));
                errors.extend(check::late_imports(&modules));
            }
            Err(found) => errors.extend(found),
        }
        told(unit, errors)
    }

    fn tools(&self, _unit: &Unit) -> Result<Vec<String>, Problem> {
        Ok(vec![format!("componentize-py {COMPONENTIZE_PY}"), format!("cpython {}", packages::CPYTHON)])
    }

    fn bindings(&self, unit: &Unit, folder: &Path) -> Result<(), Problem> {
        bindings(unit, folder).map_err(|error| first(unit, vec![error]))
    }

    /// All that is copied: what git ignores (weights, a virtual environment) is in the component as well.
    fn inputs(&self, unit: &Unit) -> Vec<PathBuf> {
        let folder = Folder::of(unit);
        let mut files = folder.files(&unit.source, Links::Within).unwrap_or_default();
        if let Some(packages) = packages(&unit.source) {
            files.extend(folder.files(&packages, Links::Anywhere).unwrap_or_default());
        }
        files
    }

    fn build(&self, unit: &Unit, _events: Events<'_>) -> Result<Vec<u8>, Problem> {
        let (layout, modules) = examined(unit).map_err(|errors| first(unit, errors))?;
        let wanted = names::classes(&unit.part.resolve, unit.part.world);
        let resources = check::resources_in_entry(&modules, &layout.entry, &wanted);
        let mut component = snapshot::build(unit, &layout, &resources).map_err(|error| first(unit, vec![error]))?;
        sources::sources(&modules).record(&mut component);
        packages::record(layout.packages.as_deref(), &mut component);
        sources::sources(&modules).record(&mut component);
        Ok(component)
    }
}

fn told(unit: &Unit, errors: Vec<Error>) -> Vec<Problem> {
    errors.iter().flat_map(Diagnose::problems).map(|problem| problem.in_component(&unit.part.name)).collect()
}

/// The first problem of errors that are never empty.
fn first(unit: &Unit, errors: Vec<Error>) -> Problem {
    told(unit, errors).into_iter().next().unwrap_or_else(|| Problem::error("python::engine", "nothing was built"))
}

fn examined(unit: &Unit) -> Result<(Layout, Modules), Vec<Error>> {
    let layout = layout(unit).map_err(|error| vec![error])?;
    let roots = layout.roots.iter().map(|root| unit.source.join(root)).collect();
    let modules = Modules::read(Folder::of(unit), roots, &layout.entry)?;
    Ok((layout, modules))
}

/// Shapes on which the binding generator gives up.
fn unsupported(unit: &Unit) -> Vec<Error> {
    let resolve = &unit.part.resolve;
    let shape = |kind: &TypeDefKind| match kind {
        TypeDefKind::FixedLengthList(..) => Some("list of fixed length"),
        TypeDefKind::Map(..) => Some("map"),
        _ => None,
    };
    let mut errors = Vec::new();
    for place in shapes::functions(resolve, unit.part.world) {
        let mut found = None;
        for ty in place.function.parameter_and_result_types() {
            let cell = std::cell::Cell::new(None);
            shapes::any(resolve, ty, &|_, kind| {
                cell.set(kind.and_then(shape));
                cell.get().is_some()
            });
            found = found.or(cell.get());
        }
        let accessor = place.function.kind.accessor().map(|_| "getter or setter");
        if let Some(shape) = found.or(accessor) {
            errors.push(Error::Shape { place: format!("`{}`", place.name()), shape });
        }
    }
    errors
}

#[derive(Debug, Default, Deserialize)]
struct Pyproject {
    #[serde(default)]
    tool: Tool,
}

#[derive(Debug, Default, Deserialize)]
struct Tool {
    #[serde(default)]
    mosaic: Mosaic,
}

#[derive(Debug, Default, Deserialize)]
struct Mosaic {
    module: Option<String>,
}

fn layout(unit: &Unit) -> Result<Layout, Error> {
    let source = &unit.source;
    let mut roots = vec![PathBuf::new()];
    if source.join("src").is_dir() {
        roots.push(PathBuf::from("src"));
    }
    let folder = Folder::of(unit);
    let source_folder = folder.name();
    let is_module = |name: &str| {
        let path: PathBuf = name.split('.').collect();
        roots
            .iter()
            .map(|root| source.join(root).join(&path))
            .any(|base| base.with_extension("py").is_file() || base.join("__init__.py").is_file())
    };
    let packages = packages(source);
    let entry = match named(folder)? {
        Some(module) if is_module(&module) => module,
        Some(module) => return Err(Error::EntryNotFound { module, source_folder }),
        None => {
            let component = unit.part.name.replace('-', "_");
            match ["app".to_owned(), component].into_iter().find(|name| is_module(name)) {
                Some(name) => name,
                None => only_module(folder, &roots)?,
            }
        }
    };
    if check::is_reserved(&entry) {
        return Err(Error::ReservedModule { module: entry, needed_for: "the entry module".to_owned() });
    }
    Ok(Layout { roots, entry, packages })
}

/// `[tool.mosaic] module` of `pyproject.toml`.
fn named(folder: Folder<'_>) -> Result<Option<String>, Error> {
    let path = folder.source.join("pyproject.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let text = folder.read(&path)?;
    match toml::from_str::<Pyproject>(&text.text) {
        Ok(project) => Ok(project.tool.mosaic.module),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            Err(Error::Syntax { file: text, span, message: error.message().to_owned() })
        }
    }
}

fn only_module(folder: Folder<'_>, roots: &[PathBuf]) -> Result<String, Error> {
    let mut candidates = Vec::new();
    for root in roots {
        let entries = folder.entries(&folder.source.join(root))?;
        candidates.extend(
            entries
                .iter()
                .filter(|path| path.extension().is_some_and(|e| e == "py"))
                .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())),
        );
    }
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(Error::NoEntry {
            source_folder: folder.name(),
            candidates: candidates.into_iter().map(|name| format!("{name}.py")).collect(),
        }),
    }
}

/// `site-packages` of a virtual environment directly below the source folder.
fn packages(source: &Path) -> Option<PathBuf> {
    let environments = staging::entries(source).ok()?.into_iter().filter(|path| path.join("pyvenv.cfg").is_file());
    environments
        .flat_map(|environment| {
            let versions = staging::entries(&environment.join("lib")).unwrap_or_default();
            versions
                .into_iter()
                .map(|version| version.join("site-packages"))
                .chain([environment.join("Lib/site-packages")])
        })
        .find(|path| path.is_dir())
}

/// Stubs for editors: generated beside their place and moved there file by file where they differ.
fn bindings(unit: &Unit, folder: &Path) -> Result<(), Error> {
    let wit = snapshot::write_wit(unit)?;
    let made = unit.work.join("bindings");
    let failed = |path: &Path| {
        let path = Folder::of(unit).shown(path);
        move |source| Error::Write { path, source }
    };
    match std::fs::remove_dir_all(&made) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&made)(error)),
        _ => std::fs::create_dir_all(&made).map_err(failed(&made))?,
    }
    let names = names::export_names(&unit.part.resolve, unit.part.world);
    let names = snapshot::by_id(&unit.part.resolve, &names);
    BindingsGenerator {
        wit_paths: &[&wit],
        worlds: &[&unit.world],
        features: &[],
        all_features: true,
        world_module: Some(names::WORLD_MODULE),
        output_dir: &made,
        import_interface_names: &Default::default(),
        export_interface_names: &names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect(),
        full_names: false,
    }
    .generate()
    .map_err(|error| Error::Engine { causes: preinit::causes(&error) })?;
    refresh(&made, folder).map_err(failed(folder))
}

/// Makes `to` like `from`, touching no file that is the same already.
fn refresh(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    let made = staging::entries(from)?;
    for old in staging::entries(to)? {
        let is_gone = made.iter().all(|path| path.file_name() != old.file_name());
        match is_gone {
            true if old.is_dir() => std::fs::remove_dir_all(&old)?,
            true => std::fs::remove_file(&old)?,
            false => {}
        }
    }
    for path in made {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            refresh(&path, &target)?;
        } else {
            let bytes = std::fs::read(&path)?;
            if std::fs::read(&target).ok().as_deref() != Some(&bytes) {
                cache::write_whole(&target, &bytes)?;
            }
        }
    }
    Ok(())
}
