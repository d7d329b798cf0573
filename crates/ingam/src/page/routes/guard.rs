//! What surrounds every page: who may send forms here, what the browser may load, what it may keep.
//!
//! Sources: OWASP CSRF cheat sheet (Fetch metadata first, then Origin), CSP Level 3, RFC 6265bis for cookies.

use super::Pages;
use super::answer::cookie_header;
use crate::page::asked;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The cookie of a page's session.
pub(super) const SESSION: &str = "ingam_session";
/// The cookie that tells one device from another, for the limits of 1 won alone.
pub(super) const DEVICE: &str = "ingam_device";
/// How long a device is known: longer than any limit counts.
pub(super) const DEVICE_S: u32 = 90 * 86_400;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";

/// A cookie's value.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(given, _)| *given == name)
        .map(|(_, value)| value.to_owned())
}

/// Whether a form may come from where it says it comes from: this site, or something that is no browser.
/// `Referrer-Policy: same-origin` keeps the Origin of our own forms whole; under `no-referrer` it would be `null`.
pub(crate) fn from_here(headers: &HeaderMap, base_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("unreadable"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match text("origin") {
        None => true,
        Some(origin) => {
            let host = text("host").unwrap_or_default();
            origin == base_url || origin == format!("https://{host}") || origin == format!("http://{host}")
        }
    }
}

/// The layer around every page.
pub(super) async fn around(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let chosen: Vec<_> = asked::chosen(request.uri()).filter(|_| reads).collect();
    let mut answer = if reads || from_here(request.headers(), &pages.app.base_url) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    let secure = pages.app.base_url.starts_with("https:");
    for (name, value) in chosen {
        // For the page and for the link that leads to it.
        let cookie = cookie_header(name, value, "/", Some(asked::REMEMBERED_S), secure);
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    let policy = format!("{POLICY}{}", if pages.sandbox { "'self'" } else { "'none'" });
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    set("content-security-policy", &policy);
    set("cache-control", "no-store");
    set("referrer-policy", "same-origin");
    set("x-content-type-options", "nosniff");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(self), microphone=(), geolocation=(), payment=(), usb=()");
    if pages.app.base_url.starts_with("https:") {
        set("strict-transport-security", "max-age=31536000");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_come_from_here() {
        let check = |given: &[(&'static str, &str)], expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "id.bank.example".parse().unwrap());
            for (name, value) in given {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(from_here(&headers, "https://id.bank.example"), expected, "{given:?}");
        };
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "https://id.bank.example")], false);
        check(&[("origin", "https://id.bank.example")], true);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "https://id.bank.example.evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[], true);
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "x=1; ingam_session=3.ab; y=2".parse().unwrap());
        assert_eq!(cookie(&headers, SESSION).as_deref(), Some("3.ab"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
