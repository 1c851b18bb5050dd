//! Modules between the user's code and the engine, generated from the world.
//!
//! Together with `mend.wat` they make up for what the engine cannot do by itself:
//! - 64-bit integers come as text and become `BigInt` ([`Wide`]), exact in both directions;
//! - constructors, methods and static functions of exported resources come as plain functions (`methodCounterAdd`) and go
//!   to the user's classes;
//! - an export that is no function fails the build, where the syntax alone could not tell;
//! - there is a `console`, which writes to the standard streams: `console.js`.
//!
//! The entry bridge takes the user's entry in and exports what the engine looks for. Imported interfaces that carry 64-bit
//! integers get a bridge each, to which the user's imports of them lead; world-level imports are replaced in the global
//! scope before the user's code runs.

use std::{collections::BTreeMap, fmt::Write};

use heck::{ToLowerCamelCase, ToUpperCamelCase};
use wit_parser::{Function, FunctionKind, InterfaceId, Resolve, TypeDefKind, WorldId, WorldItem};

use super::{
    names,
    wide::{COMMON, Way, Wide},
};

/// The folder of the bridges in the copy.
pub const FOLDER: &str = ".mosaic-bridge";

/// Generated modules.
#[derive(Debug, Default)]
pub struct Bridge {
    /// What the engine starts from.
    pub entry: String,
    /// Specifier of an interface, with and without its version → name of its bridge in [`FOLDER`].
    pub imports: BTreeMap<String, String>,
    /// Name in [`FOLDER`] → text.
    pub modules: BTreeMap<String, String>,
}

/// The module that gives user code its `console`, over these imports of `stdout` and `stderr`.
pub fn console(stdout: &str, stderr: &str) -> String {
    let imports = format!("import {{ getStdout }} from {stdout:?};\nimport {{ getStderr }} from {stderr:?};\n");
    imports + include_str!("console.js")
}

/// Generates the bridges of a world, but for that of [`console`], which stands beside them as `console.js`, and that of
/// [`super::handles`], `handles.js`. `entry` is the specifier of the user's entry, from [`FOLDER`].
pub fn bridge(resolve: &Resolve, world: WorldId, entry: &str) -> Bridge {
    let mut bridge = Bridge::default();
    let mut globals = Bodies::new(resolve, world);
    for (key, item) in &resolve.worlds[world].imports {
        match item {
            WorldItem::Interface { id, .. } if is_wide(resolve, world, *id) => {
                let specifier = resolve.name_world_key(key);
                let name = format!("import-{}.js", bridge.modules.len());
                bridge.modules.insert(name.clone(), imported(resolve, world, &specifier, *id));
                if let Some((bare, _)) = specifier.split_once('@') {
                    bridge.imports.insert(bare.to_owned(), name.clone());
                }
                bridge.imports.insert(specifier, name);
            }
            WorldItem::Function(function) => {
                let name = function.name.to_lower_camel_case();
                if let Some(call) = globals.call(function, &format!("{name}_"), Way::Out) {
                    let _ = writeln!(globals.text, "const {name}_ = globalThis.{name};\nglobalThis.{name} = {call};");
                }
            }
            WorldItem::Interface { .. } | WorldItem::Type { .. } => {}
        }
    }
    // All of them: an interface hands out objects of others' classes, too.
    let imports = bridge.modules.keys().map(|name| format!("import \"./{name}\";\n")).collect::<String>();
    bridge.entry = imports + &exported(resolve, world, entry);
    bridge.modules.insert("common.js".into(), COMMON.to_owned());
    bridge.modules.insert("globals.js".into(), globals.finish());
    bridge
}

fn is_wide(resolve: &Resolve, world: WorldId, id: InterfaceId) -> bool {
    let mut bodies = Bodies::new(resolve, world);
    resolve.interfaces[id].functions.values().any(|function| bodies.call(function, "f", Way::Out).is_some())
}

/// The name under which the mended engine looks for a function of an exported interface: that of WIT without its leading
/// `[`, in `lowerCamelCase`.
pub fn name(function: &Function) -> String {
    function.name.trim_start_matches('[').to_lower_camel_case()
}

/// A module under construction: converters first, then what uses them.
struct Bodies<'a> {
    resolve: &'a Resolve,
    wide: Wide<'a>,
    text: String,
}

