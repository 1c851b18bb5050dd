//! What each node of a graph tells of its packages.

use sha2::{Digest, Sha256};
use wasmparser::{Chunk, Parser, Payload};

use super::{Bill, Part};
use crate::{
    inspect::model::{Graph, Module},
    packages::{Ecosystem, Package, auditable, go, section},
};

/// Reads the bill of a binary that has this graph. `name`: what to call it where it has no name of its own.
///
/// What an engine keeps in components of its own is told with what it runs.
pub fn read(name: &str, graph: &Graph, binary: &[u8]) -> Bill {
    let mut parts: Vec<Part> = Vec::new();
    // By node, the part that has its packages.
    let mut told: Vec<usize> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        // A parent comes before what is in it.
        let parent = node.parent.and_then(|id| Some((graph.node(id)?, *told.get(id as usize)?)));
        let at = match parent {
            Some((parent, at)) if parent.is_whole() || parts[at].is_whole => at,
            _ => {
                let path = if node.parent.is_some() { graph.path(node.id) } else { String::new() };
                let language = node.origin.as_ref().map(|it| it.language.clone());
                parts.push(Part { path, language, is_whole: node.is_whole(), ..Part::default() });
                parts.len() - 1
            }
        };
        told.push(at);
        let part = &mut parts[at];
        if let Some(bytes) = node.range.as_ref().and_then(|range| binary.get(range.start as usize..range.end as usize))
        {
            own_sections(bytes, &mut |name, contents| part.take(name, contents));
        }
        node.modules.iter().for_each(|module| part.take_module(module, binary));
    }
    parts.retain(|part| part.path.is_empty() || !part.packages.is_empty());
    let own = graph.nodes.first().map(|node| node.name.clone()).filter(|own| !own.is_empty());
    let sha256 = Sha256::digest(binary).iter().map(|byte| format!("{byte:02x}")).collect();
    Bill { name: own.unwrap_or_else(|| name.to_owned()), sha256, parts }
}

impl Part {
    fn take(&mut self, name: &str, contents: &[u8]) {
        match name {
            section::NAME => section::decode(contents).into_iter().for_each(|package| {
                self.add(package);
            }),
            auditable::NAME => {
                let crates = auditable::decode(contents).map(|crates| auditable::packages(&crates)).unwrap_or_default();
                let needs: Vec<_> = crates.into_iter().map(|(package, needs)| (self.add(package), needs)).collect();
                for (purl, places) in &needs {
                    let needed = places.iter().filter_map(|place| needs.get(*place));
                    self.needs.extend(needed.map(|(needed, _)| (purl.clone(), needed.clone())));
                }
            }
            _ => {}
        }
    }

    /// A core module's sections, and what tells the versions of runtimes that are compiled in.
    fn take_module(&mut self, module: &Module, binary: &[u8]) {
        let made = |field: &str, name: &str| module.producers.get(field).and_then(|names| names.get(name));
        let first = |version: &String| version.split_whitespace().next().unwrap_or_default().to_owned();
        if let Some(version) = made("language", "Go") {
            self.add(go::standard_library(&first(version)));
        }
        if let Some(version) = made("processed-by", "rustc") {
            self.add(Package::new(Ecosystem::Generic, "rust-std", first(version)).as_runtime());
        }
        let Some(bytes) = module.range.as_ref().and_then(|range| binary.get(range.start as usize..range.end as usize))
        else {
            return;
        };
        let is_go = made("language", "Go").is_some();
        let mut parser = Parser::new(0);
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true)
        {
            at += consumed;
            match payload {
                Payload::CustomSection(custom) => self.take(custom.name(), custom.data()),
                Payload::DataSection(data) if is_go => {
                    let range = data.range();
                    let data = bytes.get(range.start as usize..range.end as usize).unwrap_or_default();
                    go::packages(data).into_iter().for_each(|package| {
                        self.add(package);
                    });
                }
                Payload::CodeSectionStart { size, .. } => {
                    parser.skip_section();
                    at += size as usize;
                }
                Payload::End(_) => return,
                _ => {}
            }
        }
    }
}

/// The custom sections of a component itself, not of what is in it; none of a core module.
fn own_sections(component: &[u8], take: &mut dyn FnMut(&str, &[u8])) {
    let mut parser = Parser::new(0);
    let mut at = 0;
    while let Some(rest) = component.get(at..)
        && let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true)
    {
        at += consumed;
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Module, .. } | Payload::End(_) => return,
            Payload::CustomSection(custom) => take(custom.name(), custom.data()),
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                // What is inside is another node's, or read as a module.
                at += (unchecked_range.end - unchecked_range.start) as usize;
            }
            _ => {}
        }
    }
}
