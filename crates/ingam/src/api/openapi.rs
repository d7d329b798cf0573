//! The OpenAPI 3.1 document: what the handlers say of themselves, completed with what holds for all of them.
//!
//! Errors, the Idempotency-Key, response headers and webhooks follow rules, so they are added here by rule; a
//! handler that forgot one could not be told from one that has none.

use super::code::{Code, FIELD_CODES};
use super::problem::ProblemBody;
use axum::Extension;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::Event;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use utoipa::OpenApi;

/// What the handlers' own descriptions are added to.
#[derive(OpenApi)]
#[openapi(
    info(title = "ingam", version = "1", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(
        ProblemBody,
        super::events::EventObject,
        super::policies::PolicyBody,
        super::policies::PolicyStep,
        super::policies::PolicyConsent,
        super::policies::PolicyWords,
        super::policies::PolicyQuestion,
        super::policies::PolicyAnswer,
        super::policies::PolicyChoice,
        crate::work::InstitutionAnswer,
    )),
    tags(
        (name = "verifications", description = "Persons who prove who they are."),
        (name = "persons", description = "Who stands behind verifications, as you alone know them."),
        (name = "policies", description = "How your persons are verified, for each purpose."),
        (name = "webhook_endpoints", description = "Where events are sent."),
        (name = "events", description = "What happened, to be read and sent again."),
        (name = "institution", description = "You."),
        (name = "keys", description = "API keys."),
        (name = "media", description = "Access media that you handed to persons: one-time passwords, security cards."),
        (name = "staff", description = "Who signs in to your console."),
        (name = "consents", description = "The texts that your persons consent to, and what they took back."),
        (name = "reviews", description = "Refusals that a person at your institution looks at again."),
        (name = "health", description = "The server itself. Needs no key."),
    ),
)]
pub struct Described;

/// The document as it is served, made when somebody asks for it.
#[derive(Clone)]
pub struct Document(Arc<LazyLock<Bytes, Making>>);

type Making = Box<dyn FnOnce() -> Bytes + Send>;

impl Document {
    /// Completes the handlers' descriptions.
    pub fn new(described: utoipa::openapi::OpenApi, base_url: String) -> Self {
        let making: Making = Box::new(move || {
            // What utoipa holds is JSON by its making.
            let mut document = serde_json::to_value(described).unwrap_or_default();
            complete(&mut document, &base_url);
            Bytes::from(document.to_string())
        });
        Self(Arc::new(LazyLock::new(making)))
    }
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "health", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object))
)]
pub async fn openapi_document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], (**document.0).clone())
}

fn complete(document: &mut Value, base_url: &str) {
    document["info"]["description"] = introduction().into();
    if !base_url.is_empty() {
        document["servers"] = json!([{ "url": base_url }]);
    }
    document["components"]["securitySchemes"] = json!({
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "`sk_test_…` or `sk_live_…`, as the server's environment is."
        }
    });
    document["security"] = json!([{ "api_key": [] }]);
    document["components"]["headers"] = json!({
        "X-Request-Id": {
            "description": "This request; `request_id` of an error answer.",
            "schema": { "type": "string", "examples": ["req_01m9yr1e00e8abmcypx2tvb0zk"] }
        },
        "Idempotent-Replayed": {
            "description": "`true` where the answer was given before under the same Idempotency-Key.",
            "schema": { "type": "string", "enum": ["true"] }
        },
        "Retry-After": {
            "description": "Try again after so many seconds.",
            "schema": { "type": "integer" }
        },
        "WWW-Authenticate": { "description": "RFC 6750.", "schema": { "type": "string" } }
    });
    document["components"]["parameters"] = json!({
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1 to 255 visible ASCII characters of yours. The same request with the same key within 24 hours has the same answer and happens once.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            "example": "5f0c6c0e-application-1024"
        }
    });
    let paths = document["paths"].as_object_mut();
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                operation_rules(path, method, operation);
            }
        }
    }
    document["webhooks"] = webhooks();
}

