//! The roles that the program asks: issuers of documents, lists, telecoms, and a bank.
//!
//! Every method answers within its institution's time-out and never fails: what cannot be known is an
//! indeterminate answer.

use crate::deadline::Deadline;
use crate::words::{HolderName, PrintContent};
use async_trait::async_trait;
use ingam_cases::{
    answers::{Answer, BlockCode, DepositCode, HolderCode, IssuerCode, PhoneCode},
    id::CallId,
    values::{AccountNumber, BankCode, Ci, PersonName, PhoneNumber, ResidentNumber, SexDigit, TelecomName},
};
use jiff::{Timestamp, civil::Date};

/// Says whether a document of one kind is genuine and current (진위확인).
#[async_trait]
pub trait Issuer<D: Send + Sync>: Send + Sync {
    /// Asks once, before the deadline or not at all. The caller has counted the question against the document's
    /// limit before (five wrong days of issue lock a resident card nationwide): this method never asks the issuer's
    /// register twice.
    async fn check(
        &self,
        call: &CallId,
        name: &PersonName,
        document: &D,
        before: Deadline,
    ) -> Answer<IssuerCode>;
}

/// A list that stands before any verification: who blocked the opening of accounts, who has died.
#[async_trait]
pub trait BlockList: Send + Sync {
    /// Whether the person stands on it. Looking changes nothing outside and may be repeated, with the same `call` too.
    async fn look_up(
        &self,
        call: &CallId,
        name: &PersonName,
        number: &ResidentNumber,
        before: Deadline,
    ) -> Answer<BlockCode>;
}

/// Whose a phone should be, as the person typed it.
#[derive(Debug, Clone, Copy)]
pub struct PhoneAsked<'a> {
    /// The name.
    pub name: &'a PersonName,
    /// The day of birth.
    pub birth: Date,
    /// The seventh digit of the person's number.
    pub sex: SexDigit,
    /// Who runs the phone.
    pub telecom: TelecomName,
    /// Its number.
    pub number: &'a PhoneNumber,
}

/// What became of a code, and who the owner is where it was right.
#[derive(Debug)]
pub struct PhoneConfirmed {
    /// The answer, fit for evidence.
    pub answer: Answer<PhoneCode>,
    /// Present exactly when the code is `Owner`.
    pub ci: Option<Ci>,
}

/// Says whom a phone belongs to, by a code that goes to it (휴대폰 본인확인).
#[async_trait]
pub trait Telecom: Send + Sync {
    /// Has a message with a code sent. The `call` goes along as the request's id: who keeps to the contract sends one
    /// message for it, however often it arrives. Effect class *blind*: nobody can be asked whether it was sent, and
    /// `Unavailable` does not say that it was not.
    async fn send(&self, call: &CallId, phone: &PhoneAsked<'_>, before: Deadline) -> Answer<PhoneCode>;

    /// Has the typed code looked at, under the `call` of its send. A wrong one counts outside.
    async fn confirm(&self, call: &CallId, code: &str, before: Deadline) -> PhoneConfirmed;
}

/// What a bank says about an account, and the holder's name where it found one.
#[derive(Debug)]
pub struct Holder {
    /// The answer, fit for evidence.
    pub answer: Answer<HolderCode>,
    /// Present exactly when the code is `Found`.
    pub name: Option<HolderName>,
}

/// A deposit of 1 won, as ordered.
#[derive(Debug)]
pub struct Deposit<'a> {
    /// The receiver's bank.
    pub bank: BankCode,
    /// The receiver's account.
    pub account: &'a AccountNumber,
    /// The holder's name as the bank gave it.
    pub holder: &'a HolderName,
    /// The line in the receiver's book.
    pub print_content: &'a PrintContent,
    /// When it must have left; later nothing is sent.
    pub before: Deadline,
}

/// Names holders and books deposits of 1 won.
#[async_trait]
pub trait Bank: Send + Sync {
    /// Who holds the account (계좌실명조회). No effect: may be asked again with the same `call`.
    async fn holder(&self, call: &CallId, bank: BankCode, account: &AccountNumber, birth: Date) -> Holder;

    /// Sends 1 won. Effect class *queryable*: after `Unknown` ask [`Bank::deposit_result`], never send again.
    ///
    /// `sent_at` is when the caller committed to this attempt, before it was made. With `call` it fixes the id
    /// under which the bank books the deposit, so a repeat on the same Korean day is refused by the bank. On a
    /// later day the bank would book it again: then nothing is sent and the answer is `Unknown`.
    async fn deposit(&self, call: &CallId, sent_at: Timestamp, deposit: &Deposit<'_>) -> Answer<DepositCode>;

    /// What became of a deposit. Answers `Deposited`, a refusal, `NotSent` (the bank has no trace and had time
    /// enough) or `Unknown`; never `Unavailable`, which would say that nothing was sent.
    ///
    /// `doubted_at` is when the caller knew that it would hear no answer, and that nobody sends it any more: from
    /// then on the bank has its time.
    async fn deposit_result(
        &self,
        call: &CallId,
        sent_at: Timestamp,
        doubted_at: Timestamp,
    ) -> Answer<DepositCode>;
}
