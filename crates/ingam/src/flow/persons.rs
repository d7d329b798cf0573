//! Persons behind verifications: read, merged, parted, split; from a decision to what both persons' cases record.
//!
//! A decision about two persons is one commit: both say the same, or nothing was decided.

use super::verification::noted;
use super::{ActError, clear_parts, read_event};
use crate::app::App;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{EntryId, PersonId};
use ingam_cases::person::{Event, Person, apply};
use ingam_cases::refusal::Refusal;
use ingam_ledger::{Commit, Entry, Refused, Stream, Take, View, Write};
use jiff::Timestamp;

/// The kind of case, as the ledger keeps it.
pub const KIND: &str = "person";

/// More often nobody is overtaken unless something is wrong.
const TRIES: u32 = 20;
/// Longest chain of persons who turned out to be another one; each link was somebody's decision.
const CHAIN: u32 = 32;

impl App {
    /// A person as they stand, and the number of their entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn known_person(&self, id: &PersonId) -> Result<Option<(Person, u64)>, Fault> {
        let Some(case) = self.ledger.case(id.as_str()).await? else { return Ok(None) };
        let (true, Some(view)) = (case.kind == KIND, case.view) else { return Ok(None) };
        Ok(Some((serde_json::from_value(view.state).map_err(Fault::internal)?, case.version)))
    }

    /// A person as they stood after so many entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn person_at(&self, id: &PersonId, version: u64) -> Result<Option<Person>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, version.min(u64::from(u32::MAX)) as u32).await?;
        entries.into_iter().try_fold(None, |state, entry| {
            let event: Event = read_event(&entry.kind, &entry.clear)?;
            apply(state, &event).map(Some).map_err(Fault::internal)
        })
    }

    /// Who a person turned out to be: themselves, or the one at the end of the chain.
    ///
    /// # Errors
    /// Where the ledger fails, or the chain has no end.
    pub async fn person_today(&self, id: &PersonId) -> Result<Option<(Person, u64)>, Fault> {
        let mut at = id.clone();
        for _ in 0..CHAIN {
            match self.known_person(&at).await? {
                Some((Person { same_as: Some(next), .. }, _)) => at = next,
                found => return Ok(found),
            }
        }
        Err(Fault::internal("a chain of persons without an end"))
    }

    /// Decides about persons and records what each of them says of it. `decide` sees them in the order of `ids`, and is
    /// asked again when somebody else was faster; the first event's person is the one that a repeat is answered with.
    ///
    /// # Errors
    /// A refusal, `Held` where a claim in `take` is held, or a fault.
    pub async fn act_persons(
        &self,
        ids: &[&PersonId],
        take: Vec<Take>,
        decide: impl Fn(&[Person]) -> Result<Vec<(PersonId, Event)>, Refusal> + Send + Sync,
    ) -> Result<Vec<Person>, ActError> {
        for _ in 0..TRIES {
            let mut known = Vec::with_capacity(ids.len());
            for id in ids {
                known.push(self.known_person(id).await?.ok_or(Refusal::Unknown)?);
            }
            let states: Vec<Person> = known.iter().map(|(person, _)| person.clone()).collect();
            let now = self.now();
            let mut commit = Commit::default();
            let mut after = Vec::new();
            for (id, event) in decide(&states)? {
                let found = known.iter().find(|(person, _)| person.id == id);
                let (before, version) = found.map_or((None, 0), |(p, version)| (Some(p.clone()), *version));
                let state = apply(before, &event).map_err(Fault::internal)?;
                if commit.writes.is_empty() {
                    commit.take = noted(&take, version + 1);
                }
                commit.writes.push(self.person_write(&state, version, &[event], now)?);
                after.push(state);
            }
            if commit.writes.is_empty() {
                return Ok(states);
            }
            match self.ledger.commit(commit).await? {
                Ok(_) => return Ok(after),
                Err(Refused::Stale { .. }) => {}
                Err(Refused::ClaimHeld { note, .. }) => return Err(ActError::Held { note }),
                Err(Refused::Destroyed { .. }) => return Err(ActError::Destroyed),
                Err(other) => return Err(Fault::internal(other.code()).into()),
            }
        }
        Err(Fault::internal("persons were overtaken too often").into())
    }

    /// What a person's case says after some events.
    ///
    /// # Errors
    /// Where an event can't be written.
    pub fn person_write(
        &self,
        state: &Person,
        expected_version: u64,
        events: &[Event],
        now: Timestamp,
    ) -> Result<Write, Fault> {
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let (kind, clear) = clear_parts(event)?;
            entries.push(Entry {
                id: fresh!(self, EntryId).to_string(),
                kind,
                institution: Some(state.institution.to_string()),
                time: now,
                clear,
                sealed: vec![],
            });
        }
        Ok(Write {
            case: state.id.to_string(),
            case_kind: KIND.to_owned(),
            expected_version,
            entries,
            view: Some(View {
                state: serde_json::to_value(state).map_err(Fault::internal)?,
                status: if state.same_as.is_some() { "merged" } else { "known" }.into(),
                reference: None,
                institution: Some(state.institution.to_string()),
            }),
            stream: Stream::Main,
        })
    }
}
