//! The walk over both sides, with a list of pairs still to compare instead of recursion.

use std::collections::HashSet;

use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Span, Type, TypeDefKind, TypeId, TypeOwner, WorldItem,
    WorldKey,
};

use super::{
    Change, Comparison, Difference, Name, SharedResource, Step,
    sequence::{self, Pairing},
    text,
};

/// What is beyond is of no use to anyone, and telling it may cost a hostile depth each time.
const MAX_DIFFERENCES: usize = 1_000;

pub(super) struct Walk<'a> {
    a: &'a Resolve,
    b: &'a Resolve,
    /// The interfaces (or worlds) compared: whose resources stand for each other by name.
    home: (TypeOwner, TypeOwner),
    /// Paths as a tree: a step, and the one it follows.
    steps: Vec<(Option<usize>, Step)>,
    pending: Vec<Pair>,
    seen: HashSet<(TypeId, TypeId)>,
    shared: HashSet<SharedResource>,
    out: Comparison,
}

/// Two types still to be compared, where they are, and the nearest spans.
struct Pair {
    a: Type,
    b: Type,
    path: usize,
    at: (Span, Span),
}

/// A named member of a type or a parameter list.
struct Member<'a> {
    name: &'a str,
    ty: Option<Type>,
    span: Span,
}

