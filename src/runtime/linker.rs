//! What the host offers, and a component bound to it.
//!
//! Every interface is always linked; what is not granted answers with a refusal. Nothing unknown is linked: an import
//! that nobody provides is an error before anything runs.

use wasmtime::{
    Engine,
    component::{Component, InstancePre, Linker, types::ComponentItem},
};

use super::{
    code::Code,
    error::{Entry, Error},
    host,
    state::{Behind, Guest},
};

/// What becomes of a guest's standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// They are those of its [`wasmtime_wasi::WasiCtx`].
    Own,
    /// Lines, told with the part that wrote them.
    Lines,
}

/// Binds a component to the host.
///
/// Errors with all imports that nobody provides, or the first whose types differ from the host's.
pub(super) fn link(name: &str, code: &Code, streams: Streams) -> Result<InstancePre<Guest>, Error> {
    let engine = |source| Error::Engine { source };
    let mut linker = linker(&code.engine, code.shape.concurrency, streams).map_err(engine)?;
    for (index, label) in host::apart::labels(&code.component).iter().enumerate() {
        let interface = offered_as(&label.implements);
        host::apart::link(&mut linker, &label.name, &interface, Behind::Label(index)).map_err(engine)?;
    }
    for lifted in &code.lifted {
        linker.root().module(&lifted.name, &lifted.module).map_err(engine)?;
    }
    linker.instantiate_pre(&code.component).map_err(|source| {
        let mut imports = unsatisfied(&linker, &code.component);
        imports.retain(|import| code.lifted.iter().all(|lifted| lifted.name != *import));
        let name = name.to_owned();
        if imports.is_empty() { Error::Mismatch { name, source } } else { Error::Unsatisfied { name, imports } }
    })
}

fn linker(engine: &Engine, concurrency: bool, streams: Streams) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    if concurrency {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    }
    host::blobstore::link(&mut linker)?;
    host::config::link(&mut linker)?;
    host::logging::link(&mut linker)?;
    host::keyvalue::link(&mut linker)?;
    host::messaging::link(&mut linker)?;
    // From here on functions of Wasmtime's WASI are put behind ours.
    linker.allow_shadowing(true);
    host::http::link(&mut linker)?;
    host::sockets::link(&mut linker)?;
    if streams == Streams::Lines {
        host::stdio::link(&mut linker, concurrency)?;
    }
    Ok(linker)
}

/// The imports of which the linker knows nothing, version compatibility considered.
fn unsatisfied(linker: &Linker<Guest>, component: &Component) -> Vec<String> {
    let engine = component.engine();
    let ty = component.component_type();
    let unknown = ty.imports(engine).filter(|(name, import)| match &import.ty {
        ComponentItem::ComponentInstance(instance) => {
            let mut wanted = instance.exports(engine).filter(|(_, item)| is_provided(&item.ty)).peekable();
            wanted.peek().is_some() && !knows_any(linker, name, wanted.map(|(item, _)| item))
        }
        item => is_provided(item),
    });
    unknown.map(|(name, _)| name.to_owned()).collect()
}

/// Something a host must provide, rather than a type that only has a name.
fn is_provided(item: &ComponentItem) -> bool {
    !matches!(item, ComponentItem::Type(_))
}

/// Asks the linker itself: what it has cannot be defined once more.
fn knows_any<'a>(linker: &Linker<Guest>, interface: &str, items: impl Iterator<Item = &'a str>) -> bool {
    let mut linker = linker.clone();
    linker.allow_shadowing(false);
    match linker.instance(&offered_as(interface)) {
        Ok(mut instance) => items.into_iter().any(|item| instance.func_wrap(item, |_, (): ()| Ok(())).is_err()),
        Err(_) => false,
    }
}

/// The name under which the linker has an interface, if it has it: releases of one track are one to it.
fn offered_as(import: &str) -> String {
    let release = |version: &str| version.split('.').all(|number| number.parse::<u64>().is_ok());
    match import.split_once('@') {
        Some((interface, version)) if version.starts_with("0.2.") && release(version) => {
            format!("{interface}@{}", host::P2)
        }
        Some((interface, version)) if version.starts_with("0.3.") && release(version) => {
            format!("{interface}@{}", host::P3)
        }
        _ => import.to_owned(),
    }
}

