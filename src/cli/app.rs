//! The chain that `build`, `compose`, `run`, `serve` and `check` share, one stage after the other.
//!
//! 1. [`Opened`]: the project, its WIT resolved, the lock file held against it, the wiring planned from the worlds — so
//!    that what cannot be composed is told before a compiler runs.
//! 2. [`Opened::build`]: the parts.
//! 3. [`Opened::compose`]: the app, from the parts as they turned out; not again where nothing of it has changed.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use blake3::Hash;
use indexmap::IndexMap;
use mosaic::{
    build::{self, Artifacts, backend::Profile},
    cache::{self, Home, digests::Digests},
    compose::{self, Assembly, Given, Memory, PartBytes},
    diagnostic::{Problem, SourceFile},
    event::Event,
    grants_section::Section,
    language::Language,
    lock::{self, Policy},
    manifest::{Density, Origin},
    plan::{
        self,
        graph::{Graph, Wiring},
        units::units,
    },
    project::Project,
    resolve::{self, Part, Resolution},
    runtime::{self, Artifact, Content, Grants, Stores, Tuning},
    toolchain,
};
use serde::{Deserialize, Serialize};

use super::{
    Failure,
    grants::{GrantArgs, section},
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::{Reporter, bytes, duration},
    stores::StoreArgs,
    wanted,
};

/// A project whose worlds are known and fit together.
pub struct Opened<'a> {
    pub project: Project,
    pub resolution: Resolution,
    pub wiring: Wiring,
    pub options: plan::Options,
    /// How the app is written.
    pub how: compose::Options,
    reporter: &'a Reporter,
    since: Instant,
}

/// The composed app on disk.
pub struct App {
    pub path: PathBuf,
    pub digest: Hash,
}

/// A component to run or serve, and what it may touch.
pub struct Guest {
    pub artifact: Artifact<'static>,
    pub grants: Grants,
    pub stores: Stores,
    /// As its manifest has it served.
    pub density: Option<Density>,
}

/// What the app on disk was made of, beside it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// Digest of everything that decides the app.
    key: String,
    /// BLAKE3 of the app.
    digest: String,
}

