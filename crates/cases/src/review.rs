//! `Review`: a person at the institution looks again at what rules refused.
//!
//! Whoever is refused by a machine may have a person look (개인정보 보호법 §37의2). A reviewer claims the review for half
//! an hour, looks, and decides with a reason; where the policy says so, another one must agree. What may be decided
//! never goes below the law: no reviewer replaces an issuer's yes, a bank's 1 won or a register's word.

use crate::id::{InstitutionId, ReviewId, StaffId, SubjectId, VerificationId};
use crate::refusal::Refusal;
use crate::verification::RefusedCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// After so many minutes a claim lapses, and somebody else may take the review.
pub const CLAIM_MINUTES: i64 = 30;

/// Who wanted a person to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedBy {
    /// Who was refused.
    Person,
    /// The institution.
    Institution,
    /// Nobody: a refusal of this kind is always looked at.
    Rule,
}

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The refusal stands.
    Upheld,
    /// What was refused is tried again, with all its tries.
    Again,
    /// What was refused counts as passed.
    Accepted,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::Upheld, Self::Again, Self::Accepted];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upheld => "upheld",
            Self::Again => "again",
            Self::Accepted => "accepted",
        }
    }
}

/// What may be decided about a refusal; nothing where nobody at the institution may overrule it. `similar` says that
/// the account named last has a holder whose name is similar.
pub fn decisions(code: RefusedCode, similar: bool) -> Vec<Decision> {
    use Decision::{Accepted, Again, Upheld};
    match code {
        // The one is the person's own word, the other is lifted by the person alone.
        RefusedCode::ConsentRefused | RefusedCode::BlockedByPerson => vec![],
        RefusedCode::StoppedByPerson
        | RefusedCode::CardUnreadable
        | RefusedCode::CardRefused
        | RefusedCode::TooYoung
        | RefusedCode::Deceased
        | RefusedCode::DeviceNotProved
        | RefusedCode::PhoneNotProved => vec![Upheld, Again],
        RefusedCode::AccountNotProved if similar => vec![Upheld, Again, Accepted],
        RefusedCode::AccountNotProved => vec![Upheld, Again],
        // Its question keeps its id: asked again, the institution's server says the same.
        RefusedCode::StoppedByInstitution => vec![Upheld, Accepted],
    }
}

/// Why it was decided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The rule was right.
    RuleStands,
    /// It is somebody else.
    NotThePerson,
    /// The document is forged.
    Forged,
    /// Nobody can tell.
    CannotTell,
    /// What was read or typed was wrong.
    Misread,
    /// The issuer was asked by a person, and the card's tries there are whole.
    SettledWithIssuer,
    /// Somebody spoke with the person.
    SpokeWithPerson,
    /// The access medium was unlocked or replaced.
    MediumRenewed,
    /// Both names are the same person's.
    SamePerson,
    /// The institution takes its stop back.
    Cleared,
}

impl Reason {
    /// Every reason, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::RuleStands,
        Self::NotThePerson,
        Self::Forged,
        Self::CannotTell,
        Self::Misread,
        Self::SettledWithIssuer,
        Self::SpokeWithPerson,
        Self::MediumRenewed,
        Self::SamePerson,
        Self::Cleared,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RuleStands => "rule_stands",
            Self::NotThePerson => "not_the_person",
            Self::Forged => "forged",
            Self::CannotTell => "cannot_tell",
            Self::Misread => "misread",
            Self::SettledWithIssuer => "settled_with_issuer",
            Self::SpokeWithPerson => "spoke_with_person",
            Self::MediumRenewed => "medium_renewed",
            Self::SamePerson => "same_person",
            Self::Cleared => "cleared",
        }
    }

    /// The decision that it is a reason for.
    pub fn decision(self) -> Decision {
        match self {
            Self::RuleStands | Self::NotThePerson | Self::Forged | Self::CannotTell => Decision::Upheld,
            Self::Misread | Self::SettledWithIssuer | Self::SpokeWithPerson | Self::MediumRenewed => {
                Decision::Again
            }
            Self::SamePerson | Self::Cleared => Decision::Accepted,
        }
    }

    /// Whether it can be a reason about this refusal.
    pub fn fits(self, code: RefusedCode) -> bool {
        match self {
            Self::SettledWithIssuer => code == RefusedCode::CardRefused,
            Self::MediumRenewed => code == RefusedCode::DeviceNotProved,
            Self::SamePerson => code == RefusedCode::AccountNotProved,
            Self::Cleared => code == RefusedCode::StoppedByInstitution,
            _ => true,
        }
    }
}

/// The state of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The id.
    pub id: ReviewId,
    /// Whose reviewers look.
    pub institution: InstitutionId,
    /// The verification that was refused.
    pub verification: VerificationId,
    /// The subject whose keys seal what reviewers write.
    pub subject: SubjectId,
    /// Why it was refused.
    pub code: RefusedCode,
    /// What may be decided.
    pub decisions: Vec<Decision>,
    /// Who wanted it.
    pub asked_by: AskedBy,
    /// When.
    pub opened_at: Timestamp,
    /// Whether it takes two.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_reviewer: bool,
    /// Who has it. A claim that has lapsed still stands here, and holds nobody up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// What the first of two decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Finding>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Finding>,
}

/// Who has a review, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The reviewer.
    pub by: StaffId,
    /// From this moment somebody else may take it.
    pub until: Timestamp,
}

