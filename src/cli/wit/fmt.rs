//! `cargo mosaic wit fmt`: one layout for all WIT. Exit code 100 where `--check` finds another.

use std::{
    collections::HashMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use mosaic::{
    cache,
    diagnostic::{Diagnose, Problem, SourceFile},
    event::Event,
    resolve, wit,
};
use serde::Serialize;
use similar::TextDiff;

use super::{
    super::{
        Failure,
        exit::Exit,
        options::ProjectArgs,
        reporter::{Answer, Paint, Reporter, clean},
    },
    files,
};

/// Lay out WIT files in one way
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic wit fmt                   the WIT of this project
  cargo mosaic wit fmt --check           say what is laid out otherwise, and exit with 100
  cargo mosaic wit fmt wit/shop.wit lib  a file, and all *.wit files below a folder
  cargo mosaic wit fmt - < shop.wit      from standard input to standard output

Comments stay where they are, and no meaning changes. A file that is not WIT is left alone.
Below a folder, `deps`, `target`, `node_modules` and what a .gitignore names are passed over.")]
pub struct Args {
    /// Files and folders, `-` for standard input; else the project's own WIT
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing; print what would change, and exit with 100 if anything would
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return stream(&args, reporter);
    }
    let (paths, failures) = match args.paths.is_empty() {
        true => (files::of(&args.project.load()?)?, Vec::new()),
        false => files::named(&args.paths),
    };
    let mut formatted = Formatted { files: paths.len(), changed: Vec::new(), diff: String::new() };
    let mut problems = resolve::Error { failures }.problems();
    for path in &paths {
        match laid_out(path) {
            Ok((source, text)) if source.text == text => {}
            Ok((source, text)) => {
                formatted.changed.push(source.name.clone());
                match args.check {
                    true => formatted.diff += &diff(&source, &text),
                    false => match write(path, &text) {
                        Ok(()) => reporter.event(Event::Note { verb: "Formatted", text: &source.name }),
                        Err(problem) => problems.push(problem),
                    },
                }
            }
            Err(error) => problems.extend(error.problems()),
        }
    }
    reporter.answer(&formatted);
    match (problems.is_empty(), args.check && !formatted.changed.is_empty()) {
        (false, _) => Err(Failure(problems)),
        (true, true) => Ok(Exit::Wanting),
        (true, false) => Ok(Exit::Done),
    }
}

/// Standard input to standard output.
fn stream(args: &Args, reporter: &Reporter) -> Result<Exit, Failure> {
    if args.paths.len() > 1 {
        let message = "`-` cannot be formatted together with files";
        return Err(Failure::of(Problem::error("wit::stdin", message).help("format it by itself")));
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().read_to_end(&mut bytes).map_err(|error| error.to_string());
    let text = read.and_then(|_| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()));
    let text =
        text.map_err(|why| Failure::of(Problem::error("wit::stdin", "could not read standard input").because(why)))?;
    let source = Arc::new(SourceFile { name: "<stdin>".to_owned(), text });
    let text = wit::format(&source)?;
    match args.check {
        false => reporter.raw(text.as_bytes()),
        true if text == source.text => {}
        true => {
            let changed = vec![source.name.clone()];
            reporter.answer(&Formatted { files: 1, changed, diff: diff(&source, &text) });
            return Ok(Exit::Wanting);
        }
    }
    Ok(Exit::Done)
}

/// A file with its text as it should be.
fn laid_out(path: &Path) -> Result<(Arc<SourceFile>, String), resolve::Error> {
    let source = resolve::text(path)?;
    let text = wit::format(&source)?;
    Ok((source, text))
}

/// Replaces a file, at the end of its links, by one with the same permissions.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let written = path.canonicalize().and_then(|path| {
        let permissions = fs::metadata(&path)?.permissions();
        if permissions.readonly() {
            return Err(std::io::Error::other("it may only be read"));
        }
        cache::write_whole(&path, text.as_bytes())?;
        fs::set_permissions(&path, permissions)
    });
    written.map_err(|error| {
        Problem::error("wit::unwritable", format!("could not write `{}`", path.display())).because(error.to_string())
    })
}

/// Steps of a search for the shortest difference that are still taken at once.
const STEPS: usize = 50_000_000;

/// The difference as a patch.
fn diff(source: &SourceFile, text: &str) -> String {
    let (old, new) = (&source.name, format!("{} (formatted)", source.name));
    if !is_searchable(&source.text, text) {
        return replacement((old, &source.text), (&new, text));
    }
    TextDiff::from_lines(source.text.as_str(), text).unified_diff().context_radius(3).header(old, &new).to_string()
}

/// Whether the shortest difference is found in time. The search is as long as the texts, times the lines that differ: of
/// these are at least all that one side alone has.
fn is_searchable(old: &str, new: &str) -> bool {
    let mut counts: HashMap<&str, isize> = HashMap::new();
    old.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    new.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
    let differ: usize = counts.values().map(|count| count.unsigned_abs()).sum();
    (old.lines().count() + new.lines().count()).saturating_mul(differ) <= STEPS
}

/// The same where too much differs: everything between what both begin and end with.
fn replacement((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut text = format!("--- {old_name}\n+++ {new_name}\n");
    text += &format!("@@ -{},{} +{},{} @@\n", head + 1, old.len(), head + 1, new.len());
    old.iter().for_each(|line| text += &format!("-{line}\n"));
    new.iter().for_each(|line| text += &format!("+{line}\n"));
    text
}

/// What was looked at.
#[derive(Serialize)]
struct Formatted {
    files: usize,
    /// Those whose layout was another.
    changed: Vec<String>,
    /// What would change, under `--check`.
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

impl Answer for Formatted {
    const REASON: &'static str = "wit-fmt";

    fn text(&self, paint: Paint) -> String {
        let colored = |line: &str| match line.as_bytes().first() {
            Some(b'+') => paint.wrap(anstyle::AnsiColor::Green.on_default(), line),
            Some(b'-') => paint.wrap(anstyle::AnsiColor::Red.on_default(), line),
            _ => line.to_owned(),
        };
        self.diff.lines().map(|line| format!("{}\n", colored(&clean::lines(line)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_too_much_differs_all_of_it_is_replaced() {
        let lines = |indent: &str| (0..20_000).map(|n| format!("{indent}f{n}: func();\n")).collect::<String>();
        let source = SourceFile { name: "a.wit".to_owned(), text: format!("interface i {{\n{}}}\n", lines("")) };
        let diff = diff(&source, &format!("interface i {{\n{}}}\n", lines("    ")));
        assert!(
            diff.starts_with("--- a.wit\n+++ a.wit (formatted)\n@@ -2,20000 +2,20000 @@\n-f0: func();\n"),
            "{diff:.200}"
        );
        assert!(diff.ends_with("+    f19999: func();\n"));
        assert!(is_searchable("a\nb\n", "a\nc\n"));
    }
}
