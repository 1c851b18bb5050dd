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

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    ops::Range,
};

use indexmap::IndexMap;
use wasmparser::{
    CompositeInnerType, ElementItems, ElementKind, ExternalKind, FuncType, Instance, KnownCustom, Name, Operator,
    Parser, Payload, TypeRef,
};

use super::{
    super::{
        model::{Evidence, Found, Method},
        raw::{CoreFunction, Item, Raw},
    },
    asked,
    capability::ROWS,
};

/// Asked while a language starts, whatever it then does: by themselves no evidence.
const AT_START: &[&str] = &["get-directories", "filesystem-error-code"];

/// Functions told of one interface.
const FUNCTIONS: usize = 4;

/// What the code of a component reaches.
pub(super) fn evidence(raw: &Raw<'_>, component: usize, wanted: &BTreeSet<&str>) -> Vec<Evidence> {
    let Some(program) = Program::read(raw, component) else { return Vec::new() };
    let reached = program.reached();
    let rows = asked(wanted).into_iter().filter_map(|(id, interfaces)| {
        let row = ROWS.iter().find(|row| row.id == id)?;
        let reached = reached.iter().filter(|reached| interfaces.contains(&reached.interface));
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

/// A function of an instance: instance and number.
type Function = (usize, u32);
/// A table, by the instance that made it.
type Table = (usize, u32);

/// An imported function that is reached.
struct Reached<'a> {
    interface: &'a str,
    function: &'a str,
    /// Who calls it.
    by: Function,
}

/// A component's core instances.
struct Program<'r, 'a> {
    raw: &'r Raw<'a>,
    component: usize,
    /// By number of core instance; none for one that is put together of others' exports.
    instances: Vec<Option<Code<'a>>>,
    roots: Vec<(String, Function)>,
    /// By table: slot → function, and functions whose slot is not known.
    tables: HashMap<Table, (BTreeMap<u32, Function>, Vec<Function>)>,
    /// Functions that code takes references to.
    referred: Vec<Function>,
    /// By whom each function was reached first: a function, or a root's name.
    before: std::cell::RefCell<HashMap<Function, Before>>,
}

#[derive(Clone)]
enum Before {
    Function(Function),
    Root(String),
}

/// A module's code.
#[derive(Default)]
struct Code<'a> {
    args: Vec<(&'a str, u32)>,
    types: Vec<Option<FuncType>>,
    imports: Vec<(&'a str, &'a str, u32)>,
    table_imports: Vec<(&'a str, &'a str)>,
    /// Of functions defined here, by type.
    functions: Vec<u32>,
    exports: HashMap<&'a str, (ExternalKind, u32)>,
    elements: Vec<Element>,
    start: Option<u32>,
    bodies: Vec<Body>,
    name_section: Option<Range<u64>>,
}

struct Element {
    table: u32,
    slot: Option<u32>,
    functions: Vec<u32>,
}

#[derive(Default)]
struct Body {
    calls: Vec<u32>,
    /// Table, type, and the slot where it is a constant.
    indirect: Vec<(u32, u32, Option<u32>)>,
    refers: Vec<u32>,
}

/// Where a core function leads.
enum Target<'a> {
    Code(Function),
    Imported(&'a str, &'a str),
    Nowhere,
}

impl<'r, 'a> Program<'r, 'a> {
    fn read(raw: &'r Raw<'a>, component: usize) -> Option<Program<'r, 'a>> {
        let it = raw.components.get(component)?;
        let instances: Vec<Option<Code<'a>>> = it
            .core_instances
            .iter()
            .map(|instance| match instance {
                Instance::Instantiate { module_index, args } => {
                    let module = raw.modules.get(raw.module(component, *module_index)?)?;
                    let args = args.iter().map(|arg| (arg.name, arg.index)).collect();
                    Some(Code { args, ..Code::read(raw.slice(&module.range), module.range.start) })
                }
                Instance::FromExports(_) => None,
            })
            .collect();
        let mut program = Program {
            raw,
            component,
            instances,
            roots: Vec::new(),
            tables: HashMap::new(),
            referred: Vec::new(),
            before: std::cell::RefCell::default(),
        };
        program.fill();
        Some(program)
    }

    /// Roots and tables.
    fn fill(&mut self) {
        let it = &self.raw.components[self.component];
        let lifted = it.lifts.iter().flat_map(|lift| [lift.core].into_iter().chain(lift.beside.iter().copied()));
        for core in lifted.chain(it.destructors.iter().copied()) {
            if let Target::Code(function) = self.core(core) {
                let name = match it.core_functions.get(core as usize) {
                    Some(CoreFunction::Export { name, .. }) => (*name).to_owned(),
                    _ => "an export".to_owned(),
                };
                self.roots.push((name, function));
            }
        }
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
        let it = &self.raw.components[self.component];
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
    fn function(&self, (mut instance, mut function): Function) -> Target<'a> {
        loop {
            let Some(Some(code)) = self.instances.get(instance) else { return Target::Nowhere };
            let Some((module, name, _)) = code.imports.get(function as usize) else {
                return Target::Code((instance, function));
            };
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
        let it = &self.raw.components[self.component];
        match it.core_instances.get(instance as usize)? {
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
    fn table(&self, mut instance: usize, mut table: u32) -> Option<Table> {
        let it = &self.raw.components[self.component];
        // Each step goes to an instance before.
        for _ in 0..=self.instances.len() {
            let code = self.instances.get(instance)?.as_ref()?;
            let Some((module, name)) = code.table_imports.get(table as usize) else { return Some((instance, table)) };
            let (_, arg) = code.args.iter().find(|(arg, _)| arg == module)?;
            let mut exported = self.exported(*arg, name)?;
            if let Exported::CoreTable(index) = exported {
                let (instance, name) = it.core_tables.get(index as usize)?;
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
        let it = &self.raw.components[self.component];
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

    /// All imported functions that can be reached, in order.
    fn reached(&self) -> Vec<Reached<'a>> {
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

    fn ty(&self, (instance, function): Function) -> Option<&FuncType> {
        let code = self.instances.get(instance)?.as_ref()?;
        let ty = match code.imports.get(function as usize) {
            Some((_, _, ty)) => *ty,
            None => *code.functions.get((function as usize).checked_sub(code.imports.len())?)?,
        };
        code.types.get(ty as usize)?.as_ref()
    }

    /// `reaches open, bucket.get of wasi:keyvalue/store@0.2.0, as from handle through count → open`.
    fn reason(&self, interface: &str, all: &[&Reached<'_>]) -> String {
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
        named.map(|naming| super::super::symbol::readable(naming.name)).unwrap_or_default()
    }
}

/// What an instance exports.
enum Exported {
    /// A core function or table of the component.
    Core(u32),
    CoreTable(u32),
    Function(Function),
    Table(Table),
}

impl<'a> Code<'a> {
    /// Reads a module that starts at this place of the file; what is garbled ends it.
    fn read(module: &'a [u8], start: u64) -> Code<'a> {
        let mut code = Code::default();
        for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
            if code.payload(payload, start).is_none() {
                break;
            }
        }
        code
    }

    fn payload(&mut self, payload: Payload<'a>, start: u64) -> Option<()> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    self.types.extend(group.ok()?.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(ty) => Some(ty),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.ok()?;
                    match import.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.imports.push((import.module, import.name, ty))
                        }
                        TypeRef::Table(_) => self.table_imports.push((import.module, import.name)),
                        TypeRef::Memory(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                self.functions = functions.into_iter().map_while(Result::ok).collect()
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.ok()?;
                    self.exports.insert(export.name, (export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.element(element.ok()?);
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(Body::read(&body)),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(_) = section.as_known() {
                    let from = start + section.data_offset();
                    self.name_section = Some(from..from + section.data().len() as u64);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn element(&mut self, element: wasmparser::Element<'a>) {
        let functions: Vec<u32> = match element.items {
            ElementItems::Functions(functions) => functions.into_iter().map_while(Result::ok).collect(),
            ElementItems::Expressions(_, expressions) => expressions
                .into_iter()
                .map_while(Result::ok)
                .flat_map(|expression| {
                    expression.get_operators_reader().into_iter().map_while(Result::ok).find_map(|operator| {
                        match operator {
                            Operator::RefFunc { function_index } => Some(function_index),
                            _ => None,
                        }
                    })
                })
                .collect(),
        };
        let (table, slot) = match element.kind {
            ElementKind::Active { table_index, offset_expr } => {
                let slot = match offset_expr.get_operators_reader().into_iter().next() {
                    Some(Ok(Operator::I32Const { value })) => Some(value.cast_unsigned()),
                    _ => None,
                };
                (table_index.unwrap_or(0), slot)
            }
            ElementKind::Passive | ElementKind::Declared => (0, None),
        };
        self.elements.push(Element { table, slot, functions });
    }
}

impl Body {
    fn read(body: &wasmparser::FunctionBody<'_>) -> Body {
        let mut read = Body::default();
        let mut constant = None;
        let Ok(operators) = body.get_operators_reader() else { return read };
        for operator in operators.into_iter().map_while(Result::ok) {
            let mut next = None;
            match operator {
                Operator::I32Const { value } => next = Some(value.cast_unsigned()),
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    read.calls.push(function_index);
                }
                Operator::CallIndirect { type_index, table_index }
                | Operator::ReturnCallIndirect { type_index, table_index } => {
                    read.indirect.push((table_index, type_index, constant));
                }
                Operator::RefFunc { function_index } => read.refers.push(function_index),
                _ => {}
            }
            constant = next;
        }
        read.calls.sort_unstable();
        read.calls.dedup();
        read
    }
}
