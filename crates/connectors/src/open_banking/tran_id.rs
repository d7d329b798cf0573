//! `bank_tran_id`: the id under which open banking counts one question.
//!
//! KFTC open banking 2.0: AN(20) = the institution's code (10) + `U` + 9 of `[0-9A-Z]`, unique per Korean day.
//! It is computed from the program's own call id, never drawn: a repeat of the same call has the same id, so
//! that the bank itself refuses a second deposit.

use crate::config::Misconfigured;
use aws_lc_rs::digest::{SHA256, digest};
use ingam_cases::id::CallId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The code of ten characters that KFTC gave the institution (이용기관코드).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstitutionCode(String);

impl InstitutionCode {
    /// Reads ten characters of `[0-9A-Z]`.
    pub fn parse(text: &str) -> Result<Self, Misconfigured> {
        if text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Misconfigured::Value {
                setting: "institution_code",
                rule: "has ten characters of 0-9 and A-Z",
            })
        }
    }
}

/// One id; see the module.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BankTranId(String);

/// The part after the code: 36^9 ids a day, so that 100,000 calls a day meet once in about fifty years.
const SPACE: u64 = 36u64.pow(9);

impl BankTranId {
    /// The id of a call. `operation` keeps an inquiry and a deposit of the same call apart; `repeat` makes a new
    /// id for an inquiry, which may be asked again.
    pub fn of(code: &InstitutionCode, operation: &str, call: &CallId, day: Date, repeat: &str) -> Self {
        let text = format!("ingam-bank-tran-id-v1\n{}\n{operation}\n{call}\n{day}\n{repeat}", code.0);
        let hash = digest(&SHA256, text.as_bytes());
        let first = hash.as_ref().iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        // 2^64 is 180,000 times 36^9, so the remainder is even enough.
        let mut rest = first % SPACE;
        let mut tail = [b'0'; 9];
        for slot in tail.iter_mut().rev() {
            *slot = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(rest % 36) as usize];
            rest /= 36;
        }
        Self(format!("{}U{}", code.0, tail.iter().map(|b| *b as char).collect::<String>()))
    }

    /// The twenty characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn call(number: u64) -> CallId {
        let mut random = [0u8; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        CallId::new(1_735_689_600_000, random)
    }

    #[test]
    fn has_the_documented_form_and_depends_on_call_day_and_operation() {
        let code = InstitutionCode::parse("F123456789").unwrap();
        let day = jiff::civil::date(2025, 1, 1);
        let id = BankTranId::of(&code, "deposit", &call(1), day, "");
        assert_eq!(id.as_str().len(), 20);
        assert!(id.as_str().starts_with("F123456789U"));
        assert!(id.as_str().bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
        assert_eq!(id, BankTranId::of(&code, "deposit", &call(1), day, ""), "a repeat is the same");
        assert_ne!(id, BankTranId::of(&code, "deposit", &call(2), day, ""));
        assert_ne!(id, BankTranId::of(&code, "holder", &call(1), day, ""));
        assert_ne!(id, BankTranId::of(&code, "deposit", &call(1), day.tomorrow().unwrap(), ""));
        // Kept for ever: a deposit of an older release is asked for under the id that it was sent with.
        assert_eq!(id.as_str(), "F123456789U8FQ591JSU");
    }

    #[test]
    fn a_hundred_thousand_calls_of_a_day_do_not_meet() {
        let code = InstitutionCode::parse("F123456789").unwrap();
        let day = jiff::civil::date(2025, 1, 1);
        let ids: HashSet<_> =
            (0..100_000).map(|n| BankTranId::of(&code, "deposit", &call(n), day, "")).collect();
        assert_eq!(ids.len(), 100_000);
    }

    #[test]
    fn an_institution_code_has_ten_characters() {
        for wrong in ["", "F12345678", "F1234567890", "f123456789", "F12345678가"] {
            assert!(InstitutionCode::parse(wrong).is_err(), "{wrong}");
        }
    }
}
