//! A component as native code: compiled once, kept in the user's cache folder, mapped from there.
//!
//! 1. The component is known by the BLAKE3 of its bytes. That of a file is remembered for as long as the file looks the
//!    same, so that a start reads nothing of it.
//! 2. What is known of it (kind `shape` of the cache) says which engine it needs, and which of its modules were lifted out.
//! 3. Its native code (kind `code`) is keyed by that digest, by what the engine says of its own configuration, version
//!    and target, and by what rewrites a component here; a change of any of them is another key. So is that of modules
//!    lifted out ([`lift`]), by their own digests.
//! 4. Where it is to run fast, dynamic libraries in it are merged before ([`merge`]).
//! 5. What is missing is compiled, kept, and loaded as if it had been there.
//!
//! Invariant: only files that this user alone can write are mapped as code. The cache folder itself is trusted as the
//! user's own programs are.

use std::{
    borrow::Cow,
    fs::File,
    hash::{Hash, Hasher},
    io::{self, BufReader, Cursor},
    path::{Path, PathBuf},
    time::Instant,
};

use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wasmtime::{Engine, Module, component::Component};

use crate::{
    cache::{self, Home, digests::Digests},
    event::{Event, Events},
    grants_section::{self, Section},
};

use super::{
    dense,
    engine::{self, Allocation, Compiler, Shape, Tuning},
    error::Error,
    lift::{self, Split},
    merge::{self, Moved},
};

/// Changes whenever [`Known`] or the way it is found does.
const FORMAT: u8 = 4;

/// What rewrites a component before it is compiled; see `build.rs`.
const REWRITER: &str = env!("MOSAIC_REWRITER");

/// A component to run.
#[derive(Debug, Clone)]
pub struct Artifact<'a> {
    /// What to call it in messages: its file name, or the app's.
    pub name: String,
    pub content: Content<'a>,
    pub tuning: Tuning,
}

/// Where a component's bytes are.
#[derive(Debug, Clone)]
pub enum Content<'a> {
    Bytes(&'a [u8]),
    /// `digest`: the BLAKE3 of the file, where the caller knows it; the file is then read only if it must be compiled.
    File {
        path: PathBuf,
        digest: Option<blake3::Hash>,
    },
}

