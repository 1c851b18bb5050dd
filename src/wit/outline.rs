//! What of a text no parsed package keeps: comments that speak to tools, names of other packages as they are written,
//! includes, aliases.
//!
//! Takes a text that is known to be WIT, and looks at its tokens once. A text that cannot be read has no outline.

use std::ops::Range;

use super::lexer::{self, Form, Kind, Lexed};

/// Places in a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    pub remarks: Vec<Remark>,
    pub references: Vec<Reference>,
    pub includes: Vec<Include>,
    /// `name as name`.
    pub aliases: Vec<Range<usize>>,
}

/// A line comment that begins with a word and a colon: `// lint: …`.
#[derive(Debug, PartialEq, Eq)]
pub struct Remark {
    pub span: Range<usize>,
    /// Before the colon.
    pub word: String,
    /// After it.
    pub text: String,
    /// What it speaks of: its own line where it stands behind something, else the item after it, else (before the
    /// `package` that a file is headed by) the whole file.
    pub about: Range<usize>,
}

/// `wasi:io/streams@0.2.6`.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference {
    pub span: Range<usize>,
    /// `wasi:io`.
    pub package: String,
    pub version: Option<String>,
}

/// `include name;`
#[derive(Debug, PartialEq, Eq)]
pub struct Include {
    /// Of what is included.
    pub span: Range<usize>,
    /// Which world of the file includes it.
    pub world: usize,
    pub what: String,
}

impl Outline {
    pub fn of(text: &str) -> Outline {
        lexer::lex(text).map(|lexed| read(&lexed)).unwrap_or_default()
    }
}

fn read(lexed: &Lexed<'_>) -> Outline {
    let mut outline = Outline::default();
    let mut world = 0;
    let mark = |at: usize| match lexed.tokens.get(at).map(|token| token.kind) {
        Some(Kind::Mark(mark)) => mark,
        _ => ' ',
    };
    let name = |at: usize| {
        let is_name = |kind: Kind| matches!(kind, Kind::Word | Kind::Explicit);
        lexed.tokens.get(at).filter(|token| is_name(token.kind)).map(|_| lexed.text_of(at).trim_start_matches('%'))
    };
    for at in 0..lexed.tokens.len() {
        remarks(lexed, at, &mut outline.remarks);
        let begins = at == 0 || matches!(mark(at - 1), '{' | '}' | ';' | ')');
        match lexed.text_of(at) {
            "world" if begins && mark(at + 2) == '{' => world += 1,
            "include" if begins => {
                let end = path_end(lexed, at + 1);
                let span = lexed.tokens[at + 1].span.start..lexed.tokens[end - 1].span.end;
                let what = lexed.text[span.clone()].to_owned();
                outline.includes.push(Include { span, world, what });
            }
            "as" if at > 0 && name(at - 1).is_some() && name(at - 1) == name(at + 1) => {
                outline.aliases.push(lexed.tokens[at - 1].span.start..lexed.tokens[at + 1].span.end);
            }
            _ => {}
        }
        if let (Some(namespace), ':', Some(package), '/') = (name(at), mark(at + 1), name(at + 2), mark(at + 3)) {
            let end = path_end(lexed, at);
            let span = lexed.tokens[at].span.start..lexed.tokens[end - 1].span.end;
            let version = lexed.text[span.clone()].split_once('@').map(|(_, version)| version.to_owned());
            outline.references.push(Reference { span, package: format!("{namespace}:{package}"), version });
        }
    }
    outline
}

/// The first token after a path: its tokens stand close together. The dot before `{` is no part of it.
fn path_end(lexed: &Lexed<'_>, start: usize) -> usize {
    let mut at = start + 1;
    while let (Some(before), Some(token)) = (lexed.tokens.get(at - 1), lexed.tokens.get(at)) {
        let is_part = match token.kind {
            Kind::Word | Kind::Explicit | Kind::Integer | Kind::Mark(':' | '/' | '@' | '-' | '+') => true,
            Kind::Mark('.') => lexed.tokens.get(at + 1).is_some_and(|next| next.kind != Kind::Mark('{')),
            _ => false,
        };
        if !is_part || before.span.end != token.span.start {
            break;
        }
        at += 1;
    }
    at
}

