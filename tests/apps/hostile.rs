//! WIT that nobody means well with: every command that reads WIT ends in time, within bounds of memory, with an exit code
//! that is documented, and says where it stopped.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{Project, mosaic};

/// For an unoptimised build on a busy machine; the shipped one is held to 2 s.
const TIME: Duration = Duration::from_secs(20);
const MEMORY: u64 = 512 << 20;
/// Done, found wanting, could not complete.
const CODES: &[i32] = &[0, 100, 101];

/// As many of a piece as fit into so many bytes.
fn many(largest: usize, head: &str, tail: &str, piece: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for n in 0.. {
        let piece = piece(n);
        if text.len() + piece.len() + tail.len() > largest {
            break;
        }
        text += &piece;
    }
    text + tail
}

/// The inputs, by name, of at most so many bytes each.
fn inputs(largest: usize) -> Vec<(&'static str, Vec<u8>)> {
    let deep = largest / 10;
    let many = |head: &str, tail: &str, piece: fn(usize) -> String| many(largest, head, tail, piece);
    let interface = "package a:b@1.0.0;\ninterface i {\n";
    let world = "package a:b@1.0.0;\nworld app {\n";
    let within = |open: &str, close: &str| {
        format!("{interface}type t = {}u8{};\n}}\nworld app {{ import i; }}\n", open.repeat(deep), close.repeat(deep))
    };
    let tail = "}\nworld app { import i; }\n";
    let texts = [
        ("nested-types", within("list<", ">")),
        ("nested-tuples", within("tuple<", ">")),
        ("nested-packages", "package a:b { ".repeat(largest / 14)),
        ("nested-comments", "/*".repeat(largest / 2)),
        ("nested-braces", format!("{interface}{}", "{".repeat(deep))),
        ("chain-of-aliases", many(&format!("{interface}type t0 = u8;\n"), tail, |n| format!("type t{} = t{n};\n", n + 1))),
        ("chain-of-uses", many("package a:b@1.0.0; interface i0 { type t = u8; }\n", "world app { import i0; }\n", |n| {
            format!("interface i{} {{ use i{n}.{{t}}; }}\n", n + 1)
        })),
        ("blow-up", {
            let doubling = (1..41).map(|n| format!("type t{n} = tuple<t{0}, t{0}>;\n", n - 1));
            format!("{interface}type t0 = u8;\n{}f: func(x: t40);\n{tail}", doubling.collect::<String>())
        }),
        ("cycle-of-types", format!("{interface}type a = b; type b = c; type c = a;\n{tail}")),
        ("cycle-of-records", format!("{interface}record a {{ b: list<b> }} record b {{ a: option<a> }}\n{tail}")),
        ("cycle-of-uses", "package a:b@1.0.0; interface i { use j.{t}; } interface j { use i.{t}; } world app { import i; }".to_owned()),
        ("cycle-of-includes", "package a:b@1.0.0; world app { include other; } world other { include app; }".to_owned()),
        ("cycle-of-packages", "package a:b@1.0.0; package c:d { interface i { use e:f/i.{t}; } } package e:f { interface i { use c:d/i.{t}; } } world app { import c:d/i; }".to_owned()),
        ("itself", "package a:b@1.0.0; interface i { use i.{t}; } world app { include app; import i; }".to_owned()),
        ("many-functions", many(interface, tail, |n| format!("f{n}: func();\n"))),
        ("many-bad-functions", many(interface, tail, |n| format!("f{n}: func() -> x{n};\n"))),
        ("one-line", many("package a:b@1.0.0; interface i { ", "} world app { import i; }", |n| format!("f{n}: func(); "))),
        ("many-fields", many(&format!("{interface}record r {{\n"), &format!("}}\n{tail}"), |n| format!("f{n}: u8,\n"))),
        ("many-cases", many(&format!("{interface}enum e {{\n"), &format!("}}\n{tail}"), |n| format!("c{n},\n"))),
        ("many-flags", many(&format!("{interface}flags f {{\n"), &format!("}}\n{tail}"), |n| format!("c{n},\n"))),
        ("many-parameters", many(&format!("{interface}f: func("), &format!(");\n{tail}"), |n| format!("p{n}: bool, "))),
        ("many-items", many(&format!("{interface}f: func() -> tuple<"), &format!("u8>;\n{tail}"), |_| "u8, ".to_owned())),
        ("many-resources", many(interface, tail, |n| format!("resource r{n} {{ constructor(); f: func(); }}\n"))),
        ("many-types", many(interface, tail, |n| format!("type t{n} = list<option<u8>>;\n"))),
        ("many-imports", many(world, "}\n", |n| format!("import f{n}: func();\n"))),
        ("many-interfaces", many("package a:b@1.0.0;\nworld app {}\n", "", |n| format!("interface i{n} {{}}\n"))),
        ("many-worlds", many("package a:b@1.0.0;\nworld app {}\n", "", |n| format!("world w{n} {{ include app; }}\n"))),
        ("many-packages", many("package a:b@1.0.0;\nworld app {}\n", "", |n| format!("package c:p{n} {{}}\n"))),
        ("many-includes", many(world, "}\nworld other {}\n", |_| "include other;\n".to_owned())),
        ("many-gates", many(interface, tail, |n| format!("@unstable(feature = x{n})\nf{n}: func();\n"))),
        ("many-allowed", many(interface, tail, |n| format!("// lint: allow(undocumented-function)\nf{n}: func();\n"))),
        ("many-comments", many(interface, &format!("f: func();\n{tail}"), |_| "// lint: allow(unused-type)\n".to_owned())),
        ("long-name", format!("{interface}{}: func();\n{tail}", "a".repeat(largest - 100))),
        ("long-package", format!("package {}:b;", "a".repeat(largest - 100))),
        ("long-string", format!("{interface}@external-id(\"{}\") f: func();\n{tail}", "a".repeat(largest - 200))),
        ("long-comment", format!("// {}\n{interface}{tail}", "a".repeat(largest - 200))),
        ("bidirectional", format!("{interface}// \u{202e}\n{tail}")),
        ("control", format!("{interface}// \u{1b}[2J\u{7}\n{tail}")),
        ("zero", format!("{interface}\0{tail}")),
        ("not-a-version", format!("package a:b@{}.0.0;", "9".repeat(largest - 100))),
        ("empty", String::new()),
        ("unclosed", "package a:b@1.0.0; interface i { f: func(a: string".to_owned()),
    ];
    let mut inputs: Vec<_> = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    inputs.push(("not-text", [interface.as_bytes(), &[0xff, 0xfe, 0xc0, 0x80]].concat()));
    inputs
}

