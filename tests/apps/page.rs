//! The HTML page in a real browser, of real binaries; what is clicked is clicked, what is typed is typed.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use serde_json::json;
use tempfile::TempDir;

use super::{
    browser::Browser,
    support::{Project, Ran, mosaic},
};

/// Composed by hand: `front` calls `back`; docs are where wit-component puts them.
const TWO: &str = r#"(component $shop
  (component $back
    (core module $m (func (export "check") (param i32 i32) (result i32) i32.const 7)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0) (memory (export "memory") 1))
    (core instance $i (instantiate $m))
    (func $check (param "token" string) (result u32)
      (canon lift (core func $i "check") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
    (instance $auth (export "check" (func $check)))
    (export "acme:shop/auth@0.2.0" (instance $auth)))
  (component $front
    (type $auth (instance (export "check" (func (param "token" string) (result u32)))))
    (import "acme:shop/auth@0.2.0" (instance $in (type $auth)))
    (core module $m (func (export "run") (result i32) i32.const 0))
    (core instance $i (instantiate $m))
    (func $run (result u32) (canon lift (core func $i "run")))
    (instance $out (export "run" (func $run)))
    (export "acme:shop/front@0.2.0" (instance $out)))
  (instance $back (instantiate $back))
  (instance $front (instantiate $front (with "acme:shop/auth@0.2.0" (instance $back "acme:shop/auth@0.2.0"))))
  (export "acme:shop/front@0.2.0" (instance $front "acme:shop/front@0.2.0")))
"#;

struct Page {
    _folder: TempDir,
    path: PathBuf,
}

/// The page of a component in text.
fn page(component: &str) -> Page {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("app.wat");
    std::fs::write(&file, component).expect("a file");
    let ran = Ran::of(mosaic(&["inspect", "--format", "html", &file.display().to_string()]), "");
    let path = folder.path().join("page.html");
    std::fs::write(&path, ran.ok().stdout.as_bytes()).expect("a file");
    Page { _folder: folder, path }
}

/// Where on the screen the last stretch of a link is.
fn link(at: usize) -> String {
    format!(
        "(() => {{ const path = document.querySelector('[data-link=\"{at}\"] .line'); \
         const it = path.getPointAtLength(path.getTotalLength() - 30).matrixTransform(path.getScreenCTM()); \
         return [it.x, it.y]; }})()"
    )
}

