//! Every kind of document over the API: what is asked, what is shown, and the lists that stand before it all.

use crate::testing::{Caller, Program, base64, picture, safety};
use ingam_cases::answers::{BlockCode, IssuerCode};
use ingam_cases::id::VerificationId;
use ingam_cases::values::{DocumentField as F, DocumentKind};
use serde_json::{Value, json};

async fn policy(program: &Program, caller: &Caller, more: Value) -> String {
    let mut policy = json!({
        "name": "모든 신분증", "purpose": "비대면 계좌 만들기",
        "steps": [
            { "step": "id_document", "sources": ["file"],
              "documents": ["resident", "driver", "passport", "foreign_passport", "alien"] },
            { "step": "existing_account" },
        ],
    });
    policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let saved = program.post(caller, "/v1/policies", policy).await;
    saved.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Up to where the person confirms what was read.
async fn shown(
    program: &Program,
    caller: &Caller,
    policy: &str,
    kind: DocumentKind,
    fields: &[(F, &str)],
) -> VerificationId {
    let id = program.open(caller, policy).await;
    let card = json!({ "step": "card", "picture": base64(&picture()) });
    for step in [safety(false), card] {
        program.submit(caller, &id, step).await.expect(200);
    }
    program.document_read(&id, kind, fields).await;
    id
}

const LICENCE: [(F, &str); 4] = [
    (F::Name, "표본희"),
    (F::ResidentNumber, "900101-1234567"),
    (F::LicenceNumber, "11-19-123456-61"),
    (F::SerialCode, "9WSWRQ"),
];

#[tokio::test]
async fn a_licence_is_read_put_right_and_verified() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller, json!({})).await;
    let id = shown(&program, &caller, &policy, DocumentKind::Driver, &LICENCE).await;
    let card = program.get(&caller, &format!("/v1/verifications/{id}/card?reason=show")).await.expect(200);
    assert_eq!(card["document"]["kind"], "driver");
    assert_eq!(card["document"]["licence_number_masked"], "11-19-******-61");
    assert_eq!(card["document"]["passport_number_masked"], Value::Null);
    let short = json!({ "step": "confirm", "serial_code": "9W" });
    let short = program.submit(&caller, &id, short).await.expect(422);
    assert_eq!(short["errors"][0]["field"], "/serial_code");
    let right = json!({ "step": "confirm", "serial_code": "8wswrq", "passport_number": "M123A4567" });
    program.submit(&caller, &id, right).await.expect(200);
    program.issuer_answers(&id, IssuerCode::Valid).await;
    let account = json!({ "step": "account", "bank": "088", "account_number": "110-555-987654" });
    program.submit(&caller, &id, account).await.expect(200);
    let code = program.bank_answers(&id).await;
    program.submit(&caller, &id, json!({ "step": "code", "code": code })).await.expect(200);
    let result =
        program.get(&caller, &format!("/v1/verifications/{id}/result?reason=open")).await.expect(200);
    assert_eq!(result["document"]["serial_code"], "8WSWRQ");
    assert_eq!(result["document"]["resident_number_masked"], "900101-1******");
    assert_eq!(result["birth_date"], "1990-01-01");
}

#[tokio::test]
async fn a_foreign_passport_has_no_number_and_is_asked_about_all_the_same() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller, json!({ "block_lists": ["deceased"] })).await;
    let fields = [
        (F::Name, "NGUYEN THI HOA"),
        (F::PassportNumber, "C1234567"),
        (F::Nationality, "VNM"),
        (F::BirthDate, "1990-01-01"),
        (F::ExpiryDate, "2099-01-01"),
    ];
    let id = shown(&program, &caller, &policy, DocumentKind::ForeignPassport, &fields).await;
    let asked = program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
    assert_eq!(asked["waiting_for"], "issuer");
    program.issuer_answers(&id, IssuerCode::Valid).await;
    let account = json!({ "step": "account", "bank": "088", "account_number": "110-555-987654" });
    program.submit(&caller, &id, account).await.expect(200);
    program.bank_answers(&id).await;
}

