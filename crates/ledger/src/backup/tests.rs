//! The file format, from inside: what was written comes back, and nothing else is ever taken for it.

use std::sync::Arc;

use proptest::prelude::*;

use super::chunks::{CHUNK, Opener, Sealer};
use super::encode::{decode, encode};
use super::format::{Header, Item, Kind, Manifest, Reader, Writer, read_header};
use crate::blobs::BlobRef;
use crate::commit::{Effect, IndexRow, IndexValue};
use crate::crypto::ChunkKey;
use crate::entry::{EntryRow, RetentionClass, SealedRow, Stream};
use crate::error::Fault;
use crate::portable::{
    BlobCopy, CaseRow, ClaimRow, DataKeyRow, DestroyedRow, IndexKeyRow, KeyState, Part, Row, TaskCopy,
};
use crate::store::{JournalMark, TaskRow};
use crate::testing::SeededEntropy;
use crate::topkey::FileTopKey;
use jiff::Timestamp;
use std::path::Path;

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

/// One row of each part and shape.
fn rows() -> Vec<Row> {
    let entry = |number| EntryRow {
        id: "evt_1".into(),
        case: "ver_가".into(),
        version: 1,
        stream: Stream::Access,
        number,
        kind: "opened".into(),
        institution: number.map(|_| "ins".into()),
        time: time(-1),
        nonce: [7; 16],
        clear: "{\"a\":\"\u{1f600}\"}".into(),
        clear_salts: vec![1; 32],
        sealed: vec![SealedRow {
            name: "name".into(),
            subject: "sub".into(),
            class: RetentionClass::Signing,
            key_id: "dk".into(),
            sealed: vec![9; 40],
        }],
        commitments: vec![3; 64],
        leaf: [4; 32],
    };
    let task = |leased: Option<(String, Timestamp)>, dead: Option<String>| {
        Row::Task(TaskCopy {
            task: TaskRow {
                id: "tsk".into(),
                case: "c".into(),
                kind: "k".into(),
                effect: Effect::Blind,
                payload: "{}".into(),
                run_at: time(5),
            },
            attempt: 3,
            lease_epoch: u64::MAX,
            leased,
            dead,
        })
    };
    let case = |state: Option<String>| {
        Row::Case(CaseRow {
            id: "c".into(),
            kind: "k".into(),
            version: 9,
            created_at: time(1),
            updated_at: time(2),
            institution: None,
            status: state.clone(),
            reference: Some(String::new()),
            state,
        })
    };
    let claim = |expires_at, note| {
        Row::Claim(ClaimRow { base: "b".into(), slot: 2, holder: "h".into(), expires_at, note })
    };
    let data_key = |state| {
        Row::DataKey(DataKeyRow {
            state,
            key_id: "dk".into(),
            wrapped: vec![5; 60],
            created_at: time(0),
            subject: "sub".into(),
            institution: String::new(),
            class: RetentionClass::Picture,
        })
    };
    let blob = |institution: Option<String>| {
        let sealed = vec![1; if institution.is_some() { 40 } else { 0 }];
        Row::Blob(BlobCopy {
            blob: BlobRef {
                id: "blb_1".into(),
                subject: "sub".into(),
                institution,
                class: RetentionClass::Picture,
                len: sealed.len() as u64,
                sha256: "00".repeat(32),
            },
            case: "ver_1".into(),
            key_id: "dk".into(),
            created_at: time(7),
            wrapped: [9; 60],
            sealed,
        })
    };
    let gone = |institution| {
        Row::Destroyed(DestroyedRow { subject: "s".into(), class: RetentionClass::Contact, institution })
    };
    vec![
        Row::Journal(JournalMark { count: 7, hash: [8; 32] }),
        Row::Head(Stream::Main, 1 << 53),
        gone(None),
        gone(Some("ins".into())),
        Row::Subject("sub".into()),
        case(None),
        case(Some("{\"s\":1}".into())),
        Row::Entry(entry(None)),
        Row::Entry(entry(Some(12))),
        claim(None, None),
        claim(Some(time(99)), Some("[1]".into())),
        task(None, None),
        task(Some(("w".into(), time(8))), None),
        task(None, Some("broken".into())),
        Row::Index(IndexRow {
            purpose: "card".into(),
            value: IndexValue { key_version: 2, hex: "ab".into() },
            subject: "s".into(),
            class: RetentionClass::Biometric,
            case: "c".into(),
            institution: Some("i".into()),
        }),
        blob(None),
        blob(Some("ins".into())),
        Row::TopKey("top_1".into()),
        data_key(KeyState::Live),
        data_key(KeyState::Destroyed),
        data_key(KeyState::Orphan),
        Row::IndexKey(IndexKeyRow { purpose: "card".into(), version: 4, wrapped: vec![6; 60] }),
    ]
}

