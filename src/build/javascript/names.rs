//! What a world is called in JavaScript, and what its implementation must therefore export.
//!
//! The rules are those of componentize-qjs 0.4 (README and `codegen.rs`): the entry module exports one object a WIT
//! interface, named like it in `lowerCamelCase` without package and version, with one function a WIT function in
//! `lowerCamelCase` and one class a resource in `UpperCamelCase`; the world's own functions are exported directly.

use heck::{ToLowerCamelCase, ToUpperCamelCase};
use wit_parser::{Function, FunctionKind, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

use super::types;
use crate::build::shapes;

/// One export of the entry module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    pub name: String,
    /// What it stands for in WIT, as told to people: ``interface `acme:shop/render@0.1.0` ``.
    pub stands_for: String,
    pub item: Item,
}

/// What an export or a member of an interface's object must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Function(Signature),
    /// An object with these members.
    Interface(Vec<(String, Item)>),
    Class {
        /// `None`: the world never constructs it.
        constructor: Option<Signature>,
        methods: Vec<(String, Signature)>,
        statics: Vec<(String, Signature)>,
    },
}

/// A function as TypeScript writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// `(view: View): string`.
    pub text: String,
    pub is_async: bool,
}

impl Item {
    /// A skeleton of it, as the user would write it.
    pub fn skeleton(&self, name: &str, indent: &str) -> String {
        match self {
            Item::Function(signature) => format!("{indent}{} {{ … }}", signature.written(name)),
            Item::Interface(members) => {
                let inner = format!("{indent}  ");
                let members: Vec<_> = members.iter().map(|(name, item)| item.member(name, &inner)).collect();
                format!("{indent}{name} = {{\n{}\n{indent}}}", members.join("\n"))
            }
            Item::Class { constructor, methods, statics } => {
                let constructor = constructor.iter().map(|s| format!("{indent}  {} {{ … }}", s.written("constructor")));
                let methods = methods.iter().map(|(name, s)| format!("{indent}  {} {{ … }}", s.written(name)));
                let statics = statics.iter().map(|(name, s)| format!("{indent}  static {} {{ … }}", s.written(name)));
                let members: Vec<_> = constructor.chain(methods).chain(statics).collect();
                format!("{indent}class {name} {{\n{}\n{indent}}}", members.join("\n"))
            }
        }
    }

    fn member(&self, name: &str, indent: &str) -> String {
        match self {
            Item::Class { .. } => format!("{indent}{name}: {},", self.skeleton(name, indent).trim_start()),
            Item::Function(_) | Item::Interface(_) => format!("{},", self.skeleton(name, indent)),
        }
    }
}

impl Signature {
    fn of(resolve: &Resolve, function: &Function) -> Signature {
        let is_method = matches!(
            function.kind,
            FunctionKind::Method(_)
                | FunctionKind::AsyncMethod(_)
                | FunctionKind::MethodGetter(_)
                | FunctionKind::MethodSetter(_)
        );
        let params = function.params.iter().skip(usize::from(is_method));
        let params = params.map(|p| format!("{}: {}", types::parameter(&p.name), types::inline(resolve, p.ty)));
        let result = match function.kind {
            FunctionKind::Constructor(_) => String::new(),
            _ => format!(": {}", types::returned(resolve, function)),
        };
        Signature {
            text: format!("({}){result}", params.collect::<Vec<_>>().join(", ")),
            is_async: function.kind.is_async(),
        }
    }

    fn written(&self, name: &str) -> String {
        let word = if self.is_async { "async " } else { "" };
        format!("{word}{name}{}", self.text)
    }
}

/// The exports a world asks for, in the order of the WIT.
pub fn exports(resolve: &Resolve, world: WorldId) -> Vec<Export> {
    let mut exports = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => {
                let members = interface(resolve, *id);
                if !members.is_empty() {
                    let full = resolve.name_world_key(key);
                    exports.push(Export {
                        name: interface_name(resolve, key),
                        stands_for: format!("interface `{full}`"),
                        item: Item::Interface(members),
                    });
                }
            }
            WorldItem::Function(function) => exports.push(Export {
                name: function.name.to_lower_camel_case(),
                stands_for: format!("function `{}` of world `{}`", function.name, resolve.worlds[world].name),
                item: Item::Function(Signature::of(resolve, function)),
            }),
            WorldItem::Type { .. } => {}
        }
    }
    exports
}

/// `acme:shop/risk-model@0.1.0` → `riskModel`.
pub fn interface_name(resolve: &Resolve, key: &WorldKey) -> String {
    match key {
        WorldKey::Name(name) => name.to_lower_camel_case(),
        WorldKey::Interface(id) => resolve.interfaces[*id].name.as_deref().unwrap_or_default().to_lower_camel_case(),
    }
}

fn interface(resolve: &Resolve, id: wit_parser::InterfaceId) -> Vec<(String, Item)> {
    let interface = &resolve.interfaces[id];
    let mut members = Vec::new();
    for function in interface.functions.values().filter(|f| f.kind.resource().is_none()) {
        members.push((function.name.to_lower_camel_case(), Item::Function(Signature::of(resolve, function))));
    }
    for (name, ty) in &interface.types {
        if !matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
            continue;
        }
        let (mut constructor, mut methods, mut statics) = (None, Vec::new(), Vec::new());
        for function in
            interface.functions.values().filter(|f| f.kind.resource() == Some(shapes::dealias(resolve, *ty)))
        {
            let signature = Signature::of(resolve, function);
            match function.kind {
                FunctionKind::Constructor(_) => constructor = Some(signature),
                FunctionKind::Static(_)
                | FunctionKind::AsyncStatic(_)
                | FunctionKind::StaticGetter(_)
                | FunctionKind::StaticSetter(_) => {
                    statics.push((function.item_name().to_lower_camel_case(), signature));
                }
                _ => methods.push((function.item_name().to_lower_camel_case(), signature)),
            }
        }
        members.push((name.to_upper_camel_case(), Item::Class { constructor, methods, statics }));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_functions_and_classes() {
        let mut resolve = Resolve::default();
        let package = resolve
            .push_str(
                "test.wit",
                "package acme:shop@0.1.0;
                 interface risk-model {
                   record score { value: f64, no-reason: option<string> }
                   resource session { constructor(seed: u32); next-one: func() -> option<u8>; open: static func(n: string) -> session; }
                   classify: func(text: string, default: list<u8>) -> result<score, string>;
                 }
                 world w { export risk-model; export run-it: async func(); }",
            )
            .unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        let told: Vec<_> = exports(&resolve, world).iter().map(|e| e.item.skeleton(&e.name, "")).collect();
        assert_eq!(
            told,
            [
                "async runIt(): Promise<void> { … }",
                "riskModel = {\n  classify(text: string, default_: Uint8Array): Score { … },\n  Session: class Session {\n    \
                 constructor(seed: number) { … }\n    nextOne(): number | null { … }\n    \
                 static open(n: string): Session { … }\n  },\n}",
            ]
        );
    }
}