fn operation_rules(path: &str, method: &str, operation: &mut Map<String, Value>) {
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for response in responses.values_mut() {
            response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/X-Request-Id" });
            if method == "post" {
                let replayed = json!({ "$ref": "#/components/headers/Idempotent-Replayed" });
                response["headers"]["Idempotent-Replayed"] = replayed;
            }
        }
    }
    if method == "post" {
        let key = json!({ "$ref": "#/components/parameters/Idempotency-Key" });
        match operation.get_mut("parameters") {
            Some(Value::Array(parameters)) => parameters.push(key),
            _ => {
                operation.insert("parameters".to_owned(), json!([key]));
            }
        }
    }
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(path, method, &id) {
        by_status.entry(code.status()).or_default().push(code);
    }
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for (status, codes) in by_status {
            responses.insert(status.to_string(), error_response(status, &codes));
        }
    }
}

/// The codes with which an operation may answer.
fn codes(path: &str, method: &str, operation: &str) -> Vec<Code> {
    use Code::Refused;
    let mut codes = vec![Code::Internal, Code::Unavailable];
    if !path.starts_with("/v1") {
        return codes;
    }
    codes.extend([Code::Unauthorized, Code::WrongEnvironment]);
    if path.contains("{id}") {
        codes.push(Code::NotFound);
    }
    if method == "post" {
        codes.extend([
            Code::InvalidJson,
            Code::InvalidIdempotencyKey,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::Invalid,
            Code::IdempotencyKeyReused,
        ]);
    } else {
        codes.push(Code::InvalidQuery);
    }
    let own: &[Code] = match operation {
        "cancel_verification" => &[Refused(Refusal::Ended), Refused(Refusal::Expired)],
        "submit_verification" => &[
            Code::InvalidMultipart,
            Code::Destroyed,
            Refused(Refusal::Ended),
            Refused(Refusal::Expired),
            Refused(Refusal::NotNow),
            Refused(Refusal::OtherSession),
            Refused(Refusal::ConsentRequired),
            Refused(Refusal::ConsentsDiffer),
            Refused(Refusal::SourceNotAllowed),
            Refused(Refusal::PicturesUsedUp),
            Refused(Refusal::SendsUsedUp),
            Refused(Refusal::AccountsUsedUp),
            Refused(Refusal::AnswersDiffer),
            Refused(Refusal::StaleAnswer),
        ],
        "get_verification_result" => &[Code::NotVerified, Code::Destroyed],
        "get_verification_card" => &[Refused(Refusal::NotNow), Code::Destroyed],
        "create_policy" | "save_policy" => {
            &[Code::PolicyBelowLegalFloor, Refused(Refusal::PolicyNotAllowed), Refused(Refusal::TooMany)]
        }
        "create_webhook_endpoint" | "create_key" => &[Refused(Refusal::TooMany)],
        "open_verification" => &[Refused(Refusal::MediumDiffers)],
        "unlock_medium" => &[Refused(Refusal::MediumRevoked)],
        "ask_review" => {
            &[Refused(Refusal::NotNow), Refused(Refusal::NotReviewable), Refused(Refusal::TooMany)]
        }
        "claim_review" => &[
            Refused(Refusal::ReviewDecided),
            Refused(Refusal::ClaimedByOther),
            Refused(Refusal::SecondReviewer),
        ],
        "release_review" => &[Refused(Refusal::ReviewDecided)],
        "decide_review" => &[
            Refused(Refusal::ReviewDecided),
            Refused(Refusal::ClaimedByOther),
            Refused(Refusal::NotClaimed),
            Refused(Refusal::SecondReviewer),
            Refused(Refusal::DecisionNotAllowed),
            Refused(Refusal::ReasonDiffers),
            Refused(Refusal::ConsentRequired),
            Code::Destroyed,
        ],
        "invite_staff" => &[Refused(Refusal::LoginTaken)],
        "change_staff" | "unlock_staff" | "reset_staff" => &[Refused(Refusal::StaffLeft)],
        "revoke_key" => &[Code::LastKey],
        "resend_event" => &[Code::NoEndpoint],
        // The verification in the filter.
        "list_events" => &[Code::NotFound],
        _ => &[],
    };
    codes.extend(own);
    codes
}

