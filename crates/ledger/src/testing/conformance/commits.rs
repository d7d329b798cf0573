//! Commits: atomic over several cases, optimistic, and never in each other's way for ever.

use std::time::Duration;

use super::*;
use crate::commit::Refused;
use crate::entry::{RetentionClass, SealedRow};
use crate::query::{CaseQuery, Cursor, EntryQuery, ListQuery, Owner, TaskQuery};

async fn of_case(store: &Shared, case: &str) -> Vec<EntryRow> {
    store.entries(EntryQuery::Case { case: case.into(), after: 0, limit: 10_000 }).await.unwrap()
}

/// Whatever part of a commit does not hold, no part of it happens.
pub async fn a_commit_is_all_or_nothing(store: Shared) {
    accepted(&store, writes(vec![write("b", 0, 2)])).await;
    let full = |b: WriteRows| CommitRows {
        take: vec![take("c", None, "h", None)],
        tasks: vec![task("t", at(0))],
        ..writes(vec![write("a", 0, 1), b])
    };
    let stale = refused(&store, full(write("b", 1, 1))).await;
    assert_eq!(stale, Refused::Stale { case: "b".into(), actual_version: 2 });
    let mut twice = write("b", 2, 1);
    twice.entries[0].id = "evt_b_1".into();
    assert!(store.commit(full(twice)).await.is_err(), "an entry id that is there already is a fault");
    let same = writes(vec![write("a", 0, 1), write("a", 1, 1)]);
    assert!(store.commit(same).await.is_err(), "the same case twice is a fault");

    assert_eq!(store.case("a").await.unwrap(), None);
    assert_eq!(version(&store, "b").await, 2);
    assert!(store.claims("c", at(0)).await.unwrap().is_empty());
    assert!(store.tasks(TaskQuery::All { after: None, limit: 9 }).await.unwrap().is_empty());
    assert_eq!(store.entries(EntryQuery::Pending { stream: Stream::Main, limit: 9 }).await.unwrap().len(), 2);

    assert_eq!(accepted(&store, full(write("b", 2, 1))).await, ["c"]);
    assert_eq!((version(&store, "a").await, version(&store, "b").await), (1, 3));
    let view = store.case("b").await.unwrap().unwrap().view.unwrap();
    assert_eq!(view.state, serde_json::json!({"version": 3}));
}

/// A case keeps the kind that it began with.
pub async fn a_case_has_one_kind(store: Shared) {
    accepted(&store, writes(vec![write("a", 0, 1)])).await;
    let other = WriteRows { case_kind: "person".into(), ..write("a", 1, 1) };
    assert_eq!(
        refused(&store, writes(vec![other])).await,
        Refused::Stale { case: "a".into(), actual_version: 1 }
    );
}

/// Where several reasons hold, every store gives the same one.
pub async fn refusals_come_in_their_order(store: Shared) {
    accepted(&store, CommitRows { take: vec![take("c", None, "h", None)], ..nothing() }).await;
    let claim = CommitRows { take: vec![take("c", None, "i", None)], ..nothing() };
    assert_eq!(refused(&store, claim.clone()).await.code(), "claim_held");
    let fenced = CommitRows { done: vec![("t".into(), 1)], ..claim.clone() };
    assert_eq!(refused(&store, fenced.clone()).await, Refused::Fenced { task: "t".into() });
    let stale = CommitRows { writes: vec![write("a", 1, 1), write("b", 2, 1)], ..fenced };
    assert_eq!(refused(&store, stale).await, Refused::Stale { case: "a".into(), actual_version: 0 });
}

/// A write without entries checks the version and changes nothing.
pub async fn a_write_without_entries_only_checks(store: Shared) {
    accepted(&store, writes(vec![write("a", 0, 1)])).await;
    accepted(&store, writes(vec![write("a", 1, 0), write("new", 0, 0)])).await;
    assert_eq!(version(&store, "a").await, 1);
    assert_eq!(store.case("new").await.unwrap(), None);
    assert_eq!(refused(&store, writes(vec![write("a", 0, 0)])).await.code(), "stale");
}

