//! What becomes of the commits of a batch: decided in memory, one after the other, over rows that are locked.
//! The outcome is that of running them alone in this order. Refuses to know where rows come from and go to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::claims::{Held, Slots};
use crate::commit::{Refused, Release, Take, claim_key};
use crate::entry::EntryRow;
use crate::error::Fault;
use crate::store::{CommitRows, Destruction, TaskRow, ViewRow, WriteRows, stored_json};

/// Where a case stands.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) version: u64,
    pub(super) position: i64,
}

/// The rows that the commits of a batch depend on. All are locked, or absent.
#[derive(Default)]
pub(super) struct Known {
    pub(super) heads: HashMap<String, Head>,
    /// Leased tasks with their epoch.
    pub(super) leased: HashMap<String, u64>,
    /// What was destroyed, by subject.
    pub(super) destroyed: HashMap<String, Vec<Destruction>>,
    pub(super) claims: HashMap<String, Slots>,
}

/// What is to be written about a case.
pub(super) struct CaseChange<'a> {
    pub(super) kind: &'a str,
    pub(super) version: u64,
    pub(super) position: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) view: Option<&'a ViewRow>,
    /// Whether it was there before this batch.
    pub(super) existed: bool,
}

/// What all that won change together.
#[derive(Default)]
pub(super) struct Changes<'a> {
    pub(super) cases: BTreeMap<&'a str, CaseChange<'a>>,
    /// Cases of which somebody relied on that they are not there.
    pub(super) absent: BTreeSet<&'a str>,
    /// Entries with their position.
    pub(super) entries: Vec<(&'a EntryRow, i64)>,
    pub(super) done: Vec<&'a str>,
    pub(super) tasks: Vec<&'a TaskRow>,
    pub(super) index: Vec<&'a crate::commit::IndexRow>,
    /// Subjects that those who won name.
    pub(super) subjects: HashSet<&'a str>,
}

/// What became of one commit.
pub(super) type Outcome = Result<Result<Vec<String>, Refused>, Fault>;

/// Decides all commits in their order. Afterwards `known.claims` are the claims as they are to be.
pub(super) fn decide<'a>(
    known: &mut Known,
    commits: impl Iterator<Item = &'a CommitRows>,
) -> (Vec<Outcome>, Changes<'a>) {
    let mut changes = Changes::default();
    let outcomes = commits.map(|rows| decide_one(known, &mut changes, rows)).collect();
    (outcomes, changes)
}

fn decide_one<'a>(known: &mut Known, changes: &mut Changes<'a>, rows: &'a CommitRows) -> Outcome {
    if let Some(refused) = refused_early(known, rows) {
        return Ok(Err(refused));
    }
    let mut before = Vec::new();
    let outcome = claim_all(known, rows, &mut before);
    match &outcome {
        Ok(Ok(_)) => apply(known, changes, rows),
        _ => {
            while let Some((base, slots)) = before.pop() {
                known.claims.insert(base, slots);
            }
        }
    }
    outcome
}

fn refused_early(known: &Known, rows: &CommitRows) -> Option<Refused> {
    for write in &rows.writes {
        let (version, same_kind) = match known.heads.get(&write.case) {
            Some(head) => (head.version, head.kind == write.case_kind),
            None => (0, true),
        };
        if version != write.expected_version || !same_kind {
            return Some(Refused::Stale { case: write.case.clone(), actual_version: version });
        }
    }
    for (task, epoch) in &rows.done {
        if known.leased.get(task) != Some(epoch) {
            return Some(Refused::Fenced { task: task.clone() });
        }
    }
    rows.named().find_map(|(subject, institution, class)| {
        let gone = known.destroyed.get(subject)?.iter().any(|gone| gone.covers(institution, class));
        gone.then(|| Refused::Destroyed { subject: subject.to_owned() })
    })
}

fn claim_all(known: &mut Known, rows: &CommitRows, before: &mut Vec<(String, Slots)>) -> Outcome {
    let now = rows.now.as_millisecond();
    for release in &rows.release {
        match release {
            Release::Holder { base, holder } => {
                slots(known, base, before).retain(|_, held| held.holder != *holder);
            }
            Release::All { base } => slots(known, base, before).clear(),
        }
    }
    let mut keys = Vec::with_capacity(rows.take.len());
    for take in &rows.take {
        let slots = slots(known, &take.base, before);
        let slot = match free_slot(slots, take, now)? {
            Ok(slot) => slot,
            Err(refused) => return Ok(Err(refused)),
        };
        let held = Held {
            holder: take.holder.clone(),
            expires_at: take.expires_at.map(Timestamp::as_millisecond),
            note: take.note.as_ref().map(|note| note.to_string()),
        };
        slots.insert(slot, held);
        keys.push(claim_key(&take.base, slot));
    }
    Ok(Ok(keys))
}

/// The claims under a base, to be changed; as they were they stand in `before`.
fn slots<'k>(known: &'k mut Known, base: &str, before: &mut Vec<(String, Slots)>) -> &'k mut Slots {
    let slots = known.claims.entry(base.to_owned()).or_default();
    before.push((base.to_owned(), slots.clone()));
    slots
}

fn free_slot(slots: &Slots, take: &Take, now: i64) -> Result<Result<i64, Refused>, Fault> {
    let live = |slot: i64| slots.get(&slot).filter(|held| held.live(now));
    match take.slots {
        None => match live(0) {
            None => Ok(Ok(0)),
            Some(held) => Ok(Err(Refused::ClaimHeld {
                key: take.base.clone(),
                holder: held.holder.clone(),
                note: held.note.as_deref().map(stored_json).transpose()?,
            })),
        },
        Some(most) => {
            let lowest = (1..=i64::from(most)).find(|slot| live(*slot).is_none());
            Ok(lowest.ok_or_else(|| Refused::SlotsFull { base: take.base.clone() }))
        }
    }
}

fn apply<'a>(known: &mut Known, changes: &mut Changes<'a>, rows: &'a CommitRows) {
    let now = rows.now.as_millisecond();
    for write in &rows.writes {
        apply_write(known, changes, write, now);
    }
    for (task, _) in &rows.done {
        known.leased.remove(task);
        changes.done.push(task);
    }
    changes.tasks.extend(&rows.tasks);
    changes.index.extend(&rows.index);
    changes.subjects.extend(rows.named().map(|(subject, ..)| subject));
}

fn apply_write<'a>(known: &mut Known, changes: &mut Changes<'a>, write: &'a WriteRows, now: i64) {
    let head = known.heads.get(&write.case);
    if write.entries.is_empty() && write.view.is_none() {
        if head.is_none() {
            changes.absent.insert(&write.case);
        }
        return;
    }
    let version = write.expected_version + write.entries.len() as u64;
    // Invariant: a later commit of a case never stands before an earlier one, also where clocks differ.
    let position = head.map_or(now, |head| head.position.max(now));
    let existed = head.is_some();
    let change = changes.cases.entry(&write.case).or_insert_with(|| CaseChange {
        kind: &write.case_kind,
        version,
        position,
        created_at: now,
        updated_at: now,
        view: None,
        existed,
    });
    change.version = version;
    change.position = position;
    change.updated_at = now;
    change.view = write.view.as_ref().or(change.view);
    known.heads.insert(write.case.clone(), Head { kind: write.case_kind.clone(), version, position });
    changes.entries.extend(write.entries.iter().map(|entry| (entry, position)));
}
