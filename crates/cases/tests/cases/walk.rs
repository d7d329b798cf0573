//! Walks by chance through a verification: what no order of commands can do, and what every state allows.

use crate::oracle::Judge;
use crate::steps::{device, form, institution, phone};
use crate::story::{Story, answer, bank, consents, names, open, plan, readable, readable_as, submit, text};
use ingam_cases::answers::{
    BlockCode, DepositCode, DeviceCode, HolderCode, InstitutionCode, IssuerCode, PhoneCode,
};
use ingam_cases::policy::{BlockList, PictureSource, Policy, Step, StepKind};
use ingam_cases::review::{AskedBy, Decision, decisions};
use ingam_cases::values::NameMatch;
use ingam_cases::verification::apply::fold;
use ingam_cases::verification::command::{Hindrance, Reading};
use ingam_cases::verification::decide::decide;
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::work::{Limit, limits};
use ingam_cases::verification::{
    AccountStep, CardStep, Command, DocumentField, DocumentKind, End, Event, InstitutionStep, PhoneStep,
    RefusedCode, Stage, Status, Verification, WaitingFor,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;

/// One step of a walk: time goes by, then somebody does something. `a` and `b` choose what and how.
#[derive(Debug, Clone)]
struct Move {
    wait_s: i64,
    what: What,
    a: u8,
    b: u8,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// What the state waits for.
    Forward,
    /// Anything, fitting or not.
    Any(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let wait = prop_oneof![
        80 => Just(0i64),
        12 => prop::sample::select(vec![1i64, 4, 5, 14, 15, 59, 60, 120]),
        4 => prop::sample::select(vec![299i64, 300, 301, 599, 600, 3600]),
        1 => prop::sample::select(vec![40_000i64, 86_399, 86_400]),
    ];
    let what = prop_oneof![4 => Just(What::Forward), 1 => (0u8..29).prop_map(What::Any)];
    let one =
        (wait, what, any::<u8>(), any::<u8>()).prop_map(|(wait_s, what, a, b)| Move { wait_s, what, a, b });
    prop::collection::vec(one, 0..70)
}

fn plans() -> impl Strategy<Value = Policy> {
    let lists = prop::sample::select(vec![
        vec![],
        vec![BlockList::AccountOpening],
        vec![BlockList::Deceased, BlockList::AccountOpening],
    ]);
    (1u32..9, 1u32..6, 1u32..5, 1u32..6, 1u32..5, any::<bool>(), lists, more()).prop_map(
        |(pictures, checks, sends, tries, accounts, ask, lists, more)| {
            let mut plan = plan();
            plan.block_lists = lists;
            if let Step::IdDocument { pictures: p, checks: c, documents, .. } = &mut plan.steps[0] {
                (*p, *c) = (pictures, checks);
                *documents = KINDS.to_vec();
            }
            plan.steps[1] = Step::ExistingAccount { sends, tries, code_minutes: 5, accounts };
            if !ask {
                plan.consents.clear();
            }
            for (step, at) in more {
                // A phone is compared with the card's name.
                let card = plan.steps.iter().position(|step| step.kind() == StepKind::IdDocument);
                let first = if step.kind() == StepKind::Phone { card.map_or(0, |card| card + 1) } else { 0 };
                plan.steps.insert(at.clamp(first, plan.steps.len()), step);
            }
            assert_eq!(plan.problems(), []);
            plan
        },
    )
}

/// Steps beside the card and the account, and where they stand.
fn more() -> impl Strategy<Value = Vec<(Step, usize)>> {
    let steps = prop::sample::subsequence(vec![form(), institution(), device(2), phone(2)], 0..=4);
    (steps, prop::collection::vec(0usize..4, 4)).prop_map(|(steps, at)| steps.into_iter().zip(at).collect())
}

fn pick<T: Copy>(from: &[T], at: u8) -> T {
    from[usize::from(at) % from.len()]
}

const KINDS: [DocumentKind; 3] =
    [DocumentKind::Resident, DocumentKind::Driver, DocumentKind::ForeignPassport];
const FIELDS: [DocumentField; 3] =
    [DocumentField::Name, DocumentField::ResidentNumber, DocumentField::IssueDate];
const ASKERS: [AskedBy; 3] = [AskedBy::Person, AskedBy::Institution, AskedBy::Rule];
const NAMES: [Option<NameMatch>; 4] =
    [Some(NameMatch::Same), Some(NameMatch::Similar), Some(NameMatch::Different), None];

fn fields(bits: u8) -> Vec<DocumentField> {
    FIELDS.into_iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, f)| f).collect()
}

