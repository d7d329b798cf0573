//! Files and directories that survive a power cut. A name is durable once its directory is synced.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::error::Fault;

/// Syncs a directory, so that the names in it last.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Fault> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(Fault::file(dir))
}

/// Syncs the directory that holds this path.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Fault> {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => sync_dir(dir),
        _ => sync_dir(Path::new(".")),
    }
}

/// Makes a directory (mode 0700) and all above it; each new name is synced.
pub(crate) fn make_dir(dir: &Path) -> Result<(), Fault> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        make_dir(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => sync_parent(dir),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Fault::file(dir)(error)),
    }
}
