//! What the user has written, as far as it can be told without a compiler: the module, its packages, and the names
//! they declare at their outermost level.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use wit_parser::WorldKey;

use super::{error::Error, names, world::World};

/// How a component's sources are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The generator's: module `wit_component`, implementations in packages `export_<namespace>_<package>_<interface>`.
    Standalone,
    /// A module of any name with ordinary packages and functions.
    Ordinary,
}

/// The layout of a source folder: the generator's if its `go.mod` or a folder says so.
pub(super) fn layout(source: &Path) -> Layout {
    let named = module_file(source).is_ok_and(|module| module.name == "wit_component");
    let foldered =
        std::fs::read_dir(source).into_iter().flatten().flatten().any(|entry| {
            entry.file_name().to_string_lossy().starts_with("export_") && !go_files(&entry.path()).is_empty()
        });
    if named || foldered { Layout::Standalone } else { Layout::Ordinary }
}

/// The part of a `go.mod` that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub name: String,
    /// Its `go` line, e.g. `1.26.3`.
    pub go: Option<String>,
}

/// Reads `<source>/go.mod`.
pub(super) fn module_file(source: &Path) -> Result<Module, Error> {
    let file = source.join("go.mod");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let component = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(Error::NoModule { folder: source.to_owned(), component });
        }
        Err(source) => return Err(Error::File { path: file, action: "read", source }),
    };
    let word = |directive: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split("//").next()?.split_whitespace();
            (words.next()? == directive).then(|| words.next().map(|word| word.trim_matches(['"', '`']).to_owned()))?
        })
    };
    match word("module") {
        Some(name) => Ok(Module { name, go: word("go") }),
        None => Err(Error::NamelessModule { file }),
    }
}

/// Folders outside `source` that its `go.mod` puts in the place of modules.
pub(super) fn replacements(source: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(source.join("go.mod")).unwrap_or_default();
    let folder = |line: &str| {
        let (_, by) = line.split("//").next()?.split_once("=>")?;
        let by = by.split_whitespace().next()?.trim_matches(['"', '`']);
        (by.starts_with("../") || by.starts_with('/')).then(|| source.join(by))
    };
    text.lines().filter_map(folder).collect()
}

/// A package of the user's that implements an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Implementation {
    /// What to import: `example.com/shop/auth`.
    pub path: String,
    /// Its package clause.
    pub name: String,
    /// Absolute.
    pub folder: PathBuf,
    /// Functions, types, variables and constants at the outermost level.
    pub declared: Declared,
}

impl Implementation {
    /// How the user knows it: "package `auth` (folder `auth`)".
    pub fn shown(&self, source: &Path) -> String {
        match self.folder.strip_prefix(source) {
            Ok(folder) if !folder.as_os_str().is_empty() => {
                format!("package `{}` (folder `{}`)", self.name, folder.display())
            }
            _ => format!("package `{}`", self.name),
        }
    }
}

/// Finds what implements an interface: the folder named like it (`incominghandler`, `incoming_handler` or
/// `incoming-handler`), else the module's root package.
pub(super) fn implementation(
    world: &World,
    key: Option<&WorldKey>,
    label: &str,
    source: &Path,
    signatures: impl FnOnce() -> Vec<String>,
) -> Result<Implementation, Error> {
    let module = module_file(source)?;
    let name = match key {
        None => world.resolve.worlds[world.id].name.clone(),
        Some(WorldKey::Name(name)) => name.clone(),
        Some(WorldKey::Interface(id)) => world.resolve.interfaces[*id].name.clone().unwrap_or_default(),
    };
    let element = names::element(&name);
    let candidates = [element.clone(), name.replace('-', "_"), name.clone()];
    let found = candidates.iter().find(|folder| !go_files(&source.join(folder)).is_empty());
    let (folder, path) = match found {
        Some(folder) => (source.join(folder), format!("{}/{folder}", module.name)),
        None => (source.to_owned(), module.name),
    };
    if go_files(&folder).is_empty() {
        let interface = label.to_owned();
        return Err(Error::NoPackage { folder, interface, element, signatures: signatures() });
    }
    let Outline { package, declared } = read(&folder)?;
    let name = package.unwrap_or_default();
    if name == "main" {
        return Err(Error::PackageMain { folder, interface: label.to_owned(), element });
    }
    Ok(Implementation { path, name, folder, declared })
}

/// What the package in a folder declares; nothing if there is none.
pub(super) fn declared(folder: &Path) -> Result<Declared, Error> {
    Ok(read(folder)?.declared)
}

/// The outlines of a package's files together.
fn read(folder: &Path) -> Result<Outline, Error> {
    let mut whole = Outline::default();
    for path in go_files(folder) {
        let text = std::fs::read_to_string(&path).map_err(|source| Error::File { path, action: "read", source })?;
        let outline = outline(&text);
        whole.declared.names.extend(outline.declared.names);
        whole.declared.is_unclear |= outline.declared.is_unclear;
        whole.package = outline.package.or(whole.package);
    }
    Ok(whole)
}

