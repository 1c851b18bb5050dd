//! Shapes of WIT that cannot be carried, found before anything is generated or compiled.
//!
//! The generator panics on some, the Go linker crashes on others (`runtime.wasiOnIdle` exists only in patched Go).

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind};

use super::{
    error::{Error, Rule},
    names,
    sources::Layout,
    world::{self, Way, World},
};

/// All shapes that cannot be carried, function by function.
pub(super) fn check(world: &World, layout: Layout) -> Vec<Error> {
    let mut errors = Vec::new();
    for way in [Way::Import, Way::Export] {
        for interface in world.interfaces(way) {
            for function in &interface.functions {
                let mut broken: Vec<Rule> =
                    RULES.into_iter().filter(|(_, holds)| holds(world, function)).map(|(rule, _)| rule).collect();
                if way == Way::Export && layout == Layout::Ordinary && hides_exported_resource(world, function) {
                    broken.push(Rule::ExportedResourceInType);
                }
                errors.extend(broken.into_iter().map(|rule| Error::Shape {
                    rule,
                    interface: interface.label.clone(),
                    function: function.name.clone(),
                }));
            }
        }
    }
    errors
}

type Holds = fn(&World, &Function) -> bool;

const RULES: [(Rule, Holds); 5] = [
    (Rule::Async, |world, function| {
        function.kind.is_async()
            || uses(world, function, |kind| matches!(kind, TypeDefKind::Future(_) | TypeDefKind::Stream(_)))
    }),
    (Rule::FixedLengthList, |world, function| {
        uses(world, function, |kind| matches!(kind, TypeDefKind::FixedLengthList(..)))
    }),
    (Rule::ErrorContext, |world, function| {
        world::types(function).any(|ty| world::any(&world.resolve, ty, &|ty| matches!(ty, Type::ErrorContext)))
    }),
    (Rule::LargeTuple, |world, function| {
        uses(world, function, |kind| matches!(kind, TypeDefKind::Tuple(tuple) if tuple.types.len() > 16))
    }),
    (Rule::Accessor, |world, function| names::form(world, function).is_none()),
];

fn uses(world: &World, function: &Function, found: fn(&TypeDefKind) -> bool) -> bool {
    world::types(function).any(|ty| world::any(&world.resolve, ty, &|ty| is(&world.resolve, ty, found)))
}

fn is(resolve: &Resolve, ty: &Type, found: fn(&TypeDefKind) -> bool) -> bool {
    matches!(ty, Type::Id(id) if found(&resolve.types[*id].kind))
}

/// Handles of resources that this component implements are turned into the user's values, which is done for a handle,
/// an option or a list of handles, and either side of a result; not inside other types.
fn hides_exported_resource(world: &World, function: &Function) -> bool {
    let sides = world::types(function).flat_map(|ty| match world.plain(ty) {
        Type::Id(id) => match &world.resolve.types[id].kind {
            TypeDefKind::Result(result) if function.result == Some(ty) => result.ok.iter().copied().collect(),
            _ => vec![ty],
        },
        _ => vec![ty],
    });
    let err = function.result.and_then(|ty| match world.plain(ty) {
        Type::Id(id) => match &world.resolve.types[id].kind {
            TypeDefKind::Result(result) => result.err,
            _ => None,
        },
        _ => None,
    });
    sides.into_iter().any(|ty| touches(world, ty) && !is_direct(world, ty)) || err.is_some_and(|ty| touches(world, ty))
}

/// Whether a type holds a handle of a resource that this component implements.
pub(super) fn touches(world: &World, ty: Type) -> bool {
    world::any(&world.resolve, ty, &|ty| match ty {
        Type::Id(id) => matches!(world.resolve.types[*id].kind, TypeDefKind::Resource) && world.exports_resource(*id),
        _ => false,
    })
}

/// A handle, or an option or list of directly such.
fn is_direct(world: &World, ty: Type) -> bool {
    let Type::Id(id) = world.plain(ty) else { return false };
    match world.resolve.types[id].kind {
        TypeDefKind::Handle(Handle::Own(_) | Handle::Borrow(_)) => true,
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) => is_direct(world, ty),
        _ => false,
    }
}
