//! The register of foreigners (법무부), as a vendor speaks for it: `POST /status/alien` for alien registration cards,
//! domestic residence cards and permanent residence cards, `POST /status/passport-overseas` for other states' passports.
//! The register's own format is not public, and neither are codes for a document that is over (`S11`), unknown (`S12`)
//! or lost (`S13`).

use crate::{
    Sandbox,
    catalogue::Person,
    documents::{AlienCard, PaperState, Passport},
    faults::Institution::Moj,
    mofa,
    play::{masked_number, masked_passport},
    vendor::{Finding, Question, digits, token_desk},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/oauth/token", token_desk(Moj))
        .route("/status/alien", post(alien))
        .route("/status/passport-overseas", post(passport))
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlienAsked {
    issue_no: String,
    issue_date: String,
}

/// `POST /status/alien`.
async fn alien(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let found = |asked: &AlienAsked| {
        let person = sandbox.catalogue().by_number(&asked.issue_no)?;
        Some((person, person.documents.alien_card.as_ref()?))
    };
    Question { at: Moj, operation: "check", headers: &headers, body: &body }
        .answer(
            &sandbox,
            |asked: &AlienAsked| {
                let summary = format!("{} {}", masked_number(&asked.issue_no), asked.issue_date);
                (found(asked).map(|(person, _)| person.id.clone()), summary)
            },
            |_, asked, _| judge_alien(found(asked), asked),
        )
        .await
}

fn judge_alien(found: Option<(&Person, &AlienCard)>, asked: &AlienAsked) -> Finding {
    if !digits(&asked.issue_no, 13) || !digits(&asked.issue_date, 8) {
        return Err(("A041", "등록번호가 올바르지 않습니다"));
    }
    let Some((person, card)) = found else { return Err(("S12", "등록되지 않은 번호입니다")) };
    match card.state {
        PaperState::Missing => return Err(("S12", "등록되지 않은 번호입니다")),
        PaperState::Invalid => return Err(("A041", "등록번호가 올바르지 않습니다")),
        PaperState::Asleep => return Err(("C061", "발급기관에 장애가 있습니다")),
        _ => {}
    }
    let issued = person.issued.strftime("%Y%m%d").to_string();
    if asked.issue_date != issued || card.state == PaperState::OtherIssue {
        return Err(("A043", "발급일자가 일치하지 않습니다"));
    }
    if card.state == PaperState::Lost {
        return Err(("S13", "분실 신고된 등록증입니다"));
    }
    Ok(Value::Null)
}
