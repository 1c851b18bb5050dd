//! The packages that went into a component, and how a binary carries the list of them.
//!
//! | where | who writes it | what it tells |
//! |---|---|---|
//! | custom section `mosaic:packages` ([`section`]) | `build` | any language's packages and its runtime |
//! | custom section `.dep-v0` ([`auditable`]) | `build` for Rust; cargo-auditable | crates, and which needs which |
//! | build information in the data of a Go module ([`go`]) | the Go linker | modules |
//!
//! `build` writes, `inspect` reads; both meet here. What is read comes from binaries that anybody may have made:
//! nothing is trusted, what is garbled is left out, and sizes are bounded.

pub mod auditable;
pub mod go;
pub mod licence;
pub mod section;

pub use licence::is_licence;
use serde::{Deserialize, Serialize};

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// As its registry has it: `serde`, `golang.org/x/text`, `@acme/shapes`.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Role::is_dependency")]
    pub role: Role,
    /// An SPDX expression, as the package itself says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Whose packages they are: the type of a package URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    Cargo,
    Golang,
    Pypi,
    Npm,
    /// Of no registry: a language's runtime.
    Generic,
}

/// What a package is to the component.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The component's own.
    Own,
    /// The engine, standard library or adapter that came with the language.
    Runtime,
    #[default]
    Dependency,
    /// Ran while it was built; nothing of it need be inside.
    Build,
}

impl Role {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde hands over")]
    fn is_dependency(&self) -> bool {
        *self == Role::Dependency
    }

    /// As in the section and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Role::Own => "own",
            Role::Runtime => "runtime",
            Role::Dependency => "dependency",
            Role::Build => "build",
        }
    }
}

impl Ecosystem {
    /// The type in a package URL.
    pub fn name(self) -> &'static str {
        match self {
            Ecosystem::Cargo => "cargo",
            Ecosystem::Golang => "golang",
            Ecosystem::Pypi => "pypi",
            Ecosystem::Npm => "npm",
            Ecosystem::Generic => "generic",
        }
    }
}

impl Package {
    /// A dependency of that version.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Package {
        let version = Some(version.into()).filter(|version: &String| !version.is_empty());
        Package { ecosystem, name: name.into(), version, role: Role::Dependency, licence: None }
    }

    /// The same as part of what the language brings.
    #[must_use]
    pub fn as_runtime(self) -> Package {
        Package { role: Role::Runtime, ..self }
    }

    /// Its package URL, `pkg:npm/%40acme/shapes@1.2.0`. Names are normalised as their type prescribes.
    pub fn purl(&self) -> String {
        let name = match self.ecosystem {
            Ecosystem::Pypi => self.name.to_lowercase().replace(['_', '.'], "-"),
            Ecosystem::Npm => self.name.to_lowercase(),
            _ => self.name.clone(),
        };
        let name = name.trim_matches('/').split('/').map(encoded).collect::<Vec<_>>().join("/");
        let version = self.version.as_deref().map(|version| format!("@{}", encoded(version))).unwrap_or_default();
        format!("pkg:{}/{name}{version}", self.ecosystem.name())
    }
}

/// Percent-encoded but for what a package URL leaves alone.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Each package once, in order. Where two lists tell of one package, what only one of them knows is kept.
pub fn merged(packages: impl IntoIterator<Item = Package>) -> Vec<Package> {
    let mut packages: Vec<Package> = packages.into_iter().collect();
    packages.sort();
    packages.dedup_by(|next, kept| {
        let same = (next.ecosystem, &next.name, &next.version) == (kept.ecosystem, &kept.name, &kept.version);
        if same {
            kept.role = kept.role.min(next.role);
            kept.licence = kept.licence.take().or_else(|| next.licence.take());
        }
        same
    });
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_those_of_their_types() {
        let purl = |ecosystem, name, version| Package::new(ecosystem, name, version).purl();
        assert_eq!(purl(Ecosystem::Npm, "@acme/Shapes", "1.2.0"), "pkg:npm/%40acme/shapes@1.2.0");
        assert_eq!(purl(Ecosystem::Pypi, "Typing_Extensions", "4.1"), "pkg:pypi/typing-extensions@4.1");
        assert_eq!(purl(Ecosystem::Golang, "golang.org/x/text", "v0.3.0"), "pkg:golang/golang.org/x/text@v0.3.0");
        assert_eq!(purl(Ecosystem::Cargo, "a b?#<", "1.0.0+x"), "pkg:cargo/a%20b%3F%23%3C@1.0.0%2Bx");
        assert_eq!(purl(Ecosystem::Generic, "cpython", ""), "pkg:generic/cpython");
    }

    #[test]
    fn one_package_is_told_once() {
        let serde = Package::new(Ecosystem::Cargo, "serde", "1.0.0");
        let licenced = Package { licence: Some("MIT".into()), role: Role::Build, ..serde.clone() };
        let other = Package::new(Ecosystem::Cargo, "serde", "2.0.0");
        let found = merged([other.clone(), licenced, serde.clone()]);
        assert_eq!(found, [Package { licence: Some("MIT".into()), ..serde }, other]);
    }
}
