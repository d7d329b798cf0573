//! The document: a picture is read, the person confirms what was read, the lists are asked that stand before any
//! verification, then its issuer. Method ①.
//!
//! Types of its state, what may happen (deciding), and what did (folding).

use super::account::{another_account_left, forget_account};
use super::apply::apply;
use super::command::{Hindrance, Reading};
use super::decide::{exhausted, retry_at};
use super::phone;
use super::{AccountStep, CheckKind, DocumentField, Event, Met, RefusedCode, Verification};
use crate::answers::{Answer, BlockCode, IssuerCode, Outcome};
use crate::id::{BlobId, CallId};
use crate::method::Method;
use crate::policy::{BlockList, PictureSource};
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The card's progress. A step that the policy lacks stays `Idle`, and so does one that a list has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "card", rename_all = "snake_case")]
pub enum CardStep {
    /// Not asked for.
    Idle,
    /// The person shall take a picture.
    Picture {
        /// What was wrong with the last one.
        problem: Option<CardProblem>,
    },
    /// It is being read.
    Reading {
        /// The picture.
        blob: BlobId,
        /// Where it came from.
        source: PictureSource,
    },
    /// The person shall say whether it was read right.
    Confirm {
        /// The picture.
        blob: BlobId,
        /// Fields that need a look.
        doubtful: Vec<DocumentField>,
        /// What the issuer said to what was confirmed before.
        again: Option<IssuerCode>,
    },
    /// A list is asked about the person.
    Screening {
        /// The picture.
        blob: BlobId,
        /// The question.
        call: CallId,
        /// The list.
        list: BlockList,
    },
    /// The issuer is asked.
    Asking {
        /// The picture.
        blob: BlobId,
        /// The question.
        call: CallId,
    },
    /// A list or the issuer gave no clear answer; it is asked again by itself.
    Later {
        /// The picture.
        blob: BlobId,
        /// What kind of silence.
        code: IssuerCode,
        /// When it is asked again.
        retry_at: Timestamp,
    },
    /// Genuine.
    Passed,
}

/// Why another picture or card is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum CardProblem {
    /// It could not be read.
    Unreadable {
        /// Codes of what was wrong with the picture.
        quality: Vec<String>,
    },
    /// Not a document that the policy takes.
    WrongKind,
    /// The issuer said no to this card.
    Issuer {
        /// Its answer.
        code: IssuerCode,
    },
    /// Another try with this card could lock it nationwide.
    WrongDateLimit,
    /// The card's tries at its issuer are taken: by wrong days of issue elsewhere, or by questions that nobody
    /// answered and that the issuer may have counted.
    TriesTaken,
}

impl CardStep {
    /// The picture at hand.
    pub fn blob(&self) -> Option<&BlobId> {
        match self {
            Self::Reading { blob, .. }
            | Self::Confirm { blob, .. }
            | Self::Screening { blob, .. }
            | Self::Asking { blob, .. }
            | Self::Later { blob, .. } => Some(blob),
            Self::Idle | Self::Picture { .. } | Self::Passed => None,
        }
    }
}

/// The person says that this is what the card says.
pub(super) fn confirm(
    v: &Verification,
    edited: Vec<DocumentField>,
    hindrance: Option<Hindrance>,
    call: CallId,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let CardStep::Confirm { doubtful, again, .. } = &v.card else { return Err(Refusal::NotNow) };
    // The very same question again would only spend the card's last try. Another number is another card.
    let changed = edited.iter().any(|f| doubtful.contains(f) || f.is_number());
    if again.is_some() && !changed {
        return Err(Refusal::NotNow);
    }
    let mut events = vec![Event::CardConfirmed { edited, document: v.document }];
    match hindrance {
        Some(Hindrance::TooYoung) => events.push(Event::Refused { code: RefusedCode::TooYoung, at: now }),
        Some(Hindrance::Expired) => events.push(Event::CardExpired {}),
        Some(Hindrance::TriesTaken) => events.push(Event::CardWithheld { call }),
        None => {
            let after = apply(Some(v.clone()), &events[0]).map_err(|_| Refusal::NotNow)?;
            // Another name voids the account that was proved for the first one. Where no other can be proved,
            // nobody is asked any more: the end follows by itself.
            if exhausted(&after, now).is_none() {
                events.push(ask(&after, call));
            }
        }
    }
    Ok(events)
}

/// The next question about the card: to a list that has not answered yet, else to the issuer.
pub(super) fn ask(v: &Verification, call: CallId) -> Event {
    match next_list(v) {
        Some(list) => Event::ListAsked { call, list },
        None => Event::IssuerAsked { call },
    }
}

/// The first list of the policy that has said nothing about the person yet. The lists know people by the number that
/// Korea gave them; a foreign passport states none, so nobody can be asked.
pub(super) fn next_list(v: &Verification) -> Option<BlockList> {
    if !v.document.names_a_number() {
        return None;
    }
    v.plan.block_lists.iter().find(|list| !v.clear_of.contains(list)).copied()
}

