//! What no parsed package keeps: how names of others are written, includes, aliases.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    sync::Arc,
};

use super::{
    items::{Found, Linter, Place},
    rules::{INCLUDE_TWICE, MIXED_VERSIONS, NEEDLESS_ALIAS, Rule},
};
use crate::{
    check::compat::{Item, Root, Spot},
    diagnostic::SourceFile,
    wit::Outline,
};

impl Linter<'_> {
    /// The texts of the subject's own packages, by name.
    pub(super) fn own_texts(&self) -> Vec<Arc<SourceFile>> {
        let resolve = self.resolve;
        let mut names = BTreeSet::new();
        for package in self.own.iter().map(|id| &resolve.packages[*id]) {
            let interfaces = package.interfaces.values().map(|id| resolve.interfaces[*id].span);
            let spans = interfaces.chain(package.worlds.values().map(|id| resolve.worlds[*id].span));
            names.extend(spans.filter_map(|span| resolve.source_map.resolve_span(span)).map(|at| at.path.to_owned()));
        }
        names.iter().filter_map(|name| self.wit.sources.get(name).cloned()).collect()
    }

    pub(super) fn texts(&mut self) {
        let Some(first) = self.own.first().map(|id| &self.resolve.packages[*id].name) else { return };
        let home = Item::of(Root::Package(format!("{}:{}", first.namespace, first.name)));
        let mut versions: BTreeMap<String, BTreeMap<Option<String>, Spot>> = BTreeMap::new();
        for source in self.own_texts() {
            let outline = Outline::of(&source.text);
            for span in outline.aliases {
                self.tell_text(&NEEDLESS_ALIAS, &home, &source, span);
            }
            let mut included = HashSet::new();
            for include in outline.includes {
                if !included.insert((include.world, include.what)) {
                    self.tell_text(&INCLUDE_TWICE, &home, &source, include.span);
                }
            }
            for reference in outline.references {
                let spot = Spot { source: source.clone(), span: reference.span };
                versions.entry(reference.package).or_default().entry(reference.version).or_insert(spot);
            }
        }
        for (package, versions) in versions.into_iter().filter(|(_, versions)| versions.len() > 1) {
            let item = Item::of(Root::Package(package));
            let shown = |version: &Option<String>| version.clone().unwrap_or_else(|| "without a version".to_owned());
            let mut versions = versions.into_iter();
            let Some((known, spot)) = versions.next() else { continue };
            for (_, at) in versions {
                let (rule, item, detail) = (&MIXED_VERSIONS, item.clone(), Some(shown(&known)));
                let (at, other) = (Place::Spot(at), Some(Place::Spot(spot.clone())));
                self.found.push(Found { rule, item, detail, at, other });
            }
        }
    }

    /// Tells of a place in a text, and what is written there.
    fn tell_text(&mut self, rule: &'static Rule, item: &Item, source: &Arc<SourceFile>, span: Range<usize>) {
        let (item, detail) = (item.clone(), Some(source.text[span.clone()].to_owned()));
        let at = Place::Spot(Spot { source: source.clone(), span });
        self.found.push(Found { rule, item, detail, at, other: None });
    }
}
