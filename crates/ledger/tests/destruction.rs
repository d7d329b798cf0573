//! Destroyed means gone: from memory, files, logs and older copies; and the journal keeps it so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ingam_ledger::portable::Portable;
use ingam_ledger::testing::{Failing, Moment, SeededEntropy, TestClock, TestLedger, config_at, open_at};
use ingam_ledger::{
    Access, Commit, Entry, Fault, FileTopKey, IndexRow, Ledger, Opened, Origin, RetentionClass, SealedField,
    SqliteFile, Stream, Write,
};
use serde_json::{Map, json};

fn person(subject: &str) -> Commit {
    let sealed = |class: RetentionClass| SealedField {
        name: class.code().into(),
        subject: subject.into(),
        class,
        value: json!(format!("MARK-{subject}-{}", class.code())),
    };
    let entry = Entry {
        id: format!("evt_{subject}"),
        kind: "opened".into(),
        institution: Some("ins".into()),
        time: jiff::Timestamp::UNIX_EPOCH,
        clear: Map::new(),
        sealed: vec![sealed(RetentionClass::Identity), sealed(RetentionClass::Contact)],
    };
    let write = Write {
        case: format!("ver_{subject}"),
        case_kind: "verification".into(),
        expected_version: 0,
        entries: vec![entry],
        view: None,
        stream: Stream::Main,
    };
    Commit { writes: vec![write], ..Commit::default() }
}

async fn add(ledger: &Ledger, subject: &str) {
    ledger.open_subject(subject, Some("ins"), &RetentionClass::ALL).await.unwrap().unwrap();
    ledger.commit(person(subject)).await.unwrap().unwrap();
}

