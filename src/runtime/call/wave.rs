//! Values as text, in WAVE (<https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave>), to which a
//! handle's name is added: `bump(counter, 2)`.

use std::{borrow::Cow, ops::Range};

use wasm_wave::{
    ast::{Node, NodeType},
    parser::ParserError,
    untyped::UntypedValue,
};
use wasmtime::component::{Val, types::Type};

use super::{
    types::{Resources, shown},
    value::Kept,
};

/// A text that is no value of the wanted type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Where, in bytes of the text.
    pub at: Range<usize>,
    pub why: String,
}

impl From<ParserError> for Unfit {
    fn from(error: ParserError) -> Unfit {
        // The place is told by itself.
        let why = error.to_string();
        let why = why.rsplit_once(" at ").map_or(why.as_str(), |(why, _)| why).to_owned();
        Unfit { at: error.span(), why }
    }
}

/// Reads the arguments of a call, in parentheses; those at the end that are optional can be left out.
pub(super) fn arguments(text: &str, wanted: &[(String, Type)], reader: &mut Reader<'_>) -> Result<Vec<Val>, Unfit> {
    let is_empty = text.trim_start_matches('(').trim_end_matches(')').trim().is_empty();
    let parsed = if is_empty { None } else { Some(UntypedValue::parse(text)?) };
    let nodes: Vec<&Node> = match &parsed {
        Some(parsed) => parsed.node().as_tuple()?.collect(),
        None => Vec::new(),
    };
    if let Some(extra) = nodes.get(wanted.len()) {
        let why = match wanted.len() {
            0 => "it takes no arguments".to_owned(),
            1 => "it takes one argument".to_owned(),
            count => format!("it takes {count} arguments"),
        };
        return Err(Unfit { at: extra.span(), why });
    }
    let mut values = Vec::with_capacity(wanted.len());
    for (index, (name, ty)) in wanted.iter().enumerate() {
        values.push(match (nodes.get(index), ty) {
            (Some(node), _) => reader.value(node, text, ty)?,
            (None, Type::Option(_)) => Val::Option(None),
            (None, _) => {
                let why = format!("the argument `{name}: {}` is missing", shown(ty, reader.resources));
                return Err(Unfit { at: text.len().saturating_sub(1)..text.len(), why });
            }
        });
    }
    Ok(values)
}

/// Reads values of known types.
pub(super) struct Reader<'a> {
    pub kept: &'a Kept,
    pub resources: &'a Resources,
    /// Kept values that are given away, by name.
    pub given: Vec<String>,
}

