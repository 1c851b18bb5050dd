//! Values by type, to and from JSON; and the values that are kept by name between calls.
//!
//! | type | JSON |
//! |---|---|
//! | `bool`, numbers, `string`, `char` | as they are; a float that JSON has no number for is `"nan"`, `"inf"` or `"-inf"` |
//! | `list`, `tuple`, `flags` | an array; of `flags`, their names |
//! | `record` | an object; what is `none` may be left out |
//! | `enum`, and a case of a `variant` without payload | its name |
//! | a case with payload | an object of one key: `{"case": payload}` |
//! | `option` | `null`, or the value; an option of an option is `{"some": …}` |
//! | `result` | `{"ok": …}` or `{"err": …}` |
//! | a handle | its name: `{"handle": "c"}` |

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use wasmtime::component::{Val, types::Type};

use super::types::{Resources, shown};

/// Values by name.
pub(super) type Kept = IndexMap<String, Val>;

/// A value in JSON. `handle`: what a handle is called.
pub(super) fn to_json(value: &Val, handle: &dyn Fn(&Val) -> String) -> Value {
    let inner = |value: &Val| to_json(value, handle);
    let payload = |payload: &Option<Box<Val>>| payload.as_ref().map_or(Value::Null, |payload| inner(payload));
    match value {
        Val::Bool(value) => json!(value),
        Val::S8(value) => json!(value),
        Val::U8(value) => json!(value),
        Val::S16(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::S32(value) => json!(value),
        Val::U32(value) => json!(value),
        Val::S64(value) => json!(value),
        Val::U64(value) => json!(value),
        Val::Float32(value) => float(f64::from(*value), json!(value)),
        Val::Float64(value) => float(*value, json!(value)),
        Val::Char(value) => json!(value),
        Val::String(value) => json!(value),
        Val::List(values) | Val::FixedLengthList(values) | Val::Tuple(values) => values.iter().map(inner).collect(),
        Val::Map(pairs) => pairs.iter().map(|(key, value)| json!([inner(key), inner(value)])).collect(),
        Val::Record(fields) => fields.iter().map(|(name, value)| (name.clone(), inner(value))).collect(),
        Val::Variant(name, None) | Val::Enum(name) => json!(name),
        Val::Variant(name, Some(value)) => single(name, inner(value)),
        Val::Option(None) => Value::Null,
        Val::Option(Some(value)) if matches!(**value, Val::Option(_)) => single("some", inner(value)),
        Val::Option(Some(value)) => inner(value),
        Val::Result(Ok(value)) => single("ok", payload(value)),
        Val::Result(Err(value)) => single("err", payload(value)),
        Val::Flags(names) => json!(names),
        Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            single("handle", json!(handle(value)))
        }
    }
}

fn single(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

fn float(value: f64, number: Value) -> Value {
    match value {
        _ if value.is_finite() => number,
        _ if value.is_nan() => json!("nan"),
        _ => json!(if value > 0.0 { "inf" } else { "-inf" }),
    }
}

/// Reads JSON as values of known types.
pub(super) struct JsonReader<'a> {
    pub kept: &'a Kept,
    pub resources: &'a Resources,
    /// Kept values that are given away, by name.
    pub given: Vec<String>,
}

