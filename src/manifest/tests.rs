//! Each `fixtures/manifest/*.toml` is read and compared with what stands beside it: `.problems` for one that has flaws,
//! `.manifest` for one that has none. `BLESS=1` rewrites them.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::*;
use crate::diagnostic::Diagnose;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifest")
}

fn compare(golden: &Path, actual: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(golden, actual).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; BLESS=1 rewrites it", golden.display());
}

/// The problems as plain lines: layout is the reporter's own matter.
fn told(error: &Error) -> String {
    let mut text = String::new();
    for problem in error.problems() {
        let _ = writeln!(text, "{}: {}", problem.code, problem.message);
        for label in &problem.labels {
            let before = &label.source.text[..label.span.start];
            let line = before.matches('\n').count() + 1;
            let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
            let words = &label.source.text[label.span.clone()];
            let kind = if label.primary { "at" } else { "see" };
            let _ = writeln!(text, "  {kind} {line}:{column} {words:?}: {}", label.text);
        }
        for help in &problem.help {
            let _ = writeln!(text, "  help: {help}");
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_fixture_is_told_as_recorded() {
    let mut cases: Vec<PathBuf> = fixtures().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    cases.sort();
    assert!(cases.len() >= 12);
    for case in cases {
        match Manifest::read(&case) {
            Ok(manifest) => {
                let Manifest { app, components, compose, grants, stores, density, .. } = manifest;
                let text = format!("{app:#?}\n{components:#?}\n{compose:#?}\n{grants:#?}\n{stores:#?}\n{density:#?}\n");
                compare(&case.with_extension("manifest"), &text);
            }
            Err(error) => compare(&case.with_extension("problems"), &told(&error)),
        }
    }
}

#[test]
fn the_schema_is_as_recorded() {
    compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("mosaic.schema.json"), &schema_text());
}

#[test]
fn what_is_no_text_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    assert!(matches!(Manifest::read(&path), Err(Error::Unreadable { .. })));
    std::fs::write(&path, b"[app]\nname = \"\xff\"").unwrap();
    assert!(matches!(Manifest::read(&path), Err(Error::NotUtf8 { at: 14, .. })));
    std::fs::write(&path, vec![b'#'; 1 << 21]).unwrap();
    assert!(matches!(Manifest::read(&path), Err(Error::TooLarge { .. })));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(Manifest::read(&path), Err(Error::NotAFile { .. })));
}

#[cfg(unix)]
#[test]
fn a_source_folder_may_not_be_a_way_out() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("go.mod"), "module x").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("auth")).unwrap();
    std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
    let path = folder.path().join(FILE_NAME);
    let text = "[app]\nname = \"a:b\"\n[components.auth]\nsource = \"auth\"\n[components.loop]\nsource = \"loop\"\n";
    let Err(Error::Flawed { flaws, .. }) = Manifest::parse(&path, text.to_owned()) else { panic!("accepted") };
    let whys: Vec<&error::BadPath> = flaws
        .iter()
        .map(|flaw| match &flaw.kind {
            error::FlawKind::BadPath { why, .. } => why,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(matches!(whys[..], [error::BadPath::LinksOut(_), error::BadPath::Unreadable(_)]), "{whys:?}");
}

#[test]
fn depth_and_odd_bytes_are_answered() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let dotted = format!("{}x = 1", "a.".repeat(50_000));
    let many = "[[a.b]]\n".repeat(5_000);
    for text in [deep.as_str(), dotted.as_str(), many.as_str(), "\u{0}", "= = =", "[", "a = \"", "[a]\n[[a]]\n[a.b]\n"]
    {
        let error = Manifest::parse(Path::new("/nowhere/mosaic.toml"), text.to_owned()).unwrap_err();
        assert!(!error.problems().is_empty());
    }
}

#[test]
fn kebab_is_what_wit_takes() {
    for good in ["a", "auth", "hello-go", "v2", "a1-b2"] {
        assert!(is_kebab(good), "{good}");
    }
    for bad in ["", "-", "a-", "-a", "A", "a_b", "2fast", "a-2", "a--b", "é", "a b"] {
        assert!(!is_kebab(bad), "{bad}");
    }
}
