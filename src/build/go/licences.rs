//! The licences of the modules in a program, as the texts say that lie with their sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::packages::{Package, Role, go, licence};

/// Names of files that hold a licence.
const FILES: [&str; 6] = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "UNLICENSE"];
/// A longer text is not read.
const LONGEST: u64 = 1 << 20;

/// The modules whose licence is known. `source`: the component's own folder; `cache`: where Go keeps modules.
pub(super) fn licences(core: &[u8], source: &Path, cache: Option<&Path>) -> Vec<Package> {
    let modules = go::packages(core).into_iter().filter(|package| package.role == Role::Dependency);
    let known = modules.filter_map(|package| {
        let vendored = source.join("vendor").join(&package.name);
        let cached = cache.zip(package.version.as_deref());
        let cached = cached.map(|(cache, version)| cache.join(folder(&package.name, version)));
        let licence = [Some(vendored), cached].into_iter().flatten().find_map(|folder| of_folder(&folder))?;
        Some(Package { licence: Some(licence), ..package })
    });
    known.collect()
}

/// Where Go keeps a module: a capital letter is `!` and the small one.
fn folder(module: &str, version: &str) -> PathBuf {
    let escaped = |text: &str| {
        text.chars().fold(String::new(), |mut out, c| {
            if c.is_ascii_uppercase() {
                out.push('!');
            }
            out.push(c.to_ascii_lowercase());
            out
        })
    };
    PathBuf::from(format!("{}@{}", escaped(module), escaped(version)))
}

fn of_folder(folder: &Path) -> Option<String> {
    FILES.iter().find_map(|name| {
        let file = folder.join(name);
        let text =
            fs::metadata(&file).ok().filter(|it| it.is_file() && it.len() <= LONGEST).and(fs::read(&file).ok())?;
        licence::of_text(&String::from_utf8_lossy(&text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_beside_sources_tell() {
        let root = tempfile::tempdir().unwrap();
        let (source, cache) = (root.path().join("source"), root.path().join("cache"));
        let write = |folder: PathBuf, name: &str, text: &str| {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), text).unwrap();
        };
        write(cache.join("github.com/!burnt!sushi/toml@v1.0.0"), "COPYING", "SPDX-License-Identifier: MIT");
        write(source.join("vendor/golang.org/x/text"), "LICENSE", "Apache License, Version 2.0");
        write(cache.join("example.com/odd@v1.0.0"), "LICENSE", "ask me");
        let lines = "mod\tshop\t(devel)\t\ndep\tgithub.com/BurntSushi/toml\tv1.0.0\th1:a=\n\
                     dep\tgolang.org/x/text\tv0.3.0\th1:b=\ndep\texample.com/odd\tv1.0.0\th1:c=\n";
        let known = licences(&go::marked(lines), &source, Some(&cache));
        let told: Vec<_> = known.iter().map(|it| (it.name.as_str(), it.licence.as_deref())).collect();
        assert_eq!(told, [("github.com/BurntSushi/toml", Some("MIT")), ("golang.org/x/text", Some("Apache-2.0"))]);
    }
}
