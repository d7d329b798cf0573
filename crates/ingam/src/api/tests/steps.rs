//! The steps beside card and account over the API: questions, the institution's word, a code of an access medium.

use crate::codes;
use crate::testing::{Caller, NAME, NUMBER, Program, base64, picture, safety};
use crate::work;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ingam_cases::answers::IssuerCode;
use ingam_cases::id::{MediumId, VerificationId};
use ingam_cases::otp::{Form, OtpSecret, Step, generate};
use ingam_cases::security_card::Challenge;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn policy(steps: &[Value]) -> Value {
    let card = json!({ "step": "id_document", "documents": ["resident"], "sources": ["camera", "file"] });
    let mut all = vec![card];
    all.extend(steps.iter().cloned());
    json!({ "name": "기본", "purpose": "비대면 계좌 만들기", "steps": all })
}

fn device() -> Value {
    json!({ "step": "device", "kinds": ["otp", "security_card"], "tries": 3 })
}

fn form() -> Value {
    let options = json!([
        { "id": "salary", "text": { "ko": "급여" } },
        { "id": "living", "text": { "ko": "생활비" } },
    ]);
    json!({
        "step": "form",
        "title": { "ko": "몇 가지만 여쭐게요", "en": "A few questions" },
        "questions": [
            { "id": "purpose", "text": { "ko": "거래 목적" }, "answer": { "type": "choice", "options": options } },
            { "id": "owner", "text": { "ko": "실제 소유자인가요?" }, "answer": { "type": "yes_no" } },
            { "id": "job", "text": { "ko": "직업" }, "required": false, "answer": { "type": "text", "max": 20 } },
        ],
    })
}

async fn saved(program: &Program, caller: &Caller, steps: &[Value]) -> String {
    let saved = program.post(caller, "/v1/policies", policy(steps)).await.expect(201);
    saved["id"].as_str().unwrap().to_owned()
}

async fn opened(program: &Program, caller: &Caller, body: Value) -> VerificationId {
    let opened = program.post(caller, "/v1/verifications", body).await.expect(201);
    let id = VerificationId::parse(opened["id"].as_str().unwrap()).unwrap();
    program.submit(caller, &id, safety(false)).await.expect(200);
    id
}

async fn card(program: &Program, caller: &Caller, id: &VerificationId) {
    let taken = json!({ "step": "card", "picture": base64(&picture()) });
    program.submit(caller, id, taken).await.expect(200);
    program.card_read(id, NAME, NUMBER, "2020-01-01").await;
    program.submit(caller, id, json!({ "step": "confirm" })).await.expect(200);
    program.issuer_answers(id, IssuerCode::Valid).await;
}

async fn medium(program: &Program, caller: &Caller, body: Value) -> MediumId {
    let enrolled = program.post(caller, "/v1/media", body).await.expect(201);
    assert!(!enrolled.to_string().contains(SECRET));
    MediumId::parse(enrolled["id"].as_str().unwrap()).unwrap()
}

async fn state(program: &Program, caller: &Caller, id: &VerificationId) -> Value {
    program.get(caller, &format!("/v1/verifications/{id}")).await.expect(200)
}

fn totp(program: &Program, steps: i64) -> String {
    let at = Step::Thirty.at(program.app.now()).saturating_add_signed(steps);
    let secret = OtpSecret::parse(SECRET).unwrap();
    generate(&secret, Form::COMMON, at).expose().to_owned()
}

#[tokio::test]
async fn answers_are_checked_sealed_and_told_with_the_result() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = saved(&program, &caller, &[form(), device()]).await;
    let totp_medium = medium(&program, &caller, json!({ "type": "totp", "secret": SECRET })).await;
    let id = opened(&program, &caller, json!({ "policy": policy, "medium": totp_medium })).await;
    card(&program, &caller, &id).await;
    assert_eq!(state(&program, &caller, &id).await["next"], "form");
    let refused = async |answers: Value, field: &str, code: &str| {
        let step = json!({ "step": "form", "answers": answers });
        let reply = program.submit(&caller, &id, step).await.expect(422);
        assert_eq!(reply["errors"][0]["field"], field, "{reply}");
        assert_eq!(reply["errors"][0]["code"], code, "{reply}");
    };
    refused(json!({}), "/answers/purpose", "required").await;
    refused(json!({ "purpose": "loan", "owner": true }), "/answers/purpose", "not_allowed").await;
    refused(json!({ "purpose": "salary", "owner": "yes" }), "/answers/owner", "not_allowed").await;
    refused(json!({ "purpose": {}, "owner": true }), "/answers/purpose", "wrong_type").await;
    let long = json!({ "purpose": "salary", "owner": true, "job": "가".repeat(21) });
    refused(long, "/answers/job", "out_of_range").await;
    let unknown = json!({ "purpose": "salary", "owner": true, "surprise": "1" });
    let reply = program.submit(&caller, &id, json!({ "step": "form", "answers": unknown })).await;
    assert_eq!(reply.expect(422)["code"], "answers_differ");
    let answers = json!({ "purpose": "salary", "owner": true, "job": "표본직업" });
    let step = json!({ "step": "form", "answers": answers });
    let after = program.submit(&caller, &id, step).await;
    assert!(!after.text.contains("표본직업"));
    assert_eq!(after.expect(200)["next"], "device");
    let step = json!({ "step": "device", "code": totp(&program, 0) });
    let done = program.submit(&caller, &id, step).await.expect(200);
    assert_eq!(done["status"], "verified", "{done}");
    assert_eq!(done["methods"][1]["method"], "device");
    assert_eq!(done["methods"][1]["counts_as"], 3);
    let result = format!("/v1/verifications/{id}/result?reason=test");
    assert_eq!(program.get(&caller, &result).await.expect(200)["form"], answers);
}

