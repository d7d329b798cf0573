//! Consents over the API: the texts, their approval, and what a person took back.

use crate::config::Environment;
use crate::testing::{Caller, Program, safety};
use ingam_cases::id::VerificationId;
use ingam_cases::policy::Policy;
use serde_json::{Value, json};

const TEXT: &str = "consent.identity";

async fn text(program: &Program, caller: &Caller) -> Value {
    let all = program.get(caller, "/v1/consents").await.expect(200);
    all["data"].as_array().unwrap().iter().find(|text| text["id"] == TEXT).unwrap().clone()
}

fn approval(text: &Value) -> Value {
    let languages = text["languages"].as_object().unwrap();
    let sha256: Value = languages.iter().map(|(code, text)| (code.clone(), text["sha256"].clone())).collect();
    json!({ "version": text["version"], "sha256": sha256 })
}

/// A verification whose consents were answered on the institution's own screens with our texts.
async fn consented(program: &Program, caller: &Caller) -> VerificationId {
    let mut policy = Policy::id_and_account("기본", "비대면 계좌 만들기");
    policy.consents.truncate(1);
    let mut policy = serde_json::to_value(policy).unwrap();
    policy["steps"][0]["sources"] = json!(["camera", "file"]);
    let saved = program.post(caller, "/v1/policies", policy).await.expect(201);
    let id = program.open(caller, saved["id"].as_str().unwrap()).await;
    program.submit(caller, &id, safety(false)).await.expect(200);
    let text = text(program, caller).await;
    let shown = json!({
        "text_id": TEXT, "version": text["version"], "language": "ko",
        "sha256": text["languages"]["ko"]["sha256"],
    });
    let answers =
        json!([{ "text": shown, "purpose": "identity_verification", "required": true, "answer": true }]);
    program.submit(caller, &id, json!({ "step": "consents", "answers": answers })).await.expect(200);
    id
}

#[tokio::test]
async fn texts_are_read_as_persons_read_them_and_approved_by_their_words() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let text = text(&program, &caller).await;
    assert_eq!((&text["purpose"], &text["period"]), (&json!("identity_verification"), &json!("P5Y")));
    assert!(text["items"].as_array().unwrap().contains(&json!("resident_number")));
    assert!(text["lawful_basis"].as_str().unwrap().contains("개인정보 보호법"));
    assert!(text["languages"]["ko"]["full"].as_str().unwrap().starts_with("새솔은행은"));
    assert!(text["languages"]["en"]["full"].as_str().unwrap().starts_with("새솔은행 "));
    assert_eq!(text["approved_at"], Value::Null);
    let path = format!("/v1/consents/{TEXT}/approve");
    let mut wrong = approval(&text);
    wrong["sha256"]["en"] = json!("00");
    let refused = program.post(&caller, &path, wrong).await.expect(422);
    assert_eq!(
        (&refused["errors"][0]["field"], &refused["errors"][0]["code"]),
        (&json!("/sha256"), &json!("differs"))
    );
    let mut old = approval(&text);
    old["version"] = json!(1);
    assert_eq!(program.post(&caller, &path, old).await.expect(422)["errors"][0]["field"], "/version");
    let approved = program.post(&caller, &path, approval(&text)).await.expect(200);
    assert!(approved["approved_at"].is_string());
    assert_eq!(program.post(&caller, &path, approval(&text)).await.expect(200), approved, "twice is once");
    // Another institution reads its own name, and approves for itself.
    let other = program.institution("한빛보험").await;
    let theirs = self::text(&program, &other).await;
    assert_eq!(theirs["approved_at"], Value::Null);
    assert_eq!(program.post(&other, &path, approval(&text)).await.expect(422)["code"], "invalid");
    let nothing = program.post(&caller, "/v1/consents/consent.nothing/approve", approval(&text)).await;
    assert_eq!(nothing.expect(404)["code"], "not_found");
}

#[tokio::test]
async fn in_live_a_policy_takes_approved_texts_alone() {
    let program = Program::with(|config| config.environment = Environment::Live).await;
    let caller = program.institution("새솔은행").await;
    let mut policy = Policy::id_and_account("기본", "비대면 계좌 만들기");
    policy.consents.truncate(1);
    let body = || serde_json::to_value(&policy).unwrap();
    let refused = program.post(&caller, "/v1/policies", body()).await.expect(422);
    assert_eq!(
        (&refused["errors"][0]["field"], &refused["errors"][0]["code"]),
        (&json!("/consents/0/text_id"), &json!("not_approved"))
    );
    let text = text(&program, &caller).await;
    program.post(&caller, &format!("/v1/consents/{TEXT}/approve"), approval(&text)).await.expect(200);
    program.post(&caller, "/v1/policies", body()).await.expect(201);
}

#[tokio::test]
async fn a_consent_is_taken_back() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let id = consented(&program, &caller).await;
    let seen = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(
        (&seen["consents"][0]["text_id"], &seen["consents"][0]["answer"]),
        (&json!(TEXT), &json!(true))
    );
    let path = format!("/v1/verifications/{id}/withdraw_consent");
    let unknown = program.post(&caller, &path, json!({ "text_id": "consent.nothing" })).await.expect(422);
    assert_eq!(unknown["errors"][0]["code"], "not_found");
    let taken = program.post(&caller, &path, json!({ "text_id": TEXT })).await.expect(200);
    assert!(taken["consents"][0]["withdrawn_at"].is_string());
    assert_eq!((&taken["status"], &taken["refused"]["code"]), (&json!("refused"), &json!("consent_refused")));
    assert_eq!(program.post(&caller, &path, json!({ "text_id": TEXT })).await.expect(200), taken);
    let stranger = program.institution("한빛보험").await;
    assert_eq!(
        program.post(&stranger, &path, json!({ "text_id": TEXT })).await.expect(404)["code"],
        "not_found"
    );
    program.number().await;
    let events = program.get(&caller, "/v1/events?type=verification.consent_withdrawn").await.expect(200);
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}
