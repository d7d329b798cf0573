//! Stories of ends, of answers that come behind them, and of the notice that a person asked for.

use crate::story::{Story, names};
use ingam_cases::answers::{DepositCode, HolderCode, IssuerCode};
use ingam_cases::refusal::Refusal;
use ingam_cases::review::{AskedBy, Decision};
use ingam_cases::values::NameMatch;
use ingam_cases::verification::work::{Limit, Work};
use ingam_cases::verification::{AccountStep, Command, End, RefusedCode, Status};
use jiff::SignedDuration;

/// Seconds of a verification's life under the usual plan.
const LIFE_S: i64 = 86_400;

fn sending() -> Story {
    Story::asking().issuer(IssuerCode::Valid).account().holder(NameMatch::Same)
}

#[test]
fn time_ends_what_nobody_ends() {
    let mut story = Story::opened();
    assert_eq!(story.work(), [(Work::Tick, Some(story.v().expires_at))]);
    story = story.wait(LIFE_S - 1).ticks().stands(Status::Created, None);
    story = story.wait(1).ticks().ends(End::Expired).stands(Status::Expired, None);
    story.refused(Command::TakeSession { take_over: true }, Refusal::Expired);
    story.does(Command::AskLink);
    story.refused(Command::Cancel, Refusal::Expired);
}

#[test]
fn who_comes_too_late_finds_it_expired() {
    let mut story = Story::code_out().wait(LIFE_S);
    let events = story.does(Command::TryCode { session: 1, right: true });
    assert_eq!(names(&events), ["expired"]);
    let mut story = Story::begun().wait(LIFE_S);
    let events = story.does(Command::AskLink);
    assert_eq!(names(&events), ["expired", "link_asked"]);
}

#[test]
fn a_link_is_asked_for_only_so_often() {
    let mut story = Story::begun();
    for _ in 0..10 {
        assert_eq!(names(&story.does(Command::AskLink)), ["link_asked"]);
    }
    assert!(story.does(Command::AskLink).is_empty(), "it is on its way");
    let mut story = story.wait(LIFE_S).ticks().ends(End::Expired);
    assert!(story.does(Command::AskLink).is_empty(), "also after the end");
}

#[test]
fn an_institution_withdraws_it() {
    let mut story = Story::code_out();
    story.does(Command::Cancel);
    let mut story = story.ends(End::Cancelled).stands(Status::Cancelled, None);
    story.refused(Command::TryCode { session: 1, right: true }, Refusal::Ended);
    story.refused(Command::Cancel, Refusal::Ended);
    let person = story.person();
    story.refused(Command::LinkPerson { person }, Refusal::NotNow);
}

#[test]
fn an_issuers_late_answer_is_evidence_and_changes_no_result() {
    for code in IssuerCode::ALL.iter().copied() {
        let mut story = Story::asking();
        let late = story.issuer_says(code);
        story.does(Command::Cancel);
        let events = story.does(late.clone());
        assert_eq!(names(&events), ["issuer_answered"], "{code:?}");
        assert_eq!(story.v().checks.len(), 1);
        assert_eq!(story.v().met, []);
        assert_eq!(story.work(), [], "nobody is asked again");
        story = story.ends(End::Cancelled);
        story.refused(late, Refusal::StaleAnswer);
    }
    let mut story = Story::asking();
    let late = story.issuer_says(IssuerCode::Unavailable);
    let call = match &late {
        Command::IssuerAnswered { call, .. } => call.clone(),
        _ => unreachable!(),
    };
    story.does(Command::Cancel);
    story.does(late);
    assert_eq!(story.limits(), [Limit::ReturnWrongDate { call }]);
}

#[test]
fn a_banks_late_answer_settles_the_deposit_and_changes_no_result() {
    let mut story = sending();
    story.does(Command::Cancel);
    let AccountStep::Sending { call, .. } = story.v().account.clone() else { panic!() };
    let story = story.bank(DepositCode::NotSent);
    assert_eq!(story.limits(), [Limit::ReturnSend { call }]);
    story.ends(End::Cancelled);

    let mut story = sending();
    story.does(Command::Cancel);
    let mut story = story.bank(DepositCode::Deposited);
    assert!(matches!(story.v().account, AccountStep::Resend { .. }), "nobody is asked for that code");
    assert_eq!(story.work(), []);
    story.refused(Command::TryCode { session: 1, right: true }, Refusal::Ended);
    let again = story.resend(None);
    story.refused(again, Refusal::Ended);
}

