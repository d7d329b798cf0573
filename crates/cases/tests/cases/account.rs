//! Stories of the account: holder, 1 won, code.

use crate::story::{Story, bank, names, plan, readable};
use ingam_cases::answers::{DepositCode, HolderCode, IssuerCode, Outcome};
use ingam_cases::policy::{Policy, Step};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::NameMatch;
use ingam_cases::verification::next::{Next, WaitState};
use ingam_cases::verification::work::{Limit, Work};
use ingam_cases::verification::{
    AccountProblem, AccountStep, CardStep, Command, End, LaterReason, RefusedCode, ResendProblem, Status,
    WaitingFor,
};
use jiff::SignedDuration;

fn with(sends: u32, accounts: u32) -> Policy {
    let mut plan = plan();
    plan.steps[1] = Step::ExistingAccount { sends, tries: 5, code_minutes: 5, accounts };
    plan
}

/// The issuer said yes; the account is next.
fn at_account(plan: Policy) -> Story {
    Story::begun_under(plan).card().confirms(&[]).issuer(IssuerCode::Valid)
}

fn code_out(plan: Policy) -> Story {
    at_account(plan).account().holder(NameMatch::Same).bank(DepositCode::Deposited)
}

fn name_again(problem: AccountProblem) -> Next {
    Next::Account { problem: Some(problem), issuer_later: None }
}

#[test]
fn a_name_that_is_not_surely_the_same_gets_no_won() {
    let check = |name: Option<NameMatch>, problem: AccountProblem| {
        let mut story = at_account(plan()).account();
        let command = story.holder_says(HolderCode::Found, name, None);
        story.does(command);
        assert_eq!(story.count("deposit_asked"), 0);
        let story = story.meets(&name_again(problem));
        // Another account is offered, and may be the right one.
        story.account().holder(NameMatch::Same).bank(DepositCode::Deposited).types(true).ends(End::Verified);
    };
    check(Some(NameMatch::Similar), AccountProblem::NameSimilar);
    check(Some(NameMatch::Different), AccountProblem::NameDifferent);
    check(None, AccountProblem::NameDifferent);
}

#[test]
fn a_bank_that_says_no_to_the_holder_asks_for_another_account() {
    for code in HolderCode::ALL.iter().copied().filter(|c| c.outcome() == Outcome::Failed) {
        let mut story = at_account(plan()).account();
        let command = story.holder_says(code, None, None);
        story.does(command);
        story.meets(&name_again(AccountProblem::Holder { code }));
    }
}

#[test]
fn a_bank_in_maintenance_is_asked_again_by_itself() {
    let mut story = at_account(plan()).account();
    let command = story.holder_says(HolderCode::Maintenance, None, None);
    story.does(command);
    let retry_at = story.now + SignedDuration::from_secs(5);
    assert_eq!(story.work(), [(Work::Tick, Some(retry_at))]);
    let later = WaitState::Later { retry_at, reason: LaterReason::Maintenance };
    let story = story
        .meets(&Next::Wait {
            telecom: false,
            reading: false,
            issuer: None,
            bank: Some((bank(), later)),
            institution: None,
        })
        .stands(Status::Waiting, Some(WaitingFor::Bank))
        .wait(5)
        .ticks();
    story.holder(NameMatch::Same).bank(DepositCode::Deposited).types(true).ends(End::Verified);
}

#[test]
fn accounts_that_never_fit_end_it() {
    let story = at_account(with(3, 2)).account().holder(NameMatch::Different);
    let story = story.account().holder(NameMatch::Different);
    story.ends(End::Refused { code: RefusedCode::AccountNotProved });
}

#[test]
fn a_deposit_that_certainly_did_not_happen_gives_its_send_back() {
    for code in DepositCode::ALL.iter().copied() {
        let story = at_account(plan()).account().holder(NameMatch::Same);
        assert_eq!(story.v().sends, 1);
        let AccountStep::Sending { call, .. } = story.v().account.clone() else { panic!() };
        let story = story.bank(code);
        let kept = matches!(code, DepositCode::Deposited | DepositCode::Unknown);
        let expected = if kept { vec![] } else { vec![Limit::ReturnSend { call }] };
        assert_eq!(story.limits(), expected, "{code:?}");
        assert_eq!(story.v().sends, u32::from(kept), "{code:?}");
    }
}

#[test]
fn an_answer_lost_after_the_money_went_is_asked_for_and_never_sent_again() {
    let story = at_account(plan()).account().holder(NameMatch::Same).bank(DepositCode::Unknown);
    let AccountStep::InDoubt { call, retry_at, .. } = story.v().account.clone() else { panic!() };
    assert_eq!(story.work(), [(Work::AskDeposit { call: call.clone() }, Some(retry_at))]);
    let mut story = story.stands(Status::Waiting, Some(WaitingFor::Bank));
    let again = story.resend(None);
    story.refused(again, Refusal::NotNow);
    story.refused(Command::ChangeAccount { session: 1 }, Refusal::NotNow);
    // Whatever silence follows, the doubt stays.
    for code in [DepositCode::Maintenance, DepositCode::Unavailable, DepositCode::RateLimited] {
        story = story.wait(600).ticks().bank(code);
        assert!(matches!(&story.v().account, AccountStep::InDoubt { call: same, .. } if *same == call));
        assert_eq!(story.limits(), []);
    }
    let story = story.bank(DepositCode::Deposited);
    assert_eq!(story.count("deposit_asked"), 1);
    assert_eq!(story.v().sends, 1);
    story.types(true).ends(End::Verified);
}