fn bytes(row: &Row) -> Vec<u8> {
    let mut out = Vec::new();
    encode(row, &mut out);
    out
}

#[test]
fn every_row_comes_back_and_no_part_of_it_is_one() {
    for row in rows() {
        let whole = bytes(&row);
        assert_eq!(decode(row.part(), &whole).as_ref(), Some(&row));
        for length in 0..whole.len() {
            assert_ne!(decode(row.part(), &whole[..length]).as_ref(), Some(&row), "{row:?} cut at {length}");
        }
        assert_eq!(decode(row.part(), &[&whole[..], &[0]].concat()), None, "{row:?} with a byte more");
    }
}

fn keys() -> (Arc<FileTopKey>, tempfile::TempDir, Arc<SeededEntropy>) {
    let dir = tempfile::tempdir().unwrap();
    let entropy = Arc::new(SeededEntropy::new(1));
    let top = FileTopKey::open_or_create(&dir.path().join("top.key"), entropy.clone()).unwrap();
    (Arc::new(top), dir, entropy)
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// A small file with a row of each part.
fn small(top: &FileTopKey, entropy: &SeededEntropy, kind: Kind) -> Vec<u8> {
    let mut header = Header::new(kind, "bck", "test", crate::given::TopKey::id(top));
    header.made_at = "2026-01-01T00:00:00.000Z".into();
    header.journal_hash = "00".repeat(32);
    let begun = Writer::begin(Vec::new(), Path::new("file"), header, top, entropy);
    let mut writer = blocking(begun).unwrap();
    let of_keys = |part: Part| matches!(part, Part::TopKey | Part::DataKeys | Part::IndexKeys);
    let both = |part: Part| matches!(part, Part::Journal | Part::Destroyed);
    for row in rows() {
        if both(row.part()) || of_keys(row.part()) == (kind == Kind::Keys) {
            writer.row(&row).unwrap();
        }
    }
    writer.finish().unwrap().0
}

fn read_all<R: std::io::Read>(mut reader: Reader<R>) -> Result<(Vec<Row>, Manifest), Fault> {
    let mut rows = Vec::new();
    loop {
        match reader.next()? {
            Item::Row(row) => rows.push(row),
            Item::End(manifest) => return Ok((rows, manifest)),
        }
    }
}

fn read(file: &[u8], top: &FileTopKey) -> Result<(Vec<Row>, Manifest), Fault> {
    let closed = read_header(file)?;
    read_all(blocking(closed.open(Path::new("file"), top))?)
}

#[test]
fn a_file_comes_back_and_its_manifest_counts_it() {
    let (top, _dir, entropy) = keys();
    let file = small(&top, &entropy, Kind::Ledger);
    let (back, manifest) = read(&file, &top).unwrap();
    assert_eq!(back, rows().into_iter().take(17).collect::<Vec<_>>());
    assert_eq!((manifest.entries(), manifest.rows(Part::Tasks), manifest.rows(Part::DataKeys)), (2, 3, 0));
    assert_eq!(manifest.rows(Part::Blobs), 2);
    let (back, manifest) = read(&small(&top, &entropy, Kind::Keys), &top).unwrap();
    assert_eq!((back.len(), manifest.rows(Part::DataKeys), manifest.rows(Part::Destroyed)), (8, 3, 2));
}

#[test]
fn another_top_key_and_another_header_open_nothing() {
    let (top, _dir, entropy) = keys();
    let file = small(&top, &entropy, Kind::Ledger);
    let dir = tempfile::tempdir().unwrap();
    let other =
        FileTopKey::open_or_create(&dir.path().join("top.key"), Arc::new(SeededEntropy::new(2))).unwrap();
    let said = |outcome: Result<(Vec<Row>, Manifest), Fault>| outcome.unwrap_err().to_string();
    assert!(said(read(&file, &other)).contains("another top key"));
    let text = String::from_utf8_lossy(&file).into_owned();
    let at = text.find("\"test\"").unwrap();
    let mut live = file.clone();
    live[at + 1..at + 5].copy_from_slice(b"live");
    assert!(said(read(&live, &top)).contains("the header or the key is damaged"));
    // The body of one file behind the beginning of another.
    let second = small(&top, &entropy, Kind::Ledger);
    let body = file.len() - 1_500;
    assert!(said(read(&[&second[..body], &file[body..]].concat(), &top)).contains("a chunk does not open"));
}

fn stream(length: usize) -> (Vec<u8>, ChunkKey) {
    let key = || ChunkKey::new(&[1; 32], [2; 7]).unwrap();
    let mut sealer = Sealer::new(Vec::new(), Path::new("file"), key());
    sealer.write(&(0..length).map(|n| n as u8).collect::<Vec<_>>()).unwrap();
    (sealer.finish().unwrap(), key())
}

#[test]
fn chunks_open_only_all_together_and_in_their_order() {
    let sealed_chunk = CHUNK + ChunkKey::TAG;
    for length in [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
        let (file, key) = stream(length);
        let mut opener = Opener::new(&file[..], Path::new("file"), key).unwrap();
        let back = opener.take(length).unwrap();
        assert!(back.iter().enumerate().all(|(n, byte)| *byte == n as u8), "{length}");
        opener.end().unwrap();
        assert!(opener.take(1).is_err());
    }
    let (file, _) = stream(3 * CHUNK + 5);
    let chunks: Vec<&[u8]> = file.chunks(sealed_chunk).collect();
    let check = |file: Vec<u8>| {
        let opener = Opener::new(&file[..], Path::new("file"), ChunkKey::new(&[1; 32], [2; 7]).unwrap());
        let mut opener = opener.unwrap();
        let outcome = opener.take(3 * CHUNK + 5).and_then(|_| opener.end());
        assert!(matches!(outcome, Err(Fault::Backup { part: "body", .. })), "{outcome:?}");
    };
    check(chunks[..3].concat());
    check(chunks[1..].concat());
    check([chunks[1], chunks[0], chunks[2], chunks[3]].concat());
    check([chunks[0], chunks[1], chunks[3]].concat());
    check([chunks[0], chunks[1], chunks[1], chunks[2], chunks[3]].concat());
    check([&file[..], chunks[3]].concat());
    check(file[..file.len() - 1].to_vec());
    check(Vec::new());
}

proptest! {
    #[test]
    fn a_file_that_was_changed_anywhere_never_passes(at in any::<prop::sample::Index>(), change in 0..5u8, byte in 1..=255u8) {
        thread_local! {
            static FILE: (Vec<u8>, Arc<FileTopKey>, tempfile::TempDir) = {
                let (top, dir, entropy) = keys();
                (small(&top, &entropy, Kind::Ledger), top, dir)
            };
        }
        FILE.with(|(whole, top, _)| {
            let at = at.index(whole.len());
            let mut file = whole.clone();
            match change {
                0 => file[at] ^= byte,
                1 => file.truncate(at),
                2 => file.insert(at, byte),
                3 => drop(file.remove(at)),
                _ => file.extend_from_slice(&whole[at..]),
            }
            // Removing one of two equal neighbours and cutting at the end change nothing but the length.
            prop_assert!(file != *whole);
            let outcome = read(&file, top);
            prop_assert!(matches!(outcome, Err(Fault::Backup { .. })), "{:?}", outcome.err());
            Ok(())
        })?;
    }

    #[test]
    fn no_bytes_make_a_row_panic(part in 0..Part::ALL.len(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let part = Part::ALL[part];
        if let Some(row) = decode(part, &bytes) {
            prop_assert_eq!(row.part(), part);
        }
    }

    /// Sealed under the right key, but written by nobody who knows the format.
    #[test]
    fn no_frames_make_the_reader_panic_or_pass_without_a_manifest(
        frames in prop::collection::vec((0..40u8, any::<u32>(), prop::collection::vec(any::<u8>(), 0..60), any::<bool>()), 0..8),
    ) {
        let key = || ChunkKey::new(&[3; 32], [4; 7]).unwrap();
        let mut sealer = Sealer::new(Vec::new(), Path::new("file"), key());
        for (kind, length, bytes, honest) in frames {
            let length = if honest { bytes.len() as u32 } else { length };
            sealer.write(&[kind]).unwrap();
            sealer.write(&length.to_be_bytes()).unwrap();
            sealer.write(&bytes).unwrap();
        }
        let file = sealer.finish().unwrap();
        let reader = Reader::over(Kind::Ledger, Opener::new(&file[..], Path::new("file"), key()).unwrap());
        let outcome = read_all(reader);
        prop_assert!(matches!(outcome, Err(Fault::Backup { .. })), "{:?}", outcome.err());
    }
}
