//! Events: what webhooks carry, to be read again and sent again.
//!
//! An event is an entry of the ledger that has its number and a public type. Its data is the verification as it
//! stood then, folded from the entries, so it never changes and holds no personal data.

use super::auth::Auth;
use super::body::{self, PathId, Payload, Posted, Query};
use super::code::Code;
use super::cursor;
use super::idempotency::{Outcome, replayed};
use super::object::{VerificationObject, verification_object};
use super::page::Page;
use super::problem::Problem;
use super::verifications::own;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::{ActError, read_event};
use crate::sequencer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ingam_cases::id::{EndpointId, EntryId, InstitutionId, VerificationId};
use ingam_cases::institution::Institution;
use ingam_cases::verification::Event;
use ingam_ledger::{ClearEntry, Commit, Stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Entries looked at for one page: a page may hold fewer events than asked for, or none, and still have a next.
const LOOKED_AT: u32 = 2_000;

/// An event, in the very form in which webhooks carry it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventObject {
    /// Its id; the header `webhook-id` of its deliveries.
    #[schema(example = "ent_01m9yr1e00e8abmcypx2tvb0zk")]
    pub id: String,
    /// What happened; more types may come.
    #[schema(example = "verification.verified")]
    pub r#type: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:04:31.002Z")]
    pub timestamp: Timestamp,
    /// The verification as it stood then.
    pub data: VerificationObject,
}

/// An event that institutions learn of; nothing where the entry is none.
///
/// # Errors
/// Where the ledger fails.
pub async fn event_object(app: &App, entry: &ClearEntry) -> Result<Option<EventObject>, Fault> {
    let Some(public_type) = public_type(entry)? else { return Ok(None) };
    let id = VerificationId::parse(&entry.case).map_err(Fault::internal)?;
    let state = app.verification_at(&id, entry.version).await?;
    let state = state.ok_or_else(|| Fault::internal("an entry belongs to a case"))?;
    Ok(Some(EventObject {
        id: entry.id.clone(),
        r#type: public_type,
        timestamp: entry.time,
        data: verification_object(app, &state).await?,
    }))
}

fn public_type(entry: &ClearEntry) -> Result<Option<&'static str>, Fault> {
    if !entry.kind.starts_with("verification.") {
        return Ok(None);
    }
    let event: Event = read_event(&entry.kind, &entry.clear)?;
    Ok(event.public_type())
}

/// An event of the caller's; what is not numbered yet is not told yet.
async fn own_event(app: &App, institution: &InstitutionId, id: &str) -> Result<ClearEntry, Problem> {
    let id = body::id(id, EntryId::parse)?;
    let entry = app.ledger.entry(id.as_str()).await?.filter(|entry| {
        entry.institution.as_deref() == Some(institution.as_str())
            && entry.number.is_some()
            && entry.stream == Stream::Main
    });
    match entry {
        Some(entry) if public_type(&entry)?.is_some() => Ok(entry),
        _ => Err(Problem::new(Code::NotFound)),
    }
}

/// Lists events, oldest first, so that a server that was down can go on where it stopped: keep `next_cursor`,
/// which is always there, and ask again later with it. A page may be empty.
#[utoipa::path(
    get, path = "/v1/events", tag = "events",
    params(
        ("verification" = Option<String>, Query, description = "Only those of one verification.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk"),
        ("type" = Option<String>, Query, description = "Only those of one type.", example = "verification.verified"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before; the other parameters stay the same."),
    ),
    responses((status = 200, description = "One page.", body = Page<EventObject>))
)]
pub async fn list_events(
    State(app): State<Arc<App>>,
    auth: Auth,
    mut query: Query,
) -> Result<Json<Page<EventObject>>, Problem> {
    let institution = &auth.caller.institution.id;
    let limit = query.limit()?;
    let of = query.take("verification");
    let only = query.read("type", |text| Event::PUBLIC_TYPES.into_iter().find(|known| *known == text))?;
    let given = query.take("cursor");
    query.end()?;
    let case = match &of {
        Some(id) => Some(own(&app, institution, id).await?.state.id),
        None => None,
    };
    // What the cursor counts is bound into it: numbers of the whole ledger, or versions of one case.
    let scope = format!("events/{institution}/{}", case.as_ref().map_or("", VerificationId::as_str));
    let mut after = match &given {
        Some(text) => {
            cursor::open(&app, &scope, text).await?.ok_or_else(|| Problem::query("cursor", "malformed"))?
        }
        None => 0,
    };
    let entries = match &case {
        Some(case) => app.ledger.entries(case.as_str(), after, LOOKED_AT).await?,
        None => app.ledger.numbered(Stream::Main, institution.as_str(), after, LOOKED_AT).await?,
    };
    let mut data = Vec::new();
    for entry in entries {
        let Some(number) = entry.number else { break };
        if data.len() == limit {
            break;
        }
        after = if case.is_some() { entry.version } else { number };
        match public_type(&entry)? {
            Some(found) if only.is_none_or(|only| only == found) => {
                data.extend(event_object(&app, &entry).await?)
            }
            _ => {}
        }
    }
    let next_cursor = Some(cursor::seal(&app, &scope, after).await?);
    Ok(Json(Page { data, next_cursor }))
}

