//! The door over HTTP: login and password, then six digits, then in; and out again.

use super::asked::{Asked, Sent};
use super::staff::Somebody;
use super::view::{Code, Screen, SignIn};
use super::{Console, Shared, guard, home};
use crate::flow::door::{Coded, Knocked};
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ingam_cases::otp::OtpCode;
use ingam_cases::staff::CODE_MINUTES;
use std::time::Duration;
use tokio::time::Instant;

/// A password is answered no sooner than this: the work behind it is the same for everybody, its commits are not quite.
const ANSWERED_AFTER: Duration = Duration::from_millis(250);
/// How long tries count for an address, for `Retry-After`.
const RETRY_AFTER_S: &str = "600";

#[derive(serde::Deserialize, Default)]
pub(super) struct At {
    #[serde(default)]
    pub(super) at: String,
}

/// `GET /console`: the door, or the first screen for whoever is in.
pub(super) async fn first(State(console): Shared, asked: Asked, Query(at): Query<At>) -> Response {
    let Some(token) = asked.cookie(guard::SESSION) else { return knockers(&console, &asked, &at.at).await };
    match console.app.signed_in(&token).await {
        Ok(Some(who)) => home::show(&console, who, asked, &at.at).await,
        Ok(None) => {
            // The cookie stays, for the form is bound to it; a new session replaces it.
            let at = if at.at.is_empty() { "ended" } else { &at.at };
            knockers(&console, &asked, at).await
        }
        Err(fault) => asked.failed(fault.into()),
    }
}

/// Somebody who came to where only forms go.
pub(super) async fn back() -> Redirect {
    Redirect::to("/console")
}

async fn knockers(console: &Console, asked: &Asked, at: &str) -> Response {
    let t = &asked.t.sign_in;
    let (message, good) = match at {
        "ready" => (Some(t.ready), true),
        "signed_out" => (Some(t.signed_out), true),
        "ended" => (Some(t.ended), false),
        "over" => (Some(t.over), false),
        _ => (None, false),
    };
    asked.show(console, StatusCode::OK, |page| Screen::SignIn(SignIn { page, message, good })).await
}

/// `POST /console/sign_in`
pub(super) async fn sign_in(State(console): Shared, sent: Sent) -> Response {
    let until = Instant::now() + ANSWERED_AFTER;
    let asked = &sent.asked;
    let knocked = console.app.knock(sent.get("login"), sent.get("password"), asked.from).await;
    tokio::time::sleep_until(until).await;
    let t = &asked.t.sign_in;
    let again = async |status, message| {
        asked
            .show(&console, status, |page| {
                Screen::SignIn(SignIn { page, message: Some(message), good: false })
            })
            .await
    };
    match knocked {
        Ok(Knocked::Passed(token)) => {
            let age = u32::try_from(CODE_MINUTES * 60).ok();
            let mut answer = Redirect::to("/console/code").into_response();
            let cookie = guard::set_cookie(guard::ATTEMPT, &token, age, guard::is_secure(&console));
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            answer
        }
        Ok(Knocked::Refused) => again(StatusCode::UNPROCESSABLE_ENTITY, t.refused).await,
        Ok(Knocked::TooOften) => {
            let mut answer = again(StatusCode::TOO_MANY_REQUESTS, t.too_often).await;
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            answer
        }
        Err(problem) => asked.failed(problem),
    }
}

/// `GET /console/code`
pub(super) async fn code(State(console): Shared, asked: Asked) -> Response {
    if asked.cookie(guard::ATTEMPT).is_none() {
        return Redirect::to("/console").into_response();
    }
    asked.show(&console, StatusCode::OK, |page| Screen::Code(Code { page, message: None })).await
}

/// `POST /console/code`
pub(super) async fn try_code(State(console): Shared, sent: Sent) -> Response {
    let asked = &sent.asked;
    let coded = match (asked.cookie(guard::ATTEMPT), OtpCode::parse(sent.get("code"))) {
        (None, _) => Ok(Coded::Over),
        // Letters, or too few digits: a slip of the fingers and no try.
        (Some(_), Err(_)) => Ok(Coded::Wrong),
        (Some(token), Ok(code)) => console.app.try_otp(&token, &code, asked.from).await,
    };
    match coded {
        Ok(Coded::In(token)) => {
            let mut answer = Redirect::to("/console").into_response();
            let cookie = guard::set_cookie(guard::SESSION, &token, None, guard::is_secure(&console));
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            without(&console, answer, &[guard::ATTEMPT, guard::DOOR])
        }
        Ok(Coded::Wrong) => {
            let message = Some(asked.t.code.wrong);
            let wrong = |page| Screen::Code(Code { page, message });
            asked.show(&console, StatusCode::UNPROCESSABLE_ENTITY, wrong).await
        }
        Ok(Coded::Over) => {
            without(&console, Redirect::to("/console?at=over").into_response(), &[guard::ATTEMPT])
        }
        Err(problem) => asked.failed(problem),
    }
}

/// `POST /console/sign_out`
pub(super) async fn sign_out(State(console): Shared, somebody: Somebody, _: Sent) -> Response {
    match console.app.sign_out(&somebody.who).await {
        Ok(()) => {
            let answer = Redirect::to("/console?at=signed_out").into_response();
            without(&console, answer, &[guard::SESSION])
        }
        Err(problem) => somebody.asked.failed(problem),
    }
}

/// The same answer, after which the browser has these cookies no more.
fn without(console: &Console, mut answer: Response, cookies: &[&str]) -> Response {
    for name in cookies {
        let gone = guard::set_cookie(name, "", Some(0), guard::is_secure(console));
        answer.headers_mut().append(header::SET_COOKIE, gone);
    }
    answer
}
