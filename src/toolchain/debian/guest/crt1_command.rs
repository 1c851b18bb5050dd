//! Start of a WASI command: `_start` runs constructors, `main` and destructors, once. What it calls by name is made by
//! the linker (`__wasm_call_ctors`) and the C library.

#![no_std]

unsafe extern "C" {
    fn __wasm_call_ctors();
    fn __main_void() -> i32;
    fn __wasm_call_dtors();
    fn exit(status: i32) -> !;
}

static mut STARTED: bool = false;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn _start() {
    unsafe {
        // Volatile: the optimiser knows no second call of `_start`, but a host can make one.
        let started = &raw mut STARTED;
        if started.read_volatile() {
            core::arch::wasm32::unreachable();
        }
        started.write_volatile(true);
        __wasm_call_ctors();
        let status = __main_void();
        if status != 0 {
            exit(status);
        }
        __wasm_call_dtors();
    }
}
