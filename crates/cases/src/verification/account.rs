//! The account: the bank names its holder, 1 won is sent, the person types the code that came with it. Method ④.
//!
//! Types of its state, what may happen (deciding), and what did (folding).

use super::apply::{Shown, check};
use super::card::may_ask_bank;
use super::decide::retry_at;
use super::{CheckKind, Event, Met, RefusedCode, Verification};
use crate::answers::{Answer, DepositCode, HolderCode, Outcome};
use crate::id::CallId;
use crate::method::Method;
use crate::policy::AccountRules;
use crate::refusal::Refusal;
use crate::values::{BankCode, NameMatch};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The account's progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "account", rename_all = "snake_case")]
pub enum AccountStep {
    /// Not asked for yet, or not in the policy.
    Idle,
    /// The person shall name an account.
    Name {
        /// What was wrong with the last one.
        problem: Option<AccountProblem>,
    },
    /// The bank is asked who holds it.
    AskingHolder {
        /// The bank.
        bank: BankCode,
        /// The question.
        call: CallId,
    },
    /// 1 won is on its way.
    Sending {
        /// The bank.
        bank: BankCode,
        /// The transfer.
        call: CallId,
    },
    /// 1 won may have arrived: the bank is asked for the result; nothing is sent again.
    InDoubt {
        /// The bank.
        bank: BankCode,
        /// The transfer.
        call: CallId,
        /// When the bank is asked again.
        retry_at: Timestamp,
    },
    /// The bank can't be asked now; it goes on by itself.
    Later {
        /// The bank.
        bank: BankCode,
        /// Whether the holder is known and only the deposit is left.
        holder_known: bool,
        /// Why.
        reason: LaterReason,
        /// When it goes on.
        retry_at: Timestamp,
    },
    /// The person shall type the code that came with 1 won.
    Code {
        /// The bank.
        bank: BankCode,
        /// The transfer that carried the code.
        call: CallId,
        /// When it was sent.
        sent_at: Timestamp,
        /// Until when it may be typed.
        expires_at: Timestamp,
        /// How often it may still be typed.
        tries_left: u32,
    },
    /// The code is used up; a new 1 won can be sent to the same account.
    Resend {
        /// The bank.
        bank: BankCode,
        /// Why the last one is used up.
        problem: ResendProblem,
    },
    /// Proved.
    Passed {
        /// The bank.
        bank: BankCode,
    },
}

/// Why the account step waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterReason {
    /// Planned maintenance.
    Maintenance,
    /// An outage.
    Unavailable,
    /// Enough 1 won for today, for this account, person, device or address.
    LimitReached,
}

/// Why another account is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum AccountProblem {
    /// The bank said no when asked for the holder.
    Holder {
        /// Its answer.
        code: HolderCode,
    },
    /// The bank said no to the deposit.
    Deposit {
        /// Its answer.
        code: DepositCode,
    },
    /// The holder is someone else.
    NameDifferent,
    /// The holder may be the same person; another account is offered until people decide.
    NameSimilar,
    /// The person chose another account.
    Chosen,
}

/// Why a new 1 won is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResendProblem {
    /// Typed wrong too often.
    TriesUsedUp,
    /// Not typed in time.
    CodeExpired,
    /// The bank found no trace of the last one.
    NotSent,
    /// The person asked for a new one.
    Asked,
}

impl AccountStep {
    /// The bank at hand.
    pub fn bank(&self) -> Option<BankCode> {
        match self {
            Self::AskingHolder { bank, .. }
            | Self::Sending { bank, .. }
            | Self::InDoubt { bank, .. }
            | Self::Later { bank, .. }
            | Self::Code { bank, .. }
            | Self::Resend { bank, .. }
            | Self::Passed { bank } => Some(*bank),
            Self::Idle | Self::Name { .. } => None,
        }
    }
}

