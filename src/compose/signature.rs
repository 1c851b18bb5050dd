//! What is kept of a component once it has been looked at: what it asks for and gives, written down.
//!
//! A [`Shape`] is as large as all types that validation met, those of core modules too. What others need to know of a
//! component is its type, and of that most need the names alone; so the type is written as bytes, and is read again
//! where it is needed.

use indexmap::IndexMap;
use wasm_encoder::{ComponentExportKind, ComponentExternName, ComponentType};

use super::{
    encode::{self, Unsupported},
    shape::Shape,
    validate,
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
pub(super) struct Written {
    /// To stand for it in another component.
    pub ty: ComponentType,
    /// As a component that has nothing but this type.
    pub alone: Vec<u8>,
}

impl Signature {
    pub fn of(shape: &Shape) -> Signature {
        let ports = |names: &IndexMap<String, String>, item: &dyn Fn(&str) -> Option<Port>| {
            names.keys().filter_map(|name| Some((name.clone(), item(name)?))).collect()
        };
        let port = |item: &wasmparser::component_types::ComponentItem| Port {
            sort: encode::sort(&item.ty),
            implements: item.full_implements().map(|name| name.into_owned()),
            external_id: item.external_id.clone(),
        };
        Signature {
            imports: ports(&shape.imports, &|name| shape.import(name).map(port)),
            exports: ports(&shape.exports, &|name| shape.export(name).map(port)),
            written: encode::written(shape),
        }
    }

    /// The type; fails where it is newer than what encodes.
    pub fn written(&self) -> Result<&Written, Unsupported> {
        self.written.as_ref().map_err(Clone::clone)
    }

    /// The types once more.
    pub fn shape(&self) -> Result<Shape, Unsupported> {
        // It was made from types that are valid.
        validate::again(&self.written()?.alone).map_err(|error| Unsupported(error.to_string()))
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
