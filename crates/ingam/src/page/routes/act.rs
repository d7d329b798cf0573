//! What the person sends: each form one action, then back to the page.
//!
//! A refusal that another screen explains leads there; any other, and a field that can't be used, shows the same
//! screen with the message in place.

use super::answer::{problem, wants_json};
use super::visitor::{Seen, Visitor};
use super::{Draw, Pages, Shared, guard};
use crate::codes;
use crate::flow::ActError;
use crate::flow::form::FormAnswers;
use crate::flow::person::{Person, TriedCode};
use crate::flow::verification::Current;
use crate::page::asked::Asked;
use crate::page::{problems, screens};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ingam_cases::policy::PictureSource;
use ingam_cases::refusal::Refusal;
use ingam_cases::values::DocumentField;
use serde_json::json;
use std::sync::Arc;

/// A form's fields. Values of the same name keep their order.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }
    fn get(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or_default()
    }
    fn maybe(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
    /// Answers to questions, by their ids.
    fn answers(&self) -> FormAnswers {
        let mut answers = FormAnswers::new();
        for (name, value) in &self.0 {
            if let Some(question) = name.strip_prefix(screens::QUESTION) {
                answers.entry(question.to_owned()).or_default().push(value.clone());
            }
        }
        answers
    }
    fn has(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|(given, v)| given == name && v == value)
    }
}

/// What an action led to, beside the state.
#[derive(Default)]
struct Outcome {
    /// For a program.
    result: Option<serde_json::Value>,
    /// Where the page goes on, behind its path.
    on: &'static str,
}

