//! Every rule over every fixture; and the verdict held against that of other tools.

mod mutate;
mod oracle;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{super::levels::Level, Compat, Rule, Settings, Standing, compare, rules};
use crate::resolve::Wit;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/compat")
}

/// One side of a rule's fixture: WIT, or a component.
fn side(rule: &str, name: &str) -> (Wit, String) {
    let place = fixtures().join(rule);
    let (text, is_wit) = match fs::read_to_string(place.join(format!("{name}.wit"))) {
        Ok(text) => (text, true),
        Err(_) => (fs::read_to_string(place.join(format!("{name}.wat"))).expect("a fixture of the rule"), false),
    };
    let file = format!("{name}.{}", if is_wit { "wit" } else { "wat" });
    let wit = match is_wit {
        true => Wit::parse(&file, &text),
        false => Wit::decode(&file, text.as_bytes()),
    };
    (wit.unwrap_or_else(|error| panic!("{rule}/{file}: {error}")), text)
}

fn compared(rule: &str) -> Compat {
    compare(&side(rule, "old").0, &side(rule, "new").0, &Settings::default()).expect("two versions")
}

/// What a golden holds: the findings, the verdict on versions, the truth about worlds.
fn told(compat: &Compat) -> String {
    let mut text = String::new();
    for finding in &compat.findings {
        let level = match finding.standing {
            Standing::Open => finding.level.word().to_owned(),
            standing => format!("{} ({standing:?})", finding.level.word()),
        };
        let note = finding.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        text += &format!("{level} {}: {}{note}\n", finding.rule.id, finding.message());
    }
    for verdict in compat.verdicts.iter().filter(|verdict| verdict.honest.is_some()) {
        let (needed, honest) = (verdict.needed.expect("as there is one honest"), verdict.honest.as_ref());
        text += &format!("needs {}: {}\n", needed.word(), honest.expect("just looked at"));
    }
    for world in &compat.worlds {
        let (old, new) = (world.old_on_new, world.new_on_old);
        text += &format!("world `{}`: old on new {old}, new on old {new}\n", world.world);
    }
    text
}

#[test]
fn every_rule_over_every_fixture() {
    let known: BTreeSet<&str> = rules::rules().map(|rule| rule.id).collect();
    let folders: BTreeSet<String> = fs::read_dir(fixtures())
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let unknown: Vec<_> = folders.iter().filter(|folder| !known.contains(folder.as_str())).collect();
    assert_eq!(unknown, [""; 0], "fixtures of no rule");
    let mut wrong = String::new();
    for rule in rules::rules() {
        let compat = compared(rule.id);
        let told = told(&compat);
        let found: Vec<_> = compat.findings.iter().filter(|finding| *finding.rule == *rule).collect();
        if found.is_empty() {
            wrong += &format!("{}: its fixture does not show it:\n{told}\n", rule.id);
        }
        let golden = fixtures().join(rule.id).join("expected");
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if told != expected && std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &told).expect("the golden is writable");
        } else if told != expected {
            wrong += &format!("{} (BLESS=1 rewrites it):\n--- expected\n{expected}+++ found\n{told}\n", rule.id);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn nothing_is_found_between_equals() {
    for rule in rules::rules() {
        for name in ["old", "new"] {
            let (wit, _) = side(rule.id, name);
            let compat = compare(&wit, &wit, &Settings::default()).expect("two versions");
            assert!(compat.findings.is_empty(), "{}/{name}: {}", rule.id, told(&compat));
            assert!(compat.worlds.iter().all(|world| world.old_on_new && world.new_on_old), "{}/{name}", rule.id);
        }
    }
}

#[test]
fn the_page_of_rules_is_that_of_the_table() {
    let example = |rule: &Rule| Some((side(rule.id, "old").1, side(rule.id, "new").1));
    let page = rules::page(example);
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(written.parent().expect("docs")).expect("docs is writable");
        fs::write(&written, &page).expect("the page is writable");
    }
    let there = fs::read_to_string(&written).unwrap_or_default();
    assert!(there == page, "docs/rules.md is not of this table: `cargo xtask docs` writes it");
}

