//! What guests write, on its way to a terminal.
//!
//! A guest is not trusted, and a terminal obeys what is written to it. [`Cleaner`] lets through printable characters,
//! line ends, tabs and (where asked) colours; every other control character, escape sequence and bidirectional override
//! is dropped. It keeps its state between writes, so that a sequence cut in two is dropped as well.

use std::borrow::Cow;

/// Whether colours and text styles (`ESC [ … m`) may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Styles {
    Keep,
    Drop,
}

/// A line a guest wrote, harmless to a terminal and without styles.
pub fn cleaned(line: &str) -> Cow<'_, str> {
    if line.chars().all(|c| c == '\t' || is_printable(c)) {
        return Cow::Borrowed(line);
    }
    let mut cleaner = Cleaner::new(Styles::Drop);
    let mut clean = cleaner.clean(line.as_bytes());
    clean.push_str(&cleaner.finish());
    Cow::Owned(clean)
}

/// Cleans a stream of bytes piece by piece.
#[derive(Debug)]
pub struct Cleaner {
    styles: Styles,
    state: State,
    /// The begun escape sequence, without `ESC [`, or the begun UTF-8 character.
    held: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// After `ESC`.
    Escape,
    /// After `ESC` and an intermediate byte: one final byte follows.
    EscapeIntermediate,
    /// After `ESC [`.
    Csi,
    /// In a string (title, clipboard, …) that ends with `BEL` or `ESC \`.
    String,
    /// After `ESC` in such a string.
    StringEscape,
}

/// Parameters of a style sequence longer than this are no style.
const LONGEST_STYLE: usize = 32;

impl Cleaner {
    pub fn new(styles: Styles) -> Cleaner {
        Cleaner { styles, state: State::Text, held: Vec::new() }
    }

    /// What of `bytes` may be shown. The beginning of a character or sequence is held until its rest comes.
    pub fn clean(&mut self, bytes: &[u8]) -> String {
        let mut out = String::with_capacity(bytes.len());
        for &byte in bytes {
            self.byte(byte, &mut out);
        }
        out
    }

    /// What was held and will have no rest: a cut character shows as U+FFFD, a cut sequence not at all.
    pub fn finish(&mut self) -> String {
        let cut = self.state == State::Text && !self.held.is_empty();
        self.held.clear();
        self.state = State::Text;
        if cut { char::REPLACEMENT_CHARACTER.to_string() } else { String::new() }
    }

    fn byte(&mut self, byte: u8, out: &mut String) {
        self.state = match self.state {
            State::Text if byte == 0x1b => {
                out.push_str(&self.finish());
                State::Escape
            }
            State::Text => {
                self.text(byte, out);
                State::Text
            }
            State::Escape => match byte {
                b'[' => State::Csi,
                b']' | b'P' | b'X' | b'^' | b'_' => State::String,
                0x20..=0x2f => State::EscapeIntermediate,
                0x1b => State::Escape,
                _ => State::Text,
            },
            State::EscapeIntermediate if (0x20..=0x2f).contains(&byte) => State::EscapeIntermediate,
            State::EscapeIntermediate => State::Text,
            State::Csi => match byte {
                b'm' => {
                    let plain = self.held.iter().all(|b| b.is_ascii_digit() || matches!(b, b';' | b':'));
                    if self.styles == Styles::Keep && plain && self.held.len() <= LONGEST_STYLE {
                        out.push_str("\x1b[");
                        out.extend(self.held.iter().map(|b| char::from(*b)));
                        out.push('m');
                    }
                    self.held.clear();
                    State::Text
                }
                0x40..=0x7e => {
                    self.held.clear();
                    State::Text
                }
                0x1b => {
                    self.held.clear();
                    State::Escape
                }
                _ => {
                    if self.held.len() <= LONGEST_STYLE {
                        self.held.push(byte);
                    }
                    State::Csi
                }
            },
            State::String => match byte {
                0x07 => State::Text,
                0x1b => State::StringEscape,
                _ => State::String,
            },
            State::StringEscape => match byte {
                b'\\' => State::Text,
                0x1b => State::StringEscape,
                _ => State::String,
            },
        };
    }

    /// Puts UTF-8 together; a byte that fits nowhere shows as U+FFFD.
    fn text(&mut self, byte: u8, out: &mut String) {
        if byte < 0x80 {
            out.push_str(&self.finish());
            let c = char::from(byte);
            if matches!(c, '\n' | '\t') || is_printable(c) {
                out.push(c);
            }
            return;
        }
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(character) => {
                out.extend(character.chars().filter(|c| is_printable(*c)));
                self.held.clear();
            }
            // A beginning: wait for the rest.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                out.push(char::REPLACEMENT_CHARACTER);
                // The byte that broke one character may begin the next.
                let begins_another = self.held.len() > 1 && (0xc2..=0xf4).contains(&byte);
                self.held.clear();
                if begins_another {
                    self.held.push(byte);
                }
            }
        }
    }
}

/// Shows something and steers nothing: no control characters (C0, DEL, C1), no bidirectional overrides and isolates.
pub(super) fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str, styles: Styles) -> String {
        let mut cleaner = Cleaner::new(styles);
        // Byte by byte, so that every sequence is cut everywhere.
        let mut out: String = text.bytes().map(|b| cleaner.clean(&[b])).collect();
        out.push_str(&cleaner.finish());
        out
    }

    #[test]
    fn text_passes() {
        for text in ["", "plain\n\ttext", "Grüße, 世界 🌍", "a\u{301}"] {
            assert_eq!(clean(text, Styles::Drop), text);
        }
    }

    #[test]
    fn what_steers_a_terminal_does_not() {
        for (text, shown) in [
            ("a\x1b]0;title\x07b", "ab"),
            ("a\x1b]52;c;aGk=\x1b\\b", "ab"),
            ("a\x1b[2J\x1b[Hb", "ab"),
            ("a\x1bcb", "ab"),
            ("a\x1b(0b", "ab"),
            ("a\x1bP1$r\x1b\\b", "ab"),
            ("over\rwritten\x08\x7f", "overwritten"),
            ("c1 \u{9b}31m", "c1 31m"),
            ("\u{202e}gnp.exe\u{2066}", "gnp.exe"),
            ("cut \x1b[31", "cut "),
        ] {
            assert_eq!(clean(text, Styles::Drop), shown, "{text:?}");
            assert_eq!(clean(text, Styles::Keep), shown, "{text:?}");
        }
    }

    #[test]
    fn styles_stay_where_asked() {
        let text = "\x1b[1;31mred\x1b[0m \x1b[?25l";
        assert_eq!(clean(text, Styles::Keep), "\x1b[1;31mred\x1b[0m ");
        assert_eq!(clean(text, Styles::Drop), "red ");
    }

    #[test]
    fn broken_utf8_is_replaced() {
        let mut cleaner = Cleaner::new(Styles::Drop);
        assert_eq!(cleaner.clean(b"a\xffb\xe4\xb8c\xe4\xb8\x96"), "a\u{fffd}b\u{fffd}c世");
        assert_eq!(cleaner.clean(b"\xf0\x9f"), "");
        assert_eq!(cleaner.finish(), "\u{fffd}");
    }

    #[test]
    fn harmless_lines_are_borrowed() {
        assert!(matches!(cleaned("hello\tworld"), Cow::Borrowed(_)));
        assert_eq!(cleaned("\x1b[31mred\x1b[m"), "red");
    }
}
