//! Stories of the card: from the link to the issuer's answer.

use crate::story::{Story, consents, names, plan, readable, submit, text};
use ingam_cases::answers::{DepositCode, IssuerCode};
use ingam_cases::method::Method;
use ingam_cases::policy::{PictureSource, Step};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::NameMatch;
use ingam_cases::verification::command::{Hindrance, Reading};
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::work::{Limit, Work};
use ingam_cases::verification::{
    AccountStep, CardProblem, CardStep, Command, DocumentField, End, RefusedCode, Status, WaitingFor,
};

#[test]
fn a_person_with_card_and_account_is_verified() {
    let story = Story::opened();
    assert_eq!(story.v().status(), Status::Created);
    let mut story = Story::code_out().stands(Status::Waiting, Some(WaitingFor::Person));
    let session = story.v().session;
    let events = story.does(Command::TryCode { session, right: true });
    assert_eq!(names(&events), ["code_tried", "verified"]);
    assert_eq!(story.work(), [(Work::LinkPerson, None)]);
    let person = story.person();
    story.does(Command::LinkPerson { person: person.clone() });
    let story = story.ends(End::Verified).stands(Status::Verified, None);
    assert_eq!(story.v().person, Some(person));
    let met: Vec<_> = story.v().met.iter().map(|m| (m.method, m.by.as_str())).collect();
    assert_eq!(met, [(Method::IdDocument, "sandbox"), (Method::ExistingAccount, "088")]);
    assert_eq!(story.v().checks.len(), 4, "issuer, holder, deposit, code");
}

#[test]
fn the_page_belongs_to_one_device_at_a_time() {
    let mut story = Story::begun();
    story.refused(Command::TakeSession { take_over: false }, Refusal::OtherSession);
    story.does(Command::TakeSession { take_over: true });
    assert_eq!(story.v().session, 2);
    let blob = story.blob();
    story.refused(submit(1, blob, PictureSource::Camera), Refusal::OtherSession);
    story.card().meets(&Next::Confirm { doubtful: vec![], again: None });
}

#[test]
fn who_is_told_to_do_this_is_stopped() {
    let mut story = Story::opened();
    story.does(Command::TakeSession { take_over: false });
    story.does(Command::AnswerSafety { session: 1, text: text("safety.told_to"), told_to: true });
    story.ends(End::Refused { code: RefusedCode::StoppedByPerson }).stands(Status::Refused, None);
}

#[test]
fn a_required_consent_that_is_refused_ends_it_and_an_optional_one_does_not() {
    let mut plan = plan();
    plan.consents[1].required = false;
    let arrive = || {
        let mut story = Story::under(plan.clone());
        story.does(Command::TakeSession { take_over: false });
        story.does(Command::AnswerSafety { session: 1, text: text("safety.told_to"), told_to: false });
        story
    };
    let answer = |index: usize| {
        let mut answers = consents(&plan, true);
        answers[index].answer = false;
        Command::AnswerConsents { session: 1, answers }
    };
    let mut story = arrive();
    story.does(answer(0));
    story.ends(End::Refused { code: RefusedCode::ConsentRefused });
    let mut story = arrive();
    story.does(answer(1));
    story.meets(&Next::Picture { problem: None });
}

#[test]
fn consents_are_answered_for_exactly_the_texts_that_were_asked() {
    let mut story = Story::opened();
    story.does(Command::TakeSession { take_over: false });
    story.does(Command::AnswerSafety { session: 1, text: text("safety.told_to"), told_to: false });
    let whole = consents(&plan(), true);
    let mut check = |answers| {
        story.refused(Command::AnswerConsents { session: 1, answers }, Refusal::ConsentsDiffer);
    };
    check(vec![]);
    check(whole[..1].to_vec());
    check([whole.clone(), whole[..1].to_vec()].concat());
    let mut unrequired = whole.clone();
    unrequired[0].required = false;
    check(unrequired);
    let mut other = whole;
    other[0].text.text_id = "consent.other".into();
    check(other);
}

#[test]
fn a_picture_comes_from_where_the_policy_says() {
    let mut story = Story::begun();
    let blob = story.blob();
    story.refused(submit(1, blob, PictureSource::File), Refusal::SourceNotAllowed);
}