#[test]
fn the_schema_is_that_of_what_is_told() {
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.schema.json");
    let schema = super::schema_text();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&written, &schema).expect("docs is writable");
    }
    assert!(fs::read_to_string(&written).unwrap_or_default() == schema, "{} (BLESS=1 rewrites it)", written.display());
    // Whatever is told has the fields that are required, and no other.
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let told = serde_json::to_value(compared("version-too-small")).expect("JSON");
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    for (schema, told) in [
        (&schema, &told),
        (&schema["$defs"]["Finding"], &told["findings"][0]),
        (&schema["$defs"]["Verdict"], &told["verdicts"][0]),
    ] {
        assert_eq!(keys(&schema["properties"]), keys(told));
    }
}

#[test]
fn four_breaking_changes_are_four_findings() {
    let old = "package a:b@1.0.0; interface i { record r { x: u8, y: u8 } f: func(a: r); g: func() -> u8; h: func(); }";
    let new = "package a:b@1.1.0; interface i { record r { x: u8 } f: func(a: r, b: u8); g: func() -> u16; }";
    let of = |text: &str| Wit::parse("a.wit", text).expect("good");
    let compat = compare(&of(old), &of(new), &Settings::default()).expect("two versions");
    let ids: Vec<_> = compat.findings.iter().map(|finding| finding.rule.id).collect();
    let four = ["field-removed", "parameter-added", "result-retyped", "function-removed", "version-too-small"];
    assert_eq!(ids, four);
    assert_eq!(compat.verdicts[0].honest, Some(semver::Version::new(2, 0, 0)));
}

#[test]
fn levels_and_acceptance_decide_what_fails() {
    let (old, new) = (side("function-removed", "old").0, side("function-removed", "new").0);
    let mut settings = Settings::default();
    assert!(!compare(&old, &new, &settings).expect("two versions").passed());
    settings.set("function-removed", Level::Warn).expect("a rule");
    assert!(compare(&old, &new, &settings).expect("two versions").passed());
    let mut settings = Settings::default();
    settings.accept("function-removed: function `close` of `acme:shop/auth`\nfield-added: long gone");
    let compat = compare(&old, &new, &settings).expect("two versions");
    assert!(compat.passed());
    assert_eq!(compat.stale, ["field-added: long gone"]);
}

/// A gate before `include`, `import` or `export` leaves the world as it is for everyone who does not ask.
#[test]
fn gates_in_worlds_are_told() {
    let of = |items: &str| {
        let text = format!(
            "package a:b@1.0.0; interface i {{ f: func(); }} world other {{ import i; import g: func(); }} world w {{ {items} \
             import h: func(); }}"
        );
        Wit::parse("a.wit", &text).expect("good")
    };
    let told = |old: &str, new: &str| {
        let compat = compare(&of(old), &of(new), &Settings::default()).expect("two versions");
        let findings = compat.findings.iter().filter(|finding| finding.rule.id != "version-too-small");
        findings.map(|finding| format!("{}: {}", finding.rule.id, finding.item)).collect::<Vec<_>>()
    };
    let gate = "@unstable(feature = x)";
    let (included, exported) = (format!("{gate} include other;"), format!("{gate} export i;"));
    let of_include = |rule: &str| ["a:b/i", "g"].map(|name| format!("{rule}: import `{name}` of world `a:b/w`"));
    assert_eq!(told("", &included), of_include("unstable-added"));
    assert_eq!(told(&included, ""), of_include("unstable-removed"));
    assert_eq!(told(&included, "include other;"), of_include("import-added"));
    assert_eq!(told("include other;", &included), of_include("import-removed"));
    assert_eq!(told("", &exported), ["unstable-added: export `a:b/i` of world `a:b/w`"]);
    assert_eq!(told(&exported, "export i;"), ["export-added: export `a:b/i` of world `a:b/w`"]);
    assert_eq!(told(&included, &included), [""; 0]);
}