/// What a reviewer decided, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// How a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Somebody has to decide.
    Open,
    /// It is decided.
    Decided,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Open, Self::Decided];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided => "decided",
        }
    }
}

impl Review {
    /// How it stands.
    pub fn status(&self) -> Status {
        if self.decided.is_some() { Status::Decided } else { Status::Open }
    }

    /// Who has it now.
    pub fn held(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| now < claim.until)
    }

    /// The reasons that can be given for a decision of it.
    pub fn reasons(&self, decision: Decision) -> impl Iterator<Item = Reason> {
        let code = self.code;
        Reason::ALL.into_iter().filter(move |reason| reason.decision() == decision && reason.fits(code))
    }
}

/// What someone wants of a review.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Command {
    /// A reviewer takes it, or keeps it longer.
    Claim { by: StaffId },
    /// The reviewer gives it back.
    Release { by: StaffId },
    /// The reviewer decides.
    Decide { by: StaffId, decision: Decision, reason: Reason },
}

/// What did happen to a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Event {
    #[serde(rename = "review.opened/1")]
    Opened {
        id: ReviewId,
        institution: InstitutionId,
        verification: VerificationId,
        subject: SubjectId,
        code: RefusedCode,
        decisions: Vec<Decision>,
        asked_by: AskedBy,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        second_reviewer: bool,
        at: Timestamp,
    },
    #[serde(rename = "review.claimed/1")]
    Claimed { by: StaffId, until: Timestamp },
    #[serde(rename = "review.released/1")]
    Released { by: StaffId, at: Timestamp },
    /// The first of two decided. Sealed: `note`, where one was written; so beside the next two.
    #[serde(rename = "review.proposed/1")]
    Proposed {
        #[serde(flatten)]
        finding: Finding,
    },
    /// The second of two sees it otherwise: two others begin anew, or the same two once they agree.
    #[serde(rename = "review.disagreed/1")]
    Disagreed {
        #[serde(flatten)]
        finding: Finding,
    },
    #[serde(rename = "review.decided/1")]
    Decided {
        #[serde(flatten)]
        finding: Finding,
    },
}

/// What follows from a command.
///
/// # Errors
/// A refusal where the rules say no.
pub fn decide(r: &Review, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if r.decided.is_some() {
        return Err(Refusal::ReviewDecided);
    }
    let decided_first = |by: &StaffId| r.proposed.as_ref().is_some_and(|first| first.by == *by);
    match command {
        Command::Claim { by } => match r.held(now) {
            Some(claim) if claim.by != by => Err(Refusal::ClaimedByOther),
            _ if decided_first(&by) => Err(Refusal::SecondReviewer),
            _ => Ok(vec![Event::Claimed { by, until: now + SignedDuration::from_mins(CLAIM_MINUTES) }]),
        },
        Command::Release { by } => Ok(match r.held(now) {
            Some(claim) if claim.by == by => vec![Event::Released { by, at: now }],
            _ => vec![],
        }),
        Command::Decide { by, decision, reason } => {
            match r.held(now) {
                Some(claim) if claim.by == by => {}
                Some(_) => return Err(Refusal::ClaimedByOther),
                None => return Err(Refusal::NotClaimed),
            }
            if !r.decisions.contains(&decision) {
                return Err(Refusal::DecisionNotAllowed);
            }
            if !r.reasons(decision).any(|known| known == reason) {
                return Err(Refusal::ReasonDiffers);
            }
            let finding = Finding { decision, reason, by, at: now };
            Ok(vec![match &r.proposed {
                None if r.second_reviewer => Event::Proposed { finding },
                Some(first) if first.by == finding.by => return Err(Refusal::SecondReviewer),
                Some(first) if first.decision != finding.decision => Event::Disagreed { finding },
                _ => Event::Decided { finding },
            }])
        }
    }
}

/// An entry that does not fit the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the first event of a review must open it, and only the first")]
pub struct OutOfOrder;

/// Folds one event.
///
/// # Errors
/// Where the first event does not open it, or a later one does.
pub fn apply(state: Option<Review>, event: &Event) -> Result<Review, OutOfOrder> {
    let mut r = match (state, event) {
        (
            None,
            Event::Opened {
                id,
                institution,
                verification,
                subject,
                code,
                decisions,
                asked_by,
                second_reviewer,
                at,
            },
        ) => {
            return Ok(Review {
                id: id.clone(),
                institution: institution.clone(),
                verification: verification.clone(),
                subject: subject.clone(),
                code: *code,
                decisions: decisions.clone(),
                asked_by: *asked_by,
                opened_at: *at,
                second_reviewer: *second_reviewer,
                claim: None,
                proposed: None,
                decided: None,
            });
        }
        (Some(r), event) if !matches!(event, Event::Opened { .. }) => r,
        _ => return Err(OutOfOrder),
    };
    match event {
        Event::Opened { .. } => {}
        Event::Claimed { by, until } => r.claim = Some(Claim { by: by.clone(), until: *until }),
        Event::Released { .. } => r.claim = None,
        Event::Proposed { finding } => (r.claim, r.proposed) = (None, Some(finding.clone())),
        Event::Disagreed { .. } => (r.claim, r.proposed) = (None, None),
        Event::Decided { finding } => (r.claim, r.decided) = (None, Some(finding.clone())),
    }
    Ok(r)
}
