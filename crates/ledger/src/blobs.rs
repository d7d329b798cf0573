//! Blobs: pictures and documents, sealed, each under a key of its own that the subject's data key wraps. A blob
//! is kept, durable, before the commit that names it. Refuses to know what is in it.
//!
//! The same id put twice makes two blobs, told apart by the hash of their sealed bytes; the one that no entry
//! of its case names is swept.

pub(crate) mod copied;
pub(crate) mod folder;

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto;
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::given::{Entropy, draw};
use crate::leaf::{self, Hash};
use crate::store::Destruction;
use crate::text::{self, Base64};
use crate::vault::DataKey;

/// What an entry says about a blob. Goes into a clear field: it holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlobRef {
    /// The blob's id.
    pub id: String,
    /// Whose it is.
    pub subject: String,
    /// The institution under whose data key it stands.
    pub institution: Option<String>,
    /// Its retention class.
    pub class: RetentionClass,
    /// Its length in bytes, before sealing.
    pub len: u64,
    /// SHA-256 of the sealed bytes, 64 hex digits.
    pub sha256: String,
}

/// What stands beside the sealed bytes. No personal data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) institution: Option<String>,
    pub(crate) class: RetentionClass,
    /// Whose entries may name it.
    pub(crate) case: String,
    pub(crate) key_id: String,
    pub(crate) len: u64,
    pub(crate) created_ms: i64,
    pub(crate) wrapped: Base64<60>,
}

impl Header {
    /// The blob and its case, as a walk gives them.
    pub(crate) fn named(self, sha256: String) -> (BlobRef, String) {
        let blob = BlobRef {
            id: self.id,
            subject: self.subject,
            institution: self.institution,
            class: self.class,
            len: self.len,
            sha256,
        };
        (blob, self.case)
    }
}

/// A blob as it is kept.
pub(crate) struct Kept {
    pub(crate) header: Header,
    pub(crate) sealed: Vec<u8>,
}

/// A part of a walk over all blobs.
pub(crate) struct Walked {
    /// Blobs, each with the case whose entries may name it.
    pub(crate) blobs: Vec<(BlobRef, String)>,
    /// Where the next part begins; `None` after the last.
    pub(crate) next: Option<String>,
}

/// Where blobs are kept.
#[async_trait]
pub(crate) trait Blobs: Send + Sync {
    /// Keeps a blob; when this answers, it lasts. `false`: its subject's data of this class are destroyed.
    async fn put(&self, blob: &BlobRef, kept: Kept) -> Result<bool, Fault>;

    /// A blob that was kept; one that is not there is a fault.
    async fn get(&self, blob: &BlobRef) -> Result<Kept, Fault>;

    /// Removes one blob. Doing it twice is the same as once.
    async fn remove(&self, blob: &BlobRef) -> Result<(), Fault>;

    /// Removes the blobs that a destruction covers. Doing it twice is the same as once.
    async fn destroy(&self, destruction: &Destruction) -> Result<(), Fault>;

    /// Whether there is any blob of this subject.
    async fn has_any(&self, subject: &str) -> Result<bool, Fault>;

    /// The blobs that were made in a span of time (milliseconds since 1970), part by part; some parts are empty.
    async fn made_within(&self, made_ms: Range<i64>, after: Option<String>) -> Result<Walked, Fault>;
}

/// A blob to be kept.
pub(crate) struct NewBlob {
    pub(crate) id: String,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) institution: Option<String>,
    pub(crate) class: RetentionClass,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// Seals a blob. Takes some milliseconds for a picture.
pub(crate) fn seal(
    new: NewBlob,
    data_key: &DataKey,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(BlobRef, Kept), Fault> {
    let len = new.bytes.len() as u64;
    let key = Zeroizing::new(draw::<32>(entropy));
    let wrap_aad = text::bound("ingam-blob-key-v1", &[&new.id, &data_key.id]);
    let wrapped = crypto::seal(&data_key.key, &wrap_aad, Zeroizing::new(key.to_vec()), entropy)?;
    let sealed = crypto::seal(&key, &text::bound("ingam-blob-v1", &[&new.id]), new.bytes, entropy)?;
    let blob = BlobRef {
        id: new.id,
        subject: new.subject,
        institution: new.institution,
        class: new.class,
        len,
        sha256: text::to_hex(&leaf::sha256(&[&sealed])),
    };
    let header = Header {
        id: blob.id.clone(),
        subject: blob.subject.clone(),
        institution: blob.institution.clone(),
        class: blob.class,
        case: new.case,
        key_id: data_key.id.clone(),
        len,
        created_ms: now.as_millisecond(),
        wrapped: Base64(wrapped.try_into().map_err(|_| Fault::Sealed("a blob's key"))?),
    };
    Ok((blob, Kept { header, sealed }))
}

/// Opens a blob, checked against what the entry says about it.
pub(crate) fn open(blob: &BlobRef, kept: &Kept, data_key: &DataKey) -> Result<Zeroizing<Vec<u8>>, Fault> {
    const DAMAGED: Fault = Fault::Damaged("a blob");
    let hash: Hash = leaf::sha256(&[&kept.sealed]);
    if kept.header.key_id != data_key.id || text::from_hex::<32>(&blob.sha256) != Some(hash) {
        return Err(DAMAGED);
    }
    let wrap_aad = text::bound("ingam-blob-key-v1", &[&blob.id, &data_key.id]);
    let key = crypto::open_key(&data_key.key, &wrap_aad, &kept.header.wrapped.0, "a blob's key")?;
    let plain = crypto::open(&key, &text::bound("ingam-blob-v1", &[&blob.id]), &kept.sealed, "a blob")?;
    if plain.len() as u64 == blob.len { Ok(plain) } else { Err(DAMAGED) }
}

/// Ids that become names of files: letters, digits, `_` and `-`.
pub(crate) fn safe(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !id.is_empty() && id.len() <= 100 && id.bytes().all(allowed)
}
