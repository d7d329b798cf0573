//! Folding an event into the state. Total: an event that was recorded is never refused.

use super::{
    AccountProblem, AccountStep, CardProblem, CardStep, Check, CheckKind, DocumentField, End, Event,
    LaterReason, Met, ResendProblem, Stage, Verification,
};
use crate::answers::{DepositCode, HolderCode, IssuerCode, Outcome};
use crate::id::CallId;
use crate::method::Method;
use crate::values::{BankCode, NameMatch};
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// An entry that does not fit the ones before it: the ledger was damaged or the program is older than the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the first event of a verification must open it, and only the first")]
pub struct OutOfOrder;

/// Folds one event.
pub fn apply(state: Option<Verification>, event: &Event) -> Result<Verification, OutOfOrder> {
    let (mut v, event) = match (state, event) {
        (
            None,
            Event::Opened {
                id,
                institution,
                subject,
                policy,
                policy_version,
                plan,
                reference,
                return_url,
                opened_at,
                expires_at,
            },
        ) => {
            return Ok(Verification {
                id: id.clone(),
                institution: institution.clone(),
                subject: subject.clone(),
                policy: policy.clone(),
                policy_version: *policy_version,
                plan: (**plan).clone(),
                reference: reference.clone(),
                return_url: return_url.clone(),
                opened_at: *opened_at,
                expires_at: *expires_at,
                session: 0,
                stage: Stage::Created,
                card: CardStep::Idle,
                pictures: 0,
                card_refusals: 0,
                wrong_dates: 0,
                issuer_silences: 0,
                account: AccountStep::Idle,
                accounts: 0,
                sends: 0,
                bank_silences: 0,
                account_outdated: false,
                checks: Vec::new(),
                met: Vec::new(),
                notice_asked: false,
                links_asked: 0,
                person: None,
            });
        }
        (Some(v), event) if !matches!(event, Event::Opened { .. }) => (v, event),
        _ => return Err(OutOfOrder),
    };
    match event {
        Event::Opened { .. } => {}
        Event::SessionTaken { session } => {
            v.session = *session;
            if v.stage == Stage::Created {
                v.stage = Stage::Safety;
            }
        }
        Event::SafetyAnswered { .. } => {
            v.stage = if v.plan.consents.is_empty() { start_checking(&mut v) } else { Stage::Consents };
        }
        Event::ConsentsAnswered { .. } => v.stage = start_checking(&mut v),
        Event::CardSubmitted { blob, source, .. } => {
            v.pictures += 1;
            v.wrong_dates = 0;
            v.card = CardStep::Reading { blob: blob.clone(), source: *source };
        }
        Event::CardRead { blob, doubtful, .. } => {
            v.card = CardStep::Confirm { blob: blob.clone(), doubtful: doubtful.clone(), again: None };
        }
        Event::CardUnreadable { quality, wrong_kind, .. } => {
            let problem = if *wrong_kind {
                CardProblem::WrongKind
            } else {
                CardProblem::Unreadable { quality: quality.clone() }
            };
            v.card = CardStep::Picture { problem: Some(problem) };
        }
        Event::CardConfirmed { edited } => {
            // Another name or number may be another person's: the account was compared with the one before.
            if edited.iter().any(|f| matches!(f, DocumentField::Name | DocumentField::ResidentNumber)) {
                forget_account(&mut v);
            }
        }
        Event::CardRetaken {} => another_picture(&mut v, None),
        Event::IssuerAsked { call } => {
            if let Some(blob) = v.card.blob().cloned() {
                v.card = CardStep::Asking { blob, call: call.clone() };
            }
        }
        Event::IssuerAnswered { call, code, provider, provider_ref, at, retry_at, .. } => {
            check(
                &mut v,
                CheckKind::IdDocument,
                call,
                code.outcome(),
                code,
                provider,
                provider_ref.as_ref(),
                *at,
            );
            issuer_answered(&mut v, call, *code, provider, *at, *retry_at);
        }
        Event::CardWithheld { .. } => another_picture(&mut v, Some(CardProblem::TriesTaken)),
        Event::AccountGiven { bank } => {
            v.accounts += 1;
            v.bank_silences = 0;
            v.account = AccountStep::Later {
                bank: *bank,
                holder_known: false,
                reason: LaterReason::Unavailable,
                retry_at: v.opened_at,
            };
        }
        Event::HolderAsked { call } => {
            if let Some(bank) = v.account.bank() {
                v.account = AccountStep::AskingHolder { bank, call: call.clone() };
            }
        }
        Event::HolderAnswered { call, code, name, provider, provider_ref, at, retry_at, .. } => {
            let (outcome, shown) = match (code, name) {
                (HolderCode::Found, Some(NameMatch::Different)) => {
                    (Outcome::Failed, Shown::Text("name_different"))
                }
                (HolderCode::Found, Some(NameMatch::Similar)) => {
                    (Outcome::Failed, Shown::Text("name_similar"))
                }
                _ => (code.outcome(), Shown::Holder(*code)),
            };
            check(
                &mut v,
                CheckKind::AccountHolder,
                call,
                outcome,
                &shown,
                provider,
                provider_ref.as_ref(),
                *at,
            );
            holder_answered(&mut v, *code, *name, *at, *retry_at);
        }
        Event::DepositAsked { call, .. } => {
            v.sends += 1;
            if let Some(bank) = v.account.bank() {
                v.account = AccountStep::Sending { bank, call: call.clone() };
            }
        }
        Event::DepositWithheld { retry_at } => {
            if let Some(bank) = v.account.bank() {
                v.account = AccountStep::Later {
                    bank,
                    holder_known: true,
                    reason: LaterReason::LimitReached,
                    retry_at: *retry_at,
                };
            }
        }
        Event::DepositAnswered { call, code, provider, provider_ref, at, retry_at, .. } => {
            check(
                &mut v,
                CheckKind::Deposit,
                call,
                code.outcome(),
                code,
                provider,
                provider_ref.as_ref(),
                *at,
            );
            deposit_answered(&mut v, call, *code, *at, *retry_at);
        }
        Event::CodeTried { right, at } => code_tried(&mut v, *right, *at),
        Event::CodeLapsed {} => {
            if let Some(bank) = v.account.bank() {
                v.account = AccountStep::Resend { bank, problem: ResendProblem::CodeExpired };
            }
        }
        Event::ResendAsked {} => {
            if let Some(bank) = v.account.bank() {
                v.account = AccountStep::Resend { bank, problem: ResendProblem::Asked };
            }
        }
        Event::AccountChanged {} => v.account = AccountStep::Name { problem: Some(AccountProblem::Chosen) },
        Event::NoticeAsked {} => v.notice_asked = true,
        Event::NoticeDue {} => v.notice_asked = false,
        Event::LinkAsked {} => v.links_asked += 1,
        Event::Verified { at } => v.stage = Stage::Ended { end: End::Verified, at: *at },
        Event::Refused { code, at } => v.stage = Stage::Ended { end: End::Refused { code: *code }, at: *at },
        Event::Expired { at } => v.stage = Stage::Ended { end: End::Expired, at: *at },
        Event::Cancelled { at } => v.stage = Stage::Ended { end: End::Cancelled, at: *at },
        Event::PersonLinked { person } => v.person = Some(person.clone()),
    }
    Ok(v)
}

