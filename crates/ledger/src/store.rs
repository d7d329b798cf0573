//! The contract of a store. The comments here are the contract; `testing::conformance` checks it. A
//! store sees sealed rows only: it holds no key and refuses to know what an entry means.
//!
//! What every store promises:
//! - **All or nothing**: a call that changes something happens entirely or not at all, also when the
//!   machine dies in the middle, and is durable before it answers `Ok`.
//! - **A fault means unknown**: after `Err(Fault)` the change may have landed.
//! - **Order**: calls that change something take effect one after the other, in an order that agrees
//!   with their answers; a read sees all that was answered before it began.
//! - **No deadlock**: writers that overlap in cases and claims may refuse each other, never wait for
//!   each other for ever; one that loses does not fail the others of its batch.
//! - **No clock**: `now` comes with the call: when a task is due, when a claim is free. A store that several
//!   processes share has a clock of its own and decides by it when a lease of *another* process has run out, so
//!   that a process whose clock runs ahead takes nothing from one that lives. A process decides about its own
//!   leases by its own `now`. Nothing that must hold rests on either: two workers may believe that they hold a
//!   task, and the epoch says which of them does.
//! - **One view**: processes that share a store see one order of what happened, as if they were one.
//! - **Text** holds no U+0000, and what a caller lists or finds by is at most 2,000 bytes long.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::commit::{
    Case, Claim, Effect, IndexRow, IndexValue, LeasedTask, NumberingRefused, Refused, Release, Take,
    TaskState,
};
use crate::entry::{EntryRow, RetentionClass, Stream};
use crate::error::Fault;
use crate::leaf::Hash;
use crate::query::{CaseQuery, EntryQuery, TaskQuery};

/// A commit whose fields are sealed and whose JSON is text.
#[derive(Debug, Clone)]
pub struct CommitRows {
    /// The time for claims and for the cases' `created_at` and `updated_at`.
    pub now: Timestamp,
    /// See [`crate::Commit::writes`].
    pub writes: Vec<WriteRows>,
    /// See [`crate::Commit::take`].
    pub take: Vec<Take>,
    /// See [`crate::Commit::release`].
    pub release: Vec<Release>,
    /// See [`crate::Commit::index`].
    pub index: Vec<IndexRow>,
    /// See [`crate::Commit::tasks`].
    pub tasks: Vec<TaskRow>,
    /// See [`crate::Commit::done`].
    pub done: Vec<(String, u64)>,
}

impl CommitRows {
    /// Whose data it holds: of each sealed field and each index row the subject, the institution and the class.
    /// None of them may be destroyed.
    pub fn named(&self) -> impl Iterator<Item = (&str, Option<&str>, RetentionClass)> {
        let entries = self.writes.iter().flat_map(|write| &write.entries);
        let sealed = entries.flat_map(|entry| {
            let institution = entry.institution.as_deref();
            entry.sealed.iter().map(move |field| (field.subject.as_str(), institution, field.class))
        });
        let index =
            self.index.iter().map(|row| (row.subject.as_str(), row.institution.as_deref(), row.class));
        sealed.chain(index)
    }
}

/// The new rows of one case.
#[derive(Debug, Clone)]
pub struct WriteRows {
    /// The case's id.
    pub case: String,
    /// The case's kind.
    pub case_kind: String,
    /// The version that the case must have.
    pub expected_version: u64,
    /// The entries; their versions go on from `expected_version` + 1.
    pub entries: Vec<EntryRow>,
    /// The view.
    pub view: Option<ViewRow>,
}

/// A view whose state is JSON text.
#[derive(Debug, Clone)]
pub struct ViewRow {
    /// The state.
    pub state: String,
    /// A word for lists.
    pub status: String,
    /// The caller's reference.
    pub reference: Option<String>,
    /// The institution.
    pub institution: Option<String>,
}

/// A task whose payload is JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Its id.
    pub id: String,
    /// Its case.
    pub case: String,
    /// Its kind.
    pub kind: String,
    /// Its effect class.
    pub effect: Effect,
    /// Its payload.
    pub payload: String,
    /// Not before this time.
    pub run_at: Timestamp,
}

/// What a worker asks for.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// The kinds of task that it can do.
    pub kinds: Vec<String>,
    /// At most so many.
    pub limit: u32,
    /// Its name.
    pub worker: String,
    /// The time now.
    pub now: Timestamp,
    /// Until when it holds them.
    pub until: Timestamp,
}

/// What a worker says about a task that it holds.
#[derive(Debug, Clone)]
pub enum Settle {
    /// Give it back; it is due at this time.
    Postpone(Timestamp),
    /// Hold it until this time.
    Extend(Timestamp),
    /// Park it where people see it, for this reason (a stable code).
    Dead(String),
}

/// One destruction, as the stores and the journal know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destruction {
    /// Whose data.
    pub subject: String,
    /// At one institution, or (`None`) everywhere.
    pub institution: Option<String>,
    /// Which classes.
    pub classes: Vec<RetentionClass>,
}

impl Destruction {
    /// Whether something of this institution and class is meant.
    pub fn covers(&self, institution: Option<&str>, class: RetentionClass) -> bool {
        let here = self.institution.is_none() || self.institution.as_deref() == institution;
        here && self.classes.contains(&class)
    }
}

