//! Component files composed with as little work and memory as there can be.
//!
//! 1. Each file is digested, and small ones are kept in memory; the bytes of others stay where they are
//!    ([`super::source`]).
//! 2. What is remembered of such bytes is taken, what is not is found out ([`super::memory`]).
//! 3. The app's recipe is what is remembered of such types and such a wiring, or is planned and encoded now: by the parts'
//!    outlines where those tell enough ([`plan::outlined`]), else by their worlds.
//! 4. [`Assembly::write`] puts in one file after the other.
//!
//! Invariants: no large file is in memory, unless it is text or not valid; what is written is what was validated: a file
//! that has other bytes when it is put in is an error.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    io::{self, Write},
    num::NonZeroUsize,
    panic,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use blake3::Hash;
use indexmap::IndexMap;

use super::{
    Error, Given, Memory, Options, Validation, by_name, draft,
    encode::{self, Typed},
    filled, read,
    read::{Known, Look, Raw},
    recipe::{Content, Recipe},
    signature::{Interfaces, Signature},
    source::Stored,
    validate::Code,
};
use crate::{
    language::Language,
    plan::{
        self, Outline, Subject,
        graph::{Graph, Wiring},
    },
    resolve::{self, Part},
};

/// Bytes of small files that stay in memory.
const HELD: usize = 512 << 10;
/// Components that are worth a thread.
const WORTH: usize = 8;

/// An app that is ready to be written: how it is put together, and where its parts are.
#[derive(Debug)]
pub struct Assembly {
    recipe: Recipe,
    files: IndexMap<String, File>,
    options: Options,
    took: Took,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Took {
    /// Parts that were not remembered.
    pub unseen: usize,
    /// Parts whose worlds were decoded.
    pub decoded: usize,
    /// Reading files, and digesting them.
    pub reading: Duration,
    /// Validating parts and decoding their worlds.
    pub validating: Duration,
    /// Deciding the wiring.
    pub planning: Duration,
    /// Encoding the app but for its parts, and validating that they fit together.
    pub fitting: Duration,
}

impl Assembly {
    /// Writes the app, and tells its size.
    pub fn write(&self, out: &mut dyn Write) -> Result<u64, Error> {
        let mut out = Counted { out, bytes: 0 };
        match self.options.validation {
            Validation::Types => self.recipe.write(&self.contents()?, &self.options, &mut out)?,
            Validation::Full => out.write_all(&self.bytes()?)?,
        }
        Ok(out.bytes)
    }

    /// The app in memory.
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        filled(&self.recipe, &self.contents()?, &self.options)
    }

    /// What it took to come this far.
    pub fn took(&self) -> &Took {
        &self.took
    }

    fn contents(&self) -> Result<HashMap<&str, Content<'_>>, Error> {
        self.files.iter().map(|(name, file)| Ok((name.as_str(), file.content(&self.options)?))).collect()
    }
}

/// A component file as it was read.
#[derive(Debug)]
struct File {
    part: String,
    language: Option<Language>,
    /// Of the binary.
    digest: Hash,
    kept: Kept,
}

/// What is kept of a binary.
enum Kept {
    All(Vec<u8>),
    Stored(Stored),
}

impl File {
    fn content(&self, options: &Options) -> Result<Content<'_>, Error> {
        match &self.kept {
            Kept::All(binary) => Content::held(binary, self.language, options),
            Kept::Stored(stored) => Content::stored(stored, self.language, options),
        }
    }

    /// Looks at a part.
    fn known(&self, code: Code, interfaces: &Interfaces) -> Result<Known, Error> {
        let look = Look { name: &self.part, language: self.language, code, interfaces };
        match &self.kept {
            Kept::All(binary) => look.held(binary),
            Kept::Stored(stored) => look.stored(stored),
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::All(binary) => write!(f, "{} bytes", binary.len()),
            Kept::Stored(stored) => stored.fmt(f),
        }
    }
}

