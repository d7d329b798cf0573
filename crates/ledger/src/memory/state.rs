//! The rows of a store in memory, and how they are read. Refuses to change anything: see [`super::apply`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use jiff::Timestamp;

use super::Mistake;
use crate::commit::{Case, Claim, IndexRow, IndexValue, LeasedTask, NewTask, NumberingRefused, Refused};
use crate::commit::{TaskState, View};
use crate::entry::{EntryRow, RetentionClass, Stream};
use crate::error::Fault;
use crate::query::{CaseQuery, EntryQuery, ListQuery, Owner, TaskQuery};
use crate::store::{
    CommitRows, Destruction, JournalMark, LeaseRequest, Settle, TaskRow, ViewRow, stored_json,
};

/// Everything that a store keeps. Times are whole milliseconds since 1970.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) mistake: Option<Mistake>,
    pub(super) cases: BTreeMap<String, CaseRow>,
    /// In the order of their commits.
    pub(super) entries: Vec<Arc<EntryRow>>,
    pub(super) by_id: HashMap<String, usize>,
    /// Of each case, by version.
    pub(super) by_case: HashMap<String, BTreeMap<u64, usize>>,
    /// By stream and place among the entries.
    pub(super) pending: BTreeSet<(i64, usize)>,
    /// Of a place among the entries.
    pub(super) number_of: HashMap<usize, u64>,
    /// By stream and number.
    pub(super) numbers: BTreeMap<(i64, u64), usize>,
    pub(super) heads: BTreeMap<i64, u64>,
    /// By base and slot; slot 0 is the claim without slots.
    pub(super) claims: BTreeMap<(String, u32), ClaimRow>,
    pub(super) tasks: BTreeMap<String, TaskEntry>,
    /// Kind, due time and id of every task that is not dead.
    pub(super) due: BTreeSet<(String, i64, String)>,
    pub(super) people: BTreeMap<PersonRow, PersonRest>,
    pub(super) subjects: HashSet<String>,
    /// Subject, class, and where; `None` is everywhere, and `Some("")` at no institution.
    pub(super) destroyed: BTreeSet<(String, RetentionClass, Option<String>)>,
    pub(super) mark: JournalMark,
    /// Tasks ever given, to lose every seventh by mistake.
    pub(super) tasks_given: u64,
}

#[derive(Clone)]
pub(super) struct CaseRow {
    pub(super) kind: String,
    pub(super) version: u64,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) view: Option<ViewRow>,
}

#[derive(Clone)]
pub(super) struct ClaimRow {
    pub(super) holder: String,
    pub(super) expires_ms: Option<i64>,
    pub(super) note: Option<String>,
}

impl ClaimRow {
    pub(super) fn lives(&self, now_ms: i64) -> bool {
        self.expires_ms.is_none_or(|at| at > now_ms)
    }
}

#[derive(Clone)]
pub(super) struct TaskEntry {
    pub(super) row: TaskRow,
    pub(super) state: TaskStage,
    /// Its time, or the end of its lease.
    pub(super) due_ms: i64,
    pub(super) attempt: u32,
    pub(super) epoch: u64,
    pub(super) worker: Option<String>,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskStage {
    Waits,
    Leased,
    Dead,
}

impl TaskEntry {
    pub(super) fn is_dead(&self) -> bool {
        self.state == TaskStage::Dead
    }

    pub(super) fn kind(&self) -> String {
        self.row.kind.clone()
    }
}

/// Ordered as they are found: by purpose, value and key version, then by subject and case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PersonRow {
    pub(super) purpose: String,
    pub(super) hex: String,
    pub(super) key_version: u32,
    pub(super) subject: String,
    pub(super) case: String,
}

#[derive(Clone)]
pub(super) struct PersonRest {
    pub(super) class: RetentionClass,
    pub(super) institution: Option<String>,
}

/// What can happen to the rows.
pub(super) enum Change {
    Commit(Box<CommitRows>),
    Lease(LeaseRequest),
    Settle { task: String, epoch: u64, word: Settle },
    Revive { task: String, run_at: Timestamp },
    Number { stream: Stream, head: u64, entries: Vec<String>, tasks: Vec<TaskRow> },
    Destroy { destruction: Destruction, mark: JournalMark },
    Retire { subject: String },
    Sweep { now: Timestamp, limit: u32 },
}

impl Change {
    pub(super) fn may_bring_tasks(&self) -> bool {
        match self {
            Change::Commit(rows) => !rows.tasks.is_empty(),
            Change::Number { tasks, .. } => !tasks.is_empty(),
            Change::Settle { .. } | Change::Revive { .. } => true,
            Change::Lease(_) | Change::Destroy { .. } | Change::Retire { .. } | Change::Sweep { .. } => false,
        }
    }

    pub(super) fn may_bring_entries(&self) -> bool {
        matches!(self, Change::Commit(rows) if rows.writes.iter().any(|write| !write.entries.is_empty()))
    }
}

