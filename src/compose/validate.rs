//! What may go into a composition, and what may come out.

use std::{collections::BTreeSet, ops::Range};

use wasmparser::{WasmFeatures, types::Types};

use super::{
    Error,
    sections::{self, MAX_DEPTH, Malformed},
    shape::Shape,
    skeleton::{Skeleton, skeleton},
    source::Reader,
};
use crate::{
    plan::graph::Graph,
    resolve,
    validate::{self, COMPOSABLE},
};

/// Of a part. Versions in two pieces are put together where it is written into an app.
const FEATURES: WasmFeatures = COMPOSABLE.union(WasmFeatures::CM_CANON_NAMES);
/// Components within one component, and instances there, with each alias and export of one counted: what the parser of
/// Wasmtime 48 accepts (wasmparser 0.254, `limits`).
const MAX_COMPONENTS: usize = 1_000;
const MAX_INSTANCES: usize = 1_000;

/// Whether a part's code has been validated before, in these very bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Unseen,
    Seen,
}

impl Code {
    fn validate(self, bytes: &[u8], features: WasmFeatures) -> Result<Types, wasmparser::Error> {
        match self {
            Code::Unseen => validate::validate(bytes, features),
            Code::Seen => validate::types(bytes, features),
        }
    }
}

/// Validates a part in full, but for code that has been seen.
pub(super) fn part(name: &str, bytes: &[u8], code: Code) -> Result<Shape, Error> {
    let invalid = |reason: String, offset| Error::Invalid { part: name.to_owned(), reason, offset };
    if sections::depth(&mut Reader::held(bytes)).map_err(|error| invalid(error.to_string(), None))? > MAX_DEPTH {
        return Err(invalid(Malformed::TooDeep.to_string(), None));
    }
    resolve::guarded(|| shape(bytes, code))?.map_err(|error| invalid(error.message().to_owned(), Some(error.offset())))
}

/// The same of what need not be in memory; `None` where it is not valid, and [`part`] tells why.
pub(super) fn apart(bytes: &mut Reader<'_>, code: Code) -> Result<Option<Shape>, Error> {
    let Some(Skeleton { bytes: structure, bodies }) = skeleton(bytes)? else { return Ok(None) };
    let types = match code {
        Code::Unseen => validate::apart(&structure, bodies, FEATURES, || bytes.fork()),
        Code::Seen => validate::types(&structure, FEATURES).ok(),
    };
    Ok(types.and_then(|types| Shape::new(&structure, types).ok()))
}

impl validate::Bodies for Reader<'_> {
    fn body(&mut self, place: &Range<usize>) -> Option<&[u8]> {
        self.get(place.clone()).ok()
    }
}

/// The types of a component that is nothing but types, and was made from valid ones.
pub(super) fn again(alone: &[u8]) -> Result<Shape, wasmparser::Error> {
    shape(alone, Code::Seen)
}

/// Validates in full what Mosaic has made to stand among the parts.
pub(super) fn made(bytes: &[u8]) -> Result<Shape, String> {
    deep(|| shape(bytes, Code::Unseen))?.map_err(|error| format!("what was made for it is not valid: {error}"))
}

fn shape(bytes: &[u8], code: Code) -> Result<Shape, wasmparser::Error> {
    Shape::new(bytes, code.validate(bytes, FEATURES)?)
}

/// Validates how the parts of an app fit together.
pub(super) fn reduced(app: &[u8]) -> Result<(), Error> {
    valid(app, "its parts do not fit together")
}

/// Validates an app in full.
pub(super) fn app(bytes: &[u8]) -> Result<(), Error> {
    valid(bytes, "the app is not valid")
}

fn valid(bytes: &[u8], what: &str) -> Result<(), Error> {
    match resolve::guarded(|| validate::validate(bytes, COMPOSABLE))? {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Internal { part: None, reason: format!("{what}: {error}") }),
    }
}

/// Runs what recurses over a component's types, or may panic over them, on a stack of its own. A panic becomes its words.
pub(super) fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("made".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("could not start a thread: {error}"))?;
        thread.join().map_err(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            format!("it stopped at a fault: {}", words.unwrap_or("without words"))
        })
    })
}

/// Refuses what engines would refuse, before it is encoded.
pub(super) fn size(graph: &Graph) -> Result<(), Error> {
    let limit = |what, count, limit| if count > limit { Err(Error::TooLarge { what, count, limit }) } else { Ok(()) };
    limit("components", graph.instances.len(), MAX_COMPONENTS)?;
    let taken = graph.edges.iter().map(|edge| (&edge.to, &edge.export));
    let aliases: BTreeSet<_> = taken.chain(graph.exports.iter().map(|export| (&export.from, &export.name))).collect();
    limit("instances", graph.instances.len() + graph.host.len() + aliases.len() + graph.exports.len(), MAX_INSTANCES)
}
