//! The Go support package below generated bindings, written out with them so that no build needs a network.
//!
//! It has the import path and the interface of `go.bytecodealliance.org/pkg` that generated code calls, and cures two
//! faults measured there: a garbage collection inside `cabi_realloc` traps, and what imports return is never let go.

use super::generate::Texts;

/// The module path generated code asks for.
pub(super) const MODULE: &str = "go.bytecodealliance.org/pkg";

const TYPES: [(&str, &str); 3] = [
    ("option.go", include_str!("support/types/option.go")),
    ("result.go", include_str!("support/types/result.go")),
    ("tuple.go", include_str!("support/types/tuple.go")),
];

const RUNTIME: [(&str, &str); 5] = [
    ("empty.s", include_str!("support/runtime/empty.s")),
    ("failure.go", include_str!("support/runtime/failure.go")),
    ("handle.go", include_str!("support/runtime/handle.go")),
    ("memory.go", include_str!("support/runtime/memory.go")),
    ("realloc_wasip1.go", include_str!("support/runtime/realloc_wasip1.go")),
];

/// What wakes a part that begins with the memory of its start.
const WAKE: (&str, &str) = ("wake.go", include_str!("support/snapshot/wake.go"));

/// The oldest Go language the sources here and the generated ones need.
pub(super) const GO: &str = "1.25";

/// The sources of `wit/types` in `folder`, as package `name`.
pub(super) fn types(folder: &str, name: &str) -> Texts {
    let clause = format!("\npackage {name}\n");
    let file = |(file, text): (&str, &str)| {
        let text = format!("\n{text}").replacen("\npackage wit_types\n", &clause, 1);
        (format!("{folder}/{file}"), text.trim_start().replace("Package wit_types ", &format!("Package {name} ")))
    };
    TYPES.into_iter().map(file).collect()
}

/// The sources of `wit/runtime` in `folder`.
pub(super) fn runtime(folder: &str) -> Texts {
    RUNTIME.into_iter().map(|(file, text)| (format!("{folder}/{file}"), text.to_owned())).collect()
}

/// The path and the text of what `wit/runtime` in `folder` has besides, where a part's start is kept.
pub(super) fn wake(folder: &str) -> (String, String) {
    (format!("{folder}/{}", WAKE.0), WAKE.1.to_owned())
}

/// The whole as the module that the generator's own layout asks for.
pub(super) fn module() -> Texts {
    let mut texts = types("wit/types", "wit_types");
    texts.extend(runtime("wit/runtime"));
    texts.insert("go.mod".into(), format!("module {MODULE}\n\ngo {GO}\n"));
    texts
}

/// Changes whenever any of it changes.
pub(super) fn digest() -> String {
    let mut hash = blake3::Hasher::new();
    for (path, text) in module().into_iter().chain([wake("wit/runtime")]) {
        hash.update(path.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
    }
    hash.finalize().to_hex()[..16].to_owned()
}
