//! 비대면 계좌개설·여신 안심차단 (한국신용정보원): who asked that nobody opens an account or takes a loan remotely in this name.
//! The real format is not public: this answers in the shape of the vendor's envelope, `listed` true or false.

use crate::{
    Sandbox,
    faults::Institution::{self, Kcis},
    play::masked_number,
    vendor::{Question, digits, token_desk},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use serde::Deserialize;
use serde_json::json;

pub(crate) fn router() -> Router<Sandbox> {
    let look_up = |State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes| async move {
        look_up(&sandbox, Kcis, &headers, &body, |lists| lists.account_opening_blocked).await
    };
    Router::new().route("/oauth/token", token_desk(Kcis)).route("/look-up", post(look_up))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    identity: String,
    #[serde(rename = "userName")]
    _user_name: String,
}

/// Whether a person stands on a list. Whom nobody knows stands on none.
pub(crate) async fn look_up(
    sandbox: &Sandbox,
    at: Institution,
    headers: &HeaderMap,
    body: &[u8],
    on: impl Fn(&crate::documents::Lists) -> bool,
) -> Response {
    let person = |asked: &Asked| sandbox.catalogue().by_number(&asked.identity);
    Question { at, operation: "look_up", headers, body }
        .answer(
            sandbox,
            |asked: &Asked| (person(asked).map(|p| p.id.clone()), masked_number(&asked.identity)),
            |_, asked, _| {
                if !digits(&asked.identity, 13) {
                    return Err(("S31", "번호가 올바르지 않습니다"));
                }
                Ok(json!({"listed": person(asked).is_some_and(|person| on(&person.lists))}))
            },
        )
        .await
}
