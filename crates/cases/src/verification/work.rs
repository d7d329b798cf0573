//! What must be done outside because of an event: tasks, and limits that hold across cases.
//!
//! Names what is meant; the program turns a limit into a claim with the identifier's keyed index.

use super::{AccountStep, CardStep, Event, InstitutionStep, PhoneStep, Stage, Verification};
use crate::answers::{DepositCode, IssuerCode, PhoneCode};
use crate::id::{BlobId, CallId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Work that the program does once the event is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// Read a picture. Repeating it changes nothing outside.
    ReadCard {
        /// The picture.
        blob: BlobId,
    },
    /// Remove the picture that was handed in: what is kept of it is masked.
    ForgetPicture {
        /// The picture.
        blob: BlobId,
    },
    /// Ask a list about the person. Repeating it changes nothing outside.
    AskList {
        /// The question.
        call: CallId,
    },
    /// Ask the issuer. At most once: the issuer counts, and can't be asked what it answered.
    AskIssuer {
        /// The question.
        call: CallId,
    },
    /// Ask the bank who holds the account. Repeating it changes nothing outside.
    AskHolder {
        /// The question.
        call: CallId,
    },
    /// Send 1 won. After any doubt the result is asked for, never sent again.
    SendWon {
        /// The transfer.
        call: CallId,
    },
    /// Ask the bank what became of a transfer.
    AskDeposit {
        /// The transfer.
        call: CallId,
    },
    /// Ask the institution whether it goes on. Repeating it changes nothing there: the question keeps its id.
    AskInstitution {
        /// The question.
        call: CallId,
    },
    /// Have a message with a code sent to a phone. At most once: nobody can be asked whether it went.
    SendMessage {
        /// The message.
        call: CallId,
    },
    /// Ask the telecom about the code that was typed. A right one answers the same however often it is asked.
    ConfirmPhone {
        /// The message.
        call: CallId,
    },
    /// Come back at a moment that the case set for itself.
    Tick,
    /// Find or make the person behind it.
    LinkPerson,
}

/// How an effect outside may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Its id is fixed before the first call: repeating it does nothing more.
    Idempotent,
    /// After any doubt ask for the result.
    Queryable,
    /// At most once; a crash leaves "unknown".
    Blind,
}

impl Work {
    /// How the effect may be repeated.
    pub fn effect(&self) -> Effect {
        match self {
            Self::AskIssuer { .. } | Self::SendMessage { .. } => Effect::Blind,
            Self::SendWon { .. } => Effect::Queryable,
            _ => Effect::Idempotent,
        }
    }

    /// The kind of task, as the ledger keeps it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ReadCard { .. } => "read_card",
            Self::ForgetPicture { .. } => "forget_picture",
            Self::AskList { .. } => "ask_list",
            Self::AskIssuer { .. } => "ask_issuer",
            Self::AskHolder { .. } => "ask_holder",
            Self::SendWon { .. } => "send_won",
            Self::AskDeposit { .. } => "ask_deposit",
            Self::AskInstitution { .. } => "ask_institution",
            Self::SendMessage { .. } => "send_message",
            Self::ConfirmPhone { .. } => "confirm_phone",
            Self::Tick => "tick",
            Self::LinkPerson => "link_person",
        }
    }
}

/// How long after the end a bank is still asked what became of a deposit, in hours. A bank settles its day's
/// transfers by the next morning; what is unknown then stays unknown, and people see it.
const DOUBT_AFTER_END_HOURS: i64 = 24;

/// The tasks that an event causes; `after` is the state that the event led to. `None` means now.
pub fn work(after: &Verification, event: &Event) -> Vec<(Work, Option<Timestamp>)> {
    if let Stage::Ended { at, .. } = after.stage {
        return after_the_end(after, event, at);
    }
    match event {
        Event::Opened { expires_at, .. } => vec![(Work::Tick, Some(*expires_at))],
        Event::CardSubmitted { blob, .. } => vec![(Work::ReadCard { blob: blob.clone() }, None)],
        Event::CardRead { blob, .. } | Event::CardUnreadable { blob, .. } => {
            vec![(Work::ForgetPicture { blob: blob.clone() }, None)]
        }
        Event::ListAsked { call, .. } => vec![(Work::AskList { call: call.clone() }, None)],
        Event::IssuerAsked { call } => vec![(Work::AskIssuer { call: call.clone() }, None)],
        Event::HolderAsked { call } => vec![(Work::AskHolder { call: call.clone() }, None)],
        Event::DepositAsked { call, .. } => vec![(Work::SendWon { call: call.clone() }, None)],
        Event::IssuerAnswered { .. } | Event::ListAnswered { .. } => match &after.card {
            CardStep::Later { retry_at, .. } => vec![(Work::Tick, Some(*retry_at))],
            _ => vec![],
        },
        Event::DepositAnswered { call, .. } => match &after.account {
            AccountStep::InDoubt { retry_at, .. } => {
                vec![(Work::AskDeposit { call: call.clone() }, Some(*retry_at))]
            }
            AccountStep::Later { retry_at, .. } => vec![(Work::Tick, Some(*retry_at))],
            AccountStep::Code { expires_at, .. } => vec![(Work::Tick, Some(*expires_at))],
            _ => vec![],
        },
        Event::HolderAnswered { .. } => match &after.account {
            AccountStep::Later { holder_known: false, retry_at, .. } => vec![(Work::Tick, Some(*retry_at))],
            _ => vec![],
        },
        Event::InstitutionAsked { call } => vec![(Work::AskInstitution { call: call.clone() }, None)],
        Event::InstitutionAnswered { .. } => match after.institution_check {
            InstitutionStep::Later { retry_at, .. } => vec![(Work::Tick, Some(retry_at))],
            _ => vec![],
        },
        Event::PhoneGiven { call } => vec![(Work::SendMessage { call: call.clone() }, None)],
        Event::PhoneCodeTyped {} => match &after.phone {
            PhoneStep::Checking { call, .. } => vec![(Work::ConfirmPhone { call: call.clone() }, None)],
            _ => vec![],
        },
        Event::PhoneAnswered { .. } => match &after.phone {
            PhoneStep::Code { expires_at, .. } => vec![(Work::Tick, Some(*expires_at))],
            _ => vec![],
        },
        Event::DepositWithheld { retry_at } => vec![(Work::Tick, Some(*retry_at))],
        Event::ReviewDecided { .. } => reopened(after),
        _ => vec![],
    }
}

