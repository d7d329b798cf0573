//! Persons as an institution knows them: what stands behind a `per_` id, and decisions about it with their reason.
//!
//! No personal data: names and numbers stand in the results of the verifications.

use super::auth::Auth;
use super::body::{self, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
use super::problem::Problem;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::ActError;
use crate::fresh;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::{InstitutionId, PersonId, VerificationId};
use ingam_cases::person::{self, Decided, Event, MAX_MOVED, Person};
use ingam_cases::refusal::Refusal;
use ingam_ledger::Take;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A person, as you alone know them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonObject {
    /// The id.
    #[schema(example = "per_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `person`.
    #[schema(example = "person")]
    object: &'static str,
    /// Whom this one turned out to be; ask for that one instead.
    same_as: Option<String>,
    /// Who turned out to be this one.
    absorbed: Vec<String>,
    /// The verifications that are theirs, oldest first.
    verifications: Vec<KnownObject>,
    /// What changed since they were known first.
    changes: Vec<ChangeObject>,
    /// Since when you have told that the person has died.
    #[schema(value_type = Option<String>, format = DateTime)]
    dead_since: Option<Timestamp>,
}

/// A verification of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KnownVerification)]
pub struct KnownObject {
    /// Which.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    verification: String,
    /// When it was linked.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:04:31.002Z")]
    linked_at: Timestamp,
}

/// A change that a verification brought to light.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonChange)]
pub struct ChangeObject {
    /// `name`, `nationality` or `number`; more may come.
    #[schema(example = "name")]
    what: String,
    /// The verification that says so.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    verification: String,
    /// When it was seen.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:04:31.002Z")]
    at: Timestamp,
}

impl PersonObject {
    fn of(person: &Person) -> Self {
        Self {
            id: person.id.to_string(),
            object: "person",
            same_as: person.same_as.as_ref().map(ToString::to_string),
            absorbed: person.absorbed.iter().map(ToString::to_string).collect(),
            verifications: person
                .verified
                .iter()
                .map(|known| KnownObject {
                    verification: known.verification.to_string(),
                    linked_at: known.at,
                })
                .collect(),
            changes: person
                .changes
                .iter()
                .map(|change| ChangeObject {
                    what: super::object::word(&change.what),
                    verification: change.verification.to_string(),
                    at: change.at,
                })
                .collect(),
            dead_since: person.dead_since,
        }
    }
}

/// A decision about two persons.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TwoPersons {
    /// The other one.
    #[schema(example = "per_01m9yr1e00e8abmcypx2tvb0zk")]
    other: String,
    /// Why, in a word of yours: 1 to 64 of a-z, 0-9 and _. On record for ever; no personal data.
    #[schema(example = "same_human", pattern = "^[a-z0-9_]{1,64}$")]
    reason: String,
}

/// Which verifications are somebody else's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitPerson {
    /// Some, not all, of the person's.
    #[schema(min_items = 1, max_items = 100, example = json!(["ver_01m9yr1e00e8abmcypx2tvb0zk"]))]
    verifications: Vec<String>,
    /// Why, in a word of yours: 1 to 64 of a-z, 0-9 and _. On record for ever; no personal data.
    #[schema(example = "another_human", pattern = "^[a-z0-9_]{1,64}$")]
    reason: String,
}

/// Whether the person has died.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeathOfPerson {
    /// `false` takes a mistake back.
    dead: bool,
    /// Why, in a word of yours: 1 to 64 of a-z, 0-9 and _. On record for ever; no personal data.
    #[schema(example = "death_certificate", pattern = "^[a-z0-9_]{1,64}$")]
    reason: String,
}

impl Payload for TwoPersons {}
impl Payload for SplitPerson {}
impl Payload for DeathOfPerson {}

fn decided(app: &App, auth: &Auth, reason: &str) -> Result<Decided, Problem> {
    let fits = (1..=64).contains(&reason.len())
        && reason.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !fits {
        return Err(Problem::field("/reason", "malformed"));
    }
    Ok(Decided { key: auth.caller.key.clone(), reason: reason.to_owned(), at: app.now() })
}

/// A person of the caller's; another institution's is not found.
async fn own(app: &App, institution: &InstitutionId, id: &str) -> Result<Person, Problem> {
    let id = body::id(id, PersonId::parse)?;
    let found = app.known_person(&id).await?.map(|(person, _)| person);
    found.filter(|person| person.institution == *institution).ok_or(Problem::new(Code::NotFound))
}

async fn other(app: &App, institution: &InstitutionId, id: &str) -> Result<PersonId, Problem> {
    match own(app, institution, id).await {
        Ok(person) => Ok(person.id),
        Err(problem) if problem.is(Code::NotFound) => Err(Problem::field("/other", "not_found")),
        Err(problem) => Err(problem),
    }
}

/// Reads a person: the verifications behind the id, and what was decided about it.
#[utoipa::path(
    get, path = "/v1/persons/{id}", tag = "persons",
    params(("id" = String, Path, description = "The person.", example = "per_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "As they stand.", body = PersonObject))
)]
pub async fn get_person(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    query: Query,
) -> Result<Json<PersonObject>, Problem> {
    query.end()?;
    Ok(Json(PersonObject::of(&own(&app, &auth.caller.institution.id, &id).await?)))
}

/// Decides that another person is this one: the other's id leads here from now on, and nothing is re-encrypted.
#[utoipa::path(
    post, path = "/v1/persons/{id}/merge", tag = "persons",
    params(("id" = String, Path, description = "The one that stays.", example = "per_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = TwoPersons,
    responses((status = 200, description = "The one that stays.", body = PersonObject))
)]
pub async fn merge_persons(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<TwoPersons>,
) -> Result<Response, Problem> {
    two(&app, &id, posted, person::merge).await
}

