//! `Medium`: an access medium that an institution handed to a person, whose codes the person can be asked for.
//!
//! Belongs to one institution, which vouches whose it is. The secret is nowhere in here: whoever commits seals it beside
//! the first event, and says of a code only what came of it. Wrong codes are counted across all verifications.

use crate::answers::DeviceCode;
use crate::id::{InstitutionId, MediumId, SubjectId, VerificationId};
use crate::otp;
use crate::policy::DeviceKind;
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Wrong one-time passwords in a row after which the medium is locked: 전자금융감독규정 (before 2025) lets them fail
/// ten times.
pub const MAX_WRONG_OTP: u32 = 10;
/// Wrong answers of a security card in a row: at most five, as for passwords. Four digits are guessed sooner.
pub const MAX_WRONG_CARD: u32 = 5;
/// How many codes of a counter are looked at behind the next one: the button may have been pressed for nothing
/// (RFC 4226 §7.4).
pub const LOOK_AHEAD: u8 = 10;

/// What a medium is, and how its codes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MediumKind {
    /// A one-time password by time (TOTP, RFC 6238).
    Totp {
        /// What a code looks like.
        #[serde(flatten)]
        form: otp::Form,
        /// How long one lasts.
        step: otp::Step,
    },
    /// A one-time password by counter (HOTP, RFC 4226).
    Hotp {
        /// What a code looks like.
        #[serde(flatten)]
        form: otp::Form,
    },
    /// A card with a table of numbers.
    SecurityCard {
        /// How many.
        cells: u8,
    },
}

impl MediumKind {
    /// As policies name it.
    pub fn device(self) -> DeviceKind {
        match self {
            Self::Totp { .. } | Self::Hotp { .. } => DeviceKind::Otp,
            Self::SecurityCard { .. } => DeviceKind::SecurityCard,
        }
    }

    fn most_wrong(self) -> u32 {
        match self.device() {
            DeviceKind::Otp => MAX_WRONG_OTP,
            DeviceKind::SecurityCard => MAX_WRONG_CARD,
        }
    }
}

/// The state of a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// The id.
    pub id: MediumId,
    /// Who handed it over.
    pub institution: InstitutionId,
    /// The subject whose keys seal its secret.
    pub subject: SubjectId,
    /// What it is.
    pub kind: MediumKind,
    /// The institution's own reference, opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// Codes that were not right since the last right one.
    pub wrong: u32,
    /// The first counter, or step of the clock, that was not used.
    pub next: u64,
    /// Since when it takes no codes because too many were wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<Timestamp>,
    /// When the institution took it back, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Whether a medium takes codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediumStatus {
    /// It does.
    Active,
    /// Not before the institution unlocks it.
    Locked,
    /// Never again.
    Revoked,
}

impl MediumStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Locked, Self::Revoked];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Revoked => "revoked",
        }
    }
}

impl Medium {
    /// Whether it takes codes.
    pub fn status(&self) -> MediumStatus {
        match (self.revoked_at, self.locked_at) {
            (Some(_), _) => MediumStatus::Revoked,
            (None, Some(_)) => MediumStatus::Locked,
            (None, None) => MediumStatus::Active,
        }
    }
}

/// What came of a code, and which counter or step it was of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It was the medium's; for a one-time password, that of this counter or step.
    Right(Option<u64>),
    /// It was not.
    Wrong,
    /// It was, and was used before.
    Used,
}

impl Tried {
    /// What the verification is told of it.
    pub fn code(self) -> DeviceCode {
        match self {
            Self::Right(_) => DeviceCode::Right,
            Self::Wrong => DeviceCode::Wrong,
            Self::Used => DeviceCode::Used,
        }
    }
}

