//! The sandbox's institutions and its desk over HTTP, against the documents' literal examples.
#![allow(clippy::unwrap_used)]

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use ingam_sandbox::{MovableClock, Options, Sandbox};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use tower::ServiceExt;

/// Past noon in Korea on the day of the documents' examples.
const DAY: &str = "2025-01-01T12:12:12+09:00";

struct Desk {
    sandbox: Sandbox,
    router: Router,
}

fn desk() -> Desk {
    let at: Timestamp = DAY.parse().unwrap();
    let sandbox = Sandbox::new(Options::new(Arc::new(MovableClock::new(move || at))));
    Desk { router: sandbox.router(), sandbox }
}

impl Desk {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn json(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let headers = [("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.send(method, path, &headers, &body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn bank_token(&self) -> String {
        let form = "client_id=sandbox&client_secret=sandbox&scope=oob&grant_type=client_credentials";
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (_, text) = self.send("POST", "/oauth/2.0/token", &headers, form).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        let members = ["access_token", "client_use_code", "expires_in", "scope", "token_type"];
        assert_eq!(names(&answer), BTreeSet::from(members));
        assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("Bearer"), &json!("oob")));
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn bank(&self, token: &str, path: &str, question: &str) -> Value {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let (_, text) = self.send("POST", path, &headers, question).await;
        serde_json::from_str(&text).unwrap()
    }
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_documented_real_name_question_has_the_documented_answer() {
    let desk = desk();
    let token = desk.bank_token().await;
    let question = r#"{"bank_tran_id":"F123456789U4BC34239Z","bank_code_std":"097","account_num":"1234567890123456",
        "account_seq":"","account_holder_info_type":" ","account_holder_info":"880101","tran_dtime":"20250101121212"}"#;
    let mut answer = desk.bank(&token, "/v2.0/inquiry/real_name", question).await;
    assert_eq!(answer["api_tran_dtm"].as_str().unwrap().len(), 17);
    answer["api_tran_id"] = json!("…");
    answer["api_tran_dtm"] = json!("20250101121212123");
    let documented: Value = serde_json::from_str(
        r#"{"api_tran_id":"…","api_tran_dtm":"20250101121212123","rsp_code":"A0000","rsp_message":"",
        "bank_tran_id":"F123456789U4BC34239Z","bank_tran_date":"20250101","bank_code_tran":"097","bank_rsp_code":"000",
        "bank_rsp_message":"","bank_code_std":"097","bank_code_sub":"0970001","bank_name":"오픈은행",
        "savings_bank_name":"","account_num":"1234567890123456","account_seq":"","account_holder_info_type":" ",
        "account_holder_info":"880101","account_holder_name":"홍길동","account_type":"1"}"#,
    )
    .unwrap();
    assert_eq!(answer, documented);
    let again = desk.bank(&token, "/v2.0/inquiry/real_name", question).await;
    assert_eq!(again["rsp_code"], "A0324", "an id serves once a day");
}

fn deposit(id: &str, account: &str, holder: &str) -> String {
    json!({
        "cntr_account_type": "N", "cntr_account_num": "00012300045678", "wd_pass_phrase": "NONE",
        "wd_print_content": "계좌확인", "name_check_option": "on", "tran_dtime": "20250101121212", "req_cnt": "1",
        "req_list": [{
            "tran_no": "1", "bank_tran_id": id, "bank_code_std": "088", "account_num": account, "account_seq": "",
            "account_holder_name": holder, "print_content": "인감7482", "tran_amt": "1",
            "req_client_name": "견본기관", "req_client_bank_code": "097",
            "req_client_account_num": "00012300045678", "req_client_num": "SANDBOX", "transfer_purpose": "AU"
        }]
    })
    .to_string()
}

fn result(id: &str, day: &str, amount: &str) -> String {
    let line =
        json!({"tran_no": "1", "org_bank_tran_id": id, "org_bank_tran_date": day, "org_tran_amt": amount});
    json!({"check_type": "2", "tran_dtime": "20250101121212", "req_cnt": "1", "req_list": [line]}).to_string()
}

