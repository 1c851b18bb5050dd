//! What a guest is granted: by the manifest, and by flags.
//!
//! In a project the manifest grants — to the app, whatever any of its parts is granted — and flags only narrow. For a
//! bare file flags are all there is; one that says what it is granted (`mosaic:grants`) is never granted more, and as
//! much only where that is asked for: whoever made a file does not decide what it may touch here. A grant that no part
//! names is given to nobody.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use mosaic::{
    diagnostic::Problem,
    grants_section::{self, Section},
    manifest::{Grant, Granted},
    project::Project,
    runtime::{Access, Address, Artifact, Authority, Dir, Grants, NarrowError},
};

use super::Failure;

/// Flags that grant (a file), or narrow (a project).
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Grants (for a project: less than its manifest grants)")]
pub struct GrantArgs {
    /// A folder; the guest sees GUEST, else the folder's own name at its root; `:ro` to read only
    #[arg(long, value_name = "HOST[::GUEST][:ro]", value_parser = dir)]
    dir: Vec<DirArg>,
    /// An environment variable, with the value it has here or another
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// A value of wasi:config
    #[arg(long, value_name = "KEY=VALUE", value_parser = config)]
    config_var: Vec<(String, String)>,
    /// A peer of sockets
    #[arg(long, value_name = "HOST:PORT")]
    net: Vec<Address>,
    /// Where outgoing HTTP requests may go
    #[arg(long, value_name = "HOST[:PORT]")]
    http_out: Vec<Authority>,
    /// A bucket of wasi:keyvalue
    #[arg(long, value_name = "BUCKET")]
    kv: Vec<String>,
    /// A container of wasi:blobstore
    #[arg(long, value_name = "CONTAINER")]
    blob: Vec<String>,
    /// A topic of wasi:messaging to send to
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Show what it logs by wasi:logging
    #[arg(long)]
    logging: bool,
    /// For a file: all that its own `mosaic:grants` asks for, less what other flags leave out
    #[arg(long)]
    pub as_granted: bool,
}

/// A `--dir`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DirArg {
    host: PathBuf,
    guest: Option<String>,
    access: Access,
}

impl GrantArgs {
    /// What the flags say by themselves.
    pub fn grants(&self) -> Result<Grants, Failure> {
        let mut grants = Grants { logging: self.logging, ..Grants::default() };
        let mut problems = Vec::new();
        for arg in &self.dir {
            match arg.host.canonicalize() {
                Ok(host) => grants.dirs.push(Dir::new(&host, arg.guest.as_deref(), arg.access)),
                Err(error) => problems.push(no_folder(&arg.host, &error)),
            }
        }
        for env in &self.env {
            match env.split_once('=') {
                Some((name, value)) => drop(grants.env.insert(name.to_owned(), value.to_owned())),
                None => grants.env.extend(std::env::var(env).ok().map(|value| (env.clone(), value))),
            }
        }
        for (key, value) in &self.config_var {
            grants.config_keys.insert(key.clone());
            grants.config.insert(key.clone(), value.clone());
        }
        self.net.iter().cloned().for_each(|address| grants.net.insert(address));
        self.http_out.iter().cloned().for_each(|authority| grants.http_out.insert(authority));
        self.blob.iter().cloned().for_each(|container| grants.containers.insert(container));
        self.topic.iter().cloned().for_each(|topic| grants.topics.insert(topic));
        self.kv.iter().cloned().for_each(|bucket| grants.buckets.insert(bucket));
        if problems.is_empty() { Ok(grants) } else { Err(Failure(problems)) }
    }

    /// What the project grants, less what the flags leave out; and what of it behind which import of its app.
    pub fn narrowing(&self, project: &Project, app: &Section) -> Result<Grants, Failure> {
        let parts = of_project(project)?;
        let mut granted = Grants::default();
        parts.values().for_each(|part| granted.merge(part.clone()));
        granted.keep_apart(app, &parts);
        granted.narrow(&self.grants()?).map_err(|error| excess(&project.manifest.app.name.value, &error))
    }

