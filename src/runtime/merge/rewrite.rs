//! A component in which each set of core instances is one instance.
//!
//! 1. What an alias takes from an instance of a set, it takes from the one instance.
//! 2. What only the set had need of is left out: its modules, the instances that gave them their imports, aliases for those.
//! 3. Items are written in the order that [`super::scope`] has shown to be the same, and their indices counted anew.
//! 4. The start function of the last instance of a set is called by a module of its own, when all before it is there.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexSet;
use wasm_encoder::{
    Alias, Component, EntityType, ExportKind, ImportSection, InstanceSection, ModuleArg, ModuleSection, StartSection,
    TypeSection,
};
use wasmparser::{ComponentAlias, ComponentOuterAliasKind, Instance};

use super::{
    Moved,
    items::{Counts, Indices, Item, Place, Space, What, alias_section},
    link::{self, Definition, Member, Source},
    scope::{Origin, Scope, Set},
};

/// A component written anew, and where the bytes of modules in it have gone.
pub struct Rewritten {
    pub component: Component,
    pub moved: Vec<Moved>,
}

/// Writes a component with these sets as one instance each. `None`: something is needed that only an instance of a set
/// by itself could give.
pub fn rewrite(scope: &Scope<'_, '_>, sets: &[Set], whole: &[u8]) -> Option<Rewritten> {
    let mut ones: Vec<One<'_, '_>> = sets.iter().map(|set| One::new(scope, set)).collect::<Option<_>>()?;
    let needed = needed(scope, &ones);
    for one in &mut ones {
        one.export(&needed);
    }
    let mut writer = Writer::new(whole, scope, &ones);
    for step in steps(scope.items.len(), sets) {
        match step {
            Step::Item(item) if needed.contains(&item) => writer.item(item)?,
            Step::Item(_) => {}
            Step::One(number) => writer.one(number)?,
            Step::Start(number) => writer.start(number)?,
        }
    }
    Some(Rewritten { component: writer.component, moved: writer.moved })
}

/// What is written, one after the other.
enum Step {
    Item(usize),
    /// The one instance of a set.
    One(usize),
    /// The call of its start function.
    Start(usize),
}

fn steps(items: usize, sets: &[Set]) -> Vec<Step> {
    let (mut steps, mut late) = (Vec::new(), Vec::new());
    let mut sets = sets.iter().enumerate().peekable();
    for item in 0..items {
        let within = sets.peek().filter(|(_, set)| set.range().0 <= item);
        let Some((number, set)) = within.copied() else {
            steps.push(Step::Item(item));
            continue;
        };
        if set.late.contains(&item) {
            late.push(Step::Item(item));
        } else if !set.members.contains(&item) {
            steps.push(Step::Item(item));
        }
        if item == set.range().1 {
            steps.push(Step::One(number));
            steps.append(&mut late);
            steps.push(Step::Start(number));
            sets.next();
        }
    }
    steps
}

/// The one instance of a set.
struct One<'s, 'a> {
    members: Vec<Member<'s, 'a>>,
    /// What it imports, in order.
    imports: Vec<Origin<'a>>,
    /// Aliases of what its members exported, and what that is.
    aliases: HashMap<usize, Origin<'a>>,
    /// Which item was which member.
    numbers: HashMap<usize, usize>,
    /// What it exports, in order.
    exports: IndexSet<Definition>,
    /// Which of these is called at the start.
    start: Option<Definition>,
}

impl<'s, 'a> One<'s, 'a> {
    fn new(scope: &'s Scope<'_, 'a>, set: &Set) -> Option<Self> {
        let through = |item: usize| set.members.contains(&item);
        let numbers: HashMap<usize, usize> =
            set.members.iter().enumerate().map(|(number, item)| (*item, number)).collect();
        let (mut members, mut imports) = (Vec::new(), Vec::new());
        for item in &set.members {
            let module = scope.module(*item)?;
            let mut sources = Vec::new();
            for import in &module.imports {
                sources.push(match scope.import(*item, import, &through)? {
                    Origin::Module { item, space, index } => {
                        Source::Inside(Definition { member: *numbers.get(&item)?, space, index })
                    }
                    origin => {
                        imports.push(origin);
                        Source::Outside
                    }
                });
            }
            members.push(Member { module, sources });
        }
        let mut aliases = HashMap::new();
        for (number, item) in scope.items.iter().enumerate() {
            if let What::Alias(ComponentAlias::CoreInstanceExport { instance_index, name, .. }) = &item.what
                && let of = *scope.definer.get(&(Space::CoreInstance, *instance_index))?
                && set.members.contains(&of)
            {
                aliases.insert(number, scope.export(of, item.defines.0, name, &through)?);
            }
        }
        let last = set.range().1;
        let start = match scope.module(last)?.start {
            None => None,
            Some(function) => match scope.entity(last, Space::CoreFunction, function, &through)? {
                Origin::Module { item, space, index } => {
                    Some(Definition { member: *numbers.get(&item)?, space, index })
                }
                _ => return None,
            },
        };
        Some(One { members, imports, aliases, numbers, exports: IndexSet::new(), start })
    }

    fn definition(&self, origin: &Origin<'_>) -> Option<Definition> {
        let Origin::Module { item, space, index } = *origin else { return None };
        Some(Definition { member: *self.numbers.get(&item)?, space, index })
    }

    /// Fixes what it exports.
    fn export(&mut self, needed: &BTreeSet<usize>) {
        let mut aliases: Vec<_> = self.aliases.iter().filter(|(alias, _)| needed.contains(alias)).collect();
        aliases.sort_unstable();
        let taken = aliases.into_iter().filter_map(|(_, origin)| self.definition(origin));
        self.exports = taken.chain(self.start).collect();
    }
}

