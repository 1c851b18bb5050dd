//! What calls lead to, and the way there.

use std::collections::{BTreeMap, HashSet, VecDeque};

use wasmparser::{FuncType, Name};

use super::{
    super::super::symbol,
    FUNCTIONS,
    program::{Function, Program, Table, Target},
};

/// An imported function that is reached.
pub(super) struct Reached<'a> {
    pub interface: &'a str,
    pub function: &'a str,
    /// Who calls it.
    by: Function,
}

/// Who reached a function first.
#[derive(Clone)]
pub(super) enum Before {
    Function(Function),
    Root(String),
}

impl<'a> Program<'_, 'a> {
    /// All imported functions that can be reached, in order.
    pub fn reached(&self) -> Vec<Reached<'a>> {
        let mut before = self.before.borrow_mut();
        let mut pending = VecDeque::new();
        for (name, function) in &self.roots {
            if let Target::Code(function) = self.function(*function)
                && !before.contains_key(&function)
            {
                before.insert(function, Before::Root(name.clone()));
                pending.push_back(function);
            }
        }
        let mut reached: BTreeMap<(&str, &str), Function> = BTreeMap::new();
        let mut asked: HashSet<(Table, Option<FuncType>)> = HashSet::new();
        while let Some(caller) = pending.pop_front() {
            let (instance, function) = caller;
            let Some(Some(code)) = self.instances.get(instance) else { continue };
            let Some(body) = (function as usize).checked_sub(code.imports.len()).and_then(|at| code.bodies.get(at))
            else {
                continue;
            };
            let mut called: Vec<Function> = body.calls.iter().map(|callee| (instance, *callee)).collect();
            for (table, ty, slot) in &body.indirect {
                let Some(table) = self.table(instance, *table) else { continue };
                let Some((slots, loose)) = self.tables.get(&table) else { continue };
                if let Some(function) = slot.and_then(|slot| slots.get(&slot)) {
                    called.push(*function);
                    continue;
                }
                let ty = code.types.get(*ty as usize).cloned().flatten();
                if asked.insert((table, ty.clone())) {
                    let held = slots.values().chain(loose).chain(&self.referred);
                    called.extend(held.filter(|function| self.ty(**function) == ty.as_ref()).copied());
                }
            }
            for callee in called {
                match self.function(callee) {
                    Target::Code(callee) if !before.contains_key(&callee) => {
                        before.insert(callee, Before::Function(caller));
                        pending.push_back(callee);
                    }
                    Target::Imported(interface, function) => {
                        reached.entry((interface, function)).or_insert(caller);
                    }
                    Target::Code(_) | Target::Nowhere => {}
                }
            }
        }
        let all = reached.into_iter();
        all.map(|((interface, function), by)| Reached { interface, function, by }).collect()
    }

    /// `reaches open, bucket.get of wasi:keyvalue/store@0.2.0, as from handle through count → open`.
    pub fn reason(&self, interface: &str, all: &[&Reached<'_>]) -> String {
        let named = |reached: &&Reached<'_>| reached.function.rsplit(']').next().unwrap_or_default().to_owned();
        let mut functions: Vec<String> =
            all.iter().take(FUNCTIONS).map(named).filter(|name| !name.is_empty()).collect();
        if let Some(more) = all.len().checked_sub(FUNCTIONS).filter(|more| *more > 0) {
            functions.push(format!("{more} more"));
        }
        let of = if functions.is_empty() { String::new() } else { format!("{} of ", functions.join(", ")) };
        let way = all.first().map(|first| format!(", as from {}", self.way(first.by))).unwrap_or_default();
        format!("reaches {of}{interface}{way}")
    }

    /// The way to a function: `run through main → net::connect`.
    fn way(&self, function: Function) -> String {
        const STEPS: usize = 2;
        let before = self.before.borrow();
        let mut steps = vec![self.name(function)];
        let mut at = function;
        let root = loop {
            match before.get(&at) {
                Some(Before::Function(earlier)) => {
                    at = *earlier;
                    steps.push(self.name(at));
                }
                Some(Before::Root(name)) => break name.clone(),
                None => break String::new(),
            }
        };
        steps.reverse();
        steps.retain(|step| !step.is_empty() && *step != root);
        steps.dedup();
        let shown: Vec<&str> = steps[steps.len().saturating_sub(STEPS)..].iter().map(String::as_str).collect();
        let root = root.rsplit('#').next().unwrap_or_default().to_owned();
        match shown.as_slice() {
            [] => root,
            shown => format!("{root} through {}", shown.join(" → ")),
        }
    }

    /// A function's name as people know it; empty if it has none.
    fn name(&self, (instance, function): Function) -> String {
        let Some(Some(code)) = self.instances.get(instance) else { return String::new() };
        let Some(range) = &code.name_section else { return String::new() };
        let reader = wasmparser::BinaryReader::new(self.raw.slice(range), 0);
        let names = wasmparser::NameSectionReader::new(reader).map_while(Result::ok);
        let functions = names.filter_map(|name| match name {
            Name::Function(map) => Some(map),
            _ => None,
        });
        let named = functions.flatten().map_while(Result::ok).find(|naming| naming.index == function);
        named.map(|naming| symbol::readable(naming.name)).unwrap_or_default()
    }
}