/// What a component exports, by name.
pub(super) fn exports(component: &Component) -> Vec<String> {
    let ty = component.component_type();
    ty.exports(component.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// The WASI version under which a component exports an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wasi {
    P2,
    P3,
}

/// Finds what makes a component runnable or servable. Where it offers both versions, the newer counts.
pub(super) fn entry(name: &str, component: &Component, wanted: Entry) -> Result<Wasi, Error> {
    let (p2, p3) = match wanted {
        Entry::Run => ("wasi:cli/run@0.2.", "wasi:cli/run@0.3."),
        Entry::Http => ("wasi:http/incoming-handler@0.2.", "wasi:http/handler@0.3."),
    };
    let exports = exports(component);
    let exports_any = |prefix: &str| exports.iter().any(|export| export.starts_with(prefix));
    if exports_any(p3) {
        Ok(Wasi::P3)
    } else if exports_any(p2) {
        Ok(Wasi::P2)
    } else {
        Err(Error::NoEntry { name: name.to_owned(), wanted, exports })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::engine::{self, Allocation, Compiler, Shape};

    fn test_linker(concurrency: bool) -> Linker<Guest> {
        let shape = Shape::unmeasured(Compiler::Optimising, concurrency);
        let engine = engine::engine(&shape, Allocation::OnDemand).unwrap();
        linker(&engine, concurrency, Streams::Lines).unwrap()
    }

    /// A function of ours under a name that Wasmtime's WASI does not have would be linked and never called.
    #[test]
    fn our_functions_stand_before_those_of_wasi() {
        let engine = test_linker(true).engine().clone();
        let mut theirs = Linker::<Guest>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut theirs).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut theirs).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut theirs).unwrap();
        for (interface, version, function) in [
            ("wasi:cli/stdout", host::P2, "get-stdout"),
            ("wasi:cli/stderr", host::P2, "get-stderr"),
            ("wasi:cli/stdout", host::P3, "write-via-stream"),
            ("wasi:cli/stderr", host::P3, "write-via-stream"),
            ("wasi:sockets/tcp-create-socket", host::P2, "create-tcp-socket"),
            ("wasi:sockets/udp-create-socket", host::P2, "create-udp-socket"),
            ("wasi:sockets/ip-name-lookup", host::P2, "resolve-addresses"),
            ("wasi:http/outgoing-handler", host::P2, "handle"),
        ] {
            assert!(knows_any(&theirs, &format!("{interface}@{version}"), [function].into_iter()), "{interface}");
        }
    }

    #[test]
    fn interfaces_are_known_by_version_compatibility() {
        let linker = test_linker(true);
        let knows = |linker: &Linker<Guest>, interface: &str, item| knows_any(linker, interface, [item].into_iter());
        for (interface, item) in [
            ("wasi:cli/stdout@0.2.0", "get-stdout"),
            ("wasi:cli/stdout@0.2.99", "get-stdout"),
            ("wasi:cli/stdout@0.3.2", "write-via-stream"),
            ("wasi:http/types@0.2.3", "fields"),
            ("wasi:http/client@0.3.0", "send"),
            ("wasi:keyvalue/store", "open"),
            ("wasi:keyvalue/batch@0.2.0-draft2", "get-many"),
            ("wasi:keyvalue/atomics@0.2.0-draft", "increment"),
            ("wasi:config/store@0.2.0-rc.1", "get"),
            ("wasi:blobstore/container@0.2.0-draft", "container"),
            ("wasi:config/runtime@0.2.0-draft", "get-all"),
            ("wasi:logging/logging", "log"),
            ("wasi:logging/logging@0.1.0-draft", "log"),
            ("wasi:messaging/producer@0.2.0-draft", "send"),
            ("wasi:messaging/request-reply", "request"),
        ] {
            assert!(knows(&linker, interface, item), "{interface}");
        }
        for (interface, item) in [
            ("wasi:cli/stdout@0.1.0", "get-stdout"),
            ("wasi:cli/stdout@0.3.0-rc-2026-01-01", "write-via-stream"),
            ("wasi:keyvalue/store@0.1.0", "open"),
            ("acme:shop/auth", "check"),
        ] {
            assert!(!knows(&linker, interface, item), "{interface}");
        }
        assert!(!knows(&test_linker(false), "wasi:cli/stdout@0.3.0", "write-via-stream"));
    }

    #[test]
    fn types_alone_need_no_provider() {
        let linker = test_linker(false);
        let text = "(component (import \"acme:shop/types\" (instance
            (type $t' (record (field \"a\" u32))) (export \"t\" (type (eq $t'))))))";
        let component = Component::new(linker.engine(), wat::parse_str(text).unwrap()).unwrap();
        assert_eq!(unsatisfied(&linker, &component), Vec::<String>::new());
        assert!(linker.instantiate_pre(&component).is_ok());
    }
}
