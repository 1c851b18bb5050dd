//! Comments: whether there are any.

use wit_parser::{Docs, PackageId, Stability, TypeDef, TypeDefKind};

use super::{
    allow,
    items::{Found, Linter, Named, Place},
    rules::{
        DEPRECATED_WITHOUT_DOCS, Rule, UNDOCUMENTED_FUNCTION, UNDOCUMENTED_INTERFACE, UNDOCUMENTED_MEMBER,
        UNDOCUMENTED_PACKAGE, UNDOCUMENTED_TYPE, UNDOCUMENTED_WORLD,
    },
};
use crate::{check::compat::Item, compare::Step};

impl Linter<'_> {
    pub(super) fn package(&mut self, id: PackageId, item: &Item) {
        let package = &self.resolve.packages[id];
        if is_undocumented(&package.docs) {
            let (rule, item) = (&UNDOCUMENTED_PACKAGE, item.clone());
            self.found.push(Found { rule, item, detail: None, at: Place::Package, other: None });
        }
        self.package_version(&package.name, item);
        self.package_name(&package.name, item);
        self.alike(package);
    }

    pub(super) fn interface_docs(&mut self, named: Named<'_>) {
        self.documented(named, &UNDOCUMENTED_INTERFACE);
    }

    pub(super) fn world_docs(&mut self, named: Named<'_>) {
        self.documented(named, &UNDOCUMENTED_WORLD);
    }

    pub(super) fn function_docs(&mut self, named: Named<'_>) {
        self.documented(named, &UNDOCUMENTED_FUNCTION);
    }

    pub(super) fn type_docs(&mut self, named: Named<'_>, def: &TypeDef) {
        self.documented(named, &UNDOCUMENTED_TYPE);
        let mut member = |step: Step, docs: &Docs, span| {
            if is_undocumented(docs) {
                self.tell(&UNDOCUMENTED_MEMBER, &named.item.inside(step), None, span);
            }
        };
        match &def.kind {
            TypeDefKind::Record(of) => {
                of.fields.iter().for_each(|field| member(Step::Field(field.name.clone()), &field.docs, field.span));
            }
            TypeDefKind::Variant(of) => {
                of.cases.iter().for_each(|case| member(Step::Case(case.name.clone()), &case.docs, case.span));
            }
            TypeDefKind::Enum(of) => {
                of.cases.iter().for_each(|case| member(Step::Case(case.name.clone()), &case.docs, case.span));
            }
            TypeDefKind::Flags(of) => {
                of.flags.iter().for_each(|flag| member(Step::Flag(flag.name.clone()), &flag.docs, flag.span));
            }
            _ => {}
        }
    }

    fn documented(&mut self, named: Named<'_>, rule: &'static Rule) {
        if !is_undocumented(named.docs) {
            return;
        }
        let is_deprecated = match named.stability {
            Stability::Stable { deprecated, .. } | Stability::Unstable { deprecated, .. } => deprecated.is_some(),
            Stability::Unknown => false,
        };
        let rule = if is_deprecated { &DEPRECATED_WITHOUT_DOCS } else { rule };
        self.tell(rule, named.item, None, named.span);
    }
}

/// Whether nothing is said. A comment to this tool says nothing: wit-parser takes every comment for documentation.
fn is_undocumented(docs: &Docs) -> bool {
    let text = docs.contents.as_deref().unwrap_or_default();
    text.lines().all(|line| line.trim().is_empty() || allow::is_directive(line))
}
