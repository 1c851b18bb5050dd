//! Imports that an app keeps apart: one interface under several labels, each with grants of its own.
//!
//! The app's `mosaic:grants` says which parts are behind which label ([`Grants::apart`]). What an interface gives under a
//! label — a descriptor, a socket, a bucket — can do what is granted behind that label, and is of the type that the
//! interface has under its own name.
//!
//! 1. [`labels`] finds the imports that are labels.
//! 2. [`granted`] holds them against what is granted: a label that nothing is said of, and one that is no import, are
//!    errors.
//! 3. [`link`] links an interface that lets its caller reach something, under a label.

use wasmtime::component::{Component, Linker, LinkerInstance, Resource};
use wasmtime_wasi::{
    cli::WasiCliView as _,
    filesystem::{Descriptor, WasiFilesystemView as _},
    p2::bindings::{cli::environment::Host as _, filesystem::preopens::Host as _},
};

use crate::runtime::{
    error::Error,
    grants::Grants,
    state::{Behind, Guest, Reached},
};

use super::{P2, P3, blobstore, concurrent_sockets, config, http, keyvalue, messaging, sockets};

/// An import under a label.
pub(in crate::runtime) struct Label {
    pub name: String,
    /// The interface, by its full name.
    pub implements: String,
}

/// The labels of a component, in its order, which is that of [`Behind::Label`].
pub(in crate::runtime) fn labels(component: &Component) -> Vec<Label> {
    let ty = component.component_type();
    let labels = ty
        .imports(component.engine())
        .filter_map(|(name, import)| Some(Label { name: name.to_owned(), implements: import.implements?.to_owned() }));
    labels.collect()
}

/// What is granted behind each label.
pub(in crate::runtime) fn granted(component: &Component, grants: &Grants) -> Result<Vec<Grants>, Error> {
    let labels = labels(component);
    let unsaid = labels.iter().find(|label| !grants.apart.contains_key(&label.name));
    if let Some(Label { name, implements }) = unsaid {
        return Err(Error::Unsaid { label: name.clone(), interface: implements.clone() });
    }
    let unknown = grants.apart.keys().find(|name| !labels.iter().any(|label| label.name == **name));
    match unknown {
        Some(label) => Err(Error::UnknownLabel { label: label.clone() }),
        None => Ok(labels.iter().map(|label| grants.apart[&label.name].clone()).collect()),
    }
}

/// Links an interface, as the host calls it, under a label; one that cannot be kept apart is not linked.
pub(in crate::runtime) fn link(
    linker: &mut Linker<Guest>,
    label: &str,
    interface: &str,
    behind: Behind,
) -> wasmtime::Result<()> {
    let mut under = linker.instance(label)?;
    let (base, version) = interface.split_once('@').unwrap_or((interface, ""));
    match (base, version) {
        ("wasi:cli/environment", P2 | P3) => environment(&mut under, behind),
        ("wasi:filesystem/preopens", P2 | P3) => preopens(&mut under, behind),
        ("wasi:sockets/tcp-create-socket", P2) => sockets::link_tcp(&mut under, behind),
        ("wasi:sockets/udp-create-socket", P2) => sockets::link_udp(&mut under, behind),
        ("wasi:sockets/ip-name-lookup", P2) => sockets::link_lookup(&mut under, behind),
        ("wasi:sockets/ip-name-lookup", P3) => sockets::link_concurrent_lookup(&mut under, behind),
        ("wasi:sockets/types", P3) => concurrent_sockets::link(&mut under, behind),
        ("wasi:http/outgoing-handler", P2) => http::link_handler(&mut under, behind),
        ("wasi:http/client", P3) => http::link_client(&mut under, behind),
        _ if base.starts_with("wasi:keyvalue/") => keyvalue::link_one(&mut under, interface, behind),
        _ if base.starts_with("wasi:config/") => config::link_one(&mut under, interface, behind),
        _ if base.starts_with("wasi:messaging/") => messaging::link_one(&mut under, interface, behind),
        _ if base.starts_with("wasi:blobstore/") => blobstore::link_one(&mut under, interface, behind),
        _ => Ok(()),
    }
}

/// The variables granted behind the label; arguments and the working directory are the app's. Of both versions of WASI,
/// which name one function differently.
fn environment(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap("get-environment", move |store, (): ()| {
        let env = store.data().host.granted(behind).env.iter();
        Ok((env.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>(),))
    })?;
    interface.func_wrap("get-arguments", |mut store, (): ()| Ok((store.data_mut().cli().get_arguments()?,)))?;
    for name in ["initial-cwd", "get-initial-cwd"] {
        interface.func_wrap(name, |mut store, (): ()| Ok((store.data_mut().cli().initial_cwd()?,)))?;
    }
    Ok(())
}

fn preopens(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap("get-directories", move |mut store, (): ()| {
        let mut own = None;
        let directories: Vec<(Resource<Descriptor>, String)> =
            Reached::new(store.data_mut(), behind, &mut own)?.filesystem().get_directories()?;
        Ok((directories,))
    })
}
