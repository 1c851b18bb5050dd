//! The bundled WIT packages. Written by `cargo xtask wit`; do not edit.

use super::{Bundled, Origin};

macro_rules! wit {
    ($path:literal) => {
        ($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wit/bundled/", $path)))
    };
}

#[rustfmt::skip]
pub(super) const TABLE: &[Bundled] = &[
    Bundled {
        name: "cli",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("cli/0.2.0/command.wit"),
            wit!("cli/0.2.0/environment.wit"),
            wit!("cli/0.2.0/exit.wit"),
            wit!("cli/0.2.0/imports.wit"),
            wit!("cli/0.2.0/run.wit"),
            wit!("cli/0.2.0/stdio.wit"),
            wit!("cli/0.2.0/terminal.wit"),
        ],
    },
    Bundled {
        name: "clocks",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("clocks/0.2.0/monotonic-clock.wit"),
            wit!("clocks/0.2.0/wall-clock.wit"),
            wit!("clocks/0.2.0/world.wit"),
        ],
    },
    Bundled {
        name: "filesystem",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("filesystem/0.2.0/preopens.wit"),
            wit!("filesystem/0.2.0/types.wit"),
            wit!("filesystem/0.2.0/world.wit"),
        ],
    },
    Bundled {
        name: "http",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("http/0.2.0/handler.wit"),
            wit!("http/0.2.0/proxy.wit"),
            wit!("http/0.2.0/types.wit"),
        ],
    },
    Bundled {
        name: "io",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("io/0.2.0/error.wit"),
            wit!("io/0.2.0/poll.wit"),
            wit!("io/0.2.0/streams.wit"),
            wit!("io/0.2.0/world.wit"),
        ],
    },
    Bundled {
        name: "random",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("random/0.2.0/insecure-seed.wit"),
            wit!("random/0.2.0/insecure.wit"),
            wit!("random/0.2.0/random.wit"),
            wit!("random/0.2.0/world.wit"),
        ],
    },
    Bundled {
        name: "sockets",
        version: "0.2.0",
        origin: Origin { name: "componentize-py", version: "0.25.1" },
        files: &[
            wit!("sockets/0.2.0/instance-network.wit"),
            wit!("sockets/0.2.0/ip-name-lookup.wit"),
            wit!("sockets/0.2.0/network.wit"),
            wit!("sockets/0.2.0/tcp-create-socket.wit"),
            wit!("sockets/0.2.0/tcp.wit"),
            wit!("sockets/0.2.0/udp-create-socket.wit"),
            wit!("sockets/0.2.0/udp.wit"),
            wit!("sockets/0.2.0/world.wit"),
        ],
    },
    Bundled {
        name: "cli",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("cli/0.2.6/command.wit"),
            wit!("cli/0.2.6/environment.wit"),
            wit!("cli/0.2.6/exit.wit"),
            wit!("cli/0.2.6/imports.wit"),
            wit!("cli/0.2.6/run.wit"),
            wit!("cli/0.2.6/stdio.wit"),
            wit!("cli/0.2.6/terminal.wit"),
        ],
    },
    Bundled {
        name: "clocks",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("clocks/0.2.6/monotonic-clock.wit"),
            wit!("clocks/0.2.6/timezone.wit"),
            wit!("clocks/0.2.6/wall-clock.wit"),
            wit!("clocks/0.2.6/world.wit"),
        ],
    },
    Bundled {
        name: "filesystem",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("filesystem/0.2.6/preopens.wit"),
            wit!("filesystem/0.2.6/types.wit"),
            wit!("filesystem/0.2.6/world.wit"),
        ],
    },
    Bundled {
        name: "http",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("http/0.2.6/handler.wit"),
            wit!("http/0.2.6/proxy.wit"),
            wit!("http/0.2.6/types.wit"),
        ],
    },
    Bundled {
        name: "io",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("io/0.2.6/error.wit"),
            wit!("io/0.2.6/poll.wit"),
            wit!("io/0.2.6/streams.wit"),
            wit!("io/0.2.6/world.wit"),
        ],
    },
    Bundled {
        name: "random",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("random/0.2.6/insecure-seed.wit"),
            wit!("random/0.2.6/insecure.wit"),
            wit!("random/0.2.6/random.wit"),
            wit!("random/0.2.6/world.wit"),
        ],
    },
    Bundled {
        name: "sockets",
        version: "0.2.6",
        origin: Origin { name: "wasmtime-wasi-http", version: "38.0.4" },
        files: &[
            wit!("sockets/0.2.6/instance-network.wit"),
            wit!("sockets/0.2.6/ip-name-lookup.wit"),
            wit!("sockets/0.2.6/network.wit"),
            wit!("sockets/0.2.6/tcp-create-socket.wit"),
            wit!("sockets/0.2.6/tcp.wit"),
            wit!("sockets/0.2.6/udp-create-socket.wit"),
            wit!("sockets/0.2.6/udp.wit"),
            wit!("sockets/0.2.6/world.wit"),
        ],
    },
    Bundled {
        name: "cli",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("cli/0.2.9/cli.wit"),
        ],
    },
    Bundled {
        name: "clocks",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("clocks/0.2.9/clocks.wit"),
        ],
    },
    Bundled {
        name: "filesystem",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("filesystem/0.2.9/filesystem.wit"),
        ],
    },
    Bundled {
        name: "http",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("http/0.2.9/http.wit"),
        ],
    },
    Bundled {
        name: "io",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("io/0.2.9/io.wit"),
        ],
    },
    Bundled {
        name: "random",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("random/0.2.9/random.wit"),
        ],
    },
    Bundled {
        name: "sockets",
        version: "0.2.9",
        origin: Origin { name: "wasip2", version: "1.0.2+wasi-0.2.9" },
        files: &[
            wit!("sockets/0.2.9/sockets.wit"),
        ],
    },
    Bundled {
        name: "cli",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("cli/0.2.12/cli.wit"),
        ],
    },
    Bundled {
        name: "clocks",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("clocks/0.2.12/clocks.wit"),
        ],
    },
    Bundled {
        name: "filesystem",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("filesystem/0.2.12/filesystem.wit"),
        ],
    },
    Bundled {
        name: "http",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("http/0.2.12/http.wit"),
        ],
    },
    Bundled {
        name: "io",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("io/0.2.12/io.wit"),
        ],
    },
    Bundled {
        name: "random",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("random/0.2.12/random.wit"),
        ],
    },
    Bundled {
        name: "sockets",
        version: "0.2.12",
        origin: Origin { name: "wasip2", version: "2.0.1+wasi-0.2.12" },
        files: &[
            wit!("sockets/0.2.12/sockets.wit"),
        ],
    },
    Bundled {
        name: "cli",
        version: "0.3.0",
        origin: Origin { name: "wasmtime-wasi-http", version: "48.0.8" },
        files: &[
            wit!("cli/0.3.0/cli.wit"),
        ],
    },
    Bundled {
        name: "clocks",
        version: "0.3.0",
        origin: Origin { name: "wasmtime-wasi-http", version: "48.0.8" },
        files: &[
            wit!("clocks/0.3.0/clocks.wit"),
        ],
    },
    Bundled {
        name: "filesystem",
        version: "0.3.0",
        origin: Origin { name: "wasmtime-wasi-http", version: "48.0.8" },
        files: &[
            wit!("filesystem/0.3.0/filesystem.wit"),
        ],
    },
    Bundled {
        name: "http",
        version: "0.3.0",
        origin: Origin { name: "wasmtime-wasi-http", version: "48.0.8" },
        files: &[
            wit!("http/0.3.0/http.wit"),
        ],
    },
    Bundled {
        name: "random",
        version: "0.3.0",
        origin: Origin { name: "wasmtime-wasi-http", version: "48.0.8" },
        files: &[
            wit!("random/0.3.0/random.wit"),
        ],
    },
    Bundled {
        name: "sockets",
        version: "0.3.0",
        origin: Origin { name: "wasmtime-wasi-http", version: "48.0.8" },
        files: &[
            wit!("sockets/0.3.0/sockets.wit"),
        ],
    },
    Bundled {
        name: "cli",
        version: "0.3.2",
        origin: Origin { name: "wasip3", version: "0.10.0+wasi-0.3.2" },
        files: &[
            wit!("cli/0.3.2/cli.wit"),
        ],
    },
    Bundled {
        name: "clocks",
        version: "0.3.2",
        origin: Origin { name: "wasip3", version: "0.10.0+wasi-0.3.2" },
        files: &[
            wit!("clocks/0.3.2/clocks.wit"),
        ],
    },
    Bundled {
        name: "filesystem",
        version: "0.3.2",
        origin: Origin { name: "wasip3", version: "0.10.0+wasi-0.3.2" },
        files: &[
            wit!("filesystem/0.3.2/filesystem.wit"),
        ],
    },
    Bundled {
        name: "http",
        version: "0.3.2",
        origin: Origin { name: "wasip3", version: "0.10.0+wasi-0.3.2" },
        files: &[
            wit!("http/0.3.2/http.wit"),
        ],
    },
    Bundled {
        name: "random",
        version: "0.3.2",
        origin: Origin { name: "wasip3", version: "0.10.0+wasi-0.3.2" },
        files: &[
            wit!("random/0.3.2/random.wit"),
        ],
    },
    Bundled {
        name: "sockets",
        version: "0.3.2",
        origin: Origin { name: "wasip3", version: "0.10.0+wasi-0.3.2" },
        files: &[
            wit!("sockets/0.3.2/sockets.wit"),
        ],
    },
    Bundled {
        name: "blobstore",
        version: "0.2.0-draft",
        origin: Origin { name: "wash-runtime", version: "0.1.0" },
        files: &[
            wit!("blobstore/0.2.0-draft/package.wit"),
        ],
    },
    Bundled {
        name: "logging",
        version: "0.1.0-draft",
        origin: Origin { name: "wash-runtime", version: "0.1.0" },
        files: &[
            wit!("logging/0.1.0-draft/package.wit"),
        ],
    },
    Bundled {
        name: "keyvalue",
        version: "0.2.0-draft",
        origin: Origin { name: "wasmtime-wasi-keyvalue", version: "48.0.8" },
        files: &[
            wit!("keyvalue/0.2.0-draft/atomic.wit"),
            wit!("keyvalue/0.2.0-draft/batch.wit"),
            wit!("keyvalue/0.2.0-draft/store.wit"),
            wit!("keyvalue/0.2.0-draft/watch.wit"),
            wit!("keyvalue/0.2.0-draft/world.wit"),
        ],
    },
    Bundled {
        name: "config",
        version: "0.2.0-rc.1",
        origin: Origin { name: "wasmtime-wasi-config", version: "48.0.8" },
        files: &[
            wit!("config/0.2.0-rc.1/store.wit"),
            wit!("config/0.2.0-rc.1/world.wit"),
        ],
    },
];