#[tokio::test]
async fn a_one_time_password_is_taken_once_and_locks_after_ten() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = saved(&program, &caller, &[device()]).await;
    let totp_medium = medium(&program, &caller, json!({ "type": "totp", "secret": SECRET })).await;
    let body = json!({ "policy": policy, "medium": totp_medium });
    let at_the_code = async || {
        let id = opened(&program, &caller, body.clone()).await;
        card(&program, &caller, &id).await;
        id
    };
    let first = at_the_code().await;
    let code = totp(&program, 0);
    let typed = async |id: &VerificationId, code: &str| {
        let step = json!({ "step": "device", "code": code });
        program.submit(&caller, id, step).await.expect(200)
    };
    let after = typed(&first, "000000").await;
    assert_eq!(after["next_details"], json!({ "problem": "wrong", "tries_left": 2, "device": "otp" }));
    assert_eq!(typed(&first, &code).await["status"], "verified");
    // The same code in another verification, within its time.
    let second = at_the_code().await;
    assert_eq!(typed(&second, &code).await["next_details"]["problem"], "used");
    // Two verifications use their tries up; the medium counts across them.
    typed(&second, "12345").await;
    let refused = typed(&second, "표본").await;
    assert_eq!(refused["refused"]["code"], "device_not_proved");
    assert_eq!(refused["methods"][1]["why_not"], "wrong");
    for _ in 0..2 {
        let id = at_the_code().await;
        for _ in 0..3 {
            typed(&id, "000000").await;
        }
    }
    let path = format!("/v1/media/{totp_medium}");
    assert_eq!(program.get(&caller, &path).await.expect(200)["wrong_codes"], 9);
    let last = at_the_code().await;
    typed(&last, "000000").await;
    let locked = program.get(&caller, &path).await.expect(200);
    assert_eq!((&locked["status"], &locked["wrong_codes"]), (&json!("locked"), &json!(10)));
    // A right code does not help a locked medium, and ends what asks for it.
    let after = typed(&last, &totp(&program, 1)).await;
    assert_eq!(after["refused"]["code"], "device_not_proved");
    assert_eq!(after["checks"].as_array().unwrap().last().unwrap()["code"], "locked");
    let open = program.post(&caller, &format!("{path}/unlock"), json!({})).await.expect(200);
    assert_eq!((&open["status"], &open["wrong_codes"]), (&json!("active"), &json!(0)));
    let again = at_the_code().await;
    assert_eq!(typed(&again, &totp(&program, 1)).await["status"], "verified");
    let gone = program.post(&caller, &format!("{path}/revoke"), json!({})).await.expect(200);
    assert_eq!(gone["status"], "revoked");
    let reply = program.post(&caller, &format!("{path}/unlock"), json!({})).await;
    assert_eq!(reply.expect(409)["code"], "medium_revoked");
    let locked = program.get(&caller, "/v1/media?status=revoked").await.expect(200);
    assert_eq!(locked["data"], json!([gone]));
}

