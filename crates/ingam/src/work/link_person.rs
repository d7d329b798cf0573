//! Finding or making the person behind a verification that ended well, as the institution sees them.
//!
//! Found by a keyed index of the number that Korea gave them, else of a foreign passport, under a purpose and an
//! institution of its own; where that finds nobody, by the identifier that a telecom gave for their phone (CI), which stays
//! when a number changes; never by name and birth date. Two verifications of a new person at once agree by a claim.

use super::{Held, Outcome, with};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::ActError;
use crate::flow::document::Confirmed;
use crate::flow::plaintext::Reader;
use crate::flow::verification::Act;
use crate::fresh;
use ingam_cases::id::{PersonId, VerificationId};
use ingam_cases::method::Method;
use ingam_cases::person::{self, Attribute, Person};
use ingam_cases::values::{Document, NameMatch, PersonName, compare_names};
use ingam_cases::verification::{Command, Verification};
use ingam_ledger::{Commit, IndexRow, IndexValue, Refused, Release, RetentionClass, Take};
use jiff::SignedDuration;

const PURPOSE: &str = "person";
/// The purpose under which identifiers of telecoms are found.
const BY_CI: &str = "person_ci";
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
    let confirmed = app.confirmed(id, Reader::task("task:link_person", "link_person")).await?;
    let found_by = confirmed.found_by();
    let value = app.ledger.index_value(PURPOSE, format!("{}/{found_by}", v.institution).as_bytes()).await?;
    let base = format!("person:{}", value.hex);
    let ci = ci_value(app, v).await?;
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
        let by_ci = match (&known, &ci) {
            (None, Some(ci)) => app.ledger.find(BY_CI, std::slice::from_ref(ci)).await?,
            _ => vec![],
        };
        let known = known
            .or_else(|| by_ci.iter().find(|row| row.institution.as_deref() == Some(v.institution.as_str())));
        let person = match known {
            Some(row) => PersonId::parse(&row.case).map_err(Fault::internal)?,
            None => fresh!(app, PersonId),
        };
        // Whoever turned out to be somebody else is known as that one.
        let (state, version) = match app.person_today(&person).await? {
            Some((state, version)) => (Some(state), version),
            None => (None, 0),
        };
        let person = state.as_ref().map_or(person, |state| state.id.clone());
        let changed = changed(app, state.as_ref(), &confirmed).await?;
        let now = app.now();
        let events =
            person::recognise(state.as_ref(), &person, &v.institution, id, &v.subject, &changed, now);
        if events.is_empty() {
            break person;
        }
        let state = events.iter().try_fold(state, |state, event| person::apply(state, event).map(Some));
        let state = state.map_err(Fault::internal)?.ok_or_else(|| Fault::internal("no person"))?;
        let commit = Commit {
            writes: vec![app.person_write(&state, version, &events, now)?],
            index: [(PURPOSE, Some(&value)), (BY_CI, ci.as_ref())]
                .into_iter()
                .filter_map(|(purpose, value)| {
                    Some(IndexRow {
                        purpose: purpose.into(),
                        value: value?.clone(),
                        subject: v.subject.to_string(),
                        class: RetentionClass::Identity,
                        case: person.to_string(),
                        institution: Some(v.institution.to_string()),
                    })
                })
                .collect(),
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

/// The keyed index of the identifier that a telecom gave for the person's phone; nothing where none was proved.
async fn ci_value(app: &App, v: &Verification) -> Result<Option<IndexValue>, ActError> {
    if !v.met.iter().any(|met| met.method == Method::Phone) {
        return Ok(None);
    }
    let reader = Reader::task("task:link_person", "link_person");
    let Some(ci) = app.owner(&v.id, reader).await? else { return Ok(None) };
    let of = format!("{}/{}", v.institution, ci.expose());
    Ok(Some(app.ledger.index_value(BY_CI, of.as_bytes()).await?))
}

/// What this document says otherwise than the one that was confirmed last of the same person.
async fn changed(
    app: &App,
    known: Option<&Person>,
    confirmed: &Confirmed,
) -> Result<Vec<Attribute>, ActError> {
    let Some(last) = known.and_then(|person| person.verified.last()) else { return Ok(vec![]) };
    let reader = Reader::task("task:link_person", "compare_with_known");
    let before = match app.confirmed(&last.verification, reader).await {
        Ok(before) => before,
        // What has been destroyed is not compared with any more.
        Err(ActError::Destroyed | ActError::Refused(_)) => return Ok(vec![]),
        Err(other) => return Err(other),
    };
    let mut changed = Vec::new();
    // Passports and other documents spell one name in two scripts: only like is compared with like.
    let script = |name: &PersonName| name.expose().is_ascii();
    let comparable = script(&before.name) == script(&confirmed.name);
    if comparable && compare_names(&before.name, confirmed.name.expose()) == NameMatch::Different {
        changed.push(Attribute::Name);
    }
    if let (Some(then), Some(now)) = (&before.number, &confirmed.number)
        && then.expose_printed() != now.expose_printed()
    {
        changed.push(Attribute::Number);
    }
    if let (Document::ForeignPassport(then), Document::ForeignPassport(now)) =
        (&before.document, &confirmed.document)
        && then.nationality != now.nationality
    {
        changed.push(Attribute::Nationality);
    }
    Ok(changed)
}
