//! Where what a component instantiates and exports comes from: through aliases, indices made by exports, instances put
//! together of items, and components that only give an interface its shape.
//!
//! 1. Each component is read once, after all that it can refer to, each of its items after those it refers to.
//! 2. An item comes from an import, from an instance made inside, or from nowhere beyond the component: its own code,
//!    or a type.
//! 3. What comes of an instance without code of its own comes from what that instance was given.
//!
//! Invariant: linear in the items, up to [`FUEL`]: what a hostile file would multiply is left unknown, and said.

use std::{collections::HashSet, rc::Rc};

use indexmap::IndexMap;
use wasmparser::{ComponentExternalKind as Kind, ComponentInstance};

use super::super::raw::{Item, Raw};

/// How many items are looked at through components that only give shape.
const FUEL: usize = 2_000_000;

/// Where an item comes from.
#[derive(Debug, Clone)]
pub(super) enum Source<'a> {
    /// No one: a type, or something that is not in the file.
    Nothing,
    /// The component's own code.
    Own,
    One(Origin<'a>),
    /// An instance put together of items, by name.
    Several(Rc<IndexMap<&'a str, Source<'a>>>),
}

/// One import or instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin<'a> {
    pub whom: Whom,
    /// An import's name, or an instance's export; empty for the whole instance.
    pub name: &'a str,
    /// What of that.
    pub member: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Whom {
    /// The component's import of this number.
    Import(usize),
    /// The instance of this number.
    Instance(u32),
    /// Own code.
    Own,
}

/// What was found out about one component.
#[derive(Default)]
pub(super) struct Traced<'a> {
    /// Its instances of components with code, or with something made of such: number and component. `None`: a component
    /// that is not in the file.
    pub children: Vec<(u32, Option<usize>)>,
    /// Of each child, by argument.
    pub arguments: Vec<Vec<(&'a str, Kind, Source<'a>)>>,
    /// By export.
    pub exports: Vec<(&'a str, Kind, Source<'a>)>,
    /// What its own code can call.
    pub called: Vec<Origin<'a>>,
    /// Whether it has neither code nor children.
    is_bare: bool,
    /// Whether it exports an instance that comes from nobody: of nothing but types.
    defines: bool,
}

/// Reads every component.
pub(super) struct Tracer<'r, 'a> {
    raw: &'r Raw<'a>,
    pub traced: Vec<Traced<'a>>,
    fuel: usize,
    /// What could not be followed.
    pub unknown: Vec<String>,
}

/// The items of one component so far.
#[derive(Default)]
struct Spaces<'a> {
    instances: Vec<Source<'a>>,
    functions: Vec<Source<'a>>,
    types: Vec<Source<'a>>,
    values: Vec<Source<'a>>,
}

impl<'r, 'a> Tracer<'r, 'a> {
    pub fn run(raw: &'r Raw<'a>) -> Tracer<'r, 'a> {
        let traced = raw.components.iter().map(|_| Traced::default()).collect();
        let mut tracer = Tracer { raw, traced, fuel: FUEL, unknown: Vec::new() };
        for &id in &raw.ended {
            tracer.traced[id] = tracer.component(id);
        }
        if tracer.fuel == 0 {
            tracer
                .unknown
                .push("where all of it comes from: too much is passed through too many components".to_owned());
        }
        tracer
    }

    fn component(&mut self, id: usize) -> Traced<'a> {
        let raw = self.raw;
        let component = &raw.components[id];
        let mut traced = Traced::default();
        let mut spaces = Spaces::default();
        // Spaces refer to one another: an instance is made of functions that are aliases of other instances. Each list
        // grows as far as it is asked for.
        for index in 0..component.instances.len() {
            self.instances(id, index, &mut spaces, &mut traced);
        }
        for kind in [Kind::Func, Kind::Type, Kind::Value] {
            self.grow(id, kind, component.items(kind).len(), &mut spaces, &mut traced);
        }
        for export in &component.exports {
            let source = spaces.get(export.kind, export.index);
            traced.exports.push((export.name, export.kind, source));
        }
        let mut seen = HashSet::new();
        for function in component.lowered() {
            for origin in origins(&spaces.get(Kind::Func, function)) {
                if seen.insert(origin) {
                    traced.called.push(origin);
                }
            }
        }
        traced.is_bare = !component.has_code() && component.lifts.is_empty() && traced.children.is_empty();
        let is_types =
            |(_, kind, source): &(&str, Kind, Source<'_>)| *kind == Kind::Instance && origins(source).is_empty();
        traced.defines = traced.exports.iter().any(is_types);
        traced
    }

