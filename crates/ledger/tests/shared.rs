//! One ledger and two processes on PostgreSQL: what one does the other sees, and what one destroys the other can
//! neither open nor seal for, whatever it has in memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use ingam_ledger::testing::{SeededEntropy, Server, TestClock, access};
use ingam_ledger::{
    BlobRef, Commit, Database, Entry, Fault, FileTopKey, IndexRow, Ledger, Opened, PostgresConfig, Refused,
    RetentionClass, SealedField, Stream, Write,
};
use serde_json::{Map, json};

const CLASSES: [RetentionClass; 2] = [RetentionClass::Identity, RetentionClass::Picture];

/// A server and the databases of one ledger.
struct House {
    server: Arc<Server>,
    dir: tempfile::TempDir,
    clock: Arc<TestClock>,
    config: PostgresConfig,
}

impl House {
    async fn new() -> Option<House> {
        let server = Server::shared()?;
        let mut places = Vec::new();
        for _ in 0..3 {
            places.push(Database { url: server.database().await, schema: None });
        }
        let [store, keys, journal] = places.try_into().unwrap();
        let config = PostgresConfig { store, keys, journal, environment: "test".into() };
        Some(House { server, dir: tempfile::tempdir().unwrap(), clock: Arc::default(), config })
    }

    async fn open(&self, seed: u64) -> Result<Ledger, Fault> {
        self.open_at(self.config.clone(), seed).await
    }

    async fn open_at(&self, config: PostgresConfig, seed: u64) -> Result<Ledger, Fault> {
        let entropy = Arc::new(SeededEntropy::new(seed));
        let top = FileTopKey::open_or_create(&self.dir.path().join("top.key"), entropy.clone())?;
        Ledger::open_postgres(config, self.clock.clone(), entropy, Arc::new(top)).await
    }
}

fn commit(case: &str, subject: &str) -> Commit {
    let entry = Entry {
        id: format!("evt_{case}"),
        kind: "opened".into(),
        institution: Some("ins".into()),
        time: jiff::Timestamp::UNIX_EPOCH,
        clear: Map::new(),
        sealed: vec![SealedField {
            name: "name".into(),
            subject: subject.into(),
            class: RetentionClass::Identity,
            value: json!("홍길동"),
        }],
    };
    let write = Write {
        case: case.into(),
        case_kind: "verification".into(),
        expected_version: 0,
        entries: vec![entry],
        view: None,
        stream: Stream::Main,
    };
    Commit { writes: vec![write], ..Commit::default() }
}

async fn name(ledger: &Ledger, case: &str, record: &str) -> Opened<serde_json::Value> {
    let opened = ledger.open_fields(&format!("evt_{case}"), &["name"], access(record)).await.unwrap();
    opened.unwrap().remove("name").unwrap()
}

