//! A folder of blobs as a place that can be copied ([`crate::portable`]), also while another process keeps blobs in
//! it. Refuses to open a blob.

use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::folder::{Folder, directories};
use super::{Kept, safe};
use crate::error::Fault;
use crate::files;
use crate::ledger::blocking;
use crate::portable::pages::{Pages, pages};
use crate::portable::{BlobCopy, Export, Import, Moment, Portable, Row};
use crate::store::JournalMark;
use crate::text;

/// A folder of blobs.
#[derive(Debug, Clone)]
pub struct BlobFolder {
    dir: PathBuf,
}

impl BlobFolder {
    /// The folder at this path.
    pub fn at(dir: &Path) -> BlobFolder {
        BlobFolder { dir: dir.to_owned() }
    }
}

#[async_trait]
impl Portable for BlobFolder {
    async fn export(&self) -> Result<Box<dyn Export>, Fault> {
        let (mut out, reading) = pages();
        out.begin(Moment { journal: JournalMark { count: 0, hash: [0; 32] }, heads: Vec::new(), rows: 0 });
        let dir = self.dir.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = read(&dir, &mut out);
            out.end(outcome);
        });
        reading.begin().await
    }

    async fn import(&self) -> Result<Box<dyn Import>, Fault> {
        let dir = self.dir.clone();
        blocking(move || {
            files::make_dir(&dir)?;
            let kept = directories(&dir)?.into_iter().any(|fan| !fan.ends_with("aside"));
            if kept {
                return Err(Fault::Occupied("the folder of blobs"));
            }
            let folder = Folder::open(&dir)?;
            Ok(Box::new(Filling { dir, folder }) as Box<dyn Import>)
        })
        .await
    }
}

/// Folders may come and go meanwhile.
fn read(dir: &Path, out: &mut Pages) -> Result<(), Fault> {
    for fan in sorted(dir)? {
        if fan.ends_with("aside") {
            continue;
        }
        for home in sorted(&fan)? {
            for path in sorted(&home)? {
                if let Some(blob) = blob(&path)? {
                    out.put(Row::Blob(blob))?;
                }
            }
        }
    }
    Ok(())
}

/// `None`: removed since it was listed, or no blob: a power cut on a disk that lies leaves files without a header,
/// which nobody can open.
fn blob(path: &Path) -> Result<Option<BlobCopy>, Fault> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((id, hash)) = name.rsplit_once('.') else { return Ok(None) };
    if !safe(id) || text::from_hex::<32>(hash).is_none() {
        return Ok(None);
    }
    match super::folder::read_kept(path) {
        Ok(kept) => BlobCopy::of(kept, hash.to_owned()).map(Some),
        Err(Fault::File { source, .. })
            if matches!(source.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::UnexpectedEof) =>
        {
            Ok(None)
        }
        Err(Fault::Damaged(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What is in a folder, in a fixed order.
fn sorted(dir: &Path) -> Result<Vec<PathBuf>, Fault> {
    let items = match std::fs::read_dir(dir) {
        Ok(items) => items,
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Fault::file(dir)(error)),
    };
    let mut found = Vec::new();
    for item in items {
        found.push(item.map_err(Fault::file(dir))?.path());
    }
    found.sort();
    Ok(found)
}

struct Filling {
    dir: PathBuf,
    folder: Folder,
}

#[async_trait]
impl Import for Filling {
    async fn page(&mut self, rows: Vec<Row>) -> Result<(), Fault> {
        let folder = self.folder.clone();
        blocking(move || {
            for row in rows {
                let Row::Blob(copy) = row else {
                    return Err(Fault::Invalid("no blob for a folder of blobs"));
                };
                let (blob, kept): (_, Kept) = copy.into_kept();
                folder.write_unsynced(&blob, &kept)?;
            }
            Ok(())
        })
        .await
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        blocking(move || sync_tree(&self.dir)).await
    }
}

/// Syncs every file and folder below one. After all of it was written, because a file system then mostly has
/// it on disk already.
pub(crate) fn sync_tree(dir: &Path) -> Result<(), Fault> {
    for path in sorted(dir)? {
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(Fault::file(&path))?;
        }
    }
    files::sync_dir(dir)
}