#[test]
fn the_page_answers() {
    let page = page(TWO);
    let mut browser = Browser::start();
    browser.open(&page.path);

    // A line: who calls whom, and by which functions.
    let count = browser.value("document.querySelectorAll('[data-link]').length");
    assert_eq!(count, json!(2));
    let wire = browser.value(
        "Number([...document.querySelectorAll('[data-link]')].find(it => !it.classList.contains('export')).dataset.link)",
    );
    browser.click_at(&link(wire.as_u64().expect("a number") as usize));
    let detail = browser.text("#detail");
    assert!(detail.contains("front → back") && detail.contains("acme:shop/auth@0.2.0"), "{detail}");
    assert!(detail.contains("check: func(token: string) -> u32"), "{detail}");

    // A part, by the keyboard alone.
    browser.value("document.querySelector('.node[data-node]').focus()");
    browser.press("Enter", 13);
    let detail = browser.text("#detail");
    assert!(detail.starts_with("part"), "{detail}");

    // The search finds a function and leads to its interface.
    browser.click("#search");
    browser.write("check");
    let found = browser.text("#hits");
    assert!(found.contains("function") && found.contains("acme:shop/auth@0.2.0"), "{found}");
    browser.press("Enter", 13);
    assert_eq!(browser.value("document.getElementById('panel-interfaces').hidden"), json!(false));
    assert_eq!(browser.value("document.activeElement.dataset.interface"), json!("acme:shop/auth@0.2.0"));

    // Every section that there is can be opened.
    let tabs = browser.value("[...document.querySelectorAll('[role=tab]')].map(it => it.id)");
    let tabs: Vec<String> = serde_json::from_value(tabs).expect("names");
    assert!(tabs.len() >= 4, "{tabs:?}");
    for tab in tabs {
        browser.click(&format!("#{tab}"));
        assert_eq!(browser.value("document.querySelectorAll('[role=tabpanel]:not([hidden])').length"), json!(1));
        assert_eq!(browser.value("document.querySelector('[role=tab][aria-selected=true]').id"), json!(tab));
    }

    // Light and dark, whatever the system says.
    let background = "getComputedStyle(document.body).backgroundColor";
    browser.click("#theme");
    assert_eq!(browser.text("#theme").trim(), "");
    let light = browser.value(background);
    browser.click("#theme");
    let dark = browser.value(background);
    assert_eq!((light, dark), (json!("rgb(255, 255, 255)"), json!("rgb(15, 19, 24)")));
    assert_eq!(browser.value("document.getElementById('theme').getAttribute('aria-label')"), json!("Theme: dark"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn the_storefront_is_shown_and_names_its_packages() {
    let project = Project::example("storefront");
    project.run(&["build"]).ok();

    let bill: serde_json::Value =
        serde_json::from_str(&project.run(&["inspect", "--sbom"]).ok().stdout).expect("a document");
    let mut found = Vec::new();
    for component in bill["components"].as_array().expect("components") {
        for package in component["components"].as_array().expect("packages") {
            let purl = package["purl"].as_str().expect("a package URL");
            found.push(format!(
                "{} {}",
                component["name"].as_str().expect("a name"),
                purl.split('@').next().unwrap_or(purl)
            ));
        }
    }
    for package in [
        "gateway pkg:cargo/wit-bindgen",
        "gateway pkg:generic/gateway",
        "gateway pkg:generic/rust-std",
        "auth pkg:golang/example.com/storefront/auth",
        "auth pkg:golang/stdlib",
        "inference pkg:generic/cpython",
        "inference pkg:cargo/componentize-py",
        "render pkg:cargo/componentize-qjs",
        "render pkg:cargo/rquickjs-sys",
        "render pkg:generic/quickjs-ng",
    ] {
        assert!(found.iter().any(|it| it == package), "{package} is not among {found:#?}");
    }

    let path = project.file("page.html");
    std::fs::write(&path, project.run(&["inspect", "--format", "html"]).ok().stdout).expect("a file");
    let mut browser = Browser::start();
    browser.open(&path);
    let tokens = browser.value(
        "Number([...document.querySelectorAll('[data-link]')].find(it => it.textContent.includes('acme:shop/tokens')).dataset.link)",
    );
    browser.click_at(&link(tokens.as_u64().expect("a number") as usize));
    let detail = browser.text("#detail");
    assert!(detail.contains("gateway → auth") && detail.contains("func("), "{detail}");
    browser.click("#tab-sizes");
    // Areas are made when it is known how much room there is: with the next frame.
    browser.value("new Promise(done => requestAnimationFrame(() => setTimeout(done)))");
    assert!(browser.value("document.querySelectorAll('.tree button').length").as_u64() > Some(10));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn three_hundred_components_are_ready_at_once() {
    let mut app = String::from("(component $many\n");
    for at in 0..300 {
        let imported = at / 3;
        let (import, with) = match at {
            0 => (String::new(), String::new()),
            _ => (
                format!("(import \"acme:many/i{imported}\" (instance (export \"f\" (func))))"),
                format!("(with \"acme:many/i{imported}\" (instance $p{imported} \"acme:many/i{imported}\"))"),
            ),
        };
        let _ = writeln!(
            app,
            "(component $p{at} {import} (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) \
             (func $f (canon lift (core func $i \"f\"))) (instance $o (export \"f\" (func $f))) \
             (export \"acme:many/i{at}\" (instance $o))) (instance $p{at} (instantiate $p{at} {with}))"
        );
    }
    app += ")";
    let page = page(&app);
    let mut browser = Browser::start();
    let ready = browser.open(&page.path);
    assert_eq!(browser.value("document.querySelectorAll('.node').length"), json!(300));
    assert!(ready < Duration::from_secs(2), "{ready:?}");
    // It answers: one that was looked for is shown whole.
    browser.press("/", 191);
    browser.click("#search");
    browser.write("p299");
    browser.press("Enter", 13);
    let detail = browser.text("#detail");
    assert!(detail.contains("p299") && detail.contains("acme:many/i99"), "{detail}");
    let is_seen = "(() => { const [it, stage] = [document.querySelector('.node.chosen'), document.getElementById('stage')]\
         .map(each => each.getBoundingClientRect()); \
         return it.left >= stage.left && it.right <= stage.right && it.top >= stage.top && it.bottom <= stage.bottom; })()";
    assert_eq!(browser.value(is_seen), json!(true));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn hostile_names_do_not_run() {
    let hostile = r#"</script><script>document.title=1</script><img src=x onerror=document.title=2><svg onload=document.title=3>"#;
    let app = format!(
        r#"(component (@name "{hostile}")
          (component $c (@name "{hostile}") (core module $m (@name "{hostile}")
            (@producers (language "{hostile}" "{hostile}")) (@custom "{hostile}" "x"))
            (core instance (instantiate $m)))
          (instance (@name "{hostile}") (instantiate $c)))"#
    );
    let page = page(&app);
    let mut browser = Browser::start();
    browser.open(&page.path);
    browser.click(".node");
    for tab in ["producers", "graph"] {
        browser.click(&format!("#tab-{tab}"));
    }
    assert!(browser.text("#detail").contains("<img src=x"), "it is shown as what it is");
    assert_eq!(browser.value("document.title"), json!("app.wat"));
    assert_eq!(browser.value("document.querySelectorAll('img, svg svg, script').length"), json!(2));
    // Were it to get out all the same, the policy would stop it.
    browser.value(
        "(() => { const it = document.createElement('script'); it.textContent = 'document.title = 4'; document.body.append(it); \
         const image = new Image(); image.setAttribute('onerror', 'document.title = 5'); image.src = 'nowhere'; document.body.append(image); \
         return new Promise(done => setTimeout(done, 200)); })()",
    );
    assert_eq!(browser.value("document.title"), json!("app.wat"));
    assert!(browser.complaints().iter().any(|it| it.contains("Content Security Policy")));
}