/// Many decide upon the same version: one wins, the others are told, and nobody else is hurt.
pub async fn one_of_many_wins_and_fails_no_other(store: Shared) {
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..40u64 {
        let store = store.clone();
        racing.spawn(async move {
            let mut contested = write("a", 0, 1);
            contested.entries[0].id = format!("evt_contested_{n}");
            let contested = store.commit(writes(vec![contested])).await.unwrap().is_ok();
            let own = store.commit(writes(vec![write(&format!("own_{n}"), 0, 1)])).await.unwrap().is_ok();
            (contested, own)
        });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|(contested, _)| *contested).count(), 1);
    assert!(outcomes.iter().all(|(_, own)| *own));
    assert_eq!(of_case(&store, "a").await.len(), 1);
}

/// Four writers write two cases at a time, in any order, with claims over both: all finish, and each
/// commit stands in both of its cases or in none.
pub async fn four_overlapping_writers_finish(store: Shared) {
    const ROUNDS: u64 = 60;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4u64 {
        let store = store.clone();
        writers.spawn(async move {
            let mut dice = Dice(writer + 1);
            for round in 0..ROUNDS {
                let first = dice.roll(5);
                let second = (first + 1 + dice.roll(4)) % 5;
                let mark = format!("w{writer}r{round}");
                loop {
                    let mut both = Vec::new();
                    for case in [format!("case_{first}"), format!("case_{second}")] {
                        let mut one = write(&case, version(&store, &case).await, 1);
                        one.entries[0].id = format!("evt_{mark}_{case}");
                        one.entries[0].kind = mark.clone();
                        both.push(one);
                    }
                    let lock = |case: u64| take(&format!("lock_{case}"), None, &mark, None);
                    let rows = CommitRows { take: vec![lock(second), lock(first)], ..writes(both) };
                    if store.commit(rows).await.unwrap().is_ok() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                let release = |case: u64| crate::commit::Release::Holder {
                    base: format!("lock_{case}"),
                    holder: mark.clone(),
                };
                accepted(&store, CommitRows { release: vec![release(first), release(second)], ..nothing() })
                    .await;
            }
        });
    }
    // Far beyond what any machine needs; only a deadlock reaches it.
    let all = tokio::time::timeout(Duration::from_secs(120), writers.join_all()).await;
    assert!(all.is_ok(), "the writers wait for each other");
    let mut marks: Vec<String> = Vec::new();
    for case in 0..5 {
        let case = format!("case_{case}");
        let entries = of_case(&store, &case).await;
        let versions: Vec<u64> = entries.iter().map(|entry| entry.version).collect();
        assert_eq!(versions, (1..=version(&store, &case).await).collect::<Vec<_>>());
        marks.extend(entries.into_iter().map(|entry| entry.kind));
    }
    marks.sort();
    assert_eq!(marks.len() as u64, 2 * 4 * ROUNDS);
    assert!(marks.chunks(2).all(|pair| pair[0] == pair[1]), "half a commit");
}

/// Nothing, eight megabytes, and every script come back as they went.
pub async fn values_of_every_size_come_back(store: Shared) {
    let text = "\u{0} \u{1f600} 홍길동 \u{1112}\u{1169} e\u{301} \u{10ffff} \u{fffd} '; --";
    let sealed = |name: &str, bytes: Vec<u8>| SealedRow {
        name: name.into(),
        subject: format!("sub {text}").replace('\0', ""),
        class: RetentionClass::Biometric,
        key_id: "dk_1".into(),
        sealed: bytes,
    };
    let mut large = entry("큰 것", 1);
    large.clear = serde_json::json!({"text": text, "large": "가".repeat(1 << 20)}).to_string();
    large.sealed = vec![sealed("a", (0..8u32 << 20).map(|n| (n % 251) as u8).collect()), sealed("é", vec![])];
    large.institution = None;
    large.stream = Stream::Access;
    large.time = at(-5_000_000_000) + Duration::from_millis(123);
    let mut small = entry("큰 것", 2);
    small.clear = "{}".into();
    (small.clear_salts, small.commitments) = (vec![], vec![]);
    let mut both = write("큰 것", 0, 2);
    both.entries = vec![large.clone(), small.clone()];
    both.view.as_mut().unwrap().state = serde_json::json!({"text": text}).to_string();
    accepted(&store, writes(vec![both])).await;
    assert_eq!(of_case(&store, "큰 것").await, [large.clone(), small.clone()]);
    let by_id = EntryQuery::Ids(vec![small.id.clone(), "nowhere".into(), large.id.clone()]);
    assert_eq!(store.entries(by_id).await.unwrap(), [small, large]);
    let view = store.case("큰 것").await.unwrap().unwrap().view.unwrap();
    assert_eq!(view.state, serde_json::json!({"text": text}));
}

/// Entries of several cases come by case and version, and no more than were asked for.
pub async fn entries_of_several_cases_come_by_case(store: Shared) {
    accepted(&store, writes(vec![write("b", 0, 2), write("a", 0, 3), write("c", 0, 1)])).await;
    let of = async |cases: &[&str], limit| {
        let cases = cases.iter().map(|case| (*case).to_owned()).collect();
        let rows = store.entries(EntryQuery::Cases { cases, limit }).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&["b", "a", "nowhere", "b"], 9).await,
        ["evt_a_1", "evt_a_2", "evt_a_3", "evt_b_1", "evt_b_2"]
    );
    assert_eq!(of(&["c", "a"], 2).await, ["evt_a_1", "evt_a_2"]);
    assert_eq!(of(&["c", "a"], 4).await, ["evt_a_1", "evt_a_2", "evt_a_3", "evt_c_1"]);
    assert_eq!(of(&[], 9).await, [""; 0]);
}