fn reading(a: u8) -> Reading {
    match a % 12 {
        0 => Reading::Unreadable { quality: vec!["blur".into()], reader: "specimen 1".into() },
        1 => Reading::WrongKind { reader: "specimen 1".into() },
        2 => readable_as(DocumentKind::Alien),
        _ => readable_as(pick(&KINDS, a)),
    }
}

impl Story {
    fn withheld(&self, b: u8) -> Option<Timestamp> {
        let hours = i64::from(b >> 5) - 1;
        b.is_multiple_of(5).then(|| self.now + SignedDuration::from_hours(hours))
    }

    /// The move that the card or the account waits for.
    fn forward(&mut self, a: u8, b: u8) -> Command {
        let Some(v) = self.state.clone() else { return open(plan()) };
        let session = v.session;
        match v.stage {
            Stage::Created => return Command::TakeSession { take_over: false },
            Stage::Safety => {
                return Command::AnswerSafety {
                    session,
                    text: text("safety.told_to"),
                    told_to: a.is_multiple_of(64),
                };
            }
            Stage::Consents => {
                return Command::AnswerConsents {
                    session,
                    answers: consents(&v.plan, !a.is_multiple_of(32)),
                };
            }
            Stage::Ended { .. } if v.in_review() => return self.close_review(a, b),
            Stage::Ended { .. } if a.is_multiple_of(2) => return Command::AskReview { by: pick(&ASKERS, b) },
            Stage::Checking | Stage::Ended { .. } => {}
        }
        match next(&v) {
            Next::Form => return self.answer_form(if a.is_multiple_of(8) { &[] } else { &["purpose"] }),
            Next::Device { .. } => {
                let code = if a.is_multiple_of(2) { DeviceCode::Right } else { pick(DeviceCode::ALL, b) };
                return self.try_device(code);
            }
            Next::Phone { .. } => return self.give_phone(),
            Next::PhoneCode { .. } if a % 8 == 7 => return Command::ChangePhone { session },
            Next::PhoneCode { .. } => return Command::TypePhoneCode { session },
            _ => {}
        }
        match v.phone {
            PhoneStep::Sending { .. } if a.is_multiple_of(2) => return self.telecom_says(PhoneCode::Sent),
            PhoneStep::Checking { .. } if a.is_multiple_of(2) => return self.telecom_says(PhoneCode::Owner),
            PhoneStep::Sending { .. } | PhoneStep::Checking { .. } => {
                return self.telecom_says(pick(PhoneCode::ALL, b));
            }
            _ => {}
        }
        if let InstitutionStep::Asking { .. } = v.institution_check {
            let pass = a.is_multiple_of(2);
            return self.institution_says(if pass {
                InstitutionCode::Pass
            } else {
                pick(InstitutionCode::ALL, b)
            });
        }
        let card = match &v.card {
            CardStep::Picture { .. } => Some(self.submit()),
            CardStep::Reading { blob, .. } => {
                Some(Command::CardRead { blob: blob.clone(), reading: reading(a) })
            }
            CardStep::Confirm { .. } if b % 32 == 4 => Some(Command::ConfirmCard {
                session,
                edited: fields(a),
                hindrance: Some(Hindrance::Expired),
                call: self.call(),
            }),
            CardStep::Confirm { .. } => Some(self.confirm(&fields(a))),
            CardStep::Screening { .. } => {
                let code = if a.is_multiple_of(16) { pick(BlockCode::ALL, b) } else { BlockCode::Clear };
                Some(self.list_says(code, a % 16 == 15))
            }
            CardStep::Asking { call, .. } => {
                let code = if a.is_multiple_of(2) { IssuerCode::Valid } else { pick(IssuerCode::ALL, a) };
                Some(Command::IssuerAnswered {
                    call: call.clone(),
                    answer: answer(code),
                    next_call: self.call(),
                })
            }
            CardStep::Later { .. } | CardStep::Idle | CardStep::Passed => None,
        };
        if let Some(command) = card
            && (b.is_multiple_of(2) || matches!(v.account, AccountStep::Idle | AccountStep::Passed { .. }))
        {
            return command;
        }
        match &v.account {
            AccountStep::Name { .. } => self.give_account(),
            AccountStep::AskingHolder { call, .. } => Command::HolderAnswered {
                call: call.clone(),
                answer: answer(if a.is_multiple_of(2) {
                    HolderCode::Found
                } else {
                    pick(HolderCode::ALL, a)
                }),
                name: if a.is_multiple_of(4) { pick(&NAMES, b) } else { Some(NameMatch::Same) },
                next_call: self.call(),
                withheld_until: self.withheld(b),
            },
            AccountStep::InDoubt { .. } if a % 8 == 7 => Command::ChangeAccount { session },
            AccountStep::Sending { .. } | AccountStep::InDoubt { .. } => {
                self.bank_says(if a.is_multiple_of(2) {
                    DepositCode::Deposited
                } else {
                    pick(DepositCode::ALL, a)
                })
            }
            AccountStep::Code { .. } if a % 8 == 7 => self.resend(None),
            AccountStep::Code { .. } => Command::TryCode { session, right: a.is_multiple_of(3) },
            AccountStep::Resend { .. } => {
                let withheld = self.withheld(b);
                self.resend(withheld)
            }
            _ => {
                // Somebody is waited for by the clock.
                let due = dues(&v).into_iter().flatten().next().unwrap_or(self.now);
                if a.is_multiple_of(2) && due < v.expires_at {
                    self.now = self.now.max(due);
                }
                let withheld = self.withheld(b);
                self.tick(withheld)
            }
        }
    }

