//! Grants hold on a runtime that knows nothing of Mosaic: what is closed is closed in the artifact itself.

use std::{collections::BTreeMap, process::Command};

use crate::support::{Project, Ran, peer, root};

const LANGUAGES: [&str; 4] = ["rust", "go", "python", "javascript"];

/// Each language's answer to each try, from the app as it is built, on the `wasmtime` command, which grants everything.
fn answers(project: &Project) -> BTreeMap<(String, String), String> {
    let mut command = Command::new(peer("wasmtime"));
    // The quickest of its compilers: what is compiled runs but once.
    command
        .args(["run", "-C", "compiler=winch", "-S", "http,inherit-network,allow-ip-name-lookup"])
        .args(["--dir", "data::/data", "--env", "SECRET=known", "target/mosaic/denied.wasm"])
        .current_dir(project.path())
        .env_remove("RUST_BACKTRACE");
    let ran = Ran::of(command, "").ok();
    let answers = ran.stdout.lines().filter_map(|line| {
        let (words, answer) = line.split_once(": ")?;
        let (language, what) = words.split_once(' ')?;
        // Languages spell the words of WIT each in their way.
        let letters = answer.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
        Some(((language.to_owned(), what.to_owned()), letters))
    });
    answers.collect()
}

/// The answers that do not hold these words.
fn others(
    answers: &BTreeMap<(String, String), String>,
    expected: impl Fn(&str) -> &'static [&'static str],
) -> Vec<(&(String, String), &String)> {
    let fits = |key: &(String, String), answer: &String| expected(&key.1).iter().any(|words| answer.contains(words));
    answers.iter().filter(|(key, answer)| !fits(key, answer)).collect()
}

#[test]
fn what_is_not_granted_is_denied_on_a_stock_runtime() {
    let project = Project::copy(&root().join("fixtures/denied"));
    project.write("data/secret.txt", "a secret");
    project.run(&["build"]).ok();
    let denied = answers(&project);
    assert_eq!(denied.len(), LANGUAGES.len() * 6, "{denied:#?}");
    let wrong = others(&denied, |what| match what {
        "file" => &["notfound", "badfilenumber", "thereisnofolder"],
        "variable" => &["notpresent", "notthere", "keyerror"],
        "socket" | "name" => &["accessdenied"],
        "request" => &["httprequestdenied"],
        "work" => &["42"],
        _ => &[],
    });
    assert!(wrong.is_empty(), "{wrong:#?}");

    // The very same parts can do all of it where they are granted it: the tries are real.
    for language in LANGUAGES {
        let source = format!("source = \"{language}\"\n");
        let granted = format!("{source}grants = [\"env\", \"filesystem\", \"sockets\", \"http\"]\n");
        project.edit("mosaic.toml", &source, &granted);
    }
    project.run(&["compose"]).ok();
    let granted = answers(&project);
    assert!(granted.keys().eq(denied.keys()), "{granted:#?}");
    let wrong = others(&granted, |what| match what {
        "work" => &["42"],
        // It is sent, and found to lead nowhere.
        "request" => &["uriinvalid"],
        _ => &["done"],
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}
