//! What may go into a composition, and what may come out.

use std::collections::BTreeSet;

use wasmparser::{WasmFeatures, types::Types};

use super::{
    Error,
    sections::{self, MAX_DEPTH, Malformed},
    shape::Shape,
};
use crate::{
    plan::graph::Graph,
    resolve,
    validate::{self, COMPOSABLE},
};

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
    if sections::depth(bytes).map_err(|error| invalid(error.to_string(), None))? > MAX_DEPTH {
        return Err(invalid(Malformed::TooDeep.to_string(), None));
    }
    resolve::guarded(|| shape(bytes, code))?.map_err(|error| invalid(error.message().to_owned(), Some(error.offset())))
}

/// Validates in full what Mosaic has made to stand among the parts.
pub(super) fn made(bytes: &[u8]) -> Result<Shape, String> {
    deep(|| shape(bytes, Code::Unseen))?.map_err(|error| format!("what was made for it is not valid: {error}"))
}

fn shape(bytes: &[u8], code: Code) -> Result<Shape, wasmparser::Error> {
    // Versions in two pieces are put together where a part is written into an app.
    Shape::new(bytes, code.validate(bytes, COMPOSABLE | WasmFeatures::CM_CANON_NAMES)?)
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