#[tokio::test]
async fn a_number_typed_beside_a_passport_agrees_with_it_before_anybody_is_asked() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller, json!({})).await;
    let passport = [
        (F::Name, "표본희"),
        (F::PassportNumber, "M123A4567"),
        (F::IssueDate, "2022-01-03"),
        (F::ExpiryDate, "2099-01-03"),
        // Nobody is asked about it, and it was read for sure.
        (F::BirthDate, "1990-01-01"),
    ];
    let id = shown(&program, &caller, &policy, DocumentKind::Passport, &passport).await;
    let others = json!({ "step": "confirm", "resident_number": "910101-1234567" });
    let refused = program.submit(&caller, &id, others).await.expect(422);
    assert_eq!(
        (&refused["errors"][0]["field"], &refused["errors"][0]["code"]),
        (&json!("/resident_number"), &json!("differs"))
    );
    let own = json!({ "step": "confirm", "resident_number": "900101-1234567" });
    assert_eq!(program.submit(&caller, &id, own).await.expect(200)["waiting_for"], "issuer");
}

#[tokio::test]
async fn a_block_ends_it_before_issuer_and_bank_are_asked() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let lists = json!({ "block_lists": ["deceased", "account_opening"] });
    let policy = policy(&program, &caller, lists).await;
    for (code, expected) in
        [(BlockCode::BlockedByPerson, "blocked_by_person"), (BlockCode::Deceased, "deceased")]
    {
        let id = shown(&program, &caller, &policy, DocumentKind::Driver, &LICENCE).await;
        program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
        program.list_answers(&id, BlockCode::Clear).await;
        program.list_answers(&id, code).await;
        let seen = program.get(&caller, &format!("/v1/verifications/{id}")).await.expect(200);
        assert_eq!((&seen["status"], &seen["refused"]["code"]), (&json!("refused"), &json!(expected)));
        let checks: Vec<_> = seen["checks"].as_array().unwrap().iter().map(|c| &c["check"]).collect();
        assert_eq!(checks, ["deceased_list", "account_opening_list"]);
    }
}

#[tokio::test]
async fn a_child_and_an_expired_passport_are_asked_about_nowhere() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = policy(&program, &caller, json!({ "min_age": 14 })).await;
    let child = [(F::Name, "표본희"), (F::ResidentNumber, "200101-3234567"), (F::IssueDate, "2025-01-01")];
    let id = shown(&program, &caller, &policy, DocumentKind::Resident, &child).await;
    let seen = program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
    assert_eq!(seen["refused"]["code"], "too_young");
    let passport = [
        (F::Name, "표본희"),
        (F::PassportNumber, "M123A4567"),
        (F::IssueDate, "2014-01-03"),
        (F::ExpiryDate, "2024-01-03"),
    ];
    let id = shown(&program, &caller, &policy, DocumentKind::Passport, &passport).await;
    let without = program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(422);
    assert_eq!(without["errors"][0]["field"], "/resident_number", "no passport states it");
    let with = json!({ "step": "confirm", "resident_number": "900101-1234567" });
    let seen = program.submit(&caller, &id, with).await.expect(200);
    assert_eq!((&seen["next"], &seen["next_details"]["problem"]), (&json!("picture"), &json!("expired")));
}

#[tokio::test]
async fn who_is_not_connected_cannot_be_asked_for() {
    let program = Program::new().await;
    let caller = program.institution("새솔은행").await;
    let policy = json!({
        "name": "대출", "purpose": "비대면 대출", "block_lists": ["loan", "deceased"],
        "steps": [{ "step": "id_document", "documents": ["resident"] }, { "step": "existing_account" }],
    });
    let refused = program.post(&caller, "/v1/policies", policy).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "/block_lists/0");
    assert_eq!(refused["errors"][0]["code"], "not_connected");
}
