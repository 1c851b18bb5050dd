//! `wasi:sockets`: connections and datagrams to granted addresses, look-ups of granted names; no listening.
//!
//! Wasmtime's WASI asks for every address ([`grant`]). What it answers without asking, a socket made or a name looked up
//! where nothing of the kind is granted, is answered here ([`link`]), so that it can be told.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use wasmtime::{
    AsContextMut as _,
    component::{Linker, LinkerInstance, Resource},
};
use wasmtime_wasi::{
    WasiCtxBuilder,
    p2::{
        Network, TcpSocket, UdpSocket,
        bindings::sockets::{
            ip_name_lookup::{Host as _, HostResolveAddressStream as _, ResolveAddressStream},
            network::{ErrorCode, IpAddress, IpAddressFamily},
            tcp_create_socket::Host as _,
            udp_create_socket::Host as _,
        },
    },
    p3::bindings::sockets::{
        ip_name_lookup::{self as lookup, HostWithStore as _},
        types,
    },
    sockets::{SocketAddrUse, WasiSockets, WasiSocketsView},
};

use crate::runtime::{
    denials::Denial,
    grants::{Address, Missing, Scope},
    state::{Behind, Guest, Host, Reached},
    trap::caller,
};

use super::P2;

/// Opens what is granted of the network behind an import, and no more.
pub(in crate::runtime) fn grant(wasi: &mut WasiCtxBuilder, host: &Arc<Host>, behind: Behind) {
    if host.granted(behind).net.is_closed() {
        return;
    }
    let host = host.clone();
    wasi.allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true).socket_addr_check(move |address, purpose| {
        let host = host.clone();
        Box::pin(async move {
            let granted = is_granted(&host.granted(behind).net, address, purpose).await;
            if !granted {
                host.refuse(Denial {
                    part: None,
                    interface: "wasi:sockets",
                    what: format!("the address `{address}`"),
                    grant: Missing::new("net", address.to_string()),
                });
            }
            granted
        })
    });
}

async fn is_granted(net: &Scope<Address>, address: SocketAddr, purpose: SocketAddrUse) -> bool {
    let Scope::Only(granted) = net else { return true };
    match purpose {
        // What the system does by itself before a socket is used; a port of the guest's choice is not granted.
        SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => address.ip().is_unspecified() && address.port() == 0,
        SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => false,
        _ => reaches(granted, address).await,
    }
}

/// Whether one of these is this address, by number or by what its name stands for now.
async fn reaches(granted: &BTreeSet<Address>, address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    for Address { host, port } in granted.iter().filter(|granted| granted.port == address.port()) {
        let numeric = host.parse::<std::net::IpAddr>();
        let found = match numeric {
            Ok(granted) => granted.to_canonical() == ip,
            Err(_) => match tokio::net::lookup_host((host.as_str(), *port)).await {
                Ok(mut addresses) => addresses.any(|a| a.ip().to_canonical() == ip),
                Err(_) => false,
            },
        };
        if found {
            return true;
        }
    }
    false
}

fn may_look_up(net: &Scope<Address>, name: &str) -> bool {
    match net {
        Scope::All => true,
        Scope::Only(granted) => granted.iter().any(|address| address.host.eq_ignore_ascii_case(name)),
    }
}

/// Puts the telling of refusals before the functions that make sockets and look up names.
pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    link_tcp(&mut linker.instance(&format!("wasi:sockets/tcp-create-socket@{P2}"))?, Behind::All)?;
    link_udp(&mut linker.instance(&format!("wasi:sockets/udp-create-socket@{P2}"))?, Behind::All)?;
    let mut lookup = linker.instance(&format!("wasi:sockets/ip-name-lookup@{P2}"))?;
    link_resolve(&mut lookup, Behind::All)
}

pub(super) fn link_tcp(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap("create-tcp-socket", move |mut store, (family,): (IpAddressFamily,)| {
        if store.data().host.granted(behind).net.is_closed() {
            refuse_socket(caller(&store), &store.data().host, "TCP");
        }
        let mut own = None;
        let created: Result<Resource<TcpSocket>, ErrorCode> =
            match Reached::new(store.data_mut(), behind, &mut own)?.sockets().create_tcp_socket(family) {
                Ok(socket) => Ok(socket),
                Err(error) => Err(error.downcast()?),
            };
        Ok((created,))
    })
}

pub(super) fn link_udp(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap_async("create-udp-socket", move |mut store, (family,): (IpAddressFamily,)| {
        Box::new(async move {
            if store.data().host.granted(behind).net.is_closed() {
                refuse_socket(caller(&store), &store.data().host, "UDP");
            }
            let mut own = None;
            let created: Result<Resource<UdpSocket>, ErrorCode> =
                match Reached::new(store.data_mut(), behind, &mut own)?.sockets().create_udp_socket(family).await {
                    Ok(socket) => Ok(socket),
                    Err(error) => Err(error.downcast()?),
                };
            Ok((created,))
        })
    })
}

