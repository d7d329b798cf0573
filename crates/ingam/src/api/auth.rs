//! Who calls: an institution by its API key (RFC 6750 §2.1), and from which network address.

use super::code::Code;
use super::problem::Problem;
use crate::app::App;
use crate::flow::institution::{Caller, KeyProblem};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Longest header that is looked at; a key has 76 characters.
const MAX_HEADER: usize = 200;

/// The institution that calls. Extracting it refuses everybody else.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The institution and its key.
    pub caller: Caller,
    /// Where the call came from.
    pub from: IpAddr,
}

impl FromRequestParts<Arc<App>> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let secret = bearer(parts).ok_or(Problem::new(Code::Unauthorized))?;
        match app.caller(secret).await? {
            Ok(caller) => Ok(Self { caller, from: address(parts, app.config.http.proxies) }),
            Err(KeyProblem::WrongEnvironment) => Err(Problem::new(Code::WrongEnvironment)),
            Err(KeyProblem::Unknown) => Err(Problem::new(Code::Unauthorized)),
        }
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let mut all = parts.headers.get_all(AUTHORIZATION).iter();
    let header = all.next()?.to_str().ok().filter(|h| h.len() <= MAX_HEADER)?;
    if all.next().is_some() {
        return None;
    }
    let (scheme, secret) = header.split_once(' ')?;
    // RFC 9110 §11.1: the scheme's name has no case.
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The address that called: behind `proxies` proxies, as many entries from the end of X-Forwarded-For. What stands
/// before them was written by the caller and is not believed.
pub fn address(parts: &Parts, proxies: usize) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // Without a socket (a test) there is no address.
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
    if proxies == 0 {
        return peer;
    }
    let forwarded: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let entry = forwarded.len().checked_sub(proxies).and_then(|i| forwarded.get(i));
    entry.and_then(|text| text.parse::<IpAddr>().ok()).map_or(peer, |ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn only_entries_of_our_own_proxies_are_believed() {
        let check = |proxies: usize, header: Option<&str>, expected: &str| {
            let mut request = Request::builder();
            if let Some(header) = header {
                request = request.header("x-forwarded-for", header);
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            parts.extensions.insert(ConnectInfo::<SocketAddr>("10.0.0.9:1".parse().unwrap()));
            assert_eq!(address(&parts, proxies).to_string(), expected, "{proxies} {header:?}");
        };
        check(0, Some("1.2.3.4"), "10.0.0.9");
        check(1, Some("6.6.6.6, 1.2.3.4"), "1.2.3.4");
        check(2, Some("6.6.6.6, 1.2.3.4, 10.0.0.8"), "1.2.3.4");
        check(2, Some("1.2.3.4"), "10.0.0.9");
        check(1, Some("not an address"), "10.0.0.9");
        check(1, None, "10.0.0.9");
        check(1, Some("::ffff:1.2.3.4"), "1.2.3.4");
    }

    #[test]
    fn a_key_stands_once_behind_its_scheme() {
        let check = |headers: &[&str], expected: Option<&str>| {
            let mut request = Request::builder();
            for header in headers {
                request = request.header(AUTHORIZATION, *header);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(bearer(&parts), expected, "{headers:?}");
        };
        check(&["Bearer sk_test_1"], Some("sk_test_1"));
        check(&["bearer  sk_test_1 "], Some("sk_test_1"));
        check(&["Basic sk_test_1"], None);
        check(&["Bearer sk_test_1", "Bearer sk_test_2"], None);
        check(&[&format!("Bearer {}", "x".repeat(300))], None);
        check(&[], None);
    }
}
