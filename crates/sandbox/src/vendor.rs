//! How institutions answer through a vendor (useB API v1.4.0): a token for Basic credentials, one question as JSON,
//! and an envelope `{success, message, transaction_id, error_code, data}`. The institutions' own formats are not
//! public. Refuses to know what is asked; each institution's own file judges.
//!
//! Codes that begin with `S` are the sandbox's own, for what the public documents have no code for.

use crate::{
    Sandbox,
    clock::kst,
    faults::Institution,
    play::{Said, Visit, play},
    world::World,
};
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
    routing::{MethodRouter, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What is found: what a success carries (`null` for nothing), or a code with its message.
pub(crate) type Finding = Result<Value, (&'static str, &'static str)>;

/// `POST …/oauth/token` of an institution, with Basic.
pub(crate) fn token_desk(at: Institution) -> MethodRouter<Sandbox> {
    post(move |State(sandbox): State<Sandbox>, headers: HeaderMap| async move {
        let options = &sandbox.inner.options;
        let known = knows(&sandbox, &headers);
        play(&sandbox, visit(at, "token", None, "client credentials".into()), |world| {
            let reference = world.reference(at);
            if !known {
                return failed(401, "C401", "인증 정보가 올바르지 않습니다", &reference);
            }
            let (token, ends) = world.issue_token(at, options.clock.now(), options.token_ttl_s);
            let ends = kst(ends).strftime("%Y-%m-%d %H:%M:%S").to_string();
            let body = json!({
                "success": true, "message": "성공", "jwt": token, "expires_in": ends,
                "transaction_id": reference
            });
            Said::new(200, "200", body)
        })
        .await
    })
}

/// Whether the Basic credentials are ours (RFC 7617).
pub(crate) fn knows(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let options = &sandbox.inner.options;
    let expected = STANDARD.encode(format!("{}:{}", options.client_id, options.client_secret));
    authorization(headers, "Basic ") == Some(expected.as_str())
}

/// A question that came to an institution's desk.
pub(crate) struct Question<'a> {
    pub(crate) at: Institution,
    pub(crate) operation: &'static str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Question<'_> {
    /// Answers it: looks at the token, then at the form, then has it judged. `whom` names the person it is about,
    /// and what was asked, masked.
    pub(crate) async fn answer<Q: DeserializeOwned>(
        self,
        sandbox: &Sandbox,
        whom: impl Fn(&Q) -> (Option<String>, String),
        judge: impl Fn(&mut World, &Q, Timestamp) -> Finding,
    ) -> Response {
        let question: Option<Q> = serde_json::from_slice(self.body).ok();
        let (person, summary) = question.as_ref().map_or((None, "not a question".into()), whom);
        let token = authorization(self.headers, "Bearer ").unwrap_or_default().to_owned();
        let now = sandbox.clock().now();
        play(sandbox, visit(self.at, self.operation, person, summary), |world| {
            let reference = world.reference(self.at);
            if !world.token_lives(self.at, &token, now) {
                return failed(401, "C401", "토큰이 올바르지 않습니다", &reference);
            }
            let Some(question) = &question else {
                return failed(400, "C400", "요청이 올바르지 않습니다", &reference);
            };
            match judge(world, question, now) {
                Ok(data) => {
                    let mut body = json!({"success": true, "message": "성공", "transaction_id": reference});
                    if !data.is_null() {
                        body["data"] = data;
                    }
                    Said::new(200, "200", body)
                }
                Err((code, message)) => failed(200, code, message, &reference),
            }
        })
        .await
    }
}

fn visit(at: Institution, operation: &'static str, person: Option<String>, summary: String) -> Visit {
    let too_many = json!({"success": false, "message": "요청이 너무 많습니다", "error_code": "C429"});
    Visit { institution: at, operation, person, summary, rests: None, too_many }
}

fn failed(status: u16, code: &str, message: &str, reference: &str) -> Said {
    let body: Value =
        json!({"success": false, "message": message, "error_code": code, "transaction_id": reference});
    Said::new(status, code, body)
}

/// What stands behind the scheme in `Authorization`.
pub(crate) fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

/// A text of so many digits.
pub(crate) fn digits(text: &str, many: usize) -> bool {
    text.len() == many && text.bytes().all(|b| b.is_ascii_digit())
}
