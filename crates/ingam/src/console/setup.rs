//! The setup link over HTTP: choose a password, connect an authenticator app, prove it with a code.

use super::asked::{Asked, Sent};
use super::texts::Texts;
use super::view::{Screen, SetUp};
use super::{Console, Shared};
use crate::flow::ActError;
use crate::flow::door::{NotSet, Setup};
use crate::page::say::korea;
use crate::qr;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ingam_cases::otp::OtpCode;
use ingam_cases::refusal::Refusal;
use ingam_cases::staff::Lack;

/// `GET /console/setup/{token}`
pub(super) async fn show(State(console): Shared, asked: Asked, Path(token): Path<String>) -> Response {
    match console.app.setup(&token, asked.from).await {
        Ok(Some(setup)) => page(&console, &asked, &setup, &NotSet::default(), StatusCode::OK).await,
        Ok(None) => gone(&console, &asked).await,
        Err(problem) => asked.failed(problem),
    }
}

/// `POST /console/setup/{token}`
pub(super) async fn send(State(console): Shared, Path(token): Path<String>, sent: Sent) -> Response {
    let asked = &sent.asked;
    let setup = match console.app.setup(&token, asked.from).await {
        Ok(Some(setup)) => setup,
        Ok(None) => return gone(&console, asked).await,
        Err(problem) => return asked.failed(problem),
    };
    let code = OtpCode::parse(sent.get("code")).ok();
    match console.app.set_up(&setup, sent.get("password"), code).await {
        Ok(Ok(())) => Redirect::to("/console?at=ready").into_response(),
        Ok(Err(not_set)) => page(&console, asked, &setup, &not_set, StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(ActError::Refused(Refusal::Expired | Refusal::StaffLeft)) => gone(&console, asked).await,
        Err(problem) => asked.failed(problem),
    }
}

async fn page(
    console: &Console,
    asked: &Asked,
    setup: &Setup,
    not_set: &NotSet,
    status: StatusCode,
) -> Response {
    let t = asked.t;
    let institution = match console.app.institution(&setup.staff.institution).await {
        Ok(institution) => institution.map(|i| i.profile.name.clone()).unwrap_or_default(),
        Err(fault) => return asked.failed(fault.into()),
    };
    let until = setup.staff.setup.as_ref().map(|setup| korea(setup.expires_at));
    let until = until.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
    let exposed = setup.secret.expose();
    let draw = |page| {
        Screen::SetUp(Box::new(SetUp {
            page,
            help: t.setup.help(institution, until),
            qr: qr::draw(&setup.uri),
            secret: exposed
                .as_bytes()
                .chunks(4)
                .map(|four| String::from_utf8_lossy(four).into_owned())
                .collect(),
            password_message: lacking(t, &not_set.lacks),
            code_message: not_set.wrong_code.then_some(t.setup.wrong_code),
        }))
    };
    asked.show(console, status, draw).await
}

async fn gone(console: &Console, asked: &Asked) -> Response {
    let t = asked.t;
    let gone = |page| Screen::notice(page, "gone", t.gone.title, t.gone.text, t.gone.go, "/console");
    asked.show(console, StatusCode::NOT_FOUND, gone).await
}

/// What a new password lacks, in one sentence.
pub(super) fn lacking(t: &'static Texts, lacks: &[Lack]) -> Option<String> {
    let p = &t.password;
    let sentence = |lack: &Lack| match lack {
        Lack::TooLong => Some(p.too_long),
        Lack::SameAsLast => Some(p.same),
        Lack::Length | Lack::Letter | Lack::Digit | Lack::Special => None,
    };
    if let Some(sentence) = lacks.iter().find_map(sentence) {
        return Some(sentence.to_owned());
    }
    let words: Vec<&str> = lacks
        .iter()
        .filter_map(|lack| match lack {
            Lack::Length => Some(p.length),
            Lack::Letter => Some(p.letter),
            Lack::Digit => Some(p.digit),
            Lack::Special => Some(p.special),
            Lack::TooLong | Lack::SameAsLast => None,
        })
        .collect();
    (!words.is_empty()).then(|| p.lacks(words.join(", ")))
}
