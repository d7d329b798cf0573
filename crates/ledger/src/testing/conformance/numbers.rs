//! Numbering: contiguous, once, and each case in its order.

use super::*;
use crate::commit::NumberingRefused;
use crate::query::{EntryQuery, TaskQuery};
use crate::testing::{Failing, Moment};

pub(super) async fn pending(store: &Shared, stream: Stream, limit: u32) -> Vec<String> {
    let rows = store.entries(EntryQuery::Pending { stream, limit }).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

fn numbered(institution: Option<&str>, after: u64, limit: u32) -> EntryQuery {
    EntryQuery::Numbered { stream: Stream::Main, institution: institution.map(str::to_owned), after, limit }
}

pub(super) async fn check_numbers(store: &Shared, count: u64) {
    let rows = store.entries(numbered(None, 0, 10_000)).await.unwrap();
    let numbers: Vec<u64> = rows.iter().filter_map(|row| row.number).collect();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "contiguous, each once");
    let mut seen = std::collections::HashMap::new();
    for row in rows {
        assert_eq!(
            seen.insert(row.case.clone(), row.version).unwrap_or(0) + 1,
            row.version,
            "out of order in a case"
        );
    }
    assert_eq!(store.head(Stream::Main).await.unwrap(), count);
}

/// Numbers follow the head one by one; streams do not know of each other.
pub async fn numbers_are_contiguous_and_keep_the_order_of_a_case(store: Shared) {
    accepted(&store, writes(vec![write("a", 0, 2), write("b", 0, 1)])).await;
    let mut access = write("x", 0, 1);
    access.entries[0].stream = Stream::Access;
    accepted(&store, writes(vec![access, write("a", 2, 1)])).await;
    assert_eq!(pending(&store, Stream::Access, 9).await, ["evt_x_1"]);
    let waiting = pending(&store, Stream::Main, 9).await;
    assert_eq!(waiting.len(), 4);
    let head = store.number(Stream::Main, 0, waiting[..3].to_vec(), vec![task("hook", at(0))]).await.unwrap();
    assert_eq!(head, Ok(3));
    assert_eq!(store.tasks(TaskQuery::Case("a".into())).await.unwrap().len(), 1);
    let head = store.number(Stream::Main, 3, waiting[3..].to_vec(), vec![]).await.unwrap();
    assert_eq!(head, Ok(4));
    assert!(pending(&store, Stream::Main, 9).await.is_empty());
    assert_eq!(store.head(Stream::Access).await.unwrap(), 0);
    check_numbers(&store, 4).await;
    assert_eq!(store.entries(numbered(None, 2, 1)).await.unwrap()[0].number, Some(3));
}

