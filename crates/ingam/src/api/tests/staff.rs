//! Staff as institutions look after them: invited, changed, removed; names masked unless a reason is given.

use crate::testing::{Caller, Program, Reply};
use axum::http::Method;
use ingam_cases::id::StaffId;
use ingam_ledger::{ACCESS_READ, EntryQuery, Stream};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};

const NAME: &str = "표본아";
const LOGIN: &str = "pyobon.a";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn somebody(login: &str) -> Value {
    json!({ "name": NAME, "login": login, "roles": ["reviewer", "agent"] })
}

async fn begin() -> (Program, Caller) {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    (program, caller)
}

async fn once(program: &Program, caller: &Caller, path: &str, body: Value) -> Reply {
    program.call(caller, Method::POST, path, Some(body), &[("idempotency-key", path)]).await
}

#[tokio::test]
async fn somebody_is_invited_changed_reset_and_removed() {
    let (program, caller) = begin().await;
    let reply = program.post(&caller, "/v1/staff", somebody(LOGIN)).await;
    let invited = reply.expect(201);
    let id = invited["id"].as_str().unwrap().to_owned();
    assert!(StaffId::parse(&id).is_ok());
    let path = format!("/v1/staff/{id}");
    assert_eq!(reply.headers["location"], path.as_str());
    assert_eq!((&invited["status"], &invited["object"]), (&json!("invited"), &json!("staff")));
    assert_eq!(invited["roles"], json!(["reviewer", "agent"]));
    let url = invited["setup_url"].as_str().unwrap();
    assert!(url.starts_with("http://ingam.test/console/setup/"), "{url}");

    let read = program.get(&caller, &path).await.expect(200);
    assert!(read.get("setup_url").is_none(), "the link is in the answer that made it alone");
    program.set_up(url, "blue-whale-7!").await;
    assert_eq!(program.get(&caller, &path).await.expect(200)["status"], "active");
    assert!(program.app.setup(url.rsplit('/').next().unwrap(), HERE).await.unwrap().is_none());

    let roles = json!({ "roles": ["administrator"] });
    let changed = program.post(&caller, &path, roles.clone()).await.expect(200);
    assert_eq!(changed["roles"], json!(["administrator"]));
    assert_eq!(program.post(&caller, &format!("{path}/unlock"), json!({})).await.expect(200), changed);
    let reset = program.post(&caller, &format!("{path}/reset"), json!({})).await.expect(200);
    assert_eq!(reset["status"], "invited");
    assert_ne!(reset["setup_url"], invited["setup_url"]);
    program.set_up(reset["setup_url"].as_str().unwrap(), "green-whale-8!").await;

    let removed = program.post(&caller, &format!("{path}/remove"), json!({})).await.expect(200);
    assert_eq!(removed["status"], "left");
    assert_eq!(program.post(&caller, &format!("{path}/remove"), json!({})).await.expect(200), removed);
    for (act, body) in [("", roles), ("/unlock", json!({})), ("/reset", json!({}))] {
        let refused = program.post(&caller, &format!("{path}{act}"), body).await;
        assert_eq!(refused.expect(409)["code"], "staff_left", "{act}");
    }
    // The login is free again, for somebody else.
    let next = program.post(&caller, "/v1/staff", somebody(LOGIN)).await.expect(201);
    assert_ne!(next["id"], invited["id"]);
}

#[tokio::test]
async fn a_login_is_one_persons_on_the_whole_server() {
    let (program, caller) = begin().await;
    program.post(&caller, "/v1/staff", somebody(LOGIN)).await.expect(201);
    let other = program.institution("한빛보험").await;
    for (caller, login) in [(&caller, LOGIN), (&other, LOGIN), (&caller, "PYOBON.A ")] {
        let refused = program.post(caller, "/v1/staff", somebody(login)).await;
        assert_eq!(refused.expect(409)["code"], "login_taken", "{login}");
    }
    // Of several at once one has it.
    let one = || program.post(&caller, "/v1/staff", somebody("wanted"));
    let (a, b, c) = tokio::join!(one(), one(), one());
    let mut codes = [a, b, c].map(|reply| reply.status.as_u16());
    codes.sort_unstable();
    assert_eq!(codes, [201, 409, 409]);
}

