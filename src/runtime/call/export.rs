//! What can be called, and by which names.
//!
//! A function `check` of the interface `acme:shop/auth@1.0.0` is `check`, `auth.check`, `acme:shop/auth.check` or
//! `acme:shop/auth@1.0.0.check` (with `#` for the dot as well), whichever tells it from the others. A resource's
//! constructor is called as the resource, its methods as `counter.bump` with the handle as first argument, or as
//! `c.bump` where `c` is kept.

use wasmtime::{
    Store,
    component::{
        Component, ComponentExportIndex, Func, Instance, Val,
        types::{ComponentFunc, ComponentItem, Type},
    },
};

use crate::{diagnostic::closest, runtime::state::Guest};

use super::{
    error::CallError,
    types::{Resources, signature},
    value::Kept,
};

/// A function, as it can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The interface it belongs to, with its version; `None`: the component's own.
    pub interface: Option<String>,
    /// `check`, `counter.bump`.
    pub name: String,
    /// `auth.check(token: string) -> bool`.
    pub signature: String,
}

/// The exports of an instance.
pub(super) struct Exports {
    functions: Vec<Function>,
    pub resources: Resources,
}

struct Function {
    interface: Option<String>,
    name: String,
    func: Func,
    ty: ComponentFunc,
}

/// A function that was found.
pub(super) struct Callee {
    /// `auth.check`.
    pub path: String,
    pub func: Func,
    pub ty: ComponentFunc,
    pub signature: String,
}

impl Exports {
    pub fn of(store: &mut Store<Guest>, instance: &Instance, component: &Component) -> Exports {
        let engine = component.engine().clone();
        let ty = component.component_type();
        let mut found: Vec<(Option<String>, String, ComponentExportIndex)> = Vec::new();
        for (name, export) in ty.exports(&engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => {
                    found.extend(component.get_export_index(None, name).map(|index| (None, name.to_owned(), index)));
                }
                ComponentItem::ComponentInstance(interface) => {
                    let Some(of) = component.get_export_index(None, name) else { continue };
                    for (function, export) in interface.exports(&engine) {
                        if matches!(export.ty, ComponentItem::ComponentFunc(_)) {
                            let index = component.get_export_index(Some(&of), function);
                            found.extend(index.map(|index| (Some(name.to_owned()), function.to_owned(), index)));
                        }
                    }
                }
                _ => {}
            }
        }
        let mut resources = Resources::new();
        let mut functions = Vec::new();
        for (interface, raw, index) in found {
            let Some(func) = instance.get_func(&mut *store, index) else { continue };
            let ty = func.ty(&*store);
            if let Some(resource) = raw.strip_prefix("[constructor]") {
                resources.extend(ty.results().find_map(|ty| owned(&ty)).map(|ty| (ty, resource.to_owned())));
            } else if let Some((resource, _)) = raw.strip_prefix("[method]").and_then(|it| it.split_once('.')) {
                resources.extend(ty.params().next().and_then(|(_, ty)| owned(&ty)).map(|ty| (ty, resource.to_owned())));
            }
            let name = raw.split_once(']').map_or(raw.as_str(), |(_, name)| name).to_owned();
            functions.push(Function { interface, name, func, ty });
        }
        Exports { functions, resources }
    }

    /// All of them, for people to read.
    pub fn told(&self) -> Vec<Export> {
        let told = |function: &Function| Export {
            interface: function.interface.clone(),
            name: function.name.clone(),
            signature: self.signature(function),
        };
        self.functions.iter().map(told).collect()
    }

    fn signature(&self, function: &Function) -> String {
        format!("{}{}", function.path(), signature(&function.ty, &self.resources))
    }

    /// The function a name means; and the handle it is called on, where the name says one.
    pub fn find(&self, name: &str, kept: &Kept) -> Result<(Callee, Option<Val>), CallError> {
        if let Some((receiver, method)) = name.split_once('.')
            && let Some(Val::Resource(handle)) = kept.get(receiver)
        {
            let mut methods = self.functions.iter().filter(|function| {
                let first = function.ty.params().next().and_then(|(_, ty)| owned(&ty));
                function.name.rsplit_once('.').is_some_and(|(_, name)| name == method) && first == Some(handle.ty())
            });
            let function = methods.next().ok_or_else(|| self.unknown(name))?;
            return Ok((self.callee(function), Some(Val::Resource(*handle))));
        }
        let meant: Vec<&Function> = self.functions.iter().filter(|function| function.is_called(name)).collect();
        match meant.as_slice() {
            [function] => Ok((self.callee(function), None)),
            [] => Err(self.unknown(name)),
            several => Err(CallError::Ambiguous {
                name: name.to_owned(),
                candidates: several.iter().map(|function| function.full()).collect(),
            }),
        }
    }

    fn callee(&self, function: &Function) -> Callee {
        Callee {
            path: function.path(),
            func: function.func,
            ty: function.ty.clone(),
            signature: self.signature(function),
        }
    }

    fn unknown(&self, name: &str) -> CallError {
        let names: Vec<String> = self.functions.iter().flat_map(|it| [it.path(), it.name.clone()]).collect();
        CallError::Unknown {
            name: name.to_owned(),
            near: closest(name, names.iter().map(String::as_str)).map(str::to_owned),
            known: self.functions.iter().map(|function| self.signature(function)).collect(),
        }
    }
}

impl Function {
    /// Short and unlike most others: `auth.check`.
    fn path(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{}.{}", short(interface), self.name),
            None => self.name.clone(),
        }
    }

    fn full(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}.{}", self.name),
            None => self.name.clone(),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        let Some(interface) = &self.interface else { return self.name == name };
        let unversioned = interface.split_once('@').map_or(interface.as_str(), |(name, _)| name);
        self.name == name
            || [interface.as_str(), unversioned, short(interface)].into_iter().any(|of| {
                let rest = name.strip_prefix(of).and_then(|rest| rest.strip_prefix(['.', '#']));
                rest.is_some_and(|rest| rest == self.name)
            })
    }
}

/// `auth` of `acme:shop/auth@1.0.0`.
fn short(interface: &str) -> &str {
    let name = interface.split_once('@').map_or(interface, |(name, _)| name);
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}

/// The resource a handle is of.
fn owned(ty: &Type) -> Option<wasmtime::component::ResourceType> {
    match ty {
        Type::Own(resource) | Type::Borrow(resource) => Some(*resource),
        Type::Result(result) => result.ok().and_then(|ty| owned(&ty)),
        _ => None,
    }
}