    /// What the review's own rules let a reviewer decide.
    fn close_review(&self, a: u8, b: u8) -> Command {
        let v = self.state.as_ref();
        let code = v.and_then(Verification::refused_with).unwrap_or(RefusedCode::CardRefused);
        let allowed = decisions(code, v.is_some_and(|v| v.similar_at.is_some()));
        let decision = if allowed.is_empty() { Decision::Again } else { pick(&allowed, a) };
        Command::CloseReview {
            decision,
            settled_with_issuer: decision == Decision::Again && b.is_multiple_of(4),
        }
    }

    /// A question's id: the open one, an old one, or one that was never asked.
    fn some_call(&mut self, open: Option<ingam_cases::id::CallId>, b: u8) -> ingam_cases::id::CallId {
        match (open, b % 3) {
            (Some(call), 0) => call,
            (_, 1) if !self.calls.is_empty() => self.calls[usize::from(b) % self.calls.len()].clone(),
            _ => self.call(),
        }
    }

    fn anything(&mut self, which: u8, a: u8, b: u8) -> Command {
        let current = self.state.as_ref().map_or(0, |v| v.session);
        let session = if b.is_multiple_of(7) { u32::from(a % 4) } else { current };
        let plan = self.state.as_ref().map_or_else(plan, |v| v.plan.clone());
        let open_card = self.state.as_ref().and_then(|v| match &v.card {
            CardStep::Asking { call, .. } | CardStep::Screening { call, .. } => Some(call.clone()),
            _ => None,
        });
        let open_account = self.state.as_ref().and_then(|v| match &v.account {
            AccountStep::AskingHolder { call, .. }
            | AccountStep::Sending { call, .. }
            | AccountStep::InDoubt { call, .. } => Some(call.clone()),
            _ => None,
        });
        match which {
            0 => open(plan),
            1 if a.is_multiple_of(8) => Command::Cancel,
            1 | 2 => Command::TakeSession { take_over: a.is_multiple_of(2) },
            3 => {
                Command::AnswerSafety { session, text: text("safety.told_to"), told_to: a.is_multiple_of(4) }
            }
            4 => {
                let mut answers = consents(&plan, !a.is_multiple_of(4));
                answers.truncate(usize::from(b % 4));
                Command::AnswerConsents { session, answers }
            }
            5 => {
                let source = if a.is_multiple_of(4) { PictureSource::File } else { PictureSource::Camera };
                submit(session, self.blob(), source)
            }
            6 => Command::CardRead { blob: self.blob(), reading: reading(a) },
            7 => {
                let hindrance = match b % 32 {
                    0 => Some(Hindrance::TooYoung),
                    1 | 2 => Some(Hindrance::Expired),
                    3 => Some(Hindrance::TriesTaken),
                    _ => None,
                };
                Command::ConfirmCard { session, edited: fields(a), hindrance, call: self.call() }
            }
            8 => Command::RetakeCard { session },
            9 => Command::IssuerAnswered {
                call: self.some_call(open_card, b),
                answer: answer(pick(IssuerCode::ALL, a)),
                next_call: self.call(),
            },
            10 if a.is_multiple_of(2) => Command::ListAnswered {
                call: self.some_call(open_card, b),
                answer: answer(pick(BlockCode::ALL, a)),
                next_call: self.call(),
                withheld: b.is_multiple_of(4),
            },
            10 => Command::WithholdCard { call: self.call() },
            11 => Command::GiveAccount { session, bank: bank(), call: self.call() },
            12 => Command::HolderAnswered {
                call: self.some_call(open_account, b),
                answer: answer(pick(HolderCode::ALL, a)),
                name: pick(&NAMES, a),
                next_call: self.call(),
                withheld_until: self.withheld(b),
            },
            13 => Command::DepositAnswered {
                call: self.some_call(open_account, b),
                answer: answer(pick(DepositCode::ALL, a)),
            },
            14 => Command::Resend { session, call: self.call(), withheld_until: self.withheld(a) },
            15 => Command::ChangeAccount { session },
            16 => Command::TryCode { session, right: a.is_multiple_of(2) },
            18 => self.answer_form(if a.is_multiple_of(2) { &["purpose", "note"] } else { &["surprise"] }),
            19 => self.try_device(pick(DeviceCode::ALL, b)),
            20 => {
                let open = match &self.state.as_ref().map(|v| v.institution_check.clone()) {
                    Some(InstitutionStep::Asking { call, .. }) => Some(call.clone()),
                    _ => None,
                };
                let call = self.some_call(open, b);
                Command::InstitutionAnswered { call, answer: answer(pick(InstitutionCode::ALL, a)) }
            }
            17 if self.state.as_ref().is_some_and(|v| v.end().is_some()) => {
                Command::LinkPerson { person: self.person() }
            }
            17 if a.is_multiple_of(2) => Command::AskNotice { session },
            17 => Command::AskLink,
            22 => Command::AskReview { by: pick(&ASKERS, a) },
            23 => self.close_review(a, b),
            27 if a.is_multiple_of(4) => {
                Command::WithdrawConsent { text_id: plan.consents.first().map_or("x", |c| &c.text_id).into() }
            }
            24 => Command::GivePhone { session, call: self.call() },
            25 => Command::TypePhoneCode { session },
            26 if a.is_multiple_of(8) => Command::ChangePhone { session },
            26 => {
                let open = self.state.as_ref().and_then(|v| v.phone.call().cloned());
                let (call, answer) = (self.some_call(open, b), answer(pick(PhoneCode::ALL, a)));
                if b.is_multiple_of(2) {
                    Command::PhoneAnswered { call, answer }
                } else {
                    Command::PhoneConfirmed { call, answer }
                }
            }
            _ => Command::Tick {
                card_call: self.call(),
                account_call: self.call(),
                withheld_until: self.withheld(b),
            },
        }
    }

