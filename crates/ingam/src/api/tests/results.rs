//! Personal data: only in a result, only with a reason, each reading on record, gone when destroyed.

use crate::testing::{ACCOUNT, Caller, NAME, NUMBER, Program, base64, picture, safety};
use ingam_cases::id::VerificationId;
use ingam_ledger::{ACCESS_READ, ClearEntry, EntryQuery, RetentionClass, Stream};
use serde_json::{Value, json};

async fn reads(program: &Program) -> Vec<Value> {
    program.number().await;
    let query = EntryQuery::Numbered { stream: Stream::Access, institution: None, after: 0, limit: 1000 };
    let rows = program.app.ledger.store().entries(query).await.unwrap();
    let all: Vec<ClearEntry> = rows.iter().map(|row| row.to_clear().unwrap()).collect();
    all.into_iter().filter(|e| e.kind == ACCESS_READ).map(|e| Value::Object(e.clear)).collect()
}

async fn story() -> (Program, Caller, VerificationId) {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.verified(&caller, &policy).await;
    (program, caller, id)
}

#[tokio::test]
async fn a_result_names_the_person_and_leaves_a_record() {
    let (program, caller, id) = story().await;
    let before = reads(&program).await.len();
    let path = format!("/v1/verifications/{id}/result");
    let result = program.get(&caller, &format!("{path}?reason=open_account")).await.expect(200);
    assert_eq!(result["name"], NAME);
    assert_eq!(result["birth_date"], "1990-01-01");
    assert_eq!(result["resident_number_masked"], "900101-1******");
    assert_eq!(result["document"]["kind"], "resident");
    assert_eq!(result["document"]["resident_number_masked"], "900101-1******");
    assert_eq!(result["document"]["issue_date"], "2020-01-01");
    assert_eq!(result["account"], json!({ "bank": "088", "account_number_masked": "***-7654" }));
    assert!(!result.to_string().contains(NUMBER));
    let records = reads(&program).await;
    let new = &records[before..];
    assert!(!new.is_empty());
    let key = program.get(&caller, "/v1/keys").await.expect(200)["data"][0]["id"].clone();
    for record in new {
        assert_eq!(record["reason"], "open_account");
        assert_eq!(record["actor"], json!({ "kind": "institution_key", "id": key }));
        assert_eq!(record["from"]["kind"], "address");
    }
    for bad in ["", "?reason=", "?reason=Because%20he%20asked", "?reason=%ED%91%9C%EB%B3%B8"] {
        let refused = program.get(&caller, &format!("{path}{bad}")).await;
        assert_eq!(refused.expect(400)["code"], "invalid_query", "{bad}");
    }
    assert_eq!(reads(&program).await.len(), records.len(), "a refused reading reads nothing");
}

#[tokio::test]
async fn what_is_not_the_result_names_nobody() {
    let (program, caller, id) = story().await;
    program.number().await;
    for path in [
        format!("/v1/verifications/{id}"),
        "/v1/verifications".to_owned(),
        "/v1/events?limit=100".to_owned(),
        "/metrics".to_owned(),
    ] {
        let reply = program.get(&caller, &path).await;
        assert_eq!(reply.status, 200);
        for mark in [NAME, NUMBER, "9001011234567", ACCOUNT, "110555987654", "1990-01-01", "2020-01-01"] {
            assert!(!reply.text.contains(mark), "{path} holds {mark}");
        }
    }
    let told = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(told["next"], "ended");
    assert_eq!(told["url"], Value::Null, "an ended verification has no link");
    let met: Vec<_> = told["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["counts_as"].clone(), m["met"].clone()))
        .collect();
    assert_eq!(met, [(json!(1), json!(true)), (json!(4), json!(true))]);
    assert!(told["methods"][0]["met_at"].is_string());
    assert_eq!(told["methods"][0]["by"], "mois");
    let checks: Vec<_> = told["checks"].as_array().unwrap().iter().map(|c| c["check"].clone()).collect();
    assert_eq!(checks[..3], ["id_document", "account_holder", "deposit"]);
}

#[tokio::test]
async fn a_result_exists_once_the_person_is_verified() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.open(&caller, &policy).await;
    let path = format!("/v1/verifications/{id}/result?reason=look");
    assert_eq!(program.get(&caller, &path).await.expect(409)["code"], "not_verified");
    program.submit(&caller, &id, safety(true)).await.expect(200);
    let told = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(told["refused"], json!({ "code": "stopped_by_person" }));
    assert_eq!(told["methods"][0]["why_not"], "not_reached");
    assert_eq!(program.get(&caller, &path).await.expect(409)["code"], "not_verified");
}

#[tokio::test]
async fn what_was_destroyed_is_gone() {
    let (program, caller, id) = story().await;
    let subject = program.app.verification(&id).await.unwrap().unwrap().state.subject;
    let all = RetentionClass::ALL;
    program.app.ledger.destroy(subject.as_str(), Some(caller.id.as_str()), &all, "test").await.unwrap();
    let reply = program.get(&caller, &format!("/v1/verifications/{id}/result?reason=look")).await;
    assert_eq!(reply.expect(410)["code"], "destroyed");
    let told = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(told["status"], "verified", "what did happen stays");
}

#[tokio::test]
async fn own_screens_show_what_was_read_before_it_is_confirmed() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.open(&caller, &policy).await;
    let path = format!("/v1/verifications/{id}/card?reason=show_to_person");
    assert_eq!(program.get(&caller, &path).await.expect(409)["code"], "not_now");
    program.submit(&caller, &id, safety(false)).await.expect(200);
    let card = json!({ "step": "card", "picture": base64(&picture()) });
    assert_eq!(program.submit(&caller, &id, card).await.expect(200)["next"], "wait");
    program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
    let shown = program.get(&caller, &path).await.expect(200);
    assert_eq!((shown["name"].as_str(), shown["birth_date"].as_str()), (Some(NAME), Some("1990-01-01")));
    let records = reads(&program).await;
    assert_eq!(records.last().unwrap()["actor"]["kind"], "institution_key");
}
