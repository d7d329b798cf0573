//! Stands where no institution is configured: nothing is asked, so nothing is ever passed or failed.

use async_trait::async_trait;
use ingam_cases::answers::{Answer, DepositCode, HolderCode};
use ingam_cases::id::CallId;
use ingam_cases::values::{AccountNumber, BankCode};
use ingam_connectors::{Bank, Deposit, Holder};
use jiff::Timestamp;
use jiff::civil::Date;

/// No connection is configured.
pub struct NotConnected;

/// The answer of nobody.
pub fn nobody<C>(code: C) -> Answer<C> {
    Answer {
        code,
        provider: "not_connected".into(),
        provider_ref: None,
        provider_code: None,
        retry_at: None,
        told_at: None,
        elapsed_ms: 0,
    }
}

#[async_trait]
impl Bank for NotConnected {
    async fn holder(&self, _: &CallId, _: BankCode, _: &AccountNumber, _: Date) -> Holder {
        Holder { answer: nobody(HolderCode::Unavailable), name: None }
    }

    async fn deposit(&self, _: &CallId, _: Timestamp, _: &Deposit<'_>) -> Answer<DepositCode> {
        nobody(DepositCode::Unavailable)
    }

    async fn deposit_result(&self, _: &CallId, _: Timestamp, _: Timestamp) -> Answer<DepositCode> {
        nobody(DepositCode::Unknown)
    }
}
