//! The way to the broker.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, ServerAddr};
use kernel::{Error, Result};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{
    config::{Nats, is_given},
    store::Wrong,
    stream,
};

/// A broker that has not greeted by then is away for now, which stops no start.
const GREETING: Duration = Duration::from_millis(250);

/// How the broker is connected to. Certificates are read at every connection; those that cannot be used now are refused.
pub(crate) fn options(config: &Nats) -> Result<ConnectOptions, Wrong> {
    config.must_be_usable()?;
    let mut options = ConnectOptions::new()
        .connection_timeout(Duration::from_secs(3))
        .event_callback(|event| async move { tracing::debug!(%event, "nats") });
    if !config.user.is_empty() {
        options = options.user_and_password(config.user.clone(), config.password.expose().to_owned());
    }
    if is_given(&config.tls_ca_file) {
        options = options.add_root_certificates(config.tls_ca_file.clone());
    }
    if is_given(&config.tls_cert_file) {
        options = options.add_client_certificate(config.tls_cert_file.clone(), config.tls_key_file.clone());
    }
    // Of all servers of a cluster, also of those that it tells of by itself.
    let is_secured = config.url.contains("tls://") || is_given(&config.tls_ca_file) || is_given(&config.tls_cert_file);
    options = options.require_tls(is_secured);
    Ok(options)
}

/// Its addresses, as `nats.url` lists them.
pub(crate) fn addresses(config: &Nats) -> Result<Vec<ServerAddr>, Wrong> {
    let read = |address: &str| address.trim().parse::<ServerAddr>();
    config.url.split(',').map(read).collect::<Result<_, _>>().map_err(|error| {
        let remedy = "write it as nats://HOST:PORT or tls://HOST:PORT, several of a cluster separated by commas";
        Wrong::new(format!("nats.url: {error}"), remedy)
    })
}

/// A client that keeps trying: the service works with NATS away.
pub(crate) async fn connect(config: &Nats) -> Result<Client> {
    let connecting = options(config)?.retry_on_initial_connect().connect(addresses(config)?);
    connecting.await.map_err(|error| Error::fault(format!("nats.url: {error}")))
}

/// What a server says of itself before anything else.
#[derive(Debug, Deserialize)]
struct Info {
    version: String,
}

/// Refuses a broker that is there and too old: it would take facts and silently ignore what keeps them whole. One that is away, or
/// greets by TLS alone, is looked at when it is connected.
pub(crate) async fn must_not_be_old(config: &Nats) -> Result<()> {
    for address in addresses(config)? {
        let greeting = async {
            let server = TcpStream::connect((address.host(), address.port())).await.ok()?;
            let mut line = String::new();
            BufReader::new(server).read_line(&mut line).await.ok()?;
            serde_json::from_str::<Info>(line.strip_prefix("INFO ")?).ok()
        };
        if let Ok(Some(info)) = timeout(GREETING, greeting).await
            && let Some(wrong) = stream::too_old(&info.version)
        {
            return Err(wrong.into());
        }
    }
    Ok(())
}
