//! Finding or making the person behind a verification that ended well, as the institution sees them.
//!
//! Found by a keyed index of the number that Korea gave them, else of a foreign passport, under a purpose and an
//! institution of its own; never by name and birth date. Two verifications of a new person at once agree by a claim.

use super::{Held, Outcome, with};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::plaintext::Reader;
use crate::flow::verification::Act;
use crate::flow::{ActError, clear_parts};
use crate::fresh;
use ingam_cases::id::{EntryId, PersonId, VerificationId};
use ingam_cases::person::{self, Person};
use ingam_cases::verification::Command;
use ingam_ledger::{Commit, Entry, IndexRow, Refused, Release, RetentionClass, Stream, Take, View, Write};
use jiff::SignedDuration;

/// The kind of case, as the ledger keeps it.
pub(super) const KIND: &str = "person";
const PURPOSE: &str = "person";
/// Two who look for the same new person at once do so within seconds; their clocks may stand a day apart.
const CLAIMED_FOR: SignedDuration = SignedDuration::from_hours(48);
/// More often nobody is overtaken unless something is wrong.
const TRIES: u32 = 20;

pub(super) async fn link_person(app: &App, task: &Held, id: &VerificationId) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if current.state.person.is_some() {
        return Ok(Outcome::Over);
    }
    let v = &current.state;
    let found_by = app.confirmed(id, Reader::task("task:link_person", "link_person")).await?.found_by();
    let value = app.ledger.index_value(PURPOSE, format!("{}/{found_by}", v.institution).as_bytes()).await?;
    let base = format!("person:{}", value.hex);
    // Whoever held the claim, and was destroyed.
    let mut gone: Option<String> = None;
    let mut tries = 0;
    let person = loop {
        tries += 1;
        if tries > TRIES {
            return Err(Fault::internal("a person was overtaken too often").into());
        }
        let rows = app.ledger.find(PURPOSE, std::slice::from_ref(&value)).await?;
        let known = rows.iter().find(|row| row.institution.as_deref() == Some(v.institution.as_str()));
        let person = match known {
            Some(row) => PersonId::parse(&row.case).map_err(Fault::internal)?,
            None => fresh!(app, PersonId),
        };
        let case = app.ledger.case(person.as_str()).await?;
        let version = case.as_ref().map_or(0, |c| c.version);
        let state: Option<Person> = match case.and_then(|c| c.view) {
            Some(view) => Some(serde_json::from_value(view.state).map_err(Fault::internal)?),
            None => None,
        };
        let now = app.now();
        let Some(event) = person::recognise(state.as_ref(), &person, &v.institution, id, &v.subject, now)
        else {
            break person;
        };
        let (kind, clear) = clear_parts(&event)?;
        let state = person::apply(state, &event);
        let commit = Commit {
            writes: vec![Write {
                case: person.to_string(),
                case_kind: KIND.to_owned(),
                expected_version: version,
                entries: vec![Entry {
                    id: fresh!(app, EntryId).to_string(),
                    kind,
                    institution: Some(v.institution.to_string()),
                    time: now,
                    clear,
                    sealed: vec![],
                }],
                view: Some(View {
                    state: serde_json::to_value(&state).map_err(Fault::internal)?,
                    status: "known".into(),
                    reference: None,
                    institution: Some(v.institution.to_string()),
                }),
                stream: Stream::Main,
            }],
            index: vec![IndexRow {
                purpose: PURPOSE.into(),
                value: value.clone(),
                subject: v.subject.to_string(),
                class: RetentionClass::Identity,
                case: person.to_string(),
                institution: Some(v.institution.to_string()),
            }],
            // Two first verifications at once must not make two persons: the loser looks again. Who is known needs
            // no claim: the version of the person's case decides.
            take: match known {
                Some(_) => vec![],
                None => vec![Take {
                    base: base.clone(),
                    slots: None,
                    holder: person.to_string(),
                    expires_at: Some(now + CLAIMED_FOR),
                    note: None,
                }],
            },
            release: gone
                .iter()
                .map(|gone| Release::Holder { base: base.clone(), holder: gone.clone() })
                .collect(),
            ..Commit::default()
        };
        match app.ledger.commit(commit).await? {
            Ok(_) => break person,
            Err(Refused::Stale { .. }) => {}
            Err(Refused::ClaimHeld { holder, .. }) => {
                // The winner's row is there already, unless its subject was destroyed meanwhile.
                let found = app.ledger.find(PURPOSE, std::slice::from_ref(&value)).await?;
                gone = found.is_empty().then_some(holder);
            }
            Err(Refused::Destroyed { .. }) => return Ok(Outcome::Over),
            Err(other) => return Err(Fault::internal(other.code()).into()),
        }
    };
    let result =
        app.act(id, with(task), |_, _| Ok(Act::plain(Command::LinkPerson { person: person.clone() }))).await;
    super::recorded(result)
}
