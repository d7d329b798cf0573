//! Verifications: open, get, list, cancel.

use super::address;
use super::auth::Auth;
use super::body::{self, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
use super::media::own_medium;
use super::object::{VerificationObject, verification_object};
use super::page::Page;
use super::problem::Problem;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::open::Opening;
use crate::flow::verification::{Act, Along, Current, KIND};
use crate::fresh;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::{InstitutionId, PolicyId, VerificationId};
use ingam_cases::in_clear::{NotInClear, no_number_of_a_person, opaque};
use ingam_cases::medium::{Medium, MediumKind};
use ingam_cases::verification::{Command, NamedMedium, Status, Verification};
use ingam_ledger::{Cursor, ListQuery, Owner};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest reference, in characters.
const MAX_REFERENCE: usize = 200;

/// What an institution asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenVerification {
    /// Which policy; its newest version is used.
    #[schema(example = "pol_01m9yr1e00e8abmcypx2tvb0zk", pattern = "^pol_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    policy: String,
    /// Your reference, for lists; 1 to 200 visible characters of ASCII without `@`. It stays in clear for ever, so
    /// what has the form of a resident number or of a mobile phone's is refused.
    #[schema(example = "application-1024", pattern = "^[!-?A-~]{1,200}$")]
    reference: Option<String>,
    /// Where the person goes back to. https, without user name and fragment, at most 2,000 characters. It stays
    /// in clear for ever: no personal data; what looks like a person's number is refused.
    #[schema(example = "https://bank.example/back", format = "uri", max_length = 2000)]
    return_url: Option<String>,
    /// The person's access medium, where the policy has a `device` step; you vouch whose it is.
    #[schema(example = "med_01m9yr1e00e8abmcypx2tvb0zk", pattern = "^med_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    medium: Option<String>,
}

impl Payload for OpenVerification {}

