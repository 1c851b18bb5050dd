//! What was typed: `c = counter(5); c.bump(2)`.

use serde_json::Value;

use super::error::CallError;

/// One call as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What its result is kept as.
    pub keep: Option<String>,
    /// Who is called, as it was written: `check`, `auth.check`, `acme:shop/auth@1.0.0.check`, `c.bump`.
    pub callee: String,
    pub arguments: Arguments,
}

/// With what.
#[derive(Debug, Clone, PartialEq)]
pub enum Arguments {
    /// In parentheses; `before` is what was written before them.
    Wave {
        before: String,
        text: String,
    },
    Json(Vec<Value>),
}

impl Statement {
    /// Reads calls, parted by semicolons. A name alone is a call without arguments.
    pub fn parse(text: &str) -> Result<Vec<Statement>, CallError> {
        parted(text).into_iter().map(str::trim).filter(|one| !one.is_empty()).map(Statement::one).collect()
    }

    fn one(text: &str) -> Result<Statement, CallError> {
        let malformed = |why: &str| CallError::Malformed { text: text.to_owned(), why: why.to_owned() };
        let (before, arguments) = match text.find('(') {
            Some(at) => text.split_at(at),
            None => (text, "()"),
        };
        if !arguments.ends_with(')') {
            return Err(malformed("its arguments do not end with `)`"));
        }
        let (keep, callee) = match before.split_once('=') {
            Some((name, callee)) => (Some(name.trim()), callee.trim()),
            None => (None, before.trim()),
        };
        if let Some(name) = keep.filter(|name| !is_name(name)) {
            return Err(malformed(&format!("`{name}` is no name: lower-case letters, digits and `-`")));
        }
        if callee.is_empty() || callee.contains(char::is_whitespace) {
            return Err(malformed("who is called? `name(arguments)` is wanted"));
        }
        Ok(Statement {
            keep: keep.map(str::to_owned),
            callee: callee.to_owned(),
            arguments: Arguments::Wave { before: before.to_owned(), text: arguments.to_owned() },
        })
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Parts text at semicolons outside of quotes.
fn parted(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ';') => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        let read = Statement::parse("c = counter(5); c.bump(2);now").unwrap();
        let told: Vec<_> = read
            .iter()
            .map(|it| match &it.arguments {
                Arguments::Wave { text, .. } => (it.keep.as_deref(), it.callee.as_str(), text.as_str()),
                Arguments::Json(_) => panic!("{it:?}"),
            })
            .collect();
        assert_eq!(told, [(Some("c"), "counter", "(5)"), (None, "c.bump", "(2)"), (None, "now", "()")]);
        let quoted = Statement::parse(r#"say("a;b=\";(", ';')"#).unwrap();
        assert_eq!((quoted.len(), quoted[0].callee.as_str()), (1, "say"));
        for text in ["f(1", "(1)", "A = f()", "f g(1)", "1x = f()"] {
            assert!(matches!(Statement::parse(text), Err(CallError::Malformed { .. })), "{text}");
        }
    }
}
