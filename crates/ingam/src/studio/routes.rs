//! The studio over HTTP, exactly as the contract at the top of studio.js has it, and beside it
//! `GET /studio/api/webhooks` (what arrived at the institution: `[{id, type, verification_id, signed, at}]`) and
//! `/studio/people/{id}/video.y4m` and `video.mjpeg`.
//!
//! Open to whoever reaches it, and to pages of its own origin only: it shows nobody who exists, and runs in test.

use super::film::{FilmQuery, Form, film};
use super::house::HOOK;
use super::program::Trouble;
use super::texts::TEXTS;
use super::{Studio, outside};
use crate::page::assets;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use futures_util::stream;
use ingam_cases::id::VerificationId;
use ingam_sandbox::cards::{Held, Holder, holders};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

/// Farthest that the clock is moved at once: a year.
const FARTHEST_S: i64 = 366 * 86_400;

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Everything that the studio serves.
pub fn router(studio: Arc<Studio>) -> Router {
    let api = Router::new()
        .route("/studio/api/state", get(state))
        .route("/studio/api/start", post(start))
        .route("/studio/api/events", get(events))
        .route("/studio/api/book", get(book))
        .route("/studio/api/webhooks", get(webhooks))
        .route("/studio/api/faults/{institution}", put(set_fault))
        .route("/studio/api/clock", put(move_clock))
        .layer(from_fn(own_pages_only));
    Router::new()
        .merge(api)
        .route("/", get(async || Redirect::temporary("/studio")))
        .route("/studio", get(page))
        .route("/assets/studio/{*file}", get(asset))
        .route(HOOK, post(hook))
        .route("/studio/people/{id}/video.y4m", get(video_y4m))
        .route("/studio/people/{id}/video.mjpeg", get(video_mjpeg))
        .with_state(studio)
        .nest("/studio", ingam_sandbox::cards::router())
}

/// A problem, as `application/problem+json`.
struct Problem(StatusCode, &'static str, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, code, detail) = self;
        let body = json!({"type": "about:blank", "status": status.as_u16(), "code": code, "detail": detail});
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        let code = match &trouble {
            Trouble::Silent => "no_answer",
            Trouble::Refused { .. } => "refused",
        };
        Self(StatusCode::BAD_GATEWAY, code, trouble.to_string())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), "invalid", rejection.body_text())
    }
}

/// Another site's page must not switch what a developer looks at (Fetch Metadata).
async fn own_pages_only(request: Request, next: Next) -> Response {
    let from = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if matches!(from, None | Some("same-origin" | "none")) {
        next.run(request).await
    } else {
        Problem(StatusCode::FORBIDDEN, "cross_site", "only the studio's own page".into()).into_response()
    }
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), "camera=(self)"),
    ];
    match assets::find("studio/index.html") {
        Some(asset) => (headers, [(header::CONTENT_TYPE, asset.media_type)], asset.bytes).into_response(),
        None => missing(),
    }
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = assets::find(&format!("studio/{file}")) else { return missing() };
    let tag = format!("\"{}\"", asset.hash);
    let fixed = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_TYPE, asset.media_type),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    (fixed, [(header::ETAG, tag)], asset.bytes).into_response()
}

fn missing() -> Response {
    Problem(StatusCode::NOT_FOUND, "not_found", "there is no such thing".into()).into_response()
}

/// What each of the catalogue's people can hold before the camera; drawn from the catalogue once.
static HELD: LazyLock<BTreeMap<String, Vec<Held>>> = LazyLock::new(|| {
    let documents = |holder: &Holder| holder.documents.iter().map(|drawn| drawn.held).collect();
    holders().iter().map(|holder| (holder.id.clone(), documents(holder))).collect()
});

async fn state(State(studio): State<Arc<Studio>>) -> Result<Json<Value>, Problem> {
    let clock = &studio.app.clock;
    let people: Vec<Value> = TEXTS
        .people
        .iter()
        .filter_map(|cast| {
            let person = studio.sandbox.catalogue().person(&cast.id)?;
            let mut shown = json!({
                "id": cast.id, "name": person.name, "story": person.story.ko, "fate": person.expect.ko,
                "fate_state": cast.fate_state, "documents": HELD.get(&cast.id)
            });
            if let Some(scene) = &cast.scene {
                shown["scene"] = scene.clone();
            }
            Some(shown)
        })
        .collect();
    Ok(Json(json!({
        "clock": {"now": clock.now(), "offset_s": clock.moved_ms() / 1_000},
        "api": {"base_url": studio.house.kept.base_url, "key_file": studio.house.file.display().to_string()},
        "people": people,
        "institutions": outside::institutions(&studio),
        "current": current(&studio).await?,
    })))
}

