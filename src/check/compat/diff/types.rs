//! Named types, compared where they are declared.

use wit_parser::{Resolve, Span, Type, TypeDefKind, TypeId};

use super::{
    Diff,
    guess::alike,
    known,
    slots::{from_where, resolved},
};
use crate::{
    check::compat::{
        finding::Item,
        rules::{
            CASE_ADDED, CASE_REMOVED, CASE_RENAMED, CASE_RETYPED, CASES_REORDERED, ENUM_CASE_ADDED, ENUM_CASE_REMOVED,
            ENUM_CASE_RENAMED, ENUM_CASES_REORDERED, FIELD_ADDED, FIELD_REMOVED, FIELD_RENAMED, FIELD_RETYPED,
            FIELDS_REORDERED, FLAG_ADDED, FLAG_REMOVED, FLAG_RENAMED, FLAGS_REORDERED, PARAMETER_ADDED,
            PARAMETER_REMOVED, PARAMETER_RENAMED, PARAMETER_RETYPED, PARAMETERS_REORDERED, Rule, TYPE_KIND_CHANGED,
            TYPE_RESPELLED, TYPE_RETYPED, USE_MOVED,
        },
    },
    compare::{
        Step, base, keyword,
        sequence::{self, Pairing},
        spelled_out, type_text,
    },
};

/// A named member of a type or of a parameter list.
pub(super) struct Member<'a> {
    pub name: &'a str,
    pub ty: Option<Type>,
    pub span: Span,
    pub docs: &'a wit_parser::Docs,
}

/// What members are called, and the rules for them.
pub(super) struct Kind {
    step: fn(String) -> Step,
    added: &'static Rule,
    removed: &'static Rule,
    renamed: &'static Rule,
    reordered: &'static Rule,
    retyped: &'static Rule,
}

pub(super) const PARAMETERS: Kind = Kind {
    step: Step::Parameter,
    added: &PARAMETER_ADDED,
    removed: &PARAMETER_REMOVED,
    renamed: &PARAMETER_RENAMED,
    reordered: &PARAMETERS_REORDERED,
    retyped: &PARAMETER_RETYPED,
};
const FIELDS: Kind = Kind {
    step: Step::Field,
    added: &FIELD_ADDED,
    removed: &FIELD_REMOVED,
    renamed: &FIELD_RENAMED,
    reordered: &FIELDS_REORDERED,
    retyped: &FIELD_RETYPED,
};
const CASES: Kind = Kind {
    step: Step::Case,
    added: &CASE_ADDED,
    removed: &CASE_REMOVED,
    renamed: &CASE_RENAMED,
    reordered: &CASES_REORDERED,
    retyped: &CASE_RETYPED,
};
const ENUM_CASES: Kind = Kind {
    step: Step::Case,
    added: &ENUM_CASE_ADDED,
    removed: &ENUM_CASE_REMOVED,
    renamed: &ENUM_CASE_RENAMED,
    reordered: &ENUM_CASES_REORDERED,
    // The cases of an enum have no types.
    retyped: &CASE_RETYPED,
};
const FLAGS: Kind = Kind {
    step: Step::Flag,
    added: &FLAG_ADDED,
    removed: &FLAG_REMOVED,
    renamed: &FLAG_RENAMED,
    reordered: &FLAGS_REORDERED,
    // Nor have flags.
    retyped: &CASE_RETYPED,
};

