//! Foreign words on their way into a picture: made harmless, made short, measured.

use std::collections::BTreeSet;

/// The text in one line without what is not seen: control characters and those that turn the direction of writing.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether a character is not seen, or does something to those around it; none of them is beyond the first plane.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// For text and attributes of XML and HTML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// At most so many characters, the middle left out.
pub fn shortened(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let head = most / 2;
    let tail = most - head - 1;
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

/// A label for a link: the interface without its version, or the first of several and how many more there are.
pub fn label<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.map(|name| visible(without_version(name)));
    let first = shortened(&names.next().unwrap_or_default(), 34);
    match names.count() {
        0 => first,
        more => format!("{first} +{more}"),
    }
}

/// `acme:shop/auth@0.2.0` → `acme:shop/auth`.
fn without_version(name: &str) -> &str {
    name.rsplit_once('@').map_or(name, |(name, _)| name)
}

/// The packages of interfaces, each once, WASI's by their bare names: `http`, `acme:ledger`; of other names, themselves.
pub fn packages(names: &[String]) -> Vec<String> {
    let package = |name: &String| {
        let package = without_version(name).split('/').next().unwrap_or_default();
        visible(package.strip_prefix("wasi:").unwrap_or(package))
    };
    names.iter().map(package).collect::<BTreeSet<_>>().into_iter().collect()
}

/// As many of the words as fit, and how many more there are.
pub fn fitting(words: &[String], width: f64, size: f64) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        let with = if at == 0 { word.clone() } else { format!("{text}, {word}") };
        let rest = words.len() - at - 1;
        let more = if rest == 0 { String::new() } else { format!(" +{rest}") };
        if at > 0 && self::width(&format!("{with}{more}"), size) > width {
            return format!("{text} +{}", rest + 1);
        }
        text = with;
    }
    shortened(&text, 28)
}

/// How wide a text is in a sans-serif face of that size, a little more rather than less.
pub fn width(text: &str, size: f64) -> f64 {
    let ems = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.3,
        'f' | 't' | 'r' | ' ' | '/' | '(' | ')' | '[' | ']' | '-' | '"' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        'A'..='Z' => 0.7,
        c if (c as u32) < 0x1100 => 0.59,
        // East Asian scripts and pictographs are as wide as they are high.
        _ => 1.05,
    };
    text.chars().map(ems).sum::<f64>() * size
}

/// How wide a text is in a monospaced face of that size.
pub fn mono_width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| if (c as u32) < 0x1100 { 0.605 } else { 1.1 }).sum::<f64>() * size
}

/// `18.2 MB`.
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_harmless() {
        assert_eq!(
            escaped("<a b=\"c\">'&\u{0}\u{202e}\n"),
            "&lt;a b=&quot;c&quot;&gt;&#39;&amp;\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(visible("plain ünï"), "plain ünï");
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(label(["acme:shop/auth@0.2.0"].into_iter()), "acme:shop/auth");
        assert_eq!(label(["a:b/c@1.0.0", "a:b/d", "x"].into_iter()), "a:b/c +2");
        assert_eq!(shortened("0123456789", 5), "01…89");
        let names = ["wasi:http/types@0.2.6", "wasi:http/outgoing-handler@0.2.6", "acme:x/y", "plain"];
        assert_eq!(packages(&names.map(str::to_owned)), ["acme:x", "http", "plain"]);
        let many = ["clocks", "filesystem", "http", "random", "sockets"].map(str::to_owned);
        assert_eq!(fitting(&many, 120.0, 11.0), "clocks, filesystem +3");
        assert_eq!(fitting(&many[..1], 10.0, 11.0), "clocks");
        assert_eq!(bytes(18_200_000), "18.2 MB");
    }
}
