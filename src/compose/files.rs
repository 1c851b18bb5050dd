//! Component files composed with as little work and memory as there can be.
//!
//! 1. Each file is read once. What is remembered of its very bytes is taken, what is not is found out ([`super::memory`]).
//!    Then its bytes are let go, unless they are few.
//! 2. The app's recipe is what is remembered of such types and such a wiring, or is planned and encoded now.
//! 3. [`Assembly::write`] fetches one file after the other again and puts it in.
//!
//! Invariants: the bytes of one large file at most are in memory; what is written is what was validated: a file that has
//! other bytes when it is fetched again is an error. They are digested again, unless nothing can have touched them, as
//! the cache folder's store has it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    io::{self, Write},
    num::NonZeroUsize,
    panic,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use blake3::Hash;
use indexmap::IndexMap;

use super::{
    Error, Given, Memory, Options, Validation, by_name,
    dedupe::Outline,
    draft,
    encode::Typed,
    filled, read,
    read::Known,
    recipe::{Content, Elsewhere, Recipe},
    validate::Code,
};
use crate::{
    cache::Verified,
    language::Language,
    plan::{self, graph::Wiring},
    resolve::{self, Part},
};

/// Bytes of small files that stay in memory.
const HELD: usize = 4 << 20;
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
struct File {
    part: String,
    language: Option<Language>,
    path: PathBuf,
    /// Where nothing touched it while it was read.
    looked: Option<Verified>,
    /// Of the binary.
    digest: Hash,
    kept: Kept,
}

/// What is kept of a binary.
enum Kept {
    All(Vec<u8>),
    /// What it may share with others.
    Outlines(Vec<Outline>),
}

impl File {
    fn content(&self, options: &Options) -> Result<Content<'_>, Error> {
        match &self.kept {
            Kept::All(binary) => Content::held(binary, self.language, options),
            Kept::Outlines(outlines) => Ok(Content::elsewhere(self, self.language, outlines)),
        }
    }

    /// Looks at a part that was read before.
    fn known(&self, code: Code) -> Result<Known, Error> {
        read::known(&self.part, self.fetch(&mut Vec::new())?, self.language, code)
    }
}

impl Elsewhere for File {
    fn fetch<'b>(&'b self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Error> {
        if let Kept::All(binary) = &self.kept {
            return Ok(binary);
        }
        let looks = read::binary(&self.part, &self.path, buffer)?;
        let same = self.looked.as_ref().zip(looks).is_some_and(|(before, now)| before.still(&now));
        match same || blake3::hash(buffer) == self.digest {
            true => Ok(buffer),
            false => Err(Error::Changed { path: self.path.display().to_string() }),
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).field("digest", &self.digest).finish_non_exhaustive()
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
        let mut reader = Reader { how, memory, parts: Looked::default(), left: HELD, buffer: Vec::new() };
        let files = by_name(files, |name, given| reader.read(name, given))?;
        let Reader { memory, mut parts, buffer, .. } = reader;
        drop(buffer);
        took.reading = started.elapsed().saturating_sub(parts.spent);
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

/// Reads files, one after the other.
struct Reader<'a> {
    how: &'a Options,
    memory: &'a mut Memory,
    parts: Looked,
    /// Bytes that may still be held.
    left: usize,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    /// Reads a file. A large one that is not remembered is looked at while it is in memory.
    fn read(&mut self, part: &str, Given { path, language, .. }: &Given) -> Result<File, Error> {
        let looked = read::binary(part, path, &mut self.buffer)?;
        let binary = &self.buffer;
        let digest = blake3::hash(binary);
        let kept = match self.left.checked_sub(binary.len()) {
            Some(left) => {
                self.left = left;
                Kept::All(binary.clone())
            }
            // A pipe gives what it has once.
            None if !path.is_file() => Kept::All(binary.clone()),
            None => {
                if self.memory.types(&digest).is_none() {
                    let started = Instant::now();
                    let known = read::known(part, binary, *language, Code::Unseen)?;
                    self.memory.valid(digest, known.types);
                    self.parts.known.insert(part.to_owned(), known);
                    self.parts.spent += started.elapsed();
                }
                Kept::Outlines(self.how.outlines(binary)?)
            }
        };
        Ok(File { part: part.to_owned(), language: *language, path: path.clone(), looked, digest, kept })
    }
}

/// Parts that have been looked at, by name.
#[derive(Default)]
struct Looked {
    known: HashMap<String, Known>,
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
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<Numbered>, Error> {
            resolve::guarded(|| {
                let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
                let taken = numbers.map_while(|number| Some((number, small.get(number)?)));
                taken.map(|(number, file)| (number, file.known(code))).collect()
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
            self.known.insert(file.part.clone(), file.known(code)?);
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

/// Plans and encodes parts, all of which have been looked at. What is known of them is let go before it is proven that
/// they fit together, which takes as much memory again.
fn planned(
    files: &IndexMap<String, File>,
    parts: HashMap<String, Known>,
    (wiring, options): (&Wiring, &plan::Options),
    took: &mut Took,
) -> Result<Recipe, Error> {
    let started = Instant::now();
    let draft = {
        let worlds: Vec<Part> = files.keys().map(|name| parts[name].part.clone()).collect();
        let graph = plan::plan(&worlds, wiring, options)?;
        took.planning = started.elapsed();
        let typed = files.keys().map(|name| {
            let Known { part, shape, .. } = &parts[name];
            (name.as_str(), Typed { part, shape })
        });
        draft(&graph, &typed.collect())?
    };
    drop(parts);
    let recipe = draft.proven();
    took.fitting = started.elapsed().saturating_sub(took.planning);
    recipe
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