impl<'a> Bodies<'a> {
    fn new(resolve: &'a Resolve, world: WorldId) -> Bodies<'a> {
        Bodies { resolve, wide: Wide::new(resolve, world), text: String::new() }
    }

    fn finish(self) -> String {
        format!("{}{}", self.wide.finish(), self.text)
    }

    /// A function that converts arguments, calls `target`, and converts what it gives or throws. `Way::Out`: the engine is
    /// called from user code; `Way::In`: user code is called by the engine. `None`: there is nothing to convert.
    fn call(&mut self, function: &Function, target: &str, way: Way) -> Option<String> {
        let is_method = way == Way::Out && is_method(function);
        let params: Vec<_> = function.params.iter().skip(usize::from(is_method)).collect();
        let converters: Vec<_> = params.iter().map(|param| self.wide.converter(param.ty, way)).collect();
        let (ok, err) = match self.wide.result_of(function) {
            Some(result) => (result.ok, result.err),
            None if matches!(function.kind, FunctionKind::Constructor(_)) && way == Way::Out => (None, None),
            None => (function.result, None),
        };
        let ok = ok.and_then(|ty| self.wide.converter(ty, way.back()));
        let err = err.and_then(|ty| self.wide.converter(ty, way.back()));
        if converters.iter().all(Option::is_none) && ok.is_none() && err.is_none() {
            return None;
        }
        let names: Vec<_> = (0..params.len()).map(|n| format!("a{n}")).collect();
        let args = names.iter().zip(&converters).map(|(name, converter)| match converter {
            Some(converter) => format!("{converter}({name})"),
            None => name.clone(),
        });
        let args = args.collect::<Vec<_>>().join(", ");
        let (word, wait) = if function.kind.is_async() { ("async ", "await ") } else { ("", "") };
        let call =
            if is_method { format!("{target}.call(this{}{args})", comma(&args)) } else { format!("{target}({args})") };
        let value = match ok {
            Some(ok) => format!("{ok}({wait}{call})"),
            None => format!("{wait}{call}"),
        };
        let body = match (err, way) {
            (None, _) => format!("return {value};"),
            (Some(err), way) => {
                let thrown = if way == Way::In { "thrown" } else { "rethrown" };
                format!("try {{ return {value}; }} catch (error) {{ throw {thrown}(error, {err}); }}")
            }
        };
        Some(format!("{word}function ({}) {{ {body} }}", names.join(", ")))
    }
}

fn comma(args: &str) -> &'static str {
    if args.is_empty() { "" } else { ", " }
}

fn is_method(function: &Function) -> bool {
    matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_))
}

/// The bridge of an imported interface.
fn imported(resolve: &Resolve, world: WorldId, specifier: &str, id: InterfaceId) -> String {
    let mut bodies = Bodies::new(resolve, world);
    let mut text = format!("import * as raw from {specifier:?};\n");
    let mut names = Vec::new();
    let interface = &resolve.interfaces[id];
    for function in interface.functions.values().filter(|f| f.kind.resource().is_none()) {
        let name = function.name.to_lower_camel_case();
        let target = format!("raw.{name}");
        let value = bodies.call(function, &target, Way::Out).unwrap_or(target);
        names.push((name, value));
    }
    for (resource, ty) in &interface.types {
        let functions: Vec<_> = interface.functions.values().filter(|f| f.kind.resource() == Some(*ty)).collect();
        if !matches!(resolve.types[*ty].kind, TypeDefKind::Resource) || functions.is_empty() {
            continue;
        }
        let class = resource.to_upper_camel_case();
        let mut made = format!("raw.{class}");
        for function in functions {
            let member = function.item_name().to_lower_camel_case();
            let (holder, kept) = match function.kind {
                FunctionKind::Constructor(_) => {
                    if let Some(call) = bodies.call(function, &format!("new raw.{class}"), Way::Out) {
                        made = format!("Object.assign({call}, raw.{class})");
                    }
                    continue;
                }
                FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) => {
                    (format!("raw.{class}"), format!("{class}_static_{member}"))
                }
                _ => (format!("raw.{class}.prototype"), format!("{class}_{member}")),
            };
            if let Some(call) = bodies.call(function, &kept, Way::Out) {
                let _ = writeln!(bodies.text, "const {kept} = {holder}.{member};\n{holder}.{member} = {call};");
            }
        }
        names.push((class, made));
    }
    for (n, (_, value)) in names.iter().enumerate() {
        let _ = writeln!(bodies.text, "const e{n} = {value};");
    }
    for (n, (name, value)) in names.iter().enumerate() {
        if value.starts_with("Object.assign(") {
            let _ = writeln!(bodies.text, "e{n}.prototype = raw.{name}.prototype;");
        }
    }
    let list = |word: &str| {
        names
            .iter()
            .enumerate()
            .map(|(n, (name, _))| match word {
                ":" => format!("{name}: e{n}"),
                _ => format!("e{n} as {name}"),
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let _ = writeln!(bodies.text, "export {{ {} }};\nexport default Object.freeze({{ {} }});", list("as"), list(":"));
    text.push_str(&bodies.finish());
    text
}

/// The entry bridge.
fn exported(resolve: &Resolve, world: WorldId, entry: &str) -> String {
    let mut bodies = Bodies::new(resolve, world);
    let head = format!(
        "import \"./handles.js\";\nimport {{ live }} from \"./console.js\";\nimport \"./globals.js\";\n\
         import * as user from {entry:?};\n"
    );
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Function(function) => {
                let name = function.name.to_lower_camel_case();
                let _ = writeln!(bodies.text, "need(user.{name}, {name:?});");
                let value = bodies.call(function, &format!("user.{name}"), Way::In);
                let value = value.unwrap_or(format!("user.{name}"));
                let _ = writeln!(bodies.text, "const x_{name} = live({value});\nexport {{ x_{name} as {name} }};");
            }
            WorldItem::Interface { id, .. } => {
                let name = names::interface_name(resolve, key);
                interface(&mut bodies, *id, &name);
            }
            WorldItem::Type { .. } => {}
        }
    }
    head + &bodies.finish()
}