/// The items that are not left out.
fn needed(scope: &Scope<'_, '_>, ones: &[One<'_, '_>]) -> BTreeSet<usize> {
    let mut needed = BTreeSet::new();
    let mut open: Vec<usize> = Vec::new();
    let definer = |origin: &Origin<'_>| match origin {
        Origin::Module { .. } => None,
        Origin::Export { item, .. } => Some(*item),
        Origin::Component(place) => scope.definer.get(place).copied(),
    };
    let member = |item: &usize| ones.iter().any(|one| one.numbers.contains_key(item));
    let removable = |item: &Item<'_>| match &item.what {
        What::Module(_) | What::CoreInstance(Instance::FromExports(_)) => true,
        What::Alias(alias) => matches!(
            alias,
            ComponentAlias::CoreInstanceExport { .. }
                | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. }
        ),
        _ => false,
    };
    open.extend(scope.items.iter().enumerate().filter(|(_, item)| !removable(item)).map(|(number, _)| number));
    open.extend(ones.iter().flat_map(|one| &one.imports).filter_map(definer));
    while let Some(item) = open.pop() {
        if member(&item) || !needed.insert(item) {
            continue;
        }
        match ones.iter().find_map(|one| one.aliases.get(&item)) {
            Some(origin) => open.extend(definer(origin)),
            None => {
                let uses = scope.uses.get(item).into_iter().flatten();
                open.extend(uses.filter_map(|place| scope.definer.get(place)));
            }
        }
    }
    needed
}

struct Writer<'w, 'a> {
    whole: &'w [u8],
    scope: &'w Scope<'w, 'a>,
    ones: &'w [One<'w, 'a>],
    component: Component,
    counts: Counts,
    /// Where indices have gone.
    new: HashMap<Place, u32>,
    /// The one instance of each set that was written.
    instances: Vec<u32>,
    moved: Vec<Moved>,
}

impl<'w, 'a> Writer<'w, 'a> {
    fn new(whole: &'w [u8], scope: &'w Scope<'w, 'a>, ones: &'w [One<'w, 'a>]) -> Self {
        Writer {
            whole,
            scope,
            ones,
            component: Component::new(),
            counts: Counts::default(),
            new: HashMap::new(),
            instances: Vec::new(),
            moved: Vec::new(),
        }
    }

    fn item(&mut self, number: usize) -> Option<()> {
        let item = self.scope.items.get(number)?;
        let taken = self.ones.iter().zip(&self.instances).find_map(|(one, instance)| {
            let origin = one.aliases.get(&number)?;
            Some((one, *instance, *origin))
        });
        let index = match taken {
            Some((_, _, Origin::Component(place))) => *self.new.get(&place)?,
            Some((_, _, origin @ Origin::Export { .. })) => self.alias(&origin)?,
            Some((one, instance, origin)) => {
                let definition = one.definition(&origin)?;
                let name = one.exports.get_index_of(&definition)?.to_string();
                let kind = link::export_kind(definition.space).ok()?;
                alias_section(&mut self.component, Alias::CoreInstanceExport { instance, kind, name: &name });
                self.counts.next(item.defines.0)
            }
            None => {
                let mut indices = Indices::new(Some(&self.new));
                indices.write(item, self.whole, &mut self.component).ok()?;
                if indices.lost {
                    return None;
                }
                if let What::Module(range) = &item.what {
                    self.moved.push(Moved::last(&self.component, range));
                }
                self.counts.next(item.defines.0)
            }
        };
        self.new.insert(item.defines, index);
        Some(())
    }

    /// An alias of what another instance gives.
    fn alias(&mut self, origin: &Origin<'_>) -> Option<u32> {
        let Origin::Export { item, space, name } = origin else { return None };
        let instance = *self.new.get(&self.scope.items.get(*item)?.defines)?;
        let kind = link::export_kind(*space).ok()?;
        alias_section(&mut self.component, Alias::CoreInstanceExport { instance, kind, name });
        Some(self.counts.next(*space))
    }

    /// The one instance of a set.
    fn one(&mut self, number: usize) -> Option<()> {
        let one = self.ones.get(number)?;
        let mut given: Vec<(String, ExportKind, u32)> = Vec::new();
        for (number, origin) in one.imports.iter().enumerate() {
            let (space, index) = match origin {
                Origin::Component(place) => (place.0, *self.new.get(place)?),
                Origin::Export { space, .. } => (*space, self.alias(origin)?),
                Origin::Module { .. } => return None,
            };
            given.push((number.to_string(), link::export_kind(space).ok()?, index));
        }
        let module = link::link(&one.members, &one.exports)?;
        let mut instances = InstanceSection::new();
        instances.export_items(given.iter().map(|(name, kind, index)| (name.as_str(), *kind, *index)));
        self.component.section(&instances);
        let given = self.counts.next(Space::CoreInstance);
        let instance = self.instance(&module, given);
        self.instances.push(instance);
        Some(())
    }

    /// Calls the start function of a set.
    fn start(&mut self, number: usize) -> Option<()> {
        let one = self.ones.get(number)?;
        let Some(start) = one.start else { return Some(()) };
        let name = one.exports.get_index_of(&start)?.to_string();
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        imports.import("", &name, EntityType::Function(0));
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&imports).section(&StartSection { function_index: 0 });
        let given = *self.instances.get(number)?;
        self.instance(&module, given);
        Some(())
    }

    /// An instance of a module that imports all from one instance.
    fn instance(&mut self, module: &wasm_encoder::Module, given: u32) -> u32 {
        self.component.section(&ModuleSection(module));
        let mut instances = InstanceSection::new();
        instances.instantiate(self.counts.next(Space::Module), [("", ModuleArg::Instance(given))]);
        self.component.section(&instances);
        self.counts.next(Space::CoreInstance)
    }
}
