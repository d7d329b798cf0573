//! The same request twice: one act, one answer.

use crate::testing::{Caller, Program, Reply, safety};
use axum::http::Method;
use serde_json::{Value, json};

async fn with_key(program: &Program, caller: &Caller, path: &str, body: Value, key: &str) -> Reply {
    program.call(caller, Method::POST, path, Some(body), &[("idempotency-key", key)]).await
}

fn was_replayed(reply: &Reply) -> bool {
    reply.headers.get("idempotent-replayed").is_some_and(|v| v == "true")
}

/// Sends a POST twice with one key and expects one answer; then with another body and expects a no.
async fn check(program: &Program, caller: &Caller, path: &str, body: Value, status: u16) -> Value {
    let first = with_key(program, caller, path, body.clone(), "k-1").await;
    let told = first.expect(status);
    assert!(!was_replayed(&first), "{path}");
    let second = with_key(program, caller, path, body.clone(), "k-1").await;
    assert_eq!(second.expect(status), told, "{path}: another answer");
    assert!(was_replayed(&second), "{path}");
    let mut other = body;
    other["surplus"] = json!(1);
    let refused = with_key(program, caller, path, other, "k-1").await;
    // Either the field is refused or the key is; the act happens in no case.
    assert_eq!(refused.status.as_u16(), 422, "{path}");
    told
}

