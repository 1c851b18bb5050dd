//! What types are, by digest: two that are the same by structure have the same.
//!
//! As [`crate::compare`] has it: names of types do not count; names and order of fields, cases, flags and parameters do, and
//! whether a function is async. Resources have an identity, which no digest tells.

use std::collections::{BTreeMap, HashMap};

use blake3::{Hash, Hasher};
use wasmparser::{
    component_types::{
        ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentEntityType, ComponentFuncTypeId,
        ComponentItem, ComponentValType,
    },
    types::TypesRef,
};

use crate::compose::shape::Shape;

/// The types and functions of an interface by their names; `None` where there is a resource among them, or below.
pub(in crate::compose) fn structures(shape: &Shape, interface: &ComponentItem) -> Option<BTreeMap<String, Hash>> {
    let ComponentEntityType::Instance(id) = interface.ty else { return None };
    let mut structures = Structures { types: shape.types(), known: HashMap::new() };
    let items = &shape.types().get(id)?.exports;
    items.iter().map(|(name, item)| Some((name.clone(), structures.of(item.ty)?))).collect()
}

/// Types of one component.
struct Structures<'a> {
    types: TypesRef<'a>,
    known: HashMap<ComponentDefinedTypeId, Hash>,
}

impl Structures<'_> {
    /// Of a function or a type of values; `None` where there is a resource in it, and of all else.
    fn of(&mut self, entity: ComponentEntityType) -> Option<Hash> {
        match entity {
            ComponentEntityType::Func(id) => self.function(id),
            ComponentEntityType::Type { referenced: ComponentAnyTypeId::Defined(id), .. } => {
                Some(Said::new(b"type").part(self.defined(id)?).done())
            }
            _ => None,
        }
    }

    fn function(&mut self, id: ComponentFuncTypeId) -> Option<Hash> {
        let types = self.types;
        let function = &types[id];
        let mut said = Said::new(if function.async_ { b"async" } else { b"sync" });
        for (name, ty) in &function.params {
            said = said.name(name.as_str()).part(self.value(*ty)?);
        }
        Some(said.part(self.optional(function.result)?).done())
    }

    fn value(&mut self, ty: ComponentValType) -> Option<Hash> {
        match ty {
            ComponentValType::Primitive(ty) => Some(Said::new(b"primitive").name(&ty.to_string()).done()),
            ComponentValType::Type(id) => self.defined(id),
        }
    }

    fn optional(&mut self, ty: Option<ComponentValType>) -> Option<Hash> {
        ty.map_or_else(|| Some(Said::new(b"none").done()), |ty| self.value(ty))
    }

    fn defined(&mut self, id: ComponentDefinedTypeId) -> Option<Hash> {
        if let Some(known) = self.known.get(&id) {
            return Some(*known);
        }
        let types = self.types;
        let said = match &types[id] {
            ComponentDefinedType::Primitive(ty) => return self.value(ComponentValType::Primitive(*ty)),
            ComponentDefinedType::Record(record) => {
                let mut said = Said::new(b"record");
                for (name, ty) in &record.fields {
                    said = said.name(name.as_str()).part(self.value(*ty)?);
                }
                said
            }
            ComponentDefinedType::Variant(variant) => {
                let mut said = Said::new(b"variant");
                for (name, case) in &variant.cases {
                    said = said.name(name.as_str()).part(self.optional(case.ty)?);
                }
                said
            }
            ComponentDefinedType::List { element, .. } => Said::new(b"list").part(self.value(*element)?),
            ComponentDefinedType::Map { key, value, .. } => {
                Said::new(b"map").part(self.value(*key)?).part(self.value(*value)?)
            }
            ComponentDefinedType::FixedLengthList { element, length, .. } => {
                Said::new(b"fixed").name(&length.to_string()).part(self.value(*element)?)
            }
            ComponentDefinedType::Tuple(tuple) => {
                let mut said = Said::new(b"tuple");
                for ty in &tuple.types {
                    said = said.part(self.value(*ty)?);
                }
                said
            }
            ComponentDefinedType::Flags(names) => {
                names.iter().fold(Said::new(b"flags"), |said, name| said.name(name.as_str()))
            }
            ComponentDefinedType::Enum(names) => {
                names.iter().fold(Said::new(b"enum"), |said, name| said.name(name.as_str()))
            }
            ComponentDefinedType::Option { ty, .. } => Said::new(b"option").part(self.value(*ty)?),
            ComponentDefinedType::Result { ok, err, .. } => {
                Said::new(b"result").part(self.optional(*ok)?).part(self.optional(*err)?)
            }
            ComponentDefinedType::Future { ty, .. } => Said::new(b"future").part(self.optional(*ty)?),
            ComponentDefinedType::Stream { ty, .. } => Said::new(b"stream").part(self.optional(*ty)?),
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => return None,
        };
        let digest = said.done();
        self.known.insert(id, digest);
        Some(digest)
    }
}

/// What is said of a type: a word for what it is, then names and digests, which cannot be taken for each other.
struct Said(Hasher);

impl Said {
    fn new(what: &[u8]) -> Said {
        Said(Hasher::new()).bytes(what)
    }

    fn bytes(mut self, bytes: &[u8]) -> Said {
        self.0.update(&bytes.len().to_le_bytes()).update(bytes);
        self
    }

    fn name(self, name: &str) -> Said {
        self.bytes(name.as_bytes())
    }

    fn part(self, digest: Hash) -> Said {
        self.bytes(digest.as_bytes())
    }

    fn done(self) -> Hash {
        self.0.finalize()
    }
}
