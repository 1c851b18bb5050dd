//! Comments and gates of an item that is on both sides.

use wit_parser::{Docs, Span, Stability};

use super::Diff;
use crate::check::compat::{
    finding::Item,
    rules::{DEPRECATED, DOCS_CHANGED, SINCE_ADDED, SINCE_CHANGED, SINCE_REMOVED, SINCE_TOO_OLD, UNDEPRECATED},
};

impl Diff<'_> {
    pub(super) fn attributes(
        &mut self,
        item: &Item,
        old: (&Docs, &Stability),
        new: (&Docs, &Stability),
        at: (Span, Span),
    ) {
        self.docs(item, old.0, new.0, at);
        match (since(old.1), since(new.1)) {
            (Some(old), Some(new)) if old != new => self.tell(&SINCE_CHANGED, item.clone(), old, new, at),
            (Some(old), None) => self.tell(&SINCE_REMOVED, item.clone(), old, None, at),
            (None, Some(new)) => self.tell(&SINCE_ADDED, item.clone(), None, new, at),
            _ => {}
        }
        match (deprecated(old.1), deprecated(new.1)) {
            (None, Some(new)) => self.tell(&DEPRECATED, item.clone(), None, new, at),
            (Some(old), None) => self.tell(&UNDEPRECATED, item.clone(), old, None, at),
            _ => {}
        }
    }

    pub(super) fn docs(&mut self, item: &Item, old: &Docs, new: &Docs, at: (Span, Span)) {
        let words = |docs: &Docs| docs.contents.as_ref().map(|text| text.trim().to_owned()).unwrap_or_default();
        let (old, new) = (words(old), words(new));
        if old != new {
            self.tell(&DOCS_CHANGED, item.clone(), old, new, at);
        }
    }

    /// A new item that claims to be there since a version that was without it.
    pub(super) fn new_since(&mut self, item: &Item, stability: &Stability, at: (Span, Span)) {
        if let (Stability::Stable { since, .. }, Some(old)) = (stability, &self.since)
            && since <= old
        {
            let since = since.to_string();
            self.tell(&SINCE_TOO_OLD, item.clone(), None, since, at);
        }
    }
}

fn since(stability: &Stability) -> Option<String> {
    match stability {
        Stability::Stable { since, .. } => Some(since.to_string()),
        Stability::Unknown | Stability::Unstable { .. } => None,
    }
}

fn deprecated(stability: &Stability) -> Option<String> {
    match stability {
        Stability::Stable { deprecated, .. } | Stability::Unstable { deprecated, .. } => {
            deprecated.as_ref().map(ToString::to_string)
        }
        Stability::Unknown => None,
    }
}
