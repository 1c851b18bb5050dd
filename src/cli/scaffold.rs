//! What `new`, `init` and `add` write: files made from the templates in `scaffolds/`.
//!
//! A template is text with `{{words}}`. All files are made in memory first; writing refuses to touch a file that is
//! there, before anything is written.

use std::path::{Path, PathBuf};

use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};
use mosaic::{cache, diagnostic::Problem, language::Language};
use toml_edit::{DocumentMut, Item, Table, value};

use super::{init::AppName, options::Lang};

/// A file to be written, relative to the app's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    pub text: String,
}

macro_rules! templates {
    ($($path:literal = $template:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../scaffolds/", $template)))),*]
    };
}

type Templates = &'static [(&'static str, &'static str)];

const APP: Templates = templates! {
    ".gitignore" = "app/gitignore",
    "README.md" = "app/README.md",
};

const PACKAGE: Templates = templates! { "wit/package.wit" = "app/wit/package.wit" };

const SMOKE: Templates = templates! { "tests/smoke.sh" = "app/tests/smoke.sh" };

const MANIFEST: &str = include_str!("../../scaffolds/app/mosaic.toml");

// Cargo leaves folders with a Cargo.toml out of packages, and Go those with a go.mod: hence `.in`.
const GATEWAY: Templates = templates! {
    "wit/{{name}}.wit" = "gateway/gateway.wit",
    "{{name}}/Cargo.toml" = "rust/Cargo.toml.in",
    "{{name}}/src/lib.rs" = "gateway/src/lib.rs",
};

const LIBRARY: Templates = templates! { "wit/{{name}}.wit" = "library.wit" };

const RUST: Templates = templates! {
    "{{name}}/Cargo.toml" = "rust/Cargo.toml.in",
    "{{name}}/src/lib.rs" = "rust/src/lib.rs",
};

const GO: Templates = templates! {
    "{{name}}/go.mod" = "go/go.mod.in",
    "{{name}}/{{flat}}api/api.go" = "go/api.go",
    "{{name}}/{{flat}}api/api_test.go" = "go/api_test.go",
};

const PYTHON: Templates = templates! {
    "{{name}}/pyproject.toml" = "python/pyproject.toml",
    "{{name}}/app.py" = "python/app.py",
    "{{name}}/test_app.py" = "python/test_app.py",
};

const JAVASCRIPT: Templates = templates! {
    "{{name}}/package.json" = "javascript/package.json",
    "{{name}}/app.js" = "javascript/app.js",
    "{{name}}/app.test.js" = "javascript/app.test.js",
};

/// The name of the part that answers HTTP.
const GATEWAY_NAME: &str = "gateway";

/// What a new part is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Offers an interface of its own to other parts.
    Library,
    /// Answers HTTP (in Rust), asking these library parts.
    Http { asks: Vec<String> },
}

/// All files of a new app: a gateway and a library part in each language, or no part at all.
pub fn app(app: &AppName, languages: &[Lang]) -> Vec<File> {
    let mut manifest: DocumentMut = filled(MANIFEST, &words(app, "")).parse().expect("the template is TOML");
    let mut files = [made(APP, &words(app, "")), package(app)].concat();
    let mut parts: Vec<String> = Vec::new();
    for lang in languages {
        let name = format!("hello-{}", Language::from(*lang));
        if !parts.contains(&name) {
            files.extend(part(app, &name, (*lang).into(), &Template::Library));
            parts.push(name);
        }
    }
    if !parts.is_empty() {
        let mut shown = words(app, "");
        let all = [GATEWAY_NAME.to_owned()].into_iter().chain(parts.iter().cloned());
        shown.push(("parts", all.map(|part| format!(" {part}")).collect()));
        files.extend(made(SMOKE, &shown));
        files.extend(part(app, GATEWAY_NAME, Language::Rust, &Template::Http { asks: parts.clone() }));
        for name in [GATEWAY_NAME].into_iter().chain(parts.iter().map(String::as_str)) {
            enter(&mut manifest, name);
        }
    }
    files.push(File { path: mosaic::manifest::FILE_NAME.into(), text: manifest.to_string() });
    files
}

/// The file that names the WIT package, for a project that has no WIT yet.
pub fn package(app: &AppName) -> Vec<File> {
    made(PACKAGE, &words(app, ""))
}