#[test]
fn pictures_that_nobody_can_read_end_it_when_they_are_used_up() {
    let mut plan = plan();
    if let Step::IdDocument { pictures, .. } = &mut plan.steps[0] {
        *pictures = 2;
    }
    let mut story = Story::begun_under(plan);
    for _ in 0..2 {
        let blob = story.blob();
        story.does(submit(1, blob.clone(), PictureSource::Camera));
        let other = story.blob();
        story.refused(Command::CardRead { blob: other, reading: readable() }, Refusal::StaleAnswer);
        let reading = Reading::Unreadable { quality: vec!["glare".into()], reader: "specimen 1".into() };
        story.does(Command::CardRead { blob, reading });
    }
    story.ends(End::Refused { code: RefusedCode::CardUnreadable });
}

#[test]
fn the_last_picture_is_not_thrown_away_by_a_wish_for_another() {
    let mut plan = plan();
    if let Step::IdDocument { pictures, .. } = &mut plan.steps[0] {
        *pictures = 1;
    }
    let mut story = Story::begun_under(plan).card();
    story.refused(Command::RetakeCard { session: 1 }, Refusal::PicturesUsedUp);
    let story = story.confirms(&[]).issuer(IssuerCode::LostReported);
    // It was read well: what ended it is the issuer's no.
    story.ends(End::Refused { code: RefusedCode::CardRefused });
}

#[test]
fn a_lost_card_needs_another_card() {
    let story = Story::asking().issuer(IssuerCode::LostReported);
    let call = story.v().checks[0].call.clone();
    assert_eq!(story.limits(), [Limit::ReturnWrongDate { call }]);
    let problem = Some(CardProblem::Issuer { code: IssuerCode::LostReported });
    let mut story = story.meets(&Next::Picture { problem }).stands(Status::InProgress, None);
    let account = story.give_account();
    story.refused(account, Refusal::NotNow);
    let story = story.card().confirms(&[]).issuer(IssuerCode::Valid);
    assert!(matches!(story.limits()[..], [Limit::FreeWrongDates { .. }]));
    story.meets(&Next::Account { problem: None, issuer_later: None });
}

#[test]
fn as_many_noes_as_the_policy_allows_end_it() {
    let story = Story::asking()
        .issuer(IssuerCode::LostReported)
        .card()
        .confirms(&[])
        .issuer(IssuerCode::Revoked)
        .card()
        .confirms(&[])
        .issuer(IssuerCode::NotFound);
    story.ends(End::Refused { code: RefusedCode::CardRefused });
}

#[test]
fn a_wrong_day_of_issue_is_asked_twice_and_never_a_third_time() {
    let story = Story::asking().issuer(IssuerCode::MismatchIssueDate);
    assert!(matches!(story.limits()[..], [Limit::KeepWrongDate { .. }]), "the slot stays taken");
    let again = Next::Confirm {
        doubtful: vec![DocumentField::IssueDate],
        again: Some(IssuerCode::MismatchIssueDate),
    };
    let mut story = story.meets(&again);
    for edited in [&[][..], &[DocumentField::Name][..]] {
        let same_day = story.confirm(edited);
        story.refused(same_day, Refusal::NotNow);
    }
    let story = story.confirms(&[DocumentField::IssueDate]).issuer(IssuerCode::MismatchIssueDate);
    let mut story = story.meets(&Next::Picture { problem: Some(CardProblem::WrongDateLimit) });
    let third = story.confirm(&[DocumentField::IssueDate]);
    story.refused(third, Refusal::NotNow);
    // A new picture starts counting anew; the limits across cases guard the card itself.
    let story = story.card();
    assert_eq!(story.v().wrong_dates, 0);
}

#[test]
fn where_name_or_day_may_be_wrong_a_changed_name_is_another_question() {
    for field in [DocumentField::Name, DocumentField::IssueDate, DocumentField::ResidentNumber] {
        let mut story = Story::asking().issuer(IssuerCode::MismatchNameOrIssueDate);
        let same = story.confirm(&[]);
        story.refused(same, Refusal::NotNow);
        let story = story.confirms(&[field]).issuer(IssuerCode::Valid);
        assert_eq!(story.v().card, CardStep::Passed);
    }
}

#[test]
fn a_card_whose_tries_are_used_elsewhere_is_not_asked_about() {
    let story = Story::begun().card().hindered(Hindrance::TriesTaken);
    assert_eq!((story.count("card_confirmed"), story.count("issuer_asked")), (1, 0));
    story.meets(&Next::Picture { problem: Some(CardProblem::TriesTaken) });
}

