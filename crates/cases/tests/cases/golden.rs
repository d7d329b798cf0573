//! Golden files: the fields of every event, and entries of each release that are folded for ever.
//!
//! `INGAM_RENEW_GOLDEN=1 cargo nextest run -p ingam-cases` writes them anew. Entries of a release are never
//! renewed: a change of meaning gets a new kind version and a new file beside the old one.

use crate::documents::wide;
use crate::records::{read, round_trip};
use crate::samples;
use crate::story::{Story, bank, submit};
use ingam_cases::answers::{BlockCode, DepositCode, HolderCode, IssuerCode};
use ingam_cases::policy::PictureSource;
use ingam_cases::values::NameMatch;
use ingam_cases::verification::apply::fold;
use ingam_cases::verification::command::{Hindrance, Reading};
use ingam_cases::verification::{Command, DocumentField, DocumentKind, Event};
use ingam_cases::{institution, person};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn renewing() -> bool {
    std::env::var_os("INGAM_RENEW_GOLDEN").is_some_and(|v| v == "1")
}

/// The golden text; written first where it is being renewed.
pub(crate) fn golden(name: &str, fresh: impl FnOnce() -> String) -> String {
    if renewing() {
        std::fs::write(path(name), fresh()).unwrap();
    }
    std::fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}; see this file's head"))
}

/// Every field's path, arrays as `[]`.
fn fields(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let here = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                found.insert(here.clone());
                fields(value, &here, found);
            }
        }
        Value::Array(items) => {
            assert!(!items.is_empty(), "{at}: a sample fills every list");
            items.iter().for_each(|item| fields(item, &format!("{at}[]"), found));
        }
        _ => {}
    }
}

/// Clear parts hold no personal data: values that name a person do not serialize at all, and every field's name
/// stands in the golden list, so that a new one is looked at by a person who knows that it lasts for ever.
#[test]
fn every_field_of_every_event_has_been_looked_at() {
    let mut list = String::new();
    let mut add = |(kind, clear): (String, Map<String, Value>)| {
        let mut found = BTreeSet::new();
        fields(&Value::Object(clear), "", &mut found);
        list.push_str(&kind);
        list.push('\n');
        found.iter().for_each(|field| list.push_str(&format!("    {field}\n")));
    };
    samples::verification().iter().for_each(|e| add(round_trip(e)));
    samples::institution().iter().for_each(|e| add(round_trip(e)));
    samples::person().iter().for_each(|e| add(round_trip(e)));
    samples::staff().iter().for_each(|e| add(round_trip(e)));
    samples::medium().iter().for_each(|e| add(round_trip(e)));
    samples::review().iter().for_each(|e| add(round_trip(e)));
    assert_eq!(golden("event-fields.txt", || list.clone()), list);
}

#[test]
fn there_is_a_sample_of_every_kind() {
    let kinds: Vec<_> = samples::verification().iter().map(samples::verification_kind).collect();
    assert_eq!(kinds, (0..samples::VERIFICATION_KINDS).collect::<Vec<_>>());
    let kinds: Vec<_> = samples::institution().iter().map(samples::institution_kind).collect();
    assert_eq!(kinds, (0..samples::INSTITUTION_KINDS).collect::<Vec<_>>());
    let kinds: Vec<_> = samples::staff().iter().map(samples::staff_kind).collect();
    assert_eq!(kinds, (0..samples::STAFF_KINDS).collect::<Vec<_>>());
    let kinds: Vec<_> = samples::medium().iter().map(samples::medium_kind).collect();
    assert_eq!(kinds, (0..samples::MEDIUM_KINDS).collect::<Vec<_>>());
    let kinds: Vec<_> = samples::review().iter().map(samples::review_kind).collect();
    assert_eq!(kinds, (0..samples::REVIEW_KINDS).collect::<Vec<_>>());
}

#[test]
fn public_types_are_the_ones_that_events_have() {
    let mut seen: Vec<_> = samples::verification().iter().filter_map(Event::public_type).collect();
    // The sample of a deposit's answer is a silence; the one that is told is in the story.
    seen.extend(Story::code_out().events.iter().filter_map(Event::public_type));
    let seen: BTreeSet<_> = seen.into_iter().collect();
    assert_eq!(seen, Event::PUBLIC_TYPES.into_iter().collect());
}