/// Composes component files as [`files`](super::files()) does, without looking again at what is remembered of them.
pub fn files_again(
    files: &[Given],
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
    memory: &mut Memory,
) -> Result<Assembly, Error> {
    // One stack for all of it.
    resolve::guarded(|| {
        let mut took = Took::default();
        let started = Instant::now();
        let mut left = HELD;
        let files = by_name(files, |name, given| read(name, given, &mut left, memory))?;
        took.reading = started.elapsed();
        let mut parts = Looked::default();
        let mut distinct = HashSet::new();
        let unseen = |file: &&File| memory.types(&file.digest).is_none() && distinct.insert(file.digest);
        let unseen: Vec<&File> = files.values().filter(unseen).collect();
        parts.look_at(&unseen, Code::Unseen)?;
        for file in unseen {
            memory.valid(file.digest, parts.known[&file.part].types);
        }
        took.unseen = parts.known.len();
        let key = key(&files, wiring, options, memory);
        let recipe = match key.as_ref().and_then(|key| memory.recipe(key)) {
            Some(recipe) => recipe,
            None => {
                let others: Vec<&File> = files.values().filter(|file| !parts.known.contains_key(&file.part)).collect();
                parts.look_at(&others, Code::Seen)?;
                let recipe = planned(&files, parts.known, (wiring, options), &mut took)?;
                if let Some(key) = key {
                    memory.keep(&key, &recipe);
                }
                recipe
            }
        };
        took.validating = parts.spent;
        Ok(Assembly { recipe, files, options: *how, took })
    })?
}

/// Reads a file, into memory while there is room for small ones.
fn read(part: &str, given: &Given, left: &mut usize, memory: &Memory) -> Result<File, Error> {
    let file = |digest, kept| File { part: part.to_owned(), language: given.language, digest, kept };
    match read::raw(part, &given.path, *left, memory.home())? {
        Raw::Held(binary) => {
            *left = left.saturating_sub(binary.len());
            Ok(file(blake3::hash(&binary), Kept::All(binary)))
        }
        Raw::Stored(stored) => Ok(file(stored.digest(), Kept::Stored(stored))),
    }
}

/// Parts that have been looked at, by name.
#[derive(Default)]
struct Looked {
    known: HashMap<String, Known>,
    interfaces: Interfaces,
    spent: Duration,
}

/// What is known of a file, by its place among those that are looked at together.
type Numbered = (usize, Result<Known, Error>);

impl Looked {
    /// Looks at these: at small ones with all cores, at large ones one after the other. The first in their order that
    /// fails is the error.
    fn look_at(&mut self, files: &[&File], code: Code) -> Result<(), Error> {
        let started = Instant::now();
        let is_small = |file: &&File| matches!(file.kept, Kept::All(_));
        let (small, large): (Vec<&File>, Vec<&File>) = files.iter().copied().partition(is_small);
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = cores.min(small.len() / WORTH).max(1);
        let (next, interfaces) = (AtomicUsize::new(0), &self.interfaces);
        let work = || -> Result<Vec<Numbered>, Error> {
            resolve::guarded(|| {
                let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
                let taken = numbers.map_while(|number| Some((number, small.get(number)?)));
                taken.map(|(number, file)| (number, file.known(code, interfaces))).collect()
            })
            .map_err(Error::from)
        };
        let mut looked = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut looked = work()?;
            for other in others {
                looked.extend(other.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?);
            }
            Ok::<_, Error>(looked)
        })?;
        looked.sort_unstable_by_key(|(number, _)| *number);
        for (number, known) in looked {
            self.known.insert(small[number].part.clone(), known?);
        }
        for file in large {
            self.known.insert(file.part.clone(), file.known(code, &self.interfaces)?);
        }
        self.spent += started.elapsed();
        Ok(())
    }
}

