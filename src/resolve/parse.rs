//! Texts of WIT to packages, each by itself.

use std::{
    num::NonZeroUsize,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use wit_parser::{ParseError, SourceMap, UnresolvedPackageGroup};

use super::{
    error::{Failure, Kind, Place},
    limits,
    read::Source,
};
use crate::{diagnostic::SourceFile, wit};

/// Bytes of WIT for which a thread is worth its start.
const WORTH_A_THREAD: usize = 128 << 10;

/// A package; else why not.
pub(super) type Parsed = Result<UnresolvedPackageGroup, Unparsed>;

/// Why a text is no package.
pub(super) enum Unparsed {
    /// It was not even tried.
    Refused(Failure),
    /// With the texts that this points into.
    Broken(SourceMap, ParseError),
}

/// A package on its way to be linked.
pub(super) enum Ready {
    Text(Box<Parsed>),
    Encoded { name: String, bytes: Vec<u8> },
}

/// Threads that are worth their start for that much WIT in that many packages, this one among them.
pub(super) fn threads(size: usize, packages: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    cores.min(1 + size / WORTH_A_THREAD).min(packages.max(1))
}

/// Parses packages, in their order, on as many cores as are worth it.
///
/// For a thread that has a deep stack; the others get one too. A panic of one of them is this one's.
pub(super) fn all(sources: Vec<Source>) -> Vec<Ready> {
    let size = sources.iter().flat_map(Source::texts).map(|file| file.text.len()).sum();
    let results: Vec<Mutex<Option<Parsed>>> = sources.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((source, result)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            sources.get(at).zip(results.get(at))
        } {
            if let Source::Text(files) = source {
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(package(files));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads(size, sources.len()) {
            // Where no thread can be had, the others do its work.
            let _ = limits::deep().spawn_scoped(scope, work);
        }
        work();
    });
    let results = results.into_iter().map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
    let ready = sources.into_iter().zip(results).filter_map(|(source, parsed)| match source {
        Source::Text(_) => parsed.map(|parsed| Ready::Text(Box::new(parsed))),
        Source::Encoded { name, bytes } => Some(Ready::Encoded { name, bytes }),
    });
    ready.collect()
}

/// Parses one package.
pub(super) fn package(files: &[Arc<SourceFile>]) -> Parsed {
    let mut map = SourceMap::new();
    for file in files {
        if let Some(at) = limits::parameters(&file.text) {
            let kind = Kind::TooMuch { what: "parameters of one function", limit: limits::PARAMETERS, found: None };
            let place = Place { source: file.clone(), span: at..at + 1 };
            return Err(Unparsed::Refused(Failure::new(kind).at(place)));
        }
        map.push_str(&file.name, file.text.as_str());
    }
    match panic::catch_unwind(AssertUnwindSafe(|| map.parse())) {
        Ok(parsed) => parsed.map_err(|(map, error)| Unparsed::Broken(map, error)),
        // What the parser is known to panic at is told as what it is.
        Err(panic) => match files.iter().find_map(contradiction) {
            Some(failure) => Err(Unparsed::Refused(failure)),
            None => panic::resume_unwind(panic),
        },
    }
}

fn contradiction(file: &Arc<SourceFile>) -> Option<Failure> {
    let (span, message) = wit::contradiction(&file.text)?;
    Some(Failure::new(Kind::Syntax { message }).at(Place { source: file.clone(), span }))
}
