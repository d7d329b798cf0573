//! The ledger: what did happen.
//!
//! It keeps entries (an envelope around fields, clear or sealed), one view per case, claims, tasks and
//! numbers, in one commit, all or nothing; and beside them the vault (data keys and index keys), blobs and
//! the journal of destructions. It refuses to know what an entry means, depends on no other crate of this
//! workspace, and takes neither time nor randomness from the machine.
//!
//! # The contract in short
//!
//! - [`Ledger::commit`] writes one decision: entries of several cases, their views, claims taken and
//!   released, index rows, tasks made and done. It is durable, synced to disk, before it answers. A
//!   [`Refused`] is data: somebody else was first, decide again. A [`Fault`] leaves the outcome unknown.
//! - An entry's **leaf** ([`leaf`]) commits to every field under a salt of its own. It never changes, also
//!   not when fields are sealed anew or destroyed; [`proof`] opens some fields and hides the rest.
//! - A **sealed field** can be opened only through [`Ledger::open_fields`] and its like, which commit an
//!   access record before they answer. Whatever is destroyed answers [`Opened::Destroyed`].
//! - **Tasks** are handed out by [`Ledger::lease`] under an epoch that only grows; whatever a worker says
//!   later carries the epoch, and is [`Refused::Fenced`] once somebody else took over. A task is done inside
//!   the commit that holds its result.
//! - **Numbers** are given by a sequencer ([`Ledger::pending`], [`Ledger::number`]): contiguous per stream,
//!   each entry once, each case in its order.
//! - **Destroying** ([`Ledger::destroy`]) is in the journal, synced, before anything else, and is repeated
//!   from there whenever an older copy of a store is opened.
//!
//! # Files
//!
//! Embedded, for one process: `ledger.db` (sealed rows), `keys.db` (wrapped keys), `blobs/` (sealed files), `lock`
//! (one process at a time), and elsewhere `destroyed.journal`. On PostgreSQL, for several: three databases, one of
//! sealed rows and blobs, one of wrapped keys, one of the journal. The contract of a store is [`store::Store`];
//! [`Sqlite`] and [`Postgres`] keep it, and `testing::conformance` (feature `testing`) checks any.

pub mod audit;
pub mod backup;
pub mod bench;
mod blobs;
mod commit;
mod crypto;
mod destroying;
mod entry;
mod error;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod given;
pub mod jcs;
mod journal;
mod keys;
pub mod leaf;
mod ledger;
#[cfg(feature = "memory")]
pub mod memory;
mod opening;
pub mod portable;
mod postgres;
pub mod proof;
mod query;
mod reading;
mod seal_fields;
mod sqlite;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod topkey;
mod vault;

pub use blobs::BlobRef;
pub use blobs::copied::BlobFolder;
pub use commit::{
    Case, Claim, Commit, Committed, Effect, IndexRow, IndexValue, LeasedTask, NewTask, NumberingRefused,
    Refused, Release, Take, TaskState, View, Write,
};
pub use destroying::Swept;
pub use entry::{
    ClearEntry, Entry, EntryRow, RetentionClass, SealedField, SealedName, SealedRow, Stream, pack_sealed,
    unpack_sealed,
};
pub use error::Fault;
pub use given::{Clock, Entropy, TopKey};
pub use ledger::{Ledger, Page};
pub use opening::{Config, Database, PostgresConfig, mark_moved, not_moved, unmark_moved};
pub use postgres::{Postgres, PostgresTables};
pub use query::{CaseQuery, Cursor, EntryQuery, ListQuery, Owner, TaskQuery};
pub use reading::{ACCESS_CASE, ACCESS_READ, Access, Opened, OpenedFields, Origin};
pub use sqlite::{Sqlite, SqliteFile};
pub use store::{Arrivals, Store};
pub use text::Base64;
pub use topkey::FileTopKey;