/// What someone wants of a medium.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Command {
    /// The institution handed it over. `next` is the token's counter, where it has one.
    Enrol {
        id: MediumId,
        institution: InstitutionId,
        subject: SubjectId,
        kind: MediumKind,
        reference: Option<String>,
        next: u64,
    },
    /// The person typed a code in a verification.
    Try { verification: VerificationId, tried: Tried },
    /// The institution made sure that it is still in the right hands.
    Unlock,
    /// The institution takes it back.
    Revoke,
}

/// What did happen to a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Event {
    /// Sealed: `secret`, the base32 of a one-time password's, or the numbers of a card with spaces between.
    #[serde(rename = "medium.enrolled/1")]
    Enrolled {
        id: MediumId,
        institution: InstitutionId,
        subject: SubjectId,
        medium: MediumKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        #[serde(default)]
        next: u64,
        at: Timestamp,
    },
    #[serde(rename = "medium.tried/1")]
    Tried {
        verification: VerificationId,
        code: DeviceCode,
        /// The counter or step of a right one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u64>,
        at: Timestamp,
    },
    #[serde(rename = "medium.unlocked/1")]
    Unlocked { at: Timestamp },
    #[serde(rename = "medium.revoked/1")]
    Revoked { at: Timestamp },
}

/// What follows from a command.
///
/// # Errors
/// A refusal where the rules say no.
pub fn decide(state: Option<&Medium>, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Some(m) = state else {
        return match command {
            Command::Enrol { id, institution, subject, kind, reference, next } => {
                Ok(vec![Event::Enrolled { id, institution, subject, medium: kind, reference, next, at: now }])
            }
            _ => Err(Refusal::Unknown),
        };
    };
    match (command, m.status()) {
        (Command::Enrol { .. }, _) => Err(Refusal::NotNow),
        (Command::Revoke, MediumStatus::Revoked) => Ok(vec![]),
        (Command::Revoke, _) => Ok(vec![Event::Revoked { at: now }]),
        (_, MediumStatus::Revoked) => Err(Refusal::MediumRevoked),
        (Command::Unlock, MediumStatus::Locked) => Ok(vec![Event::Unlocked { at: now }]),
        (Command::Unlock, _) => Ok(vec![]),
        (Command::Try { .. }, MediumStatus::Locked) => Err(Refusal::NotNow),
        (Command::Try { verification, tried }, MediumStatus::Active) => {
            let counter = if let Tried::Right(counter) = tried { counter } else { None };
            Ok(vec![Event::Tried { verification, code: tried.code(), counter, at: now }])
        }
    }
}

/// An entry that does not fit the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the first event of a medium must enrol it, and only the first")]
pub struct OutOfOrder;

/// Folds one event.
///
/// # Errors
/// Where the first event does not enrol, or a later one does.
pub fn apply(state: Option<Medium>, event: &Event) -> Result<Medium, OutOfOrder> {
    let mut m = match (state, event) {
        (None, Event::Enrolled { id, institution, subject, medium, reference, next, at }) => {
            return Ok(Medium {
                id: id.clone(),
                institution: institution.clone(),
                subject: subject.clone(),
                kind: *medium,
                reference: reference.clone(),
                enrolled_at: *at,
                wrong: 0,
                next: *next,
                locked_at: None,
                revoked_at: None,
            });
        }
        (Some(m), event) if !matches!(event, Event::Enrolled { .. }) => m,
        _ => return Err(OutOfOrder),
    };
    match event {
        Event::Enrolled { .. } => {}
        Event::Tried { code: DeviceCode::Right, counter, .. } => {
            m.wrong = 0;
            if let Some(counter) = counter {
                m.next = counter.saturating_add(1);
            }
        }
        Event::Tried { at, .. } => {
            m.wrong = m.wrong.saturating_add(1);
            if m.wrong >= m.kind.most_wrong() {
                m.locked_at = Some(*at);
            }
        }
        Event::Unlocked { .. } => (m.locked_at, m.wrong) = (None, 0),
        Event::Revoked { at } => m.revoked_at = Some(*at),
    }
    Ok(m)
}
