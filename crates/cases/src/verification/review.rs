//! A reviewer looks at a refusal again: how that is asked for, and how a verification goes on behind its end.
//!
//! The review itself is a case of its own ([`crate::review`]). Here stands what it means to the verification: while it
//! is open the refusal stands, and only what its decision names begins anew.

use super::account::forget_account;
use super::card::another_picture;
use super::{
    AccountProblem, AccountStep, CardStep, DeviceStep, End, Event, InstitutionStep, LaterReason, PhoneStep,
    RefusedCode, Stage, Verification,
};
use crate::id::ReviewId;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::review::{AskedBy, Decision, decisions};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Most reviews of one verification: whoever opens it so often should open another one.
pub const MAX_REVIEWS: u32 = 5;

/// The review that a verification names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// Which.
    pub id: ReviewId,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// When.
    pub asked_at: Timestamp,
    /// What came of it, once it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl RefusedCode {
    /// Whether a reviewer is asked without anybody asking, because the person reads that somebody will look.
    pub fn calls_a_reviewer(self) -> bool {
        self == Self::Deceased
    }

    /// Whether the page offers the person to ask for a reviewer. Where somebody tells a person what to do, they would
    /// tell them this, too: there the institution asks, once it has spoken with the person.
    pub fn may_be_reviewed_for_the_person(self) -> bool {
        !matches!(self, Self::StoppedByPerson | Self::ConsentRefused | Self::BlockedByPerson)
    }
}

impl Verification {
    /// The code of the refusal that it ended with.
    pub fn refused_with(&self) -> Option<RefusedCode> {
        match self.end() {
            Some(End::Refused { code }) => Some(code),
            _ => None,
        }
    }

    /// Whether a reviewer is looking at the refusal.
    pub fn in_review(&self) -> bool {
        self.end().is_some() && self.review.as_ref().is_some_and(|review| review.decision.is_none())
    }

    /// Whether the person can ask for a reviewer now.
    pub fn person_may_ask_review(&self) -> bool {
        match self.refused_with() {
            Some(code) => {
                self.consents_stand()
                    && code.may_be_reviewed_for_the_person()
                    && self.review.is_none()
                    && self.reviews < MAX_REVIEWS
            }
            None => self.waits_for_a_look_at_names() && self.reviews < MAX_REVIEWS,
        }
    }

    /// Whether only a reviewer can say if the account named last is the person's.
    fn waits_for_a_look_at_names(&self) -> bool {
        self.stage == Stage::Checking
            && matches!(self.account, AccountStep::Name { problem: Some(AccountProblem::NameSimilar) })
    }
}

/// Somebody wants the refusal to be looked at. While that is under way, asking again changes nothing.
pub(super) fn ask(v: &Verification, by: AskedBy, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let code = v.refused_with().ok_or(Refusal::NotNow)?;
    if v.in_review() {
        return Ok(vec![]);
    }
    let allowed = match by {
        AskedBy::Person => v.person_may_ask_review(),
        AskedBy::Institution | AskedBy::Rule => {
            v.consents_stand() && !decisions(code, v.similar_at.is_some()).is_empty()
        }
    };
    if !allowed {
        return Err(Refusal::NotReviewable);
    }
    if v.reviews >= MAX_REVIEWS {
        return Err(Refusal::TooMany);
    }
    Ok(vec![asked(v, by, now)])
}

/// The person names no other account and lets a reviewer compare the names: the account is not proved, and looked at.
pub(super) fn give_up(v: &Verification, by: AskedBy, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if by != AskedBy::Person || !v.person_may_ask_review() {
        return Err(Refusal::NotNow);
    }
    Ok(vec![Event::Refused { code: RefusedCode::AccountNotProved, at: now }, asked(v, by, now)])
}

/// The review that nobody has to ask for.
pub(super) fn asked_by_rule(after: &Verification, now: Timestamp) -> Option<Event> {
    let calls = after.refused_with().is_some_and(RefusedCode::calls_a_reviewer);
    (calls && after.review.is_none() && after.reviews < MAX_REVIEWS).then(|| asked(after, AskedBy::Rule, now))
}

fn asked(v: &Verification, by: AskedBy, now: Timestamp) -> Event {
    Event::ReviewAsked { review: ReviewId::nth_of(&v.id, v.reviews + 1), by, at: now }
}

