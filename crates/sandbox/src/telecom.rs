//! A designated agency (본인확인기관) and the telecoms behind it: whose a phone is, by a message with a code. No agency's
//! format is public: this answers in the shape of the vendor's envelope. Codes that begin with `S` are the sandbox's
//! own: `S21` the phone is somebody else's, `S22` wrong code, `S23` too often or too late, `S24` stopped.
//!
//! A request id sends one message, however often it arrives: a repeat is answered as the first was, and a repeat about
//! another phone is refused. A right code answers the same for as long as it lives, so that a lost answer can be asked
//! for again. Five tries and three minutes are guesses at practice. The identifiers are made up; a real one may be
//! made by a designated agency alone.

use crate::{
    Sandbox,
    catalogue::Person,
    documents::Phone,
    faults::Institution::Telecom,
    vendor::{Finding, Question, digits, token_desk},
    world::{Message, Sending, World},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// So many wrong codes use a message up.
const TRIES: u32 = 5;
/// So long a code lives.
const LIVES: SignedDuration = SignedDuration::from_secs(180);

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/oauth/token", token_desk(Telecom))
        .route("/phone/send", post(send))
        .route("/phone/confirm", post(confirm))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Send {
    request_id: String,
    user_name: String,
    birth_date: String,
    sex_digit: String,
    telecom: String,
    phone_no: String,
}

/// `POST /phone/send`.
async fn send(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let found = |asked: &Send| sandbox.catalogue().phone(&asked.phone_no);
    let response = Question { at: Telecom, operation: "send", headers: &headers, body: &body }
        .answer(
            &sandbox,
            |asked: &Send| (found(asked).map(|(person, _)| person.id.clone()), masked_phone(&asked.phone_no)),
            |world, asked, now| judge_send(world, found(asked), asked, now),
        )
        .await;
    sandbox.tell("message", &json!({}));
    response
}

fn judge_send(world: &mut World, found: Option<(&Person, &Phone)>, asked: &Send, now: Timestamp) -> Finding {
    let known = matches!(asked.telecom.as_str(), "skt" | "kt" | "lgu" | "mvno");
    let shaped = digits(&asked.birth_date, 8) && digits(&asked.sex_digit, 1) && !asked.request_id.is_empty();
    if !known || !shaped || !asked.phone_no.bytes().all(|b| b.is_ascii_digit()) {
        return Err(("S25", "요청이 올바르지 않습니다"));
    }
    if let Some(sending) = world.sendings.get(&asked.request_id) {
        return match sending.phone == asked.phone_no {
            true => Ok(json!({"requestId": asked.request_id})),
            false => Err(("S25", "이미 쓴 요청번호입니다")),
        };
    }
    let Some((person, phone)) = found else { return Err(("S21", "명의가 일치하지 않습니다")) };
    if phone.stopped {
        return Err(("S24", "이용이 정지된 번호입니다"));
    }
    let same = asked.user_name == *phone.holder.as_ref().unwrap_or(&person.name)
        && asked.birth_date == person.born()
        && asked.sex_digit == person.number[6..7]
        && asked.telecom == phone.telecom;
    if !same {
        return Err(("S21", "명의가 일치하지 않습니다"));
    }
    let code = world.message_code();
    world.messages.push(Message {
        phone: phone.number.clone(),
        at: now,
        text: format!("[견본통신] 본인확인 인증번호 [{code}]를 입력해 주세요."),
        code: code.clone(),
    });
    let sending =
        Sending { phone: phone.number.clone(), person: person.number.clone(), code, at: now, wrong: 0 };
    world.sendings.insert(asked.request_id.clone(), sending);
    Ok(json!({"requestId": asked.request_id}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Confirm {
    request_id: String,
    code: String,
}

/// `POST /phone/confirm`.
async fn confirm(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let sent = |asked: &Confirm| sandbox.world().sendings.get(&asked.request_id).cloned();
    Question { at: Telecom, operation: "confirm", headers: &headers, body: &body }
        .answer(
            &sandbox,
            |asked: &Confirm| {
                let sent = sent(asked);
                let person = sent.as_ref().and_then(|s| sandbox.catalogue().by_number(&s.person));
                let summary = sent.as_ref().map_or("***".into(), |sending| masked_phone(&sending.phone));
                (person.map(|p| p.id.clone()), summary)
            },
            judge_confirm,
        )
        .await
}

fn judge_confirm(world: &mut World, asked: &Confirm, now: Timestamp) -> Finding {
    let Some(sending) = world.sendings.get_mut(&asked.request_id) else {
        return Err(("S25", "보낸 적이 없는 요청번호입니다"));
    };
    if sending.wrong >= TRIES || now.duration_since(sending.at) > LIVES {
        return Err(("S23", "인증번호를 다시 받아 주세요"));
    }
    if asked.code != sending.code {
        sending.wrong += 1;
        return Err(("S22", "인증번호가 일치하지 않습니다"));
    }
    Ok(json!({"requestId": asked.request_id, "ci": ci(&sending.person)}))
}

/// Sixty-four bytes that are always the same for one person (splitmix64 over the number), in Base64.
fn ci(number: &str) -> Value {
    let mut state = number.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut bytes = Vec::with_capacity(64);
    for _ in 0..8 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_be_bytes());
    }
    Value::String(STANDARD.encode(bytes))
}

/// `010-****-0001`.
pub(crate) fn masked_phone(number: &str) -> String {
    match (number.get(..3), number.len().checked_sub(4).and_then(|at| number.get(at..))) {
        (Some(head), Some(tail)) if number.len() >= 10 => format!("{head}-****-{tail}"),
        _ => "***".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_one_persons_and_has_eighty_eight_characters() {
        let of = |number: &str| ci(number).as_str().unwrap().to_owned();
        assert_eq!(of("9004151981237").len(), 88);
        assert_eq!(of("9004151981237"), of("9004151981237"));
        assert_ne!(of("9004151981237"), of("9508222971486"));
    }
}
