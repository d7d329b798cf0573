//! What the sandbox remembers: tokens, wrong days of issue, transfers, books, calls. All in memory.

use crate::faults::{Faults, Institution};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// So many calls are kept.
const CALLS_KEPT: usize = 1_000;

/// A line in an account's book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookLine {
    /// Bank code.
    pub bank: String,
    /// Account number.
    pub account: String,
    /// When it was booked.
    pub at: Timestamp,
    /// What the receiver sees (적요).
    pub print_content: String,
    /// Won.
    pub amount: u64,
    /// The bank's id of the transfer.
    pub bank_tran_id: String,
}

/// A message on a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The phone.
    pub phone: String,
    /// When it came.
    pub at: Timestamp,
    /// As its owner reads it.
    pub text: String,
    /// The code in it.
    pub code: String,
}

/// A message that was sent to have a phone confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    pub(crate) phone: String,
    /// The owner's number.
    pub(crate) person: String,
    pub(crate) code: String,
    pub(crate) at: Timestamp,
    pub(crate) wrong: u32,
}

/// A call that an institution had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Whom it was for.
    pub institution: Institution,
    /// `token`, or one of [`Institution::operations`].
    pub operation: &'static str,
    /// Whom it was about.
    pub person: Option<String>,
    /// What was asked, masked.
    pub summary: String,
    /// The code that was (or would have been) answered.
    pub outcome: String,
    /// The fault that was played.
    pub fault: Option<&'static str>,
    /// How long the answer took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Counters for tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Deposits by `bank/account`.
    pub deposits: BTreeMap<String, u64>,
    /// Deposits by `bank_tran_id`.
    pub deposits_by_id: BTreeMap<String, u64>,
    /// Wrong days of issue by resident number.
    pub wrong_dates: BTreeMap<String, u32>,
    /// Wrong serial codes by licence number.
    pub wrong_serials: BTreeMap<String, u32>,
    /// Calls by `institution.operation`.
    pub calls: BTreeMap<String, u64>,
    /// Questions refused because their id was used before.
    pub duplicates_refused: u64,
}

/// A transfer that the bank saw, booked or refused.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) bank_rsp_code: String,
    pub(crate) amount: String,
    /// So many questions for the result are still answered "working".
    pub(crate) settles_after: u32,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) faults: Faults,
    tokens: HashMap<String, (Institution, Timestamp)>,
    tokens_issued: u64,
    pub(crate) wrong_dates: BTreeMap<String, u32>,
    pub(crate) wrong_serials: BTreeMap<String, u32>,
    /// `bank_tran_id` used, with the day: open banking refuses a second use on the same day.
    used_ids: HashSet<(String, String)>,
    /// By id and day.
    pub(crate) transfers: HashMap<(String, String), Transfer>,
    pub(crate) book: Vec<BookLine>,
    pub(crate) messages: Vec<Message>,
    /// By the asker's request id.
    pub(crate) sendings: HashMap<String, Sending>,
    pub(crate) calls: VecDeque<Call>,
    calls_seen: u64,
    answers_given: u64,
    calls_by_operation: BTreeMap<String, u64>,
    duplicates_refused: u64,
    /// The last answer of each operation, for the fault `stale`.
    pub(crate) last: HashMap<&'static str, crate::play::Said>,
}

impl World {
    /// A new token, and when it ends.
    pub(crate) fn issue_token(&mut self, to: Institution, now: Timestamp, ttl_s: i64) -> (String, Timestamp) {
        self.tokens_issued += 1;
        let token = format!("sandbox-{}-{:06}", to.as_str(), self.tokens_issued);
        let ends = now.checked_add(SignedDuration::from_secs(ttl_s)).unwrap_or(Timestamp::MAX);
        self.tokens.insert(token.clone(), (to, ends));
        (token, ends)
    }

    /// Six digits, others for each message. Nobody has to be kept from guessing them here.
    pub(crate) fn message_code(&self) -> String {
        let number = (self.messages.len() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        format!("{:06}", number % 1_000_000)
    }

    pub(crate) fn token_lives(&self, institution: Institution, token: &str, now: Timestamp) -> bool {
        self.tokens.get(token).is_some_and(|(of, ends)| *of == institution && now < *ends)
    }

    pub(crate) fn expire_tokens(&mut self, institution: Institution) {
        self.tokens.retain(|_, (of, _)| *of != institution);
    }

    /// A reference for an answer; counts up.
    pub(crate) fn reference(&mut self, institution: Institution) -> String {
        self.answers_given += 1;
        format!("{}-{:08}", institution.as_str(), self.answers_given)
    }

    /// Takes an id for a day; false if it was used.
    pub(crate) fn use_id(&mut self, id: &str, day: &str) -> bool {
        let fresh = self.used_ids.insert((id.to_owned(), day.to_owned()));
        self.duplicates_refused += u64::from(!fresh);
        fresh
    }

    /// Remembers a call and gives it its number.
    pub(crate) fn record(&mut self, mut call: Call) -> Call {
        self.calls_seen += 1;
        call.seq = self.calls_seen;
        let name = format!("{}.{}", call.institution.as_str(), call.operation);
        *self.calls_by_operation.entry(name).or_default() += 1;
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call.clone());
        call
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts {
            wrong_dates: self.wrong_dates.clone(),
            wrong_serials: self.wrong_serials.clone(),
            calls: self.calls_by_operation.clone(),
            duplicates_refused: self.duplicates_refused,
            ..Counts::default()
        };
        for line in &self.book {
            *counts.deposits.entry(format!("{}/{}", line.bank, line.account)).or_default() += 1;
            *counts.deposits_by_id.entry(line.bank_tran_id.clone()).or_default() += 1;
        }
        counts
    }
}
