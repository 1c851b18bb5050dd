//! Names that compilers give to functions, and to the files they are from: readable, and by the crate, package or
//! library they are of.

/// A name as its author would know it.
pub(super) fn readable(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(rust) => format!("{rust:#}"),
        Err(_) => name.to_owned(),
    }
}

/// The crate, package or library that a function is of; none where its name does not tell.
pub(super) fn group(name: &str) -> Option<String> {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return krate(&format!("{rust:#}"));
    }
    if let Some(cpp) = name.strip_prefix("_ZN") {
        return nested(cpp);
    }
    if name.contains("::") {
        return krate(name);
    }
    go(name)
}

/// The crate or library of a file that was compiled, going by where it lay: a crate of a registry, of Rust's own library,
/// the libc of WASI, else its folder.
pub(super) fn of_file(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    // What rustc calls a unit: `src/lib.rs/@/shop.1234-cgu.0`.
    if let Some((file, unit)) = path.split_once("/@/") {
        let name = unit.split('.').next().filter(|name| !name.is_empty());
        return name.map(str::to_owned).or_else(|| of_file(file));
    }
    if ["wasi-libc", "libc-top-half", "libc-bottom-half"].iter().any(|libc| path.contains(libc)) {
        return Some("wasi-libc".to_owned());
    }
    let steps: Vec<&str> = path.split('/').filter(|step| !matches!(*step, "" | "." | "..")).collect();
    if let Some(at) = steps.windows(2).position(|pair| pair == ["registry", "src"]) {
        let (name, version) = steps.get(at + 3)?.rsplit_once('-')?;
        return version.starts_with(|c: char| c.is_ascii_digit()).then(|| name.to_owned());
    }
    if let Some(at) = steps.iter().position(|step| *step == "library") {
        return steps.get(at + 1).map(|name| (*name).to_owned());
    }
    let folders = steps.get(..steps.len().saturating_sub(1))?;
    let folder = folders.iter().rev().find(|step| !matches!(**step, "src" | "lib" | "source"));
    folder.or(steps.last()).map(|name| (*name).to_owned())
}

/// `alloc` of `<alloc::vec::Vec<T> as core::ops::Drop>::drop`.
fn krate(path: &str) -> Option<String> {
    let start = path.find(|c: char| c.is_alphanumeric() || c == '_')?;
    let rest = path[start..].trim_start_matches("dyn ").trim_start_matches("mut ");
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty() && rest[word.len()..].starts_with("::")).then_some(word)
}

/// The first name of a nested one of C++: `std` of `3std4swap…`.
fn nested(mangled: &str) -> Option<String> {
    let mangled = mangled.trim_start_matches(['K', 'V', 'R', 'O']);
    if mangled.starts_with("St") {
        return Some("std".to_owned());
    }
    let digits = mangled.bytes().take_while(u8::is_ascii_digit).count();
    let length: usize = mangled.get(..digits)?.parse().ok()?;
    mangled.get(digits..digits.checked_add(length)?).map(str::to_owned)
}

/// `net/http` of `net/http.(*Server).Serve`, `example.com/x/y` of `example.com/x/y.F`; the package of what Go's compiler
/// makes for types (`type:.eq.net/http.Header`) is Go's own.
fn go(name: &str) -> Option<String> {
    if name.starts_with("type:") || name.starts_with("go:") {
        return Some("go".to_owned());
    }
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let (last, _) = name.get(start..)?.split_once('.')?;
    let package = name.get(..start + last.len())?;
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '~' | '%');
    (!last.is_empty() && package.chars().all(is_word) && !last.starts_with('_')).then(|| package.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_crate_package_and_library() {
        for (name, expected) in [
            ("_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE", Some("core")),
            ("_RNvCs1234_7mycrate3foo", Some("mycrate")),
            ("<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop", Some("alloc")),
            ("_ZNSt6vectorIiE9push_backEi", Some("std")),
            ("_ZN5boost4asio3runEv", Some("boost")),
            ("net/http.(*Server).Serve", Some("net/http")),
            ("example.com/a/b.F", Some("example.com/a/b")),
            ("runtime.mallocgc", Some("runtime")),
            ("type:.eq.net/http.Header", Some("go")),
            ("malloc", None),
            ("_ZN99999999999999999999", None),
            ("_ZN5é", None),
            ("", None),
        ] {
            assert_eq!(group(name).as_deref(), expected, "{name}");
        }
        for (path, expected) in [
            ("src/lib.rs/@/shop.4a2f-cgu.0", Some("shop")),
            ("/home/x/.cargo/registry/src/index.crates.io-1949/serde_json-1.0.1/src/de.rs", Some("serde_json")),
            ("/rustc/abc/library/core/src/fmt/mod.rs", Some("core")),
            ("/build/wasi-sdk/src/wasi-libc/dlmalloc/src/dlmalloc.c", Some("wasi-libc")),
            ("/home/x/zlib/src/inflate.c", Some("zlib")),
            ("inflate.c", Some("inflate.c")),
            ("", None),
        ] {
            assert_eq!(of_file(path).as_deref(), expected, "{path}");
        }
        assert_eq!(readable("_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE"), "core::fmt::Formatter::write_str");
        assert_eq!(readable("malloc"), "malloc");
    }
}
