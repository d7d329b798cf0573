//! Staff: who signs in to the institution's console, and what they may do there.
//!
//! A member of staff chooses password and device under a setup link that this hands out; neither is ever seen here.
//! Names and logins are masked unless a reason is given, and every reading of them is on record.

use super::auth::Auth;
use super::body::{self, Nothing, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
use super::page::Page;
use super::problem::{FieldProblem, Problem};
use super::results::word_of_reason;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::plaintext::Reader;
use crate::flow::staff::{CurrentStaff, Invitation, KIND};
use crate::fresh;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::{InstitutionId, StaffId};
use ingam_cases::staff::{By, Command, Login, Role, Staff, Status};
use ingam_cases::values::{Malformed, PersonName};
use ingam_ledger::{Cursor, ListQuery, Owner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Why names are opened where nobody asked for them: to be shown masked.
const MASKED: &str = "show_masked";

/// A member of staff.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Staff)]
pub struct StaffObject {
    /// Their id.
    #[schema(example = "stf_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `staff`.
    #[schema(example = "staff")]
    object: &'static str,
    /// `invited`, `active`, `locked` or `left`; more may come.
    #[schema(example = "active")]
    status: &'static str,
    /// What they may do: `reviewer`, `agent`, `administrator`; more may come.
    #[schema(example = json!(["reviewer", "administrator"]))]
    roles: Vec<&'static str>,
    /// The name with its middle hidden; null once it was destroyed.
    #[schema(example = "김*아")]
    name_masked: Option<String>,
    /// The login's first two characters; null once it was destroyed.
    #[schema(example = "ki***")]
    login_masked: Option<String>,
    /// The name; only where a reason was given.
    #[schema(example = "김수아")]
    name: Option<String>,
    /// The login; only where a reason was given.
    #[schema(example = "kim.sua")]
    login: Option<String>,
    /// When they were invited.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:01:12.345Z")]
    created_at: Timestamp,
    /// Until when the setup link can be used; null where there is none.
    #[schema(value_type = Option<String>, format = DateTime)]
    setup_expires_at: Option<Timestamp>,
    /// From when on they must choose another password before anything else; null where never.
    #[schema(value_type = Option<String>, format = DateTime)]
    password_change_by: Option<Timestamp>,
    /// Since when nobody can sign in as them.
    #[schema(value_type = Option<String>, format = DateTime)]
    locked_at: Option<Timestamp>,
    /// What locked the account: `wrong_password`, `wrong_code` or `used_code`.
    #[schema(example = "wrong_password")]
    locked_because: Option<String>,
    /// When they left.
    #[schema(value_type = Option<String>, format = DateTime)]
    left_at: Option<Timestamp>,
}

/// A member of staff with a setup link.
#[derive(Serialize, ToSchema)]
pub struct StaffWithSetup {
    /// The member of staff.
    #[serde(flatten)]
    staff: StaffObject,
    /// Where they choose a password and a device: once, within 72 hours. Whoever has it can act for them: hand it to
    /// nobody else. Only in this answer.
    #[schema(
        example = "https://ingam.example/console/setup/01m9yr1e00e8abmcypx2tvb0zk.1.0123456789abcdef0123456789abcdef"
    )]
    setup_url: Option<String>,
}

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteStaff {
    /// Their name, at most 80 characters. Sealed.
    #[schema(example = "김수아", min_length = 1, max_length = 80)]
    name: String,
    /// What they type to sign in: 3 to 64 of a-z, 0-9 and `. _ - + @`; its case does not matter. Nobody else on this
    /// server has it. No resident or phone number. Sealed.
    #[schema(example = "kim.sua", min_length = 3, max_length = 64)]
    login: String,
    /// What they may do, at least one.
    #[schema(value_type = Vec<String>, example = json!(["reviewer"]))]
    roles: Vec<Role>,
}

impl Payload for InviteStaff {}

/// What to change of a member of staff.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeStaff {
    /// What they may do from now on, at least one.
    #[schema(value_type = Vec<String>, example = json!(["reviewer", "agent"]))]
    roles: Vec<Role>,
}

impl Payload for ChangeStaff {}

fn roles(given: &[Role]) -> Result<BTreeSet<Role>, Problem> {
    if given.is_empty() {
        return Err(Problem::field("/roles", "empty"));
    }
    let mut set = BTreeSet::new();
    match given.iter().position(|role| !set.insert(*role)) {
        Some(at) => Err(Problem::field(format!("/roles/{at}"), "repeated")),
        None => Ok(set),
    }
}

fn malformed(pointer: &str, why: Malformed) -> FieldProblem {
    let code = match why {
        Malformed::Empty => "empty",
        Malformed::TooLong(_) => "too_long",
        Malformed::Length => "length",
        Malformed::Character | Malformed::Date => "character",
    };
    FieldProblem::new(pointer, code)
}