/// Folds all of them.
pub fn fold<'e>(events: impl IntoIterator<Item = &'e Event>) -> Result<Option<Verification>, OutOfOrder> {
    events.into_iter().try_fold(None, |state, event| apply(state, event).map(Some))
}

fn start_checking(v: &mut Verification) -> Stage {
    v.card = CardStep::Picture { problem: None };
    if v.plan.existing_account().is_some() {
        v.account = AccountStep::Name { problem: None };
    }
    Stage::Checking
}

/// The card goes, and with it the account whose holder was compared with the card's name.
fn another_picture(v: &mut Verification, problem: Option<CardProblem>) {
    v.card = CardStep::Picture { problem };
    forget_account(v);
}

/// The account has to be proved anew. A deposit that is on its way or in doubt is waited for first, so that there
/// are never two.
fn forget_account(v: &mut Verification) {
    if v.end().is_some() {
        return;
    }
    match v.account {
        AccountStep::Idle => {}
        AccountStep::Sending { .. } | AccountStep::InDoubt { .. } => v.account_outdated = true,
        _ => {
            v.met.retain(|m| m.method != Method::ExistingAccount);
            v.account = AccountStep::Name { problem: None };
        }
    }
}

fn issuer_answered(
    v: &mut Verification,
    call: &CallId,
    code: IssuerCode,
    provider: &str,
    at: Timestamp,
    retry_at: Option<Timestamp>,
) {
    let Some(blob) = v.card.blob().cloned() else { return };
    match code.outcome() {
        Outcome::Passed => {
            v.card = CardStep::Passed;
            v.issuer_silences = 0;
            // What arrives behind the end is evidence, and does not change the result that was given.
            if v.end().is_none() {
                v.met.push(Met {
                    method: Method::IdDocument,
                    at,
                    by: provider.to_owned(),
                    call: call.clone(),
                });
            }
        }
        Outcome::Failed => {
            v.card_refusals += 1;
            v.issuer_silences = 0;
            if code.counts_as_wrong_date() {
                v.wrong_dates += 1;
            }
            // The first wrong date may be a slip of reading: the person looks again. The second stops here, long
            // before the issuer's fifth locks the card.
            if code.counts_as_wrong_date() && v.wrong_dates < 2 {
                let doubtful = match code {
                    IssuerCode::MismatchIssueDate => vec![DocumentField::IssueDate],
                    _ => vec![DocumentField::Name, DocumentField::IssueDate],
                };
                v.card = CardStep::Confirm { blob, doubtful, again: Some(code) };
            } else if code.counts_as_wrong_date() {
                another_picture(v, Some(CardProblem::WrongDateLimit));
            } else {
                another_picture(v, Some(CardProblem::Issuer { code }));
            }
        }
        Outcome::Indeterminate => {
            v.issuer_silences += 1;
            v.card = CardStep::Later { blob, code, retry_at: retry_at.unwrap_or(at) };
        }
    }
}

