//! Doors for `fuzz/`: from the bytes of an institution's answer to a code, without a network. Never part of a running
//! system.

use crate::{
    blocks::{self, account_opening::OpeningBlocks, deceased::Deaths},
    door, driver_licence,
    line::{self, Reply, Said},
    open_banking::{self, BankTranId, ContractCodes, codes, wire},
    telecom, vendor,
};
use ingam_cases::{
    answers::{BlockCode, DepositCode, HolderCode, IssuerCode, PhoneCode},
    id::CallId,
    values::{AlienCard, Ci, ForeignPassport, Passport, ResidentCard},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

fn reply(status: u16, body: &[u8]) -> Reply {
    Reply { status, body: body.to_vec() }
}

/// What is kept of an answer as evidence: its reference and its codes.
pub type Evidence = [Option<String>; 2];

fn evidence(said: Said) -> Evidence {
    [said.reference, said.code]
}

/// What an issuer's answer means.
pub fn issuer(status: u16, body: &[u8]) -> (IssuerCode, Evidence) {
    let (code, said) = vendor::read_issuer::<ResidentCard>(&reply(status, body), &BTreeMap::new());
    (code, evidence(said))
}

/// What a ministry's answer about a passport means: about Korea's, and about another state's.
pub fn passports(status: u16, body: &[u8]) -> [(IssuerCode, Evidence); 2] {
    let (reply, contract) = (reply(status, body), BTreeMap::new());
    [
        vendor::read_issuer::<Passport>(&reply, &contract),
        vendor::read_issuer::<ForeignPassport>(&reply, &contract),
    ]
    .map(|(code, said)| (code, evidence(said)))
}

/// What the answer about an alien card means.
pub fn alien_cards(status: u16, body: &[u8]) -> (IssuerCode, Evidence) {
    let (code, said) = vendor::read_issuer::<AlienCard>(&reply(status, body), &BTreeMap::new());
    (code, evidence(said))
}

/// What a list's answer means: of blocks, and of deaths.
pub fn lists(status: u16, body: &[u8]) -> [(BlockCode, Evidence); 2] {
    let (reply, contract) = (reply(status, body), BTreeMap::new());
    [blocks::read::<OpeningBlocks>(&reply, &contract), blocks::read::<Deaths>(&reply, &contract)]
        .map(|(code, said)| (code, evidence(said)))
}

/// What a telecom's answers mean: to a send, and to a code; and whose identifier came along.
pub fn phones(status: u16, body: &[u8], call: &CallId) -> (PhoneCode, PhoneCode, Option<Ci>, [Evidence; 2]) {
    let (reply, contract) = (reply(status, body), BTreeMap::new());
    let (sent, said_sent) = telecom::read_sent(&reply, call, &contract);
    let (confirmed, said_confirmed, ci) = telecom::read_confirmed(&reply, call, &contract);
    (sent, confirmed, ci, [evidence(said_sent), evidence(said_confirmed)])
}

/// What the answer of the register of driver licences means.
pub fn licences(status: u16, body: &[u8]) -> (IssuerCode, Evidence) {
    let (code, said) = driver_licence::read(&reply(status, body), &BTreeMap::new());
    (code, evidence(said))
}

/// What a bank's answer about a holder means, and the name in it.
pub fn holder(status: u16, body: &[u8], contract: &ContractCodes) -> (HolderCode, String) {
    match open_banking::read::<wire::RealNameAnswer>(&reply(status, body)) {
        Ok(said) => (codes::holder(&said.rsp_code, &said.bank_rsp_code, contract), said.account_holder_name),
        Err(failure) => (open_banking::holder_failure(&failure), String::new()),
    }
}

/// What these bytes mean as the answer to a deposit, and as the answer about its result.
pub fn deposit(
    status: u16,
    body: &[u8],
    id: &BankTranId,
    contract: &ContractCodes,
) -> (DepositCode, DepositCode, Evidence) {
    match open_banking::read::<wire::TransferAnswer>(&reply(status, body)) {
        Ok(answer) => {
            let (bank_code, said) = open_banking::one_line(&answer, id);
            let deposit = codes::deposit(&answer.rsp_code, bank_code, contract);
            let result = codes::result(&answer.rsp_code, bank_code, contract);
            (deposit, result, evidence(said))
        }
        Err(failure) => {
            (open_banking::deposit_failure(&failure), DepositCode::Unknown, evidence(Said::failed(&failure)))
        }
    }
}

/// Until when a vendor's token is kept that ends at this text, and when a `Retry-After` of this text lets ask again.
pub fn times(text: &str, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
    (door::token_ends(text, now), line::read_retry_after(text, now))
}
