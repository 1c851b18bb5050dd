//! `wasi:config/store`: the values of granted keys, from the manifest and from flags.
//!
//! The package was never released: components name it by its candidate, without a version, or as its first draft, where
//! the interface was called `runtime`. <https://github.com/WebAssembly/wasi-config>

use wasmtime::{
    StoreContextMut,
    component::{ComponentType, Linker, LinkerInstance, Lower},
};

use crate::runtime::{
    denials::Denial,
    grants::Missing,
    state::{Behind, Guest},
    trap::caller,
};

/// The names it goes by.
const NAMES: [&str; 5] = [
    "wasi:config/store@0.2.0-rc.1",
    "wasi:config/store@0.2.0-draft",
    "wasi:config/store",
    "wasi:config/runtime@0.2.0-draft",
    "wasi:config/runtime",
];

/// What could go wrong where values are fetched from elsewhere.
#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
#[expect(dead_code, reason = "the interface has it; values that are at hand never fail")]
enum Fault {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

type Outcome<T> = wasmtime::Result<(Result<T, Fault>,)>;

pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for name in NAMES {
        link_one(&mut linker.instance(name)?, name, Behind::All)?;
    }
    Ok(())
}

/// Links one of its names, also under a label.
pub(super) fn link_one(interface: &mut LinkerInstance<'_, Guest>, name: &str, behind: Behind) -> wasmtime::Result<()> {
    if !NAMES.contains(&name) {
        return Ok(());
    }
    interface.func_wrap("get", move |store, (key,): (String,)| get(&store, key, behind))?;
    interface.func_wrap("get-all", move |store, (): ()| get_all(&store, behind))
}

/// A key that is not granted has no value.
fn get(store: &StoreContextMut<'_, Guest>, key: String, behind: Behind) -> Outcome<Option<String>> {
    let host = &store.data().host;
    let grants = host.granted(behind);
    let value = grants.config.get(&key).cloned();
    if value.is_none() && !grants.config_keys.allows(&key) {
        host.refuse(Denial {
            part: caller(store),
            interface: "wasi:config/store",
            what: format!("the value of `{key}`"),
            grant: Missing::new("config", key),
        });
    }
    Ok((Ok(value),))
}

fn get_all(store: &StoreContextMut<'_, Guest>, behind: Behind) -> Outcome<Vec<(String, String)>> {
    let values = store.data().host.granted(behind).config.iter();
    Ok((Ok(values.map(|(key, value)| (key.clone(), value.clone())).collect()),))
}