fn long_way() -> Story {
    let mut story = Story::begun();
    let blob = story.blob();
    story.does(submit(1, blob.clone(), PictureSource::Camera));
    let reading = Reading::Unreadable { quality: vec!["glare".into()], reader: "specimen 1".into() };
    story.does(Command::CardRead { blob, reading });
    let story = story.wait(8).card().retakes().wait(9).card().confirms(&[DocumentField::IssueDate]);
    let story = story.issuer(IssuerCode::MismatchNameOrIssueDate).confirms(&[DocumentField::Name]);
    let mut story = story.issuer(IssuerCode::Maintenance).account().holder(NameMatch::Same);
    story = story.bank(DepositCode::Unknown);
    story.does(Command::AskNotice { session: 1 });
    let story = story.wait(5).bank(DepositCode::Deposited).wait(30).types(false).resends();
    let story = story.bank(DepositCode::Deposited).wait(300).ticks().issuer(IssuerCode::Valid).resends();
    let mut story = story.bank(DepositCode::Deposited).wait(20).types(true);
    let person = story.person();
    story.does(Command::LinkPerson { person });
    story.does(Command::WithdrawConsent { text_id: "consent.identity".into() });
    story.does(Command::AskLink);
    story
}

fn withheld() -> Story {
    let story = Story::begun().card().hindered(Hindrance::TriesTaken);
    let mut story = story.card().confirms(&[]).issuer(IssuerCode::Valid).account();
    let until = story.now + SignedDuration::from_hours(9);
    let command = story.holder_says(HolderCode::Found, Some(NameMatch::Same), Some(until));
    story.does(command);
    story.does(Command::ChangeAccount { session: 1 });
    let mut story = story.account().holder(NameMatch::Same);
    story.does(Command::Cancel);
    story.bank(DepositCode::Deposited)
}

fn another_card_in_doubt() -> Story {
    let story = Story::asking().issuer(IssuerCode::Unavailable).account().holder(NameMatch::Same);
    let story = story.bank(DepositCode::Unknown).retakes().card().confirms(&[]).issuer(IssuerCode::Valid);
    let story = story.bank(DepositCode::Deposited).account().holder(NameMatch::Similar);
    story.wait(86_400).ticks()
}

fn refused() -> Story {
    let story = Story::asking().issuer(IssuerCode::LostReported).card().confirms(&[]);
    let story = story.issuer(IssuerCode::MismatchIssueDate).confirms(&[DocumentField::IssueDate]);
    story.issuer(IssuerCode::MismatchIssueDate)
}

fn other_documents() -> Story {
    let story = Story::begun_under(wide()).shows(DocumentKind::Passport).hindered(Hindrance::Expired);
    let story = story.shows(DocumentKind::Driver).confirms(&[DocumentField::SerialCode]);
    let story = story.list(BlockCode::Maintenance).wait(5).ticks().list(BlockCode::Clear);
    story.list(BlockCode::BlockedByPerson)
}

/// The recorded stories; together they hold every kind.
pub(crate) fn all_stories() -> Vec<(&'static str, Vec<Event>)> {
    vec![
        ("the long way to verified", long_way().events),
        ("withheld, cancelled, and an answer behind the end", withheld().events),
        ("another card while money is in doubt, then expired", another_card_in_doubt().events),
        ("refused by the issuer", refused().events),
        ("other documents, and a block", other_documents().events),
        ("questions, a device, and the institution's word", crate::steps::everything().events),
        ("a phone, by every way", crate::steps::every_phone().events),
        ("a reviewer takes a similar name for the person's", crate::reviews::similar_accepted().events),
    ]
}

pub(crate) fn entry((kind, clear): (String, Map<String, Value>)) -> Value {
    json!({ "kind": kind, "clear": clear })
}

pub(crate) fn entries(recorded: &Value) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    recorded["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["kind"].as_str().unwrap(), e["clear"].as_object().unwrap()))
}

pub(crate) fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

