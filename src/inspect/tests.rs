use super::*;
use crate::language::Language;

const COMPONENT: &str = r#"
(component $app
  (type $logging (instance (export "log" (func (param "message" string)))))
  (import "wasi:logging/logging@0.1.0-draft" (instance (type $logging)))
  (import "plain" (func))
  (core module $main (func) (func) (memory 1) (data (i32.const 0) "0123456789")
    (@producers (language "Rust" "") (processed-by "rustc" "1.95.0")))
  (core module)
  (component $inner
    (core module $deep)
    (@producers (sdk "mosaic" "0.1.0"))
  )
  (@custom "mosaic:test" "four")
  (core instance $i (instantiate $main))
)
"#;

#[test]
fn tells_a_component_apart() {
    let seen = inspect("app", COMPONENT.as_bytes()).unwrap();
    assert_eq!(seen.kind, Kind::Component);
    assert_eq!(seen.size, wat::parse_str(COMPONENT).unwrap().len() as u64);
    let world = seen.world.unwrap();
    assert_eq!(
        world.imports,
        [
            Item {
                name: "wasi:logging/logging@0.1.0-draft".to_owned(),
                kind: Side::Interface,
                functions: vec!["log".to_owned()]
            },
            Item { name: "plain".to_owned(), kind: Side::Function, functions: vec![] },
        ]
    );
    assert_eq!(world.exports, []);
    assert!(world.wit.contains("log: func(message: string);"), "{}", world.wit);

    let structure = seen.structure;
    assert_eq!(structure.name.as_deref(), Some("app"));
    assert!(structure.customs.contains(&Custom { name: "mosaic:test".to_owned(), size: 4 }));
    let [main, empty] = structure.modules.as_slice() else { panic!("{structure:?}") };
    assert_eq!((main.name.as_deref(), main.functions), (Some("main"), 2));
    assert_eq!(main.size, main.range.end - main.range.start);
    assert!(main.data > 10 && main.code > 0 && main.custom > 0 && main.size > main.data + main.code + main.custom);
    assert_eq!(main.producers["processed-by"]["rustc"], "1.95.0");
    assert_eq!(empty.size, 8);
    let [inner] = structure.components.as_slice() else { panic!("{structure:?}") };
    assert_eq!(inner.structure.name.as_deref(), Some("inner"));
    assert_eq!(inner.structure.producers["sdk"]["mosaic"], "0.1.0");
    assert_eq!(inner.structure.modules[0].name.as_deref(), Some("deep"));
}

#[test]
fn tells_a_core_module_and_a_wit_package_apart() {
    let module = inspect("m", b"(module $m (func))").unwrap();
    assert_eq!((module.kind, module.world.is_none()), (Kind::CoreModule, true));
    assert_eq!(module.structure.modules[0].name.as_deref(), Some("m"));

    let mut resolve = wit_parser::Resolve::default();
    let id = resolve.push_str("x.wit", "package a:b@1.0.0; interface i { f: func(); }").unwrap();
    let package = inspect("p", &wit_component::encode(&resolve, id, false).unwrap()).unwrap();
    assert_eq!(package.kind, Kind::WitPackage);
    assert!(package.world.unwrap().wit.contains("package a:b@1.0.0;"));
}

#[test]
fn refuses_what_it_cannot_read() {
    use crate::diagnostic::Diagnose;
    let code = |bytes: &[u8]| inspect("x", bytes).unwrap_err().problems()[0].code;
    let binary = wat::parse_str(COMPONENT).unwrap();
    assert_eq!(code(b""), "resolve::not-wasm");
    assert_eq!(code(b"\0asm"), "resolve::truncated");
    assert_eq!(code(b"\0asm\x09\0\0\0"), "resolve::invalid-component");
    assert_eq!(code(&binary[..binary.len() - 1]), "resolve::truncated");
    for end in 0..binary.len() {
        // Never a panic, and never a success unless what is left is whole sections.
        let _ = inspect("x", &binary[..end]);
    }
    for at in 8..binary.len() {
        let mut flipped = binary.clone();
        flipped[at] ^= 0x55;
        let _ = inspect("x", &flipped);
    }
}

#[test]
fn guesses_the_language() {
    let guess = |text: &str| language(&inspect("x", text.as_bytes()).unwrap().structure);
    let with = |main: &str| {
        let adapter = "(core module $adapter (@producers (language \"Rust\" \"\") (processed-by \"rustc\" \"1.9\")))";
        guess(&format!("(component {main} {adapter})"))
    };
    let filler = "(data \"..................................................................................\")";
    let producers = |fields: &str| with(&format!("(core module $main {filler} (@producers {fields}))"));
    assert_eq!(producers("(language \"Go\" \"go1.26\") (processed-by \"Go cmd/compile\" \"1\")"), Some(Language::Go));
    assert_eq!(producers("(language \"C99\" \"\") (processed-by \"rustc\" \"1.95\")"), Some(Language::Rust));
    assert_eq!(producers("(language \"C99\" \"\") (processed-by \"clang\" \"14\")"), None);
    assert_eq!(with("(core module $libpython3.14.so)"), Some(Language::Python));
    assert_eq!(guess("(component)"), None);
}

#[test]
fn a_module_is_called_what_the_component_around_it_calls_it() {
    let text = "(component (import \"m\" (core module $imported)) (core module $own) (component $c))";
    let mut binary = wat::parse_str(text).unwrap();
    // The text format gives each module a name section too: take `own` out of the module's by renaming it there.
    let structure = inspect("x", &binary).unwrap().structure;
    assert_eq!((structure.modules[0].index, structure.modules[0].name.as_deref()), (1, Some("own")));
    let module = structure.modules[0].range.clone();
    let inside = &mut binary[module.start as usize..module.end as usize];
    let at = inside.windows(4).position(|bytes| bytes == b"name").unwrap();
    inside[at] = b'x';
    let structure = inspect("x", &binary).unwrap().structure;
    assert_eq!(structure.modules[0].name.as_deref(), Some("own"));
    assert_eq!(structure.components[0].structure.name.as_deref(), Some("c"));
}
