//! The institutions that stand under a name of their own: their doors, their faults, and a phone that can be read.
#![allow(clippy::unwrap_used)]

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use ingam_sandbox::{Fault, Institution, MovableClock, Options, Rule, Sandbox};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

/// Base64 of `sandbox:sandbox`.
const BASIC: &str = "Basic c2FuZGJveDpzYW5kYm94";

struct Town {
    sandbox: Sandbox,
    router: Router,
}

fn town() -> Town {
    let at: Timestamp = "2025-01-01T12:12:12+09:00".parse().unwrap();
    let sandbox = Sandbox::new(Options::new(Arc::new(MovableClock::new(move || at))));
    Town { router: sandbox.router(), sandbox }
}

impl Town {
    async fn ask(&self, method: &str, path: &str, door: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", door)
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
    }

    async fn token(&self, at: &str) -> String {
        let form = if at == "koroad" { "grant_type=client_credentials" } else { "" };
        let (status, answer) = self.ask("POST", &format!("/{at}/oauth/token"), BASIC, form).await;
        assert_eq!(status, StatusCode::OK, "{at}");
        let token = answer.get("jwt").or(answer.get("access_token")).unwrap();
        format!("Bearer {}", token.as_str().unwrap())
    }
}

/// A good question to each, where it can be written without a cipher.
fn questions() -> Vec<(&'static str, &'static str, Value)> {
    let passport = json!({
        "userName": "김민수", "passportNo": "M999A0001", "issueDate": "20220516", "expirationDate": "20320516",
        "birthDate": "19900415"
    });
    let foreign = json!({"passportNo": "C9990001", "nationality": "VNM", "birthDate": "19960214"});
    let alien = json!({"issueNo": "9602146982037", "issueDate": "20230412"});
    let listed = json!({"identity": "9004151981237", "userName": "김민수"});
    let phone = json!({
        "requestId": "r-1", "userName": "김민수", "birthDate": "19900415", "sexDigit": "1", "telecom": "skt",
        "phoneNo": "01000000001"
    });
    vec![
        ("mofa", "/mofa/status/passport", passport),
        ("moj", "/moj/status/passport-overseas", foreign),
        ("moj", "/moj/status/alien", alien),
        ("kcis", "/kcis/look-up", listed.clone()),
        ("deaths", "/deaths/look-up", listed),
        ("telecom", "/telecom/phone/send", phone),
    ]
}

#[tokio::test]
async fn each_has_its_own_door() {
    let town = town();
    let elsewhere = town.token("koroad").await;
    for (at, path, question) in questions() {
        let question = question.to_string();
        let token = town.token(at).await;
        let (status, answer) = town.ask("POST", path, &token, &question).await;
        assert_eq!((status, &answer["success"]), (StatusCode::OK, &json!(true)), "{path} {answer}");
        let (status, _) = town.ask("POST", path, &elsewhere, &question).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        let (status, _) = town.ask("POST", path, &token, "{}").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        let (status, _) = town.ask("POST", &format!("/{at}/oauth/token"), "Basic bm86bm8=", "").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_licence_is_not_looked_up_in_the_clear() {
    let town = town();
    let token = town.token("koroad").await;
    let path = "/koroad/api/onevalidatorv2.do";
    let ask = async |body: &str| {
        let header =
            json!({"f_send_cnt": "1", "f_request_date": "20250101121212", "f_pin_info": "c2FuZGJveA=="});
        let question = json!({"header": header, "body": body}).to_string();
        town.ask("POST", path, &token, &question).await.1["body"]["code"].clone()
    };
    assert_eq!(ask(r#"{"f_license_no":"27-12-990001-11"}"#).await, "31");
    assert_eq!(ask("c2FuZGJveC1zYW5kYm94LQ==").await, "31");
    assert_eq!(ask("").await, "31");
    let (status, _) = town.ask("POST", "/koroad/oauth/token", BASIC, "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "no grant was named");
}

#[tokio::test]
async fn each_can_be_broken_and_is_named_on_the_page() {
    let town = town();
    for (at, path, question) in questions() {
        let institution = Institution::ALL.into_iter().find(|i| i.as_str() == at).unwrap();
        let operation = institution.operations()[0];
        let token = town.token(at).await;
        town.sandbox.set_fault(institution, Rule::next(Fault::Maintenance, operation, 1)).unwrap();
        let (status, _) = town.ask("POST", path, &token, &question.to_string()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let (status, _) = town.ask("POST", path, &token, &question.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    let (_, scenarios) = town.ask("GET", "/scenarios", "", "").await;
    for institution in Institution::ALL {
        let cases = scenarios["cases"].as_array().unwrap();
        assert!(cases.iter().any(|case| case["institution"] == institution.as_str()), "{institution:?}");
        for operation in institution.operations() {
            let known = scenarios["operations"].as_array().unwrap();
            assert!(known.iter().any(|known| known == operation), "{operation}");
        }
    }
    let (_, html) = town.ask("GET", "/", "", "").await;
    let html = html.as_str().unwrap();
    for word in ["한국도로교통공단", "외교부", "법무부", "안심차단", "사망자", "통신사", "27-12-990001-11"]
    {
        assert!(html.contains(word), "{word}");
    }
}

#[tokio::test]
async fn a_message_can_be_read_at_the_desk_and_on_the_page() {
    let town = town();
    let token = town.token("telecom").await;
    let (_, path, question) = questions().pop().unwrap();
    for _ in 0..2 {
        town.ask("POST", path, &token, &question.to_string()).await;
    }
    let (_, messages) = town.ask("GET", "/phones/01000000001/messages", "", "").await;
    assert_eq!(messages.as_array().unwrap().len(), 1, "one request, one message");
    let code = messages[0]["code"].as_str().unwrap().to_owned();
    assert!(code.len() == 6 && messages[0]["text"].as_str().unwrap().contains(&code));
    let (_, html) = town.ask("GET", "/", "", "").await;
    assert!(html.as_str().unwrap().contains(&code));
    let confirm = json!({"requestId": "r-1", "code": code}).to_string();
    let (_, answer) = town.ask("POST", "/telecom/phone/confirm", &token, &confirm).await;
    assert_eq!(answer["data"]["ci"].as_str().unwrap().len(), 88);
    let (_, calls) = town.ask("GET", "/calls", "", "").await;
    assert!(!calls.to_string().contains("01000000001"), "calls are masked");
    town.sandbox.reset();
    let (_, messages) = town.ask("GET", "/phones/01000000001/messages", "", "").await;
    assert_eq!(messages, json!([]));
}
