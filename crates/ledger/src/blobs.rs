//! Blobs: pictures and documents as sealed files, each under a key of its own that the subject's data key
//! wraps. A blob is on disk, synced, before the commit that names it. Refuses to know what is in it.
//!
//! A file is `"ingamB1\n"` ‖ length of the header (4 bytes) ‖ header (JSON, no personal data) ‖ sealed
//! bytes. Its name holds the hash of the sealed bytes: putting the same id twice makes two files, and the
//! one that no entry of its case names is swept.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto;
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::files;
use crate::given::{Entropy, draw};
use crate::leaf::{self, Hash};
use crate::store::Destruction;
use crate::text::{self, Base64};
use crate::vault::DataKey;

const MAGIC: &[u8; 8] = b"ingamB1\n";

/// Headers are about 300 bytes; the bound keeps a damaged length harmless.
const MAX_HEADER: u32 = 8 * 1024;

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

#[derive(Serialize, Deserialize)]
pub(crate) struct FileHeader {
    id: String,
    subject: String,
    institution: Option<String>,
    class: RetentionClass,
    /// Whose entries may name it.
    case: String,
    key_id: String,
    len: u64,
    created_ms: i64,
    wrapped: Base64<60>,
}

/// The directory of blobs. All methods block.
#[derive(Clone)]
pub(crate) struct Blobs {
    dir: PathBuf,
}

/// A blob to be written.
pub(crate) struct NewBlob {
    pub(crate) id: String,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) institution: Option<String>,
    pub(crate) class: RetentionClass,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

impl Blobs {
    /// Opens the directory; what a crash left half written is removed.
    pub(crate) fn open(dir: &Path) -> Result<Blobs, Fault> {
        let aside = dir.join("aside");
        files::make_dir(&aside)?;
        for left in fs::read_dir(&aside).map_err(Fault::file(&aside))? {
            let left = left.map_err(Fault::file(&aside))?.path();
            fs::remove_file(&left).map_err(Fault::file(&left))?;
        }
        Ok(Blobs { dir: dir.to_owned() })
    }

    fn home(&self, subject: &str) -> PathBuf {
        // 256 directories, so that none grows beyond what people can list.
        let fan = text::to_hex(&leaf::sha256(&[subject.as_bytes()])[..1]);
        self.dir.join(fan).join(subject)
    }

    fn path(&self, blob: &BlobRef) -> Result<PathBuf, Fault> {
        let named = safe(&blob.id) && safe(&blob.subject) && text::from_hex::<32>(&blob.sha256).is_some();
        if !named {
            return Err(Fault::Invalid("a blob's name"));
        }
        Ok(self.home(&blob.subject).join(format!("{}.{}", blob.id, blob.sha256)))
    }

    /// Seals and writes a blob; when this returns, it lasts.
    pub(crate) fn put(
        &self,
        new: NewBlob,
        data_key: &DataKey,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<BlobRef, Fault> {
        let len = new.bytes.len() as u64;
        let key = Zeroizing::new(draw::<32>(entropy));
        let wrap_aad = text::bound("ingam-blob-key-v1", &[&new.id, &data_key.id]);
        let wrapped = crypto::seal(&data_key.key, &wrap_aad, Zeroizing::new(key.to_vec()), entropy)?;
        let sealed = crypto::seal(&key, &text::bound("ingam-blob-v1", &[&new.id]), new.bytes, entropy)?;
        let sha256 = leaf::sha256(&[&sealed]);
        let blob = BlobRef {
            id: new.id,
            subject: new.subject,
            institution: new.institution,
            class: new.class,
            len,
            sha256: text::to_hex(&sha256),
        };
        let path = self.path(&blob)?;
        let header = FileHeader {
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
        let header = serde_json::to_vec(&header).map_err(|_| Fault::Invalid("a blob's name"))?;
        files::make_dir(&self.home(&blob.subject))?;
        let aside = self.dir.join("aside").join(text::to_hex(&draw::<16>(entropy)));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(MAGIC)?;
            file.write_all(&(header.len() as u32).to_be_bytes())?;
            file.write_all(&header)?;
            file.write_all(&sealed)?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        })();
        written.map_err(Fault::file(&path))?;
        files::sync_parent(&path)?;
        Ok(blob)
    }

