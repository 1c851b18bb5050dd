//! What a new version of one package would do to an app: which edges of its graph would part, whoever moves first.
//!
//! Each edge over an interface of the package is compared twice: the importer as it is with the new interface (the
//! provider moves first), and the new interface with the provider as it is (the importer moves first). Where the version
//! leaves its semver track, neither meets the other until both have moved.

use std::collections::HashSet;

use serde::Serialize;
use wit_parser::{InterfaceId, Resolve, WorldItem};

use super::compat::{self, Bump};
use crate::{
    compare::{self, Name, Side},
    plan::graph::Graph,
    resolve::{Part, Subject, Wit},
};

pub use super::inside::parts;

/// What becomes of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// The new packages, by full name.
    pub packages: Vec<String>,
    /// Edges over their interfaces, in the graph's order.
    pub edges: Vec<Edge>,
}

/// One edge of the graph that carries an interface of the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Who imports.
    pub from: String,
    pub import: String,
    /// Who provides; `None` where that is the host.
    pub to: Option<String>,
    /// The interface as the new package has it; `None` where it is gone.
    pub becomes: Option<String>,
    /// Whether old and new still meet by name: not across semver tracks.
    pub meets: bool,
    /// What breaks if the provider moves and the importer stays.
    pub provider_first: Vec<String>,
    /// What breaks if the importer moves and the provider stays; nothing where that is the host.
    pub importer_first: Vec<String>,
    /// The version under which old and new could be in one app, each with its own; `None` where the old has none.
    pub honest: Option<String>,
    /// Where only the number keeps old and new apart: that under which they would meet, and move one after the other.
    pub composes: Option<String>,
}

impl Edge {
    /// Whether the two cannot move one after the other, in either order.
    pub fn needs_both(&self) -> bool {
        !self.meets || self.becomes.is_none() || !(self.provider_first.is_empty() || self.importer_first.is_empty())
    }

    /// Whether anything has to be done at all.
    pub fn breaks(&self) -> bool {
        self.needs_both() || !self.provider_first.is_empty()
    }
}

/// Holds the packages of `new` against every edge that carries one of their interfaces.
pub fn impact(graph: &Graph, parts: &[Part], new: &Wit) -> Impact {
    let packages = match &new.subject {
        Subject::Packages(packages) => packages.clone(),
        Subject::Component(_) => Vec::new(),
    };
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let mut edges = Vec::new();
    for edge in &graph.edges {
        if let Some(importer) = part(&edge.from) {
            let provider = part(&edge.to).map(|provider| (provider, edge.export.as_str()));
            edges.extend(one(importer, &edge.import, Some(&edge.to), provider, new, &packages));
        }
    }
    let kept: HashSet<&str> =
        graph.host.iter().filter(|host| host.label.is_some()).map(|host| host.import.as_str()).collect();
    // The types of what is kept apart are told with it.
    for host in graph.host.iter().filter(|host| host.label.is_some() || !kept.contains(host.import.as_str())) {
        for wanted in &host.wanted_by {
            let Some(importer) = part(&wanted.by) else { continue };
            let own = importer.resolve.worlds[importer.world].imports.keys();
            let wanted = Name::new(&host.import);
            let own = own.map(|key| importer.resolve.name_world_key(key));
            if let Some(import) = own.into_iter().find(|name| Name::new(name).compatible(&wanted)) {
                edges.extend(one(importer, &import, None, None, new, &packages));
            }
        }
    }
    let packages = packages.iter().map(|id| new.resolve.packages[*id].name.to_string()).collect();
    Impact { packages, edges }
}