#[tokio::test]
async fn a_deposit_stands_in_the_book_once_and_its_result_can_be_asked() {
    let desk = desk();
    let token = desk.bank_token().await;
    let (id, account) = ("F123456789U00000000A", "999110100123");
    let path = "/v2.0/transfer/deposit/acnt_num";
    let answer = desk.bank(&token, path, &deposit(id, account, "김민수")).await;
    assert_eq!(
        (&answer["rsp_code"], &answer["res_list"][0]["bank_rsp_code"]),
        (&json!("A0000"), &json!("000"))
    );
    assert_eq!(answer["res_list"][0]["bank_tran_id"], id);
    let again = desk.bank(&token, path, &deposit(id, account, "김민수")).await;
    assert_eq!(again["rsp_code"], "A0324");

    let (_, book) = desk.json("GET", &format!("/book?bank=088&account={account}"), Value::Null).await;
    assert_eq!(book.as_array().unwrap().len(), 1);
    assert_eq!((&book[0]["print_content"], &book[0]["amount"]), (&json!("인감7482"), &json!(1)));
    assert_eq!(desk.sandbox.counts().deposits[&format!("088/{account}")], 1);

    let ask = async |id: &str, day: &str, amount: &str| {
        let answer = desk.bank(&token, "/v2.0/transfer/result", &result(id, day, amount)).await;
        answer["res_list"][0]["bank_rsp_code"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(id, "20250101", "1").await, "000");
    assert_eq!(ask(id, "20250102", "1").await, "S02", "of another day");
    assert_eq!(ask(id, "20250101", "2").await, "S02", "of another amount");
    assert_eq!(ask("F123456789U00000000B", "20250101", "1").await, "S02");

    let other = desk.bank(&token, path, &deposit("F123456789U00000000C", account, "김민식")).await;
    assert_eq!(other["res_list"][0]["bank_rsp_code"], "815", "the bank compares the holder's name");
    desk.sandbox.clock().move_to(86_400_000);
    let token = desk.bank_token().await;
    let next_day = desk.bank(&token, path, &deposit(id, account, "김민수")).await;
    assert_eq!(next_day["rsp_code"], "A0000", "on the next day the id counts as new, as at the real one");
}

#[tokio::test]
async fn a_question_that_breaks_the_format_is_refused_and_nothing_is_booked() {
    let desk = desk();
    let token = desk.bank_token().await;
    let path = "/v2.0/transfer/deposit/acnt_num";
    let good = deposit("F123456789U00000000A", "999110100123", "김민수");
    for (from, to, code) in [
        ("F123456789U00000000A", "F123456789U00000000a", "S0401"),
        ("F123456789U00000000A", "F999999999U00000000A", "S0401"),
        ("F123456789U00000000A", "F123456789U0000000", "S0401"),
        ("20250101121212", "2025-01-01", "S0402"),
        ("\"tran_amt\":\"1\"", "\"tran_amt\":\"-1\"", "S0400"),
        ("\"req_cnt\":\"1\"", "\"req_cnt\":\"2\"", "S0400"),
        ("\"transfer_purpose\":\"AU\"", "\"transfer_purpose\":\"XX\"", "S0400"),
        ("\"print_content\"", "\"printed\"", "S0400"),
        ("{", "[", "S0400"),
    ] {
        assert!(good.contains(from), "{from}");
        let answer = desk.bank(&token, path, &good.replace(from, to)).await;
        assert_eq!(answer["rsp_code"], code, "{from} → {to}");
    }
    assert_eq!(desk.bank("wrong", path, &good).await["rsp_code"], "O0002");
    desk.sandbox.clock().move_to(3_600_000);
    assert_eq!(desk.bank(&token, path, &good).await["rsp_code"], "O0002", "the token ended");
    assert!(desk.sandbox.book(None).is_empty());
}

#[tokio::test]
async fn the_register_speaks_in_the_vendors_envelope() {
    let desk = desk();
    // Base64 of `sandbox:sandbox`.
    let (status, text) =
        desk.send("POST", "/oauth/token", &[("authorization", "Basic c2FuZGJveDpzYW5kYm94")], "").await;
    let token: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(names(&token), BTreeSet::from(["expires_in", "jwt", "message", "success", "transaction_id"]));
    assert_eq!(token["expires_in"], "2025-01-01 13:12:12");
    let bearer = format!("Bearer {}", token["jwt"].as_str().unwrap());
    let ask = async |identity: &str, date: &str, name: &str| {
        let question = json!({"identity": identity, "issueDate": date, "userName": name}).to_string();
        let (_, text) = desk.send("POST", "/status/idcard", &[("authorization", &bearer)], &question).await;
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let good = ask("9004151981237", "20200309", "김민수").await;
    assert_eq!(names(&good), BTreeSet::from(["message", "success", "transaction_id"]));
    assert_eq!(good["success"], true);
    let lost = ask("8302071990342", "20160630", "박도윤").await;
    assert_eq!(names(&lost), BTreeSet::from(["error_code", "message", "success", "transaction_id"]));
    assert_eq!((&lost["success"], &lost["error_code"]), (&json!(false), &json!("A006")));
    assert_eq!(ask("900415", "20200309", "김민수").await["error_code"], "A001");

    let (status, _) = desk.send("POST", "/oauth/token", &[("authorization", "Basic bm86bm8=")], "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = desk.send("POST", "/status/idcard", &[("authorization", "Bearer no")], "{}").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = desk.send("POST", "/status/idcard", &[("authorization", &bearer)], "{}").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_desk_sets_shows_and_clears_faults() {
    let desk = desk();
    let rule = json!({"fault": "lost_answer", "operation": "deposit", "person": "kim-minsu", "count": 2});
    let (status, faults) = desk.json("PUT", "/faults/kftc", rule).await;
    assert_eq!((status, &faults["kftc"][0]["fault"]), (StatusCode::OK, &json!("lost_answer")));
    let (_, faults) = desk.json("PUT", "/faults/mois", json!({"fault": "down"})).await;
    assert_eq!(faults["mois"][0]["fault"], "error", "the studio's word");
    for wrong in [
        json!({"fault": "stale"}),
        json!({"fault": "duplicate"}),
        json!({"fault": "error", "status": 200}),
        json!({"fault": "hang", "operation": "sing"}),
        json!({"fault": "hang", "person": "nobody"}),
    ] {
        let (status, _) = desk.json("PUT", "/faults/mois", wrong.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let (status, _) = desk.json("PUT", "/faults/mois", json!({"fault": "unheard of"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, faults) = desk.json("DELETE", "/faults/mois", Value::Null).await;
    assert_eq!(faults["mois"], json!([]));
    let (_, faults) = desk.json("GET", "/faults", Value::Null).await;
    assert_eq!(faults["kftc"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_desk_tells_who_and_what_there_is() {
    let desk = desk();
    let (_, scenarios) = desk.json("GET", "/scenarios", Value::Null).await;
    assert_eq!(names(&scenarios), BTreeSet::from(["cases", "faults", "operations", "people"]));
    let (_, people) = desk.json("GET", "/people", Value::Null).await;
    assert_eq!(people[0]["id"], "kim-minsu");
    assert_eq!(people[0]["number_masked"], "900415-1******");
    let (_, person) = desk.json("GET", "/people/park-doyun", Value::Null).await;
    assert_eq!(person["register"]["state"], "lost");
    let (status, _) = desk.json("GET", "/people/nobody", Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = desk.json("GET", "/book?bank=088", Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_clock_moves_for_everyone() {
    let desk = desk();
    let shared = desk.sandbox.clock();
    let (_, clock) = desk.json("PUT", "/clock", json!({"advance_s": 300})).await;
    assert_eq!(clock["moved_ms"], 300_000);
    let later: Timestamp = "2025-01-01T12:17:12+09:00".parse().unwrap();
    assert_eq!(shared.now(), later);
    desk.json("PUT", "/clock", json!({"at": "2025-06-01T00:00:00Z"})).await;
    assert_eq!(shared.now(), "2025-06-01T00:00:00Z".parse::<Timestamp>().unwrap());
    desk.json("PUT", "/clock", json!({"moved_ms": 0})).await;
    assert_eq!(shared.now(), DAY.parse::<Timestamp>().unwrap());
    for wrong in [json!({"advance_s": i64::MAX}), json!({"moved_ms": i64::MIN})] {
        let (status, _) = desk.json("PUT", "/clock", wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn calls_are_recorded_masked_counted_and_told() {
    let desk = desk();
    let request = Request::get("/events").body(Body::empty()).unwrap();
    let events = desk.router.clone().oneshot(request).await.unwrap();
    assert_eq!(events.headers()[header::CONTENT_TYPE], "text/event-stream");
    let token = desk.bank_token().await;
    let path = "/v2.0/transfer/deposit/acnt_num";
    desk.bank(&token, path, &deposit("F123456789U00000000A", "999110100123", "김민수")).await;
    let (_, calls) = desk.json("GET", "/calls", Value::Null).await;
    assert_eq!((&calls[1]["operation"], &calls[1]["person"]), (&json!("deposit"), &json!("kim-minsu")));
    assert_eq!(calls[1]["summary"], "088 ***-0123 1원");
    assert!(!calls.to_string().contains("999110100123"));
    let (_, counts) = desk.json("GET", "/counts", Value::Null).await;
    assert_eq!((&counts["calls"]["kftc.token"], &counts["calls"]["kftc.deposit"]), (&json!(1), &json!(1)));
    let mut told = events.into_body().into_data_stream();
    let first = futures_util::StreamExt::next(&mut told).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"operation\":\"token\""));

    let (status, _) = desk.json("POST", "/reset", Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(desk.sandbox.calls().is_empty() && desk.sandbox.book(None).is_empty());
}

#[tokio::test]
async fn the_page_works_without_scripts() {
    let desk = desk();
    let request = Request::get("/").body(Body::empty()).unwrap();
    let page = desk.router.clone().oneshot(request).await.unwrap();
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "institution=kftc&fault=hang&person=kim-minsu&count=3";
    let (status, _) = desk.send("POST", "/page/fault", &form, body).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(desk.sandbox.faults()["kftc"][0].count, Some(3));
    let (_, html) = desk.send("GET", "/", &[], "").await;
    assert!(html.contains("김민수") && html.contains("대답 없음"));
    assert!(!html.contains("<script") && !html.contains("style="));
    desk.send("POST", "/page/fault", &form, "institution=kftc&fault=").await;
    assert!(desk.sandbox.faults()["kftc"].is_empty());
    desk.send("POST", "/page/clock", &form, "advance_s=60").await;
    assert_eq!(desk.sandbox.clock().moved_ms(), 60_000);
}
