//! What outside institutions can answer, in one vocabulary for every institution of a kind.
//!
//! Three-valued everywhere: a time-out, an outage or an answer that was not understood is `Indeterminate`, never
//! `Failed`. Connectors translate wire codes into these; they decide nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The verdict of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The institution said yes.
    Passed,
    /// The institution said no.
    Failed,
    /// Nobody said anything that can be relied on.
    Indeterminate,
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[doc = $vdoc:literal])* $variant:ident = $outcome:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[doc = $vdoc])* $variant,)* }
        impl $name {
            /// Every code, for tests and documents.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The verdict that the code carries.
            pub fn outcome(self) -> Outcome {
                match self { $(Self::$variant => Outcome::$outcome,)* }
            }
            /// What it means, in a sentence, for documents.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($vdoc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// What the issuer of an ID document says about it (진위확인).
    IssuerCode {
        /// Genuine and current.
        Valid = Passed,
        /// The name is not the register's.
        MismatchName = Failed,
        /// The number is not the register's.
        MismatchNumber = Failed,
        /// The day of issue is not the register's. Counts towards the nationwide lock.
        MismatchIssueDate = Failed,
        /// Name or day of issue differ and the issuer does not say which. Counts as a wrong date.
        MismatchNameOrIssueDate = Failed,
        /// The serial code (암호일련번호) differs. Counts as a wrong try.
        MismatchSerial = Failed,
        /// The day of birth is not the register's.
        MismatchBirthDate = Failed,
        /// Something differs and the issuer does not say what.
        Mismatch = Failed,
        /// No such document.
        NotFound = Failed,
        /// Reported lost.
        LostReported = Failed,
        /// Revoked.
        Revoked = Failed,
        /// Suspended.
        Suspended = Failed,
        /// A newer document replaced it.
        Superseded = Failed,
        /// Its time is over.
        Expired = Failed,
        /// The holder has died.
        Deceased = Failed,
        /// Checks of this document are locked nationwide.
        Locked = Failed,
        /// Planned maintenance; asking later helps.
        Maintenance = Indeterminate,
        /// Certainly not asked: no connection, an open breaker, or the issuer said that it looked nothing up.
        Unavailable = Indeterminate,
        /// Asked, but no answer came that can be relied on: the issuer may have counted a wrong date.
        NoAnswer = Indeterminate,
        /// Too many calls; asking later helps.
        RateLimited = Indeterminate,
    }
}

impl IssuerCode {
    /// Whether the issuer may have looked the card up although no clear answer came.
    pub fn in_doubt(self) -> bool {
        self == Self::NoAnswer
    }

    /// Whether the issuer counted this answer as a wrong try: a day of issue, of which five lock a resident card
    /// nationwide, or a licence's serial code.
    pub fn counts_as_wrong_date(self) -> bool {
        matches!(self, Self::MismatchIssueDate | Self::MismatchNameOrIssueDate | Self::MismatchSerial)
    }
}

codes! {
    /// What a list says that stands before any verification: 비대면 계좌개설·여신 안심차단, and the register of deaths.
    BlockCode {
        /// Nothing stands against it.
        Clear = Passed,
        /// The person asked that nobody opens an account (or takes a loan) remotely in this name.
        BlockedByPerson = Failed,
        /// The person has died.
        Deceased = Failed,
        /// Planned maintenance; asking later helps.
        Maintenance = Indeterminate,
        /// No answer, an outage, or an answer that was not understood.
        Unavailable = Indeterminate,
        /// Too many calls; asking later helps.
        RateLimited = Indeterminate,
    }
}

codes! {
    /// What a telecom says about who a phone belongs to (휴대폰 본인확인).
    PhoneCode {
        /// A message with a code went to the phone.
        Sent = Passed,
        /// The code was right: the phone is in the person's name.
        Owner = Passed,
        /// Name, day of birth, sex, telecom and number do not belong together.
        NotOwner = Failed,
        /// The code was wrong.
        WrongCode = Failed,
        /// The code was wrong too often, or its time is over.
        CodeUsedUp = Failed,
        /// The phone can't be asked: stopped, or the person blocked the service.
        Refused = Failed,
        /// Planned maintenance; asking later helps.
        Maintenance = Indeterminate,
        /// No answer, an outage, or an answer that was not understood.
        Unavailable = Indeterminate,
        /// Too many calls; asking later helps.
        RateLimited = Indeterminate,
    }
}

