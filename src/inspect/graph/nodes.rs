//! Instances, from the file inwards.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use wasmparser::{ExternalKind, Instance};

use super::{
    super::{
        model::{Module, NamedBy, Node, NodeKind, Port, PortKind, Tool},
        origin,
        raw::{CoreFunction, Raw},
    },
    names, number, port_kind,
    trace::Tracer,
};

/// More instances than any engine would make: a file that multiplies them is cut off here.
pub(super) const MOST: usize = 20_000;

/// What a denial made by Mosaic is called.
const DENIAL: &str = "mosaic:grants/";

/// Nodes, with what they are of.
pub(super) struct Expanded {
    pub nodes: Vec<Node>,
    /// Of each node.
    pub components: Vec<Option<usize>>,
    /// The nodes inside each node.
    pub children: Vec<Vec<u32>>,
}

/// Makes a node for each instance. The first is the file.
pub(super) fn expand(raw: &Raw<'_>, tracer: &Tracer<'_, '_>, file: &str) -> Expanded {
    let mut expanded = Expanded { nodes: Vec::new(), components: Vec::new(), children: Vec::new() };
    if raw.components.is_empty() {
        expanded.nodes.push(core(raw, file));
        expanded.components.push(None);
        expanded.children.push(Vec::new());
        return expanded;
    }
    let (name, named_by) = match raw.components[0].name {
        Some(name) => (name.to_owned(), NamedBy::NameSection),
        None => (file.to_owned(), NamedBy::File),
    };
    push(raw, tracer, &mut expanded, None, Some(0), (name, named_by));
    // Breadth first: the nodes inside one node have numbers that follow one another.
    let mut at = 0;
    while at < expanded.nodes.len() {
        if let Some(component) = expanded.components[at] {
            let children = &tracer.traced[component].children;
            let names = names::of(raw, component, children);
            for ((_, child), name) in children.iter().zip(names) {
                if expanded.nodes.len() >= MOST {
                    return expanded;
                }
                let id = number(expanded.nodes.len());
                push(raw, tracer, &mut expanded, Some(number(at)), *child, name);
                expanded.children[at].push(id);
            }
        }
        at += 1;
    }
    expanded
}

fn push(
    raw: &Raw<'_>,
    tracer: &Tracer<'_, '_>,
    expanded: &mut Expanded,
    parent: Option<u32>,
    component: Option<usize>,
    (name, named_by): (String, NamedBy),
) {
    let id = number(expanded.nodes.len());
    let node = match component {
        Some(component) => of_component(raw, tracer, component, id, parent, name, named_by),
        None => Node {
            id,
            name,
            named_by,
            kind: NodeKind::Imported,
            parent,
            origin: None,
            tools: Vec::new(),
            size: 0,
            shared: 0,
            range: None,
            imports: Vec::new(),
            exports: Vec::new(),
            modules: Vec::new(),
        },
    };
    expanded.nodes.push(node);
    expanded.components.push(component);
    expanded.children.push(Vec::new());
}

fn of_component(
    raw: &Raw<'_>,
    tracer: &Tracer<'_, '_>,
    component: usize,
    id: u32,
    parent: Option<u32>,
    name: String,
    named_by: NamedBy,
) -> Node {
    let it = &raw.components[component];
    let port = |name: &str, kind| {
        let implements = it.implements.get(name).map(|&interface| interface.to_owned());
        Port { name: name.to_owned(), implements, kind: port_kind(kind), functions: None }
    };
    let modules = modules(raw, component);
    let functions: u32 = modules.iter().map(|module| module.functions).fold(0, u32::saturating_add);
    let is_leaf = tracer.traced[component].children.is_empty();
    // The file may be a composition of several engines.
    let engine = origin::engine(raw, component).filter(|_| is_leaf || it.has_code() || origin::is_one(raw, component));
    let kind = match (it.has_code(), is_leaf) {
        (false, false) if engine.is_some() => NodeKind::Part,
        (false, false) => NodeKind::Composition,
        (true, false) => NodeKind::Part,
        (false, true) => NodeKind::Types,
        (true, true) if functions == 0 => NodeKind::Types,
        (true, true) if is_denial(raw, component, &name) => NodeKind::Denial,
        (true, true) => NodeKind::Part,
    };
    Node {
        id,
        origin: match kind {
            NodeKind::Part => engine.or_else(|| origin::compiled_by(raw, component)),
            _ => None,
        },
        name,
        named_by,
        kind,
        parent,
        tools: tools(raw, component, &modules),
        size: it.range.end - it.range.start,
        shared: modules.iter().filter(|module| module.shared).map(|module| module.size).sum(),
        range: Some(it.range.clone()),
        imports: it.imports.iter().map(|(name, kind)| port(name, *kind)).collect(),
        exports: it.exports.iter().map(|export| port(export.name, export.kind)).collect(),
        modules,
    }
}

