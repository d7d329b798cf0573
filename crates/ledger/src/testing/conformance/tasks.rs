//! Tasks: due times, leases, fencing.

use super::*;
use crate::commit::{LeasedTask, Refused};
use crate::query::TaskQuery;
use crate::store::{LeaseRequest, Settle};

fn request(worker: &str, now: i64, until: i64) -> LeaseRequest {
    LeaseRequest {
        kinds: vec!["send".into()],
        limit: 10,
        worker: worker.into(),
        now: at(now),
        until: at(until),
    }
}

pub(super) async fn lease(store: &Shared, worker: &str, now: i64, until: i64) -> Vec<LeasedTask> {
    store.lease(request(worker, now, until)).await.unwrap()
}

fn ids(leased: &[LeasedTask]) -> Vec<&str> {
    leased.iter().map(|task| task.id.as_str()).collect()
}

pub(super) async fn with_tasks(store: &Shared, tasks: Vec<TaskRow>) {
    accepted(store, CommitRows { tasks, ..nothing() }).await;
}

/// Tasks wait for their time and their kind, and are handed out the longest due first.
pub async fn only_due_tasks_are_leased(store: Shared) {
    let other = TaskRow { kind: "other".into(), ..task("t0", at(0)) };
    with_tasks(&store, vec![task("t3", at(30)), task("t1", at(10)), task("t2", at(5)), other]).await;
    assert_eq!(store.next_due(&["send".into()]).await.unwrap(), Some(at(5)));
    assert_eq!(store.next_due(&["send".into(), "other".into()]).await.unwrap(), Some(at(0)));
    assert_eq!(store.next_due(&["unknown".into()]).await.unwrap(), None);
    assert_eq!(ids(&lease(&store, "w", 4, 99).await), [""; 0]);
    let one = LeaseRequest { limit: 1, ..request("w", 29, 99) };
    assert_eq!(ids(&store.lease(one).await.unwrap()), ["t2"]);
    let rest = lease(&store, "w", 29, 99).await;
    assert_eq!(ids(&rest), ["t1"]);
    assert_eq!((rest[0].attempt, rest[0].lease_epoch, rest[0].lease_until), (1, 1, at(99)));
    assert_eq!(rest[0].run_at, at(10));
    assert_eq!((rest[0].effect, &rest[0].payload), (Effect::Queryable, &serde_json::json!({"to": 1})));
    assert_eq!(store.next_due(&["send".into()]).await.unwrap(), Some(at(30)));
    assert!(store.commit(CommitRows { tasks: vec![task("t1", at(0))], ..nothing() }).await.is_err());
}

/// A lease that ran out may be taken over; then the epoch fences every late word of the first worker.
/// One that ran out and was not taken over still counts.
pub async fn a_task_is_taken_over_and_the_slow_worker_is_fenced(store: Shared) {
    with_tasks(&store, vec![task("t", at(0)), task("u", at(0))]).await;
    assert_eq!(lease(&store, "w1", 0, 10).await.len(), 2);
    assert_eq!(lease(&store, "w2", 9, 50).await, []);
    let done = |task: &str, epoch| CommitRows { done: vec![(task.into(), epoch)], ..nothing() };
    accepted(&store, CommitRows { now: at(40), ..done("u", 1) }).await;
    let second = lease(&store, "w2", 10, 50).await;
    assert_eq!((ids(&second), second[0].attempt, second[0].lease_epoch), (vec!["t"], 2, 2));
    assert_eq!(second[0].run_at, at(0), "its own time, not the lease's");

    let fenced = Refused::Fenced { task: "t".into() };
    for word in [Settle::Postpone(at(0)), Settle::Extend(at(99)), Settle::Dead("x".into())] {
        assert_eq!(store.settle("t", 1, word.clone()).await.unwrap(), Err(fenced.clone()), "{word:?}");
        assert_eq!(store.settle("t", 3, word).await.unwrap(), Err(fenced.clone()));
    }
    let late = CommitRows { writes: vec![write("a", 0, 1)], ..done("t", 1) };
    assert_eq!(refused(&store, late).await, fenced);
    assert_eq!(version(&store, "a").await, 0);

    store.settle("t", 2, Settle::Extend(at(70))).await.unwrap().unwrap();
    store.settle("t", 2, Settle::Extend(at(60))).await.unwrap().unwrap();
    assert_eq!(store.next_due(&["send".into()]).await.unwrap(), Some(at(70)), "an extension never shortens");
    store.settle("t", 2, Settle::Postpone(at(80))).await.unwrap().unwrap();
    assert_eq!(refused(&store, done("t", 2)).await, fenced, "given back");
    assert_eq!(lease(&store, "w3", 79, 90).await, []);
    let third = lease(&store, "w3", 80, 90).await;
    assert_eq!((third[0].attempt, third[0].lease_epoch), (3, 3));
    accepted(&store, done("t", 3)).await;
    assert_eq!(refused(&store, done("t", 3)).await, fenced, "done is done");
    assert_eq!(store.next_due(&["send".into()]).await.unwrap(), None);
}

/// Four workers ask at once; each task is handed to one of them.
pub async fn four_workers_never_share_a_task(store: Shared) {
    with_tasks(&store, (0..100).map(|n| task(&format!("t{n:03}"), at(0))).collect()).await;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let store = store.clone();
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leased = lease(&store, &format!("w{worker}"), 0, 10).await;
                if leased.is_empty() {
                    return mine;
                }
                mine.extend(leased.into_iter().map(|task| task.id));
            }
        });
    }
    let mut all: Vec<String> = workers.join_all().await.concat();
    all.sort();
    assert_eq!(all, (0..100).map(|n| format!("t{n:03}")).collect::<Vec<_>>());
}

/// A parked task is seen, never leased, and waits again when somebody says so.
pub async fn dead_tasks_wait_for_people(store: Shared) {
    with_tasks(&store, vec![task("t", at(0)), task("u", at(0))]).await;
    assert!(!store.revive("t", at(0)).await.unwrap(), "not dead");
    lease(&store, "w", 0, 10).await;
    store.settle("t", 1, Settle::Dead("unknown_answer".into())).await.unwrap().unwrap();
    let dead = store.tasks(TaskQuery::Dead { after: None, limit: 9 }).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].task.id.as_str(), dead[0].dead.as_deref()), ("t", Some("unknown_answer")));
    let of_case = store.tasks(TaskQuery::Case("a".into())).await.unwrap();
    assert_eq!(of_case[1].leased, Some(("w".into(), at(10))));
    assert_eq!(ids(&lease(&store, "w", 99, 100).await), ["u"]);
    assert!(store.revive("t", at(100)).await.unwrap());
    let again = lease(&store, "w", 200, 300).await;
    assert_eq!(
        again.iter().find(|task| task.id == "t").map(|task| (task.attempt, task.lease_epoch)),
        Some((2, 2))
    );
}
