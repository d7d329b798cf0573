//! Stories of a member of staff, walks by chance through an account, and its entries of each release.

use crate::golden::{entries, entry, golden, pretty};
use crate::records::{read, round_trip};
use crate::samples;
use crate::story::start;
use ingam_cases::id::{InstitutionId, KeyId, StaffId, SubjectId};
use ingam_cases::otp::Tried;
use ingam_cases::refusal::Refusal;
use ingam_cases::staff::{
    By, Command, Event, MAX_WRONG_CODES, MAX_WRONG_PASSWORDS, Role, Staff, Status, Why, apply, decide,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DAY: i64 = 86_400;

fn by() -> By {
    By::Key(KeyId::new(1_000, [5; 10]))
}

struct Desk {
    state: Option<Staff>,
    now: Timestamp,
    /// The step of the device's clock; each right code is a later one.
    step: u64,
}

impl Desk {
    fn invited() -> Self {
        let mut desk = Self { state: None, now: start(), step: 0 };
        desk.does(invite());
        desk
    }

    fn active() -> Self {
        let mut desk = Self::invited();
        desk.sets_up(1);
        desk
    }

    fn signed_in() -> Self {
        let mut desk = Self::active();
        desk.signs_in();
        desk
    }

    fn s(&self) -> &Staff {
        self.state.as_ref().unwrap()
    }

    #[track_caller]
    fn does(&mut self, command: Command) -> Vec<Event> {
        let events = decide(self.state.as_ref(), command, self.now).unwrap();
        for event in &events {
            self.state = Some(apply(self.state.take(), event).unwrap());
        }
        events
    }

    #[track_caller]
    fn refused(&self, command: Command, expected: Refusal) {
        assert_eq!(decide(self.state.as_ref(), command, self.now), Err(expected));
    }

    fn waits(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    fn sets_up(&mut self, setup: u32) {
        self.step += 1;
        self.does(set_up(setup, self.step));
    }

    fn signs_in(&mut self) {
        self.does(password(true));
        self.step += 1;
        let attempt = self.s().attempts;
        self.does(code(attempt, Tried::Right(self.step)));
        assert!(self.s().is_signed_in(self.s().sessions, self.now));
    }
}

fn invite() -> Command {
    Command::Invite {
        id: StaffId::new(1_000, [8; 10]),
        institution: InstitutionId::new(1_000, [2; 10]),
        subject: SubjectId::new(1_000, [3; 10]),
        roles: BTreeSet::from([Role::Reviewer]),
        by: by(),
    }
}

fn set_up(setup: u32, step: u64) -> Command {
    Command::SetUp { setup, step, change_days: 90 }
}

fn password(right: bool) -> Command {
    Command::TryPassword { right }
}

fn code(attempt: u32, code: Tried) -> Command {
    Command::TryCode { attempt, code }
}

fn failed(events: &[Event]) -> Option<Why> {
    events.iter().find_map(|e| match e {
        Event::SignInFailed { why, .. } => Some(*why),
        _ => None,
    })
}

#[test]
fn a_password_and_a_device_are_needed_before_the_first_sign_in() {
    let mut desk = Desk::invited();
    assert_eq!(desk.s().status(), Status::Invited);
    assert_eq!(failed(&desk.does(password(true))), Some(Why::NotSetUp));
    desk.refused(set_up(2, 7), Refusal::Expired);
    desk.sets_up(1);
    assert_eq!(desk.s().status(), Status::Active);
    desk.refused(set_up(1, 9), Refusal::Expired);
    desk.signs_in();
    desk.refused(invite(), Refusal::NotNow);
    Desk { state: None, now: start(), step: 0 }.refused(password(true), Refusal::Unknown);
}

#[test]
fn a_setup_link_ends_after_72_hours_and_with_a_newer_one() {
    let mut desk = Desk::invited();
    desk.waits(72 * 3600 - 1);
    assert!(desk.s().can_set_up(1, desk.now));
    desk.waits(1);
    desk.refused(set_up(1, 7), Refusal::Expired);
    desk.does(Command::Reset { by: by() });
    desk.refused(set_up(1, 7), Refusal::Expired);
    desk.sets_up(2);
    assert_eq!(desk.s().status(), Status::Active);
}

#[test]
fn the_fifth_wrong_password_locks_and_the_right_one_opens_nothing() {
    let mut desk = Desk::active();
    for n in 1..MAX_WRONG_PASSWORDS {
        assert_eq!(failed(&desk.does(password(false))), Some(Why::WrongPassword));
        assert_eq!(desk.s().wrong_passwords, n);
    }
    // A right one in between starts the count anew.
    desk.does(password(true));
    for _ in 0..MAX_WRONG_PASSWORDS {
        assert_eq!(desk.s().status(), Status::Active);
        desk.does(password(false));
    }
    assert_eq!(desk.s().status(), Status::Locked);
    assert_eq!(failed(&desk.does(password(true))), Some(Why::Locked));
    assert_eq!(failed(&desk.does(password(false))), Some(Why::Locked));
    desk.does(Command::Unlock { by: by() });
    assert!(desk.does(Command::Unlock { by: by() }).is_empty(), "it is open already");
    desk.signs_in();
}

#[test]
fn the_tenth_wrong_code_locks_and_a_password_does_not_start_its_count_anew() {
    let mut desk = Desk::active();
    for n in 0..MAX_WRONG_CODES {
        assert_eq!(desk.s().status(), Status::Active, "{n}");
        desk.does(password(true));
        let tried = if n % 2 == 0 { Tried::Wrong } else { Tried::Used };
        desk.does(code(desk.s().attempts, tried));
    }
    assert_eq!(desk.s().status(), Status::Locked);
    assert_eq!(failed(&desk.does(code(10, Tried::Right(99)))), Some(Why::Locked));
}

#[test]
fn a_code_is_typed_within_five_minutes_of_its_own_password_and_used_once() {
    let mut desk = Desk::active();
    desk.does(password(true));
    desk.refused(code(2, Tried::Right(7)), Refusal::Expired);
    desk.waits(299);
    assert_eq!(failed(&desk.does(code(1, Tried::Right(desk.step)))), Some(Why::UsedCode), "at the setup");
    desk.waits(1);
    desk.refused(code(1, Tried::Right(7)), Refusal::Expired);
    desk.does(password(true));
    desk.does(code(2, Tried::Right(7)));
    desk.refused(code(2, Tried::Right(8)), Refusal::Expired);
}

#[test]
fn a_session_lasts_ten_hours_and_a_newer_one_retires_it() {
    let mut desk = Desk::signed_in();
    desk.waits(10 * 3600 - 1);
    assert!(desk.s().is_signed_in(1, desk.now));
    desk.waits(1);
    assert!(!desk.s().is_signed_in(1, desk.now));
    desk.signs_in();
    assert!(!desk.s().is_signed_in(1, desk.now) && desk.s().is_signed_in(2, desk.now));
    assert!(desk.does(Command::SignOut { session: 1 }).is_empty(), "the older page's button");
    desk.does(Command::SignOut { session: 2 });
    assert!(!desk.s().is_signed_in(2, desk.now));
}

#[test]
fn a_password_must_be_changed_after_its_days_or_never() {
    let mut desk = Desk::signed_in();
    desk.waits(90 * DAY - 1);
    assert!(!desk.s().must_change_password(desk.now));
    desk.waits(1);
    assert!(desk.s().must_change_password(desk.now));
    desk.signs_in();
    let change = |session, right, change_days| Command::ChangePassword { session, right, change_days };
    desk.refused(change(1, true, 90), Refusal::OtherSession);
    desk.does(change(2, true, 0));
    desk.waits(9_999 * DAY);
    assert!(!desk.s().must_change_password(desk.now));
    desk.signs_in();
    for _ in 0..MAX_WRONG_PASSWORDS {
        desk.does(change(3, false, 90));
    }
    assert_eq!(desk.s().status(), Status::Locked, "nobody guesses at an open session either");
    assert!(!desk.s().is_signed_in(3, desk.now));
}

#[test]
fn a_reset_ends_what_was_there() {
    let mut desk = Desk::signed_in();
    desk.does(Command::Reset { by: By::Operator });
    assert_eq!(desk.s().status(), Status::Invited);
    assert!(!desk.s().is_signed_in(1, desk.now));
    assert_eq!(failed(&desk.does(password(true))), Some(Why::NotSetUp));
    desk.sets_up(2);
    desk.signs_in();
    assert_eq!(desk.s().sessions, 2);
}

#[test]
fn roles_change_and_who_left_stays_away() {
    let mut desk = Desk::signed_in();
    let roles = BTreeSet::from([Role::Agent, Role::Administrator]);
    desk.does(Command::SetRoles { roles: roles.clone(), by: by() });
    assert_eq!(desk.s().roles, roles);
    assert!(desk.does(Command::SetRoles { roles: roles.clone(), by: by() }).is_empty());
    desk.does(Command::Leave { by: by() });
    assert!(desk.does(Command::Leave { by: by() }).is_empty());
    assert_eq!(desk.s().status(), Status::Left);
    assert!(!desk.s().is_signed_in(1, desk.now));
    assert_eq!(failed(&desk.does(password(true))), Some(Why::Left));
    for command in [
        Command::Reset { by: by() },
        Command::Unlock { by: by() },
        Command::SetRoles { roles, by: by() },
        set_up(1, 7),
    ] {
        desk.refused(command, Refusal::StaffLeft);
    }
}

/// One step of a walk: time goes by, then somebody does something. `a` chooses how.
fn moves() -> impl Strategy<Value = Vec<(i64, u8, u8)>> {
    let wait = prop_oneof![
        6 => Just(0i64),
        2 => prop::sample::select(vec![1i64, 30, 299, 300]),
        1 => prop::sample::select(vec![10 * 3600, 72 * 3600, 90 * DAY]),
    ];
    prop::collection::vec((wait, 0u8..12, any::<u8>()), 0..80)
}

fn any_command(desk: &Desk, what: u8, a: u8) -> Command {
    let s = desk.s();
    // Mostly the number that fits, sometimes another one.
    let near = |n: u32| if a.is_multiple_of(5) { n.saturating_sub(1) } else { n };
    match what {
        0 => set_up(near(s.setups), desk.step + 1),
        1 | 2 => password(!a.is_multiple_of(3)),
        3 | 4 => code(near(s.attempts), Tried::Right(desk.step + 1 - u64::from(a.is_multiple_of(7)))),
        5 => code(near(s.attempts), if a.is_multiple_of(2) { Tried::Wrong } else { Tried::Used }),
        6 => Command::SignOut { session: near(s.sessions) },
        7 => Command::ChangePassword {
            session: near(s.sessions),
            right: !a.is_multiple_of(3),
            change_days: 90,
        },
        8 => Command::Unlock { by: by() },
        9 => Command::Reset { by: by() },
        10 => Command::SetRoles {
            roles: Role::ALL.into_iter().take(1 + usize::from(a) % 3).collect(),
            by: by(),
        },
        _ if a < 20 => Command::Leave { by: by() },
        _ => password(true),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_walk_signs_in_without_both_and_no_step_twice(moves in moves()) {
        let mut desk = Desk::invited();
        let mut all = vec![];
        let (mut wrong_in_a_row, mut taken) = ((0, 0), BTreeSet::new());
        for (wait, what, a) in moves {
            desk.waits(wait);
            let before = desk.s().clone();
            let command = any_command(&desk, what, a);
            let Ok(events) = decide(Some(&before), command, desk.now) else { continue };
            for event in &events {
                match event {
                    Event::SignedIn { step, session, .. } => {
                        prop_assert_eq!(before.status(), Status::Active);
                        prop_assert!(before.attempt.as_ref().is_some_and(|a| desk.now < a.until));
                        prop_assert!(taken.insert(*step), "a step was taken twice");
                        prop_assert_eq!(*session, before.sessions + 1);
                        wrong_in_a_row.1 = 0;
                    }
                    Event::PasswordPassed { .. } => {
                        prop_assert_eq!(before.status(), Status::Active);
                        wrong_in_a_row.0 = 0;
                    }
                    Event::SignInFailed { why: Why::WrongPassword, .. } => wrong_in_a_row.0 += 1,
                    Event::SignInFailed { why: Why::WrongCode | Why::UsedCode, .. } => wrong_in_a_row.1 += 1,
                    Event::OtpEnrolled { step, .. } => {
                        prop_assert!(before.can_set_up(before.setups, desk.now));
                        taken = BTreeSet::from([*step]);
                    }
                    Event::PasswordSet { .. } => wrong_in_a_row.0 = 0,
                    Event::Unlocked { .. } | Event::SetupOpened { .. } => wrong_in_a_row = (0, 0),
                    _ => {}
                }
                let told_apart = matches!(event, Event::SignInFailed { why: Why::Left, .. });
                prop_assert!(before.left_at.is_none() || told_apart);
                desk.state = Some(apply(desk.state.take(), event).unwrap());
            }
            all.extend(events);
            desk.step = desk.step.max(desk.s().code_used.unwrap_or(0));
            let s = desk.s();
            prop_assert!(s.wrong_passwords <= MAX_WRONG_PASSWORDS && s.wrong_codes <= MAX_WRONG_CODES);
            let enough = wrong_in_a_row.0 >= MAX_WRONG_PASSWORDS || wrong_in_a_row.1 >= MAX_WRONG_CODES;
            prop_assert!(enough || s.locked.is_none());
            prop_assert!(!enough || s.status() != Status::Active);
            prop_assert!(s.session.is_none() || matches!(s.status(), Status::Active));
            let text = serde_json::to_string(s).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Staff>(&text).unwrap(), s);
        }
        // The fold of the entries is the state.
        let first = decide(None, invite(), start()).unwrap();
        let again = first.iter().chain(&all).try_fold(None, |state, e| apply(state, e).map(Some)).unwrap();
        prop_assert_eq!(again.as_ref(), desk.state.as_ref());
        prop_assert_eq!(desk.s().events, (first.len() + all.len()) as u64);
    }
}

#[test]
fn the_account_of_every_release_folds_to_the_states_of_its_day() {
    let fold = |events: &[Event]| events.iter().try_fold(None, |state, e| apply(state, e).map(Some)).unwrap();
    let fresh = || {
        let staff = samples::staff();
        let states: Vec<_> = (1..=staff.len()).map(|n| fold(&staff[..n])).collect();
        let entries = staff.iter().map(|e| entry(round_trip(e))).collect::<Vec<_>>();
        pretty(&json!({ "entries": entries, "states": states }))
    };
    let recorded: Value = serde_json::from_str(&golden("staff-v1.json", fresh)).unwrap();
    let events: Vec<Event> = entries(&recorded).map(|(kind, clear)| read(kind, clear)).collect();
    let kinds: Vec<_> = events.iter().map(samples::staff_kind).collect();
    assert_eq!(kinds, (0..samples::STAFF_KINDS).collect::<Vec<_>>());
    for (n, state) in recorded["states"].as_array().unwrap().iter().enumerate() {
        assert_eq!(&serde_json::to_value(fold(&events[..=n])).unwrap(), state);
    }
    for (event, (kind, clear)) in events.iter().zip(entries(&recorded)) {
        assert_eq!(round_trip(event), (kind.to_owned(), clear.clone()));
    }
}
