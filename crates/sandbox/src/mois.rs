//! The issuer of resident cards, as a vendor speaks for it (useB API v1.4.0; the issuer's own format is not public).
//!
//! The register counts wrong days of issue per card; the fifth locks it, as the real one does nationwide.

use crate::{
    Sandbox,
    catalogue::{CardState, Person},
    clock::kst,
    faults::Institution::Mois,
    play::{Said, Visit, masked_number, play},
    world::World,
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Five wrong days lock a card nationwide.
const WRONG_DATES_TO_LOCK: u32 = 5;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/oauth/token", post(token)).route("/status/idcard", post(check))
}

/// `POST /oauth/token` with Basic.
async fn token(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let options = &sandbox.inner.options;
    let expected = base64(format!("{}:{}", options.client_id, options.client_secret).as_bytes());
    let known = authorization(&headers, "Basic ") == Some(expected.as_str());
    let visit = visit("token", None, "client credentials".into());
    play(&sandbox, visit, |world| {
        let reference = world.reference(Mois);
        if !known {
            return failed(401, "C401", "인증 정보가 올바르지 않습니다", &reference);
        }
        let (token, ends) = world.issue_token(Mois, options.clock.now(), options.token_ttl_s);
        let ends = kst(ends).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let body = json!({
            "success": true, "message": "성공", "jwt": token, "expires_in": ends, "transaction_id": reference
        });
        Said::new(200, "200", body)
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    identity: String,
    issue_date: String,
    user_name: String,
}

/// `POST /status/idcard`.
async fn check(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let question: Option<Question> = serde_json::from_slice(&body).ok();
    let person = question.as_ref().and_then(|q| sandbox.catalogue().by_number(&q.identity)).cloned();
    let summary = question.as_ref().map_or_else(
        || "not a question".into(),
        |q| format!("{} {}", masked_number(&q.identity), q.issue_date),
    );
    let token = authorization(&headers, "Bearer ").unwrap_or_default().to_owned();
    let clock = sandbox.clock();
    let visit = visit("check", person.as_ref().map(|p| p.id.clone()), summary);
    play(&sandbox, visit, |world| {
        let reference = world.reference(Mois);
        if !world.token_lives(Mois, &token, clock.now()) {
            return failed(401, "C401", "토큰이 올바르지 않습니다", &reference);
        }
        let Some(question) = &question else {
            return failed(400, "C400", "요청이 올바르지 않습니다", &reference);
        };
        match judge(world, person.as_ref(), question) {
            None => Said::new(
                200,
                "200",
                json!({"success": true, "message": "성공", "transaction_id": reference}),
            ),
            Some((code, message)) => failed(200, code, message, &reference),
        }
    })
    .await
}

/// What the register finds wrong.
fn judge(
    world: &mut World,
    person: Option<&Person>,
    question: &Question,
) -> Option<(&'static str, &'static str)> {
    let digits = |text: &str, many: usize| text.len() == many && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(&question.identity, 13) || !digits(&question.issue_date, 8) {
        return Some(("A001", "주민등록번호가 올바르지 않습니다"));
    }
    let Some(person) = person else {
        return Some(("A002", "등록되지 않은 주민등록번호입니다"));
    };
    match person.register.state {
        CardState::Missing => return Some(("A002", "등록되지 않은 주민등록번호입니다")),
        CardState::Invalid => return Some(("A001", "주민등록번호가 올바르지 않습니다")),
        CardState::Asleep => return Some(("C061", "발급기관에 장애가 있습니다")),
        CardState::Locked => return Some(("A005", "발급일자 오류가 5회를 넘어 잠겼습니다")),
        CardState::Lost | CardState::Good => {}
    }
    if world.wrong_dates.get(&person.number).copied().unwrap_or(0) >= WRONG_DATES_TO_LOCK {
        return Some(("A005", "발급일자 오류가 5회를 넘어 잠겼습니다"));
    }
    let name = person.register.name.as_ref().unwrap_or(&person.name);
    if question.user_name != *name {
        return Some(("A003", "성명이 일치하지 않습니다"));
    }
    let issued = person.register.issued.unwrap_or(person.issued).strftime("%Y%m%d").to_string();
    if question.issue_date != issued {
        *world.wrong_dates.entry(person.number.clone()).or_default() += 1;
        return Some(("A004", "발급일자가 일치하지 않습니다"));
    }
    (person.register.state == CardState::Lost).then_some(("A006", "분실 신고된 주민등록증입니다"))
}

fn visit(operation: &'static str, person: Option<String>, summary: String) -> Visit {
    let too_many = json!({"success": false, "message": "요청이 너무 많습니다", "error_code": "C429"});
    Visit { institution: Mois, operation, person, summary, rests: None, too_many }
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

/// Base64 with padding (RFC 4648 §4): one use, so no dependency.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let sextet = group >> (18 - 6 * index) & 63;
            text.push(if index <= chunk.len() { ALPHABET[sextet as usize] as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_as_rfc_7617_has_them() {
        assert_eq!(base64(b"Aladdin:open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(base64(b"ab"), "YWI=");
        assert_eq!(base64(b"abc"), "YWJj");
    }

    #[test]
    fn the_fifth_wrong_date_locks_and_the_right_one_comes_too_late() {
        let catalogue = crate::catalogue::Catalogue::built_in();
        let person = catalogue.person("kim-minsu").unwrap();
        let mut world = World::default();
        let mut ask = |date: &str| {
            let question = Question {
                identity: person.number.clone(),
                issue_date: date.into(),
                user_name: person.name.clone(),
            };
            judge(&mut world, Some(person), &question).map(|(code, _)| code)
        };
        assert_eq!(ask("20200309"), None);
        for _ in 0..5 {
            assert_eq!(ask("20200308"), Some("A004"));
        }
        assert_eq!(ask("20200309"), Some("A005"));
    }
}