impl<'a> Diff<'a> {
    /// Compares two types of one name; `home` is what they are declared in.
    pub(super) fn named_type(&mut self, home: &Item, a: TypeId, b: TypeId) {
        let (old, new) = (&self.old.types[a], &self.new.types[b]);
        let at = (old.span, new.span);
        let item = home.inside(type_step(self.old, a));
        self.attributes(&item, (&old.docs, &old.stability), (&new.docs, &new.stability), at);
        let (from, to) = (resolved(self.old, Type::Id(a)), resolved(self.new, Type::Id(b)));
        let aliased = |kind: &TypeDefKind| matches!(kind, TypeDefKind::Type(_));
        let words = (word(self.old, from), word(self.new, to));
        match (from, to) {
            (Type::Id(from), Type::Id(to)) if !aliased(&old.kind) && !aliased(&new.kind) && words.0 == words.1 => {
                self.definitions(&item, from, to, at);
            }
            _ if words.0 != words.1 => {
                let (old, new) = (with_article(words.0), with_article(words.1));
                self.tell(&TYPE_KIND_CHANGED, item, old, new, at);
            }
            (from, to) => {
                let same = match (from, to) {
                    // An alias takes the place of a definition, or the other way round: only what it is made of counts.
                    (Type::Id(x), Type::Id(y)) if aliased(&old.kind) != aliased(&new.kind) => {
                        !matches!(self.old.types[x].kind, TypeDefKind::Resource) && self.same_structure(x, y)
                    }
                    (from, to) => self.same(from, to),
                };
                let spelled = (spelling(self.old, a), spelling(self.new, b));
                match (same, words.0) {
                    (true, _) if self.same_spelling(a, b) => {}
                    // What both name is told where it is declared.
                    (false, "type") if spelled.0 == spelled.1 && self.told_elsewhere(a, b) => {}
                    (true, _) => self.tell(&TYPE_RESPELLED, item, spelled.0, spelled.1, at),
                    (false, "resource") => {
                        let (old, new) = (from_where(self.old, a), from_where(self.new, b));
                        self.tell(&USE_MOVED, item, format!("`{old}`"), format!("`{new}`"), at);
                    }
                    (false, "type") => {
                        self.retyped(&TYPE_RETYPED, item, Some(from), Some(to), at);
                        if let Some(change) = self.changes.last_mut() {
                            (change.old, change.new) = (Some(spelled.0), Some(spelled.1));
                        }
                    }
                    (false, _) => self.tell(&TYPE_RETYPED, item, spelled.0, spelled.1, at),
                }
            }
        }
    }

    /// Whether both are names for a type that stands for the other's target, and is compared where it is declared.
    fn told_elsewhere(&self, a: TypeId, b: TypeId) -> bool {
        match (&self.old.types[a].kind, &self.new.types[b].kind) {
            (TypeDefKind::Type(Type::Id(a)), TypeDefKind::Type(Type::Id(b))) => self.named_alike(*a, *b),
            _ => false,
        }
    }

