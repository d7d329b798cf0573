//! `Idempotency-Key`: a POST that is sent again has the answer that it had.
//!
//! The key is a claim that is taken in the same commit as the act, so there is no moment in which the act
//! happened and the key is free, or the other way round. The claim's note says what happened (the case and its
//! version, never an answer); the answer is folded from the ledger anew. Of two at once the loser finds the
//! winner's note. Refusals change nothing and are not kept: the same key may try again.

use super::auth::Auth;
use super::code::Code;
use super::problem::Problem;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::ActError;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use ingam_ledger::Take;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The request's header.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// How long an answer is repeated.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Longest key.
const MAX_KEY: usize = 255;

/// What is left for whoever sends the same key again. No personal data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Note {
    /// Keyed digest of method, path and body.
    digest: String,
    /// What the act was about: the id of what it made or changed.
    pub object: String,
    /// The version of the case behind it; the ledger's writer adds it to the note.
    #[serde(default)]
    pub version: u64,
}

/// An act that happens once for each key, or each time where there is none.
pub struct Once(Option<Key>);

struct Key {
    base: String,
    digest: String,
    institution: String,
    expires_at: jiff::Timestamp,
    text: String,
}

/// What came of it.
pub enum Outcome<T> {
    /// It happened now.
    Now(T),
    /// It had happened before.
    Before(Note),
}

impl Once {
    /// Reads the key of a request.
    ///
    /// # Errors
    /// Where the header can't be used, or the vault fails.
    pub(super) async fn of(app: &App, auth: &Auth, parts: &Parts, body: &[u8]) -> Result<Self, Problem> {
        let mut all = parts.headers.get_all(KEY).iter();
        let Some(header) = all.next() else { return Ok(Self(None)) };
        let key = header.to_str().ok().filter(|k| {
            (1..=MAX_KEY).contains(&k.len())
                && k.bytes().all(|b| b.is_ascii_graphic())
                && all.next().is_none()
        });
        let key = key.ok_or(Problem::new(Code::InvalidIdempotencyKey))?;
        let institution = auth.caller.institution.id.as_str();
        let body = digest(&SHA256, body);
        let body: String = body.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let target = parts.uri.path_and_query().map_or("", |p| p.as_str());
        let request = format!("request/{institution}/{} {target} {body}", parts.method);
        Ok(Self(Some(Key {
            base: format!("idem:{institution}:{}", index(app, format!("key/{institution}/{key}")).await?),
            digest: index(app, request).await?,
            institution: institution.to_owned(),
            expires_at: app.now() + KEPT,
            text: key.to_owned(),
        })))
    }

    /// The key as it was sent.
    pub fn key(&self) -> Option<&str> {
        self.0.as_ref().map(|key| key.text.as_str())
    }

    /// Does an act once. `object` is the id of what it makes or changes; `act` is given the claim that it must
    /// commit together with what it does.
    ///
    /// # Errors
    /// The act's, or `idempotency_key_reused`.
    pub async fn act<T, F>(
        &self,
        app: &App,
        object: &str,
        act: impl FnOnce(Vec<Take>) -> F + Send,
    ) -> Result<Outcome<T>, Problem>
    where
        F: Future<Output = Result<T, ActError>> + Send,
    {
        if let Some(note) = self.before(app).await? {
            return Ok(Outcome::Before(note));
        }
        match act(self.take(object)?).await {
            Ok(done) => Ok(Outcome::Now(done)),
            Err(ActError::Held { note: Some(note) }) if self.0.is_some() => {
                Ok(Outcome::Before(self.read(note)?))
            }
            // Its twin was faster, and what it did makes the act impossible now: the twin's answer is the answer.
            Err(ActError::Refused(refusal)) => match self.before(app).await? {
                Some(note) => Ok(Outcome::Before(note)),
                None => Err(refusal.into()),
            },
            Err(other) => Err(other.into()),
        }
    }

    /// What happened before under this key. For checks that may have another outcome by now.
    ///
    /// # Errors
    /// `idempotency_key_reused`, or a fault.
    pub async fn before(&self, app: &App) -> Result<Option<Note>, Problem> {
        let Some(key) = &self.0 else { return Ok(None) };
        match app.ledger.claims(&key.base).await?.into_iter().next() {
            Some(claim) => Ok(Some(self.read(claim.note.unwrap_or_default())?)),
            None => Ok(None),
        }
    }

    fn take(&self, object: &str) -> Result<Vec<Take>, Problem> {
        let Some(key) = &self.0 else { return Ok(vec![]) };
        let note = Note { digest: key.digest.clone(), object: object.to_owned(), version: 0 };
        Ok(vec![Take {
            base: key.base.clone(),
            slots: None,
            holder: key.institution.clone(),
            expires_at: Some(key.expires_at),
            note: Some(serde_json::to_value(note).map_err(Fault::internal)?),
        }])
    }

    fn read(&self, note: serde_json::Value) -> Result<Note, Problem> {
        let note: Note = serde_json::from_value(note).map_err(Fault::internal)?;
        let digest = self.0.as_ref().map_or("", |key| key.digest.as_str());
        match verify_slices_are_equal(note.digest.as_bytes(), digest.as_bytes()) {
            Ok(()) => Ok(note),
            Err(_) => Err(Problem::new(Code::IdempotencyKeyReused)),
        }
    }
}

async fn index(app: &App, of: String) -> Result<String, Problem> {
    Ok(app.ledger.index_value("idempotency", of.as_bytes()).await?.hex)
}

/// Marks an answer as given before.
pub fn replayed(answer: impl IntoResponse, before: bool) -> Response {
    let mut response = answer.into_response();
    if before {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
