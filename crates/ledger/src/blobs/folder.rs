//! Blobs as files in a folder.
//!
//! A file is `"ingamB1\n"` ‖ length of the header (4 bytes) ‖ header (JSON, no personal data) ‖ sealed
//! bytes. Its name holds the hash of the sealed bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{BlobRef, Blobs, Header, Kept, Walked, safe};
use crate::error::Fault;
use crate::files;
use crate::leaf;
use crate::ledger::blocking;
use crate::store::Destruction;
use crate::text;

const MAGIC: &[u8; 8] = b"ingamB1\n";

/// Headers are about 300 bytes; the bound keeps a damaged length harmless.
const MAX_HEADER: u32 = 8 * 1024;

/// The folder of blobs.
#[derive(Clone)]
pub(crate) struct Folder {
    dir: PathBuf,
}

#[async_trait]
impl Blobs for Folder {
    /// Answers `true`: nobody else destroys meanwhile.
    async fn put(&self, blob: &BlobRef, kept: Kept) -> Result<bool, Fault> {
        let (folder, blob) = (self.clone(), blob.clone());
        blocking(move || folder.write(&blob, &kept)).await?;
        Ok(true)
    }

    async fn get(&self, blob: &BlobRef) -> Result<Kept, Fault> {
        let (folder, blob) = (self.clone(), blob.clone());
        blocking(move || folder.read(&blob)).await
    }

    async fn remove(&self, blob: &BlobRef) -> Result<(), Fault> {
        let path = self.path(blob)?;
        blocking(move || match fs::remove_file(&path) {
            Ok(()) => files::sync_parent(&path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Fault::file(&path)(error)),
        })
        .await
    }

    async fn destroy(&self, destruction: &Destruction) -> Result<(), Fault> {
        let (folder, destruction) = (self.clone(), destruction.clone());
        blocking(move || folder.remove_covered(&destruction)).await
    }

    async fn has_any(&self, subject: &str) -> Result<bool, Fault> {
        let (folder, subject) = (self.clone(), subject.to_owned());
        blocking(move || Ok(safe(&subject) && !listed(&folder.home(&subject))?.is_empty())).await
    }

    /// A part is one of the 256 folders.
    async fn made_within(&self, made_ms: Range<i64>, after: Option<String>) -> Result<Walked, Fault> {
        let folder = self.clone();
        blocking(move || folder.walk(made_ms, after.as_deref().unwrap_or(""))).await
    }
}

impl Folder {
    /// Opens the directory; what a crash left half written is removed.
    pub(crate) fn open(dir: &Path) -> Result<Folder, Fault> {
        let aside = dir.join("aside");
        files::make_dir(&aside)?;
        for left in fs::read_dir(&aside).map_err(Fault::file(&aside))? {
            let left = left.map_err(Fault::file(&aside))?.path();
            fs::remove_file(&left).map_err(Fault::file(&left))?;
        }
        Ok(Folder { dir: dir.to_owned() })
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

    fn write(&self, blob: &BlobRef, kept: &Kept) -> Result<(), Fault> {
        let path = self.path(blob)?;
        files::make_dir(&self.home(&blob.subject))?;
        let aside = self.dir.join("aside").join(format!("{}.{}", blob.id, blob.sha256));
        write_file(&aside, kept)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&aside, &path))
            .map_err(Fault::file(&path))?;
        files::sync_parent(&path)
    }

    /// Writes a blob at its place, to be synced with all others later: where nobody looks before that.
    pub(super) fn write_unsynced(&self, blob: &BlobRef, kept: &Kept) -> Result<(), Fault> {
        let path = self.path(blob)?;
        let home = self.home(&blob.subject);
        fs::create_dir_all(&home).map_err(Fault::file(&home))?;
        write_file(&path, kept).map(|_| ()).map_err(Fault::file(&path))
    }

    fn read(&self, blob: &BlobRef) -> Result<Kept, Fault> {
        read_kept(&self.path(blob)?)
    }

    fn remove_covered(&self, destruction: &Destruction) -> Result<(), Fault> {
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

    fn walk(&self, made_ms: Range<i64>, after: &str) -> Result<Walked, Fault> {
        let mut parts = directories(&self.dir)?;
        parts.sort();
        let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let later = |part: &PathBuf| name(part).is_some_and(|name| name != "aside" && *name > *after);
        let Some(part) = parts.into_iter().find(later) else {
            return Ok(Walked { blobs: Vec::new(), next: None });
        };
        let mut blobs = Vec::new();
        for home in directories(&part)? {
            for (path, header) in listed(&home)? {
                let sha256 = name(&path).and_then(|name| name.rsplit('.').next().map(str::to_owned));
                let (Some(header), Some(sha256)) = (header, sha256) else { continue };
                if made_ms.contains(&header.created_ms) {
                    blobs.push(header.named(sha256));
                }
            }
        }
        Ok(Walked { blobs, next: name(&part) })
    }
}

fn write_file(path: &Path, kept: &Kept) -> std::io::Result<File> {
    let header = serde_json::to_vec(&kept.header)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&(header.len() as u32).to_be_bytes())?;
    file.write_all(&header)?;
    file.write_all(&kept.sealed)?;
    Ok(file)
}

/// Reads a blob's file.
pub(super) fn read_kept(path: &Path) -> Result<Kept, Fault> {
    let mut file = File::open(path).map_err(Fault::file(path))?;
    let header = read_header(&mut file, path)?;
    let mut sealed = Vec::new();
    file.read_to_end(&mut sealed).map_err(Fault::file(path))?;
    Ok(Kept { header, sealed })
}

pub(super) fn directories(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).map_err(Fault::file(dir))? {
        let path = item.map_err(Fault::file(dir))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn listed(home: &Path) -> Result<Vec<(PathBuf, Option<Header>)>, Fault> {
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

pub(crate) fn read_header(file: &mut impl Read, path: &Path) -> Result<Header, Fault> {
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
