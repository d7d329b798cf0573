//! Stories of persons: who is recognised, who turns out to be somebody else, and how that is undone.

use crate::story::start;
use ingam_cases::id::{InstitutionId, KeyId, PersonId, SubjectId, VerificationId};
use ingam_cases::person::{
    Attribute, Decided, Event, Person, apply, death, merge, recognise, split, unmerge,
};
use ingam_cases::refusal::Refusal;
use proptest::prelude::*;

fn institution() -> InstitutionId {
    InstitutionId::new(1_000, [2; 10])
}

fn person_id(n: u8) -> PersonId {
    PersonId::new(2_000, [n; 10])
}

fn verification(n: u8) -> VerificationId {
    VerificationId::new(3_000, [n; 10])
}

fn by() -> Decided {
    Decided { key: KeyId::new(1_000, [5; 10]), reason: "same_human".into(), at: start() }
}

fn fold(state: Option<Person>, events: &[Event]) -> Option<Person> {
    events.iter().fold(state, |state, event| Some(apply(state, event).unwrap()))
}

/// A person behind whom some verifications stand.
fn person(n: u8, verifications: &[u8]) -> Person {
    let mut state = None;
    for v in verifications {
        let subject = SubjectId::new(4_000, [*v; 10]);
        let events = recognise(
            state.as_ref(),
            &person_id(n),
            &institution(),
            &verification(*v),
            &subject,
            &[],
            start(),
        );
        state = fold(state, &events);
    }
    state.unwrap()
}

fn recognised(state: Option<&Person>, at: &InstitutionId, v: u8, changed: &[Attribute]) -> Vec<Event> {
    let subject = SubjectId::new(4_000, [v; 10]);
    recognise(state, &person_id(9), at, &verification(v), &subject, changed, start())
}

#[test]
fn a_verification_is_linked_once_and_never_across_institutions() {
    let known = person(1, &[1]);
    assert_eq!(recognised(Some(&known), &institution(), 1, &[]), []);
    let other = InstitutionId::new(1_000, [3; 10]);
    assert_eq!(recognised(Some(&known), &other, 2, &[]), []);
    let events = recognised(Some(&known), &institution(), 2, &[]);
    let known = fold(Some(known), &events).unwrap();
    assert_eq!(known.id, person_id(1), "who is known keeps the id");
    let linked: Vec<_> = known.verified.iter().map(|k| k.verification.clone()).collect();
    assert_eq!(linked, [verification(1), verification(2)]);
}

#[test]
fn a_changed_name_is_history_and_a_first_name_is_none() {
    let first = recognised(None, &institution(), 1, &[Attribute::Name]);
    assert_eq!(first.len(), 1, "nothing can have changed before anything was known");
    let known = fold(None, &first).unwrap();
    let again = recognised(Some(&known), &institution(), 2, &[Attribute::Name]);
    let known = fold(Some(known), &again).unwrap();
    let changes: Vec<_> = known.changes.iter().map(|c| (c.what, c.verification.clone())).collect();
    assert_eq!(changes, [(Attribute::Name, verification(2))]);
}

#[test]
fn two_who_are_one_lead_to_one_and_can_be_parted_again() {
    let (one, two) = (person(1, &[1]), person(2, &[2]));
    let (here, there) = merge(&one, &two, by()).unwrap();
    let stays = fold(Some(one.clone()), &[here]).unwrap();
    let goes = fold(Some(two.clone()), &[there]).unwrap();
    assert_eq!((stays.absorbed.as_slice(), goes.same_as.clone()), (&[person_id(2)][..], Some(person_id(1))));
    assert_eq!(recognised(Some(&goes), &institution(), 3, &[]), [], "asked for at the one that stays");
    assert_eq!(merge(&stays, &goes, by()), Err(Refusal::NotNow), "twice");
    assert_eq!(merge(&goes, &stays, by()), Err(Refusal::NotNow), "in a circle");
    assert_eq!(merge(&one, &one, by()), Err(Refusal::NotNow));
    assert_eq!(unmerge(&goes, &stays, by()), Err(Refusal::NotNow), "the wrong way round");
    let (here, there) = unmerge(&stays, &goes, by()).unwrap();
    assert_eq!(fold(Some(stays), &[here]), Some(one));
    assert_eq!(fold(Some(goes), &[there]), Some(two));
}

#[test]
fn what_was_somebody_elses_goes_to_a_person_of_their_own() {
    let mixed = person(1, &[1, 2, 3]);
    let (here, there) = split(&mixed, &person_id(2), &[verification(2)], by()).unwrap();
    let (left, moved) = (fold(Some(mixed.clone()), &[here]).unwrap(), fold(None, &[there]).unwrap());
    assert!(left.has(&verification(1)) && left.has(&verification(3)) && !left.has(&verification(2)));
    assert!(moved.has(&verification(2)) && moved.verified.len() == 1);
    let refused = |wanted: &[u8]| {
        let wanted: Vec<_> = wanted.iter().map(|n| verification(*n)).collect();
        assert_eq!(split(&mixed, &person_id(2), &wanted, by()), Err(Refusal::NotNow), "{wanted:?}");
    };
    refused(&[]);
    refused(&[1, 2, 3]);
    refused(&[7]);
}

#[test]
fn death_is_a_state_that_can_be_a_mistake() {
    let alive = person(1, &[1]);
    assert_eq!(death(&alive, false, by()), None);
    let dead = fold(Some(alive.clone()), &[death(&alive, true, by()).unwrap()]).unwrap();
    assert_eq!(dead.dead_since, Some(start()));
    assert_eq!(death(&dead, true, by()), None);
    assert_eq!(fold(Some(dead.clone()), &[death(&dead, false, by()).unwrap()]), Some(alive));
}

proptest! {
    /// However often persons are merged, parted and split: no verification is lost, doubled, or in a circle.
    #[test]
    fn every_verification_stands_behind_just_one_person(steps in prop::collection::vec((0u8..3, 0u8..6, 0u8..6, 1u8..9), 0..40)) {
        let mut all = vec![person(1, &[1, 2, 3]), person(2, &[4, 5]), person(3, &[6, 7, 8])];
        let mut next = 10;
        for (what, a, b, v) in steps {
            let (a, b) = (usize::from(a) % all.len(), usize::from(b) % all.len());
            let done = match what {
                0 => merge(&all[a], &all[b], by()),
                1 => unmerge(&all[a], &all[b], by()),
                _ => split(&all[a], &person_id(next), &[verification(v)], by()),
            };
            let Ok((here, there)) = done else { continue };
            all[a] = apply(Some(all[a].clone()), &here).unwrap();
            if what == 2 {
                next += 1;
                all.push(apply(None, &there).unwrap());
            } else {
                all[b] = apply(Some(all[b].clone()), &there).unwrap();
            }
        }
        for v in 1..9 {
            prop_assert_eq!(all.iter().filter(|p| p.has(&verification(v))).count(), 1);
        }
        for p in &all {
            let mut at = p;
            for _ in 0..all.len() {
                let Some(to) = &at.same_as else { break };
                at = all.iter().find(|p| p.id == *to).unwrap();
                prop_assert!(at.absorbed.contains(&p.id) || at.id != *to || p.same_as.as_ref() != Some(to));
            }
            prop_assert!(at.same_as.is_none(), "a circle");
        }
    }
}
