//! What a world is called in Python, and what its implementation must therefore define.
//!
//! The rules are those of componentize-py's binding generator (`src/summary.rs` of 0.25): an exported interface is a
//! class named like it in `UpperCamelCase`, instantiated without arguments from the entry module; its functions are
//! methods in `snake_case`; the world's own functions are methods of `WitWorld`; an exported resource is a class of the
//! module named like its interface; a Python keyword gets a trailing `_`.

use heck::{ToSnakeCase, ToUpperCamelCase};
use indexmap::IndexMap;
use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey,
};

use crate::build::shapes;

/// The module generated for the world: what user code imports.
pub const WORLD_MODULE: &str = "wit_world";

/// A class that the user's code must define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub home: Home,
    /// `Inference`.
    pub name: String,
    /// What it inherits from: `exports.Inference`.
    pub base: String,
    /// What it stands for in WIT, as told to people: ``interface `acme:shop/inference@0.1.0` ``.
    pub stands_for: String,
    pub methods: Vec<Method>,
}

/// Where a class must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// An attribute of the entry module.
    Entry,
    /// A resource: an attribute of this top-level module, named after the interface.
    Module(String),
}

/// A method that the user's class must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    pub name: String,
    pub kind: Kind,
    pub is_async: bool,
    /// Names and types, without `self` or `cls`.
    pub params: Vec<(String, String)>,
    pub result: String,
}

/// How a method is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `__init__`.
    Constructor,
    Instance,
    Static,
}

impl Method {
    /// As the user would write it: `def classify(self, text: str) -> Score`.
    pub fn signature(&self) -> String {
        let first = if self.kind == Kind::Static { "cls" } else { "self" };
        let params = self.params.iter().map(|(name, ty)| format!("{name}: {ty}"));
        let params: Vec<_> = std::iter::once(first.to_owned()).chain(params).collect();
        let word = if self.is_async { "async def" } else { "def" };
        format!("{word} {}({}) -> {}", self.name, params.join(", "), self.result)
    }
}

/// The classes a world asks for, in the order of the WIT.
pub fn classes(resolve: &Resolve, world: WorldId) -> Vec<Class> {
    let names = export_names(resolve, world);
    let mut classes = Vec::new();
    let mut own = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => classes.extend(interface(resolve, key, *id, &names[key])),
            WorldItem::Function(function) => own.push(method(resolve, function)),
            WorldItem::Type { .. } => {}
        }
    }
    if !own.is_empty() {
        let name = WORLD_MODULE.to_upper_camel_case();
        classes.push(Class {
            home: Home::Entry,
            base: format!("{WORLD_MODULE}.{name}"),
            name,
            stands_for: format!("world `{}`", resolve.worlds[world].name),
            methods: own,
        });
    }
    classes
}

fn interface(resolve: &Resolve, key: &WorldKey, id: InterfaceId, name: &str) -> Vec<Class> {
    let full = resolve.name_world_key(key);
    let module = escaped(name.to_snake_case());
    let mut classes = Vec::new();
    let functions = resolve.interfaces[id].functions.values();
    let free: Vec<_> = functions.clone().filter(|f| f.kind.resource().is_none()).map(|f| method(resolve, f)).collect();
    if !free.is_empty() {
        let class = escaped(name.to_upper_camel_case());
        classes.push(Class {
            home: Home::Entry,
            base: format!("exports.{class}"),
            name: class,
            stands_for: format!("interface `{full}`"),
            methods: free,
        });
    }
    for (name, ty) in &resolve.interfaces[id].types {
        if !matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
            continue;
        }
        let class = escaped(name.to_upper_camel_case());
        let methods = functions.clone().filter(|f| f.kind.resource() == Some(*ty)).map(|f| method(resolve, f));
        classes.push(Class {
            home: Home::Module(module.clone()),
            base: format!("exports.{module}.{class}"),
            name: class,
            stands_for: format!("resource `{name}` of `{full}`"),
            methods: methods.collect(),
        });
    }
    classes
}

