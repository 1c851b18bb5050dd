//! What could be saved, and by what.
//!
//! What is counted in the file is told with its bytes. Another engine or compiler is told by the sizes of engines as their
//! packages carry them ([`Engine`]); where nobody measured it, that is said instead of a figure.

use super::super::{
    model::{Duplicate, Origin, Part, Saving, SizeKind},
    raw::Raw,
};

/// An engine's core module as a package carries it, before any program is in it.
struct Engine {
    name: &'static str,
    bytes: u64,
    /// Package, version, file.
    from: &'static str,
}

const LARGE: Engine = Engine {
    name: "StarlingMonkey",
    bytes: 10_520_737,
    from: "@bytecodealliance/componentize-js 0.23.0, lib/starlingmonkey_embedding.wasm",
};
const SMALL: Engine =
    Engine { name: "QuickJS", bytes: 889_908, from: "componentize-qjs 0.4.2, prebuilt/runtime-opt-size-sync.wasm" };

/// Compilers that there is another of, and engines that nobody measured another beside.
const UNMEASURED: &[(&str, &str)] =
    &[("go", "TinyGo in place of Go's own compiler"), ("python", "another engine in place of CPython")];

pub(super) fn savings(raw: &Raw<'_>, duplicates: &[Duplicate], parts: &[Part]) -> Vec<Saving> {
    let customs = |is_one: fn(&str) -> bool| -> u64 {
        let all = raw.modules.iter().flat_map(|module| &module.customs);
        all.filter(|custom| is_one(custom.name)).map(|custom| custom.range.end - custom.range.start).sum()
    };
    let modules = duplicates.iter().filter(|duplicate| duplicate.kind == SizeKind::CoreModule);
    let twice = modules.map(|duplicate| duplicate.size * (duplicate.places.len() as u64).saturating_sub(1)).sum();
    let counted = [
        ("core modules that are the same stored once", twice),
        ("debug information dropped", customs(|name| name.starts_with(".debug_"))),
        ("names of functions dropped, which stack traces then lack", customs(|name| name == "name")),
    ];
    let counted = counted.into_iter().filter(|(_, size)| *size > 0);
    let counted = counted.map(|(by, size)| Saving { by: by.to_owned(), size: Some(size), source: None });
    counted.chain(engines(parts)).collect()
}

/// What runs or compiled the parts, each told once.
fn engines(parts: &[Part]) -> Vec<Saving> {
    let origins: Vec<&Origin> = parts.iter().filter_map(|part| part.origin.as_ref()).collect();
    let mut savings = Vec::new();
    if origins.iter().any(|it| it.engine.as_deref() == Some(LARGE.name)) {
        savings.push(Saving {
            by: format!("{} in place of {}, the engines alone", SMALL.name, LARGE.name),
            size: LARGE.bytes.checked_sub(SMALL.bytes),
            source: Some(format!("{}; {}", LARGE.from, SMALL.from)),
        });
    }
    for (language, by) in UNMEASURED {
        if origins.iter().any(|it| it.language == *language) {
            savings.push(Saving { by: (*by).to_owned(), size: None, source: None });
        }
    }
    savings
}

#[cfg(all(test, feature = "javascript"))]
mod tests {
    use super::*;

    #[test]
    fn the_small_engine_is_as_large_as_its_package_has_it() {
        assert_eq!(SMALL.bytes, componentize_qjs::opt_size_sync_runtime_wasm().len() as u64);
    }
}
