//! A part that begins where its start has ended (`snapshot = true`).
//!
//! 1. Go's package runtime gets a function that **wakes** an instance, and hashes of maps that do not rest upon one key
//!    for all instances ([`overlay`]).
//! 2. The support package calls it before the first export runs, with what lies beyond the runtime ([`support`],
//!    [`super::cure`]).
//! 3. The core module is **started** and kept ([`crate::build::preinit::reactor`]).

use std::path::Path;

use super::{error::Error, generate::Texts};

/// Added to package runtime.
pub(super) const RUNTIME: &str = include_str!("support/snapshot/runtime.go");
const ADDED: &str = "src/runtime/mosaic_wake.go";
/// Hashes of maps on 64-bit machines without instructions for it.
const HASHES: &str = "src/runtime/hash64.go";

/// The functions that hash, as they begin.
const HASH: [&str; 3] = [
    "func memhashFallback(p unsafe.Pointer, seed, s uintptr) uintptr {\n",
    "func memhash32Fallback(p unsafe.Pointer, seed uintptr) uintptr {\n",
    "func memhash64Fallback(p unsafe.Pointer, seed uintptr) uintptr {\n",
];

/// Files that take their place in the Go toolchain for the time of a build, by path below its root.
///
/// # Errors
/// Its hashes are not those this was made for.
pub(super) fn overlay(goroot: &Path) -> Result<Texts, Error> {
    let path = goroot.join(HASHES);
    let text = std::fs::read_to_string(&path).map_err(|source| Error::File { path, action: "read", source })?;
    let hashes = hashes(&text).ok_or_else(|| Error::UnknownGo { missing: "`hash64.go` reads otherwise".to_owned() })?;
    Ok(Texts::from([(HASHES.to_owned(), hashes), (ADDED.to_owned(), RUNTIME.to_owned())]))
}

/// The hashes with keys of each map's own. `None`: they are others.
fn hashes(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for (key, times) in [("hashkey[1]", 5), ("hashkey[2]", 1), ("hashkey[3]", 1)] {
        if text.matches(key).count() != times {
            return None;
        }
        text = text.replace(key, &format!("({key}^spread)"));
    }
    for begin in HASH {
        let (before, after) = text.split_once(begin)?;
        text = format!("{before}{begin}\tspread := mosaic_spread(seed)\n{after}");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_another_form_are_not_taken_for_known() {
        let known = HASH.map(|begin| format!("{begin}}}\n")).concat();
        let keys = format!("{}hashkey[2] hashkey[3]", "hashkey[1] ".repeat(5));
        let mended = hashes(&format!("{known}{keys}")).unwrap();
        assert_eq!(mended.matches("\tspread := mosaic_spread(seed)\n").count(), 3);
        assert!(mended.ends_with("(hashkey[2]^spread) (hashkey[3]^spread)"));
        assert_eq!(hashes(&known), None);
        assert_eq!(hashes(&keys), None);
    }
}
