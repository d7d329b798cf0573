//! Who is at the console, for every route behind its door.

use super::asked::Asked;
use super::view::Screen;
use super::{Console, guard};
use crate::flow::door::SignedIn;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use ingam_cases::id::{InstitutionId, StaffId};
use ingam_cases::staff::Role;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A member of staff who is signed in and owes nothing. Extracting it sends everybody else to the door, and whoever has
/// to choose another password to where that is done.
pub(super) struct Staff {
    /// Who.
    pub id: StaffId,
    /// For whom they work: nothing of another institution's is theirs to see.
    pub institution: InstitutionId,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    pub(super) asked: Asked,
}

impl Staff {
    /// Whether they have a role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Lets only those go on who have a role.
    ///
    /// # Errors
    /// The screen that says so.
    pub async fn require(&self, console: &Console, role: Role) -> Result<(), Response> {
        if self.has(role) {
            return Ok(());
        }
        let t = self.asked.t;
        let denied =
            |base| Screen::notice(base, "denied", t.denied.title, t.denied.text, t.denied.go, "/console");
        Err(self.asked.show(console, StatusCode::FORBIDDEN, denied).await)
    }
}

impl FromRequestParts<Arc<Console>> for Staff {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Response> {
        let Somebody { who, asked } = Somebody::from_request_parts(parts, console).await?;
        if who.staff.must_change_password(console.app.now()) {
            return Err(Redirect::to("/console/password").into_response());
        }
        let staff = &who.staff;
        let (id, institution, roles) = (staff.id.clone(), staff.institution.clone(), staff.roles.clone());
        Ok(Self { id, institution, roles, asked })
    }
}

/// A member of staff who is signed in and may have to choose another password first.
pub(super) struct Somebody {
    pub(super) who: SignedIn,
    pub(super) asked: Asked,
}

impl FromRequestParts<Arc<Console>> for Somebody {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Response> {
        let Ok(asked) = Asked::from_request_parts(parts, console).await;
        let Some(token) = asked.cookie(guard::SESSION) else {
            return Err(Redirect::to("/console").into_response());
        };
        match console.app.signed_in(&token).await {
            Ok(Some(who)) => Ok(Self { who, asked }),
            Ok(None) => Err(Redirect::to("/console?at=ended").into_response()),
            Err(fault) => Err(asked.failed(fault.into())),
        }
    }
}
