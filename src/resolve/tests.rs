//! One folder of `fixtures/wit` a case: `wit/`, the manifest's `world` if it names one, and what is `expected`: the world
//! and its subset, or every problem. `BLESS=1` rewrites `expected`.

use std::{fmt::Write as _, fs, path::Path, time::Instant};

use semver::Version;

use super::*;
use crate::{
    diagnostic::{Diagnose, Problem, SourceFile},
    manifest::{App, Compose, Spanned},
    project::Layout,
};

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, span: 0..0 }
}

/// One component for each (name, WIT, world) of a project.
fn project(root: &Path, components: &[(&str, Option<&str>, Option<&str>)]) -> Project {
    let root = root.canonicalize().unwrap();
    let components = components.iter().map(|(name, wit, world)| {
        let component = Component {
            name: spanned((*name).to_owned()),
            origin: Origin::Source(spanned(PathBuf::from(name))),
            language: Some(Language::Rust),
            wit: wit.map(|wit| spanned(PathBuf::from(wit))),
            world: world.map(|world| spanned(world.to_owned())),
            command: None,
            engine: None,
            snapshot: false,
            grants: Vec::new(),
        };
        ((*name).to_owned(), component)
    });
    Project {
        manifest: Manifest {
            path: root.join("mosaic.toml"),
            source: Arc::new(SourceFile { name: "mosaic.toml".to_owned(), text: "[app]\n".to_owned() }),
            app: App { name: spanned("acme:test".to_owned()), version: Version::new(0, 1, 0) },
            components: components.collect(),
            compose: Compose::default(),
            grants: IndexMap::new(),
            density: None,
            stores: crate::manifest::Stores::default(),
            check: crate::manifest::Check::default(),
        },
        layout: Layout { out: root.join("target/mosaic") },
        root,
    }
}

fn render(problem: &Problem) -> String {
    let mut text = format!("error[{}]: {}\n", problem.code, problem.message);
    for label in &problem.labels {
        let before = &label.source.text[..label.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |i| i + 1) + 1;
        let said = &label.source.text[label.span.clone()];
        let _ = writeln!(text, "  at {}:{line}:{column} `{said}`: {}", label.source.name, label.text);
    }
    problem.causes.iter().for_each(|cause| {
        let _ = writeln!(text, "  because {cause}");
    });
    problem.help.iter().for_each(|help| {
        let _ = writeln!(text, "  help: {help}");
    });
    text
}

fn outcome(result: &Result<Resolution, Error>) -> String {
    match result {
        Err(error) => error.problems().iter().map(render).collect(),
        Ok(resolution) => {
            let mut text = String::new();
            for component in resolution.components.values() {
                let _ = writeln!(text, "// world {}", component.world);
                for (name, provenance) in &component.packages {
                    let _ = writeln!(text, "// {name}: {provenance:?}");
                }
                for alias in &component.aliases {
                    let _ = writeln!(text, "// {} is {}", alias.asked, alias.given);
                }
                text.push_str(&component.wit);
            }
            text
        }
    }
}

fn run(project: &Project) -> Result<Resolution, Error> {
    resolve(project, &|_| {})
}

#[test]
fn fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wit");
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    let mut cases = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let case = entry.unwrap().path();
        let world = fs::read_to_string(case.join("world")).ok();
        let result = run(&project(&case, &[("app", None, world.as_deref().map(str::trim))]));
        let actual = outcome(&result);
        let expected = case.join("expected");
        cases += 1;
        if bless {
            fs::write(&expected, &actual).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if expected != actual {
            let _ = writeln!(wrong, "{}:\n--- expected\n{expected}--- actual\n{actual}", case.display());
        }
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(name.starts_with("ok-"), result.is_ok(), "{name}: {actual}");
        if let Ok(resolution) = &result {
            reads_back(&resolution.components["app"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases > 20, "only {cases} cases in {}", folder.display());
}

/// The subset alone means the same world, and printing it once more changes nothing.
fn reads_back(component: &ResolvedComponent) {
    let mut resolve = Resolve::default();
    let main = resolve.push_str("subset.wit", &component.wit).unwrap();
    let world = resolve.select_world(&[main], Some(&component.world)).unwrap();
    assert_eq!(subset::print(&resolve, world).unwrap().text, component.wit);
}

#[test]
fn components_that_share_wit_share_its_resolve_and_see_their_own_world_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wit/several-worlds");
    let resolution = run(&project(&folder, &[("auth", None, None), ("gateway", None, None)])).unwrap();
    let (auth, gateway) = (&resolution.components["auth"], &resolution.components["gateway"]);
    assert!(Arc::ptr_eq(&auth.part.resolve, &gateway.part.resolve));
    assert_eq!(auth.world, "acme:shop/auth");
    assert!(auth.wit.contains("world auth") && !auth.wit.contains("gateway"));
    assert_eq!(auth.files, [folder.canonicalize().unwrap().join("wit/world.wit")]);
    assert_eq!(files(&project(&folder, &[("auth", None, None)])).unwrap(), auth.files);
}

#[test]
fn problems_of_all_components_are_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wit/several-worlds");
    let components = [("a", None, Some("x")), ("b", Some("nowhere"), None), ("c", None, None)];
    let problems = run(&project(&folder, &components)).unwrap_err().problems();
    let told: Vec<_> = problems.iter().map(|p| (p.component.as_deref().unwrap(), p.code)).collect();
    assert_eq!(told, [("a", "resolve::no-such-world"), ("c", "resolve::world-unclear"), ("b", "resolve::unreadable")]);
}

