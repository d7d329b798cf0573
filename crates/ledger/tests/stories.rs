//! The ledger as the program uses it, told as stories.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use ingam_ledger::testing::{TestLedger, open_at};
use ingam_ledger::{
    Access, Case, Commit, Effect, Entry, Fault, IndexRow, ListQuery, NewTask, Opened, Origin, Owner, Refused,
    Release, RetentionClass, SealedField, Stream, Take, TaskQuery, View, Write, proof,
};
use serde_json::{Value, json};

const INS: &str = "ins_1";

fn entry(test: &TestLedger, id: &str, sealed: &[(&str, &str, Value)]) -> Entry {
    use ingam_ledger::Clock;
    Entry {
        id: id.into(),
        kind: "verification.opened".into(),
        institution: Some(INS.into()),
        time: test.clock.now(),
        clear: json!({"step": "open", "count": 3}).as_object().cloned().unwrap(),
        sealed: sealed
            .iter()
            .map(|(name, subject, value)| SealedField {
                name: (*name).into(),
                subject: (*subject).into(),
                class: RetentionClass::Identity,
                value: value.clone(),
            })
            .collect(),
    }
}

fn write(case: &str, version: u64, entries: Vec<Entry>) -> Write {
    let state = json!({"entries": version + entries.len() as u64});
    Write {
        case: case.into(),
        case_kind: "verification".into(),
        expected_version: version,
        view: (!entries.is_empty()).then(|| View {
            state,
            status: if version == 0 { "created" } else { "in_progress" }.into(),
            reference: Some(format!("ref-{case}")),
            institution: Some(INS.into()),
        }),
        entries,
        stream: Stream::Main,
    }
}

fn one(write: Write) -> Commit {
    Commit { writes: vec![write], ..Commit::default() }
}

fn access(n: u32) -> Access {
    Access {
        actor_kind: "staff".into(),
        actor: "stf_1".into(),
        from: Origin::Address("192.0.2.7".into()),
        reason: "review".into(),
        case: None,
        institution: Some(INS.into()),
        access_id: format!("acc_{n}"),
        entry_id: format!("evt_acc_{n}"),
    }
}

async fn with_person() -> TestLedger {
    let test = TestLedger::new().await.unwrap();
    test.ledger.open_subject("sub_1", Some(INS), &RetentionClass::ALL).await.unwrap().unwrap();
    let sealed = [("name", "sub_1", json!("홍길동 \u{1100}\u{1161}")), ("birth", "sub_1", json!("19900101"))];
    test.ledger.commit(one(write("ver_1", 0, vec![entry(&test, "evt_1", &sealed)]))).await.unwrap().unwrap();
    test
}

