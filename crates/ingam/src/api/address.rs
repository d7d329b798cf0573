//! Where webhooks may be sent: public https addresses, as written and as resolved.
//!
//! An endpoint is an address that an institution chooses and this server calls: without these rules it would be a
//! way into networks that only this server can reach. Checked when it is saved, and again by the resolver of every
//! delivery, since a name may lead elsewhere later.

use crate::config::Webhooks;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Longest address, in characters: what browsers and proxies surely take.
const MAX_URL: usize = 2000;

/// Whether an address belongs to the public internet (IANA's special-purpose registries for IPv4 and IPv6).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _) // RFC 6598, carrier-grade NAT
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2) // RFC 6890; documentation
            | (192, 88, 99) // 6to4 relays
            | (198, 18..=19, _) // benchmarks
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _) // multicast, reserved, broadcast
    )
}

fn public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let inner = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // IPv4 in other clothes: mapped, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo, documentation and other special parts of 2001::/23 and 3fff::/20.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

/// Whether events may be sent to an address; the code of what speaks against it where not.
///
/// # Errors
/// The code.
pub async fn check(settings: &Webhooks, text: &str) -> Result<(), &'static str> {
    let url = check_written(settings, text)?;
    if settings.allow_private_addresses {
        return Ok(());
    }
    if let Some(Host::Domain(name)) = url.host() {
        let port = url.port_or_known_default().unwrap_or(443);
        let mut found = tokio::net::lookup_host((name, port)).await.map_err(|_| "unresolvable")?.peekable();
        if found.peek().is_none() {
            return Err("unresolvable");
        }
        if found.any(|address| !is_public(address.ip())) {
            return Err("private_address");
        }
    }
    Ok(())
}

/// Reads an address of the web in which no name, password, fragment or script can hide.
///
/// # Errors
/// The code.
pub fn of_the_web(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    if text.chars().count() > MAX_URL {
        return Err("too_long");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("character");
    }
    let url = Url::parse(text).map_err(|_| "malformed")?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http => {}
        _ => return Err("https_required"),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("malformed");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("userinfo");
    }
    if url.fragment().is_some() {
        return Err("fragment");
    }
    Ok(url)
}

fn check_written(settings: &Webhooks, text: &str) -> Result<Url, &'static str> {
    let url = of_the_web(text, settings.allow_http)?;
    let public = match url.host() {
        Some(Host::Ipv4(ip)) => public_v4(ip),
        Some(Host::Ipv6(ip)) => public_v6(ip),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.contains('.') && !name.ends_with(".localhost")
        }
        None => return Err("malformed"),
    };
    if public || settings.allow_private_addresses { Ok(url) } else { Err("private_address") }
}

/// The client that delivers webhooks: no redirects, no proxy, and no address that the settings do not allow.
///
/// # Errors
/// Where the system's TLS roots can't be read.
pub fn webhook_client(settings: &Webhooks) -> Result<reqwest::Client, reqwest::Error> {
    let timeout = Duration::from_millis(settings.timeout_ms);
    let mut client = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .https_only(!settings.allow_http)
        .user_agent(concat!("ingam/", env!("CARGO_PKG_VERSION")));
    if !settings.allow_private_addresses {
        client = client.dns_resolver(Arc::new(PublicOnly));
    }
    client.build()
}

/// Resolves names and forgets every address that is not public. Addresses that stand in an endpoint as numbers
/// were checked when it was saved.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict() -> Webhooks {
        Webhooks { allow_private_addresses: false, allow_http: false, timeout_ms: 1000 }
    }

    #[test]
    fn only_public_addresses_are_public() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_endpoint_is_https_and_hides_nothing() {
        let check = |url: &str, expected: Result<(), &'static str>| {
            assert_eq!(check_written(&strict(), url).map(|_| ()), expected, "{url}");
        };
        check("https://hooks.example.com/ingam?x=1", Ok(()));
        check("https://8.8.8.8/", Ok(()));
        check("http://hooks.example.com/", Err("https_required"));
        check("ftp://hooks.example.com/", Err("https_required"));
        check("https://user:pass@hooks.example.com/", Err("userinfo"));
        check("https://hooks.example.com/#part", Err("fragment"));
        check(&format!("https://hooks.example.com/{}", "a".repeat(2000)), Err("too_long"));
        check("https://hooks.example.com/ x", Err("character"));
        check("not an address", Err("character"));
        check("hooks.example.com", Err("malformed"));
        check("https://127.0.0.1/", Err("private_address"));
        check("https://0x7f.1/", Err("private_address"));
        check("https://2130706433/", Err("private_address"));
        check("https://[::1]/", Err("private_address"));
        check("https://[::ffff:169.254.169.254]/", Err("private_address"));
        check("https://localhost/", Err("private_address"));
        check("https://ledger.localhost./", Err("private_address"));
        check("https://intranet/", Err("private_address"));
    }

    #[tokio::test]
    async fn a_name_is_judged_by_where_it_leads() {
        // `localhost.` with a dot resolves on loopback and has a dot in it.
        let mut settings = strict();
        settings.allow_http = true;
        assert!(check(&settings, "http://localhost:1/").await.is_err());
        settings.allow_private_addresses = true;
        assert_eq!(check(&settings, "http://localhost:1/").await, Ok(()));
        let client = webhook_client(&strict()).unwrap();
        let sent = client.post("https://localhost:1/").send().await;
        assert!(sent.unwrap_err().is_connect());
    }
}