/// The remarks before a token.
fn remarks(lexed: &Lexed<'_>, token: usize, remarks: &mut Vec<Remark>) {
    let mut item = None;
    for comment in &lexed.comments[lexed.tokens[token].comments.clone()] {
        let said = lexed.text[comment.span.clone()].trim_start_matches('/').trim();
        let Some((word, text)) = said.split_once(':').filter(|_| comment.form == Form::Line) else { continue };
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            continue;
        }
        let about = match comment.newlines {
            0 => lexed.text[..comment.span.start].rfind('\n').map_or(0, |end| end + 1)..comment.span.start,
            _ => item.get_or_insert_with(|| item_at(lexed, token)).clone(),
        };
        let (word, text) = (word.to_owned(), text.trim().to_owned());
        remarks.push(Remark { span: comment.span.clone(), word, text, about });
    }
}

/// The item that begins at a token, with its body.
fn item_at(lexed: &Lexed<'_>, start: usize) -> Range<usize> {
    let from = lexed.tokens[start].span.start;
    let mut depth = 0usize;
    let mut heads_file = false;
    for at in start..lexed.tokens.len() {
        let token = &lexed.tokens[at];
        heads_file |= depth == 0 && lexed.text_of(at) == "package";
        match token.kind {
            Kind::Mark('{' | '(' | '<') => depth += 1,
            Kind::Mark('}' | ')' | '>') => match depth.checked_sub(1) {
                None => return from..token.span.start,
                Some(0) if token.kind == Kind::Mark('}') => return from..token.span.end,
                Some(less) => depth = less,
            },
            Kind::Mark(';') if depth == 0 && heads_file => return 0..lexed.text.len(),
            Kind::Mark(';' | ',') if depth == 0 => return from..token.span.end,
            _ => {}
        }
    }
    from..lexed.text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_speak_of_what_they_stand_at() {
        let text = "package a:b;\n// lint: one\n@since(version = 1.0.0)\ninterface i {\n  f: func(); // lint: two\n  \
                    /// Doc: no word.\n  // lint: three\n  record r { a: u8,\n  // lint: four\n  b: tuple<u8, u8> }\n}\n";
        let outline = Outline::of(text);
        let about: Vec<_> =
            outline.remarks.iter().map(|remark| (remark.text.as_str(), &text[remark.about.clone()])).collect();
        let record = "record r { a: u8,\n  // lint: four\n  b: tuple<u8, u8> }";
        assert_eq!(about[0].1, &text[text.find("@since").unwrap()..text.len() - 1]);
        assert_eq!(about[1..], [("two", "  f: func(); "), ("three", record), ("four", "b: tuple<u8, u8> ")]);
        let whole = "// lint: all\npackage a:b;\ninterface i {}\n";
        assert_eq!(Outline::of(whole).remarks[0].about, 0..whole.len());
    }

    #[test]
    fn references_are_as_written() {
        let text = "use a:b/c.{d as d, e as %e, f as g}; import %h:i/j@0.2.0-rc.1; world w { include k; include l:m/n@1.0.0 \
                    with { o as p }; } world x { include k; }";
        let outline = Outline::of(text);
        let said = |span: &Range<usize>| &text[span.clone()];
        let references: Vec<_> =
            outline.references.iter().map(|it| (said(&it.span), it.package.as_str(), it.version.as_deref())).collect();
        let expected = [
            ("a:b/c", "a:b", None),
            ("%h:i/j@0.2.0-rc.1", "h:i", Some("0.2.0-rc.1")),
            ("l:m/n@1.0.0", "l:m", Some("1.0.0")),
        ];
        assert_eq!(references, expected);
        let includes: Vec<_> = outline.includes.iter().map(|it| (it.world, it.what.as_str())).collect();
        assert_eq!(includes, [(1, "k"), (1, "l:m/n@1.0.0"), (2, "k")]);
        assert_eq!(outline.aliases.iter().map(said).collect::<Vec<_>>(), ["d as d", "e as %e"]);
        assert_eq!(Outline::of("\"never closed"), Outline::default());
    }
}