impl<'a> Artifact<'a> {
    /// The component in a file.
    pub fn file(path: impl Into<PathBuf>) -> Artifact<'a> {
        let path = path.into();
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        Artifact { name, content: Content::File { path, digest: None }, tuning: Tuning::Run }
    }

    /// The component in memory.
    pub fn bytes(name: impl Into<String>, bytes: &'a [u8]) -> Artifact<'a> {
        Artifact { name: name.into(), content: Content::Bytes(bytes), tuning: Tuning::Run }
    }

    /// What it says its parts are granted, if it says so; a text says nothing.
    pub fn section(&self) -> Result<Option<Section>, grants_section::Error> {
        match &self.content {
            Content::Bytes(bytes) => Section::read(&mut Cursor::new(bytes)),
            Content::File { path, .. } => Section::read(&mut BufReader::new(File::open(path)?)),
        }
    }

    pub(super) fn read(&self) -> Result<Cow<'a, [u8]>, Error> {
        match &self.content {
            Content::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Content::File { path, .. } => {
                let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}

/// A component ready to be linked, and the engine it was made for.
pub(super) struct Code {
    pub engine: Engine,
    pub component: Component,
    /// Core modules that it imports, as they were compiled apart.
    pub lifted: Vec<Lifted>,
    pub shape: Shape,
    /// Of the component's bytes, if it is known where in them the code was made from.
    pub digest: Option<blake3::Hash>,
    /// Where the bytes have gone that were copied when libraries in it were merged; `None`: none were.
    pub moved: Option<Vec<Moved>>,
}

/// A core module that was compiled apart from its component.
pub(super) struct Lifted {
    /// The import it is given to.
    pub name: String,
    pub module: Module,
    /// Where it stands in the component.
    pub start: usize,
}

/// What is known of a component that was compiled.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    shape: Shape,
    /// Digest and place of each module that was lifted out.
    lifted: Vec<(String, usize)>,
    /// See [`Code::moved`].
    moved: Option<Vec<Moved>>,
}

/// Has native code of `artifact` in the cache folder, so that a start compiles nothing.
pub fn compile(artifact: &Artifact<'_>, home: &Home, events: Events<'_>) -> Result<(), Error> {
    load(artifact, home, None, events).map(drop)
}

/// Loads the native code of `artifact`, compiling it first where the cache has none. `pool`: how many instances shall
/// live in a pool at once; `None`: no pool.
pub(super) fn load(artifact: &Artifact<'_>, home: &Home, pool: Option<u32>, events: Events<'_>) -> Result<Code, Error> {
    let pool = pool.filter(|_| artifact.tuning != Tuning::Edit);
    let (digest, bytes) = match &artifact.content {
        Content::File { digest: Some(digest), .. } => (*digest, None),
        Content::File { path, digest: None } => match remembered(path, home) {
            Some(digest) => (digest, None),
            None => digested(artifact)?,
        },
        Content::Bytes(_) => digested(artifact)?,
    };
    if let Some(known) = known(home, &digest, artifact.tuning) {
        let engine = engine_for(&known.shape, pool, events)?;
        if let Some(code) = kept(home, digest, artifact.tuning, &known, engine) {
            return Ok(code);
        }
    }
    let bytes = match bytes {
        Some(bytes) => bytes,
        None => artifact.read()?,
    };
    make(artifact, &bytes, home, pool, events)
}

/// The digest of a component, and its bytes if they were read for it.
type Digested<'a> = (blake3::Hash, Option<Cow<'a, [u8]>>);

/// Reads a component for its digest.
fn digested<'a>(artifact: &Artifact<'a>) -> Result<Digested<'a>, Error> {
    let bytes = artifact.read()?;
    Ok((blake3::hash(&bytes), Some(bytes)))
}

/// The digest of a file, from what is remembered of it where it looks the same. `None`: no regular file.
fn remembered(path: &Path, home: &Home) -> Option<blake3::Hash> {
    let path = std::path::absolute(path).ok()?;
    let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
    let mut digests = Digests::load(&home.root.join(cache::DIGESTS).join(format!("{name}.json")));
    let digest = digests.digest(&path).ok()?;
    digests.save();
    Some(digest)
}

