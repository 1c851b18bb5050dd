//! What goes wrong is told in the user's words, with the component and the next step; exit code 101, and the artifact
//! that was there stays as it was.

use std::{fs, process::Command};

use crate::support::{Project, Ran, mosaic};

/// The storefront, with an artifact that no failure may touch.
struct Case {
    project: Project,
}

const ARTIFACT: &str = "target/mosaic/storefront.wasm";

impl Case {
    fn new() -> Case {
        let project = Project::example("storefront");
        project.write(ARTIFACT, "what was here before");
        Case { project }
    }

    fn edit(self, name: &str, from: &str, to: &str) -> Case {
        self.project.edit(name, from, to);
        self
    }

    fn write(self, name: &str, text: &str) -> Case {
        self.project.write(name, text);
        self
    }

    /// `build` fails, says all of these words, and leaves the artifact alone.
    #[track_caller]
    fn fails(self, words: &[&str]) {
        self.project.run(&["build"]).fails().says(words);
        assert_eq!(self.project.read(ARTIFACT), "what was here before");
    }
}

#[test]
fn missing_compiler() {
    let case = Case::new();
    let home = tempfile::TempDir::new().expect("a folder");
    let mut command = case.project.mosaic(&["build"]);
    command.env("MOSAIC_HOME", home.path()).env("PATH", "/nonexistent");
    let ran = Ran::of(command, "").fails();
    ran.says(&["auth", "cargo mosaic setup go", "gateway", "cargo mosaic setup rust"]);
    assert_eq!(case.project.read(ARTIFACT), "what was here before");
}

#[test]
fn wrong_world() {
    Case::new().edit("mosaic.toml", "source = \"auth\"", "source = \"auth\"\nworld = \"auht\"").fails(&[
        "auth",
        "`auht`",
        "mosaic.toml:",
        "gateway",
        "inference",
        "render",
    ]);
}

#[test]
fn unknown_key() {
    Case::new().edit("mosaic.toml", "source = \"auth\"", "sorce = \"auth\"").fails(&[
        "mosaic.toml:",
        "sorce",
        "source",
    ]);
}

#[test]
fn syntax_error_in_rust() {
    Case::new().edit("gateway/src/lib.rs", "struct Gateway;", "struct Gateway").fails(&[
        "gateway",
        "src/lib.rs:",
        "cargo build",
    ]);
}

#[test]
fn syntax_error_in_go() {
    Case::new().edit("auth/auth.go", "package auth", "package auth\nfunc {").fails(&["auth", "auth.go:", "go build"]);
}

#[test]
fn syntax_error_in_python() {
    Case::new().edit("inference/app.py", "def classify(self", "def classify((self").fails(&["inference", "app.py:"]);
}

#[test]
fn syntax_error_in_typescript() {
    Case::new()
        .edit("render/index.ts", "export const pages = {", "export const pages = {{")
        .fails(&["render", "index.ts:"]);
}

#[test]
fn syntax_error_in_wit() {
    Case::new().edit("wit/shop.wit", "record claims {", "record claims").fails(&["wit/shop.wit:"]);
}

#[test]
fn missing_export_in_rust() {
    Case::new().edit("gateway/src/lib.rs", "bindings::export!(Gateway with_types_in bindings);", "").fails(&[
        "gateway",
        "wasi:http/incoming-handler",
        "export!",
    ]);
}

#[test]
fn missing_export_in_go() {
    Case::new().edit("auth/auth.go", "func Issue(", "func Isue(").fails(&[
        "auth",
        "acme:shop/tokens",
        "issue",
        "func Issue(",
    ]);
}

#[test]
fn missing_export_in_python() {
    Case::new().edit("inference/app.py", "class Scoring(", "class Scorer(").fails(&[
        "inference",
        "acme:shop/scoring",
        "class Scoring",
    ]);
    Case::new().edit("inference/app.py", "def classify(", "def clasify(").fails(&[
        "inference",
        "acme:shop/scoring",
        "classify",
    ]);
}

#[test]
fn missing_export_in_typescript() {
    Case::new().edit("render/index.ts", "export const pages", "export const page").fails(&[
        "render",
        "acme:shop/pages",
        "pages",
    ]);
    Case::new().edit("render/index.ts", "  html(page: Page", "  htm(page: Page").fails(&[
        "render",
        "acme:shop/pages",
        "html",
    ]);
}

#[test]
fn mismatch_between_two_parts() {
    let case = Case::new();
    let wit = case.project.read("wit/shop.wit");
    let other = wit.replacen("probability: f64", "probability: f32", 1).replacen("too-long(u32)", "too-long(u64)", 1);
    case.write("inference/wit/shop.wit", &other).fails(&[
        "auth",
        "inference",
        "acme:shop/scoring",
        "probability",
        "f64",
        "f32",
        "too-long",
        "u32",
        "u64",
    ]);
}

#[test]
fn two_providers() {
    Case::new()
        .edit(
            "mosaic.toml",
            "[grants]",
            "[components.second]\nsource = \"inference\"\nworld = \"inference\"\n\n[grants]",
        )
        .fails(&["auth", "acme:shop/scoring", "inference", "second", "wire"]);
}

#[test]
fn import_cycle() {
    Case::new()
        .edit("wit/shop.wit", "world inference {", "world inference {\n    import pages;")
        .edit("wit/shop.wit", "world render {", "world render {\n    import scoring;")
        .fails(&["inference", "render", "cycle"]);
}

#[test]
fn unmet_import() {
    Case::new()
        .edit("mosaic.toml", "[components.render]\nsource = \"render\"\n", "")
        .fails(&["gateway", "acme:shop/pages"]);
}

#[test]
fn unreadable_source() {
    Case::new().edit("mosaic.toml", "source = \"render\"", "source = \"rendre\"").fails(&["render", "rendre"]);
    let case = Case::new();
    let file = case.project.file("render/index.ts");
    fs::remove_file(&file).expect("a file");
    std::os::unix::fs::symlink("index.ts", &file).expect("a link");
    case.fails(&["render", "index.ts"]);
}

/// The disk is full: said so, with the path; what was there stays whole.
#[test]
fn disk_full() {
    let case = Case::new().edit("render/index.ts", "One component:", "A single component:");
    let mut command = Command::new("sh");
    // A file-size limit makes every larger write fail, as a full disk does.
    let build = mosaic(&["build"]);
    let program = build.get_program().to_string_lossy().into_owned();
    command.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" build", &program]);
    command.current_dir(case.project.path()).env("NO_COLOR", "1");
    Ran::of(command, "").fails().says(&["target/mosaic", "File too large"]);
    assert_eq!(case.project.read(ARTIFACT), "what was here before");
}
