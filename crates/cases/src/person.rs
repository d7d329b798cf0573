//! `Person`: one human being as one institution sees them, and the verifications that are theirs.
//!
//! What links two verifications is the number that Korea gave the person (or a foreign passport), found by a keyed
//! index that the program keeps, or somebody's decision with a reason; never name and birth date alone. Decisions are
//! events of both persons and can be undone. The state holds no personal data.

use crate::id::{InstitutionId, KeyId, PersonId, SubjectId, VerificationId};
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most verifications that are moved at once. A commit stays small.
pub const MAX_MOVED: usize = 100;

/// The state of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The pairwise id.
    pub id: PersonId,
    /// The institution that sees the person under it.
    pub institution: InstitutionId,
    /// Verifications that ended well, oldest first, each with its own subject.
    pub verified: Vec<Known>,
    /// Whom this one turned out to be. Who asks for this person is led there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<PersonId>,
    /// Who turned out to be this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<PersonId>,
    /// What changed about the person since they were known first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changed>,
    /// Since when the institution knows that the person has died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_since: Option<Timestamp>,
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

/// What can change about a person who stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// The name (개명).
    Name,
    /// The nationality.
    Nationality,
    /// The number by which Korea knows them.
    Number,
}

/// A change that a verification brought to light. What it was and is stands sealed in the two verifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// What.
    pub what: Attribute,
    /// The verification that says so.
    pub verification: VerificationId,
    /// When it was seen.
    pub at: Timestamp,
}

/// Who decided, and why. Both stand in clear for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The key of the institution's program that asked for it.
    pub key: KeyId,
    /// A stable word of the institution's.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What did happen to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Event {
    /// A verification was linked; the first one makes the person.
    #[serde(rename = "person.recognised/1")]
    Recognised {
        id: PersonId,
        institution: InstitutionId,
        verification: VerificationId,
        subject: SubjectId,
        at: Timestamp,
    },
    /// A verification says something else than the ones before it.
    #[serde(rename = "person.changed/1")]
    Changed { what: Attribute, verification: VerificationId, at: Timestamp },
    /// Another person turned out to be this one.
    #[serde(rename = "person.absorbed/1")]
    Absorbed {
        other: PersonId,
        #[serde(flatten)]
        by: Decided,
    },
    /// This person turned out to be another one.
    #[serde(rename = "person.merged/1")]
    Merged {
        into: PersonId,
        #[serde(flatten)]
        by: Decided,
    },
    /// That was a mistake: the other one is a person of their own again.
    #[serde(rename = "person.released/1")]
    Released {
        other: PersonId,
        #[serde(flatten)]
        by: Decided,
    },
    /// That was a mistake: this one is a person of their own again.
    #[serde(rename = "person.unmerged/1")]
    Unmerged {
        from: PersonId,
        #[serde(flatten)]
        by: Decided,
    },
    /// Verifications of somebody else stood behind this person, and went to a person of their own.
    #[serde(rename = "person.split/1")]
    Split {
        verifications: Vec<VerificationId>,
        into: PersonId,
        #[serde(flatten)]
        by: Decided,
    },
    /// A person made of verifications that stood behind another one.
    #[serde(rename = "person.split_off/1")]
    SplitOff {
        id: PersonId,
        institution: InstitutionId,
        from: PersonId,
        verified: Vec<Known>,
        #[serde(flatten)]
        by: Decided,
    },
    /// The institution knows that the person has died.
    #[serde(rename = "person.died/1")]
    Died {
        #[serde(flatten)]
        by: Decided,
    },
    /// That was a mistake.
    #[serde(rename = "person.found_alive/1")]
    FoundAlive {
        #[serde(flatten)]
        by: Decided,
    },
}

impl Person {
    /// Whether the verification stands behind this person.
    pub fn has(&self, verification: &VerificationId) -> bool {
        self.verified.iter().any(|known| known.verification == *verification)
    }
}

/// The events that link a verification, with what it says to have changed; none where it is linked already. A person who
/// is known keeps the id; another institution's person is never linked, and one who is another is asked for there.
pub fn recognise(
    state: Option<&Person>,
    id: &PersonId,
    institution: &InstitutionId,
    verification: &VerificationId,
    subject: &SubjectId,
    changed: &[Attribute],
    now: Timestamp,
) -> Vec<Event> {
    let elsewhere = |p: &Person| p.institution != *institution || p.has(verification) || p.same_as.is_some();
    if state.is_some_and(elsewhere) {
        return vec![];
    }
    let mut events = vec![Event::Recognised {
        id: state.map_or(id, |p| &p.id).clone(),
        institution: institution.clone(),
        verification: verification.clone(),
        subject: subject.clone(),
        at: now,
    }];
    if state.is_some() {
        let change =
            |what: &Attribute| Event::Changed { what: *what, verification: verification.clone(), at: now };
        events.extend(changed.iter().map(change));
    }
    events
}

