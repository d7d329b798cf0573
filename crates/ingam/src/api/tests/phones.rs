//! Phones over the API: named, confirmed, limited over all verifications, and what links a person whose number changed.

use crate::testing::{Caller, NAME, NUMBER, Program, base64, picture, safety};
use crate::work;
use ingam_cases::answers::{IssuerCode, PhoneCode};
use ingam_cases::id::VerificationId;
use ingam_ledger::{EntryQuery, Stream};
use serde_json::{Value, json};

const PHONE: &str = "010-0000-0001";

async fn policy(program: &Program, caller: &Caller) -> String {
    let steps = json!([
        { "step": "id_document", "documents": ["resident"], "sources": ["camera", "file"] },
        { "step": "phone", "sends": 10, "tries": 2 },
        { "step": "existing_account" },
    ]);
    let policy = json!({ "name": "휴대폰", "purpose": "비대면 계좌 만들기", "steps": steps });
    program.post(caller, "/v1/policies", policy).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A verification whose card of that number is genuine.
async fn at_phone(program: &Program, caller: &Caller, policy: &str, number: &str) -> VerificationId {
    let id = program.open(caller, policy).await;
    program.submit(caller, &id, safety(false)).await.expect(200);
    let card = json!({ "step": "card", "picture": base64(&picture()) });
    program.submit(caller, &id, card).await.expect(200);
    program.card_read(&id, NAME, number, "2020-01-01").await;
    program.submit(caller, &id, json!({ "step": "confirm" })).await.expect(200);
    program.issuer_answers(&id, IssuerCode::Valid).await;
    id
}

fn named(number: &str) -> Value {
    json!({ "step": "phone", "telecom": "skt", "phone_number": number })
}

async fn to_the_end(program: &Program, caller: &Caller, id: &VerificationId, ci: &str) -> String {
    program.submit(caller, id, named(PHONE)).await.expect(200);
    program.telecom_answers(id, PhoneCode::Sent, None).await;
    program.submit(caller, id, json!({ "step": "phone_code", "code": "123456" })).await.expect(200);
    program.telecom_answers(id, PhoneCode::Owner, Some(ci)).await;
    let account = json!({ "step": "account", "bank": "088", "account_number": "110-555-987654" });
    program.submit(caller, id, account).await.expect(200);
    let code = program.bank_answers(id).await;
    let done = program.submit(caller, id, json!({ "step": "code", "code": code })).await.expect(200);
    assert_eq!(done["status"], "verified");
    for _ in 0..20 {
        for task in work::lease(&program.app, 10).await.unwrap() {
            work::settle(&program.app, &task).await;
        }
        let seen = program.get(caller, &format!("/v1/verifications/{id}")).await.expect(200);
        if let Some(person) = seen["person"].as_str() {
            return person.to_owned();
        }
    }
    panic!("nobody was linked");
}

#[tokio::test]
async fn a_phone_is_asked_for_and_told_apart_from_what_counts() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller).await;
    let id = at_phone(&program, &caller, &policy, NUMBER).await;
    let bad =
        |telecom: &str, number: &str| json!({ "step": "phone", "telecom": telecom, "phone_number": number });
    for (step, field) in [(bad("nobody", PHONE), "/telecom"), (bad("kt", "02-000-0001"), "/phone_number")] {
        assert_eq!(program.submit(&caller, &id, step).await.expect(422)["errors"][0]["field"], field);
    }
    let seen = program.submit(&caller, &id, named(PHONE)).await.expect(200);
    assert_eq!((&seen["status"], &seen["waiting_for"]), (&json!("waiting"), &json!("telecom")));
    program.telecom_answers(&id, PhoneCode::NotOwner, None).await;
    let seen = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!((&seen["next"], &seen["next_details"]["problem"]), (&json!("phone"), &json!("not_owner")));
    program.submit(&caller, &id, named(PHONE)).await.expect(200);
    program.telecom_answers(&id, PhoneCode::Sent, None).await;
    let slip = program.submit(&caller, &id, json!({ "step": "phone_code", "code": "12" })).await;
    assert_eq!(slip.expect(422)["errors"][0]["field"], "/code", "a slip is no try");
    program.submit(&caller, &id, json!({ "step": "phone_code", "code": "000000" })).await.expect(200);
    program.telecom_answers(&id, PhoneCode::WrongCode, None).await;
    let seen = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!((&seen["next"], &seen["next_details"]["tries_left"]), (&json!("phone_code"), &json!(1)));
    program.submit(&caller, &id, json!({ "step": "change_phone" })).await.expect(200);
    to_the_end(&program, &caller, &id, &ci('a')).await;
    let seen = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    let phone = seen["methods"].as_array().unwrap().iter().find(|m| m["method"] == "phone").unwrap();
    assert_eq!(
        (&phone["met"], &phone["counts_as"], &phone["by"]),
        (&json!(true), &Value::Null, &json!("telecom"))
    );
    // Number, code and identifier stand nowhere in clear.
    program.number().await;
    let query = EntryQuery::Numbered { stream: Stream::Main, institution: None, after: 0, limit: 1_000 };
    for row in program.app.ledger.store().entries(query).await.unwrap() {
        let clear = format!("{:?}", row.to_clear().unwrap().clear);
        for mark in ["01000000001", "123456", &ci('a')] {
            assert!(!clear.contains(mark), "{}: {mark}", row.kind);
        }
    }
}

fn ci(of: char) -> String {
    format!("{}A==", of.to_string().repeat(85))
}

#[tokio::test]
async fn nobodys_phone_is_flooded() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller).await;
    let mut sent = 0;
    'all: for _ in 0..3 {
        let id = at_phone(&program, &caller, &policy, NUMBER).await;
        for _ in 0..8 {
            let asked = program.submit(&caller, &id, named(PHONE)).await;
            if asked.status == 409 {
                assert_eq!(asked.json()["code"], "sends_used_up");
                break 'all;
            }
            asked.expect(200);
            program.telecom_answers(&id, PhoneCode::Unavailable, None).await;
            sent += 1;
        }
    }
    assert_eq!(sent, program.app.config.limits.messages_per_phone_day);
}

#[tokio::test]
async fn a_person_whose_number_changed_is_known_by_what_the_telecom_says() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller).await;
    let first = at_phone(&program, &caller, &policy, NUMBER).await;
    let known = to_the_end(&program, &caller, &first, &ci('a')).await;
    let second = at_phone(&program, &caller, &policy, "910101-1234567").await;
    assert_eq!(to_the_end(&program, &caller, &second, &ci('a')).await, known);
    let person = program.get(&caller, &format!("/v1/persons/{known}")).await.expect(200);
    assert_eq!(person["changes"][0]["what"], "number", "{person}");
    let stranger = at_phone(&program, &caller, &policy, "920101-1234567").await;
    assert_ne!(to_the_end(&program, &caller, &stranger, &ci('b')).await, known);
    // Another institution knows nobody by it.
    let other = program.institution("한빛보험").await;
    let theirs = self::policy(&program, &other).await;
    let id = at_phone(&program, &other, &theirs, "930101-1234567").await;
    assert_ne!(to_the_end(&program, &other, &id, &ci('a')).await, known);
}
