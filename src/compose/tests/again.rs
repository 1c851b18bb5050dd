//! Files that are composed again, or are large.

use super::{closed::closing, *};
use crate::{
    cache::Home,
    compose::{self, Memory, file, files_again, fixture::outline},
};

#[test]
fn what_is_remembered_gives_the_same_bytes_and_no_invalid_part() {
    let temp = tempfile::tempdir().expect("a folder");
    let files = ["gateway", "auth", "inference"].map(|name| {
        let part = file(&chain(name)).expect("a component").1;
        let path = temp.path().join(format!("{name}.wasm"));
        std::fs::write(&path, &*part.bytes).expect("written");
        Given::from(path)
    });
    let compose = || {
        let home = Home { root: temp.path().join("home") };
        let mut memory = Memory::open(home);
        let (wiring, options) = (Wiring::default(), plan::Options::default());
        let composed = files_again(&files, &wiring, &options, &FULL, &mut memory);
        memory.save();
        composed.and_then(|assembly| assembly.bytes())
    };
    let anew = compose::files(&files, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed").1;
    for _ in 0..3 {
        assert_eq!(compose().expect("composed"), anew.bytes);
    }
    // Another part of the same types; then one whose code is not valid.
    let original = std::fs::read(&files[1].path).expect("read");
    let mut changed = original.clone();
    changed.extend(b"\0\x06\x05other");
    std::fs::write(&files[1].path, &changed).expect("written");
    let with_it = compose().expect("composed");
    assert_eq!(with_it.len(), anew.bytes.len() + 8);
    let at = original.windows(2).position(|code| code == [0x6a, 0x0b]).expect("the addition at the end");
    changed[at] = 0xff;
    std::fs::write(&files[1].path, &changed).expect("written");
    assert!(matches!(compose().expect_err("refused"), Error::Invalid { part, .. } if part == "auth"));
}

#[test]
fn what_is_wrong_with_a_large_file_is_told_as_of_a_small_one() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("thing.wasm");
    let module =
        |code: &str| format!(r#"(core module {code} (memory 1) (data (i32.const 0) "{}"))"#, "x".repeat(1 << 20));
    let binary = |text: &str| wat::parse_str(text).expect("well-formed");
    let valid = binary(&format!("(component {})", module("(func)")));
    let cut_off = [&valid[..valid.len() - 7], &valid[..20], &[&valid[..], b"\x01"].concat()].map(<[u8]>::to_vec);
    let nested = wasm_encoder::Component::new().section(&wasm_encoder::RawSection { id: 1, data: &valid }).clone();
    let bad = [
        binary(&format!("(component {})", module("(func) (func (result i32) i64.const 1) (func (result i32))"))),
        binary(&format!("(component (component {}))", module("(func (param i32)) (start 0)"))),
        binary(&module("(func)").replacen("core module", "module", 1)),
        nested.finish(),
    ];
    for bytes in bad.into_iter().chain(cut_off).filter(|bytes| bytes.len() > 1 << 20) {
        std::fs::write(&path, &bytes).expect("written");
        let mut memory = Memory::open(Home { root: temp.path().join("home") });
        let (wiring, options) = (Wiring::default(), plan::Options::default());
        let told =
            |error: Error| error.problems().into_iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>();
        let files = [Given::from(path.clone())];
        let ours = files_again(&files, &wiring, &options, &FULL, &mut memory).map(|_| ()).expect_err("refused");
        assert_eq!(told(ours), told(component("thing", bytes, None).expect_err("refused")));
    }
}

#[test]
fn large_files_are_let_go_and_must_be_the_same_when_they_are_fetched_again() {
    let temp = tempfile::tempdir().expect("a folder");
    // Two of one code, so that it is shared, and with ballast in a custom section.
    let large = wat::parse_str(format!(
        r#"(component
            (core module $m (func (export "f") (result i32) i32.const 7) (@custom "noise" "{}"))
            (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "a:b/api" (instance $api)))"#,
        "x".repeat(5 << 20)
    ));
    let large = large.expect("well-formed");
    let files = ["one", "two"].map(|name| {
        let path = temp.path().join(format!("{name}.wasm"));
        std::fs::write(&path, &large).expect("written");
        Given::from(path)
    });
    let exports = |names: &[&str]| Wiring {
        exports: Some(names.iter().map(|name| Said::plain(*name)).collect()),
        ..Wiring::default()
    };
    let options = plan::Options { unused: plan::Unused::Allow, ..plan::Options::default() };
    let mut memory = Memory::open(Home { root: temp.path().join("home") });
    let mut ready = |wiring: &Wiring| files_again(&files, wiring, &options, &FULL, &mut memory).expect("composed");
    let anew = |wiring: &Wiring| compose::files(&files, wiring, &options, &FULL).expect("composed").1.bytes;

    let assembly = ready(&exports(&["one"]));
    assert_eq!((assembly.took().unseen, assembly.bytes().expect("whole")), (1, anew(&exports(&["one"]))));
    assert!(assembly.bytes().expect("whole").len() < 6 << 20, "the module is there once");
    // The parts are known, another wiring is not.
    let assembly = ready(&exports(&["two"]));
    let mut written = Vec::new();
    let size = assembly.write(&mut written).expect("written");
    assert_eq!((assembly.took().unseen, size, &written), (0, written.len() as u64, &anew(&exports(&["two"]))));

    std::fs::write(&files[0].path, [&large[..], b"\0\x06\x05other"].concat()).expect("written");
    assert!(matches!(assembly.bytes().expect_err("refused"), Error::Changed { path } if path.ends_with("one.wasm")));
}

/// By outlines where they tell enough, and the same by worlds where they do not.
#[test]
fn files_are_planned_and_told_of_as_parts_are() {
    let temp = tempfile::tempdir().expect("a folder");
    let part = |name: &str, wit: &str| {
        let part = built(name, &format!("package a:b; interface out {{ f: func(); }} {wit}"));
        let path = temp.path().join(format!("{name}.wasm"));
        std::fs::write(&path, &*part.bytes).expect("written");
        (Given { language: part.part.language, ..Given::from(path) }, part)
    };
    let wiring = Wiring::default();
    let asks = part(
        "asks",
        "interface i { f: func(x: u8); }
        world w { import i; import wasi:cli/environment@0.2.0; export out; }
        package wasi:cli@0.2.0 { interface environment { get: func() -> list<tuple<string, string>>; } }",
    );
    let tells = |body: &str| part("tells", &format!("interface i {{ {body} }} world w {{ export i; }}"));
    for body in ["f: func(x: u8); g: func();", "f: func(x: u16);", "g: func();"] {
        let (files, parts): (Vec<_>, Vec<_>) = [asks.clone(), tells(body)].into_iter().unzip();
        assert!(parts.iter().all(|part| outline(part).is_some()));
        let parts = parts.into_iter().map(|part| (part.part.name.clone(), part)).collect();
        // What is closed is made of the world of who is refused.
        for options in [plan::Options::default(), closing(&[])] {
            let theirs = app(&parts, &wiring, &options, &FULL).map(|(_, composed)| composed.bytes);
            let mut memory = Memory::open(Home { root: temp.path().join("home") });
            let ours = files_again(&files, &wiring, &options, &FULL, &mut memory);
            if let Ok(assembly) = &ours {
                let refused = options.grants != plan::Options::default().grants;
                assert_eq!(assembly.took().decoded, usize::from(refused), "{body}");
            }
            let ours = ours.and_then(|it| it.bytes());
            let told = |error: Error| format!("{:?}", error.problems());
            assert_eq!(ours.map_err(told), theirs.map_err(told), "{body}");
        }
    }
}