/// Each institution's entries are read by themselves, in the order of the numbers, which have gaps then.
pub async fn numbered_entries_of_one_institution(store: Shared) {
    for (case, institution) in [("a", Some("ins_1")), ("b", Some("ins_2")), ("c", None), ("d", Some("ins_1"))]
    {
        let mut one = write(case, 0, 1);
        one.entries[0].institution = institution.map(str::to_owned);
        accepted(&store, writes(vec![one])).await;
    }
    let all = pending(&store, Stream::Main, 9).await;
    store.number(Stream::Main, 0, all, vec![]).await.unwrap().unwrap();
    let of = async |institution: &str, after, limit| {
        let rows = store.entries(numbered(Some(institution), after, limit)).await.unwrap();
        rows.iter().map(|row| (row.case.clone(), row.number.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(of("ins_1", 0, 9).await, [("a".to_owned(), 1), ("d".to_owned(), 4)]);
    assert_eq!(of("ins_1", 1, 9).await, [("d".to_owned(), 4)]);
    assert_eq!(of("ins_1", 0, 1).await, [("a".to_owned(), 1)]);
    assert_eq!(of("ins_2", 0, 9).await, [("b".to_owned(), 2)]);
    assert_eq!(of("ins_3", 0, 9).await, []);
}

/// Whatever does not hold, no number is given and no task made.
pub async fn numbering_is_refused_whole(store: Shared) {
    accepted(&store, writes(vec![write("a", 0, 3), write("b", 0, 1)])).await;
    let check = async |head: u64, entries: &[&str], expected: NumberingRefused| {
        let entries = entries.iter().map(|id| (*id).to_owned()).collect();
        let outcome = store.number(Stream::Main, head, entries, vec![task("t", at(0))]).await.unwrap();
        assert_eq!(outcome, Err(expected));
    };
    let not_pending = |id: &str| NumberingRefused::NotPending { entry: id.into() };
    let out_of_order = |id: &str| NumberingRefused::OutOfOrder { entry: id.into() };
    check(1, &["evt_a_1"], NumberingRefused::HeadMoved { head: 0 }).await;
    check(0, &["evt_a_1", "evt_none"], not_pending("evt_none")).await;
    check(0, &["evt_b_1", "evt_b_1"], not_pending("evt_b_1")).await;
    check(0, &["evt_b_1", "evt_a_2"], out_of_order("evt_a_2")).await;
    check(0, &["evt_a_2", "evt_a_1"], out_of_order("evt_a_2")).await;
    check(0, &["evt_a_1", "evt_a_3"], out_of_order("evt_a_3")).await;
    assert_eq!(store.head(Stream::Main).await.unwrap(), 0);
    assert_eq!(pending(&store, Stream::Main, 9).await.len(), 4);
    store.number(Stream::Main, 0, vec!["evt_a_1".into(), "evt_a_2".into()], vec![]).await.unwrap().unwrap();
    check(2, &["evt_a_2"], not_pending("evt_a_2")).await;
    let in_other = store.number(Stream::Access, 0, vec!["evt_b_1".into()], vec![]).await.unwrap();
    assert_eq!(in_other, Err(not_pending("evt_b_1")), "of another stream");
}

/// Two sequencers and three writers at once.
pub async fn sequencers_and_writers_race_without_gaps(store: Shared) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..3 {
        let store = store.clone();
        writers.spawn(async move {
            for version in 0..40 {
                accepted(&store, writes(vec![write(&format!("w{writer}"), version, 1)])).await;
            }
        });
    }
    let mut sequencers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let store = store.clone();
        sequencers.spawn(async move {
            while store.head(Stream::Main).await.unwrap() < 120 {
                let head = store.head(Stream::Main).await.unwrap();
                let entries = pending(&store, Stream::Main, 7).await;
                let _ = store.number(Stream::Main, head, entries, vec![]).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    writers.join_all().await;
    sequencers.join_all().await;
    check_numbers(&store, 120).await;
}

/// Every call of a sequencer fails in turn, before and after its effect; it starts again from what it
/// reads, and the numbers have no gap.
pub async fn numbers_have_no_gap_when_calls_fail(store: Shared) {
    let failing = Failing::new(store.clone());
    let faulty: Shared = failing.clone();
    let mut written = 0;
    for call in 0..6 {
        for moment in [Moment::Before, Moment::After] {
            accepted(&store, writes(vec![write("a", written, 2), write(&format!("b{written}"), 0, 1)])).await;
            written += 2;
            failing.fail_at(Some((call, moment)));
            loop {
                // The same path for normal work and after a fault.
                let step = async {
                    let head = faulty.head(Stream::Main).await?;
                    let rows = faulty.entries(EntryQuery::Pending { stream: Stream::Main, limit: 2 }).await?;
                    let ids: Vec<String> = rows.into_iter().map(|row| row.id).collect();
                    let empty = ids.is_empty();
                    let hook = task(&format!("hook_{}", ids.first().map_or("", String::as_str)), at(0));
                    let hooks = if empty { vec![] } else { vec![hook] };
                    faulty.number(Stream::Main, head, ids, hooks).await?.unwrap();
                    Ok::<bool, crate::error::Fault>(empty)
                };
                if matches!(step.await, Ok(true)) {
                    break;
                }
            }
        }
    }
    check_numbers(&store, written + written / 2).await;
}
