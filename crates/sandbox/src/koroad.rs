//! The register of driver licences (한국도로교통공단), asked directly: `POST /api/onevalidatorv2.do`, Bearer, a header and
//! a body that is Base64 of ARIA-256 of JSON. The answer's codes are those that integrators' code shows.
//!
//! Not public, and guessed here: the cipher's mode (ECB with PKCS#7), where the token comes from (RFC 6749 §4.4), the
//! members around an answer's code, and that five wrong serial codes lock a licence. `S16`, which says so, is the
//! sandbox's own. A lock ends when the sandbox is reset.

use crate::{
    Sandbox,
    catalogue::Person,
    documents::{Licence, LicenceState},
    faults::Institution::Koroad,
    play::{Said, Visit, play},
    vendor::{authorization, digits, knows},
    world::World,
};
use aria::{
    Aria256,
    cipher::{Array, BlockCipherDecrypt, KeyInit},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;

/// The key of the sandbox's contract; Base64 of it is in the connector's settings for the sandbox.
const KEY: &[u8; 32] = b"sandbox-koroad-aria-256-key-0001";

/// So many wrong serial codes lock a licence. A guess.
const WRONG_SERIALS_TO_LOCK: u32 = 5;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/oauth/token", post(token)).route("/api/onevalidatorv2.do", post(check))
}

/// `POST /oauth/token` for `grant_type=client_credentials`, with Basic.
async fn token(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let options = &sandbox.inner.options;
    let known = knows(&sandbox, &headers) && &body[..] == b"grant_type=client_credentials";
    play(&sandbox, visit("token", None, "client credentials".into()), |world| {
        if !known {
            return Said::new(401, "401", json!({"error": "invalid_client"}));
        }
        let (token, _) = world.issue_token(Koroad, options.clock.now(), options.token_ttl_s);
        let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": options.token_ttl_s});
        Said::new(200, "200", body)
    })
    .await
}

#[derive(Deserialize)]
struct Envelope {
    header: Header,
    body: String,
}

#[derive(Deserialize)]
struct Header {
    f_send_cnt: String,
    f_request_date: String,
    f_pin_info: String,
}

#[derive(Deserialize)]
struct Asked {
    f_license_no: String,
    f_resident_name: String,
    f_resident_date: String,
    f_seq_no: String,
    /// The class; empty where it is not asked about.
    #[serde(rename = "f_licn_con_code")]
    _class: String,
    f_from_date: String,
    f_to_date: String,
}

/// `POST /api/onevalidatorv2.do`.
async fn check(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let envelope: Option<Envelope> = serde_json::from_slice(&body).ok();
    let asked = envelope.as_ref().and_then(|e| open(&e.body)).and_then(|b| serde_json::from_slice(&b).ok());
    let asked: Option<Asked> = asked;
    let found = asked.as_ref().and_then(|a| sandbox.catalogue().licence(&a.f_license_no));
    let summary = asked.as_ref().map_or("not a question".into(), |a| masked_licence(&a.f_license_no));
    let token = authorization(&headers, "Bearer ").unwrap_or_default().to_owned();
    let clock = sandbox.clock();
    play(&sandbox, visit("check", found.map(|(person, _)| person.id.clone()), summary), |world| {
        let reference = world.reference(Koroad);
        let said = |code: &str| {
            Said::new(200, code, json!({"header": {"reference": reference}, "body": {"code": code}}))
        };
        if !world.token_lives(Koroad, &token, clock.now()) {
            return Said::new(401, "401", json!({"error": "invalid_token"}));
        }
        let Some(envelope) = &envelope else { return Said::new(400, "400", json!({"error": "body"})) };
        let head = &envelope.header;
        if head.f_send_cnt != "1" || !digits(&head.f_request_date, 14) || head.f_pin_info.is_empty() {
            return said("25");
        }
        said(asked.as_ref().map_or("31", |asked| judge(world, found, asked)))
    })
    .await
}

/// What the register finds.
fn judge(world: &mut World, found: Option<(&Person, &Licence)>, asked: &Asked) -> &'static str {
    let dates = digits(&asked.f_from_date, 8) && digits(&asked.f_to_date, 8);
    if asked.f_resident_name.is_empty() || !digits(&asked.f_resident_date, 6) || !dates {
        return "25";
    }
    let Some((person, licence)) = found else { return "01" };
    let wrong = world.wrong_serials.get(&licence.number).copied().unwrap_or(0);
    match licence.state {
        LicenceState::Missing => return "01",
        LicenceState::Unasked => return "25",
        LicenceState::Locked => return "S16",
        _ if wrong >= WRONG_SERIALS_TO_LOCK => return "S16",
        LicenceState::OtherName => return "21",
        LicenceState::OtherBirth => return "22",
        _ => {}
    }
    if asked.f_resident_name != person.name {
        return "21";
    }
    if asked.f_resident_date != person.born()[2..] {
        return "22";
    }
    // Without a serial code only number, name and birth are compared.
    let serial_differs = licence.state == LicenceState::OtherSerial
        || licence.serial.as_deref().is_some_and(|serial| serial != asked.f_seq_no);
    if !asked.f_seq_no.is_empty() && serial_differs {
        *world.wrong_serials.entry(licence.number.clone()).or_default() += 1;
        return "23";
    }
    match licence.state {
        LicenceState::Superseded => "02",
        LicenceState::Lost => "03",
        LicenceState::HolderDied => "04",
        LicenceState::Revoked => "11",
        LicenceState::Suspended => "12",
        LicenceState::RevokedMeanwhile => "13",
        LicenceState::SuspendedMeanwhile => "14",
        LicenceState::OtherClass => "24",
        _ => "00",
    }
}

/// Opens Base64 of ARIA-256; `None` for what was not closed with the contract's key.
fn open(body: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(body).ok()?;
    let cipher = Aria256::new(&Array::from(*KEY));
    let mut plain = Vec::with_capacity(bytes.len());
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        let mut block = Array::from(*block);
        cipher.decrypt_block(&mut block);
        plain.extend_from_slice(&block);
    }
    // PKCS#7 (RFC 5652 §6.3): the last byte says how many bytes like it stand behind.
    let padding = usize::from(*plain.last()?);
    let end = plain.len().checked_sub(padding)?;
    let whole = rest.is_empty() && (1..=16).contains(&padding);
    let padded = plain[end..].iter().all(|byte| usize::from(*byte) == padding);
    plain.truncate(end);
    (whole && padded).then_some(plain)
}

/// `11-19-******-61`.
fn masked_licence(number: &str) -> String {
    match (number.get(..6), number.get(12..), number.len()) {
        (Some(head), Some(tail), 15) => format!("{head}******{tail}"),
        _ => "***".into(),
    }
}

fn visit(operation: &'static str, person: Option<String>, summary: String) -> Visit {
    let too_many = json!({"error": "too many"});
    Visit { institution: Koroad, operation, person, summary, rests: None, too_many }
}
