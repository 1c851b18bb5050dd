//! Shapes that QuickJS as componentize-qjs 0.4 embeds it cannot carry, refused before anything is built.
//!
//! | rule | shape | what would happen |
//! |---|---|---|
//! | `javascript::borrow-in-export` | an export takes `borrow` of an imported resource | it traps whatever the code does: the handle is given back after the call has ended |
//! | `javascript::method-parameters` | a method of an exported resource has parameters | it traps whatever the code does: the last argument is taken for the object |
//! | `javascript::own-in-export` | an export takes `own` of a resource that the world exports | it traps or takes another object: the handle is taken for the index of the object |
//! | `javascript::u64-rounded` | `u64` or `s64` in a function | values above 2⁵³ would be rounded to a `number` |
//! | `javascript::same-name` | two exported interfaces of one name | both are looked up as the same export |
//! | `javascript::unsupported-type` | fixed-length lists, maps, getters and setters | the generator gives up |
//!
//! Functions of WASI that carry a `u64` are let through when the world imports them: sizes and times stay below 2⁵³.

use std::collections::HashMap;

use wit_parser::{FunctionKind, Handle, Resolve, Type, TypeDefKind, TypeOwner, WorldId, WorldItem};

use super::{Error, names};
use crate::build::shapes::{self, Direction, Place};

/// Everything in a world that cannot be carried.
pub fn refused(resolve: &Resolve, world: WorldId) -> Vec<Error> {
    let mut errors = same_names(resolve, world);
    for place in shapes::functions(resolve, world) {
        if place.direction == Direction::Export {
            if takes(resolve, world, &place, &|handle| matches!(handle, Passed::ImportedBorrow)) {
                errors.push(Error::BorrowInExport { place: place.name() });
            }
            if takes(resolve, world, &place, &|handle| matches!(handle, Passed::ExportedOwn)) {
                errors.push(Error::OwnInExport { place: place.name() });
            }
        }
        let is_method = matches!(place.function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_));
        if place.direction == Direction::Export && is_method && place.function.params.len() > 1 {
            errors.push(Error::MethodParameters { place: place.name() });
        }
        let is_wasi = place.interface.as_deref().is_some_and(|name| name.starts_with("wasi:"));
        if has(resolve, &place, &|ty, _| matches!(ty, Type::U64 | Type::S64))
            && !(is_wasi && place.direction == Direction::Import)
        {
            errors.push(Error::Rounded { place: place.name() });
        }
        let shapes: [(&'static str, fn(&TypeDefKind) -> bool); 2] = [
            ("list of fixed length", |kind| matches!(kind, TypeDefKind::FixedLengthList(..))),
            ("map", |kind| matches!(kind, TypeDefKind::Map(..))),
        ];
        for (shape, test) in shapes {
            if has(resolve, &place, &|_, kind| kind.is_some_and(test)) {
                errors.push(Error::Shape { place: place.name(), shape });
            }
        }
        if place.function.kind.accessor().is_some() {
            errors.push(Error::Shape { place: place.name(), shape: "getter or setter" });
        }
    }
    errors
}

fn has(resolve: &Resolve, place: &Place<'_>, test: &dyn Fn(Type, Option<&TypeDefKind>) -> bool) -> bool {
    place.function.parameter_and_result_types().any(|ty| shapes::any(resolve, ty, test))
}

/// A handle among the parameters of an export.
enum Passed {
    ImportedBorrow,
    ExportedOwn,
    Other,
}

fn takes(resolve: &Resolve, world: WorldId, place: &Place<'_>, test: &dyn Fn(Passed) -> bool) -> bool {
    let is_exported = |resource| match resolve.types[shapes::dealias(resolve, resource)].owner {
        TypeOwner::Interface(owner) => resolve.worlds[world]
            .exports
            .values()
            .any(|item| matches!(item, WorldItem::Interface { id, .. } if *id == owner)),
        TypeOwner::World(_) | TypeOwner::None => false,
    };
    let passed = |_: Type, kind: Option<&TypeDefKind>| match kind {
        Some(TypeDefKind::Handle(Handle::Borrow(resource))) if !is_exported(*resource) => test(Passed::ImportedBorrow),
        Some(TypeDefKind::Handle(Handle::Own(resource))) if is_exported(*resource) => test(Passed::ExportedOwn),
        _ => test(Passed::Other),
    };
    place.function.params.iter().any(|param| shapes::any(resolve, param.ty, &passed))
}

fn same_names(resolve: &Resolve, world: WorldId) -> Vec<Error> {
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut errors = Vec::new();
    for key in resolve.worlds[world].exports.iter().filter_map(|(key, item)| match item {
        WorldItem::Interface { .. } => Some(key),
        _ => None,
    }) {
        let (name, full) = (names::interface_name(resolve, key), resolve.name_world_key(key));
        if let Some(first) = seen.insert(name.clone(), full.clone()) {
            errors.push(Error::SameName { name, interfaces: [first, full] });
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        use crate::diagnostic::Diagnose;
        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", text).unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        refused(&resolve, world)
            .iter()
            .flat_map(Diagnose::problems)
            .map(|p| format!("{}: {}", p.code, p.message))
            .collect()
    }

    #[test]
    fn borrowed_imported_and_owned_exported_resources() {
        let codes = codes(
            "package a:b;
             interface i { resource r { m: func(); } }
             interface e { use i.{r}; resource mine-own { m: func(); } take: func(x: option<borrow<r>>) -> string; give: func(x: r); back: func(x: list<mine-own>); mine: func(x: borrow<mine-own>); }
             world w { import i; export e; }",
        );
        assert_eq!(codes.len(), 2, "{codes:?}");
        assert!(codes[0].starts_with("javascript::borrow-in-export: `a:b/e#take`"), "{codes:?}");
        assert!(codes[1].starts_with("javascript::own-in-export: `a:b/e#back`"), "{codes:?}");
    }

    #[test]
    fn methods_of_own_resources_have_no_parameters() {
        let codes = codes(
            "package a:b;
             interface i { resource r { m: func(x: u8); } }
             interface e { resource s { constructor(x: u8); m: func(x: u8); n: func() -> u8; o: static func(x: u8); } }
             world w { import i; export e; }",
        );
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert!(codes[0].starts_with("javascript::method-parameters: `a:b/e#[method]s.m`"), "{codes:?}");
    }

    #[test]
    fn wide_integers_anywhere_but_in_imports_of_wasi() {
        let codes = codes(
            "package a:b;
             interface i { record p { n: list<option<s64>> } f: func(x: p); g: func(x: u32); }
             world w { import i; import wasi:clocks/monotonic-clock@0.2.6; export run: func() -> u64; }
             package wasi:clocks@0.2.6 { interface monotonic-clock { now: func() -> u64; } }",
        );
        assert_eq!(codes.len(), 2, "{codes:?}");
        assert!(codes[0].starts_with("javascript::u64-rounded: `a:b/i#f`"), "{codes:?}");
        assert!(codes[1].starts_with("javascript::u64-rounded: `run`"), "{codes:?}");
    }

    #[test]
    fn namesakes_and_shapes() {
        let codes = codes(
            "package a:b;
             interface e { f: func(x: list<u8, 4>); }
             world w { export e; export c:d/e; }
             package c:d { interface e { f: func(); } }",
        );
        assert_eq!(codes.len(), 2, "{codes:?}");
        assert!(codes[0].starts_with("javascript::same-name"), "{codes:?}");
        assert!(codes[1].starts_with("javascript::unsupported-type"), "{codes:?}");
    }
}
