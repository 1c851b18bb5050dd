//! Interfaces put together from what several parts know of them.
//!
//! A component knows of an interface only what it uses. Where one instance stands before several components, it must
//! offer what all of them know, which the planner has found to agree.
//!
//! 1. Every type that is reached from a part's copy is taken over, in the order of its arena, which is topological
//!    (`Resolve::types`): named ones once per interface, whoever has them first. Functions likewise.
//! 2. A world exports the interfaces asked for and imports those whose types they use.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexSet;
use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, Package, PackageId, PackageName, Resolve, Span,
    Stability, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World, WorldId, WorldItem, WorldKey,
};

use crate::compare::Name;

/// Interfaces in the making.
#[derive(Default)]
pub(super) struct Union {
    resolve: Resolve,
    /// The interfaces to export.
    targets: IndexSet<InterfaceId>,
    /// By the name of their semver track.
    packages: HashMap<String, PackageId>,
    interfaces: HashMap<String, InterfaceId>,
    types: HashMap<(InterfaceId, String), TypeId>,
}

impl Union {
    /// Makes an interface to export, in the version the planner chose, unless it is there.
    pub(super) fn target(&mut self, name: &str, from: &Resolve, interface: InterfaceId) -> Result<(), anyhow::Error> {
        let key = Name::new(name).canonical();
        let known = match self.interfaces.get(&key) {
            Some(known) => *known,
            None => {
                let package =
                    from.interfaces[interface].package.ok_or_else(|| anyhow::anyhow!("`{name}` has no package"))?;
                let version = Name::new(name).semver();
                let package = self.package(PackageName { version, ..from.packages[package].name.clone() });
                self.new_interface(key, package, Name::new(name).interface())
            }
        };
        self.targets.insert(known);
        Ok(())
    }

    fn package(&mut self, name: PackageName) -> PackageId {
        let key = Name::new(&name.to_string()).canonical();
        if let Some(id) = self.packages.get(&key) {
            return *id;
        }
        let id = self.resolve.packages.alloc(Package {
            name: name.clone(),
            docs: Docs::default(),
            interfaces: Default::default(),
            worlds: Default::default(),
        });
        self.resolve.package_names.insert(name, id);
        self.packages.insert(key, id);
        id
    }

    fn new_interface(&mut self, key: String, package: PackageId, name: &str) -> InterfaceId {
        let id = self.resolve.interfaces.alloc(Interface {
            name: Some(name.to_owned()),
            types: Default::default(),
            functions: Default::default(),
            docs: Docs::default(),
            stability: Stability::Unknown,
            package: Some(package),
            span: Span::default(),
            clone_of: None,
        });
        self.resolve.packages[package].interfaces.insert(name.to_owned(), id);
        self.interfaces.insert(key, id);
        id
    }

    /// The counterpart of an interface of a part.
    fn interface(&mut self, from: &Resolve, interface: InterfaceId) -> Result<InterfaceId, anyhow::Error> {
        let name = from.id_of(interface).ok_or_else(|| anyhow::anyhow!("an interface without a name has types"))?;
        let key = Name::new(&name).canonical();
        if let Some(id) = self.interfaces.get(&key) {
            return Ok(*id);
        }
        let package = from.interfaces[interface].package.ok_or_else(|| anyhow::anyhow!("`{name}` has no package"))?;
        let package = self.package(from.packages[package].name.clone());
        Ok(self.new_interface(key, package, Name::new(&name).interface()))
    }

    /// Adds what one copy of an interface knows. All targets must be made before.
    pub(super) fn add(&mut self, from: &Resolve, interface: InterfaceId) -> Result<(), anyhow::Error> {
        let mut reached = BTreeSet::new();
        let copy = &from.interfaces[interface];
        let mut pending: Vec<TypeId> = copy.types.values().copied().collect();
        for function in copy.functions.values() {
            let types = function.params.iter().map(|param| &param.ty).chain(&function.result);
            pending.extend(types.filter_map(type_id));
        }
        while let Some(id) = pending.pop() {
            if reached.insert(id) {
                pending.extend(parts_of(&from.types[id].kind).into_iter().flatten());
            }
        }
        let mut taken: HashMap<TypeId, TypeId> = HashMap::new();
        for id in reached {
            let def = &from.types[id];
            let owner = match def.owner {
                TypeOwner::Interface(owner) => Some(self.interface(from, owner)?),
                TypeOwner::World(_) | TypeOwner::None => None,
            };
            let key = owner.zip(def.name.clone());
            if let Some(known) = key.as_ref().and_then(|key| self.types.get(key)) {
                taken.insert(id, *known);
                continue;
            }
            let copy = self.resolve.types.alloc(TypeDef {
                name: def.name.clone(),
                kind: renumbered(&def.kind, &taken)?,
                owner: owner.map_or(TypeOwner::None, TypeOwner::Interface),
                docs: Docs::default(),
                stability: Stability::Unknown,
                span: Span::default(),
                external_id: None,
            });
            taken.insert(id, copy);
            if let Some((owner, name)) = key {
                self.resolve.interfaces[owner].types.insert(name.clone(), copy);
                self.types.insert((owner, name), copy);
            }
        }
        let target = self.interface(from, interface)?;
        for (name, function) in &copy.functions {
            if !self.resolve.interfaces[target].functions.contains_key(name) {
                let function = retyped(function, &taken)?;
                self.resolve.interfaces[target].functions.insert(name.clone(), function);
            }
        }
        Ok(())
    }

