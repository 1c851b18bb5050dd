//! Guests written by hand: components of core modules in text, in the worlds of `fixtures/runtime/guest.wit`.
//!
//! Included by the tests of the runtime and by those of the command.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../fixtures/runtime/guest.wit");

/// A component of a core module in text, in a world of `guest.wit`.
pub fn component(world: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", WIT).expect("guest.wit is valid");
    let world = resolve.select_world(&[package], Some(world)).expect("the world exists");
    let mut module = wat::parse_str(core).unwrap_or_else(|error| panic!("{error}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).expect("the metadata fits");
    ComponentEncoder::default().validate(true).module(&module).and_then(|e| e.encode()).expect("it encodes")
}

/// A `wasi:http` 0.2 guest of the part `gateway`. `imports`: further ones; `body`: what it does before it answers with
/// `$length` bytes from `$text`; `$request` is its request.
pub fn http_guest(imports: &str, body: &str) -> Vec<u8> {
    lasting_guest(imports, body, "")
}

/// The same, which does `after` when its answer is sent but not ended; `$s` is the stream of its body.
pub fn lasting_guest(imports: &str, body: &str, after: &str) -> Vec<u8> {
    http_guest_of("p2", imports, body, after)
}

/// The same, in another world; `imports` may end with functions.
pub fn http_guest_of(world: &str, imports: &str, body: &str, after: &str) -> Vec<u8> {
    let types = "cm32p2|wasi:http/types@0.2";
    let streams = "cm32p2|wasi:io/streams@0.2";
    component(
        world,
        &format!(
            r#"
(module $"gateway (wat)"
  (import "{types}" "[constructor]fields" (func $fields (result i32)))
  (import "{types}" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "{types}" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "{types}" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "{types}" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "{types}" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "{streams}" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "{streams}" "output-stream_drop" (func $drop-stream (param i32)))
  {imports}
  (memory (export "cm32p2_memory") 17)
  (global $heap (mut i32) (i32.const 65536))
  (global $count (mut i32) (i32.const 0))
  (global $text (mut i32) (i32.const 1024))
  (global $length (mut i32) (i32.const 5))
  (data (i32.const 1024) "hello")
  (data (i32.const 1100) "secret")
  (data (i32.const 1120) "visits")
  (data (i32.const 1140) "localhost:1/")
  (data (i32.const 1160) "said by hand\n")
  (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  ;; Answers with one digit.
  (func $digit (param i32)
    (i32.store8 (i32.const 2048) (i32.add (local.get 0) (i32.const 48)))
    (global.set $text (i32.const 2048))
    (global.set $length (i32.const 1)))
  (func $work (param $request i32) {body})
  (func (export "cm32p2|wasi:http/incoming-handler@0.2|handle") (param $request i32) (param $out i32)
    (local $r i32) (local $b i32) (local $s i32)
    (call $work (local.get $request))
    (local.set $r (call $response (call $fields)))
    (call $body (local.get $r) (i32.const 16))
    (local.set $b (i32.load (i32.const 20)))
    (call $set (local.get $out) (i32.const 0) (local.get $r) (i32.const 0) (i64.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write (local.get $b) (i32.const 16))
    (local.set $s (i32.load (i32.const 20)))
    (call $put (local.get $s) (global.get $text) (global.get $length) (i32.const 16))
    {after}
    (call $drop-stream (local.get $s))
    (call $finish (local.get $b) (i32.const 0) (i32.const 0) (i32.const 16)))
  (func (export "cm32p2|wasi:http/incoming-handler@0.2|handle_post")))
"#
        ),
    )
}

/// A `wasi:cli/run` guest; `body` leaves 0 for success or 1 for failure.
pub fn command(body: &str) -> Vec<u8> {
    component(
        "command",
        &format!(
            r#"
(module $"tool (wat)"
  (import "cm32p2|wasi:cli/environment@0.2" "get-arguments" (func $arguments (param i32)))
  (import "cm32p2|wasi:cli/exit@0.2" "exit" (func $exit (param i32)))
  (memory (export "cm32p2_memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  (func (export "cm32p2|wasi:cli/run@0.2|run") (result i32) {body})
  (func (export "cm32p2|wasi:cli/run@0.2|run_post") (param i32)))
"#
        ),
    )
}

/// Helper functions for a guest that is told by its path what to do: `$where` and `$what` are the path's first two
/// letters after its slash, 0 where there are none.
pub const PATH: &str = r#"
  (import "cm32p2|wasi:http/types@0.2" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (func $letter (param $request i32) (param $at i32) (result i32)
    (call $path (local.get $request) (i32.const 32))
    (if (i32.le_u (i32.load (i32.const 40)) (local.get $at)) (then (return (i32.const 0))))
    (i32.load8_u (i32.add (i32.load (i32.const 36)) (local.get $at))))"#;

/// A function that does what a guest must not: `t` traps, `l` loops, `a` takes memory, `r` calls itself, each without
/// end; anything else is well and gives 7.
pub const MISDEED: &str = r#"
  (func $misdeed (param $what i32) (result i32)
    (if (i32.eq (local.get $what) (i32.const 116)) (then (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 108)) (then (loop $l (br $l))))
    (if (i32.eq (local.get $what) (i32.const 97)) (then
      (loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 114)) (then
      (return (i32.add (i32.const 1) (call $misdeed (local.get $what))))))
    (i32.const 7))"#;

/// Imports for a guest that waits: `$sleep` takes nanoseconds, `$block` what it gives.
pub const SLEEP: &str = r#"
  (import "cm32p2|wasi:clocks/monotonic-clock@0.2" "subscribe-duration" (func $sleep (param i64) (result i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))"#;

/// Imports for a guest that reads the body of its request, and how it does: it answers `1` where the body had an end,
/// `0` where reading failed.
pub const READ: (&str, &str) = (
    r#"
  (import "cm32p2|wasi:http/types@0.2" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "cm32p2|wasi:io/streams@0.2" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))"#,
    "
    (call $consume (local.get $request) (i32.const 16))
    (call $stream (i32.load (i32.const 20)) (i32.const 32))
    (loop $more
      (global.set $heap (i32.const 65536))
      (call $read (i32.load (i32.const 36)) (i64.const 65536) (i32.const 48))
      (br_if $more (i32.eqz (i32.load8_u (i32.const 48)))))
    (call $digit (i32.load8_u (i32.const 52)))",
);

/// A guest that sends a request to `authority`, waits for the answer, and answers with the case of the error, or `0`.
pub fn sender(authority: &str) -> Vec<u8> {
    let imports = format!(
        r#"
  (import "cm32p2|wasi:http/types@0.2" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))
  (import "cm32p2|wasi:io/poll@0.2" "pollable_drop" (func $drop-pollable (param i32)))
  (import "cm32p2|wasi:http/outgoing-handler@0.2" "handle" (func $send (param i32 i32 i32 i32)))
  (data (i32.const 3000) {authority:?})"#
    );
    let body = format!(
        "
    (local $r i32) (local $p i32)
    (local.set $r (call $request (call $fields)))
    (drop (call $scheme (local.get $r) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $r) (i32.const 1) (i32.const 3000) (i32.const {length})))
    (drop (call $path (local.get $r) (i32.const 1) (i32.const 1151) (i32.const 1)))
    (call $send (local.get $r) (i32.const 0) (i32.const 0) (i32.const 16))
    (local.set $r (i32.load (i32.const 24)))
    (local.set $p (call $subscribe (local.get $r)))
    (call $block (local.get $p))
    (call $drop-pollable (local.get $p))
    (call $get (local.get $r) (i32.const 64))
    ;; option, result and result, each a word of eight bytes; then the case of the error
    (call $digit (if (result i32) (i32.load8_u (i32.const 80)) (then (i32.load8_u (i32.const 88))) (else (i32.const 0))))",
        length = authority.len()
    );
    http_guest(&imports, &body)
}

/// A guest of the world `calls`: it adds, echoes, counts and fails.
pub fn tally() -> Vec<u8> {
    tally_with("")
}

/// The same, with something more in its core module.
pub fn tally_with(more: &str) -> Vec<u8> {
    component(
        "calls",
        &format!(
            r#"
(module $"tally (wat)" {more}
  (import "cm32p2|_ex_acme:shop/tally" "counter_new" (func $new (param i32) (result i32)))
  (import "cm32p2|_ex_acme:shop/tally" "counter_rep" (func $rep (param i32) (result i32)))
  (import "cm32p2|_ex_acme:shop/tally" "counter_drop" (func $drop (param i32)))
  (memory (export "cm32p2_memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (func $realloc (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  (func (export "cm32p2||add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $fall (unreachable))
  (func (export "cm32p2||fail") (call $fall))
  (func (export "cm32p2|acme:shop/tally|counter_dtor") (param i32))
  (func (export "cm32p2|acme:shop/tally|[constructor]counter") (param $start i32) (result i32)
    (local $at i32)
    (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 4)))
    (i32.store (local.get $at) (local.get $start))
    (call $new (local.get $at)))
  (func (export "cm32p2|acme:shop/tally|[method]counter.bump") (param $at i32) (param $by i32) (result i32)
    (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $by)))
    (i32.load (local.get $at)))
  (func (export "cm32p2|acme:shop/tally|close") (param $handle i32) (result i32)
    (i32.load (call $rep (local.get $handle)))
    (call $drop (local.get $handle)))
  (func (export "cm32p2|acme:shop/tally|echo") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
    (i32.store (i32.const 24) (local.get 2)) (i32.store (i32.const 28) (local.get 3))
    (i32.store8 (i32.const 32) (local.get 4)) (i32.store (i32.const 36) (local.get 5))
    (i32.const 16)))
"#
        ),
    )
}

/// Imports for a guest that writes objects and finds them.
pub const BLOBS: &str = r#"
  (import "cm32p2|wasi:blobstore/blobstore" "create-container" (func $create (param i32 i32 i32)))
  (import "cm32p2|wasi:blobstore/blobstore" "get-container" (func $container (param i32 i32 i32)))
  (import "cm32p2|wasi:blobstore/container" "[method]container.get-data" (func $data (param i32 i32 i32 i64 i64 i32)))
  (import "cm32p2|wasi:blobstore/container" "[method]container.write-data" (func $meant (param i32 i32 i32 i32 i32)))
  (import "cm32p2|wasi:blobstore/types" "[static]outgoing-value.new-outgoing-value" (func $value (result i32)))
  (import "cm32p2|wasi:blobstore/types" "[method]outgoing-value.outgoing-value-write-body" (func $stream (param i32 i32)))
  (import "cm32p2|wasi:blobstore/types" "[static]outgoing-value.finish" (func $done (param i32 i32)))"#;

/// `/w` makes the container `visits` and puts `hello` into its object of that name; anything else reads it.
pub fn storing() -> Vec<u8> {
    let imports = format!(
        r#"
  {BLOBS}
  (import "cm32p2|wasi:blobstore/types" "[static]incoming-value.incoming-value-consume-sync" (func $whole (param i32 i32)))
  {PATH}"#
    );
    let body = "
    (local $value i32)
    (if (i32.eq (call $letter (local.get $request) (i32.const 1)) (i32.const 119))
      (then
        (call $create (i32.const 1120) (i32.const 6) (i32.const 48))
        (if (i32.load8_u (i32.const 48)) (then (call $digit (i32.const 9)) (return)))
        (local.set $value (call $value))
        (call $meant (i32.load (i32.const 52)) (i32.const 1120) (i32.const 6) (local.get $value) (i32.const 64))
        (call $stream (local.get $value) (i32.const 64))
        (call $put (i32.load (i32.const 68)) (i32.const 1024) (i32.const 5) (i32.const 80))
        (call $drop-stream (i32.load (i32.const 68)))
        (call $done (local.get $value) (i32.const 64))
        (call $digit (i32.load8_u (i32.const 64))))
      (else
        (call $container (i32.const 1120) (i32.const 6) (i32.const 48))
        (if (i32.load8_u (i32.const 48)) (then (call $digit (i32.const 9)) (return)))
        (call $data (i32.load (i32.const 52)) (i32.const 1120) (i32.const 6) (i64.const 1) (i64.const 100) (i32.const 64))
        (call $whole (i32.load (i32.const 68)) (i32.const 80))
        (global.set $text (i32.load (i32.const 84)))
        (global.set $length (i32.load (i32.const 88)))))";
    http_guest(&imports, body)
}
