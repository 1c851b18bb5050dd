//! The entry module's exports against those the world asks for. componentize-qjs would build without them.
//!
//! Only what is certainly wrong is told: values that come from calls, spreads or base classes are left to the user.

use std::{ops::Range, sync::Arc};

use super::{
    Error,
    modules::{Module, Modules},
    names::{Export, Item, Signature},
    outline::Value,
};
use crate::diagnostic::SourceFile;

/// Everything that is certainly missing or wrong.
pub fn check(modules: &Modules, wanted: &[Export]) -> Vec<Error> {
    let Some(entry) = modules.first() else { return Vec::new() };
    let mut check = Check { modules, errors: Vec::new() };
    for export in wanted {
        match modules.export(entry, &export.name) {
            Err(()) => {}
            Ok(None) => check.errors.push(Error::MissingExport { export: export.clone(), entry: entry.source.clone() }),
            Ok(Some((module, value))) => {
                let path = Path { export, member: None };
                check.value(module, value, &export.item, &path);
            }
        }
    }
    check.errors
}

struct Check<'a> {
    modules: &'a Modules,
    errors: Vec<Error>,
}

/// Where in the exports a value is.
struct Path<'a> {
    export: &'a Export,
    member: Option<String>,
}

impl Path<'_> {
    fn name(&self) -> String {
        match &self.member {
            Some(member) => format!("{}.{member}", self.export.name),
            None => self.export.name.clone(),
        }
    }

    fn member(&self, name: &str) -> Path<'_> {
        let member = self.member.as_ref().map_or(name.to_owned(), |outer| format!("{outer}.{name}"));
        Path { export: self.export, member: Some(member) }
    }
}

/// The members of an object as far as they show.
enum Members<'a> {
    Found(&'a Module, &'a Value),
    Missing,
    Unknown,
}

impl<'a> Check<'a> {
    fn value(&mut self, module: &'a Module, value: &'a Value, item: &Item, path: &Path<'_>) {
        let value = module.outline.local(value);
        let value = match value {
            Value::Imported { specifier, name } => {
                let Some(target) = self.modules.target(module, specifier) else { return };
                if let Ok(Some((module, value))) = self.modules.export(target, name) {
                    self.value(module, value, item, path);
                }
                return;
            }
            value => value,
        };
        match (item, value) {
            (_, Value::Unknown) => {}
            (Item::Function(signature), Value::Function { span, is_async }) => {
                self.function(module, span, *is_async, signature, path);
            }
            (Item::Interface(members), Value::Object(_) | Value::Namespace { .. }) => {
                for (name, item) in members {
                    let member = self.member(module, value, name);
                    self.found(module, value, member, name, item, path);
                }
            }
            (Item::Class { methods, statics, .. }, Value::Class(class)) => {
                let sides = [(methods, &class.methods, ""), (statics, &class.statics, "static ")];
                for (wanted, there, word) in sides {
                    for (name, signature) in wanted {
                        let item = Item::Function(signature.clone());
                        let path = path.member(name);
                        match there.get(name) {
                            Some(value) => self.value(module, value, &item, &path),
                            None if class.is_open => {}
                            None => self.missing(module, class.span.clone(), name, &item, word, &path),
                        }
                    }
                }
            }
            (wanted, other) => {
                let (source, span) = (module.source.clone(), span(other));
                self.errors.push(Error::WrongExport {
                    name: path.name(),
                    stands_for: path.export.stands_for.clone(),
                    wanted: wanted.clone(),
                    place: span.map(|span| in_original(module, source, span)),
                });
            }
        }
    }

    fn found(
        &mut self,
        module: &'a Module,
        object: &'a Value,
        member: Members<'a>,
        name: &str,
        item: &Item,
        path: &Path<'_>,
    ) {
        let path = path.member(name);
        match member {
            Members::Found(module, value) => self.value(module, value, item, &path),
            Members::Missing => self.missing(module, span(object).unwrap_or(0..0), name, item, "", &path),
            Members::Unknown => {}
        }
    }

    fn member(&self, module: &'a Module, object: &'a Value, name: &str) -> Members<'a> {
        match object {
            Value::Object(object) => match object.members.get(name) {
                Some(value) => Members::Found(module, value),
                None if object.is_open => Members::Unknown,
                None => Members::Missing,
            },
            Value::Namespace { specifier } => match self.modules.target(module, specifier) {
                None => Members::Unknown,
                Some(target) => match self.modules.export(target, name) {
                    Ok(Some((module, value))) => Members::Found(module, value),
                    Ok(None) => Members::Missing,
                    Err(()) => Members::Unknown,
                },
            },
            _ => Members::Unknown,
        }
    }

    fn missing(&mut self, module: &Module, span: Range<usize>, name: &str, item: &Item, word: &str, path: &Path<'_>) {
        let place = (span != (0..0)).then(|| in_original(module, module.source.clone(), span));
        self.errors.push(Error::MissingMember {
            name: path.name(),
            stands_for: path.export.stands_for.clone(),
            skeleton: format!("{word}{}", item.skeleton(name, "")),
            place,
        });
    }

    fn function(&mut self, module: &Module, span: &Range<usize>, is_async: bool, wanted: &Signature, path: &Path<'_>) {
        if is_async && !wanted.is_async {
            self.errors.push(Error::Async {
                name: path.name(),
                stands_for: path.export.stands_for.clone(),
                place: in_original(module, module.source.clone(), span.clone()),
            });
        }
    }
}

fn span(value: &Value) -> Option<Range<usize>> {
    match value {
        Value::Function { span, .. } | Value::Plain { span } => Some(span.clone()),
        Value::Class(class) => Some(class.span.clone()),
        Value::Object(object) => Some(object.span.clone()),
        Value::Local(_) | Value::Imported { .. } | Value::Namespace { .. } | Value::Unknown => None,
    }
}

/// The line of the user's text that a place of the stripped code is on: types are gone from it, lines are the same.
fn in_original(module: &Module, source: Arc<SourceFile>, span: Range<usize>) -> (Arc<SourceFile>, Range<usize>) {
    if module.parsed == source.text {
        return (source, span);
    }
    let line = module.parsed.get(..span.start).unwrap_or_default().matches('\n').count();
    let start = source.text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    let text = source.text[start..].lines().next().unwrap_or_default();
    let indent = text.len() - text.trim_start().len();
    let span = start + indent..start + text.trim_end().len().max(indent);
    (source, span)
}
