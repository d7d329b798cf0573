//! Institutions: their keys, policies and webhook endpoints, from a command to what is recorded.

use super::verification::{Along, noted};
use super::{ActError, clear_parts, read_event};
use crate::app::App;
use crate::fault::Fault;
use crate::fresh;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ingam_cases::id::{EndpointId, EntryId, InstitutionId, KeyId, SubjectId};
use ingam_cases::institution::{Command, Event, Institution, Profile, apply, decide};
use ingam_cases::refusal::Refusal;
use ingam_ledger::{Commit, Entry, IndexRow, Refused, RetentionClass, Stream, View, Write};
use std::sync::Arc;

/// The kind of case, as the ledger keeps it.
pub const KIND: &str = "institution";

/// The purpose under which API keys are found.
const KEY_INDEX: &str = "api_key";

/// Who calls: an institution by one of its keys.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The institution.
    pub institution: Arc<Institution>,
    /// The key.
    pub key: KeyId,
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProblem {
    /// None, malformed, unknown or revoked: callers are told no difference.
    Unknown,
    /// A key of the other environment.
    WrongEnvironment,
}

impl App {
    /// Decides and records a command on an institution.
    ///
    /// # Errors
    /// A refusal, or a fault.
    pub async fn act_institution(
        &self,
        id: &InstitutionId,
        along: Along,
        command: Command,
    ) -> Result<(Institution, u64), ActError> {
        self.act_institution_with(id, along, command, vec![]).await
    }

    async fn act_institution_with(
        &self,
        id: &InstitutionId,
        along: Along,
        command: Command,
        index: Vec<IndexRow>,
    ) -> Result<(Institution, u64), ActError> {
        for _ in 0..30 {
            let case = self.ledger.case(id.as_str()).await?;
            let version = case.as_ref().map_or(0, |c| c.version);
            let mut state: Option<Institution> = match case.and_then(|c| c.view) {
                Some(view) => Some(serde_json::from_value(view.state).map_err(Fault::internal)?),
                None => None,
            };
            let now = self.now();
            let events = decide(state.as_ref(), command.clone(), now)?;
            let mut entries = Vec::new();
            for event in &events {
                let (kind, clear) = clear_parts(event)?;
                entries.push(Entry {
                    id: fresh!(self, EntryId).to_string(),
                    kind,
                    institution: Some(id.to_string()),
                    time: now,
                    clear,
                    sealed: vec![],
                });
                state = Some(apply(state, event).map_err(Fault::internal)?);
            }
            let state = state.ok_or(Refusal::Unknown)?;
            let commit = Commit {
                writes: vec![Write {
                    case: id.to_string(),
                    case_kind: KIND.to_owned(),
                    expected_version: version,
                    entries,
                    // A command that changes nothing is recorded as nothing.
                    view: (!events.is_empty()).then_some(View {
                        state: serde_json::to_value(&state).map_err(Fault::internal)?,
                        status: "active".to_owned(),
                        reference: None,
                        institution: Some(id.to_string()),
                    }),
                    stream: Stream::Main,
                }],
                take: noted(&along.take, version + events.len() as u64),
                index: index.clone(),
                ..Commit::default()
            };
            match self.ledger.commit(commit).await? {
                Ok(_) => return Ok((state, version + events.len() as u64)),
                Err(Refused::Stale { .. }) => {}
                Err(Refused::ClaimHeld { note, .. }) => return Err(ActError::Held { note }),
                Err(other) => return Err(Fault::internal(other.code()).into()),
            }
        }
        Err(Fault::internal("a command was overtaken too often").into())
    }

    /// Makes an institution.
    ///
    /// # Errors
    /// A fault.
    pub async fn create_institution(&self, profile: Profile) -> Result<InstitutionId, ActError> {
        let id = fresh!(self, InstitutionId);
        let subject = fresh!(self, SubjectId);
        let command = Command::Create { id: id.clone(), subject, profile };
        self.act_institution(&id, Along::default(), command).await?;
        Ok(id)
    }

    /// Makes an API key and returns its secret, which is shown this once and stored nowhere.
    ///
    /// # Errors
    /// A refusal, or a fault.
    pub async fn add_key(&self, id: &InstitutionId, name: &str) -> Result<(KeyId, String), ActError> {
        let key = fresh!(self, KeyId);
        let secret = self.entropy.draw::<32>();
        let (_, _, secret) = self.add_key_of(id, Along::default(), key.clone(), name, &secret).await?;
        Ok((key, secret))
    }