fn invitation(given: &InviteStaff, by: By) -> Result<Invitation, Problem> {
    let (name, login) = (PersonName::parse(&given.name), Login::parse(&given.login));
    let roles = roles(&given.roles);
    match (name, login, roles) {
        (Ok(name), Ok(login), Ok(roles)) => Ok(Invitation { name, login, roles, by }),
        (name, login, roles) => {
            let mut problem = Problem::new(Code::Invalid);
            problem.errors.extend(name.err().map(|why| malformed("/name", why)));
            problem.errors.extend(login.err().map(|why| malformed("/login", why)));
            problem.errors.extend(roles.err().into_iter().flat_map(|p| p.errors));
            Err(problem)
        }
    }
}

/// Invites a member of staff. Hand them the `setup_url`: until they chose a password and a device under it, they can't
/// sign in.
#[utoipa::path(
    post, path = "/v1/staff", tag = "staff",
    request_body = InviteStaff,
    responses((status = 201, description = "Invited.", body = StaffWithSetup,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn invite_staff(
    State(app): State<Arc<App>>,
    posted: Posted<InviteStaff>,
) -> Result<Response, Problem> {
    let caller = &posted.auth.caller;
    let invitation = invitation(&posted.body, By::Key(caller.key.clone()))?;
    let id = fresh!(app, StaffId);
    let done = posted
        .once
        .act(&app, id.as_str(), |take| app.invite_staff(&caller.institution.id, id.clone(), invitation, take))
        .await?;
    let (state, before) = told(&app, done).await?;
    let object = with_setup(&app, &posted.auth, &state).await?;
    let location = format!("/v1/staff/{}", state.id);
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok(replayed((StatusCode::CREATED, headers, Json(object)), before))
}

/// Changes what a member of staff may do, from their next request on.
#[utoipa::path(
    post, path = "/v1/staff/{id}", tag = "staff",
    params(("id" = String, Path, description = "Their id.", example = "stf_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = ChangeStaff,
    responses((status = 200, description = "Changed.", body = StaffObject))
)]
pub async fn change_staff(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<ChangeStaff>,
) -> Result<Response, Problem> {
    let roles = roles(&posted.body.roles)?;
    let (state, before) = changed(&app, &id, &posted, |by| Command::SetRoles { roles, by }).await?;
    Ok(replayed(Json(masked(&app, &posted.auth, &state).await?), before))
}

/// Opens an account that too many wrong passwords or codes locked.
#[utoipa::path(
    post, path = "/v1/staff/{id}/unlock", tag = "staff",
    params(("id" = String, Path, description = "Their id.", example = "stf_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "Open; also where it was before.", body = StaffObject))
)]
pub async fn unlock_staff(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (state, before) = changed(&app, &id, &posted, |by| Command::Unlock { by }).await?;
    Ok(replayed(Json(masked(&app, &posted.auth, &state).await?), before))
}

/// Makes a new setup link, for somebody who lost the device or the password. What was set up before works no more,
/// their session ends, and the account is no longer locked.
#[utoipa::path(
    post, path = "/v1/staff/{id}/reset", tag = "staff",
    params(("id" = String, Path, description = "Their id.", example = "stf_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "With the new link.", body = StaffWithSetup))
)]
pub async fn reset_staff(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (state, before) = changed(&app, &id, &posted, |by| Command::Reset { by }).await?;
    let object = with_setup(&app, &posted.auth, &state).await?;
    Ok(replayed(([(header::CACHE_CONTROL, "no-store")], Json(object)), before))
}

/// Ends an account for ever: the session ends at once, nobody signs in with it again, and its login is free.
#[utoipa::path(
    post, path = "/v1/staff/{id}/remove", tag = "staff",
    params(("id" = String, Path, description = "Their id.", example = "stf_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "They left; also where they had before.", body = StaffObject))
)]
pub async fn remove_staff(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (state, before) = changed(&app, &id, &posted, |by| Command::Leave { by }).await?;
    Ok(replayed(Json(masked(&app, &posted.auth, &state).await?), before))
}

async fn changed<T>(
    app: &App,
    id: &str,
    posted: &Posted<T>,
    command: impl FnOnce(By) -> Command,
) -> Result<(Staff, bool), Problem> {
    let caller = &posted.auth.caller;
    let id = own(app, &caller.institution.id, id).await?.state.id;
    let command = command(By::Key(caller.key.clone()));
    let done = posted.once.act(app, id.as_str(), |take| app.change_staff(&id, command, take)).await?;
    told(app, done).await
}

/// The state to tell, and whether it was told before.
async fn told(app: &App, outcome: Outcome<CurrentStaff>) -> Result<(Staff, bool), Problem> {
    match outcome {
        Outcome::Now(current) => Ok((current.state, false)),
        Outcome::Before(note) => {
            let id = StaffId::parse(&note.object).map_err(Fault::internal)?;
            let state = app.staff_at(&id, note.version).await?;
            Ok((state.ok_or_else(|| Fault::internal("an idempotency note names nobody"))?, true))
        }
    }
}

/// A member of the caller's staff; another institution's is not found.
async fn own(app: &App, institution: &InstitutionId, id: &str) -> Result<CurrentStaff, Problem> {
    let id = body::id(id, StaffId::parse)?;
    let current = app.staff(&id).await?.filter(|c| c.state.institution == *institution);
    current.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Reads a member of staff. With a reason the name and the login stand there in clear, and the reason is on record.
#[utoipa::path(
    get, path = "/v1/staff/{id}", tag = "staff",
    params(
        ("id" = String, Path, description = "Their id.", example = "stf_01m9yr1e00e8abmcypx2tvb0zk"),
        ("reason" = Option<String>, Query, description = "Why the name is needed in clear, in a word of yours: 1 to 64 of a-z, 0-9 and _. No personal data.", pattern = "^[a-z0-9_]{1,64}$", example = "check_leaver"),
    ),
    responses((status = 200, description = "As they stand.", body = StaffObject))
)]
pub async fn get_staff(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    mut query: Query,
) -> Result<Json<StaffObject>, Problem> {
    let reason = query.read("reason", word_of_reason)?;
    query.end()?;
    let current = own(&app, &auth.caller.institution.id, &id).await?;
    Ok(Json(object(&app, &auth, &current.state, reason.as_deref()).await?))
}

/// Lists staff, newest first, also those who left. With a reason the names stand there in clear.
#[utoipa::path(
    get, path = "/v1/staff", tag = "staff",
    params(
        ("status" = Option<String>, Query, description = "Only with this status.", example = "active"),
        ("reason" = Option<String>, Query, description = "Why the names are needed in clear, in a word of yours: 1 to 64 of a-z, 0-9 and _. No personal data.", pattern = "^[a-z0-9_]{1,64}$", example = "monthly_review"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before; the other parameters stay the same."),
    ),
    responses((status = 200, description = "One page.", body = Page<StaffObject>))
)]
pub async fn list_staff(
    State(app): State<Arc<App>>,
    auth: Auth,
    mut query: Query,
) -> Result<Json<Page<StaffObject>>, Problem> {
    let owner = Owner::Institution(auth.caller.institution.id.to_string());
    let status = |text: &str| Status::ALL.into_iter().map(Status::as_str).find(|s| *s == text);
    let list = ListQuery {
        status: query.read("status", |text| status(text).map(str::to_owned))?,
        after: query.read("cursor", Cursor::parse)?,
        ..ListQuery::new(KIND, owner, query.limit()? as u32)
    };
    let reason = query.read("reason", word_of_reason)?;
    query.end()?;
    let page = app.ledger.list(list).await?;
    let mut data = Vec::with_capacity(page.cases.len());
    for view in page.cases.into_iter().filter_map(|case| case.view) {
        let state: Staff = serde_json::from_value(view.state).map_err(Fault::internal)?;
        data.push(object(&app, &auth, &state, reason.as_deref()).await?);
    }
    Ok(Json(Page { data, next_cursor: page.next.map(|cursor| cursor.to_string()) }))
}

