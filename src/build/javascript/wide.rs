//! Converters between what the mended engine passes and what the user sees: functions of JavaScript, generated for just
//! those types that have something to convert.
//!
//! - `u64`, `s64`: 16 hexadecimal digits ↔ `BigInt`. An integer `number` is taken too.
//! - a resource that the world exports, on its way out: it may have been given away before under a handle that has ended,
//!   so it gets a new one.
//! - a handle of any other resource, given away: the object that had it has none any more, where the engine would leave it
//!   with a number that may come to mean another.

use std::{collections::HashMap, fmt::Write};

use heck::ToLowerCamelCase;
use wit_parser::{Function, Handle, Resolve, Result_, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

use crate::build::shapes;

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the engine to user code.
    In,
    /// From user code to the engine.
    Out,
}

impl Way {
    /// The way results take where arguments take this one.
    pub fn back(self) -> Way {
        match self {
            Way::In => Way::Out,
            Way::Out => Way::In,
        }
    }
}

/// The module that every bridge takes its converters from.
pub const COMMON: &str = r#"const ALL = 0x10000000000000000n;
const digits = (value, low, high) => {
  const wide = BigInt(value);
  if (wide < low || wide > high) throw new RangeError(`${value} does not fit`);
  return (wide < 0n ? wide + ALL : wide).toString(16).padStart(16, "0");
};
export const u64 = (text) => BigInt("0x" + text);
export const s64 = (text) => (text >= "8" ? u64(text) - ALL : u64(text));
export const u64_ = (value) => digits(value, 0n, ALL - 1n);
export const s64_ = (value) => digits(value, -ALL / 2n, ALL / 2n - 1n);
export const fresh = (object) => {
  delete object.__cqjs_handle;
  return object;
};
export const given = (object) => {
  if (typeof object !== "object" || object === null) return object;
  const { __cqjs_handle: handle } = object;
  if (handle === undefined) throw new TypeError("its handle has been given away or back");
  delete object.__cqjs_handle;
  return Object.assign(Object.create(Object.getPrototypeOf(object)), { __cqjs_handle: handle });
};
export const each = (list, convert) => (ArrayBuffer.isView(list) ? list : Array.from(list, (item) => convert(item)));
export const tagged = (value, converters) => {
  const convert = Object.hasOwn(converters, value.tag) ? converters[value.tag] : undefined;
  return convert === undefined ? value : { ...value, val: convert(value.val) };
};
export const thrown = (error, convert) => {
  const has = typeof error === "object" && error !== null && Object.hasOwn(error, "payload");
  if (!has && error instanceof Error) return error;
  return { payload: convert(has ? error.payload : error) };
};
export const rethrown = (error, convert) => {
  if (!(error instanceof Error) || !Object.hasOwn(error, "payload")) return error;
  return Object.assign(new Error(error.message), { payload: convert(error.payload) });
};
export const need = (value, name) => {
  if (typeof value !== "function") throw new TypeError(`export \`${name}\` is not a function`);
};
"#;

const IMPORT: &str =
    "import { each, fresh, given, need, rethrown, s64, s64_, tagged, thrown, u64, u64_ } from \"./common.js\";\n";

/// Converters of one module.
pub struct Wide<'a> {
    resolve: &'a Resolve,
    world: WorldId,
    known: HashMap<(TypeId, Way), Option<String>>,
    text: String,
}

impl<'a> Wide<'a> {
    pub fn new(resolve: &'a Resolve, world: WorldId) -> Wide<'a> {
        Wide { resolve, world, known: HashMap::new(), text: String::new() }
    }

    /// What the converters are made of.
    pub fn finish(self) -> String {
        format!("{IMPORT}{}", self.text)
    }

    /// The result that a function returns directly, whose error is thrown.
    pub fn result_of(&self, function: &Function) -> Option<&'a Result_> {
        let Some(Type::Id(id)) = function.result else { return None };
        match &self.resolve.types[shapes::dealias(self.resolve, id)].kind {
            TypeDefKind::Result(result) => Some(result),
            _ => None,
        }
    }

