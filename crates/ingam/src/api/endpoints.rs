//! Webhook endpoints: where events are sent, and the secrets that sign them (Standard Webhooks).

use super::address;
use super::auth::Auth;
use super::body::{self, Nothing, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
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
use ingam_cases::id::EndpointId;
use ingam_cases::institution::{Command, Endpoint, Institution};
use ingam_cases::verification::Event;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A webhook endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointObject {
    /// Its id.
    #[schema(example = "whe_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `webhook_endpoint`.
    #[schema(example = "webhook_endpoint")]
    object: &'static str,
    /// Where events are sent.
    #[schema(example = "https://bank.example/hooks/ingam")]
    url: String,
    /// Which event types; empty means all.
    #[schema(example = json!(["verification.verified", "verification.refused"]))]
    types: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:01:12.345Z")]
    created_at: Timestamp,
    /// Until when the secret before the last rotation still signs beside the new one.
    #[schema(value_type = Option<String>, format = DateTime)]
    old_secret_until: Option<Timestamp>,
}

/// A webhook endpoint with its secret.
#[derive(Serialize, ToSchema)]
pub struct NewWebhookEndpoint {
    /// The endpoint.
    #[serde(flatten)]
    endpoint: EndpointObject,
    /// Signs every event (`whsec_` and base64). Only in this answer.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: String,
}

/// An endpoint to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookEndpoint {
    /// Where events are sent: https, a public address, no user name, no fragment, at most 2,000 characters.
    #[schema(example = "https://bank.example/hooks/ingam", format = "uri", max_length = 2000)]
    url: String,
    /// Which event types; none or empty means all, also those that come later.
    #[serde(default)]
    #[schema(example = json!(["verification.verified", "verification.refused"]))]
    types: Vec<String>,
}

impl Payload for CreateWebhookEndpoint {}

/// Makes a webhook endpoint. Its secret is in this answer and in that of a rotation, and in no other.
#[utoipa::path(
    post, path = "/v1/webhook_endpoints", tag = "webhook_endpoints",
    request_body = CreateWebhookEndpoint,
    responses((status = 201, description = "Made.", body = NewWebhookEndpoint))
)]
pub async fn create_webhook_endpoint(
    State(app): State<Arc<App>>,
    posted: Posted<CreateWebhookEndpoint>,
) -> Result<Response, Problem> {
    let CreateWebhookEndpoint { url, types } = &posted.body;
    for (i, one) in types.iter().enumerate() {
        let known = Event::PUBLIC_TYPES.contains(&one.as_str());
        if !known || types[..i].contains(one) {
            let code = if known { "repeated" } else { "unknown_event_type" };
            return Err(Problem::field(format!("/types/{i}"), code));
        }
    }
    // Where a name leads may change; what was answered before is answered again all the same.
    if posted.once.before(&app).await?.is_none() {
        address::check(&app.config.webhooks, url).await.map_err(|code| Problem::field("/url", code))?;
    }
    let endpoint = fresh!(app, EndpointId);
    let command = Command::AddEndpoint { endpoint: endpoint.clone(), url: url.clone(), types: types.clone() };
    changed(&app, &posted, endpoint, command, StatusCode::CREATED).await
}

/// Gives a webhook endpoint a new secret. For 24 hours the old one signs beside it, so that nothing is lost while
/// you change it.
#[utoipa::path(
    post, path = "/v1/webhook_endpoints/{id}/rotate_secret", tag = "webhook_endpoints",
    params(("id" = String, Path, description = "Its id.", example = "whe_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "With the new secret.", body = NewWebhookEndpoint))
)]
pub async fn rotate_webhook_secret(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let endpoint = body::id(&id, EndpointId::parse)?;
    let command = Command::RotateSecret { endpoint: endpoint.clone() };
    changed(&app, &posted, endpoint, command, StatusCode::OK).await
}

async fn changed<T>(
    app: &App,
    posted: &Posted<T>,
    endpoint: EndpointId,
    command: Command,
    status: StatusCode,
) -> Result<Response, Problem> {
    let institution = &posted.auth.caller.institution.id;
    let done = posted
        .once
        .act(app, endpoint.as_str(), |take| async move {
            app.act_institution(institution, Along { take, ..Along::default() }, command).await
        })
        .await?;
    let (state, endpoint, before) = match done {
        Outcome::Now((state, _)) => (state, endpoint, false),
        Outcome::Before(note) => {
            let endpoint = EndpointId::parse(&note.object).map_err(Fault::internal)?;
            (institution_before(app, institution, &note).await?, endpoint, true)
        }
    };
    let found = find(&state, &endpoint)?;
    let secret = app.webhook_secret(&endpoint, found.secret).await?;
    let made = NewWebhookEndpoint { endpoint: object(&endpoint, found), secret };
    Ok(replayed((status, [(header::CACHE_CONTROL, "no-store")], Json(made)), before))
}

fn find<'i>(institution: &'i Institution, id: &EndpointId) -> Result<&'i Endpoint, Problem> {
    institution.endpoints.get(id).ok_or_else(|| Problem::new(Code::NotFound))
}

fn object(id: &EndpointId, endpoint: &Endpoint) -> EndpointObject {
    EndpointObject {
        id: id.to_string(),
        object: "webhook_endpoint",
        url: endpoint.url.clone(),
        types: endpoint.types.clone(),
        created_at: endpoint.made_at,
        old_secret_until: endpoint.old_secret_until,
    }
}

/// Reads a webhook endpoint. No secret.
#[utoipa::path(
    get, path = "/v1/webhook_endpoints/{id}", tag = "webhook_endpoints",
    params(("id" = String, Path, description = "Its id.", example = "whe_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "As it stands.", body = EndpointObject))
)]
pub async fn get_webhook_endpoint(
    auth: Auth,
    PathId(id): PathId,
    query: Query,
) -> Result<Json<EndpointObject>, Problem> {
    query.end()?;
    let id = body::id(&id, EndpointId::parse)?;
    Ok(Json(object(&id, find(&auth.caller.institution, &id)?)))
}

/// Lists webhook endpoints, newest first. No secrets.
#[utoipa::path(
    get, path = "/v1/webhook_endpoints", tag = "webhook_endpoints",
    params(
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "One page.", body = Page<EndpointObject>))
)]
pub async fn list_webhook_endpoints(
    auth: Auth,
    mut query: Query,
) -> Result<Json<Page<EndpointObject>>, Problem> {
    let (limit, cursor) = (query.limit()?, query.take("cursor"));
    query.end()?;
    let all = auth.caller.institution.endpoints.iter().map(|(id, e)| (id.as_str(), object(id, e)));
    Ok(Json(newest_first(all, cursor.as_deref(), limit)?))
}

/// Removes a webhook endpoint. What was not delivered yet is not sent to it any more.
#[utoipa::path(
    delete, path = "/v1/webhook_endpoints/{id}", tag = "webhook_endpoints",
    params(("id" = String, Path, description = "Its id.", example = "whe_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 204, description = "Removed."))
)]
pub async fn delete_webhook_endpoint(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    query: Query,
) -> Result<StatusCode, Problem> {
    query.end()?;
    let endpoint = body::id(&id, EndpointId::parse)?;
    let command = Command::RemoveEndpoint { endpoint };
    app.act_institution(&auth.caller.institution.id, Along::default(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}
