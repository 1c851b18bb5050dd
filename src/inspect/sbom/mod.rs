//! The bill of materials: which packages are inside, under the component that they are in.
//!
//! 1. [`read`] gathers what the binary itself tells of each node of its graph ([`crate::packages`]): nothing is asked of
//!    a registry or guessed from names.
//! 2. [`cyclonedx`] and [`spdx`] write it as documents.
//!
//! A package that no section names is not there: a bill is as complete as the sections are. Same binary, same document:
//! there is no clock and no random number in it; the serial number is made of the binary's digest.

mod cyclonedx;
mod read;
#[cfg(test)]
pub mod schema;
mod spdx;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::{cyclonedx::cyclonedx, read::read, spdx::spdx};
use crate::packages::Package;

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The file's own name.
    pub name: String,
    /// SHA-256 of the binary form, in hexadecimal.
    pub sha256: String,
    /// The file itself first, then components inside that are known to hold packages.
    pub parts: Vec<Part>,
}

/// A component and what is directly in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Names from the outermost inwards, `shop/auth`; empty for the file itself.
    pub path: String,
    pub language: Option<String>,
    /// It is an engine with what it runs.
    is_whole: bool,
    /// By package URL.
    pub packages: BTreeMap<String, Package>,
    /// Package URLs: the first needs the second.
    pub needs: BTreeSet<(String, String)>,
}

impl Part {
    /// Adds a package, or what is told of one more than was known. Its package URL.
    fn add(&mut self, package: Package) -> String {
        let purl = package.purl();
        match self.packages.get_mut(&purl) {
            Some(known) => {
                known.role = known.role.min(package.role);
                known.licence = known.licence.take().or(package.licence);
            }
            None => {
                self.packages.insert(purl.clone(), package);
            }
        }
        purl
    }

    /// The packages that no other package is known to need.
    fn direct(&self) -> impl Iterator<Item = &str> {
        let needed: BTreeSet<&str> = self.needs.iter().map(|(_, needed)| needed.as_str()).collect();
        self.packages.keys().map(String::as_str).filter(move |purl| !needed.contains(purl))
    }

    /// The packages that a package needs.
    fn needed_by<'a>(&'a self, purl: &'a str) -> impl Iterator<Item = &'a str> {
        self.needs
            .range((purl.to_owned(), String::new())..)
            .take_while(move |(of, _)| of == purl)
            .map(|(_, it)| it.as_str())
    }
}
