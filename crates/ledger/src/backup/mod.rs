//! Backups: a ledger as two sealed files, one of rows and blobs, one of wrapped keys, made while others
//! write, and put back into an empty place of any kind. What stands in a file is in [`format`]; whatever
//! holds rows is a [`Portable`].
//!
//! The top key and the journal of destructions are never in a backup. A restored ledger does not open without
//! both, and follows the journal from where the backup was made; so what was destroyed after the backup stays
//! destroyed.

pub(crate) mod chunks;
mod copy;
mod create;
pub(crate) mod encode;
mod filling;
pub(crate) mod format;
mod journal;
mod restore;
mod staging;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use copy::{Copied, copy};
pub use create::{Made, MadeFile, Making, create};
pub use filling::Filling;
pub use format::{Header, Kind, Manifest, PartSum};
pub use journal::{JournalPlace, copy_journal};
pub use restore::{Pair, Restored, Since, header, pair, restore};
pub use staging::Staging;

use crate::blobs::copied::BlobFolder;
use crate::error::Fault;
use crate::opening::PostgresConfig;
use crate::portable::Portable;
use crate::postgres::{PostgresTables, environment};
use crate::sqlite::SqliteFile;

/// How a backup's files end.
pub const EXTENSION: &str = "ingambackup";

/// A ledger as a place to copy from or into.
#[derive(Clone)]
pub struct Place {
    /// Its rows.
    pub ledger: Arc<dyn Portable>,
    /// Its wrapped keys.
    pub keys: Arc<dyn Portable>,
    /// Its blobs.
    pub blobs: Arc<dyn Portable>,
}

impl Place {
    /// The embedded store in a folder.
    pub fn embedded(dir: &Path) -> Place {
        Place {
            ledger: Arc::new(SqliteFile::ledger(&dir.join("ledger.db"))),
            keys: Arc::new(SqliteFile::keys(&dir.join("keys.db"))),
            blobs: Arc::new(BlobFolder::at(&dir.join("blobs"))),
        }
    }

    /// The databases of a ledger that several processes share; a fault where they belong to another environment or
    /// hold nothing.
    pub async fn shared(config: &PostgresConfig) -> Result<Place, Fault> {
        match environment(&config.store).await? {
            Some(theirs) if theirs != config.environment => Err(Fault::Environment { theirs }),
            _ => Ok(Place::postgres(config)),
        }
    }

    pub(crate) fn postgres(config: &PostgresConfig) -> Place {
        Place {
            ledger: Arc::new(PostgresTables::ledger(&config.store)),
            keys: Arc::new(PostgresTables::keys(&config.keys)),
            blobs: Arc::new(PostgresTables::blobs(&config.store)),
        }
    }
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries copied so far.
    pub entries: u64,
    /// What was done so far and what there is to do, in one unit.
    pub done: u64,
    /// See `done`.
    pub of: u64,
}

/// Whoever wants to know how far it is. Called some times a second.
pub type Watching<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// The name of a file, sortable by time: `ledger-20260101T000000.000Z.ingambackup`.
fn file_name(kind: Kind, time: Timestamp) -> String {
    format!("{}-{}.{EXTENSION}", kind.code(), time.strftime("%Y%m%dT%H%M%S%.3fZ"))
}
