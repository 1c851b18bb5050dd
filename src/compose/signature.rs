//! What is kept of a component once it has been looked at: what it asks for and gives, written down.
//!
//! A [`Shape`] is as large as all types that validation met, those of core modules too. What others need to know of a
//! component is its type, and of that most need the names alone; so the type is written as bytes, and is read again
//! where it is needed. Where every import and export is an interface by itself, each is kept once for all components that
//! have it ([`Interfaces`]), and tells the planner enough of the component ([`Signature::outline`]).

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use blake3::Hash;
use indexmap::IndexMap;
use wasm_encoder::{ComponentExportKind, ComponentExternName, ComponentType, Encode, InstanceType};

use super::{
    encode::{self, Unsupported},
    shape::Shape,
    validate,
};
use crate::{
    language::Language,
    plan::{Outline, SelfContained},
};

#[derive(Debug)]
pub(super) struct Signature {
    /// In the component's order, by their full names.
    pub imports: IndexMap<String, Port>,
    pub exports: IndexMap<String, Port>,
    written: Result<Written, Unsupported>,
}

/// An import or an export.
#[derive(Debug)]
pub(super) struct Port {
    /// What it is, where it can be given to a component.
    pub sort: Option<ComponentExportKind>,
    implements: Option<String>,
    external_id: Option<String>,
}

/// The type of a component.
#[derive(Debug)]
pub(super) enum Written {
    Whole {
        /// To stand for it in another component.
        ty: ComponentType,
        /// As a component that has nothing but this type.
        alone: Vec<u8>,
    },
    /// Interfaces that have nothing to do with each other: those of the imports, then those of the exports.
    Apart(Vec<Arc<Interface>>),
}

/// An interface that has no resource and uses no type of another.
#[derive(Debug)]
pub(super) struct Interface {
    pub ty: InstanceType,
    /// Of the type as it is written.
    pub digest: Hash,
    outline: SelfContained,
}

/// Interfaces that components have in common, by their digests.
#[derive(Debug, Default)]
pub(super) struct Interfaces(Mutex<HashMap<Hash, Arc<Interface>>>);

impl Interfaces {
    fn keep(&self, ty: InstanceType, outline: impl FnOnce() -> Option<SelfContained>) -> Option<Arc<Interface>> {
        let mut bytes = Vec::new();
        ty.encode(&mut bytes);
        let digest = blake3::hash(&bytes);
        // Whoever panicked has left it whole.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(interface) = known.get(&digest) {
            return Some(Arc::clone(interface));
        }
        let interface = Arc::new(Interface { ty, digest, outline: outline()? });
        known.insert(digest, Arc::clone(&interface));
        Some(interface)
    }
}

impl Signature {
    pub fn of(shape: &Shape, interfaces: &Interfaces) -> Signature {
        let ports = |names: &IndexMap<String, String>, item: &dyn Fn(&str) -> Option<Port>| {
            names.keys().filter_map(|name| Some((name.clone(), item(name)?))).collect()
        };
        let port = |item: &wasmparser::component_types::ComponentItem| Port {
            sort: encode::sort(&item.ty),
            implements: item.full_implements().map(|name| name.into_owned()),
            external_id: item.external_id.clone(),
        };
        let mut signature = Signature {
            imports: ports(&shape.imports, &|name| shape.import(name).map(port)),
            exports: ports(&shape.exports, &|name| shape.export(name).map(port)),
            written: Ok(Written::Apart(Vec::new())),
        };
        signature.written = match signature.apart(shape, interfaces) {
            Some(apart) => Ok(Written::Apart(apart)),
            None => encode::written(shape),
        };
        signature
    }

    /// Its interfaces, where they are all there is to know: each under its own full name, self-contained, and the same
    /// where it is imported and exported.
    fn apart(&self, shape: &Shape, interfaces: &Interfaces) -> Option<Vec<Arc<Interface>>> {
        let mut ports = self.imports.iter().chain(&self.exports);
        if !ports.all(|(name, port)| name.contains('/') && port.implements.is_none() && port.external_id.is_none()) {
            return None;
        }
        let known = encode::self_contained(shape)?.into_iter().zip(shape.items()).map(|(known, (_, item))| {
            let outline = || Some(SelfContained { is_plain: known.is_plain, items: encode::structures(shape, item)? });
            interfaces.keep(known.ty, outline)
        });
        let apart: Vec<_> = known.collect::<Option<_>>()?;
        let (imports, exports) = apart.split_at(self.imports.len());
        let is_same = |(name, export): (&String, &Arc<Interface>)| {
            self.imports.get_index_of(name).is_none_or(|index| imports[index].outline == export.outline)
        };
        self.exports.keys().zip(exports).all(is_same).then_some(apart)
    }

