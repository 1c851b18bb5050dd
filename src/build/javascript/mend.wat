;; What QuickJS lacks as componentize-qjs 0.4 embeds it, put between the generated glue and the runtime.
;;
;; Names and layouts are those of `wit_dylib.h` (wit-dylib 0.252, version 2 of `wit_t`). Every function imported from
;; "runtime" is the one that the runtime exports under that name; every function exported here takes its place.
(module
  (type $drop (func (param i32)))
  (type $rep (func (param i32) (result i32)))

  (import "env" "memory" (memory 0))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "runtime" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
  (import "runtime" "wit_dylib_dealloc_bytes" (func $dealloc (param i32 i32 i32 i32 i32)))
  (import "runtime" "wit_dylib_initialize" (func $initialize (param i32)))
  (import "runtime" "wit_dylib_export_call" (func $export_call (param i32 i32)))
  (import "runtime" "wit_dylib_resource_dtor" (func $dtor (param i32 i32)))
  (import "runtime" "wit_dylib_push_string" (func $push_string (param i32 i32 i32)))
  (import "runtime" "wit_dylib_pop_string" (func $pop_string (param i32 i32) (result i32)))
  (import "runtime" "wit_dylib_push_u32" (func $push_u32 (param i32 i32)))
  (import "runtime" "wit_dylib_push_f64" (func $push_f64 (param i32 f64)))
  (import "runtime" "wit_dylib_pop_f64" (func $pop_f64 (param i32) (result f64)))
  (import "runtime" "wit_dylib_push_borrow" (func $push_borrow (param i32 i32 i32)))
  (import "runtime" "wit_dylib_push_own" (func $push_own (param i32 i32 i32)))

  ;; State lies in memory, never in globals: so the engine is the same module in every part, and stored once in an app.
  ;; 0: the `wit_t` that the glue handed over.
  ;; 4: handles that were borrowed for the call being prepared: a list of { next, handle, drop }.
  ;; 8: whether a handle is being dropped whose object lives on.
  ;; 12: room for one pointer.
  (@dylink.0 (mem-info (memory 16 2)))
  (import "env" "__memory_base" (global $state i32))

  ;; Methods, constructors and static functions of exported resources become ordinary functions: the runtime takes a
  ;; method's last argument for its object. Their names lose the leading `[`; the bridge exports them so.
  (func (export "wit_dylib_initialize") (param $wit i32)
    (local $func i32) (local $left i32) (local $name i32)
    (if (i32.ne (i32.load (local.get $wit)) (i32.const 2)) (then unreachable))
    (i32.store (global.get $state) (local.get $wit))
    (local.set $left (i32.load offset=12 (local.get $wit)))
    (local.set $func (i32.load offset=16 (local.get $wit)))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $name (i32.load offset=4 (local.get $func)))
        (if (i32.eq (i32.load8_u (local.get $name)) (i32.const 0x5b))
          (then (i32.store offset=4 (local.get $func) (i32.add (local.get $name) (i32.const 1)))))
        (local.set $func (i32.add (local.get $func) (i32.const 24)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (call $initialize (local.get $wit)))

  (func $resource (param $ty i32) (result i32)
    (i32.add (i32.load offset=24 (i32.load (global.get $state))) (i32.mul (local.get $ty) (i32.const 20))))

  ;; A borrow of an imported resource must be given back before the call returns; the runtime would do so after. It is
  ;; pushed as if it were owned, so that the runtime keeps no note of it, and dropped here when the call has been made.
  (func (export "wit_dylib_push_borrow") (param $cx i32) (param $ty i32) (param $handle i32)
    (local $node i32)
    (if (i32.load offset=16 (call $resource (local.get $ty)))
      (then (return (call $push_borrow (local.get $cx) (local.get $ty) (local.get $handle)))))
    (local.set $node (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 12)))
    (i32.store (local.get $node) (i32.load offset=4 (global.get $state)))
    (i32.store offset=4 (local.get $node) (local.get $handle))
    (i32.store offset=8 (local.get $node) (i32.load offset=8 (call $resource (local.get $ty))))
    (i32.store offset=4 (global.get $state) (local.get $node))
    (call $push_own (local.get $cx) (local.get $ty) (local.get $handle)))

  (func (export "wit_dylib_export_call") (param $cx i32) (param $which i32)
    (local $node i32) (local $next i32)
    (local.set $node (i32.load offset=4 (global.get $state)))
    (i32.store offset=4 (global.get $state) (i32.const 0))
    (call $export_call (local.get $cx) (local.get $which))
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $node)))
        (local.set $next (i32.load (local.get $node)))
        (call_indirect (type $drop) (i32.load offset=4 (local.get $node)) (i32.load offset=8 (local.get $node)))
        (call $dealloc (local.get $cx) (local.get $node) (i32.const 12) (i32.const 4) (i32.const 0))
        (local.set $node (local.get $next))
        (br $more))))

  ;; The runtime takes the handle of an own resource that comes back for the index of its object. It gets the index, and
  ;; the handle ends without the object's end.
  (func (export "wit_dylib_push_own") (param $cx i32) (param $ty i32) (param $handle i32)
    (local $resource i32) (local $index i32)
    (local.set $resource (call $resource (local.get $ty)))
    (if (i32.eqz (i32.load offset=16 (local.get $resource)))
      (then (return (call $push_own (local.get $cx) (local.get $ty) (local.get $handle)))))
    (local.set $index
      (call_indirect (type $rep) (local.get $handle) (i32.load offset=16 (local.get $resource))))
    (i32.store offset=8 (global.get $state) (i32.const 1))
    (call_indirect (type $drop) (local.get $handle) (i32.load offset=8 (local.get $resource)))
    (i32.store offset=8 (global.get $state) (i32.const 0))
    (call $push_own (local.get $cx) (local.get $ty) (local.get $index)))

  (func (export "wit_dylib_resource_dtor") (param $ty i32) (param $index i32)
    (if (i32.eqz (i32.load offset=8 (global.get $state)))
      (then (call $dtor (local.get $ty) (local.get $index)))))

  ;; The runtime would make u32 from 2^31 on negative, and take no number beyond 2^31 - 1.
  (func (export "wit_dylib_push_u32") (param $cx i32) (param $value i32)
    (if (i32.ge_s (local.get $value) (i32.const 0))
      (then (call $push_u32 (local.get $cx) (local.get $value)))
      (else (call $push_f64 (local.get $cx) (f64.convert_i32_u (local.get $value))))))

  ;; As JavaScript itself makes 32 bits of a number: modulo 2^32.
  (func (export "wit_dylib_pop_u32") (param $cx i32) (result i32)
    (i32.wrap_i64 (i64.trunc_sat_f64_s (call $pop_f64 (local.get $cx)))))

  ;; 64-bit integers pass as 16 hexadecimal digits, which the bridge turns into BigInt and back: the runtime would make
  ;; them numbers.
  (func $push_wide (export "wit_dylib_push_u64") (export "wit_dylib_push_s64") (param $cx i32) (param $value i64)
    (local $text i32) (local $at i32) (local $digit i32)
    (local.set $text (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (local.set $at (i32.const 16))
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (local.set $digit (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 15)))
      (i32.store8
        (i32.add (local.get $text) (local.get $at))
        (i32.add
          (local.get $digit)
          (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
      (local.set $value (i64.shr_u (local.get $value) (i64.const 4)))
      (br_if $next (local.get $at)))
    (call $push_string (local.get $cx) (local.get $text) (i32.const 16)))

  (func $pop_wide (export "wit_dylib_pop_u64") (export "wit_dylib_pop_s64") (param $cx i32) (result i64)
    (local $text i32) (local $at i32) (local $digit i32) (local $value i64)
    (if (i32.ne (call $pop_string (local.get $cx) (i32.add (global.get $state) (i32.const 12))) (i32.const 16)) (then unreachable))
    (local.set $text (i32.load offset=12 (global.get $state)))
    (loop $next
      (local.set $digit (i32.load8_u (i32.add (local.get $text) (local.get $at))))
      (local.set $digit
        (i32.sub
          (local.get $digit)
          (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 58)))))
      (local.set $value
        (i64.or (i64.shl (local.get $value) (i64.const 4)) (i64.extend_i32_u (local.get $digit))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 16))))
    (local.get $value)))