#[test]
fn money_in_doubt_is_followed_up_for_a_day_behind_the_end() {
    let mut story = sending().bank(DepositCode::Unknown);
    story.does(Command::Cancel);
    let mut asked = 0;
    for _ in 0..1_000 {
        story = story.bank(DepositCode::Unavailable);
        assert!(matches!(story.v().account, AccountStep::InDoubt { .. }));
        let Some((Work::AskDeposit { .. }, Some(at))) = story.work().pop() else { break };
        asked += 1;
        story.now = at;
    }
    assert!((100..200).contains(&asked), "every ten minutes for a day, not {asked}");
    let story = story.bank(DepositCode::Deposited);
    assert_eq!(story.count("deposit_asked"), 1);
    story.ends(End::Cancelled);
}

#[test]
fn an_answer_that_comes_at_the_end_itself_is_recorded_behind_it() {
    let mut story = Story::asking();
    let late = story.issuer_says(IssuerCode::Valid);
    let mut story = story.wait(LIFE_S);
    assert_eq!(names(&story.does(late)), ["expired", "issuer_answered"]);
    let story = story.ends(End::Expired);
    assert_eq!(story.v().met, []);
    let mut story = sending().wait(LIFE_S);
    let late = story.bank_says(DepositCode::Unknown);
    assert_eq!(names(&story.does(late)), ["expired", "deposit_answered"]);
    assert!(matches!(story.work()[..], [(Work::AskDeposit { .. }, _)]));
}

#[test]
fn other_late_answers_are_stale() {
    let mut story = Story::asking().issuer(IssuerCode::Valid).account();
    let late = story.holder_says(HolderCode::Found, Some(NameMatch::Same), None);
    let mut other = Story::asking();
    let of_another = other.issuer_says(IssuerCode::Valid);
    story.does(Command::Cancel);
    story.refused(late, Refusal::StaleAnswer);
    story.refused(of_another, Refusal::StaleAnswer);
    let blob = story.blob();
    story.refused(Command::CardRead { blob, reading: crate::story::readable() }, Refusal::StaleAnswer);
    assert!(story.tell(story_tick()).unwrap().is_empty());
}

fn story_tick() -> Command {
    Story::unopened().tick(None)
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut story = Story::asking();
    let answer = story.issuer_says(IssuerCode::MismatchIssueDate);
    story.does(answer.clone());
    story.refused(answer, Refusal::StaleAnswer);
    assert_eq!(story.v().wrong_dates, 1);
    let mut story = sending();
    let answer = story.bank_says(DepositCode::Deposited);
    story.does(answer.clone());
    story.refused(answer, Refusal::StaleAnswer);
}

#[test]
fn a_notice_is_due_once_when_the_one_who_was_waited_for_has_answered() {
    let mut story = sending().bank(DepositCode::Unknown);
    story.does(Command::AskNotice { session: 1 });
    assert!(story.does(Command::AskNotice { session: 1 }).is_empty(), "asked already");
    // Nothing of this is the bank's answer.
    story.does(Command::TakeSession { take_over: true });
    story.does(Command::AskLink);
    let story = story.wait(5).ticks().bank(DepositCode::Unavailable);
    assert_eq!(story.count("notice_due"), 0);
    let mut story = story;
    let answer = story.bank_says(DepositCode::Deposited);
    assert_eq!(names(&story.does(answer)), ["deposit_answered", "notice_due"]);
    story.does(Command::TryCode { session: 2, right: true });
    assert_eq!(story.count("notice_due"), 1);
}

