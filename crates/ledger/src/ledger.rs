//! The ledger as the program uses it: commits, views, claims, tasks, numbers. Reading sealed fields is in
//! [`crate::reading`], destroying in [`crate::destroying`]. Refuses to know what an entry means.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;
use tokio::sync::RwLock;

use crate::blobs::{self, BlobRef, Blobs, NewBlob, safe};
use crate::commit::{
    Case, Claim, Commit, Committed, IndexRow, IndexValue, LeasedTask, NewTask, NumberingRefused, Refused,
    TaskState,
};
use crate::destroying::Destroyer;
use crate::entry::{ClearEntry, EntryRow, RetentionClass, Stream};
use crate::error::Fault;
use crate::given::{Clock, Entropy};
use crate::jcs;
use crate::keys::KeyName;
use crate::query::{CaseQuery, Cursor, EntryQuery, ListQuery, TaskQuery};
use crate::seal_fields::{Place, seal_entry};
use crate::store::{Arrivals, CommitRows, LeaseRequest, Settle, Store, TaskRow, ViewRow, WriteRows};
use crate::vault::{DataKey, Found, Vault};

/// The ledger. Cheap to clone; the last clone closes it, and waits for what was asked.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) blobs: Box<dyn Blobs>,
    pub(crate) destroyer: tokio::sync::Mutex<Destroyer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Sealing holds it for reading, from taking a key until the commit is answered; destroying and
    /// sweeping hold it for writing. So no commit lands under a key that went away meanwhile in this process; if
    /// it went away in another one, the store refuses the commit.
    pub(crate) gate: RwLock<()>,
    /// Of the embedded store. Dropped last: only then may another process open the ledger.
    pub(crate) _lock: Option<File>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The cases.
    pub cases: Vec<Case>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl Ledger {
    /// The store below, for audits and tests.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The time, as the ledger sees it.
    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Makes the data keys of a subject, durable before this answers; called before the first commit that
    /// seals for it. Keys that are there stay. Refused where one of them was destroyed.
    pub async fn open_subject(
        &self,
        subject: &str,
        institution: Option<&str>,
        classes: &[RetentionClass],
    ) -> Result<Result<(), Refused>, Fault> {
        check_id(subject)?;
        let opened = self.inner.vault.open_subject(subject, institution, classes, self.now()).await?;
        Ok(if opened { Ok(()) } else { Err(Refused::Destroyed { subject: subject.to_owned() }) })
    }

    /// Writes one decision, all or nothing, durable before this answers.
    ///
    /// Errors: [`Fault::KeyMissing`] where a field is sealed for a subject that was not opened,
    /// [`Fault::Leaf`] for a value that can't be committed to, [`Fault::Invalid`] for a malformed commit;
    /// nothing happened then. After any other fault the outcome is unknown: ask for the cases' versions.
    pub async fn commit(&self, commit: Commit) -> Result<Result<Committed, Refused>, Fault> {
        check_commit(&commit)?;
        let seals =
            commit.writes.iter().any(|write| write.entries.iter().any(|entry| !entry.sealed.is_empty()));
        let _gate = if seals || !commit.index.is_empty() { Some(self.inner.gate.read().await) } else { None };
        let keys = match self.keys_for(&commit).await? {
            Ok(keys) => keys,
            Err(refused) => return Ok(Err(refused)),
        };
        let mut versions = Vec::with_capacity(commit.writes.len());
        let mut leaves = Vec::new();
        let mut writes = Vec::with_capacity(commit.writes.len());
        for write in commit.writes {
            let mut rows: Vec<EntryRow> = Vec::with_capacity(write.entries.len());
            for (entry, version) in write.entries.into_iter().zip(write.expected_version + 1..) {
                let place = Place { case: &write.case, version, stream: write.stream };
                let institution = entry.institution.clone();
                let key = |subject: &str, class| {
                    let name =
                        KeyName { subject: subject.to_owned(), institution: institution.clone(), class };
                    keys.get(&name).map(|key| &**key).ok_or(Fault::KeyMissing)
                };
                let row = seal_entry(entry, place, key, &*self.inner.entropy)?;
                leaves.push((row.id.clone(), row.leaf));
                rows.push(row);
            }
            versions.push((write.case.clone(), write.expected_version + rows.len() as u64));
            writes.push(WriteRows {
                case: write.case,
                case_kind: write.case_kind,
                expected_version: write.expected_version,
                entries: rows,
                view: write.view.map(|view| ViewRow {
                    state: view.state.to_string(),
                    status: view.status,
                    reference: view.reference,
                    institution: view.institution,
                }),
            });
        }
        let rows = CommitRows {
            now: self.now(),
            writes,
            take: commit.take,
            release: commit.release,
            index: commit.index,
            tasks: commit.tasks.into_iter().map(task_row).collect(),
            done: commit.done,
        };
        let outcome = self.inner.store.commit(rows).await?;
        Ok(outcome.map(|claims_taken| Committed { versions, claims_taken, leaves }))
    }

    async fn keys_for(
        &self,
        commit: &Commit,
    ) -> Result<Result<HashMap<KeyName, Arc<DataKey>>, Refused>, Fault> {
        let mut keys = HashMap::new();
        for entry in commit.writes.iter().flat_map(|write| &write.entries) {
            for field in &entry.sealed {
                let name = KeyName {
                    subject: field.subject.clone(),
                    institution: entry.institution.clone(),
                    class: field.class,
                };
                if keys.contains_key(&name) {
                    continue;
                }
                match self.inner.vault.key(&name).await? {
                    Found::Key(key) => keys.insert(name, key),
                    Found::Destroyed => return Ok(Err(Refused::Destroyed { subject: name.subject })),
                    Found::Missing => return Err(Fault::KeyMissing),
                };
            }
        }
        Ok(Ok(keys))
    }

    /// One case with its view.
    pub async fn case(&self, id: &str) -> Result<Option<Case>, Fault> {
        self.inner.store.case(id).await
    }

    /// A page of cases that have a view, newest first.
    pub async fn list(&self, mut query: ListQuery) -> Result<Page, Fault> {
        let limit = query.limit.clamp(1, 1000);
        query.limit = limit + 1;
        let mut cases = self.inner.store.cases(CaseQuery::List(query)).await?;
        let more = cases.len() > limit as usize;
        cases.truncate(limit as usize);
        let next = cases
            .last()
            .filter(|_| more)
            .map(|last| Cursor { created_ms: last.created_at.as_millisecond(), case: last.id.clone() });
        Ok(Page { cases, next })
    }

    /// The clear parts of a case's entries after a version, by version.
    pub async fn entries(&self, case: &str, after: u64, limit: u32) -> Result<Vec<ClearEntry>, Fault> {
        self.clear(EntryQuery::Case { case: case.to_owned(), after, limit }).await
    }

    /// The clear part of one entry.
    pub async fn entry(&self, id: &str) -> Result<Option<ClearEntry>, Fault> {
        Ok(self.clear(EntryQuery::Ids(vec![id.to_owned()])).await?.pop())
    }

    pub(crate) async fn clear(&self, query: EntryQuery) -> Result<Vec<ClearEntry>, Fault> {
        self.inner.store.entries(query).await?.iter().map(EntryRow::to_clear).collect()
    }

    /// The live claims under a base.
    pub async fn claims(&self, base: &str) -> Result<Vec<Claim>, Fault> {
        self.inner.store.claims(base, self.now()).await
    }

    /// The HMAC of a value under the newest key of a purpose: for index rows, claims, digests of requests,
    /// link tokens. The caller brings the value to one spelling first. The purpose's key is made, durable,
    /// at the first call.
    pub async fn index_value(&self, purpose: &str, value: &[u8]) -> Result<IndexValue, Fault> {
        check_id(purpose)?;
        self.inner.vault.index_value(purpose, value).await
    }

    /// The HMACs under all keys of a purpose, the newest first: for finding.
    pub async fn index_values(&self, purpose: &str, value: &[u8]) -> Result<Vec<IndexValue>, Fault> {
        check_id(purpose)?;
        self.inner.vault.index_values(purpose, value).await
    }

    /// Whether a value is the one behind an HMAC, compared in constant time: for link tokens and digests.
    pub async fn index_matches(
        &self,
        purpose: &str,
        value: &[u8],
        known: &IndexValue,
    ) -> Result<bool, Fault> {
        let values = self.index_values(purpose, value).await?;
        let same =
            |found: &IndexValue| verify_slices_are_equal(found.hex.as_bytes(), known.hex.as_bytes()).is_ok();
        Ok(values.iter().find(|found| found.key_version == known.key_version).is_some_and(same))
    }

    /// Makes a new key for a purpose and answers its version; the old keys still find.
    pub async fn rotate_index_key(&self, purpose: &str) -> Result<u32, Fault> {
        check_id(purpose)?;
        self.inner.vault.rotate_index_key(purpose).await
    }

    /// The index rows of a purpose with one of these values.
    pub async fn find(&self, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault> {
        self.inner.store.find(purpose, values).await
    }

    /// Hands out due tasks of these kinds, the longest due first; epoch and attempt are durable before
    /// this answers.
    pub async fn lease(
        &self,
        kinds: &[&str],
        limit: u32,
        worker: &str,
        lease_for: Duration,
    ) -> Result<Vec<LeasedTask>, Fault> {
        let now = self.now();
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let request =
            LeaseRequest { kinds, limit, worker: worker.to_owned(), now, until: later(now, lease_for)? };
        self.inner.store.lease(request).await
    }

    /// Gives a task back; it is due again at `run_at`.
    pub async fn postpone(
        &self,
        task: &str,
        epoch: u64,
        run_at: Timestamp,
    ) -> Result<Result<(), Refused>, Fault> {
        self.inner.store.settle(task, epoch, Settle::Postpone(run_at)).await
    }

    /// Holds a task for this long from now.
    pub async fn extend(
        &self,
        task: &str,
        epoch: u64,
        lease_for: Duration,
    ) -> Result<Result<(), Refused>, Fault> {
        let until = later(self.now(), lease_for)?;
        self.inner.store.settle(task, epoch, Settle::Extend(until)).await
    }

    /// Parks a task where people see it; `reason` is a stable code.
    pub async fn dead(&self, task: &str, epoch: u64, reason: &str) -> Result<Result<(), Refused>, Fault> {
        self.inner.store.settle(task, epoch, Settle::Dead(reason.to_owned())).await
    }

    /// Makes a parked task wait again; `false` where it is not parked.
    pub async fn revive(&self, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
        self.inner.store.revive(task, run_at).await
    }

    /// Tasks that are not done, by a query.
    pub async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskState>, Fault> {
        self.inner.store.tasks(query).await
    }

    /// When the next task of these kinds is due (maybe in the past); sleep until then, or until
    /// [`Ledger::arrivals`] moves.
    pub async fn next_due(&self, kinds: &[&str]) -> Result<Option<Timestamp>, Fault> {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        self.inner.store.next_due(&kinds).await
    }

    /// Counters that move when tasks or entries arrived. Subscribe before looking, or an arrival between
    /// the two is missed.
    pub fn arrivals(&self) -> Arrivals {
        self.inner.store.arrivals()
    }

    /// The last number given in a stream.
    pub async fn head(&self, stream: Stream) -> Result<u64, Fault> {
        self.inner.store.head(stream).await
    }

    /// Entries without a number, in an order that keeps each case's order.
    pub async fn pending(&self, stream: Stream, limit: u32) -> Result<Vec<ClearEntry>, Fault> {
        self.clear(EntryQuery::Pending { stream, limit }).await
    }

    /// Gives entries the numbers after `head`, and adds the sequencer's own tasks, all or nothing.
    /// Answers the new head.
    pub async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: &[String],
        tasks: Vec<NewTask>,
    ) -> Result<Result<u64, NumberingRefused>, Fault> {
        tasks.iter().try_for_each(check_task)?;
        let tasks = tasks.into_iter().map(task_row).collect();
        self.inner.store.number(stream, head, entries.to_vec(), tasks).await
    }

    /// An institution's numbered entries after a number, by number.
    pub async fn numbered(
        &self,
        stream: Stream,
        institution: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ClearEntry>, Fault> {
        let institution = Some(institution.to_owned());
        self.clear(EntryQuery::Numbered { stream, institution, after, limit }).await
    }

    /// Removes claims that have run out, at most `limit`.
    pub async fn sweep_claims(&self, limit: u32) -> Result<u64, Fault> {
        self.inner.store.sweep_claims(self.now(), limit).await
    }

    /// Seals and writes a blob under the subject's data key; when this answers, it is on disk. Then name
    /// it, by id and hash, in the clear part of an entry of the case. The ids may hold letters, digits, `_`
    /// and `-`.
    pub async fn put_blob(
        &self,
        id: &str,
        case: &str,
        subject: &str,
        institution: Option<&str>,
        class: RetentionClass,
        bytes: Vec<u8>,
    ) -> Result<Result<BlobRef, Refused>, Fault> {
        let bytes = zeroize::Zeroizing::new(bytes);
        check_id(case)?;
        if !safe(id) || !safe(subject) {
            return Err(Fault::Invalid("a blob's name"));
        }
        let _gate = self.inner.gate.read().await;
        let name =
            KeyName { subject: subject.to_owned(), institution: institution.map(str::to_owned), class };
        let key = match self.inner.vault.key(&name).await? {
            Found::Key(key) => key,
            Found::Destroyed => return Ok(Err(Refused::Destroyed { subject: subject.to_owned() })),
            Found::Missing => return Err(Fault::KeyMissing),
        };
        let (id, case, now, inner) = (id.to_owned(), case.to_owned(), self.now(), self.inner.clone());
        let len = bytes.len();
        let new = NewBlob { id, case, subject: name.subject, institution: name.institution, class, bytes };
        let sealing = move || blobs::seal(new, &key, now, &*inner.entropy);
        let (blob, kept) = for_bytes(len, sealing).await?;
        let kept = self.inner.blobs.put(&blob, kept).await?;
        Ok(if kept { Ok(blob) } else { Err(Refused::Destroyed { subject: blob.subject }) })
    }
}

impl Ledger {
    /// Removes a blob that is no longer needed, although an entry names it: what an entry says of it (its hash)
    /// stays. Doing it twice is the same as once. Its bytes were only ever written under its own key, which goes
    /// with the file.
    pub async fn remove_blob(&self, blob: &BlobRef) -> Result<(), Fault> {
        self.inner.blobs.remove(blob).await
    }
}

/// Runs work that blocks on one of tokio's threads for that.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Closed)?
}