/// Of all that decides how parts are put together; `None` where the types of one are not known.
fn key(files: &IndexMap<String, File>, wiring: &Wiring, options: &plan::Options, memory: &Memory) -> Option<Hash> {
    let plan::Options { unused, grants, holdings, hosts, sources: _ } = options;
    let said = format!("{} {wiring:?} {unused:?} {grants:?} {holdings:?} {hosts:?}", env!("MOSAIC_COMPOSER"));
    let mut key = blake3::Hasher::new();
    key.update(said.as_bytes());
    for (name, file) in files {
        // Languages leave exports behind that nobody asked for.
        let said = format!("{name} {:?} ", file.language);
        key.update(said.as_bytes()).update(memory.types(&file.digest)?.as_bytes());
    }
    Some(key.finalize())
}

/// Plans and encodes parts, all of which have been looked at. What is known of them is let go as soon as it has been
/// used: worlds are needed to plan, and signatures to encode; to prove that they fit together takes as much memory again.
fn planned(
    files: &IndexMap<String, File>,
    mut parts: HashMap<String, Known>,
    (wiring, options): (&Wiring, &plan::Options),
    took: &mut Took,
) -> Result<Recipe, Error> {
    let started = Instant::now();
    // Each has been looked at.
    let known = files.values().filter_map(|file| Some((file, parts.remove(&file.part)?)));
    let mut known: IndexMap<&str, Seen<'_>> =
        known.map(|(file, Known { world, signature, .. })| (&*file.part, Seen { file, world, signature })).collect();
    let graph = graph(&mut known, wiring, options)?;
    took.planning = started.elapsed();
    let draft = {
        let used = encode::worlds(&graph);
        for (_, seen) in known.iter_mut().filter(|(name, _)| used.contains(**name)) {
            seen.world()?;
        }
        took.decoded = known.values().filter(|seen| seen.world.is_some()).count();
        for (_, seen) in known.iter_mut().filter(|(name, _)| !used.contains(**name)) {
            seen.world = None;
        }
        let typed = known
            .iter()
            .map(|(name, Seen { world, signature, .. })| (*name, Typed { part: world.as_ref(), signature }));
        draft(&graph, &typed.collect())?
    };
    drop((graph, known));
    let recipe = draft.proven();
    took.fitting = started.elapsed().saturating_sub(took.planning);
    recipe
}

/// A file that has been looked at.
struct Seen<'a> {
    file: &'a File,
    /// Where it has been needed.
    world: Option<Part>,
    signature: Arc<Signature>,
}

impl Seen<'_> {
    /// Its world, decoded where that has not been done.
    fn world(&mut self) -> Result<&Part, Error> {
        let world = match self.world.take() {
            Some(world) => world,
            None => read::world_of(&self.file.part, &self.signature, self.file.language)?,
        };
        Ok(self.world.insert(world))
    }
}

/// Plans files by as little as tells enough: their worlds, where their outlines do not.
fn graph(known: &mut IndexMap<&str, Seen<'_>>, wiring: &Wiring, options: &plan::Options) -> Result<Graph, Error> {
    let outlines: Vec<Option<Outline<'_>>> = known
        .values()
        .map(|Seen { file, world, signature }| match world {
            Some(_) => None,
            None => signature.outline(&file.part, file.language),
        })
        .collect();
    let subjects = known.values().zip(&outlines).map(|(seen, outline)| match outline {
        Some(outline) => Some(Subject::Outline(outline)),
        None => seen.world.as_ref().map(Subject::World),
    });
    let subjects: Option<Vec<Subject<'_>>> = subjects.collect();
    if let Some(graph) = subjects.and_then(|subjects| plan::outlined(&subjects, wiring, options)) {
        return Ok(graph);
    }
    drop(outlines);
    let worlds = known.values_mut().map(|seen| seen.world().cloned()).collect::<Result<Vec<_>, _>>()?;
    Ok(plan::plan(&worlds, wiring, options)?)
}

/// Counts what is written.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
