//! What hosts offer: a table of data, `hosts.toml` beside this file.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// A host, as its published sources have it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub name: String,
    /// The sources.
    pub from: String,
    /// Exports that it starts or asks, by track: `wasi:cli/run@0.2`.
    pub calls: Vec<String>,
    /// By package: its highest version on each track.
    pub offers: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Table {
    host: Vec<Host>,
}

/// All that are known.
pub(super) fn all() -> &'static [Host] {
    static ALL: LazyLock<Vec<Host>> = LazyLock::new(|| {
        let table: Table = toml::from_str(include_str!("hosts.toml")).expect("the table is part of this program");
        table.host
    });
    &ALL
}