/// Compiles it, keeps what came of it, and loads that.
fn make(
    artifact: &Artifact<'_>,
    bytes: &[u8],
    home: &Home,
    pool: Option<u32>,
    events: Events<'_>,
) -> Result<Code, Error> {
    let name = || artifact.name.clone();
    if !Parser::is_component(bytes) {
        return Err(Error::NotAComponent { name: name(), core_module: Parser::is_core_wasm(bytes) });
    }
    let started = Instant::now();
    events(Event::Started { verb: "Compiling", what: &artifact.name });
    let digest = blake3::hash(bytes);
    let concurrency = is_async(bytes);
    let (mut split, mut dense, mut merged) = (None, None, None);
    match artifact.tuning {
        Tuning::Run => merged = merge::merge(bytes),
        Tuning::Edit => split = lift::lift(bytes),
        Tuning::Density { room } => dense = dense::dense(bytes, room),
    }
    let room = dense.as_ref().map(|dense| dense.room);
    let bytes = dense.as_ref().map_or(bytes, |dense| &dense.component);
    let optimised = Shape { room, ..Shape::unmeasured(Compiler::Optimising, concurrency) };
    // What is wrong with a rewritten component is told of the one that was given.
    let merged_native = merged.as_ref().and_then(|merged| native(&merged.component, None, optimised, home).ok());
    if merged_native.is_none() {
        merged = None;
    }
    let one_pass = (artifact.tuning == Tuning::Edit && !concurrency && compiles_in_one_pass(bytes))
        .then(|| native(bytes, split.as_ref(), Shape::unmeasured(Compiler::OnePass, concurrency), home))
        // What the quick compiler does not know, the other may.
        .and_then(Result::ok);
    let mut native = match merged_native.or(one_pass) {
        Some(native) => native,
        None => {
            native(bytes, split.as_ref(), optimised, home).map_err(|source| Error::Compile { name: name(), source })?
        }
    };
    if native.shape.compiler == Compiler::OnePass {
        let text = format!("{} in one pass, as for `dev`; `--release` optimises", artifact.name);
        events(Event::Detail { verb: "Compiled", text: &text });
    }
    if let Some(required) = native.component.resources_required() {
        native.shape.memories = required.num_memories;
        native.shape.tables = required.num_tables;
        native.shape.table_elements = required.max_initial_table_size.unwrap_or(0);
    }
    let places = split.iter().flat_map(|split| &split.modules).map(|large| (large.digest.to_string(), large.start));
    let known = Known { shape: native.shape, lifted: places.collect(), moved: merged.map(|merged| merged.moved) };
    let kept = keep(home, &digest, artifact.tuning, &known, &native).map(|()| {
        let engine = engine_for(&known.shape, pool, events)?;
        Ok(kept(home, digest, artifact.tuning, &known, engine))
    });
    let code = match kept {
        Ok(kept) => kept?,
        Err(error) => {
            let problem = crate::diagnostic::Problem::warning("runtime::code-not-kept", "cannot keep native code")
                .because(error.to_string());
            events(Event::Warning(&problem));
            None
        }
    };
    // What could not be kept is compiled again at the next start.
    let code = match code {
        Some(code) => code,
        None => native
            .loaded(digest, known.moved, engine_for(&known.shape, pool, events)?, split.as_ref())
            .map_err(|source| Error::Compile { name: name(), source })?,
    };
    events(Event::Finished { what: &artifact.name, fresh: false, elapsed: started.elapsed() });
    Ok(code)
}

/// Native code as it was just compiled.
struct Native {
    engine: Engine,
    component: Component,
    code: Vec<u8>,
    /// Of the modules that were lifted out, in their order.
    modules: Vec<Vec<u8>>,
    shape: Shape,
}

/// Compiles a component, or what was left of it and each module lifted out that the cache does not have.
fn native(bytes: &[u8], split: Option<&Split<'_>>, shape: Shape, home: &Home) -> wasmtime::Result<Native> {
    // Whatever the pool, the code is the same: a first engine compiles, so that the pool can be made to measure.
    let engine = engine::engine(&shape, Allocation::OnDemand)?;
    let code = engine.precompile_component(split.map_or(bytes, |split| &split.component))?;
    // SAFETY: the bytes come from `precompile_component` of the same engine, just now.
    let component = unsafe { Component::deserialize(&engine, &code) }?;
    let mut modules = Vec::new();
    for large in split.iter().flat_map(|split| &split.modules) {
        let kept = kept_code(home, &module_key(&large.digest, &engine)).and_then(|path| std::fs::read(path).ok());
        modules.push(match kept {
            Some(code) => code,
            None => engine.precompile_module(large.bytes)?,
        });
    }
    Ok(Native { engine, component, code, modules, shape })
}

impl Native {
    /// The same, of an engine as it is to run.
    fn loaded(
        &self,
        digest: blake3::Hash,
        moved: Option<Vec<Moved>>,
        engine: Engine,
        split: Option<&Split<'_>>,
    ) -> wasmtime::Result<Code> {
        // SAFETY: compiled by this process, or read from a file that this user alone can write, as `kept_code` has seen.
        let component = unsafe { Component::deserialize(&engine, &self.code) }?;
        let mut lifted = Vec::new();
        for (large, code) in split.iter().flat_map(|split| &split.modules).zip(&self.modules) {
            // SAFETY: as above.
            let module = unsafe { Module::deserialize(&engine, code) }?;
            lifted.push(Lifted { name: large.name.clone(), module, start: large.start });
        }
        Ok(Code { engine, component, lifted, shape: self.shape, digest: unchanged(digest, &self.shape), moved })
    }
}

