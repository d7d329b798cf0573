//! A whole ledger with its keys, blobs and journal from a folder into databases and back: nothing is lost on the way,
//! nothing that was destroyed comes along, and what is half filled opens to nobody.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use ingam_ledger::audit::{AuditReport, audit};
use ingam_ledger::backup::{Copied, Filling, JournalPlace, Place, copy, copy_journal};
use ingam_ledger::portable::{Portable, Row};
use ingam_ledger::testing::{SeededEntropy, Server, TestClock, TestLedger, access, open_at};
use ingam_ledger::{
    BlobRef, ClearEntry, Commit, Database, Entry, Fault, FileTopKey, Ledger, Opened, PostgresConfig,
    PostgresTables, RetentionClass, SealedField, Stream, View, Write, mark_moved, not_moved, unmark_moved,
};
use serde_json::{Value, json};

fn fold(_: &str, entries: &[ClearEntry]) -> Result<Value, String> {
    Ok(json!({"entries": entries.len()}))
}

async fn open(ledger: &Ledger, subject: &str) {
    ledger.open_subject(subject, Some("ins"), &RetentionClass::ALL).await.unwrap().unwrap();
    let entry = Entry {
        id: format!("evt_{subject}"),
        kind: "happened".into(),
        institution: Some("ins".into()),
        time: jiff::Timestamp::UNIX_EPOCH,
        clear: json!({"n": 1}).as_object().cloned().unwrap(),
        sealed: vec![SealedField {
            name: "name".into(),
            subject: subject.into(),
            class: RetentionClass::Identity,
            value: json!(format!("홍길동 {subject}")),
        }],
    };
    let view = View {
        state: json!({"entries": 1}),
        status: "open".into(),
        reference: None,
        institution: Some("ins".into()),
    };
    let write = Write {
        case: format!("ver_{subject}"),
        case_kind: "verification".into(),
        expected_version: 0,
        entries: vec![entry],
        view: Some(view),
        stream: Stream::Main,
    };
    ledger.commit(Commit { writes: vec![write], ..Commit::default() }).await.unwrap().unwrap();
}

async fn put(ledger: &Ledger, subject: &str) -> BlobRef {
    let (id, case) = (format!("blb_{subject}"), format!("ver_{subject}"));
    let put = ledger.put_blob(&id, &case, subject, Some("ins"), RetentionClass::Picture, vec![7; 2_000_000]);
    put.await.unwrap().unwrap()
}

async fn name(ledger: &Ledger, subject: &str, record: &str) -> Opened<Value> {
    let opened = ledger.open_fields(&format!("evt_{subject}"), &["name"], access(record)).await;
    opened.unwrap().unwrap().remove("name").unwrap()
}

async fn databases(server: &Server) -> PostgresConfig {
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(Database { url: server.database().await, schema: None });
    }
    let [store, keys, journal] = places.try_into().unwrap();
    PostgresConfig { store, keys, journal, environment: "test".into() }
}

async fn open_databases(config: &PostgresConfig, dir: &Path) -> Result<Ledger, Fault> {
    let entropy = Arc::new(SeededEntropy::new(77));
    let top = FileTopKey::open_or_create(&dir.join("top.key"), entropy.clone()).unwrap();
    Ledger::open_postgres(config.clone(), Arc::new(TestClock::new()), entropy, Arc::new(top)).await
}

async fn fill(filling: &Filling, from: &Place, journal: &Path, config: &PostgresConfig) -> Copied {
    let copied = copy(from, &filling.place(), &|_| ()).await.unwrap();
    let (file, table) =
        (JournalPlace::File(journal.to_owned()), JournalPlace::Database(config.journal.clone()));
    assert!(copy_journal(&file, &table).await.unwrap() >= 2);
    copied
}

