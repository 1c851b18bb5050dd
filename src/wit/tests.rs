//! What must hold of every text that is formatted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wit_parser::SourceMap;

use super::*;
use crate::diagnostic::Diagnose;
use lexer::{Kind as Token, Lexed, lex};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn formatted(text: &str) -> Result<String, Failure> {
    let source = Arc::new(SourceFile { name: "test.wit".to_owned(), text: text.to_owned() });
    format(&source).map_err(|error| error.failures[0].clone())
}

/// The tokens but for commas before a closing mark, and each comment with the number of tokens before it.
fn content(text: &str) -> (Vec<String>, Vec<(usize, String)>) {
    let lexed = lex(text).unwrap();
    let closes = |at: usize| matches!(lexed.tokens[at].kind, Token::Mark(')' | '}' | '>'));
    let mut tokens = Vec::new();
    let mut comments = Vec::new();
    for (at, token) in lexed.tokens.iter().enumerate() {
        for comment in &lexed.comments[token.comments.clone()] {
            comments.push((tokens.len(), lexed.text[comment.span.clone()].trim_end().replace("\r\n", "\n")));
        }
        if !(token.kind == Token::Mark(',') && closes(at + 1)) {
            tokens.push(text_of(&lexed, at));
        }
    }
    (tokens, comments)
}

fn text_of(lexed: &Lexed<'_>, token: usize) -> String {
    lexed.text_of(token).to_owned()
}

/// What wit-parser makes of a text by itself, documentation included, without its places; or nothing.
fn meaning(text: &str) -> Option<String> {
    let mut map = SourceMap::new();
    map.push_str("test.wit", text);
    // It breaks down on some of the broken.
    let group = crate::resolve::guarded(|| map.parse().ok()).ok()??;
    let said = format!("{:#?}{:#?}", group.main, group.nested);
    let mut lines = Vec::new();
    let mut inside = false;
    for line in said.lines() {
        let span = line.trim_end().ends_with("Span {");
        inside |= span;
        if !inside && !line.contains("arena_id: ") {
            lines.push(line);
        }
        inside &= !line.trim_start().starts_with('}');
    }
    Some(lines.join("\n"))
}

/// Formats a text that is WIT, and holds the result to everything that is promised.
fn holds(text: &str) -> Result<String, String> {
    let once = formatted(text).map_err(|failure| format!("{:?}", failure.kind))?;
    let twice = formatted(&once).map_err(|failure| format!("output is no WIT: {:?}\n{once}", failure.kind))?;
    let told = |what: &str, left: &dyn std::fmt::Debug, right: &dyn std::fmt::Debug| {
        Err(format!("{what}\n--- input\n{text}\n--- output\n{once}\n{left:?}\n{right:?}"))
    };
    if once != twice {
        return told("not idempotent", &once, &twice);
    }
    let (before, after) = (content(text), content(&once));
    if before != after {
        return told("other tokens or comments", &before, &after);
    }
    if let Some(before) = meaning(text) {
        let after = meaning(&once);
        if after.as_ref() != Some(&before) {
            let diff = similar::TextDiff::from_lines(before.as_str(), after.as_deref().unwrap_or_default());
            return told("another meaning", &diff.unified_diff().context_radius(3).to_string(), &"");
        }
    }
    Ok(once)
}

/// All files below a folder with this ending.
fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).sort_by_file_name(Ord::cmp).build();
    walk.map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|it| it == ending))
        .collect()
}

#[test]
fn fixtures() {
    let mut seen = 0;
    for path in below(&root().join("fixtures/wit-fmt"), "wit") {
        let expected = path.with_extension("expected");
        let text = holds(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &text).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        let diff = similar::TextDiff::from_lines(&wanted, &text);
        assert!(wanted == text, "{}\n{}", path.display(), diff.unified_diff().context_radius(3));
        seen += 1;
    }
    assert!(seen > 5);
}