impl JsonReader<'_> {
    /// Errors with what was wanted, and where: `name.field[2]`.
    pub fn value(&mut self, json: &Value, ty: &Type, place: &str) -> Result<Val, String> {
        let wanted = || format!("`{place}`: expected {}", shown(ty, self.resources));
        let read = match (ty, json) {
            (Type::Bool, Value::Bool(value)) => Some(Val::Bool(*value)),
            (Type::S8, _) => integer(json).map(Val::S8),
            (Type::U8, _) => integer(json).map(Val::U8),
            (Type::S16, _) => integer(json).map(Val::S16),
            (Type::U16, _) => integer(json).map(Val::U16),
            (Type::S32, _) => integer(json).map(Val::S32),
            (Type::U32, _) => integer(json).map(Val::U32),
            (Type::S64, _) => integer(json).map(Val::S64),
            (Type::U64, _) => integer(json).map(Val::U64),
            #[expect(clippy::cast_possible_truncation, reason = "the nearest number the type has")]
            (Type::Float32, _) => number(json).map(|value| Val::Float32(value as f32)),
            (Type::Float64, _) => number(json).map(Val::Float64),
            (Type::Char, Value::String(text)) => {
                let mut chars = text.chars();
                chars.next().filter(|_| chars.next().is_none()).map(Val::Char)
            }
            (Type::String, Value::String(text)) => Some(Val::String(text.clone())),
            (Type::List(list), Value::Array(values)) => Some(Val::List(self.all(values, &list.ty(), place)?)),
            (Type::FixedLengthList(list), Value::Array(values)) if values.len() == list.len() as usize => {
                Some(Val::FixedLengthList(self.all(values, &list.ty(), place)?))
            }
            (Type::Map(map), Value::Array(pairs)) => {
                let pair = |(index, pair): (usize, &Value)| match pair.as_array().map(Vec::as_slice) {
                    Some([key, value]) => {
                        let place = format!("{place}[{index}]");
                        Ok((self.value(key, &map.key(), &place)?, self.value(value, &map.value(), &place)?))
                    }
                    _ => Err(format!("`{place}[{index}]`: expected a key and a value in an array")),
                };
                Some(Val::Map(pairs.iter().enumerate().map(pair).collect::<Result<_, _>>()?))
            }
            (Type::Tuple(tuple), Value::Array(values)) if values.len() == tuple.types().len() => {
                let all = tuple.types().zip(values).enumerate();
                let values = all.map(|(index, (ty, value))| self.value(value, &ty, &format!("{place}[{index}]")));
                Some(Val::Tuple(values.collect::<Result<_, _>>()?))
            }
            (Type::Record(record), Value::Object(given)) => {
                if let Some(name) = given.keys().find(|name| !record.fields().any(|field| field.name == name.as_str()))
                {
                    return Err(format!("`{place}`: there is no field `{name}`"));
                }
                let fields = record.fields().map(|field| {
                    let value = given.get(field.name).unwrap_or(&Value::Null);
                    Ok((field.name.to_owned(), self.value(value, &field.ty, &format!("{place}.{}", field.name))?))
                });
                Some(Val::Record(fields.collect::<Result<_, String>>()?))
            }
            (Type::Variant(variant), _) => {
                let (name, payload) = case(json).ok_or_else(wanted)?;
                let case = variant.cases().find(|case| case.name == name).ok_or_else(wanted)?;
                let payload = self.payload(payload, case.ty.as_ref(), &format!("{place}.{name}"))?;
                Some(Val::Variant(name.to_owned(), payload))
            }
            (Type::Enum(names), Value::String(name)) => {
                names.names().find(|known| known == name).map(|name| Val::Enum(name.to_owned()))
            }
            (Type::Flags(names), Value::Array(given)) => {
                let known = |flag: &Value| names.names().find(|name| Some(*name) == flag.as_str()).map(str::to_owned);
                given.iter().map(known).collect::<Option<_>>().map(Val::Flags)
            }
            (Type::Option(_), Value::Null) => Some(Val::Option(None)),
            (Type::Option(option), _) => {
                let ty = option.ty();
                let inner = match (&ty, case(json)) {
                    (Type::Option(_), Some(("some", Some(inner)))) => inner,
                    (Type::Option(_), _) => return Err(wanted()),
                    _ => json,
                };
                Some(Val::Option(Some(Box::new(self.value(inner, &ty, place)?))))
            }
            (Type::Result(result), _) => match case(json) {
                Some(("ok", value)) => Some(Val::Result(Ok(self.payload(value, result.ok().as_ref(), place)?))),
                Some(("err", value)) => Some(Val::Result(Err(self.payload(value, result.err().as_ref(), place)?))),
                _ => None,
            },
            (Type::Own(_) | Type::Borrow(_), _) => match case(json) {
                Some(("handle", Some(Value::String(name)))) => {
                    let value = self.kept.get(name).ok_or_else(|| format!("nothing is called `{name}`"))?;
                    if matches!(ty, Type::Own(_)) {
                        self.given.push(name.clone());
                    }
                    Some(value.clone())
                }
                _ => None,
            },
            _ => None,
        };
        read.ok_or_else(wanted)
    }

    fn all(&mut self, values: &[Value], ty: &Type, place: &str) -> Result<Vec<Val>, String> {
        let read = |(index, value)| self.value(value, ty, &format!("{place}[{index}]"));
        values.iter().enumerate().map(read).collect()
    }

    fn payload(&mut self, value: Option<&Value>, ty: Option<&Type>, place: &str) -> Result<Option<Box<Val>>, String> {
        match (value.filter(|value| !value.is_null() || ty.is_some()), ty) {
            (Some(value), Some(ty)) => Ok(Some(Box::new(self.value(value, ty, place)?))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(format!("`{place}`: it has no payload")),
            (None, Some(ty)) => Err(format!("`{place}`: expected {}", shown(ty, self.resources))),
        }
    }
}

fn integer<T: TryFrom<i64> + TryFrom<u64>>(json: &Value) -> Option<T> {
    match json.as_i64() {
        Some(number) => T::try_from(number).ok(),
        None => T::try_from(json.as_u64()?).ok(),
    }
}

fn number(json: &Value) -> Option<f64> {
    match json.as_str() {
        Some("nan") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        _ => json.as_f64(),
    }
}

/// `"name"` or `{"name": payload}`.
fn case(json: &Value) -> Option<(&str, Option<&Value>)> {
    match json {
        Value::String(name) => Some((name, None)),
        Value::Object(one) if one.len() == 1 => one.iter().next().map(|(name, value)| (name.as_str(), Some(value))),
        _ => None,
    }
}
