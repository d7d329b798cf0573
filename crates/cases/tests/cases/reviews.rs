//! Stories of reviews: what a refused verification does with a reviewer's decision, and who may decide.

use crate::documents::wide;
use crate::golden::{entries, entry, golden, pretty};
use crate::records::{read, round_trip};
use crate::samples;
use crate::steps::whole;
use crate::story::{Story, names, start};
use ingam_cases::answers::{BlockCode, DepositCode, DeviceCode, InstitutionCode, IssuerCode};
use ingam_cases::id::{ReviewId, StaffId, VerificationId};
use ingam_cases::refusal::Refusal;
use ingam_cases::review::{
    AskedBy, CLAIM_MINUTES, Command as Act, Decision, Event as Happened, OutOfOrder, Reason, Review, Status,
    apply, decide, decisions,
};
use ingam_cases::values::NameMatch;
use ingam_cases::verification::next::Next;
use ingam_cases::verification::review::MAX_REVIEWS;
use ingam_cases::verification::work::{Limit, Work};
use ingam_cases::verification::{AccountStep, CardProblem, Command, DocumentField, End, RefusedCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PERSON: Command = Command::AskReview { by: AskedBy::Person };
const INSTITUTION: Command = Command::AskReview { by: AskedBy::Institution };

fn close(decision: Decision) -> Command {
    Command::CloseReview { decision, settled_with_issuer: false }
}

impl Story {
    fn reviewed(mut self, decision: Decision) -> Self {
        self.does(PERSON);
        assert!(self.v().in_review());
        self.does(close(decision));
        self
    }
}

fn card_refused() -> Story {
    let story = Story::asking().issuer(IssuerCode::MismatchIssueDate).confirms(&[DocumentField::IssueDate]);
    let story = story.issuer(IssuerCode::MismatchIssueDate).card().confirms(&[]);
    story.issuer(IssuerCode::LostReported).ends(End::Refused { code: RefusedCode::CardRefused })
}

/// The bank writes the name a little differently, and the person has no other account.
pub(crate) fn similar_accepted() -> Story {
    let story = Story::asking().issuer(IssuerCode::Valid).account().holder(NameMatch::Similar);
    let mut story = story.reviewed(Decision::Accepted);
    assert!(matches!(story.v().account, AccountStep::Later { holder_known: true, .. }));
    assert!(matches!(story.work()[..], [(Work::Tick, Some(_)), (Work::Tick, Some(_))]));
    story = story.ticks().bank(DepositCode::Deposited).types(true);
    story
}

#[test]
fn a_similar_name_that_a_reviewer_accepts_still_needs_its_1_won() {
    let story = similar_accepted().ends(End::Verified);
    let kinds = names(&story.events);
    let at = kinds.iter().position(|kind| kind == "review_asked").unwrap();
    assert_eq!(kinds[at - 1], "refused", "who names no other account is refused first");
    assert_eq!(story.count("deposit_asked"), 1);

    // Where the name is somebody else's, or the person went on with another account, nobody may accept it.
    for name in [NameMatch::Different, NameMatch::Same] {
        let mut story = Story::asking().issuer(IssuerCode::Valid).account().holder(name);
        story.refused(PERSON, Refusal::NotNow);
    }
}

#[test]
fn a_refused_card_gets_its_tries_anew_and_the_issuer_still_decides() {
    let mut story = card_refused();
    story.does(PERSON);
    assert_eq!(names(&story.does(PERSON)), [""; 0], "asking twice is asking once");
    story.does(Command::CloseReview { decision: Decision::Again, settled_with_issuer: true });
    assert_eq!(story.limits(), [Limit::FreeCard]);
    let story = story.meets(&Next::Picture { problem: None }).card().confirms(&[]);
    let story = story.issuer(IssuerCode::Valid).account().holder(NameMatch::Same);
    story.bank(DepositCode::Deposited).types(true).ends(End::Verified);
}

#[test]
fn upheld_is_the_end_for_the_person_and_not_for_the_institution() {
    let mut story = card_refused().reviewed(Decision::Upheld);
    story = story.ends(End::Refused { code: RefusedCode::CardRefused });
    assert!(!story.v().in_review());
    assert_eq!(story.work(), []);
    story.refused(PERSON, Refusal::NotReviewable);
    story.refused(close(Decision::Again), Refusal::NotNow);
    for n in 2..=MAX_REVIEWS {
        story.does(INSTITUTION);
        assert_eq!(story.v().reviews, n);
        story.does(close(Decision::Upheld));
    }
    story.refused(INSTITUTION, Refusal::TooMany);
}

#[test]
fn the_dead_are_always_looked_at_and_never_accepted() {
    let story = Story::begun_under(wide()).card().confirms(&[]).list(BlockCode::Deceased);
    let story = story.ends(End::Refused { code: RefusedCode::Deceased });
    assert_eq!(story.v().review.as_ref().unwrap().asked_by, AskedBy::Rule);
    // The register is asked again, whatever a reviewer thinks.
    let mut story = story;
    story.does(close(Decision::Again));
    let story = story.card().confirms(&[]);
    assert_eq!(story.count("list_asked"), 2);
    let story = story.list(BlockCode::Deceased).ends(End::Refused { code: RefusedCode::Deceased });
    assert_eq!(story.v().reviews, 2);
}

#[test]
fn what_the_person_alone_can_lift_is_not_reviewed() {
    let mut story = Story::begun_under(wide()).card().confirms(&[]).list(BlockCode::Clear);
    story = story.list(BlockCode::BlockedByPerson);
    story.refused(PERSON, Refusal::NotReviewable);
    story.refused(INSTITUTION, Refusal::NotReviewable);
    let mut story = Story::code_out();
    story.refused(INSTITUTION, Refusal::NotNow);
    story.does(Command::Cancel);
    story.refused(INSTITUTION, Refusal::NotNow);
}

#[test]
fn whoever_somebody_tells_what_to_do_is_asked_again_once_the_institution_spoke_with_them() {
    let mut story = Story::opened();
    story.does(Command::TakeSession { take_over: false });
    let text = crate::story::text("safety.told_to");
    story.does(Command::AnswerSafety { session: 1, text, told_to: true });
    story.refused(PERSON, Refusal::NotReviewable);
    story.does(INSTITUTION);
    story.does(close(Decision::Again));
    story.meets(&Next::Safety);
}

#[test]
fn an_institution_takes_its_stop_back() {
    let story = Story::begun_under(whole()).answers(&["purpose"]).card().confirms(&[]);
    let story = story.issuer(IssuerCode::Valid).institution(InstitutionCode::Stop);
    let story = story.reviewed(Decision::Accepted).device(DeviceCode::Right).account();
    story.holder(NameMatch::Same).bank(DepositCode::Deposited).types(true).ends(End::Verified);
}

#[test]
fn a_medium_is_tried_anew() {
    let mut story = Story::begun_under(whole()).answers(&["purpose"]).card().confirms(&[]);
    story = story.issuer(IssuerCode::Valid).institution(InstitutionCode::Pass);
    for _ in 0..5 {
        story = story.device(DeviceCode::Wrong);
    }
    story = story.ends(End::Refused { code: RefusedCode::DeviceNotProved }).reviewed(Decision::Again);
    assert_eq!(story.v().device_tries_left(), 5);
}

#[test]
fn a_reviewer_has_its_time_although_the_verifications_is_over() {
    let mut story = card_refused();
    story.does(PERSON);
    let mut story = story.wait(5 * 86_400).ticks();
    story.does(close(Decision::Again));
    let ends = story.v().expires_at;
    assert_eq!(ends, story.now + SignedDuration::from_hours(24));
    assert_eq!(story.work(), [(Work::Tick, Some(ends))]);
    story.wait(86_400).ticks().ends(End::Expired);
}

#[test]
fn what_an_issuer_said_behind_the_end_leaves_no_account_of_another_card() {
    // The account was compared with the first card's name, and the device failed before its issuer said no.
    let mut plan = whole();
    plan.steps.remove(2);
    plan.steps.swap(2, 3);
    assert_eq!(plan.problems(), []);
    let mut story = Story::begun_under(plan).answers(&["purpose"]).card().confirms(&[]);
    story = story.issuer(IssuerCode::Unavailable).account().holder(NameMatch::Same);
    story = story.bank(DepositCode::Deposited).types(true).wait(5).ticks();
    for _ in 0..5 {
        story = story.device(DeviceCode::Wrong);
    }
    story = story.ends(End::Refused { code: RefusedCode::DeviceNotProved }).issuer(IssuerCode::LostReported);
    let story = story.reviewed(Decision::Again);
    let problem = Some(CardProblem::Issuer { code: IssuerCode::LostReported });
    let story = story.meets(&Next::Picture { problem });
    assert!(matches!(story.v().account, AccountStep::Name { .. }), "proved for another card");
}

#[test]
fn ids_of_reviews_are_the_verifications_own() {
    let verification = VerificationId::new(1_000, [9; 10]);
    let ids: BTreeSet<_> = (1..=MAX_REVIEWS).map(|n| ReviewId::nth_of(&verification, n)).collect();
    assert_eq!(ids.len(), MAX_REVIEWS as usize);
    for id in &ids {
        assert_eq!(ReviewId::parse(id.as_str()).as_ref(), Ok(id));
    }
}

fn staff(n: u8) -> StaffId {
    StaffId::new(1_000, [n; 10])
}

struct Desk {
    review: Review,
    now: Timestamp,
}

impl Desk {
    fn opened(second_reviewer: bool) -> Self {
        let mut opened = samples::review().remove(0);
        if let Happened::Opened { second_reviewer: second, .. } = &mut opened {
            *second = second_reviewer;
        }
        Self { review: apply(None, &opened).unwrap(), now: start() }
    }

    fn does(&mut self, act: Act) -> Result<(), Refusal> {
        for event in decide(&self.review, act, self.now)? {
            self.review = apply(Some(self.review.clone()), &event).unwrap();
        }
        Ok(())
    }

    fn decides(&mut self, by: u8, decision: Decision, reason: Reason) -> Result<(), Refusal> {
        self.does(Act::Decide { by: staff(by), decision, reason })
    }

    fn claims(&mut self, by: u8) -> Result<(), Refusal> {
        self.does(Act::Claim { by: staff(by) })
    }
}

#[test]
fn one_reviewer_at_a_time_and_a_claim_lapses() {
    let mut desk = Desk::opened(false);
    let misread = (Decision::Again, Reason::Misread);
    assert_eq!(desk.decides(1, misread.0, misread.1), Err(Refusal::NotClaimed));
    desk.claims(1).unwrap();
    assert_eq!(desk.claims(2), Err(Refusal::ClaimedByOther));
    assert_eq!(desk.decides(2, misread.0, misread.1), Err(Refusal::ClaimedByOther));
    desk.does(Act::Release { by: staff(2) }).unwrap();
    assert!(desk.review.held(desk.now).is_some(), "nobody gives back what another has");
    desk.now += SignedDuration::from_mins(CLAIM_MINUTES);
    assert_eq!(desk.decides(1, misread.0, misread.1), Err(Refusal::NotClaimed));
    desk.claims(2).unwrap();
    desk.does(Act::Release { by: staff(2) }).unwrap();
    desk.claims(1).unwrap();
    desk.decides(1, misread.0, misread.1).unwrap();
    assert_eq!(desk.review.status(), Status::Decided);
    assert_eq!(desk.claims(2), Err(Refusal::ReviewDecided));
}

#[test]
fn a_decision_is_one_of_those_that_the_law_leaves_and_has_its_reason() {
    let mut desk = Desk::opened(false);
    desk.claims(1).unwrap();
    assert_eq!(desk.decides(1, Decision::Accepted, Reason::SamePerson), Err(Refusal::DecisionNotAllowed));
    assert_eq!(desk.decides(1, Decision::Again, Reason::Forged), Err(Refusal::ReasonDiffers));
    assert_eq!(desk.decides(1, Decision::Again, Reason::MediumRenewed), Err(Refusal::ReasonDiffers));
    for code in RefusedCode::ALL.iter().copied() {
        for similar in [false, true] {
            let allowed = decisions(code, similar);
            let accepts = allowed.contains(&Decision::Accepted);
            let may = code == RefusedCode::StoppedByInstitution
                || (code == RefusedCode::AccountNotProved && similar);
            assert_eq!(accepts, may, "{code:?}");
            for decision in allowed {
                let fits = |reason: &Reason| reason.decision() == decision && reason.fits(code);
                assert!(Reason::ALL.iter().any(fits), "{code:?} {decision:?} has no reason");
            }
        }
    }
}

#[test]
fn where_two_must_agree_nobody_decides_twice() {
    let mut desk = Desk::opened(true);
    desk.claims(1).unwrap();
    desk.decides(1, Decision::Again, Reason::Misread).unwrap();
    assert_eq!(desk.review.status(), Status::Open);
    assert_eq!(desk.claims(1), Err(Refusal::SecondReviewer));
    desk.claims(2).unwrap();
    desk.decides(2, Decision::Upheld, Reason::Forged).unwrap();
    assert_eq!((desk.review.status(), &desk.review.proposed), (Status::Open, &None), "they disagree");
    desk.claims(2).unwrap();
    desk.decides(2, Decision::Upheld, Reason::Forged).unwrap();
    desk.claims(1).unwrap();
    desk.decides(1, Decision::Upheld, Reason::RuleStands).unwrap();
    let decided = desk.review.decided.clone().unwrap();
    assert_eq!((decided.decision, decided.by), (Decision::Upheld, staff(1)));
    assert_eq!(desk.review.proposed.unwrap().by, staff(2));
}

#[test]
fn entries_of_every_release_fold_to_the_state_of_their_day() {
    let states = |events: &[Happened]| {
        let mut state = None;
        let each = events.iter().map(|event| {
            state = Some(apply(state.take(), event).unwrap());
            serde_json::to_value(&state).unwrap()
        });
        each.collect::<Vec<_>>()
    };
    let fresh = || {
        let events = samples::review();
        let entries: Vec<_> = events.iter().map(|e| entry(round_trip(e))).collect();
        pretty(&json!({ "entries": entries, "states": states(&events) }))
    };
    let recorded: Value = serde_json::from_str(&golden("review-v1.json", fresh)).unwrap();
    let events: Vec<Happened> = entries(&recorded).map(|(kind, clear)| read(kind, clear)).collect();
    assert_eq!(json!(states(&events)), recorded["states"]);
    assert_eq!(apply(None, &events[1]), Err(OutOfOrder));
}