/// The files of one part.
pub fn part(app: &AppName, name: &str, language: Language, template: &Template) -> Vec<File> {
    let mut words = words(app, name);
    match template {
        Template::Library => {
            let sources = match language {
                Language::Rust => RUST,
                Language::Go => GO,
                Language::Python => PYTHON,
                Language::JavaScript => JAVASCRIPT,
                Language::Command => &[],
            };
            [made(LIBRARY, &words), made(sources, &words)].concat()
        }
        Template::Http { asks } => {
            let each = |line: &dyn Fn(&str, &str) -> String| -> String {
                asks.iter().map(|part| line(part, &part.to_snake_case())).collect()
            };
            let package = format!("bindings::{}::{}", app.namespace.to_snake_case(), app.name.to_snake_case());
            words.push(("imports", each(&|part, _| format!("    import {part}-api;\n"))));
            words.push(("uses", each(&|_, snake| format!("use {package}::{snake}_api;\n"))));
            words.push(("greetings", each(&|_, snake| format!("        {snake}_api::greet(name),\n"))));
            made(GATEWAY, &words)
        }
    }
}

/// Adds `[components.<name>]` to a manifest, below those that are there; everything else stays as it is written.
pub fn enter(manifest: &mut DocumentMut, name: &str) {
    let components = manifest.entry("components").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let mut component = Table::new();
    component.insert("source", value(name));
    component.decor_mut().set_prefix("\n");
    if let Some(components) = components.as_table_like_mut() {
        components.insert(name, Item::Table(component));
    }
}

/// Writes all of the files, or none where one of them is there already.
pub fn write(root: &Path, files: &[File]) -> Result<(), Vec<Problem>> {
    let there: Vec<Problem> = files
        .iter()
        .filter(|file| root.join(&file.path).symlink_metadata().is_ok())
        .map(|file| Problem::error("new::exists", format!("`{}` is there already", file.path.display())))
        .collect();
    if !there.is_empty() {
        return Err(there);
    }
    for file in files {
        cache::write_whole(&root.join(&file.path), file.text.as_bytes()).map_err(|error| {
            let message = format!("could not write `{}`", file.path.display());
            vec![Problem::error("new::unwritable", message).because(error.to_string())]
        })?;
    }
    Ok(())
}

type Words = Vec<(&'static str, String)>;

fn words(app: &AppName, name: &str) -> Words {
    vec![
        ("namespace", app.namespace.clone()),
        ("namespace_snake", app.namespace.to_snake_case()),
        ("app", app.name.clone()),
        ("app_snake", app.name.to_snake_case()),
        ("name", name.to_owned()),
        ("snake", name.to_snake_case()),
        ("camel", name.to_upper_camel_case()),
        ("lower", name.to_lower_camel_case()),
        ("flat", name.replace('-', "")),
    ]
}

fn made(templates: Templates, words: &Words) -> Vec<File> {
    templates.iter().map(|(path, text)| File { path: filled(path, words).into(), text: filled(text, words) }).collect()
}

fn filled(template: &str, words: &Words) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(&format!("{{{{{word}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> AppName {
        AppName { namespace: "acme".into(), name: "web-shop".into() }
    }

    #[test]
    fn nothing_is_left_to_fill() {
        let languages = [Lang::Rust, Lang::Go, Lang::Python, Lang::Javascript];
        let files = app(&shop(), &languages);
        for file in &files {
            assert!(!file.text.contains("{{"), "{}:\n{}", file.path.display(), file.text);
            assert!(!file.path.to_string_lossy().contains('{'), "{}", file.path.display());
        }
        let paths: std::collections::BTreeSet<_> = files.iter().map(|file| &file.path).collect();
        assert_eq!(paths.len(), files.len());
    }

    #[test]
    fn the_manifest_made_is_one_that_is_read() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &app(&shop(), &[Lang::Rust, Lang::Python])).unwrap();
        let project = mosaic::project::Project::load(&folder.path().join("mosaic.toml"), None).unwrap();
        let names: Vec<_> = project.manifest.components.keys().collect();
        assert_eq!(names, ["gateway", "hello-rust", "hello-python"]);
        // A second time, nothing is touched.
        let problems = write(folder.path(), &app(&shop(), &[])).unwrap_err();
        assert!(problems.len() >= 4, "{problems:?}");
    }

    #[test]
    fn comments_and_order_survive_an_addition() {
        let text = "# mine\n[app]\nname = \"a:b\" # here\n\n[components.one]\nsource = \"one\"\n\n[grants]\nx = { kv = \"x\" }\n";
        let mut manifest: DocumentMut = text.parse().unwrap();
        enter(&mut manifest, "two");
        let expected = "# mine\n[app]\nname = \"a:b\" # here\n\n[components.one]\nsource = \"one\"\n\n[components.two]\nsource = \"two\"\n\n[grants]\nx = { kv = \"x\" }\n";
        assert_eq!(manifest.to_string(), expected);
    }
}