impl<'a> Walk<'a> {
    pub(super) fn new(a: &'a Resolve, b: &'a Resolve, home: (TypeOwner, TypeOwner)) -> Walk<'a> {
        let (seen, shared) = (HashSet::new(), HashSet::new());
        Walk { a, b, home, steps: Vec::new(), pending: Vec::new(), seen, shared, out: Comparison::default() }
    }

    pub(super) fn finish(self) -> Comparison {
        self.out
    }

    pub(super) fn interface(&mut self, a: InterfaceId, b: InterfaceId) {
        self.interface_as_used(a, b, |_| true);
    }

    pub(super) fn interface_as_used(&mut self, a: InterfaceId, b: InterfaceId, used: impl Fn(TypeId) -> bool) {
        let (expected, found) = (&self.a.interfaces[a], &self.b.interfaces[b]);
        for (name, &ty) in expected.types.iter().filter(|(_, ty)| used(**ty)) {
            match found.types.get(name) {
                Some(&other) => self.named_type(ty, other),
                None => {
                    let def = &self.a.types[base(self.a, ty)];
                    let path = self.step(None, Step::Type { what: text::what(&def.kind), name: name.clone() });
                    let wanted = format!("{} {name}", text::what(&def.kind));
                    let at = (self.a.types[ty].span, found.span);
                    self.differ(path, Change::Missing, Some(wanted), None, at);
                }
            }
        }
        for (name, function) in &expected.functions {
            match found.functions.get(name) {
                Some(other) => self.function(function, other),
                None => {
                    let path = self.step(None, function_step(self.a, function));
                    let wanted = text::function(self.a, function);
                    self.differ(path, Change::Missing, Some(wanted), None, (function.span, found.span));
                }
            }
        }
    }

    pub(super) fn named_type(&mut self, a: TypeId, b: TypeId) {
        let (from, to) = (base(self.a, a), base(self.b, b));
        let def = &self.a.types[a];
        let what = text::what(&self.a.types[from].kind);
        let path = self.step(None, Step::Type { what, name: def.name.clone().unwrap_or_default() });
        let at = (def.span, self.b.types[b].span);
        let is_resource = |resolve: &Resolve, id: TypeId| matches!(resolve.types[id].kind, TypeDefKind::Resource);
        if is_resource(self.a, from) && is_resource(self.b, to) {
            // One defined here stands for whatever resource is found under its name.
            if self.a.types[from].owner != self.home.0 {
                self.resource(from, to, path, at);
            }
        } else {
            self.pending.push(Pair { a: Type::Id(a), b: Type::Id(b), path, at });
            self.drain();
        }
    }

    pub(super) fn function(&mut self, a: &Function, b: &Function) {
        let path = self.step(None, function_step(self.a, a));
        if a.kind.is_async() != b.kind.is_async() {
            let (wanted, got) = (text::function(self.a, a), text::function(self.b, b));
            self.differ(path, Change::Async, Some(wanted), Some(got), (a.span, b.span));
        }
        self.members(&params(a), &params(b), path, (a.span, b.span), Step::Parameter);
        if a.result.is_some() || b.result.is_some() {
            let path = self.step(Some(path), Step::Result);
            self.optional(a.result, b.result, path, (a.span, b.span));
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(pair) = self.pending.pop() {
            let before = self.pending.len();
            self.compare(&pair);
            // What a pair adds is compared in the order it was added.
            self.pending[before..].reverse();
        }
    }

    fn compare(&mut self, pair: &Pair) {
        let (a, b) = (resolved(self.a, pair.a), resolved(self.b, pair.b));
        let (Type::Id(a), Type::Id(b)) = (a, b) else {
            if a != b {
                self.retyped(pair);
            }
            return;
        };
        if !self.seen.insert((a, b)) {
            return;
        }
        let (from, to) = (&self.a.types[a], &self.b.types[b]);
        let path = match &from.name {
            Some(name) if !matches!(self.steps[pair.path].1, Step::Type { .. }) => {
                self.step(Some(pair.path), Step::Type { what: text::what(&from.kind), name: name.clone() })
            }
            _ => pair.path,
        };
        let at = (known(from.span, pair.at.0), known(to.span, pair.at.1));
        let one = |walk: &mut Self, a: Type, b: Type, step: Step| {
            let path = walk.step(Some(path), step);
            walk.pending.push(Pair { a, b, path, at });
        };
        match (&from.kind, &to.kind) {
            (TypeDefKind::Record(a), TypeDefKind::Record(b)) => {
                let members = |record: &'a wit_parser::Record| -> Vec<_> {
                    record.fields.iter().map(|f| Member { name: &f.name, ty: Some(f.ty), span: f.span }).collect()
                };
                self.members(&members(a), &members(b), path, at, Step::Field);
            }
            (TypeDefKind::Variant(a), TypeDefKind::Variant(b)) => {
                let members = |variant: &'a wit_parser::Variant| -> Vec<_> {
                    variant.cases.iter().map(|c| Member { name: &c.name, ty: c.ty, span: c.span }).collect()
                };
                self.members(&members(a), &members(b), path, at, Step::Case);
            }
            (TypeDefKind::Enum(a), TypeDefKind::Enum(b)) => {
                let members = |of: &'a wit_parser::Enum| -> Vec<_> {
                    of.cases.iter().map(|c| Member { name: &c.name, ty: None, span: c.span }).collect()
                };
                self.members(&members(a), &members(b), path, at, Step::Case);
            }
            (TypeDefKind::Flags(a), TypeDefKind::Flags(b)) => {
                let members = |of: &'a wit_parser::Flags| -> Vec<_> {
                    of.flags.iter().map(|f| Member { name: &f.name, ty: None, span: f.span }).collect()
                };
                self.members(&members(a), &members(b), path, at, Step::Flag);
            }
            (TypeDefKind::Tuple(a), TypeDefKind::Tuple(b)) if a.types.len() == b.types.len() => {
                for (index, (&a, &b)) in a.types.iter().zip(&b.types).enumerate() {
                    one(self, a, b, Step::Item(index));
                }
            }
            (TypeDefKind::List(a), TypeDefKind::List(b)) => one(self, *a, *b, Step::Element("list")),
            (TypeDefKind::Option(a), TypeDefKind::Option(b)) => one(self, *a, *b, Step::Element("option")),
            (TypeDefKind::FixedLengthList(a, n), TypeDefKind::FixedLengthList(b, m)) if n == m => {
                one(self, *a, *b, Step::Element("list"));
            }
            (TypeDefKind::Map(key, value), TypeDefKind::Map(other_key, other_value)) => {
                one(self, *key, *other_key, Step::Key);
                one(self, *value, *other_value, Step::Value);
            }
            (TypeDefKind::Result(a), TypeDefKind::Result(b)) => {
                for (a, b, step) in [(a.ok, b.ok, Step::Ok), (a.err, b.err, Step::Err)] {
                    let path = self.step(Some(path), step);
                    self.optional(a, b, path, at);
                }
            }
            (TypeDefKind::Future(a), TypeDefKind::Future(b)) => {
                let path = self.step(Some(path), Step::Element("future"));
                self.optional(*a, *b, path, at);
            }
            (TypeDefKind::Stream(a), TypeDefKind::Stream(b)) => {
                let path = self.step(Some(path), Step::Element("stream"));
                self.optional(*a, *b, path, at);
            }
            (TypeDefKind::Handle(Handle::Own(a)), TypeDefKind::Handle(Handle::Own(b)))
            | (TypeDefKind::Handle(Handle::Borrow(a)), TypeDefKind::Handle(Handle::Borrow(b))) => {
                self.resource(base(self.a, *a), base(self.b, *b), path, at);
            }
            _ => self.retyped(pair),
        }
    }

    /// Parameters, fields, cases or flags.
    fn members(
        &mut self,
        expected: &[Member<'_>],
        found: &[Member<'_>],
        path: usize,
        at: (Span, Span),
        step: fn(String) -> Step,
    ) {
        let a_names: Vec<_> = expected.iter().map(|member| member.name).collect();
        let b_names: Vec<_> = found.iter().map(|member| member.name).collect();
        let pairs = sequence::pair(&a_names, &b_names);
        for pairing in &pairs {
            match *pairing {
                Pairing::Both { expected: i, found: j, renamed } => {
                    let (a, b) = (&expected[i], &found[j]);
                    let path = self.step(Some(path), step(a.name.to_owned()));
                    let at = (known(a.span, at.0), known(b.span, at.1));
                    if renamed {
                        let (wanted, got) = (a.name.to_owned(), b.name.to_owned());
                        self.differ(path, Change::Renamed, Some(wanted), Some(got), at);
                    }
                    self.optional(a.ty, b.ty, path, at);
                }
                Pairing::Missing { expected: i } => {
                    let a = &expected[i];
                    let path = self.step(Some(path), step(a.name.to_owned()));
                    let wanted = member_text(self.a, a);
                    self.differ(path, Change::Missing, Some(wanted), None, (known(a.span, at.0), at.1));
                }
                Pairing::Unexpected { found: j } => {
                    let b = &found[j];
                    let path = self.step(Some(path), step(b.name.to_owned()));
                    let got = member_text(self.b, b);
                    self.differ(path, Change::Unexpected, None, Some(got), (at.0, known(b.span, at.1)));
                }
            }
        }
        if sequence::reordered(&pairs) {
            let (wanted, got) = (a_names.join(", "), b_names.join(", "));
            self.differ(path, Change::Reordered, Some(wanted), Some(got), at);
        }
    }

    /// Two types of which either may be absent.
    fn optional(&mut self, a: Option<Type>, b: Option<Type>, path: usize, at: (Span, Span)) {
        match (a, b) {
            (Some(a), Some(b)) => self.pending.push(Pair { a, b, path, at }),
            (None, None) => {}
            (a, b) => {
                let wanted = a.map(|ty| text::ty(self.a, ty));
                let got = b.map(|ty| text::ty(self.b, ty));
                self.differ(path, Change::Retyped, wanted, got, at);
            }
        }
    }

    /// Two resources, as defined.
    fn resource(&mut self, a: TypeId, b: TypeId, path: usize, at: (Span, Span)) {
        let (from, to) = (&self.a.types[a], &self.b.types[b]);
        let same = if from.owner == self.home.0 {
            let counterpart = from.name.as_deref().and_then(|name| declared(self.b, self.home.1, name));
            // Its absence has been told already.
            counterpart.is_none_or(|counterpart| base(self.b, counterpart) == b)
        } else if to.owner == self.home.1 {
            false
        } else {
            let shared = SharedResource { expected: a, found: b };
            let owners = (owner_name(self.a, from.owner), owner_name(self.b, to.owner));
            let same =
                from.name == to.name && matches!(&owners, (Some(a), Some(b)) if Name::new(a).compatible(&Name::new(b)));
            if same && self.shared.insert(shared) {
                self.out.shared.push(shared);
            }
            same
        };
        if !same {
            let (wanted, got) = (resource_text(self.a, a), resource_text(self.b, b));
            self.differ(path, Change::Resource, Some(wanted), Some(got), at);
        }
    }

    /// Two types that are not of one kind.
    fn retyped(&mut self, pair: &Pair) {
        let (a, b) = (resolved(self.a, pair.a), resolved(self.b, pair.b));
        let (mut wanted, mut got) = (text::ty(self.a, a), text::ty(self.b, b));
        if wanted == got {
            let defined = |resolve: &Resolve, ty: Type| match ty {
                Type::Id(id) => text::definition(resolve, id),
                ty => text::ty(resolve, ty),
            };
            (wanted, got) = (defined(self.a, a), defined(self.b, b));
        }
        self.differ(pair.path, Change::Retyped, Some(wanted), Some(got), pair.at);
    }

    fn step(&mut self, after: Option<usize>, step: Step) -> usize {
        self.steps.push((after, step));
        self.steps.len() - 1
    }

    fn differ(
        &mut self,
        path: usize,
        change: Change,
        expected: Option<String>,
        found: Option<String>,
        at: (Span, Span),
    ) {
        if self.out.differences.len() == MAX_DIFFERENCES {
            return;
        }
        let mut steps = Vec::new();
        let mut next = Some(path);
        while let Some(index) = next {
            let (before, step) = &self.steps[index];
            steps.push(step.clone());
            next = *before;
        }
        // Deep inside anonymous types only the ends of a path help anyone.
        if steps.len() > 16 {
            steps.drain(8..steps.len() - 8);
        }
        steps.reverse();
        let (expected_at, found_at) = at;
        self.out.differences.push(Difference { path: steps, change, expected, found, expected_at, found_at });
    }
}

fn params(function: &Function) -> Vec<Member<'_>> {
    function.params.iter().map(|p| Member { name: &p.name, ty: Some(p.ty), span: p.span }).collect()
}