impl Reader<'_> {
    fn value(&mut self, node: &Node, text: &str, ty: &Type) -> Result<Val, Unfit> {
        let takes_labels = matches!(ty, Type::Enum(_) | Type::Variant(_));
        if node.ty() == NodeType::Label
            && !takes_labels
            && let Some(kept) = self.kept.get(word(node, text))
        {
            if matches!(ty, Type::Own(_)) {
                self.given.push(word(node, text).to_owned());
            }
            return Ok(kept.clone());
        }
        self.fresh(node, text, ty).map_err(|unfit| match unfit.why.is_empty() {
            true => Unfit { why: format!("expected {}", shown(ty, self.resources)), ..unfit },
            false => unfit,
        })
    }

    fn fresh(&mut self, node: &Node, text: &str, ty: &Type) -> Result<Val, Unfit> {
        // What WAVE says of a wrong kind of value does not tell the type wanted.
        let kind = |_: ParserError| Unfit { at: node.span(), why: String::new() };
        Ok(match ty {
            Type::Bool => Val::Bool(node.as_bool().map_err(kind)?),
            Type::S8 => Val::S8(node.as_number(text).map_err(kind)?),
            Type::U8 => Val::U8(node.as_number(text).map_err(kind)?),
            Type::S16 => Val::S16(node.as_number(text).map_err(kind)?),
            Type::U16 => Val::U16(node.as_number(text).map_err(kind)?),
            Type::S32 => Val::S32(node.as_number(text).map_err(kind)?),
            Type::U32 => Val::U32(node.as_number(text).map_err(kind)?),
            Type::S64 => Val::S64(node.as_number(text).map_err(kind)?),
            Type::U64 => Val::U64(node.as_number(text).map_err(kind)?),
            Type::Float32 => Val::Float32(node.as_number(text).map_err(kind)?),
            Type::Float64 => Val::Float64(node.as_number(text).map_err(kind)?),
            Type::Char => Val::Char(node.as_char(text).map_err(kind)?),
            Type::String => Val::String(node.as_str(text).map_err(kind)?.into_owned()),
            Type::List(list) => Val::List(self.list(node, text, &list.ty())?),
            Type::FixedLengthList(list) => {
                let values = self.list(node, text, &list.ty())?;
                if values.len() != list.len() as usize {
                    return Err(kind_of(node));
                }
                Val::FixedLengthList(values)
            }
            Type::Map(map) => {
                let pairs = node.as_list().map_err(kind)?.map(|pair| {
                    let (mut pair, whole) = (pair.as_tuple().map_err(kind)?, pair);
                    match (pair.next(), pair.next(), pair.next()) {
                        (Some(key), Some(value), None) => {
                            Ok((self.value(key, text, &map.key())?, self.value(value, text, &map.value())?))
                        }
                        _ => Err(kind_of(whole)),
                    }
                });
                Val::Map(pairs.collect::<Result<_, Unfit>>()?)
            }
            Type::Record(record) => {
                let given: Vec<(&str, &Node)> = node.as_record(text).map_err(kind)?.collect();
                if let Some((name, value)) = given.iter().find(|(name, _)| !record.fields().any(|f| f.name == *name)) {
                    return Err(Unfit { at: value.span(), why: format!("there is no field `{name}`") });
                }
                let fields = record.fields().map(|field| {
                    let value = match (given.iter().find(|(name, _)| *name == field.name), &field.ty) {
                        (Some((_, value)), ty) => self.value(value, text, ty)?,
                        (None, Type::Option(_)) => Val::Option(None),
                        (None, _) => {
                            let why = format!("the field `{}` is missing", field.name);
                            return Err(Unfit { at: node.span(), why });
                        }
                    };
                    Ok((field.name.to_owned(), value))
                });
                Val::Record(fields.collect::<Result<_, _>>()?)
            }
            Type::Tuple(tuple) => {
                let nodes: Vec<&Node> = node.as_tuple().map_err(kind)?.collect();
                if nodes.len() != tuple.types().len() {
                    return Err(kind_of(node));
                }
                let values = tuple.types().zip(nodes).map(|(ty, node)| self.value(node, text, &ty));
                Val::Tuple(values.collect::<Result<_, _>>()?)
            }
            Type::Variant(variant) => {
                let (label, payload) = node.as_variant(text).map_err(kind)?;
                let case = variant.cases().find(|case| case.name == label).ok_or_else(|| kind_of(node))?;
                let payload = match (payload, &case.ty) {
                    (Some(payload), Some(ty)) => Some(Box::new(self.value(payload, text, ty)?)),
                    (None, None) => None,
                    _ => return Err(kind_of(node)),
                };
                Val::Variant(label.to_owned(), payload)
            }
            Type::Enum(names) => {
                let label = node.as_enum(text).map_err(kind)?;
                names.names().find(|name| *name == label).map(|name| Val::Enum(name.to_owned())).ok_or(kind_of(node))?
            }
            Type::Flags(names) => {
                let flags: Vec<String> = node.as_flags(text).map_err(kind)?.map(str::to_owned).collect();
                if flags.iter().any(|flag| !names.names().any(|name| name == flag)) {
                    return Err(kind_of(node));
                }
                Val::Flags(flags)
            }
            Type::Option(option) => match node.as_option() {
                Ok(Some(inner)) => Val::Option(Some(Box::new(self.value(inner, text, &option.ty())?))),
                Ok(None) => Val::Option(None),
                // WAVE lets `some` be left out.
                Err(_) => Val::Option(Some(Box::new(self.value(node, text, &option.ty())?))),
            },
            Type::Result(result) => match node.as_result() {
                Ok(Ok(payload)) => Val::Result(Ok(self.payload(node, payload, text, result.ok())?)),
                Ok(Err(payload)) => Val::Result(Err(self.payload(node, payload, text, result.err())?)),
                Err(_) => {
                    let ty = result.ok().ok_or_else(|| kind_of(node))?;
                    Val::Result(Ok(Some(Box::new(self.value(node, text, &ty)?))))
                }
            },
            Type::Own(_) | Type::Borrow(_) => {
                let why = match node.ty() {
                    NodeType::Label => format!("nothing is called `{}`", word(node, text)),
                    _ => format!("expected the name of a handle, {}", shown(ty, self.resources)),
                };
                return Err(Unfit { at: node.span(), why });
            }
            Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
                let why = format!("a {} cannot be written as text", shown(ty, self.resources));
                return Err(Unfit { at: node.span(), why });
            }
        })
    }

    fn list(&mut self, node: &Node, text: &str, ty: &Type) -> Result<Vec<Val>, Unfit> {
        let nodes: Vec<&Node> = node.as_list().map_err(|_| kind_of(node))?.collect();
        nodes.into_iter().map(|node| self.value(node, text, ty)).collect()
    }

    fn payload(
        &mut self,
        node: &Node,
        payload: Option<&Node>,
        text: &str,
        ty: Option<Type>,
    ) -> Result<Option<Box<Val>>, Unfit> {
        match (payload, ty) {
            (Some(payload), Some(ty)) => Ok(Some(Box::new(self.value(payload, text, &ty)?))),
            (None, None) => Ok(None),
            _ => Err(kind_of(node)),
        }
    }
}

