//! Backups by the real commands, beside the real program under load: nothing that was acknowledged before is lost,
//! nothing that was destroyed after comes back, and no number means two things.

use crate::kill::Load;
use crate::support::{Stage, until};
use ingam_ledger::testing::{SeededEntropy, TestClock};
use ingam_ledger::{Config, FileTopKey, Ledger, RetentionClass};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn json(answer: &str) -> Value {
    serde_json::from_str(answer).unwrap()
}

/// Both files of a backup that is made now.
pub async fn create(stage: &Stage) -> (Value, [String; 2]) {
    let (rows, keys) = (stage.dir.path().join("rows"), stage.dir.path().join("keys"));
    let words = ["backup", "create", "--to", text(&rows), "--keys-to", text(&keys), "--json"];
    let (code, answer, said) = stage.run(&words).await;
    assert_eq!(code, 0, "{said}");
    let made = json(&answer)["made"].clone();
    let files = ["ledger", "keys"].map(|file| made[file]["path"].as_str().unwrap().to_owned());
    (made, files)
}

fn head(heads: &Value, stream: &str) -> u64 {
    let found = heads.as_array().unwrap().iter().find(|head| head[0] == stream);
    found.map_or(0, |head| head[1].as_u64().unwrap())
}

/// The machine is lost: only the journal, the top key and the backup are left.
pub fn lose(stage: &Stage) -> (PathBuf, PathBuf) {
    let top_key = stage.dir.path().join("safe.top.key");
    std::fs::copy(stage.data().join("top.key"), &top_key).unwrap();
    std::fs::remove_dir_all(stage.data()).unwrap();
    (top_key, stage.data().with_extension("destroyed.journal"))
}

