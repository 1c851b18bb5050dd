//! The types of interfaces, decoded from the components that have them.
//!
//! A component decodes by itself, unless it takes something from around it. Core modules it takes are put where they are
//! taken, types are not: then its interfaces are known by name alone, and the graph says so.

use std::collections::HashMap;

use wit_component::WitPrinter;
use wit_parser::{InterfaceId, Resolve, WorldItem, decoding::DecodedWasm};

use super::{
    super::{
        model::{Function, Graph, Interface, Port},
        outline::outline,
        raw::{Item, Raw},
    },
    Seen,
};
use crate::{compare, resolve};

/// Fills in the interfaces that edges are of, and how many functions each port has.
pub(in super::super) fn interfaces(raw: &Raw<'_>, seen: &mut Seen) {
    let mut decoded: HashMap<usize, Option<Decoded>> = HashMap::new();
    let Seen { graph, components } = seen;
    for (node, component) in graph.nodes.iter_mut().zip(components.iter()) {
        let Some(component) = *component else { continue };
        let decoded = decoded.entry(component).or_insert_with(|| decode(raw, component));
        match decoded {
            Some(decoded) => {
                node.imports.iter_mut().for_each(|port| decoded.count(port));
                node.exports.iter_mut().for_each(|port| decoded.count(port));
            }
            None => graph.unknown.push(format!("the types of the interfaces of `{}`", node.name)),
        }
    }
    let Graph { nodes, edges, imports, exports, interfaces, .. } = graph;
    for edge in edges {
        let sides = [(edge.to, &edge.export), (edge.from, &edge.import)];
        edge.interface = sides.into_iter().find_map(|(node, name)| {
            if interfaces.contains_key(name) {
                return Some(name.clone());
            }
            let component = (*components.get(node as usize)?)?;
            let interface = decoded.get(&component)?.as_ref()?.interface(name)?;
            interfaces.insert(name.clone(), interface);
            Some(name.clone())
        });
    }
    if let (Some(root), Some(Some(component))) = (nodes.first(), components.first()) {
        let count = |name: &str| root.imports.iter().chain(&root.exports).find(|port| port.name == name)?.functions;
        imports.iter_mut().for_each(|import| import.port.functions = count(&import.port.name));
        exports.iter_mut().for_each(|export| export.port.functions = count(&export.port.name));
        let Some(Some(decoded)) = decoded.get(component) else { return };
        for name in imports.iter().map(|it| &it.port.name).chain(exports.iter().map(|it| &it.port.name)) {
            if !interfaces.contains_key(name)
                && let Some(interface) = decoded.interface(name)
            {
                interfaces.insert(name.clone(), interface);
            }
        }
    }
}

/// A component's world.
struct Decoded {
    resolve: Resolve,
    /// By name; exports before imports.
    interfaces: HashMap<String, InterfaceId>,
}

fn decode(raw: &Raw<'_>, component: usize) -> Option<Decoded> {
    let it = &raw.components[component];
    let from_around = |items: &[Item<'_>]| items.iter().any(|item| matches!(item, Item::Outer { .. }));
    if from_around(&it.types) || from_around(&it.components) {
        return None;
    }
    let binary = outline(raw, component)?;
    let Ok(DecodedWasm::Component(resolve, world)) = resolve::decode_binary("", &binary) else { return None };
    let mut interfaces = HashMap::new();
    let it = &resolve.worlds[world];
    for (key, item) in it.exports.iter().chain(&it.imports) {
        if let WorldItem::Interface { id, .. } = item {
            interfaces.entry(resolve.name_world_key(key)).or_insert(*id);
        }
    }
    Some(Decoded { resolve, interfaces })
}

impl Decoded {
    fn count(&self, port: &mut Port) {
        let interface = self.interfaces.get(&port.name);
        let functions = interface.map(|id| self.resolve.interfaces[*id].functions.len());
        port.functions = functions.and_then(|functions| u32::try_from(functions).ok());
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let id = *self.interfaces.get(name)?;
        let it = &self.resolve.interfaces[id];
        let functions = it.functions.values().map(|function| Function {
            name: function.name.clone(),
            wit: compare::function_text(&self.resolve, function),
            docs: function.docs.contents.clone(),
        });
        Some(Interface {
            wit: wit(&self.resolve, id, name),
            docs: it.docs.contents.clone(),
            functions: functions.collect(),
        })
    }
}

/// `interface auth { … }`.
fn wit(resolve: &Resolve, id: InterfaceId, name: &str) -> String {
    let mut printer = WitPrinter::default();
    // It refuses only what cannot be written as WIT; what it printed until then is still worth showing.
    let _ = printer.print_interface(resolve, id);
    let inside = printer.output.to_string();
    let mut text = format!("interface {} {{\n", compare::Name::new(name).interface());
    for line in inside.lines() {
        if !line.is_empty() {
            text.push_str("  ");
            text.push_str(line);
        }
        text.push('\n');
    }
    text.push_str("}\n");
    text
}
