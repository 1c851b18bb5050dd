//! Shapes that QuickJS cannot carry, mended as it is (`mend.wat`), refused before anything is built.
//!
//! | rule | shape | what would happen |
//! |---|---|---|
//! | `javascript::borrow-in-export` | an async export takes `borrow` of an imported resource | it traps: the handle is given back after the call has ended |
//! | `javascript::u64-rounded` | `u64` or `s64` in a stream or future | values above 2⁵³ would be rounded to a `number` |
//! | `javascript::same-name` | two exported names that are one in JavaScript | both are looked up as the same export |
//! | `javascript::unsupported-type` | fixed-length lists, maps, getters and setters | the generator gives up |

use std::collections::HashMap;

use heck::ToLowerCamelCase;
use wit_parser::{Handle, Resolve, Type, TypeDefKind, TypeOwner, WorldId, WorldItem};

use super::{Error, bridge, names};
use crate::build::shapes::{self, Direction, Place};

/// Everything in a world that cannot be carried.
pub fn refused(resolve: &Resolve, world: WorldId) -> Vec<Error> {
    let mut errors = same_names(resolve, world);
    for place in shapes::functions(resolve, world) {
        let is_async = place.function.kind.is_async();
        if place.direction == Direction::Export && is_async && takes_imported_borrow(resolve, world, &place) {
            errors.push(Error::BorrowInExport { place: place.name() });
        }
        let is_wide = |ty: Type, _: Option<&TypeDefKind>| matches!(ty, Type::U64 | Type::S64);
        let has_wide_items = |_: Type, kind: Option<&TypeDefKind>| match kind {
            Some(TypeDefKind::Stream(Some(item)) | TypeDefKind::Future(Some(item))) => {
                shapes::any(resolve, *item, &is_wide)
            }
            _ => false,
        };
        if has(resolve, &place, &has_wide_items) {
            errors.push(Error::Rounded { place: place.name() });
        }
        let is_fixed = |_: Type, kind: Option<&TypeDefKind>| matches!(kind, Some(TypeDefKind::FixedLengthList(..)));
        if has(resolve, &place, &is_fixed) {
            errors.push(Error::Shape { place: place.name(), shape: "list of fixed length" });
        }
        if has(resolve, &place, &|_, kind| matches!(kind, Some(TypeDefKind::Map(..)))) {
            errors.push(Error::Shape { place: place.name(), shape: "map" });
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

fn takes_imported_borrow(resolve: &Resolve, world: WorldId, place: &Place<'_>) -> bool {
    let is_exported = |resource| match resolve.types[shapes::dealias(resolve, resource)].owner {
        TypeOwner::Interface(owner) => resolve.worlds[world]
            .exports
            .values()
            .any(|item| matches!(item, WorldItem::Interface { id, .. } if *id == owner)),
        TypeOwner::World(_) | TypeOwner::None => false,
    };
    let is_borrow = |_: Type, kind: Option<&TypeDefKind>| match kind {
        Some(TypeDefKind::Handle(Handle::Borrow(resource))) => !is_exported(*resource),
        _ => false,
    };
    place.function.params.iter().any(|param| shapes::any(resolve, param.ty, &is_borrow))
}

fn same_names(resolve: &Resolve, world: WorldId) -> Vec<Error> {
    let mut errors = Vec::new();
    let mut top = Names::default();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => {
                let full = resolve.name_world_key(key);
                errors.extend(top.add(names::interface_name(resolve, key), full.clone()));
                let mut members = Names::default();
                for function in resolve.interfaces[*id].functions.values() {
                    let name = bridge::name(function);
                    errors.extend(members.add(name, format!("{full}#{}", function.name)));
                }
            }
            WorldItem::Function(function) => {
                errors.extend(top.add(function.name.to_lower_camel_case(), function.name.clone()));
            }
            WorldItem::Type { .. } => {}
        }
    }
    errors
}

/// Names in JavaScript, and what each is in WIT.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn add(&mut self, name: String, of: String) -> Option<Error> {
        let first = self.0.insert(name.clone(), of.clone())?;
        Some(Error::SameName { name, both: [first, of] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose;

    fn codes(text: &str) -> Vec<String> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", text).unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        let problems = refused(&resolve, world).iter().flat_map(Diagnose::problems).collect::<Vec<_>>();
        problems.iter().map(|p| format!("{}: {}", p.code, p.message)).collect()
    }

    #[test]
    fn borrow_of_an_imported_resource_in_an_async_export() {
        let codes = codes(
            "package a:b;
             interface i { resource r { m: func(); } }
             interface e {
               use i.{r};
               resource mine-own { m: func(); }
               take: async func(x: option<borrow<r>>) -> string;
               calm: func(x: borrow<r>) -> string;
               give: async func(x: r);
               mine: async func(x: borrow<mine-own>);
             }
             world w { import i; export e; }",
        );
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert!(codes[0].starts_with("javascript::borrow-in-export: `a:b/e#take`"), "{codes:?}");
    }

    #[test]
    fn wide_integers_in_streams() {
        let codes = codes(
            "package a:b;
             interface i { record p { n: list<option<s64>> } f: func(x: p) -> u64; g: async func(x: stream<p>); }
             world w { import i; }",
        );
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert!(codes[0].starts_with("javascript::u64-rounded: `a:b/i#g`"), "{codes:?}");
    }

    #[test]
    fn namesakes_and_shapes() {
        let codes = codes(
            "package a:b;
             interface e { f: func(x: list<u8, 4>); resource r { add: func(); } method-r-add: func(); }
             world w { export e; export c:d/e; }
             package c:d { interface e { f: func(); } }",
        );
        assert_eq!(codes.len(), 3, "{codes:?}");
        assert_eq!(
            codes[0],
            "javascript::same-name: `a:b/e#[method]r.add` and `a:b/e#method-r-add` would both be export `methodRAdd`"
        );
        assert_eq!(codes[1], "javascript::same-name: `a:b/e` and `c:d/e` would both be export `e`");
        assert!(codes[2].starts_with("javascript::unsupported-type"), "{codes:?}");
    }
}