/// What is answered.
pub(super) enum Answer {
    Commit(Result<Result<Vec<String>, Refused>, Fault>),
    Lease(Result<Vec<LeasedTask>, Fault>),
    Settle(Result<(), Refused>),
    Revive(bool),
    Number(Result<Result<u64, NumberingRefused>, Fault>),
    Destroy,
    Retire(bool),
    Sweep(u64),
}

pub(super) fn time(milliseconds: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Fault::Damaged("a time"))
}

pub(super) fn claim_key(base: &str, slot: u32) -> String {
    if slot == 0 { base.to_owned() } else { format!("{base}:{slot}") }
}

impl Rows {
    pub(super) fn with(mistake: Option<Mistake>) -> Rows {
        Rows {
            mistake,
            cases: BTreeMap::new(),
            entries: Vec::new(),
            by_id: HashMap::new(),
            by_case: HashMap::new(),
            pending: BTreeSet::new(),
            number_of: HashMap::new(),
            numbers: BTreeMap::new(),
            heads: BTreeMap::new(),
            claims: BTreeMap::new(),
            tasks: BTreeMap::new(),
            due: BTreeSet::new(),
            people: BTreeMap::new(),
            subjects: HashSet::new(),
            destroyed: BTreeSet::new(),
            mark: crate::journal::NOTHING,
            tasks_given: 0,
        }
    }

    pub(super) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    pub(super) fn case(&self, id: &str) -> Result<Option<Case>, Fault> {
        self.cases.get(id).map(|row| read_case(id, row)).transpose()
    }

    pub(super) fn list(&self, query: &CaseQuery) -> Result<Vec<Case>, Fault> {
        match query {
            CaseQuery::Scan { after, limit } => {
                let from = after.as_deref().map_or(Unbounded, Excluded);
                let rows = self.cases.range::<str, _>((from, Unbounded));
                rows.take(*limit as usize).map(|(id, row)| read_case(id, row)).collect()
            }
            CaseQuery::List(list) => {
                let mut found: Vec<(&String, &CaseRow)> =
                    self.cases.iter().filter(|(id, row)| listed(list, id, row)).collect();
                found.sort_by_key(|(id, row)| std::cmp::Reverse((row.created_ms, *id)));
                found.into_iter().take(list.limit as usize).map(|(id, row)| read_case(id, row)).collect()
            }
        }
    }

    fn entry(&self, at: usize) -> EntryRow {
        EntryRow { number: self.number_of.get(&at).copied(), ..(*self.entries[at]).clone() }
    }

    pub(super) fn numbered(
        &self,
        stream: Stream,
        after: u64,
    ) -> impl Iterator<Item = (u64, Arc<EntryRow>)> + '_ {
        let code = stream.code();
        let range = (Excluded((code, after)), Excluded((code + 1, 0)));
        self.numbers.range(range).map(|((_, number), at)| (*number, self.entries[*at].clone()))
    }

    pub(super) fn entry_rows(&self, query: &EntryQuery) -> Vec<EntryRow> {
        match query {
            EntryQuery::Ids(ids) => {
                ids.iter().filter_map(|id| self.by_id.get(id)).map(|at| self.entry(*at)).collect()
            }
            EntryQuery::Case { case, after, limit } => {
                let of_case = self.by_case.get(case);
                let rows = of_case.into_iter().flat_map(|of| of.range((Excluded(*after), Unbounded)));
                rows.take(*limit as usize).map(|(_, at)| self.entry(*at)).collect()
            }
            EntryQuery::Cases { cases, limit } => {
                let sorted: BTreeSet<&String> = cases.iter().collect();
                let rows = sorted.into_iter().filter_map(|case| self.by_case.get(case));
                rows.flat_map(BTreeMap::values).take(*limit as usize).map(|at| self.entry(*at)).collect()
            }
            EntryQuery::Numbered { stream, institution, after, limit } => self
                .numbered(*stream, *after)
                .filter(|(_, row)| institution.is_none() || row.institution == *institution)
                .take(*limit as usize)
                .map(|(number, row)| EntryRow { number: Some(number), ..(*row).clone() })
                .collect(),
            EntryQuery::Pending { stream, limit } => {
                let code = stream.code();
                let rows = self.pending.range((code, 0)..(code + 1, 0));
                rows.take(*limit as usize).map(|(_, at)| self.entry(*at)).collect()
            }
        }
    }

    /// The rows of a base, by slot.
    pub(super) fn under<'r>(&'r self, base: &str) -> impl Iterator<Item = (u32, &'r ClaimRow)> + use<'r> {
        let range = (base.to_owned(), 0)..=(base.to_owned(), u32::MAX);
        self.claims.range(range).map(|((_, slot), claim)| (*slot, claim))
    }

    pub(super) fn live_claims(&self, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
        let live = self.under(base).filter(|(_, claim)| claim.lives(now.as_millisecond()));
        live.map(|(slot, claim)| read_claim(base, slot, claim)).collect()
    }

    pub(super) fn scan_claims(
        &self,
        after: Option<(String, Option<u32>)>,
        limit: u32,
    ) -> Result<Vec<Claim>, Fault> {
        let from = after.map_or(Unbounded, |(base, slot)| Excluded((base, slot.unwrap_or(0))));
        let rows = self.claims.range((from, Unbounded)).take(limit as usize);
        rows.map(|((base, slot), claim)| read_claim(base, *slot, claim)).collect()
    }

    pub(super) fn find(&self, purpose: &str, values: &[IndexValue]) -> Vec<IndexRow> {
        let of = |value: &IndexValue| {
            let from = PersonRow {
                purpose: purpose.to_owned(),
                hex: value.hex.clone(),
                key_version: value.key_version,
                subject: String::new(),
                case: String::new(),
            };
            let value = value.clone();
            let fits = move |row: &PersonRow| {
                row.purpose == purpose && row.hex == value.hex && row.key_version == value.key_version
            };
            self.people.range(from..).take_while(move |(row, _)| fits(row)).map(|(row, rest)| IndexRow {
                purpose: row.purpose.clone(),
                value: IndexValue { key_version: row.key_version, hex: row.hex.clone() },
                subject: row.subject.clone(),
                class: rest.class,
                case: row.case.clone(),
                institution: rest.institution.clone(),
            })
        };
        values.iter().flat_map(of).collect()
    }

    pub(super) fn next_due(&self, kinds: &[String]) -> Result<Option<Timestamp>, Fault> {
        let first = |kind: &String| {
            let from = (kind.clone(), i64::MIN, String::new());
            self.due.range(from..).next().filter(|(of, ..)| of == kind).map(|(_, due, _)| *due)
        };
        kinds.iter().filter_map(first).min().map(time).transpose()
    }

    pub(super) fn of_case<'r>(&'r self, case: &'r str) -> impl Iterator<Item = &'r TaskEntry> {
        self.tasks.values().filter(move |task| task.row.case == case)
    }

    pub(super) fn task_states(&self, query: &TaskQuery) -> Result<Vec<TaskState>, Fault> {
        let page = |after: &Option<String>, limit: u32, wanted: fn(&TaskEntry) -> bool| {
            let from = after.as_deref().map_or(Unbounded, Excluded);
            let rows = self.tasks.range::<str, _>((from, Unbounded)).map(|(_, task)| task);
            rows.filter(|task| wanted(task)).take(limit as usize).map(read_task).collect()
        };
        match query {
            TaskQuery::Case(case) => self.of_case(case).map(read_task).collect(),
            TaskQuery::Dead { after, limit } => page(after, *limit, TaskEntry::is_dead),
            TaskQuery::All { after, limit } => page(after, *limit, |_| true),
        }
    }

    pub(super) fn head(&self, stream: Stream) -> u64 {
        self.heads.get(&stream.code()).copied().unwrap_or(0)
    }
}

