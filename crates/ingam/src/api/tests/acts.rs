//! What an institution does with verifications and keys, from opening to the end.

use crate::testing::{Caller, NAME, NUMBER, Program, base64, picture, safety};
use axum::body::Body;
use axum::http::Request;
use ingam_cases::answers::IssuerCode;
use ingam_cases::policy::Policy;
use serde_json::{Value, json};

#[tokio::test]
async fn a_verification_says_what_is_next() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let body = json!({ "policy": policy, "reference": "a-1", "return_url": "https://bank.example/back?a=1" });
    let reply = program.post(&caller, "/v1/verifications", body).await;
    let opened = reply.expect(201);
    let id = opened["id"].as_str().unwrap();
    assert_eq!(reply.headers["location"], format!("/v1/verifications/{id}"));
    assert_eq!(opened["object"], "verification");
    assert_eq!(opened["status"], "created");
    assert_eq!(opened["purpose"], "비대면 계좌 만들기");
    assert_eq!((&opened["reference"], &opened["next"]), (&json!("a-1"), &json!("safety")));
    assert!(opened["url"].as_str().unwrap().starts_with("http://ingam.test/p/"));
    assert_eq!(opened["methods"][0]["why_not"], "pending");
    assert_eq!(
        (&opened["waiting_for"], &opened["refused"], &opened["person"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let read = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(read, opened);
    let cancelled =
        program.post(&caller, &format!("/v1/verifications/{id}/cancel"), json!({})).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["url"]), (&json!("cancelled"), &Value::Null));
    let again = program.post(&caller, &format!("/v1/verifications/{id}/cancel"), json!({})).await.expect(409);
    assert_eq!(again["code"], "already_ended");
}

#[tokio::test]
async fn a_person_is_verified_on_screens_of_the_institution() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.open(&caller, &policy).await;
    program.submit(&caller, &id, safety(false)).await.expect(200);
    // The picture as a form this time.
    let mut form = b"--b\r\nContent-Disposition: form-data; name=\"step\"\r\n\r\ncard\r\n--b\r\n\
        Content-Disposition: form-data; name=\"picture\"; filename=\"card.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        .to_vec();
    form.extend(picture());
    form.extend(b"\r\n--b--\r\n");
    let request = Request::post(format!("/v1/verifications/{id}/submit"))
        .header("authorization", format!("Bearer {}", caller.secret))
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from(form))
        .unwrap();
    assert_eq!(program.send(request).await.expect(200)["next"], "wait");
    program.card_read(&id, NAME, "900101-1234568", "2020-01-01").await;
    // The person corrects the number; the record says that it was changed.
    let confirm = json!({ "step": "confirm", "resident_number": NUMBER });
    let asked = program.submit(&caller, &id, confirm).await.expect(200);
    assert_eq!((&asked["status"], &asked["waiting_for"]), (&json!("waiting"), &json!("issuer")));
    program.issuer_answers(&id, IssuerCode::Valid).await;
    let account = json!({
        "step": "account", "bank": "088", "account_number": "110-555-987654",
        "device": "device-1", "address": "192.0.2.7",
    });
    let asked = program.submit(&caller, &id, account).await.expect(200);
    assert_eq!(asked["waiting_for"], "bank");
    let code = program.bank_answers(&id).await;
    let wrong = program.submit(&caller, &id, json!({ "step": "code", "code": "틀린글자" })).await.expect(200);
    assert_eq!((&wrong["next"], &wrong["next_details"]["tries_left"]), (&json!("code"), &json!(4)));
    assert_eq!(wrong["next_details"]["bank"], "088");
    let done = program.submit(&caller, &id, json!({ "step": "code", "code": code })).await.expect(200);
    assert_eq!((&done["status"], &done["next"]), (&json!("verified"), &json!("ended")));
    let late = program.submit(&caller, &id, json!({ "step": "resend" })).await.expect(409);
    assert_eq!(late["code"], "already_ended");
}

#[tokio::test]
async fn a_card_that_the_issuer_refuses_is_told_with_its_reason() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.open(&caller, &policy).await;
    program.submit(&caller, &id, safety(false)).await.expect(200);
    let card = json!({ "step": "card", "picture": base64(&picture()) });
    program.submit(&caller, &id, card).await.expect(200);
    program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
    let future = json!({ "step": "confirm", "issue_date": "2999-01-01" });
    let refused = program.submit(&caller, &id, future).await.expect(422);
    assert_eq!(
        refused["errors"][0],
        json!({ "field": "/issue_date", "code": "date", "detail": "The day does not exist, or can't be." })
    );
    program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
    program.issuer_answers(&id, IssuerCode::LostReported).await;
    let told = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(
        (&told["next"], &told["next_details"]["problem"]),
        (&json!("picture"), &json!("lost_reported"))
    );
    assert_eq!(told["checks"][0]["outcome"], "failed");
    assert_eq!(told["methods"][0]["why_not"], "lost_reported");
}

#[tokio::test]
async fn consents_are_answered_as_the_policy_asks() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = serde_json::to_value(Policy::id_and_account("가", "나")).unwrap();
    let policy = program.post(&caller, "/v1/policies", policy).await.expect(201);
    let id = program.open(&caller, policy["id"].as_str().unwrap()).await;
    assert_eq!(program.submit(&caller, &id, safety(false)).await.expect(200)["next"], "consents");
    let answer = |text_id: &str, answer: bool| {
        json!({
            "text": { "text_id": text_id, "version": 1, "language": "ko", "sha256": "a".repeat(64) },
            "purpose": "identity_verification", "required": true, "answer": answer,
        })
    };
    let one = json!({ "step": "consents", "answers": [answer("consent.identity", true)] });
    assert_eq!(program.submit(&caller, &id, one).await.expect(422)["code"], "consents_differ");
    let both = json!({ "step": "consents", "answers": [
        answer("consent.identity", true), answer("consent.issuer_and_bank", true),
    ]});
    assert_eq!(program.submit(&caller, &id, both).await.expect(200)["next"], "picture");
    // This policy takes pictures from the camera alone, and an institution's server has none.
    let card = json!({ "step": "card", "picture": base64(&picture()) });
    assert_eq!(program.submit(&caller, &id, card).await.expect(422)["code"], "source_not_allowed");
}

#[tokio::test]
async fn keys_are_made_and_revoked_but_never_the_last() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let profile = program.get(&caller, "/v1/institution").await.expect(200);
    assert_eq!(profile["id"], caller.id.as_str());
    assert_eq!((&profile["name"], &profile["environment"]), (&json!("새솔은행"), &json!("test")));
    let first =
        program.get(&caller, "/v1/keys").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    let last = program.post(&caller, &format!("/v1/keys/{first}/revoke"), json!({})).await.expect(409);
    assert_eq!(last["code"], "last_key");
    let made = program.post(&caller, "/v1/keys", json!({ "name": "second" })).await.expect(201);
    let second = Caller { id: caller.id.clone(), secret: made["secret"].as_str().unwrap().to_owned() };
    let revoked = program.post(&second, &format!("/v1/keys/{first}/revoke"), json!({})).await.expect(200);
    assert!(revoked["revoked_at"].is_string());
    assert_eq!(program.get(&caller, "/v1/institution").await.expect(401)["code"], "unauthorized");
    assert_eq!(program.get(&second, "/v1/institution").await.status, 200);
    let again = program.post(&second, &format!("/v1/keys/{first}/revoke"), json!({})).await.expect(200);
    assert_eq!(again, revoked);
}
