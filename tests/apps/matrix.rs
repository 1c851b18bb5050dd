//! Four callers, four providers: every pair composed into an app of its own, and run.

use crate::{
    golden,
    support::{Project, Ran},
};

const LANGUAGES: [&str; 4] = ["rust", "go", "python", "javascript"];

#[test]
fn every_caller_with_every_provider() {
    let project = Project::example("matrix");
    let parts = LANGUAGES.iter().flat_map(|language| [format!("caller-{language}"), format!("provider-{language}")]);
    let parts: Vec<String> = parts.collect();
    project.run(&["build"].into_iter().chain(parts.iter().map(String::as_str)).collect::<Vec<_>>()).ok();
    let mut failed = Vec::new();
    let mut graphs = String::new();
    for caller in LANGUAGES {
        for provider in LANGUAGES {
            let parts = [format!("caller-{caller}"), format!("provider-{provider}")]
                .map(|part| format!("target/mosaic/components/{part}.wasm"));
            let app = format!("{caller}-{provider}.wasm");
            let composed = project.run(&["compose", &parts[0], &parts[1], "-o", &app]);
            let ran = if composed.code == Some(0) { project.run(&["run", &app]) } else { composed };
            if ran.code != Some(0) || !ran.stdout.contains("every shape arrived whole") {
                failed.push(format!("{caller} → {provider}: {}", told(&ran)));
                continue;
            }
            graphs += &format!("{}\n", golden::text(&project, &app));
        }
    }
    assert!(failed.is_empty(), "{} of 16 pairs failed\n{}", failed.len(), failed.join("\n"));
    golden::hold("matrix.txt", &graphs);
    golden::hold("matrix.python-javascript.json", &golden::json(&project, "python-javascript.wasm"));
}

fn told(ran: &Ran) -> String {
    ran.to_string().lines().take(30).collect::<Vec<_>>().join("\n    ")
}