    /// Reads and opens a blob, checked against what the entry says about it.
    pub(crate) fn get(&self, blob: &BlobRef, data_key: &DataKey) -> Result<Zeroizing<Vec<u8>>, Fault> {
        const DAMAGED: Fault = Fault::Damaged("a blob's file");
        let path = self.path(blob)?;
        let mut file = File::open(&path).map_err(Fault::file(&path))?;
        let header = read_header(&mut file, &path)?;
        let mut sealed = Vec::new();
        file.read_to_end(&mut sealed).map_err(Fault::file(&path))?;
        let hash: Hash = leaf::sha256(&[&sealed]);
        if header.key_id != data_key.id || text::from_hex::<32>(&blob.sha256) != Some(hash) {
            return Err(DAMAGED);
        }
        let wrap_aad = text::bound("ingam-blob-key-v1", &[&blob.id, &data_key.id]);
        let key = crypto::open_key(&data_key.key, &wrap_aad, &header.wrapped.0, "a blob's key")?;
        let plain = crypto::open(&key, &text::bound("ingam-blob-v1", &[&blob.id]), &sealed, "a blob")?;
        if plain.len() as u64 == blob.len { Ok(plain) } else { Err(DAMAGED) }
    }

    /// Removes one blob's file. Doing it twice is the same as once.
    pub(crate) fn remove(&self, blob: &BlobRef) -> Result<(), Fault> {
        let path = self.path(blob)?;
        match fs::remove_file(&path) {
            Ok(()) => files::sync_parent(&path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Fault::file(&path)(error)),
        }
    }

    /// Removes the files that a destruction covers. Doing it twice is the same as once.
    pub(crate) fn destroy(&self, destruction: &Destruction) -> Result<(), Fault> {
        if !safe(&destruction.subject) {
            return Ok(());
        }
        let home = self.home(&destruction.subject);
        for (path, header) in listed(&home)? {
            // A file whose header can't be read belongs to the subject all the same.
            let covered =
                header.is_none_or(|header| destruction.covers(header.institution.as_deref(), header.class));
            if covered {
                fs::remove_file(&path).map_err(Fault::file(&path))?;
            }
        }
        if home.is_dir() { files::sync_dir(&home) } else { Ok(()) }
    }

    /// Whether any blob of this subject is on disk.
    pub(crate) fn has_any(&self, subject: &str) -> Result<bool, Fault> {
        Ok(safe(subject) && !listed(&self.home(subject))?.is_empty())
    }

    /// The parts into which the blobs are divided for a walk over all of them.
    pub(crate) fn parts(&self) -> Result<Vec<PathBuf>, Fault> {
        Ok(directories(&self.dir)?.into_iter().filter(|part| !part.ends_with("aside")).collect())
    }

    /// The blobs of one part that were made in a span of time, each with the case whose entries may name it.
    pub(crate) fn made_within(
        &self,
        part: &Path,
        since: Option<Timestamp>,
        before: Timestamp,
    ) -> Result<Vec<(BlobRef, String)>, Fault> {
        let since = since.map_or(i64::MIN, Timestamp::as_millisecond);
        let mut found = Vec::new();
        for home in directories(part)? {
            for (path, header) in listed(&home)? {
                let sha256 =
                    path.file_name().and_then(|name| name.to_str()).and_then(|name| name.rsplit('.').next());
                let (Some(header), Some(sha256)) = (header, sha256) else { continue };
                if (since..before.as_millisecond()).contains(&header.created_ms) {
                    let blob = BlobRef {
                        id: header.id,
                        subject: header.subject,
                        institution: header.institution,
                        class: header.class,
                        len: header.len,
                        sha256: sha256.to_owned(),
                    };
                    found.push((blob, header.case));
                }
            }
        }
        Ok(found)
    }
}

/// Ids that become names of files: letters, digits, `_` and `-`.
pub(crate) fn safe(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !id.is_empty() && id.len() <= 100 && id.bytes().all(allowed)
}

fn directories(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).map_err(Fault::file(dir))? {
        let path = item.map_err(Fault::file(dir))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn listed(home: &Path) -> Result<Vec<(PathBuf, Option<FileHeader>)>, Fault> {
    let items = match fs::read_dir(home) {
        Ok(items) => items,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Fault::file(home)(error)),
    };
    let mut found = Vec::new();
    for item in items {
        let path = item.map_err(Fault::file(home))?.path();
        let header = File::open(&path).ok().and_then(|mut file| read_header(&mut file, &path).ok());
        found.push((path, header));
    }
    Ok(found)
}

pub(crate) fn read_header(file: &mut impl Read, path: &Path) -> Result<FileHeader, Fault> {
    const DAMAGED: Fault = Fault::Damaged("a blob's file");
    let mut start = [0; 12];
    file.read_exact(&mut start).map_err(Fault::file(path))?;
    let (magic, length) = start.split_at(8);
    let length = u32::from_be_bytes(length.try_into().map_err(|_| DAMAGED)?);
    if magic != MAGIC || length > MAX_HEADER {
        return Err(DAMAGED);
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(Fault::file(path))?;
    serde_json::from_slice(&header).map_err(|_| DAMAGED)
}
