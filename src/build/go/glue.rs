//! What stands between generated exports and the user's ordinary functions.
//!
//! Each export first assigns the user's function to a variable of the type it must have, on a line of its own: if the
//! function is missing or different, the compiler complains about that line, and the line tells which export it is.
//!
//! A resource that this component implements is the user's own type `T` (made by `func NewT`, methods on `*T`, and
//! `OnDrop()` if it wants to know of its end). Generated code deals in a type of the same name that holds the user's:
//! `Value_` lends it, `Take_` takes it out and ends the handle, `Wrap_T` makes a handle of one.

use std::{collections::BTreeMap, path::Path};

use wit_parser::{Function, Handle, Type, TypeDefKind, TypeId};

use super::{
    bindings,
    error::{Error, Expected},
    failures::{self, Failure},
    file::File,
    generate::Texts,
    names::{self, Form, Package},
    shapes::touches,
    signature::{Signature, several},
    sources::{self, Implementation},
    world::{Interface, Way, World},
};

/// The glue of a whole world.
#[derive(Debug, Default)]
pub(super) struct Glue {
    pub texts: Texts,
    /// By file (below the module) and line: what the user is to have there.
    pub lines: BTreeMap<(String, usize), Expected>,
    /// What is certainly missing, told without a compiler.
    pub missing: Vec<Expected>,
}

/// Everything one interface's glue is written from.
struct Context<'a> {
    world: &'a World,
    module: &'a str,
    package: Package,
    implementation: Implementation,
    /// What implements each exported interface, by the generator's package name.
    implementations: &'a BTreeMap<String, (Package, Implementation)>,
}

/// Writes the glue between `world` and the sources in `source`.
pub(super) fn glue(world: &World, module: &str, source: &Path) -> Result<Glue, Vec<Error>> {
    let interfaces = world.interfaces(Way::Export);
    let mut implementations = BTreeMap::new();
    let mut errors = Vec::new();
    for interface in &interfaces {
        let package = names::package(world, interface.key);
        if needs_no_code(world, interface) {
            continue;
        }
        let signatures = || shown(world, interface).into_iter().map(|(_, signature)| signature).collect();
        match sources::implementation(world, interface.key, &interface.label, source, signatures) {
            Ok(implementation) => {
                implementations.insert(package.flat.clone(), (package, implementation));
            }
            Err(error) => errors.push(error),
        }
    }
    errors.extend(clashes(world, &interfaces, &implementations));
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut glue = Glue::default();
    for interface in &interfaces {
        if let Some((package, implementation)) = implementations.get(&names::package(world, interface.key).flat) {
            let context = Context {
                world,
                module,
                package: package.clone(),
                implementation: implementation.clone(),
                implementations: &implementations,
            };
            context.write(interface, source, &mut glue);
        }
    }
    Ok(glue)
}

/// Interfaces of types alone are exported by being declared.
fn needs_no_code(world: &World, interface: &Interface<'_>) -> bool {
    interface.functions.is_empty() && resources(world, interface).is_empty()
}

fn resources(world: &World, interface: &Interface<'_>) -> Vec<TypeId> {
    let types = interface.id.map(|id| &world.resolve.interfaces[id].types);
    let is_resource = |id: &TypeId| matches!(world.resolve.types[*id].kind, TypeDefKind::Resource);
    types.into_iter().flat_map(|types| types.values().copied()).filter(is_resource).collect()
}

