//! Folding an event into the state. Total: an event that was recorded is never refused.

use super::account::{fold_code_tried, fold_deposit_answer, fold_holder_answer, forget_account};
use super::card::{another_picture, fold_issuer_answer, fold_list_answer, list_check};
use super::device::fold_tried;
use super::{
    AccountProblem, AccountStep, CardProblem, CardStep, Check, CheckKind, DeviceStep, DocumentKind, End,
    Event, FormStep, InstitutionStep, LaterReason, PhoneStep, ResendProblem, Stage, Verification,
};
use super::{consent, institution_check, phone, review};
use crate::answers::{HolderCode, IssuerCode, Outcome, PhoneCode};
use crate::id::CallId;
use crate::policy::{Step, StepKind};
use crate::values::NameMatch;
use jiff::Timestamp;
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
                medium,
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
                consents: vec![],
                card: CardStep::Idle,
                document: DocumentKind::default(),
                clear_of: vec![],
                pictures: 0,
                card_refusals: 0,
                wrong_dates: 0,
                issuer_silences: 0,
                account: AccountStep::Idle,
                accounts: 0,
                sends: 0,
                bank_silences: 0,
                account_outdated: false,
                form: FormStep::Idle,
                institution_check: InstitutionStep::Idle,
                medium: medium.clone(),
                device: DeviceStep::Idle,
                phone: PhoneStep::Idle,
                messages: 0,
                checks: Vec::new(),
                met: Vec::new(),
                notice_asked: false,
                links_asked: 0,
                review: None,
                reviews: 0,
                similar_at: None,
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
        Event::ConsentsAnswered { answers } => {
            consent::fold_answered(&mut v, answers);
            v.stage = start_checking(&mut v);
        }
        Event::ConsentWithdrawn { text_id, at } => consent::fold_withdrawn(&mut v, text_id, *at),
        Event::CardSubmitted { blob, source, .. } => {
            v.pictures += 1;
            v.wrong_dates = 0;
            v.card = CardStep::Reading { blob: blob.clone(), source: *source };
        }
        Event::CardRead { blob, doubtful, document, .. } => {
            v.document = *document;
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
        Event::CardConfirmed { edited, document } => {
            v.document = *document;
            // Another name or number may be another person's: the account was compared with the one before, and so
            // were the lists asked.
            if edited.iter().any(|f| f.names_the_person()) {
                v.clear_of.clear();
                forget_account(&mut v);
                phone::forget(&mut v);
            }
        }
        Event::CardExpired {} => {
            another_picture(&mut v, Some(CardProblem::Issuer { code: IssuerCode::Expired }));
        }
        Event::ListAsked { call, list } => {
            if let Some(blob) = v.card.blob().cloned() {
                v.card = CardStep::Screening { blob, call: call.clone(), list: *list };
            }
        }
        Event::ListAnswered { call, list, code, provider, provider_ref, at, retry_at, .. } => {
            let kind = list_check(*list);
            check(&mut v, kind, call, code.outcome(), code, provider, provider_ref.as_ref(), *at);
            fold_list_answer(&mut v, *list, *code, *at, *retry_at);
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
            fold_issuer_answer(&mut v, call, *code, provider, *at, *retry_at);
        }
        Event::CardWithheld { .. } => another_picture(&mut v, Some(CardProblem::TriesTaken)),
        Event::AccountGiven { bank } => {
            v.accounts += 1;
            v.similar_at = None;
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
            fold_holder_answer(&mut v, *code, *name, *at, *retry_at);
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
            fold_deposit_answer(&mut v, call, *code, *at, *retry_at);
        }
        Event::CodeTried { right, at } => fold_code_tried(&mut v, *right, *at),
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
        Event::FormAnswered { .. } => v.form = FormStep::Answered,
        Event::InstitutionAsked { call } => institution_check::fold_asked(&mut v, call),
        Event::InstitutionAnswered { call, code, provider, at, retry_at, .. } => {
            institution_check::fold_answer(&mut v, call, *code, provider, *at, *retry_at);
        }
        Event::DeviceTried { call, code, at } => fold_tried(&mut v, call, *code, *at),
        Event::PhoneGiven { call } => {
            v.messages += 1;
            v.phone = PhoneStep::Sending { call: call.clone() };
        }
        Event::PhoneAnswered { call, code, provider, provider_ref, at, .. } => {
            phone::fold_answered(&mut v, call, *code, provider, provider_ref.as_ref(), *at);
        }
        Event::PhoneCodeTyped {} => phone::fold_typed(&mut v),
        Event::PhoneConfirmed { call, code, provider, provider_ref, at, .. } => {
            phone::fold_confirmed(&mut v, call, *code, provider, provider_ref.as_ref(), *at);
        }
        Event::PhoneLapsed {} => v.phone = PhoneStep::Name { problem: Some(PhoneCode::CodeUsedUp) },
        Event::PhoneChanged {} => v.phone = PhoneStep::Name { problem: None },
        Event::NoticeAsked {} => v.notice_asked = true,
        Event::NoticeDue {} => v.notice_asked = false,
        Event::LinkAsked {} => v.links_asked += 1,
        Event::Verified { at } => v.stage = Stage::Ended { end: End::Verified, at: *at },
        Event::Refused { code, at } => {
            v.stage = Stage::Ended { end: End::Refused { code: *code }, at: *at };
            v.review = None;
        }
        Event::Expired { at } => v.stage = Stage::Ended { end: End::Expired, at: *at },
        Event::Cancelled { at } => v.stage = Stage::Ended { end: End::Cancelled, at: *at },
        Event::ReviewAsked { review, by, at } => review::fold_asked(&mut v, review, *by, *at),
        Event::ReviewDecided { decision, expires_at, .. } => {
            review::fold_decided(&mut v, *decision, *expires_at);
        }
        Event::PersonLinked { person } => v.person = Some(person.clone()),
    }
    Ok(v)
}

/// Folds all of them.
pub fn fold<'e>(events: impl IntoIterator<Item = &'e Event>) -> Result<Option<Verification>, OutOfOrder> {
    events.into_iter().try_fold(None, |state, event| apply(state, event).map(Some))
}

fn start_checking(v: &mut Verification) -> Stage {
    let kinds: Vec<StepKind> = v.plan.steps.iter().map(Step::kind).collect();
    for kind in kinds {
        match kind {
            StepKind::IdDocument => v.card = CardStep::Picture { problem: None },
            StepKind::ExistingAccount => v.account = AccountStep::Name { problem: None },
            StepKind::Form => v.form = FormStep::Open,
            StepKind::Device => v.device = DeviceStep::Open { wrong: 0, last: None },
            StepKind::Phone => v.phone = PhoneStep::Name { problem: None },
            // It is asked when everything before it is done.
            StepKind::InstitutionCheck => {}
        }
    }
    Stage::Checking
}

pub(super) enum Shown {
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
pub(super) fn check(
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