    /// Two definitions of one kind.
    fn definitions(&mut self, item: &Item, a: TypeId, b: TypeId, at: (Span, Span)) {
        let (old, new) = (self.old, self.new);
        match (&old.types[a].kind, &new.types[b].kind) {
            (TypeDefKind::Record(x), TypeDefKind::Record(y)) => {
                let members = |of: &'a wit_parser::Record| -> Vec<_> {
                    let member = |f: &'a wit_parser::Field| member(&f.name, Some(f.ty), f.span, &f.docs);
                    of.fields.iter().map(member).collect()
                };
                self.members(item, &members(x), &members(y), &FIELDS, at);
            }
            (TypeDefKind::Variant(x), TypeDefKind::Variant(y)) => {
                let members = |of: &'a wit_parser::Variant| -> Vec<_> {
                    of.cases.iter().map(|c| member(&c.name, c.ty, c.span, &c.docs)).collect()
                };
                self.members(item, &members(x), &members(y), &CASES, at);
            }
            (TypeDefKind::Enum(x), TypeDefKind::Enum(y)) => {
                let members = |of: &'a wit_parser::Enum| -> Vec<_> {
                    of.cases.iter().map(|c| member(&c.name, None, c.span, &c.docs)).collect()
                };
                self.members(item, &members(x), &members(y), &ENUM_CASES, at);
            }
            (TypeDefKind::Flags(x), TypeDefKind::Flags(y)) => {
                let members = |of: &'a wit_parser::Flags| -> Vec<_> {
                    of.flags.iter().map(|f| member(&f.name, None, f.span, &f.docs)).collect()
                };
                self.members(item, &members(x), &members(y), &FLAGS, at);
            }
            // Its functions are the interface's.
            (TypeDefKind::Resource, TypeDefKind::Resource) => {}
            _ => {
                let texts = (spelled_out(old, a), spelled_out(new, b));
                match self.same_structure(a, b) {
                    true if texts.0 == texts.1 => {}
                    true => self.tell(&TYPE_RESPELLED, item.clone(), texts.0, texts.1, at),
                    false => {
                        self.retyped(&TYPE_RETYPED, item.clone(), Some(Type::Id(a)), Some(Type::Id(b)), at);
                        if let Some(change) = self.changes.last_mut() {
                            (change.old, change.new) = (Some(texts.0), Some(texts.1));
                        }
                    }
                }
            }
        }
    }

    /// Parameters, fields, cases or flags.
    pub(super) fn members(
        &mut self,
        item: &Item,
        old: &[Member<'_>],
        new: &[Member<'_>],
        kind: &Kind,
        at: (Span, Span),
    ) {
        let before: Vec<_> = old.iter().map(|member| member.name).collect();
        let now: Vec<_> = new.iter().map(|member| member.name).collect();
        let pairs = sequence::pair(&before, &now);
        for pairing in &pairs {
            match *pairing {
                Pairing::Both { expected, found, renamed } => {
                    let (a, b) = (&old[expected], &new[found]);
                    let at = (known(a.span, at.0), known(b.span, at.1));
                    let inner = item.inside((kind.step)(a.name.to_owned()));
                    let same = self.same_optional(a.ty, b.ty);
                    if renamed && !same && !alike(a.name, b.name) {
                        // Another thing in the same place.
                        let other = item.inside((kind.step)(b.name.to_owned()));
                        self.tell(kind.removed, inner, member_text(self.old, a), None, at);
                        self.tell(kind.added, other, None, member_text(self.new, b), at);
                        continue;
                    }
                    if renamed {
                        self.tell(kind.renamed, inner.clone(), a.name.to_owned(), b.name.to_owned(), at);
                    }
                    if !same {
                        self.retyped(kind.retyped, inner.clone(), a.ty, b.ty, at);
                    }
                    self.docs(&inner, a.docs, b.docs, at);
                }
                Pairing::Missing { expected } => {
                    let a = &old[expected];
                    let inner = item.inside((kind.step)(a.name.to_owned()));
                    self.tell(kind.removed, inner, member_text(self.old, a), None, (known(a.span, at.0), at.1));
                }
                Pairing::Unexpected { found } => {
                    let b = &new[found];
                    let inner = item.inside((kind.step)(b.name.to_owned()));
                    self.tell(kind.added, inner, None, member_text(self.new, b), (at.0, known(b.span, at.1)));
                }
            }
        }
        if sequence::reordered(&pairs) {
            self.tell(kind.reordered, item.clone(), before.join(", "), now.join(", "), at);
        }
    }

    /// Whether two declarations that mean the same are written alike, as far as anyone would notice.
    fn same_spelling(&self, a: TypeId, b: TypeId) -> bool {
        let target = |resolve: &Resolve, id: TypeId| match resolve.types[id].kind {
            TypeDefKind::Type(Type::Id(target)) => {
                let def = &resolve.types[target];
                def.name.clone().map(|name| (name, def.owner))
            }
            _ => None,
        };
        match (target(self.old, a), target(self.new, b)) {
            (Some((old, from)), Some((new, to))) => old == new && self.owners(from, to),
            (None, None) => spelled_out(self.old, a) == spelled_out(self.new, b),
            _ => false,
        }
    }
}

pub(super) fn member<'a>(name: &'a str, ty: Option<Type>, span: Span, docs: &'a wit_parser::Docs) -> Member<'a> {
    Member { name, ty, span, docs }
}

fn member_text(resolve: &Resolve, member: &Member<'_>) -> String {
    match member.ty {
        Some(ty) => format!("{}: {}", member.name, type_text(resolve, ty)),
        None => member.name.to_owned(),
    }
}

/// What an alias is written as, with the interface it is taken from.
fn spelling(resolve: &Resolve, id: TypeId) -> String {
    match resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(target)) if resolve.types[target].name.is_some() => from_where(resolve, target),
        _ => spelled_out(resolve, id),
    }
}

/// The keyword a type behind aliases is declared with.
fn word(resolve: &Resolve, ty: Type) -> &'static str {
    match ty {
        Type::Id(id) => keyword(&resolve.types[id].kind),
        _ => "type",
    }
}

fn with_article(word: &str) -> String {
    match word {
        "flags" => word.to_owned(),
        "enum" => format!("an {word}"),
        "type" => "a name for another type".to_owned(),
        word => format!("a {word}"),
    }
}

/// The step to a named type, by the kind it is of behind aliases.
pub(super) fn type_step(resolve: &Resolve, id: TypeId) -> Step {
    let name = resolve.types[id].name.clone().unwrap_or_default();
    Step::Type { what: keyword(&resolve.types[base(resolve, id)].kind), name }
}
