//! Any JSON that may stand in an entry: a canonical form that reads back as the same value, or a refusal.
#![no_main]

use ingam_fuzz::edited;
use ingam_ledger::jcs::{canonical, canonical_nfc, value_nfc};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const VALUE: &[u8] =
    "{\"a\":[null,true,-5,9007199254740991],\"\u{20ac}\":\"e\u{301}\\u0007\\\"\",\"\u{1f600}\":{\"b\":{}}}"
        .as_bytes();

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(&edited(&[VALUE], data)) else { return };
    if let Ok(bytes) = canonical(&value) {
        let again: Value = serde_json::from_slice(&bytes).expect("canonical JSON is JSON");
        assert_eq!(again, value);
        assert_eq!(canonical(&again).as_ref(), Ok(&bytes));
    }
    if let Ok(bytes) = canonical_nfc(&value) {
        let composed = value_nfc(&value).expect("what has a canonical form has a composed one");
        assert_eq!(canonical(&composed).as_ref(), Ok(&bytes));
        assert_eq!(canonical_nfc(&composed), Ok(bytes));
    }
});
