//! The document: it describes what is served, all of it and nothing else.

use crate::testing::Program;
use axum::body::Body;
use axum::http::Request;
use ingam_cases::policy::{BlockList, Policy};
use ingam_cases::verification::Event;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashSet};

async fn document() -> (Program, Value) {
    let program = Program::new().await;
    let reply = program.send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await;
    let document = reply.expect(200);
    (program, document)
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, operation)| (path.clone(), method.to_uppercase(), operation.clone()))
        })
        .collect()
}

#[tokio::test]
async fn what_is_described_is_served_and_what_is_served_is_described() {
    let (program, document) = document().await;
    for (path, method, operation) in operations(&document) {
        let uri = path.replace("{id}", "x");
        let request = Request::builder().method(method.as_str()).uri(&uri).body(Body::empty()).unwrap();
        let reply = program.send(request).await;
        let expected = if path.starts_with("/v1") { 401 } else { 200 };
        assert_eq!(reply.status.as_u16(), expected, "{method} {path}");
        let open = operation["security"] == json!([{}]);
        assert_eq!(open, !path.starts_with("/v1"), "{method} {path} says otherwise");
    }
    // Methods that are not described are not served.
    for path in document["paths"].as_object().unwrap().keys() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if document["paths"][path].get(method.to_lowercase()).is_none() {
                let uri = path.replace("{id}", "x");
                let request = Request::builder().method(method).uri(&uri).body(Body::empty()).unwrap();
                assert_eq!(program.send(request).await.status.as_u16(), 405, "{method} {path}");
            }
        }
    }
    // Nor are addresses: the router itself says which it has.
    let served = format!("{:?}", program.router);
    let served: BTreeSet<&str> = served.split('"').filter(|text| text.starts_with('/')).collect();
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    // The framework's own entry for what nothing else takes.
    let own = |path: &&&str| **path != "/" && !path.contains("__private__");
    let extra: Vec<_> = served.difference(&described).filter(own).copied().collect();
    assert_eq!(extra, ["/v1", "/v1/", "/v1/{*rest}"], "only the addresses that answer `route_not_found`");
}

#[tokio::test]
async fn the_document_holds_together() {
    let (_, document) = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    // Every reference leads somewhere.
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut names = HashSet::new();
    for (path, method, operation) in operations(&document) {
        let at = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name), "{at}: its id stands twice");
        assert!(
            operation["summary"].is_string() || operation["description"].is_string(),
            "{at} says nothing"
        );
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|p| p["in"] == "path").count();
        assert_eq!(in_path, path.matches('{').count(), "{at}");
        for parameter in parameters.iter().filter(|p| p.get("$ref").is_none()) {
            assert!(
                parameter["schema"].is_object() && parameter["description"].is_string(),
                "{at}: {parameter}"
            );
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at}");
        for (status, response) in responses {
            assert!(response["description"].is_string(), "{at} {status}");
            if !status.starts_with('2') {
                let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{at} {status}");
            }
        }
        if method == "POST" {
            assert!(operation.to_string().contains("#/components/parameters/Idempotency-Key"), "{at}");
        }
        if path.starts_with("/v1") {
            assert!(responses.contains_key("401") && responses.contains_key("503"), "{at}");
        }
    }
    let hooks: BTreeSet<&str> =
        document["webhooks"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(hooks, BTreeSet::from(Event::PUBLIC_TYPES));
    for (name, hook) in document["webhooks"].as_object().unwrap() {
        assert_ne!(hook["post"]["summary"], "", "{name}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.insert(reference.clone());
            }
            map.values().for_each(|inner| collect(inner, references));
        }
        Value::Array(all) => all.iter().for_each(|inner| collect(inner, references)),
        _ => {}
    }
}

#[tokio::test]
async fn every_code_is_in_the_document() {
    let (_, document) = document().await;
    let introduction = document["info"]["description"].as_str().unwrap();
    let paths = document["paths"].to_string();
    for code in super::super::code::Code::all() {
        assert!(introduction.contains(&format!("| `{}` |", code.as_str())), "{}", code.as_str());
        // What holds for every address, or for none that is described, stands in the introduction alone.
        let everywhere = ["route_not_found", "method_not_allowed"].contains(&code.as_str());
        assert!(everywhere || paths.contains(&format!("\"{}\"", code.as_str())), "{}", code.as_str());
    }
}