/// Whether the policy lets the person name one more account and get 1 won there.
pub(super) fn another_account_left(v: &Verification) -> Result<(), Refusal> {
    let rules = v.plan.existing_account().ok_or(Refusal::NotNow)?;
    if v.accounts >= rules.accounts {
        return Err(Refusal::AccountsUsedUp);
    }
    if v.sends >= rules.sends {
        return Err(Refusal::SendsUsedUp);
    }
    Ok(())
}

pub(super) fn holder_answered(
    v: &Verification,
    call: CallId,
    answer: Answer<HolderCode>,
    name: Option<NameMatch>,
    next_call: CallId,
    withheld_until: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Event> {
    let again = answer.code.outcome() == Outcome::Indeterminate;
    let proved = answer.code.outcome() == Outcome::Passed && name == Some(NameMatch::Same);
    let mut events = vec![Event::HolderAnswered {
        call,
        code: answer.code,
        name,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(v.bank_silences, answer.retry_at, now)),
    }];
    if let (true, Some(rules)) = (proved, v.plan.existing_account()) {
        events.push(
            deposit(v, rules, next_call, withheld_until, now)
                .unwrap_or(Event::Refused { code: RefusedCode::AccountNotProved, at: now }),
        );
    }
    events
}

/// The next deposit, or the pause that the limits across cases ask for; nothing where the policy's sends are used.
pub(super) fn deposit(
    v: &Verification,
    rules: AccountRules,
    call: CallId,
    withheld_until: Option<Timestamp>,
    now: Timestamp,
) -> Option<Event> {
    if v.sends >= rules.sends {
        return None;
    }
    Some(match withheld_until {
        // A limit that frees at once is still tried again by the timer, never in a tight circle.
        Some(until) => Event::DepositWithheld { retry_at: retry_at(0, Some(until), now) },
        None => Event::DepositAsked { call, at: now },
    })
}

pub(super) fn deposit_answered(
    v: &Verification,
    call: CallId,
    answer: Answer<DepositCode>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    // Once money may have moved, only the bank's own record settles it: another silence keeps the doubt.
    let code = match (&v.account, answer.code) {
        (AccountStep::Sending { call: asked, .. }, code) if *asked == call => code,
        (AccountStep::InDoubt { call: asked, .. }, code) if *asked == call => match code.outcome() {
            Outcome::Indeterminate => DepositCode::Unknown,
            _ => code,
        },
        _ => return Err(Refusal::StaleAnswer),
    };
    let again = code.outcome() == Outcome::Indeterminate;
    Ok(vec![Event::DepositAnswered {
        call,
        code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        told_at: answer.told_at,
        retry_at: again.then(|| retry_at(v.bank_silences, answer.retry_at, now)),
    }])
}

/// The account's rules, once the name that its holder is compared with has been confirmed.
pub(super) fn name_known(v: &Verification) -> Result<AccountRules, Refusal> {
    let rules = v.plan.existing_account().ok_or(Refusal::NotNow)?;
    if may_ask_bank(v) { Ok(rules) } else { Err(Refusal::NotNow) }
}

/// Whether the bank is being asked, or is asked again by itself.
pub(super) fn bank_awaited(v: &Verification) -> bool {
    matches!(
        v.account,
        AccountStep::AskingHolder { .. }
            | AccountStep::Sending { .. }
            | AccountStep::InDoubt { .. }
            | AccountStep::Later { .. }
    )
}

/// The account has to be proved anew. A deposit that is on its way or in doubt is waited for first, so that there
/// are never two.
pub(super) fn forget_account(v: &mut Verification) {
    if v.end().is_some() {
        return;
    }
    v.similar_at = None;
    match v.account {
        AccountStep::Idle => {}
        AccountStep::Sending { .. } | AccountStep::InDoubt { .. } => v.account_outdated = true,
        _ => {
            v.met.retain(|m| m.method != Method::ExistingAccount);
            v.account = AccountStep::Name { problem: None };
        }
    }
}