async fn current(studio: &Studio) -> Result<Value, Problem> {
    let Some(current) = studio.shown().current.clone() else { return Ok(Value::Null) };
    let Ok(id) = VerificationId::parse(&current.verification_id) else { return Ok(Value::Null) };
    let Some(found) = studio.app.verification(&id).await.map_err(fault)? else { return Ok(Value::Null) };
    let status = found.state.status();
    // The ladder's last line says whose turn it is: while a page is open and nobody else is asked, the person's.
    let waiting_for = match found.state.waiting() {
        Some(waiting) => json!(waiting.waiting_for),
        None if found.state.end().is_none() => json!("person"),
        None => Value::Null,
    };
    Ok(json!({
        "person": current.person, "verification_id": current.verification_id,
        "person_url": studio.of_this_origin(&current.person_url), "status": status.as_str(), "waiting_for": waiting_for
    }))
}

fn fault(fault: crate::fault::Fault) -> Problem {
    tracing::error!(%fault, "the studio failed");
    Problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "see the log".into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    person: String,
}

async fn start(
    State(studio): State<Arc<Studio>>,
    body: Result<Json<Start>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(Start { person }) = body?;
    if studio.sandbox.catalogue().person(&person).is_none() {
        return Err(Problem(StatusCode::NOT_FOUND, "unknown_person", "nobody in the catalogue".into()));
    }
    let opened = studio.open(&person).await?;
    Ok(Json(
        json!({"verification_id": opened.verification_id, "person_url": studio.of_this_origin(&opened.person_url)}),
    ))
}

async fn events(State(studio): State<Arc<Studio>>, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let current = studio.shown().current.as_ref().map(|current| current.verification_id.clone());
    let reader = studio.ladder.read(last, current.as_deref());
    let stream = stream::unfold((reader, studio.stopping.clone()), |(mut reader, mut stopping)| async {
        let line = tokio::select! {
            line = reader.next() => line?,
            // A stream without end would keep the program from ending.
            _ = stopping.wait_for(|stop| *stop) => return None,
        };
        let event = Event::default().id(line.id.to_string()).data(&*line.json);
        Some((Ok::<_, Infallible>(event), (reader, stopping)))
    });
    let mut response = Sse::new(stream).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

#[derive(Deserialize)]
struct Whose {
    person: String,
}

async fn book(State(studio): State<Arc<Studio>>, Query(whose): Query<Whose>) -> Response {
    match outside::book(&studio, &whose.person) {
        Some(book) => Json(book).into_response(),
        None => missing(),
    }
}

async fn webhooks(State(studio): State<Arc<Studio>>) -> Response {
    Json(&studio.shown().arrived).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    fault: String,
}

async fn set_fault(
    State(studio): State<Arc<Studio>>,
    Path(institution): Path<String>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(Switch { fault }) = body?;
    if outside::switch(&studio, &institution, &fault) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem(StatusCode::BAD_REQUEST, "unknown_fault", "no such institution or switch".into()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    advance_s: i64,
}

async fn move_clock(
    State(studio): State<Arc<Studio>>,
    body: Result<Json<Forward>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(Forward { advance_s }) = body?;
    let clock = &studio.app.clock;
    let moved_ms = clock.moved_ms().saturating_add(advance_s.saturating_mul(1_000));
    // Certificates, tokens and tasks were made in what would be the future.
    if !(1..=FARTHEST_S).contains(&advance_s)
        || SignedDuration::from_millis(moved_ms).as_hours() > 100 * 366 * 24
    {
        return Err(Problem(StatusCode::BAD_REQUEST, "only_forward", "1 second to a year, forward".into()));
    }
    clock.move_to(moved_ms);
    Ok(Json(json!({"now": clock.now()})))
}

async fn hook(
    State(studio): State<Arc<Studio>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    if studio.hear(&headers, &body).await.map_err(fault)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem(StatusCode::UNAUTHORIZED, "not_signed", "the signature is not ours".into()))
    }
}

async fn video_y4m(Path(id): Path<String>, Query(query): Query<FilmQuery>) -> Response {
    match film(&id, &query, Form::Y4m) {
        Some(body) => ([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response(),
        None => missing(),
    }
}

async fn video_mjpeg(Path(id): Path<String>, Query(query): Query<FilmQuery>) -> Response {
    match film(&id, &query, Form::Mjpeg) {
        Some(body) => ([(header::CONTENT_TYPE, "video/x-motion-jpeg")], body).into_response(),
        None => missing(),
    }
}
