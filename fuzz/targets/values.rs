//! What people and programs type: ids, cursors, names, numbers, days. What is taken reads back as itself.
#![no_main]

use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::values::{
    AccountNumber, BankCode, Ci, PersonName, PhoneNumber, ResidentNumber, compare_names, parse_date,
};
use ingam_connectors::{HolderName, PrintContent};
use ingam_fuzz::{edited, text};
use ingam_ledger::Cursor;
use libfuzzer_sys::fuzz_target;

const NEAR: [&str; 7] = [
    "ver_00000000z8e81840g2081040g2",
    "AAABm3-PgAB2ZXJfMDE",
    "홍길동",
    "900101-1234568",
    "2020. 1. 1.",
    "110-123-456789",
    "NGUYEN THI HOANG ANH",
];

fuzz_target!(|data: &[u8]| {
    let text = text(&edited(&NEAR.map(str::as_bytes), data));
    if let Ok(id) = VerificationId::parse(&text) {
        assert_eq!(id.as_str(), text);
        assert!(CallId::parse(&text).is_err());
    }
    if let Some(cursor) = Cursor::parse(&text) {
        assert_eq!(cursor.to_string(), text);
    }
    if let Ok(number) = ResidentNumber::parse(&text) {
        assert_eq!(ResidentNumber::parse(&number.expose_printed()).as_ref(), Ok(&number));
        assert_eq!(number.masked().len(), 14);
        let _ = (number.birth_date(), number.old_checksum_fits());
    }
    if let Ok(account) = AccountNumber::parse(&text) {
        assert_eq!(AccountNumber::parse(account.expose()).as_ref(), Ok(&account));
        assert!(!account.masked().contains(account.expose()));
    }
    if let Ok(phone) = PhoneNumber::parse(&text) {
        assert_eq!(PhoneNumber::parse(phone.expose()).as_ref(), Ok(&phone));
        assert_eq!(PhoneNumber::parse(&phone.expose_printed()).as_ref(), Ok(&phone));
        assert!(!phone.masked().contains(phone.expose()));
    }
    if let Ok(ci) = Ci::parse(&text) {
        assert_eq!(ci.expose(), text);
    }
    if let Ok(bank) = BankCode::parse(&text) {
        assert_eq!(bank.as_str(), text);
    }
    if let Ok(date) = parse_date(&text) {
        assert_eq!(parse_date(&date.to_string()), Ok(date));
    }
    if let Ok(name) = PersonName::parse(&text) {
        assert_eq!(PersonName::parse(name.expose()).as_ref(), Ok(&name));
        let _ = name.masked();
        let (one, other) = text.split_once(' ').unwrap_or((&text, &text));
        if let Ok(one) = PersonName::parse(one) {
            compare_names(&one, other);
        }
        compare_names(&name, &text);
    }
    if let Ok(holder) = HolderName::parse(&text) {
        assert_eq!(HolderName::parse(holder.expose()).as_ref().map(HolderName::expose), Ok(holder.expose()));
    }
    if let Ok(content) = PrintContent::parse(&text) {
        assert_eq!(content.expose(), text);
    }
});