fn holder_answered(
    v: &mut Verification,
    code: HolderCode,
    name: Option<NameMatch>,
    at: Timestamp,
    retry_at: Option<Timestamp>,
) {
    let Some(bank) = v.account.bank() else { return };
    let later = |reason, retry_at| AccountStep::Later { bank, holder_known: false, reason, retry_at };
    v.bank_silences = if code.outcome() == Outcome::Indeterminate { v.bank_silences + 1 } else { 0 };
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

fn deposit_answered(
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

fn code_tried(v: &mut Verification, right: bool, at: Timestamp) {
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

enum Shown {
    Text(&'static str),
    Holder(HolderCode),
}

impl serde::Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => s.serialize_str(text),
            Self::Holder(code) => code.serialize(s),
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

#[allow(clippy::too_many_arguments)] // One line of a table; a struct would only repeat `Check`.
fn check(
    v: &mut Verification,
    kind: CheckKind,
    call: &CallId,
    outcome: Outcome,
    code: &impl serde::Serialize,
    provider: &str,
    provider_ref: Option<&String>,
    at: Timestamp,
) {
    let code = match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    };
    v.checks.push(Check {
        check: kind,
        call: call.clone(),
        outcome,
        code,
        provider: provider.to_owned(),
        provider_ref: provider_ref.cloned(),
        at,
    });
}

impl CardStep {
    /// The picture at hand.
    pub fn blob(&self) -> Option<&crate::id::BlobId> {
        match self {
            Self::Reading { blob, .. }
            | Self::Confirm { blob, .. }
            | Self::Asking { blob, .. }
            | Self::Later { blob, .. } => Some(blob),
            Self::Idle | Self::Picture { .. } | Self::Passed => None,
        }
    }
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