/// Two interfaces cannot share a package if they ask for the same name.
fn clashes(
    world: &World,
    interfaces: &[Interface<'_>],
    implementations: &BTreeMap<String, (Package, Implementation)>,
) -> Vec<Error> {
    let mut seen: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut errors = Vec::new();
    for interface in interfaces {
        let package = names::package(world, interface.key);
        let Some((_, implementation)) = implementations.get(&package.flat) else { continue };
        let functions = interface.functions.iter().filter_map(|function| match names::form(world, function)? {
            Form::Function(name) => Some(name),
            Form::Constructor(_) | Form::Method { .. } => None,
        });
        let types = resources(world, interface).into_iter().map(|id| names::type_name(world, id));
        for name in functions.chain(types) {
            if let Some(first) = seen.insert((&implementation.path, name.clone()), &interface.label) {
                errors.push(Error::Clash {
                    package: implementation.name.clone(),
                    name,
                    first: first.to_owned(),
                    second: interface.label.clone(),
                    element: package.name.clone(),
                });
            }
        }
    }
    errors
}

/// What users write for each function of an interface, in words of packages they import.
fn shown<'a>(world: &World, interface: &Interface<'a>) -> Vec<(&'a Function, String)> {
    let signature = |function: &&'a Function| {
        let form = names::form(world, function)?;
        let mut qualify = |id| match touches(world, Type::Id(id)) && world.owner(id).as_ref() == interface.key {
            true => String::new(),
            false => format!("{}.", names::package(world, world.owner(id).as_ref()).name),
        };
        let signature = Signature::of(world, function, &form, "wit", &mut qualify);
        let name = match &form {
            Form::Function(name) => name.clone(),
            Form::Constructor(name) => format!("New{name}"),
            Form::Method { resource, name } => {
                let receiver = resource.chars().take(1).flat_map(char::to_lowercase).collect::<String>();
                format!("({receiver} *{resource}) {name}")
            }
        };
        Some((*function, format!("func {name}({}){}", signature.params(), signature.results())))
    };
    interface.functions.iter().filter_map(signature).collect()
}

