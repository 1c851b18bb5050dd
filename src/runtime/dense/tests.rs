//! Guests see the same memory, whatever it is made of.

use super::*;

/// A part that tells and grows its memory, and reads a byte of it.
fn part(memory: &str, more: &str) -> String {
    format!(
        "(component (core module $m (memory (export \"m\") {memory}) {more}
           (func (export \"size\") (result i32) (memory.size))
           (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))
           (func (export \"at\") (param i32) (result i32) (i32.load8_u (local.get 0))))
         (core instance $i (instantiate $m))
         (func (export \"size\") (result u32) (canon lift (core func $i \"size\")))
         (func (export \"grow\") (param \"by\" u32) (result u32) (canon lift (core func $i \"grow\")))
         (func (export \"at\") (param \"x\" u32) (result u32) (canon lift (core func $i \"at\"))))"
    )
}

fn app(part: &str) -> Vec<u8> {
    wat::parse_str(format!(
        "(component {} (instance $p (instantiate $part))
           (export \"size\" (func $p \"size\")) (export \"grow\" (func $p \"grow\")) (export \"at\" (func $p \"at\")))",
        part.replacen("(component", "(component $part", 1)
    ))
    .unwrap()
}

/// Memories of the modules of a component: pages at first, and at most.
fn memories(component: &[u8]) -> Vec<(u64, Option<u64>)> {
    let sections = Parser::new(0).parse_all(component).filter_map(|payload| match payload.unwrap() {
        Payload::MemorySection(section) => Some(section.into_iter().map(Result::unwrap).collect::<Vec<_>>()),
        _ => None,
    });
    sections.flatten().map(|memory| (memory.initial, memory.maximum)).collect()
}

#[test]
fn a_guest_sees_the_same_memory() {
    let engine = wasmtime::Engine::default();
    for (memory, data) in [
        ("2", "(data (i32.const 70000) \"abc\")"),
        (
            "2 5",
            "(global i32 (i32.const 7)) (data (i32.const 0) \"x\") (data $p \"q\")
           (func (data.drop $p))",
        ),
        ("1", ""),
    ] {
        let app = app(&part(memory, data));
        let dense = dense(&app, Some(15 << 16)).unwrap();
        assert_eq!((dense.room, memories(&dense.component)), (16 << 16, vec![(16, Some(16))]));
        let told = |bytes: &[u8]| {
            let component = wasmtime::component::Component::new(&engine, bytes).unwrap();
            let mut store = wasmtime::Store::new(&engine, ());
            let linker = wasmtime::component::Linker::<()>::new(&engine);
            let instance = linker.instantiate(&mut store, &component).unwrap();
            let size = instance.get_typed_func::<(), (u32,)>(&mut store, "size").unwrap();
            let grow = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "grow").unwrap();
            let at = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "at").unwrap();
            let mut told: Vec<u32> = [0, 65535].map(|x| at.call(&mut store, (x,)).unwrap().0).to_vec();
            for by in [0, 1, 2, 70000, u32::MAX] {
                told.push(grow.call(&mut store, (by,)).unwrap().0);
                told.push(size.call(&mut store, ()).unwrap().0);
            }
            told.push(at.call(&mut store, (70001,)).unwrap().0);
            assert!(at.call(&mut store, (16 << 16,)).is_err());
            told
        };
        assert_eq!(told(&app), told(&dense.component), "{memory}");
    }
}

/// Instructions of every kind of access, with what they want on the stack above an address.
const ACCESSES: &[(&str, &str)] = &[
    ("i32.load", ""),
    ("i32.load8_u", ""),
    ("i32.load16_s", ""),
    ("i64.load", ""),
    ("i64.load32_u", ""),
    ("f32.load", ""),
    ("f64.load", ""),
    ("v128.load", ""),
    ("v128.load16_splat", ""),
    ("v128.load32x2_s", ""),
    ("v128.load64_zero", ""),
    ("v128.load8_lane 3", "(v128.const i64x2 1 2)"),
    ("i32.store", "(i32.const 7)"),
    ("i32.store8", "(i32.const 7)"),
    ("i64.store", "(i64.const 7)"),
    ("i64.store16", "(i64.const 7)"),
    ("f32.store", "(f32.const 7)"),
    ("f64.store", "(f64.const 7)"),
    ("v128.store", "(v128.const i64x2 1 2)"),
    ("v128.store32_lane 1", "(v128.const i64x2 1 2)"),
];

#[test]
fn what_traps_traps_and_what_is_stored_is_there() {
    let mut functions = String::new();
    let mut lifted = String::new();
    let mut names = Vec::new();
    let mut add = |function: String| {
        let name = format!("f{}", names.len());
        functions +=
            &format!("(func (export \"{name}\") (param i32) (result i32) (local i64) {function} (i32.const 9))\n");
        lifted += &format!(
            "(func (export \"{name}\") (param \"x\" u32) (result u32) (canon lift (core func $i \"{name}\")))\n"
        );
        names.push(name);
    };
    for (instruction, value) in ACCESSES {
        for offset in [0_u32, 5, 65_530, 131_072, 200_000, 0xffff_fff0] {
            let (name, lane) = instruction.split_once(' ').unwrap_or((instruction, ""));
            let access = format!("{name} offset={offset} align=1 {lane} (local.get 0) {value}");
            let loads = !instruction.contains("store");
            add(if loads { format!("(drop ({access}))") } else { format!("({access})") });
        }
    }
    for count in [0, 1, 70_000] {
        add(format!("(memory.fill (local.get 0) (i32.const 3) (i32.const {count}))"));
        add(format!("(memory.copy (local.get 0) (i32.const 8) (i32.const {count}))"));
        add(format!("(memory.copy (i32.const 8) (local.get 0) (i32.const {count}))"));
        add(format!("(memory.init $d (local.get 0) (i32.const 0) (i32.const {}))", count.min(4)));
    }
    add("(i32.store (local.get 0) (i32.const 0x5a)) (if (i32.ne (i32.load (local.get 0)) (i32.const 0x5a)) (then (return (i32.const 1))))".to_owned());
    let engine = wasmtime::Engine::default();
    // One that grows, and one that cannot.
    for (grow, sizes) in [("(memory.grow (local.get 0))", vec![2, 3]), ("(i32.const 0)", vec![2])] {
        let text = format!(
            "(component (component $p (core module $m (memory 2) (data (i32.const 70000) \"abc\") (data $d \"data\")
               {functions}
               (func (export \"grow\") (param i32) (result i32) {grow}))
             (core instance $i (instantiate $m))
             (func (export \"grow\") (param \"by\" u32) (result u32) (canon lift (core func $i \"grow\")))
             {lifted})
           (instance $q (instantiate $p))
           {})",
            names
                .iter()
                .chain([&"grow".to_owned()])
                .fold(String::new(), |text, name| { text + &format!("(export \"{name}\" (func $q \"{name}\"))") })
        );
        let plain = wat::parse_str(&text).unwrap();
        let dense = dense(&plain, Some(15 << 16)).unwrap().component;
        assert_eq!(memories(&dense), [(16, Some(16))]);
        let [plain, dense] = [plain, dense].map(|it| wasmtime::component::Component::new(&engine, it).unwrap());
        for pages in sizes {
            let size = pages << 16;
            for name in &names {
                for at in
                    [0, 1, size - 70_000, size - 16, size - 8, size - 4, size - 1, size, size + 1, 4 << 16, u32::MAX]
                {
                    let told = [&plain, &dense].map(|component| {
                        let mut store = wasmtime::Store::new(&engine, ());
                        let linker = wasmtime::component::Linker::<()>::new(&engine);
                        let instance = linker.instantiate(&mut store, component).unwrap();
                        let mut call = |name: &str, x: u32| {
                            let call = instance.get_typed_func::<(u32,), (u32,)>(&mut store, name).unwrap();
                            call.call(&mut store, (x,)).map(|(told,)| told)
                        };
                        call("grow", pages - 2).unwrap();
                        call(name, at).map_err(|error| error.downcast::<wasmtime::Trap>().unwrap())
                    });
                    assert_eq!(told[0], told[1], "{name} of {at} in {pages} pages: {functions}");
                }
            }
        }
    }
}

#[test]
fn a_module_with_accesses_that_are_not_known_is_left() {
    let part = part("1", "(func (drop (i32.atomic.load (i32.const 0))))");
    assert_eq!(memories(&dense(&app(&part), None).unwrap().component), [(1, None)]);
}

#[test]
fn there_is_room_beyond_the_largest_memory() {
    assert_eq!(dense(&app(&part("17", "")), None).unwrap().room, 2 << 20);
    assert_eq!(dense(&app(&part("17", "")), Some(1)).unwrap().room, 18 << 16);
    // No image of that size.
    let large = dense(&app(&part("400", "")), None).unwrap();
    assert_eq!((large.room, memories(&large.component)), (26 << 20, vec![(400, None)]));
}

#[test]
fn a_memory_that_another_module_grows_is_left() {
    let other = "(core module (import \"a\" \"m\" (memory 1)) (func (drop (memory.grow (i32.const 1)))))";
    let part = part("1", "").replacen("(component", &format!("(component {other}"), 1);
    assert_eq!(memories(&dense(&app(&part), None).unwrap().component), [(1, None)]);
    let reads = other.replace("(drop (memory.grow (i32.const 1)))", "");
    let part = part.replace(other, &reads);
    assert_eq!(memories(&dense(&app(&part), None).unwrap().component), [(16, Some(16))]);
}
