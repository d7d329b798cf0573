//! One store and several nodes: processes with connections of their own that know nothing of each other. What
//! holds between the callers of one node holds between nodes.

use std::time::Duration;

use super::numbers::{check_numbers, pending};
use super::people::{destruction, mark, row, rows, sealed_for, value};
use super::tasks::{lease, with_tasks};
use super::*;
use crate::commit::{Refused, Release};
use crate::entry::RetentionClass;
use crate::query::EntryQuery;

/// Far beyond what any machine needs; only a deadlock reaches it.
const NEVER: Duration = Duration::from_secs(120);

/// Four nodes write two old cases and a new one at a time, in any order, with claims over them in any order.
/// Every node gets through all of its rounds, and each commit stands in all of its cases or in none.
pub async fn four_nodes_overlap_and_finish(nodes: Nodes) {
    const ROUNDS: u64 = 25;
    let store = nodes[0].clone();
    let mut writers = tokio::task::JoinSet::new();
    for (node, store) in (0u64..).zip(nodes) {
        writers.spawn(async move {
            let mut dice = Dice(node + 1);
            for round in 0..ROUNDS {
                let first = dice.roll(4);
                let second = (first + 1 + dice.roll(3)) % 4;
                one_round(&store, &format!("n{node}r{round}"), [first, second]).await;
            }
        });
    }
    let all = tokio::time::timeout(NEVER, writers.join_all()).await;
    assert!(all.is_ok(), "the nodes wait for each other");
    let mut marks: Vec<String> = Vec::new();
    for case in 0..4 {
        let case = format!("case_{case}");
        let query = EntryQuery::Case { case: case.clone(), after: 0, limit: 10_000 };
        let entries = store.entries(query).await.unwrap();
        let versions: Vec<u64> = entries.iter().map(|entry| entry.version).collect();
        assert_eq!(versions, (1..=version(&store, &case).await).collect::<Vec<_>>());
        marks.extend(entries.into_iter().map(|entry| entry.kind));
        assert!(store.claims(&format!("lock_{case}"), at(0)).await.unwrap().is_empty());
    }
    marks.sort();
    assert_eq!(marks.len() as u64, 2 * 4 * ROUNDS);
    assert!(marks.chunks(2).all(|pair| pair[0] == pair[1]), "half a commit");
}

async fn one_round(store: &Shared, mark: &str, cases: [u64; 2]) {
    let cases = cases.map(|case| format!("case_{case}"));
    let locks = [1, 0].map(|at| take(&format!("lock_{}", cases[at]), Some(2), mark, None));
    let turn = take("turn", None, mark, None);
    loop {
        let mut all = vec![write(&format!("new_{mark}"), 0, 1)];
        for case in &cases {
            let mut one = write(case, version(store, case).await, 1);
            one.entries[0].id = format!("evt_{mark}_{case}");
            one.entries[0].kind = mark.to_owned();
            all.push(one);
        }
        let taken = locks.iter().cloned().chain([turn.clone()]).collect();
        if store.commit(CommitRows { take: taken, ..writes(all) }).await.unwrap().is_ok() {
            break;
        }
        assert_eq!(version(store, &format!("new_{mark}")).await, 0, "a part of a refused commit");
        tokio::task::yield_now().await;
    }
    let release = |base: &str| Release::Holder { base: base.to_owned(), holder: mark.to_owned() };
    let release = locks.iter().map(|lock| release(&lock.base)).chain([release("turn")]).collect();
    accepted(store, CommitRows { release, ..nothing() }).await;
}

/// All nodes make the same new case at once: one does, the others are told its version.
pub async fn a_new_case_is_made_by_one_node(nodes: Nodes) {
    for round in 0..10 {
        let case = format!("c{round}");
        let mut racing = tokio::task::JoinSet::new();
        for (node, store) in (0..).zip(nodes.clone()) {
            let mut one = write(&case, 0, 1);
            one.entries[0].id = format!("evt_{round}_{node}");
            let own = write(&format!("own_{round}_{node}"), 0, 1);
            racing.spawn(async move {
                assert!(store.commit(writes(vec![own])).await.unwrap().is_ok());
                store.commit(writes(vec![one])).await.unwrap()
            });
        }
        let outcomes = racing.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let stale = Err(Refused::Stale { case: case.clone(), actual_version: 1 });
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == stale).count(), 3);
        assert_eq!(version(&nodes[3], &case).await, 1);
    }
}

/// All nodes take the same claim at once, when it is new, when it was released, and when it has run out.
pub async fn a_free_claim_goes_to_one_node(nodes: Nodes) {
    for round in 0..9 {
        let mut racing = tokio::task::JoinSet::new();
        for (node, store) in (0..).zip(nodes.clone()) {
            let holder = format!("h{round}_{node}");
            let until = if round % 3 == 1 { Some(at(round + 1)) } else { None };
            let rows =
                CommitRows { now: at(round), take: vec![take("c", None, &holder, until)], ..nothing() };
            racing.spawn(async move { store.commit(rows).await.unwrap().is_ok().then_some(holder) });
        }
        let winners: Vec<String> = racing.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let held = nodes[1].claims("c", at(round)).await.unwrap();
        assert_eq!(held[0].holder, winners[0]);
        if round % 3 != 1 {
            accepted(&nodes[2], CommitRows { release: vec![Release::All { base: "c".into() }], ..nothing() })
                .await;
        }
    }
}

