//! The core instances of a component, and where a call from one of them leads.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use wasmparser::{ExternalKind, FuncType, Instance};

use super::{
    super::super::raw::{Component, CoreFunction, Item, Raw},
    code::Code,
    reach::Before,
};

/// A function of an instance: instance and number.
pub(super) type Function = (usize, u32);

/// A table, by the instance that made it.
pub(super) type Table = (usize, u32);

/// A component's core instances.
pub(super) struct Program<'r, 'a> {
    pub raw: &'r Raw<'a>,
    /// None where the file is a core module: its imports are the host's.
    component: Option<&'r Component<'a>>,
    /// By number of core instance; none for one that is put together of others' exports.
    pub instances: Vec<Option<Code<'a>>>,
    pub roots: Vec<(String, Function)>,
    /// By table: slot → function, and functions whose slot is not known.
    pub tables: HashMap<Table, (BTreeMap<u32, Function>, Vec<Function>)>,
    /// Functions that code takes references to.
    pub referred: Vec<Function>,
    /// By whom each function was reached first: a function, or a root's name.
    pub before: RefCell<HashMap<Function, Before>>,
}

/// Where a core function leads.
pub(super) enum Target<'a> {
    Code(Function),
    Imported(&'a str, &'a str),
    Nowhere,
}

/// What an instance exports.
enum Exported {
    /// A core function or table of the component.
    Core(u32),
    CoreTable(u32),
    Function(Function),
    Table(Table),
}

impl<'r, 'a> Program<'r, 'a> {
    pub fn of_component(raw: &'r Raw<'a>, component: usize) -> Option<Program<'r, 'a>> {
        let it = raw.components.get(component)?;
        let instances = it.core_instances.iter().map(|instance| match instance {
            Instance::Instantiate { module_index, args } => {
                let module = raw.modules.get(raw.module(component, *module_index)?)?;
                let args = args.iter().map(|arg| (arg.name, arg.index)).collect();
                Some(Code { args, ..Code::read(raw.slice(&module.range), module.range.start) })
            }
            Instance::FromExports(_) => None,
        });
        let mut program = Program::new(raw, Some(it), instances.collect());
        let lifted = it.lifts.iter().flat_map(|lift| [lift.core].into_iter().chain(lift.beside.iter().copied()));
        for core in lifted.chain(it.destructors.iter().copied()) {
            if let Target::Code(function) = program.core(core) {
                let name = match it.core_functions.get(core as usize) {
                    Some(CoreFunction::Export { name, .. }) => (*name).to_owned(),
                    _ => "an export".to_owned(),
                };
                program.roots.push((name, function));
            }
        }
        program.fill();
        Some(program)
    }

    pub fn of_module(raw: &'r Raw<'a>) -> Option<Program<'r, 'a>> {
        let module = raw.modules.first()?;
        let code = Code::read(raw.slice(&module.range), module.range.start);
        let functions = code.exports.iter().filter(|(_, (kind, _))| *kind == ExternalKind::Func);
        let mut roots: Vec<_> = functions.map(|(name, (_, index))| ((*name).to_owned(), (0, *index))).collect();
        roots.sort();
        let mut program = Program::new(raw, None, vec![Some(code)]);
        program.roots = roots;
        program.fill();
        Some(program)
    }

    fn new(
        raw: &'r Raw<'a>,
        component: Option<&'r Component<'a>>,
        instances: Vec<Option<Code<'a>>>,
    ) -> Program<'r, 'a> {
        Program {
            raw,
            component,
            instances,
            roots: Vec::new(),
            tables: HashMap::new(),
            referred: Vec::new(),
            before: RefCell::default(),
        }
    }

    /// Tables, references, and the start functions among the roots.
    fn fill(&mut self) {
        let (mut tables, mut referred, mut starts) = (HashMap::new(), Vec::new(), Vec::new());
        for (id, code) in self.instances.iter().enumerate() {
            let Some(code) = code else { continue };
            if let Some(start) = code.start {
                starts.push(("its start".to_owned(), (id, start)));
            }
            for element in &code.elements {
                let Some(table) = self.table(id, element.table) else { continue };
                let (slots, loose): &mut (BTreeMap<u32, Function>, Vec<Function>) = tables.entry(table).or_default();
                for (place, function) in (0_u32..).zip(&element.functions) {
                    match element.slot.and_then(|slot| slot.checked_add(place)) {
                        Some(slot) => drop(slots.insert(slot, (id, *function))),
                        None => loose.push((id, *function)),
                    }
                }
            }
            for body in &code.bodies {
                referred.extend(body.refers.iter().map(|function| (id, *function)));
            }
        }
        self.roots.extend(starts);
        self.tables = tables;
        self.referred = referred;
    }

