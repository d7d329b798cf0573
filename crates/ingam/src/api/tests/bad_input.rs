//! Input that nobody should send: the right status and code, and nothing of it sent back.

use crate::testing::{Caller, Program, Reply, base64, picture, safety};
use axum::body::Body;
use axum::http::{Method, Request};
use ingam_cases::id::VerificationId;
use serde_json::{Value, json};

/// A name and a number that stand in bad requests and must stand in no answer.
const MARKS: [&str; 3] = ["표본희", "900101-1234567", "9001011234567"];

#[track_caller]
fn check(what: &str, reply: &Reply, status: u16, code: &str) -> Value {
    assert_eq!(reply.status.as_u16(), status, "{what}: {}", reply.text);
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{what}");
    let body = reply.json();
    assert_eq!(body["code"], code, "{what}: {}", reply.text);
    assert_eq!(body["status"], status, "{what}");
    assert_eq!(body["request_id"], reply.headers["x-request-id"].to_str().unwrap(), "{what}");
    assert_eq!(body["type"], format!("urn:ingam:problem:{code}"), "{what}");
    for mark in MARKS {
        assert!(!reply.text.contains(mark), "{what} sends back what it got: {}", reply.text);
    }
    for error in body["errors"].as_array().unwrap() {
        assert_ne!(error["detail"], "", "{what}: a code without words: {error}");
    }
    body
}

#[track_caller]
fn field(body: &Value, field: &str, code: &str) {
    let found = &body["errors"][0];
    assert_eq!((&found["field"], &found["code"]), (&json!(field), &json!(code)), "{body}");
}

struct Story {
    program: Program,
    caller: Caller,
    policy: String,
}

impl Story {
    async fn begin() -> Self {
        let program = Program::new().await;
        let caller = program.institution("새솔은행").await;
        let policy = program.policy(&caller).await;
        Self { program, caller, policy }
    }

    async fn raw(&self, method: Method, path: &str, kind: &str, body: impl Into<Body>) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.caller.secret))
            .header("content-type", kind);
        self.program.send(request.body(body.into()).unwrap()).await
    }

    async fn open_with(&self, body: impl Into<Body>) -> Reply {
        self.raw(Method::POST, "/v1/verifications", "application/json", body).await
    }

    async fn submit(&self, id: &VerificationId, step: Value) -> Reply {
        self.program.submit(&self.caller, id, step).await
    }
}

#[tokio::test]
async fn keys_that_are_none() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let with = async |authorization: Option<&str>| {
        let mut request = Request::builder().uri("/v1/institution");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        program.send(request.body(Body::empty()).unwrap()).await
    };
    let none = with(None).await;
    check("no key", &none, 401, "unauthorized");
    assert_eq!(none.headers["www-authenticate"], "Bearer realm=\"ingam\"");
    check("another scheme", &with(Some("Basic 900101-1234567")).await, 401, "unauthorized");
    check("no key of ours", &with(Some("Bearer 900101-1234567")).await, 401, "unauthorized");
    let almost = caller.secret.clone() + "x";
    check("a key with a letter more", &with(Some(&format!("Bearer {almost}"))).await, 401, "unauthorized");
    let live = caller.secret.replace("sk_test_", "sk_live_");
    check("a live key", &with(Some(&format!("Bearer {live}"))).await, 401, "wrong_environment");
    assert_eq!(with(Some(&format!("Bearer {}", caller.secret))).await.status, 200);
    // A refused key is refused before the body is looked at.
    let request = Request::post("/v1/verifications").body(Body::from("{")).unwrap();
    check("no key, bad body", &program.send(request).await, 401, "unauthorized");
}

