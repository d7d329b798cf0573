//! Lists that are looked at before any verification. Looking changes nothing outside and may be repeated.
//!
//! Neither list's wire format is public. Until a contract says otherwise both speak in the shape of the vendor's
//! envelope (`vendor.rs`): `POST /look-up` with `{identity, userName}`, and in `data` whether the person is `listed`.
//! A success that does not say so says nothing.

pub mod account_opening;
pub mod deceased;

use crate::{
    deadline::Deadline,
    line::{Reply, Said},
    roles::BlockList,
    vendor::{self, Asked, Code, Question, Vendor},
};
use async_trait::async_trait;
use ingam_cases::{
    answers::{Answer, BlockCode, Outcome},
    id::CallId,
    values::{PersonName, ResidentNumber},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

impl Code for BlockCode {
    const MAINTENANCE: Self = Self::Maintenance;
    const UNAVAILABLE: Self = Self::Unavailable;
    /// Looking counts nothing, so it does not matter whether anybody looked.
    const NO_ANSWER: Self = Self::Unavailable;
    const RATE_LIMITED: Self = Self::RateLimited;
    fn outcome(self) -> Outcome {
        self.outcome()
    }
}

/// One list.
pub trait VendorList: Asked<Code = BlockCode> {
    /// What it means to stand on it.
    const LISTED: BlockCode;
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person<'a> {
    identity: &'a str,
    user_name: &'a str,
}

#[derive(Deserialize)]
struct Found {
    listed: bool,
}

#[async_trait]
impl<L: VendorList> BlockList for Vendor<L> {
    async fn look_up(
        &self,
        call: &CallId,
        name: &PersonName,
        number: &ResidentNumber,
        before: Deadline,
    ) -> Answer<BlockCode> {
        let body = Person { identity: &number.expose(), user_name: name.expose() };
        let question = Question { operation: "look_up", path: "/look-up", body: &body };
        self.ask(call, question, before, read::<L>).await
    }
}

/// Reads an answer. Total: any bytes give a code, and bytes that are no answer give no verdict.
pub(crate) fn read<L: VendorList>(
    reply: &Reply,
    contract: &BTreeMap<String, BlockCode>,
) -> (BlockCode, Said) {
    vendor::read(reply, contract, |said: Result<Option<Found>, &str>| match said {
        Ok(Some(found)) => Some(if found.listed { L::LISTED } else { BlockCode::Clear }),
        Ok(None) | Err(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use account_opening::OpeningBlocks;
    use deceased::Deaths;
    use proptest::prelude::*;

    fn both(status: u16, body: &[u8]) -> [BlockCode; 2] {
        let reply = Reply { status, body: body.to_vec() };
        let none = BTreeMap::new();
        [read::<OpeningBlocks>(&reply, &none).0, read::<Deaths>(&reply, &none).0]
    }

    #[test]
    fn only_a_plain_no_is_clear() {
        let check = |status: u16, body: &str, expected: [BlockCode; 2]| {
            assert_eq!(both(status, body.as_bytes()), expected, "{status} {body}");
        };
        let unheard = [BlockCode::Unavailable; 2];
        check(200, r#"{"success":true,"data":{"listed":false}}"#, [BlockCode::Clear; 2]);
        let listed = [BlockCode::BlockedByPerson, BlockCode::Deceased];
        check(200, r#"{"success":true,"data":{"listed":true}}"#, listed);
        check(200, r#"{"success":true}"#, unheard);
        check(200, r#"{"success":true,"data":null}"#, unheard);
        check(200, r#"{"success":true,"data":{}}"#, unheard);
        check(200, r#"{"success":true,"data":{"listed":"false"}}"#, unheard);
        check(200, r#"{"success":false,"data":{"listed":false}}"#, unheard);
        check(200, r#"{"success":true,"error_code":"C061","data":{"listed":false}}"#, unheard);
        check(400, r#"{"success":true,"data":{"listed":false}}"#, unheard);
        check(200, r#"{"success":false,"error_code":"C061"}"#, unheard);
        check(200, r#"{"success":false,"error_code":"C429"}"#, [BlockCode::RateLimited; 2]);
        check(404, "<html>", unheard);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert_eq!(both(200, &body), [BlockCode::Unavailable; 2]);
        }
    }
}
