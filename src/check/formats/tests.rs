//! Each form against a golden, and against what its readers ask for.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Format, Place, Reported, Task};
use crate::{
    check::{
        compat::{Settings, compare},
        lint,
    },
    diagnostic::{Problem, SourceFile},
    inspect::sbom::schema::Schemas,
    process::Command,
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
    let place = Place { here: Path::new("/repo/services/shop"), top: Path::new("/repo") };
    format.render(Reported { task: Task::Check, problems: &problems, compats: &[compat], place })
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

#[test]
fn files_are_named_from_the_top_of_the_repository() {
    let place = Place { here: Path::new("/repo/services/shop"), top: Path::new("/repo") };
    let reported = Reported { task: Task::Lint, problems: &[], compats: &[], place };
    for (name, expected) in [
        ("wit/a.wit", "services/shop/wit/a.wit"),
        ("../../wit/./a.wit", "wit/a.wit"),
        ("/repo/wit/a.wit", "wit/a.wit"),
        ("/elsewhere/a.wit", "/elsewhere/a.wit"),
        ("../../../a.wit", "../../../a.wit"),
        ("main:wit/a.wit", "main:wit/a.wit"),
    ] {
        assert_eq!(reported.below_top(name), expected);
    }
}

/// A file that `cargo xtask setup --tests` installs.
fn peer(name: &str) -> PathBuf {
    let folder = std::env::var_os("MOSAIC_PEERS").map(PathBuf::from).unwrap_or_default();
    let path = folder.join(name);
    assert!(path.exists(), "{} is not there: `cargo xtask setup --tests`", path.display());
    path
}

/// Reports of both tasks, each with something and with nothing to tell.
fn reports(format: Format) -> Vec<String> {
    let place = Place { here: Path::new("/repo"), top: Path::new("/repo") };
    let none = |task| format.render(Reported { task, problems: &[], compats: &[], place });
    let wit = Wit::parse("a.wit", "package a:b; interface i { f: func() -> result<_, string>; }").expect("good");
    let lint = lint::lint(&wit, &lint::Settings::default()).expect("WIT");
    let problems: Vec<_> = lint.told().map(lint::Finding::problem).collect();
    assert!(problems.len() > 3);
    let linted = format.render(Reported { task: Task::Lint, problems: &problems, compats: &[], place });
    vec![rendered(format), linted, none(Task::Check), none(Task::Lint)]
}

#[test]
fn sarif_is_as_its_published_schema_says() {
    let schemas = Schemas::of(std::iter::once(peer("sarif-2.1.0.json")));
    for report in reports(Format::Sarif) {
        let log: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        let errors = schemas.errors("sarif-2.1.0.json", &log);
        assert_eq!(errors, [""; 0], "{report}");
        // What the schema does not say: which rule is meant, and that a file's name is no scheme.
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
        for result in log["runs"][0]["results"].as_array().expect("results") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let related = [&result["locations"], &result["relatedLocations"]];
            for location in related.into_iter().filter_map(|locations| locations.as_array()).flatten() {
                let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a URI");
                assert!(!uri.contains([' ', ':', ',']), "{uri}");
            }
        }
    }
    let wrong = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(!schemas.errors("sarif-2.1.0.json", &wrong).is_empty());
}

#[test]
fn junit_is_as_its_published_schema_says() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let (xmllint, schema) = (peer("xmllint"), peer("junit-10.xsd"));
    let valid = |xml: &str| {
        let file = folder.path().join("report.xml");
        std::fs::write(&file, xml).expect("written");
        let lint = Command::new(&xmllint).args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(&file);
        let output = lint.output().expect("it starts");
        if output.status.success() { Ok(()) } else { Err(output.words()) }
    };
    for xml in reports(Format::Junit) {
        valid(&xml).unwrap_or_else(|why| panic!("{why}\n{xml}"));
        let count = |what: &str| xml.matches(what).count();
        let counts = format!("tests=\"{}\" failures=\"{}\"", count("<testcase "), count("<failure "));
        assert!(xml.contains(&counts), "{counts}\n{xml}");
    }
    assert!(valid("<testsuites><testsuite name=\"a\"/></testsuites>").is_err());
}
