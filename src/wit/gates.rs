//! Gates (`@since`, `@unstable`, `@deprecated`) of one item that contradict each other.
//!
//! wit-parser refuses them, and at an item of another package (`import`, `export`, `use`, `include`) it panics: this finds
//! the place for who has to say what happened.

use std::ops::Range;

use super::lexer::{self, Kind, Lexed};

/// The first contradiction in a text that can be read: where, and what it is.
pub(crate) fn contradiction(text: &str) -> Option<(Range<usize>, String)> {
    let lexed = lexer::lex(text).ok()?;
    let mut gates: Vec<(&str, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < lexed.tokens.len() {
        match gate(&lexed, at) {
            Some((name, end)) => {
                let span = lexed.tokens[at].span.start..lexed.tokens[at + 1].span.end;
                if gates.iter().any(|(before, _)| *before == name) {
                    return Some((span, format!("`@{name}` is said twice")));
                }
                gates.push((name, span));
                at = end;
            }
            None => {
                if let Some(found) = contradicting(&gates) {
                    return Some(found);
                }
                gates.clear();
                at += 1;
            }
        }
    }
    None
}

fn contradicting(gates: &[(&str, Range<usize>)]) -> Option<(Range<usize>, String)> {
    let of = |name: &str| gates.iter().find(|(gate, _)| *gate == name).map(|(_, span)| span.clone());
    match (of("since"), of("unstable"), of("deprecated")) {
        (Some(_), Some(unstable), _) => Some((unstable, "it is either `@since` a version or `@unstable`".to_owned())),
        (None, None, Some(deprecated)) => {
            Some((deprecated, "what is `@deprecated` is `@since` a version, or `@unstable`".to_owned()))
        }
        _ => None,
    }
}

/// The name of the gate that begins at a token, and the first token after it.
fn gate<'a>(lexed: &'a Lexed<'_>, at: usize) -> Option<(&'a str, usize)> {
    let kind = |at: usize| lexed.tokens.get(at).map(|token| token.kind);
    if (kind(at), kind(at + 1)) != (Some(Kind::Mark('@')), Some(Kind::Word)) {
        return None;
    }
    let mut end = at + 2;
    if kind(end) == Some(Kind::Mark('(')) {
        let rest = lexed.tokens[end..].iter();
        end += 1 + rest.take_while(|token| !matches!(token.kind, Kind::Mark(')') | Kind::End)).count();
    }
    Some((lexed.text_of(at + 1), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_is_found_where_it_stands() {
        let told = |gates: &str| {
            let text =
                format!("package a:b@1.0.0; world w {{ @since(version = 1.0.0) import i; {gates} import c:d/e; }}");
            contradiction(&text).map(|(span, why)| (text[span].to_owned(), why))
        };
        let found = |at: &str, why: &str| Some((at.to_owned(), why.to_owned()));
        let both = "it is either `@since` a version or `@unstable`";
        assert_eq!(told("@since(version = 1.0.0) /* or */ @unstable(feature = x)"), found("@unstable", both));
        assert_eq!(told("@unstable(feature = x) @since(version = 1.0.0)"), found("@unstable", both));
        assert_eq!(told("@since(version = 1.0.0)\n@since(version = 1.0.0)"), found("@since", "`@since` is said twice"));
        let alone = "what is `@deprecated` is `@since` a version, or `@unstable`";
        assert_eq!(told("@deprecated(version = 1.0.0)"), found("@deprecated", alone));
        for right in [
            "",
            "@since(version = 1.0.0) @deprecated(version = 1.0.0)",
            "@unstable(feature = x) @external-id(\"@since @unstable\")",
            "@since(version = 1.0.0) import a:b/c@1.0.0-rc.1; @unstable(feature = x)",
            "// @since(version = 1.0.0)\n@unstable(feature = x)",
        ] {
            assert_eq!(told(right), None, "{right}");
        }
    }
}
