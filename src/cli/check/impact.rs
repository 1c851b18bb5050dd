//! `check --impact`: what a new version of a package, or of a part, would do to a project.

use std::path::Path;

use mosaic::{
    check::impact::{self, Impact},
    diagnostic::{Diagnose, Problem},
    plan::{
        self,
        graph::{Said, Wiring},
    },
    resolve::{self, Part, Wit},
};
use serde::Serialize;

use super::{
    super::{
        app::Opened,
        reporter::{Answer, Paint, Reporter, clean::line as clean},
    },
    Args, Failure,
    reports::Found,
};

/// What is to be changed: parts, and how they are joined.
struct App {
    parts: Vec<Part>,
    wiring: Wiring,
    options: plan::Options,
}

impl App {
    fn of_project(args: &Args, reporter: &Reporter) -> Result<App, Failure> {
        let opened = Opened::new(&args.project, args.lock.looking(), reporter)?;
        let parts = opened.resolution.components.values().map(|component| component.part.clone()).collect();
        Ok(App { parts, wiring: opened.wiring, options: opened.options })
    }

    /// A composed component: its parts, joined by what they import and export. What it imports is its host's.
    fn of_file(file: &Path) -> Result<App, Failure> {
        let (name, bytes) = (file.display().to_string(), super::read(file)?);
        let outer = resolve::decode_part(&name, &bytes, None)?;
        let imports = outer.resolve.worlds[outer.world].imports.keys();
        let open = imports.map(|key| Said::plain(outer.resolve.name_world_key(key))).collect();
        let wiring = Wiring { open, ..Wiring::default() };
        let options = plan::Options { unused: plan::Unused::Allow, ..plan::Options::default() };
        Ok(App { parts: impact::parts(&name, &bytes)?, wiring, options })
    }
}

/// What a new version of a package, or of a part, would do to the project, or to a composed component.
pub(super) fn impact_of(args: &Args, new: &str, found: &mut Found, reporter: &Reporter) -> Result<(), Failure> {
    let App { mut parts, wiring, options } = match args.files.as_slice() {
        [] => App::of_project(args, reporter)?,
        [file, ..] => App::of_file(file)?,
    };
    let (named, path) = match new.split_once('=') {
        Some((part, path)) => (Some(part), Path::new(path)),
        None => (None, Path::new(new)),
    };
    let read = Wit::read(path, path)?;
    let resolve::Subject::Component(world) = read.subject else {
        let impact = impact::impact(&plan::plan(&parts, &wiring, &options)?, &parts, &read);
        found.tell(impact.edges.iter().filter_map(edge_problem).collect(), reporter);
        reporter.answer(&ImpactTold { impact });
        return Ok(());
    };
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = named.unwrap_or(stem);
    let Some(part) = parts.iter_mut().find(|part| part.name == name) else {
        let known: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        let problem = Problem::error("check::unknown-part", format!("no part is called `{name}`"));
        return Err(Failure::of(problem.help(format!(
            "say `--impact PART={}`, one of {}",
            path.display(),
            known.join(", ")
        ))));
    };
    (part.resolve, part.world) = (read.resolve.clone(), world);
    match plan::plan(&parts, &wiring, &options) {
        Ok(graph) => {
            let edges = graph.edges.iter().filter(|edge| edge.from == name || edge.to == name).count();
            reporter.answer(&Replaced { part: name.to_owned(), fits: true, edges });
        }
        Err(error) => {
            found.tell(error.problems(), reporter);
            reporter.answer(&Replaced { part: name.to_owned(), fits: false, edges: 0 });
        }
    }
    Ok(())
}

fn edge_problem(edge: &impact::Edge) -> Option<Problem> {
    if !edge.breaks() {
        return None;
    }
    let (from, to) = (&edge.from, edge.to.as_deref().unwrap_or("the host"));
    let message = format!("the edge from `{from}` to `{to}` over `{}` breaks", edge.import);
    let problem = Problem::error("impact::edge-breaks", message).in_component(from.clone());
    let problem = match (&edge.becomes, edge.meets) {
        (None, _) => problem.because("the new version does not have the interface"),
        (Some(new), false) => problem.because(format!("`{new}` is of another semver track: neither meets the other")),
        (Some(_), true) => problem,
    };
    let first = |who: &str, what: &Vec<String>, problem: Problem| {
        what.iter().fold(problem, |problem, why| problem.because(format!("if {who} moves first: {why}")))
    };
    let problem = first(to, &edge.provider_first, problem);
    let problem = first(from, &edge.importer_first, problem);
    let order = match (edge.provider_first.is_empty(), edge.importer_first.is_empty()) {
        (true, true) => "both stay as they are, and compose".to_owned(),
        (true, false) => format!("`{to}` moves first, then `{from}`"),
        (false, _) => format!("`{from}` moves first, then `{to}`"),
    };
    if let Some(composes) = &edge.composes {
        return Some(problem.help(format!("call it {composes}: {order}")).help("or move both together"));
    }
    let honest = edge.honest.as_ref().filter(|_| edge.meets);
    Some(match (edge.needs_both(), honest) {
        (true, None) => problem.help(format!("move `{from}` and `{to}` together")),
        (true, Some(honest)) => problem
            .help(format!("move `{from}` and `{to}` together"))
            .help(format!("call it {honest}, so that old and new are not taken for each other")),
        (false, None) => problem.help(format!("move `{from}` first; then `{to}`")),
        (false, Some(honest)) => problem
            .help(format!("move `{from}` first; then `{to}`"))
            .help(format!("or call it {honest}, which is honest, and move both together")),
    })
}

/// What a new version of a package does.
#[derive(Serialize)]
struct ImpactTold {
    #[serde(flatten)]
    impact: Impact,
}

impl Answer for ImpactTold {
    const REASON: &'static str = "impact";

    fn text(&self, paint: Paint) -> String {
        let packages = self.impact.packages.join(", ");
        if self.impact.edges.is_empty() {
            return format!("{}: {} (no part imports any of it)\n", clean(&packages), paint.good("no impact"));
        }
        let mut text = String::new();
        for edge in &self.impact.edges {
            let verdict = match (edge.breaks(), edge.importer_first.is_empty()) {
                (true, _) => paint.bad("breaks"),
                (false, true) => paint.good("holds"),
                (false, false) => paint.wary("holds if the provider moves first"),
            };
            let to = edge.to.as_deref().unwrap_or("the host");
            text += &format!("{} -> {} over {}: {verdict}\n", clean(&edge.from), clean(to), clean(&edge.import));
        }
        text
    }
}

/// Whether a project can be wired with another component in a part's place.
#[derive(Serialize)]
struct Replaced {
    part: String,
    fits: bool,
    edges: usize,
}

impl Answer for Replaced {
    const REASON: &'static str = "replacement";

    fn text(&self, paint: Paint) -> String {
        match self.fits {
            true => format!("{}: {} ({} edges)\n", clean(&self.part), paint.good("fits"), self.edges),
            false => format!("{}: {}\n", clean(&self.part), paint.bad("does not fit")),
        }
    }
}
