//! Each form against a golden, and against what its readers ask for.

use std::{fs, path::Path, sync::Arc};

use super::{Format, Reported};
use crate::{
    check::compat::{Settings, compare},
    diagnostic::{Problem, SourceFile},
    resolve::Wit,
};

const OLD: &str = "package acme:shop@0.3.0;\n\ninterface auth {\n    check: func(token: string) -> bool;\n    close: func();\n}\n\nworld api {\n    export auth;\n}\n";
const NEW: &str = "package acme:shop@0.3.1;\n\ninterface auth {\n    check: func(token: list<u8>) -> bool;\n    // ü: columns are characters\n    open: func(name: string);\n}\n\nworld api {\n    export auth;\n}\n";

fn rendered(format: Format) -> String {
    let of = |name: &str, text: &str| Wit::parse(name, text).expect("good");
    let (old, new) = (of("v0.3.0:wit/a b.wit", OLD), of("wit/a b.wit", NEW));
    let compat = compare(&old, &new, &Settings::default()).expect("two versions");
    let mut problems: Vec<_> = compat.findings.iter().map(super::super::compat::Finding::problem).collect();
    let source = Arc::new(SourceFile { name: "x,y:z.toml".to_owned(), text: "<a>\n".to_owned() });
    let hostile =
        Problem::error("check::hostile", "says `|` & <b>\u{1b}[2J\n::error::x ]]> @all").at(&source, 1..2, "100%");
    problems.push(hostile.help("do not"));
    format.render(Reported { problems: &problems, compats: &[compat] })
}

#[test]
fn forms_are_as_recorded() {
    for (word, format) in Format::WORDS {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/reporter/check.{word}"));
        let found = rendered(*format);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &found).expect("the golden is writable");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert!(found == expected, "{} (BLESS=1 rewrites it):\n{found}", golden.display());
    }
}

/// What SARIF 2.1.0 requires of the objects used here (§3.13 sarifLog, §3.14 run, §3.19 toolComponent, §3.27 result,
/// §3.29 physicalLocation, §3.30 region), told field by field.
#[test]
fn sarif_holds_what_the_standard_requires() {
    let log: serde_json::Value = serde_json::from_str(&rendered(Format::Sarif)).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(results.len() >= 5);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().expect("a level")));
        assert!(!result["message"]["text"].as_str().expect("a message").is_empty());
        let all =
            [&result["locations"], &result["relatedLocations"]].into_iter().filter_map(|l| l.as_array()).flatten();
        for location in all {
            let physical = &location["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().expect("a URI");
            assert!(!uri.contains([' ', ':', ',']), "{uri}");
            let region = &physical["region"];
            let number = |name: &str| region[name].as_u64().expect("a number");
            assert!(number("startLine") >= 1 && number("startColumn") >= 1);
            assert!((number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn")));
        }
    }
}

/// Elements and attributes as the JUnit schema of Jenkins' xunit plugin (junit-10.xsd) has them; well-formed.
#[test]
fn junit_holds_what_its_schema_allows() {
    const ALLOWED: &[(&str, &str, &[&str])] = &[
        ("testsuites", "", &["name", "tests", "failures", "errors", "time", "disabled"]),
        ("testsuite", "testsuites", &["name", "tests", "failures", "errors", "skipped", "time", "hostname", "id"]),
        ("testcase", "testsuite", &["name", "classname", "time", "status", "assertions"]),
        ("failure", "testcase", &["message", "type"]),
        ("system-out", "testcase", &[]),
    ];
    let xml = rendered(Format::Junit);
    let mut open: Vec<String> = Vec::new();
    let (mut cases, mut failures) = (0, 0);
    for piece in xml.split('<').skip(2) {
        let (tag, text) = piece.split_once('>').expect("a tag is closed");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        let (_, parent, allowed) =
            ALLOWED.iter().find(|(known, ..)| *known == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(open.last().map_or("", String::as_str), *parent);
        for attribute in attributes.split("\" ").filter(|attribute| attribute.contains('=')) {
            let (key, value) = attribute.split_once("=\"").expect("quoted");
            assert!(allowed.contains(&key), "{name} {key}");
            assert!(!value.trim_end_matches('"').contains(['"', '<']), "{value}");
        }
        cases += usize::from(name == "testcase");
        failures += usize::from(name == "failure");
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty());
    assert!(xml.contains(&format!("tests=\"{cases}\" failures=\"{failures}\"")), "{cases} {failures}");
}
