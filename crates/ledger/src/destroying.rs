//! Destroying a subject's data, and sweeping what nobody uses. The way of normal work and the way of
//! recovery are one: append to the journal, then follow the journal.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;

use crate::blobs::BlobRef;
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::journal::{Journal, Recorded};
use crate::ledger::{Ledger, check_id};
use crate::store::{Destruction, JournalMark};
use crate::text::to_hex;

/// Keys looked at in one hold of the gate; commits that seal wait that long.
const SWEEP_PAGE: u32 = 200;

/// The journal; one destruction at a time in this process.
pub(crate) struct Destroyer {
    journal: Box<dyn Journal>,
    /// How many records this process has followed. Others may have followed more, or less.
    followed: u64,
}

impl Destroyer {
    /// Takes a journal that fits what the stores remember. A new one begins with a record that destroys nothing
    /// and holds random bytes: from the first moment both stores remember *this* journal, and also a copy of them
    /// from before the first destruction stays shut without it.
    pub(crate) async fn new(
        journal: Box<dyn Journal>,
        remembered: &[JournalMark],
        now: Timestamp,
        random: [u8; 16],
    ) -> Result<Destroyer, Fault> {
        let nothing = Destruction { subject: String::new(), institution: None, classes: vec![] };
        journal.begin(nothing, &format!("ledger_{}", to_hex(&random)), now).await?;
        let followed = remembered.iter().map(|mark| mark.count).min().unwrap_or(0);
        Ok(Destroyer { journal, followed })
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
        let mut destroyer = self.inner.destroyer.lock().await;
        // If we crash after this, the next start follows the journal.
        destroyer.journal.append(destruction, reason, self.now()).await?;
        self.follow(&mut destroyer).await
    }

    /// Finishes destructions that broke off after they were in the journal, also those of other processes, and
    /// forgets the keys that those destroyed. For a program's housekeeping; opening the ledger does it too.
    pub async fn finish_destructions(&self) -> Result<(), Fault> {
        let mut destroyer = self.inner.destroyer.lock().await;
        self.follow(&mut destroyer).await
    }

    async fn follow(&self, destroyer: &mut Destroyer) -> Result<(), Fault> {
        // Invariant: records are followed in their order, and what several processes follow at once is as if one
        // had followed it.
        while let Some(Recorded { destruction, mark }) = destroyer.journal.after(destroyer.followed).await? {
            let _gate = self.inner.gate.write().await;
            self.inner.vault.destroy(&destruction, mark).await?;
            self.inner.blobs.destroy(&destruction).await?;
            // Last, because it remembers that this record was followed.
            self.inner.store.destroy(destruction, mark).await?;
            destroyer.journal.followed(mark);
            destroyer.followed = mark.count;
        }
        Ok(())
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
        let since = within.and_then(ago).map_or(i64::MIN, Timestamp::as_millisecond);
        let made_ms = since..before.as_millisecond();
        // Blobs first: a subject whose last blob goes here is an orphan below.
        let blobs = self.sweep_blobs(made_ms.clone()).await?;
        let keys = self.sweep_keys(made_ms).await?;
        Ok(Swept { keys, blobs })
    }

    async fn sweep_blobs(&self, made_ms: Range<i64>) -> Result<u64, Fault> {
        let mut removed = 0;
        let mut after = None;
        loop {
            let walked = self.inner.blobs.made_within(made_ms.clone(), after).await?;
            for (blob, case) in walked.blobs {
                if !self.names(&case, &blob).await? {
                    self.remove_blob(&blob).await?;
                    removed += 1;
                }
            }
            if walked.next.is_none() {
                return Ok(removed);
            }
            after = walked.next;
        }
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

    async fn sweep_keys(&self, made_ms: Range<i64>) -> Result<u64, Fault> {
        let mut keys = 0;
        let mut cursor = None;
        loop {
            let _gate = self.inner.gate.write().await;
            // A caller may have gone away while its commit still waits in the store; a change asked after
            // it is answered after it.
            self.inner.store.sweep_claims(self.now(), 1).await?;
            let page = self.inner.vault.made_within(made_ms.clone(), cursor, SWEEP_PAGE).await?;
            let Some(last) = page.last() else { return Ok(keys) };
            cursor = Some(last.id.clone());
            let mut orphans = Vec::new();
            for key in page {
                let used = self.inner.blobs.has_any(&key.subject).await?;
                if !used && self.retire(&key.subject).await? {
                    orphans.push(key);
                }
            }
            keys += orphans.len() as u64;
            if !orphans.is_empty() {
                self.inner.vault.forget(orphans).await?;
            }
        }
    }

    /// Whether a subject's keys may be forgotten: no commit names it and none will. In this process the gate sees
    /// to the second; where there are others, the store does.
    async fn retire(&self, subject: &str) -> Result<bool, Fault> {
        if self.inner.vault.shared() {
            self.inner.store.retire_subject(subject).await
        } else {
            Ok(!self.inner.store.knows_subject(subject).await?)
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