async fn with_setup(app: &App, auth: &Auth, state: &Staff) -> Result<StaffWithSetup, Problem> {
    Ok(StaffWithSetup { setup_url: app.setup_url(state).await?, staff: masked(app, auth, state).await? })
}

async fn masked(app: &App, auth: &Auth, state: &Staff) -> Result<StaffObject, Problem> {
    object(app, auth, state, None).await
}

async fn object(app: &App, auth: &Auth, state: &Staff, reason: Option<&str>) -> Result<StaffObject, Problem> {
    let reader = Reader::key(&auth.caller.key, auth.from, reason.unwrap_or(MASKED));
    let names = app.staff_names(state, reader).await?;
    let asked = reason.is_some();
    Ok(StaffObject {
        id: state.id.to_string(),
        object: "staff",
        status: state.status().as_str(),
        roles: state.roles.iter().map(|role| role.as_str()).collect(),
        name_masked: names.name.as_ref().map(PersonName::masked),
        login_masked: names.login.as_ref().map(Login::masked),
        name: names.name.filter(|_| asked).map(|name| name.expose().to_owned()),
        login: names.login.filter(|_| asked).map(|login| login.expose().to_owned()),
        created_at: state.invited_at,
        setup_expires_at: state.setup.as_ref().map(|setup| setup.expires_at),
        password_change_by: state.password.as_ref().and_then(|password| password.change_by),
        locked_at: state.locked.as_ref().map(|locked| locked.at),
        locked_because: state.locked.as_ref().map(|locked| super::object::word(&locked.why)),
        left_at: state.left_at,
    })
}
