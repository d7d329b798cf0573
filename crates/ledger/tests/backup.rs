//! Backups of a whole ledger: nothing acknowledged before the moment is lost, nothing destroyed comes back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ingam_ledger::audit::audit;
use ingam_ledger::backup::{self, Making, Place, Since, Staging};
use ingam_ledger::portable::Part;
use ingam_ledger::testing::{SeededEntropy, TestClock, TestLedger, access, open_at};
use ingam_ledger::{
    BlobRef, ClearEntry, Commit, Effect, Entry, Fault, FileTopKey, Ledger, NewTask, Opened, RetentionClass,
    SealedField, Stream, TaskQuery, View, Write,
};
use serde_json::{Value, json};

fn fold(_: &str, entries: &[ClearEntry]) -> Result<Value, String> {
    Ok(json!({"entries": entries.len()}))
}

fn step(subject: &str, version: u64) -> Commit {
    let entry = Entry {
        id: format!("evt_{subject}_{version}"),
        kind: "happened".into(),
        institution: Some("ins".into()),
        time: jiff::Timestamp::UNIX_EPOCH,
        clear: json!({"n": version}).as_object().cloned().unwrap(),
        sealed: vec![SealedField {
            name: "name".into(),
            subject: subject.into(),
            class: RetentionClass::Identity,
            value: json!(format!("홍길동 {subject}")),
        }],
    };
    let state = json!({"entries": version + 1});
    let view = View { state, status: "open".into(), reference: None, institution: Some("ins".into()) };
    let write = Write {
        case: format!("ver_{subject}"),
        case_kind: "verification".into(),
        expected_version: version,
        entries: vec![entry],
        view: Some(view),
        stream: Stream::Main,
    };
    Commit { writes: vec![write], ..Commit::default() }
}

async fn open(ledger: &Ledger, subject: &str) {
    ledger.open_subject(subject, Some("ins"), &RetentionClass::ALL).await.unwrap().unwrap();
    ledger.commit(step(subject, 0)).await.unwrap().unwrap();
}

async fn put(ledger: &Ledger, id: &str, subject: &str) -> BlobRef {
    let case = format!("ver_{subject}");
    let put = ledger.put_blob(id, &case, subject, Some("ins"), RetentionClass::Picture, vec![7; 3_000_000]);
    put.await.unwrap().unwrap()
}

async fn name(ledger: &Ledger, subject: &str) -> Opened<Value> {
    let opened = ledger.open_fields(&format!("evt_{subject}_0"), &["name"], access(subject)).await;
    opened.unwrap().unwrap().remove("name").unwrap()
}

fn top_key(dir: &Path) -> FileTopKey {
    FileTopKey::open_or_create(&dir.join("top.key"), Arc::new(SeededEntropy::new(99))).unwrap()
}

async fn create(dir: &Path, clock: &TestClock, seed: u64) -> Result<Vec<PathBuf>, Fault> {
    let (top, entropy) = (top_key(dir), SeededEntropy::new(seed));
    let making = Making { environment: "test", clock, entropy: &entropy, top_key: &top, watching: &|_| () };
    let from = Place::embedded(&dir.join("data"));
    let made = backup::create(&from, &dir.join("rows"), &dir.join("keys"), making).await?;
    Ok(vec![made.ledger.path, made.keys.path])
}

