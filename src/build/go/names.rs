//! How WIT names become Go names. Types and functions keep the names that the generator gives them; packages have
//! two: the generator's flat one (`acme_shop_auth`, the alias inside generated code) and the one a user imports
//! (`mosaic.local/<component>/acme/shop/auth`, package `auth`).

use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};
use wit_parser::{Function, FunctionKind, Handle, Type, TypeDefKind, TypeId, WorldKey};

use super::world::World;

/// A generated Go package that holds the types and imports of one interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    /// The generator's name.
    pub flat: String,
    /// Folder below the module: `acme/shop/auth`.
    pub folder: String,
    /// The package clause: `auth`.
    pub name: String,
}

/// The module that holds the bindings of a component.
pub(super) fn module(component: &str) -> String {
    format!("mosaic.local/{component}")
}

/// The package of an interface; `None`: of the world itself.
pub(super) fn package(world: &World, key: Option<&WorldKey>) -> Package {
    let (flat, folder, name) = match key {
        None => ("wit_world".to_owned(), "world".to_owned(), "world"),
        Some(WorldKey::Name(name)) => (name.to_snake_case(), format!("world/{}", element(name)), name.as_str()),
        Some(WorldKey::Interface(id)) => {
            let interface = &world.resolve.interfaces[*id];
            let package =
                &world.resolve.packages[interface.package.expect("an interface of a world has a package")].name;
            let name = interface.name.as_deref().expect("an interface that is referred to by id has a name");
            let several = world.resolve.packages.iter().any(|(_, other)| {
                let other = &other.name;
                other.namespace == package.namespace && other.name == package.name && other.version != package.version
            });
            let version = package.version.as_ref().filter(|_| several);
            let version = version.map(|version| version.to_string().replace(['.', '-', '+'], "_"));
            let flat = [Some(package.namespace.to_snake_case()), Some(package.name.to_snake_case()), version.clone()]
                .into_iter()
                .chain([Some(name.to_snake_case())])
                .flatten()
                .collect::<Vec<_>>()
                .join("_");
            let folder = [Some(element(&package.namespace)), Some(element(&package.name))]
                .into_iter()
                .chain([version.map(|version| format!("v{version}")), Some(element(name))])
                .flatten()
                .collect::<Vec<_>>()
                .join("/");
            (flat, folder, name)
        }
    };
    Package { flat: keyword(flat), folder, name: element(name) }
}

/// One element of an import path, and a package clause: `incoming-handler` → `incominghandler`.
pub(super) fn element(name: &str) -> String {
    let name = name.to_snake_case().replace('_', "");
    match name.as_str() {
        // Go gives these folders and packages a meaning of their own.
        "internal" | "vendor" | "testdata" | "main" => format!("{name}_"),
        _ => keyword(name),
    }
}

/// As the generator escapes what Go reserves.
fn keyword(name: String) -> String {
    const KEYWORDS: [&str; 25] = [
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ];
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// A parameter's name.
pub(super) fn parameter(name: &str) -> String {
    keyword(name.to_lower_camel_case())
}

/// The exported name of a type, a field, a case or a function.
pub(super) fn exported(name: &str) -> String {
    name.to_upper_camel_case()
}

/// The name of a type that has one.
pub(super) fn type_name(world: &World, id: TypeId) -> String {
    exported(world.resolve.types[id].name.as_deref().unwrap_or_default())
}

/// What a function is in Go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Functions, static functions: a function of this name.
    Function(String),
    /// The generator says `Make<T>`; users write and see `New<T>`.
    Constructor(String),
    /// A method on the pointer to a type.
    Method { resource: String, name: String },
}

/// The Go form of a function; `None` for a kind the generator has no form for.
pub(super) fn form(world: &World, function: &Function) -> Option<Form> {
    let name = exported(function.item_name());
    match function.kind {
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => Some(Form::Function(name)),
        FunctionKind::Static(id) | FunctionKind::AsyncStatic(id) => {
            Some(Form::Function(format!("{}{name}", type_name(world, id))))
        }
        FunctionKind::Constructor(id) => Some(Form::Constructor(type_name(world, id))),
        FunctionKind::Method(id) | FunctionKind::AsyncMethod(id) => {
            let reserved = matches!(name.as_str(), "TakeHandle" | "SetHandle" | "Handle" | "Drop" | "OnDrop");
            let name = if reserved { format!("{name}_") } else { name };
            Some(Form::Method { resource: type_name(world, id), name })
        }
        _ => None,
    }
}