#[test]
fn what_a_person_does_alone_makes_no_notice_due() {
    let mut story = Story::asking().issuer(IssuerCode::Unavailable);
    // The account could be named now; who rather waits for the issuer may.
    story.does(Command::AskNotice { session: 1 });
    let mut story = story.retakes().card();
    assert_eq!(story.count("notice_due"), 0);
    story.refused(Command::AskNotice { session: 1 }, Refusal::NotNow);
    let story = story.confirms(&[]).issuer(IssuerCode::Valid);
    assert_eq!(story.count("notice_due"), 1);
}

#[test]
fn one_answer_while_another_is_missing_is_no_reason_to_come_back() {
    let mut story = Story::asking().issuer(IssuerCode::Unavailable).account();
    let command = story.holder_says(HolderCode::Maintenance, None, None);
    story.does(command);
    story.does(Command::AskNotice { session: 1 });
    let story = story.wait(5).ticks().issuer(IssuerCode::Valid);
    assert_eq!(story.count("notice_due"), 0, "the bank is still waited for");
    let story = story.holder(NameMatch::Same);
    assert_eq!(story.count("notice_due"), 0, "1 won is on its way");
    let story = story.bank(DepositCode::Deposited);
    assert_eq!(story.count("notice_due"), 1, "now there is a code to type");
}

#[test]
fn an_end_by_answer_is_told_and_an_end_by_others_is_not() {
    let waiting = || {
        let story = Story::asking().issuer(IssuerCode::Unavailable).account().holder(NameMatch::Same);
        let mut story = story.bank(DepositCode::Deposited).types(true);
        story.does(Command::AskNotice { session: 1 });
        story
    };
    let mut story = waiting().wait(5).ticks();
    let answer = story.issuer_says(IssuerCode::Valid);
    assert_eq!(names(&story.does(answer)), ["issuer_answered", "verified", "notice_due"]);
    let mut story = waiting();
    assert_eq!(names(&story.does(Command::Cancel)), ["cancelled"]);
    let mut story = waiting().wait(5).ticks();
    let answer = story.issuer_says(IssuerCode::Valid);
    story.now += SignedDuration::from_secs(LIFE_S);
    assert_eq!(names(&story.does(answer)), ["expired", "issuer_answered"]);
}

#[test]
fn typing_a_code_is_nothing_to_be_told_about() {
    let mut story = Story::code_out();
    story.refused(Command::AskNotice { session: 1 }, Refusal::NotNow);
}

#[test]
fn nothing_is_there_before_it_is_opened_and_it_opens_once() {
    let mut story = Story::unopened();
    story.refused(Command::Cancel, Refusal::Unknown);
    let mut below = crate::story::plan();
    below.require = 1;
    story.refused(crate::story::open(below), Refusal::PolicyNotAllowed);
    let mut story = Story::opened();
    story.refused(crate::story::open(crate::story::plan()), Refusal::NotNow);
}

#[test]
fn a_consent_is_taken_back_at_any_time() {
    let withdraw = || Command::WithdrawConsent { text_id: "consent.identity".into() };
    let mut story = Story::opened();
    story.refused(withdraw(), Refusal::Unknown);
    let mut story = Story::code_out();
    assert_eq!(names(&story.does(withdraw())), ["consent_withdrawn", "refused"]);
    let mut story = story.ends(End::Refused { code: RefusedCode::ConsentRefused });
    assert_eq!(names(&story.does(withdraw())), [""; 0], "twice is once");
    // Behind the end the result stands, and the institution is told.
    let mut story = Story::code_out().types(true).ends(End::Verified);
    assert_eq!(names(&story.does(withdraw())), ["consent_withdrawn"]);
    assert!(!story.v().consents_stand());
    story.ends(End::Verified);
    // Nothing that was refused is opened again without it.
    let mut story = Story::asking().issuer(IssuerCode::Valid).account().holder(NameMatch::Similar);
    story.does(Command::AskReview { by: AskedBy::Person });
    story.does(withdraw());
    let again = |decision| Command::CloseReview { decision, settled_with_issuer: false };
    story.refused(again(Decision::Again), Refusal::ConsentRequired);
    story.does(again(Decision::Upheld));
    story.refused(Command::AskReview { by: AskedBy::Institution }, Refusal::NotReviewable);
}