/// What a command came to: its exit code, what it said, the most memory it was seen with.
struct End {
    code: Option<i32>,
    said: String,
    took: Duration,
    memory: u64,
}

fn run(project: &Project, args: &[&str]) -> End {
    let said = project.file("said");
    let to = fs::File::create(&said).expect("a file");
    let mut command = mosaic(args);
    command.current_dir(project.path()).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command.stdin(std::process::Stdio::null()).stdout(to.try_clone().expect("a file")).stderr(to);
    let start = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let mut memory = 0;
    let code = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let most =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(most.unwrap_or(0u64) << 10);
        if let Some(status) = child.try_wait().expect("it is ours") {
            break status.code();
        }
        if start.elapsed() > 3 * TIME {
            child.kill().expect("it is ours");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = String::from_utf8_lossy(&fs::read(said).expect("written")).into_owned();
    End { code, said, took: start.elapsed(), memory }
}

#[test]
fn wit_of_any_kind_ends_in_time_with_a_word() {
    holds(256 << 10);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn much_wit_of_any_kind_ends_in_time_with_a_word() {
    holds(1 << 20);
}

fn holds(largest: usize) {
    let folder = tempfile::TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("wit")).expect("a folder");
    let project = Project::copy(folder.path());
    project.write("app/build.sh", "");
    project.write(
        "mosaic.toml",
        "[app]\nname = \"a:b\"\n\n[components.app]\nsource = \"app\"\ncommand = [\"false\"]\nartifact = \"app.wasm\"\n",
    );
    let commands: &[&[&str]] = &[
        &["wit", "fmt", "--check", "wit/app.wit"],
        &["wit", "lint", "wit/app.wit"],
        &["check", "--against", "old.wit", "wit/app.wit"],
        &["check", "--against", "wit/app.wit", "old.wit"],
        &["check", "wit/app.wit"],
        &["check"],
        &["build"],
        &["compose"],
    ];
    project.write("old.wit", "package a:b@1.0.0; interface i { f: func(); } world app { import i; }");
    let mut wrong = String::new();
    for (name, bytes) in inputs(largest) {
        fs::write(project.file("wit/app.wit"), &bytes).expect("written");
        for args in commands {
            let End { code, said, took, memory } = run(&project, args);
            let words = args.join(" ");
            if std::env::var_os("SHOW").is_some() {
                println!("{name}: {words}: {code:?} in {took:.1?}, {} MiB", memory >> 20);
            }
            // `false` builds nothing, which is none of WIT's faults; what a parser says in a panic is no answer.
            let told = code == Some(0) || ["--> ", "error[", "+++ "].iter().any(|word| said.contains(word));
            let broke = ["panicked", "overflow", "crashed", "broke down"].iter().any(|word| said.contains(word));
            if !code.is_some_and(|code| CODES.contains(&code)) || took > TIME || memory > MEMORY || !told || broke {
                let said: String = said.chars().take(2_000).collect();
                wrong += &format!("{name}: {words}: {code:?} in {took:.1?}, {} MiB\n{said}\n", memory >> 20);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
