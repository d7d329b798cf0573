//! Destroying a subject's data, and sweeping what nobody uses. The way of normal work and the way of
//! recovery are one: append to the journal, then follow the journal.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::blobs::BlobRef;
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::journal::{Journal, Recorded};
use crate::ledger::{Ledger, blocking, check_id};
use crate::store::{Destruction, Store};
use crate::text::to_hex;
use crate::vault::Vault;

/// Keys looked at in one hold of the gate; commits that seal wait that long.
const SWEEP_PAGE: u32 = 200;

/// The journal; one destruction at a time.
pub(crate) struct Destroyer {
    journal: Arc<Mutex<Journal>>,
}

fn held(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    // The journal knows itself whether an append broke off.
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Destroyer {
    /// Opens the journal. A new one begins with a record that destroys nothing and holds random bytes:
    /// from the first moment both stores remember *this* journal, and also a copy of them from before
    /// the first destruction stays shut without it.
    pub(crate) async fn open(
        path: PathBuf,
        store: &dyn Store,
        vault: &Vault,
        now: Timestamp,
        random: [u8; 16],
    ) -> Result<Destroyer, Fault> {
        let marks = [store.journal_mark().await?, vault.journal_mark().await?];
        let open = move || {
            let mut journal = Journal::open(&path, &marks)?;
            if journal.is_empty() {
                let nothing = Destruction { subject: String::new(), institution: None, classes: vec![] };
                journal.append(nothing, &format!("ledger_{}", to_hex(&random)), now)?;
            }
            Ok(journal)
        };
        let journal = blocking(open).await?;
        Ok(Destroyer { journal: Arc::new(Mutex::new(journal)) })
    }
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Data keys of subjects that no commit ever named.
    pub keys: u64,
    /// Blobs that no commit names.
    pub blobs: u64,
}

impl Ledger {
    /// Destroys a subject's data of these classes, at one institution or (`None`) everywhere: the journal
    /// first, then wrapped keys, index rows, blobs and cached keys. When this answers `Ok`, none of it can
    /// be opened again, also not from an older copy of the stores. `reason` is a stable code.
    ///
    /// After a fault the destruction may be in the journal; the next one, or the next start, finishes it.
    pub async fn destroy(
        &self,
        subject: &str,
        institution: Option<&str>,
        classes: &[RetentionClass],
        reason: &str,
    ) -> Result<(), Fault> {
        check_id(subject)?;
        check_id(reason)?;
        let classes: BTreeSet<RetentionClass> = classes.iter().copied().collect();
        let destruction = Destruction {
            subject: subject.to_owned(),
            institution: institution.map(str::to_owned),
            classes: classes.into_iter().collect(),
        };
        let destroyer = self.inner.destroyer.lock().await;
        let (journal, reason, now) = (destroyer.journal.clone(), reason.to_owned(), self.now());
        // If we crash after this, the next start follows the journal.
        blocking(move || held(&journal).append(destruction, &reason, now)).await?;
        self.follow(&destroyer).await
    }

    /// Finishes destructions that broke off after they were in the journal. For a program's housekeeping;
    /// opening the ledger does it too.
    pub async fn finish_destructions(&self) -> Result<(), Fault> {
        let destroyer = self.inner.destroyer.lock().await;
        self.follow(&destroyer).await
    }

    async fn follow(&self, destroyer: &Destroyer) -> Result<(), Fault> {
        loop {
            let next = held(&destroyer.journal).ahead();
            let Some(Recorded { destruction, mark }) = next else { return Ok(()) };
            let _gate = self.inner.gate.write().await;
            self.inner.vault.destroy(&destruction, mark).await?;
            let (inner, files) = (self.inner.clone(), destruction.clone());
            blocking(move || inner.blobs.destroy(&files)).await?;
            // Last, because it remembers that this record was followed.
            self.inner.store.destroy(destruction, mark).await?;
            held(&destroyer.journal).followed(mark);
        }
    }

    /// Removes what a crash or a refusal left behind: blobs that no entry of their case names, and data keys of
    /// subjects that no commit named. Looks only at what was made longer than `after` ago, and, where `within` is
    /// given, no longer ago than that: a sweep that comes often need not look at everything each time.
    pub async fn sweep_orphans(&self, after: Duration, within: Option<Duration>) -> Result<Swept, Fault> {
        let ago = |span: Duration| {
            let span = jiff::SignedDuration::try_from(span).ok()?;
            self.now().checked_sub(span).ok()
        };
        let before = ago(after).ok_or(Fault::Invalid("a sweep of nothing"))?;
        let since = within.and_then(ago);
        // Blobs first: a subject whose last blob goes here is an orphan below.
        let blobs = self.sweep_blobs(since, before).await?;
        let keys = self.sweep_keys(since, before).await?;
        Ok(Swept { keys, blobs })
    }

    async fn sweep_blobs(&self, since: Option<Timestamp>, before: Timestamp) -> Result<u64, Fault> {
        let inner = self.inner.clone();
        let mut removed = 0;
        for part in blocking(move || inner.blobs.parts()).await? {
            let inner = self.inner.clone();
            for (blob, case) in blocking(move || inner.blobs.made_within(&part, since, before)).await? {
                if !self.names(&case, &blob).await? {
                    self.remove_blob(&blob).await?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Whether an entry of the case holds the blob's id and hash among its clear fields.
    async fn names(&self, case: &str, blob: &BlobRef) -> Result<bool, Fault> {
        let mut after = 0;
        loop {
            let entries = self.entries(case, after, SWEEP_PAGE).await?;
            let Some(last) = entries.last() else { return Ok(false) };
            after = last.version;
            let holds = |entry: &crate::entry::ClearEntry, word: &str| {
                entry.clear.values().any(|value| holds_text(value, word))
            };
            if entries.iter().any(|entry| holds(entry, &blob.id) && holds(entry, &blob.sha256)) {
                return Ok(true);
            }
        }
    }

    async fn sweep_keys(&self, since: Option<Timestamp>, before: Timestamp) -> Result<u64, Fault> {
        let mut keys = 0;
        let mut cursor = 0;
        loop {
            let _gate = self.inner.gate.write().await;
            // A caller may have gone away while its commit still waits in the store; a change asked after
            // it is answered after it.
            self.inner.store.sweep_claims(self.now(), 1).await?;
            let page = self.inner.vault.made_within(since, before, cursor, SWEEP_PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(keys) };
            cursor = *last;
            let mut orphans = Vec::new();
            for (row, subject) in page {
                if self.inner.store.knows_subject(&subject).await? {
                    continue;
                }
                let (inner, whose) = (self.inner.clone(), subject.clone());
                if !blocking(move || inner.blobs.has_any(&whose)).await? {
                    orphans.push((row, subject));
                }
            }
            keys += orphans.len() as u64;
            if !orphans.is_empty() {
                self.inner.vault.forget(orphans).await?;
            }
        }
    }
}

fn holds_text(value: &serde_json::Value, word: &str) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => text == word,
        Value::Array(items) => items.iter().any(|item| holds_text(item, word)),
        Value::Object(fields) => fields.values().any(|field| holds_text(field, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
