//! From text to the manifest as typed: TOML, compared with the schema node by node.
//!
//! 1. The text is parsed with recovery, so that every syntax error is told, not the first; and only those. Keys of more than
//!    [`MAX_DEPTH`] steps are refused before: the parser builds one table in another for each, and takes them down by
//!    recursion. (It bounds the depth of values by itself.)
//! 2. The tree is walked beside the schema: unknown keys, keys that belong to a later version, wrong types, words
//!    outside an enumeration, missing keys. What does not fit is cut out of the tree.
//! 3. What is left fits the structs, and serde reads it.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    error::{Flaw, FlawKind},
    typed,
};

/// Keys of the design that this version does not act on: refused, as silence would be a lie.
const LATER: &[(&str, &[&str])] = &[("components.*", &["registry", "version", "profile"])];

/// Steps of a dotted key; no key of the schema has more than four.
const MAX_DEPTH: usize = 64;

/// The manifest as typed and all flaws of its form.
pub fn read(text: &str) -> (typed::Manifest, Vec<Flaw>) {
    if let Some(at) = too_deep(text) {
        let kind = FlawKind::Syntax { message: format!("a key of more than {MAX_DEPTH} steps") };
        return (typed::Manifest::default(), vec![Flaw { path: Vec::new(), span: at..at + 1, kind }]);
    }
    let (mut root, errors) = DeTable::parse_recoverable(text);
    let syntax: Vec<Flaw> = errors
        .iter()
        .map(|error| Flaw {
            path: Vec::new(),
            span: error.span().unwrap_or(0..0),
            kind: FlawKind::Syntax { message: error.message().to_owned() },
        })
        .collect();
    if !syntax.is_empty() {
        // What stands in a broken text is guesswork; telling of it would bury what is certain.
        return (typed::Manifest::default(), syntax);
    }
    let mut flaws = Vec::new();
    let schema = typed::schema().to_value();
    let mut walk = Walk { schema: &schema, path: Vec::new(), flaws: &mut flaws };
    walk.table(&schema, root.get_mut(), 0..0);
    match typed::Manifest::deserialize(toml::Deserializer::from(root)) {
        Ok(typed) => (typed, flaws),
        // The walk leaves nothing that serde refuses; if it ever did, this would tell of it in serde's words.
        Err(error) => {
            let kind = FlawKind::Syntax { message: error.message().to_owned() };
            flaws.push(Flaw { path: Vec::new(), span: error.span().unwrap_or(0..0), kind });
            (typed::Manifest::default(), flaws)
        }
    }
}

struct Walk<'a> {
    /// The whole schema, where references lead.
    schema: &'a Value,
    /// Keys from the root to here.
    path: Vec<String>,
    flaws: &'a mut Vec<Flaw>,
}

impl<'a> Walk<'a> {
    /// Compares one value; `false`: it does not fit and is to be cut out.
    fn value(&mut self, node: &'a Value, value: &mut Spanned<DeValue<'_>>) -> bool {
        let node = self.followed(node);
        let span = value.span();
        let expected = type_of(node);
        let found = value.get_ref().type_str();
        if expected != found {
            self.tell(span, FlawKind::WrongType { expected, found });
            // An empty table in place of a wrong one keeps the name of a component or grant known to the rest.
            *value.get_mut() = DeValue::Table(DeTable::new());
            return expected == "table";
        }
        match value.get_mut() {
            DeValue::Table(table) => self.table(node, table, span),
            DeValue::Array(array) => {
                let item = &node["items"];
                let all = std::mem::replace(array, DeArray::new());
                let fitting = |mut element| self.value(item, &mut element).then_some(element);
                *array = all.into_iter().filter_map(fitting).collect();
            }
            DeValue::String(word) => {
                let known = words(node);
                if !known.is_empty() && !known.contains(&word.as_ref()) {
                    let known = known.into_iter().map(str::to_owned).collect();
                    let word = word.clone().into_owned();
                    self.tell(span, FlawKind::UnknownWord { word, known });
                    return false;
                }
            }
            _ => {}
        }
        true
    }

    /// Compares the entries of a table that stands at `span`.
    fn table(&mut self, node: &'a Value, table: &mut DeTable<'_>, span: Range<usize>) {
        let properties = node["properties"].as_object();
        let others = node.get("additionalProperties").filter(|others| others.is_object());
        let mut cut = Vec::new();
        for (key, value) in table.iter_mut() {
            let name = key.get_ref().clone().into_owned();
            let Some(node) = properties.and_then(|known| known.get(&name)).or(others) else {
                let kind = if self.is_later(&name) {
                    FlawKind::Later { key: name.clone() }
                } else {
                    let known = properties.into_iter().flat_map(|known| known.keys().cloned()).collect();
                    FlawKind::UnknownKey { key: name.clone(), known }
                };
                self.tell(key.span(), kind);
                cut.push(name);
                continue;
            };
            self.path.push(name.clone());
            if !self.value(node, value) {
                cut.push(name);
            }
            self.path.pop();
        }
        for key in node["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(key) {
                self.tell(span.clone(), FlawKind::MissingKey { key: key.to_owned() });
            }
        }
        for name in cut {
            table.remove(name.as_str());
        }
    }

    fn is_later(&self, key: &str) -> bool {
        let path = match self.path.as_slice() {
            [table, _] => format!("{table}.*"),
            path => path.join("."),
        };
        LATER.iter().any(|(table, keys)| *table == path && keys.contains(&key))
    }

    fn tell(&mut self, span: Range<usize>, kind: FlawKind) {
        self.flaws.push(Flaw { path: self.path.clone(), span, kind });
    }

    /// The node itself, behind references.
    fn followed(&self, node: &'a Value) -> &'a Value {
        if let Some(reference) = node["$ref"].as_str() {
            let target = reference.strip_prefix('#').and_then(|pointer| self.schema.pointer(pointer));
            return self.followed(target.expect("a generated schema refers only into itself"));
        }
        // A reference with a description of its own, or one that can be absent.
        match node["allOf"].as_array().or(node["anyOf"].as_array()).map(Vec::as_slice) {
            Some([one]) => self.followed(one),
            _ => node,
        }
    }
}

/// The type a node asks for, in TOML's words.
fn type_of(node: &Value) -> &'static str {
    match node["type"].as_str() {
        Some("object") => "table",
        Some("array") => "array",
        Some("boolean") => "boolean",
        // An enumeration whose words are documented one by one states its type only below.
        _ => "string",
    }
}

/// The words an enumeration allows; empty for any other string.
fn words(node: &Value) -> Vec<&str> {
    let listed = node["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let one = node["const"].as_str();
    let below = node["oneOf"].as_array().into_iter().flatten().flat_map(words);
    listed.chain(one).chain(below).collect()
}

/// Where a dotted key goes deeper than [`MAX_DEPTH`], looking past strings and comments.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut dots = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = after_string(bytes, at);
                continue;
            }
            b'#' => at += bytes[at..].iter().take_while(|&&byte| byte != b'\n').count(),
            b'.' => dots += 1,
            b'\n' | b'=' | b',' | b'{' | b'}' | b'[' | b']' => dots = 0,
            _ => {}
        }
        if dots > MAX_DEPTH {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The end of the string that begins at `at`; a string that is not closed ends with its line.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let tripled = [quote; 3];
    let (start, close, spans_lines) = match bytes[at..].starts_with(&tripled) {
        true => (at + 3, &tripled[..], true),
        false => (at + 1, &tripled[..1], false),
    };
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !spans_lines => return at,
            _ if bytes[at..].starts_with(close) => return at + close.len(),
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
