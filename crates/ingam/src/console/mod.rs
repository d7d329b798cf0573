//! The console of an institution's staff: its door, and the first screen behind it.
//!
//! `door` and `setup` let people in, `home` is where they arrive, `review` is the reviewers' desk; routes behind it take `Staff` and ask it for a role.
//! Server-rendered, each step a plain form, without script as well. No text stands in code: all come from
//! `texts/console.*.toml`. Refuses to know rules: what a password must have and when an account is locked is decided in
//! `ingam_cases::staff`.

mod asked;
mod door;
mod guard;
mod home;
mod review;
mod setup;
mod staff;
#[cfg(test)]
mod story;
mod texts;
mod view;

use crate::app::App;
use crate::page::assets;
use crate::page::routes::asset_answer;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// Largest body of a form. None has more than a few hundred bytes.
const FORM_BYTES: usize = 16 * 1024;

/// What the routes share.
pub struct Console {
    app: Arc<App>,
}

type Shared = State<Arc<Console>>;

/// The console.
pub fn router(app: Arc<App>) -> Router {
    let console = Arc::new(Console { app });
    Router::new()
        .route("/console", get(door::first))
        .route("/console/sign_in", post(door::sign_in).get(door::back))
        .route("/console/code", get(door::code).post(door::try_code))
        .route("/console/sign_out", post(door::sign_out).get(door::back))
        .route("/console/setup/{token}", get(setup::show).post(setup::send))
        .route("/console/password", get(home::password).post(home::change_password))
        .route("/console/review", get(review::list))
        .route("/console/review/{id}", get(review::show))
        .route("/console/review/{id}/picture", get(review::picture))
        .route("/console/review/{id}/claim", post(review::claim).get(door::back))
        .route("/console/review/{id}/release", post(review::release).get(door::back))
        .route("/console/review/{id}/decide", post(review::decide).get(door::back))
        .layer(axum::middleware::from_fn_with_state(console.clone(), guard::around))
        .route("/assets/console/{name}", get(asset))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .with_state(console)
}

#[derive(serde::Deserialize)]
struct Hash {
    v: Option<String>,
}

async fn asset(Path(name): Path<String>, Query(hash): Query<Hash>, headers: HeaderMap) -> Response {
    match assets::find(&format!("console/{name}")) {
        Some(asset) => asset_answer(asset, hash.v.as_deref(), &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
