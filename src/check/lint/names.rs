//! What things are called.

use std::collections::HashMap;

use wit_parser::{Function, Package, PackageName, Span, TypeDef, TypeDefKind};

use super::{
    items::{Found, Linter, Named, Place},
    rules::{ASYNC_IN_NAME, CASE_REPEATS_TYPE, NAMES_ALIKE, PLACEHOLDER_PACKAGE},
};
use crate::{
    check::compat::{Item, Root},
    compare::Step,
};

/// Namespaces that templates are written with.
const PLACEHOLDERS: &[&str] = &["component", "example", "my-namespace", "my-org", "root"];

impl Linter<'_> {
    pub(super) fn package_name(&mut self, name: &PackageName, item: &Item) {
        if PLACEHOLDERS.contains(&name.namespace.as_str()) {
            let (rule, item, detail) = (&PLACEHOLDER_PACKAGE, item.clone(), Some(name.namespace.clone()));
            self.found.push(Found { rule, item, detail, at: Place::Package, other: None });
        }
    }

    pub(super) fn type_names(&mut self, named: Named<'_>, def: &TypeDef) {
        let item = named.item;
        let case = |name: &String, span: Span| (name.clone(), item.inside(Step::Case(name.clone())), span);
        let cases: Vec<_> = match &def.kind {
            TypeDefKind::Variant(of) => of.cases.iter().map(|it| case(&it.name, it.span)).collect(),
            TypeDefKind::Enum(of) => of.cases.iter().map(|it| case(&it.name, it.span)).collect(),
            TypeDefKind::Flags(of) => {
                let flags = of.flags.iter();
                flags.map(|it| (it.name.clone(), item.inside(Step::Flag(it.name.clone())), it.span)).collect()
            }
            _ => return,
        };
        let owner = def.name.as_deref().unwrap_or_default();
        for (name, item, span) in &cases {
            let rest = name.strip_prefix(owner).and_then(|rest| rest.strip_prefix('-'));
            if let Some(rest) = rest {
                self.tell(&CASE_REPEATS_TYPE, item, rest.to_owned(), *span);
            }
        }
    }

    pub(super) fn function_names(&mut self, named: Named<'_>, function: &Function) {
        let name = function.name.rsplit(['.', ']']).next().unwrap_or_default();
        let word = name.split('-').find(|word| ["async", "sync"].contains(&word.to_ascii_lowercase().as_str()));
        // `sync` is a verb as well, at the head of a name or alone.
        if let Some(word) = word.filter(|word| *word != "sync" || name.ends_with("-sync")) {
            self.tell(&ASYNC_IN_NAME, named.item, word.to_owned(), named.span);
        }
    }

    /// Interfaces and worlds that are told apart by case and dashes alone. Within them the parser sees to it.
    pub(super) fn alike(&mut self, package: &Package) {
        let resolve = self.resolve;
        let of = |name: &String, root: fn(String) -> Root, span: Span| {
            let item = Item::of(root(format!("{}:{}/{name}", package.name.namespace, package.name.name)));
            (name.clone(), item, span)
        };
        let interfaces = package.interfaces.iter();
        let interfaces = interfaces.map(|(name, id)| of(name, Root::Interface, resolve.interfaces[*id].span));
        let worlds = package.worlds.iter().map(|(name, id)| of(name, Root::World, resolve.worlds[*id].span));
        let mut known: HashMap<String, (String, Span)> = HashMap::new();
        for (name, item, span) in interfaces.chain(worlds) {
            let spoken = name.replace('-', "").to_ascii_lowercase();
            match known.get(&spoken) {
                Some((other, there)) => self.tell_both(&NAMES_ALIKE, &item, other.clone(), span, *there),
                None => drop(known.insert(spoken, (name, span))),
            }
        }
    }
}