#[tokio::test]
async fn a_case_is_written_read_and_listed() {
    let test = with_person().await;
    let ledger = &test.ledger;
    let committed =
        ledger.commit(one(write("ver_1", 1, vec![entry(&test, "evt_2", &[])]))).await.unwrap().unwrap();
    assert_eq!(committed.versions, [("ver_1".to_owned(), 2)]);
    let case = ledger.case("ver_1").await.unwrap().unwrap();
    assert_eq!((case.version, case.view.unwrap().state), (2, json!({"entries": 2})));
    let entries = ledger.entries("ver_1", 0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(entries[0].sealed.iter().map(|field| &*field.name).collect::<Vec<_>>(), ["birth", "name"]);
    assert_eq!(entries[1].leaf, committed.leaves[0].1);

    let stale = ledger.commit(one(write("ver_1", 1, vec![entry(&test, "evt_3", &[])]))).await.unwrap();
    assert_eq!(stale.unwrap_err(), Refused::Stale { case: "ver_1".into(), actual_version: 2 });
}

#[tokio::test]
async fn lists_are_newest_first_and_go_on_after_the_cursor() {
    let test = TestLedger::new().await.unwrap();
    for n in 0..25 {
        let id = format!("ver_{n:02}");
        test.ledger
            .commit(one(write(&id, 0, vec![entry(&test, &format!("evt_{n}"), &[])])))
            .await
            .unwrap()
            .unwrap();
        if n % 3 == 0 {
            test.clock.advance(Duration::from_secs(1));
        }
    }
    test.ledger.commit(one(write("ver_07", 1, vec![entry(&test, "evt_x", &[])]))).await.unwrap().unwrap();
    let mut query = ListQuery::new("verification", Owner::Institution(INS.into()), 10);
    let mut seen: Vec<Case> = Vec::new();
    loop {
        let page = test.ledger.list(query.clone()).await.unwrap();
        seen.extend(page.cases);
        let Some(next) = page.next else { break };
        query.after = Some(ingam_ledger::Cursor::parse(&next.to_string()).unwrap());
    }
    let ids: Vec<_> = seen.iter().map(|case| case.id.clone()).collect();
    let expected: Vec<_> = (0..25).rev().map(|n| format!("ver_{n:02}")).collect();
    assert_eq!(ids, expected);

    let list = |change: fn(&mut ListQuery)| {
        let mut query = ListQuery::new("verification", Owner::Institution(INS.into()), 100);
        change(&mut query);
        let ledger = test.ledger.clone();
        async move { ledger.list(query).await.unwrap().cases.len() }
    };
    assert_eq!(list(|query| query.status = Some("in_progress".into())).await, 1);
    assert_eq!(list(|query| query.reference = Some("ref-ver_03".into())).await, 1);
    assert_eq!(list(|query| query.owner = Owner::Institution("ins_2".into())).await, 0);
    assert_eq!(list(|query| query.owner = Owner::Nobody).await, 0);
    assert_eq!(list(|query| query.owner = Owner::Anybody).await, 25);
    assert_eq!(list(|query| query.case_kind = "other".into()).await, 0);
    let from = seen[9].created_at;
    let mut later = ListQuery::new("verification", Owner::Anybody, 100);
    later.created_from = Some(from);
    let mut earlier = ListQuery::new("verification", Owner::Anybody, 100);
    earlier.created_before = Some(from);
    let (later, earlier) = (test.ledger.list(later).await.unwrap(), test.ledger.list(earlier).await.unwrap());
    assert_eq!(later.cases.len() + earlier.cases.len(), 25);
    assert!(later.cases.iter().all(|case| case.created_at >= from) && later.cases.len() >= 10);
    for outside in ["", "a", "AAAA", "!!", "AAAAAAAAAAA"] {
        assert_eq!(ingam_ledger::Cursor::parse(outside), None, "{outside}");
    }
}

#[tokio::test]
async fn a_sealed_field_is_read_only_with_a_record_of_it() {
    let test = with_person().await;
    let ledger = &test.ledger;
    let fields = ledger.open_fields("evt_1", &["name", "nothing"], access(1)).await.unwrap().unwrap();
    assert_eq!(
        fields["name"],
        Opened::Value(json!("홍길동 \u{1100}\u{1161}")),
        "as it was given, not in NFC"
    );
    assert_eq!(fields["nothing"], Opened::Absent);

    let record = &ledger.pending(Stream::Access, 10).await.unwrap()[0];
    assert_eq!((record.kind.as_str(), record.case.as_str(), record.version), ("access.read", "acc_1", 1));
    assert_eq!(record.clear["actor"], json!({"kind": "staff", "id": "stf_1"}));
    assert_eq!(record.clear["subjects"], json!(["sub_1"]));
    assert_eq!(
        record.clear["entries"],
        json!([{"entry": "evt_1", "case": "ver_1", "fields": ["name", "nothing"]}])
    );
    assert_eq!(record.clear["from"]["address"], json!("192.0.2.7"));

    let again = ledger.open_fields("evt_1", &["name"], access(1)).await.unwrap();
    assert_eq!(again.unwrap_err().code(), "stale", "one record serves one read");
}

#[tokio::test]
async fn the_address_of_a_person_is_sealed_to_the_subject() {
    let test = with_person().await;
    let from = Origin::Person { address: "198.51.100.9".into(), subject: "sub_1".into() };
    let by_person = Access { from, ..access(1) };
    test.ledger.open_fields("evt_1", &["name"], by_person.clone()).await.unwrap().unwrap();
    let record = test.ledger.entry("evt_acc_1").await.unwrap().unwrap();
    assert!(!format!("{record:?}").contains("198.51"));
    assert_eq!(record.sealed[0].class, RetentionClass::Contact);
    let opened = test.ledger.open_fields("evt_acc_1", &[], access(2)).await.unwrap().unwrap();
    assert_eq!(opened["from_address"], Opened::Value(json!("198.51.100.9")));

    test.ledger.destroy("sub_1", None, &[RetentionClass::Contact], "period_over").await.unwrap();
    let later = Access { access_id: "acc_3".into(), entry_id: "evt_acc_3".into(), ..by_person };
    test.ledger.open_fields("evt_1", &["name"], later).await.unwrap().unwrap();
    let record = test.ledger.entry("evt_acc_3").await.unwrap().unwrap();
    assert_eq!(record.clear["from"], json!({"kind": "person", "address": "destroyed"}));
}

#[tokio::test]
async fn a_proof_opens_some_fields_and_hides_the_rest() {
    let test = with_person().await;
    let leaf = test.ledger.entry("evt_1").await.unwrap().unwrap().leaf;
    let proof = test
        .ledger
        .prove("evt_1", &["birth", "step"], false, access(1))
        .await
        .unwrap()
        .unwrap()
        .value()
        .unwrap();
    let text = serde_json::to_string(&proof).unwrap();
    assert!(text.contains("19900101") && !text.contains("홍길동"));
    let read: proof::Proof = serde_json::from_str(&text).unwrap();
    assert_eq!(proof::verify_partial(&read, &leaf), Ok(None));
    let with_header =
        test.ledger.prove("evt_1", &[], true, access(2)).await.unwrap().unwrap().value().unwrap();
    let header = proof::verify_partial(&with_header, &leaf).unwrap().unwrap();
    assert_eq!((header.case.as_str(), header.version, header.fields), ("ver_1", 1, 4));
}

#[tokio::test]
async fn a_task_is_done_in_the_commit_that_holds_its_result() {
    use ingam_ledger::Clock;
    let test = with_person().await;
    let ledger = &test.ledger;
    let mut bell = ledger.arrivals().tasks;
    bell.mark_unchanged();
    let task = NewTask {
        id: "tsk_1".into(),
        case: "ver_1".into(),
        kind: "bank.send".into(),
        effect: Effect::Queryable,
        payload: json!({"to": "acct_1"}),
        run_at: test.clock.now() + Duration::from_secs(10),
    };
    ledger.commit(Commit { tasks: vec![task], ..Commit::default() }).await.unwrap().unwrap();
    assert!(bell.has_changed().unwrap());
    let lease = || ledger.lease(&["bank.send", "other"], 5, "w1", Duration::from_secs(30));
    assert!(lease().await.unwrap().is_empty());
    assert_eq!(
        ledger.next_due(&["bank.send"]).await.unwrap(),
        Some(test.clock.now() + Duration::from_secs(10))
    );
    test.clock.advance(Duration::from_secs(10));
    let first = lease().await.unwrap().pop().unwrap();
    assert_eq!((first.attempt, first.lease_epoch, first.payload.clone()), (1, 1, json!({"to": "acct_1"})));
    assert!(lease().await.unwrap().is_empty(), "held");

    // The worker dies; another takes over, and the dead one's late word is refused.
    test.clock.advance(Duration::from_secs(31));
    let second = lease().await.unwrap().pop().unwrap();
    assert_eq!((second.attempt, second.lease_epoch), (2, 2));
    let result = |epoch| Commit {
        done: vec![("tsk_1".into(), epoch)],
        ..one(write("ver_1", 1, vec![entry(&test, "evt_2", &[])]))
    };
    let fenced = Refused::Fenced { task: "tsk_1".into() };
    assert_eq!(ledger.commit(result(1)).await.unwrap(), Err(fenced.clone()));
    assert_eq!(ledger.postpone("tsk_1", 1, test.clock.now()).await.unwrap(), Err(fenced.clone()));
    ledger.extend("tsk_1", 2, Duration::from_secs(100)).await.unwrap().unwrap();
    test.clock.advance(Duration::from_secs(99));
    assert!(lease().await.unwrap().is_empty());
    ledger.postpone("tsk_1", 2, test.clock.now()).await.unwrap().unwrap();
    assert_eq!(ledger.commit(result(2)).await.unwrap(), Err(fenced.clone()), "given back is given back");
    let third = lease().await.unwrap().pop().unwrap();
    ledger.dead("tsk_1", third.lease_epoch, "answer_unknown").await.unwrap().unwrap();
    assert_eq!(ledger.next_due(&["bank.send"]).await.unwrap(), None);
    let dead = ledger.tasks(TaskQuery::Dead { after: None, limit: 10 }).await.unwrap();
    assert_eq!(dead[0].dead.as_deref(), Some("answer_unknown"));
    assert!(ledger.revive("tsk_1", test.clock.now()).await.unwrap());
    let fourth = lease().await.unwrap().pop().unwrap();
    assert_eq!(fourth.attempt, 4);
    ledger.commit(result(fourth.lease_epoch)).await.unwrap().unwrap();
    assert!(ledger.tasks(TaskQuery::Case("ver_1".into())).await.unwrap().is_empty());
    assert_eq!(ledger.case("ver_1").await.unwrap().unwrap().version, 2);
}

#[tokio::test]
async fn a_claim_repeats_the_answer_of_who_was_first() {
    let test = TestLedger::new().await.unwrap();
    let take = |holder: &str| Commit {
        take: vec![Take {
            base: "idem:ins_1:k".into(),
            slots: None,
            holder: holder.into(),
            expires_at: None,
            note: Some(json!({"answer": "ver_1"})),
        }],
        ..Commit::default()
    };
    assert_eq!(test.ledger.commit(take("a")).await.unwrap().unwrap().claims_taken, ["idem:ins_1:k"]);
    let held = test.ledger.commit(take("b")).await.unwrap().unwrap_err();
    let note = Some(json!({"answer": "ver_1"}));
    assert_eq!(held, Refused::ClaimHeld { key: "idem:ins_1:k".into(), holder: "a".into(), note });
    let swap = Commit { release: vec![Release::All { base: "idem:ins_1:k".into() }], ..take("c") };
    test.ledger.commit(swap).await.unwrap().unwrap();
    assert_eq!(test.ledger.claims("idem:ins_1:k").await.unwrap()[0].holder, "c");
}

#[tokio::test]
async fn people_are_found_by_hmac_until_they_are_destroyed() {
    let test = with_person().await;
    let ledger = &test.ledger;
    let value = ledger.index_value("card", b"9001011234567").await.unwrap();
    assert_eq!(ledger.index_value("card", b"9001011234567").await.unwrap(), value);
    assert_ne!(ledger.index_value("phone", b"9001011234567").await.unwrap(), value);
    assert!(ledger.index_matches("card", b"9001011234567", &value).await.unwrap());
    assert!(!ledger.index_matches("card", b"9001011234568", &value).await.unwrap());
    assert!(!ledger.index_matches("phone", b"9001011234567", &value).await.unwrap());
    let row = IndexRow {
        purpose: "card".into(),
        value: value.clone(),
        subject: "sub_1".into(),
        class: RetentionClass::Identity,
        case: "ver_1".into(),
        institution: Some(INS.into()),
    };
    ledger.commit(Commit { index: vec![row.clone()], ..Commit::default() }).await.unwrap().unwrap();
    assert_eq!(ledger.rotate_index_key("card").await.unwrap(), 2);
    let values = ledger.index_values("card", b"9001011234567").await.unwrap();
    assert_eq!((values.len(), values[0].key_version, &values[1]), (2, 2, &value));
    assert_eq!(ledger.find("card", &values).await.unwrap(), std::slice::from_ref(&row));

    ledger.destroy("sub_1", Some("ins_other"), &[RetentionClass::Identity], "test").await.unwrap();
    assert_eq!(ledger.find("card", &values).await.unwrap().len(), 1);
    ledger.destroy("sub_1", Some(INS), &[RetentionClass::Identity], "test").await.unwrap();
    assert!(ledger.find("card", &values).await.unwrap().is_empty());
    let late = ledger.commit(Commit { index: vec![row], ..Commit::default() }).await.unwrap();
    assert_eq!(late, Err(Refused::Destroyed { subject: "sub_1".into() }));
}

#[tokio::test]
async fn a_blob_lasts_opens_and_goes() {
    let test = with_person().await;
    let bytes = vec![7u8; 100_000];
    let put = |id: &'static str| {
        test.ledger.put_blob(id, "ver_1", "sub_1", Some(INS), RetentionClass::Picture, bytes.clone())
    };
    let blob = put("blb_1").await.unwrap().unwrap();
    assert_eq!(blob.len, 100_000);
    let opened = test.ledger.open_blob(&blob, access(1)).await.unwrap().unwrap();
    assert_eq!(*opened.value().unwrap(), bytes);
    let orphan = put("blb_2").await.unwrap().unwrap();
    test.clock.advance(Duration::from_secs(7200));
    let young = put("blb_3").await.unwrap().unwrap();
    let mut naming = entry(&test, "evt_2", &[]);
    naming.clear.insert("pictures".into(), json!([{"blob": blob.id, "sha256": blob.sha256}]));
    test.ledger.commit(one(write("ver_1", 1, vec![naming]))).await.unwrap().unwrap();
    let hour = Duration::from_secs(3600);
    let swept = test.ledger.sweep_orphans(hour, Some(hour * 2 - hour / 60)).await.unwrap();
    assert_eq!((swept.blobs, swept.keys), (0, 0), "older than this sweep looks at");
    let swept = test.ledger.sweep_orphans(hour, Some(hour * 2)).await.unwrap();
    assert_eq!((swept.blobs, swept.keys), (1, 0));
    test.ledger.open_blob(&blob, access(6)).await.unwrap().unwrap();
    assert!(test.ledger.open_blob(&orphan, access(2)).await.is_err());
    test.ledger.destroy("sub_1", Some(INS), &[RetentionClass::Picture], "test").await.unwrap();
    for (n, blob) in [(3, &blob), (4, &young)] {
        assert_eq!(test.ledger.open_blob(blob, access(n)).await.unwrap().unwrap(), Opened::Destroyed);
    }
    assert_eq!(put("blb_4").await.unwrap(), Err(Refused::Destroyed { subject: "sub_1".into() }));
    let name = Opened::Value(json!("19900101"));
    assert_eq!(
        test.ledger.open_fields("evt_1", &["birth"], access(5)).await.unwrap().unwrap()["birth"],
        name
    );
    for bad in ["../x", "", "a/b", "a.b"] {
        let put =
            test.ledger.put_blob(bad, "ver_1", "sub_1", Some(INS), RetentionClass::Identity, vec![]).await;
        assert!(matches!(put, Err(Fault::Invalid(_))), "{bad}");
    }
}