impl<'a> Opened<'a> {
    /// Loads and resolves a project. Fails where it has no parts, or where the lock file may not change and would.
    pub fn new(args: &ProjectArgs, policy: Policy, reporter: &'a Reporter) -> Result<Opened<'a>, Failure> {
        Opened::of(args.load()?, policy, reporter)
    }

    /// The same of a project that is loaded.
    pub fn of(project: Project, policy: Policy, reporter: &'a Reporter) -> Result<Opened<'a>, Failure> {
        let since = Instant::now();
        if project.manifest.components.is_empty() {
            let problem = Problem::error("app::empty", format!("`{}` has no parts", project.manifest.app.name.value))
                .help("`cargo mosaic add rust NAME` adds one (or go, python, javascript)");
            return Err(Failure::of(problem));
        }
        let resolution = resolve::resolve(&project, &|event| reporter.event(event))?;
        lock::update(&project, &resolution, policy)?;
        let options = plan::Options {
            sources: sources(&project, &resolution),
            grants: plan::capability::Grants::from_manifest(&project.manifest),
            holdings: plan::holdings::Holdings::from_manifest(&project.manifest),
            unused: match project.manifest.compose.allow_unused {
                true => plan::Unused::Allow,
                false => plan::Unused::Refuse,
            },
            hosts: match project.manifest.compose.any_host {
                true => plan::holdings::Hosts::Any,
                false => plan::holdings::Hosts::Ours,
            },
        };
        let wiring = Wiring::from_manifest(&project.manifest);
        let how = compose::Options::default();
        Ok(Opened { project, resolution, wiring, options, how, reporter, since })
    }

    /// The wiring as far as the worlds tell it.
    pub fn plan(&self) -> Result<Graph, Failure> {
        Ok(plan::plan(&self.worlds(), &self.wiring, &self.options)?)
    }

    /// The parts by their worlds, in the manifest's order.
    pub fn worlds(&self) -> Vec<Part> {
        self.resolution.components.values().map(|component| component.part.clone()).collect()
    }

    /// Everything: planned ahead, built, composed.
    pub fn app(&self, args: &BuildArgs) -> Result<App, Failure> {
        let planned = self.plan()?;
        let artifacts = self.build(args, None)?;
        self.compose(&planned, &artifacts, args)
    }

    /// Builds all parts, or those named, and tells of each.
    pub fn build(&self, args: &BuildArgs, only: Option<&[String]>) -> Result<Artifacts, Failure> {
        self.known(only.unwrap_or_default())?;
        let units = units(&self.project, &self.resolution, args.profile(), only);
        let built = build::build(&units, &self.build_options(args), &|event| self.reporter.event(event))?;
        for (component, artifact) in &built {
            let path = artifact.path.display().to_string();
            let digest = artifact.digest.to_string();
            let message = PartMessage { component, path, digest, fresh: artifact.fresh };
            self.reporter.message("component-artifact", &message);
        }
        if built.values().any(|artifact| !artifact.fresh) {
            lock::record_tools(&self.project, &self.tools())?;
        }
        Ok(built)
    }

    /// What has just built parts. A toolchain that cannot be asked any more is left out.
    fn tools(&self) -> Vec<lock::Tool> {
        let tool = |name: &str, version: String| lock::Tool { name: name.into(), version };
        let home = Home::from_env();
        let languages: BTreeSet<_> = self.project.manifest.components.values().filter_map(|it| it.language).collect();
        let found = languages.into_iter().filter_map(|language| match language {
            Language::Rust => toolchain::rust_in(&home, &self.project.root).ok().map(|it| tool("rust", it.version)),
            Language::Go => toolchain::go(&home).ok().map(|it| tool("go", it.version.to_string())),
            // Engines and generators are part of Mosaic.
            Language::Python | Language::JavaScript | Language::Command => None,
        });
        found.chain([tool("mosaic", env!("CARGO_PKG_VERSION").to_owned())]).collect()
    }

    /// The parts as they were built before, if none is stale.
    pub fn built(&self, args: &BuildArgs) -> Result<Artifacts, Failure> {
        let units = units(&self.project, &self.resolution, args.profile(), None);
        Ok(build::built(&units, &self.build_options(args))?)
    }

    /// Brings the bindings of all parts, or of those named, up to date.
    pub fn bindings(&self, only: &[String]) -> Result<(), Failure> {
        self.known(only)?;
        let only = (!only.is_empty()).then_some(only);
        let units = units(&self.project, &self.resolution, Profile::Dev, only);
        let options = self.build_options(&BuildArgs { release: false, jobs: None });
        Ok(build::bindings(&units, &options, &|event| self.reporter.event(event))?)
    }

    /// Composes built parts, unless the app on disk was made of just these, and tells of it.
    pub fn compose(&self, planned: &Graph, artifacts: &Artifacts, args: &BuildArgs) -> Result<App, Failure> {
        let name = &self.project.manifest.app.name.value;
        let path = self.project.layout.app(name);
        let mut digests = Digests::load(&path.with_extension("digests.json"));
        let parts = self.parts(artifacts, &mut digests)?;
        let key = self.key(planned, &parts);
        let record_path = path.with_extension("record.json");
        let (digest, fresh) = match fresh(&record_path, &path, &key, &mut digests) {
            Some(digest) => (digest, true),
            None => {
                self.reporter.event(Event::Started { verb: "Composing", what: name });
                let started = Instant::now();
                let digest = self.put_together(planned, &parts, &path)?;
                let record = Record { key, digest: digest.to_string() };
                write(&record_path, &serde_json::to_vec(&record).expect("a record is two texts"))?;
                self.reporter.event(Event::Finished { what: name, fresh: false, elapsed: started.elapsed() });
                (digest, false)
            }
        };
        digests.save();
        self.told(&path, digest, fresh, args)?;
        Ok(App { path, digest })
    }

    /// Writes the app of built parts, and gives its digest.
    fn put_together(
        &self,
        planned: &Graph,
        parts: &IndexMap<String, (PathBuf, Hash)>,
        path: &Path,
    ) -> Result<Hash, Failure> {
        let given: Vec<Given> = parts
            .iter()
            .map(|(name, (path, _))| Given {
                name: Some(name.clone()),
                path: path.clone(),
                language: self.language(name),
            })
            .collect();
        let (wiring, options) = compose::replanned(planned, &self.wiring, &self.options);
        let mut memory = Memory::open(Home::from_env());
        let assembly = compose::files_again(&given, &wiring, &options, &self.how, &mut memory);
        memory.save();
        let mut hasher = blake3::Hasher::new();
        assemble(path, &assembly?, &mut hasher)?;
        Ok(hasher.finalize())
    }

    fn language(&self, component: &str) -> Option<Language> {
        self.project.manifest.components.get(component).and_then(|component| component.language)
    }

    /// The wiring of built parts, from their own worlds.
    pub fn graph(&self, planned: &Graph, artifacts: &Artifacts) -> Result<(Graph, Vec<Part>), Failure> {
        let path = self.project.layout.app(&self.project.manifest.app.name.value);
        let mut digests = Digests::load(&path.with_extension("digests.json"));
        let read = self.read(&self.parts(artifacts, &mut digests)?)?;
        let (graph, _) = compose::as_planned(planned, &read, &self.wiring, &self.options, &self.how)?;
        Ok((graph, read.into_values().map(|given| given.part).collect()))
    }

    /// Parts from their files.
    fn read(&self, parts: &IndexMap<String, (PathBuf, Hash)>) -> Result<IndexMap<String, PartBytes>, Failure> {
        let mut read = IndexMap::new();
        for (component, (path, _)) in parts {
            let bytes = std::fs::read(path).map_err(|error| Failure::of(unreadable(component, path, &error)))?;
            read.insert(component.clone(), compose::component(component, bytes, self.language(component))?);
        }
        Ok(read)
    }

    /// Where every part lies, in the manifest's order, with its digest.
    fn parts(
        &self,
        artifacts: &Artifacts,
        digests: &mut Digests,
    ) -> Result<IndexMap<String, (PathBuf, Hash)>, Failure> {
        let mut parts = IndexMap::new();
        for (name, component) in &self.project.manifest.components {
            let part = match (&component.origin, artifacts.get(name)) {
                (_, Some(artifact)) => (artifact.path.clone(), artifact.digest),
                (Origin::Wasm(path), None) => {
                    let path = self.project.root.join(&path.value);
                    let digest = digests.digest(&path).map_err(|e| Failure::of(unreadable(name, &path, &e)))?;
                    (path, digest)
                }
                (Origin::Source(_), None) => continue,
            };
            parts.insert(name.clone(), part);
        }
        Ok(parts)
    }

    /// Digest of everything that decides the app: the parts, the wiring, the grants, and Mosaic's own composer.
    fn key(&self, planned: &Graph, parts: &IndexMap<String, (PathBuf, Hash)>) -> String {
        let said = |all: &[plan::graph::Said]| all.iter().map(|said| said.text.clone()).collect::<Vec<_>>();
        let wire: Vec<_> = self.wiring.wire.iter().map(|(from, wire)| (from, &wire.to.text)).collect();
        let wrap: Vec<_> = self.wiring.wrap.iter().map(|(of, wrap)| (of, said(&wrap.by))).collect();
        let parts: Vec<_> = parts.iter().map(|(name, (_, digest))| (name, digest.to_string())).collect();
        let all = (
            env!("MOSAIC_COMPOSER"),
            format!("{:?}", self.how),
            parts,
            &planned.exports,
            wire,
            wrap,
            said(&self.wiring.open),
            &self.options.grants,
            (&self.options.holdings, self.options.hosts),
            &planned.grants,
        );
        blake3::hash(&serde_json::to_vec(&all).expect("these are lists and maps of texts")).to_string()
    }

    fn build_options(&self, args: &BuildArgs) -> build::Options {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        build::Options {
            layout: self.project.layout.clone(),
            home: Home::from_env(),
            jobs: args.jobs.unwrap_or_else(cores),
            reuse: build::Reuse::Fresh,
        }
    }

    fn known(&self, names: &[String]) -> Result<(), Failure> {
        let components = &self.project.manifest.components;
        let unknown = names.iter().filter(|name| !components.contains_key(*name));
        let problems: Vec<Problem> = unknown
            .map(|name| {
                let problem = Problem::error("app::unknown-component", format!("no component is called `{name}`"));
                let known: Vec<&str> = components.keys().map(String::as_str).collect();
                match mosaic::diagnostic::closest(name, known.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("the components are {}", known.join(", "))),
                }
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(Failure(problems)) }
    }

    fn told(&self, path: &Path, digest: Hash, fresh: bool, args: &BuildArgs) -> Result<(), Failure> {
        let metadata = path.metadata().map_err(|error| Failure::of(unreadable("app", path, &error)))?;
        let size = metadata.len();
        let app = &self.project.manifest.app.name.value;
        let message = AppMessage { app, path: path.display().to_string(), digest: digest.to_string(), size, fresh };
        self.reporter.message("app-artifact", &message);
        let shown = path.strip_prefix(&self.project.root).unwrap_or(path).display();
        let profile = if args.release { "release" } else { "dev" };
        let took = duration(self.since.elapsed());
        let text = format!("`{profile}` {shown} ({}) in {took}", bytes(size));
        self.reporter.event(Event::Note { verb: "Finished", text: &text });
        Ok(())
    }
}

impl Guest {
    /// What is wrong with it; the next step is for the project where it is a project's.
    pub fn failed(&self, error: runtime::Error) -> Failure {
        let unsatisfied = match &error {
            runtime::Error::Unsatisfied { imports, .. } => imports.clone(),
            _ => Vec::new(),
        };
        let mut failure = Failure::from(error);
        if !unsatisfied.is_empty() {
            wanted::tell(&self.artifact, &unsatisfied, &mut failure.0);
        }
        if let Content::File { digest: Some(_), .. } = self.artifact.content {
            let file = format!(" {}`", self.artifact.name);
            let helps = failure.0.iter_mut().flat_map(|problem| &mut problem.help);
            helps.for_each(|help| *help = help.replace(&file, "`"));
        }
        failure
    }

    /// Any component: flags grant.
    pub fn of_file(file: PathBuf, flags: &GrantArgs, stores: &StoreArgs) -> Result<Guest, Failure> {
        let artifact = Artifact::file(file);
        let grants = flags.within(&artifact)?;
        Ok(Guest { artifact, grants, stores: stores.stores(), density: None })
    }

    /// The app of a project, built: its manifest grants, and flags narrow.
    pub fn of_project(
        project: &ProjectArgs,
        locks: &LockArgs,
        args: &BuildArgs,
        (flags, stores): (&GrantArgs, &StoreArgs),
        reporter: &Reporter,
    ) -> Result<Guest, Failure> {
        let opened = Opened::new(project, locks.policy(), reporter)?;
        // Flags that ask for too much are told before anything is built.
        flags.narrowing(&opened.project, &Section::default())?;
        let app = opened.app(args)?;
        let stores = stores.over(&opened.project)?;
        let name = opened.project.manifest.app.name.value.clone();
        let content = Content::File { path: app.path, digest: Some(app.digest) };
        let tuning = match args.profile() {
            Profile::Dev => Tuning::Edit,
            Profile::Release => Tuning::Run,
        };
        let artifact = Artifact { name, content, tuning };
        let grants = flags.narrowing(&opened.project, &section(&artifact)?.unwrap_or_default())?;
        Ok(Guest { artifact, grants, stores, density: opened.project.manifest.density })
    }
}

#[derive(Serialize)]
struct PartMessage<'a> {
    component: &'a str,
    path: String,
    digest: String,
    fresh: bool,
}

#[derive(Serialize)]
struct AppMessage<'a> {
    app: &'a str,
    path: String,
    digest: String,
    size: u64,
    fresh: bool,
}