fn member_text(resolve: &Resolve, member: &Member<'_>) -> String {
    match member.ty {
        Some(ty) => format!("{}: {}", member.name, text::ty(resolve, ty)),
        None => member.name.to_owned(),
    }
}

pub(crate) fn function_step(resolve: &Resolve, function: &Function) -> Step {
    let resource = |id: TypeId| resolve.types[id].name.clone().unwrap_or_default();
    let name = function.name.rsplit(['.', ']']).next().unwrap_or(&function.name).to_owned();
    match &function.kind {
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding | FunctionKind::Getter | FunctionKind::Setter => {
            Step::Function(name)
        }
        FunctionKind::Constructor(id) => Step::Constructor { resource: resource(*id) },
        FunctionKind::Method(id)
        | FunctionKind::AsyncMethod(id)
        | FunctionKind::MethodGetter(id)
        | FunctionKind::MethodSetter(id) => Step::Method { resource: resource(*id), name },
        FunctionKind::Static(id)
        | FunctionKind::AsyncStatic(id)
        | FunctionKind::StaticGetter(id)
        | FunctionKind::StaticSetter(id) => Step::Static { resource: resource(*id), name },
    }
}

/// What an alias stands for, or the type itself.
fn resolved(resolve: &Resolve, ty: Type) -> Type {
    let mut ty = ty;
    while let Type::Id(id) = ty
        && let TypeDefKind::Type(aliased) = resolve.types[id].kind
    {
        ty = aliased;
    }
    ty
}