/// What stands in a store of keys.
async fn keys(place: &dyn Portable) -> Vec<Row> {
    let mut export = place.export().await.unwrap();
    let mut rows = Vec::new();
    while let Some(page) = export.page().await.unwrap() {
        rows.extend(page);
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_moves_into_databases_and_back_and_is_the_same() {
    let Some(server) = Server::shared() else { return };
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    for subject in ["sub_a", "sub_b", "sub_c"] {
        open(&ledger, subject).await;
    }
    let (blob, gone) = (put(&ledger, "sub_a").await, put(&ledger, "sub_b").await);
    let value = ledger.index_value("card", b"1").await.unwrap();
    ledger.destroy("sub_b", None, &RetentionClass::ALL, "test").await.unwrap();
    ledger.destroy("sub_c", Some("ins"), &[RetentionClass::Picture], "test").await.unwrap();
    let before = audit(&ledger, &fold).await.unwrap();
    assert!(before.clean() && before.sealed_checked == 2 && before.sealed_destroyed == 1, "{before:?}");

    let (journal, config) = (dir.path().join("destroyed.journal"), databases(&server).await);
    let from = Place::embedded(&dir.path().join("data"));
    let filling = Filling::begin(&config, true).await.unwrap();
    let copied = fill(&filling, &from, &journal, &config).await;
    assert!(copied.rows.contains(&("blobs", 1)) && copied.blobs_damaged == 0, "{copied:?}");
    let shut = open_databases(&config, dir.path()).await.err().unwrap();
    assert!(matches!(shut, Fault::HalfFilled), "{shut}");
    filling.finish().await.unwrap();

    for row in keys(&PostgresTables::keys(&config.keys)).await {
        if let Row::DataKey(key) = row {
            let wiped = key.wrapped.iter().all(|byte| *byte == 0);
            assert_eq!(
                wiped,
                key.subject == "sub_b" || key.class == RetentionClass::Picture && key.subject == "sub_c"
            );
        }
    }
    let moved = open_databases(&config, dir.path()).await.unwrap();
    assert_eq!(audit(&moved, &fold).await.unwrap(), before);
    assert_eq!(name(&moved, "sub_a", "1").await.value(), Some(json!("홍길동 sub_a")));
    assert_eq!(name(&moved, "sub_b", "2").await, Opened::Destroyed);
    let picture = moved.open_blob(&blob, access("3")).await.unwrap().unwrap();
    assert_eq!(picture.value().unwrap().len(), 2_000_000);
    assert_eq!(moved.open_blob(&gone, access("4")).await.unwrap().unwrap(), Opened::Destroyed);
    assert!(moved.index_matches("card", b"1", &value).await.unwrap());
    // It goes on like any other, also in destroying.
    open(&moved, "sub_d").await;
    moved.destroy("sub_a", None, &RetentionClass::ALL, "test").await.unwrap();
    let here: AuditReport = audit(&moved, &fold).await.unwrap();
    drop((moved, ledger));

    let data = dir.path().join("data");
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::remove_file(&journal).unwrap();
    std::fs::create_dir(&data).unwrap();
    copy(&Place::shared(&config).await.unwrap(), &Place::embedded(&data), &|_| ()).await.unwrap();
    let (table, file) = (JournalPlace::Database(config.journal.clone()), JournalPlace::File(journal));
    assert_eq!(copy_journal(&table, &file).await.unwrap(), 4);
    let back = open_at(dir.path(), clock, 9).await.unwrap();
    assert_eq!(audit(&back, &fold).await.unwrap(), here);
    assert_eq!(name(&back, "sub_a", "5").await, Opened::Destroyed);
    assert_eq!(name(&back, "sub_d", "6").await.value(), Some(json!("홍길동 sub_d")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_broke_off_begins_anew_and_what_holds_anything_is_left_alone() {
    let Some(server) = Server::shared() else { return };
    let TestLedger { ledger, dir, .. } = TestLedger::new().await.unwrap();
    open(&ledger, "sub_a").await;
    put(&ledger, "sub_a").await;
    ledger.destroy("sub_z", None, &RetentionClass::ALL, "test").await.unwrap();
    let before = audit(&ledger, &fold).await.unwrap();
    drop(ledger);
    let (journal, config) = (dir.path().join("destroyed.journal"), databases(&server).await);
    let from = Place::embedded(&dir.path().join("data"));
    assert!(!Filling::broke_off(&config).await.unwrap());
    for _ in 0..2 {
        // Filled, and never finished: as if the program had been killed.
        let filling = Filling::begin(&config, true).await.unwrap();
        fill(&filling, &from, &journal, &config).await;
        assert!(Filling::broke_off(&config).await.unwrap());
    }
    // The same, killed between the last two marks.
    let filling = Filling::begin(&config, true).await.unwrap();
    fill(&filling, &from, &journal, &config).await;
    for place in [&config.journal, &config.keys] {
        server.say_to(&place.url, "UPDATE ingam_steps SET needs = 0 WHERE step = -1").await;
    }
    drop(filling);
    let filling = Filling::begin(&config, true).await.unwrap();
    fill(&filling, &from, &journal, &config).await;
    filling.finish().await.unwrap();
    assert!(!Filling::broke_off(&config).await.unwrap());
    let moved = open_databases(&config, dir.path()).await.unwrap();
    assert_eq!(audit(&moved, &fold).await.unwrap(), before);

    let occupied = |outcome: Result<Filling, Fault>| match outcome.err().unwrap() {
        Fault::Occupied(what) => what,
        fault => panic!("{fault}"),
    };
    let fresh = databases(&server).await;
    assert_eq!(occupied(Filling::begin(&config, true).await), "the database of the journal");
    assert_eq!(occupied(Filling::begin(&config, false).await), "the database of keys");
    // Nothing is touched where one of them is not empty.
    let mixed = PostgresConfig { keys: fresh.keys.clone(), journal: fresh.journal.clone(), ..config.clone() };
    assert_eq!(occupied(Filling::begin(&mixed, true).await), "the database");
    assert_eq!(audit(&moved, &fold).await.unwrap(), before);
    // An address of another room is none of a store.
    let swapped = PostgresConfig { store: config.keys.clone(), ..fresh };
    assert!(matches!(Filling::begin(&swapped, false).await.err().unwrap(), Fault::Damaged(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_has_moved_is_shut() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    drop(ledger);
    let data = dir.path().join("data");
    not_moved(&data).unwrap();
    mark_moved(&data, "into PostgreSQL, today").unwrap();
    let said = open_at(dir.path(), clock.clone(), 3).await.err().unwrap().to_string();
    assert!(said.contains("into PostgreSQL, today") && said.contains("--store"), "{said}");
    assert!(matches!(not_moved(&data), Err(Fault::Moved { .. })));
    unmark_moved(&data).unwrap();
    open_at(dir.path(), clock, 4).await.unwrap();
}
