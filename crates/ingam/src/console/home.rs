//! Behind the door: who is in and what they may do, and another password.

use super::asked::{Asked, Sent};
use super::setup::lacking;
use super::staff::Somebody;
use super::texts::Texts;
use super::view::{Home, Password, Screen};
use super::{Console, Shared};
use crate::fault::Fault;
use crate::flow::ActError;
use crate::flow::door::{NotSet, SignedIn};
use crate::flow::plaintext::{ReadFrom, Reader};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ingam_cases::id::InstitutionId;
use ingam_cases::refusal::Refusal;
use ingam_cases::staff::Role;

/// The first screen, for whoever is in.
pub(super) async fn show(console: &Console, who: SignedIn, asked: Asked, at: &str) -> Response {
    if who.staff.must_change_password(console.app.now()) {
        return Redirect::to("/console/password").into_response();
    }
    let t = asked.t;
    let (staff, id) = (&who.staff, who.staff.id.clone());
    let reader = Reader {
        actor_kind: "staff",
        actor: id.as_str(),
        origin: ReadFrom::Server(asked.from),
        reason: "show_own_name",
    };
    let names = match console.app.staff_names(staff, reader).await {
        Ok(names) => names,
        Err(problem) => return asked.failed(problem),
    };
    let institution = match institution(console, &who.staff.institution).await {
        Ok(name) => name,
        Err(fault) => return asked.failed(fault.into()),
    };
    let title = names.name.map_or_else(|| t.home.nobody.to_owned(), |name| t.home.title(name.expose()));
    let home = |page| {
        Screen::Home(Home {
            page,
            institution,
            title,
            roles: staff.roles.iter().map(|role| word(t, *role)).collect(),
            reviews: staff.roles.contains(&Role::Reviewer),
            message: (at == "changed").then_some(t.password.changed),
        })
    };
    asked.show(console, StatusCode::OK, home).await
}

fn word(t: &'static Texts, role: Role) -> &'static str {
    match role {
        Role::Reviewer => t.home.reviewer,
        Role::Agent => t.home.agent,
        Role::Administrator => t.home.administrator,
    }
}

/// An institution's name.
pub(super) async fn institution(console: &Console, id: &InstitutionId) -> Result<String, Fault> {
    let institution = console.app.institution(id).await?;
    Ok(institution.map(|i| i.profile.name.clone()).unwrap_or_default())
}

/// `GET /console/password`
pub(super) async fn password(State(console): Shared, somebody: Somebody) -> Response {
    screen(&console, &somebody, &NotSet::default(), StatusCode::OK).await
}

/// `POST /console/password`
pub(super) async fn change_password(State(console): Shared, somebody: Somebody, sent: Sent) -> Response {
    let (old, new) = (sent.get("old"), sent.get("password"));
    match console.app.change_password(&somebody.who, old, new, somebody.asked.from).await {
        Ok(Ok(())) => Redirect::to("/console?at=changed").into_response(),
        Ok(Err(not_set)) => screen(&console, &somebody, &not_set, StatusCode::UNPROCESSABLE_ENTITY).await,
        Err(ActError::Refused(Refusal::OtherSession | Refusal::StaffLeft)) => {
            Redirect::to("/console?at=ended").into_response()
        }
        Err(problem) => somebody.asked.failed(problem),
    }
}

async fn screen(console: &Console, somebody: &Somebody, not_set: &NotSet, status: StatusCode) -> Response {
    let t = somebody.asked.t;
    let must = somebody.who.staff.must_change_password(console.app.now());
    let screen = |page| {
        Screen::Password(Password {
            page,
            must,
            old_message: not_set.wrong_password.then_some(t.password.wrong_old),
            new_message: lacking(t, &not_set.lacks),
        })
    };
    somebody.asked.show(console, status, screen).await
}