#[test]
fn paths_stay_below_the_root() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("project");
    let secret = outer.path().join("secret");
    for folder in [&root, &secret, &root.join("wit/deps"), &root.join("app")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(secret.join("world.wit"), "package acme:secret; world app {}").unwrap();
    fs::write(root.join("wit/world.wit"), "package acme:open; world app {}").unwrap();
    std::os::unix::fs::symlink(&secret, root.join("link")).unwrap();
    std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    std::os::unix::fs::symlink("wit", root.join("alias")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe.wit"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let code = |wit: &str| match run(&project(&root, &[("app", Some(wit), None)])) {
        Ok(_) => "ok",
        Err(error) => error.problems()[0].code,
    };

    let absolute = secret.join("world.wit").display().to_string();
    for outside in
        ["../secret", "../secret/world.wit", "wit/../../secret", &absolute, "link", "link/world.wit", "/dev/null"]
    {
        assert_eq!(code(outside), "resolve::outside-project", "{outside}");
    }
    for unreadable in ["loop", "nowhere", "wit/nothing.wit"] {
        assert_eq!(code(unreadable), "resolve::unreadable", "{unreadable}");
    }
    assert_eq!(code("pipe.wit"), "resolve::special-file");
    for inside in ["wit", "wit/world.wit", "app/../wit", "alias"] {
        assert_eq!(code(inside), "ok", "{inside}");
    }

    // What a folder holds is held to the same.
    std::os::unix::fs::symlink(&secret, root.join("wit/deps/secret")).unwrap();
    assert_eq!(code("wit"), "resolve::outside-project");
    fs::remove_file(root.join("wit/deps/secret")).unwrap();
    std::os::unix::fs::symlink(secret.join("world.wit"), root.join("wit/more.wit")).unwrap();
    assert_eq!(code("wit"), "resolve::outside-project");
    fs::remove_file(root.join("wit/more.wit")).unwrap();
    fs::write(root.join("wit/more.wit"), b"\xff\xfe").unwrap();
    assert_eq!(code("wit"), "resolve::not-text");
}

/// The code of what is wrong with one WIT text.
fn judge(wit: &str) -> &'static str {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("wit")).unwrap();
    fs::write(root.path().join("wit/world.wit"), wit).unwrap();
    let start = Instant::now();
    let result = run(&project(root.path(), &[("app", None, None)]));
    assert!(start.elapsed().as_secs() < 10, "{} bytes took {:?}", wit.len(), start.elapsed());
    match result {
        Ok(_) => "ok",
        Err(error) => error.problems()[0].code,
    }
}