/// Writes Go types. What a type is called from where it is written, `qualify` decides: given the id of a named type
/// (aliases removed), it answers the prefix (`auth.` or nothing).
pub(super) fn go_type(world: &World, ty: Type, wit: &str, qualify: &mut dyn FnMut(TypeId) -> String) -> String {
    let id = match world.plain(ty) {
        Type::Bool => return "bool".into(),
        Type::U8 => return "uint8".into(),
        Type::S8 => return "int8".into(),
        Type::U16 => return "uint16".into(),
        Type::S16 => return "int16".into(),
        Type::U32 => return "uint32".into(),
        Type::S32 => return "int32".into(),
        Type::U64 => return "uint64".into(),
        Type::S64 => return "int64".into(),
        Type::F32 => return "float32".into(),
        Type::F64 => return "float64".into(),
        Type::Char => return "rune".into(),
        Type::String => return "string".into(),
        Type::ErrorContext => return format!("{wit}.ErrorContext"),
        Type::Id(id) => id,
    };
    let mut of = |ty: Type| go_type(world, ty, wit, qualify);
    match &world.resolve.types[id].kind {
        TypeDefKind::Handle(Handle::Own(ty) | Handle::Borrow(ty)) => format!("*{}", of(Type::Id(*ty))),
        TypeDefKind::Option(ty) => format!("{wit}.Option[{}]", of(*ty)),
        TypeDefKind::List(ty) => format!("[]{}", of(*ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("[{length}]{}", of(*ty)),
        TypeDefKind::Map(key, value) => format!("map[{}]{}", of(*key), of(*value)),
        TypeDefKind::Result(result) => {
            let mut side = |ty: Option<Type>| ty.map_or_else(|| format!("{wit}.Unit"), &mut of);
            let ok = side(result.ok);
            format!("{wit}.Result[{ok}, {}]", side(result.err))
        }
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|ty| of(*ty)).collect();
            format!("{wit}.Tuple{}[{}]", types.len(), types.join(", "))
        }
        TypeDefKind::Future(_) | TypeDefKind::Stream(_) | TypeDefKind::Type(_) | TypeDefKind::Unknown => {
            unreachable!("shapes without a form in Go are refused before anything is written")
        }
        TypeDefKind::Record(_)
        | TypeDefKind::Resource
        | TypeDefKind::Flags(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Enum(_) => format!("{}{}", qualify(id), type_name(world, id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_import_paths_avoid_what_go_gives_a_meaning() {
        assert_eq!(element("incoming-handler"), "incominghandler");
        assert_eq!(element("internal"), "internal_");
        assert_eq!(element("type"), "type_");
    }

    #[test]
    fn versions_appear_in_paths_only_where_two_of_them_meet() {
        let text =
            "package a:app; world w { import b:lib/thing@1.0.0; import b:lib/thing@2.0.0; import c:lib/x@1.0.0; }
            package b:lib@1.0.0 { interface thing { f: func(); } }
            package b:lib@2.0.0 { interface thing { f: func(); } }
            package c:lib@1.0.0 { interface x { f: func(); } }";
        let world = World::parse(text, "a:app/w").unwrap();
        let interfaces = world.interfaces(super::super::world::Way::Import);
        let packages: Vec<_> = interfaces.iter().map(|i| package(&world, i.key)).collect();
        let folders: Vec<_> = packages.iter().map(|p| p.folder.as_str()).collect();
        assert_eq!(folders, ["b/lib/v1_0_0/thing", "b/lib/v2_0_0/thing", "c/lib/x"]);
        assert_eq!(packages[0].flat, "b_lib_1_0_0_thing");
        assert_eq!(packages[2].flat, "c_lib_x");
    }
}