impl Context<'_> {
    fn write(&self, interface: &Interface<'_>, source: &Path, glue: &mut Glue) {
        let mut file = File::new(&format!("export_{}", self.package.flat));
        file.import("impl", &self.implementation.path);
        let mut marks = Vec::new();
        let missing = |name: &str| self.implementation.declared.lacks(name);
        let expected = |function: &str, signature: String, imports| Expected {
            interface: interface.label.clone(),
            function: function.to_owned(),
            signature,
            package: self.implementation.shown(source),
            imports,
        };
        let mut missing_types = Vec::new();
        for id in resources(self.world, interface) {
            let name = names::type_name(self.world, id);
            let wit = self.world.resolve.types[id].name.clone().unwrap_or_default();
            let what = expected(&wit, format!("type {name} struct {{ … }}"), Vec::new());
            if missing(&name) {
                glue.missing.push(what.clone());
                missing_types.push(name.clone());
            }
            marks.push((file.lines(), what));
            self.resource(&name, &mut file);
        }
        for (function, shown) in shown(self.world, interface) {
            let Some(form) = names::form(self.world, function) else { continue };
            let what = expected(&function.name, shown, self.needed(function, &form));
            let absent = match &form {
                Form::Function(name) => missing(name),
                Form::Constructor(name) => missing(&format!("New{name}")),
                // An embedded field may bring a method: the compiler knows.
                Form::Method { .. } => false,
            };
            if absent {
                glue.missing.push(what.clone());
            }
            marks.push((file.lines(), what));
            self.function(function, &form, &interface.label, &mut file);
        }
        let path = format!("internal/export_{}/glue.go", self.package.flat);
        let first = file.first_line();
        glue.lines.extend(marks.into_iter().map(|(line, what)| ((path.clone(), first + line), what)));
        glue.texts.insert(path, file.text());
    }

    /// What the user's file has to import for a signature.
    fn needed(&self, function: &Function, form: &Form) -> Vec<String> {
        let mut needed = std::collections::BTreeSet::new();
        let mut qualify = |id| {
            if !touches(self.world, Type::Id(id)) {
                let package = names::package(self.world, self.world.owner(id).as_ref());
                needed.insert(format!("import \"{}/{}\"", self.module, package.folder));
            }
            String::new()
        };
        let signature = Signature::of(self.world, function, form, "wit", &mut qualify);
        if format!("{}{}", signature.params(), signature.results()).contains("wit.") {
            needed.insert(format!("import \"{}/wit\"", self.module));
        }
        needed.into_iter().collect()
    }

    fn resource(&self, name: &str, file: &mut File) {
        file.import("", "runtime");
        file.push(&format!(
            "type own_{name} = impl.{name}\n\n\
             type {name} struct {{\n\tpinner runtime.Pinner\n\thandle int32\n\tValue_ *own_{name}\n}}\n\n\
             func Wrap_{name}(value *own_{name}) *{name} {{\n\
             \tif value == nil {{\n\t\tpanic(\"a nil *{name} was returned\")\n\t}}\n\
             \treturn &{name}{{Value_: value}}\n}}\n\n\
             func (self *{name}) Take_() *own_{name} {{\n\
             \tvalue := self.Value_\n\tself.Value_ = nil\n\tself.Drop()\n\treturn value\n}}\n\n\
             func (self *{name}) OnDrop() {{\n\tvalue := self.Value_\n\tself.Value_ = nil\n\
             \tif value == nil {{\n\t\treturn\n\t}}\n\
             \tif dropped, ok := any(value).(interface{{ OnDrop() }}); ok {{\n\t\tdropped.OnDrop()\n\t}}\n}}\n\n"
        ));
    }

    fn function(&self, function: &Function, form: &Form, label: &str, file: &mut File) {
        let world = self.world;
        let theirs = Signature::of(world, function, form, "witTypes", &mut |id| self.prefix(id, View::Theirs, file));
        let ours = Signature::raw(world, function, form, "witTypes", &mut |id| self.prefix(id, View::Ours, file));
        let ours = (ours.params(), ours.results());
        let (variable, wanted, value, receiver, name, first) = match form {
            Form::Function(name) => {
                (name.clone(), theirs.params(), format!("impl.{name}"), String::new(), name.clone(), String::new())
            }
            Form::Constructor(name) => (
                format!("New{name}"),
                theirs.params(),
                format!("impl.New{name}"),
                String::new(),
                format!("Make{name}"),
                String::new(),
            ),
            Form::Method { resource, name } => {
                let params = theirs.params();
                let comma = if params.is_empty() { "" } else { ", " };
                (
                    format!("{resource}_{name}"),
                    format!("self *impl.{resource}{comma}{params}"),
                    format!("(*impl.{resource}).{name}"),
                    format!("(self *{resource}) "),
                    name.clone(),
                    format!("self.Value_{comma}"),
                )
            }
        };
        let arguments: Vec<_> = function.params[usize::from(!receiver.is_empty())..]
            .iter()
            .zip(&theirs.params)
            .map(|(param, (name, _))| self.convert(param.ty, name, Towards::User, file))
            .collect();
        let call = format!("user_{variable}({first}{})", arguments.join(", "));
        let results = theirs.results();
        let body = self.body(function, &theirs, &call, label, file);
        let whole = format!("{}{}{body}{wanted}{results}", ours.0, ours.1);
        if whole.contains("witTypes.") {
            file.import("witTypes", &format!("{}/wit", self.module));
        }
        if body.contains("witRuntime.") {
            file.import("witRuntime", &format!("{}/internal/runtime", self.module));
        }
        file.push(&format!(
            "var user_{variable} func({wanted}){results} = {value}\n\n\
             func {receiver}{name}({}){} {{\n{body}}}\n\n",
            ours.0, ours.1
        ));
    }

    /// Calls the user's function and turns what it gives into what generated code expects.
    fn body(&self, function: &Function, theirs: &Signature, call: &str, label: &str, file: &mut File) -> String {
        let world = self.world;
        let Some(result) = &theirs.fallible else {
            let Some(ty) = function.result else { return format!("\t{call}\n") };
            let types = several(world, ty);
            if !types.iter().any(|ty| touches(world, *ty)) {
                return format!("\treturn {call}\n");
            }
            let values: Vec<_> = (0..types.len()).map(|index| format!("value{index}_")).collect();
            let converted: Vec<_> =
                types.iter().zip(&values).map(|(ty, value)| self.convert(*ty, value, Towards::Host, file)).collect();
            return format!("\t{} := {call}\n\treturn {}\n", values.join(", "), converted.join(", "));
        };
        let side = |ty: Option<Type>, file: &mut File| {
            ty.map_or_else(
                || "witTypes.Unit".to_owned(),
                |ty| names::go_type(world, ty, "witTypes", &mut |id| self.prefix(id, View::Ours, file)),
            )
        };
        let generics = format!("[{}, {}]", side(result.ok, file), side(result.err, file));
        let name = format!("\"{label} {}\"", function.name);
        let failure = match failures::failure(world, result) {
            Failure::Text => "err_.Error()".to_owned(),
            Failure::Nothing => "witTypes.Unit{}".to_owned(),
            Failure::Itself(id) => {
                let ty = format!("{}{}", self.prefix(id, View::Ours, file), names::type_name(world, id));
                format!("witRuntime.Failure[{ty}](err_, {name})")
            }
            Failure::Enum(id) => {
                let prefix = self.prefix(id, View::Ours, file);
                let (ty, error) = (names::type_name(world, id), failures::enum_name(world, id));
                format!("{prefix}{ty}(witRuntime.Failure[{prefix}{error}](err_, {name}))")
            }
            Failure::Wrapped(ty) => {
                let ty = side(Some(ty), file);
                format!("witRuntime.Failure[witTypes.Failure[{ty}]](err_, {name}).Value")
            }
        };
        let (values, ok) = match result.ok {
            Some(ty) => ("value_, err_", self.convert(ty, "value_", Towards::Host, file)),
            None => ("err_", "witTypes.Unit{}".to_owned()),
        };
        format!(
            "\t{values} := {call}\n\tif err_ != nil {{\n\t\treturn witTypes.Err{generics}({failure})\n\t}}\n\
             \treturn witTypes.Ok{generics}({ok})\n"
        )
    }

    /// What to write before the name of a type, with the import it needs.
    fn prefix(&self, id: TypeId, view: View, file: &mut File) -> String {
        let owner = names::package(self.world, self.world.owner(id).as_ref());
        if !touches(self.world, Type::Id(id)) {
            file.import(&owner.flat, &format!("{}/{}", self.module, owner.folder));
            return format!("{}.", owner.flat);
        }
        match (view, owner == self.package) {
            (View::Ours, true) => String::new(),
            (View::Theirs, true) => "impl.".to_owned(),
            (View::Ours, false) => {
                file.import("", &bindings::export_path(self.module, &owner));
                format!("export_{}.", owner.flat)
            }
            (View::Theirs, false) => match self.implementations.get(&owner.flat) {
                Some((_, implementation)) if implementation.path == self.implementation.path => "impl.".to_owned(),
                Some((_, implementation)) => {
                    file.import(&format!("impl_{}", owner.flat), &implementation.path);
                    format!("impl_{}.", owner.flat)
                }
                None => String::new(),
            },
        }
    }

    /// An expression for `value` on the other side; `value` itself unless it holds resources of this component.
    fn convert(&self, ty: Type, value: &str, towards: Towards, file: &mut File) -> String {
        let world = self.world;
        if !touches(world, ty) {
            return value.to_owned();
        }
        let Type::Id(id) = world.plain(ty) else { return value.to_owned() };
        let (view_from, view_to) = match towards {
            Towards::User => (View::Ours, View::Theirs),
            Towards::Host => (View::Theirs, View::Ours),
        };
        match world.resolve.types[id].kind {
            TypeDefKind::Handle(Handle::Own(_)) if towards == Towards::User => format!("{value}.Take_()"),
            TypeDefKind::Handle(Handle::Borrow(_)) if towards == Towards::User => format!("{value}.Value_"),
            TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) => {
                let resource = world.definition(resource);
                format!(
                    "{}Wrap_{}({value})",
                    self.prefix(resource, View::Ours, file),
                    names::type_name(world, resource)
                )
            }
            TypeDefKind::Option(inner) | TypeDefKind::List(inner) => {
                let map = match world.resolve.types[id].kind {
                    TypeDefKind::Option(_) => "MapOption",
                    _ => "MapList",
                };
                let of = |view, file: &mut File| {
                    names::go_type(world, inner, "witTypes", &mut |id| self.prefix(id, view, file))
                };
                let (from, to) = (of(view_from, file), of(view_to, file));
                let inner = self.convert(inner, "item_", towards, file);
                format!("witTypes.{map}({value}, func(item_ {from}) {to} {{ return {inner} }})")
            }
            _ => unreachable!("resources of this component inside other types are refused before"),
        }
    }
}

/// Whose name of a resource is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// The type generated code deals in.
    Ours,
    /// The user's own.
    Theirs,
}

/// Which way a value is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Towards {
    User,
    Host,
}
