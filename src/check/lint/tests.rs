//! Every rule over every fixture; published packages; comments that allow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{Lint, Rule, Settings, lint, rules};
use crate::{
    check::{compat, levels::Level},
    diagnostic::Diagnose,
    resolve::Wit,
    wit::tests::{Dice, mutant},
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint")
}

fn text(rule: &str) -> String {
    fs::read_to_string(fixtures().join(format!("{rule}.wit"))).unwrap_or_else(|e| panic!("fixture of {rule}: {e}"))
}

fn linted(name: &str, text: &str) -> Lint {
    let wit = Wit::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"));
    lint(&wit, &Settings::default()).expect("WIT")
}

fn told(lint: &Lint) -> String {
    let line = |finding: &super::Finding| {
        let level = if finding.allowed { "allowed" } else { finding.level.word() };
        let at = finding.at.as_ref().map(|spot| spot.source.position(spot.span.start));
        let at = at.map_or("nowhere".to_owned(), |(line, column)| format!("{line}:{column}"));
        format!("{at} {level} {}: {}\n", finding.rule.id, finding.message())
    };
    lint.findings.iter().map(line).collect()
}

#[test]
fn every_rule_over_every_fixture() {
    let known: BTreeSet<&str> = rules::rules().map(|rule| rule.id).collect();
    let there = fs::read_dir(fixtures()).expect("the fixtures").map(|entry| entry.expect("an entry").path());
    let stems: BTreeSet<String> =
        there.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    let unknown: Vec<_> = stems.iter().filter(|stem| !known.contains(stem.as_str())).collect();
    assert_eq!(unknown, [""; 0], "fixtures of no rule");
    let mut wrong = String::new();
    for rule in rules::rules() {
        let lint = linted("fixture.wit", &text(rule.id));
        let told = told(&lint);
        let of_rule: Vec<_> = lint.findings.iter().filter(|finding| *finding.rule == *rule).collect();
        if of_rule.is_empty() || of_rule.iter().any(|finding| finding.at.is_none()) {
            wrong += &format!("{}: its fixture does not show it, with its place:\n{told}\n", rule.id);
        }
        let golden = fixtures().join(format!("{}.expected", rule.id));
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
fn the_page_of_lint_rules_is_that_of_the_table() {
    let page = rules::page(|rule: &Rule| Some(text(rule.id)));
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&written, &page).expect("the page is writable");
    }
    let there = fs::read_to_string(&written).unwrap_or_default();
    assert!(there == page, "docs/lint.md is not of this table: `cargo xtask docs` writes it");
}

/// Every finding in every bundled package, by rule.
fn published() -> BTreeMap<&'static str, Vec<String>> {
    let mut by_rule: BTreeMap<_, Vec<String>> = BTreeMap::new();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/bundled");
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_dir()).collect()
    };
    for version in folders(&bundled).iter().flat_map(|package| folders(package)) {
        let shown = version.strip_prefix(&bundled).expect("below");
        let wit = Wit::read(&version, shown).unwrap_or_else(|error| panic!("{}: {error}", shown.display()));
        for finding in lint(&wit, &Settings::default()).expect("WIT").findings {
            let at = finding.at.as_ref().map(|spot| spot.source.name.clone()).unwrap_or_default();
            by_rule.entry(finding.rule.id).or_default().push(format!("{at}: {}", finding.message()));
        }
    }
    by_rule
}

#[test]
fn published_packages_are_not_denied() {
    let by_rule = published();
    let told = by_rule.iter().map(|(rule, found)| {
        format!("{rule} {}\n  {}\n", found.len(), found.iter().take(8).cloned().collect::<Vec<_>>().join("\n  "))
    });
    let told: String = told.collect();
    if std::env::var_os("SHOW").is_some() {
        panic!("{told}");
    }
    let denied = rules::rules().filter(|rule| rule.level == Level::Deny && by_rule.contains_key(rule.id));
    assert_eq!(denied.map(|rule| rule.id).collect::<Vec<_>>(), [""; 0], "{told}");
    // They are not silent either: some functions say nothing of themselves.
    assert!(by_rule.contains_key("undocumented-function"), "{told}");
}

#[test]
fn comments_allow_what_they_stand_at() {
    let lint = linted(
        "allowed.wit",
        "package a:b@1.0.0;\n// lint: allow(undocumented-interface, undocumented-function)\ninterface i {\n  f: func() \
         -> result;\n  // lint: allow(result-without-error): nobody asks\n  g: func() -> result; // lint: \
         allow(undocumented-function)\n  h: func(a: bool, b: bool); // lint: deny\n}\n",
    );
    assert_eq!(
        told(&lint),
        "1:9 allow undocumented-package: package `a:b` has no documentation\n\
         3:11 allowed undocumented-interface: interface `a:b/i` has no documentation\n\
         4:3 warn result-without-error: function `f` of `a:b/i` may fail and cannot say why: `result`\n\
         4:3 allowed undocumented-function: function `f` of `a:b/i` has no documentation\n\
         6:3 allowed result-without-error: function `g` of `a:b/i` may fail and cannot say why: `result`\n\
         6:3 allowed undocumented-function: function `g` of `a:b/i` has no documentation\n\
         7:3 allowed undocumented-function: function `h` of `a:b/i` has no documentation\n\
         7:20 warn bool-parameters: function `h` of `a:b/i` takes two booleans in a row: `a, b`\n\
         7:30 warn needless-allow: package `a:b` allows nothing: `deny`\n"
    );
}

/// Texts of real packages, each by itself, with anything at all put in, taken out or moved: what resolves is linted and
/// compared, what does not is told with its place, and nothing breaks down.
fn mutants(count: usize, seed: u64) {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/bundled");
    let texts =
        ["clocks/0.2.12", "http/0.2.12", "io/0.2.12", "cli/0.2.12", "filesystem/0.3.0", "sockets/0.3.0"].map(|it| {
            let file =
                fs::read_dir(bundled.join(it)).expect("a package").next().expect("a file").expect("an entry").path();
            fs::read_to_string(file).expect("WIT")
        });
    let mut dice = Dice(seed);
    let mut resolved = 0;
    for _ in 0..count {
        let text = mutant(&texts[dice.roll(texts.len())], &mut dice);
        match Wit::parse("mutant.wit", &text) {
            Ok(wit) => {
                resolved += 1;
                lint(&wit, &Settings::default()).expect("WIT");
                let compat = compat::compare(&wit, &wit, &compat::Settings::default()).expect("two versions");
                assert!(compat.findings.is_empty(), "{:?}\n{text}", compat.findings);
            }
            Err(error) => {
                for problem in error.problems() {
                    let placed = problem.labels.iter().any(|label| label.span.end <= label.source.text.len());
                    assert!(placed && problem.code != "resolve::crashed", "{problem:?}\n{text}");
                }
            }
        }
    }
    assert!(resolved > count / 10 && resolved < count, "{resolved} of {count} resolve");
}

#[test]
fn mutants_of_packages_are_linted_or_told_with_their_place() {
    mutants(2_000, 0x9e37_79b9_7f4a_7c15);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn many_mutants_of_packages_are_linted_or_told_with_their_place() {
    mutants(20_000, 0x2545_f491_4f6c_dd1d);
}
