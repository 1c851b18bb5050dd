//! Whether a project fits together: worked out, or known from before.
//!
//! Only that all is well is remembered, under a digest of everything that decides it: the manifest, the WIT and the
//! finished components that it names, the lock file where that has to hold, and Mosaic's own sources. Whatever is wrong
//! is found out, and told, each time.

use std::path::Path;

use blake3::{Hash, Hasher};
use mosaic::{
    cache::Home,
    event::Event,
    lock::{self, Policy},
    project::Project,
    resolve,
};
use serde::{Deserialize, Serialize};

use super::{
    super::{Failure, app::Opened, reporter::Reporter},
    Wiring, project,
    reports::Found,
};

const WIRED: &str = "wired";

/// What is kept of a project that fits together.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Names that were taken for others, which is told again.
    aliases: Vec<String>,
}

/// Plans the project, and tells of its wiring, of grants that nobody uses, of versions that do not go together. Gives the
/// project back.
pub(super) fn wired(
    project: Project,
    policy: Policy,
    found: &mut Found,
    reporter: &Reporter,
) -> Result<Project, Failure> {
    let home = Home::from_env();
    let key = key(&project, policy, &home);
    let parts = project.manifest.components.len();
    if let Some(kept) = key.as_ref().and_then(|key| recalled(&home, key)) {
        let alias = |text| reporter.event(Event::Detail { verb: resolve::ALIASED, text });
        kept.aliases.iter().map(String::as_str).for_each(alias);
        reporter.answer(&Wiring { fits: true, parts });
        return Ok(project);
    }
    let opened = Opened::of(project, policy, reporter)?;
    let planned = opened.plan();
    let fits = planned.is_ok();
    let mut problems = match planned {
        Ok(graph) => project::unused_grants(&opened, &graph),
        Err(failure) => failure.0,
    };
    problems.extend(project::version_skew(&opened));
    if let Some(key) = key.filter(|_| problems.is_empty()) {
        let kept = serde_json::to_vec(&Kept { aliases: opened.resolution.aliases() }).unwrap_or_default();
        // A cache that cannot be written costs time, nothing else.
        let _ = home.put(WIRED, &key, &kept);
    }
    found.tell(problems, reporter);
    reporter.answer(&Wiring { fits, parts });
    Ok(opened.project)
}

/// Of everything that decides the answer; `None` where something cannot be read.
fn key(project: &Project, policy: Policy, home: &Home) -> Option<String> {
    let mut known = |file: &Path| home.seen(file).or_else(|| home.see(file).ok().map(|(_, digest)| digest));
    let manifest = blake3::hash(project.manifest.source.text.as_bytes());
    let inputs = resolve::inputs(project, &mut known)?;
    let lock = match policy {
        Policy::Keep => blake3::hash(&std::fs::read(project.root.join(lock::FILE_NAME)).ok()?),
        Policy::Update | Policy::Ignore => Hash::from_bytes([0; 32]),
    };
    let mut hasher = Hasher::new();
    hasher.update(env!("MOSAIC_WIRER").as_bytes());
    for digest in [manifest, inputs, lock] {
        hasher.update(digest.as_bytes());
    }
    Some(hasher.finalize().to_string())
}

fn recalled(home: &Home, key: &str) -> Option<Kept> {
    serde_json::from_slice(&std::fs::read(home.get(WIRED, key).ok()??).ok()?).ok()
}