/// The definition an alias stands for, or the type itself; that of a primitive is the last alias of it.
pub(crate) fn base(resolve: &Resolve, id: TypeId) -> TypeId {
    let mut id = id;
    while let TypeDefKind::Type(Type::Id(aliased)) = resolve.types[id].kind {
        id = aliased;
    }
    id
}

/// The type an interface or a world declares under a name.
fn declared(resolve: &Resolve, owner: TypeOwner, name: &str) -> Option<TypeId> {
    match owner {
        TypeOwner::Interface(id) => resolve.interfaces[id].types.get(name).copied(),
        TypeOwner::World(id) => {
            let world = &resolve.worlds[id];
            let key = WorldKey::Name(name.to_owned());
            match world.exports.get(&key).or_else(|| world.imports.get(&key)) {
                Some(WorldItem::Type { id, .. }) => Some(*id),
                _ => None,
            }
        }
        TypeOwner::None => None,
    }
}

fn owner_name(resolve: &Resolve, owner: TypeOwner) -> Option<String> {
    match owner {
        TypeOwner::Interface(id) => resolve.id_of(id),
        TypeOwner::World(_) | TypeOwner::None => None,
    }
}

/// A resource and where it comes from: `acme:shop/sessions.{session}`.
fn resource_text(resolve: &Resolve, id: TypeId) -> String {
    let def = &resolve.types[id];
    let name = def.name.as_deref().unwrap_or("resource");
    match owner_name(resolve, def.owner) {
        Some(owner) => format!("{owner}.{{{name}}}"),
        None => name.to_owned(),
    }
}

fn known(span: Span, otherwise: Span) -> Span {
    if span.is_known() { span } else { otherwise }
}