#[tokio::test]
async fn bodies_that_are_none() {
    let story = Story::begin().await;
    let policy = &story.policy;
    check("broken off", &story.open_with("{\"policy\":").await, 400, "invalid_json");
    check("nothing", &story.open_with("").await, 400, "invalid_json");
    check("not UTF-8", &story.open_with(&b"{\"policy\":\"\xff\xfe\"}"[..]).await, 400, "invalid_json");
    check(
        "something behind it",
        &story.open_with(format!("{{\"policy\":\"{policy}\"}}x")).await,
        400,
        "invalid_json",
    );
    let list = check("a list", &story.open_with("[\"900101-1234567\"]").await, 422, "invalid");
    field(&list, "", "wrong_type");
    let missing = check("no policy", &story.open_with("{}").await, 422, "invalid");
    field(&missing, "/policy", "required");
    let typed = check("a number", &story.open_with("{\"policy\":9001011234567}").await, 422, "invalid");
    field(&typed, "/policy", "wrong_type");
    let unknown = story.open_with(format!("{{\"policy\":\"{policy}\",\"polcy\":\"표본희\"}}")).await;
    field(&check("a typing error", &unknown, 422, "invalid"), "/polcy", "unknown_field");
    let personal = story.open_with(format!("{{\"policy\":\"{policy}\",\"900101-1234567\":1}}")).await;
    field(&check("a number as a name", &personal, 422, "invalid"), "", "unknown_field");
    let twice = story.open_with(format!("{{\"policy\":\"{policy}\",\"policy\":\"{policy}\"}}")).await;
    field(&check("a name twice", &twice, 422, "invalid"), "/policy", "repeated");
    check("deep", &story.open_with("[".repeat(60_000)).await, 400, "invalid_json");
    let deep = format!("{{\"policy\":{}", "{\"a\":".repeat(9_000));
    check("deep inside", &story.open_with(deep).await, 422, "invalid");
    check("huge", &story.open_with("x".repeat(70_000)).await, 413, "body_too_large");
    let text = story.raw(Method::POST, "/v1/verifications", "text/plain", "{}").await;
    check("plain text", &text, 415, "unsupported_media_type");
    let form =
        story.raw(Method::POST, "/v1/verifications", "application/x-www-form-urlencoded", "policy=1").await;
    check("a form", &form, 415, "unsupported_media_type");
}

#[tokio::test]
async fn fields_that_cannot_be() {
    let story = Story::begin().await;
    let open = async |extra: Value| {
        let mut body = json!({ "policy": story.policy });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        story.program.post(&story.caller, "/v1/verifications", body).await
    };
    let wrong = async |what: &str, extra: Value, pointer: &str, code: &str| {
        field(&check(what, &open(extra).await, 422, "invalid"), pointer, code);
    };
    wrong("no such policy", json!({ "policy": "pol_900101-1234567" }), "/policy", "not_found").await;
    wrong("an empty reference", json!({ "reference": " " }), "/reference", "empty").await;
    wrong("a long reference", json!({ "reference": "r".repeat(201) }), "/reference", "too_long").await;
    wrong("a name", json!({ "reference": "표본희" }), "/reference", "character").await;
    let number = json!({ "reference": "loan/900101-1234567" });
    wrong("a resident number", number, "/reference", "personal_data").await;
    wrong("a line break", json!({ "reference": "표본희\n" }), "/reference", "character").await;
    let url = |url: &str| json!({ "return_url": url });
    let back = url("https://bank.example/back?phone=010-1234-5678");
    wrong("a phone number", back, "/return_url", "personal_data").await;
    wrong("a script", url("javascript:alert('표본희')"), "/return_url", "https_required").await;
    wrong("no address", url("표본희"), "/return_url", "malformed").await;
    wrong("a password", url("https://a:b@bank.example/"), "/return_url", "userinfo").await;
    wrong("a fragment", url("https://bank.example/#표본희"), "/return_url", "fragment").await;
    let long = format!("https://bank.example/{}", "a".repeat(2000));
    wrong("a long address", url(&long), "/return_url", "too_long").await;
    let written = story.program.get(&story.caller, "/v1/verifications").await.expect(200);
    assert_eq!(written["data"], json!([]), "nothing of all that was opened");
}