#[tokio::test]
async fn a_counter_runs_on_and_a_security_card_answers_its_challenge() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = saved(&program, &caller, &[device()]).await;
    let hotp = json!({ "type": "hotp", "secret": SECRET, "counter": 7, "reference": "token-7" });
    let counted = medium(&program, &caller, hotp).await;
    let id = opened(&program, &caller, json!({ "policy": policy, "medium": counted })).await;
    card(&program, &caller, &id).await;
    let code = |counter| {
        let secret = OtpSecret::parse(SECRET).unwrap();
        json!({ "step": "device", "code": generate(&secret, Form::COMMON, counter).expose() })
    };
    let before = program.submit(&caller, &id, code(6)).await.expect(200);
    assert_eq!(before["next_details"]["problem"], "wrong", "a counter that is over");
    assert_eq!(program.submit(&caller, &id, code(9)).await.expect(200)["status"], "verified");

    let numbers: Vec<String> = (1..=35).map(|at| format!("{:04}", at * 101)).collect();
    let table = medium(&program, &caller, json!({ "type": "security_card", "numbers": numbers })).await;
    let id = opened(&program, &caller, json!({ "policy": policy, "medium": table })).await;
    card(&program, &caller, &id).await;
    let asked = state(&program, &caller, &id).await["next_details"].clone();
    assert_eq!(asked["device"], "security_card");
    let draw = codes::challenge_draw(&program.app.ledger, &table, &id).await.unwrap();
    let Challenge { first, second } = Challenge::of(draw, 35);
    assert_eq!(asked["challenge"], json!([first, second]));
    let again = state(&program, &caller, &id).await["next_details"]["challenge"].clone();
    assert_eq!(again, asked["challenge"], "asking again asks the same");
    let cell = |at: u8| &numbers[usize::from(at) - 1];
    let answer = format!("{} {}", &cell(first)[..2], &cell(second)[2..]);
    let step = json!({ "step": "device", "code": answer });
    assert_eq!(program.submit(&caller, &id, step).await.expect(200)["status"], "verified");
}

#[tokio::test]
async fn media_that_cannot_be_and_those_of_others() {
    let program = Program::new().await;
    let (caller, stranger) = (program.institution("새솔은행").await, program.institution("한빛보험").await);
    let refused = async |body: Value, field: &str, code: &str| {
        let reply = program.post(&caller, "/v1/media", body).await.expect(422);
        assert_eq!(reply["errors"][0]["field"], field, "{reply}");
        assert_eq!(reply["errors"][0]["code"], code, "{reply}");
    };
    let with = |field: &str, value: Value| {
        let mut body = json!({ "type": "totp", "secret": SECRET });
        body[field] = value;
        body
    };
    refused(with("secret", json!("GEZDGNBV")), "/secret", "length").await;
    refused(with("secret", json!("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1")), "/secret", "character").await;
    refused(with("digits", json!(9)), "/digits", "out_of_range").await;
    refused(with("period_s", json!(45)), "/period_s", "out_of_range").await;
    refused(with("reference", json!("010-1234-5678")), "/reference", "personal_data").await;
    refused(json!({ "type": "security_card", "numbers": ["0101"] }), "/numbers", "length").await;
    let letters = json!({ "type": "security_card", "numbers": vec!["00a1"; 30] });
    refused(letters, "/numbers", "character").await;
    let far = json!({ "type": "hotp", "secret": SECRET, "counter": 1_u64 << 60 });
    refused(far, "/counter", "out_of_range").await;
    let theirs = medium(&program, &stranger, json!({ "type": "totp", "secret": SECRET })).await;
    program.get(&caller, &format!("/v1/media/{theirs}")).await.expect(404);
    program.post(&caller, &format!("/v1/media/{theirs}/revoke"), json!({})).await.expect(404);
    let policy = saved(&program, &caller, &[device()]).await;
    let open = async |body: Value| program.post(&caller, "/v1/verifications", body).await;
    let reply = open(json!({ "policy": policy, "medium": theirs })).await.expect(422);
    assert_eq!(
        (&reply["errors"][0]["field"], &reply["errors"][0]["code"]),
        (&json!("/medium"), &json!("not_found"))
    );
    assert_eq!(open(json!({ "policy": policy })).await.expect(422)["code"], "medium_differs");
    let plain = program.policy(&caller).await;
    let own = medium(&program, &caller, json!({ "type": "totp", "secret": SECRET })).await;
    let reply = open(json!({ "policy": plain, "medium": own })).await.expect(422);
    assert_eq!(reply["code"], "medium_differs");
}

/// What an institution's server was asked, and what it answers next.
#[derive(Default)]
struct Desk {
    asked: Mutex<Vec<(HeaderMap, String)>>,
    says: Mutex<Vec<(u16, String)>>,
}