/// A list answered. Its yes leads to the next list or to the issuer, its no to the end, whatever else was proved.
pub(super) fn list_answered(
    v: &Verification,
    call: CallId,
    answer: Answer<BlockCode>,
    next_call: CallId,
    withheld: bool,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let list = match &v.card {
        CardStep::Screening { call: asked, list, .. } if *asked == call => *list,
        _ => return Err(Refusal::StaleAnswer),
    };
    let again = answer.code.outcome() == Outcome::Indeterminate;
    let mut events = vec![Event::ListAnswered {
        call,
        list,
        code: answer.code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(v.issuer_silences, answer.retry_at, now)),
    }];
    if v.end().is_some() {
        return Ok(events);
    }
    match answer.code {
        BlockCode::BlockedByPerson => {
            events.push(Event::Refused { code: RefusedCode::BlockedByPerson, at: now });
        }
        BlockCode::Deceased => events.push(Event::Refused { code: RefusedCode::Deceased, at: now }),
        BlockCode::Clear => {
            let after = apply(Some(v.clone()), &events[0]).map_err(|_| Refusal::NotNow)?;
            events.push(match ask(&after, next_call) {
                Event::IssuerAsked { call } if withheld => Event::CardWithheld { call },
                next => next,
            });
        }
        _ => {}
    }
    Ok(events)
}

/// The person wants another picture or another card, where that does not end everything.
pub(super) fn retake(v: &Verification) -> Result<Vec<Event>, Refusal> {
    let (CardStep::Confirm { .. } | CardStep::Later { .. }) = v.card else { return Err(Refusal::NotNow) };
    let rules = v.plan.id_document().ok_or(Refusal::NotNow)?;
    if v.pictures >= rules.pictures {
        return Err(Refusal::PicturesUsedUp);
    }
    // Another card takes the account along that was compared with this one.
    if !matches!(v.account, AccountStep::Idle | AccountStep::Name { .. }) {
        another_account_left(v)?;
    }
    Ok(vec![Event::CardRetaken {}])
}

/// What the reader made of the picture.
pub(super) fn read(v: &Verification, blob: BlobId, reading: Reading) -> Event {
    let unreadable = |quality, wrong_kind, reader| {
        let blob = blob.clone();
        Event::CardUnreadable { blob, quality, wrong_kind, reader }
    };
    match reading {
        Reading::Readable { document, reader, .. } if !v.plan.documents().contains(&document) => {
            unreadable(vec![], true, reader)
        }
        Reading::Readable { document, doubtful, quality, forgery, reader, kept } => {
            Event::CardRead { blob, doubtful, quality, forgery, reader, kept, document }
        }
        Reading::Unreadable { quality, reader } => unreadable(quality, false, reader),
        Reading::WrongKind { reader } => unreadable(vec![], true, reader),
    }
}

/// The issuer answered.
pub(super) fn issuer_answered(
    v: &Verification,
    call: CallId,
    answer: Answer<IssuerCode>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !matches!(&v.card, CardStep::Asking { call: asked, .. } if *asked == call) {
        return Err(Refusal::StaleAnswer);
    }
    let again = answer.code.outcome() == Outcome::Indeterminate;
    let mut events = vec![Event::IssuerAnswered {
        call,
        code: answer.code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(v.issuer_silences, answer.retry_at, now)),
    }];
    // Of a licence the police say that its holder has died: then no other document helps either.
    if answer.code == IssuerCode::Deceased && v.end().is_none() {
        events.push(Event::Refused { code: RefusedCode::Deceased, at: now });
    }
    Ok(events)
}

/// Whether a list or the issuer is being asked, or is asked again by itself.
pub(super) fn issuer_awaited(v: &Verification) -> bool {
    matches!(v.card, CardStep::Screening { .. } | CardStep::Asking { .. } | CardStep::Later { .. })
}

/// Whether the name on the card is known, and nothing that stands before any verification is still open: only then
/// may a bank be asked.
pub(super) fn may_ask_bank(v: &Verification) -> bool {
    matches!(v.card, CardStep::Asking { .. } | CardStep::Later { .. } | CardStep::Passed)
        && next_list(v).is_none()
}

/// Folds what a list said.
pub(super) fn fold_list_answer(
    v: &mut Verification,
    list: BlockList,
    code: BlockCode,
    at: Timestamp,
    retry_at: Option<Timestamp>,
) {
    let Some(blob) = v.card.blob().cloned() else { return };
    let silent = match code {
        BlockCode::Clear => {
            v.clear_of.push(list);
            v.issuer_silences = 0;
            // Behind the end no next question follows: this one is settled.
            if v.end().is_some() {
                v.card = CardStep::Idle;
            }
            return;
        }
        BlockCode::BlockedByPerson | BlockCode::Deceased => {
            v.card = CardStep::Idle;
            return;
        }
        BlockCode::Maintenance => IssuerCode::Maintenance,
        BlockCode::RateLimited => IssuerCode::RateLimited,
        BlockCode::Unavailable => IssuerCode::Unavailable,
    };
    v.issuer_silences += 1;
    v.card = CardStep::Later { blob, code: silent, retry_at: retry_at.unwrap_or(at) };
}

/// The kind of check that a question to a list is.
pub(super) fn list_check(list: BlockList) -> CheckKind {
    match list {
        BlockList::Deceased => CheckKind::DeceasedList,
        BlockList::AccountOpening => CheckKind::AccountOpeningList,
        BlockList::Loan => CheckKind::LoanList,
    }
}

/// The card goes, and with it the account and the phone that were compared with the card's name.
pub(super) fn another_picture(v: &mut Verification, problem: Option<CardProblem>) {
    v.card = CardStep::Picture { problem };
    v.clear_of.clear();
    forget_account(v);
    phone::forget(v);
}

pub(super) fn fold_issuer_answer(
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
                    IssuerCode::MismatchSerial => vec![DocumentField::SerialCode],
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
