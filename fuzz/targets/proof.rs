//! A proof from a stranger, near one of the golden ones: if it leads to their leaf, it says nothing that they don't.
#![no_main]

use ingam_fuzz::edited;
use ingam_ledger::jcs::value_nfc;
use ingam_ledger::proof::{Proof, ProofHeader, verify_partial};
use ingam_ledger::{Base64, leaf::Hash};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::sync::LazyLock;

const GOLDEN: &str = include_str!("../../crates/ledger/tests/golden/leaf-v1.json");

struct Known {
    leaf: Hash,
    text: Vec<u8>,
    proof: Proof,
}

/// The fields of all entries, in NFC: what may be opened at all.
static FIELDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let golden: Value = serde_json::from_str(GOLDEN).expect("the golden file");
    let entries = golden["entries"].as_array().expect("entries").iter();
    let fields = entries.flat_map(|entry| entry["fields"].as_array().expect("fields"));
    fields.map(|field| value_nfc(field).expect("a field with a canonical form")).collect()
});

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let golden: Value = serde_json::from_str(GOLDEN).expect("the golden file");
    let known = |vector: &Value| {
        let leaf: Base64<32> = serde_json::from_value(vector["leaf"].clone()).expect("a leaf");
        let text = vector["proof"].to_string().into_bytes();
        Known { leaf: leaf.0, proof: serde_json::from_slice(&text).expect("a proof"), text }
    };
    golden["proofs"].as_array().expect("proofs").iter().map(known).collect()
});

fuzz_target!(|data: &[u8]| {
    let bases: Vec<&[u8]> = KNOWN.iter().map(|known| known.text.as_slice()).collect();
    let Ok(proof) = serde_json::from_slice::<Proof>(&edited(&bases, data)) else { return };
    for known in KNOWN.iter() {
        let Ok(header) = verify_partial(&proof, &known.leaf) else { continue };
        for field in &proof.opened {
            let said = serde_json::to_value(field).expect("JSON");
            let same = |real: &&Value| ["name", "salt", "value"].iter().all(|part| real[part] == said[part]);
            assert!(FIELDS.iter().any(|real| same(&real)), "opened what nobody committed to");
        }
        if let (Some(_), ProofHeader::Opened(real)) = (&header, &known.proof.header) {
            assert!(proof.header == ProofHeader::Opened(real.clone()), "a header of another entry");
        }
    }
});