    /// The name of the function that converts a type. `None`: there is nothing to convert.
    pub fn converter(&mut self, ty: Type, way: Way) -> Option<String> {
        let id = match (ty, way) {
            (Type::U64, Way::In) => return Some("u64".into()),
            (Type::S64, Way::In) => return Some("s64".into()),
            (Type::U64, Way::Out) => return Some("u64_".into()),
            (Type::S64, Way::Out) => return Some("s64_".into()),
            (Type::Id(id), _) => shapes::dealias(self.resolve, id),
            _ => return None,
        };
        if let Some(known) = self.known.get(&(id, way)) {
            return known.clone();
        }
        let resolve = self.resolve;
        let value = self.expression(&resolve.types[id].kind, way);
        let name = value.map(|value| match value {
            Value::Named(name) => name.to_owned(),
            Value::Made(body) => {
                let name = format!("c{}", self.known.len());
                let _ = writeln!(self.text, "const {name} = (value) => {body};");
                name
            }
        });
        self.known.insert((id, way), name.clone());
        name
    }

    fn expression(&mut self, kind: &TypeDefKind, way: Way) -> Option<Value> {
        let made = |body: String| Some(Value::Made(body));
        match kind {
            TypeDefKind::Type(ty) => self.converter(*ty, way).map(|name| Value::Made(format!("{name}(value)"))),
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().filter_map(|field| {
                    let name = field.name.to_lower_camel_case();
                    self.converter(field.ty, way).map(|convert| format!("{name}: {convert}(value.{name})"))
                });
                let fields: Vec<_> = fields.collect();
                if fields.is_empty() { None } else { made(format!("({{ ...value, {} }})", fields.join(", "))) }
            }
            TypeDefKind::Tuple(tuple) => {
                let items: Vec<_> = tuple.types.iter().map(|ty| self.converter(*ty, way)).collect();
                if items.iter().all(Option::is_none) {
                    return None;
                }
                let items = items.iter().enumerate().map(|(n, convert)| match convert {
                    Some(convert) => format!("{convert}(value[{n}])"),
                    None => format!("value[{n}]"),
                });
                made(format!("[{}]", items.collect::<Vec<_>>().join(", ")))
            }
            TypeDefKind::List(ty) => made(format!("each(value, {})", self.converter(*ty, way)?)),
            TypeDefKind::Option(ty) => {
                let convert = self.converter(*ty, way)?;
                let is_option = matches!(*ty, Type::Id(id)
                    if matches!(self.resolve.types[shapes::dealias(self.resolve, id)].kind, TypeDefKind::Option(_)));
                if is_option {
                    made(format!("tagged(value, {{ some: {convert} }})"))
                } else {
                    made(format!("value === null || value === undefined ? null : {convert}(value)"))
                }
            }
            TypeDefKind::Result(result) => {
                let (ok, err) = (result.ok, result.err);
                self.cases([("ok", ok), ("err", err)].into_iter(), way)
            }
            TypeDefKind::Variant(variant) => {
                self.cases(variant.cases.iter().map(|case| (case.name.as_str(), case.ty)), way)
            }
            TypeDefKind::Handle(Handle::Own(resource)) if way == Way::Out => {
                Some(Value::Named(if self.is_exported(*resource) { "fresh" } else { "given" }))
            }
            _ => None,
        }
    }

    fn cases<'c>(&mut self, cases: impl Iterator<Item = (&'c str, Option<Type>)>, way: Way) -> Option<Value> {
        let cases = cases.filter_map(|(name, ty)| Some(format!("{name:?}: {}", self.converter(ty?, way)?)));
        let cases: Vec<_> = cases.collect();
        (!cases.is_empty()).then(|| Value::Made(format!("tagged(value, {{ {} }})", cases.join(", "))))
    }

    fn is_exported(&self, resource: TypeId) -> bool {
        let TypeOwner::Interface(owner) = self.resolve.types[shapes::dealias(self.resolve, resource)].owner else {
            return false;
        };
        let exports = self.resolve.worlds[self.world].exports.values();
        exports.into_iter().any(|item| matches!(item, WorldItem::Interface { id, .. } if *id == owner))
    }
}

/// A converter: one that is there, or an expression over `value`.
enum Value {
    Named(&'static str),
    Made(String),
}