/// Restores into `dir/data`, as if the disk of before were lost.
async fn restore(dir: &Path, files: &[PathBuf], since: Since) -> Result<backup::Restored, Fault> {
    let data = dir.join("data");
    if data.exists() {
        std::fs::remove_dir_all(&data).unwrap();
    }
    let staging = Staging::begin(&data, &SeededEntropy::new(5))?;
    let into = Place::embedded(staging.dir());
    let restored = backup::restore(&backup::pair(files)?, &into, since, &top_key(dir), &|_| ()).await?;
    staging.finish()?;
    Ok(restored)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_moment_comes_back_while_writers_went_on() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    for n in 0..40 {
        open(&ledger, &format!("sub_{n}")).await;
    }
    let kept = put(&ledger, "blb_kept", "sub_1").await;
    ledger.index_value("card", b"1").await.unwrap();
    let value = ledger.index_value("card", b"1").await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writing = {
        let (ledger, stop) = (ledger.clone(), stop.clone());
        tokio::spawn(async move {
            let mut n = 0;
            while !stop.load(Ordering::SeqCst) {
                open(&ledger, &format!("sub_load_{n}")).await;
                put(&ledger, &format!("blb_{n}"), &format!("sub_load_{n}")).await;
                n += 1;
            }
        })
    };
    let files = create(dir.path(), &clock, 1).await.unwrap();
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    drop(ledger);

    let restored = restore(dir.path(), &files, Since::Anything).await.unwrap();
    assert_eq!((restored.blobs_damaged, restored.tasks_in_doubt), (0, 0));
    let ledger = open_at(dir.path(), clock, 3).await.unwrap();
    let report = audit(&ledger, &fold).await.unwrap();
    assert!(report.clean(), "{report:?}");
    assert!(report.entries >= 40 && report.entries == restored.ledger.entries(), "{report:?}");
    assert_eq!(report.sealed_checked, report.entries, "every name opens: no key is missing");
    for n in 0..40 {
        assert_eq!(name(&ledger, &format!("sub_{n}")).await.value(), Some(json!(format!("홍길동 sub_{n}"))));
    }
    let picture = ledger.open_blob(&kept, access("blob")).await.unwrap().unwrap();
    assert_eq!(picture.value().unwrap().len(), 3_000_000);
    assert!(ledger.index_matches("card", b"1", &value).await.unwrap(), "the keys of purposes come back");
    // It goes on like any other.
    ledger.commit(step("sub_3", 1)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destroyed_after_the_backup_stays_destroyed_after_the_restore() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    for subject in ["sub_a", "sub_b", "sub_c"] {
        open(&ledger, subject).await;
        put(&ledger, &format!("blb_{subject}"), subject).await;
    }
    ledger.destroy("sub_a", None, &RetentionClass::ALL, "before").await.unwrap();
    let files = create(dir.path(), &clock, 1).await.unwrap();
    ledger.destroy("sub_b", None, &RetentionClass::ALL, "after").await.unwrap();
    let records = ledger.store().journal_mark().await.unwrap().count;
    drop(ledger);

    let restored = restore(dir.path(), &files, Since::Anything).await.unwrap();
    assert_eq!((restored.journal_count, restored.ledger.rows(Part::Blobs)), (records - 1, 2));
    let journal = dir.path().join("destroyed.journal");
    let whole = std::fs::read(&journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    let shut = open_at(dir.path(), clock.clone(), 3).await.err().unwrap();
    assert!(shut.to_string().contains("is missing"), "{shut}");
    std::fs::write(&journal, whole).unwrap();

    let ledger = open_at(dir.path(), clock, 3).await.unwrap();
    assert_eq!(ledger.store().journal_mark().await.unwrap().count, records);
    assert_eq!(name(&ledger, "sub_a").await, Opened::Destroyed);
    assert_eq!(name(&ledger, "sub_b").await, Opened::Destroyed);
    assert_eq!(name(&ledger, "sub_c").await.value(), Some(json!("홍길동 sub_c")));
    let report = audit(&ledger, &fold).await.unwrap();
    assert!(report.clean(), "{report:?}");
    assert_eq!((report.sealed_checked, report.sealed_destroyed), (1, 2));
    let again = ledger.open_subject("sub_b", Some("ins"), &RetentionClass::ALL).await.unwrap();
    assert_eq!(again.unwrap_err().code(), "destroyed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_keys_open_older_rows_and_older_keys_are_refused() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    open(&ledger, "sub_a").await;
    open(&ledger, "sub_b").await;
    let first = create(dir.path(), &clock, 1).await.unwrap();
    ledger.destroy("sub_b", None, &RetentionClass::ALL, "test").await.unwrap();
    open(&ledger, "sub_c").await;
    clock.advance(Duration::from_secs(86_400));
    let second = create(dir.path(), &clock, 2).await.unwrap();
    drop(ledger);
    let said =
        async |files: &[PathBuf]| restore(dir.path(), files, Since::Anything).await.unwrap_err().to_string();
    assert!(said(&[second[0].clone(), first[1].clone()]).await.contains("the keys are older"));
    assert!(said(&[first[0].clone(), second[0].clone()]).await.contains("of the same kind"));
    assert!(said(&first[..1]).await.contains("one of rows and one of keys"));

    // In any order.
    restore(dir.path(), &[second[1].clone(), first[0].clone()], Since::Anything).await.unwrap();
    let ledger = open_at(dir.path(), clock, 3).await.unwrap();
    assert_eq!(name(&ledger, "sub_a").await.value(), Some(json!("홍길동 sub_a")));
    assert_eq!(name(&ledger, "sub_b").await, Opened::Destroyed);
    assert_eq!(ledger.case("ver_sub_c").await.unwrap(), None, "the rows are of the first moment");
    assert!(audit(&ledger, &fold).await.unwrap().clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_waited_comes_back_as_one_that_may_have_begun() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    open(&ledger, "sub_a").await;
    let task = |id: &str| NewTask {
        id: id.into(),
        case: "ver_sub_a".into(),
        kind: "send".into(),
        effect: Effect::Blind,
        payload: json!({}),
        run_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let tasks = vec![task("tsk_1"), task("tsk_2")];
    ledger.commit(Commit { tasks, ..Commit::default() }).await.unwrap().unwrap();
    let leased = ledger.lease(&["send"], 1, "w", Duration::ZERO).await.unwrap();
    assert_eq!((leased[0].id.as_str(), leased[0].attempt), ("tsk_1", 1));
    let files = create(dir.path(), &clock, 1).await.unwrap();
    // After the moment: whoever restores can't know it.
    assert_eq!(ledger.lease(&["send"], 2, "w", Duration::ZERO).await.unwrap().len(), 2);
    drop(ledger);
    for (since, in_doubt, attempts) in [(Since::Anything, 1, [2, 2]), (Since::Nothing, 0, [2, 1])] {
        let restored = restore(dir.path(), &files, since).await.unwrap();
        assert_eq!(restored.tasks_in_doubt, in_doubt);
        let ledger = open_at(dir.path(), clock.clone(), 3).await.unwrap();
        assert!(audit(&ledger, &fold).await.unwrap().clean());
        let mut leased = ledger.lease(&["send"], 2, "w", Duration::ZERO).await.unwrap();
        leased.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(leased.iter().map(|task| task.attempt).collect::<Vec<_>>(), attempts);
        assert_eq!(ledger.tasks(TaskQuery::All { after: None, limit: 9 }).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_that_went_meanwhile_is_gone_and_one_that_the_disk_damaged_is_counted() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    open(&ledger, "sub_a").await;
    let (removed, damaged) = (put(&ledger, "blb_1", "sub_a").await, put(&ledger, "blb_2", "sub_a").await);
    let path = |blob: &BlobRef| {
        let name = format!("{}.{}", blob.id, blob.sha256);
        let fan = std::fs::read_dir(dir.path().join("data/blobs")).unwrap().map(|fan| fan.unwrap().path());
        fan.map(|fan| fan.join("sub_a").join(&name)).find(|path| path.exists()).unwrap()
    };
    // A name whose file went: what a listing sees of a removal.
    let gone = path(&removed);
    ledger.remove_blob(&removed).await.unwrap();
    std::os::unix::fs::symlink("nowhere", &gone).unwrap();
    let mut bytes = std::fs::read(path(&damaged)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(path(&damaged), bytes).unwrap();
    let files = create(dir.path(), &clock, 1).await.unwrap();
    drop(ledger);
    let restored = restore(dir.path(), &files, Since::Anything).await.unwrap();
    assert_eq!((restored.ledger.rows(Part::Blobs), restored.blobs_damaged), (1, 1));
    let ledger = open_at(dir.path(), clock, 3).await.unwrap();
    assert!(ledger.open_blob(&damaged, access("1")).await.is_err());
    assert!(audit(&ledger, &fold).await.unwrap().clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_fails_leaves_nothing() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    open(&ledger, "sub_a").await;
    let files = create(dir.path(), &clock, 1).await.unwrap();
    drop(ledger);
    let whole = std::fs::read(&files[0]).unwrap();
    std::fs::write(&files[0], &whole[..whole.len() - 1]).unwrap();
    let failed = restore(dir.path(), &files, Since::Anything).await.unwrap_err();
    assert!(matches!(failed, Fault::Backup { part: "body", .. }), "{failed}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|item| item.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("data")), "{left:?}");

    std::fs::create_dir(dir.path().join("full")).unwrap();
    std::fs::write(dir.path().join("full/mine"), "x").unwrap();
    assert!(Staging::begin(&dir.path().join("full"), &SeededEntropy::new(1)).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_moves_is_the_same_at_its_new_place() {
    let TestLedger { ledger, clock, dir } = TestLedger::new().await.unwrap();
    for subject in ["sub_a", "sub_b"] {
        open(&ledger, subject).await;
    }
    let blob = put(&ledger, "blb_1", "sub_a").await;
    ledger.destroy("sub_b", None, &RetentionClass::ALL, "test").await.unwrap();
    let before = audit(&ledger, &fold).await.unwrap();
    let (data, new) = (dir.path().join("data"), dir.path().join("new"));
    drop(ledger);
    std::fs::create_dir(&new).unwrap();
    let (from, into) = (Place::embedded(&data), Place::embedded(&new));
    let copied = backup::copy(&from, &into, &|_| ()).await.unwrap();
    assert!(copied.rows.contains(&("blobs", 1)) && copied.blobs_damaged == 0, "{copied:?}");
    assert!(copied.rows.contains(&("entries", 2)) && copied.rows.contains(&("data_keys", 10)), "{copied:?}");
    assert!(backup::copy(&from, &into, &|_| ()).await.is_err(), "only into an empty place");

    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&new, &data).unwrap();
    let ledger = open_at(dir.path(), clock, 3).await.unwrap();
    let after = audit(&ledger, &fold).await.unwrap();
    assert!(after.clean(), "{after:?}");
    let counts = |report: &ingam_ledger::audit::AuditReport| {
        (
            report.cases,
            report.entries,
            report.sealed_checked,
            report.sealed_destroyed,
            report.numbered,
            report.tasks,
        )
    };
    assert_eq!(counts(&after), counts(&before));
    assert_eq!(name(&ledger, "sub_a").await.value(), Some(json!("홍길동 sub_a")));
    assert_eq!(name(&ledger, "sub_b").await, Opened::Destroyed);
    assert_eq!(
        ledger.open_blob(&blob, access("b")).await.unwrap().unwrap().value().unwrap().len(),
        3_000_000
    );
}
