//! The issuer of resident cards, as a vendor speaks for it (useB API v1.4.0; the issuer's own format is not public).
//!
//! The register counts wrong days of issue per card; the fifth locks it, as the real one does nationwide.

use crate::{
    Sandbox,
    catalogue::{CardState, Person},
    faults::Institution::Mois,
    play::masked_number,
    vendor::{Finding, Question, digits, token_desk},
    world::World,
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use serde::Deserialize;
use serde_json::Value;

/// Five wrong days lock a card nationwide.
const WRONG_DATES_TO_LOCK: u32 = 5;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/oauth/token", token_desk(Mois)).route("/status/idcard", post(check))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    identity: String,
    issue_date: String,
    user_name: String,
}

/// `POST /status/idcard`.
async fn check(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let person = |card: &Card| sandbox.catalogue().by_number(&card.identity);
    Question { at: Mois, operation: "check", headers: &headers, body: &body }
        .answer(
            &sandbox,
            |card: &Card| {
                let summary = format!("{} {}", masked_number(&card.identity), card.issue_date);
                (person(card).map(|p| p.id.clone()), summary)
            },
            |world, card, _| judge(world, person(card), card),
        )
        .await
}

/// What the register finds wrong.
fn judge(world: &mut World, person: Option<&Person>, card: &Card) -> Finding {
    if !digits(&card.identity, 13) || !digits(&card.issue_date, 8) {
        return Err(("A001", "주민등록번호가 올바르지 않습니다"));
    }
    // Foreigners stand in another register.
    let Some(person) = person.filter(|person| person.documents.alien_card.is_none()) else {
        return Err(("A002", "등록되지 않은 주민등록번호입니다"));
    };
    match person.register.state {
        CardState::Missing => return Err(("A002", "등록되지 않은 주민등록번호입니다")),
        CardState::Invalid => return Err(("A001", "주민등록번호가 올바르지 않습니다")),
        CardState::Asleep => return Err(("C061", "발급기관에 장애가 있습니다")),
        CardState::Locked => return Err(("A005", "발급일자 오류가 5회를 넘어 잠겼습니다")),
        CardState::Lost | CardState::Good => {}
    }
    if world.wrong_dates.get(&person.number).copied().unwrap_or(0) >= WRONG_DATES_TO_LOCK {
        return Err(("A005", "발급일자 오류가 5회를 넘어 잠겼습니다"));
    }
    let name = person.register.name.as_ref().unwrap_or(&person.name);
    if card.user_name != *name {
        return Err(("A003", "성명이 일치하지 않습니다"));
    }
    let issued = person.register.issued.unwrap_or(person.issued).strftime("%Y%m%d").to_string();
    if card.issue_date != issued {
        *world.wrong_dates.entry(person.number.clone()).or_default() += 1;
        return Err(("A004", "발급일자가 일치하지 않습니다"));
    }
    if person.register.state == CardState::Lost {
        return Err(("A006", "분실 신고된 주민등록증입니다"));
    }
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_date_locks_and_the_right_one_comes_too_late() {
        let catalogue = crate::catalogue::Catalogue::built_in();
        let person = catalogue.person("kim-minsu").unwrap();
        let mut world = World::default();
        let mut ask = |date: &str| {
            let card = Card {
                identity: person.number.clone(),
                issue_date: date.into(),
                user_name: person.name.clone(),
            };
            judge(&mut world, Some(person), &card).err().map(|(code, _)| code)
        };
        assert_eq!(ask("20200309"), None);
        for _ in 0..5 {
            assert_eq!(ask("20200308"), Some("A004"));
        }
        assert_eq!(ask("20200309"), Some("A005"));
    }
}