/// The Go files of one package, tests left out, in order.
fn go_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".go") && !name.ends_with("_test.go") && !name.starts_with(['_', '.'])
        })
        .collect();
    files.sort();
    files
}

/// The names that files declare at their outermost level.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    names: BTreeSet<String>,
    /// Brackets do not match, or a function has no name: a syntax error, of which the compiler speaks best.
    is_unclear: bool,
}

impl Declared {
    /// Whether a name is certainly not declared.
    pub fn lacks(&self, name: &str) -> bool {
        !self.is_unclear && !self.names.contains(name)
    }
}

/// What one file says at its outermost level.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outline {
    package: Option<String>,
    declared: Declared,
}

/// Reads the outermost level of a Go file. Nothing is judged here: whatever is no declaration is passed over, and what
/// build constraints may leave out counts as declared; the compiler has the last word.
fn outline(text: &str) -> Outline {
    let mut outline = Outline::default();
    let mut depth = 0_usize;
    // The keyword whose name comes next, and whether it opened a group in parentheses.
    let mut after: Option<&str> = None;
    let mut group: Option<(&str, usize)> = None;
    let words = words(text);
    for (index, word) in words.iter().enumerate() {
        match *word {
            "(" | "{" | "[" => {
                outline.declared.is_unclear |= *word == "{" && after == Some("func") && depth == 0;
                if *word == "(" && matches!(after, Some("var" | "const" | "type")) && depth == 0 {
                    group = after.map(|keyword| (keyword, depth + 1));
                }
                depth += 1;
            }
            ")" | "}" | "]" => {
                outline.declared.is_unclear |= depth == 0;
                depth = depth.saturating_sub(1);
                group = group.filter(|(_, level)| depth >= *level);
                // The receiver of a method has ended: its name is no declaration of the package.
                if after == Some("func") && depth == 0 && *word == ")" {
                    after = None;
                    continue;
                }
            }
            "package" | "func" | "type" | "var" | "const" if depth == 0 => {
                after = Some(word);
                continue;
            }
            "\n" => {
                let first = words.get(index + 1).copied().unwrap_or_default();
                if group.is_some_and(|(_, level)| level == depth) && is_name(first) {
                    outline.declared.names.insert(first.to_owned());
                }
                continue;
            }
            name if depth == 0 && is_name(name) => match after {
                Some("package") => outline.package = Some(name.to_owned()),
                Some("func" | "type" | "var" | "const") => {
                    outline.declared.names.insert(name.to_owned());
                }
                _ => {}
            },
            _ => {}
        }
        if !(after == Some("func") && depth > 0) {
            after = None;
        }
    }
    outline.declared.is_unclear |= depth > 0;
    outline
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, single signs and ends of lines; comments and literals left out.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => skip("*/", 2),
            '`' => skip("`", 1),
            '"' | '\'' => quoted(rest, first),
            _ if first.is_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                words.push(&rest[..end]);
                end
            }
            _ => {
                if first == '\n' || !first.is_whitespace() {
                    words.push(&rest[..first.len_utf8()]);
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    words
}

/// The length of an interpreted string or a rune, its quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_of_a_file_holds_what_its_package_declares_and_no_more() {
        let text = r#"
// package wrong
package auth /* func Hidden() {} */

import "fmt"

var text = "func Quoted() {}" + `
func Raw() {}
`

const (
	One = iota
	Two
)

type (
	Small struct{ field func() }
	Large interface {
		Inner()
	}
)

type Generic[T any] struct{}

func Check(token string) (Claims, error) {
	var local = func() {}
	return Claims{}, nil
}

func (c *Claims) Method() {}

func Apply[T any](f func(T) T) { type inside struct{} }
"#;
        let outline = outline(text);
        assert_eq!(outline.package.as_deref(), Some("auth"));
        let declared: Vec<_> = outline.declared.names.iter().map(String::as_str).collect();
        assert_eq!(declared, ["Apply", "Check", "Generic", "Large", "One", "Small", "Two", "text"]);
    }

    #[test]
    fn folders_in_the_place_of_modules_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let text = "module m\n\nreplace a.b/c => ../c // why\nreplace (\n\td.e/f v1.0.0 => /g\n\th.i/j => k.l/m v2.0.0\n\
            \tmosaic.local/m => ./.mosaic/bindings\n)\n";
        std::fs::write(folder.path().join("go.mod"), text).unwrap();
        assert_eq!(replacements(folder.path()), [folder.path().join("../c"), PathBuf::from("/g")]);
    }

    #[test]
    fn a_rune_of_a_quote_does_not_begin_a_string() {
        let outline = outline("package p\nvar q = '\"'\nfunc F() { _ = '\\'' }\nfunc G() {}\n");
        assert_eq!(outline.declared.names.into_iter().collect::<Vec<_>>(), ["F", "G", "q"]);
    }
}