    fn makes(&mut self, step: &Move) {
        self.now += SignedDuration::from_secs(step.wait_s);
        let command = match step.what {
            What::Forward => self.forward(step.a, step.b),
            What::Any(which) => self.anything(which, step.a, step.b),
        };
        // A refusal is an answer like any other; the state stands.
        let _ = self.tell(command);
    }

    /// Everybody means well: what the page shows is done, every question is answered with yes, the timer rings.
    fn ends_well(mut self) -> Verification {
        for _ in 0..40 {
            let v = self.v().clone();
            let session = v.session;
            let command = match next(&v) {
                Next::Ended { .. } => return v,
                Next::Safety if v.stage == Stage::Created => Command::TakeSession { take_over: false },
                Next::Safety => {
                    Command::AnswerSafety { session, text: text("safety.told_to"), told_to: false }
                }
                Next::Consents => Command::AnswerConsents { session, answers: consents(&v.plan, true) },
                Next::Picture { .. } => self.submit(),
                Next::Confirm { doubtful, .. } => {
                    self.confirm(&[doubtful.first().copied().unwrap_or(DocumentField::IssueDate)])
                }
                Next::Account { .. } => self.give_account(),
                Next::Code { .. } => Command::TryCode { session, right: true },
                Next::Resend { .. } => self.resend(None),
                Next::Form => self.answer_form(&["purpose"]),
                Next::Device { .. } => self.try_device(DeviceCode::Right),
                Next::Phone { .. } => self.give_phone(),
                Next::PhoneCode { .. } => Command::TypePhoneCode { session },
                Next::Wait { .. } => self.everybody_answers(&v),
            };
            let events = self.does(command);
            assert!(!events.is_empty(), "nothing came of it in {v:?}");
        }
        panic!("no way out of {:?}", self.v());
    }