#[tokio::test]
async fn objects_are_what_the_document_says() {
    let (program, document) = document().await;
    let caller = program.institution("새솔은행").await;
    let policy = program.policy(&caller).await;
    let id = program.verified(&caller, &policy).await;
    program.number().await;
    let fits = async |path: &str, schema: &str| {
        let object = program.get(&caller, path).await.expect(200);
        let mut problems = Vec::new();
        conforms(&document, &document["components"]["schemas"][schema], &object, schema, &mut problems);
        assert!(problems.is_empty(), "{path}: {problems:#?}");
    };
    fits(&format!("/v1/verifications/{id}"), "Verification").await;
    fits(&format!("/v1/verifications/{id}/result?reason=test"), "VerificationResult").await;
    fits(&format!("/v1/policies/{policy}"), "Policy").await;
    fits("/v1/institution", "Institution").await;
    let somebody = json!({ "name": "표본아", "login": "pyobon.a", "roles": ["reviewer"] });
    let somebody = program.post(&caller, "/v1/staff", somebody).await.expect(201);
    fits(&format!("/v1/staff/{}?reason=test", somebody["id"].as_str().unwrap()), "Staff").await;
    let otp = json!({ "type": "totp", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "reference": "token-1" });
    let otp = program.post(&caller, "/v1/media", otp).await.expect(201);
    fits(&format!("/v1/media/{}", otp["id"].as_str().unwrap()), "Medium").await;
    let refused = program.card_refused(&caller, &policy).await;
    let review = program.post(&caller, "/v1/reviews", json!({ "verification": refused })).await.expect(201);
    fits(&format!("/v1/reviews/{}?reason=test", review["id"].as_str().unwrap()), "Review").await;
    fits(&format!("/v1/verifications/{refused}"), "Verification").await;
    let event = program.get(&caller, "/v1/events").await.expect(200)["data"][0]["id"].clone();
    fits(&format!("/v1/events/{}", event.as_str().unwrap()), "Event").await;
    let problem = program.get(&caller, "/v1/nothing").await.json();
    let mut problems = Vec::new();
    conforms(&document, &document["components"]["schemas"]["Problem"], &problem, "Problem", &mut problems);
    assert!(problems.is_empty(), "{problems:#?}");
    // The policy that the document draws is the policy that the rules know.
    let mut body = Policy::id_and_account("가", "나");
    (body.block_lists, body.min_age, body.second_reviewer) = (vec![BlockList::Deceased], 14, true);
    let body = serde_json::to_value(body).unwrap();
    let drawn = &document["components"]["schemas"]["PolicyBody"]["properties"];
    let names = |object: &Map<String, Value>| object.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(drawn.as_object().unwrap()), names(body.as_object().unwrap()));
}

/// Types, required fields and unknown fields of the schemas that are in use here.
fn conforms(document: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(&reference[1..]).unwrap();
        return conforms(document, target, value, at, problems);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let fits = choices.iter().any(|choice| {
            let mut found = Vec::new();
            conforms(document, choice, value, at, &mut found);
            found.is_empty()
        });
        if !fits {
            problems.push(format!("{at}: fits none of its shapes: {value}"));
        }
        return;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        // Each part knows its own fields: only types and required ones are looked at.
        for part in parts {
            let mut found = Vec::new();
            conforms(document, part, value, at, &mut found);
            problems.extend(found.into_iter().filter(|p| !p.ends_with("is not described")));
        }
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&is) {
        problems.push(format!("{at}: {is} is none of {types:?}"));
    }
    if let Value::Object(fields) = value {
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(required) {
                problems.push(format!("{at}.{required} is missing"));
            }
        }
        for (name, inner) in fields {
            match schema["properties"].get(name) {
                Some(known) => conforms(document, known, inner, &format!("{at}.{name}"), problems),
                None => problems.push(format!("{at}.{name} is not described")),
            }
        }
    }
    if let Value::Array(items) = value {
        for item in items {
            conforms(document, &schema["items"], item, &format!("{at}[]"), problems);
        }
    }
}
