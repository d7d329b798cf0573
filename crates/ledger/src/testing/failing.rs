//! A store that fails on demand: before a call has its effect, or after it, with the answer lost.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::commit::{Case, Claim, IndexRow, IndexValue, LeasedTask, NumberingRefused, Refused, TaskState};
use crate::entry::{EntryRow, Stream};
use crate::error::Fault;
use crate::query::{CaseQuery, EntryQuery, TaskQuery};
use crate::store::{Arrivals, CommitRows, Destruction, JournalMark, LeaseRequest, Settle, Store, TaskRow};

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing happened.
    Before,
    /// It happened, and the answer was lost.
    After,
}

/// A store whose n-th call fails. Make a run without a plan, read [`Failing::calls`], then make one run
/// per call and moment.
pub struct Failing {
    store: Arc<dyn Store>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    calls: u64,
    fail: Option<(u64, Moment)>,
}

impl Failing {
    /// A store that does not fail until it is told to.
    pub fn new(store: Arc<dyn Store>) -> Arc<Failing> {
        Arc::new(Failing { store, plan: Mutex::default() })
    }

    /// How many calls were made since the start or the last [`Failing::fail_at`].
    pub fn calls(&self) -> u64 {
        self.plan().calls
    }

    /// Makes the n-th call from now fail, counted from 0; `None` makes none fail.
    pub fn fail_at(&self, plan: Option<(u64, Moment)>) {
        *self.plan() = Plan { calls: 0, fail: plan };
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Moment> {
        let mut plan = self.plan();
        let call = plan.calls;
        plan.calls += 1;
        plan.fail.filter(|(at, _)| *at == call).map(|(_, moment)| moment)
    }

    async fn pass<T>(&self, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        match self.next() {
            None => call.await,
            Some(Moment::Before) => Err(Fault::Injected),
            Some(Moment::After) => call.await.and(Err(Fault::Injected)),
        }
    }
}

#[async_trait]
impl Store for Failing {
    async fn commit(&self, commit: CommitRows) -> Result<Result<Vec<String>, Refused>, Fault> {
        self.pass(self.store.commit(commit)).await
    }
    async fn case(&self, id: &str) -> Result<Option<Case>, Fault> {
        self.pass(self.store.case(id)).await
    }
    async fn cases(&self, query: CaseQuery) -> Result<Vec<Case>, Fault> {
        self.pass(self.store.cases(query)).await
    }
    async fn entries(&self, query: EntryQuery) -> Result<Vec<EntryRow>, Fault> {
        self.pass(self.store.entries(query)).await
    }
    async fn claims(&self, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
        self.pass(self.store.claims(base, now)).await
    }
    async fn scan_claims(
        &self,
        after: Option<(String, Option<u32>)>,
        limit: u32,
    ) -> Result<Vec<Claim>, Fault> {
        self.pass(self.store.scan_claims(after, limit)).await
    }
    async fn find(&self, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault> {
        self.pass(self.store.find(purpose, values)).await
    }
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<LeasedTask>, Fault> {
        self.pass(self.store.lease(request)).await
    }
    async fn settle(&self, task: &str, epoch: u64, word: Settle) -> Result<Result<(), Refused>, Fault> {
        self.pass(self.store.settle(task, epoch, word)).await
    }
    async fn next_due(&self, kinds: &[String]) -> Result<Option<Timestamp>, Fault> {
        self.pass(self.store.next_due(kinds)).await
    }
    async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskState>, Fault> {
        self.pass(self.store.tasks(query)).await
    }
    async fn revive(&self, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
        self.pass(self.store.revive(task, run_at)).await
    }
    async fn head(&self, stream: Stream) -> Result<u64, Fault> {
        self.pass(self.store.head(stream)).await
    }
    async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: Vec<String>,
        tasks: Vec<TaskRow>,
    ) -> Result<Result<u64, NumberingRefused>, Fault> {
        self.pass(self.store.number(stream, head, entries, tasks)).await
    }
    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        self.pass(self.store.destroy(destruction, mark)).await
    }
    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        self.pass(self.store.journal_mark()).await
    }
    async fn knows_subject(&self, subject: &str) -> Result<bool, Fault> {
        self.pass(self.store.knows_subject(subject)).await
    }
    async fn retire_subject(&self, subject: &str) -> Result<bool, Fault> {
        self.pass(self.store.retire_subject(subject)).await
    }
    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, Fault> {
        self.pass(self.store.sweep_claims(now, limit)).await
    }
    fn arrivals(&self) -> Arrivals {
        self.store.arrivals()
    }
}
