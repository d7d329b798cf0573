//! Stories of access media: codes are taken once, too many wrong ones lock, and revoked is for ever.

use crate::golden::{entries, entry, golden, pretty};
use crate::records::{read, round_trip};
use crate::samples;
use crate::story::start;
use ingam_cases::answers::DeviceCode;
use ingam_cases::id::{InstitutionId, MediumId, SubjectId, VerificationId};
use ingam_cases::medium::{
    Command, Event, MAX_WRONG_CARD, MAX_WRONG_OTP, Medium, MediumKind, MediumStatus, OutOfOrder, Tried,
    apply, decide,
};
use ingam_cases::otp;
use ingam_cases::policy::DeviceKind;
use ingam_cases::refusal::Refusal;
use serde_json::{Value, json};

const HOTP: MediumKind = MediumKind::Hotp { form: otp::Form::COMMON };
const CARD: MediumKind = MediumKind::SecurityCard { cells: 35 };

fn enrolled(kind: MediumKind) -> Medium {
    let command = Command::Enrol {
        id: MediumId::new(1_000, [5; 10]),
        institution: InstitutionId::new(1_000, [2; 10]),
        subject: SubjectId::new(1_000, [3; 10]),
        kind,
        reference: None,
        next: 7,
    };
    tell(None, command).unwrap().unwrap()
}

fn tell(state: Option<Medium>, command: Command) -> Result<Option<Medium>, Refusal> {
    let events = decide(state.as_ref(), command, start())?;
    Ok(events.iter().fold(state, |state, event| Some(apply(state, event).unwrap())))
}

fn tried(medium: Medium, tried: Tried) -> Result<Medium, Refusal> {
    let verification = VerificationId::new(1_000, [1; 10]);
    Ok(tell(Some(medium), Command::Try { verification, tried })?.unwrap())
}

#[test]
fn too_many_wrong_codes_in_a_row_lock_it() {
    let check = |kind: MediumKind, most: u32| {
        let mut medium = enrolled(kind);
        for _ in 1..most {
            medium = tried(medium, Tried::Wrong).unwrap();
        }
        // A right one forgives what was before it.
        medium = tried(medium, Tried::Right(None)).unwrap();
        assert_eq!((medium.wrong, medium.status()), (0, MediumStatus::Active));
        for at in 0..most {
            assert_eq!(medium.status(), MediumStatus::Active, "{at}");
            medium = tried(medium, if at % 2 == 0 { Tried::Wrong } else { Tried::Used }).unwrap();
        }
        assert_eq!(medium.status(), MediumStatus::Locked);
        assert_eq!(tried(medium.clone(), Tried::Right(None)), Err(Refusal::NotNow));
        let medium = tell(Some(medium), Command::Unlock).unwrap().unwrap();
        assert_eq!((medium.wrong, medium.status()), (0, MediumStatus::Active));
        assert!(tried(medium, Tried::Right(None)).is_ok());
    };
    check(HOTP, MAX_WRONG_OTP);
    check(CARD, MAX_WRONG_CARD);
}

#[test]
fn a_counter_goes_on_behind_the_one_that_was_right() {
    let medium = enrolled(HOTP);
    assert_eq!(medium.next, 7);
    let medium = tried(medium, Tried::Right(Some(9))).unwrap();
    assert_eq!(medium.next, 10);
    assert_eq!(tried(medium, Tried::Wrong).unwrap().next, 10);
}

#[test]
fn revoked_is_for_ever() {
    let medium = tell(Some(enrolled(CARD)), Command::Revoke).unwrap().unwrap();
    assert_eq!(medium.status(), MediumStatus::Revoked);
    assert_eq!(tried(medium.clone(), Tried::Right(None)), Err(Refusal::MediumRevoked));
    assert_eq!(tell(Some(medium.clone()), Command::Unlock), Err(Refusal::MediumRevoked));
    assert_eq!(decide(Some(&medium), Command::Revoke, start()), Ok(vec![]));
}

#[test]
fn a_medium_is_what_policies_call_it() {
    assert_eq!(HOTP.device(), DeviceKind::Otp);
    assert_eq!(CARD.device(), DeviceKind::SecurityCard);
    assert_eq!(decide(None, Command::Unlock, start()), Err(Refusal::Unknown));
    assert_eq!(apply(None, &Event::Unlocked { at: start() }), Err(OutOfOrder));
}

#[test]
fn entries_of_every_release_fold_to_the_state_of_their_day() {
    let states = |events: &[Event]| {
        let mut state = None;
        let each = events.iter().map(|event| {
            state = Some(apply(state.take(), event).unwrap());
            serde_json::to_value(&state).unwrap()
        });
        each.collect::<Vec<_>>()
    };
    let fresh = || {
        let events = samples::medium();
        let entries: Vec<_> = events.iter().map(|e| entry(round_trip(e))).collect();
        pretty(&json!({ "entries": entries, "states": states(&events) }))
    };
    let recorded: Value = serde_json::from_str(&golden("medium-v1.json", fresh)).unwrap();
    let events: Vec<Event> = entries(&recorded).map(|(kind, clear)| read(kind, clear)).collect();
    assert_eq!(json!(states(&events)), recorded["states"]);
    assert!(matches!(events[1], Event::Tried { code: DeviceCode::Right, .. }));
}