    /// What the flags say of a file, which is never more than its own section asks for, where it has one.
    pub fn within(&self, artifact: &Artifact<'_>) -> Result<Grants, Failure> {
        let name = &artifact.name;
        let section = section(artifact)?;
        let said = self.grants()?;
        let Some(section) = section else {
            if self.as_granted {
                let problem = Problem::error("grants::no-section", format!("`{name}` does not say what it is granted"))
                    .because(format!(
                        "it has no section `{}`: it was not composed from a project",
                        grants_section::NAME
                    ))
                    .help("grant by name: `--dir`, `--env`, `--net`, `--http-out`, `--kv`, `--logging`");
                return Err(Failure::of(problem));
            }
            return Ok(said);
        };
        let here = Path::new(".").canonicalize().map_err(|error| unusable(name, error.to_string()))?;
        let asked = Grants::of_section(&section, &here).map_err(|error| unusable(name, error.to_string()))?;
        let mut narrowed = asked.narrow(&said).map_err(|error| excess(name, &error))?;
        if !self.as_granted {
            return Ok(asked.only(&said));
        }
        let is_set = |name: &String| said.env.contains_key(name) || std::env::var_os(name).is_some();
        narrowed.env.retain(|name, _| is_set(name));
        narrowed.apart.values_mut().for_each(|apart| apart.env.retain(|name, _| is_set(name)));
        Ok(narrowed)
    }
}

/// What an artifact says it is granted. Whoever runs it tells of a file that is not there.
pub fn section(artifact: &Artifact<'_>) -> Result<Option<Section>, Failure> {
    match artifact.section() {
        Ok(section) => Ok(section),
        Err(grants_section::Error::Read(_)) => Ok(None),
        Err(error) => Err(unusable(&artifact.name, format!("its section `{}` {error}", grants_section::NAME))),
    }
}

fn unusable(name: &str, why: String) -> Failure {
    let problem =
        Problem::error("grants::section", format!("what `{name}` says of its grants cannot be honoured")).because(why);
    Failure::of(problem)
}

/// Flags that ask for more than there is.
fn excess(name: &str, error: &NarrowError) -> Failure {
    let problem = Problem::error("grants::excess", format!("flags can only narrow what `{name}` is granted"));
    let told = error.excess.iter().fold(problem, |told, grant| told.because(format!("not granted: {grant}")));
    Failure::of(told.help("grant it to the part that needs it, in `mosaic.toml`"))
}

/// What each part of a project is granted.
fn of_project(project: &Project) -> Result<BTreeMap<String, Grants>, Failure> {
    let mut parts: BTreeMap<String, Grants> = BTreeMap::new();
    let mut problems = Vec::new();
    for (part, component) in &project.manifest.components {
        let grants = parts.entry(part.clone()).or_default();
        for granted in &component.grants {
            let one = match &granted.value {
                Granted::Family(family) => Ok(Grants::family(family.word(), &project.root).unwrap_or_default()),
                Granted::Named(name) => match project.manifest.grants.get(name) {
                    Some(grant) => of_grant(grant, project),
                    None => continue,
                },
            };
            match one {
                Ok(one) => grants.merge(one),
                Err(problem) => problems.push(problem.in_component(&component.name.value).at(
                    &project.manifest.source,
                    granted.span.clone(),
                    "granted here",
                )),
            }
        }
    }
    if problems.is_empty() { Ok(parts) } else { Err(Failure(problems)) }
}

