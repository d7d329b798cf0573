//! Blobs in memory. The contract is [`Blobs`].

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use super::Memory;
use super::door::Door;
use super::layers::{Place, Room};
use crate::blobs::{BlobRef, Blobs, Kept, Walked};
use crate::error::Fault;
use crate::store::Destruction;

/// By subject, id and hash; and what was destroyed, so that nobody keeps more of it.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    kept: BTreeMap<(String, String, String), Arc<Kept>>,
    destroyed: Vec<Destruction>,
}

/// What can happen to the blobs.
pub(super) enum Change {
    Put(BlobRef, Arc<Kept>),
    Remove(BlobRef),
    Destroy(Destruction),
}

fn name(blob: &BlobRef) -> (String, String, String) {
    (blob.subject.clone(), blob.id.clone(), blob.sha256.clone())
}

fn covered(destruction: &Destruction, kept: &Kept) -> bool {
    kept.header.subject == destruction.subject
        && destruction.covers(kept.header.institution.as_deref(), kept.header.class)
}

impl Place for Shelf {
    type Change = Change;
    /// Of a blob to be kept: whether it was.
    type Answer = bool;

    fn apply(&mut self, change: &Change) -> bool {
        match change {
            Change::Put(blob, kept) => {
                if self.destroyed.iter().any(|destruction| covered(destruction, kept)) {
                    return false;
                }
                self.kept.insert(name(blob), kept.clone());
            }
            Change::Remove(blob) => {
                self.kept.remove(&name(blob));
            }
            Change::Destroy(destruction) => {
                self.kept.retain(|_, kept| !covered(destruction, kept));
                self.destroyed.push(destruction.clone());
            }
        }
        true
    }
}

/// A node's way to the blobs.
pub(super) struct MemoryBlobs(pub(super) Door);

fn blobs(memory: &Memory) -> &Room<Shelf> {
    &memory.blobs
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn put(&self, blob: &BlobRef, kept: Kept) -> Result<bool, Fault> {
        self.0.change(blobs, "put_blob", Change::Put(blob.clone(), Arc::new(kept))).await
    }

    async fn get(&self, blob: &BlobRef) -> Result<Kept, Fault> {
        let found = self.0.read(blobs, "get_blob", |shelf| shelf.kept.get(&name(blob)).cloned()).await?;
        let kept = found.ok_or(Fault::Damaged("a blob that is not there"))?;
        Ok(Kept { header: kept.header.clone(), sealed: kept.sealed.clone() })
    }

    async fn remove(&self, blob: &BlobRef) -> Result<(), Fault> {
        self.0.change(blobs, "remove_blob", Change::Remove(blob.clone())).await.map(|_| ())
    }

    async fn destroy(&self, destruction: &Destruction) -> Result<(), Fault> {
        self.0.change(blobs, "destroy_blobs", Change::Destroy(destruction.clone())).await.map(|_| ())
    }

    async fn has_any(&self, subject: &str) -> Result<bool, Fault> {
        let any = |shelf: &Shelf| shelf.kept.keys().any(|(of, ..)| of == subject);
        self.0.read(blobs, "has_blobs", any).await
    }

    /// All in one part.
    async fn made_within(&self, made_ms: Range<i64>, _: Option<String>) -> Result<Walked, Fault> {
        let made = |shelf: &Shelf| {
            let found = shelf.kept.iter().filter(|(_, kept)| made_ms.contains(&kept.header.created_ms));
            found.map(|((.., sha256), kept)| kept.header.clone().named(sha256.clone())).collect()
        };
        Ok(Walked { blobs: self.0.read(blobs, "old_blobs", made).await?, next: None })
    }
}