#[tokio::test]
async fn staff_that_cannot_be() {
    let story = Story::begin().await;
    let post = async |path: &str, body: Value| story.program.post(&story.caller, path, body).await;
    let whole = json!({ "name": "표본희", "login": "pyobon.h", "roles": ["reviewer"] });
    let wrong = async |what: &str, name: &str, value: Value, code: &str| {
        let mut body = whole.clone();
        body[name] = value;
        let pointer = format!("/{name}");
        field(&check(what, &post("/v1/staff", body).await, 422, "invalid"), &pointer, code);
    };
    wrong("no name", "name", json!(" "), "empty").await;
    wrong("a number as a name", "name", json!("900101-1234567"), "character").await;
    wrong("a long name", "name", json!("표".repeat(81)), "too_long").await;
    wrong("no login", "login", json!(""), "empty").await;
    wrong("a short login", "login", json!("ab"), "length").await;
    wrong("a long login", "login", json!("a".repeat(65)), "too_long").await;
    wrong("a name as a login", "login", json!("표본희"), "character").await;
    wrong("a resident number as a login", "login", json!("900101-1234567"), "character").await;
    wrong("no role", "roles", json!([]), "empty").await;
    wrong("a word for a list", "roles", json!("표본희"), "wrong_type").await;
    let roles = |roles: Value| json!({ "name": "표본희", "login": "pyobon.h", "roles": roles });
    let unknown = post("/v1/staff", roles(json!(["reviewer", "표본희"]))).await;
    field(&check("no such role", &unknown, 422, "invalid"), "/roles/1", "wrong_type");
    let twice = post("/v1/staff", roles(json!(["agent", "agent"]))).await;
    field(&check("a role twice", &twice, 422, "invalid"), "/roles/1", "repeated");
    let mut surplus = whole.clone();
    surplus["password"] = json!("표본희");
    let surplus = post("/v1/staff", surplus).await;
    field(&check("a password", &surplus, 422, "invalid"), "/password", "unknown_field");
    let all = json!({ "name": "", "login": "", "roles": [] });
    let all = check("all of it", &post("/v1/staff", all).await, 422, "invalid");
    assert_eq!(all["errors"].as_array().unwrap().len(), 3);

    let made = post("/v1/staff", whole.clone()).await.expect(201);
    let path = format!("/v1/staff/{}", made["id"].as_str().unwrap());
    let none = post(&path, json!({ "roles": [] })).await;
    field(&check("none any more", &none, 422, "invalid"), "/roles", "empty");
    let rename = post(&path, json!({ "roles": ["agent"], "name": "표본희" })).await;
    field(&check("a new name", &rename, 422, "invalid"), "/name", "unknown_field");
    for act in ["unlock", "reset", "remove"] {
        let reply = post(&format!("{path}/{act}"), json!({ "why": "표본희" })).await;
        field(&check(act, &reply, 422, "invalid"), "/why", "unknown_field");
    }
    let stranger = story.program.institution("한빛보험").await;
    check("another's", &story.program.get(&stranger, &path).await, 404, "not_found");
    for act in ["", "/unlock", "/reset", "/remove"] {
        let body = if act.is_empty() { json!({ "roles": ["agent"] }) } else { json!({}) };
        let reply = story.program.post(&stranger, &format!("{path}{act}"), body).await;
        check(act, &reply, 404, "not_found");
    }
    check(
        "an id of nobody",
        &story.program.get(&story.caller, "/v1/staff/900101-1234567").await,
        404,
        "not_found",
    );
}

