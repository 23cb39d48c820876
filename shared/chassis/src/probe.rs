//! `health`: asks the service that runs beside it, as a container's health command does; needs no shell and no other program.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use kernel::{Error, Result};

use crate::{config::Http, store::Wrong};

const PATIENCE: Duration = Duration::from_secs(2);

/// Asks whether it is ready, or whether it is alive; prints what it says.
pub(crate) fn ask(config: &Http, path: &str) -> Result<()> {
    let listen = config.listen;
    if listen.port() == 0 {
        let is = "http.listen has port 0, so nobody knows where to ask";
        return Err(Wrong::new(is, "name a port in http.listen, the same as for `serve`").into());
    }
    // What listens everywhere is asked on loopback.
    let host = match listen.ip() {
        IpAddr::V4(it) if it.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(it) if it.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    let address = SocketAddr::new(host, listen.port());
    let answer = answer(address, path).map_err(|error| {
        Wrong::new(format!("nobody answers at {address}: {error}"), "look whether the service runs, and at its log")
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    print!("{body}");
    if head.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    Err(Error::fault(format!("{address}{path} answers: {}", head.lines().next().unwrap_or_default())))
}

fn answer(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut server = TcpStream::connect_timeout(&address, PATIENCE)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    Ok(answer)
}
