//! Every rule of the planner, and every way to fail.

mod grants;
mod refusals;
mod types;
mod wiring;
mod wrap;

use super::{
    Error, Options,
    error::Failure,
    graph::{Graph, HostImport, Said, Wire, Wiring},
    plan,
};
use crate::{compose::fixture::part, resolve::Part};

/// Interfaces that the worlds below use; `auth` and `inference` at a version of choice.
fn shop(version: &str, world: &str) -> String {
    format!(
        "package acme:shop@{version};
        interface auth {{ check: func(token: string) -> bool; }}
        interface inference {{ score: func(text: string) -> f32; }}
        interface audit {{ note: func(line: string); }}
        interface types {{ record claims {{ subject: string, role: role }} enum role {{ reader, writer }} }}
        interface login {{ use types.{{claims}}; login: func() -> claims; }}
        interface front {{ use types.{{claims}}; show: func(c: claims); }}
        interface sessions {{ resource session {{ name: func() -> string; }} }}
        interface store {{ use sessions.{{session}}; put: func(s: session); }}
        {world}"
    )
}

fn at(version: &str, name: &str, body: &str) -> Part {
    part(name, &shop(version, &format!("world w {{ {body} }}")))
}

fn of(name: &str, body: &str) -> Part {
    at("0.1.0", name, body)
}

fn planned(parts: &[Part]) -> Result<Graph, Error> {
    plan(parts, &Wiring::default(), &Options::default())
}

#[track_caller]
fn failures(parts: &[Part], wiring: &Wiring) -> Vec<Failure> {
    plan(parts, wiring, &Options::default()).expect_err("must not be planned").failures
}

/// `from.import ← to (why)`, short.
fn edges(graph: &Graph) -> Vec<String> {
    let short = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    graph
        .edges
        .iter()
        .map(|edge| {
            format!(
                "{}.{} ← {}.{} {:?}",
                edge.from,
                short(&edge.import),
                short(&edge.to),
                short(&edge.export),
                edge.why
            )
        })
        .collect()
}

fn wanted_by(host: &HostImport) -> String {
    host.wanted_by.iter().map(|wanted| wanted.by.as_str()).collect::<Vec<_>>().join(" ")
}

fn exports(graph: &Graph) -> Vec<String> {
    graph.exports.iter().map(|export| format!("{} from {}", export.name, export.from)).collect()
}

fn wire(pairs: &[(&str, &str, &str)]) -> Wiring {
    let wire = pairs.iter().map(|(part, interface, to)| {
        (((*part).to_owned(), (*interface).to_owned()), Wire { key_at: None, to: Said::plain(*to) })
    });
    Wiring { wire: wire.collect(), ..Wiring::default() }
}