/// The whole interface, under a label.
pub(super) fn link_lookup(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    link_resolve(interface, behind)?;
    interface.func_wrap(
        "[method]resolve-address-stream.resolve-next-address",
        |mut store, (stream,): (Resource<ResolveAddressStream>,)| {
            let next: Result<Option<IpAddress>, ErrorCode> =
                match store.data_mut().sockets().resolve_next_address(stream) {
                    Ok(next) => Ok(next),
                    Err(error) => Err(error.downcast()?),
                };
            Ok((next,))
        },
    )?;
    interface.func_wrap(
        "[method]resolve-address-stream.subscribe",
        |mut store, (stream,): (Resource<ResolveAddressStream>,)| Ok((store.data_mut().sockets().subscribe(stream)?,)),
    )
}

fn link_resolve(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap("resolve-addresses", move |mut store, (network, name): (Resource<Network>, String)| {
        if !may_look_up(&store.data().host.granted(behind).net, &name) {
            refuse_lookup(caller(&store), &store.data().host, &name);
            return Ok((Err(ErrorCode::AccessDenied),));
        }
        let mut own = None;
        let resolved: Result<Resource<ResolveAddressStream>, ErrorCode> =
            match Reached::new(store.data_mut(), behind, &mut own)?.sockets().resolve_addresses(network, name) {
                Ok(addresses) => Ok(addresses),
                Err(error) => Err(error.downcast()?),
            };
        Ok((resolved,))
    })
}

/// `wasi:sockets/ip-name-lookup` 0.3, under a label. Names that are granted are those of [`grant`], too.
pub(super) fn link_concurrent_lookup(
    interface: &mut LinkerInstance<'_, Guest>,
    behind: Behind,
) -> wasmtime::Result<()> {
    type Resolved = Result<Vec<types::IpAddress>, lookup::ErrorCode>;
    interface.func_wrap_concurrent("resolve-addresses", move |accessor, (name,): (String,)| {
        Box::pin(async move {
            let granted = accessor.with(|mut store| {
                // Before it first waits: its guest is still the one that called.
                let part = caller(store.as_context_mut());
                let host = &store.data_mut().host;
                let granted = may_look_up(&host.granted(behind).net, &name);
                if !granted {
                    refuse_lookup(part, host, &name);
                }
                granted
            });
            let resolved: Resolved = match granted {
                // What is granted behind a label is granted to the app.
                true => {
                    WasiSockets::resolve_addresses(&accessor.with_getter::<WasiSockets>(Guest::sockets), name).await?
                }
                false => Err(lookup::ErrorCode::AccessDenied),
            };
            Ok((resolved,))
        })
    })
}

fn refuse_lookup(part: Option<String>, host: &Host, name: &str) {
    host.refuse(Denial {
        part,
        interface: "wasi:sockets/ip-name-lookup",
        what: format!("the look-up of `{name}`"),
        grant: Missing::new("net", format!("{name}:PORT")),
    });
}

pub(super) fn refuse_socket(part: Option<String>, host: &Host, protocol: &str) {
    host.refuse(Denial {
        part,
        interface: "wasi:sockets",
        what: format!("a {protocol} socket"),
        grant: Missing::new("net", "HOST:PORT"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(values: &[&str]) -> Scope<Address> {
        Scope::Only(values.iter().map(|v| v.parse().unwrap()).collect())
    }

    async fn granted(net: &Scope<Address>, address: &str, purpose: SocketAddrUse) -> bool {
        is_granted(net, address.parse().unwrap(), purpose).await
    }

    #[tokio::test]
    async fn addresses_by_number_and_by_name() {
        let net = scope(&["10.0.0.1:5432", "localhost:80", "[::1]:9"]);
        for (address, reached) in [
            ("10.0.0.1:5432", true),
            ("10.0.0.1:5433", false),
            ("10.0.0.2:5432", false),
            ("127.0.0.1:80", true),
            ("[::ffff:10.0.0.1]:5432", true),
            ("[::1]:9", true),
        ] {
            assert_eq!(granted(&net, address, SocketAddrUse::TcpConnect).await, reached, "{address}");
        }
    }

    #[tokio::test]
    async fn nobody_listens() {
        let net = scope(&["127.0.0.1:8080"]);
        assert!(granted(&net, "0.0.0.0:0", SocketAddrUse::TcpBind).await);
        assert!(!granted(&net, "127.0.0.1:8080", SocketAddrUse::TcpBind).await);
        assert!(!granted(&net, "127.0.0.1:8080", SocketAddrUse::TcpListen).await);
        assert!(granted(&Scope::All, "127.0.0.1:8080", SocketAddrUse::TcpListen).await);
    }

    #[test]
    fn names() {
        assert!(may_look_up(&scope(&["db.example.com:1"]), "DB.example.com"));
        assert!(!may_look_up(&scope(&["db.example.com:1"]), "example.com"));
        assert!(!may_look_up(&Scope::default(), "localhost"));
    }
}