#[tokio::test]
async fn every_post_has_the_same_answer_again() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = serde_json::to_value(ingam_cases::policy::Policy::id_and_account("가", "나")).unwrap();
    let saved = {
        let caller = &caller;
        let first = with_key(&program, caller, "/v1/policies", policy.clone(), "p").await.expect(201);
        // A version saved meanwhile does not change the answer of then.
        let id = first["id"].as_str().unwrap().to_owned();
        program.post(caller, &format!("/v1/policies/{id}"), policy.clone()).await.expect(201);
        let again = with_key(&program, caller, "/v1/policies", policy.clone(), "p").await;
        assert_eq!(again.expect(201), first);
        assert_eq!(first["version"], 1);
        id
    };
    let opened = {
        let body = json!({ "policy": saved });
        let opened = with_key(&program, &caller, "/v1/verifications", body.clone(), "v").await.expect(201);
        let path = format!("/v1/verifications/{}", opened["id"].as_str().unwrap());
        let cancelled = with_key(&program, &caller, &format!("{path}/cancel"), json!({}), "c").await;
        assert_eq!(cancelled.expect(200)["status"], "cancelled");
        let again = with_key(&program, &caller, &format!("{path}/cancel"), json!({}), "c").await;
        assert_eq!(again.expect(200)["status"], "cancelled", "not `already_ended`");
        assert!(was_replayed(&again));
        // And what was opened is told as it was when it was opened.
        let first = with_key(&program, &caller, "/v1/verifications", body, "v").await;
        assert_eq!(first.expect(201), opened);
        assert_eq!(opened["status"], "created");
        program.open(&caller, &saved).await
    };
    check(&program, &caller, &format!("/v1/verifications/{opened}/submit"), safety(false), 200).await;
    let hook = json!({ "url": "http://127.0.0.1:9/" });
    let caller2 = program.institution("한빛보험").await;
    let made = check(&program, &caller2, "/v1/webhook_endpoints", hook.clone(), 201).await;
    let path = format!("/v1/webhook_endpoints/{}/rotate_secret", made["id"].as_str().unwrap());
    let rotated = with_key(&program, &caller2, &path, json!({}), "r").await.expect(200);
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(with_key(&program, &caller2, &path, json!({}), "r").await.expect(200), rotated);
    let twice = program.get(&caller2, "/v1/webhook_endpoints").await.expect(200);
    assert_eq!(twice["data"].as_array().unwrap().len(), 1);

    let caller3 = program.institution("가온카드").await;
    let key = check(&program, &caller3, "/v1/keys", json!({ "name": "second" }), 201).await;
    let second = Caller { id: caller3.id.clone(), secret: key["secret"].as_str().unwrap().to_owned() };
    assert_eq!(program.get(&second, "/v1/institution").await.status, 200);
    let keys = program.get(&caller3, "/v1/keys").await.expect(200);
    assert_eq!(keys["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_institution() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let body = |reference: &str| json!({ "policy": policy, "reference": reference });
    with_key(&program, &caller, "/v1/verifications", body("a"), "same").await.expect(201);
    let other = with_key(&program, &caller, "/v1/verifications", body("b"), "same").await;
    assert_eq!(other.expect(422)["code"], "idempotency_key_reused");
    let elsewhere = with_key(&program, &caller, "/v1/keys", json!({ "name": "a" }), "same").await;
    assert_eq!(elsewhere.expect(422)["code"], "idempotency_key_reused");
    // Another institution's key of the same letters is another key.
    let stranger = program.institution("한빛보험").await;
    let theirs = program.policy(&stranger).await;
    let opened =
        with_key(&program, &stranger, "/v1/verifications", json!({ "policy": theirs }), "same").await;
    assert!(!was_replayed(&opened));
    opened.expect(201);
    for bad in ["", "with space", "이름", &"x".repeat(256)] {
        let headers = [("idempotency-key", bad)];
        let mut request = axum::http::Request::post("/v1/verifications")
            .header("authorization", format!("Bearer {}", caller.secret))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let reply = program.send(request.body(body("c").to_string().into()).unwrap()).await;
        assert_eq!(reply.expect(400)["code"], "invalid_idempotency_key", "{bad:?}");
    }
    let longest = "x".repeat(255);
    with_key(&program, &caller, "/v1/verifications", body("d"), &longest).await.expect(201);
}

#[tokio::test]
async fn after_a_day_the_key_is_free() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let open = async || {
        let body = json!({ "policy": policy });
        with_key(&program, &caller, "/v1/verifications", body, "daily").await.expect(201)["id"].clone()
    };
    let first = open().await;
    program.app.clock.move_to(23 * 3_600_000);
    assert_eq!(open().await, first);
    program.app.clock.move_to(25 * 3_600_000);
    assert_ne!(open().await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_at_once_both_have_the_winners_answer() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    for round in 0..10 {
        let key = format!("race-{round}");
        let body = json!({ "policy": policy, "reference": key });
        let one = || with_key(&program, &caller, "/v1/verifications", body.clone(), &key);
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        let told: Vec<Value> = [&a, &b, &c, &d].map(|reply| reply.expect(201)).into();
        assert!(told.iter().all(|t| *t == told[0]), "{told:?}");
        let fresh = [&a, &b, &c, &d].iter().filter(|reply| !was_replayed(reply)).count();
        assert_eq!(fresh, 1);
        let list = program.get(&caller, &format!("/v1/verifications?reference={key}")).await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);

        // An act that its twin makes impossible.
        let path = format!("/v1/verifications/{}/cancel", told[0]["id"].as_str().unwrap());
        let key = format!("cancel-{round}");
        let one = || with_key(&program, &caller, &path, json!({}), &key);
        let (a, b, c) = tokio::join!(one(), one(), one());
        for reply in [&a, &b, &c] {
            assert_eq!(reply.expect(200)["status"], "cancelled");
        }
        assert_eq!([&a, &b, &c].iter().filter(|reply| !was_replayed(reply)).count(), 1);
    }
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.open(&caller, &policy).await;
    let path = format!("/v1/verifications/{id}/submit");
    let code = json!({ "step": "retake" });
    let early = with_key(&program, &caller, &path, code.clone(), "again").await;
    assert_eq!(early.expect(409)["code"], "not_now");
    let other = with_key(&program, &caller, &path, safety(false), "again").await;
    assert_eq!(other.expect(200)["next"], "picture");
}
