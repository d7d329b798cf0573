//! `Person`: what links the verifications of one human being, as one institution sees them.
//!
//! As far as needed today: a pairwise id and the verifications behind it. Linking is by a keyed index of the
//! resident number that the program keeps; never by name and birth date alone.

use crate::id::{InstitutionId, PersonId, SubjectId, VerificationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The pairwise id.
    pub id: PersonId,
    /// The institution that sees the person under it.
    pub institution: InstitutionId,
    /// Verifications that ended well, oldest first, each with its own subject.
    pub verified: Vec<Known>,
}

/// One verification behind a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Which.
    pub verification: VerificationId,
    /// Whose keys seal it.
    pub subject: SubjectId,
    /// When it was linked.
    pub at: Timestamp,
}

/// What did happen to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// A verification was linked; the first one makes the person.
    #[serde(rename = "person.recognised/1")]
    Recognised {
        /// The pairwise id.
        id: PersonId,
        /// The institution.
        institution: InstitutionId,
        /// The verification.
        verification: VerificationId,
        /// Its subject.
        subject: SubjectId,
        /// When.
        at: Timestamp,
    },
}

/// The event that links a verification, or nothing where it is linked already. A person who is known keeps the id;
/// another institution's person is never linked.
pub fn recognise(
    state: Option<&Person>,
    id: &PersonId,
    institution: &InstitutionId,
    verification: &VerificationId,
    subject: &SubjectId,
    now: Timestamp,
) -> Option<Event> {
    if state.is_some_and(|p| {
        p.institution != *institution || p.verified.iter().any(|k| k.verification == *verification)
    }) {
        return None;
    }
    Some(Event::Recognised {
        id: state.map_or(id, |p| &p.id).clone(),
        institution: institution.clone(),
        verification: verification.clone(),
        subject: subject.clone(),
        at: now,
    })
}

/// Folds one event.
pub fn apply(state: Option<Person>, event: &Event) -> Person {
    let Event::Recognised { id, institution, verification, subject, at } = event;
    let mut person = state.unwrap_or_else(|| Person {
        id: id.clone(),
        institution: institution.clone(),
        verified: vec![],
    });
    person.verified.push(Known { verification: verification.clone(), subject: subject.clone(), at: *at });
    person
}
