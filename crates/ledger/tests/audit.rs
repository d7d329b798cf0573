//! The audit is clean on what the ledger wrote, also after everything is destroyed and under faults, and
//! finds what somebody else changed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use ingam_ledger::audit::{AuditReport, audit};
use ingam_ledger::testing::{Failing, Moment, SeededEntropy, TestClock, TestLedger, config_at, open_at};
use ingam_ledger::{
    Access, ClearEntry, Commit, Effect, Entry, Fault, FileTopKey, Ledger, NewTask, Origin, Refused,
    RetentionClass, SealedField, Stream, Take, View, Write,
};
use serde_json::{Value, json};

/// The sum of the entries' `n`: a stand-in for what the program folds.
fn fold(kind: &str, entries: &[ClearEntry]) -> Result<Value, String> {
    assert_eq!(kind, "sum");
    let sum: Option<i64> = entries.iter().map(|entry| entry.clear.get("n").and_then(Value::as_i64)).sum();
    sum.map(|sum| json!({"sum": sum})).ok_or("no n".into())
}

fn step(case: &str, version: u64) -> Commit {
    let entry = Entry {
        id: format!("evt_{case}_{version}"),
        kind: "added".into(),
        institution: None,
        time: jiff::Timestamp::UNIX_EPOCH,
        clear: json!({"n": version + 1, "why": "test"}).as_object().cloned().unwrap(),
        sealed: vec![SealedField {
            name: "note".into(),
            subject: "sub".into(),
            class: RetentionClass::Identity,
            value: json!("secret"),
        }],
    };
    let sum = (1..=version + 1).sum::<u64>();
    let view = View { state: json!({"sum": sum}), status: "open".into(), reference: None, institution: None };
    let write = Write {
        case: case.into(),
        case_kind: "sum".into(),
        expected_version: version,
        entries: vec![entry],
        view: Some(view),
        stream: Stream::Main,
    };
    Commit { writes: vec![write], ..Commit::default() }
}