#[tokio::test]
async fn names_are_masked_unless_a_reason_is_on_record() {
    let (program, caller) = begin().await;
    let invited = program.post(&caller, "/v1/staff", somebody(LOGIN)).await.expect(201);
    let path = format!("/v1/staff/{}", invited["id"].as_str().unwrap());
    let masked = program.get(&caller, &path).await;
    assert!(!masked.text.contains(NAME) && !masked.text.contains(LOGIN), "{}", masked.text);
    let masked = masked.expect(200);
    assert_eq!((&masked["name_masked"], &masked["login_masked"]), (&json!("표*아"), &json!("py***")));
    assert_eq!((&masked["name"], &masked["login"]), (&Value::Null, &Value::Null));
    for at in [&path, "/v1/staff"] {
        let clear = program.get(&caller, &format!("{at}?reason=monthly_review")).await.expect(200);
        let clear = clear.get("data").map_or(&clear, |data| &data[0]);
        assert_eq!((&clear["name"], &clear["login"]), (&json!(NAME), &json!(LOGIN)), "{at}");
    }
    for bad in ["?reason=", "?reason=Because%20so", "?why=x"] {
        assert_eq!(program.get(&caller, &format!("{path}{bad}")).await.expect(400)["code"], "invalid_query");
    }
    program.number().await;
    let query = EntryQuery::Numbered { stream: Stream::Access, institution: None, after: 0, limit: 1000 };
    let rows = program.app.ledger.store().entries(query).await.unwrap();
    let reasons: Vec<Value> = rows
        .iter()
        .filter(|row| row.kind == ACCESS_READ)
        .map(|row| row.to_clear().unwrap().clear["reason"].clone())
        .collect();
    assert_eq!(reasons, ["show_masked", "show_masked", "monthly_review", "monthly_review"]);
}

#[tokio::test]
async fn staff_of_one_institution_are_listed_in_pages_and_by_status() {
    let (program, caller) = begin().await;
    for n in 0..5 {
        program.post(&caller, "/v1/staff", somebody(&format!("login.{n}"))).await.expect(201);
    }
    let page = program.get(&caller, "/v1/staff?limit=2").await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = program.get(&caller, &format!("/v1/staff?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (3, &Value::Null));
    let active = program.get(&caller, "/v1/staff?status=active").await.expect(200);
    assert_eq!(active["data"], json!([]));
    let invited = program.get(&caller, "/v1/staff?status=invited").await.expect(200);
    assert_eq!(invited["data"].as_array().unwrap().len(), 5);
    assert_eq!(program.get(&caller, "/v1/staff?status=asleep").await.expect(400)["code"], "invalid_query");
    let stranger = program.institution("한빛보험").await;
    assert_eq!(program.get(&stranger, "/v1/staff").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn the_same_request_twice_is_one_act_and_one_answer() {
    let (program, caller) = begin().await;
    let invited = once(&program, &caller, "/v1/staff", somebody(LOGIN)).await.expect(201);
    let again = once(&program, &caller, "/v1/staff", somebody(LOGIN)).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), invited, "with the same link");
    let path = format!("/v1/staff/{}", invited["id"].as_str().unwrap());
    for (act, body) in [
        ("", json!({ "roles": ["agent"] })),
        ("/unlock", json!({})),
        ("/reset", json!({})),
        ("/remove", json!({})),
    ] {
        let path = format!("{path}{act}");
        let first = once(&program, &caller, &path, body.clone()).await.expect(200);
        let second = once(&program, &caller, &path, body).await;
        assert_eq!(second.headers["idempotent-replayed"], "true", "{path}");
        assert_eq!(second.expect(200), first, "{path}");
    }
    assert_eq!(program.get(&caller, &path).await.expect(200)["status"], "left");
}