#[tokio::test]
async fn addresses_that_are_none() {
    let story = Story::begin().await;
    let get = async |path: &str| story.program.get(&story.caller, path).await;
    check("no such address", &get("/v1/persons").await, 404, "route_not_found");
    check("the root", &get("/v1").await, 404, "route_not_found");
    check("a slash too many", &get("/v1/verifications/").await, 404, "route_not_found");
    let put = story.raw(Method::PUT, "/v1/verifications", "application/json", "{}").await;
    check("another method", &put, 405, "method_not_allowed");
    let allow = put.headers["allow"].to_str().unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    check("no id", &get("/v1/verifications/900101-1234567").await, 404, "not_found");
    check(
        "an id of another kind",
        &get(&format!("/v1/verifications/{}", story.policy)).await,
        404,
        "not_found",
    );
    let unknown = "/v1/verifications/ver_01m9yr1e00e8abmcypx2tvb0zk";
    check("an id of nothing", &get(unknown).await, 404, "not_found");
    check("bytes that are no text", &get("/v1/verifications/%ff%fe").await, 404, "not_found");
    check("an unknown filter", &get("/v1/verifications?person=1").await, 400, "invalid_query");
    check("a filter twice", &get("/v1/verifications?limit=1&limit=2").await, 400, "invalid_query");
    check("a limit of 0", &get("/v1/verifications?limit=0").await, 400, "invalid_query");
    check("a limit of 101", &get("/v1/verifications?limit=101").await, 400, "invalid_query");
    check("no status", &get("/v1/verifications?status=900101-1234567").await, 400, "invalid_query");
    check("no cursor", &get("/v1/verifications?cursor=900101-1234567").await, 400, "invalid_query");
    check("no time", &get("/v1/verifications?created_from=yesterday").await, 400, "invalid_query");
    check("a query where none is", &get("/v1/institution?x=1").await, 400, "invalid_query");
}

#[tokio::test]
async fn submissions_that_cannot_be() {
    let story = Story::begin().await;
    let id = story.program.open(&story.caller, &story.policy).await;
    let step = async |what: &str, step: Value, pointer: &str, code: &str| {
        field(&check(what, &story.submit(&id, step).await, 422, "invalid"), pointer, code);
    };
    step("no step", json!({ "name": "표본희" }), "/step", "required").await;
    step("an unknown step", json!({ "step": "표본희" }), "/step", "wrong_type").await;
    step("no picture", json!({ "step": "card", "picture": "900101-1234567!" }), "/picture", "malformed")
        .await;
    let mut wrong = safety(false);
    wrong["text"]["sha256"] = json!("900101-1234567");
    step("no digest", wrong, "/text/sha256", "malformed").await;
    let unlikely = json!({ "step": "account", "bank": "088", "account_number": "1", "address": "표본희" });
    step("no address", unlikely, "/address", "malformed").await;

    check(
        "too early",
        &story.submit(&id, json!({ "step": "code", "code": "가나다라" })).await,
        409,
        "not_now",
    );
    story.submit(&id, safety(false)).await.expect(200);
    step("text", json!({ "step": "card", "picture": base64(b"900101-1234567") }), "/picture", "not_an_image")
        .await;
    let cut = &picture()[..400];
    step("half a picture", json!({ "step": "card", "picture": base64(cut) }), "/picture", "image_corrupt")
        .await;
    let bomb = bomb();
    step("a bomb", json!({ "step": "card", "picture": base64(&bomb) }), "/picture", "image_too_many_pixels")
        .await;

    let path = format!("/v1/verifications/{id}/submit");
    let form = async |body: &str| {
        story.raw(Method::POST, &path, "multipart/form-data; boundary=b", body.to_owned()).await
    };
    check("a broken form", &form("--b\r\n표본희").await, 400, "invalid_multipart");
    let other = "--b\r\nContent-Disposition: form-data; name=\"표본희\"\r\n\r\nx\r\n--b--\r\n";
    check("another field", &form(other).await, 400, "invalid_multipart");
    let empty = "--b\r\nContent-Disposition: form-data; name=\"step\"\r\n\r\ncard\r\n--b--\r\n";
    field(&check("no file", &form(empty).await, 422, "invalid"), "/picture", "required");

    let large = story.raw(Method::POST, &path, "application/json", "x".repeat(17_000_000)).await;
    check("too large", &large, 413, "body_too_large");
    let unchanged = story.program.get(&story.caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(unchanged["next"], "picture", "none of that was a picture");
}

/// A PNG that says that it has 60,000 × 60,000 pixels.
fn bomb() -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let named = [name.as_slice(), data].concat();
        [&(data.len() as u32).to_be_bytes(), named.as_slice(), &crc32(&named).to_be_bytes()].concat()
    };
    let size = 60_000u32.to_be_bytes();
    let header = [size.as_slice(), &size, &[8, 2, 0, 0, 0]].concat();
    // The first bytes of a zlib stream: a decoder that believes the header has 10 GB to fill.
    let data = [0x78, 0x9c, 0xed, 0xc1, 0x01, 0x01, 0, 0, 0, 0x80];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IDAT", &data), &chunk(b"IEND", &[])]
        .concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[tokio::test]
