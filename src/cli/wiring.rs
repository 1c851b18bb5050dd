//! Component files and their wiring, as `compose` and `plan` take them from the command line.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use indexmap::IndexMap;
use mosaic::{
    compose::{self, Given, PartBytes},
    diagnostic::{Problem, SourceFile},
    manifest,
    plan::{
        self, Unused,
        graph::{Rest, Said, Wire, Wiring, Wrap},
        holdings::Hosts,
    },
};

use super::Failure;

/// Component files, and how they are to be wired.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("given").args(["files", "wac"]).multiple(true))]
pub struct WiringArgs {
    /// Component files, binary or text; each part is named after its file, or as said: `one=log.wasm two=log.wasm` is
    /// two instances of one component
    #[arg(value_name = "[NAME=]FILE")]
    pub files: Vec<FileArg>,
    /// Which part provides what a part imports, where several could; `PART/EXPORT` where that one has several
    #[arg(long, value_name = "PART/INTERFACE=PART", requires = "files")]
    wire: Vec<PortArg>,
    /// Parts to put in front of what a part exports, the first called first; each imports and exports the interface
    #[arg(long, value_name = "PART/INTERFACE=PART[,PART]", requires = "files")]
    wrap: Vec<PortArg>,
    /// What to export: PART or PART/INTERFACE
    #[arg(long, value_name = "PART[/INTERFACE]", requires = "files")]
    export: Vec<String>,
    /// An interface outside `wasi:` that is left to the host on purpose
    #[arg(long, value_name = "INTERFACE", requires = "files")]
    open: Vec<String>,
    /// A .wac file that says all of the wiring; `new acme:auth` in it is the file called `auth`, else
    /// `acme/auth.wasm` (or `.wat`) in --deps-dir
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wire", "wrap", "export", "open"])]
    wac: Option<PathBuf>,
    /// Where components are that a .wac file names and no file is given for
    #[arg(long, value_name = "FOLDER", default_value = "deps", requires = "wac")]
    deps_dir: PathBuf,
    /// Parts that nothing needs are no error
    #[arg(long)]
    allow_unused: bool,
    /// Any host is to run it, not Mosaic's own alone: parts that are granted different things of one interface are an
    /// error rather than kept apart
    #[arg(long)]
    any_host: bool,
}

/// `[name=]path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileArg {
    name: Option<String>,
    path: PathBuf,
}

/// `part/interface=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PortArg {
    part: String,
    interface: String,
    value: String,
}

impl WiringArgs {
    /// The parts that files are, and the wiring that is said of them.
    pub fn parts(&self) -> Result<(IndexMap<String, PartBytes>, Wiring), Failure> {
        let mut named = self.named();
        let Some(path) = &self.wac else { return Ok((compose::given(&named)?, self.wiring())) };
        let unreadable = |why: String| {
            Failure::of(Problem::error("wac::unreadable", format!("could not read `{}`", path.display())).because(why))
        };
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
        named.extend(self.found(&text, &named));
        let files = compose::given(&named)?;
        let unused = self.options(plan::Options::default()).unused;
        Ok(compose::instantiated(&files, &Arc::new(SourceFile { name, text }), unused)?)
    }

    /// The files that are the parts, and their wiring; `None` where a .wac file says what they are.
    pub fn given(&self) -> Option<(Vec<Given>, Wiring)> {
        self.wac.is_none().then(|| (self.named(), self.wiring()))
    }

    /// The components in the folder of dependencies that a .wac text names and that are not given. As `wac` has it, one
    /// of `acme:auth` is there as `acme/auth.wasm`, and of `acme:auth@1.0.0` as `acme/auth/1.0.0.wasm`. What is not there either is told where it is named.
    fn found(&self, text: &str, given: &[Given]) -> Vec<Given> {
        let is_given = |name: &str| given.iter().any(|given| given.called() == name);
        let mut found = Vec::new();
        for package in plan::wac::packages(text) {
            let unversioned = package.split_once('@').map_or(package.as_str(), |(name, _)| name);
            let Some((_, name)) = unversioned.rsplit_once(':').filter(|(_, name)| !is_given(name)) else { continue };
            let place = package.replace([':', '@'], "/");
            let files = ["wasm", "wat"].map(|ending| self.deps_dir.join(format!("{place}.{ending}")));
            let path = files.into_iter().find(|file| file.is_file());
            found.extend(path.map(|path| Given { name: Some(name.to_owned()), path, language: None }));
        }
        found
    }