pub(super) fn fold_holder_answer(
    v: &mut Verification,
    code: HolderCode,
    name: Option<NameMatch>,
    at: Timestamp,
    retry_at: Option<Timestamp>,
) {
    let Some(bank) = v.account.bank() else { return };
    let later = |reason, retry_at| AccountStep::Later { bank, holder_known: false, reason, retry_at };
    v.bank_silences = if code.outcome() == Outcome::Indeterminate { v.bank_silences + 1 } else { 0 };
    let found = code.outcome() == Outcome::Passed;
    v.similar_at = (found && name == Some(NameMatch::Similar)).then_some(bank);
    v.account = match (code.outcome(), name) {
        (Outcome::Indeterminate, _) => {
            let reason = if code == HolderCode::Maintenance {
                LaterReason::Maintenance
            } else {
                LaterReason::Unavailable
            };
            later(reason, retry_at.unwrap_or(at))
        }
        (Outcome::Failed, _) => AccountStep::Name { problem: Some(AccountProblem::Holder { code }) },
        (Outcome::Passed, Some(NameMatch::Same)) => {
            AccountStep::Later { bank, holder_known: true, reason: LaterReason::Unavailable, retry_at: at }
        }
        (Outcome::Passed, Some(NameMatch::Similar)) => {
            AccountStep::Name { problem: Some(AccountProblem::NameSimilar) }
        }
        // A bank that names nobody proves nothing.
        (Outcome::Passed, _) => AccountStep::Name { problem: Some(AccountProblem::NameDifferent) },
    };
}

pub(super) fn fold_deposit_answer(
    v: &mut Verification,
    call: &CallId,
    code: DepositCode,
    at: Timestamp,
    retry_at: Option<Timestamp>,
) {
    let (Some(bank), Some(rules)) = (v.account.bank(), v.plan.existing_account()) else { return };
    let later =
        |reason| AccountStep::Later { bank, holder_known: true, reason, retry_at: retry_at.unwrap_or(at) };
    v.bank_silences = if code.outcome() == Outcome::Indeterminate { v.bank_silences + 1 } else { 0 };
    if !matches!(code, DepositCode::Deposited | DepositCode::Unknown) {
        v.sends = v.sends.saturating_sub(1);
    }
    if v.account_outdated && code != DepositCode::Unknown {
        v.account_outdated = false;
        v.account = AccountStep::Name { problem: None };
        return;
    }
    v.account = match code {
        // Behind the end nobody can type the code any more.
        DepositCode::Deposited if v.end().is_some() => {
            AccountStep::Resend { bank, problem: ResendProblem::CodeExpired }
        }
        DepositCode::Deposited => AccountStep::Code {
            bank,
            call: call.clone(),
            sent_at: at,
            expires_at: (at + SignedDuration::from_mins(i64::from(rules.code_minutes))).min(v.expires_at),
            tries_left: rules.tries,
        },
        DepositCode::Unknown => {
            AccountStep::InDoubt { bank, call: call.clone(), retry_at: retry_at.unwrap_or(at) }
        }
        DepositCode::NotSent => AccountStep::Resend { bank, problem: ResendProblem::NotSent },
        DepositCode::Maintenance => later(LaterReason::Maintenance),
        DepositCode::Unavailable | DepositCode::RateLimited => later(LaterReason::Unavailable),
        _ => AccountStep::Name { problem: Some(AccountProblem::Deposit { code }) },
    };
}

pub(super) fn fold_code_tried(v: &mut Verification, right: bool, at: Timestamp) {
    let AccountStep::Code { bank, call, sent_at, expires_at, tries_left } = v.account.clone() else { return };
    let tries_left = tries_left.saturating_sub(1);
    let outcome = if right { Outcome::Passed } else { Outcome::Failed };
    let shown = Shown::Text(if right { "right" } else { "wrong" });
    check(v, CheckKind::Code, &call, outcome, &shown, "person", None, at);
    v.account = if right {
        v.met.push(Met { method: Method::ExistingAccount, at, by: bank.to_string(), call });
        AccountStep::Passed { bank }
    } else if tries_left == 0 {
        AccountStep::Resend { bank, problem: ResendProblem::TriesUsedUp }
    } else {
        AccountStep::Code { bank, call, sent_at, expires_at, tries_left }
    };
}
