//! Files that nobody should trust.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn refuses_what_it_cannot_read() {
    let binary =
        wat::parse_str("(component (component $c (core module (func))) (instance (instantiate $c)))").expect("text");
    let code = |bytes: &[u8]| inspect("x", bytes, ALL).expect_err("it is no component").problems()[0].code;
    assert_eq!(code(b""), "resolve::not-wasm");
    assert_eq!(code(b"\0asm"), "resolve::truncated");
    assert_eq!(code(b"\0asm\x09\0\0\0"), "resolve::invalid-component");
    assert_eq!(code(&binary[..binary.len() - 1]), "resolve::truncated");
    assert_eq!(code(b"\x7fELF"), "resolve::not-wasm");
}

/// Without code and data the same is seen.
#[track_caller]
fn alike(bytes: &[u8], which: &dyn std::fmt::Display) {
    let sparse = sparse::sparse(&mut std::io::Cursor::new(bytes), bytes.len() as u64, 0).expect("it is in memory");
    let Some(sparse) = sparse else { return };
    let sections = [Section::Wit, Section::Graph, Section::Producers];
    let [ours, theirs] = [sparse.as_slice(), bytes].map(|bytes| {
        let seen = inspect("x", bytes, &sections).map_err(|error| error.problems()[0].code);
        seen.map(|seen| (seen.graph, seen.wit, seen.overview.counts, seen.overview.parts))
    });
    // What is not understood is read whole, and refused for what is wrong with that.
    assert!(ours.is_err() || ours == theirs, "{which}");
}

/// Every truncation, and seeded mutants: an answer or an error, in time, never a panic.
fn mutants(count: u64) {
    let parts = parts(&[("gateway", CHAIN), ("auth-part", CHAIN), ("model", CHAIN)]);
    let (_, composed) = composed(&parts, &plan::Options::default());
    let whole = composed.bytes;
    let within = |bytes: &[u8], which: &dyn std::fmt::Display| {
        let start = Instant::now();
        if let Err(error) = inspect("x", bytes, ALL) {
            let problem = &error.problems()[0];
            assert_ne!(problem.code, "resolve::crashed", "{which}: {problem:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{which} took {:?}", start.elapsed());
        alike(bytes, which);
    };
    let step = (whole.len() / 200).max(1);
    for end in (0..whole.len()).step_by(step) {
        within(&whole[..end], &format_args!("the first {end} bytes"));
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("it is below a usize")
    };
    for seed in 0..count {
        let mut mutant = whole.clone();
        for _ in 0..=random(3) {
            let at = 8 + random(mutant.len() - 8);
            match random(4) {
                0 => mutant[at] ^= 1 << random(8),
                1 => mutant[at] = u8::try_from(random(256)).expect("a byte"),
                2 => drop(mutant.remove(at)),
                _ => mutant.insert(at, u8::try_from(random(256)).expect("a byte")),
            }
        }
        within(&mutant, &format_args!("mutant {seed}"));
    }
}

#[test]
fn mutants_do_no_harm() {
    mutants(2_000);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn many_mutants_do_no_harm() {
    mutants(100_000);
}

/// Instances within instances, twice each: a file of a few kilobytes and 2^40 nodes.
#[test]
fn what_multiplies_is_cut_off() {
    let mut text = String::from("(component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..40 {
        let inner = level - 1;
        text = format!(
            "(component $c{level} {text} (instance (instantiate $c{inner})) (instance (instantiate $c{inner})))"
        );
    }
    let start = Instant::now();
    let graph = seen(text.as_bytes()).graph.expect("asked for");
    assert_eq!(graph.nodes.len(), 20_000);
    assert_eq!(graph.unknown, ["more than 20000 instances"]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}