#[test]
fn entries_of_every_release_fold_to_the_state_of_their_day() {
    let fresh = || {
        let stories: Vec<_> = all_stories()
            .into_iter()
            .map(|(name, events)| {
                let entries: Vec<_> = events.iter().map(|e| entry(round_trip(e))).collect();
                json!({ "story": name, "entries": entries, "state": fold(&events).unwrap() })
            })
            .collect();
        pretty(&Value::Array(stories))
    };
    let recorded: Vec<Value> = serde_json::from_str(&golden("verification-v1.json", fresh)).unwrap();
    let mut kinds = BTreeSet::new();
    for story in &recorded {
        let events: Vec<Event> = entries(story).map(|(kind, clear)| read(kind, clear)).collect();
        kinds.extend(events.iter().map(samples::verification_kind));
        assert_eq!(
            serde_json::to_value(fold(&events).unwrap()).unwrap(),
            story["state"],
            "{}",
            story["story"]
        );
        // Writing them again gives the same bytes: a leaf never changes.
        for (event, (kind, clear)) in events.iter().zip(entries(story)) {
            assert_eq!(round_trip(event), (kind.to_owned(), clear.clone()));
        }
    }
    assert_eq!(kinds, (0..samples::VERIFICATION_KINDS).collect(), "every kind is recorded");
}

#[test]
fn institutions_and_persons_of_every_release_fold_to_the_state_of_their_day() {
    let fold_institution = |events: &[institution::Event]| {
        events.iter().try_fold(None, |state, e| institution::apply(state, e).map(Some)).unwrap()
    };
    let fold_person = |events: &[person::Event]| {
        events.iter().try_fold(None, |state, e| person::apply(state, e).map(Some)).unwrap()
    };
    let fresh = || {
        let (institution, person) = (samples::institution(), samples::person()[..1].to_vec());
        // Each state on the way, so that nothing is hidden by what removes it later.
        let states: Vec<_> = (1..=institution.len()).map(|n| fold_institution(&institution[..n])).collect();
        pretty(&json!({
            "institution": {
                "entries": institution.iter().map(|e| entry(round_trip(e))).collect::<Vec<_>>(),
                "states": states,
            },
            "person": {
                "entries": person.iter().map(|e| entry(round_trip(e))).collect::<Vec<_>>(),
                "states": [fold_person(&person)],
            },
        }))
    };
    let recorded: Value = serde_json::from_str(&golden("institution-v1.json", fresh)).unwrap();
    let events: Vec<institution::Event> =
        entries(&recorded["institution"]).map(|(kind, clear)| read(kind, clear)).collect();
    for (n, state) in recorded["institution"]["states"].as_array().unwrap().iter().enumerate() {
        assert_eq!(&serde_json::to_value(fold_institution(&events[..=n])).unwrap(), state);
    }
    let events: Vec<person::Event> =
        entries(&recorded["person"]).map(|(kind, clear)| read(kind, clear)).collect();
    assert_eq!(serde_json::to_value(fold_person(&events)).unwrap(), recorded["person"]["states"][0]);
}

#[test]
fn decisions_about_persons_of_every_release_fold_to_the_state_of_their_day() {
    let states = |events: &[person::Event]| {
        let mut state = None;
        let each = events.iter().map(|event| {
            // What was split off begins anew.
            let before = if matches!(event, person::Event::SplitOff { .. }) { None } else { state.take() };
            state = Some(person::apply(before, event).unwrap());
            serde_json::to_value(&state).unwrap()
        });
        each.collect::<Vec<_>>()
    };
    let fresh = || {
        let events = samples::person();
        let entries: Vec<_> = events.iter().map(|e| entry(round_trip(e))).collect();
        pretty(&json!({ "entries": entries, "states": states(&events) }))
    };
    let recorded: Value = serde_json::from_str(&golden("person-v1.json", fresh)).unwrap();
    let events: Vec<person::Event> = entries(&recorded).map(|(kind, clear)| read(kind, clear)).collect();
    assert_eq!(json!(states(&events)), recorded["states"]);
    let kinds: Vec<_> = events.iter().map(samples::person_kind).collect();
    assert_eq!(kinds, (0..samples::PERSON_KINDS).collect::<Vec<_>>());
}

#[test]
fn a_bank_is_written_as_its_three_digits() {
    let (_, clear) = round_trip(&Event::AccountGiven { bank: bank() });
    assert_eq!(Value::Object(clear), json!({ "bank": "088" }));
}
