//! The conformance suite: what every store must do ([`crate::store`]), checked from outside, with rows
//! that hold no secret. Each check takes an empty store. `conformance_tests!` makes one test of each.

#![allow(clippy::unwrap_used, reason = "a check fails by panicking, like the test that it is")]

mod claims;
mod commits;
mod copies;
mod nodes;
mod numbers;
mod people;
mod tasks;

use std::sync::Arc;

use jiff::Timestamp;

pub use claims::*;
pub use commits::*;
pub use copies::*;
pub use nodes::*;
pub use numbers::*;
pub use people::*;
pub use tasks::*;

use crate::commit::{Effect, Refused, Take};
use crate::entry::{EntryRow, Stream};
use crate::leaf::sha256;
use crate::store::{CommitRows, Store, TaskRow, ViewRow, WriteRows};

/// A store under test.
pub type Shared = Arc<dyn Store>;

/// One store, as four nodes see it.
pub type Nodes = [Shared; 4];

/// Makes one test per check of copying. `$make` is an async function that gives two empty places, to copy from and
/// into: `async fn make() -> Option<(Twin, Twin)>`; where there is no server, `None`.
#[macro_export]
macro_rules! copying_tests {
    ($make:path) => {
        $crate::copying_tests!($make;
            a_copy_is_the_same_row_by_row, a_copy_goes_on_where_the_other_stood,
            an_export_is_one_moment, a_destruction_waits_for_no_copy,
            only_an_empty_place_is_filled, what_is_not_finished_is_not_there,
        );
    };
    ($make:path; $($check:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let Some((from, into)) = $make().await else { return };
                $crate::testing::conformance::$check(from, into).await;
            }
        )*
    };
}

/// Makes one test per check. `$make` is an async function that gives an empty store as four nodes see it, and
/// whatever must live as long as the store: `async fn make() -> Option<([Arc<dyn Store>; 4], T)>`. Where one
/// process alone may open a store it is the same one four times; where there is no server, `None`.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests!($make;
            a_commit_is_all_or_nothing, a_case_has_one_kind, refusals_come_in_their_order,
            a_write_without_entries_only_checks, one_of_many_wins_and_fails_no_other,
            four_overlapping_writers_finish, values_of_every_size_come_back,
            entries_of_several_cases_come_by_case, lists_are_newest_first,
            a_claim_is_held_until_it_is_released, slots_are_given_lowest_first, claims_run_out,
            every_claim_is_walked_once,
            slots_are_never_given_twice, a_refused_commit_leaves_claims_as_they_were,
            only_due_tasks_are_leased, a_task_is_taken_over_and_the_slow_worker_is_fenced,
            four_workers_never_share_a_task, dead_tasks_wait_for_people,
            numbers_are_contiguous_and_keep_the_order_of_a_case, numbered_entries_of_one_institution,
            numbering_is_refused_whole,
            sequencers_and_writers_race_without_gaps, numbers_have_no_gap_when_calls_fail,
            people_are_found_until_destroyed, following_the_journal_twice_is_following_it_once,
            nothing_is_written_for_the_destroyed,
        );
        $crate::conformance_tests!($make; nodes
            four_nodes_overlap_and_finish, a_new_case_is_made_by_one_node, a_free_claim_goes_to_one_node,
            slots_are_shared_by_nodes, no_task_is_shared_by_nodes, sequencers_on_four_nodes_leave_no_gap,
            a_destruction_is_seen_by_every_node,
        );
    };
    ($make:path; nodes $($check:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let Some((nodes, _keep)) = $make().await else { return };
                $crate::testing::conformance::$check(nodes).await;
            }
        )*
    };
    ($make:path; $($check:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let Some(([store, ..], _keep)) = $make().await else { return };
                $crate::testing::conformance::$check(store).await;
            }
        )*
    };
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn entry(case: &str, version: u64) -> EntryRow {
    EntryRow {
        id: format!("evt_{case}_{version}"),
        case: case.into(),
        version,
        stream: Stream::Main,
        number: None,
        kind: "kind".into(),
        institution: Some("ins_1".into()),
        time: at(0),
        nonce: [1; 16],
        clear: format!("{{\"n\":{version}}}"),
        clear_salts: vec![2; 32],
        sealed: vec![],
        commitments: vec![3; 32],
        leaf: sha256(&[case.as_bytes(), &version.to_be_bytes()]),
    }
}

fn write(case: &str, expected: u64, entries: u64) -> WriteRows {
    let view = ViewRow {
        state: format!("{{\"version\":{}}}", expected + entries),
        status: "open".into(),
        reference: None,
        institution: Some("ins_1".into()),
    };
    WriteRows {
        case: case.into(),
        case_kind: "verification".into(),
        expected_version: expected,
        entries: (expected + 1..=expected + entries).map(|version| entry(case, version)).collect(),
        view: (entries > 0).then_some(view),
    }
}

fn nothing() -> CommitRows {
    CommitRows {
        now: at(0),
        writes: vec![],
        take: vec![],
        release: vec![],
        index: vec![],
        tasks: vec![],
        done: vec![],
    }
}

fn writes(writes: Vec<WriteRows>) -> CommitRows {
    CommitRows { writes, ..nothing() }
}

fn take(base: &str, slots: Option<u32>, holder: &str, expires_at: Option<Timestamp>) -> Take {
    Take { base: base.into(), slots, holder: holder.into(), expires_at, note: None }
}

fn task(id: &str, run_at: Timestamp) -> TaskRow {
    TaskRow {
        id: id.into(),
        case: "a".into(),
        kind: "send".into(),
        effect: Effect::Queryable,
        payload: "{\"to\":1}".into(),
        run_at,
    }
}

async fn accepted(store: &Shared, rows: CommitRows) -> Vec<String> {
    store.commit(rows).await.unwrap().unwrap()
}

async fn refused(store: &Shared, rows: CommitRows) -> Refused {
    store.commit(rows).await.unwrap().unwrap_err()
}

async fn version(store: &Shared, case: &str) -> u64 {
    store.case(case).await.unwrap().map_or(0, |case| case.version)
}

/// Repeatable numbers for the schedules of a check; not random in any other sense.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