/// Runs work on so many bytes: here where they are few, for handing it to another thread takes longer than doing it.
pub(crate) async fn for_bytes<T: Send + 'static>(
    len: usize,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    const FEW: usize = 16 * 1024;
    if len <= FEW { work() } else { blocking(work).await }
}

fn later(now: Timestamp, by: Duration) -> Result<Timestamp, Fault> {
    let by = jiff::SignedDuration::try_from(by).map_err(|_| Fault::Invalid("a lease that never ends"))?;
    now.checked_add(by).map_err(|_| Fault::Invalid("a lease that never ends"))
}

fn task_row(task: NewTask) -> TaskRow {
    TaskRow {
        id: task.id,
        case: task.case,
        kind: task.kind,
        effect: task.effect,
        payload: task.payload.to_string(),
        run_at: task.run_at,
    }
}

/// Ids and words are plain strings of 1 to 200 bytes without control characters.
pub(crate) fn check_id(id: &str) -> Result<(), Fault> {
    let fits = !id.is_empty() && id.len() <= 200 && !id.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Fault::Invalid("an id is empty, too long or not plain")) }
}

fn check_task(task: &NewTask) -> Result<(), Fault> {
    [&task.id, &task.case, &task.kind].into_iter().try_for_each(|id| check_id(id))?;
    if jcs::readable(&task.payload) { Ok(()) } else { Err(Fault::Invalid("a payload is nested too deeply")) }
}