/// `POST /v/{id}/{action}`
pub(super) async fn form(
    State(pages): Shared,
    visitor: Visitor,
    Path((_, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let form = match &body {
        Ok(body) => Form::read(body),
        Err(problem) => return problem.status().into_response(),
    };
    if action == "take_over" {
        return take_over(&pages, &visitor, &headers).await;
    }
    let Some(person) = acting(&pages, &visitor) else { return not_theirs(&pages, &visitor, &headers).await };
    let done = match act(&visitor, &person, &action, &form).await {
        Some(done) => done,
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    // What was typed stands there again where it could not be used; a code is never written back.
    let typed = if matches!(action.as_str(), "account" | "form" | "phone") { form.0 } else { vec![] };
    finish(&pages, &visitor, &headers, done, typed).await
}

/// `POST /v/{id}/card`: a picture from the camera as the body itself, or from the device's files as a form.
pub(super) async fn card(State(pages): Shared, visitor: Visitor, request: Request) -> Response {
    let headers = request.headers().clone();
    let Some(person) = acting(&pages, &visitor) else { return not_theirs(&pages, &visitor, &headers).await };
    let upload = headers.get("ingam-upload").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let picture = if kind.starts_with("multipart/form-data") {
        from_form(request).await.map(|picture| (picture, PictureSource::File))
    } else {
        match Bytes::from_request(request, &()).await {
            Ok(body) => Ok((body.to_vec(), PictureSource::Camera)),
            Err(problem) => Err(too_large_or(problem.status())),
        }
    };
    let done = match picture {
        Ok((picture, _)) if picture.is_empty() => Err(ActError::Invalid { field: "picture", code: "empty" }),
        Ok((picture, source)) => person.submit_card(picture, source, upload).await.map(plain),
        Err(problem) => Err(problem),
    };
    finish(&pages, &visitor, &headers, done, vec![]).await
}

async fn from_form(request: Request) -> Result<Vec<u8>, ActError> {
    let mut parts =
        Multipart::from_request(request, &()).await.map_err(|problem| too_large_or(problem.status()))?;
    while let Some(part) = parts.next_field().await.map_err(|problem| too_large_or(problem.status()))? {
        if part.name() == Some("picture") {
            let bytes = part.bytes().await.map_err(|problem| too_large_or(problem.status()))?;
            return Ok(bytes.to_vec());
        }
    }
    Ok(Vec::new())
}

fn too_large_or(status: StatusCode) -> ActError {
    let code = if status == StatusCode::PAYLOAD_TOO_LARGE { "image_too_large" } else { "not_an_image" };
    ActError::Invalid { field: "picture", code }
}

/// `POST /p/{token}/{action}`: what somebody may do who holds the link alone.
pub(super) async fn by_link(
    State(pages): Shared,
    Path((token, action)): Path<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
) -> Response {
    let path = format!("/p/{token}");
    match action.as_str() {
        "take_over" => match pages.app.open_link(&token, None, true).await {
            Ok(opened) => pages.opened(&token, opened, &super::At::default(), &headers, asked).await,
            Err(problem) => pages.failed(asked.t, problem, &path),
        },
        "new_link" => match codes::read_link_token(&pages.app.ledger, &token).await {
            Ok(Some(id)) => {
                let nowhere = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
                match pages.app.person(&id, 0, None, nowhere).ask_link().await {
                    Ok(_) => Redirect::to(&format!("{path}?at=link_asked")).into_response(),
                    Err(problem) => pages.failed(asked.t, problem, &path),
                }
            }
            Ok(None) => pages.html(&screens::missing(asked.t), StatusCode::NOT_FOUND),
            Err(fault) => pages.failed(asked.t, fault.into(), &path),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The page comes here from the browser that has it, for somebody who had it before.
async fn take_over(pages: &Pages, visitor: &Visitor, headers: &HeaderMap) -> Response {
    if visitor.known().is_none() {
        return pages.show(visitor, Draw::default()).await;
    }
    let opened = async {
        let token = codes::link_token(&pages.app.ledger, &visitor.id).await?;
        let opened =
            pages.app.open_link(&token, guard::cookie(headers, guard::SESSION).as_deref(), true).await?;
        Ok::<_, ActError>((token, opened))
    };
    match opened.await {
        Ok((token, opened)) => {
            pages.opened(&token, opened, &super::At::default(), headers, visitor.asked).await
        }
        Err(problem) => pages.failed(visitor.asked.t, problem, &visitor.path()),
    }
}

fn acting<'a>(pages: &'a Pages, visitor: &Visitor) -> Option<Person<'a>> {
    let (_, Seen::Mine) = visitor.known()? else { return None };
    visitor.person(&pages.app)
}

/// Somebody without the session: another device's page, or nobody.
async fn not_theirs(pages: &Pages, visitor: &Visitor, headers: &HeaderMap) -> Response {
    let status = if visitor.known().is_some() { StatusCode::CONFLICT } else { StatusCode::NOT_FOUND };
    if wants_json(headers) {
        return problem(status, Refusal::OtherSession.code(), None);
    }
    pages.show(visitor, Draw { status: Some(status), ..Draw::default() }).await
}

fn plain(current: Current) -> (Current, Outcome) {
    (current, Outcome::default())
}

type Done = Result<(Current, Outcome), ActError>;

/// One action; nothing where there is none of that name.
async fn act(visitor: &Visitor, person: &Person<'_>, action: &str, form: &Form) -> Option<Done> {
    Some(match action {
        "safety" => safety(visitor, person, form).await,
        "consents" => consents(visitor, person, form).await,
        "confirm" => {
            let typed = |field: DocumentField| Some((field, form.maybe(field.as_str())?.to_owned()));
            person.confirm_card(DocumentField::ALL.into_iter().filter_map(typed).collect()).await.map(plain)
        }
        "retake" => person.retake_card().await.map(plain),
        "account" => person.give_account(form.get("bank"), form.get("account_number")).await.map(plain),
        "code" => person.try_code(form.get("code")).await.map(|(tried, current)| {
            let result = match tried {
                TriedCode::Right => json!({ "code": "right" }),
                TriedCode::Wrong { tries_left } => json!({ "code": "wrong", "tries_left": tries_left }),
                TriedCode::Lapsed => json!({ "code": "lapsed" }),
            };
            (current, Outcome { result: Some(result), on: "" })
        }),
        "form" => person.answer_form(&form.answers()).await.map(plain),
        "device" => person.try_device(form.get("code")).await.map(|(code, current)| {
            let result = json!({ "code": code, "tries_left": current.state.device_tries_left() });
            (current, Outcome { result: Some(result), on: "" })
        }),
        "phone" => person.give_phone(form.get("telecom"), form.get("phone_number")).await.map(plain),
        "phone_code" => person.type_phone_code(form.get("code")).await.map(plain),
        "change_phone" => person.change_phone().await.map(plain),
        "resend" => person.resend().await.map(plain),
        "change_account" => person.change_account().await.map(plain),
        "review" => person.ask_review().await.map(plain),
        "notice" => person.ask_notice().await.map(plain),
        "new_link" => {
            let asked = |current| (current, Outcome { result: None, on: "?at=link_asked" });
            person.ask_link().await.map(asked)
        }
        action => {
            let text_id = action.strip_prefix(screens::WITHDRAW)?;
            let back = |current| (current, Outcome { result: None, on: "?at=help" });
            person.withdraw_consent(text_id).await.map(back)
        }
    })
}

async fn safety(visitor: &Visitor, person: &Person<'_>, form: &Form) -> Done {
    let told_to = match form.get("told_to") {
        "yes" => true,
        "no" => false,
        _ => return Err(ActError::Invalid { field: "told_to", code: "choice" }),
    };
    let shown = visitor.asked.t.safety.shown(visitor.asked.t, &visitor.institution);
    person.answer_safety(shown, told_to).await.map(plain)
}

async fn consents(visitor: &Visitor, person: &Person<'_>, form: &Form) -> Done {
    let agreed = match form.get("answer") {
        "agree" => true,
        "decline" => false,
        _ => return Err(ActError::Invalid { field: "answer", code: "choice" }),
    };
    let asked = visitor.known().map(|(current, _)| current.state.plan.consents.clone()).unwrap_or_default();
    let answers = asked
        .iter()
        .filter_map(|ask| {
            // Optional ones are given one by one, never with the button.
            let answer = agreed && (ask.required || form.has("agree", &ask.text_id));
            let consent = visitor.asked.t.consent(&ask.text_id)?;
            Some(consent.answered(visitor.asked.t, &visitor.institution, ask.required, answer))
        })
        .collect();
    person.answer_consents(answers).await.map(plain)
}

/// Back to the page, or the same screen with what is wrong.
async fn finish(
    pages: &Arc<Pages>,
    visitor: &Visitor,
    headers: &HeaderMap,
    done: Done,
    typed: Vec<(String, String)>,
) -> Response {
    let json = wants_json(headers);
    let screen = visitor.known().map_or("", |(current, _)| screens::name(&current.state));
    let (status, code, message) = match done {
        Ok((current, outcome)) if json => {
            let mut body = json!({ "version": current.version, "screen": screens::name(&current.state) });
            if let Some(result) = outcome.result {
                body["result"] = result;
            }
            return axum::Json(body).into_response();
        }
        Ok((_, outcome)) => {
            return Redirect::to(&format!("{}{}", visitor.path(), outcome.on)).into_response();
        }
        Err(ActError::Refused(refusal)) => {
            (StatusCode::CONFLICT, refusal.code(), problems::refusal(visitor.asked.t, refusal, screen))
        }
        Err(ActError::Invalid { field, code }) => {
            let status = match code {
                "image_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, code, Some(problems::invalid(visitor.asked.t, field, code)))
        }
        Err(ActError::BadAnswer { question, code }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, code, Some(problems::answer(visitor.asked.t, &question, code)))
        }
        Err(ActError::Held { .. } | ActError::Destroyed) => (StatusCode::CONFLICT, "not_now", None),
        Err(fault) if json => {
            tracing::error!(error = %fault, "the page failed");
            return problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", None);
        }
        Err(fault) => return pages.failed(visitor.asked.t, fault, &visitor.path()),
    };
    if json {
        return problem(status, code, message.as_ref().map(|m| m.text.as_str()));
    }
    match message {
        // Another screen says it: the end, another device.
        None => Redirect::to(&visitor.path()).into_response(),
        Some(message) => {
            let fresh = visitor.again(pages).await;
            let draw = Draw { status: Some(status), message: Some(message), typed, ..Draw::default() };
            match fresh {
                Ok(fresh) => pages.show(&fresh, draw).await,
                Err(fault) => pages.failed(visitor.asked.t, fault.into(), &visitor.path()),
            }
        }
    }
}