/// Slots are counted over all nodes, also while some are given back.
pub async fn slots_are_shared_by_nodes(nodes: Nodes) {
    const SLOTS: u32 = 3;
    let mut racing = tokio::task::JoinSet::new();
    for (node, store) in (0..).zip(nodes.clone()) {
        racing.spawn(async move {
            let mut had = 0;
            for round in 0..30 {
                let holder = format!("h{node}_{round}");
                let taking = CommitRows { take: vec![take("s", Some(SLOTS), &holder, None)], ..nothing() };
                match store.commit(taking).await.unwrap() {
                    Ok(_) => had += 1,
                    Err(refused) => assert_eq!(refused, Refused::SlotsFull { base: "s".into() }),
                }
                let held = store.claims("s", at(0)).await.unwrap();
                assert!(held.len() <= SLOTS as usize, "{held:?}");
                let release = vec![Release::Holder { base: "s".into(), holder }];
                accepted(&store, CommitRows { release, ..nothing() }).await;
            }
            had
        });
    }
    let had: Vec<u32> = racing.join_all().await;
    assert!(had.iter().all(|had| *had > 0), "somebody never got a slot: {had:?}");
    assert!(nodes[0].claims("s", at(0)).await.unwrap().is_empty());
}

/// Workers on four nodes ask at once; each task is handed to one of them.
pub async fn no_task_is_shared_by_nodes(nodes: Nodes) {
    with_tasks(&nodes[0], (0..100).map(|n| task(&format!("t{n:03}"), at(0))).collect()).await;
    let mut workers = tokio::task::JoinSet::new();
    for store in nodes {
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leased = lease(&store, "w", 0, 10).await;
                if leased.is_empty() {
                    return mine;
                }
                for task in leased {
                    let done = CommitRows { done: vec![(task.id.clone(), task.lease_epoch)], ..nothing() };
                    accepted(&store, done).await;
                    mine.push(task.id);
                }
            }
        });
    }
    let mut all: Vec<String> = workers.join_all().await.concat();
    all.sort();
    assert_eq!(all, (0..100).map(|n| format!("t{n:03}")).collect::<Vec<_>>());
}

/// Every node writes and numbers at once.
pub async fn sequencers_on_four_nodes_leave_no_gap(nodes: Nodes) {
    const EACH: u64 = 25;
    let store = nodes[0].clone();
    let mut all = tokio::task::JoinSet::new();
    for (node, store) in (0..).zip(nodes) {
        let writer = store.clone();
        all.spawn(async move {
            for version in 0..EACH {
                accepted(&writer, writes(vec![write(&format!("w{node}"), version, 1)])).await;
            }
        });
        all.spawn(async move {
            loop {
                let head = store.head(Stream::Main).await.unwrap();
                if head == 4 * EACH {
                    return;
                }
                let entries = pending(&store, Stream::Main, 7).await;
                let _ = store.number(Stream::Main, head, entries, vec![]).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    assert!(tokio::time::timeout(NEVER, all.join_all()).await.is_ok());
    check_numbers(&store, 4 * EACH).await;
}

/// While three nodes write for a subject the fourth destroys its data: whatever was written before is gone from
/// the index, and whatever comes after is refused on every node.
pub async fn a_destruction_is_seen_by_every_node(nodes: Nodes) {
    use RetentionClass::Identity;
    for round in 0..8u64 {
        let subject = format!("s{round}");
        let mut writers = tokio::task::JoinSet::new();
        for (node, store) in (0..).zip(nodes[..3].to_vec()) {
            let subject = subject.clone();
            writers.spawn(async move {
                for n in 0.. {
                    let case = format!("c{round}_{node}_{n}");
                    let mut both = rows(vec![row(&subject, Identity, Some("ins_1"), &case)]);
                    both.writes = vec![sealed_for(&subject, &case, Identity)];
                    match store.commit(both).await.unwrap() {
                        Ok(_) => {}
                        Err(refused) => {
                            assert_eq!(refused, Refused::Destroyed { subject });
                            return;
                        }
                    }
                }
            });
        }
        let mut gone = destruction(None, &[Identity]);
        gone.subject = subject;
        nodes[3].destroy(gone, mark(round + 1)).await.unwrap();
        let all = tokio::time::timeout(NEVER, writers.join_all()).await;
        assert!(all.is_ok(), "a node still writes for the destroyed");
        assert!(nodes[0].find("card", &[value(1)]).await.unwrap().is_empty());
    }
}
