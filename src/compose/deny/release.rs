//! Handles that are passed to a closed function, which it must give back.
//!
//! A callee may not return while it holds a borrowed handle, and one it owns would stay alive for ever. So each handle
//! among the flat parameters is dropped; which of them there are may depend on the cases of variants around them
//! (component model, `CanonicalABI.md`, "Flattening").

use wit_parser::{
    Handle, Resolve, Type, TypeDefKind, TypeId,
    abi::{FlatTypes, WasmType},
};

use super::answers::{Answers, Place, definition};

/// A handle to drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    /// It is there only if each of these parameters holds this case.
    pub cases: Vec<(u32, i32)>,
    /// The parameter that holds it.
    pub param: u32,
    /// The resource's definition.
    pub resource: TypeId,
}

/// What to drop of a function's parameters; `None` where that cannot be told without reading memory.
pub(super) fn releases<'t>(
    answers: &Answers<'_>,
    mut params: impl Iterator<Item = &'t Type>,
    place: Place,
) -> Option<Vec<Release>> {
    let mut walk = Walk { answers, cases: Vec::new(), found: Vec::new() };
    match place {
        Place::Flat => walk.all(params, 0)?,
        Place::Memory => params.all(|ty| !walk.holds(ty)).then_some(())?,
    }
    Some(walk.found)
}

struct Walk<'a> {
    answers: &'a Answers<'a>,
    /// Around what is being looked at.
    cases: Vec<(u32, i32)>,
    found: Vec<Release>,
}

impl Walk<'_> {
    /// Looks for handles in a type whose flat form begins at a parameter.
    fn flat(&mut self, ty: &Type, at: u32) -> Option<()> {
        let Type::Id(id) = ty else { return (*ty != Type::ErrorContext).then_some(()) };
        match &self.answers.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.flat(ty, at),
            TypeDefKind::Handle(handle) => {
                if let Some(resource) = self.to_drop(*handle) {
                    self.found.push(Release { cases: self.cases.clone(), param: at, resource });
                }
                Some(())
            }
            TypeDefKind::Record(record) => self.all(record.fields.iter().map(|field| &field.ty), at),
            TypeDefKind::Tuple(tuple) => self.all(tuple.types.iter(), at),
            TypeDefKind::Variant(variant) => self.one(variant.cases.iter().map(|case| case.ty.as_ref()), at),
            TypeDefKind::Option(ty) => self.one([None, Some(ty)].into_iter(), at),
            TypeDefKind::Result(result) => self.one([result.ok.as_ref(), result.err.as_ref()].into_iter(), at),
            TypeDefKind::Flags(_) | TypeDefKind::Enum(_) => Some(()),
            TypeDefKind::List(_)
            | TypeDefKind::Map(..)
            | TypeDefKind::FixedLengthList(..)
            | TypeDefKind::Future(_)
            | TypeDefKind::Stream(_)
            | TypeDefKind::Resource
            | TypeDefKind::Unknown => (!self.holds(ty)).then_some(()),
        }
    }

    fn all<'t>(&mut self, types: impl Iterator<Item = &'t Type>, mut at: u32) -> Option<()> {
        for ty in types {
            self.flat(ty, at)?;
            at += self.width(ty)?;
        }
        Some(())
    }

    fn one<'t>(&mut self, cases: impl Iterator<Item = Option<&'t Type>>, at: u32) -> Option<()> {
        for (case, ty) in (0..).zip(cases) {
            self.cases.push((at, case));
            ty.map_or(Some(()), |ty| self.flat(ty, at + 1))?;
            self.cases.pop();
        }
        Some(())
    }

    /// The resource a handle is of, if the callee must drop it: all it owns, and what it borrows of others.
    fn to_drop(&self, handle: Handle) -> Option<TypeId> {
        let (Handle::Own(id) | Handle::Borrow(id)) = handle;
        let resource = definition(self.answers.resolve, id);
        (matches!(handle, Handle::Own(_)) || !self.answers.is_own(resource)).then_some(resource)
    }

    /// Whether anything below a type must be given back.
    fn holds(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return *ty == Type::ErrorContext };
        match &self.answers.resolve.types[*id].kind {
            TypeDefKind::Type(ty)
            | TypeDefKind::Option(ty)
            | TypeDefKind::List(ty)
            | TypeDefKind::FixedLengthList(ty, _) => self.holds(ty),
            TypeDefKind::Map(key, value) => self.holds(key) || self.holds(value),
            TypeDefKind::Handle(handle) => self.to_drop(*handle).is_some(),
            TypeDefKind::Record(record) => record.fields.iter().any(|field| self.holds(&field.ty)),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().any(|ty| self.holds(ty)),
            TypeDefKind::Variant(variant) => variant.cases.iter().flat_map(|case| &case.ty).any(|ty| self.holds(ty)),
            TypeDefKind::Result(result) => result.ok.iter().chain(&result.err).any(|ty| self.holds(ty)),
            TypeDefKind::Flags(_) | TypeDefKind::Enum(_) => false,
            TypeDefKind::Future(_) | TypeDefKind::Stream(_) | TypeDefKind::Resource | TypeDefKind::Unknown => true,
        }
    }

    /// How many parameters a type's flat form takes; only asked of parameters, of which there are few.
    fn width(&self, ty: &Type) -> Option<u32> {
        let mut storage = [WasmType::I32; Resolve::MAX_FLAT_PARAMS];
        let mut flat = FlatTypes::new(&mut storage);
        self.answers.resolve.push_flat(ty, &mut flat).then(|| u32::try_from(flat.to_vec().len()).ok())?
    }
}
