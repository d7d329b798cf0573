//! Stories of every kind of document, and of the lists that stand before any verification.

use crate::story::{Story, plan};
use ingam_cases::answers::{BlockCode, IssuerCode};
use ingam_cases::policy::{BlockList, Policy, Step};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::NameMatch;
use ingam_cases::verification::command::Hindrance;
use ingam_cases::verification::next::{Next, WaitState};
use ingam_cases::verification::{
    CardProblem, CardStep, Command, DocumentField, DocumentKind, End, Event, RefusedCode, Status, WaitingFor,
};

/// A plan that takes every document and asks the lists.
pub(crate) fn wide() -> Policy {
    let mut plan = plan();
    if let Step::IdDocument { documents, .. } = &mut plan.steps[0] {
        *documents = DocumentKind::ALL.to_vec();
    }
    plan.block_lists = vec![BlockList::Deceased, BlockList::AccountOpening];
    assert_eq!(plan.problems(), []);
    plan
}

#[test]
fn the_lists_are_asked_one_after_the_other_and_then_the_issuer() {
    let story = Story::begun_under(wide()).shows(DocumentKind::Driver).confirms(&[]);
    let story = story.stands(Status::Waiting, Some(WaitingFor::Issuer));
    let story = story.list(BlockCode::Clear).list(BlockCode::Clear).issuer(IssuerCode::Valid);
    let asked: Vec<_> = story.v().checks.iter().map(|c| c.code.as_str()).collect();
    assert_eq!(asked, ["clear", "clear", "valid"]);
    let mut story = story.account();
    assert_eq!(story.v().document, DocumentKind::Driver);
    story.refused(Command::RetakeCard { session: 1 }, Refusal::NotNow);
}

#[test]
fn a_block_ends_it_whatever_else_is_proved() {
    let check = |code, end| {
        let mut story = Story::begun_under(wide()).card().confirms(&[]).list(BlockCode::Clear).list(code);
        assert_eq!(story.v().end(), Some(End::Refused { code: end }));
        assert_eq!(story.count("issuer_asked") + story.count("holder_asked"), 0);
        let session = story.v().session;
        story.refused(Command::RetakeCard { session }, Refusal::Ended);
    };
    check(BlockCode::BlockedByPerson, RefusedCode::BlockedByPerson);
    check(BlockCode::Deceased, RefusedCode::Deceased);
    let story = Story::begun_under(wide()).shows(DocumentKind::Driver).confirms(&[]);
    let story = story.list(BlockCode::Clear).list(BlockCode::Clear).issuer(IssuerCode::Deceased);
    story.ends(End::Refused { code: RefusedCode::Deceased });
}

#[test]
fn a_silent_list_holds_the_issuer_and_the_bank_back() {
    let mut story = Story::begun_under(wide()).card().confirms(&[]).list(BlockCode::Unavailable);
    let give = story.give_account();
    story.refused(give, Refusal::NotNow);
    let CardStep::Later { retry_at, .. } = story.v().card else { panic!("{:?}", story.v().card) };
    let waits = matches!(
        ingam_cases::verification::next::next(story.v()),
        Next::Wait { issuer: Some(WaitState::Later { .. }), .. }
    );
    assert!(waits, "nobody types an account for a person who may not open one");
    story.now = retry_at;
    let story = story.ticks().list(BlockCode::Clear).list(BlockCode::Clear).issuer(IssuerCode::Valid);
    assert_eq!(story.count("list_asked"), 3);
    story.account().holder(NameMatch::Same);
}

#[test]
fn another_person_is_looked_up_anew_and_a_wrong_date_is_not() {
    let story = Story::begun_under(wide()).card().confirms(&[]);
    let story = story.list(BlockCode::Clear).list(BlockCode::Clear).issuer(IssuerCode::MismatchIssueDate);
    let same = story.clone().confirms(&[DocumentField::IssueDate]);
    assert_eq!(same.count("list_asked"), 2, "the same person");
    let other = story.confirms(&[DocumentField::ResidentNumber]);
    assert_eq!(other.count("list_asked"), 3);
    let other = other.list(BlockCode::Clear).list(BlockCode::Clear).issuer(IssuerCode::LostReported);
    let other = other.card().confirms(&[]);
    assert_eq!(other.count("list_asked"), 5, "another card");
}

#[test]
fn slots_that_are_taken_hold_the_question_back_behind_the_lists() {
    let mut story = Story::begun_under(wide()).card().confirms(&[]).list(BlockCode::Clear);
    let last = story.list_says(BlockCode::Clear, true);
    story.does(last);
    assert_eq!(story.v().card, CardStep::Picture { problem: Some(CardProblem::TriesTaken) });
    assert_eq!(story.count("issuer_asked"), 0);
}

#[test]
fn the_lists_know_nobody_by_a_foreign_passport() {
    let story = Story::begun_under(wide()).shows(DocumentKind::ForeignPassport).confirms(&[]);
    assert_eq!((story.count("list_asked"), story.count("issuer_asked")), (0, 1));
}

#[test]
fn a_document_that_the_policy_does_not_take_is_asked_for_anew() {
    let story = Story::begun().shows(DocumentKind::Driver);
    story.meets(&Next::Picture { problem: Some(CardProblem::WrongKind) });
}

#[test]
fn a_licence_with_a_wrong_serial_code_is_looked_at_once_more() {
    let story = Story::begun_under(wide()).shows(DocumentKind::Driver).confirms(&[]);
    let story = story.list(BlockCode::Clear).list(BlockCode::Clear).issuer(IssuerCode::MismatchSerial);
    let mut story = story.meets(&Next::Confirm {
        doubtful: vec![DocumentField::SerialCode],
        again: Some(IssuerCode::MismatchSerial),
    });
    let unchanged = story.confirm(&[]);
    story.refused(unchanged, Refusal::NotNow);
    let story = story.confirms(&[DocumentField::SerialCode]).issuer(IssuerCode::MismatchSerial);
    story.meets(&Next::Picture { problem: Some(CardProblem::WrongDateLimit) });
}

#[test]
fn an_expired_passport_and_a_child_are_seen_before_anybody_is_asked() {
    let mut story = Story::begun_under(wide()).shows(DocumentKind::Passport);
    let mut confirm = |hindrance| Command::ConfirmCard {
        session: 1,
        edited: vec![],
        hindrance: Some(hindrance),
        call: story.call(),
    };
    let (expired, young) = (confirm(Hindrance::Expired), confirm(Hindrance::TooYoung));
    let mut child = story.clone();
    assert!(matches!(story.does(expired).as_slice(), [Event::CardConfirmed { .. }, Event::CardExpired {}]));
    let story =
        story.meets(&Next::Picture { problem: Some(CardProblem::Issuer { code: IssuerCode::Expired }) });
    assert_eq!(story.count("list_asked"), 0);
    child.does(young);
    child.ends(End::Refused { code: RefusedCode::TooYoung });
}