#[test]
fn every_bundled_and_example_text_keeps_its_meaning() {
    let mut seen = 0;
    for folder in ["wit/bundled", "polyglot-examples", "fixtures"] {
        for path in below(&root().join(folder), "wit") {
            let text = fs::read_to_string(&path).unwrap();
            match holds(&text) {
                Ok(_) => seen += 1,
                // Some fixtures are broken on purpose.
                Err(why) => assert!(folder == "fixtures" && meaning(&text).is_none(), "{}: {why}", path.display()),
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn places_of_flaws_are_told() {
    let deep = format!("interface i {{ type t = {}u8; }}", "list<".repeat(100_000));
    let packages = "package a:b { ".repeat(100_000);
    for (text, said, at) in [
        ("interface", "expected a name, found the end of the file", 9),
        ("interface i { f: fun(); }", "expected `func`, found `fun`", 17),
        ("interface i { record r { a: u8 b: u8 } }", "expected `,` or `}`, found `b`", 31),
        ("interface list {}", "expected a name, found `list`", 10),
        ("interface aB {}", "invalid character in identifier 'B'", 10),
        ("package a:b@1.0;", "expected `.`, found `;`", 15),
        ("package a:b@1.0.01;", "invalid leading zero in patch version number", 12),
        ("@sinse(version = 1.0.0) interface i {}", "unknown attribute `sinse`", 1),
        ("world w { import a:b/c@1.0.0 }", "expected `;`, found `}`", 29),
        (&deep, "type nesting too deep", 23 + 500),
        (&packages, "package nesting too deep", 14 * 100),
    ] {
        let failure = formatted(text).unwrap_err();
        let problem = &Error::from(failure).problems()[0];
        assert_eq!(
            (problem.code, problem.labels[0].text.as_str(), problem.labels[0].span.start),
            ("resolve::wit-syntax", said, at)
        );
    }
}

#[test]
fn line_ends_are_the_files_own() {
    let text = "interface i {\n    /**\n     * x\n     */\n    f: func(); // y\n}\n";
    assert_eq!(holds(text).unwrap(), text);
    let windows = text.replace('\n', "\r\n");
    assert_eq!(holds(&windows).unwrap(), windows);
}

/// A small generator of numbers: the same ones every time.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// A text with one to three things put in, taken out or moved.
pub(crate) fn mutant(text: &str, dice: &mut Dice) -> String {
    const PIECES: &[&str] = &[
        " ",
        "\n",
        "\n\n\n",
        "// c\n",
        "/// d\n",
        "/* b */",
        "/** e\n * f\n */",
        "\n// g\n",
        "\n/* h */\n",
        "\r\n",
        ",",
        ";",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        ":",
        "@",
        "%",
        ".",
        "->",
        "u8",
        "list<u8>",
        "tuple<u8, u8,>",
        "func()",
        "async ",
        "use ",
        "record r { a: u8 }",
        "@since(version = 1.0.0)",
        "@unstable(feature = x)",
        "_",
        "é",
        "interface ",
        "\"",
    ];
    let mut text = text.to_owned();
    for _ in 0..=dice.roll(3) {
        let pick = |dice: &mut Dice, text: &str| text.floor_char_boundary(dice.roll(text.len() + 1));
        let at = pick(dice, &text);
        let end = text.ceil_char_boundary((at + dice.roll(12)).min(text.len()));
        match dice.roll(4) {
            0 => text.replace_range(at..end, ""),
            1 => {
                let moved = text[at..end].to_owned();
                let to = pick(dice, &text);
                text.insert_str(to, &moved);
            }
            _ => {
                // Between two words as often as not.
                let at =
                    text[at..].find([' ', '\n', ',', ';']).filter(|_| dice.roll(2) == 0).map_or(at, |ahead| at + ahead);
                text.insert_str(at, PIECES[dice.roll(PIECES.len())]);
            }
        }
    }
    // One more before the end of a line is a character of the comment it is in.
    text.replace("\r\r", "\r")
}

fn mutants(count: usize, seed: u64) {
    let mut dice = Dice(seed);
    let texts: Vec<_> =
        below(&root().join("fixtures/wit-fmt"), "wit").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut held = 0;
    for _ in 0..count {
        let text = mutant(&texts[dice.roll(texts.len())], &mut dice);
        match holds(&text) {
            Ok(_) => held += 1,
            Err(why) if formatted(&text).is_ok() => panic!("{why}"),
            // wit-parser takes a version that ends with its hyphen.
            Err(why) => {
                assert!(meaning(&text).is_none() || why.contains("version"), "wit-parser reads this: {why}\n{text}")
            }
        }
    }
    assert!(held > count / 5, "{held} of {count} mutants are WIT");
}

#[test]
fn mutants_are_refused_or_keep_their_meaning() {
    mutants(1_000, 0x9e37_79b9_7f4a_7c15);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn many_mutants_are_refused_or_keep_their_meaning() {
    mutants(200_000, 0x2545_f491_4f6c_dd1d);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn every_text_of_every_crate_keeps_its_meaning() {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut seen = 0;
    for path in below(&home.unwrap().join("registry/src"), "wit") {
        let text = fs::read_to_string(&path).unwrap();
        match holds(&text) {
            Ok(_) => seen += 1,
            Err(why) => assert!(meaning(&text).is_none(), "{}: {why}", path.display()),
        }
    }
    assert!(seen > 500, "{seen}");
}