async fn desk() -> (Arc<Desk>, String) {
    let desk = Arc::new(Desk::default());
    let answer = async |State(desk): State<Arc<Desk>>, headers: HeaderMap, body: String| {
        desk.asked.lock().unwrap().push((headers, body));
        let (status, text) = desk.says.lock().unwrap().remove(0);
        (axum::http::StatusCode::from_u16(status).unwrap(), text)
    };
    let router = Router::new().route("/check", post(answer)).with_state(desk.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (desk, format!("http://{address}/check"))
}

/// Does the tasks of the institution check that are due.
async fn work_on(program: &Program) {
    for task in work::lease(&program.app, 16).await.unwrap() {
        if ["ask_institution", "tick"].contains(&task.kind.as_str()) {
            work::settle(&program.app, &task).await;
        }
    }
}

#[tokio::test]
#[allow(clippy::disallowed_methods)] // The crate that judges compares with the machine's clock.
async fn the_institution_is_asked_and_its_word_counts() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let (desk, url) = desk().await;
    let types = ["verification.cancelled"];
    let endpoint = json!({ "url": url, "types": types });
    let endpoint = program.post(&caller, "/v1/webhook_endpoints", endpoint).await.expect(201);
    let step = json!({ "step": "institution_check", "endpoint": endpoint["id"] });
    let otp = medium(&program, &caller, json!({ "type": "totp", "secret": SECRET })).await;
    let policy = saved(&program, &caller, &[step, device()]).await;
    let id = opened(&program, &caller, json!({ "policy": policy, "medium": otp })).await;
    card(&program, &caller, &id).await;
    let waiting = state(&program, &caller, &id).await;
    assert_eq!((&waiting["status"], &waiting["waiting_for"]), (&json!("waiting"), &json!("institution")));
    // What it may read for its check is what the person confirmed, on record.
    let card_path = format!("/v1/verifications/{id}/card?reason=own_check");
    assert_eq!(program.get(&caller, &card_path).await.expect(200)["name"], NAME);

    let says = |status: u16, text: Value| desk.says.lock().unwrap().push((status, text.to_string()));
    says(503, json!({}));
    work_on(&program).await;
    let check = state(&program, &caller, &id).await["checks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&check["outcome"], &check["code"]), (&json!("indeterminate"), &json!("unavailable")));
    says(200, json!({ "answer": "unknown", "text": { "ko": "담당자가 보고 있어요." }, "retry_after_s": 60 }));
    program.app.clock.move_to(5_000);
    work_on(&program).await;
    work_on(&program).await;
    let waiting = state(&program, &caller, &id).await;
    assert_eq!(waiting["checks"].as_array().unwrap().last().unwrap()["code"], "unknown");
    assert!(waiting["retry_at"].is_string());
    says(200, json!({ "answer": "pass" }));
    program.app.clock.move_to(70_000);
    work_on(&program).await;
    work_on(&program).await;
    assert_eq!(state(&program, &caller, &id).await["next"], "device");

    let asked = desk.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3);
    let ids: Vec<_> = asked.iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|id| id == ids[0]), "one question, one id");
    let secret = endpoint["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    let judge = standardwebhooks::Webhook::new(&STANDARD.encode(STANDARD.decode(secret).unwrap())).unwrap();
    let (headers, body) = &asked[0];
    assert!(judge.verify(body.as_bytes(), headers).is_ok());
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(told["type"], "verification.institution_check");
    assert_eq!(told["data"]["id"], id.as_str());
    assert!(!body.contains(NAME) && !body.contains(NUMBER), "nobody is named");

    // Its stop is the end.
    let id = opened(&program, &caller, json!({ "policy": policy, "medium": otp })).await;
    card(&program, &caller, &id).await;
    says(
        200,
        json!({ "answer": "stop", "text": { "ko": "지점에서 도와드릴게요.", "en": "Please visit us." } }),
    );
    work_on(&program).await;
    let stopped = state(&program, &caller, &id).await;
    assert_eq!(stopped["refused"]["code"], "stopped_by_institution");
    assert!(!stopped.to_string().contains("지점에서"), "a text for the person is sealed");
    // Behind the end only a result tells who it was, and there is none.
    let card_path = format!("/v1/verifications/{id}/card?reason=own_check");
    assert_eq!(program.get(&caller, &card_path).await.expect(409)["code"], "not_now");
}

#[tokio::test]
async fn an_institution_check_needs_an_endpoint_of_its_own() {
    let program = Program::new().await;
    let (caller, stranger) = (program.institution("새솔은행").await, program.institution("한빛보험").await);
    let theirs = json!({ "url": "http://127.0.0.1:9/" });
    let theirs = program.post(&stranger, "/v1/webhook_endpoints", theirs).await.expect(201);
    let step = json!({ "step": "institution_check", "endpoint": theirs["id"] });
    let reply = program.post(&caller, "/v1/policies", policy(&[step, device()])).await.expect(422);
    assert_eq!(reply["errors"][0]["field"], "/steps/1/endpoint");
    assert_eq!(reply["errors"][0]["code"], "unknown_endpoint");
}