    /// Whether an instance of a component stands for what it was given. A component with code makes such an instance
    /// for each interface it exports; elsewhere one that defines something is somebody.
    fn is_shape(&self, around: usize, component: usize) -> bool {
        let traced = &self.traced[component];
        let passes = !traced.defines && !self.raw.components[component].imports.is_empty();
        traced.is_bare && (passes || self.raw.components[around].has_code())
    }

    fn instances(&mut self, id: usize, upto: usize, spaces: &mut Spaces<'a>, traced: &mut Traced<'a>) {
        while spaces.instances.len() <= upto {
            let index = spaces.instances.len();
            let component = &self.raw.components[id];
            let Some(item) = component.instances.get(index) else { return };
            let source = match *item {
                Item::Import(import) => imported(component.imports[import].0, import),
                Item::Same(earlier) => spaces.get(Kind::Instance, earlier),
                Item::Alias { instance, name } => part(&spaces.get(Kind::Instance, instance), name),
                Item::Outer { .. } => Source::Nothing,
                Item::Here(made) => self.made(id, index, made, spaces, traced),
            };
            spaces.instances.push(source);
        }
    }

    fn made(
        &mut self,
        id: usize,
        index: usize,
        made: usize,
        spaces: &mut Spaces<'a>,
        traced: &mut Traced<'a>,
    ) -> Source<'a> {
        let raw = self.raw;
        match &raw.components[id].made[made] {
            ComponentInstance::FromExports(exports) => {
                let items = exports.iter().map(|export| {
                    self.grow(id, export.kind, export.index as usize + 1, spaces, traced);
                    (export.name.name, spaces.get(export.kind, export.index))
                });
                Source::Several(Rc::new(items.collect()))
            }
            ComponentInstance::Instantiate { component_index, args } => {
                let arguments: Vec<_> = args
                    .iter()
                    .map(|arg| {
                        self.grow(id, arg.kind, arg.index as usize + 1, spaces, traced);
                        (arg.name, arg.kind, spaces.get(arg.kind, arg.index))
                    })
                    .collect();
                let component = raw.component(id, *component_index);
                if let Some(component) = component
                    && self.is_shape(id, component)
                {
                    return self.shaped(component, &arguments);
                }
                let number = u32::try_from(index).unwrap_or(u32::MAX);
                traced.children.push((number, component));
                traced.arguments.push(arguments);
                Source::One(Origin { whom: Whom::Instance(number), name: "", member: None })
            }
        }
    }

    /// What an instance of a component without code stands for.
    fn shaped(&mut self, component: usize, arguments: &[(&'a str, Kind, Source<'a>)]) -> Source<'a> {
        let given: IndexMap<&str, &Source<'a>> = arguments.iter().map(|(name, _, source)| (*name, source)).collect();
        let exports = std::mem::take(&mut self.traced[component].exports);
        let items = exports.iter().map(|(name, _, source)| (*name, self.given(source, &given))).collect();
        self.traced[component].exports = exports;
        Source::Several(Rc::new(items))
    }

    fn given(&mut self, source: &Source<'a>, given: &IndexMap<&str, &Source<'a>>) -> Source<'a> {
        let Some(left) = self.fuel.checked_sub(1) else { return Source::Nothing };
        self.fuel = left;
        match source {
            Source::Nothing | Source::Own => Source::Nothing,
            Source::One(origin) => match (given.get(origin.name), origin.member) {
                (Some(&source), None) => source.clone(),
                (Some(&source), Some(member)) => part(source, member),
                (None, _) => Source::Nothing,
            },
            Source::Several(items) => {
                let items = items.iter().map(|(name, source)| (*name, self.given(source, given))).collect();
                Source::Several(Rc::new(items))
            }
        }
    }

    /// Makes the list of a kind as long as is asked for.
    fn grow(&mut self, id: usize, kind: Kind, length: usize, spaces: &mut Spaces<'a>, traced: &mut Traced<'a>) {
        let component = &self.raw.components[id];
        let items = component.items(kind);
        while spaces.space(kind).is_some_and(|space| space.len() < length) {
            let index = spaces.space(kind).map_or(0, |space| space.len());
            let Some(item) = items.get(index) else { return };
            let source = match *item {
                Item::Import(import) => imported(component.imports[import].0, import),
                Item::Same(earlier) => spaces.get(kind, earlier),
                Item::Alias { instance, name } => {
                    self.instances(id, instance as usize, spaces, traced);
                    part(&spaces.get(Kind::Instance, instance), name)
                }
                Item::Here(_) if kind == Kind::Func => Source::Own,
                Item::Outer { .. } | Item::Here(_) => Source::Nothing,
            };
            if let Some(space) = spaces.space(kind) {
                space.push(source);
            }
        }
    }
}

