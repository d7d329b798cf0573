//! Persons over the API: what stands behind an id, and decisions about it.

use crate::testing::{Caller, Program};
use crate::work;
use ingam_cases::id::VerificationId;
use serde_json::{Value, json};

/// A verified person, linked as a worker links them.
async fn person(program: &Program, caller: &Caller, policy: &str) -> (VerificationId, String) {
    let id = program.verified(caller, policy).await;
    (id.clone(), linked(program, caller, &id).await)
}

async fn linked(program: &Program, caller: &Caller, id: &VerificationId) -> String {
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

async fn read(program: &Program, caller: &Caller, id: &str) -> Value {
    program.get(caller, &format!("/v1/persons/{id}")).await.expect(200)
}

#[tokio::test]
async fn verifications_of_one_number_stand_behind_one_person_and_can_be_split() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let (first, id) = person(&program, &caller, &policy).await;
    let (second, same) = person(&program, &caller, &policy).await;
    assert_eq!(id, same);
    let known = read(&program, &caller, &id).await;
    let behind: Vec<_> =
        known["verifications"].as_array().unwrap().iter().map(|v| &v["verification"]).collect();
    assert_eq!(behind, [&json!(first), &json!(second)]);
    let split = json!({ "verifications": [second], "reason": "another_human" });
    let path = format!("/v1/persons/{id}/split");
    let new = program
        .call(&caller, axum::http::Method::POST, &path, Some(split.clone()), &[("idempotency-key", "s")])
        .await;
    let new = new.expect(201);
    let again = program
        .call(&caller, axum::http::Method::POST, &path, Some(split), &[("idempotency-key", "s")])
        .await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), new);
    assert_eq!(read(&program, &caller, &id).await["verifications"].as_array().unwrap().len(), 1);
    let all = json!({ "verifications": [first], "reason": "another_human" });
    let refused = program.post(&caller, &path, all).await.expect(409);
    assert_eq!(refused["code"], "not_now", "somebody must stay behind");
}

#[tokio::test]
async fn a_merge_leads_the_next_verification_to_the_one_that_stays_and_can_be_taken_back() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let (_, stays) = person(&program, &caller, &policy).await;
    let (second, _) = person(&program, &caller, &policy).await;
    let split = json!({ "verifications": [second], "reason": "another_human" });
    let goes = program.post(&caller, &format!("/v1/persons/{stays}/split"), split).await.expect(201);
    let goes = goes["id"].as_str().unwrap().to_owned();
    let merge = json!({ "other": stays, "reason": "same_human" });
    let merged = program.post(&caller, &format!("/v1/persons/{goes}/merge"), merge.clone()).await.expect(200);
    assert_eq!(merged["absorbed"], json!([stays]));
    assert_eq!(read(&program, &caller, &stays).await["same_as"], json!(goes));
    // The number leads to the first one, and that one is the other.
    let (_, third) = person(&program, &caller, &policy).await;
    assert_eq!(third, goes);
    program.post(&caller, &format!("/v1/persons/{goes}/merge"), merge.clone()).await.expect(409);
    let parted = program.post(&caller, &format!("/v1/persons/{goes}/unmerge"), merge).await.expect(200);
    assert_eq!(parted["absorbed"], json!([]));
    assert_eq!(read(&program, &caller, &stays).await["same_as"], Value::Null);
}

#[tokio::test]
async fn death_is_told_and_taken_back_and_nobody_sees_anothers_persons() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let (_, id) = person(&program, &caller, &policy).await;
    let path = format!("/v1/persons/{id}/death");
    let told = json!({ "dead": true, "reason": "death_certificate" });
    let dead = program.post(&caller, &path, told.clone()).await.expect(200);
    assert!(dead["dead_since"].is_string());
    assert_eq!(program.post(&caller, &path, told).await.expect(200), dead, "known already");
    let mistake = json!({ "dead": false, "reason": "wrong_person" });
    assert_eq!(program.post(&caller, &path, mistake).await.expect(200)["dead_since"], Value::Null);
    let stranger = program.institution("한빛은행").await;
    for (method, path, body) in [
        ("GET", format!("/v1/persons/{id}"), None),
        ("POST", path.clone(), Some(json!({ "dead": true, "reason": "x" }))),
    ] {
        let method = method.parse().unwrap();
        program.call(&stranger, method, &path, body, &[]).await.expect(404);
    }
    for (body, field, code) in [
        (json!({ "dead": true, "reason": "He died" }), "/reason", "malformed"),
        (json!({ "dead": "yes", "reason": "x" }), "/dead", "wrong_type"),
        (json!({ "reason": "x" }), "/dead", "required"),
    ] {
        let refused = program.post(&caller, &path, body).await.expect(422);
        assert_eq!(
            (&refused["errors"][0]["field"], &refused["errors"][0]["code"]),
            (&json!(field), &json!(code))
        );
    }
    let merge = format!("/v1/persons/{id}/merge");
    for other in [id.as_str(), "per_1", "per_01m9yr1e00e8abmcypx2tvb0zk"] {
        let refused = program.post(&caller, &merge, json!({ "other": other, "reason": "x" })).await;
        assert_eq!(refused.expect(422)["errors"][0]["field"], "/other");
    }
}
