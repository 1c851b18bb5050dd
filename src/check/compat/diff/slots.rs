//! Types where they are used: whether two of them mean the same, and in what way they do not.

use wit_parser::{Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

use super::{Change, Diff};
use crate::{
    check::compat::{finding::Item, rules::Rule},
    compare::{base, type_text},
};

impl Diff<'_> {
    /// Whether two types mean the same: equal names of paired owners, which are compared where they are declared, or
    /// equal structure.
    pub(super) fn same(&mut self, old: Type, new: Type) -> bool {
        match (old, new) {
            (Type::Id(a), Type::Id(b)) => {
                if self.named_alike(a, b) {
                    return true;
                }
                if let Some(known) = self.same.get(&(a, b)) {
                    return *known;
                }
                let same = match (&self.old.types[a].kind, &self.new.types[b].kind) {
                    (TypeDefKind::Type(inner), _) => self.same(*inner, new),
                    (_, TypeDefKind::Type(inner)) => self.same(old, *inner),
                    _ => self.same_structure(a, b),
                };
                self.same.insert((a, b), same);
                same
            }
            (Type::Id(a), _) => match self.old.types[a].kind {
                TypeDefKind::Type(inner) => self.same(inner, new),
                _ => false,
            },
            (_, Type::Id(b)) => match self.new.types[b].kind {
                TypeDefKind::Type(inner) => self.same(old, inner),
                _ => false,
            },
            (old, new) => old == new,
        }
    }

    /// Whether both are declared under one name in paired places, or one was probably renamed to the other.
    pub(super) fn named_alike(&self, a: TypeId, b: TypeId) -> bool {
        let (old, new) = (&self.old.types[a], &self.new.types[b]);
        self.renamed.get(&a) == Some(&b)
            || (old.name.is_some() && old.name == new.name && self.owners(old.owner, new.owner))
    }

    /// Whether two definitions, neither an alias, are made of the same.
    pub(super) fn same_structure(&mut self, a: TypeId, b: TypeId) -> bool {
        let (from, to) = (self.old, self.new);
        match (&from.types[a].kind, &to.types[b].kind) {
            (TypeDefKind::Record(a), TypeDefKind::Record(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(a, b)| a.name == b.name && self.same(a.ty, b.ty))
            }
            (TypeDefKind::Variant(a), TypeDefKind::Variant(b)) => {
                a.cases.len() == b.cases.len()
                    && a.cases.iter().zip(&b.cases).all(|(a, b)| a.name == b.name && self.same_optional(a.ty, b.ty))
            }
            (TypeDefKind::Enum(a), TypeDefKind::Enum(b)) => {
                a.cases.iter().map(|case| &case.name).eq(b.cases.iter().map(|case| &case.name))
            }
            (TypeDefKind::Flags(a), TypeDefKind::Flags(b)) => {
                a.flags.iter().map(|flag| &flag.name).eq(b.flags.iter().map(|flag| &flag.name))
            }
            (TypeDefKind::Tuple(a), TypeDefKind::Tuple(b)) => {
                a.types.len() == b.types.len() && a.types.iter().zip(&b.types).all(|(a, b)| self.same(*a, *b))
            }
            (TypeDefKind::List(a), TypeDefKind::List(b)) | (TypeDefKind::Option(a), TypeDefKind::Option(b)) => {
                self.same(*a, *b)
            }
            (TypeDefKind::FixedLengthList(a, n), TypeDefKind::FixedLengthList(b, m)) => n == m && self.same(*a, *b),
            (TypeDefKind::Map(key, value), TypeDefKind::Map(other_key, other_value)) => {
                self.same(*key, *other_key) && self.same(*value, *other_value)
            }
            (TypeDefKind::Result(a), TypeDefKind::Result(b)) => {
                self.same_optional(a.ok, b.ok) && self.same_optional(a.err, b.err)
            }
            (TypeDefKind::Future(a), TypeDefKind::Future(b)) | (TypeDefKind::Stream(a), TypeDefKind::Stream(b)) => {
                self.same_optional(*a, *b)
            }
            (TypeDefKind::Handle(Handle::Own(a)), TypeDefKind::Handle(Handle::Own(b)))
            | (TypeDefKind::Handle(Handle::Borrow(a)), TypeDefKind::Handle(Handle::Borrow(b))) => {
                self.same_resource(*a, *b)
            }
            (TypeDefKind::Resource, TypeDefKind::Resource) => self.same_resource(a, b),
            _ => false,
        }
    }

    pub(super) fn same_optional(&mut self, old: Option<Type>, new: Option<Type>) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => self.same(old, new),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    /// Whether two names stand for one resource. Of a resource only its name and its place count.
    fn same_resource(&self, a: TypeId, b: TypeId) -> bool {
        self.named_alike(a, b) || self.named_alike(base(self.old, a), base(self.new, b))
    }

    /// Tells of a type that means something else.
    pub(super) fn retyped(
        &mut self,
        rule: &'static Rule,
        item: Item,
        old: Option<Type>,
        new: Option<Type>,
        at: (wit_parser::Span, wit_parser::Span),
    ) {
        let text = |resolve: &Resolve, ty: Option<Type>| ty.map_or("nothing".to_owned(), |ty| type_text(resolve, ty));
        let (mut before, mut now) = (text(self.old, old), text(self.new, new));
        if before == now {
            let spelled = |resolve: &Resolve, ty: Option<Type>| match ty {
                Some(Type::Id(id)) => from_where(resolve, id),
                ty => text(resolve, ty),
            };
            (before, now) = (spelled(self.old, old), spelled(self.new, new));
        }
        let note = match (old, new) {
            (Some(old), Some(new)) => self.way(old, new),
            _ => None,
        };
        let note = note.map(str::to_owned);
        self.changes.push(Change { rule, item, old: Some(before), new: Some(now), note, at });
    }

    /// In what way two types differ that do, where there is a word for it.
    fn way(&mut self, old: Type, new: Type) -> Option<&'static str> {
        let (old, new) = (resolved(self.old, old), resolved(self.new, new));
        let (Type::Id(a), Type::Id(b)) = (old, new) else {
            return match (old, new) {
                (Type::Id(a), new) => match self.old.types[a].kind {
                    TypeDefKind::Option(inner) if self.same(inner, new) => Some("it is no longer optional"),
                    _ => None,
                },
                (old, Type::Id(b)) => match self.new.types[b].kind {
                    TypeDefKind::Option(inner) if self.same(old, inner) => Some("it is optional now"),
                    _ => None,
                },
                (old, new) if is_integer(old) && is_integer(new) => {
                    Some("an integer of another size or sign is another type")
                }
                _ => None,
            };
        };
        match (&self.old.types[a].kind, &self.new.types[b].kind) {
            (TypeDefKind::Handle(Handle::Own(a)), TypeDefKind::Handle(Handle::Borrow(b))) => {
                self.same_resource(*a, *b).then_some("it was handed over, and is lent now")
            }
            (TypeDefKind::Handle(Handle::Borrow(a)), TypeDefKind::Handle(Handle::Own(b))) => {
                self.same_resource(*a, *b).then_some("it was lent, and is handed over now")
            }
            (TypeDefKind::FixedLengthList(a, n), TypeDefKind::FixedLengthList(b, m)) => {
                let (a, b, n, m) = (*a, *b, *n, *m);
                (n != m && self.same(a, b)).then_some("the length of a fixed-length list is part of its type")
            }
            (TypeDefKind::List(a), TypeDefKind::FixedLengthList(b, _)) => {
                self.same(*a, *b).then_some("the list has a fixed length now, and is another type")
            }
            (TypeDefKind::FixedLengthList(a, _), TypeDefKind::List(b)) => {
                self.same(*a, *b).then_some("the list no longer has a fixed length, and is another type")
            }
            (TypeDefKind::Tuple(a), TypeDefKind::Tuple(b)) if a.types.len() != b.types.len() => {
                Some("the tuple has another length")
            }
            (TypeDefKind::Result(a), TypeDefKind::Result(b)) => {
                match (self.same_optional(a.ok, b.ok), self.same_optional(a.err, b.err)) {
                    (true, false) => Some("what it gives on failure is of another type"),
                    (false, true) => Some("what it gives on success is of another type"),
                    _ => None,
                }
            }
            (TypeDefKind::Option(inner), kind) if !matches!(kind, TypeDefKind::Option(_)) => {
                self.same(*inner, new).then_some("it is no longer optional")
            }
            (kind, TypeDefKind::Option(inner)) if !matches!(kind, TypeDefKind::Option(_)) => {
                self.same(old, *inner).then_some("it is optional now")
            }
            _ => None,
        }
    }
}

/// A type with the interface it comes from: `session` of `acme:shop/auth@0.1.0`.
pub(super) fn from_where(resolve: &Resolve, id: TypeId) -> String {
    let id = match resolve.types[id].kind {
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => id,
        _ => id,
    };
    let def = &resolve.types[base(resolve, id)];
    let name = def.name.clone().unwrap_or_else(|| type_text(resolve, Type::Id(id)));
    match def.owner {
        TypeOwner::Interface(owner) => resolve.id_of(owner).map_or(name.clone(), |owner| format!("{owner}.{{{name}}}")),
        TypeOwner::World(_) | TypeOwner::None => name,
    }
}

/// What an alias stands for, or the type itself.
pub(super) fn resolved(resolve: &Resolve, ty: Type) -> Type {
    let mut ty = ty;
    while let Type::Id(id) = ty
        && let TypeDefKind::Type(aliased) = resolve.types[id].kind
    {
        ty = aliased;
    }
    ty
}

fn is_integer(ty: Type) -> bool {
    matches!(ty, Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::S8 | Type::S16 | Type::S32 | Type::S64)
}
