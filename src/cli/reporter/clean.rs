//! Foreign text on its way to a terminal: it may say anything and steer nothing.
//!
//! Compiler output, names from binaries and documents are other people's words. Escape sequences are taken out, other
//! control characters and the ones that turn the direction of writing (Unicode TR 36, "Trojan Source") are made visible.

use std::borrow::Cow;

/// The text without anything a terminal would obey, lines kept.
pub fn lines(text: &str) -> Cow<'_, str> {
    // Nearly all text is this.
    let is_plain = |byte: u8| byte == b'\n' || (0x20..0x7f).contains(&byte);
    if text.bytes().all(is_plain) || text.chars().all(|c| c == '\n' || !is_active(c)) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let stripped = anstream::adapter::strip_str(&text).to_string();
    let mut clean = String::with_capacity(stripped.len());
    for c in stripped.chars() {
        match c {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            c if is_active(c) => clean.push(visible(c)),
            c => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// The same in one line.
pub fn line(text: &str) -> Cow<'_, str> {
    match lines(text.trim_end()) {
        clean if clean.contains('\n') => Cow::Owned(clean.replace('\n', " ")),
        clean => clean,
    }
}

fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A character of Unicode's control pictures, else the replacement character.
fn visible(c: char) -> char {
    match u32::from(c) {
        control @ 0..0x20 => char::from_u32(0x2400 + control).unwrap_or(char::REPLACEMENT_CHARACTER),
        0x7f => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        assert!(matches!(lines("ünïcode\nand lines"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(lines("\u{1b}[2J\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(lines("\u{1b}]0;title\u{7}after"), "after");
        assert_eq!(lines("over\rwritten"), "over␍written");
        assert_eq!(lines("bell\u{7}"), "bell");
        assert_eq!(lines("abc\u{202e}fed"), "abc\u{fffd}fed");
        assert_eq!(lines("a\r\nb\tc"), "a\nb    c");
        assert_eq!(line("two\nlines\n"), "two lines");
    }
}
