//! Bytes in the columns and files of a store that somebody may have changed: read back as they are, or damaged.
#![no_main]

use ingam_fuzz::edited;
use ingam_ledger::{RetentionClass, SealedRow, fuzzing::blob_header, pack_sealed, unpack_sealed};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROW: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let row = |name: &str, sealed: &[u8]| SealedRow {
        name: name.into(),
        subject: "sub_1".into(),
        class: RetentionClass::Identity,
        key_id: "dk_1".into(),
        sealed: sealed.to_vec(),
    };
    pack_sealed(&[row("name", b"12345"), row("number", b"")])
});

static BLOB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let header = format!(
        r#"{{"id":"blb_1","subject":"sub_1","institution":null,"case":"ver_1","class":"picture","key_id":"dk_1","len":9,"created_ms":0,"wrapped":"{}"}}"#,
        "A".repeat(80)
    );
    let mut bytes = b"ingamB1\n".to_vec();
    bytes.extend_from_slice(&(header.len() as u32).to_be_bytes());
    bytes.extend_from_slice(header.as_bytes());
    assert!(blob_header(&bytes), "the base is a blob's header");
    bytes
});

fuzz_target!(|data: &[u8]| {
    let bytes = edited(&[&ROW, &BLOB], data);
    if let Ok(rows) = unpack_sealed(&bytes) {
        assert_eq!(pack_sealed(&rows), bytes);
    }
    blob_header(&bytes);
});
