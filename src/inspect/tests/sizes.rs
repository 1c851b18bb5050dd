//! Where bytes go.

use super::*;

#[test]
fn debug_information_tells_what_functions_are_of() {
    // Version 4, addresses of four bytes: a unit of a file, a function that the linker knew, one that it did not.
    let abbreviations =
        b"\x01\x11\x01\x03\x08\0\0\x02\x2e\0\x6e\x08\x11\x01\x12\x06\0\0\x03\x2e\0\x11\x01\x12\x06\0\0\0";
    let function = |start: u32, size: u32| [start.to_le_bytes(), size.to_le_bytes()].concat();
    let unit = [
        &b"\x04\0\0\0\0\0\x04\x01/src/zlib/inflate.c\0\x02_ZN4core3fmt5write17h0123456789abcdefE\0"[..],
        &function(2, 5),
        b"\x03",
        &function(8, 8),
        b"\0",
    ]
    .concat();
    let length = u32::try_from(unit.len()).expect("small").to_le_bytes();
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let text = format!(
        "(module (func i32.const 1 drop) (func i64.const 1 i64.const 2 drop drop) (func)
            (@custom \".debug_abbrev\" \"{}\") (@custom \".debug_info\" \"{}\"))",
        escaped(abbreviations),
        escaped(&[&length[..], &unit].concat())
    );
    let sizes = seen(text.as_bytes()).sizes.expect("asked for");
    let code = sizes.tree.inside.iter().find(|part| part.name == "code").expect("there is code");
    let groups: Vec<_> = code.inside.iter().filter(|it| it.kind == model::SizeKind::FunctionGroup).collect();
    let told: Vec<_> = groups.iter().map(|group| (group.name.as_str(), group.size)).collect();
    assert_eq!(told, [("zlib", 8), ("core", 5), ("functions without a known origin", 2)]);
    let debug = sizes.savings.iter().find(|saving| saving.by == "debug information dropped").expect("it is there");
    assert!(debug.size > Some(100));
}

#[test]
fn another_engine_is_told_with_the_source_of_its_figures() {
    let savings = |tool: &str| {
        let text = format!(
            "(component (core module (func)) (core instance (instantiate 0)) (@producers (processed-by \"{tool}\" \"1\")))"
        );
        seen(text.as_bytes()).sizes.expect("asked for").savings
    };
    let starling = savings("ComponentizeJS");
    let [saving] = starling.as_slice() else { panic!("{starling:?}") };
    assert_eq!(
        (saving.by.as_str(), saving.size),
        ("QuickJS in place of StarlingMonkey, the engines alone", Some(9_630_829))
    );
    assert!(saving.source.as_ref().is_some_and(|source| source.contains("componentize-js 0.23.0")), "{saving:?}");
    let python = savings("componentize-py");
    assert_eq!((python.len(), python[0].size, python[0].source.as_ref()), (1, None, None));
    assert!(savings("clang").is_empty());
}

#[test]
fn sizes_add_up_and_duplicates_are_found() {
    let twin =
        "(core module (memory 1) (data (i32.const 0) \"FILL\") (func $\"_ZN4core3fmt5write17h0123456789abcdefE\"))";
    let twin = twin.replace("FILL", &"x".repeat(2000));
    let seen = seen(format!("(component (component $a {twin}) (component $b {twin} {twin}))").as_bytes());
    let sizes = seen.sizes.expect("asked for");
    let mut pending = vec![&sizes.tree];
    let mut groups = 0;
    while let Some(size) = pending.pop() {
        if !size.inside.is_empty() {
            assert_eq!(size.inside.iter().map(|inner| inner.size).sum::<u64>(), size.size, "{}", size.name);
        }
        groups += usize::from(size.kind == model::SizeKind::FunctionGroup && size.name == "core");
        pending.extend(&size.inside);
    }
    assert_eq!(groups, 3);
    assert!(sizes.compressed < sizes.tree.size / 5);
    let [duplicate] = sizes.duplicates.as_slice() else { panic!("{:?}", sizes.duplicates) };
    assert_eq!(duplicate.places, ["a › module 0", "b › module 0", "b › module 1"]);
    assert!(sizes.savings[0].size > Some(4000));
}