pub async fn destroy_one(stage: &Stage, verification: &str) {
    let entropy = Arc::new(SeededEntropy::new(7));
    let top_key = FileTopKey::open_or_create(&stage.data().join("top.key"), entropy.clone()).unwrap();
    let config = Config { dir: stage.data(), journal: stage.data().with_extension("destroyed.journal") };
    let ledger = Ledger::open(config, Arc::new(TestClock::new()), entropy, Arc::new(top_key)).await.unwrap();
    let case = ledger.case(verification).await.unwrap().unwrap();
    let subject = case.view.unwrap().state["subject"].as_str().unwrap().to_owned();
    ledger.destroy(&subject, None, &RetentionClass::ALL, "test").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_under_load_brings_back_what_was_acknowledged_and_not_what_was_destroyed() {
    let stage = Stage::set("").await;
    let bank = stage.institution("새솔은행").await;
    let server = stage.start().await;
    let load = Load::of(&bank, &bank.policy().await);
    let clerks = [tokio::spawn(load.clone().clerk("ga")), tokio::spawn(load.clone().clerk("na"))];
    until("some are acknowledged", Duration::from_secs(60), || async {
        (load.notes.all().len() >= 30).then_some(())
    })
    .await;
    let before = load.notes.copied();
    let (made, files) = create(&stage).await;
    let at_backup = load.notes.all().len();
    until("some more are acknowledged", Duration::from_secs(60), || async {
        (load.notes.all().len() >= at_backup + 10).then_some(())
    })
    .await;
    load.stop.store(true, Ordering::Relaxed);
    for clerk in clerks {
        clerk.await.unwrap();
    }
    server.kill().await;
    let someone = before.all().into_keys().next().unwrap();
    destroy_one(&stage, &someone).await;
    let (top_key, journal) = lose(&stage);

    let safe = ["--top-key", text(&top_key), "--journal", text(&journal), "--json"];
    let verify = [&["backup", "verify", &files[0], &files[1]][..], &safe].concat();
    let (code, answer, said) = stage.run(&verify).await;
    assert_eq!(code, 0, "{answer}{said}");
    let verified = json(&answer);
    assert_eq!(
        verified["audit"]["entries"],
        verified["restored"]["ledger"]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|part| part["part"] == "entries")
            .unwrap()["rows"]
    );

    // Outsiders may have seen seven numbers more.
    let last = head(&made["heads"], "main");
    let given = format!("main={}", last + 7);
    let restore =
        [&["backup", "restore", &files[1], &files[0], "--numbers-given", &given][..], &safe].concat();
    let (code, answer, said) = stage.run(&restore).await;
    assert_eq!(code, 0, "{answer}{said}");
    let restored = json(&answer);
    assert_eq!(restored["destructions_followed"], 1, "{restored:#}");
    assert_eq!(restored["numbers_lost"], serde_json::json!([["main", 7]]));

    let report = stage.audit().await;
    assert!(report["numbered"].as_u64().unwrap() >= last + 7, "{report:#}");
    let server = stage.start().await;
    before.hold(&bank.all("/v1/verifications").await);
    let events = bank.all("/v1/events").await;
    assert!(!events.is_empty());
    load.open("after-the-restore").await;
    until("numbering goes on", Duration::from_secs(20), || async {
        let now = bank.all("/v1/events").await;
        (now.len() > events.len() && now[..events.len()] == events[..]).then_some(())
    })
    .await;
    server.stop().await;
    let report = stage.audit().await;
    assert!(report["numbered"].as_u64().unwrap() > last + 7, "{report:#}");

    let (code, _, said) = stage.run(&restore).await;
    assert_eq!(code, 65, "{said}");
    assert!(said.contains("is not empty"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_is_whole_or_none() {
    let stage = Stage::set("").await;
    let bank = stage.institution("새솔은행").await;
    let server = stage.start().await;
    let load = Load::of(&bank, &bank.policy().await);
    let clerk = tokio::spawn(load.clone().clerk("ga"));
    let (rows, keys) = (stage.dir.path().join("rows"), stage.dir.path().join("keys"));
    let words = ["backup", "create", "--to", text(&rows), "--keys-to", text(&keys)];
    for time_ms in [10, 20, 30, 40, 60, 90] {
        stage.run_at_most(&words, Duration::from_millis(time_ms)).await;
    }
    let (_, files) = create(&stage).await;
    load.stop.store(true, Ordering::Relaxed);
    clerk.await.unwrap();
    server.stop().await;
    // Newer keys open older rows, so the last ones open all that look like a backup.
    let named = std::fs::read_dir(&rows).unwrap().map(|item| item.unwrap().path());
    let named: Vec<PathBuf> = named.filter(|path| path.extension().unwrap() == "ingambackup").collect();
    assert!(named.iter().any(|path| text(path) == files[0]));
    for path in named {
        let (code, answer, said) = stage.run(&["backup", "verify", text(&path), &files[1]]).await;
        assert_eq!(code, 0, "{answer}{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_t_be_used_is_said_and_leaves_nothing_behind() {
    let stage = Stage::set("").await;
    stage.institution("새솔은행").await;
    let dir = stage.dir.path().to_owned();
    let one = dir.join("one");
    let same = ["backup", "create", "--to", text(&one), "--keys-to", text(&one)];
    let (code, _, said) = stage.run(&same).await;
    assert_eq!((code, said.contains("--keys-beside")), (64, true), "{said}");
    let beside = [&same[..], &["--keys-beside"]].concat();
    let (code, answer, said) = stage.run(&beside).await;
    assert_eq!((code, answer.contains("delete the file of keys by")), (0, true), "{answer}{said}");
    let (_, files) = create(&stage).await;
    let (top_key, journal) = lose(&stage);

    let restore = async |files: &[&str], top_key: &Path, journal: &Path, code: i32, why: &str| {
        let words = ["--top-key", text(top_key), "--journal", text(journal)];
        for what in ["verify", "restore"] {
            let words = [&["backup", what][..], files, &words].concat();
            let (found, answer, said) = stage.run(&words).await;
            assert_eq!(found, code, "{what}: {answer}{said}");
            assert!(said.contains(why), "{what}: {said}");
            assert!(!stage.data().exists(), "{what} left something behind");
        }
    };
    let (rows, keys) = (files[0].as_str(), files[1].as_str());
    restore(&[rows], &top_key, &journal, 64, "2").await;
    restore(&[rows, rows], &top_key, &journal, 65, "of the same kind").await;
    restore(&[rows, text(&journal)], &top_key, &journal, 65, "does not begin like a backup").await;
    restore(&[rows, text(&dir.join("nowhere"))], &top_key, &journal, 65, "nowhere").await;
    restore(&[rows, keys], &dir.join("no.key"), &journal, 65, "no top key").await;
    restore(&[rows, keys], &top_key, &dir.join("no.journal"), 65, "journal of destructions").await;
    let (other, empty) = (dir.join("other.key"), dir.join("other.journal"));
    FileTopKey::open_or_create(&other, Arc::new(SeededEntropy::new(3))).unwrap();
    restore(&[rows, keys], &other, &journal, 65, "another top key").await;
    std::fs::write(&empty, "").unwrap();
    restore(&[rows, keys], &top_key, &empty, 65, "shorter than what the stores remember").await;
    let cut = dir.join("cut.ingambackup");
    let whole = std::fs::read(rows).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 100]).unwrap();
    restore(&[text(&cut), keys], &top_key, &journal, 65, "a chunk does not open").await;

    // And with the right ones it goes well after all.
    let words = ["backup", "restore", rows, keys, "--top-key", text(&top_key), "--journal", text(&journal)];
    let (code, answer, said) = stage.run(&words).await;
    assert_eq!(code, 0, "{said}");
    assert!(answer.contains("how many were given after it is not known here"), "{answer}");
    stage.audit().await;
}
