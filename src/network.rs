//! How the network is reached over HTTP: the patience, the proxies, whom to trust.
//!
//! Short patience for reaching a server (a closed network often swallows packets instead of refusing them), long for
//! one that answers. Proxies are those of the environment. Certificates are the system's where it has them in one of
//! the usual places, so that a company's own authority is trusted as it is by the user's other tools; else Mozilla's.

use std::{fs, time::Duration};

use ureq::{
    Agent,
    config::{Config, ConfigBuilder},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
    typestate::AgentScope,
};

/// Patience for a name to resolve and a connection to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// Patience for a silent server.
const SILENCE: Duration = Duration::from_secs(30);

/// To whom an answer that is no success is an error.
pub(crate) fn agent() -> Agent {
    patient().build().new_agent()
}

/// To whom every answer is one.
pub(crate) fn asking_agent() -> Agent {
    patient().http_status_as_error(false).build().new_agent()
}

fn patient() -> ConfigBuilder<AgentScope> {
    Config::builder()
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .tls_config(TlsConfig::builder().root_certs(roots()).build())
}

/// Where OpenSSL's users on the usual systems keep their certificates; the variable is OpenSSL's too.
fn roots() -> RootCerts {
    let usual = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let named = std::env::var_os("SSL_CERT_FILE").map(Into::into);
    let bundle = named.into_iter().chain(usual.map(std::path::PathBuf::from)).find_map(|path| fs::read(path).ok());
    let certificates: Vec<_> = bundle
        .iter()
        .flat_map(|pem| parse_pem(pem))
        .filter_map(|item| if let Ok(PemItem::Certificate(certificate)) = item { Some(certificate) } else { None })
        .collect();
    if certificates.is_empty() { RootCerts::WebPki } else { certificates.into() }
}
