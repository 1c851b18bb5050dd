//! What each node of a graph tells of its packages.

use sha2::{Digest, Sha256};
use wasmparser::{Chunk, Parser, Payload};

use super::{Bill, Part};
use crate::{
    inspect::model::{Graph, Module, Node},
    packages::{Ecosystem, Package, auditable, go, section},
};

/// Reads the bill of a binary that has this graph. `name`: what to call it where it has no name of its own.
pub fn read(name: &str, graph: &Graph, binary: &[u8]) -> Bill {
    let mut parts: Vec<Part> = Vec::new();
    for node in &graph.nodes {
        let mut part = Part {
            path: path(graph, node),
            language: node.origin.as_ref().map(|it| it.language.clone()),
            ..Part::default()
        };
        if let Some(bytes) = node.range.as_ref().and_then(|range| binary.get(range.start as usize..range.end as usize))
        {
            own_sections(bytes, &mut |name, contents| part.take(name, contents));
        }
        node.modules.iter().for_each(|module| part.take_module(module, binary));
        if node.parent.is_none() || !part.packages.is_empty() {
            parts.push(part);
        }
    }
    let own = graph.nodes.first().map(|node| node.name.clone()).filter(|own| !own.is_empty());
    let sha256 = Sha256::digest(binary).iter().map(|byte| format!("{byte:02x}")).collect();
    Bill { name: own.unwrap_or_else(|| name.to_owned()), sha256, parts }
}

/// Names from below the file inwards.
fn path(graph: &Graph, node: &Node) -> String {
    let mut names = Vec::new();
    let mut at = Some(node);
    // A parent comes before what is in it: the way up ends.
    while let Some(node) = at.filter(|node| node.parent.is_some_and(|parent| parent < node.id)) {
        names.push(node.name.as_str());
        at = node.parent.and_then(|parent| graph.node(parent));
    }
    names.reverse();
    names.join("/")
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
