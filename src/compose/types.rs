//! A component that provides nothing but the plain types of one interface.
//!
//! Parts whose interfaces share a package of types all import it, and nobody implements it, because there is nothing to
//! implement. Left open it would be an import of the app that no host can make sense of; so the app defines it itself.
//! Each part knows only the types it uses: the definition is the union of what they know, which the planner has found to
//! agree.
//!
//! 1. Every type that is reached from a part's copy is taken over, in the order of its arena, which is topological
//!    (`Resolve::types`): named ones once per interface, whoever has them first.
//! 2. A world exports the interface and imports those whose types it uses.
//! 3. wit-component encodes that world around an empty core module.

use std::collections::{BTreeSet, HashMap};

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{
    Docs, Interface, InterfaceId, Package, PackageId, PackageName, Resolve, Span, Stability, Type, TypeDef,
    TypeDefKind, TypeId, TypeOwner, World, WorldItem, WorldKey,
};

use crate::compare::Name;

/// Encodes the union of several copies of one interface, `name`, without functions and resources.
pub(super) fn component(name: &str, copies: &[(&Resolve, InterfaceId)]) -> Result<Vec<u8>, anyhow::Error> {
    let mut union = Union::default();
    for (resolve, interface) in copies {
        union.target(name, resolve, *interface)?;
        union.add(resolve, *interface)?;
    }
    let (resolve, world) = union.world(name)?;
    let mut module = wasm_encoder::Module::new().finish();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.validate(false).encode()
}

#[derive(Default)]
struct Union {
    resolve: Resolve,
    /// By the name of their semver track.
    packages: HashMap<String, PackageId>,
    interfaces: HashMap<String, InterfaceId>,
    types: HashMap<(InterfaceId, String), TypeId>,
}

impl Union {
    /// Makes the interface itself, in the version the planner chose.
    fn target(&mut self, name: &str, from: &Resolve, interface: InterfaceId) -> Result<(), anyhow::Error> {
        let key = Name::new(name).canonical();
        if !self.interfaces.contains_key(&key) {
            let package =
                from.interfaces[interface].package.ok_or_else(|| anyhow::anyhow!("`{name}` has no package"))?;
            let version = Name::new(name).semver();
            let package = self.package(PackageName { version, ..from.packages[package].name.clone() });
            self.new_interface(key, package, Name::new(name).interface());
        }
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

    fn add(&mut self, from: &Resolve, interface: InterfaceId) -> Result<(), anyhow::Error> {
        let mut reached = BTreeSet::new();
        let mut pending: Vec<TypeId> = from.interfaces[interface].types.values().copied().collect();
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
        Ok(())
    }

    /// A world that exports the interface and imports what that uses.
    fn world(mut self, name: &str) -> Result<(Resolve, wit_parser::WorldId), anyhow::Error> {
        let target = self.interfaces[&Name::new(name).canonical()];
        // Dependencies first; the arena's order alone would not do, a copy may add a dependency to an older interface.
        let mut imports = Vec::new();
        let mut pending = vec![(target, false)];
        while let Some((id, ready)) = pending.pop() {
            if imports.contains(&id) {
                continue;
            }
            if ready {
                imports.push(id);
                continue;
            }
            pending.push((id, true));
            pending.extend(self.resolve.interface_direct_deps(id).map(|dependency| (dependency, false)));
        }
        imports.pop();
        let item = |id| {
            let (stability, docs, span) = (Stability::Unknown, Docs::default(), Span::default());
            (WorldKey::Interface(id), WorldItem::Interface { id, stability, external_id: None, docs, span })
        };
        let package = self.package(PackageName { namespace: "mosaic".into(), name: "types".into(), version: None });
        let world = self.resolve.worlds.alloc(World {
            name: "types".to_owned(),
            imports: imports.into_iter().map(item).collect(),
            exports: [item(target)].into_iter().collect(),
            package: Some(package),
            docs: Docs::default(),
            stability: Stability::Unknown,
            includes: Vec::new(),
            span: Span::default(),
        });
        self.resolve.packages[package].worlds.insert("types".to_owned(), world);
        Ok((self.resolve, world))
    }
}

/// The types a type is made of.
fn parts_of(kind: &TypeDefKind) -> Vec<Option<TypeId>> {
    let id = |ty: &Type| match ty {
        Type::Id(id) => Some(*id),
        _ => None,
    };
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
        TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Unknown => Vec::new(),
    }
}

/// The same kind of type over the taken types.
fn renumbered(kind: &TypeDefKind, taken: &HashMap<TypeId, TypeId>) -> Result<TypeDefKind, anyhow::Error> {
    let map = |ty: &mut Type| -> Result<(), anyhow::Error> {
        if let Type::Id(id) = ty {
            *id = *taken.get(id).ok_or_else(|| anyhow::anyhow!("a type is used before it is defined"))?;
        }
        Ok(())
    };
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
        TypeDefKind::Flags(_) | TypeDefKind::Enum(_) => {}
        TypeDefKind::Resource | TypeDefKind::Handle(_) | TypeDefKind::Unknown => {
            anyhow::bail!("a {} is no plain type", kind.as_str());
        }
    }
    Ok(kind)
}