fn method(resolve: &Resolve, function: &Function) -> Method {
    let (kind, skip) = match function.kind {
        FunctionKind::Constructor(_) => (Kind::Constructor, 0),
        FunctionKind::Static(_)
        | FunctionKind::AsyncStatic(_)
        | FunctionKind::StaticGetter(_)
        | FunctionKind::StaticSetter(_) => (Kind::Static, 0),
        FunctionKind::Method(_)
        | FunctionKind::AsyncMethod(_)
        | FunctionKind::MethodGetter(_)
        | FunctionKind::MethodSetter(_) => (Kind::Instance, 1),
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding | FunctionKind::Getter | FunctionKind::Setter => {
            (Kind::Instance, 0)
        }
    };
    let param = |p: &wit_parser::Param| (escaped(p.name.to_snake_case()), type_name(resolve, p.ty));
    let result = match (kind, function.result) {
        (Kind::Constructor, _) | (_, None) => "None".to_owned(),
        (_, Some(ty)) => match result_of(resolve, ty) {
            Some(ok) => ok.map_or("None".to_owned(), |ok| type_name(resolve, ok)),
            None => type_name(resolve, ty),
        },
    };
    Method {
        name: match kind {
            Kind::Constructor => "__init__".to_owned(),
            _ => escaped(function.item_name().to_snake_case()),
        },
        kind,
        is_async: function.kind.is_async(),
        params: function.params.iter().skip(skip).map(param).collect(),
        result,
    }
}

/// The ok type of a result that a function returns directly: its error is raised, not returned.
fn result_of(resolve: &Resolve, ty: Type) -> Option<Option<Type>> {
    match ty {
        Type::Id(id) => match &resolve.types[id].kind {
            TypeDefKind::Result(result) => Some(result.ok),
            _ => None,
        },
        _ => None,
    }
}

/// A type as its annotation, without the module it comes from.
pub fn type_name(resolve: &Resolve, ty: Type) -> String {
    let name = |ty: &Type| type_name(resolve, *ty);
    let or_none = |ty: &Option<Type>| ty.as_ref().map_or("None".to_owned(), name);
    let id = match ty {
        Type::Bool => return "bool".into(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::S8 | Type::S16 | Type::S32 | Type::S64 => {
            return "int".into();
        }
        Type::ErrorContext => return "int".into(),
        Type::F32 | Type::F64 => return "float".into(),
        Type::Char | Type::String => return "str".into(),
        Type::Id(id) => id,
    };
    let definition = &resolve.types[id];
    match &definition.kind {
        TypeDefKind::Option(some) if is_option(resolve, *some) => format!("Optional[Some[{}]]", name(some)),
        TypeDefKind::Option(some) => format!("Optional[{}]", name(some)),
        TypeDefKind::Result(result) => format!("Result[{}, {}]", or_none(&result.ok), or_none(&result.err)),
        TypeDefKind::List(Type::U8 | Type::S8) => "bytes".into(),
        TypeDefKind::List(item) | TypeDefKind::FixedLengthList(item, _) => format!("List[{}]", name(item)),
        TypeDefKind::Map(key, value) => format!("Dict[{}, {}]", name(key), name(value)),
        TypeDefKind::Tuple(tuple) => format!("Tuple[{}]", tuple.types.iter().map(name).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) => class_name(resolve, *resource),
        TypeDefKind::Type(alias) => name(alias),
        TypeDefKind::Stream(Some(Type::U8 | Type::S8)) => "ByteStreamReader".into(),
        TypeDefKind::Stream(item) => format!("StreamReader[{}]", or_none(item)),
        TypeDefKind::Future(item) => format!("FutureReader[{}]", or_none(item)),
        TypeDefKind::Record(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Resource
        | TypeDefKind::Unknown => class_name(resolve, id),
    }
}

fn class_name(resolve: &Resolve, id: TypeId) -> String {
    let name = resolve.types[shapes::dealias(resolve, id)].name.as_deref().unwrap_or("Any");
    escaped(name.to_upper_camel_case())
}

fn is_option(resolve: &Resolve, ty: Type) -> bool {
    matches!(ty, Type::Id(id) if matches!(resolve.types[shapes::dealias(resolve, id)].kind, TypeDefKind::Option(_)))
}

/// What each exported interface is called, in kebab-case: its own name where that is the only one, else with its
/// package, else with its version as well.
pub fn export_names(resolve: &Resolve, world: WorldId) -> IndexMap<WorldKey, String> {
    type Known<'a> = (&'a str, Option<(&'a str, &'a str)>, Option<String>);
    let mut interfaces: Vec<(WorldKey, Known<'_>)> = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        let WorldItem::Interface { .. } = item else { continue };
        let known = match key {
            WorldKey::Name(name) => (name.as_str(), None, None),
            WorldKey::Interface(id) => {
                let interface = &resolve.interfaces[*id];
                let package = interface.package.map(|id| &resolve.packages[id].name);
                (
                    interface.name.as_deref().unwrap_or_default(),
                    package.map(|p| (p.namespace.as_str(), p.name.as_str())),
                    package.and_then(|p| p.version.as_ref()).map(|v| v.to_string().replace('.', "-")),
                )
            }
        };
        interfaces.push((key.clone(), known));
    }
    let name = |(name, package, version): &Known<'_>| {
        let Some((namespace, package_name)) = package else { return (*name).to_owned() };
        let namesakes = || interfaces.iter().map(|(_, known)| known).filter(|(other, ..)| other == name);
        match version {
            Some(version) if namesakes().filter(|(_, other, _)| other == package).count() > 1 => {
                format!("{namespace}-{package_name}-{name}-{version}")
            }
            _ if namesakes().any(|(_, other, _)| other != package) => format!("{namespace}-{package_name}-{name}"),
            _ => (*name).to_owned(),
        }
    };
    interfaces.iter().map(|(key, known)| (key.clone(), name(known))).collect()
}

