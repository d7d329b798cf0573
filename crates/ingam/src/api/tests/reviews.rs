//! Reviews as an institution's own desk meets them: asked for, claimed, decided, and what the verification does then.

use crate::testing::{Caller, NAME, NUMBER, Program, base64, picture, safety};
use axum::http::Method;
use ingam_cases::answers::{BlockCode, IssuerCode};
use ingam_cases::id::VerificationId;
use ingam_cases::policy::{BlockList, Policy};
use ingam_ledger::{ACCESS_READ, EntryQuery, Stream};
use jiff::SignedDuration;
use serde_json::{Value, json};

async fn begin() -> (Program, Caller, String) {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    (program, caller, policy)
}

/// A policy without consents that takes files, changed.
async fn policy_with(program: &Program, caller: &Caller, change: impl FnOnce(&mut Policy)) -> String {
    let mut policy = Policy::id_and_account("기본", "비대면 계좌 만들기");
    policy.consents.clear();
    change(&mut policy);
    let mut body = serde_json::to_value(policy).unwrap();
    body["steps"][0]["sources"] = json!(["camera", "file"]);
    program.post(caller, "/v1/policies", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn seen(program: &Program, caller: &Caller, id: &VerificationId) -> Value {
    program.get(caller, &format!("/v1/verifications/{id}")).await.expect(200)
}

/// Asks for a review; answers its address.
async fn asked(program: &Program, caller: &Caller, id: &VerificationId) -> String {
    let review = program.post(caller, "/v1/reviews", json!({ "verification": id })).await.expect(201);
    format!("/v1/reviews/{}", review["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_refusal_is_looked_at_and_goes_on() {
    let (program, caller, policy) = begin().await;
    let id = program.card_refused(&caller, &policy).await;
    let refused = seen(&program, &caller, &id).await;
    assert_eq!((&refused["status"], &refused["review"]), (&json!("refused"), &Value::Null));
    let path = asked(&program, &caller, &id).await;
    assert_eq!(asked(&program, &caller, &id).await, path, "asking twice is asking once");
    let review = program.get(&caller, &path).await.expect(200);
    assert_eq!(review["verification"], id.as_str());
    assert_eq!((&review["refused"], &review["asked_by"]), (&json!("card_refused"), &json!("institution")));
    assert_eq!(review["decisions"], json!(["upheld", "again"]));
    let waits = seen(&program, &caller, &id).await;
    assert_eq!((&waits["review"]["status"], &waits["waiting_for"]), (&json!("open"), &json!("reviewer")));
    let open = program.get(&caller, &format!("/v1/reviews?status=open&verification={id}")).await.expect(200);
    assert_eq!(open["data"].as_array().unwrap().len(), 1);

    let (one, two) = (
        program.staff(&caller, "one.reviewer", &["reviewer"]).await,
        program.staff(&caller, "two.reviewer", &["reviewer", "agent"]).await,
    );
    let claim =
        async |who: &str| program.post(&caller, &format!("{path}/claim"), json!({ "staff": who })).await;
    let decide = async |body: Value| program.post(&caller, &format!("{path}/decide"), body).await;
    let again = json!({ "staff": one, "decision": "again", "reason": "settled_with_issuer", "note": "전화로 확인함" });
    assert_eq!(decide(again.clone()).await.expect(409)["code"], "not_claimed");
    assert_eq!(claim(&one).await.expect(200)["claimed_by"], one.as_str());
    assert_eq!(claim(&two).await.expect(409)["code"], "claimed_by_other");
    let accepted = json!({ "staff": one, "decision": "accepted", "reason": "same_person" });
    assert_eq!(decide(accepted).await.expect(422)["code"], "decision_not_allowed");
    let other = json!({ "staff": one, "decision": "again", "reason": "forged" });
    assert_eq!(decide(other).await.expect(422)["code"], "reason_differs");

    // Its claim lapses by itself.
    program.app.clock.move_to(SignedDuration::from_mins(31).as_millis() as i64);
    assert_eq!(decide(again.clone()).await.expect(409)["code"], "not_claimed");
    claim(&two).await.expect(200);
    let released =
        program.post(&caller, &format!("{path}/release"), json!({ "staff": two })).await.expect(200);
    assert_eq!(released["claimed_by"], Value::Null);
    claim(&one).await.expect(200);
    let key = [("idempotency-key", "decide-1")];
    let at = format!("{path}/decide");
    let decided = program.call(&caller, Method::POST, &at, Some(again.clone()), &key).await.expect(200);
    assert_eq!((&decided["status"], &decided["decided"]["by"]), (&json!("decided"), &json!(one)));
    let repeated = program.call(&caller, Method::POST, &at, Some(again.clone()), &key).await;
    assert_eq!(repeated.headers["idempotent-replayed"], "true");
    assert_eq!(repeated.expect(200), decided);
    assert_eq!(decide(again).await.expect(409)["code"], "review_decided");

    // The same verification goes on, by the same path as ever, and its issuer still decides.
    let open = seen(&program, &caller, &id).await;
    assert_eq!((&open["status"], &open["next"]), (&json!("in_progress"), &json!("picture")));
    assert_eq!(open["review"]["decision"], "again");
    assert!(open["url"].is_string());
    let card = json!({ "step": "card", "picture": base64(&picture()) });
    program.submit(&caller, &id, card).await.expect(200);
    program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
    program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
    program.issuer_answers(&id, IssuerCode::Valid).await;
    assert_eq!(seen(&program, &caller, &id).await["methods"][0]["met"], true);

    program.number().await;
    let events = program.get(&caller, "/v1/events?limit=100").await.expect(200);
    let types: Vec<_> = events["data"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
    for expected in ["verification.refused", "verification.review_asked", "verification.review_decided"] {
        assert!(types.contains(&json!(expected)), "{expected}: {types:?}");
    }
    // What was written is sealed, and read only with a reason.
    assert_eq!(program.get(&caller, &path).await.expect(200)["notes"], Value::Null);
    let read = program.get(&caller, &format!("{path}?reason=complaint")).await.expect(200);
    assert_eq!(read["notes"][0]["text"], "전화로 확인함");
    let query = EntryQuery::Numbered { stream: Stream::Main, institution: None, after: 0, limit: 1_000 };
    for row in program.app.ledger.store().entries(query).await.unwrap() {
        assert!(!format!("{:?}", row.to_clear().unwrap().clear).contains("전화로"), "{}", row.kind);
    }
    program.number().await;
    let query = EntryQuery::Numbered { stream: Stream::Access, institution: None, after: 0, limit: 1_000 };
    let rows = program.app.ledger.store().entries(query).await.unwrap();
    let reasons = rows.iter().filter(|row| row.kind == ACCESS_READ);
    assert!(reasons.map(|row| row.to_clear().unwrap().clear["reason"].clone()).any(|r| r == "complaint"));
    let report = ingam_ledger::audit::audit(&program.app.ledger, &crate::replay::fold).await.unwrap();
    assert!(report.clean(), "{report:?}");
}

#[tokio::test]
async fn two_tries_of_a_card_that_nobody_answered_are_freed_by_whoever_asked_its_issuer() {
    let (program, caller, policy) = begin().await;
    let silent = async || {
        let id = program.open(&caller, &policy).await;
        program.submit(&caller, &id, safety(false)).await.expect(200);
        let card = json!({ "step": "card", "picture": base64(&picture()) });
        program.submit(&caller, &id, card).await.expect(200);
        program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
        let asked = program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
        if asked["waiting_for"] == "issuer" {
            program.issuer_answers(&id, IssuerCode::NoAnswer).await;
        }
        asked
    };
    silent().await;
    silent().await;
    assert_eq!(silent().await["next_details"]["problem"], "tries_taken");
    let digits = NUMBER.replace('-', "");
    let card = program.app.ledger.index_value("wrong_date", digits.as_bytes()).await.unwrap().hex;
    let held = async || program.app.ledger.claims(&format!("wrong_date:{card}")).await.unwrap().len();
    assert_eq!(held().await, 2);

    // Another document of the same person was refused; whoever looks calls the issuer about the first.
    let id = program.open(&caller, &policy).await;
    program.submit(&caller, &id, safety(false)).await.expect(200);
    for _ in 0..10 {
        let card = json!({ "step": "card", "picture": base64(&picture()) });
        program.submit(&caller, &id, card).await.expect(200);
        program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
        program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
    }
    let path = asked(&program, &caller, &id).await;
    let who = program.staff(&caller, "one.reviewer", &["reviewer"]).await;
    program.post(&caller, &format!("{path}/claim"), json!({ "staff": who })).await.expect(200);
    let body = json!({ "staff": who, "decision": "again", "reason": "settled_with_issuer" });
    program.post(&caller, &format!("{path}/decide"), body).await.expect(200);
    assert_eq!(held().await, 0);
}

#[tokio::test]
async fn who_decides_is_an_active_reviewer_of_the_institution_and_two_where_it_says_so() {
    let (program, caller, _) = begin().await;
    let policy = policy_with(&program, &caller, |policy| policy.second_reviewer = true).await;
    let id = program.card_refused(&caller, &policy).await;
    let path = asked(&program, &caller, &id).await;
    let act = async |act: &str, body: Value| program.post(&caller, &format!("{path}/{act}"), body).await;
    let agent = program.staff(&caller, "an.agent", &["agent"]).await;
    let stranger = program.institution("한빛보험").await;
    let theirs = program.staff(&stranger, "their.reviewer", &["reviewer"]).await;
    for who in [agent.as_str(), theirs.as_str(), "stf_nobody", "ver_x"] {
        let refused = act("claim", json!({ "staff": who })).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], "/staff", "{who}");
        assert_eq!(refused["errors"][0]["code"], "not_a_reviewer", "{who}");
    }
    assert_eq!(program.get(&stranger, &path).await.expect(404)["code"], "not_found");
    assert_eq!(program.get(&stranger, "/v1/reviews").await.expect(200)["data"], json!([]));
    let asked = program.post(&stranger, "/v1/reviews", json!({ "verification": id })).await.expect(422);
    assert_eq!(asked["errors"][0]["code"], "not_found");

    let one = program.staff(&caller, "one.reviewer", &["reviewer"]).await;
    let two = program.staff(&caller, "two.reviewer", &["reviewer"]).await;
    let upheld = |who: &str| json!({ "staff": who, "decision": "upheld", "reason": "not_the_person" });
    act("claim", json!({ "staff": one })).await.expect(200);
    let proposed = act("decide", upheld(&one)).await.expect(200);
    assert_eq!((&proposed["status"], &proposed["proposed"]["by"]), (&json!("open"), &json!(one)));
    assert_eq!(seen(&program, &caller, &id).await["review"]["status"], "open");
    assert_eq!(act("claim", json!({ "staff": one })).await.expect(409)["code"], "second_reviewer_needed");
    act("claim", json!({ "staff": two })).await.expect(200);
    assert_eq!(act("decide", upheld(&two)).await.expect(200)["status"], "decided");
    let ended = seen(&program, &caller, &id).await;
    assert_eq!((&ended["status"], &ended["review"]["decision"]), (&json!("refused"), &json!("upheld")));
    // Whoever left decides nothing more.
    program.post(&caller, &format!("/v1/staff/{one}/remove"), json!({})).await.expect(200);
    assert_eq!(act("claim", json!({ "staff": one })).await.expect(422)["code"], "invalid");
    let long = json!({ "staff": two, "decision": "upheld", "reason": "forged", "note": "가".repeat(501) });
    assert_eq!(act("decide", long).await.expect(422)["errors"][0]["code"], "too_long");
}

#[tokio::test]
async fn the_dead_are_looked_at_by_rule_and_a_block_by_nobody() {
    let (program, caller, _) = begin().await;
    let policy =
        policy_with(&program, &caller, |policy| policy.block_lists = vec![BlockList::Deceased]).await;
    let listed = async |code| {
        let id = program.open(&caller, &policy).await;
        program.submit(&caller, &id, safety(false)).await.expect(200);
        let card = json!({ "step": "card", "picture": base64(&picture()) });
        program.submit(&caller, &id, card).await.expect(200);
        program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
        program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
        program.list_answers(&id, code).await;
        id
    };
    let dead = listed(BlockCode::Deceased).await;
    let review = seen(&program, &caller, &dead).await["review"].clone();
    let review =
        program.get(&caller, &format!("/v1/reviews/{}", review["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&review["asked_by"], &review["refused"]), (&json!("rule"), &json!("deceased")));
    let blocked = listed(BlockCode::BlockedByPerson).await;
    let refused = program.post(&caller, "/v1/reviews", json!({ "verification": blocked })).await;
    assert_eq!(refused.expect(409)["code"], "not_reviewable");
    let open = program.open(&caller, &policy).await;
    let early = program.post(&caller, "/v1/reviews", json!({ "verification": open })).await;
    assert_eq!(early.expect(409)["code"], "not_now");
}