#[tokio::test]
async fn keys_that_no_case_ever_used_are_forgotten() {
    let test = with_person().await;
    test.ledger.open_subject("sub_lost", Some(INS), &RetentionClass::ALL).await.unwrap().unwrap();
    let sweep = || test.ledger.sweep_orphans(Duration::from_secs(3600), None);
    assert_eq!(sweep().await.unwrap().keys, 0, "too young");
    test.clock.advance(Duration::from_secs(3601));
    assert_eq!(sweep().await.unwrap().keys, 5);
    let sealed = [("name", "sub_lost", json!("x"))];
    let late = test.ledger.commit(one(write("ver_2", 0, vec![entry(&test, "evt_2", &sealed)]))).await;
    assert!(matches!(late, Err(Fault::KeyMissing)));
    test.ledger.open_subject("sub_lost", Some(INS), &RetentionClass::ALL).await.unwrap().unwrap();
    test.ledger.commit(one(write("ver_2", 0, vec![entry(&test, "evt_2", &sealed)]))).await.unwrap().unwrap();
    test.ledger.open_fields("evt_1", &["name"], access(1)).await.unwrap().unwrap();
}

#[tokio::test]
async fn all_is_there_after_a_restart_and_only_one_process_may_open() {
    let test = with_person().await;
    let second = open_at(test.dir.path(), Arc::new(Default::default()), 9).await;
    assert!(matches!(second, Err(Fault::Locked)));
    let index = test.ledger.index_value("card", b"1").await.unwrap();
    let test = test.reopen().await.unwrap();
    assert_eq!(test.ledger.index_value("card", b"1").await.unwrap(), index);
    let fields = test.ledger.open_fields("evt_1", &["birth"], access(1)).await.unwrap().unwrap();
    assert_eq!(fields["birth"], Opened::Value(json!("19900101")));
    let top = test.dir.path().join("top.key");
    let TestLedger { ledger, clock, dir } = test;
    drop(ledger);
    std::fs::remove_file(&top).unwrap();
    assert!(matches!(open_at(dir.path(), clock, 5).await, Err(Fault::WrongTopKey)));
}

