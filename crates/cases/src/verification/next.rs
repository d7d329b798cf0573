//! What comes next for the person: one thing at a time. The page draws it, the API reports it.

use super::card::may_ask_bank;
use super::{
    AccountProblem, AccountStep, CardProblem, CardStep, DocumentField, End, LaterReason, ResendProblem,
    Stage, Verification,
};
use crate::answers::IssuerCode;
use crate::values::BankCode;
use jiff::Timestamp;

/// The one thing that the person can do, or what everybody waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Say that nobody tells them to do this.
    Safety,
    /// Answer the consents.
    Consents,
    /// Take a picture of the card.
    Picture {
        /// What was wrong with the last one.
        problem: Option<CardProblem>,
    },
    /// Say whether the card was read right.
    Confirm {
        /// Fields that need a look.
        doubtful: Vec<DocumentField>,
        /// What the issuer said before.
        again: Option<IssuerCode>,
    },
    /// Name an account.
    Account {
        /// What was wrong with the last one.
        problem: Option<AccountProblem>,
        /// The issuer is asked meanwhile and does not answer: when it goes on by itself, at the latest.
        issuer_later: Option<Timestamp>,
    },
    /// Type the code.
    Code {
        /// The bank.
        bank: BankCode,
        /// Until when.
        expires_at: Timestamp,
        /// How often.
        tries_left: u32,
        /// How often a new 1 won can be asked for.
        sends_left: u32,
    },
    /// Ask for a new 1 won, or name another account.
    Resend {
        /// The bank.
        bank: BankCode,
        /// Why.
        problem: ResendProblem,
        /// How often a new 1 won can be asked for.
        sends_left: u32,
    },
    /// Nothing: someone else is at work.
    Wait {
        /// The card is being read.
        reading: bool,
        /// The issuer: being asked, or asked again at that time.
        issuer: Option<WaitState>,
        /// The bank: being asked, or asked again at that time.
        bank: Option<(BankCode, WaitState)>,
    },
    /// It is over.
    Ended {
        /// How.
        end: End,
    },
}

/// How someone outside is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitState {
    /// An answer is expected within seconds.
    Asking,
    /// No answer for now; asked again by itself.
    Later {
        /// When.
        retry_at: Timestamp,
        /// Why.
        reason: LaterReason,
    },
    /// Money may have moved: the bank is asked for the result.
    InDoubt {
        /// When it is asked again.
        retry_at: Timestamp,
    },
}

/// What comes next.
pub fn next(v: &Verification) -> Next {
    match &v.stage {
        Stage::Created | Stage::Safety => return Next::Safety,
        Stage::Consents => return Next::Consents,
        Stage::Ended { end, .. } => return Next::Ended { end: *end },
        Stage::Checking => {}
    }
    let issuer = match &v.card {
        CardStep::Picture { problem } => return Next::Picture { problem: problem.clone() },
        CardStep::Reading { .. } => return Next::Wait { reading: true, issuer: None, bank: None },
        CardStep::Confirm { doubtful, again, .. } => {
            return Next::Confirm { doubtful: doubtful.clone(), again: *again };
        }
        CardStep::Screening { .. } => {
            return Next::Wait { reading: false, issuer: Some(WaitState::Asking), bank: None };
        }
        CardStep::Asking { .. } => Some(WaitState::Asking),
        CardStep::Later { retry_at, code, .. } => Some(WaitState::Later {
            retry_at: *retry_at,
            reason: if *code == IssuerCode::Maintenance {
                LaterReason::Maintenance
            } else {
                LaterReason::Unavailable
            },
        }),
        CardStep::Idle | CardStep::Passed => None,
    };
    // What stands before any verification is asked before the person does anything more.
    if !may_ask_bank(v) && issuer.is_some() {
        return Next::Wait { reading: false, issuer, bank: None };
    }
    let sends_left = v.plan.existing_account().map_or(0, |rules| rules.sends.saturating_sub(v.sends));
    let bank = match &v.account {
        AccountStep::Name { problem } => {
            // The issuer answers within seconds as a rule: its answer comes before the account is asked for,
            // so that nobody fetches a code for a card that is refused. A slow issuer holds nobody up.
            return match issuer {
                Some(WaitState::Asking) if v.issuer_silences == 0 => {
                    Next::Wait { reading: false, issuer, bank: None }
                }
                // Being asked again takes the page away from nobody who types; the end of it all is the latest.
                Some(WaitState::Asking) => {
                    Next::Account { problem: *problem, issuer_later: Some(v.expires_at) }
                }
                Some(WaitState::Later { retry_at, .. }) => {
                    Next::Account { problem: *problem, issuer_later: Some(retry_at) }
                }
                _ => Next::Account { problem: *problem, issuer_later: None },
            };
        }
        AccountStep::Code { bank, expires_at, tries_left, .. } => {
            return Next::Code { bank: *bank, expires_at: *expires_at, tries_left: *tries_left, sends_left };
        }
        AccountStep::Resend { bank, problem } => {
            return Next::Resend { bank: *bank, problem: *problem, sends_left };
        }
        AccountStep::AskingHolder { bank, .. } | AccountStep::Sending { bank, .. } => {
            Some((*bank, WaitState::Asking))
        }
        AccountStep::InDoubt { bank, retry_at, .. } => {
            Some((*bank, WaitState::InDoubt { retry_at: *retry_at }))
        }
        AccountStep::Later { bank, retry_at, reason, .. } => {
            Some((*bank, WaitState::Later { retry_at: *retry_at, reason: *reason }))
        }
        AccountStep::Idle | AccountStep::Passed { .. } => None,
    };
    Next::Wait { reading: false, issuer, bank }
}
