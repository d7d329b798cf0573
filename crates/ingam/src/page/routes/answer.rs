//! Answers: a screen as HTML, or the same for a program as JSON.

use crate::page::say;
use crate::page::screens::{Kept, Screen};
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingam_cases::verification::{Stage, Verification};
use jiff::ToSpan;
use serde_json::json;

/// How long the demo institution keeps what it saw, in years: the period that its consent texts name. It becomes a
/// setting with the retention classes.
const KEPT_YEARS: i32 = 5;

/// A screen.
pub(super) fn page_of(screen: &Screen, status: StatusCode) -> Response {
    match screen.html() {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(problem) => {
            tracing::error!(error = %problem, "a template failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What went wrong, for a program (RFC 9457), with the person's text beside the code.
pub(super) fn problem(status: StatusCode, code: &str, message: Option<&str>) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code,
        "message": message,
    });
    let mut answer = (status, Json(body)).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

/// Whether a program asks instead of a person.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|accept| accept.split(',').any(|kind| kind.trim().starts_with("application/json")))
}

/// A cookie that no script reads and no other site sends along with a form.
pub(super) fn cookie_header(
    name: &str,
    value: &str,
    path: &str,
    max_age_s: Option<u32>,
    secure: bool,
) -> HeaderValue {
    let age = max_age_s.map_or_else(String::new, |s| format!("; Max-Age={s}"));
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{age}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// What is kept, and until when, once it has ended.
pub(super) fn kept_until(v: &Verification) -> Option<Kept> {
    let Stage::Ended { at, .. } = v.stage else { return None };
    let until = say::korea(at).date().checked_add(KEPT_YEARS.years()).ok();
    Some(Kept { picture_until: until, identity_until: None })
}
