//! What a closed function answers.
//!
//! 1. Functions in [`EMPTY`] give the emptiest value of their type: no variables, no arguments, no folders.
//! 2. A `result` gives an error: one that means a refusal ([`REFUSALS`]), else one that can carry words.
//! 3. What is left has no way to say no: it traps.

use std::collections::HashSet;

use wit_parser::{Function, Handle, Int, InterfaceId, Resolve, SizeAlign, Type, TypeDefKind, TypeId, TypeOwner};

use crate::compare::Name;

/// Functions that answer with nothing rather than with an error, by `interface#function` without version; a `*` at the
/// end stands for any rest. Languages ask most of these while they start.
const EMPTY: &[&str] = &[
    "wasi:cli/environment#*",
    "wasi:filesystem/preopens#*",
    // Asked of errors of streams: it was no error of the file system.
    "wasi:filesystem/types#filesystem-error-code",
    "wasi:sockets/network#network-error-code",
    // A network on which every name and every socket is refused.
    "wasi:sockets/instance-network#*",
    // Options of a request that is refused itself.
    "wasi:messaging/request-reply#[constructor]*",
    "wasi:messaging/request-reply#[method]*",
    // Messages are dropped.
    "wasi:logging/*",
    "wasi:config/*",
];

/// Cases that mean a refusal, the plainest first.
const REFUSALS: &[&str] = &["access-denied", "access", "HTTP-request-denied", "not-permitted", "forbidden"];

/// Cases that say in words what was refused: one that means a refusal, and one for whatever has no other.
const WORDED: [&str; 2] = ["permission-denied", "other"];

/// What an error says where it can only be told in words.
pub(super) const WORDS: &str = "not granted";

/// Values larger than this are not made.
const MAX_BYTES: usize = 1 << 16;

/// What a closed function does when it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Returns no value.
    Nothing,
    /// Returns this number as its only flat value.
    Flat(u32),
    /// Returns a pointer to these bytes.
    Bytes(Vec<u8>),
    /// Returns a new handle to a resource that the denial itself defines.
    Handle(TypeId),
    Trap,
}

/// What the answers are made from.
pub(super) struct Answers<'a> {
    pub resolve: &'a Resolve,
    pub sizes: SizeAlign,
    /// The interfaces that are closed, whose resources are the denial's own.
    pub closed: HashSet<InterfaceId>,
    /// Where the bytes of [`WORDS`] lie in memory.
    pub words: u32,
}