async fn another_institutions_things_are_not_there() {
    let story = Story::begin().await;
    let (program, owner) = (&story.program, &story.caller);
    let id = program.open(owner, &story.policy).await;
    let hook = program.post(owner, "/v1/webhook_endpoints", json!({ "url": "http://127.0.0.1:9/" })).await;
    let hook = hook.expect(201)["id"].as_str().unwrap().to_owned();
    let key = program.get(owner, "/v1/keys").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    program.number().await;
    let event =
        program.get(owner, "/v1/events").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();

    let stranger = program.institution("한빛보험").await;
    for path in [
        format!("/v1/verifications/{id}"),
        format!("/v1/verifications/{id}/result?reason=test"),
        format!("/v1/verifications/{id}/card?reason=test"),
        format!("/v1/policies/{}", story.policy),
        format!("/v1/webhook_endpoints/{hook}"),
        format!("/v1/events/{event}"),
        format!("/v1/events?verification={id}"),
    ] {
        check(&path, &program.get(&stranger, &path).await, 404, "not_found");
    }
    for path in [
        format!("/v1/verifications/{id}/cancel"),
        format!("/v1/webhook_endpoints/{hook}/rotate_secret"),
        format!("/v1/keys/{key}/revoke"),
        format!("/v1/events/{event}/resend"),
    ] {
        check(&path, &program.post(&stranger, &path, json!({})).await, 404, "not_found");
    }
    let submit = program.submit(&stranger, &id, safety(true)).await;
    check("submit", &submit, 404, "not_found");
    let policy = serde_json::to_value(ingam_cases::policy::Policy::id_and_account("a", "b")).unwrap();
    let save = program.post(&stranger, &format!("/v1/policies/{}", story.policy), policy).await;
    check("a policy", &save, 404, "not_found");
    let open = program.post(&stranger, "/v1/verifications", json!({ "policy": story.policy })).await;
    field(&check("open", &open, 422, "invalid"), "/policy", "not_found");
    let delete =
        program.call(&stranger, Method::DELETE, &format!("/v1/webhook_endpoints/{hook}"), None, &[]).await;
    check("delete", &delete, 404, "not_found");
    for list in ["verifications", "policies", "webhook_endpoints", "events"] {
        let list = program.get(&stranger, &format!("/v1/{list}")).await.expect(200);
        assert_eq!(list["data"], json!([]));
    }
    let still = program.get(owner, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!(still["status"], "created");
}

#[tokio::test]
async fn every_answer_has_an_id_and_is_kept_by_nobody() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let mut seen = std::collections::HashSet::new();
    for path in
        ["/v1/institution", "/v1/nothing", "/health/live", "/health/ready", "/openapi.json", "/metrics"]
    {
        let reply = program.get(&caller, path).await;
        let id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(ingam_cases::id::RequestId::parse(&id).is_ok(), "{id}");
        assert!(seen.insert(id));
        assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
    }
}