    /// Whether its interfaces are all there is to know.
    pub fn is_apart(&self) -> bool {
        matches!(self.written, Ok(Written::Apart(_)))
    }

    /// What the planner needs to know, where that is no more than names and interfaces.
    pub fn outline<'a>(&'a self, name: &'a str, language: Option<Language>) -> Option<Outline<'a>> {
        let Ok(Written::Apart(apart)) = &self.written else { return None };
        let mut outlines = apart.iter().map(|interface| &interface.outline);
        let mut ports = |ports: &'a IndexMap<String, Port>| {
            ports.keys().map(String::as_str).zip(outlines.by_ref()).collect::<Vec<_>>()
        };
        Some(Outline { name, language, imports: ports(&self.imports), exports: ports(&self.exports) })
    }

    /// The type; fails where it is newer than what encodes.
    pub fn written(&self) -> Result<&Written, Unsupported> {
        self.written.as_ref().map_err(Clone::clone)
    }

    /// The type as a component that has nothing else.
    pub fn alone(&self) -> Result<Cow<'_, [u8]>, Unsupported> {
        Ok(match self.written()? {
            Written::Whole { alone, .. } => Cow::Borrowed(alone),
            Written::Apart(apart) => Cow::Owned(encode::alone(self, apart)),
        })
    }

    /// Of all that is known of the types; `None` where they are newer than what encodes.
    pub fn digest(&self) -> Option<Hash> {
        let apart = match self.written.as_ref().ok()? {
            Written::Whole { alone, .. } => return Some(blake3::hash(alone)),
            Written::Apart(apart) => apart,
        };
        let mut digest = blake3::Hasher::new();
        digest.update(&self.imports.len().to_le_bytes());
        for (name, interface) in self.imports.keys().chain(self.exports.keys()).zip(apart) {
            // No name has a space.
            digest.update(name.as_bytes()).update(b" ").update(interface.digest.as_bytes());
        }
        Some(digest.finalize())
    }

    /// The types once more.
    pub fn shape(&self) -> Result<Shape, Unsupported> {
        // It was made from types that are valid.
        validate::again(&self.alone()?).map_err(|error| Unsupported(error.to_string()))
    }
}

impl Port {
    /// Its full name, with what else it is called.
    pub fn external<'a>(&'a self, name: &'a str) -> ComponentExternName<'a> {
        ComponentExternName {
            name: name.into(),
            implements: self.implements.as_deref().map(Into::into),
            version_suffix: None,
            external_id: self.external_id.as_deref().map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{fixture::outline, tests::shop};
    use crate::compose::fixture::built;

    #[test]
    fn an_outline_is_of_interfaces_that_have_nothing_to_do_with_each_other() {
        let has_outline = |wit: &str| outline(&built("part", wit)).is_some();
        let of = |world: &str| {
            has_outline(&format!(
                "package a:b@1.0.0;
                interface plain {{ record r {{ x: u8 }} f: func(r: r) -> list<r>; }}
                interface uses {{ use plain.{{r}}; f: func(r: r); }}
                interface handles {{ resource s; f: func() -> s; }}
                world part {{ {world} }}"
            ))
        };
        assert!(of("import plain;"));
        assert!(of("import plain; export plain;"));
        assert!(!of("import uses;"));
        assert!(!of("export uses;"));
        assert!(!of("import handles;"));
        assert!(!of("import f: func();"));
        assert!(!of("export i: interface { f: func(); }"));
        assert!(!of("import hot: plain;"));
        let many = (0..60).map(|n| format!("record r{n} {{ x: u8 }} get{n}: func(r: r{n});")).collect::<String>();
        assert!(!has_outline(&format!("package a:b; interface many {{ {many} }} world part {{ export many; }}")));
        assert!(!has_outline(&shop("import login; import prices; export front;")));
    }
}
