//! Start of a WASI reactor (a library): `_initialize` runs constructors, once.

#![no_std]

unsafe extern "C" {
    fn __wasm_call_ctors();
}

static mut STARTED: bool = false;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn _initialize() {
    unsafe {
        // Volatile: the optimiser knows no second call, but a host can make one.
        let started = &raw mut STARTED;
        if started.read_volatile() {
            core::arch::wasm32::unreachable();
        }
        started.write_volatile(true);
        __wasm_call_ctors();
    }
}