fn check_commit(commit: &Commit) -> Result<(), Fault> {
    for write in &commit.writes {
        check_id(&write.case)?;
        check_id(&write.case_kind)?;
        if write.expected_version + write.entries.len() as u64 > jcs::MAX_INTEGER as u64 {
            return Err(Fault::Invalid("a version beyond 2^53 - 1"));
        }
        if let Some(view) = &write.view {
            if write.entries.is_empty() {
                return Err(Fault::Invalid("a view without an entry"));
            }
            if !jcs::readable(&view.state) {
                return Err(Fault::Invalid("a view is nested too deeply"));
            }
            check_id(&view.status)?;
            let findable = |text: &str| text.len() <= 2000 && !text.contains('\0');
            if !view.reference.as_deref().is_none_or(findable) {
                return Err(Fault::Invalid("a reference is too long or holds U+0000"));
            }
            view.institution.as_deref().map_or(Ok(()), check_id)?;
        }
        for entry in &write.entries {
            check_id(&entry.id)?;
            check_id(&entry.kind)?;
            entry.institution.as_deref().map_or(Ok(()), check_id)?;
            entry.clear.keys().try_for_each(|name| check_id(name))?;
            entry
                .sealed
                .iter()
                .try_for_each(|field| check_id(&field.name).and_then(|()| check_id(&field.subject)))?;
        }
    }
    for take in &commit.take {
        check_id(&take.base)?;
        check_id(&take.holder)?;
        if take.slots == Some(0) || take.note.as_ref().is_some_and(|note| !jcs::readable(note)) {
            return Err(Fault::Invalid("a claim without slots, or a note nested too deeply"));
        }
    }
    for row in &commit.index {
        [&row.purpose, &row.subject, &row.case].into_iter().try_for_each(|id| check_id(id))?;
        row.institution.as_deref().map_or(Ok(()), check_id)?;
    }
    commit.tasks.iter().try_for_each(check_task)
}
