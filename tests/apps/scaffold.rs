//! What `new` and `add` make builds, runs and passes its own test.

use crate::{
    readme::sh,
    support::{Project, Ran, mosaic, unheard},
};

/// A part in each language under a Rust page; the app's own test asks for the page and looks for each greeting.
#[test]
fn a_new_app_passes_its_own_test_and_takes_more_parts() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut command = mosaic(&["new", "hello", "--lang", "rust,go,python,javascript"]);
    command.current_dir(folder.path());
    Ran::of(command, "").ok();
    let project = Project::copy(&folder.path().join("hello"));
    let ran = Ran::of(sh("sh tests/smoke.sh", &project), "").ok();
    for part in ["hello-rust", "hello-go", "hello-python", "hello-javascript"] {
        assert!(ran.stdout.contains(&format!("ok: {part}\n")), "{ran}");
    }

    for (language, name) in [("rust", "second"), ("javascript", "third")] {
        project.run(&["add", language, name]).ok();
    }
    for source in ["second/src/lib.rs", "third/app.js"] {
        project.write(source, &format!("{}// {}\n", project.read(source), unheard()));
    }
    let ran = project.run(&["build", "--message-format", "json"]).ok();
    let anew: Vec<_> = ran
        .messages()
        .iter()
        .filter(|message| message["reason"] == "component-artifact" && message["fresh"] == false)
        .map(|message| message["component"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(anew, ["second", "third"], "{ran}");
    // Nobody asks them yet: what they offer, the app offers.
    let shown = project.run(&["inspect"]).ok();
    assert!(shown.stdout.contains("second-api") && shown.stdout.contains("third-api"), "{shown}");
}