    fn everybody_answers(&mut self, v: &Verification) -> Command {
        if let CardStep::Reading { blob, .. } = &v.card {
            return Command::CardRead { blob: blob.clone(), reading: readable() };
        }
        match &v.account {
            AccountStep::AskingHolder { .. } => {
                return self.holder_says(HolderCode::Found, Some(NameMatch::Same), None);
            }
            AccountStep::Sending { .. } | AccountStep::InDoubt { .. } => {
                return self.bank_says(DepositCode::Deposited);
            }
            _ => {}
        }
        match v.card {
            CardStep::Screening { .. } => return self.list_says(BlockCode::Clear, false),
            CardStep::Asking { .. } => return self.issuer_says(IssuerCode::Valid),
            _ => {}
        }
        match v.phone {
            PhoneStep::Sending { .. } => return self.telecom_says(PhoneCode::Sent),
            PhoneStep::Checking { .. } => return self.telecom_says(PhoneCode::Owner),
            _ => {}
        }
        if let InstitutionStep::Asking { .. } = v.institution_check {
            return self.institution_says(InstitutionCode::Pass);
        }
        let due = dues(v).into_iter().flatten().min().expect("somebody is waited for");
        self.now = self.now.max(due);
        self.tick(None)
    }
}

/// When the clock goes on for whoever is asked again.
fn dues(v: &Verification) -> [Option<Timestamp>; 3] {
    [
        if let CardStep::Later { retry_at, .. } = v.card { Some(retry_at) } else { None },
        if let AccountStep::Later { retry_at, .. } = v.account { Some(retry_at) } else { None },
        if let InstitutionStep::Later { retry_at, .. } = v.institution_check { Some(retry_at) } else { None },
    ]
}

/// What an institution sees agrees with what the person meets.
fn says_one_thing(v: &Verification) {
    let (waiting, next) = (v.waiting(), next(v));
    assert_eq!(v.status() == Status::Waiting, waiting.is_some(), "{v:?}");
    match &next {
        Next::Wait { reading: true, .. } => assert_eq!(waiting, None),
        Next::Wait { .. } => {
            let whom = waiting.expect("a page that waits says for whom").waiting_for;
            assert_ne!(whom, WaitingFor::Reviewer);
        }
        Next::Code { expires_at, tries_left, .. } => {
            let waiting = waiting.expect("the person went to fetch the code");
            assert_eq!((waiting.waiting_for, waiting.until), (WaitingFor::Person, *expires_at));
            assert!(*tries_left > 0);
        }
        Next::Resend { sends_left, .. } => assert!(*sends_left > 0, "a dead end: {v:?}"),
        Next::PhoneCode { expires_at, tries_left, .. } => {
            let waiting = waiting.expect("the person went to fetch the code");
            assert_eq!((waiting.waiting_for, waiting.until), (WaitingFor::Person, *expires_at));
            assert!(*tries_left > 0);
        }
        Next::Phone { messages_left, .. } => assert!(*messages_left > 0, "a dead end: {v:?}"),
        _ => assert_eq!(waiting, None),
    }
    assert_eq!(matches!(next, Next::Ended { .. }), v.end().is_some());
}

