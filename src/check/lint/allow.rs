//! `// lint: allow(rule)`: comments that allow a finding.

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{
    Finding,
    items::{Found, Linter, Place},
    rules::{NEEDLESS_ALLOW, Rule},
};
use crate::{
    check::{
        compat::{Item, Root, Spot},
        levels::Ruled as _,
    },
    diagnostic::SourceFile,
    wit::{Outline, Remark},
};

/// The word that such comments begin with.
const WORD: &str = "lint";

/// A rule that is allowed somewhere.
struct Allowed {
    source: Arc<SourceFile>,
    /// The comment.
    span: Range<usize>,
    /// What it speaks of.
    about: Range<usize>,
    /// As written.
    name: String,
    used: bool,
}

/// Whether a line of documentation is such a comment.
pub(super) fn is_directive(line: &str) -> bool {
    line.trim().strip_prefix(WORD).is_some_and(|rest| rest.starts_with(':'))
}

/// Marks what comments allow, and gives the comments that allow nothing. Of several the innermost counts.
pub(super) fn mark(findings: &mut [Finding], linter: &Linter<'_>) -> Vec<Found> {
    let mut all = comments(linter);
    all.sort_by(|a, b| (&a.source.name, a.about.start).cmp(&(&b.source.name, b.about.start)));
    let mut places: Vec<(usize, Spot)> =
        findings.iter().enumerate().filter_map(|(at, finding)| Some((at, finding.at.clone()?))).collect();
    places.sort_by(|(_, a), (_, b)| (&a.source.name, a.span.start).cmp(&(&b.source.name, b.span.start)));
    // Both go from front to back; per rule, those that have begun.
    let mut begun: HashMap<&'static str, Vec<usize>> = HashMap::new();
    let mut next = 0;
    for (finding, spot) in places {
        let finding = &mut findings[finding];
        let here = (&spot.source.name, spot.span.start);
        while let Some(allowed) = all.get(next).filter(|it| (&it.source.name, it.about.start) <= here) {
            if let Some(rule) = Rule::named(&allowed.name) {
                begun.entry(rule.id).or_default().push(next);
            }
            next += 1;
        }
        let begun = begun.entry(finding.rule.id).or_default();
        let is_over = |at: &usize| all[*at].source.name != spot.source.name || all[*at].about.end <= spot.span.start;
        while begun.last().is_some_and(is_over) {
            begun.pop();
        }
        if let Some(innermost) = begun.last() {
            all[*innermost].used = true;
            finding.allowed = true;
        }
    }
    let package = linter.own.first().map(|id| &linter.resolve.packages[*id].name);
    let name = package.map(|name| format!("{}:{}", name.namespace, name.name)).unwrap_or_default();
    let item = Item::of(Root::Package(name));
    let needless = all.into_iter().filter(|allowed| !allowed.used);
    needless
        .map(|allowed| {
            let at = Place::Spot(Spot { source: allowed.source, span: allowed.span });
            Found { rule: &NEEDLESS_ALLOW, item: item.clone(), detail: Some(allowed.name), at, other: None }
        })
        .collect()
}

fn comments(linter: &Linter<'_>) -> Vec<Allowed> {
    let mut all = Vec::new();
    for source in linter.own_texts() {
        for Remark { span, text, about, .. } in
            Outline::of(&source.text).remarks.into_iter().filter(|remark| remark.word == WORD)
        {
            let of =
                |name| Allowed { source: source.clone(), span: span.clone(), about: about.clone(), name, used: false };
            all.extend(names(&text).into_iter().map(of));
        }
    }
    all
}

/// The names in `allow(one, another) because …`. What is not of that form is a name that no rule has.
fn names(text: &str) -> Vec<String> {
    let inside = text.strip_prefix("allow").map(str::trim_start).and_then(|rest| rest.strip_prefix('('));
    match inside.and_then(|rest| rest.split_once(')')) {
        Some((names, _)) => names.split(',').map(|name| name.trim().to_owned()).collect(),
        None => vec![text.to_owned()],
    }
}