/// What the cache has of a component, if it has all of it.
fn kept(home: &Home, digest: blake3::Hash, tuning: Tuning, known: &Known, engine: Engine) -> Option<Code> {
    let path = kept_code(home, &key(&digest, tuning, &engine))?;
    // SAFETY: `kept_code` gives only files that this user alone can write, below the user's own cache folder, under a
    // key that this module alone writes; the engine checks in addition that the code was made by the same version and
    // configuration. Files there are replaced by renaming, never written in place.
    let component = unsafe { Component::deserialize_file(&engine, path) }.ok()?;
    let mut lifted = Vec::new();
    for (digest, start) in &known.lifted {
        let digest = blake3::Hash::from_hex(digest).ok()?;
        let path = kept_code(home, &module_key(&digest, &engine))?;
        // SAFETY: as above.
        let module = unsafe { Module::deserialize_file(&engine, path) }.ok()?;
        lifted.push(Lifted { name: lift::import_name(&digest), module, start: *start });
    }
    let digest = unchanged(digest, &known.shape);
    Some(Code { engine, component, lifted, shape: known.shape, digest, moved: known.moved.clone() })
}

/// The digest of a component of which it is known where in it the code was made from: not so for density.
fn unchanged(digest: blake3::Hash, shape: &Shape) -> Option<blake3::Hash> {
    shape.room.is_none().then_some(digest)
}

/// An engine with a pool where one is asked for and the host has the room, else without.
fn engine_for(shape: &Shape, pool: Option<u32>, events: Events<'_>) -> Result<Engine, Error> {
    if let Some(live) = pool {
        match engine::engine(shape, Allocation::Pooling { live }) {
            Ok(engine) => return Ok(engine),
            Err(error) => {
                let mut problem = crate::diagnostic::Problem::warning(
                    "runtime::no-pool",
                    "cannot set room aside for instances, so each request maps its own",
                );
                problem.causes = error.chain().map(ToString::to_string).collect();
                events(Event::Warning(&problem));
            }
        }
    }
    engine::engine(shape, Allocation::OnDemand).map_err(|source| Error::Engine { source })
}

/// Native code is good for these bytes under this configuration, engine version and target.
fn key(digest: &blake3::Hash, tuning: Tuning, engine: &Engine) -> String {
    let of: &[u8] = match tuning {
        Tuning::Run => b"merged component",
        Tuning::Edit => b"rest of component",
        Tuning::Density { .. } => b"dense component",
    };
    engine_key(of, digest, engine)
}

fn module_key(digest: &blake3::Hash, engine: &Engine) -> String {
    engine_key(b"module", digest, engine)
}

fn engine_key(of: &[u8], digest: &blake3::Hash, engine: &Engine) -> String {
    struct Blake(blake3::Hasher);
    impl Hasher for Blake {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            let digest = self.0.finalize();
            let (first, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
            u64::from_le_bytes(*first)
        }
    }
    let mut hasher = Blake(blake3::Hasher::new());
    hasher.write(digest.as_bytes());
    hasher.write(of);
    hasher.write(REWRITER.as_bytes());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().to_hex().to_string()
}

