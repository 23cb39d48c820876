//! Which addresses webhooks and chats may be at: public ones, and networks that the operator allows.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
};

use ipnet::IpNet;
use url::{Host, Url};

use crate::config::Config;

/// Networks that are not of the public internet, and what they are (IANA IPv4 and IPv6 Special-Purpose Address Registries).
static SPECIAL: LazyLock<Vec<(IpNet, &str)>> = LazyLock::new(|| {
    let named = [
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "a carrier's own"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "for protocols"),
        ("192.0.2.0/24", "for documents"),
        ("192.88.99.0/24", "for protocols"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documents"),
        ("203.0.113.0/24", "for documents"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::1/128", "loopback"),
        ("::/96", "unspecified"),
        ("::ffff:0:0:0/96", "a translated one"),
        ("64:ff9b::/96", "a translated one"),
        ("64:ff9b:1::/48", "a translated one"),
        ("100::/64", "discarded"),
        ("2001::/23", "for protocols"),
        ("2001:db8::/32", "for documents"),
        ("2002::/16", "a translated one"),
        ("3fff::/20", "for documents"),
        ("5f00::/16", "for protocols"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    ];
    named.into_iter().map(|(net, what)| (net.parse().expect("a network"), what)).collect()
});

/// An address is at most so long.
pub(crate) const URL_BYTES: usize = 2_000;

/// How something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Encrypted, to who has a certificate for the name.
    Https,
    /// In the clear.
    Http,
}

/// Says which addresses may be sent to. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allowed: Arc<Vec<IpNet>>,
}

impl Guard {
    pub(crate) fn new(config: &Config) -> Self {
        Self { allowed: Arc::new(config.allowed_networks.clone()) }
    }

    /// The address in its plain form, or why it cannot be one, in words. A name is looked up only when something is sent.
    pub(crate) fn check_url(&self, text: &str) -> Result<Url, String> {
        if text.len() > URL_BYTES {
            return Err(format!("TOO_LARGE: {} bytes; at most {URL_BYTES} are kept", text.len()));
        }
        let url = Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => return Err(format!("must begin with https://, not with {other}:")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not name a user or a password".to_owned());
        }
        let literal = match url.host() {
            None => return Err("names no host".to_owned()),
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        };
        match literal {
            Some(ip) => self.check(scheme, ip)?,
            None if scheme == Scheme::Http && self.allowed.is_empty() => return Err(PLAIN.to_owned()),
            None => {}
        }
        Ok(url)
    }

    /// Whether something may be sent to an address, or why not, in words.
    pub(crate) fn check(&self, scheme: Scheme, ip: IpAddr) -> Result<(), String> {
        // ::ffff:10.0.0.1 is 10.0.0.1.
        let ip = ip.to_canonical();
        if self.allowed.iter().any(|net| net.contains(&ip)) {
            return Ok(());
        }
        if let Some((_, what)) = SPECIAL.iter().find(|(net, _)| net.contains(&ip)) {
            return Err(format!("{ip} is not a public address ({what}): the operator may allow its network"));
        }
        if scheme == Scheme::Http { Err(PLAIN.to_owned()) } else { Ok(()) }
    }

    /// Of the addresses of a name, those that may be sent to; where there are none, why.
    pub(crate) fn choose(&self, scheme: Scheme, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, String> {
        let mut refused = "the name has no address".to_owned();
        let mut chosen = vec![];
        for address in addresses {
            match self.check(scheme, address.ip()) {
                Ok(()) => chosen.push(address),
                Err(why) => refused = why,
            }
        }
        if chosen.is_empty() { Err(refused) } else { Ok(chosen) }
    }
}

const PLAIN: &str = "must be https: only within a network that the operator allows may it be http";

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str]) -> Guard {
        Guard { allowed: Arc::new(allowed.iter().map(|net| net.parse().unwrap()).collect()) }
    }

    #[test]
    fn only_public_addresses_may_be_sent_to_however_they_are_written() {
        let guard = guard(&[]);
        for bad in [
            "https://127.0.0.1/x",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::127.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://192.168.1.1",
            "https://10.1.2.3",
            "https://172.31.0.1",
            "https://100.64.0.1",
            "https://0.0.0.0",
            "https://224.0.0.1",
            "http://93.184.216.34/",
            "http://example.com/",
            "ftp://example.com/",
            "https://user:secret@example.com/",
            "https://",
            "no address",
        ] {
            assert!(guard.check_url(bad).is_err(), "{bad}");
        }
        for good in ["https://example.com/hook?x=1", "https://93.184.216.34/", "https://[2606:2800:220:1::1]:8443/"] {
            assert!(guard.check_url(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_network_that_the_operator_allows_may_be_sent_to_without_tls() {
        let guard = guard(&["127.0.0.0/8", "10.2.0.0/16"]);
        for good in
            ["http://127.0.0.1:9000/", "https://10.2.3.4/", "http://receiver.internal/", "http://[::ffff:127.0.0.1]/"]
        {
            assert!(guard.check_url(good).is_ok(), "{good}");
        }
        assert!(guard.check_url("https://10.3.0.1/").is_err());
        assert!(guard.check_url("http://93.184.216.34/").is_err());
    }

    #[test]
    fn of_a_name_only_the_addresses_that_may_be_sent_to_are_tried() {
        let addresses = |texts: &[&str]| texts.iter().map(|it| it.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = addresses(&["10.0.0.1:443", "93.184.216.34:443"]);
        assert_eq!(guard(&[]).choose(Scheme::Https, mixed.clone()), Ok(mixed[1..].to_vec()));
        let why = guard(&[]).choose(Scheme::Https, addresses(&["[::1]:443"])).unwrap_err();
        assert!(why.starts_with("::1 is not a public address (loopback)"), "{why}");
        assert!(guard(&[]).choose(Scheme::Http, mixed).unwrap_err().starts_with("must be https"));
    }
}