impl Answers<'_> {
    /// The answer of one function.
    pub(super) fn answer(&self, interface: InterfaceId, function: &Function, place: Place) -> Answer {
        let name = self.resolve.id_of(interface).unwrap_or_default();
        let name = format!("{}#{}", Name::new(&name).base, function.name);
        let empty = EMPTY.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        });
        match (&function.result, empty) {
            (None, true) => Answer::Nothing,
            (Some(ty), true) => self.empty(ty, place),
            (Some(ty), false) => self.refusal(ty, place),
            (None, false) => Answer::Trap,
        }
    }

    fn empty(&self, ty: &Type, place: Place) -> Answer {
        if let Shape::Of(TypeDefKind::Handle(Handle::Own(resource))) = self.shape(ty) {
            let resource = definition(self.resolve, *resource);
            return if self.is_own(resource) { Answer::Handle(resource) } else { Answer::Trap };
        }
        match place {
            _ if !self.is_empty_at_zero(ty) => Answer::Trap,
            Place::Flat => Answer::Flat(0),
            Place::Memory => match self.size(ty) {
                Some(size) => Answer::Bytes(vec![0; size]),
                None => Answer::Trap,
            },
        }
    }

    /// Whether a value of nothing but zeros is a value of the type.
    fn is_empty_at_zero(&self, ty: &Type) -> bool {
        let zero = |ty: &Type| self.is_empty_at_zero(ty);
        match self.shape(ty) {
            Shape::Primitive(ty) => ty != Type::ErrorContext,
            Shape::Of(kind) => match kind {
                TypeDefKind::List(_)
                | TypeDefKind::Map(..)
                | TypeDefKind::Option(_)
                | TypeDefKind::Flags(_)
                | TypeDefKind::Enum(_) => true,
                TypeDefKind::Record(record) => record.fields.iter().all(|field| zero(&field.ty)),
                TypeDefKind::Tuple(tuple) => tuple.types.iter().all(zero),
                TypeDefKind::Variant(variant) => variant.cases.iter().take(1).flat_map(|case| &case.ty).all(zero),
                TypeDefKind::Result(result) => result.ok.iter().all(zero),
                TypeDefKind::FixedLengthList(ty, _) => zero(ty),
                TypeDefKind::Handle(_)
                | TypeDefKind::Resource
                | TypeDefKind::Future(_)
                | TypeDefKind::Stream(_)
                | TypeDefKind::Type(_)
                | TypeDefKind::Unknown => false,
            },
        }
    }

    fn refusal(&self, ty: &Type, place: Place) -> Answer {
        let Shape::Of(TypeDefKind::Result(result)) = self.shape(ty) else { return Answer::Trap };
        let Place::Memory = place else {
            // Without any payload there is only the case.
            return Answer::Flat(1);
        };
        let Some(size) = self.size(ty) else { return Answer::Trap };
        let payload = self.sizes.payload_offset(Int::U8, [result.ok.as_ref(), result.err.as_ref()]);
        let mut bytes = vec![0; size];
        bytes[0] = 1;
        let said = match &result.err {
            None => Some(()),
            Some(error) => bytes.get_mut(payload.size_wasm32()..).and_then(|bytes| self.error(error, bytes)),
        };
        said.map_or(Answer::Trap, |()| Answer::Bytes(bytes))
    }

    /// Writes an error that means a refusal.
    fn error(&self, ty: &Type, bytes: &mut [u8]) -> Option<()> {
        match self.shape(ty) {
            Shape::Primitive(Type::String) => self.words(bytes),
            Shape::Of(TypeDefKind::Enum(cases)) => {
                let case = refusal(cases.cases.iter().map(|case| (case.name.as_str(), true)))?;
                tag(bytes, cases.tag(), case)
            }
            Shape::Of(TypeDefKind::Variant(variant)) => {
                let cases = || variant.cases.iter();
                if let Some(case) = refusal(cases().map(|case| (case.name.as_str(), case.ty.is_none()))) {
                    return tag(bytes, variant.tag(), case);
                }
                let case = WORDED.iter().find_map(|known| cases().position(|case| case.name == *known))?;
                tag(bytes, variant.tag(), case)?;
                let payload = self.sizes.payload_offset(variant.tag(), cases().map(|case| case.ty.as_ref()));
                let Some(ty) = &variant.cases[case].ty else { return Some(()) };
                match self.shape(ty) {
                    Shape::Primitive(Type::String) => self.words(bytes.get_mut(payload.size_wasm32()..)?),
                    // An option says nothing, in zeros.
                    Shape::Of(TypeDefKind::Option(_)) => Some(()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether the denial itself defines a resource.
    pub(super) fn is_own(&self, resource: TypeId) -> bool {
        matches!(self.resolve.types[resource].owner, TypeOwner::Interface(owner) if self.closed.contains(&owner))
    }

    fn words(&self, bytes: &mut [u8]) -> Option<()> {
        let length = u32::try_from(WORDS.len()).ok()?;
        bytes.get_mut(..4)?.copy_from_slice(&self.words.to_le_bytes());
        bytes.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
        Some(())
    }

    fn size(&self, ty: &Type) -> Option<usize> {
        Some(self.sizes.size(ty).size_wasm32()).filter(|size| *size <= MAX_BYTES)
    }

    /// What a type is, behind its aliases.
    fn shape(&self, ty: &Type) -> Shape<'_> {
        let mut ty = *ty;
        while let Type::Id(id) = ty {
            match &self.resolve.types[id].kind {
                TypeDefKind::Type(aliased) => ty = *aliased,
                kind => return Shape::Of(kind),
            }
        }
        Shape::Primitive(ty)
    }
}

enum Shape<'a> {
    Primitive(Type),
    Of(&'a TypeDefKind),
}

/// Where a function's result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Returned as such.
    Flat,
    /// Returned by a pointer.
    Memory,
}

/// The position of the case that means a refusal; of each case its name, and whether it stands alone.
fn refusal<'a>(cases: impl Iterator<Item = (&'a str, bool)> + Clone) -> Option<usize> {
    REFUSALS.iter().find_map(|refusal| cases.clone().position(|(name, alone)| alone && name == *refusal))
}

fn tag(bytes: &mut [u8], width: Int, case: usize) -> Option<()> {
    let case = u32::try_from(case).ok()?.to_le_bytes();
    let width = match width {
        Int::U8 => 1,
        Int::U16 => 2,
        Int::U32 | Int::U64 => 4,
    };
    bytes.get_mut(..width)?.copy_from_slice(&case[..width]);
    Some(())
}

/// The definition an alias of a type stands for.
pub(super) fn definition(resolve: &Resolve, id: TypeId) -> TypeId {
    let mut id = id;
    while let TypeDefKind::Type(Type::Id(aliased)) = resolve.types[id].kind {
        id = aliased;
    }
    id
}