/// A core module that is the whole file.
fn core(raw: &Raw<'_>, file: &str) -> Node {
    let modules: Vec<Module> = (0..raw.modules.len().min(1)).map(|id| module(raw, id, None, None)).collect();
    let name = raw.modules.first().and_then(|module| module.name);
    Node {
        id: 0,
        name: name.unwrap_or(file).to_owned(),
        named_by: if name.is_some() { NamedBy::NameSection } else { NamedBy::File },
        kind: NodeKind::Part,
        parent: None,
        origin: origin::of_modules(raw, &[0]),
        tools: modules.iter().flat_map(|module| told(&module.producers)).collect(),
        size: raw.bytes.len() as u64,
        shared: 0,
        range: Some(0..raw.bytes.len() as u64),
        imports: core_imports(raw),
        exports: core_exports(raw),
        modules,
    }
}

/// What a core module takes, by the name that its functions are taken from.
fn core_imports(raw: &Raw<'_>) -> Vec<Port> {
    let mut from: IndexMap<&str, u32> = IndexMap::new();
    for import in raw.core_imports() {
        *from.entry(import.module).or_default() += u32::from(import.is_function());
    }
    let ports = from.into_iter().map(|(name, functions)| Port {
        name: name.to_owned(),
        implements: None,
        kind: PortKind::Interface,
        functions: Some(functions),
    });
    ports.collect()
}

/// The functions that a core module exports.
fn core_exports(raw: &Raw<'_>) -> Vec<Port> {
    let exports = raw.modules.first().map(|module| raw.core_exports(module)).unwrap_or_default();
    let functions = exports.into_iter().filter(|export| export.kind == ExternalKind::Func);
    functions
        .map(|export| Port {
            name: export.name.to_owned(),
            implements: None,
            kind: PortKind::Function,
            functions: None,
        })
        .collect()
}

/// A name can be anybody's: only a component that calls nothing and nobody is a denial.
fn is_denial(raw: &Raw<'_>, component: usize, name: &str) -> bool {
    let it = &raw.components[component];
    let is_closed = it.core_functions.iter().all(|function| !matches!(function, CoreFunction::Lower(_)));
    is_closed && it.name.is_some_and(|own| own.starts_with(DENIAL)) && name.starts_with(DENIAL)
}

/// The core modules that a component instantiates, each once.
fn modules(raw: &Raw<'_>, component: usize) -> Vec<Module> {
    let it = &raw.components[component];
    let mut seen = BTreeSet::new();
    let indices = it.core_instances.iter().filter_map(|instance| match instance {
        Instance::Instantiate { module_index, .. } => Some(*module_index),
        Instance::FromExports(_) => None,
    });
    indices
        .filter(|index| seen.insert(*index))
        .map(|index| {
            let given = it.module_names.get(&index).copied();
            match raw.module(component, index) {
                Some(id) => module(raw, id, given, Some(component)),
                None => Module {
                    name: given.map(str::to_owned),
                    size: 0,
                    range: None,
                    shared: true,
                    functions: 0,
                    producers: super::super::model::Producers::default(),
                },
            }
        })
        .collect()
}

fn module(raw: &Raw<'_>, id: usize, given: Option<&str>, by: Option<usize>) -> Module {
    let it = &raw.modules[id];
    Module {
        name: it.name.or(given).map(str::to_owned),
        size: it.range.end - it.range.start,
        range: Some(it.range.clone()),
        shared: it.component != by,
        functions: it.functions,
        producers: it.producers.clone(),
    }
}

/// Tools of a component's own section and of its modules, each once.
fn tools(raw: &Raw<'_>, component: usize, modules: &[Module]) -> Vec<Tool> {
    let all = [&raw.components[component].producers].into_iter().chain(modules.iter().map(|module| &module.producers));
    let tools: indexmap::IndexSet<Tool> = all.flat_map(told).collect();
    tools.into_iter().collect()
}

fn told(producers: &super::super::model::Producers) -> Vec<Tool> {
    let fields = producers.iter().filter(|(field, _)| *field != "language");
    let tools = fields.flat_map(|(_, tools)| tools);
    tools.map(|(name, version)| Tool { name: name.clone(), version: version.clone() }).collect()
}