#[test]
fn a_deposit_without_trace_is_sent_anew_only_when_the_person_asks() {
    let story = at_account(plan()).account().holder(NameMatch::Same).bank(DepositCode::Unknown);
    let story = story.bank(DepositCode::NotSent);
    let story =
        story.meets(&Next::Resend { bank: bank(), problem: ResendProblem::NotSent, sends_left: 3 }).wait(900);
    let story = story.ticks();
    assert_eq!(story.count("deposit_asked"), 1);
    let story = story.resends();
    assert_eq!(story.count("deposit_asked"), 2);
}

#[test]
fn another_card_while_money_is_in_doubt_waits_for_the_bank_first() {
    let story = Story::asking().issuer(IssuerCode::Unavailable).account().holder(NameMatch::Same);
    let mut story = story.bank(DepositCode::Unknown).retakes();
    assert!(story.v().account_outdated);
    // While our own reader is at work, nobody else is waited for.
    let picture = story.submit();
    story.does(picture);
    story = story.stands(Status::InProgress, None).wait(1);
    let CardStep::Reading { blob, .. } = story.v().card.clone() else { panic!() };
    story.does(Command::CardRead { blob, reading: readable() });
    story = story.confirms(&[]).issuer(IssuerCode::Valid);
    let mut story = story.stands(Status::Waiting, Some(WaitingFor::Bank));
    let another = story.give_account();
    story.refused(another, Refusal::NotNow);
    // It arrived, for the card before: its code is worth nothing now.
    let mut story = story.bank(DepositCode::Deposited);
    assert_eq!(story.v().account, AccountStep::Name { problem: None });
    story.refused(Command::TryCode { session: 1, right: true }, Refusal::NotNow);
    let story = story.account().holder(NameMatch::Same).bank(DepositCode::Deposited);
    assert_eq!(story.v().sends, 2);
    story.types(true).ends(End::Verified);
}

#[test]
fn another_account_is_possible_where_nothing_was_sent() {
    let mut withheld = at_account(plan()).account();
    let until = withheld.now + SignedDuration::from_hours(9);
    let command = withheld.holder_says(HolderCode::Found, Some(NameMatch::Same), Some(until));
    let events = withheld.does(command);
    assert_eq!(names(&events), ["holder_answered", "deposit_withheld"]);
    let not_sent = at_account(plan()).account().holder(NameMatch::Same).bank(DepositCode::Maintenance);
    for mut story in [withheld, not_sent] {
        assert!(matches!(story.v().account, AccountStep::Later { holder_known: true, .. }));
        story.does(Command::ChangeAccount { session: 1 });
        story.meets(&name_again(AccountProblem::Chosen));
    }
}

#[test]
fn a_limit_that_frees_lets_the_deposit_go_by_itself() {
    let mut story = at_account(plan()).account();
    let until = story.now + SignedDuration::from_hours(9);
    let command = story.holder_says(HolderCode::Found, Some(NameMatch::Same), Some(until));
    story.does(command);
    assert_eq!(story.work(), [(Work::Tick, Some(until))]);
    let mut story = story.stands(Status::Waiting, Some(WaitingFor::Person)).wait(9 * 3600);
    // Still taken: later. A limit that is over already is not tried in a tight circle.
    let tick = story.tick(Some(story.now));
    story.does(tick);
    assert_eq!(story.work(), [(Work::Tick, Some(story.now + SignedDuration::from_secs(5)))]);
    let story = story.wait(5).ticks();
    assert!(matches!(story.v().account, AccountStep::Sending { .. }));
}

#[test]
fn five_wrong_codes_lock_it_and_a_new_won_opens_it() {
    let mut story = Story::code_out();
    for left in [4, 3, 2, 1] {
        story = story.types(false);
        assert!(matches!(story.v().account, AccountStep::Code { tries_left, .. } if tries_left == left));
    }
    let story = story.types(false);
    let locked = Next::Resend { bank: bank(), problem: ResendProblem::TriesUsedUp, sends_left: 2 };
    let mut story = story.meets(&locked).stands(Status::InProgress, None);
    story.refused(Command::TryCode { session: 1, right: true }, Refusal::NotNow);
    let story = story.resends().bank(DepositCode::Deposited);
    assert!(matches!(story.v().account, AccountStep::Code { tries_left: 5, .. }));
    story.types(true).ends(End::Verified);
}

#[test]
fn the_fifth_try_may_be_the_right_one() {
    let story = Story::code_out().types(false).types(false).types(false).types(false);
    story.types(true).ends(End::Verified);
}