#[test]
fn a_sleeping_issuer_is_asked_again_with_growing_pauses() {
    let mut story = Story::asking();
    for pause in [5, 15, 60, 120, 300, 600, 600] {
        story = story.issuer(IssuerCode::Unavailable);
        let at = story.now + jiff::SignedDuration::from_secs(pause);
        assert_eq!(story.work(), [(Work::Tick, Some(at))]);
        assert_eq!(story.v().waiting(), None, "meanwhile the person names an account");
        let mut early = story.wait(pause - 1);
        let tick = early.tick(None);
        assert!(early.does(tick).is_empty());
        story = early.wait(1).ticks();
        assert!(matches!(story.v().card, CardStep::Asking { .. }), "asked again");
        let screen = next(story.v());
        assert!(matches!(screen, Next::Account { issuer_later: Some(_), .. }), "the page stays: {screen:?}");
    }
}

#[test]
fn the_account_goes_on_while_the_issuer_sleeps() {
    let story = Story::asking().issuer(IssuerCode::Maintenance);
    let CardStep::Later { retry_at, .. } = story.v().card else { panic!() };
    let story = story
        .meets(&Next::Account { problem: None, issuer_later: Some(retry_at) })
        .account()
        .holder(NameMatch::Same)
        .bank(DepositCode::Deposited)
        .types(true);
    let story = story.stands(Status::Waiting, Some(WaitingFor::Issuer));
    assert_eq!(story.v().waiting().unwrap().retry_at, Some(retry_at));
    story.wait(5).ticks().issuer(IssuerCode::Valid).ends(End::Verified);
}

#[test]
fn an_issuer_that_may_have_counted_keeps_the_slot() {
    let check = |code: IssuerCode, kept: bool| {
        let story = Story::asking().issuer(code);
        let call = story.v().checks[0].call.clone();
        let expected = match (code, kept) {
            (IssuerCode::Valid, _) => vec![Limit::FreeWrongDates { call }],
            (_, true) => vec![Limit::KeepWrongDate { call, silent: code.in_doubt() }],
            (_, false) => vec![Limit::ReturnWrongDate { call }],
        };
        let event = story.events.iter().rfind(|e| crate::story::name(e) == "issuer_answered").unwrap();
        assert_eq!(ingam_cases::verification::work::limits(event), expected, "{code:?}");
    };
    for code in IssuerCode::ALL {
        let kept = matches!(
            code,
            IssuerCode::MismatchIssueDate
                | IssuerCode::MismatchNameOrIssueDate
                | IssuerCode::MismatchSerial
                | IssuerCode::NoAnswer
        );
        check(*code, kept);
    }
}

#[test]
fn an_account_that_was_compared_with_one_card_does_not_count_for_another() {
    let story = Story::asking()
        .issuer(IssuerCode::Unavailable)
        .account()
        .holder(NameMatch::Same)
        .bank(DepositCode::Deposited)
        .types(true);
    assert_eq!(story.v().met.len(), 1);
    let story = story.retakes();
    assert_eq!(story.v().met, [], "the proof went with the card");
    let story = story.card().confirms(&[]).issuer(IssuerCode::Valid);
    story
        .meets(&Next::Account { problem: None, issuer_later: None })
        .account()
        .holder(NameMatch::Same)
        .bank(DepositCode::Deposited)
        .types(true)
        .ends(End::Verified);
}

#[test]
fn a_name_that_is_changed_later_has_to_be_compared_again() {
    let asleep = || {
        let story = Story::asking().issuer(IssuerCode::Unavailable).account().holder(NameMatch::Same);
        story.bank(DepositCode::Deposited).types(true).wait(5).ticks()
    };
    // The day alone says nothing about whose account it is.
    let story = asleep().issuer(IssuerCode::MismatchNameOrIssueDate).confirms(&[DocumentField::IssueDate]);
    story.issuer(IssuerCode::Valid).ends(End::Verified);
    let story = asleep().issuer(IssuerCode::MismatchNameOrIssueDate).confirms(&[DocumentField::Name]);
    let story = story.issuer(IssuerCode::Valid);
    assert_eq!(story.v().account, AccountStep::Name { problem: None });
}
