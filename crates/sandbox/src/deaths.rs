//! The register of deaths. The real format is not public: this answers in the shape of the vendor's envelope, `listed`
//! true or false.

use crate::{Sandbox, faults::Institution::Deaths, kcis::look_up, vendor::token_desk};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};

pub(crate) fn router() -> Router<Sandbox> {
    let look_up = |State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes| async move {
        look_up(&sandbox, Deaths, &headers, &body, |lists| lists.died).await
    };
    Router::new().route("/oauth/token", token_desk(Deaths)).route("/look-up", post(look_up))
}
