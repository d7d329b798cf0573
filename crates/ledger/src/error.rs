//! Faults: the machine, the files or the caller's code failed. Never a refusal (see
//! [`crate::Refused`]), never a verdict. No message holds a value of a field.

use std::path::{Path, PathBuf};

/// Something failed that the rules do not explain. After a fault of a writing call the outcome is
/// *unknown*: it may have landed. Ask (the case's version, the task, the claim) before trying again.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database failed.
    #[error("the store failed: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No server takes it now: it can't be reached, is starting, is read only (a failover is under way), is
    /// full, or time ran out. Try again in some seconds.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file or a directory failed.
    #[error("{path}: {source}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the machine said.
        source: std::io::Error,
    },
    /// The store is shutting down, or its writer died.
    #[error("the store is closed")]
    Closed,
    /// Another process holds this ledger.
    #[error("another process has this ledger open")]
    Locked,
    /// The store belongs to the other environment.
    #[error("this store belongs to {theirs}")]
    Environment {
        /// The environment that it belongs to.
        theirs: String,
    },
    /// Stored bytes are not what the ledger wrote.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
    /// The caller broke the contract of a method; a bug in the program.
    #[error("not a valid request to the ledger: {0}")]
    Invalid(&'static str),
    /// No data key was opened for this subject, institution and class before it was used.
    #[error("no data key was opened for this subject and class")]
    KeyMissing,
    /// Sealed bytes do not open under their key: damaged, moved, or another key.
    #[error("sealed bytes do not open: {0}")]
    Sealed(&'static str),
    /// The top key is not the one under which the keys were wrapped.
    #[error("the keys were wrapped by another top key")]
    WrongTopKey,
    /// The journal of destructions does not fit the stores; the ledger stays shut.
    #[error("the journal of destructions {0}")]
    Journal(&'static str),
    /// A field does not fit the leaf format.
    #[error("not a field that can be committed to: {0}")]
    Leaf(#[from] crate::jcs::NotCanonical),
    /// A file is no backup that can be used.
    #[error("not a backup that can be used: {part}: {what}")]
    Backup {
        /// Which part of it.
        part: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Only an empty place is filled.
    #[error("{0} to be filled is not empty; name an empty one")]
    Occupied(&'static str),
    /// A database holds nothing of ours.
    #[error("there is no {0} of ingam in this database; look at its address")]
    Nowhere(&'static str),
    /// A database was to be filled, by a move or a restore, and is not whole.
    #[error(
        "a move or a restore into this database has not ended; run the same command again, it begins anew"
    )]
    HalfFilled,
    /// The ledger of this folder has moved to databases; what is left here is old.
    #[error(
        "{dir}: this ledger has moved ({note}); serve it with --store, the folder is as it was before the move"
    )]
    Moved {
        /// The folder.
        dir: PathBuf,
        /// Where to and when.
        note: String,
    },
    /// A test made this call fail.
    #[error("made to fail by a test")]
    Injected,
}

impl Fault {
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Fault + '_ {
        move |source| Fault::File { path: path.to_owned(), source }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Store(Box::new(error))
    }
}
