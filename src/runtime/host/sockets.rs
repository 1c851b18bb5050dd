//! `wasi:sockets`: connections and datagrams to granted addresses, look-ups of granted names; no listening.
//!
//! Wasmtime's WASI asks for every address ([`grant`]). What it answers without asking, a socket made or a name looked up
//! where nothing of the kind is granted, is answered here ([`link`]), so that it can be told.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::{
    WasiCtxBuilder,
    p2::{
        Network, TcpSocket, UdpSocket,
        bindings::sockets::{
            ip_name_lookup::{Host as _, ResolveAddressStream},
            network::{ErrorCode, IpAddressFamily},
            tcp_create_socket::Host as _,
            udp_create_socket::Host as _,
        },
    },
    sockets::{SocketAddrUse, WasiSocketsView},
};

use crate::runtime::{
    denials::Denial,
    grants::{Address, Missing, Scope},
    state::{Guest, Host},
    trap::caller,
};

use super::P2;

/// Opens what is granted of the network, and no more.
pub(in crate::runtime) fn grant(wasi: &mut WasiCtxBuilder, host: &Arc<Host>) {
    if host.grants.net.is_closed() {
        return;
    }
    let host = host.clone();
    wasi.allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true).socket_addr_check(move |address, purpose| {
        let host = host.clone();
        Box::pin(async move {
            let granted = is_granted(&host.grants.net, address, purpose).await;
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
    linker.instance(&format!("wasi:sockets/tcp-create-socket@{P2}"))?.func_wrap(
        "create-tcp-socket",
        |mut store, (family,): (IpAddressFamily,)| {
            if store.data().host.grants.net.is_closed() {
                refuse_socket(caller(&store), &store.data().host, "TCP");
            }
            let created: Result<Resource<TcpSocket>, ErrorCode> =
                match store.data_mut().sockets().create_tcp_socket(family) {
                    Ok(socket) => Ok(socket),
                    Err(error) => Err(error.downcast()?),
                };
            Ok((created,))
        },
    )?;
    linker.instance(&format!("wasi:sockets/udp-create-socket@{P2}"))?.func_wrap_async(
        "create-udp-socket",
        |mut store, (family,): (IpAddressFamily,)| {
            Box::new(async move {
                if store.data().host.grants.net.is_closed() {
                    refuse_socket(caller(&store), &store.data().host, "UDP");
                }
                let created: Result<Resource<UdpSocket>, ErrorCode> =
                    match store.data_mut().sockets().create_udp_socket(family).await {
                        Ok(socket) => Ok(socket),
                        Err(error) => Err(error.downcast()?),
                    };
                Ok((created,))
            })
        },
    )?;
    linker.instance(&format!("wasi:sockets/ip-name-lookup@{P2}"))?.func_wrap(
        "resolve-addresses",
        |mut store, (network, name): (Resource<Network>, String)| {
            if !may_look_up(&store.data().host.grants.net, &name) {
                store.data().host.refuse(Denial {
                    part: caller(&store),
                    interface: "wasi:sockets/ip-name-lookup",
                    what: format!("the look-up of `{name}`"),
                    grant: Missing::new("net", format!("{name}:PORT")),
                });
                return Ok((Err(ErrorCode::AccessDenied),));
            }
            let resolved: Result<Resource<ResolveAddressStream>, ErrorCode> =
                match store.data_mut().sockets().resolve_addresses(network, name) {
                    Ok(addresses) => Ok(addresses),
                    Err(error) => Err(error.downcast()?),
                };
            Ok((resolved,))
        },
    )
}

fn refuse_socket(part: Option<String>, host: &Host, protocol: &str) {
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