/// Reads an event.
#[utoipa::path(
    get, path = "/v1/events/{id}", tag = "events",
    params(("id" = String, Path, description = "Its id.", example = "ent_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "As it was sent.", body = EventObject))
)]
pub async fn get_event(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    query: Query,
) -> Result<Json<EventObject>, Problem> {
    query.end()?;
    let entry = own_event(&app, &auth.caller.institution.id, &id).await?;
    Ok(Json(event_object(&app, &entry).await?.ok_or(Problem::new(Code::NotFound))?))
}

/// Where to send an event again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendEvent {
    /// One endpoint; none means all that ask for this type.
    #[schema(example = "whe_01m9yr1e00e8abmcypx2tvb0zk")]
    endpoint: Option<String>,
}

impl Payload for ResendEvent {
    const MAY_BE_EMPTY: bool = true;
}

/// Sends an event again, with the same id and data.
#[utoipa::path(
    post, path = "/v1/events/{id}/resend", tag = "events",
    params(("id" = String, Path, description = "Its id.", example = "ent_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = ResendEvent,
    responses((status = 202, description = "It will be sent again.", body = EventObject))
)]
pub async fn resend_event(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<ResendEvent>,
) -> Result<Response, Problem> {
    let institution = &posted.auth.caller.institution;
    let entry = own_event(&app, &institution.id, &id).await?;
    let object = event_object(&app, &entry).await?.ok_or(Problem::new(Code::NotFound))?;
    let app = &*app;
    let mut tasks = Vec::new();
    // Endpoints may be gone by now; what was answered before is answered again all the same.
    if posted.once.before(app).await?.is_none() {
        for endpoint in receivers(institution, posted.body.endpoint.as_deref(), object.r#type)? {
            tasks.push(sequencer::delivery(app, &entry, &institution.id, &endpoint)?);
        }
    }
    let done = posted
        .once
        .act(app, &entry.id, |take| async move {
            let commit = Commit { take, tasks, ..Commit::default() };
            match app.ledger.commit(commit).await? {
                Ok(_) => Ok(()),
                Err(ingam_ledger::Refused::ClaimHeld { note, .. }) => Err(ActError::Held { note }),
                Err(other) => Err(Fault::internal(other.code()).into()),
            }
        })
        .await?;
    let before = matches!(done, Outcome::Before(_));
    Ok(replayed((StatusCode::ACCEPTED, Json(object)), before))
}

fn receivers(
    institution: &Institution,
    named: Option<&str>,
    event_type: &str,
) -> Result<Vec<EndpointId>, Problem> {
    if let Some(named) = named {
        let named = EndpointId::parse(named).ok().filter(|id| institution.endpoints.contains_key(id));
        return Ok(vec![named.ok_or_else(|| Problem::field("/endpoint", "not_found"))?]);
    }
    let all = institution.endpoints.iter().filter(|(_, endpoint)| endpoint.wants(event_type));
    let all: Vec<EndpointId> = all.map(|(id, _)| id.clone()).collect();
    if all.is_empty() { Err(Problem::new(Code::NoEndpoint)) } else { Ok(all) }
}
