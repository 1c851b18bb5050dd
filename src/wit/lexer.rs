//! WIT as tokens, with the comments and line ends that stand between them.
//!
//! Accepts what wit-parser's own lexer accepts, which it keeps to itself, and nothing is lost: every byte is a token's,
//! a comment's or white space. A character that could mislead a reader (control, bidirectional) is refused as there.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// `%name`: a name that may read like a keyword.
    Explicit,
    Integer,
    /// `"…"`.
    Text,
    /// `->`.
    Arrow,
    Mark(char),
    /// The end of the file, after its last comments.
    End,
}

/// One token with what stands before it.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
    /// Those since the token before, as indices into [`Lexed::comments`].
    pub comments: Range<usize>,
    /// Line ends since the last comment, or since the token before where there is none; at the start of a file, one
    /// more.
    pub newlines: usize,
}

/// One comment.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub form: Form,
    /// Without the end of its line.
    pub span: Range<usize>,
    /// As [`Token::newlines`].
    pub newlines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `// …`, `/// …`.
    Line,
    /// `/* … */`, `/** … */`.
    Block,
}

/// A whole text.
#[derive(Debug)]
pub(super) struct Lexed<'a> {
    pub text: &'a str,
    /// The last is [`Kind::End`], always.
    pub tokens: Vec<Token>,
    pub comments: Vec<Comment>,
}

/// What cannot be read, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub span: Range<usize>,
    pub message: String,
}

impl Flaw {
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Flaw {
        Flaw { span, message: message.into() }
    }
}

impl Lexed<'_> {
    pub fn text_of(&self, token: usize) -> &str {
        &self.text[self.tokens[token].span.clone()]
    }
}

/// Reads a text.
pub(super) fn lex(text: &str) -> Result<Lexed<'_>, Flaw> {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| misleads(*c)) {
        return Err(Flaw::new(
            at..at + c.len_utf8(),
            format!("the character {} is not accepted in WIT", c.escape_unicode()),
        ));
    }
    let bytes = text.as_bytes();
    let mut lexed = Lexed { text, tokens: Vec::with_capacity(text.len() / 6), comments: Vec::new() };
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut newlines = 1;
    let mut first_comment = 0;
    loop {
        let start = at;
        let kind = match bytes.get(at) {
            None => Kind::End,
            Some(b' ' | b'\t') => {
                at += 1;
                continue;
            }
            Some(b'\n') => {
                at += 1;
                newlines += 1;
                continue;
            }
            Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => {
                at += 1;
                continue;
            }
            Some(b'/') if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => {
                let (form, end) = match bytes[at + 1] {
                    b'/' => (Form::Line, line_end(bytes, at)),
                    _ => (Form::Block, block_end(bytes, at)?),
                };
                lexed.comments.push(Comment { form, span: start..end, newlines });
                at = end;
                newlines = 0;
                continue;
            }
            Some(b'-') if bytes.get(at + 1) == Some(&b'>') => {
                at += 2;
                Kind::Arrow
            }
            Some(&mark @ (b'=' | b',' | b':' | b'.' | b';' | b'(' | b')' | b'{' | b'}' | b'<' | b'>')) => {
                at += 1;
                Kind::Mark(char::from(mark))
            }
            Some(&mark @ (b'*' | b'@' | b'-' | b'+' | b'/')) => {
                at += 1;
                Kind::Mark(char::from(mark))
            }
            Some(b'%') => {
                at = word_end(text, at + 1);
                Kind::Explicit
            }
            Some(b'"') => {
                at = string_end(text, at)?;
                Kind::Text
            }
            Some(b'0'..=b'9') => {
                at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                Kind::Integer
            }
            Some(_) => {
                let c = text[at..].chars().next().unwrap_or_default();
                if !(c == '_' || c.is_alphabetic()) {
                    return Err(Flaw::new(at..at + c.len_utf8(), format!("unexpected character {c:?}")));
                }
                at = word_end(text, at);
                Kind::Word
            }
        };
        let comments = first_comment..lexed.comments.len();
        first_comment = comments.end;
        lexed.tokens.push(Token { kind, span: start..at, comments, newlines });
        newlines = 0;
        if kind == Kind::End {
            return Ok(lexed);
        }
    }
}

/// Where a line ends, without white space before its end.
fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

/// Where a block comment ends; they nest.
fn block_end(bytes: &[u8], start: usize) -> Result<usize, Flaw> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(at);
                }
            }
            Some(_) => at += 1,
            None => return Err(Flaw::new(start..start + 2, "this comment is never closed")),
        }
    }
}

fn word_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let belongs = |c: char| c == '-' || c == '_' || c.is_alphanumeric();
    at + rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

/// Where a string ends. Its escapes are looked at, not what they stand for.
fn string_end(text: &str, start: usize) -> Result<usize, Flaw> {
    let mut chars = text[start..].char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        match c {
            '"' => return Ok(start + offset + 1),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('"' | '\'' | 't' | 'n' | 'r' | '\\' | 'u') => {}
                Some(c) if c.is_ascii_hexdigit() => {}
                _ => return Err(Flaw::new(start + offset..start + offset + 1, "not an escape that WIT knows")),
            },
            '\n' | '\r' | '\t' => break,
            _ => {}
        }
    }
    Err(Flaw::new(start..start + 1, "this string is never closed"))
}

/// Characters that show as something else than they are; wit-parser refuses the same.
fn misleads(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\u{149}' | '\u{673}' | '\u{f77}' | '\u{f79}' | '\u{17a3}' | '\u{17a4}' | '\u{17b4}' | '\u{17b5}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(Kind, &str, usize)> {
        let lexed = lex(text).unwrap();
        lexed.tokens.iter().map(|token| (token.kind, &text[token.span.clone()], token.newlines)).collect()
    }

    #[test]
    fn every_byte_is_a_token_a_comment_or_white_space() {
        let text =
            "\u{feff}package a:b@1.0.0-rc.1;\r\n/* x /* y */ */ use %use.{_}; // z\n\n@external-id(\"a\\\"b\")->";
        let lexed = lex(text).unwrap();
        let mut left = text.trim_start_matches('\u{feff}').to_owned();
        let tokens = lexed.tokens.iter().map(|token| token.span.clone());
        let mut spans: Vec<_> = tokens.chain(lexed.comments.iter().map(|comment| comment.span.clone())).collect();
        spans.sort_by_key(|span| span.start);
        for span in spans {
            left = left.trim_start().strip_prefix(&text[span]).unwrap().to_owned();
        }
        assert_eq!(left.trim(), "");
    }

    #[test]
    fn counts_line_ends_to_the_thing_before() {
        assert_eq!(words("a\n\n/* x */ b"), [(Kind::Word, "a", 1), (Kind::Word, "b", 0), (Kind::End, "", 0)]);
        let lexed = lex("a // x\n\nb").unwrap();
        assert_eq!((lexed.comments[0].newlines, lexed.tokens[1].newlines), (0, 2));
        assert_eq!(lexed.tokens[1].comments, 0..1);
    }

    #[test]
    fn refuses_what_cannot_be_read() {
        for (text, at) in [("a /* /* */", 2..4), ("a \u{7}", 2..3), ("\u{202e}", 0..3), ("x \"a", 2..3), ("x $", 2..3)]
        {
            assert_eq!(lex(text).unwrap_err().span, at, "{text:?}");
        }
        assert_eq!(lex("\"\\q\"").unwrap_err().span, 1..2);
    }
}
