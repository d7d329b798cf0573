//! What every request gets: an id, security headers, a measured time, and an error answer in one form.
//!
//! The one place where a fault is logged, and the one that knows the framework's own plain-text answers: none of
//! them leaves.

use super::problem::Problem;
use crate::app::App;
use crate::fresh;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ingam_cases::id::RequestId;
use std::sync::Arc;

/// The header that names the request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer: nothing of it is kept, framed, guessed at or run.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Wraps every request of the API.
pub async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = fresh!(app, RequestId);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let started = app.now();
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Arc<Problem>>();
    let status = response.status();
    let problem = match problem {
        None if status.is_client_error() || status.is_server_error() => {
            // The framework's own words are replaced; its headers (Allow) stay.
            Some(Arc::new(Problem::of_status(status)))
        }
        other => other,
    };
    if let Some(problem) = problem {
        log(&problem, &id, &method, &route);
        response = written(&problem, &id, response);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.base_url.starts_with("https:") {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    measure(&app, &method, route, response.status().as_u16(), started);
    response
}

/// The answer to a request whose handler panicked: a bug of ours, told as any other fault.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic's own words may hold anything: they go to the panic hook, never into an answer.
    Problem::from(crate::fault::Fault::internal("a handler panicked")).into_response()
}

fn log(problem: &Problem, id: &RequestId, method: &Method, route: &str) {
    let (code, status) = (problem.code.as_str(), problem.code.status());
    match &problem.fault {
        Some(fault) => {
            tracing::error!(request = %id, %method, route, status, code, %fault, "a request failed")
        }
        None => tracing::debug!(request = %id, %method, route, status, code, "a request was refused"),
    }
}

fn written(problem: &Problem, id: &RequestId, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    let body = problem.body(id.as_str());
    parts.status = axum::http::StatusCode::from_u16(problem.code.status()).unwrap_or(parts.status);
    parts.headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("application/problem+json");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    Response::from_parts(parts, Body::from(body))
}

fn measure(app: &App, method: &Method, route: String, status: u16, started: jiff::Timestamp) {
    // Methods that nobody serves would make a series each.
    let method = match method.as_str() {
        known @ ("GET" | "POST" | "DELETE" | "HEAD" | "PUT" | "PATCH" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let elapsed_ms = app.now().duration_since(started).as_millis().max(0);
    let labels = [("method", method), ("route", route)];
    metrics::histogram!("ingam_http_seconds", &labels).record(elapsed_ms as f64 / 1000.0);
    let [(_, method), (_, route)] = labels;
    metrics::counter!("ingam_http_requests_total", "method" => method, "route" => route, "status" => status.to_string())
        .increment(1);
}