    /// What a core function of the component is.
    fn core(&self, mut index: u32) -> Target<'a> {
        let Some(it) = self.component else { return Target::Nowhere };
        loop {
            match it.core_functions.get(index as usize) {
                Some(CoreFunction::Lower(function)) => return self.lowered(*function),
                Some(CoreFunction::Export { instance, name }) => match self.exported(*instance, name) {
                    // Only functions before it are in an instance that is put together.
                    Some(Exported::Core(earlier)) if earlier < index => index = earlier,
                    Some(Exported::Function(function)) => return self.function(function),
                    _ => return Target::Nowhere,
                },
                Some(CoreFunction::Intrinsic) | None => return Target::Nowhere,
            }
        }
    }

    /// A function that code can call: an imported one is followed to where it comes from.
    pub fn function(&self, (mut instance, mut function): Function) -> Target<'a> {
        loop {
            let Some(Some(code)) = self.instances.get(instance) else { return Target::Nowhere };
            let Some((module, name, _)) = code.imports.get(function as usize) else {
                return Target::Code((instance, function));
            };
            if self.component.is_none() {
                return Target::Imported(module, name);
            }
            let Some((_, arg)) = code.args.iter().find(|(arg, _)| arg == module) else { return Target::Nowhere };
            // An instance is given only those before it.
            if *arg as usize >= instance {
                return Target::Nowhere;
            }
            match self.exported(*arg, name) {
                Some(Exported::Function(given)) => (instance, function) = given,
                Some(Exported::Core(core)) => return self.core(core),
                _ => return Target::Nowhere,
            }
        }
    }

    fn exported(&self, instance: u32, name: &str) -> Option<Exported> {
        match self.component?.core_instances.get(instance as usize)? {
            Instance::FromExports(exports) => {
                let export = exports.iter().find(|export| export.name == name)?;
                match export.kind {
                    ExternalKind::Func => Some(Exported::Core(export.index)),
                    ExternalKind::Table => Some(Exported::CoreTable(export.index)),
                    _ => None,
                }
            }
            Instance::Instantiate { .. } => {
                let instance = instance as usize;
                let (kind, index) = *self.instances.get(instance)?.as_ref()?.exports.get(name)?;
                match kind {
                    ExternalKind::Func => Some(Exported::Function((instance, index))),
                    ExternalKind::Table => Some(Exported::Table((instance, index))),
                    _ => None,
                }
            }
        }
    }

    /// Who made a table.
    pub fn table(&self, mut instance: usize, mut table: u32) -> Option<Table> {
        // Each step goes to an instance before.
        for _ in 0..=self.instances.len() {
            let code = self.instances.get(instance)?.as_ref()?;
            let Some((module, name)) = code.table_imports.get(table as usize) else { return Some((instance, table)) };
            let (_, arg) = code.args.iter().find(|(arg, _)| arg == module)?;
            let mut exported = self.exported(*arg, name)?;
            if let Exported::CoreTable(index) = exported {
                let (instance, name) = self.component?.core_tables.get(index as usize)?;
                exported = self.exported(*instance, name)?;
            }
            match exported {
                Exported::Table(given) => (instance, table) = given,
                _ => return None,
            }
        }
        None
    }

    /// The imported interface and function that a component function is.
    fn lowered(&self, mut function: u32) -> Target<'a> {
        let Some(it) = self.component else { return Target::Nowhere };
        loop {
            match it.functions.get(function as usize) {
                Some(Item::Import(import)) => return Target::Imported(it.imports[*import].0, ""),
                Some(Item::Same(earlier)) => function = *earlier,
                Some(Item::Alias { instance, name }) => {
                    let mut instance = *instance;
                    loop {
                        match it.instances.get(instance as usize) {
                            Some(Item::Import(import)) => return Target::Imported(it.imports[*import].0, name),
                            Some(Item::Same(earlier)) => instance = *earlier,
                            _ => return Target::Nowhere,
                        }
                    }
                }
                _ => return Target::Nowhere,
            }
        }
    }

    pub fn ty(&self, (instance, function): Function) -> Option<&FuncType> {
        let code = self.instances.get(instance)?.as_ref()?;
        let ty = match code.imports.get(function as usize) {
            Some((_, _, ty)) => *ty,
            None => *code.functions.get((function as usize).checked_sub(code.imports.len())?)?,
        };
        code.types.get(ty as usize)?.as_ref()
    }
}
