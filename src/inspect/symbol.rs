//! Names that compilers give to functions: readable, and by the crate, package or library they are of.

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
        assert_eq!(readable("_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE"), "core::fmt::Formatter::write_str");
        assert_eq!(readable("malloc"), "malloc");
    }
}
