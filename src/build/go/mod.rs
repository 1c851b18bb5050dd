//! Go, by the upstream compiler and the generator library.
//!
//! 1. Read the unit's WIT and refuse shapes that cannot be carried ([`shapes`]).
//! 2. Generate bindings in this process ([`generate`]) and mend them ([`cure`]).
//! 3. Arrange them by the layout of the sources ([`sources::Layout`]):
//!    - *ordinary*: a module of the user's with any name and plain functions. Bindings are a module of their own,
//!      `mosaic.local/<component>`, one package an interface ([`bindings`]); [`glue`] joins the two.
//!    - *standalone*: the generator's layout, module `wit_component` ([`standalone`]); generated files are laid over
//!      the user's folder.
//! 4. Run `go build` for `wasip1` ([`compile`]) in a workspace outside the sources ([`workspace`]).
//! 5. Keep the start of the program in the core module, where the manifest asks for it ([`snapshot`]).
//! 6. Make the core module a component, with the WASI adapter.
//!
//! # How an ordinary package implements a world
//!
//! | WIT | Go |
//! |---|---|
//! | `export acme:shop/auth` | the package in folder `auth` of the module, else the module's root package |
//! | `import acme:shop/auth` | `import "mosaic.local/<component>/acme/shop/auth"`; its types are there for an export too |
//! | `check: func(token: string)` | `func Check(token string)` |
//! | `-> result<claims, auth-error>` | `(auth.Claims, error)`, see [`failures`] for errors |
//! | `-> tuple<u32, string>` | `(uint32, string)` |
//! | `option<T>`, `tuple<…>` elsewhere | `wit.Option[T]`, `wit.Tuple2[…]` of `mosaic.local/<component>/wit` |
//! | `variant v { a(u32) }` | `MakeVA(1)`, `v.Tag() == V_A`, `v.A()` |
//! | an exported `resource r` | `type R struct`, `func NewR(…) *R`, methods on `*R`, `func RStatic(…)`, `OnDrop()` if wanted |
//! | an imported `resource r` | `NewR(…)`, methods, `Drop()` |
//!
//! Nothing is written into the sources but bindings for editors, which the build itself does not read.

use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::{
    cache::Home,
    diagnostic::{Diagnose, Problem},
    event::{Event, Events},
    packages::{Ecosystem, Package, section},
    toolchain,
};

use super::{
    backend::{Backend, Unit},
    preinit::reactor,
};

mod bindings;
mod compile;
mod cure;
mod error;
mod failures;
mod file;
mod generate;
mod glue;
mod licences;
mod names;
mod shapes;
mod signature;
mod snapshot;
mod sources;
mod standalone;
mod support;
#[cfg(test)]
mod tests;
mod tree;
mod workspace;
mod world;

use error::Error;
use generate::Texts;
use sources::Layout;
use workspace::Beside;
use world::World;

/// The version of the crate that carries the adapter to WASI 0.2.
const ADAPTER: &str = "48.0.8";

/// The backend for Go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Go;

impl Backend for Go {
    fn check(&self, unit: &Unit) -> Vec<Problem> {
        let problems = match World::parse(&unit.wit, &unit.world) {
            Ok(world) => refusals(unit, &world),
            Err(error) => vec![error],
        };
        problems
            .iter()
            .flat_map(|error| error.problems())
            .map(|problem| problem.in_component(&unit.part.name))
            .collect()
    }

    fn tools(&self, _unit: &Unit) -> Result<Vec<String>, Problem> {
        let go = toolchain::go(&Home::from_env())?;
        Ok(tools(&go))
    }

    fn bindings(&self, unit: &Unit, folder: &Path) -> Result<(), Problem> {
        write_bindings(unit, folder).map_err(|error| problem(unit, &error))
    }

    fn build(&self, unit: &Unit, events: Events<'_>) -> Result<Vec<u8>, Problem> {
        let go = toolchain::go(&Home::from_env())?;
        build(unit, &go, events).map_err(|error| problem(unit, &error))
    }

    fn inputs(&self, unit: &Unit) -> Vec<PathBuf> {
        sources::replacements(&unit.source)
    }
}

/// One problem, which holds all that the error tells.
fn problem(unit: &Unit, error: &Error) -> Problem {
    let problems = error.problems();
    let problem = match problems.as_slice() {
        [one] => one.clone(),
        several => {
            let code = several.first().map_or("go::build", |problem| problem.code);
            several.iter().fold(Problem::error(code, error.to_string()), |mut whole, problem| {
                whole.causes.push(problem.message.clone());
                whole.help.extend(problem.help.iter().cloned());
                whole
            })
        }
    };
    problem.in_component(&unit.part.name)
}

fn tools(go: &toolchain::Go) -> Vec<String> {
    vec![
        format!("go {}", go.version),
        generate::GENERATOR.to_owned(),
        format!("go-support {}", support::digest()),
        format!("go-glue {}", glue_digest()),
        format!("wasi-preview1-component-adapter-provider {ADAPTER}"),
        "wit-component 0.262.0".to_owned(),
    ]
}