    /// The same for an id and 32 secret bytes that are given: whoever can make both again can show the secret
    /// again.
    ///
    /// # Errors
    /// A refusal, `Held` where a claim in `along` is held, or a fault.
    pub async fn add_key_of(
        &self,
        id: &InstitutionId,
        along: Along,
        key: KeyId,
        name: &str,
        secret: &[u8],
    ) -> Result<(Institution, u64, String), ActError> {
        let institution = self.institution(id).await?.ok_or(Refusal::Unknown)?;
        let secret = self.key_text(&key, secret);
        let row = IndexRow {
            purpose: KEY_INDEX.to_owned(),
            value: self.ledger.index_value(KEY_INDEX, secret.as_bytes()).await?,
            subject: institution.subject.to_string(),
            class: RetentionClass::Signing,
            case: id.to_string(),
            institution: Some(id.to_string()),
        };
        let command = Command::AddKey { key, name: name.to_owned() };
        let (state, version) = self.act_institution_with(id, along, command, vec![row]).await?;
        Ok((state, version, secret))
    }

    /// A key as its holder writes it.
    pub fn key_text(&self, key: &KeyId, secret: &[u8]) -> String {
        format!(
            "sk_{}_{}_{}",
            self.config.environment.as_str(),
            &key.as_str()[KeyId::PREFIX.len()..],
            URL_SAFE_NO_PAD.encode(secret)
        )
    }

    /// An institution as it stood after so many entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn institution_at(
        &self,
        id: &InstitutionId,
        version: u64,
    ) -> Result<Option<Institution>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, version.min(u64::from(u32::MAX)) as u32).await?;
        let mut state = None;
        for entry in entries {
            let event: Event = read_event(&entry.kind, &entry.clear)?;
            state = Some(apply(state, &event).map_err(Fault::internal)?);
        }
        Ok(state)
    }

    /// Who calls with this key.
    ///
    /// # Errors
    /// A fault.
    pub async fn caller(&self, secret: &str) -> Result<Result<Caller, KeyProblem>, Fault> {
        let environment = self.config.environment.as_str();
        let Some(rest) = secret.strip_prefix("sk_") else { return Ok(Err(KeyProblem::Unknown)) };
        let Some((of, rest)) = rest.split_once('_') else { return Ok(Err(KeyProblem::Unknown)) };
        if of != environment {
            let known = matches!(of, "test" | "live");
            return Ok(Err(if known { KeyProblem::WrongEnvironment } else { KeyProblem::Unknown }));
        }
        let Some((key, _)) = rest.split_once('_') else { return Ok(Err(KeyProblem::Unknown)) };
        let Ok(key) = KeyId::parse(&format!("{}{key}", KeyId::PREFIX)) else {
            return Ok(Err(KeyProblem::Unknown));
        };
        let value = self.ledger.index_value(KEY_INDEX, secret.as_bytes()).await?;
        let rows = self.ledger.find(KEY_INDEX, &[value]).await?;
        let Some(row) = rows.first() else { return Ok(Err(KeyProblem::Unknown)) };
        let id = InstitutionId::parse(&row.case).map_err(Fault::internal)?;
        let Some(institution) = self.institution(&id).await? else { return Ok(Err(KeyProblem::Unknown)) };
        let works = institution.keys.get(&key).is_some_and(|k| k.revoked_at.is_none());
        Ok(if works { Ok(Caller { institution, key }) } else { Err(KeyProblem::Unknown) })
    }

    /// The secret with which webhooks to an endpoint are signed (Standard Webhooks, `whsec_` and base64).
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn webhook_secret(&self, endpoint: &EndpointId, number: u32) -> Result<String, Fault> {
        Ok(format!("whsec_{}", STANDARD.encode(self.webhook_key(endpoint, number).await?)))
    }

    /// The key behind that secret.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn webhook_key(&self, endpoint: &EndpointId, number: u32) -> Result<Vec<u8>, Fault> {
        let hex =
            self.ledger.index_value("webhook_secret", format!("{endpoint}/{number}").as_bytes()).await?.hex;
        (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).map_err(Fault::internal))
            .collect()
    }
}
