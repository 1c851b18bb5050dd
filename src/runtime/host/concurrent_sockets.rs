//! `wasi:sockets/types` 0.3 under a label: the functions of Wasmtime's WASI, of which those that make a socket give it
//! what is granted behind the label. A socket keeps that; its type is the one of the interface's own name.
//!
//! Wasmtime's WASI links its functions under that name only.

use wasmtime::{
    AsContextMut,
    component::{Access, LinkerInstance, Resource, StreamReader},
};
use wasmtime_wasi::{
    p3::{
        bindings::sockets::types::{
            Duration, ErrorCode, HostTcpSocket, HostTcpSocketWithStore, HostUdpSocket, HostUdpSocketWithStore,
            IpAddressFamily, IpSocketAddress,
        },
        sockets::SocketResult,
    },
    sockets::{TcpSocket, UdpSocket, WasiSockets, WasiSocketsView},
};

use crate::runtime::{
    state::{Behind, Guest, Reached},
    trap::caller,
};

use super::sockets::refuse_socket;

type Outcome<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;

fn outcome<T>(result: SocketResult<T>) -> Outcome<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

/// Links methods of a socket that are answered at once.
macro_rules! asked {
    ($interface:ident, $host:ident, $socket:ty: $($name:literal => $function:ident),* $(,)?) => {$(
        $interface.func_wrap($name, |mut store, (socket,): (Resource<$socket>,)| {
            outcome($host::$function(&mut store.data_mut().sockets(), socket))
        })?;
    )*};
}

/// The same, of those that are told something.
macro_rules! told {
    ($interface:ident, $host:ident, $socket:ty: $($name:literal => $function:ident($value:ty)),* $(,)?) => {$(
        $interface.func_wrap($name, |mut store, (socket, value): (Resource<$socket>, $value)| {
            outcome($host::$function(&mut store.data_mut().sockets(), socket, value))
        })?;
    )*};
}

pub(super) fn link(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    link_tcp(interface, behind)?;
    link_udp(interface, behind)
}

fn link_tcp(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap("[static]tcp-socket.create", move |mut store, (family,): (IpAddressFamily,)| {
        if store.data().host.granted(behind).net.is_closed() {
            refuse_socket(caller(&store), &store.data().host, "TCP");
        }
        let mut own = None;
        let mut reached = Reached::new(store.data_mut(), behind, &mut own)?;
        outcome(HostTcpSocket::create(&mut reached.sockets(), family))
    })?;
    interface.func_wrap_async(
        "[method]tcp-socket.bind",
        |mut store, (socket, address): (Resource<TcpSocket>, IpSocketAddress)| {
            Box::new(
                async move { outcome(HostTcpSocket::bind(&mut store.data_mut().sockets(), socket, address).await) },
            )
        },
    )?;
    interface.func_wrap_concurrent(
        "[method]tcp-socket.connect",
        |accessor, (socket, address): (Resource<TcpSocket>, IpSocketAddress)| {
            Box::pin(async move {
                let sockets = accessor.with_getter::<WasiSockets>(Guest::sockets);
                outcome(<WasiSockets as HostTcpSocketWithStore<Guest>>::connect(&sockets, socket, address).await)
            })
        },
    )?;
    interface.func_wrap_async("[method]tcp-socket.listen", |mut store, (socket,): (Resource<TcpSocket>,)| {
        Box::new(async move {
            let access = Access::<_, WasiSockets>::new(store.as_context_mut(), Guest::sockets);
            outcome(<WasiSockets as HostTcpSocketWithStore<Guest>>::listen(access, socket).await)
        })
    })?;
    interface.func_wrap(
        "[method]tcp-socket.send",
        |mut store, (socket, data): (Resource<TcpSocket>, StreamReader<u8>)| {
            let access = Access::<_, WasiSockets>::new(store.as_context_mut(), Guest::sockets);
            Ok((<WasiSockets as HostTcpSocketWithStore<Guest>>::send(access, socket, data)?,))
        },
    )?;
    interface.func_wrap("[method]tcp-socket.receive", |mut store, (socket,): (Resource<TcpSocket>,)| {
        let access = Access::<_, WasiSockets>::new(store.as_context_mut(), Guest::sockets);
        Ok((<WasiSockets as HostTcpSocketWithStore<Guest>>::receive(access, socket)?,))
    })?;
    interface.func_wrap("[method]tcp-socket.get-is-listening", |mut store, (socket,): (Resource<TcpSocket>,)| {
        Ok((HostTcpSocket::get_is_listening(&mut store.data_mut().sockets(), socket)?,))
    })?;
    interface.func_wrap("[method]tcp-socket.get-address-family", |mut store, (socket,): (Resource<TcpSocket>,)| {
        Ok((HostTcpSocket::get_address_family(&mut store.data_mut().sockets(), socket)?,))
    })?;
    asked!(interface, HostTcpSocket, TcpSocket:
        "[method]tcp-socket.get-local-address" => get_local_address,
        "[method]tcp-socket.get-remote-address" => get_remote_address,
        "[method]tcp-socket.get-keep-alive-enabled" => get_keep_alive_enabled,
        "[method]tcp-socket.get-keep-alive-idle-time" => get_keep_alive_idle_time,
        "[method]tcp-socket.get-keep-alive-interval" => get_keep_alive_interval,
        "[method]tcp-socket.get-keep-alive-count" => get_keep_alive_count,
        "[method]tcp-socket.get-hop-limit" => get_hop_limit,
        "[method]tcp-socket.get-receive-buffer-size" => get_receive_buffer_size,
        "[method]tcp-socket.get-send-buffer-size" => get_send_buffer_size,
    );
    told!(interface, HostTcpSocket, TcpSocket:
        "[method]tcp-socket.set-listen-backlog-size" => set_listen_backlog_size(u64),
        "[method]tcp-socket.set-keep-alive-enabled" => set_keep_alive_enabled(bool),
        "[method]tcp-socket.set-keep-alive-idle-time" => set_keep_alive_idle_time(Duration),
        "[method]tcp-socket.set-keep-alive-interval" => set_keep_alive_interval(Duration),
        "[method]tcp-socket.set-keep-alive-count" => set_keep_alive_count(u32),
        "[method]tcp-socket.set-hop-limit" => set_hop_limit(u8),
        "[method]tcp-socket.set-receive-buffer-size" => set_receive_buffer_size(u64),
        "[method]tcp-socket.set-send-buffer-size" => set_send_buffer_size(u64),
    );
    Ok(())
}

