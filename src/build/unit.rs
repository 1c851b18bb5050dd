//! One unit: found fresh, taken from the user's store, or built.
//!
//! 1. Its fingerprint is taken: if the part on disk was built from just that, it is fresh.
//! 2. Else the backend says what it can without a compiler, and bindings are brought up to date.
//! 3. If the user's store has a part of that fingerprint, it is taken from there ([`record`]).
//! 4. Else the backend builds, the bytes are held against the world ([`conform`]), written, recorded and stored.
//! 5. The fingerprint is taken once more: a part whose sources changed meanwhile is used, but neither recorded nor
//!    stored, so that the next build builds it again.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Instant,
};

use blake3::Hash;

use super::{
    Artifact, Options, Reuse, backend,
    backend::{Backend, Unit},
    bindings::{refresh, what},
    conform::conform,
    error::Failure,
    record::{self, Record},
};
use crate::{
    cache::{digests::Digests, write_whole},
    diagnostic::{Level, Problem},
    event::{Event, Events},
    plan::fingerprint::{Fingerprint, fingerprint},
    project::Layout,
};

type Failures = Vec<Failure>;

/// What is known of a unit before a compiler runs.
pub(super) struct Prepared {
    before: Fingerprint,
    /// The digest of the part on disk, if it is fresh.
    fresh: Option<Hash>,
}

/// Steps 1 and 2.
pub(super) fn prepare(unit: &Unit, options: &Options, events: Events<'_>) -> Result<Prepared, Failures> {
    let backend = backend_of(unit)?;
    let mut digests = Digests::load(&memory(unit));
    let before = take(unit, backend, &mut digests)?;
    let fresh = match options.reuse {
        Reuse::Fresh => fresh(unit, &options.layout.component(&unit.part.name), &before, &mut digests),
        Reuse::Nothing => None,
    };
    digests.save();
    if fresh.is_none() {
        check(unit, backend, events)?;
    }
    guarded(unit, || refresh(unit, backend, events))?;
    Ok(Prepared { before, fresh })
}

/// Makes sure that the unit is built.
pub(super) fn build(
    unit: &Unit,
    prepared: &Prepared,
    options: &Options,
    events: Events<'_>,
) -> Result<Artifact, Failures> {
    let started = Instant::now();
    let path = options.layout.component(&unit.part.name);
    let finished = |digest, fresh| {
        events(Event::Finished { what: &what(unit), fresh, elapsed: started.elapsed() });
        Ok(Artifact { path: path.clone(), digest, fresh })
    };
    if let Some(digest) = prepared.fresh {
        return finished(digest, true);
    }
    let mut digests = Digests::load(&memory(unit));
    let stored = match options.reuse {
        Reuse::Fresh => stored(unit, &path, &prepared.before, options, &mut digests),
        Reuse::Nothing => None,
    };
    if let Some(digest) = stored {
        return finished(digest, true);
    }
    let digest = compile(unit, &path, &prepared.before, options, &mut digests, events)?;
    digests.save();
    finished(digest, false)
}

/// The part on disk, if it is fresh.
pub(super) fn built(unit: &Unit, layout: &Layout) -> Result<Option<Artifact>, Failures> {
    let mut digests = Digests::load(&memory(unit));
    let now = take(unit, backend_of(unit)?, &mut digests)?;
    let path = layout.component(&unit.part.name);
    let digest = fresh(unit, &path, &now, &mut digests);
    digests.save();
    Ok(digest.map(|digest| Artifact { path, digest, fresh: true }))
}

/// Brings the unit's bindings up to date.
pub(super) fn bindings(unit: &Unit, events: Events<'_>) -> Result<(), Failures> {
    let backend = backend_of(unit)?;
    check(unit, backend, events)?;
    guarded(unit, || refresh(unit, backend, events))
}

fn backend_of(unit: &Unit) -> Result<&'static dyn Backend, Failures> {
    let missing = || vec![Failure::NotBuiltIn { component: unit.part.name.clone(), language: unit.language }];
    backend(unit.language).ok_or_else(missing)
}

/// Where the digests of the unit's files are remembered.
fn memory(unit: &Unit) -> PathBuf {
    unit.work.join("files.json")
}

fn take(unit: &Unit, backend: &dyn Backend, digests: &mut Digests) -> Result<Fingerprint, Failures> {
    let tools = backend.tools(unit).map_err(|problem| vec![Failure::Told(named(problem, unit))])?;
    fingerprint(unit, &tools, &backend.inputs(unit), digests)
        .map_err(|error| vec![Failure::Unreadable { component: unit.part.name.clone(), error }])
}

/// The digest of the part on disk, if it was built from this and is as it was written.
fn fresh(unit: &Unit, path: &Path, now: &Fingerprint, digests: &mut Digests) -> Option<Hash> {
    let digest = Record::load(unit)?.holds(unit, now.hash, digests)?;
    digests.digest(path).is_ok_and(|found| found == digest).then_some(digest)
}

/// Puts the part that the user's store has in place. Where that fails, it is built, and the failure shows there.
fn stored(unit: &Unit, path: &Path, now: &Fingerprint, options: &Options, digests: &mut Digests) -> Option<Hash> {
    let (record, digest, bytes) = record::fetch(&options.home, unit, now.hash, digests)?;
    write_whole(path, &bytes).ok()?;
    record.save(unit).ok()?;
    Some(digest)
}

fn check(unit: &Unit, backend: &dyn Backend, events: Events<'_>) -> Result<(), Failures> {
    let problems = backend.check(unit).into_iter().map(|problem| named(problem, unit));
    let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems.partition(|problem| problem.level == Level::Error);
    warnings.iter().for_each(|warning| events(Event::Warning(warning)));
    if errors.is_empty() { Ok(()) } else { Err(errors.into_iter().map(Failure::Told).collect()) }
}

fn compile(
    unit: &Unit,
    path: &Path,
    before: &Fingerprint,
    options: &Options,
    digests: &mut Digests,
    events: Events<'_>,
) -> Result<Hash, Failures> {
    let backend = backend_of(unit)?;
    events(Event::Started { verb: "Compiling", what: &what(unit) });
    let bytes = guarded(unit, || backend.build(unit, events).map_err(|problem| Failure::Told(named(problem, unit))))?;
    let failures = conform(unit, &bytes);
    if !failures.is_empty() {
        return Err(failures);
    }
    let digest = blake3::hash(&bytes);
    let write = |(path, error)| vec![Failure::Write { path, error }];
    write_whole(path, &bytes).map_err(|error| write((path.to_owned(), error)))?;
    let after = take(unit, backend, digests)?;
    if before.became(&after) {
        let record = Record::new(unit, after.hash, digest, &backend.read(unit), digests);
        record.save(unit).map_err(write)?;
        // A store that cannot be written costs time alone.
        let _ = record::keep(&options.home, &record, &bytes);
    }
    Ok(digest)
}

/// Does what may end in a panic of a generator or an engine, which become a failure of the unit.
fn guarded<T>(unit: &Unit, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failures> {
    let words = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
        Ok(words) => *words,
        Err(panic) => panic.downcast_ref::<&str>().unwrap_or(&"it did not say why").to_string(),
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|failure| vec![failure]),
        Err(panic) => Err(vec![Failure::Panicked {
            component: unit.part.name.clone(),
            language: unit.language,
            words: words(panic),
        }]),
    }
}

/// The problem, said of the unit's component.
fn named(problem: Problem, unit: &Unit) -> Problem {
    match problem.component {
        Some(_) => problem,
        None => problem.in_component(&unit.part.name),
    }
}
