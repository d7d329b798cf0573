//! Delivering an event to an endpoint, signed as Standard Webhooks asks.
//!
//! Idempotent: the message's id is the entry's, so a receiver drops what it has seen. The body is folded from the
//! entries up to that one, so every attempt sends the same bytes.

use super::{Held, Outcome};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::{ActError, read_event};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ingam_cases::id::{EndpointId, InstitutionId, VerificationId};
use ingam_cases::institution::Endpoint;
use ingam_cases::verification::Event;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::{Deserialize, Serialize};

/// The kind of task, as the ledger keeps it.
pub const DELIVER: &str = "deliver";

/// Pauses between attempts, in seconds: about three days in all, then the task is parked.
const PAUSES_S: [i64; 10] = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];

/// What a delivery's task knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose endpoint.
    pub institution: InstitutionId,
    /// Which.
    pub endpoint: EndpointId,
    /// The entry.
    pub entry: String,
    /// The number of the case's entries up to that one.
    pub version: u64,
}

pub(super) async fn deliver(app: &App, task: &Held) -> Result<Outcome, ActError> {
    let delivery: Delivery = serde_json::from_value(task.payload.clone()).map_err(Fault::internal)?;
    let Some(institution) = app.institution(&delivery.institution).await? else { return Ok(Outcome::Over) };
    // An endpoint that was removed meanwhile gets nothing more.
    let Some(endpoint) = institution.endpoints.get(&delivery.endpoint) else { return Ok(Outcome::Over) };
    let Some(body) = body(app, &task.case, &delivery).await? else { return Ok(Outcome::Over) };
    let started = app.now();
    let delivered = send(app, &delivery, endpoint, &body).await?;
    metrics::histogram!("ingam_webhook_seconds")
        .record(app.now().duration_since(started).as_millis() as f64 / 1000.0);
    metrics::counter!("ingam_webhooks_total", "outcome" => if delivered { "accepted" } else { "failed" })
        .increment(1);
    if delivered {
        return Ok(Outcome::Over);
    }
    let attempt = task.attempt.saturating_sub(1) as usize;
    match PAUSES_S.get(attempt) {
        Some(pause) => Ok(Outcome::Again(app.now() + SignedDuration::from_secs(*pause))),
        None => {
            app.ledger.dead(&task.id, task.lease_epoch, "not_delivered").await?.ok();
            Ok(Outcome::Recorded)
        }
    }
}

/// The body: the event's type and time, and the verification as it stood then. No personal data.
async fn body(app: &App, case: &str, delivery: &Delivery) -> Result<Option<String>, ActError> {
    let id = VerificationId::parse(case).map_err(Fault::internal)?;
    let entries = app.ledger.entries(case, delivery.version - 1, 1).await?;
    let Some(entry) = entries.first() else { return Ok(None) };
    let event: Event = read_event(&entry.kind, &entry.clear)?;
    let Some(event_type) = event.public_type() else { return Ok(None) };
    let Some(state) = app.verification_at(&id, delivery.version).await? else { return Ok(None) };
    let data = crate::api::verification_object(app, &state).await?;
    let event = serde_json::json!({
        "id": entry.id,
        "type": event_type,
        "timestamp": entry.time.to_string(),
        "data": data,
    });
    Ok(Some(event.to_string()))
}

/// A message to an endpoint, signed with its secret, and for a day with the one before, too.
pub(super) async fn message(
    app: &App,
    id: &EndpointId,
    endpoint: &Endpoint,
    message: &str,
    body: &str,
) -> Result<Request, Fault> {
    let mut keys = vec![app.webhook_key(id, endpoint.secret).await?];
    if endpoint.old_secret_until.is_some_and(|until| app.now() < until) {
        keys.push(app.webhook_key(id, endpoint.secret - 1).await?);
    }
    let url = Url::parse(&endpoint.url).map_err(Fault::internal)?;
    let mut request = Request::new(Method::POST, url);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in signed_headers(message, app.now(), body, &keys) {
        let value = HeaderValue::from_str(&value).map_err(Fault::internal)?;
        request.headers_mut().insert(name, value);
    }
    *request.body_mut() = Some(body.to_owned().into());
    Ok(request)
}

async fn send(app: &App, delivery: &Delivery, endpoint: &Endpoint, body: &str) -> Result<bool, ActError> {
    let request = message(app, &delivery.endpoint, endpoint, &delivery.entry, body).await?;
    match app.webhooks.send(request).await {
        Ok(answer) if answer.status().is_success() => Ok(true),
        Ok(answer) => {
            tracing::info!(endpoint = %delivery.endpoint, status = answer.status().as_u16(), "a webhook was not taken");
            Ok(false)
        }
        Err(broken) => {
            tracing::info!(endpoint = %delivery.endpoint, ?broken, "a webhook did not arrive");
            Ok(false)
        }
    }
}

/// The three headers of Standard Webhooks, signed with every key given.
pub fn signed_headers(id: &str, at: Timestamp, body: &str, keys: &[Vec<u8>]) -> [(&'static str, String); 3] {
    let seconds = at.as_second();
    let signed = format!("{id}.{seconds}.{body}");
    let signatures: Vec<String> = keys
        .iter()
        .map(|key| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key);
            format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
        })
        .collect();
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)] // The crate that judges compares with the machine's clock.
    fn the_reference_implementation_accepts_the_signature_and_refuses_another_body() {
        let key = vec![7u8; 32];
        let judge = standardwebhooks::Webhook::new(&STANDARD.encode(&key)).unwrap();
        let body = r#"{"type":"verification.verified"}"#;
        let mut headers = http::HeaderMap::new();
        for (name, value) in signed_headers("ent_1", Timestamp::now(), body, &[vec![9; 32], key]) {
            headers.insert(name, value.parse().unwrap());
        }
        assert!(judge.verify(body.as_bytes(), &headers).is_ok());
        assert!(judge.verify(b"{}", &headers).is_err());
    }
}