#[tokio::test]
async fn what_breaks_the_contract_changes_nothing() {
    let test = with_person().await;
    let check = async |commit: Commit| {
        assert!(test.ledger.commit(commit).await.is_err());
        assert_eq!(test.ledger.case("ver_1").await.unwrap().unwrap().version, 1);
    };
    let fresh = || entry(&test, "evt_9", &[]);
    let with = |change: fn(&mut Entry)| {
        let mut entry = fresh();
        change(&mut entry);
        one(write("ver_1", 1, vec![entry]))
    };
    check(with(|entry| drop(entry.clear.insert("x".into(), json!(1.5))))).await;
    check(with(|entry| drop(entry.clear.insert("x".into(), json!(1_u64 << 53))))).await;
    check(with(|entry| entry.id = "evt_1".into())).await;
    check(with(|entry| entry.kind = String::new())).await;
    check(with(|entry| entry.institution = Some("a\nb".into()))).await;
    let same = [("step", "sub_1", json!(1))];
    check(one(write("ver_1", 1, vec![entry(&test, "evt_9", &same)]))).await;
    check(Commit {
        writes: vec![write("ver_1", 1, vec![fresh()]), write("ver_1", 2, vec![])],
        ..Commit::default()
    })
    .await;
    let mut deep = json!(1);
    for _ in 0..120 {
        deep = json!([deep]);
    }
    let mut view = write("ver_1", 1, vec![fresh()]);
    view.view.as_mut().unwrap().state = deep.clone();
    check(one(view)).await;
    let mut clear = fresh();
    clear.clear.insert("deep".into(), deep);
    check(one(write("ver_1", 1, vec![clear]))).await;
}