/// Two persons are one: what happens to the one that stays, and to the other.
///
/// # Errors
/// `NotNow` where one of them is another already, or both are one.
pub fn merge(stays: &Person, goes: &Person, by: Decided) -> Result<(Event, Event), Refusal> {
    let one_house = stays.institution == goes.institution;
    if !one_house || stays.id == goes.id || stays.same_as.is_some() || goes.same_as.is_some() {
        return Err(Refusal::NotNow);
    }
    // Whoever was merged into the one that goes is found through it: a chain of two, never a circle.
    Ok((
        Event::Absorbed { other: goes.id.clone(), by: by.clone() },
        Event::Merged { into: stays.id.clone(), by },
    ))
}

/// They are two after all: what happens to the one that stayed, and to the other.
///
/// # Errors
/// `NotNow` where the other was not merged into this one.
pub fn unmerge(stayed: &Person, other: &Person, by: Decided) -> Result<(Event, Event), Refusal> {
    if other.same_as.as_ref() != Some(&stayed.id) {
        return Err(Refusal::NotNow);
    }
    Ok((
        Event::Released { other: other.id.clone(), by: by.clone() },
        Event::Unmerged { from: stayed.id.clone(), by },
    ))
}

/// Some of the verifications are somebody else's: what happens to this person, and to the new one.
///
/// # Errors
/// `NotNow` where one of them is not this person's, or none would be left here or there.
pub fn split(
    from: &Person,
    new: &PersonId,
    verifications: &[VerificationId],
    by: Decided,
) -> Result<(Event, Event), Refusal> {
    let moved: Vec<Known> =
        from.verified.iter().filter(|known| verifications.contains(&known.verification)).cloned().collect();
    let all_here = verifications.iter().all(|v| from.has(v));
    let some_left = !moved.is_empty() && moved.len() < from.verified.len();
    if !all_here || !some_left || verifications.len() > MAX_MOVED || from.same_as.is_some() {
        return Err(Refusal::NotNow);
    }
    let verifications = moved.iter().map(|known| known.verification.clone()).collect();
    Ok((
        Event::Split { verifications, into: new.clone(), by: by.clone() },
        Event::SplitOff {
            id: new.clone(),
            institution: from.institution.clone(),
            from: from.id.clone(),
            verified: moved,
            by,
        },
    ))
}

/// The person has died, or has not after all. Nothing where that is known.
pub fn death(person: &Person, dead: bool, by: Decided) -> Option<Event> {
    match (person.dead_since, dead) {
        (None, true) => Some(Event::Died { by }),
        (Some(_), false) => Some(Event::FoundAlive { by }),
        _ => None,
    }
}

/// An entry that does not fit the ones before it: the ledger was damaged or the program is older than the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a person begins with a verification, or with what was split off")]
pub struct OutOfOrder;

/// Folds one event.
///
/// # Errors
/// Where the event does not fit the ones before it.
pub fn apply(state: Option<Person>, event: &Event) -> Result<Person, OutOfOrder> {
    let new = |id: &PersonId, institution: &InstitutionId, verified| Person {
        id: id.clone(),
        institution: institution.clone(),
        verified,
        same_as: None,
        absorbed: vec![],
        changes: vec![],
        dead_since: None,
    };
    let mut person = match (state, event) {
        (Some(person), _) => person,
        (None, Event::Recognised { id, institution, .. }) => new(id, institution, vec![]),
        (None, Event::SplitOff { id, institution, verified, .. }) => {
            return Ok(new(id, institution, verified.clone()));
        }
        (None, _) => return Err(OutOfOrder),
    };
    match event {
        Event::Recognised { verification, subject, at, .. } => person.verified.push(Known {
            verification: verification.clone(),
            subject: subject.clone(),
            at: *at,
        }),
        Event::Changed { what, verification, at } => {
            person.changes.push(Changed { what: *what, verification: verification.clone(), at: *at });
        }
        Event::Absorbed { other, .. } => person.absorbed.push(other.clone()),
        Event::Released { other, .. } => person.absorbed.retain(|id| id != other),
        Event::Merged { into, .. } => person.same_as = Some(into.clone()),
        Event::Unmerged { .. } => person.same_as = None,
        Event::Split { verifications, .. } => {
            person.verified.retain(|known| !verifications.contains(&known.verification));
            person.changes.retain(|change| !verifications.contains(&change.verification));
        }
        Event::SplitOff { .. } => {}
        Event::Died { by } => person.dead_since = Some(by.at),
        Event::FoundAlive { .. } => person.dead_since = None,
    }
    Ok(person)
}