async fn picture(ledger: &Ledger, subject: &str) -> Result<BlobRef, Refused> {
    let bytes = b"a picture".to_vec();
    ledger.put_blob("blb_1", "ver_1", subject, Some("ins"), RetentionClass::Picture, bytes).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_writes_the_other_reads() {
    let Some(house) = House::new().await else { return };
    // At once, as two machines start: one makes the tables, one begins the journal.
    let (here, there) = tokio::join!(house.open(1), house.open(2));
    let (here, there) = (here.unwrap(), there.unwrap());
    here.open_subject("sub_1", Some("ins"), &CLASSES).await.unwrap().unwrap();
    here.commit(commit("ver_1", "sub_1")).await.unwrap().unwrap();
    assert_eq!(name(&there, "ver_1", "1").await, Opened::Value(json!("홍길동")));
    let blob = picture(&there, "sub_1").await.unwrap();
    assert_eq!(
        here.open_blob(&blob, access("2")).await.unwrap().unwrap().value().unwrap().as_slice(),
        b"a picture"
    );
    let large = vec![7; 12 << 20];
    let large = here
        .put_blob("blb_2", "ver_1", "sub_1", Some("ins"), RetentionClass::Picture, large)
        .await
        .unwrap()
        .unwrap();
    let opened = there.open_blob(&large, access("3")).await.unwrap().unwrap();
    assert_eq!(opened.value().unwrap().len(), 12 << 20);
    there.remove_blob(&large).await.unwrap();
    there.remove_blob(&large).await.unwrap();
    assert!(here.open_blob(&large, access("4")).await.is_err(), "removed");

    let old = here.index_value("card", b"1").await.unwrap();
    assert_eq!(there.index_value("card", b"1").await.unwrap(), old);
    here.rotate_index_key("card").await.unwrap();
    let values = there.index_values("card", b"1").await.unwrap();
    assert_eq!((values.len(), &values[1]), (2, &old), "the other one's new key is used at once");
    assert_eq!(there.index_value("card", b"1").await.unwrap(), values[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_destroys_is_gone_for_the_other_in_the_same_moment() {
    let Some(house) = House::new().await else { return };
    let (here, there) = (house.open(1).await.unwrap(), house.open(2).await.unwrap());
    here.open_subject("sub_1", Some("ins"), &CLASSES).await.unwrap().unwrap();
    // Both have the keys in memory.
    for (ledger, case) in [(&here, "ver_1"), (&there, "ver_2")] {
        let value = ledger.index_value("card", case.as_bytes()).await.unwrap();
        let index = vec![IndexRow {
            purpose: "card".into(),
            value,
            subject: "sub_1".into(),
            class: RetentionClass::Identity,
            case: case.into(),
            institution: Some("ins".into()),
        }];
        ledger.commit(Commit { index, ..commit(case, "sub_1") }).await.unwrap().unwrap();
        assert_eq!(name(ledger, case, &format!("{case}_before")).await, Opened::Value(json!("홍길동")));
    }
    let blob = picture(&there, "sub_1").await.unwrap();
    here.destroy("sub_1", None, &RetentionClass::ALL, "test").await.unwrap();

    let gone = Refused::Destroyed { subject: "sub_1".into() };
    for (n, ledger) in [&here, &there].into_iter().enumerate() {
        assert_eq!(ledger.commit(commit(&format!("late_{n}"), "sub_1")).await.unwrap(), Err(gone.clone()));
        assert_eq!(name(ledger, "ver_1", &format!("{n}_1")).await, Opened::Destroyed);
        assert_eq!(name(ledger, "ver_2", &format!("{n}_2")).await, Opened::Destroyed);
        assert_eq!(
            ledger.open_blob(&blob, access(&format!("{n}_3"))).await.unwrap().unwrap(),
            Opened::Destroyed
        );
        assert_eq!(picture(ledger, "sub_1").await, Err(gone.clone()));
        let again = ledger.open_subject("sub_1", Some("ins"), &CLASSES).await.unwrap();
        assert_eq!(again, Err(gone.clone()));
        let values = ledger.index_values("card", b"ver_2").await.unwrap();
        assert!(ledger.find("card", &values).await.unwrap().is_empty());
    }
    // Housekeeping of the other one follows the journal, and a third one that starts finds nothing to do.
    there.finish_destructions().await.unwrap();
    house.open(3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_copies_of_the_databases_bring_nobody_back() {
    let Some(house) = House::new().await else { return };
    let ledger = house.open(1).await.unwrap();
    ledger.open_subject("sub_1", Some("ins"), &CLASSES).await.unwrap().unwrap();
    ledger.commit(commit("ver_1", "sub_1")).await.unwrap().unwrap();
    drop(ledger);
    let name_of = |place: &Database| place.url.split(['/', '?']).nth(3).unwrap().to_owned();
    let mut old = house.config.clone();
    for (place, copy) in [(&mut old.store, "old_store"), (&mut old.keys, "old_keys")] {
        let from = name_of(place);
        // Connections of the closed ledger may take a moment to go.
        let ended =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'");
        house.server.say(&ended).await;
        house.server.say(&format!("CREATE DATABASE {copy} TEMPLATE {from}")).await;
        place.url = house.server.url(copy);
    }
    let ledger = house.open(2).await.unwrap();
    ledger.destroy("sub_1", Some("ins"), &[RetentionClass::Identity], "test").await.unwrap();
    drop(ledger);

    let restored = house.open_at(old.clone(), 3).await.unwrap();
    assert_eq!(name(&restored, "ver_1", "1").await, Opened::Destroyed);
    drop(restored);
    let mut lost = old.clone();
    lost.journal.url = house.server.database().await;
    assert!(matches!(house.open_at(lost, 4).await, Err(Fault::Journal("is missing"))));
    let mut mixed = old.clone();
    mixed.keys.url = old.store.url.clone();
    assert!(
        matches!(house.open_at(mixed, 5).await, Err(Fault::Damaged(_))),
        "the store's database is no key store"
    );
    let live = PostgresConfig { environment: "live".into(), ..house.config.clone() };
    assert!(matches!(house.open_at(live, 6).await, Err(Fault::Environment { theirs }) if theirs == "test"));
    std::fs::remove_file(house.dir.path().join("top.key")).unwrap();
    assert!(matches!(house.open(7).await, Err(Fault::WrongTopKey)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_was_changed_keeps_the_ledger_shut() {
    let Some(house) = House::new().await else { return };
    let ledger = house.open(1).await.unwrap();
    for subject in ["sub_1", "sub_2"] {
        ledger.destroy(subject, None, &RetentionClass::ALL, "test").await.unwrap();
    }
    drop(ledger);
    let say = async |sql: &str| house.server.say_to(&house.config.journal.url, sql).await;
    say("UPDATE lines SET line = replace(line, 'sub_1', 'sub_9') WHERE n = 2").await;
    assert!(matches!(
        house.open(2).await,
        Err(Fault::Journal("is damaged" | "is not the one that the stores remember"))
    ));
    say("UPDATE lines SET line = replace(line, 'sub_9', 'sub_1') WHERE n = 2").await;
    house.open(3).await.unwrap();
    say("DELETE FROM lines WHERE n = 3; UPDATE head SET n = 2").await;
    assert!(matches!(house.open(4).await, Err(Fault::Journal("is shorter than what the stores remember"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_one_process_forgets_seal_nothing_in_the_other() {
    let Some(house) = House::new().await else { return };
    let (here, there) = (house.open(1).await.unwrap(), house.open(2).await.unwrap());
    for subject in ["sub_used", "sub_lost"] {
        there.open_subject(subject, Some("ins"), &CLASSES).await.unwrap().unwrap();
    }
    there.commit(commit("ver_1", "sub_used")).await.unwrap().unwrap();
    house.clock.advance(Duration::from_secs(3601));
    let swept = here.sweep_orphans(Duration::from_secs(3600), None).await.unwrap();
    assert_eq!(swept.keys, 2, "those of the one that no commit names");
    // The other process still has them in memory.
    let late = there.commit(commit("ver_2", "sub_lost")).await.unwrap();
    assert_eq!(late, Err(Refused::Destroyed { subject: "sub_lost".into() }));
    assert_eq!(name(&there, "ver_1", "1").await, Opened::Value(json!("홍길동")));
    let blob = picture(&there, "sub_used").await.unwrap();
    house.clock.advance(Duration::from_secs(3601));
    let swept = here.sweep_orphans(Duration::from_secs(3600), Some(Duration::from_secs(3600))).await.unwrap();
    assert_eq!((swept.keys, swept.blobs), (0, 0), "older than this sweep looks at");
    let swept = here.sweep_orphans(Duration::from_secs(3600), None).await.unwrap();
    assert_eq!((swept.keys, swept.blobs), (0, 1), "no entry names it");
    assert!(there.open_blob(&blob, access("2")).await.is_err());
}
