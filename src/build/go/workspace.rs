//! The workspace a build runs in, outside the sources: `go.work`, and a vendor folder beside it if the user has one.
//!
//! A workspace joins the user's module with the one written beside it. If the user's `go.mod` names that one too (so that
//! editors find the bindings: `replace mosaic.local/auth => ./.mosaic/bindings`), the workspace's word is the last.
//! Go ignores the vendor folders of modules in a workspace, and reads one beside `go.work` instead: it is made of links
//! into the user's.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Component, Path, PathBuf},
};

use super::{error::Error, generate::Texts, sources, support, tree};

/// A module written beside the user's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside<'a> {
    /// Its path, e.g. `mosaic.local/auth`.
    pub name: &'a str,
    pub texts: &'a Texts,
}

/// Writes module and workspace below `work`, and gives the path of `go.work`.
pub(super) fn write(work: &Path, source: &Path, beside: Beside<'_>) -> Result<PathBuf, Error> {
    let module = work.join("module");
    tree::write(&module, beside.texts)?;
    // A folder without `go.mod` gets one by overlay.
    let go = sources::module_file(source).ok().and_then(|module| module.go);
    let go = go.filter(|go| newer(go, support::GO)).unwrap_or_else(|| support::GO.to_owned());
    let version = required(source, beside.name).unwrap_or_else(|| "v0.0.0".to_owned());
    let text = format!(
        "go {go}\n\nuse (\n\t{module}\n\t{}\n)\n\nreplace {} {version} => {module}\n",
        quoted(source),
        beside.name,
        module = quoted(&module),
    );
    let workspace = work.join("go.work");
    tree::write_changed(&workspace, text.as_bytes())?;
    vendor(work, source, beside.name, &version, &module)?;
    Ok(workspace)
}

/// Makes `<work>/vendor` of the user's, or takes it away.
fn vendor(work: &Path, source: &Path, name: &str, version: &str, module: &Path) -> Result<(), Error> {
    let (theirs, ours) = (source.join("vendor"), work.join("vendor"));
    let file = |path: &Path, action| {
        let path = path.to_owned();
        move |source: io::Error| Error::File { path, action, source }
    };
    match fs::remove_dir_all(&ours) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(file(&ours, "removed")(error)),
        _ => {}
    }
    let list = theirs.join("modules.txt");
    let Ok(modules) = fs::read_to_string(&list) else { return Ok(()) };
    let listed = modules_of_workspace(&modules, (name, version, module), source, work);
    tree::write_changed(&ours.join("modules.txt"), listed.as_bytes())?;
    for entry in fs::read_dir(&theirs).map_err(file(&theirs, "read"))?.flatten() {
        if entry.path().is_dir() {
            let link = ours.join(entry.file_name());
            symlink(entry.path(), &link).map_err(file(&link, "written"))?;
        }
    }
    Ok(())
}

/// The `modules.txt` of the module in `source` as Go expects it beside the `go.work` in `work`: marked as a workspace's,
/// folders told from there, and one module (name, version) replaced by a folder.
fn modules_of_workspace(modules: &str, module: (&str, &str, &Path), source: &Path, work: &Path) -> String {
    let (name, version, folder) = module;
    let mut text = String::from("## workspace\n");
    let mut ours = false;
    for line in modules.lines() {
        if let Some(module) = line.strip_prefix("# ") {
            ours = module.split_whitespace().next() == Some(name);
        }
        match line.split_once(" => ") {
            _ if ours => {}
            Some((replaced, by)) if line.starts_with("# ") && by.starts_with('.') => {
                text.push_str(&format!("{replaced} => {}\n", relative(work, &source.join(by))));
            }
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    text.push_str(&format!("# {name} {version} => {}\n## explicit; go {}\n", folder.display(), support::GO));
    text
}

/// The way from one absolute folder to another, as Go writes it: by names alone, beginning with `./` or `../`.
fn relative(from: &Path, to: &Path) -> String {
    let names = |path: &Path| {
        path.components().fold(Vec::new(), |mut names, component| {
            match component {
                Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
                Component::ParentDir => drop(names.pop()),
                Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
            }
            names
        })
    };
    let (from, to) = (names(from), names(to));
    let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let up = vec!["..".to_owned(); from.len() - shared];
    let way = [up, to[shared..].to_vec()].concat().join("/");
    if way.starts_with("..") { way } else { format!("./{way}") }
}

/// The version of a module that the user's `go.mod` asks for.
fn required(source: &Path, module: &str) -> Option<String> {
    let text = fs::read_to_string(source.join("go.mod")).ok()?;
    text.lines().find_map(|line| {
        let mut words = line.split("//").next()?.split_whitespace().skip_while(|word| *word != module);
        words.next()?;
        words.next().filter(|word| word.starts_with('v')).map(str::to_owned)
    })
}

/// Whether one version of Go's language is later than another.
fn newer(a: &str, b: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        version.split('.').map(|part| digits(part).parse().unwrap_or(0)).collect()
    };
    numbers(a) > numbers(b)
}

/// A path as a Go file of directives reads it back.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_compare_by_number() {
        assert!(newer("1.26.3", "1.25"));
        assert!(newer("1.100", "1.26"));
        assert!(!newer("1.25", "1.25"));
        assert!(!newer("1.9", "1.25"));
        assert!(newer("1.26rc1", "1.25"));
    }

    #[test]
    fn a_vendored_list_becomes_a_workspaces() {
        let theirs = "# example.com/dep v1.2.0 => ../dep\n## explicit; go 1.26\nexample.com/dep\n\
            # mosaic.local/greet v0.0.0 => ./.mosaic/bindings\n## explicit; go 1.25\nmosaic.local/greet/wit\n\
            # mosaic.local/greet => ./.mosaic/bindings\n";
        let module = ("mosaic.local/greet", "v0.0.0", Path::new("/app/target/module"));
        assert_eq!(
            modules_of_workspace(theirs, module, Path::new("/app/greet"), Path::new("/app/target")),
            "## workspace\n# example.com/dep v1.2.0 => ../dep\n## explicit; go 1.26\nexample.com/dep\n\
             # mosaic.local/greet v0.0.0 => /app/target/module\n## explicit; go 1.25\n"
        );
    }
}
