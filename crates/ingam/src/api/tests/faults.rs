//! The machine fails: the answer says so and nothing else, and the same key brings the one act about.

use crate::testing::{Caller, Program, Reply};
use axum::http::Method;
use ingam_ledger::testing::Moment;
use serde_json::{Value, json};

async fn post(program: &Program, caller: &Caller, path: &str, body: &Value, key: &str) -> Reply {
    program.call(caller, Method::POST, path, Some(body.clone()), &[("idempotency-key", key)]).await
}

#[track_caller]
fn told_nothing(reply: &Reply) {
    let problem = reply.expect(503);
    assert_eq!(problem["code"], "unavailable");
    assert!(reply.headers.contains_key("retry-after"));
    for word in ["made to fail", "Injected", "store", "sqlite"] {
        assert!(!reply.text.contains(word), "the cause is told: {}", reply.text);
    }
}

#[tokio::test]
async fn whatever_call_fails_the_same_key_opens_one_verification() {
    let (program, store) = Program::failing().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    store.fail_at(None);
    let body = |reference: &str| json!({ "policy": policy, "reference": reference });
    post(&program, &caller, "/v1/verifications", &body("count"), "count").await.expect(201);
    let calls = store.calls();
    assert!(calls > 2, "{calls}");
    for call in 0..calls {
        for moment in [Moment::Before, Moment::After] {
            let key = format!("{call}-{moment:?}");
            store.fail_at(Some((call, moment)));
            let failed = post(&program, &caller, "/v1/verifications", &body(&key), &key).await;
            store.fail_at(None);
            told_nothing(&failed);
            let again = post(&program, &caller, "/v1/verifications", &body(&key), &key).await.expect(201);
            let same = post(&program, &caller, "/v1/verifications", &body(&key), &key).await.expect(201);
            assert_eq!(again, same);
            let path = format!("/v1/verifications?reference={key}");
            let opened = program.get(&caller, &path).await.expect(200);
            assert_eq!(opened["data"], json!([again]), "{key}: not exactly one");
        }
    }
}

#[tokio::test]
async fn whatever_call_fails_the_same_key_makes_one_key() {
    let (program, store) = Program::failing().await;
    let caller = program.institution("새솔은행").await;
    store.fail_at(None);
    let body = json!({ "name": "server" });
    post(&program, &caller, "/v1/keys", &body, "count").await.expect(201);
    let calls = store.calls();
    for call in 0..calls {
        store.fail_at(Some((call, Moment::After)));
        told_nothing(&post(&program, &caller, "/v1/keys", &body, &format!("k-{call}")).await);
        store.fail_at(None);
        let made = post(&program, &caller, "/v1/keys", &body, &format!("k-{call}")).await.expect(201);
        let works = Caller { id: caller.id.clone(), secret: made["secret"].as_str().unwrap().to_owned() };
        program.get(&works, "/v1/institution").await.expect(200);
        let id = made["id"].as_str().unwrap();
        program.post(&caller, &format!("/v1/keys/{id}/revoke"), json!({})).await.expect(200);
    }
    let all = program.get(&caller, "/v1/keys?limit=100").await.expect(200);
    assert_eq!(all["data"].as_array().unwrap().len() as u64, 2 + calls);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_where_it_is_asked_for() {
    let (program, store) = Program::failing().await;
    let caller = program.institution("새솔은행").await;
    program.get(&caller, "/health/ready").await.expect(200);
    store.fail_at(Some((0, Moment::Before)));
    told_nothing(&program.get(&caller, "/health/ready").await);
    store.fail_at(Some((0, Moment::Before)));
    program.get(&caller, "/health/live").await.expect(200);
}
