//! `Institution`: who calls the API, with its keys, policies, webhook endpoints and what its persons see of it.

use crate::id::{EndpointId, InstitutionId, KeyId, PolicyId, SubjectId};
use crate::policy::Policy;
use crate::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most webhook endpoints of one institution.
pub const MAX_ENDPOINTS: usize = 16;
/// Most policies of one institution.
pub const MAX_POLICIES: usize = 100;
/// Most versions of one policy. All of them stay, so a program that saves in a loop must come to an end.
pub const MAX_POLICY_VERSIONS: usize = 1000;
/// Most API keys that work at once.
pub const MAX_KEYS: usize = 20;
/// Most revoked keys that the state remembers, the newest of them; all stay in the entries.
pub const MAX_REVOKED: usize = 100;
/// How long a rotated webhook secret still signs beside the new one, in hours.
pub const OLD_SECRET_HOURS: i64 = 24;

/// The state of an institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Institution {
    /// Its id.
    pub id: InstitutionId,
    /// The subject whose keys seal its secrets.
    pub subject: SubjectId,
    /// What its persons see of it.
    pub profile: Profile,
    /// Its API keys, by id.
    pub keys: BTreeMap<KeyId, Key>,
    /// Its policies, by id; every version stays.
    pub policies: BTreeMap<PolicyId, Vec<Policy>>,
    /// Its webhook endpoints, by id.
    pub endpoints: BTreeMap<EndpointId, Endpoint>,
    /// The consent texts that it approved, by id: the newest version of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<String, Approved>,
}

/// A consent text that an institution approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// Its version.
    pub version: u32,
    /// SHA-256 of its words in each language, in hex.
    pub sha256: BTreeMap<String, String>,
    /// When.
    pub at: Timestamp,
}

/// What persons see of an institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its phone number, as people dial it.
    pub phone: String,
    /// When somebody answers there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
}

/// An API key; its secret is nowhere in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The institution's own name for it.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it stopped working.
    pub revoked_at: Option<Timestamp>,
}

/// A webhook endpoint. Its secrets are derived from its id and the secret's number, and stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where events are sent.
    pub url: String,
    /// Which event types; empty means all.
    pub types: Vec<String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Number of the secret in use, from 1.
    pub secret: u32,
    /// Until when the secret before it still signs, too.
    pub old_secret_until: Option<Timestamp>,
}

impl Endpoint {
    /// Whether events of a type are sent here.
    pub fn wants(&self, event_type: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|t| t == event_type)
    }
}

/// What someone wants of an institution.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Command {
    Create { id: InstitutionId, subject: SubjectId, profile: Profile },
    SetProfile { profile: Profile },
    AddKey { key: KeyId, name: String },
    RevokeKey { key: KeyId },
    SavePolicy { policy: PolicyId, body: Box<Policy> },
    AddEndpoint { endpoint: EndpointId, url: String, types: Vec<String> },
    RotateSecret { endpoint: EndpointId },
    RemoveEndpoint { endpoint: EndpointId },
    ApproveConsent { text_id: String, version: u32, sha256: BTreeMap<String, String>, key: KeyId },
}

/// What did happen to an institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Event {
    #[serde(rename = "institution.created/1")]
    Created { id: InstitutionId, subject: SubjectId, profile: Profile },
    #[serde(rename = "institution.profile_set/1")]
    ProfileSet { profile: Profile },
    #[serde(rename = "institution.key_added/1")]
    KeyAdded { key: KeyId, name: String, at: Timestamp },
    #[serde(rename = "institution.key_revoked/1")]
    KeyRevoked { key: KeyId, at: Timestamp },
    #[serde(rename = "institution.policy_saved/1")]
    PolicySaved { policy: PolicyId, version: u32, body: Box<Policy> },
    #[serde(rename = "institution.endpoint_added/1")]
    EndpointAdded { endpoint: EndpointId, url: String, types: Vec<String>, at: Timestamp },
    #[serde(rename = "institution.secret_rotated/1")]
    SecretRotated { endpoint: EndpointId, old_secret_until: Timestamp },
    #[serde(rename = "institution.endpoint_removed/1")]
    EndpointRemoved { endpoint: EndpointId },
    #[serde(rename = "institution.consent_approved/1")]
    ConsentApproved {
        text_id: String,
        version: u32,
        sha256: BTreeMap<String, String>,
        key: KeyId,
        at: Timestamp,
    },
}

