//! Functions of one name, and those left over.

use wit_parser::{Docs, Function, FunctionKind, Span, Stability};

use super::{
    Diff,
    types::{Member, PARAMETERS, member},
};
use crate::{
    check::compat::{
        finding::Item,
        rules::{
            BECAME_ASYNC, BECAME_SYNC, CONSTRUCTOR_ADDED, CONSTRUCTOR_REMOVED, FUNCTION_ADDED, FUNCTION_REMOVED,
            METHOD_ADDED, METHOD_REMOVED, RESULT_ADDED, RESULT_REMOVED, RESULT_RETYPED, Rule, STATIC_ADDED,
            STATIC_REMOVED,
        },
    },
    compare::{Step, function_step, function_text},
};

static NO_DOCS: Docs = Docs { contents: None };

impl Diff<'_> {
    /// Compares two functions of one name.
    pub(super) fn function(&mut self, home: &Item, a: &Function, b: &Function) {
        let item = home.inside(function_step(self.old, a));
        let at = (a.span, b.span);
        self.attributes(&item, (&a.docs, &a.stability), (&b.docs, &b.stability), at);
        self.signatures(&item, a, b);
    }

    pub(super) fn signatures(&mut self, item: &Item, a: &Function, b: &Function) {
        let at = (a.span, b.span);
        let is_async = (a.kind.is_async(), b.kind.is_async());
        if is_async.0 != is_async.1 {
            let rule = if is_async.1 { &BECAME_ASYNC } else { &BECAME_SYNC };
            let (old, new) = (function_text(self.old, a), function_text(self.new, b));
            self.tell(rule, item.clone(), old, new, at);
        }
        self.members(item, &params(a), &params(b), &PARAMETERS, at);
        // What a constructor gives is the resource, or a result of it.
        let result = item.inside(Step::Result);
        match (a.result, b.result) {
            (Some(_), Some(_)) if self.same_optional(a.result, b.result) => {}
            (Some(_), Some(_)) => self.retyped(&RESULT_RETYPED, result, a.result, b.result, at),
            (Some(_), None) => self.retyped(&RESULT_REMOVED, result, a.result, None, at),
            (None, Some(_)) => self.retyped(&RESULT_ADDED, result, None, b.result, at),
            (None, None) => {}
        }
    }

    pub(super) fn removed_function(&mut self, home: &Item, function: &Function, inside: Span) {
        let item = home.inside(function_step(self.old, function));
        let rule = by_kind(function, &FUNCTION_REMOVED, &METHOD_REMOVED, &STATIC_REMOVED, &CONSTRUCTOR_REMOVED);
        self.tell(rule, item, function_text(self.old, function), None, (function.span, inside));
    }

    pub(super) fn added_function(&mut self, home: &Item, function: &Function, inside: Span) {
        let item = home.inside(function_step(self.new, function));
        let rule = by_kind(function, &FUNCTION_ADDED, &METHOD_ADDED, &STATIC_ADDED, &CONSTRUCTOR_ADDED);
        let at = (inside, function.span);
        self.tell(rule, item.clone(), None, function_text(self.new, function), at);
        self.new_since(&item, &function.stability, at);
    }
}

fn by_kind(
    function: &Function,
    plain: &'static Rule,
    method: &'static Rule,
    of_type: &'static Rule,
    constructor: &'static Rule,
) -> &'static Rule {
    match (&function.kind, function.kind.resource()) {
        (FunctionKind::Constructor(_), _) => constructor,
        (FunctionKind::Static(_) | FunctionKind::AsyncStatic(_), _) => of_type,
        (_, Some(_)) => method,
        (_, None) => plain,
    }
}

fn params(function: &Function) -> Vec<Member<'_>> {
    function.params.iter().map(|p| member(&p.name, Some(p.ty), p.span, &NO_DOCS)).collect()
}

/// Whether an item is left out unless its feature is asked for.
pub(super) fn is_unstable(stability: &Stability) -> bool {
    matches!(stability, Stability::Unstable { .. })
}
