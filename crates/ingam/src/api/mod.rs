//! The institutions' API: REST/JSON under `/v1`, described by `/openapi.json`, with health and figures beside it.
//!
//! Speaks HTTP and nothing else: it decides nothing, keeps nothing, and reads personal data only where an
//! institution asks for a result. Every route is registered together with its description, so that none is
//! served that the document does not know.

mod address;
pub mod auth;
mod body;
mod code;
mod consents;
mod cursor;
mod endpoints;
mod events;
mod idempotency;
mod institution;
mod media;
mod object;
mod openapi;
mod page;
mod persons;
mod policies;
pub mod problem;
mod request;
mod results;
pub mod reviews;
mod staff;
mod submissions;
mod verifications;

#[cfg(test)]
mod tests;

pub use address::webhook_client;
pub use object::verification_object;

use crate::app::App;
use crate::health;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router, middleware};
use code::Code;
use metrics_exporter_prometheus::PrometheusHandle;
use problem::Problem;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The API, complete with error answers, request ids and security headers.
pub fn router(app: Arc<App>, figures: PrometheusHandle) -> Router {
    let (router, described) = described().split_for_parts();
    let document = openapi::Document::new(described, app.base_url.clone());
    router
        .route("/v1", any(no_such_route))
        .route("/v1/", any(no_such_route))
        .route("/v1/{*rest}", any(no_such_route))
        .layer(Extension(document))
        .layer(Extension(figures))
        // Bodies are limited where they are read, each kind by its own setting.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), request::around))
        .with_state(app)
}

/// Every route with its description.
fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::Described::openapi())
        .routes(routes!(verifications::open_verification, verifications::list_verifications))
        .routes(routes!(verifications::get_verification))
        .routes(routes!(verifications::cancel_verification))
        .routes(routes!(submissions::submit_verification))
        .routes(routes!(results::get_verification_result))
        .routes(routes!(results::get_verification_card))
        .routes(routes!(persons::get_person))
        .routes(routes!(persons::merge_persons))
        .routes(routes!(persons::unmerge_persons))
        .routes(routes!(persons::split_person))
        .routes(routes!(persons::tell_death))
        .routes(routes!(policies::create_policy, policies::list_policies))
        .routes(routes!(policies::save_policy, policies::get_policy))
        .routes(routes!(endpoints::create_webhook_endpoint, endpoints::list_webhook_endpoints))
        .routes(routes!(endpoints::get_webhook_endpoint, endpoints::delete_webhook_endpoint))
        .routes(routes!(endpoints::rotate_webhook_secret))
        .routes(routes!(events::list_events))
        .routes(routes!(events::get_event))
        .routes(routes!(events::resend_event))
        .routes(routes!(institution::get_institution))
        .routes(routes!(institution::create_key, institution::list_keys))
        .routes(routes!(institution::revoke_key))
        .routes(routes!(staff::invite_staff, staff::list_staff))
        .routes(routes!(staff::change_staff, staff::get_staff))
        .routes(routes!(staff::unlock_staff))
        .routes(routes!(staff::reset_staff))
        .routes(routes!(staff::remove_staff))
        .routes(routes!(consents::list_consents))
        .routes(routes!(consents::approve_consent))
        .routes(routes!(consents::withdraw_consent))
        .routes(routes!(reviews::ask_review, reviews::list_reviews))
        .routes(routes!(reviews::get_review))
        .routes(routes!(reviews::claim_review))
        .routes(routes!(reviews::release_review))
        .routes(routes!(reviews::decide_review))
        .routes(routes!(media::enrol_medium, media::list_media))
        .routes(routes!(media::get_medium))
        .routes(routes!(media::unlock_medium))
        .routes(routes!(media::revoke_medium))
        .routes(routes!(openapi::openapi_document))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

async fn no_such_route() -> Problem {
    Problem::new(Code::RouteNotFound)
}

/// What holds for the whole program's HTTP, pages too: a handler that panics ends one request and nothing else.
pub fn around(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }))
}
