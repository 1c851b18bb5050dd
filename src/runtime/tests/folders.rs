//! A granted folder is all a guest reaches: no path, link or rename leads out of it, or from reading to writing.

use std::{fs, path::Path};

use super::{
    guests::http_guest,
    server::{Running, options},
};
use crate::runtime::{Access, Dir, Grants, ServeOptions};

/// What a guest tries; `Rw` and `Ro` are its two folders.
enum Attempt<'a> {
    Open(In, &'a str, How),
    /// A hard link; of a symbolic link to itself, as following it is refused anyway.
    Link(In, &'a str, In, &'a str),
    Rename(In, &'a str, In, &'a str),
    Symlink(&'a str, In, &'a str),
}

#[derive(Clone, Copy)]
enum In {
    Rw,
    Ro,
}

#[derive(Clone, Copy)]
enum How {
    Read,
    Write,
    Create,
    Truncate,
}

/// The attempt as a guest makes it: it answers `0` where it succeeded, `1` where it was refused.
fn guest(attempt: &Attempt<'_>) -> Vec<u8> {
    let (one, other) = match attempt {
        Attempt::Open(_, path, _) => (*path, ""),
        Attempt::Link(_, old, _, new) | Attempt::Rename(_, old, _, new) | Attempt::Symlink(old, _, new) => (*old, *new),
    };
    let descriptor = |folder: In| match folder {
        In::Rw => "(i32.load (i32.load (i32.const 16)))",
        In::Ro => "(i32.load offset=12 (i32.load (i32.const 16)))",
    };
    let old = format!("(i32.const 3000) (i32.const {})", one.len());
    let new = format!("(i32.const 4000) (i32.const {})", other.len());
    let call = match attempt {
        Attempt::Open(folder, _, how) => {
            let (open, flags) = match how {
                How::Read => (0, 1),
                How::Write => (0, 3),
                How::Create => (1, 3),
                How::Truncate => (8, 3),
            };
            let descriptor = descriptor(*folder);
            format!(
                "(call $open {descriptor} (i32.const 1) {old} (i32.const {open}) (i32.const {flags}) (i32.const 48))"
            )
        }
        Attempt::Link(from, _, to, _) => {
            format!("(call $link {} (i32.const 0) {old} {} {new} (i32.const 48))", descriptor(*from), descriptor(*to))
        }
        Attempt::Rename(from, _, to, _) => {
            format!("(call $rename {} {old} {} {new} (i32.const 48))", descriptor(*from), descriptor(*to))
        }
        Attempt::Symlink(_, folder, _) => format!("(call $symlink {} {old} {new} (i32.const 48))", descriptor(*folder)),
    };
    let imports = format!(
        r#"
  (import "cm32p2|wasi:filesystem/preopens@0.2" "get-directories" (func $directories (param i32)))
  (import "cm32p2|wasi:filesystem/types@0.2" "[method]descriptor.open-at" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
  (import "cm32p2|wasi:filesystem/types@0.2" "[method]descriptor.link-at" (func $link (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "cm32p2|wasi:filesystem/types@0.2" "[method]descriptor.rename-at" (func $rename (param i32 i32 i32 i32 i32 i32 i32)))
  (import "cm32p2|wasi:filesystem/types@0.2" "[method]descriptor.symlink-at" (func $symlink (param i32 i32 i32 i32 i32 i32)))
  (data (i32.const 3000) {one:?})
  (data (i32.const 4000) {other:?})"#
    );
    let body = format!("(call $directories (i32.const 16)) {call} (call $digit (i32.load8_u (i32.const 48)))");
    http_guest(&imports, &body)
}

/// Serves the attempt with two folders granted.
fn attempted(root: &Path, attempt: &Attempt<'_>) -> bool {
    let grants = Grants {
        dirs: vec![
            Dir::new(&root.join("rw"), Some("/rw"), Access::ReadWrite),
            Dir::new(&root.join("ro"), Some("/ro"), Access::ReadOnly),
        ],
        ..Grants::default()
    };
    let server = Running::start(guest(attempt), ServeOptions { grants, ..options() });
    match server.get("/") {
        (200, answer) if answer == "0" => true,
        (200, answer) if answer == "1" => false,
        other => panic!("{other:?}: {:?}", server.told),
    }
}

#[cfg(unix)]
#[test]
fn nothing_leads_out_of_a_granted_folder() {
    use Attempt::{Link, Open, Rename, Symlink};
    use How::{Create, Read, Truncate, Write};
    use In::{Ro, Rw};
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for name in ["rw/sub", "ro", "outside"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    for (name, text) in [("rw/own", "own"), ("ro/note", "note"), ("outside/secret", "secret")] {
        fs::write(root.join(name), text).unwrap();
    }
    symlink("../outside", root.join("rw/out")).unwrap();
    symlink(root.join("outside/secret"), root.join("rw/absolute")).unwrap();
    symlink("../ro/note", root.join("rw/note")).unwrap();
    symlink("../rw/own", root.join("ro/own")).unwrap();
    symlink("sub/../own", root.join("rw/inside")).unwrap();
    let absolute = root.join("outside/secret").display().to_string();

    let refused = [
        Open(Rw, "../outside/secret", Read),
        Open(Rw, "sub/../../outside/secret", Read),
        Open(Rw, &absolute, Read),
        Open(Rw, "..", Read),
        Open(Rw, "out/secret", Read),
        Open(Rw, "absolute", Read),
        Open(Rw, "out/new", Create),
        Open(Rw, "../outside/new", Create),
        Open(Rw, "note", Read),
        Open(Ro, "own", Read),
        Open(Ro, "note", Write),
        Open(Ro, "new", Create),
        Open(Ro, "note", Truncate),
        Symlink(&absolute, Rw, "made"),
        Symlink("note", Ro, "made"),
        Link(Rw, "../outside/secret", Rw, "stolen"),
        Link(Rw, "out/secret", Rw, "stolen"),
        Link(Rw, "own", Rw, "../outside/given"),
        Link(Ro, "note", Rw, "stolen"),
        Link(Rw, "own", Ro, "given"),
        Rename(Rw, "own", Rw, "../outside/given"),
        Rename(Rw, "own", Rw, "out/given"),
        Rename(Rw, "../outside/secret", Rw, "stolen"),
        Rename(Ro, "note", Rw, "stolen"),
        Rename(Rw, "own", Ro, "given"),
    ];
    for (number, attempt) in refused.iter().enumerate() {
        assert!(!attempted(&root, attempt), "attempt {number} succeeded");
    }
    let outside: Vec<_> = fs::read_dir(root.join("outside")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(outside, ["secret"]);
    assert!(!root.join("rw/stolen").exists() && !root.join("ro/given").exists());
    assert_eq!(fs::read_to_string(root.join("ro/note")).unwrap(), "note");

    // A link that a guest makes is no way out either.
    assert!(attempted(&root, &Symlink("../outside", Rw, "made")));
    assert!(!attempted(&root, &Open(Rw, "made/secret", Read)));
    assert!(attempted(&root, &Link(Rw, "absolute", Rw, "again")));
    assert!(!attempted(&root, &Open(Rw, "again", Read)));

    // The same guests can do what is granted.
    let granted = [
        Open(Rw, "own", Write),
        Open(Rw, "inside", Read),
        Open(Rw, "sub/new", Create),
        Open(Ro, "note", Read),
        Link(Rw, "own", Rw, "linked"),
        Rename(Rw, "linked", Rw, "sub/moved"),
    ];
    for (number, attempt) in granted.iter().enumerate() {
        assert!(attempted(&root, attempt), "attempt {number} was refused");
    }
}