fn of_grant(grant: &Grant, project: &Project) -> Result<Grants, Problem> {
    let malformed = |error: mosaic::runtime::ParseError| Problem::error("grants::malformed", error.to_string());
    let mut grants = Grants::default();
    match grant {
        Grant::KeyValue { bucket } => grants.buckets.insert(bucket.clone()),
        Grant::Blob { container } => grants.containers.insert(container.clone()),
        Grant::Topic { topic } => grants.topics.insert(topic.clone()),
        Grant::HttpOut { authority } => grants.http_out.insert(authority.parse().map_err(malformed)?),
        Grant::Net { address } => grants.net.insert(address.parse().map_err(malformed)?),
        Grant::Logging => grants.logging = true,
        Grant::Env { name, value } => {
            let value = value.clone().or_else(|| std::env::var(name).ok());
            grants.env.extend(value.map(|value| (name.clone(), value)));
        }
        Grant::Config { key, value } => {
            grants.config_keys.insert(key.clone());
            grants.config.extend(value.clone().map(|value| (key.clone(), value)));
        }
        Grant::Dir { host, guest, readonly } => {
            let path = project.root.join(host);
            let real = path.canonicalize().map_err(|error| no_folder(host, &error))?;
            if !real.starts_with(&project.root) {
                let message = format!("the granted folder `{}` leads out of the project", host.display());
                return Err(Problem::error("grants::folder-outside", message)
                    .because(format!("it is a link to `{}`", real.display())));
            }
            let access = if *readonly { Access::ReadOnly } else { Access::ReadWrite };
            grants.dirs.push(Dir::new(&real, guest.as_deref(), access));
        }
    }
    Ok(grants)
}

fn no_folder(folder: &Path, error: &std::io::Error) -> Problem {
    Problem::error("grants::no-folder", format!("the granted folder `{}` cannot be used", folder.display()))
        .because(error.to_string())
        .help("make it, or grant another")
}

fn config(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("`KEY=VALUE` is wanted".to_owned()),
    }
}

fn dir(text: &str) -> Result<DirArg, String> {
    let (text, access) = match text.strip_suffix(":ro") {
        Some(text) => (text, Access::ReadOnly),
        None => (text, Access::ReadWrite),
    };
    let (host, guest) = match text.split_once("::") {
        Some((host, guest)) => (host, Some(guest)),
        None => (text, None),
    };
    match (host, guest) {
        ("", _) => Err("a folder is missing".to_owned()),
        (_, Some(guest)) if !guest.starts_with('/') => Err("the guest's path must be absolute".to_owned()),
        _ => Ok(DirArg { host: host.into(), guest: guest.map(str::to_owned), access }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_said_in_three_parts() {
        let all = |text| dir(text).map(|it| (it.host.display().to_string(), it.guest, it.access));
        let said = |host: &str, guest: Option<&str>, access| Ok((host.to_owned(), guest.map(str::to_owned), access));
        assert_eq!(all("data"), said("data", None, Access::ReadWrite));
        assert_eq!(all("data:ro"), said("data", None, Access::ReadOnly));
        assert_eq!(all("./data::/in:ro"), said("./data", Some("/in"), Access::ReadOnly));
        assert!(dir("").is_err() && dir("::/x").is_err() && dir("a::b").is_err());
    }

    #[test]
    fn a_project_grants_what_its_parts_name_and_flags_narrow_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("go")).unwrap();
        std::fs::write(folder.path().join("go/go.mod"), "module x").unwrap();
        let text = "[app]\nname = \"a:b\"\n[components.go]\nsource = \"go\"\ngrants = [\"visits\", \"logging\", \"mode\"]\n\
            [grants]\nvisits = { kv = \"visits\" }\nunused = { kv = \"secret\" }\nmode = { env = \"MODE\", value = \"x\" }\n";
        std::fs::write(folder.path().join("mosaic.toml"), text).unwrap();
        let project = Project::load(&folder.path().join("mosaic.toml"), None).unwrap();

        let grants = GrantArgs::default().narrowing(&project, &Section::default()).unwrap();
        assert!(grants.buckets.allows(&"visits".to_owned()) && !grants.buckets.allows(&"secret".to_owned()));
        assert!(grants.logging && grants.dirs.is_empty() && grants.net.is_closed());
        assert_eq!(grants.env["MODE"], "x");

        let flags = GrantArgs { kv: vec!["secret".into()], ..GrantArgs::default() };
        let failure = flags.narrowing(&project, &Section::default()).unwrap_err();
        assert_eq!(failure.0[0].causes, ["not granted: kv = \"secret\""]);
    }
}
