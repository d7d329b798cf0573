//! Webhook endpoints: which addresses are taken, secrets, and sending again.

use crate::testing::Program;
use crate::work::DELIVER;
use axum::http::Method;
use ingam_ledger::TaskQuery;
use serde_json::{Value, json};

#[tokio::test]
async fn only_public_https_addresses_are_taken() {
    let program = Program::with(|config| {
        config.webhooks.allow_http = false;
        config.webhooks.allow_private_addresses = false;
    })
    .await;
    let caller = program.institution("새솔은행").await;
    let refused = async |body: Value, field: &str, code: &str| {
        let reply = program.post(&caller, "/v1/webhook_endpoints", body).await.expect(422);
        assert_eq!(reply["errors"][0]["field"], field, "{reply}");
        assert_eq!(reply["errors"][0]["code"], code, "{reply}");
    };
    let url = |url: &str| json!({ "url": url });
    refused(url("http://8.8.8.8/"), "/url", "https_required").await;
    refused(url("https://169.254.169.254/latest/meta-data"), "/url", "private_address").await;
    refused(url("https://[::1]/"), "/url", "private_address").await;
    refused(url("https://user@8.8.8.8/"), "/url", "userinfo").await;
    refused(url("https://8.8.8.8/#x"), "/url", "fragment").await;
    refused(url("https://localhost/"), "/url", "private_address").await;
    let types = json!({ "url": "https://8.8.8.8/", "types": ["verification.verified", "nothing"] });
    refused(types, "/types/1", "unknown_event_type").await;
    let twice =
        json!({ "url": "https://8.8.8.8/", "types": ["verification.verified", "verification.verified"] });
    refused(twice, "/types/1", "repeated").await;
    program.post(&caller, "/v1/webhook_endpoints", url("https://8.8.8.8/hook")).await.expect(201);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_can_be_changed() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let made = program.post(&caller, "/v1/webhook_endpoints", json!({ "url": "http://127.0.0.1:9/" })).await;
    let made = made.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    for read in [path.clone(), "/v1/webhook_endpoints".to_owned()] {
        let shown = program.get(&caller, &read).await;
        shown.expect(200);
        assert!(!shown.text.contains("whsec_"), "{}", shown.text);
    }
    let rotated = program.post(&caller, &format!("{path}/rotate_secret"), json!({})).await.expect(200);
    assert_ne!(rotated["secret"], secret);
    assert!(rotated["old_secret_until"].is_string());
    // No body at all is the same as an empty one.
    let bare = program.call(&caller, Method::POST, &format!("{path}/rotate_secret"), None, &[]).await;
    assert_ne!(bare.expect(200)["secret"], rotated["secret"]);
    let gone = program.call(&caller, Method::DELETE, &path, None, &[]).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    program.get(&caller, &path).await.expect(404);
    program.call(&caller, Method::DELETE, &path, None, &[]).await.expect(404);
}

#[tokio::test]
async fn there_is_room_for_sixteen() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let hook = json!({ "url": "http://127.0.0.1:9/" });
    for _ in 0..16 {
        program.post(&caller, "/v1/webhook_endpoints", hook.clone()).await.expect(201);
    }
    let more = program.post(&caller, "/v1/webhook_endpoints", hook).await.expect(409);
    assert_eq!(more["code"], "too_many");
}

#[tokio::test]
async fn an_event_is_sent_again_once_for_each_asking() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    program.open(&caller, &policy).await;
    program.number().await;
    let events = program.get(&caller, "/v1/events").await.expect(200);
    let path = format!("/v1/events/{}/resend", events["data"][0]["id"].as_str().unwrap());
    let nobody = program.post(&caller, &path, json!({})).await.expect(409);
    assert_eq!(nobody["code"], "no_endpoint");
    let deaf = json!({ "url": "http://127.0.0.1:9/", "types": ["verification.verified"] });
    let deaf = program.post(&caller, "/v1/webhook_endpoints", deaf).await.expect(201);
    program.post(&caller, &path, json!({})).await.expect(409);
    let unknown = json!({ "endpoint": "whe_01m9yr1e00e8abmcypx2tvb0zk" });
    program.post(&caller, &path, unknown).await.expect(422);
    // An endpoint that is named gets it, whatever it asks for otherwise.
    let named = json!({ "endpoint": deaf["id"] });
    let key = [("idempotency-key", "once")];
    for replayed in [false, true] {
        let sent = program.call(&caller, Method::POST, &path, Some(named.clone()), &key).await;
        assert_eq!(sent.expect(202), events["data"][0]);
        assert_eq!(sent.headers.contains_key("idempotent-replayed"), replayed);
    }
    let tasks = program.app.ledger.tasks(TaskQuery::All { after: None, limit: 100 }).await.unwrap();
    assert_eq!(tasks.iter().filter(|t| t.task.kind == DELIVER).count(), 1);
}