#[test]
fn hostile_wit_is_refused_in_time() {
    const MANY: usize = 20_000;
    let nested = format!("package a:b; interface i {{ type t = {}u8{}; }}", "list<".repeat(MANY), ">".repeat(MANY));
    assert_eq!(judge(&nested), "resolve::wit-syntax");

    let chain: String = (1..MANY).map(|n| format!("type t{n} = list<t{}>;\n", n - 1)).collect();
    assert_eq!(
        judge(&format!("package a:b; interface i {{ type t0 = u8; {chain} }} world app {{ import i; }}")),
        "resolve::too-deep"
    );

    let doubling: String = (1..41).map(|n| format!("type t{n} = tuple<t{0}, t{0}>;\n", n - 1)).collect();
    assert_eq!(
        judge(&format!("package a:b; interface i {{ type t0 = u8; {doubling} }} world app {{ import i; }}")),
        "resolve::too-large"
    );

    let uses: String = (1..5_000).map(|n| format!("interface i{n} {{ use i{}.{{t}}; }}\n", n - 1)).collect();
    assert_eq!(
        judge(&format!("package a:b; interface i0 {{ type t = u8; }} {uses} world app {{ import i4999; }}")),
        "resolve::too-deep"
    );

    let packages: String = (0..3_000).map(|n| format!("package a:p{n} {{ interface i {{}} }}\n")).collect();
    assert_eq!(judge(&format!("package a:b; {packages} world app {{}}")), "resolve::too-much");

    let worlds: String =
        (1..MANY).map(|n| format!("world w{n} {{ include w{}; import go{n}: func(); }}\n", n - 1)).collect();
    assert_eq!(judge(&format!("package a:b; world w0 {{}} {worlds} world app {{}}")), "resolve::too-much");

    let interfaces: String = (0..MANY).map(|n| format!("interface i{n} {{}}\n")).collect();
    let imports: String = (0..MANY).map(|n| format!("import i{n};\n")).collect();
    let worlds: String = (0..MANY).map(|n| format!("world w{n} {{ include app; }}\n")).collect();
    let wide = format!("package a:b; {interfaces} world app {{ {imports} }} {worlds}");
    assert_eq!(judge(&wide), "resolve::too-much");
    let one = format!("package a:b; {interfaces} world app {{ {imports} }}");
    assert_eq!(judge(&one), "ok");

    let parameters: String = (0..MANY).map(|n| format!("p{n}: u8, ")).collect();
    assert_eq!(judge(&format!("package a:b; world app {{ import f: func({parameters}); }}")), "resolve::too-much");

    assert_eq!(judge("package a:b; world app { import f: func(s: string"), "resolve::wit-syntax");
    assert_eq!(judge(""), "resolve::wit-syntax");
}

#[test]
fn packages_may_be_encoded_as_webassembly() {
    let encode = |wit: &str| {
        let mut resolve = Resolve::default();
        let id = resolve.push_str("x.wit", wit).unwrap();
        wit_component::encode(&resolve, id, false).unwrap()
    };
    let root = tempfile::tempdir().unwrap();
    let deps = root.path().join("wit/deps");
    fs::create_dir_all(&deps).unwrap();
    let stock =
        encode("package acme:stock@1.0.0; interface items { count: func() -> u32; } world service { export items; }");
    fs::write(deps.join("stock.wasm"), &stock).unwrap();
    fs::write(root.path().join("wit/app.wit"), "package a:b; world app { import acme:stock/items@1.0.0; }").unwrap();
    let resolution = run(&project(root.path(), &[("app", None, None)])).unwrap();
    let app = &resolution.components["app"];
    assert!(app.wit.contains("count: func() -> u32;"), "{}", app.wit);
    assert_eq!(app.packages["acme:stock@1.0.0"], Provenance::Project { files: vec!["wit/deps/stock.wasm".to_owned()] });
    assert_eq!(app.files.len(), 2);

    let itself = run(&project(root.path(), &[("app", Some("wit/deps/stock.wasm"), None)])).unwrap();
    assert_eq!(itself.components["app"].world, "acme:stock/service@1.0.0");

    fs::write(deps.join("broken.wasm"), &stock[..stock.len() / 2]).unwrap();
    let problems = run(&project(root.path(), &[("app", None, None)])).unwrap_err().problems();
    assert_eq!(problems[0].code, "resolve::truncated");
}

#[test]
fn every_example_resolves() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("polyglot-examples");
    let mut seen = 0;
    for example in fs::read_dir(&examples).unwrap().map(|entry| entry.unwrap().path()) {
        if !example.join("mosaic.toml").exists() {
            continue;
        }
        let project = Project::load(&example.join("mosaic.toml"), None).unwrap();
        let resolution = run(&project).unwrap_or_else(|error| panic!("{}: {error}", example.display()));
        assert_eq!(resolution.components.len(), project.manifest.components.len());
        resolution.components.values().for_each(reads_back);
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} examples in {}", examples.display());
}