/// The review was decided.
pub(super) fn close(
    v: &Verification,
    decision: Decision,
    settled_with_issuer: bool,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let review = v.review.as_ref().filter(|_| v.in_review()).ok_or(Refusal::NotNow)?;
    // Who took a consent back meanwhile is not asked anything more.
    if decision != Decision::Upheld && !v.consents_stand() {
        return Err(Refusal::ConsentRequired);
    }
    let life = SignedDuration::from_secs(i64::from(v.plan.expires_in_s));
    Ok(vec![Event::ReviewDecided {
        review: review.id.clone(),
        decision,
        settled_with_issuer,
        at: now,
        expires_at: (decision != Decision::Upheld).then(|| v.expires_at.max(now + life)),
    }])
}

/// Folds that a reviewer was asked.
pub(super) fn fold_asked(v: &mut Verification, review: &ReviewId, by: AskedBy, at: Timestamp) {
    v.reviews += 1;
    v.review = Some(Reviewed { id: review.clone(), asked_by: by, asked_at: at, decision: None });
}

/// Folds what the reviewer decided.
pub(super) fn fold_decided(v: &mut Verification, decision: Decision, expires_at: Option<Timestamp>) {
    let (Some(code), Some(review)) = (v.refused_with(), v.review.as_mut()) else { return };
    review.decision = Some(decision);
    let Some(expires_at) = expires_at else { return };
    v.expires_at = expires_at;
    if code == RefusedCode::StoppedByPerson {
        v.stage = Stage::Safety;
        return;
    }
    v.stage = Stage::Checking;
    take_up_what_was_dropped(v);
    match code {
        RefusedCode::CardUnreadable
        | RefusedCode::CardRefused
        | RefusedCode::TooYoung
        | RefusedCode::Deceased => begin_card_anew(v),
        RefusedCode::AccountNotProved => begin_account_anew(v, decision, expires_at),
        RefusedCode::StoppedByInstitution if decision == Decision::Accepted => {
            v.institution_check = InstitutionStep::Passed;
        }
        RefusedCode::DeviceNotProved => v.device = DeviceStep::Open { wrong: 0, last: None },
        RefusedCode::PhoneNotProved => (v.messages, v.phone) = (0, PhoneStep::Name { problem: None }),
        // They are never opened again.
        RefusedCode::StoppedByInstitution
        | RefusedCode::StoppedByPerson
        | RefusedCode::ConsentRefused
        | RefusedCode::BlockedByPerson => {}
    }
}

/// Behind the end nobody listened to a reader, a telecom, who holds an account, or the institution; and an issuer's late yes
/// met no method. Each is asked anew.
fn take_up_what_was_dropped(v: &mut Verification) {
    let unmet = |method| !v.met.iter().any(|met| met.method == method);
    // Also where the issuer said no behind the end: the account was compared with the card that it refused.
    let problem = match v.card.clone() {
        CardStep::Picture { problem } => Some(problem),
        CardStep::Reading { .. } | CardStep::Idle => Some(None),
        CardStep::Passed if unmet(Method::IdDocument) => Some(None),
        _ => None,
    };
    if let Some(problem) = problem.filter(|_| v.plan.id_document().is_some()) {
        another_picture(v, problem);
    }
    if let AccountStep::AskingHolder { .. } = v.account {
        v.account = AccountStep::Name { problem: None };
    }
    if let PhoneStep::Sending { .. } | PhoneStep::Checking { .. } = v.phone {
        v.phone = PhoneStep::Name { problem: None };
    }
    if v.institution_check.awaited() {
        v.institution_check = InstitutionStep::Idle;
    }
}

fn begin_card_anew(v: &mut Verification) {
    (v.pictures, v.card_refusals, v.wrong_dates, v.issuer_silences) = (0, 0, 0, 0);
    v.met.retain(|met| met.method != Method::IdDocument);
    another_picture(v, None);
}

/// A holder whose name is similar is taken for the person: the same account gets its 1 won. Else another account is
/// named.
fn begin_account_anew(v: &mut Verification, decision: Decision, at: Timestamp) {
    (v.accounts, v.sends, v.bank_silences) = (0, 0, 0);
    match (decision, v.similar_at) {
        (Decision::Accepted, Some(bank)) => {
            v.account = AccountStep::Later {
                bank,
                holder_known: true,
                reason: LaterReason::Unavailable,
                retry_at: v.review.as_ref().map_or(at, |review| review.asked_at),
            };
        }
        _ => forget_account(v),
    }
}
