//! Policies: their versions, and the floor that the law sets.

use crate::testing::Program;
use ingam_cases::policy::Policy;
use serde_json::{Value, json};

fn policy() -> Value {
    serde_json::to_value(Policy::id_and_account("기본", "비대면 계좌 만들기")).unwrap()
}

#[tokio::test]
async fn a_policy_under_the_floor_is_not_saved() {
    let program = Program::with(|config| config.policy.picture_files = false).await;
    let caller = program.institution("새솔은행").await;
    let refused = async |change: fn(&mut Value), code: &str, field: &str, field_code: &str| {
        let mut body = policy();
        change(&mut body);
        let reply = program.post(&caller, "/v1/policies", body).await.expect(422);
        assert_eq!(reply["code"], code, "{reply}");
        let found = reply["errors"].as_array().unwrap().iter();
        let found = found.filter(|e| e["field"] == field && e["code"] == field_code).count();
        assert_eq!(found, 1, "{reply}");
    };
    let floor = "policy_below_legal_floor";
    refused(|p| p["require"] = json!(1), floor, "/steps", "below_legal_floor").await;
    refused(|p| p["steps"].as_array_mut().unwrap().truncate(1), floor, "/steps", "below_legal_floor").await;
    let other = "policy_not_allowed";
    refused(|p| p["expires_in_s"] = json!(5), other, "/expires_in_s", "out_of_range").await;
    refused(
        |p| p["consents"][1]["text_id"] = json!("consent.nothing"),
        other,
        "/consents/1/text_id",
        "unknown_text",
    )
    .await;
    refused(|p| p["consents"][1] = p["consents"][0].clone(), other, "/consents/1/text_id", "repeated").await;
    refused(|p| p["steps"][0]["sources"] = json!(["file"]), other, "/steps/0/sources", "source_not_allowed")
        .await;
    let mut unknown = policy();
    unknown["steps"][0]["step"] = json!("fax");
    let reply = program.post(&caller, "/v1/policies", unknown).await.expect(422);
    assert_eq!(reply["code"], "invalid");
    assert_eq!(program.get(&caller, "/v1/policies").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn every_version_stays() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let saved = program.post(&caller, "/v1/policies", policy()).await.expect(201);
    let id = saved["id"].as_str().unwrap();
    let opened = program.open(&caller, id).await;
    let mut changed = policy();
    changed["expires_in_s"] = json!(3600);
    let second = program.post(&caller, &format!("/v1/policies/{id}"), changed).await.expect(201);
    assert_eq!((&second["version"], &second["expires_in_s"]), (&json!(2), &json!(3600)));
    let newest = program.get(&caller, &format!("/v1/policies/{id}")).await.expect(200);
    assert_eq!(newest, second);
    let first = program.get(&caller, &format!("/v1/policies/{id}?version=1")).await.expect(200);
    assert_eq!(first, saved);
    program.get(&caller, &format!("/v1/policies/{id}?version=3")).await.expect(404);
    program.get(&caller, &format!("/v1/policies/{id}?version=0")).await.expect(404);
    let list = program.get(&caller, "/v1/policies").await.expect(200);
    assert_eq!(list["data"], json!([second]));
    // What is open keeps the version that it was opened under.
    let open = program.get(&caller, &format!("/v1/verifications/{opened}")).await.expect(200);
    assert_eq!(open["policy"], json!({ "id": id, "version": 1 }));
    let next = program.post(&caller, "/v1/verifications", json!({ "policy": id })).await.expect(201);
    assert_eq!(next["policy"]["version"], 2);
}
