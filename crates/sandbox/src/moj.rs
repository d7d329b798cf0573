//! The register of foreigners (법무부), as a vendor speaks for it: `POST /status/passport-overseas` for other states'
//! passports.
//! The register's own format is not public, and neither are codes for a document that is over (`S11`), unknown (`S12`)
//! or lost (`S13`).

use crate::{
    Sandbox,
    catalogue::Person,
    documents::{PaperState, Passport},
    faults::Institution::Moj,
    mofa,
    play::masked_passport,
    vendor::{Finding, Question, digits, token_desk},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/oauth/token", token_desk(Moj)).route("/status/passport-overseas", post(passport))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PassportAsked {
    passport_no: String,
    nationality: String,
    birth_date: String,
}

/// `POST /status/passport-overseas`.
async fn passport(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let found =
        |asked: &PassportAsked| match sandbox.catalogue().passport(&asked.nationality, &asked.passport_no) {
            // Of Korea's own passports this register knows nothing.
            Some((_, passport)) if passport.nationality == "KOR" => None,
            found => found,
        };
    Question { at: Moj, operation: "check", headers: &headers, body: &body }
        .answer(
            &sandbox,
            |asked: &PassportAsked| {
                (found(asked).map(|(person, _)| person.id.clone()), masked_passport(&asked.passport_no))
            },
            |_, asked, now| judge_passport(found(asked), asked, now),
        )
        .await
}

fn judge_passport(found: Option<(&Person, &Passport)>, asked: &PassportAsked, now: Timestamp) -> Finding {
    let number = asked.passport_no.as_bytes();
    let shaped = (5..=9).contains(&number.len()) && number.iter().all(u8::is_ascii_alphanumeric);
    if !shaped || !digits(&asked.birth_date, 8) {
        return Err(("A021", "여권번호가 올바르지 않습니다"));
    }
    let Some((person, passport)) = found else { return Err(("S12", "등록되지 않은 여권입니다")) };
    mofa::state(passport, now)?;
    if asked.birth_date != person.born() || passport.state == PaperState::OtherName {
        return Err(("A023", "여권 정보가 일치하지 않습니다"));
    }
    Ok(Value::Null)
}