/// What was dropped behind the end and is due again.
fn reopened(after: &Verification) -> Vec<(Work, Option<Timestamp>)> {
    let mut due = vec![(Work::Tick, Some(after.expires_at))];
    if let CardStep::Later { retry_at, .. } = &after.card {
        due.push((Work::Tick, Some(*retry_at)));
    }
    if let PhoneStep::Code { expires_at, .. } = &after.phone {
        due.push((Work::Tick, Some(*expires_at)));
    }
    match &after.account {
        AccountStep::InDoubt { call, retry_at, .. } => {
            due.push((Work::AskDeposit { call: call.clone() }, Some(*retry_at)));
        }
        AccountStep::Later { retry_at: at, .. } | AccountStep::Code { expires_at: at, .. } => {
            due.push((Work::Tick, Some(*at)));
        }
        _ => {}
    }
    due
}

/// Behind the end nobody is asked anything new; only money that may have moved is followed up.
fn after_the_end(after: &Verification, event: &Event, end: Timestamp) -> Vec<(Work, Option<Timestamp>)> {
    match (event, &after.account) {
        (Event::Verified { .. }, _) => vec![(Work::LinkPerson, None)],
        (Event::DepositAnswered { .. }, AccountStep::InDoubt { call, retry_at, .. })
            if *retry_at <= end + SignedDuration::from_hours(DOUBT_AFTER_END_HOURS) =>
        {
            vec![(Work::AskDeposit { call: call.clone() }, Some(*retry_at))]
        }
        _ => vec![],
    }
}

/// A change to a limit that holds across cases and restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// One of the card's two tries at a day of issue, before the issuer is asked.
    TakeWrongDate {
        /// Who holds it.
        call: CallId,
    },
    /// That try was not spent.
    ReturnWrongDate {
        /// Who held it.
        call: CallId,
    },
    /// That try was spent, or may have been.
    KeepWrongDate {
        /// Who held it.
        call: CallId,
        /// No answer came: the question may still be on its way, and be counted after another one's yes.
        silent: bool,
    },
    /// The issuer said yes: this try and all that were spent are whole again. Those of questions that are still under
    /// way are not: the issuer may count them after its yes.
    FreeWrongDates {
        /// Who held it.
        call: CallId,
    },
    /// The issuer was asked by a person: all tries that were spent are whole again, those of questions that stayed
    /// without an answer, too.
    FreeCard,
    /// A send of 1 won for account, person, device and address, or of a message to a phone for phone and person.
    TakeSend {
        /// Who holds it.
        call: CallId,
    },
    /// That send certainly did not happen.
    ReturnSend {
        /// Who held it.
        call: CallId,
    },
}

/// The limits that an event changes.
pub fn limits(event: &Event) -> Vec<Limit> {
    match event {
        Event::IssuerAsked { call } => vec![Limit::TakeWrongDate { call: call.clone() }],
        Event::IssuerAnswered { call, code, .. } => match code {
            IssuerCode::Valid => vec![Limit::FreeWrongDates { call: call.clone() }],
            code if code.counts_as_wrong_date() || code.in_doubt() => {
                vec![Limit::KeepWrongDate { call: call.clone(), silent: code.in_doubt() }]
            }
            _ => vec![Limit::ReturnWrongDate { call: call.clone() }],
        },
        Event::ReviewDecided { settled_with_issuer: true, .. } => vec![Limit::FreeCard],
        Event::DepositAsked { call, .. } => vec![Limit::TakeSend { call: call.clone() }],
        Event::PhoneGiven { call } => vec![Limit::TakeSend { call: call.clone() }],
        Event::PhoneAnswered { call, code, .. } => match code {
            PhoneCode::Sent | PhoneCode::Unavailable => vec![],
            _ => vec![Limit::ReturnSend { call: call.clone() }],
        },
        Event::DepositAnswered { call, code, .. } => match code {
            DepositCode::Deposited | DepositCode::Unknown => vec![],
            _ => vec![Limit::ReturnSend { call: call.clone() }],
        },
        _ => vec![],
    }
}
