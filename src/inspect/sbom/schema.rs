//! JSON schema (drafts 4 and 7), as much of it as the schemas in `fixtures/sbom` and that of SARIF use: a keyword that is not known fails the test,
//! so that nothing is passed over.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Keywords that only explain. Formats do too in draft 7, unless a validator wants them to count.
const EXPLAIN: [&str; 14] = [
    "$schema",
    "$id",
    "id",
    "title",
    "$comment",
    "description",
    "examples",
    "default",
    "format",
    "meta:enum",
    "deprecated",
    "definitions",
    "additionalItems",
    "then",
];

/// Schemas by the names of their files.
pub struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    pub fn load() -> Schemas {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sbom");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        Schemas::of(files.filter(|path| path.extension().is_some_and(|it| it == "json")))
    }

    pub fn of(files: impl Iterator<Item = std::path::PathBuf>) -> Schemas {
        let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
        Schemas(
            files.map(|path| (name(&path), serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())).collect(),
        )
    }

    /// What of a document is not as the schema in that file says; empty if it is valid.
    pub fn errors(&self, file: &str, document: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        self.check(file, &self.0[file], document, "", &mut errors);
        errors
    }

    fn is_valid(&self, file: &str, schema: &Value, value: &Value) -> bool {
        let mut errors = Vec::new();
        self.check(file, schema, value, "", &mut errors);
        errors.is_empty()
    }

    fn check(&self, file: &str, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        let Value::Object(schema) = schema else {
            if *schema == Value::Bool(false) {
                errors.push(format!("{at}: nothing may be here"));
            }
            return;
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            // In draft 7 it stands alone.
            let (other, pointer) = reference.split_once('#').unwrap_or((reference, ""));
            let file = if other.is_empty() { file } else { other };
            let schema = self.0[file].pointer(pointer).unwrap_or_else(|| panic!("{reference}"));
            return self.check(file, schema, value, at, errors);
        }
        for (keyword, wants) in schema {
            let holds = |schema: &Value| self.is_valid(file, schema, value);
            let ok = match keyword.as_str() {
                "type" => match wants {
                    Value::Array(types) => types.iter().any(|it| is_type(it, value)),
                    only => is_type(only, value),
                },
                "enum" => wants.as_array().unwrap().contains(value),
                "const" => wants == value,
                "pattern" => {
                    value.as_str().is_none_or(|text| regex::Regex::new(wants.as_str().unwrap()).unwrap().is_match(text))
                }
                "minimum" => value.as_f64().is_none_or(|it| it >= wants.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|it| it <= wants.as_f64().unwrap()),
                "minLength" => value.as_str().is_none_or(|it| it.chars().count() as u64 >= wants.as_u64().unwrap()),
                "maxLength" => value.as_str().is_none_or(|it| it.chars().count() as u64 <= wants.as_u64().unwrap()),
                "minItems" => value.as_array().is_none_or(|it| it.len() as u64 >= wants.as_u64().unwrap()),
                "maxItems" => value.as_array().is_none_or(|it| it.len() as u64 <= wants.as_u64().unwrap()),
                "uniqueItems" => {
                    value.as_array().is_none_or(|it| it.iter().enumerate().all(|(i, a)| !it[i + 1..].contains(a)))
                }
                "oneOf" => wants.as_array().unwrap().iter().filter(|it| holds(it)).count() == 1,
                "anyOf" => wants.as_array().unwrap().iter().any(holds),
                "allOf" => wants.as_array().unwrap().iter().all(holds),
                "if" => !holds(wants) || schema.get("then").is_none_or(holds),
                "required" => match value {
                    Value::Object(it) => {
                        wants.as_array().unwrap().iter().all(|name| it.contains_key(name.as_str().unwrap()))
                    }
                    _ => true,
                },
                "properties" | "additionalProperties" => {
                    if let Value::Object(members) = value {
                        self.members(file, schema, keyword, members, at, errors);
                    }
                    true
                }
                "items" => {
                    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                        let wants = match wants {
                            // One for each place, and one for all others.
                            Value::Array(each) => each.get(place).or(schema.get("additionalItems")),
                            all => Some(all),
                        };
                        if let Some(wants) = wants {
                            self.check(file, wants, item, &format!("{at}/{place}"), errors);
                        }
                    }
                    true
                }
                explains => {
                    assert!(EXPLAIN.contains(&explains), "the keyword {explains} is not known");
                    true
                }
            };
            if !ok {
                errors.push(format!("{at}: {keyword}: {value} is not as {wants}"));
            }
        }
    }

    fn members(
        &self,
        file: &str,
        schema: &Map<String, Value>,
        keyword: &str,
        members: &Map<String, Value>,
        at: &str,
        errors: &mut Vec<String>,
    ) {
        let named = schema.get("properties").and_then(Value::as_object);
        for (name, member) in members {
            let own = named.and_then(|named| named.get(name));
            let wants = if keyword == "properties" { own } else { schema.get(keyword).filter(|_| own.is_none()) };
            if let Some(wants) = wants {
                self.check(file, wants, member, &format!("{at}/{name}"), errors);
            }
        }
    }
}

fn is_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}
