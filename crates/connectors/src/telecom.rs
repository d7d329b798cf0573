//! Whom a phone belongs to (휴대폰 본인확인), asked through a designated agency (본인확인기관).
//!
//! No agency's wire format is public. Until a contract says otherwise this speaks in the shape of the vendor's envelope
//! (`vendor.rs`): `POST /phone/send` with `{requestId, userName, birthDate, sexDigit, telecom, phoneNo}`,
//! `POST /phone/confirm` with `{requestId, code}`. Every answer names its question in `data.requestId`, and the answer
//! to a right code brings `data.ci`; an answer to another question is none, since it would name another person. What
//! a refusal's code means is the contract's (`contract_codes`). DI is not read.

use crate::{
    deadline::Deadline,
    line::{Reply, Said},
    roles::{PhoneAsked, PhoneConfirmed, Telecom},
    vendor::{self, Asked, Code, Question, Vendor, VendorConfig},
};
use async_trait::async_trait;
use ingam_cases::{
    answers::{Answer, Outcome, PhoneCode},
    id::CallId,
    values::{Ci, PhoneNumber},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of the connection.
pub type TelecomConfig = VendorConfig<PhoneNumber>;

/// Asks an agency that asks the telecoms.
pub type VendorTelecom = Vendor<PhoneNumber>;

impl Code for PhoneCode {
    const MAINTENANCE: Self = Self::Maintenance;
    const UNAVAILABLE: Self = Self::Unavailable;
    const NO_ANSWER: Self = Self::Unavailable;
    const RATE_LIMITED: Self = Self::RateLimited;
    fn outcome(self) -> Outcome {
        self.outcome()
    }
}

impl Asked for PhoneNumber {
    type Code = PhoneCode;
    const INSTITUTION: &'static str = "telecom";
    const SANDBOX_PATH: &'static str = "/telecom";
    const SANDBOX_CODES: &'static [(&'static str, PhoneCode)] = &[
        ("S21", PhoneCode::NotOwner),
        ("S22", PhoneCode::WrongCode),
        ("S23", PhoneCode::CodeUsedUp),
        ("S24", PhoneCode::Refused),
    ];
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SendQuestion<'a> {
    request_id: &'a str,
    user_name: &'a str,
    birth_date: &'a str,
    sex_digit: &'a str,
    telecom: &'a str,
    phone_no: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmQuestion<'a> {
    request_id: &'a str,
    code: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    request_id: String,
    ci: Option<String>,
}

#[async_trait]
impl Telecom for VendorTelecom {
    async fn send(&self, call: &CallId, phone: &PhoneAsked<'_>, before: Deadline) -> Answer<PhoneCode> {
        let body = SendQuestion {
            request_id: call.as_str(),
            user_name: phone.name.expose(),
            birth_date: &phone.birth.strftime("%Y%m%d").to_string(),
            sex_digit: &phone.sex.expose().to_string(),
            telecom: phone.telecom.as_str(),
            phone_no: phone.number.expose(),
        };
        let question = Question { operation: "send", path: "/phone/send", body: &body };
        self.ask(call, question, before, |reply, contract| read_sent(reply, call, contract)).await
    }

    async fn confirm(&self, call: &CallId, code: &str, before: Deadline) -> PhoneConfirmed {
        let body = ConfirmQuestion { request_id: call.as_str(), code };
        let question = Question { operation: "confirm", path: "/phone/confirm", body: &body };
        let mut ci = None;
        let answer = self
            .ask(call, question, before, |reply, contract| {
                let (code, said, found) = read_confirmed(reply, call, contract);
                ci = found;
                (code, said)
            })
            .await;
        PhoneConfirmed { answer, ci }
    }
}

/// Reads the answer to a send. Total: any bytes give a code, and bytes that are no answer give no verdict.
pub(crate) fn read_sent(
    reply: &Reply,
    call: &CallId,
    contract: &BTreeMap<String, PhoneCode>,
) -> (PhoneCode, Said) {
    vendor::read(reply, contract, |said: Result<Option<Found>, &str>| match said {
        Ok(Some(found)) if found.request_id == call.as_str() => Some(PhoneCode::Sent),
        _ => None,
    })
}

/// Reads the answer to a code: `Owner` only with an identifier, an identifier only with `Owner`.
pub(crate) fn read_confirmed(
    reply: &Reply,
    call: &CallId,
    contract: &BTreeMap<String, PhoneCode>,
) -> (PhoneCode, Said, Option<Ci>) {
    let mut ci = None;
    let (code, said) = vendor::read(reply, contract, |said: Result<Option<Found>, &str>| match said {
        Ok(Some(found)) if found.request_id == call.as_str() => {
            ci = found.ci.and_then(|text| Ci::parse(&text).ok());
            ci.is_some().then_some(PhoneCode::Owner)
        }
        _ => None,
    });
    (code, said, ci)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call() -> CallId {
        CallId::new(0, [7; 10])
    }

    fn confirmed(status: u16, body: &str) -> (PhoneCode, bool) {
        let reply = Reply { status, body: body.as_bytes().to_vec() };
        let contract = TelecomConfig::for_sandbox("").contract_codes;
        let (code, _, ci) = read_confirmed(&reply, &call(), &contract);
        (code, ci.is_some())
    }

    #[test]
    fn an_owner_has_an_identifier_and_the_answer_is_to_this_question() {
        let (id, ci) = (call().as_str().to_owned(), format!("{}A==", "a".repeat(85)));
        let answer = |id: &str, ci: &str| {
            format!(r#"{{"success":true,"data":{{"requestId":"{id}","ci":{ci},"di":"x"}}}}"#)
        };
        let unheard = (PhoneCode::Unavailable, false);
        assert_eq!(confirmed(200, &answer(&id, &format!("\"{ci}\""))), (PhoneCode::Owner, true));
        assert_eq!(confirmed(400, &answer(&id, &format!("\"{ci}\""))), unheard);
        assert_eq!(confirmed(200, &answer("call_other", &format!("\"{ci}\""))), unheard);
        assert_eq!(confirmed(200, &answer(&id, "null")), unheard);
        assert_eq!(confirmed(200, &answer(&id, "\"short\"")), unheard);
        assert_eq!(confirmed(200, r#"{"success":true}"#), unheard);
        let refused = |code: &str| confirmed(200, &format!(r#"{{"success":false,"error_code":"{code}"}}"#));
        assert_eq!(refused("S22"), (PhoneCode::WrongCode, false));
        assert_eq!(refused("S23"), (PhoneCode::CodeUsedUp, false));
        assert_eq!(refused("S99"), unheard);
        assert_eq!(refused("C429"), (PhoneCode::RateLimited, false));
    }

    #[test]
    fn a_send_is_believed_for_this_question_alone() {
        let sent = |id: &str| {
            let body = format!(r#"{{"success":true,"data":{{"requestId":"{id}"}}}}"#).into_bytes();
            read_sent(&Reply { status: 200, body }, &call(), &BTreeMap::new()).0
        };
        assert_eq!(sent(call().as_str()), PhoneCode::Sent);
        assert_eq!(sent("call_other"), PhoneCode::Unavailable);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            let reply = Reply { status: 200, body };
            let contract = TelecomConfig::for_sandbox("").contract_codes;
            prop_assert_eq!(read_sent(&reply, &call(), &contract).0, PhoneCode::Unavailable);
            let (code, _, ci) = read_confirmed(&reply, &call(), &contract);
            prop_assert_eq!((code, ci), (PhoneCode::Unavailable, None));
        }
    }
}
