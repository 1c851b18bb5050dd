//! Evidence in compiled code: which imported functions can be reached from what a component exports.
//!
//! 1. Each core instance of the component is read: its imports followed through other instances to where they come from,
//!    its tables to who made them, its functions to whom they call.
//! 2. From the functions that the component lifts, those that run beside them, destructors and start functions, calls
//!    are followed. An indirect call through a constant slot goes where that slot leads, any other to all functions
//!    of its type that the table holds, or that code takes references to.
//! 3. What is reached is told with the way to it.
//!
//! It is no proof either way: code that is reached here may never run, and memory is not looked at.

mod code;
mod program;
mod reach;

use std::collections::BTreeSet;

use indexmap::IndexMap;

use self::{program::Program, reach::Reached};
use super::{
    super::{
        model::{Evidence, Found, Method},
        raw::Raw,
    },
    asked,
    capability::{self, ROWS},
};

/// Asked while a language starts, whatever it then does: by themselves no evidence.
const AT_START: &[&str] = &["get-directories", "filesystem-error-code"];

/// Functions told of one interface.
const FUNCTIONS: usize = 4;

/// What the code of a component reaches; without one, that of the core module which is the file.
pub(super) fn evidence(raw: &Raw<'_>, component: Option<usize>, wanted: &BTreeSet<&str>) -> Vec<Evidence> {
    let program = match component {
        Some(component) => Program::of_component(raw, component),
        None => Program::of_module(raw),
    };
    let Some(program) = program else { return Vec::new() };
    let reached = program.reached();
    let rows = asked(wanted).into_iter().filter_map(|(id, interfaces)| {
        let row = ROWS.iter().find(|row| row.id == id)?;
        let is_asked = |reached: &&Reached<'_>| match component {
            Some(_) => interfaces.contains(&reached.interface),
            None => interfaces.contains(&&*capability::of_core(reached.interface, reached.function)),
        };
        let reached = reached.iter().filter(is_asked);
        let told = reached.clone().filter(|reached| !AT_START.contains(&plain(reached.function)));
        let mut by_interface: IndexMap<&str, Vec<&Reached<'_>>> = IndexMap::new();
        told.for_each(|reached| by_interface.entry(reached.interface).or_default().push(reached));
        let mut reasons: Vec<String> =
            by_interface.iter().map(|(interface, all)| program.reason(interface, all)).collect();
        let found = if reasons.is_empty() { Found::NoUse } else { Found::Use };
        if found == Found::NoUse && reached.count() > 0 {
            reasons.push("asks only what there is, as languages do while they start".to_owned());
        }
        Some(Evidence { capability: row.capability(), found, method: Method::CallGraph, reasons })
    });
    rows.collect()
}

/// `get-directories`, of whatever resource.
fn plain(function: &str) -> &str {
    function.rsplit(['.', ']']).next().unwrap_or(function)
}