async fn read(ledger: &Ledger, subject: &str, record: &str) -> Opened<serde_json::Value> {
    let access = Access {
        actor_kind: "system".into(),
        actor: "test".into(),
        from: Origin::Inside,
        reason: "test".into(),
        case: None,
        institution: None,
        access_id: format!("acc_{record}"),
        entry_id: format!("evt_acc_{record}"),
    };
    let mut fields =
        ledger.open_fields(&format!("evt_{subject}"), &["identity"], access).await.unwrap().unwrap();
    fields.remove("identity").unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn holds(files: &[Vec<u8>], bytes: &[u8]) -> bool {
    files.iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

fn wrapped_keys(data: &Path) -> Vec<(String, String, Vec<u8>)> {
    let db = rusqlite::Connection::open(data.join("keys.db")).unwrap();
    let mut query = db.prepare("SELECT subject, class, wrapped FROM data_keys ORDER BY row").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrapped_key_is_nowhere_in_any_file() {
    let test = TestLedger::new().await.unwrap();
    let data = test.dir.path().join("data");
    // Enough rows for a deep tree, in an order that moves index rows about.
    let subjects: Vec<String> =
        (0..300u32).map(|n| format!("sub_{:08x}", n.wrapping_mul(2_654_435_761))).collect();
    for subject in &subjects {
        test.ledger.open_subject(subject, Some("ins"), &RetentionClass::ALL).await.unwrap().unwrap();
    }
    add(&test.ledger, &subjects[7]).await;
    let before = wrapped_keys(&data);
    assert_eq!(before.len(), 300 * 5);
    for subject in subjects.iter().step_by(7) {
        let institution = if subject.ends_with('0') { None } else { Some("ins") };
        test.ledger.destroy(subject, institution, &RetentionClass::ALL, "test").await.unwrap();
    }
    assert_eq!(read(&test.ledger, &subjects[7], "1").await, Opened::Destroyed, "also from the cache");

    let bytes: Vec<Vec<u8>> =
        files(test.dir.path()).iter().map(|path| std::fs::read(path).unwrap()).collect();
    for (subject, class, wrapped) in &before {
        let destroyed = subjects.iter().step_by(7).any(|gone| gone == subject);
        // The nonce alone would give a leftover away.
        assert_eq!(holds(&bytes, wrapped), !destroyed, "{subject} {class}");
        assert_eq!(holds(&bytes, &wrapped[..12]), !destroyed, "{subject} {class}");
    }
    assert!(!holds(&bytes, b"MARK-"), "a sealed value in clear");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&path, target).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_does_not_bring_a_person_back() {
    for only_keys in [true, false] {
        let test = TestLedger::new().await.unwrap();
        let (data, older) = (test.dir.path().join("data"), test.dir.path().join("older"));
        for subject in ["sub_a", "sub_b", "sub_c"] {
            add(&test.ledger, subject).await;
        }
        let value = test.ledger.index_value("card", b"1").await.unwrap();
        let index = |subject: &str| IndexRow {
            purpose: "card".into(),
            value: value.clone(),
            subject: subject.into(),
            class: RetentionClass::Identity,
            case: "ver".into(),
            institution: Some("ins".into()),
        };
        let rows = Commit { index: vec![index("sub_a"), index("sub_c")], ..Commit::default() };
        test.ledger.commit(rows).await.unwrap().unwrap();
        let put =
            test.ledger.put_blob("blb", "ver", "sub_a", Some("ins"), RetentionClass::Identity, vec![1; 99]);
        let blob = put.await.unwrap().unwrap();
        test.ledger.destroy("sub_b", None, &RetentionClass::ALL, "before").await.unwrap();
        copy(&data, &older);
        test.ledger.destroy("sub_a", Some("ins"), &[RetentionClass::Identity], "after").await.unwrap();

        let TestLedger { ledger, clock, dir } = test;
        drop(ledger);
        if only_keys {
            for file in files(&data).iter().filter(|path| path.to_string_lossy().contains("keys.db")) {
                std::fs::remove_file(file).unwrap();
            }
            for file in files(&older).iter().filter(|path| path.to_string_lossy().contains("keys.db")) {
                std::fs::copy(file, data.join(file.file_name().unwrap())).unwrap();
            }
        } else {
            std::fs::remove_dir_all(&data).unwrap();
            copy(&older, &data);
        }
        let ledger = open_at(dir.path(), clock, 77).await.unwrap();
        assert_eq!(read(&ledger, "sub_a", "a").await, Opened::Destroyed);
        assert_eq!(read(&ledger, "sub_b", "b").await, Opened::Destroyed);
        assert_eq!(read(&ledger, "sub_c", "c").await, Opened::Value(json!("MARK-sub_c-identity")));
        let found = ledger.find("card", std::slice::from_ref(&value)).await.unwrap();
        assert_eq!(found.iter().map(|row| row.subject.as_str()).collect::<Vec<_>>(), ["sub_c"]);
        assert!(files(&data.join("blobs")).is_empty(), "{}", blob.id);
        let again = ledger.open_subject("sub_a", Some("ins"), &[RetentionClass::Identity]).await.unwrap();
        assert_eq!(again.unwrap_err().code(), "destroyed");
        ledger.open_subject("sub_a", Some("other"), &[RetentionClass::Identity]).await.unwrap().unwrap();
        assert_eq!(
            ledger
                .open_subject("sub_b", Some("other"), &[RetentionClass::Identity])
                .await
                .unwrap()
                .unwrap_err()
                .code(),
            "destroyed",
            "everywhere is everywhere, also later"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_journal_the_ledger_stays_shut() {
    let test = TestLedger::new().await.unwrap();
    add(&test.ledger, "sub_a").await;
    let journal = test.dir.path().join("destroyed.journal");
    let (data, before) = (test.dir.path().join("data"), test.dir.path().join("before"));
    copy(&data, &before);
    test.ledger.destroy("sub_a", None, &[RetentionClass::Identity], "one").await.unwrap();
    let one = std::fs::read(&journal).unwrap();
    test.ledger.destroy("sub_a", None, &[RetentionClass::Contact], "two").await.unwrap();
    let two = std::fs::read(&journal).unwrap();
    let TestLedger { ledger, clock, dir } = test;
    drop(ledger);
    let open = async || open_at(dir.path(), clock.clone(), 3).await.err().map(|fault| fault.to_string());
    std::fs::remove_file(&journal).unwrap();
    assert!(open().await.unwrap().contains("is missing"));
    std::fs::write(&journal, one).unwrap();
    assert!(open().await.unwrap().contains("shorter"));
    std::fs::write(&journal, b"").unwrap();
    assert!(open().await.unwrap().contains("shorter"));
    std::fs::write(&journal, &two).unwrap();
    assert_eq!(open().await, None);

    // A copy from before the first destruction knows that there is a journal, and which.
    std::fs::remove_dir_all(&data).unwrap();
    copy(&before, &data);
    std::fs::remove_file(&journal).unwrap();
    assert!(open().await.unwrap().contains("is missing"));
    let other = TestLedger::new().await.unwrap();
    drop(other.ledger);
    let foreign = std::fs::read_to_string(other.dir.path().join("destroyed.journal")).unwrap();
    std::fs::write(&journal, foreign.replace("ledger_", "ledger_0")).unwrap();
    assert!(open().await.unwrap().contains("not the one"));
    std::fs::write(&journal, &two).unwrap();
    let ledger = open_at(dir.path(), clock.clone(), 3).await.unwrap();
    assert_eq!(read(&ledger, "sub_a", "1").await, Opened::Destroyed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destruction_that_broke_off_is_finished_by_the_next_or_the_next_start() {
    for (moment, restart) in
        [(Moment::Before, true), (Moment::Before, false), (Moment::After, true), (Moment::After, false)]
    {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new());
        let entropy = Arc::new(SeededEntropy::new(4));
        let top = Arc::new(FileTopKey::open_or_create(&dir.path().join("top.key"), entropy.clone()).unwrap());
        let mut failing = None;
        let ledger = Ledger::open_with(config_at(dir.path()), clock.clone(), entropy, top, |store| {
            failing.insert(Failing::new(store)).clone()
        })
        .await
        .unwrap();
        let failing = failing.unwrap();
        add(&ledger, "sub_a").await;
        failing.fail_at(Some((0, moment)));
        let broken = ledger.destroy("sub_a", None, &[RetentionClass::Identity], "test").await;
        assert!(matches!(broken, Err(Fault::Injected)));
        let ledger = if restart {
            drop((ledger, failing));
            open_at(dir.path(), clock, 5).await.unwrap()
        } else {
            ledger.destroy("sub_other", None, &[RetentionClass::Identity], "test").await.unwrap();
            ledger
        };
        assert_eq!(read(&ledger, "sub_a", "1").await, Opened::Destroyed);
        let count =
            std::fs::read_to_string(dir.path().join("destroyed.journal")).unwrap().lines().count() as u64;
        assert_eq!(ledger.store().journal_mark().await.unwrap().count, count);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_cut_once_a_copy_that_kept_it_has_ended() {
    let test = TestLedger::new().await.unwrap();
    let data = test.dir.path().join("data");
    let subjects: Vec<String> = (0..20).map(|n| format!("sub_{n}")).collect();
    for subject in &subjects {
        add(&test.ledger, subject).await;
    }
    // More rows than a copy takes before anybody asks for it.
    for case in 0..4 {
        let mut many = person("sub_0");
        many.writes[0].case = format!("ver_many_{case}");
        let one = many.writes[0].entries.pop().unwrap();
        let entry = |n: u32| Entry { id: format!("evt_many_{case}_{n}"), sealed: vec![], ..one.clone() };
        many.writes[0].entries = (0..3_000).map(entry).collect();
        test.ledger.commit(many).await.unwrap().unwrap();
    }
    let log = || std::fs::metadata(data.join("ledger.db-wal")).unwrap().len();
    let export = SqliteFile::ledger(&data.join("ledger.db")).export().await.unwrap();
    add(&test.ledger, "sub_later").await;
    test.ledger.destroy("sub_0", None, &RetentionClass::ALL, "test").await.unwrap();
    assert!(log() > 0, "the copy keeps the log, and the destruction did not wait for it");
    drop(export);
    // The thread that reads notices some time later.
    while log() > 0 {
        test.ledger.sweep_claims(1).await.unwrap();
    }
    test.ledger.destroy("sub_1", None, &RetentionClass::ALL, "test").await.unwrap();
    assert_eq!(log(), 0);
}