/// Takes a merge back: both are persons of their own again, as they were.
#[utoipa::path(
    post, path = "/v1/persons/{id}/unmerge", tag = "persons",
    params(("id" = String, Path, description = "The one that stayed.", example = "per_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = TwoPersons,
    responses((status = 200, description = "The one that stayed.", body = PersonObject))
)]
pub async fn unmerge_persons(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<TwoPersons>,
) -> Result<Response, Problem> {
    two(&app, &id, posted, person::unmerge).await
}

/// What a decision about two persons means for each of them.
type Both = fn(&Person, &Person, Decided) -> Result<(Event, Event), Refusal>;

async fn two(app: &App, id: &str, posted: Posted<TwoPersons>, decide: Both) -> Result<Response, Problem> {
    let Posted { auth, body, once } = posted;
    let institution = &auth.caller.institution.id;
    let here = own(app, institution, id).await?.id;
    let there = other(app, institution, &body.other).await?;
    let by = decided(app, &auth, &body.reason)?;
    if here == there {
        return Err(Problem::field("/other", "repeated"));
    }
    let both = [&here, &there];
    let done = once
        .act(app, here.as_str(), |take| async move {
            let decide = |states: &[Person]| {
                let (first, second) = decide(&states[0], &states[1], by.clone())?;
                Ok(vec![(states[0].id.clone(), first), (states[1].id.clone(), second)])
            };
            app.act_persons(&both, take, decide).await
        })
        .await?;
    let (person, before) = told(app, done).await?;
    Ok(replayed(Json(PersonObject::of(&person)), before))
}

/// Decides that some of the person's verifications are somebody else's. They go to a new person; what finds a person
/// by number goes on leading to this one.
#[utoipa::path(
    post, path = "/v1/persons/{id}/split", tag = "persons",
    params(("id" = String, Path, description = "The person.", example = "per_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = SplitPerson,
    responses((status = 201, description = "The new person.", body = PersonObject,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn split_person(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<SplitPerson>,
) -> Result<Response, Problem> {
    let Posted { auth, body, once } = posted;
    let app = &*app;
    let from = own(app, &auth.caller.institution.id, &id).await?;
    let by = decided(app, &auth, &body.reason)?;
    if body.verifications.is_empty() {
        return Err(Problem::field("/verifications", "empty"));
    }
    if body.verifications.len() > MAX_MOVED {
        return Err(Problem::field("/verifications", "too_long"));
    }
    let mut moved: Vec<VerificationId> = Vec::new();
    for (i, text) in body.verifications.iter().enumerate() {
        let wrong = |code| Problem::field(format!("/verifications/{i}"), code);
        let id = VerificationId::parse(text).map_err(|_| wrong("not_found"))?;
        if moved.contains(&id) {
            return Err(wrong("repeated"));
        }
        moved.push(id);
    }
    // What was split before under the same key is told again, although the verifications are there no more.
    if once.before(app).await?.is_none()
        && let Some(i) = moved.iter().position(|v| !from.has(v))
    {
        return Err(Problem::field(format!("/verifications/{i}"), "not_found"));
    }
    let new = fresh!(app, PersonId);
    let done = once
        .act(app, new.as_str(), |take: Vec<Take>| {
            let (from, new, moved) = (from.id.clone(), new.clone(), moved.clone());
            async move {
                let decide = |states: &[Person]| {
                    let (here, there) = person::split(&states[0], &new, &moved, by.clone())?;
                    Ok(vec![(new.clone(), there), (states[0].id.clone(), here)])
                };
                app.act_persons(&[&from], take, decide).await
            }
        })
        .await?;
    let (person, before) = told(app, done).await?;
    let object = PersonObject::of(&person);
    let location = format!("/v1/persons/{}", object.id);
    Ok(replayed((StatusCode::CREATED, [(header::LOCATION, location)], Json(object)), before))
}

/// Tells that the person has died, or takes that back. The registers are asked in every verification anyway, where its
/// policy says so; this is for what you learn otherwise.
#[utoipa::path(
    post, path = "/v1/persons/{id}/death", tag = "persons",
    params(("id" = String, Path, description = "The person.", example = "per_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = DeathOfPerson,
    responses((status = 200, description = "As they stand.", body = PersonObject))
)]
pub async fn tell_death(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<DeathOfPerson>,
) -> Result<Response, Problem> {
    let Posted { auth, body, once } = posted;
    let app = &*app;
    let id = own(app, &auth.caller.institution.id, &id).await?.id;
    let by = decided(app, &auth, &body.reason)?;
    let done = once
        .act(app, id.as_str(), |take| {
            let id = id.clone();
            async move {
                let decide = |states: &[Person]| {
                    let event = person::death(&states[0], body.dead, by.clone());
                    Ok(event.into_iter().map(|event| (states[0].id.clone(), event)).collect())
                };
                app.act_persons(&[&id], take, decide).await
            }
        })
        .await?;
    let (person, before) = told(app, done).await?;
    Ok(replayed(Json(PersonObject::of(&person)), before))
}

async fn told(app: &App, outcome: Outcome<Vec<Person>>) -> Result<(Person, bool), Problem> {
    let nobody = || ActError::from(Fault::internal("a decision names a person"));
    match outcome {
        Outcome::Now(persons) => Ok((persons.into_iter().next().ok_or_else(nobody)?, false)),
        Outcome::Before(note) => {
            let id = PersonId::parse(&note.object).map_err(Fault::internal)?;
            Ok((app.person_at(&id, note.version).await?.ok_or_else(nobody)?, true))
        }
    }
}