fn error_response(status: u16, codes: &[Code]) -> Value {
    let words: Vec<String> = codes.iter().map(|c| format!("`{}`: {}", c.as_str(), c.detail())).collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|c| {
            let example = json!({ "value": {
                "type": format!("urn:ingam:problem:{}", c.as_str()),
                "title": c.title(),
                "status": c.status(),
                "detail": c.detail(),
                "code": c.as_str(),
                "request_id": "req_01m9yr1e00e8abmcypx2tvb0zk",
                "errors": [],
            }});
            (c.as_str().to_owned(), example)
        })
        .collect();
    let mut headers = json!({ "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } });
    match status {
        401 => headers["WWW-Authenticate"] = json!({ "$ref": "#/components/headers/WWW-Authenticate" }),
        503 => headers["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" }),
        _ => {}
    }
    json!({
        "description": words.join("\n\n"),
        "headers": headers,
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "examples": examples,
        }},
    })
}

/// One webhook for each type of event, in the form that Standard Webhooks gives them.
fn webhooks() -> Value {
    let header = |name: &str, description: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": { "type": "string" }, "example": example,
        })
    };
    let one = |event_type: &str| {
        json!({ "post": {
            "operationId": format!("on_{}", event_type.replace('.', "_")),
            "summary": meaning(event_type),
            "description": "Answer with any 2xx within ten seconds. Anything else is tried again for about three days.",
            "security": [],
            "parameters": [
                header("webhook-id", "The event's id; the same in every attempt.", "ent_01m9yr1e00e8abmcypx2tvb0zk"),
                header("webhook-timestamp", "Seconds since 1970 of this attempt.", "1795410271"),
                header("webhook-signature", "One or more signatures, separated by spaces.", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
            ],
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": { "allOf": [
                    { "$ref": "#/components/schemas/Event" },
                    { "type": "object", "properties": { "type": { "const": event_type } } },
                ]},
            }}},
            "responses": { "2XX": { "description": "Taken." } },
        }})
    };
    Event::PUBLIC_TYPES.iter().map(|t| ((*t).to_owned(), one(t))).collect::<Map<_, _>>().into()
}

/// What an event means, in a sentence.
pub(super) fn meaning(event_type: &str) -> &'static str {
    match event_type {
        "verification.created" => "A verification was opened.",
        "verification.started" => "The person opened the link for the first time.",
        "verification.consent_withdrawn" => "The person took a consent back: stop what rests on it.",
        "verification.document_read" => "The card was read.",
        "verification.document_checked" => "The issuer answered, or did not.",
        "verification.account_checked" => "The bank said who holds the account, or did not.",
        "verification.code_sent" => "1 won with the code is in the account.",
        "verification.form_answered" => "The person answered your questions.",
        "verification.institution_checked" => "You said whether it goes on, or did not answer.",
        "verification.device_tried" => "The person typed a code of an access medium.",
        "verification.phone_checked" => "The telecom said whose the phone is, or did not.",
        "verification.notice_requested" => "The person asks to be told when it goes on.",
        "verification.notice_due" => "It goes on: tell the person who asked to be told.",
        "verification.link_requested" => "The person asks for a new link: send one.",
        "verification.verified" => "The policy is met.",
        "verification.refused" => "The policy can't be met.",
        "verification.expired" => "Its time ran out.",
        "verification.cancelled" => "It was cancelled.",
        "verification.review_asked" => "A reviewer is asked to look at the refusal.",
        "verification.review_decided" => {
            "The review was decided: the refusal stands, or it goes on. Tell the person."
        }
        "verification.person_linked" => "The person behind it is known by their id with you.",
        _ => "",
    }
}

fn introduction() -> String {
    let mut text = String::from(
        "Know who a person is without meeting them, and have proof of it.\n\n\
         JSON in snake_case, times in RFC 3339 UTC, won as integers, lists as `{data, next_cursor}`. Enumerations may \
         grow: take values that you do not know. Errors are `application/problem+json` (RFC 9457) with a stable \
         `code`. Every POST takes an `Idempotency-Key`.\n\n\
         ## Codes of errors\n\n| code | status | meaning |\n|---|---|---|\n",
    );
    for code in Code::all() {
        text.push_str(&format!("| `{}` | {} | {} |\n", code.as_str(), code.status(), code.detail()));
    }
    text.push_str("\n## Codes of fields (`errors[].code`)\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in FIELD_CODES {
        text.push_str(&format!("| `{code}` | {meaning} |\n"));
    }
    text
}
