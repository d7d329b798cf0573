//! The institution itself: its profile and its API keys.

use super::auth::Auth;
use super::body::{self, Nothing, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Once, Outcome, replayed};
use super::page::{Page, newest_first};
use super::policies::institution_before;
use super::problem::Problem;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::verification::Along;
use crate::fresh;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::KeyId;
use ingam_cases::institution::{Command, Institution, Key};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest name of a key.
const MAX_NAME: usize = 60;

/// An institution, and what its persons see of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Institution)]
pub struct InstitutionObject {
    /// Its id.
    #[schema(example = "ins_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `institution`.
    #[schema(example = "institution")]
    object: &'static str,
    /// `test` or `live`: which of the two this server is.
    #[schema(example = "test")]
    environment: &'static str,
    /// Its name.
    #[schema(example = "새솔은행")]
    name: String,
    /// Its phone number, as people dial it.
    #[schema(example = "1588-0000")]
    phone: String,
    /// When somebody answers there.
    #[schema(example = "평일 9시~18시")]
    hours: Option<String>,
}

/// Reads the institution that calls.
#[utoipa::path(
    get, path = "/v1/institution", tag = "institution",
    responses((status = 200, description = "The institution whose key this is.", body = InstitutionObject))
)]
pub async fn get_institution(
    State(app): State<Arc<App>>,
    auth: Auth,
    query: Query,
) -> Result<Json<InstitutionObject>, Problem> {
    query.end()?;
    let institution = &auth.caller.institution;
    Ok(Json(InstitutionObject {
        id: institution.id.to_string(),
        object: "institution",
        environment: app.config.environment.as_str(),
        name: institution.profile.name.clone(),
        phone: institution.profile.phone.clone(),
        hours: institution.profile.hours.clone(),
    }))
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyObject {
    /// Its id; not the key.
    #[schema(example = "key_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `key`.
    #[schema(example = "key")]
    object: &'static str,
    /// Your own name for it.
    #[schema(example = "server in Seoul")]
    name: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:01:12.345Z")]
    created_at: Timestamp,
    /// When it stopped working.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// An API key that was just made.
#[derive(Serialize, ToSchema)]
pub struct NewKey {
    /// The key.
    #[serde(flatten)]
    key: KeyObject,
    /// What to send as `Authorization: Bearer …`. Shown this once and stored nowhere.
    #[schema(example = "sk_test_01m9yr1e00e8abmcypx2tvb0zk_…")]
    secret: String,
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// Your own name for it, 1 to 60 characters.
    #[schema(example = "server in Seoul", min_length = 1, max_length = 60)]
    name: String,
}

impl Payload for CreateKey {}

/// Makes an API key. Its secret is in this answer and in no other.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys",
    request_body = CreateKey,
    responses((status = 201, description = "Made.", body = NewKey))
)]
pub async fn create_key(State(app): State<Arc<App>>, posted: Posted<CreateKey>) -> Result<Response, Problem> {
    body::text("/name", &posted.body.name, MAX_NAME)?;
    let institution = &posted.auth.caller.institution.id;
    let key = fresh!(app, KeyId);
    let random = app.entropy.draw::<32>();
    let bytes = secret_of(&app, &posted.once, &key, random).await?;
    let (app, name, new, secret) = (&*app, &posted.body.name, &key, &bytes);
    let done = posted
        .once
        .act(app, key.as_str(), |take| async move {
            let along = Along { take, ..Along::default() };
            app.add_key_of(institution, along, new.clone(), name, secret).await
        })
        .await?;
    let (state, key, secret, before) = match done {
        Outcome::Now((state, _, secret)) => (state, key, secret, false),
        Outcome::Before(note) => {
            let key = KeyId::parse(&note.object).map_err(Fault::internal)?;
            let state = institution_before(app, institution, &note).await?;
            let secret = app.key_text(&key, &secret_of(app, &posted.once, &key, random).await?);
            (state, key, secret, true)
        }
    };
    let made = NewKey { key: object(&state, &key)?, secret };
    Ok(replayed((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)), before))
}

/// The secret of a key that is made under an Idempotency-Key: derived from it and a key of the vault, so that the
/// same answer can be given again although the secret is stored nowhere. Without one it is random.
async fn secret_of(app: &App, once: &Once, key: &KeyId, random: [u8; 32]) -> Result<Vec<u8>, Problem> {
    let Some(given) = once.key() else { return Ok(random.to_vec()) };
    let value = app.ledger.index_value("api_key_secret", format!("{key}/{given}").as_bytes()).await?;
    let hex = value.hex.as_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
    Ok(hex.chunks_exact(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect())
}

fn object(institution: &Institution, id: &KeyId) -> Result<KeyObject, Problem> {
    let key = institution.keys.get(id).ok_or(Problem::new(Code::NotFound))?;
    Ok(of(id, key))
}

fn of(id: &KeyId, key: &Key) -> KeyObject {
    KeyObject {
        id: id.to_string(),
        object: "key",
        name: key.name.clone(),
        created_at: key.made_at,
        revoked_at: key.revoked_at,
    }
}

/// Lists API keys, newest first, revoked ones too. No secrets.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys",
    params(
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "One page.", body = Page<KeyObject>))
)]
pub async fn list_keys(auth: Auth, mut query: Query) -> Result<Json<Page<KeyObject>>, Problem> {
    let (limit, cursor) = (query.limit()?, query.take("cursor"));
    query.end()?;
    let all = auth.caller.institution.keys.iter().map(|(id, key)| (id.as_str(), of(id, key)));
    Ok(Json(newest_first(all, cursor.as_deref(), limit)?))
}

/// Revokes an API key: it stops working at once and for ever. The last one that works can't be revoked.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke", tag = "keys",
    params(("id" = String, Path, description = "Its id.", example = "key_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "Revoked; also where it was before.", body = KeyObject))
)]
pub async fn revoke_key(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let key = body::id(&id, KeyId::parse)?;
    let institution = &posted.auth.caller.institution;
    let known = institution.keys.get(&key).ok_or(Problem::new(Code::NotFound))?;
    let others = institution.keys.iter().filter(|(id, k)| **id != key && k.revoked_at.is_none()).count();
    if known.revoked_at.is_none() && others == 0 {
        return Err(Problem::new(Code::LastKey));
    }
    let command = Command::RevokeKey { key: key.clone() };
    let app = &*app;
    let done = posted
        .once
        .act(app, key.as_str(), |take| async move {
            app.act_institution(&institution.id, Along { take, ..Along::default() }, command).await
        })
        .await?;
    let (state, before) = match done {
        Outcome::Now((state, _)) => (state, false),
        Outcome::Before(note) => (institution_before(app, &institution.id, &note).await?, true),
    };
    Ok(replayed(Json(object(&state, &key)?), before))
}