/// What stands for a node, as it was written.
fn word<'t>(node: &Node, text: &'t str) -> &'t str {
    text.get(node.span()).unwrap_or_default()
}

/// Another kind of value was wanted; whoever knows the type says which.
fn kind_of(node: &Node) -> Unfit {
    Unfit { at: node.span(), why: String::new() }
}

/// A value as text. `handle`: what a handle is called.
pub(super) fn written(value: &Val, handle: &dyn Fn(&Val) -> String) -> String {
    let inner = |value: &Val| written(value, handle);
    let all = |values: &[Val]| values.iter().map(inner).collect::<Vec<_>>().join(", ");
    let applied = |name: &str, payload: &Option<Box<Val>>| match payload {
        Some(payload) => format!("{name}({})", inner(payload)),
        None => name.to_owned(),
    };
    match value {
        Val::Bool(value) => value.to_string(),
        Val::S8(value) => value.to_string(),
        Val::U8(value) => value.to_string(),
        Val::S16(value) => value.to_string(),
        Val::U16(value) => value.to_string(),
        Val::S32(value) => value.to_string(),
        Val::U32(value) => value.to_string(),
        Val::S64(value) => value.to_string(),
        Val::U64(value) => value.to_string(),
        Val::Float32(value) => float(value.is_nan(), value),
        Val::Float64(value) => float(value.is_nan(), value),
        Val::Char(value) => format!("'{}'", escaped(&value.to_string(), '\'')),
        Val::String(value) => format!("\"{}\"", escaped(value, '"')),
        Val::List(values) | Val::FixedLengthList(values) => format!("[{}]", all(values)),
        Val::Map(pairs) => {
            let pairs: Vec<_> =
                pairs.iter().map(|(key, value)| format!("({}, {})", inner(key), inner(value))).collect();
            format!("[{}]", pairs.join(", "))
        }
        Val::Tuple(values) => format!("({})", all(values)),
        Val::Record(fields) => {
            let present = fields.iter().filter(|(_, value)| !matches!(value, Val::Option(None)));
            let fields: Vec<_> = present.map(|(name, value)| format!("{}: {}", label(name), inner(value))).collect();
            if fields.is_empty() { "{:}".to_owned() } else { format!("{{{}}}", fields.join(", ")) }
        }
        Val::Variant(name, payload) => applied(&label(name), payload),
        Val::Enum(name) => label(name).into_owned(),
        Val::Option(Some(value)) => format!("some({})", inner(value)),
        Val::Option(None) => "none".to_owned(),
        Val::Result(Ok(payload)) => applied("ok", payload),
        Val::Result(Err(payload)) => applied("err", payload),
        Val::Flags(names) => {
            format!("{{{}}}", names.iter().map(|name| label(name).into_owned()).collect::<Vec<_>>().join(", "))
        }
        Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => handle(value),
    }
}

fn float(is_nan: bool, value: &impl std::fmt::Display) -> String {
    if is_nan { "nan".to_owned() } else { value.to_string() }
}

/// Labels that would be read as something else.
fn label(name: &str) -> Cow<'_, str> {
    match name {
        "true" | "false" | "inf" | "nan" | "some" | "none" | "ok" | "err" => Cow::Owned(format!("%{name}")),
        _ => Cow::Borrowed(name),
    }
}

/// In quotes, unable to end them or to steer a terminal.
fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if !crate::runtime::output::is_printable(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}