fn read_claim(base: &str, slot: u32, claim: &ClaimRow) -> Result<Claim, Fault> {
    Ok(Claim {
        base: base.to_owned(),
        slot: (slot > 0).then_some(slot),
        holder: claim.holder.clone(),
        expires_at: claim.expires_ms.map(time).transpose()?,
        note: claim.note.as_deref().map(stored_json).transpose()?,
    })
}

fn read_case(id: &str, row: &CaseRow) -> Result<Case, Fault> {
    let view = match &row.view {
        Some(view) => Some(View {
            state: stored_json(&view.state)?,
            status: view.status.clone(),
            reference: view.reference.clone(),
            institution: view.institution.clone(),
        }),
        None => None,
    };
    Ok(Case {
        id: id.to_owned(),
        kind: row.kind.clone(),
        version: row.version,
        view,
        created_at: time(row.created_ms)?,
        updated_at: time(row.updated_ms)?,
    })
}

fn listed(list: &ListQuery, id: &str, row: &CaseRow) -> bool {
    let Some(view) = &row.view else { return false };
    let owned = match &list.owner {
        Owner::Institution(institution) => view.institution.as_ref() == Some(institution),
        Owner::Nobody => view.institution.is_none(),
        Owner::Anybody => true,
    };
    owned
        && row.kind == list.case_kind
        && list.status.as_ref().is_none_or(|status| view.status == *status)
        && list.reference.as_ref().is_none_or(|reference| view.reference.as_ref() == Some(reference))
        && list.created_from.is_none_or(|from| row.created_ms >= from.as_millisecond())
        && list.created_before.is_none_or(|before| row.created_ms < before.as_millisecond())
        && list
            .after
            .as_ref()
            .is_none_or(|cursor| (row.created_ms, id) < (cursor.created_ms, cursor.case.as_str()))
}

fn read_task(task: &TaskEntry) -> Result<TaskState, Fault> {
    let leased = (task.state == TaskStage::Leased).then_some(task.worker.clone()).flatten();
    Ok(TaskState {
        task: NewTask {
            id: task.row.id.clone(),
            case: task.row.case.clone(),
            kind: task.row.kind.clone(),
            effect: task.row.effect,
            payload: stored_json(&task.row.payload)?,
            run_at: time(task.row.run_at.as_millisecond())?,
        },
        attempt: task.attempt,
        lease_epoch: task.epoch,
        leased: leased.map(|worker| Ok::<_, Fault>((worker, time(task.due_ms)?))).transpose()?,
        dead: task.reason.clone(),
    })
}