fn known_key(digest: &blake3::Hash, tuning: Tuning) -> String {
    let (tuning, room) = match tuning {
        Tuning::Run => (0, 0),
        Tuning::Edit => (1, 0),
        Tuning::Density { room } => (2, room.unwrap_or(0)),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(digest.as_bytes()).update(&[FORMAT, tuning]).update(&room.to_le_bytes());
    hasher.update(REWRITER.as_bytes());
    hasher.finalize().to_hex().to_string()
}

fn known(home: &Home, digest: &blake3::Hash, tuning: Tuning) -> Option<Known> {
    let path = home.get("shape", &known_key(digest, tuning)).ok()??;
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn kept_code(home: &Home, key: &str) -> Option<PathBuf> {
    home.get("code", key).ok()?.filter(|path| is_ours_alone(path).unwrap_or(false))
}

fn keep(home: &Home, digest: &blake3::Hash, tuning: Tuning, known: &Known, native: &Native) -> io::Result<()> {
    let put = |key: &str, code: &[u8]| {
        let path = home.put("code", key, code)?;
        let refused = || io::Error::new(io::ErrorKind::PermissionDenied, "others can write the cache folder's files");
        if is_ours_alone(&path)? { Ok(()) } else { Err(refused()) }
    };
    put(&key(digest, tuning, &native.engine), &native.code)?;
    for ((digest, _), code) in known.lifted.iter().zip(&native.modules) {
        let digest = blake3::Hash::from_hex(digest).map_err(io::Error::other)?;
        let key = module_key(&digest, &native.engine);
        if kept_code(home, &key).is_none() {
            put(&key, code)?;
        }
    }
    home.put("shape", &known_key(digest, tuning), &serde_json::to_vec(known)?)?;
    Ok(())
}

/// The file belongs to this user and nobody else may write it.
#[cfg(unix)]
fn is_ours_alone(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata()?;
    Ok(metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0)
}

/// Elsewhere the user's own folders are private by default.
#[cfg(not(unix))]
fn is_ours_alone(path: &Path) -> io::Result<bool> {
    path.metadata().map(|metadata| metadata.is_file())
}

/// Whether a component uses nothing of WebAssembly that the quick compiler does not have: to see that is quicker than to
/// try.
fn compiles_in_one_pass(bytes: &[u8]) -> bool {
    let lacking = WasmFeatures::TAIL_CALL
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::LEGACY_EXCEPTIONS
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::STACK_SWITCHING;
    Validator::new_with_features(WasmFeatures::all().difference(lacking)).validate_all(bytes).is_ok()
}

/// Whether the engine must be able to run tasks side by side: some part lifts, lowers or waits asynchronously, or the
/// component speaks an interface of WASI 0.3. Reads section headers and the component sections only.
fn is_async(bytes: &[u8]) -> bool {
    use wasmparser::{CanonicalFunction, CanonicalOption, ComponentDefinedType, ComponentType};
    let speaks_03 = |name: &str| name.starts_with("wasi:") && name.contains("@0.3.");
    let options = |options: &[CanonicalOption]| options.contains(&CanonicalOption::Async);
    Parser::new(0).parse_all(bytes).any(|payload| match payload {
        Ok(Payload::ComponentImportSection(imports)) => imports.into_iter().flatten().any(|i| speaks_03(i.name.name)),
        Ok(Payload::ComponentExportSection(exports)) => exports.into_iter().flatten().any(|e| speaks_03(e.name.name)),
        Ok(Payload::ComponentTypeSection(types)) => types.into_iter().flatten().any(|ty| match ty {
            ComponentType::Func(func) => func.async_,
            ComponentType::Defined(ComponentDefinedType::Future(_) | ComponentDefinedType::Stream(_)) => true,
            _ => false,
        }),
        Ok(Payload::ComponentCanonicalSection(functions)) => {
            functions.into_iter().flatten().any(|function| match function {
                CanonicalFunction::Lift { options: given, .. } | CanonicalFunction::Lower { options: given, .. } => {
                    options(&given)
                }
                CanonicalFunction::ResourceNew { .. }
                | CanonicalFunction::ResourceDrop { .. }
                | CanonicalFunction::ResourceRep { .. } => false,
                _ => true,
            })
        }
        _ => false,
    })
}
