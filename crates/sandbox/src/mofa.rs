//! The issuer of Korea's passports (외교부), as a vendor speaks for it: `POST /status/passport`. The issuer's own format
//! is not public, and neither are codes for a passport that is over (`S11`), unknown (`S12`) or lost (`S13`).

use crate::{
    Sandbox,
    catalogue::Person,
    documents::{PaperState, Passport},
    faults::Institution::Mofa,
    play::masked_passport,
    vendor::{Finding, Question, digits, token_desk},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/oauth/token", token_desk(Mofa)).route("/status/passport", post(check))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    user_name: String,
    passport_no: String,
    issue_date: String,
    expiration_date: String,
    birth_date: String,
}

/// `POST /status/passport`.
async fn check(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let found = |asked: &Asked| sandbox.catalogue().passport("KOR", &asked.passport_no);
    Question { at: Mofa, operation: "check", headers: &headers, body: &body }
        .answer(
            &sandbox,
            |asked: &Asked| {
                (found(asked).map(|(person, _)| person.id.clone()), masked_passport(&asked.passport_no))
            },
            |_, asked, now| judge(found(asked), asked, now),
        )
        .await
}

/// What the register finds wrong.
fn judge(found: Option<(&Person, &Passport)>, asked: &Asked, now: Timestamp) -> Finding {
    let dates = [&asked.issue_date, &asked.expiration_date, &asked.birth_date];
    let number = asked.passport_no.as_bytes();
    let shaped = number.len() == 9 && number.iter().all(u8::is_ascii_alphanumeric);
    if !shaped || !dates.iter().all(|date| digits(date, 8)) {
        return Err(("A021", "여권번호가 올바르지 않습니다"));
    }
    let Some((person, passport)) = found else { return Err(("S12", "등록되지 않은 여권입니다")) };
    let day = |date: Date| date.strftime("%Y%m%d").to_string();
    let other = passport.state == PaperState::OtherIssue;
    if asked.user_name != person.name || passport.state == PaperState::OtherName {
        return Err(("A023", "성명이 일치하지 않습니다"));
    }
    let same = asked.issue_date == day(passport.issued)
        && asked.expiration_date == day(passport.expires)
        && asked.birth_date == person.born();
    state(passport, now)?;
    if !same || other {
        return Err(("A024", "여권 정보가 일치하지 않습니다"));
    }
    Ok(Value::Null)
}

/// How the register has a passport, whosever it is.
pub(crate) fn state(passport: &Passport, now: Timestamp) -> Finding {
    match passport.state {
        PaperState::Missing => Err(("S12", "등록되지 않은 여권입니다")),
        PaperState::Invalid => Err(("A021", "여권번호가 올바르지 않습니다")),
        PaperState::Lost => Err(("S13", "분실 신고된 여권입니다")),
        PaperState::Asleep => Err(("C061", "발급기관에 장애가 있습니다")),
        _ if crate::clock::kst(now).date() > passport.expires => Err(("S11", "기간이 지난 여권입니다")),
        _ => Ok(Value::Null),
    }
}