/// One edge, if it carries an interface of the packages.
fn one(
    importer: &Part,
    import: &str,
    to: Option<&String>,
    provider: Option<(&Part, &str)>,
    new: &Wit,
    packages: &[wit_parser::PackageId],
) -> Option<Edge> {
    let name = Name::new(import);
    let package = packages.iter().copied().find(|id| {
        let package = &new.resolve.packages[*id].name;
        name.package() == Some(&format!("{}:{}", package.namespace, package.name))
    })?;
    let (from, import_text) = (importer.name.clone(), import.to_owned());
    let honest = |bump| name.semver().map(|old| compat::next(&old, bump).to_string());
    // No number helps where each breaks the other, nor where the provider is a host, which does not wait for a part.
    let composes = |meets: bool, provider_first: &[String], importer_first: &[String]| {
        let bump = match (provider_first, importer_first) {
            ([], []) => Bump::Patch,
            ([], _) => Bump::Minor,
            (_, []) if to.is_some() => Bump::Minor,
            _ => return None,
        };
        let next = honest(bump).filter(|_| !meets)?;
        let meeting = format!("{}/{}@{next}", name.package()?, name.interface());
        name.compatible(&Name::new(&meeting)).then_some(next)
    };
    let edge = |becomes: Option<String>, meets, provider_first: Vec<String>, importer_first: Vec<String>| Edge {
        composes: becomes.as_ref().and_then(|_| composes(meets, &provider_first, &importer_first)),
        honest: honest(if provider_first.is_empty() && meets { Bump::Minor } else { Bump::Major }),
        from,
        import: import_text,
        to: to.cloned(),
        becomes,
        meets,
        provider_first,
        importer_first,
    };
    let Some(&there) = new.resolve.packages[package].interfaces.get(name.interface()) else {
        return Some(edge(None, false, Vec::new(), Vec::new()));
    };
    let becomes = new.resolve.id_of(there)?;
    let meets = name.compatible(&Name::new(&becomes));
    // The numbers aside: whether they meet has just been said.
    let aligned = |version: Option<&str>| {
        let mut resolve = (*new.resolve).clone();
        resolve.packages[package].name.version = version.and_then(|version| version.parse().ok());
        resolve
    };
    let imported = interface(importer, import, Port::Import)?;
    let as_old = aligned(name.version);
    let new_side = Side { resolve: &as_old, item: there };
    let told = |comparison: compare::Comparison| comparison.differences.iter().map(ToString::to_string).collect();
    let provider_first = told(compare::interfaces(Side { resolve: &importer.resolve, item: imported }, new_side));
    let importer_first = match provider {
        Some((provider, export)) => {
            let exported = interface(provider, export, Port::Export)?;
            let as_old = aligned(Name::new(export).version);
            let provided = Side { resolve: &provider.resolve, item: exported };
            told(compare::interfaces(Side { resolve: &as_old, item: there }, provided))
        }
        None => Vec::new(),
    };
    Some(edge(Some(becomes), meets, provider_first, importer_first))
}

enum Port {
    Import,
    Export,
}

/// The interface that a part has under a name.
fn interface(part: &Part, name: &str, port: Port) -> Option<InterfaceId> {
    let resolve: &Resolve = &part.resolve;
    let world = &resolve.worlds[part.world];
    let items = match port {
        Port::Import => &world.imports,
        Port::Export => &world.exports,
    };
    items.iter().find_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } if resolve.name_world_key(key) == name => Some(*id),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        compose::fixture::part,
        plan::{self, graph::Wiring},
    };

    const SHOP: &str = "package acme:shop@0.1.0; interface auth { check: func(token: string) -> bool; close: func(); }
        world gateway { import auth; export run: func(); } world auth-part { export auth; }";

    fn of(new: &str) -> Vec<Edge> {
        let parts = [part("gateway", SHOP), part("auth-part", SHOP)];
        let graph = plan::plan(&parts, &Wiring::default(), &plan::Options::default()).unwrap();
        let new = Wit::parse("new.wit", new).unwrap();
        impact(&graph, &parts, &new).edges
    }

    fn told(new: &str) -> Vec<(String, bool, bool, usize, usize)> {
        of(new)
            .into_iter()
            .map(|e| {
                let to = e.to.clone().unwrap_or("host".to_owned());
                (format!("{} -> {to}", e.from), e.meets, e.needs_both(), e.provider_first.len(), e.importer_first.len())
            })
            .collect()
    }

    #[test]
    fn an_edge_parts_or_holds_depending_on_who_moves_first() {
        let edge = || "gateway -> auth-part".to_owned();
        let more = SHOP.replace("@0.1.0", "@0.1.1").replace("close: func();", "close: func(); open: func();");
        assert_eq!(told(&more), [(edge(), true, false, 0, 1)]);
        let less = SHOP.replace("@0.1.0", "@0.1.1").replace("close: func();", "");
        assert_eq!(told(&less), [(edge(), true, false, 1, 0)]);
        let other = SHOP.replace("@0.1.0", "@0.2.0").replace("string", "list<u8>");
        assert_eq!(told(&other), [(edge(), false, true, 1, 1)]);
        let composes = |text: &str| of(text).remove(0).composes;
        assert_eq!(composes(&other), None);
        // Only its number is in the way; and which number would not be.
        assert_eq!(composes(&SHOP.replace("@0.1.0", "@0.2.0")).as_deref(), Some("0.1.1"));
        assert_eq!(composes(&more.replace("@0.1.1", "@0.2.0")).as_deref(), Some("0.1.1"));
        assert_eq!(composes(&less.replace("@0.1.1", "@0.2.0")).as_deref(), Some("0.1.1"));
        assert_eq!(composes(&less), None);
        let gone = "package acme:shop@0.1.1; interface other { f: func(); }";
        assert_eq!(told(gone), [(edge(), false, true, 0, 0)]);
        assert_eq!(told("package acme:bank; interface pay { f: func(); }"), []);
    }
}