impl<'a> Spaces<'a> {
    fn space(&mut self, kind: Kind) -> Option<&mut Vec<Source<'a>>> {
        match kind {
            Kind::Func => Some(&mut self.functions),
            Kind::Type => Some(&mut self.types),
            Kind::Value => Some(&mut self.values),
            // Instances grow by themselves; modules and components come from nobody.
            Kind::Instance | Kind::Module | Kind::Component => None,
        }
    }

    fn get(&self, kind: Kind, index: u32) -> Source<'a> {
        let space = match kind {
            Kind::Instance => &self.instances,
            Kind::Func => &self.functions,
            Kind::Type => &self.types,
            Kind::Value => &self.values,
            Kind::Module | Kind::Component => return Source::Nothing,
        };
        space.get(index as usize).cloned().unwrap_or(Source::Nothing)
    }
}

fn imported(name: &str, import: usize) -> Source<'_> {
    Source::One(Origin { whom: Whom::Import(import), name, member: None })
}

/// What a name within something comes from.
fn part<'a>(source: &Source<'a>, name: &'a str) -> Source<'a> {
    match source {
        Source::Nothing | Source::Own => source.clone(),
        Source::One(origin) => Source::One(match (origin.whom, origin.name, origin.member) {
            (Whom::Instance(_), "", _) => Origin { name, ..*origin },
            (_, _, None) => Origin { member: Some(name), ..*origin },
            (_, _, Some(_)) => *origin,
        }),
        Source::Several(items) => items.get(name).cloned().unwrap_or(Source::Nothing),
    }
}

/// All that something comes from, each once. What is put together of members of one thing comes from that thing.
pub(super) fn origins<'a>(source: &Source<'a>) -> Vec<Origin<'a>> {
    let own = Origin { whom: Whom::Own, name: "", member: None };
    let top = match source {
        Source::Nothing => return Vec::new(),
        Source::Own => return vec![own],
        Source::One(origin) => return vec![*origin],
        Source::Several(items) => items,
    };
    let mut found = indexmap::IndexSet::new();
    let mut seen = HashSet::new();
    let mut pending = vec![top];
    while let Some(items) = pending.pop() {
        if !seen.insert(Rc::as_ptr(items)) {
            continue;
        }
        for source in items.values() {
            match source {
                Source::Nothing => {}
                Source::Own => {
                    found.insert(own);
                }
                Source::One(origin) => {
                    found.insert(Origin { member: None, ..*origin });
                }
                Source::Several(items) => pending.push(items),
            }
        }
    }
    found.into_iter().collect()
}
