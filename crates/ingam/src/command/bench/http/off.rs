//! A store that accepts every write about a verification and keeps none: what is left is everything else.

use crate::config::Config;
use crate::fault::Fault;
use crate::given::{MachineClock, SystemEntropy};
use async_trait::async_trait;
use ingam_ledger::store::{
    Arrivals, CommitRows, Destruction, JournalMark, LeaseRequest, Settle, Store, TaskRow,
};
use ingam_ledger::{
    Case, CaseQuery, Claim, EntryQuery, EntryRow, FileTopKey, IndexRow, IndexValue, LeasedTask, Ledger,
    NumberingRefused, Refused, Stream, TaskQuery, TaskState,
};
use jiff::Timestamp;
use std::sync::Arc;

pub(super) async fn ledger(
    config: &Config,
    clock: &MachineClock,
    entropy: Arc<SystemEntropy>,
) -> Result<Ledger, Fault> {
    let dir = &config.store.dir;
    std::fs::create_dir_all(dir).map_err(Fault::internal)?;
    let top_key = FileTopKey::open_or_create(&dir.join("top.key"), entropy.clone())?;
    let store = ingam_ledger::Config { dir: dir.clone(), journal: config.journal() };
    let around = |inner| Arc::new(Off(inner)) as Arc<dyn Store>;
    Ok(Ledger::open_with(store, Arc::new(clock.clone()), entropy, Arc::new(top_key), around).await?)
}

struct Off(Arc<dyn Store>);

type Answer<T> = Result<T, ingam_ledger::Fault>;

#[async_trait]
impl Store for Off {
    async fn commit(&self, commit: CommitRows) -> Answer<Result<Vec<String>, Refused>> {
        if commit.writes.iter().any(|w| w.case_kind == crate::flow::verification::KIND) {
            return Ok(Ok(commit.take.into_iter().map(|t| t.base).collect()));
        }
        self.0.commit(commit).await
    }
    async fn case(&self, id: &str) -> Answer<Option<Case>> {
        self.0.case(id).await
    }
    async fn cases(&self, query: CaseQuery) -> Answer<Vec<Case>> {
        self.0.cases(query).await
    }
    async fn entries(&self, query: EntryQuery) -> Answer<Vec<EntryRow>> {
        self.0.entries(query).await
    }
    async fn claims(&self, base: &str, now: Timestamp) -> Answer<Vec<Claim>> {
        self.0.claims(base, now).await
    }
    async fn scan_claims(&self, after: Option<(String, Option<u32>)>, limit: u32) -> Answer<Vec<Claim>> {
        self.0.scan_claims(after, limit).await
    }
    async fn find(&self, purpose: &str, values: &[IndexValue]) -> Answer<Vec<IndexRow>> {
        self.0.find(purpose, values).await
    }
    async fn lease(&self, request: LeaseRequest) -> Answer<Vec<LeasedTask>> {
        self.0.lease(request).await
    }
    async fn settle(&self, task: &str, epoch: u64, word: Settle) -> Answer<Result<(), Refused>> {
        self.0.settle(task, epoch, word).await
    }
    async fn next_due(&self, kinds: &[String]) -> Answer<Option<Timestamp>> {
        self.0.next_due(kinds).await
    }
    async fn tasks(&self, query: TaskQuery) -> Answer<Vec<TaskState>> {
        self.0.tasks(query).await
    }
    async fn revive(&self, task: &str, run_at: Timestamp) -> Answer<bool> {
        self.0.revive(task, run_at).await
    }
    async fn head(&self, stream: Stream) -> Answer<u64> {
        self.0.head(stream).await
    }
    async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: Vec<String>,
        tasks: Vec<TaskRow>,
    ) -> Answer<Result<u64, NumberingRefused>> {
        self.0.number(stream, head, entries, tasks).await
    }
    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Answer<()> {
        self.0.destroy(destruction, mark).await
    }
    async fn journal_mark(&self) -> Answer<JournalMark> {
        self.0.journal_mark().await
    }
    async fn knows_subject(&self, subject: &str) -> Answer<bool> {
        self.0.knows_subject(subject).await
    }
    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Answer<u64> {
        self.0.sweep_claims(now, limit).await
    }
    fn arrivals(&self) -> Arrivals {
        self.0.arrivals()
    }
}