/// Opens a verification. Send the person to its `url`.
#[utoipa::path(
    post, path = "/v1/verifications", tag = "verifications",
    request_body = OpenVerification,
    responses((status = 201, description = "Opened.", body = VerificationObject,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn open_verification(
    State(app): State<Arc<App>>,
    posted: Posted<OpenVerification>,
) -> Result<Response, Problem> {
    let institution = &posted.auth.caller.institution;
    let opening = opening(&app, &institution.id, posted.body).await?;
    if !institution.policies.contains_key(&opening.policy) {
        return Err(Problem::field("/policy", "not_found"));
    }
    let id = fresh!(app, VerificationId);
    let done = posted
        .once
        .act(&app, id.as_str(), |take| app.open_verification(institution, id.clone(), opening, take))
        .await?;
    let (state, before) = told(&app, done).await?;
    let object = verification_object(&app, &state).await?;
    let location = format!("/v1/verifications/{}", object.id);
    let answer = (StatusCode::CREATED, [(header::LOCATION, location)], Json(object));
    Ok(replayed(answer, before))
}

async fn opening(
    app: &App,
    institution: &InstitutionId,
    given: OpenVerification,
) -> Result<Opening, Problem> {
    let policy = PolicyId::parse(&given.policy).map_err(|_| Problem::field("/policy", "not_found"))?;
    if let Some(given) = &given.reference {
        reference(given)?;
    }
    if let Some(url) = &given.return_url {
        address::of_the_web(url, app.config.webhooks.allow_http)
            .and_then(|_| no_number_of_a_person(url).map_err(not_in_clear))
            .map_err(|code| Problem::field("/return_url", code))?;
    }
    let medium = match &given.medium {
        Some(id) => {
            let medium = own_medium(app, institution, id).await;
            let unknown = |problem: Problem| match problem.is(Code::NotFound) {
                true => Problem::field("/medium", "not_found"),
                false => problem,
            };
            Some(medium.map_err(unknown)?.state)
        }
        None => None,
    };
    let named = |medium: Medium| NamedMedium {
        kind: medium.kind.device(),
        cells: match medium.kind {
            MediumKind::SecurityCard { cells } => Some(cells),
            MediumKind::Totp { .. } | MediumKind::Hotp { .. } => None,
        },
        id: medium.id,
    };
    Ok(Opening {
        policy,
        reference: given.reference,
        return_url: given.return_url,
        medium: medium.map(named),
    })
}

/// Checks a reference of the institution's own, which stays in clear for ever.
pub(super) fn reference(given: &str) -> Result<(), Problem> {
    body::text("/reference", given, MAX_REFERENCE)?;
    opaque(given).map_err(|why| Problem::field("/reference", not_in_clear(why)))
}

fn not_in_clear(why: NotInClear) -> &'static str {
    match why {
        NotInClear::Character => "character",
        NotInClear::PersonalData => "personal_data",
    }
}

/// The state to tell, and whether it was told before.
pub(super) async fn told(app: &App, outcome: Outcome<Current>) -> Result<(Verification, bool), Problem> {
    match outcome {
        Outcome::Now(current) => Ok((current.state, false)),
        Outcome::Before(note) => {
            let id = VerificationId::parse(&note.object).map_err(Fault::internal)?;
            let state = app.verification_at(&id, note.version).await?;
            let state = state.ok_or_else(|| Fault::internal("an idempotency note names no case"))?;
            Ok((state, true))
        }
    }
}

/// A verification of the caller's; another institution's is not found.
pub(super) async fn own(app: &App, institution: &InstitutionId, id: &str) -> Result<Current, Problem> {
    let id = body::id(id, VerificationId::parse)?;
    let current = app.verification(&id).await?.filter(|c| c.state.institution == *institution);
    current.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Reads a verification. No personal data: those are in its result.
#[utoipa::path(
    get, path = "/v1/verifications/{id}", tag = "verifications",
    params(("id" = String, Path, description = "Its id.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "As it stands.", body = VerificationObject))
)]
pub async fn get_verification(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    query: Query,
) -> Result<Json<VerificationObject>, Problem> {
    query.end()?;
    let current = own(&app, &auth.caller.institution.id, &id).await?;
    Ok(Json(verification_object(&app, &current.state).await?))
}

/// Lists verifications, newest first.
#[utoipa::path(
    get, path = "/v1/verifications", tag = "verifications",
    params(
        ("status" = Option<String>, Query, description = "Only with this status.", example = "verified"),
        ("reference" = Option<String>, Query, description = "Only with this reference."),
        ("created_from" = Option<String>, Query, description = "Only opened at or after this time (RFC 3339).", format = DateTime),
        ("created_before" = Option<String>, Query, description = "Only opened before this time (RFC 3339).", format = DateTime),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before; the other parameters stay the same."),
    ),
    responses((status = 200, description = "One page.", body = Page<VerificationObject>))
)]
pub async fn list_verifications(
    State(app): State<Arc<App>>,
    auth: Auth,
    mut query: Query,
) -> Result<Json<Page<VerificationObject>>, Problem> {
    let owner = Owner::Institution(auth.caller.institution.id.to_string());
    let list = ListQuery {
        status: query.read("status", |text| status(text).map(|s| s.as_str().to_owned()))?,
        reference: query.take("reference"),
        created_from: query.time("created_from")?,
        created_before: query.time("created_before")?,
        after: query.read("cursor", Cursor::parse)?,
        ..ListQuery::new(KIND, owner, query.limit()? as u32)
    };
    query.end()?;
    let page = app.ledger.list(list).await?;
    let mut data = Vec::with_capacity(page.cases.len());
    for view in page.cases.into_iter().filter_map(|case| case.view) {
        let state: Verification = serde_json::from_value(view.state).map_err(Fault::internal)?;
        data.push(verification_object(&app, &state).await?);
    }
    Ok(Json(Page { data, next_cursor: page.next.map(|cursor| cursor.to_string()) }))
}

fn status(text: &str) -> Option<Status> {
    use Status::{Cancelled, Created, Expired, InProgress, Refused, Verified, Waiting};
    [Created, InProgress, Waiting, Verified, Refused, Expired, Cancelled]
        .into_iter()
        .find(|s| s.as_str() == text)
}

/// Withdraws a verification that has not ended. The person's page says so at once.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/cancel", tag = "verifications",
    params(("id" = String, Path, description = "Its id.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "Cancelled.", body = VerificationObject))
)]
pub async fn cancel_verification(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<body::Nothing>,
) -> Result<Response, Problem> {
    let current = own(&app, &posted.auth.caller.institution.id, &id).await?;
    let (app, id) = (&*app, &current.state.id);
    let done = posted
        .once
        .act(app, id.as_str(), |take| async move {
            app.act(id, Along { take, ..Along::default() }, |_, _| Ok(Act::plain(Command::Cancel))).await
        })
        .await?;
    let (state, before) = told(app, done).await?;
    Ok(replayed(Json(verification_object(app, &state).await?), before))
}
