//! The store in memory as a node sees it: each call over the node's way, its change written, then synced, then
//! answered. The contract is [`crate::store`].

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::layers::{Place, Room};
use super::state::{Answer, Change, Rows};
use super::{Bell, Memory, Way};
use crate::commit::{Case, Claim, IndexRow, IndexValue, LeasedTask, NumberingRefused, Refused, TaskState};
use crate::entry::{EntryRow, Stream};
use crate::error::Fault;
use crate::query::{CaseQuery, EntryQuery, TaskQuery};
use crate::store::{Arrivals, CommitRows, Destruction, JournalMark, LeaseRequest, Settle, Store, TaskRow};

/// One node's way into the memory.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) memory: Arc<Memory>,
    pub(super) way: Arc<dyn Way>,
}

impl Door {
    /// Makes a change; it lasts when this answers `Ok`.
    pub(super) async fn change<P: Place>(
        &self,
        room: fn(&Memory) -> &Room<P>,
        call: &'static str,
        change: P::Change,
    ) -> Result<P::Answer, Fault> {
        self.way.there(call).await?;
        let (answer, ticket) = room(&self.memory).write(change);
        self.way.syncing(call).await;
        room(&self.memory).sync(ticket)?;
        self.way.back(call).await?;
        Ok(answer)
    }

    /// Reads what lasts.
    pub(super) async fn read<P: Place, T>(
        &self,
        room: fn(&Memory) -> &Room<P>,
        call: &'static str,
        look: impl FnOnce(&P) -> T,
    ) -> Result<T, Fault> {
        self.way.there(call).await?;
        let seen = room(&self.memory).read(look);
        self.way.back(call).await?;
        Ok(seen)
    }
}

/// The store.
pub(super) struct MemoryStore {
    pub(super) door: Door,
    pub(super) bell: Bell,
}

/// The answer to a change is of the change's own kind.
const MIXED_UP: Fault = Fault::Damaged("an answer of the memory");

fn rows(memory: &Memory) -> &Room<Rows> {
    &memory.rows
}

impl MemoryStore {
    async fn change(&self, call: &'static str, change: Change) -> Result<Answer, Fault> {
        self.door.way.there(call).await?;
        let rings_tasks = change.may_bring_tasks();
        let rings_entries = change.may_bring_entries();
        let (answer, ticket) = rows(&self.door.memory).write(change);
        self.door.way.syncing(call).await;
        rows(&self.door.memory).sync(ticket)?;
        // Also where the answer is lost on its way: others hear of what happened.
        if rings_tasks {
            self.door.memory.ring(|bell| &bell.tasks);
        }
        if rings_entries {
            self.door.memory.ring(|bell| &bell.entries);
        }
        self.door.way.back(call).await?;
        Ok(answer)
    }

    async fn read<T>(&self, call: &'static str, look: impl FnOnce(&Rows) -> T) -> Result<T, Fault> {
        self.door.read(rows, call, look).await
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, commit: CommitRows) -> Result<Result<Vec<String>, Refused>, Fault> {
        match self.change("commit", Change::Commit(Box::new(commit))).await? {
            Answer::Commit(outcome) => outcome,
            _ => Err(MIXED_UP),
        }
    }

    async fn case(&self, id: &str) -> Result<Option<Case>, Fault> {
        self.read("case", |rows| rows.case(id)).await?
    }

    async fn cases(&self, query: CaseQuery) -> Result<Vec<Case>, Fault> {
        self.read("cases", |rows| rows.list(&query)).await?
    }

    async fn entries(&self, query: EntryQuery) -> Result<Vec<EntryRow>, Fault> {
        self.read("entries", |rows| rows.entry_rows(&query)).await
    }

    async fn claims(&self, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
        self.read("claims", |rows| rows.live_claims(base, now)).await?
    }

    async fn scan_claims(
        &self,
        after: Option<(String, Option<u32>)>,
        limit: u32,
    ) -> Result<Vec<Claim>, Fault> {
        self.read("scan_claims", |rows| rows.scan_claims(after, limit)).await?
    }

    async fn find(&self, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault> {
        self.read("find", |rows| rows.find(purpose, values)).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<LeasedTask>, Fault> {
        match self.change("lease", Change::Lease(request)).await? {
            Answer::Lease(leased) => leased,
            _ => Err(MIXED_UP),
        }
    }

    async fn settle(&self, task: &str, epoch: u64, word: Settle) -> Result<Result<(), Refused>, Fault> {
        match self.change("settle", Change::Settle { task: task.to_owned(), epoch, word }).await? {
            Answer::Settle(outcome) => Ok(outcome),
            _ => Err(MIXED_UP),
        }
    }

    async fn next_due(&self, kinds: &[String]) -> Result<Option<Timestamp>, Fault> {
        self.read("next_due", |rows| rows.next_due(kinds)).await?
    }

    async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskState>, Fault> {
        self.read("tasks", |rows| rows.task_states(&query)).await?
    }

    async fn revive(&self, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
        match self.change("revive", Change::Revive { task: task.to_owned(), run_at }).await? {
            Answer::Revive(revived) => Ok(revived),
            _ => Err(MIXED_UP),
        }
    }

    async fn head(&self, stream: Stream) -> Result<u64, Fault> {
        self.read("head", |rows| rows.head(stream)).await
    }

    async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: Vec<String>,
        tasks: Vec<TaskRow>,
    ) -> Result<Result<u64, NumberingRefused>, Fault> {
        match self.change("number", Change::Number { stream, head, entries, tasks }).await? {
            Answer::Number(outcome) => outcome,
            _ => Err(MIXED_UP),
        }
    }

    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        self.change("destroy", Change::Destroy { destruction, mark }).await.map(|_| ())
    }

    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        self.read("journal_mark", |rows| rows.mark).await
    }

    async fn knows_subject(&self, subject: &str) -> Result<bool, Fault> {
        self.read("knows_subject", |rows| rows.subjects.contains(subject)).await
    }

    async fn retire_subject(&self, subject: &str) -> Result<bool, Fault> {
        match self.change("retire_subject", Change::Retire { subject: subject.to_owned() }).await? {
            Answer::Retire(retired) => Ok(retired),
            _ => Err(MIXED_UP),
        }
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, Fault> {
        match self.change("sweep_claims", Change::Sweep { now, limit }).await? {
            Answer::Sweep(removed) => Ok(removed),
            _ => Err(MIXED_UP),
        }
    }

    fn arrivals(&self) -> Arrivals {
        Arrivals { tasks: self.bell.tasks.subscribe(), entries: self.bell.entries.subscribe() }
    }
}