fn task(case: &str) -> NewTask {
    NewTask {
        id: format!("tsk_{case}"),
        case: case.into(),
        kind: "k".into(),
        effect: Effect::Idempotent,
        payload: json!({}),
        run_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

async fn number_all(ledger: &Ledger) -> Result<(), Fault> {
    for stream in Stream::ALL {
        loop {
            let head = ledger.head(stream).await?;
            let entries = ledger.pending(stream, 3).await?;
            if entries.is_empty() {
                break;
            }
            let ids: Vec<String> = entries.into_iter().map(|entry| entry.id).collect();
            let _ = ledger.number(stream, head, &ids, vec![]).await?;
        }
    }
    Ok(())
}

async fn filled() -> TestLedger {
    let test = TestLedger::new().await.unwrap();
    test.ledger.open_subject("sub", None, &RetentionClass::ALL).await.unwrap().unwrap();
    for version in 0..3 {
        for case in ["a", "b"] {
            test.ledger.commit(step(case, version)).await.unwrap().unwrap();
        }
    }
    test.ledger
        .commit(Commit { tasks: vec![task("a"), task("b")], ..Commit::default() })
        .await
        .unwrap()
        .unwrap();
    number_all(&test.ledger).await.unwrap();
    test.ledger.lease(&["k"], 1, "w", Duration::from_secs(1)).await.unwrap();
    test
}

fn codes(report: &AuditReport) -> Vec<&'static str> {
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
    codes.dedup();
    codes
}

#[tokio::test]
async fn what_the_ledger_wrote_is_clean_also_after_everything_is_destroyed() {
    let test = filled().await;
    let report = audit(&test.ledger, &fold).await.unwrap();
    assert!(report.clean(), "{report:?}");
    assert_eq!((report.cases, report.entries, report.numbered, report.tasks), (2, 6, 6, 2));
    assert_eq!((report.sealed_checked, report.sealed_destroyed), (6, 0));
    test.ledger.destroy("sub", None, &RetentionClass::ALL, "test").await.unwrap();
    let report = audit(&test.ledger, &fold).await.unwrap();
    assert!(report.clean(), "{report:?}");
    assert_eq!((report.sealed_checked, report.sealed_destroyed), (0, 6));
}

#[tokio::test]
async fn what_somebody_changed_is_found() {
    let check = async |file: &str, sql: &str, expected: &[&str]| {
        let TestLedger { ledger, clock, dir } = filled().await;
        drop(ledger);
        {
            let db = rusqlite::Connection::open(dir.path().join("data").join(file)).unwrap();
            assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
        }
        let ledger = open_at(dir.path(), clock, 8).await.unwrap();
        let report = audit(&ledger, &fold).await.unwrap();
        assert_eq!(codes(&report), expected, "{sql}\n{report:?}");
    };
    let entry = async |change: &str, expected: &[&str]| {
        check("ledger.db", &format!("UPDATE entries SET {change} WHERE entry_id = 'evt_a_1'"), expected)
            .await;
    };
    entry("clear = '{\"n\":5,\"why\":\"test\"}'", &["commitment_mismatch", "view_mismatch"]).await;
    entry("clear = '{\"n\":2,\"why\":\"other\"}'", &["commitment_mismatch"]).await;
    entry("clear = '{\"why\":\"test\"}'", &["clear_unreadable", "view_mismatch"]).await;
    entry("kind = 'removed'", &["leaf_mismatch"]).await;
    entry("time = 1", &["leaf_mismatch"]).await;
    entry("institution = 'ins'", &["key_missing", "leaf_mismatch"]).await;
    entry("sealed = (SELECT sealed FROM entries WHERE entry_id = 'evt_b_1')", &["sealed_unreadable"]).await;
    entry("commitments = zeroblob(96)", &["commitment_mismatch", "leaf_mismatch"]).await;
    check(
        "ledger.db",
        "DELETE FROM entries WHERE entry_id = 'evt_b_1'",
        &["version_gap", "view_mismatch", "number_gap"],
    )
    .await;
    check("ledger.db", "DELETE FROM entries WHERE entry_id = 'evt_b_2'", &["version_gap", "number_gap"])
        .await;
    check("ledger.db", "UPDATE cases SET state = '{\"sum\":7}' WHERE case_id = 'a'", &["view_mismatch"])
        .await;
    check(
        "ledger.db",
        "UPDATE cases SET version = 2 WHERE case_id = 'a'",
        &["entry_beyond_version", "view_mismatch"],
    )
    .await;
    check("ledger.db", "UPDATE numbers SET number = 9 WHERE number = 6", &["number_gap"]).await;
    check("ledger.db", "UPDATE numbers SET stream = 2 WHERE number = 6", &["number_gap"]).await;
    check("ledger.db", "DELETE FROM cases WHERE case_id = 'b'", &["number_gap", "task_without_case"]).await;
    check("ledger.db", "DELETE FROM numbers WHERE number = 1", &["number_order", "number_gap"]).await;
    check("ledger.db", "UPDATE tasks SET case_id = 'c' WHERE task_id = 'tsk_a'", &["task_without_case"])
        .await;
    check("ledger.db", "UPDATE tasks SET attempt = 0 WHERE state = 1", &["task_inconsistent"]).await;
    check("keys.db", "DELETE FROM data_keys WHERE class = 'identity'", &["key_missing"]).await;
}

struct Run {
    ledger: Ledger,
    failing: Arc<Failing>,
    _dir: tempfile::TempDir,
}

async fn run() -> Run {
    let dir = tempfile::tempdir().unwrap();
    let entropy = Arc::new(SeededEntropy::new(4));
    let top = Arc::new(FileTopKey::open_or_create(&dir.path().join("top.key"), entropy.clone()).unwrap());
    let mut failing = None;
    let ledger =
        Ledger::open_with(config_at(dir.path()), Arc::new(TestClock::new()), entropy, top, |store| {
            failing.insert(Failing::new(store)).clone()
        });
    let ledger = ledger.await.unwrap();
    Run { ledger, failing: failing.unwrap(), _dir: dir }
}

/// A case from its opening to its destruction, where each call may fail: whoever gets a fault tries
/// again, and takes a refusal after a fault for the answer that was lost.
async fn story(ledger: &Ledger) {
    async fn insist(ledger: &Ledger, commit: Commit) {
        for attempt in 0.. {
            match ledger.commit(commit.clone()).await {
                Ok(Ok(_)) => return,
                Ok(Err(Refused::Stale { .. } | Refused::Fenced { .. })) if attempt > 0 => return,
                Ok(Err(refused)) => panic!("{refused:?}"),
                Err(fault) => assert!(matches!(fault, Fault::Injected), "{fault}"),
            }
        }
    }
    ledger.open_subject("sub", None, &RetentionClass::ALL).await.unwrap().unwrap();
    let take = Take { base: "one".into(), slots: Some(2), holder: "a".into(), expires_at: None, note: None };
    insist(ledger, Commit { take: vec![take], tasks: vec![task("a")], ..step("a", 0) }).await;
    let leased = loop {
        match ledger.lease(&["k"], 1, "w", Duration::ZERO).await {
            Ok(mut leased) => break leased.pop().unwrap(),
            Err(fault) => assert!(matches!(fault, Fault::Injected)),
        }
    };
    insist(ledger, Commit { done: vec![(leased.id, leased.lease_epoch)], ..step("a", 1) }).await;
    while number_all(ledger).await.is_err() {}
    let access = |n: u32| Access {
        actor_kind: "system".into(),
        actor: "test".into(),
        from: Origin::Inside,
        reason: "test".into(),
        case: None,
        institution: None,
        access_id: format!("acc_{n}"),
        entry_id: format!("evt_acc_{n}"),
    };
    for n in 0.. {
        if let Ok(opened) = ledger.open_fields("evt_a_1", &["note"], access(n)).await {
            assert_eq!(opened.unwrap()["note"].clone().value(), Some(json!("secret")));
            break;
        }
    }
    while ledger.destroy("sub", None, &[RetentionClass::Identity], "test").await.is_err() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_store_call_fails_in_turn_and_nothing_is_lost_or_done_twice() {
    let clean = run().await;
    clean.failing.fail_at(None);
    story(&clean.ledger).await;
    let calls = clean.failing.calls();
    assert!(calls > 10, "{calls}");
    for call in 0..calls {
        for moment in [Moment::Before, Moment::After] {
            let run = run().await;
            run.failing.fail_at(Some((call, moment)));
            story(&run.ledger).await;
            run.failing.fail_at(None);
            let report = audit(&run.ledger, &fold).await.unwrap();
            assert!(report.clean(), "{call} {moment:?}: {report:?}");
            assert_eq!(report.tasks, 0);
            assert_eq!(run.ledger.case("a").await.unwrap().unwrap().version, 2);
            assert_eq!(run.ledger.claims("one").await.unwrap().len(), 1);
            let opened = run.ledger.entries("a", 0, 9).await.unwrap();
            assert!(opened.iter().all(|entry| entry.number.is_some()));
        }
    }
}
