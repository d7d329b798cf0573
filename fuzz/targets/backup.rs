//! A backup file that somebody wrote who knows the format, and even the key: every row is read back as it was written,
//! or nothing is.
#![no_main]

use ingam_fuzz::edited;
use ingam_ledger::backup::Kind;
use ingam_ledger::fuzzing::{backup, backup_body, backup_header};
use ingam_ledger::portable::{
    BlobCopy, CaseRow, ClaimRow, DataKeyRow, DestroyedRow, IndexKeyRow, KeyState, Row, TaskCopy,
};
use ingam_ledger::store::{JournalMark, TaskRow};
use ingam_ledger::{BlobRef, Effect, EntryRow, IndexRow, IndexValue, RetentionClass, SealedRow, Stream};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn both() -> Vec<Row> {
    let gone = DestroyedRow { subject: "s".into(), class: RetentionClass::Contact, institution: None };
    vec![Row::Journal(JournalMark { count: 1, hash: [1; 32] }), Row::Destroyed(gone)]
}

static LEDGER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut rows = both();
    rows.insert(1, Row::Head(Stream::Main, 1));
    rows.push(Row::Subject("s".into()));
    rows.push(Row::Case(CaseRow {
        id: "c".into(),
        kind: "k".into(),
        version: 1,
        created_at: NOW,
        updated_at: NOW,
        institution: None,
        status: Some("open".into()),
        reference: None,
        state: Some("{}".into()),
    }));
    let sealed = SealedRow {
        name: "n".into(),
        subject: "s".into(),
        class: RetentionClass::Identity,
        key_id: "dk".into(),
        sealed: vec![1; 30],
    };
    rows.push(Row::Entry(EntryRow {
        id: "e".into(),
        case: "c".into(),
        version: 1,
        stream: Stream::Main,
        number: Some(1),
        kind: "opened".into(),
        institution: None,
        time: NOW,
        nonce: [2; 16],
        clear: "{}".into(),
        clear_salts: Vec::new(),
        sealed: vec![sealed],
        commitments: vec![3; 32],
        leaf: [4; 32],
    }));
    let claim = ClaimRow { base: "b".into(), slot: 1, holder: "h".into(), expires_at: Some(NOW), note: None };
    rows.push(Row::Claim(claim));
    let task = TaskRow {
        id: "t".into(),
        case: "c".into(),
        kind: "send".into(),
        effect: Effect::Blind,
        payload: "{}".into(),
        run_at: NOW,
    };
    rows.push(Row::Task(TaskCopy {
        task,
        attempt: 1,
        lease_epoch: 1,
        leased: Some(("w".into(), NOW)),
        dead: None,
    }));
    rows.push(Row::Index(IndexRow {
        purpose: "card".into(),
        value: IndexValue { key_version: 1, hex: "ab".into() },
        subject: "s".into(),
        class: RetentionClass::Contact,
        case: "c".into(),
        institution: None,
    }));
    let blob = BlobRef {
        id: "b".into(),
        subject: "s".into(),
        institution: None,
        class: RetentionClass::Picture,
        len: 1,
        sha256: "00".repeat(32),
    };
    let (case, key_id) = ("c".into(), "dk".into());
    rows.push(Row::Blob(BlobCopy {
        blob,
        case,
        key_id,
        created_at: NOW,
        wrapped: [5; 60],
        sealed: vec![6; 20],
    }));
    let body = backup_body(&rows);
    assert!(backup(&body, Kind::Ledger), "the base is a body");
    body
});

static KEYS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut rows = both();
    rows.push(Row::TopKey("top".into()));
    rows.push(Row::DataKey(DataKeyRow {
        state: KeyState::Live,
        key_id: "dk".into(),
        wrapped: vec![7; 60],
        created_at: NOW,
        subject: "s".into(),
        institution: String::new(),
        class: RetentionClass::Identity,
    }));
    rows.push(Row::IndexKey(IndexKeyRow { purpose: "card".into(), version: 1, wrapped: vec![8; 60] }));
    let body = backup_body(&rows);
    assert!(backup(&body, Kind::Keys), "the base is a body");
    body
});

fuzz_target!(|data: &[u8]| {
    let body = edited(&[&LEDGER, &KEYS], data);
    backup(&body, Kind::Ledger);
    backup(&body, Kind::Keys);
    backup_header(&body);
});
