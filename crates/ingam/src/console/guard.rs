//! What surrounds the console: who may send forms here, what the browser may load, what it may keep.
//!
//! Sources: OWASP CSRF cheat sheet (Fetch metadata, Origin, and a token in each form), CSP Level 3, RFC 6265bis.

use super::{Console, texts};
use crate::page::routes::guard::from_here;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The cookie of a session.
pub(super) const SESSION: &str = "ingam_console";
/// The cookie of a try that passed the password.
pub(super) const ATTEMPT: &str = "ingam_console_attempt";
/// The cookie that binds forms to a browser before there is a session.
pub(super) const DOOR: &str = "ingam_console_door";
/// The cookie of the chosen language.
pub(super) const LANGUAGE: &str = "ingam_console_language";
/// How long the chosen language is remembered.
const LANGUAGE_S: u32 = 365 * 86_400;

/// Nothing but our own styles, scripts, pictures and forms; pictures are drawn in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Whether browsers reach this server over TLS alone.
pub(super) fn is_secure(console: &Console) -> bool {
    console.app.base_url.starts_with("https:")
}

/// A cookie that no script reads and no other site makes the browser send. Without an age it ends with the browser.
pub(super) fn set_cookie(name: &str, value: &str, max_age_s: Option<u32>, secure: bool) -> HeaderValue {
    let age = max_age_s.map_or_else(String::new, |s| format!("; Max-Age={s}"));
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/console; HttpOnly; SameSite=Strict{age}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The layer around every screen.
pub(super) async fn around(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let chosen = chosen_language(request.uri().query());
    let mut answer = if reads || from_here(request.headers(), &console.app.base_url) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    let headers = answer.headers_mut();
    if let Some(code) = chosen.filter(|_| reads) {
        let cookie = set_cookie(LANGUAGE, code, Some(LANGUAGE_S), is_secure(&console));
        headers.append(header::SET_COOKIE, cookie);
    }
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    set("content-security-policy", POLICY);
    set("cache-control", "no-store");
    // A setup link must not be told to anybody; `same-origin` keeps the Origin of our own forms whole.
    set("referrer-policy", "same-origin");
    set("x-content-type-options", "nosniff");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
    if is_secure(&console) {
        set("strict-transport-security", "max-age=31536000");
    }
    answer
}

/// `?lang=en`
pub(super) fn chosen_language(query: Option<&str>) -> Option<&'static str> {
    let (_, code) = url::form_urlencoded::parse(query?.as_bytes()).find(|(name, _)| name == "lang")?;
    texts::of(&code).map(|texts| texts.language.code)
}