#[test]
fn a_code_lapses_at_its_minute_and_not_before() {
    Story::code_out().wait(299).types(true).ends(End::Verified);
    let typed_late = Story::code_out().wait(300).types(true);
    let rang = Story::code_out();
    let AccountStep::Code { expires_at, .. } = rang.v().account else { panic!() };
    assert_eq!(rang.work(), [(Work::Tick, Some(expires_at))]);
    for story in [typed_late, rang.wait(300).ticks()] {
        assert_eq!(names(&story.events[story.events.len() - 1..]), ["code_lapsed"]);
        assert_eq!(story.count("code_tried"), 0);
        story.meets(&Next::Resend { bank: bank(), problem: ResendProblem::CodeExpired, sends_left: 2 });
    }
}

#[test]
fn the_last_code_still_counts_and_then_the_sends_are_used_up() {
    let story = code_out(with(3, 5)).resends().bank(DepositCode::Deposited);
    let story = story.resends().bank(DepositCode::Deposited);
    assert_eq!(story.v().sends, 3);
    let mut story = story;
    let fourth = story.resend(None);
    story.refused(fourth, Refusal::SendsUsedUp);
    story.refused(Command::ChangeAccount { session: 1 }, Refusal::SendsUsedUp);
    let story = story.types(false);
    // The code that is out is not lost by having asked.
    let AccountStep::Code { tries_left: 4, .. } = story.v().account else { panic!() };
    story.wait(300).ticks().ends(End::Refused { code: RefusedCode::AccountNotProved });

    let story = code_out(with(1, 5));
    story.types(false).types(true).ends(End::Verified);
    let story = code_out(with(1, 5)).types(false).types(false).types(false).types(false).types(false);
    story.ends(End::Refused { code: RefusedCode::AccountNotProved });
}

#[test]
fn the_last_account_is_not_thrown_away_by_a_wish_for_another() {
    let mut story = code_out(with(3, 1));
    story.refused(Command::ChangeAccount { session: 1 }, Refusal::AccountsUsedUp);
    story.types(true).ends(End::Verified);
}

#[test]
fn a_good_code_is_not_given_up_for_a_send_that_the_limits_withhold() {
    let mut story = Story::code_out();
    let until = story.now + SignedDuration::from_hours(9);
    let command = story.resend(Some(until));
    story.refused(command, Refusal::SendsUsedUp);
    // Once it is gone, the next one waits for the limit.
    let mut story = story.wait(300).ticks();
    let command = story.resend(Some(until));
    story.does(command);
    assert!(matches!(
        story.v().account,
        AccountStep::Later { reason: LaterReason::LimitReached, retry_at, .. } if retry_at == until
    ));
}

#[test]
fn a_bank_that_is_named_anew_starts_with_patience_anew() {
    let mut story = at_account(plan()).account();
    for _ in 0..4 {
        let command = story.holder_says(HolderCode::Unavailable, None, None);
        story.does(command);
        story = story.wait(600).ticks();
    }
    let command = story.holder_says(HolderCode::Unavailable, None, None);
    story.does(command);
    story.does(Command::ChangeAccount { session: 1 });
    let mut story = story.account();
    let command = story.holder_says(HolderCode::Unavailable, None, None);
    story.does(command);
    assert_eq!(story.work(), [(Work::Tick, Some(story.now + SignedDuration::from_secs(5)))]);
}

#[test]
fn a_refused_card_that_takes_the_last_send_along_is_the_reason() {
    let story = Story::begun_under(with(1, 5)).card().confirms(&[]).issuer(IssuerCode::Unavailable);
    let mut story = story.account().holder(NameMatch::Same).bank(DepositCode::Deposited).types(true);
    story.refused(Command::RetakeCard { session: 1 }, Refusal::SendsUsedUp);
    let story = story.wait(5).ticks().issuer(IssuerCode::LostReported);
    story.ends(End::Refused { code: RefusedCode::CardRefused });
}

#[test]
fn a_name_changed_after_the_last_send_ends_it_before_the_issuer_is_asked() {
    use ingam_cases::verification::DocumentField;
    let story = Story::begun_under(with(1, 5)).card().confirms(&[]).issuer(IssuerCode::Unavailable);
    let story = story.account().holder(NameMatch::Same).bank(DepositCode::Deposited).types(true);
    let mut story = story.wait(5).ticks().issuer(IssuerCode::MismatchNameOrIssueDate);
    let command = story.confirm(&[DocumentField::Name]);
    assert_eq!(names(&story.does(command)), ["card_confirmed", "refused"]);
}

#[test]
fn a_tick_that_ends_it_asks_nobody() {
    let story = Story::begun_under(with(1, 5)).card().confirms(&[]).issuer(IssuerCode::Unavailable);
    let mut story = story.account().holder(NameMatch::Same).bank(DepositCode::Deposited).wait(300);
    let command = story.tick(None);
    assert_eq!(names(&story.does(command)), ["code_lapsed", "refused"]);
}