    /// A world that exports the targets and imports what they use.
    pub(super) fn world(mut self) -> Result<(Resolve, WorldId), anyhow::Error> {
        // Dependencies first; the arena's order alone would not do, a copy may add a dependency to an older interface.
        let mut sorted: IndexSet<InterfaceId> = IndexSet::new();
        let mut pending: Vec<_> = self.targets.iter().rev().map(|target| (*target, false)).collect();
        while let Some((id, ready)) = pending.pop() {
            if sorted.contains(&id) {
                continue;
            }
            if ready {
                sorted.insert(id);
                continue;
            }
            pending.push((id, true));
            pending.extend(self.resolve.interface_direct_deps(id).map(|dependency| (dependency, false)));
        }
        let (exports, imports): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|id| self.targets.contains(id));
        for &import in &imports {
            if let Some(target) = self.resolve.interface_direct_deps(import).find(|id| self.targets.contains(id)) {
                let name = |id| self.resolve.id_of(id).unwrap_or_default();
                anyhow::bail!(
                    "`{}` uses types of `{}`, which is not had from the same place",
                    name(import),
                    name(target)
                );
            }
        }
        let item = |id| {
            let (stability, docs, span) = (Stability::Unknown, Docs::default(), Span::default());
            (WorldKey::Interface(id), WorldItem::Interface { id, stability, external_id: None, docs, span })
        };
        let package = self.package(PackageName { namespace: "mosaic".into(), name: "union".into(), version: None });
        let world = self.resolve.worlds.alloc(World {
            name: "union".to_owned(),
            imports: imports.into_iter().map(item).collect(),
            exports: exports.into_iter().map(item).collect(),
            package: Some(package),
            docs: Docs::default(),
            stability: Stability::Unknown,
            includes: Vec::new(),
            span: Span::default(),
        });
        self.resolve.packages[package].worlds.insert("union".to_owned(), world);
        Ok((self.resolve, world))
    }
}

fn type_id(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Id(id) => Some(*id),
        _ => None,
    }
}

/// The types a type is made of.
fn parts_of(kind: &TypeDefKind) -> Vec<Option<TypeId>> {
    let id = type_id;
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| id(&field.ty)).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.ty.as_ref().and_then(id)).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.iter().map(id).collect(),
        TypeDefKind::Result(result) => [&result.ok, &result.err].map(|ty| ty.as_ref().and_then(id)).to_vec(),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => vec![id(ty)],
        TypeDefKind::Map(key, value) => vec![id(key), id(value)],
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => vec![ty.as_ref().and_then(id)],
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => vec![Some(*id)],
        TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Resource | TypeDefKind::Unknown => Vec::new(),
    }
}

/// The same type over the taken types.
fn retake(ty: &mut Type, taken: &HashMap<TypeId, TypeId>) -> Result<(), anyhow::Error> {
    if let Type::Id(id) = ty {
        *id = retaken(*id, taken)?;
    }
    Ok(())
}

fn retaken(id: TypeId, taken: &HashMap<TypeId, TypeId>) -> Result<TypeId, anyhow::Error> {
    taken.get(&id).copied().ok_or_else(|| anyhow::anyhow!("a type is used before it is defined"))
}

/// The same kind of type over the taken types.
fn renumbered(kind: &TypeDefKind, taken: &HashMap<TypeId, TypeId>) -> Result<TypeDefKind, anyhow::Error> {
    let map = |ty: &mut Type| retake(ty, taken);
    let mut kind = kind.clone();
    match &mut kind {
        TypeDefKind::Record(record) => record.fields.iter_mut().try_for_each(|field| map(&mut field.ty))?,
        TypeDefKind::Variant(variant) => {
            variant.cases.iter_mut().filter_map(|case| case.ty.as_mut()).try_for_each(map)?;
        }
        TypeDefKind::Tuple(tuple) => tuple.types.iter_mut().try_for_each(map)?,
        TypeDefKind::Result(result) => result.ok.iter_mut().chain(&mut result.err).try_for_each(map)?,
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => map(ty)?,
        TypeDefKind::Map(key, value) => [key, value].into_iter().try_for_each(map)?,
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter_mut().try_for_each(map)?,
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => *id = retaken(*id, taken)?,
        TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Resource => {}
        TypeDefKind::Unknown => anyhow::bail!("a type is unknown"),
    }
    Ok(kind)
}

/// The same function over the taken types.
fn retyped(function: &Function, taken: &HashMap<TypeId, TypeId>) -> Result<Function, anyhow::Error> {
    let mut function = Function { docs: Docs::default(), span: Span::default(), ..function.clone() };
    for param in &mut function.params {
        param.span = Span::default();
        retake(&mut param.ty, taken)?;
    }
    function.result.iter_mut().try_for_each(|ty| retake(ty, taken))?;
    match &mut function.kind {
        FunctionKind::Method(id)
        | FunctionKind::AsyncMethod(id)
        | FunctionKind::Static(id)
        | FunctionKind::AsyncStatic(id)
        | FunctionKind::Constructor(id)
        | FunctionKind::MethodGetter(id)
        | FunctionKind::MethodSetter(id)
        | FunctionKind::StaticGetter(id)
        | FunctionKind::StaticSetter(id) => *id = retaken(*id, taken)?,
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding | FunctionKind::Getter | FunctionKind::Setter => {}
    }
    Ok(function)
}