/// What follows from a command.
///
/// # Errors
/// A refusal where the rules say no.
pub fn decide(state: Option<&Institution>, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Some(i) = state else {
        return match command {
            Command::Create { id, subject, profile } => Ok(vec![Event::Created { id, subject, profile }]),
            _ => Err(Refusal::Unknown),
        };
    };
    Ok(vec![match command {
        Command::Create { .. } => return Err(Refusal::NotNow),
        Command::SetProfile { profile } => Event::ProfileSet { profile },
        Command::AddKey { key, name } => {
            // An id is used once: naming a revoked key again must not bring it back to life.
            if i.keys.contains_key(&key) {
                return Err(Refusal::NotNow);
            }
            if i.keys.values().filter(|k| k.revoked_at.is_none()).count() >= MAX_KEYS {
                return Err(Refusal::TooMany);
            }
            Event::KeyAdded { key, name, at: now }
        }
        Command::RevokeKey { key } => match i.keys.get(&key) {
            Some(Key { revoked_at: None, .. }) => Event::KeyRevoked { key, at: now },
            Some(_) => return Ok(vec![]),
            None => return Err(Refusal::Unknown),
        },
        Command::SavePolicy { policy, body } => {
            if !body.problems().is_empty() {
                return Err(Refusal::PolicyNotAllowed);
            }
            if !i.policies.contains_key(&policy) && i.policies.len() >= MAX_POLICIES {
                return Err(Refusal::TooMany);
            }
            let versions = i.policies.get(&policy).map_or(0, Vec::len);
            if versions >= MAX_POLICY_VERSIONS {
                return Err(Refusal::TooMany);
            }
            let version = versions as u32 + 1;
            Event::PolicySaved { policy, version, body }
        }
        Command::AddEndpoint { endpoint, url, types } => {
            if i.endpoints.contains_key(&endpoint) {
                return Err(Refusal::NotNow);
            }
            if i.endpoints.len() >= MAX_ENDPOINTS {
                return Err(Refusal::TooMany);
            }
            Event::EndpointAdded { endpoint, url, types, at: now }
        }
        Command::RotateSecret { endpoint } => {
            if !i.endpoints.contains_key(&endpoint) {
                return Err(Refusal::Unknown);
            }
            Event::SecretRotated {
                endpoint,
                old_secret_until: now + SignedDuration::from_hours(OLD_SECRET_HOURS),
            }
        }
        Command::RemoveEndpoint { endpoint } => {
            if !i.endpoints.contains_key(&endpoint) {
                return Err(Refusal::Unknown);
            }
            Event::EndpointRemoved { endpoint }
        }
        Command::ApproveConsent { text_id, version, sha256, key } => match i.consents.get(&text_id) {
            Some(known) if (known.version, &known.sha256) == (version, &sha256) => return Ok(vec![]),
            _ => Event::ConsentApproved { text_id, version, sha256, key, at: now },
        },
    }])
}

/// An entry that does not fit the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the first event of an institution must create it, and only the first")]
pub struct OutOfOrder;

/// Folds one event.
///
/// # Errors
/// Where the first event does not create the institution, or a later one does.
pub fn apply(state: Option<Institution>, event: &Event) -> Result<Institution, OutOfOrder> {
    let mut i = match (state, event) {
        (None, Event::Created { id, subject, profile }) => {
            return Ok(Institution {
                id: id.clone(),
                subject: subject.clone(),
                profile: profile.clone(),
                keys: BTreeMap::new(),
                policies: BTreeMap::new(),
                endpoints: BTreeMap::new(),
                consents: BTreeMap::new(),
            });
        }
        (Some(i), event) if !matches!(event, Event::Created { .. }) => i,
        _ => return Err(OutOfOrder),
    };
    match event {
        Event::Created { .. } => {}
        Event::ProfileSet { profile } => i.profile = profile.clone(),
        Event::KeyAdded { key, name, at } => {
            i.keys.insert(key.clone(), Key { name: name.clone(), made_at: *at, revoked_at: None });
        }
        Event::KeyRevoked { key, at } => {
            if let Some(key) = i.keys.get_mut(key) {
                key.revoked_at = Some(*at);
            }
            forget_the_oldest_revoked(&mut i.keys);
        }
        Event::PolicySaved { policy, body, .. } => {
            i.policies.entry(policy.clone()).or_default().push((**body).clone());
        }
        Event::EndpointAdded { endpoint, url, types, at } => {
            i.endpoints.insert(
                endpoint.clone(),
                Endpoint {
                    url: url.clone(),
                    types: types.clone(),
                    made_at: *at,
                    secret: 1,
                    old_secret_until: None,
                },
            );
        }
        Event::SecretRotated { endpoint, old_secret_until } => {
            if let Some(endpoint) = i.endpoints.get_mut(endpoint) {
                endpoint.secret += 1;
                endpoint.old_secret_until = Some(*old_secret_until);
            }
        }
        Event::EndpointRemoved { endpoint } => {
            i.endpoints.remove(endpoint);
        }
        Event::ConsentApproved { text_id, version, sha256, at, .. } => {
            let approved = Approved { version: *version, sha256: sha256.clone(), at: *at };
            i.consents.insert(text_id.clone(), approved);
        }
    }
    Ok(i)
}

fn forget_the_oldest_revoked(keys: &mut BTreeMap<KeyId, Key>) {
    let mut revoked: Vec<(Timestamp, KeyId)> =
        keys.iter().filter_map(|(id, key)| Some((key.revoked_at?, id.clone()))).collect();
    revoked.sort();
    for (_, id) in revoked.iter().rev().skip(MAX_REVOKED) {
        keys.remove(id);
    }
}
