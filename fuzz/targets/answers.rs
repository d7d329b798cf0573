//! What an institution, or somebody in its place, answers: a code, never a yes that was not said, and no evidence but
//! short tokens.
#![no_main]

use ingam_cases::answers::{BlockCode, DepositCode, HolderCode, IssuerCode, PhoneCode};
use ingam_cases::id::CallId;
use ingam_connectors::fuzzing::{
    alien_cards, deposit, holder, issuer, licences, lists, passports, phones, times,
};
use ingam_connectors::open_banking::{BankTranId, OpenBankingConfig};
use ingam_fuzz::{edited, text};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const DEPOSIT: &[u8] = br#"{"api_tran_id":"2ffd133a","rsp_code":"A0000","res_cnt":"1","res_list":[{"tran_no":"1","bank_tran_id":"F123456789U4BC34239Z","bank_rsp_code":"000","tran_amt":"1"}]}"#;
const HOLDER: &[u8] = r#"{"api_tran_id":"2ffd133a","rsp_code":"A0000","bank_tran_id":"F123456789U4BC34239Z","bank_rsp_code":"000","bank_code_std":"097","account_num":"1234567890","account_holder_name":"홍길동"}"#.as_bytes();
const LICENCE: &[u8] = br#"{"header":{"reference":"r-1"},"body":{"code":"00"}}"#;
const LIST: &[u8] = br#"{"success":true,"transaction_id":"t-1","data":{"listed":false}}"#;
const PHONE: &[u8] = br#"{"success":true,"transaction_id":"t-1","data":{"requestId":"call_0000000000"}}"#;
const ISSUER: &[u8] = br#"{"success":true,"message":"","transaction_id":"t-1","error_code":""}"#;

static CONTRACT: LazyLock<OpenBankingConfig> =
    LazyLock::new(|| OpenBankingConfig::for_sandbox("http://bank"));
static ID: LazyLock<BankTranId> =
    LazyLock::new(|| serde_json::from_str("\"F123456789U4BC34239Z\"").expect("an id"));

fn tokens(evidence: &[Option<String>]) {
    for text in evidence.iter().flatten() {
        assert!(text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/_".contains(&b)));
    }
}

/// Whether the member stands in the bytes as JSON, at any depth.
fn says(value: &serde_json::Value, name: &str, wanted: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(members) => members
            .iter()
            .any(|(key, member)| (key == name && member == wanted) || says(member, name, wanted)),
        serde_json::Value::Array(items) => items.iter().any(|item| says(item, name, wanted)),
        _ => false,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((status, data)) = data.split_first() else { return };
    let status = [200, 201, 400, 401, 404, 409, 422][usize::from(*status) % 7];
    let body = edited(&[DEPOSIT, HOLDER, ISSUER, LICENCE, LIST, PHONE], data);
    // What stands in a member that nobody reads need not be UTF-8.
    let json = serde_json::from_str(&text(&body)).unwrap_or(serde_json::Value::Null);

    let (code, evidence) = issuer(status, &body);
    tokens(&evidence);
    assert!(code != IssuerCode::Valid || (status < 300 && says(&json, "success", &true.into())));

    let (code, evidence) = licences(status, &body);
    tokens(&evidence);
    assert!(code != IssuerCode::Valid || (status < 300 && says(&json, "code", &"00".into())));

    for (code, evidence) in passports(status, &body).into_iter().chain([alien_cards(status, &body)]) {
        tokens(&evidence);
        assert!(code != IssuerCode::Valid || (status < 300 && says(&json, "success", &true.into())));
    }

    for (code, evidence) in lists(status, &body) {
        tokens(&evidence);
        assert!(code != BlockCode::Clear || (status < 300 && says(&json, "listed", &false.into())));
    }

    let call = CallId::new(0, [7; 10]);
    let (sent, confirmed, ci, evidence) = phones(status, &body, &call);
    evidence.iter().for_each(|evidence| tokens(evidence));
    let ours = || status < 300 && says(&json, "requestId", &call.as_str().into());
    assert!(sent != PhoneCode::Sent || ours());
    assert!((confirmed == PhoneCode::Owner) == ci.is_some());
    assert!(ci.is_none_or(|ci| ours() && says(&json, "ci", &ci.expose().into())));

    let contract = &CONTRACT.contract_codes;
    let (code, _) = holder(status, &body, contract);
    assert!(code != HolderCode::Found || says(&json, "bank_rsp_code", &"000".into()));

    let (sent, result, evidence) = deposit(status, &body, &ID, contract);
    tokens(&evidence);
    for code in [sent, result] {
        let ours = || says(&json, "bank_tran_id", &ID.as_str().into());
        assert!(code != DepositCode::Deposited || (says(&json, "bank_rsp_code", &"000".into()) && ours()));
        assert!(code != DepositCode::NotSent || (says(&json, "bank_rsp_code", &"S02".into()) && ours()));
    }

    let now = jiff::Timestamp::from_second(1_767_225_600).expect("a time");
    let (ends, again) = times(&text(&body), now);
    assert!(ends > now);
    assert!(again.is_none_or(|at| at >= now && at <= now + jiff::SignedDuration::from_hours(24)));
});
