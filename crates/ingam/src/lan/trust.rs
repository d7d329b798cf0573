//! The page that tells a phone how to trust the demo's authority, and how to stop trusting it; and the authority's
//! certificate. Plain HTTP, because nothing is trusted yet: the fingerprint on both screens is what to compare.

use super::Authority;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;

/// The page; `{{…}}` are put in at the start.
const PAGE: &str = include_str!("../../assets/studio/trust.html");

pub(super) async fn serve(listener: TcpListener, authority: Authority, studio: String) {
    let page = PAGE.replace("{{fingerprint}}", &authority.fingerprint).replace("{{studio}}", &studio);
    let certificate = get(move || async move {
        let headers = [
            (CONTENT_TYPE, "application/x-x509-ca-cert"),
            (CONTENT_DISPOSITION, "attachment; filename=\"ingam-demo.cer\""),
            (CACHE_CONTROL, "no-store"),
        ];
        (headers, authority.der)
    });
    let router = Router::new()
        .route("/", get(move || async move { Html(page) }))
        .route("/ingam-demo.cer", certificate);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the page for phones ended");
    }
}