    /// Whether it is files that are to be composed, and not a project.
    pub fn is_of_files(&self) -> bool {
        !self.files.is_empty() || self.wac.is_some()
    }

    fn named(&self) -> Vec<Given> {
        let given = |FileArg { name, path }: &FileArg| Given { name: name.clone(), path: path.clone(), language: None };
        self.files.iter().map(given).collect()
    }

    /// What the flags say of files.
    fn wiring(&self) -> Wiring {
        let key = |arg: &PortArg| (arg.part.clone(), arg.interface.clone());
        let wire = self.wire.iter().map(|arg| (key(arg), Wire { key_at: None, to: Said::plain(&arg.value) }));
        let wrap = self
            .wrap
            .iter()
            .map(|arg| (key(arg), Wrap { key_at: None, by: arg.value.split(',').map(Said::plain).collect() }));
        Wiring {
            source: None,
            exports: (!self.export.is_empty()).then(|| self.export.iter().map(Said::plain).collect()),
            wire: wire.collect(),
            wrap: wrap.collect(),
            rest: Rest::Planned,
            open: self.open.iter().map(Said::plain).collect(),
        }
    }

    /// The same for the planner, which starts from what the manifest says.
    pub fn options(&self, options: plan::Options) -> plan::Options {
        plan::Options {
            unused: if self.allow_unused { Unused::Allow } else { options.unused },
            hosts: if self.any_host { Hosts::Any } else { options.hosts },
            ..options
        }
    }
}

impl FromStr for FileArg {
    type Err = String;

    fn from_str(text: &str) -> Result<FileArg, String> {
        match text.split_once('=') {
            // `./a=b.wasm` is a file of that name.
            Some((name, path)) if !name.contains(['/', '\\', '.']) => match manifest::is_kebab(name) {
                true if !path.is_empty() => Ok(FileArg { name: Some(name.to_owned()), path: path.into() }),
                true => Err("a file is missing".to_owned()),
                false => Err(format!("`{name}` is no name of a part: words of lower case with `-` between them")),
            },
            _ => Ok(FileArg { name: None, path: text.into() }),
        }
    }
}

impl FromStr for PortArg {
    type Err = String;

    fn from_str(text: &str) -> Result<PortArg, String> {
        let parts = text.split_once('=').and_then(|(key, to)| Some((key.split_once('/')?, to)));
        match parts {
            Some(((part, interface), value))
                if ![part, interface].contains(&"") && !value.split(',').any(str::is_empty) =>
            {
                Ok(PortArg { part: part.into(), interface: interface.into(), value: value.into() })
            }
            _ => Err("expected PART/INTERFACE=PART, e.g. gateway/acme:shop/auth=auth".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_has_three_words() {
        let wire: PortArg = "gateway/acme:shop/auth@0.1.0=auth".parse().unwrap();
        assert_eq!(
            (wire.part.as_str(), wire.interface.as_str(), wire.value.as_str()),
            ("gateway", "acme:shop/auth@0.1.0", "auth")
        );
        for bad in ["", "a", "a=b", "a/b", "/b=c", "a/=c", "a/b=", "a/b=c,"] {
            assert!(bad.parse::<PortArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_may_have_a_name_of_its_own() {
        let parsed = |text: &str| text.parse::<FileArg>().map(|file| (file.name, file.path.display().to_string()));
        assert_eq!(parsed("log.wasm"), Ok((None, "log.wasm".to_owned())));
        assert_eq!(parsed("one=x/log.wasm"), Ok((Some("one".to_owned()), "x/log.wasm".to_owned())));
        assert_eq!(parsed("./one=log.wasm"), Ok((None, "./one=log.wasm".to_owned())));
        assert!(parsed("One=log.wasm").is_err() && parsed("=log.wasm").is_err() && parsed("one=").is_err());
    }
}