/// Lists go from the newest to the oldest and on from the cursor; ids decide where times are the same.
pub async fn lists_are_newest_first(store: Shared) {
    for n in 0..6 {
        let mut rows = writes(vec![write(&format!("c{n}"), 0, 1)]);
        rows.now = at(n / 2);
        rows.writes[0].view.as_mut().unwrap().status = if n == 3 { "done" } else { "open" }.into();
        accepted(&store, rows).await;
    }
    let mut hidden = write("none", 0, 1);
    hidden.view = None;
    accepted(&store, writes(vec![hidden])).await;
    let list = async |change: &dyn Fn(&mut ListQuery)| {
        let mut query = ListQuery::new("verification", Owner::Institution("ins_1".into()), 4);
        change(&mut query);
        let cases = store.cases(CaseQuery::List(query)).await.unwrap();
        cases.into_iter().map(|case| case.id).collect::<Vec<_>>()
    };
    assert_eq!(list(&|_| ()).await, ["c5", "c4", "c3", "c2"]);
    let cursor = Cursor { created_ms: at(1).as_millisecond(), case: "c3".into() };
    assert_eq!(list(&|query| query.after = Some(cursor.clone())).await, ["c2", "c1", "c0"]);
    assert_eq!(list(&|query| query.status = Some("done".into())).await, ["c3"]);
    assert_eq!(list(&|query| query.created_before = Some(at(1))).await, ["c1", "c0"]);
    assert_eq!(list(&|query| query.created_from = Some(at(2))).await, ["c5", "c4"]);
    assert!(list(&|query| query.owner = Owner::Nobody).await.is_empty());
    let scan = store.cases(CaseQuery::Scan { after: Some("c4".into()), limit: 9 }).await.unwrap();
    assert_eq!(scan.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["c5", "none"]);
}
