//! A component as native code: compiled once, kept in the user's cache folder, mapped from there.
//!
//! 1. The component is known by the BLAKE3 of its bytes; a caller that has it already spares reading the file.
//! 2. Its [`Shape`] (kind `shape` of the cache) says which engine it needs.
//! 3. Its native code (kind `code`) is keyed by that digest and by what the engine says of its own configuration,
//!    version and target; a change of any of them is another key.
//! 4. What is missing is compiled, kept, and loaded as if it had been there.
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

use wasmparser::{Parser, Payload};
use wasmtime::{Engine, component::Component};

use crate::{
    cache::Home,
    event::{Event, Events},
    grants_section::{self, Section},
};

use super::{
    engine::{self, Allocation, Shape},
    error::Error,
};

/// Changes whenever [`Shape`] or the way it is found does.
const SHAPE_FORMAT: u8 = 1;

/// A component to run.
#[derive(Debug, Clone)]
pub struct Artifact<'a> {
    /// What to call it in messages: its file name, or the app's.
    pub name: String,
    pub content: Content<'a>,
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
        Artifact { name, content: Content::File { path, digest: None } }
    }

    /// The component in memory.
    pub fn bytes(name: impl Into<String>, bytes: &'a [u8]) -> Artifact<'a> {
        Artifact { name: name.into(), content: Content::Bytes(bytes) }
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
    pub shape: Shape,
    /// Of the component's bytes.
    pub digest: blake3::Hash,
}

/// Loads the native code of `artifact`, compiling it first where the cache has none. `pool`: how many instances shall
/// live in a pool at once; `None`: no pool.
pub(super) fn load(artifact: &Artifact<'_>, home: &Home, pool: Option<u32>, events: Events<'_>) -> Result<Code, Error> {
    let mut bytes = None;
    let digest = match &artifact.content {
        Content::File { digest: Some(digest), .. } => *digest,
        _ => blake3::hash(bytes.insert(artifact.read()?)),
    };
    let mut bytes = || match bytes.take() {
        Some(bytes) => Ok(bytes),
        None => artifact.read(),
    };

    if let Some(shape) = kept_shape(home, &digest) {
        let engine = engine_for(&shape, pool, events)?;
        if let Some(path) = kept_code(home, &key(&digest, &engine))
            // SAFETY: `kept_code` gives only files that this user alone can write, below the user's own cache folder,
            // under a key that this module alone writes; the engine checks in addition that the code was made by the
            // same version and configuration. Files there are replaced by renaming, never written in place.
            && let Ok(component) = unsafe { Component::deserialize_file(&engine, &path) }
        {
            return Ok(Code { engine, component, shape, digest });
        }
        let bytes = bytes()?;
        return compile(artifact, &bytes, &digest, Some(engine), home, pool, events);
    }
    let bytes = bytes()?;
    compile(artifact, &bytes, &digest, None, home, pool, events)
}

fn compile(
    artifact: &Artifact<'_>,
    bytes: &[u8],
    digest: &blake3::Hash,
    engine: Option<Engine>,
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
    let compile_error = |source| Error::Compile { name: name(), source };
    // Whatever the pool, the code is the same: a first engine compiles, so that the pool can be made to measure.
    let mut shape = Shape { concurrency: is_async(bytes), memories: 0, tables: 0, table_elements: 0 };
    let compiler = match engine {
        Some(engine) => engine,
        None => engine_for(&shape, None, events)?,
    };
    let code = compiler.precompile_component(bytes).map_err(compile_error)?;
    // SAFETY: the bytes come from `precompile_component` of the same engine, just now.
    let component = unsafe { Component::deserialize(&compiler, &code) }.map_err(compile_error)?;
    if let Some(required) = component.resources_required() {
        shape.memories = required.num_memories;
        shape.tables = required.num_tables;
        shape.table_elements = required.max_initial_table_size.unwrap_or(0);
    }
    drop(component);

    let engine = engine_for(&shape, pool, events)?;
    let kept = keep(home, digest, &shape, &key(digest, &compiler), &code);
    let component = match &kept {
        // SAFETY: written a moment ago by this process, below the user's own cache folder, from `precompile_component`.
        Ok(path) => unsafe { Component::deserialize_file(&engine, path) },
        // SAFETY: as above; the cache could not be written, so the next start compiles again.
        Err(_) => unsafe { Component::deserialize(&engine, &code) },
    }
    .map_err(compile_error)?;
    if let Err(error) = kept {
        let problem = crate::diagnostic::Problem::warning("runtime::code-not-kept", "cannot keep native code")
            .because(error.to_string());
        events(Event::Warning(&problem));
    }
    events(Event::Finished { what: &artifact.name, fresh: false, elapsed: started.elapsed() });
    Ok(Code { engine, component, shape, digest: *digest })
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
fn key(digest: &blake3::Hash, engine: &Engine) -> String {
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
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().to_hex().to_string()
}

fn shape_key(digest: &blake3::Hash) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(digest.as_bytes()).update(&[SHAPE_FORMAT]);
    hasher.finalize().to_hex().to_string()
}

fn kept_shape(home: &Home, digest: &blake3::Hash) -> Option<Shape> {
    let path = home.get("shape", &shape_key(digest)).ok()??;
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn kept_code(home: &Home, key: &str) -> Option<PathBuf> {
    home.get("code", key).ok()?.filter(|path| is_ours_alone(path).unwrap_or(false))
}

fn keep(home: &Home, digest: &blake3::Hash, shape: &Shape, key: &str, code: &[u8]) -> io::Result<PathBuf> {
    let path = home.put("code", key, code)?;
    if !is_ours_alone(&path)? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others can write the cache folder's files"));
    }
    home.put("shape", &shape_key(digest), &serde_json::to_vec(shape)?)?;
    Ok(path)
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