/// A limit that is taken is returned at most once, and only by the one who holds it.
fn limits_balance(events: &[Event]) {
    let mut held: BTreeMap<String, i32> = BTreeMap::new();
    for limit in events.iter().flat_map(limits) {
        let (what, call, change) = match &limit {
            Limit::TakeWrongDate { call } => ("date", call, 1),
            Limit::ReturnWrongDate { call }
            | Limit::KeepWrongDate { call, .. }
            | Limit::FreeWrongDates { call } => ("date", call, -1),
            Limit::TakeSend { call } => ("send", call, 1),
            Limit::ReturnSend { call } => ("send", call, -1),
            // Nobody holds what it frees.
            Limit::FreeCard => continue,
        };
        let count = held.entry(format!("{what} {call}")).or_default();
        *count += change;
        assert!((0..=1).contains(count), "{limit:?}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 5_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_order_of_commands_reaches_verified_below_the_policy(plan in plans(), steps in moves()) {
        let mut story = Story::under(plan);
        for step in &steps {
            story.makes(step);
            let v = story.v();
            if v.end() == Some(End::Verified) {
                prop_assert!(v.policy_met());
            }
        }
        if let Err(found) = Judge::reads(&story.events) {
            return Err(TestCaseError::fail(format!("{found} in {:?}", names(&story.events))));
        }
        limits_balance(&story.events);
    }

    #[test]
    fn folding_anew_is_folding_step_by_step(plan in plans(), steps in moves()) {
        let mut story = Story::under(plan);
        for step in &steps {
            story.makes(step);
        }
        prop_assert_eq!(fold(&story.events).unwrap(), story.state);
    }
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_state_that_is_not_final_has_a_way_out(plan in plans(), steps in moves()) {
        let mut story = Story::under(plan);
        for step in &steps {
            story.makes(step);
            let v = story.v();
            says_one_thing(v);
            if v.end().is_some() {
                continue;
            }
            // Time alone ends it.
            let mut alone = story.clone();
            alone.now = alone.now.max(v.expires_at);
            let tick = alone.tick(None);
            let events = decide(alone.state.as_ref(), tick, alone.now).unwrap();
            prop_assert_eq!(events, [Event::Expired { at: alone.now }]);
            // Good will ends it sooner, unless the plan is used up by what went before.
            if story.now < v.expires_at {
                let after = story.clone().ends_well();
                let lapsed = |until| until <= story.now;
                let too_late = matches!(v.account, AccountStep::Code { expires_at, .. } if lapsed(expires_at))
                    || matches!(v.phone, PhoneStep::Code { expires_at, .. } if lapsed(expires_at));
                let used_up = v.account_outdated || too_late;
                let in_time = after.end() == Some(End::Verified);
                prop_assert!(in_time || used_up || after.end() == Some(End::Expired), "{:?} from {:?}", after.end(), v);
            }
        }
    }
}

/// Walks that never arrive prove nothing: enough of them end in each way.
#[test]
fn the_walks_come_everywhere() {
    let mut runner = TestRunner::deterministic();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..6_000 {
        let (plan, steps) = (plans(), moves()).new_tree(&mut runner).unwrap().current();
        let mut story = Story::under(plan);
        steps.iter().for_each(|step| story.makes(step));
        *ends.entry(story.v().status().as_str().to_owned()).or_default() += 1;
        for event in &story.events {
            *kinds.entry(crate::story::name(event)).or_default() += 1;
        }
    }
    for end in ["verified", "refused", "expired", "cancelled", "waiting", "in_progress"] {
        assert!(ends.get(end).is_some_and(|n| *n >= 20), "{end}: {ends:?}");
    }
    for event in crate::samples::verification() {
        let name = crate::story::name(&event);
        assert!(kinds.get(&name).is_some_and(|n| *n >= 10), "{name}: {kinds:?}");
    }
}