codes! {
    /// What an institution says when it is asked whether a verification goes on.
    InstitutionCode {
        /// Go on.
        Pass = Passed,
        /// Do not: whatever else was proved.
        Stop = Failed,
        /// It does not know yet; asking later helps.
        Unknown = Indeterminate,
        /// No answer, an outage, or an answer that was not understood.
        Unavailable = Indeterminate,
    }
}

codes! {
    /// What came of a code of an access medium.
    DeviceCode {
        /// It is the medium's, and was not used before.
        Right = Passed,
        /// It is not.
        Wrong = Failed,
        /// It was the medium's, and was used before (RFC 6238 §5.2: a code is taken once).
        Used = Failed,
        /// The medium takes no more codes: wrong too often, or revoked.
        Locked = Failed,
    }
}

codes! {
    /// What a bank says about the holder of an account (계좌실명조회).
    HolderCode {
        /// The account lives and the bank named its holder.
        Found = Passed,
        /// The account's holder was born on another day than the one asked for.
        HolderInfoMismatch = Failed,
        /// No such account.
        NoAccount = Failed,
        /// Closed.
        Closed = Failed,
        /// An account that takes no transfers (잡좌).
        OddAccount = Failed,
        /// Reported (사고신고).
        Reported = Failed,
        /// Payments stopped.
        Suspended = Failed,
        /// The person blocked open banking at this bank (오픈뱅킹 안심차단).
        BlockedByPerson = Failed,
        /// Another refusal of the bank.
        Refused = Failed,
        /// Planned maintenance; asking later helps.
        Maintenance = Indeterminate,
        /// No answer, an outage, or an answer that was not understood.
        Unavailable = Indeterminate,
        /// Too many calls; asking later helps.
        RateLimited = Indeterminate,
    }
}

codes! {
    /// What became of a deposit of 1 won.
    DepositCode {
        /// It is in the account's book.
        Deposited = Passed,
        /// No such account.
        NoAccount = Failed,
        /// Closed.
        Closed = Failed,
        /// An account that takes no transfers (잡좌).
        OddAccount = Failed,
        /// Reported (사고신고).
        Reported = Failed,
        /// Payments stopped.
        Suspended = Failed,
        /// The holder's name differs.
        HolderMismatch = Failed,
        /// The person blocked open banking at this bank.
        BlockedByPerson = Failed,
        /// Another refusal; nothing was sent.
        Refused = Failed,
        /// The bank has no trace of the deposit: it did not happen.
        NotSent = Failed,
        /// Planned maintenance; nothing was sent.
        Maintenance = Indeterminate,
        /// In doubt: the deposit may or may not have happened. Ask for the result; never send again.
        Unknown = Indeterminate,
        /// Nothing was sent because the institution could not be reached.
        Unavailable = Indeterminate,
        /// Too many calls; nothing was sent.
        RateLimited = Indeterminate,
    }
}

impl DepositCode {
    /// Whether money may have moved: then only the result inquiry is allowed.
    pub fn in_doubt(self) -> bool {
        self == Self::Unknown
    }
}

/// An answer with what evidence needs: the code, who gave it, their reference, and when asking again makes sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<C> {
    /// What was said.
    pub code: C,
    /// The institution that said it, as configured (`mois`, `kftc`).
    pub provider: String,
    /// The institution's own reference for this call, if it gave one.
    pub provider_ref: Option<String>,
    /// The institution's own code, as it came (`A006`, `A0000/415`); never a text that may name a person.
    pub provider_code: Option<String>,
    /// When asking again makes sense, where the institution or its maintenance hours say so.
    pub retry_at: Option<Timestamp>,
    /// What the institution's clock said, where this machine's stood far beside it.
    pub told_at: Option<Timestamp>,
    /// How long the institution took, in milliseconds.
    pub elapsed_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_never_a_no() {
        for code in [IssuerCode::Unavailable, IssuerCode::Maintenance, IssuerCode::RateLimited] {
            assert_eq!(code.outcome(), Outcome::Indeterminate);
        }
        assert_eq!(DepositCode::Unknown.outcome(), Outcome::Indeterminate);
        assert_eq!(serde_json::to_string(&IssuerCode::LostReported).unwrap(), "\"lost_reported\"");
    }
}