fn interface(bodies: &mut Bodies<'_>, id: InterfaceId, name: &str) {
    let functions = &bodies.resolve.interfaces[id].functions;
    if functions.is_empty() {
        return;
    }
    let mut members = Vec::new();
    for function in functions.values() {
        let member = function.item_name().to_lower_camel_case();
        let resource = function.kind.resource().and_then(|ty| bodies.resolve.types[ty].name.clone());
        let class = resource.as_deref().unwrap_or_default().to_upper_camel_case();
        let kind = match function.kind {
            FunctionKind::Constructor(_) => "constructor",
            FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) => "static",
            FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => "method",
            _ => "",
        };
        let (target, path) = match kind {
            "constructor" => (format!("new user.{name}.{class}"), format!("{name}.{class}")),
            "static" => (format!("user.{name}.{class}.{member}"), format!("{name}.{class}.{member}")),
            "method" => (format!("call_{class}_{member}"), format!("{name}.{class}")),
            _ => (format!("user.{name}.{member}"), format!("{name}.{member}")),
        };
        let _ = writeln!(bodies.text, "need(user.{}, {path:?});", path.replace('.', "?."));
        if kind == "method" {
            let _ = writeln!(bodies.text, "const {target} = (self, ...args) => self.{member}(...args);");
        }
        let plain = format!("(...args) => {target}(...args)");
        let value = bodies.call(function, &target, Way::In).unwrap_or(plain);
        members.push(format!("  {}: live({value}),\n", self::name(function)));
    }
    let _ = writeln!(bodies.text, "const x_{name} = {{\n{}}};\nexport {{ x_{name} as {name} }};", members.concat());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::trial::SHAPES;

    #[test]
    fn interfaces_with_wide_integers_are_bridged() {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("part.wit", SHAPES).unwrap();
        let world = resolve.select_world(&[package], Some("part")).unwrap();
        let bridge = bridge(&resolve, world, "../index.ts");
        assert_eq!(bridge.imports.keys().collect::<Vec<_>>(), ["demo:shapes/store", "demo:shapes/store@0.1.0"]);
        let import = &bridge.modules[&bridge.imports["demo:shapes/store"]];
        for line in [
            "const c0 = (value) => value === null || value === undefined ? null : s64_(value);",
            "raw.Cursor.prototype.far = function (a0) { return u64(Cursor_far.call(this, u64_(a0))); };",
            "const e0 = raw.lookup;",
            "const e1 = function (a0) { try { return s64(raw.twice(c0(a0))); } catch (error) { throw rethrown(error, u64); } };",
        ] {
            assert!(import.contains(line), "{line} in\n{import}");
        }
        for line in [
            "methodBasketBytes: live(function (a0, a1) { return s64_(call_Basket_bytes(a0, u64(a1))); }),",
            "staticBasketMerge: live(function (a0, a1) { return fresh(user.model.Basket.merge(a0, a1)); }),",
            "judge: live((...args) => user.model.judge(...args)),",
        ] {
            assert!(bridge.entry.contains(line), "{line} in\n{}", bridge.entry);
        }
    }
}
