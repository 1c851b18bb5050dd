//! The part of an app behind its components: instances, aliases, exports; and what names them.

use std::collections::HashMap;

use indexmap::IndexMap;
use wasm_encoder::{
    Alias, ComponentBuilder, ComponentExportKind, ComponentNameSection, ComponentSection, NameMap, ProducersField,
    ProducersSection,
};

use super::{Arguments, Instance, Met, host::Item, internal};
use crate::{
    compose::{Error, sections::PREAMBLE},
    plan::graph::Graph,
};

/// What Mosaic calls itself among producers.
const TOOL: (&str, &str) = ("mosaic", env!("CARGO_PKG_VERSION"));

/// How many of each kind an app has before its components' instances: where their indices begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub types: u32,
    pub funcs: u32,
    pub instances: u32,
    /// The first of the components.
    pub components: u32,
}

impl Counts {
    pub fn of(head: &ComponentBuilder) -> Counts {
        Counts {
            types: head.type_count(),
            funcs: head.func_count(),
            instances: head.instance_count(),
            components: head.component_count(),
        }
    }
}

/// What the tail is made of.
pub(super) struct Tail<'a> {
    pub graph: &'a Graph,
    pub instances: &'a [Instance<'a>],
    pub wiring: &'a [Arguments<'a>],
    /// What the host is asked for, by number.
    pub declared: &'a IndexMap<usize, Item>,
}

/// Sections in the making.
struct Writer<'a> {
    sections: ComponentBuilder,
    base: &'a Counts,
    /// Exports of instances, by instance and name.
    taken: HashMap<(u32, String), Item>,
}

impl Writer<'_> {
    fn take(&mut self, instance: u32, name: &str, kind: ComponentExportKind) -> Item {
        if let Some(item) = self.taken.get(&(instance, name.to_owned())) {
            return *item;
        }
        let index = self.sections.alias(None, Alias::InstanceExport { instance, kind, name });
        let base = match kind {
            ComponentExportKind::Type => self.base.types,
            ComponentExportKind::Func => self.base.funcs,
            _ => self.base.instances,
        };
        self.taken.insert((instance, name.to_owned()), (kind, base + index));
        (kind, base + index)
    }
}

impl Tail<'_> {
    /// The sections, for an app whose indices begin at these, and the indices of the instances.
    pub fn encode(&self, base: &Counts) -> Result<(Vec<u8>, Vec<u32>), Error> {
        let mut writer = Writer { sections: ComponentBuilder::default(), base, taken: HashMap::new() };
        // By name: the index, and the number of the instance.
        let mut made: HashMap<&str, (u32, usize)> = HashMap::new();
        for (number, (instance, arguments)) in self.instances.iter().zip(self.wiring).enumerate() {
            let mut given = Vec::with_capacity(arguments.len());
            for (import, met) in arguments {
                let (kind, index) = match met {
                    Met::Host(index) => self.declared[index],
                    Met::Edge(edge) => {
                        let item = self.exported(&mut writer, &made, &edge.to, &edge.export);
                        let item = item.map_err(|reason| internal(instance.name, reason))?;
                        match &edge.member {
                            Some(member) => writer.take(item.1, member, ComponentExportKind::Type),
                            None => item,
                        }
                    }
                };
                given.push((import.as_str(), kind, index));
            }
            let index = base.instances + writer.sections.instantiate(None, base.components + number as u32, given);
            made.insert(instance.name, (index, number));
        }
        for export in &self.graph.exports {
            let item = self.exported(&mut writer, &made, &export.from, &export.name);
            let (kind, index) = item.map_err(|reason| internal(&export.from, reason))?;
            let (_, number) = made[export.from.as_str()];
            let name = self.instances[number].signature.exports.get(&export.name);
            let name = name.map(|port| port.external(&export.name));
            writer.sections.export(name.unwrap_or_else(|| export.name.as_str().into()), kind, index, None);
        }
        let indices = self.instances.iter().map(|instance| made[instance.name].0).collect();
        Ok((writer.sections.finish()[PREAMBLE..].to_vec(), indices))
    }

    /// An export of an instance that was made before.
    fn exported(
        &self,
        writer: &mut Writer<'_>,
        made: &HashMap<&str, (u32, usize)>,
        of: &str,
        export: &str,
    ) -> Result<Item, String> {
        let (index, number) = *made.get(of).ok_or_else(|| format!("`{of}` is not made before it is needed"))?;
        let port = self.instances[number]
            .signature
            .exports
            .get(export)
            .ok_or_else(|| format!("`{of}` does not export `{export}`, as the plan has it"))?;
        let kind = port.sort.ok_or_else(|| format!("`{export}` of `{of}` cannot be given to a component"))?;
        Ok(writer.take(index, export, kind))
    }
}

/// Names of components and instances for debuggers and readers of text, and Mosaic among the producers.
pub(super) fn labels(graph: &Graph, base: &Counts, made: &[u32]) -> Vec<u8> {
    let (mut components, mut instances) = (NameMap::new(), NameMap::new());
    for (number, (name, instance)) in graph.instances.iter().zip(made).enumerate() {
        components.append(base.components + number as u32, name);
        instances.append(*instance, name);
    }
    let mut names = ComponentNameSection::new();
    names.components(&components);
    names.instances(&instances);
    let mut processed = ProducersField::new();
    processed.value(TOOL.0, TOOL.1);
    let mut producers = ProducersSection::new();
    producers.field("processed-by", &processed);
    let mut bytes = Vec::new();
    names.append_to_component(&mut bytes);
    producers.append_to_component(&mut bytes);
    bytes
}
