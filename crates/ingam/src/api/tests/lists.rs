//! Lists, filters and cursors.

use crate::testing::Program;
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn verifications_come_newest_first_in_pages() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let mut opened = Vec::new();
    for n in 0..7 {
        let body = json!({ "policy": policy, "reference": format!("r-{}", n % 2) });
        let reply = program.post(&caller, "/v1/verifications", body).await.expect(201);
        opened.push(reply["id"].as_str().unwrap().to_owned());
    }
    opened.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/verifications?limit=3".to_owned();
    loop {
        let page = program.get(&caller, &path).await.expect(200);
        assert!(page["data"].as_array().unwrap().len() <= 3);
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/verifications?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 7, "none twice");
    let even = program.get(&caller, "/v1/verifications?reference=r-0").await.expect(200);
    assert_eq!(ids(&even).len(), 4);
    program.post(&caller, &format!("/v1/verifications/{}/cancel", opened[0]), json!({})).await.expect(200);
    let cancelled = program.get(&caller, "/v1/verifications?status=cancelled").await.expect(200);
    assert_eq!(ids(&cancelled), [opened[0].clone()]);
    let first = program.get(&caller, &format!("/v1/verifications/{}", opened[6])).await.expect(200);
    let created = first["created_at"].as_str().unwrap();
    let before =
        program.get(&caller, &format!("/v1/verifications?created_before={created}")).await.expect(200);
    assert_eq!(before["data"], json!([]), "before the first there is none");
    let from = program.get(&caller, &format!("/v1/verifications?created_from={created}")).await.expect(200);
    assert_eq!(ids(&from).len(), 7);
}

#[tokio::test]
async fn events_come_oldest_first_and_go_on_where_they_stopped() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let stranger = program.institution("한빛보험").await;
    let policy = program.policy(&caller).await;
    let theirs = program.policy(&stranger).await;
    let first = program.open(&caller, &policy).await;
    program.open(&stranger, &theirs).await;
    let nothing = program.get(&caller, "/v1/events").await.expect(200);
    assert_eq!(nothing["data"], json!([]), "what has no number yet is not told");
    program.number().await;
    let page = program.get(&caller, "/v1/events").await.expect(200);
    assert_eq!(page["data"][0]["type"], "verification.created");
    assert_eq!(page["data"][0]["data"]["id"], first.as_str());
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/v1/events?cursor={cursor}");
    assert_eq!(program.get(&caller, &next).await.expect(200)["data"], json!([]));

    program.post(&caller, &format!("/v1/verifications/{first}/cancel"), json!({})).await.expect(200);
    program.number().await;
    let later = program.get(&caller, &next).await.expect(200);
    assert_eq!(later["data"][0]["type"], "verification.cancelled");
    assert_eq!(later["data"][0]["data"]["status"], "cancelled");
    let id = later["data"][0]["id"].as_str().unwrap();
    let one = program.get(&caller, &format!("/v1/events/{id}")).await.expect(200);
    assert_eq!(one, later["data"][0]);
    // An event tells the verification as it stood then.
    let of_one = program.get(&caller, &format!("/v1/events?verification={first}")).await.expect(200);
    let states: Vec<_> =
        of_one["data"].as_array().unwrap().iter().map(|e| e["data"]["status"].clone()).collect();
    assert_eq!(states, ["created", "cancelled"]);
    let typed = program.get(&caller, "/v1/events?type=verification.cancelled").await.expect(200);
    assert_eq!(ids(&typed), [id]);
    // A cursor fits no other institution's list, no other list, and says nothing of how much the ledger holds.
    let foreign = program.get(&stranger, &next).await;
    assert_eq!(foreign.expect(400)["code"], "invalid_query");
    let other = program.get(&caller, &format!("/v1/events?verification={first}&cursor={cursor}")).await;
    assert_eq!(other.expect(400)["code"], "invalid_query");
}

#[tokio::test]
async fn short_lists_have_pages_too() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    for n in 0..3 {
        program.post(&caller, "/v1/keys", json!({ "name": format!("{n}") })).await.expect(201);
    }
    let page = program.get(&caller, "/v1/keys?limit=3").await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
    assert!(!page.to_string().contains("sk_test"), "no secret in a list");
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = program.get(&caller, &format!("/v1/keys?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(rest["data"][0]["name"], "first");
    assert_eq!(rest["next_cursor"], Value::Null);
}