/// Of the sources that write Go: what they write changes with them.
fn glue_digest() -> String {
    let sources = [
        include_str!("bindings.rs"),
        include_str!("compile.rs"),
        include_str!("cure.rs"),
        include_str!("failures.rs"),
        include_str!("file.rs"),
        include_str!("glue.rs"),
        include_str!("names.rs"),
        include_str!("signature.rs"),
        include_str!("snapshot.rs"),
        snapshot::RUNTIME,
        include_str!("workspace.rs"),
    ];
    blake3::hash(sources.concat().as_bytes()).to_hex()[..16].to_owned()
}

/// All that can be said without a compiler.
fn refusals(unit: &Unit, world: &World) -> Vec<Error> {
    let layout = sources::layout(&unit.source);
    let mut errors = shapes::check(world, layout);
    if !errors.is_empty() {
        return errors;
    }
    let missing = match layout {
        Layout::Standalone => standalone::missing(world, &unit.source),
        Layout::Ordinary => match glue::glue(world, &names::module(&unit.part.name), &unit.source) {
            Ok(glue) => glue.missing,
            Err(found) => {
                errors.extend(found);
                Vec::new()
            }
        },
    };
    if !missing.is_empty() {
        errors.push(Error::Missing(missing));
    }
    errors
}

fn write_bindings(unit: &Unit, folder: &Path) -> Result<(), Error> {
    let world = World::parse(&unit.wit, &unit.world)?;
    let layout = sources::layout(&unit.source);
    if let Some(error) = shapes::check(&world, layout).into_iter().next() {
        return Err(error);
    }
    let generated = generate::generate(&world)?;
    let mut texts = match layout {
        Layout::Ordinary => bindings::module(&world, &names::module(&unit.part.name), &generated)?,
        Layout::Standalone => generated,
    };
    texts.retain(|path, _| bindings::is_public(path));
    tree::write(folder, &texts)
}

fn build(unit: &Unit, go: &toolchain::Go, events: Events<'_>) -> Result<Vec<u8>, Error> {
    let world = World::parse(&unit.wit, &unit.world)?;
    if let Some(error) = refusals(unit, &world).into_iter().next() {
        return Err(error);
    }
    let mut generated = generate::generate(&world)?;
    if unit.snapshot {
        generated.iter_mut().filter(|(path, _)| path.ends_with(".go")).for_each(|(_, text)| *text = cure::wake(text));
    }
    let work = unit.work.join("go");
    let job = |beside, overlay, main, lines| {
        let (source, snapshot) = (&unit.source, unit.snapshot);
        compile::build(&compile::Job { toolchain: go, source, work: &work, beside, overlay, snapshot, main, lines })
    };
    let built = match sources::layout(&unit.source) {
        Layout::Ordinary => {
            let name = names::module(&unit.part.name);
            let mut module = bindings::module(&world, &name, &generated)?;
            let glue = glue::glue(&world, &name, &unit.source)
                .map_err(|errors| errors.into_iter().next().expect("a failure has at least one error"))?;
            module.extend(glue.texts);
            module.extend(unit.snapshot.then(|| support::wake("internal/runtime")));
            job(Beside { name: &name, texts: &module }, &Texts::new(), &name, &glue.lines)?
        }
        Layout::Standalone => {
            let mut overlay = generated;
            // Go runs the assembler in the package's own folder, which may exist by overlay alone. The empty assembly
            // files serve other targets than this.
            overlay.retain(|path, _| !path.ends_with(".s"));
            if unit.source.join("go.mod").exists() {
                overlay.remove("go.mod");
            }
            let mut texts = support::module();
            texts.extend(unit.snapshot.then(|| support::wake("wit/runtime")));
            let beside = Beside { name: support::MODULE, texts: &texts };
            job(beside, &overlay, "wit_component", &Default::default())?
        }
    };
    if !built.words.trim().is_empty() {
        events(Event::Output { what: &unit.part.name, text: &built.words });
    }
    // Go's own linker has put the modules into the program's data, without their licences.
    let mut packages = licences::licences(&built.core, &unit.source, built.modules.as_deref());
    let core = if unit.snapshot { kept(unit, &built.core, events)? } else { built.core };
    let mut component = encode(&world, core)?;
    let adapter = Package::new(Ecosystem::Cargo, "wasi-preview1-component-adapter-provider", ADAPTER).as_runtime();
    packages.push(adapter);
    section::append(&mut component, section::NAME, &section::encode(packages));
    Ok(component)
}

/// A core module with the memory that its start leaves.
fn kept(unit: &Unit, core: &[u8], events: Events<'_>) -> Result<Vec<u8>, Error> {
    let kept = reactor::start(core).map_err(Error::Snapshot)?;
    if !kept.said.trim().is_empty() {
        events(Event::Output { what: &unit.part.name, text: &kept.said });
    }
    Ok(kept.module)
}

/// A core module of Go's to a component.
fn encode(world: &World, mut core: Vec<u8>) -> Result<Vec<u8>, Error> {
    use wasi_preview1_component_adapter_provider::{
        WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    };
    let fail = |error: anyhow::Error| Error::Encode { detail: format!("{error:#}") };
    embed_component_metadata(&mut core, &world.resolve, world.id, StringEncoding::UTF8, false).map_err(fail)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(&core).map_err(fail)?;
    encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER).map_err(fail)?;
    encoder.encode().map_err(fail)
}