/// How far a store has followed the journal of destructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalMark {
    /// The number of records.
    pub count: u64,
    /// The hash of the last one, zeros for none.
    pub hash: Hash,
}

/// Counters that move when something arrived; wait on them instead of polling.
#[derive(Debug, Clone)]
pub struct Arrivals {
    /// Moves after a commit, a numbering or a postponement that concerns tasks.
    pub tasks: watch::Receiver<u64>,
    /// Moves after a commit with entries.
    pub entries: watch::Receiver<u64>,
}

/// Where sealed rows are kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Decides and writes one commit.
    ///
    /// First everything is checked, in this order, and the first thing that does not hold is the
    /// answer: each case has its expected version and kind ([`Refused::Stale`]); each task in `done`
    /// is leased under this epoch, though the lease may have run out ([`Refused::Fenced`]); no sealed
    /// field and no index row belongs to destroyed data ([`Refused::Destroyed`]: whoever sealed it had the
    /// key from before); then, after the releases, the claims one by one ([`Refused::ClaimHeld`], [`Refused::SlotsFull`]). A claim whose `expires_at` is at
    /// or before `now` is free. Of slots the lowest free one is taken.
    ///
    /// Then all is written: entries become pending in their stream in this order, the case's row has
    /// the new version, done tasks are gone, new tasks are there. An index row that is there already
    /// stays as it is. An entry id or a task id that is there already is a fault, and the same case
    /// twice in `writes` too. Answers the keys of the claims, in the order of `take`.
    async fn commit(&self, commit: CommitRows) -> Result<Result<Vec<String>, Refused>, Fault>;

    /// One case by id.
    async fn case(&self, id: &str) -> Result<Option<Case>, Fault>;

    /// Cases by a query; see [`CaseQuery`] for the order of each.
    async fn cases(&self, query: CaseQuery) -> Result<Vec<Case>, Fault>;

    /// Entries by a query; see [`EntryQuery`] for the order of each.
    async fn entries(&self, query: EntryQuery) -> Result<Vec<EntryRow>, Fault>;

    /// The live claims under a base (its plain key and its slots), by slot.
    async fn claims(&self, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault>;

    /// All claims, also those that have run out and were not swept, by base (its bytes) and slot: for the audit.
    /// `after` is the base and slot of the last one seen.
    async fn scan_claims(
        &self,
        after: Option<(String, Option<u32>)>,
        limit: u32,
    ) -> Result<Vec<Claim>, Fault>;

    /// The index rows of a purpose with one of these values.
    async fn find(&self, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault>;

    /// Hands out tasks that are due (`run_at` reached and not leased, or the lease has run out at
    /// `now`), the longest due first. Epoch and attempt are one higher, and durable, before it answers.
    /// Two workers never hold the same task under the same epoch.
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<LeasedTask>, Fault>;

    /// A word about a leased task; refused as fenced unless it is leased under this epoch. An extension
    /// never shortens a lease.
    async fn settle(&self, task: &str, epoch: u64, word: Settle) -> Result<Result<(), Refused>, Fault>;

    /// When the next task of these kinds is due: a waiting one at its `run_at`, a leased one when its
    /// lease runs out (by the clock that decides about it), a dead one never. May be in the past.
    async fn next_due(&self, kinds: &[String]) -> Result<Option<Timestamp>, Fault>;

    /// Tasks by a query, by id.
    async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskState>, Fault>;

    /// Makes a dead task wait again, due at `run_at`; `false` where it is not dead.
    async fn revive(&self, task: &str, run_at: Timestamp) -> Result<bool, Fault>;

    /// The last number given in a stream, 0 before the first.
    async fn head(&self, stream: Stream) -> Result<u64, Fault>;

    /// Gives the entries, in this order, the numbers `head` + 1, `head` + 2, … and inserts the tasks.
    /// Checked first, in this order: the stream's head is `head`; each entry is pending in the stream;
    /// each earlier entry of the same case and stream has a number or stands before it in the list.
    /// Answers the new head.
    async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: Vec<String>,
        tasks: Vec<TaskRow>,
    ) -> Result<Result<u64, NumberingRefused>, Fault>;

    /// Follows one record of the journal: removes the index rows that it covers, refuses new ones and fields
    /// sealed for it from now on, whichever process they come from, and remembers the mark. Doing it twice is the same as once.
    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault>;

    /// How far the store has followed the journal; zeros before the first.
    async fn journal_mark(&self) -> Result<JournalMark, Fault>;

    /// Whether any entry, index row or earlier commit names the subject.
    async fn knows_subject(&self, subject: &str) -> Result<bool, Fault>;

    /// Where no commit names the subject: sees to it that none ever will, on whichever process (what names it is
    /// refused like what is destroyed), and answers `true`. A store of one process need not: there a subject is
    /// kept from being named by who asks this.
    async fn retire_subject(&self, subject: &str) -> Result<bool, Fault> {
        Ok(!self.knows_subject(subject).await?)
    }

    /// Removes claims that have run out, at most `limit`; answers how many.
    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, Fault>;

    /// What to wait on.
    fn arrivals(&self) -> Arrivals;
}

/// Parses JSON text that the ledger itself wrote.
pub fn stored_json(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Damaged("JSON text"))
}
