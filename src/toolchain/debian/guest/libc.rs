//! What std calls on `wasm32-wasip2` and a C library of WASI preview 1 lacks. Each function is compiled where the
//! library at hand `lacks` it. None of them can be done on preview 1: they say so as POSIX has it, and std turns that
//! into `io::ErrorKind::Unsupported`.

#![no_std]
#![feature(thread_local)]

use core::{
    ffi::{c_char, c_int, c_void},
    ptr,
};

// The library itself, bundled into the archive this becomes.
#[link(name = "c_base", kind = "static", modifiers = "+bundle")]
unsafe extern "C" {
    #[thread_local]
    static mut errno: c_int;
}

type Pointer = *mut c_void;

/// Numbers of WASI preview 1's `errno`.
const ENOSYS: c_int = 52;
const ENOTSUP: c_int = 58;
/// `netdb.h`: non-recoverable failure of name resolution.
const EAI_FAIL: c_int = -4;

fn unsupported() -> c_int {
    unsafe { errno = ENOSYS };
    -1
}

/// Functions that fail with -1 and `ENOSYS`.
macro_rules! unsupported {
    ($($(#[$lacks:meta])* fn $name:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        $(#[$lacks])*
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($(_: $argument),*) -> $result {
            unsupported() as $result
        }
    )*};
}

unsupported! {
    #[cfg(lacks = "socket")]
    fn socket(c_int, c_int, c_int) -> c_int;
    #[cfg(lacks = "bind")]
    fn bind(c_int, Pointer, u32) -> c_int;
    #[cfg(lacks = "connect")]
    fn connect(c_int, Pointer, u32) -> c_int;
    #[cfg(lacks = "listen")]
    fn listen(c_int, c_int) -> c_int;
    #[cfg(lacks = "getpeername")]
    fn getpeername(c_int, Pointer, Pointer) -> c_int;
    #[cfg(lacks = "getsockname")]
    fn getsockname(c_int, Pointer, Pointer) -> c_int;
    #[cfg(lacks = "setsockopt")]
    fn setsockopt(c_int, c_int, c_int, Pointer, u32) -> c_int;
    #[cfg(lacks = "recvfrom")]
    fn recvfrom(c_int, Pointer, usize, c_int, Pointer, Pointer) -> isize;
    #[cfg(lacks = "sendto")]
    fn sendto(c_int, Pointer, usize, c_int, Pointer, u32) -> isize;
    #[cfg(lacks = "chmod")]
    fn chmod(Pointer, u32) -> c_int;
    #[cfg(lacks = "fchmod")]
    fn fchmod(c_int, u32) -> c_int;
}

#[cfg(lacks = "getaddrinfo")]
#[unsafe(no_mangle)]
pub extern "C" fn getaddrinfo(_: Pointer, _: Pointer, _: Pointer, _: Pointer) -> c_int {
    EAI_FAIL
}

#[cfg(lacks = "freeaddrinfo")]
#[unsafe(no_mangle)]
pub extern "C" fn freeaddrinfo(_: Pointer) {}

#[cfg(lacks = "gai_strerror")]
#[unsafe(no_mangle)]
pub extern "C" fn gai_strerror(_: c_int) -> *const c_char {
    c"names cannot be looked up: this program was built with a C library that has no sockets".as_ptr()
}

#[cfg(lacks = "realpath")]
#[unsafe(no_mangle)]
pub extern "C" fn realpath(_: Pointer, _: Pointer) -> *mut c_char {
    unsupported();
    ptr::null_mut()
}

// Threads: an error number is the result, and `errno` is left alone.

#[cfg(lacks = "pthread_create")]
#[unsafe(no_mangle)]
pub extern "C" fn pthread_create(_: Pointer, _: Pointer, _: Pointer, _: Pointer) -> c_int {
    ENOTSUP
}

#[cfg(lacks = "pthread_join")]
#[unsafe(no_mangle)]
pub extern "C" fn pthread_join(_: Pointer, _: Pointer) -> c_int {
    ENOTSUP
}

#[cfg(lacks = "pthread_detach")]
#[unsafe(no_mangle)]
pub extern "C" fn pthread_detach(_: Pointer) -> c_int {
    ENOTSUP
}

#[cfg(lacks = "pthread_attr_init")]
#[unsafe(no_mangle)]
pub extern "C" fn pthread_attr_init(_: Pointer) -> c_int {
    0
}

#[cfg(lacks = "pthread_attr_destroy")]
#[unsafe(no_mangle)]
pub extern "C" fn pthread_attr_destroy(_: Pointer) -> c_int {
    0
}

#[cfg(lacks = "pthread_attr_setstacksize")]
#[unsafe(no_mangle)]
pub extern "C" fn pthread_attr_setstacksize(_: Pointer, _: usize) -> c_int {
    0
}