/// `class` → `class_`.
fn escaped(name: String) -> String {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    if KEYWORDS.contains(&name.as_str()) { name + "_" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(text: &str) -> (Resolve, WorldId) {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", text).unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        (resolve, world)
    }

    #[test]
    fn classes_methods_and_resources() {
        let (resolve, world) = world(
            "package acme:shop@0.1.0;
             interface risk-model {
               record score { value: f64 }
               resource session { constructor(seed: u32); next: func() -> u64; open: static func(name: string) -> session; }
               classify: func(text: string, %from: option<option<u8>>) -> result<score, string>;
               raw: func(b: list<u8>, s: borrow<session>);
             }
             world w { export risk-model; export run: async func(); }",
        );
        let classes = classes(&resolve, world);
        let told: Vec<_> = classes
            .iter()
            .flat_map(|c| {
                c.methods.iter().map(move |m| format!("{:?} {}({}): {}", c.home, c.name, c.base, m.signature()))
            })
            .collect();
        assert_eq!(
            told,
            [
                "Entry RiskModel(exports.RiskModel): def classify(self, text: str, from_: Optional[Some[Optional[int]]]) -> Score",
                "Entry RiskModel(exports.RiskModel): def raw(self, b: bytes, s: Session) -> None",
                "Module(\"risk_model\") Session(exports.risk_model.Session): def __init__(self, seed: int) -> None",
                "Module(\"risk_model\") Session(exports.risk_model.Session): def next(self) -> int",
                "Module(\"risk_model\") Session(exports.risk_model.Session): def open(cls, name: str) -> Session",
                "Entry WitWorld(wit_world.WitWorld): async def run(self) -> None",
            ]
        );
    }

    #[test]
    fn namesakes_are_told_apart_by_package_and_version() {
        let (resolve, world) = world(
            "package acme:shop@0.1.0;
             interface auth { a: func(); }
             interface only { a: func(); }
             world w { export auth; export only; export other:shop/auth@1.0.0; export other:shop/auth@2.0.0; }
             package other:shop@1.0.0 { interface auth { a: func(); } }
             package other:shop@2.0.0 { interface auth { a: func(); } }",
        );
        let names: Vec<_> = classes(&resolve, world).into_iter().map(|class| class.name).collect();
        assert_eq!(names, ["AcmeShopAuth", "Only", "OtherShopAuth100", "OtherShopAuth200"]);
    }
}