/// The app's digest, if it is on disk as the record has it, and the record is of this key.
fn fresh(record: &Path, app: &Path, key: &str, digests: &mut Digests) -> Option<Hash> {
    let record: Record = serde_json::from_slice(&std::fs::read(record).ok()?).ok()?;
    let digest = digests.digest(app).ok()?;
    (record.key == key && record.digest == digest.to_string()).then_some(digest)
}

/// The WIT texts, by the names under which places in them are known.
fn sources(project: &Project, resolution: &Resolution) -> plan::Sources {
    let files = resolution.components.values().flat_map(|component| &component.files);
    files
        .filter_map(|file| {
            let name = file.strip_prefix(&project.root).unwrap_or(file).display().to_string();
            let text = std::fs::read_to_string(file).ok()?;
            Some((name.clone(), Arc::new(SourceFile { name, text })))
        })
        .collect()
}

/// Writes an output, whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    cache::write_whole(path, bytes).map_err(|error| unwritable(path, &error))
}

/// Writes an app as it is put together, here and to a witness, and gives its size.
pub fn assemble(path: &Path, assembly: &Assembly, witness: &mut dyn Write) -> Result<u64, Failure> {
    let mut size = 0;
    let written = cache::write_whole_by(path, |out| {
        size = assembly.write(&mut Both { out, witness })?;
        Ok(())
    });
    match written {
        Ok(()) => Ok(size),
        Err(compose::Error::Write(error)) => Err(unwritable(path, &error)),
        Err(error) => Err(error.into()),
    }
}

struct Both<'a> {
    out: &'a mut dyn Write,
    witness: &'a mut dyn Write,
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.witness.write_all(&bytes[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("could not write `{}`", path.display());
    Failure::of(Problem::error("app::unwritable", message).because(error.to_string()))
}

fn unreadable(component: &str, path: &Path, error: &std::io::Error) -> Problem {
    let message = format!("could not read `{}`", path.display());
    Problem::error("app::unreadable", message).in_component(component).because(error.to_string())
}