fn link_udp(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap_async("[static]udp-socket.create", move |mut store, (family,): (IpAddressFamily,)| {
        Box::new(async move {
            if store.data().host.granted(behind).net.is_closed() {
                refuse_socket(caller(&store), &store.data().host, "UDP");
            }
            let mut own = None;
            let mut reached = Reached::new(store.data_mut(), behind, &mut own)?;
            outcome(HostUdpSocket::create(&mut reached.sockets(), family).await)
        })
    })?;
    interface.func_wrap_async(
        "[method]udp-socket.bind",
        |mut store, (socket, address): (Resource<UdpSocket>, IpSocketAddress)| {
            Box::new(
                async move { outcome(HostUdpSocket::bind(&mut store.data_mut().sockets(), socket, address).await) },
            )
        },
    )?;
    interface.func_wrap_async(
        "[method]udp-socket.connect",
        |mut store, (socket, address): (Resource<UdpSocket>, IpSocketAddress)| {
            Box::new(
                async move { outcome(HostUdpSocket::connect(&mut store.data_mut().sockets(), socket, address).await) },
            )
        },
    )?;
    interface.func_wrap_concurrent(
        "[method]udp-socket.send",
        |accessor, (socket, data, address): (Resource<UdpSocket>, Vec<u8>, Option<IpSocketAddress>)| {
            Box::pin(async move {
                let sockets = accessor.with_getter::<WasiSockets>(Guest::sockets);
                outcome(<WasiSockets as HostUdpSocketWithStore<Guest>>::send(&sockets, socket, data, address).await)
            })
        },
    )?;
    interface.func_wrap_concurrent("[method]udp-socket.receive", |accessor, (socket,): (Resource<UdpSocket>,)| {
        Box::pin(async move {
            let sockets = accessor.with_getter::<WasiSockets>(Guest::sockets);
            outcome(<WasiSockets as HostUdpSocketWithStore<Guest>>::receive(&sockets, socket).await)
        })
    })?;
    interface.func_wrap("[method]udp-socket.get-address-family", |mut store, (socket,): (Resource<UdpSocket>,)| {
        Ok((HostUdpSocket::get_address_family(&mut store.data_mut().sockets(), socket)?,))
    })?;
    asked!(interface, HostUdpSocket, UdpSocket:
        "[method]udp-socket.disconnect" => disconnect,
        "[method]udp-socket.get-local-address" => get_local_address,
        "[method]udp-socket.get-remote-address" => get_remote_address,
        "[method]udp-socket.get-unicast-hop-limit" => get_unicast_hop_limit,
        "[method]udp-socket.get-receive-buffer-size" => get_receive_buffer_size,
        "[method]udp-socket.get-send-buffer-size" => get_send_buffer_size,
    );
    told!(interface, HostUdpSocket, UdpSocket:
        "[method]udp-socket.set-unicast-hop-limit" => set_unicast_hop_limit(u8),
        "[method]udp-socket.set-receive-buffer-size" => set_receive_buffer_size(u64),
        "[method]udp-socket.set-send-buffer-size" => set_send_buffer_size(u64),
    );
    Ok(())
}
