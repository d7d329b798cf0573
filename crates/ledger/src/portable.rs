//! Copying a whole store, whatever kind it is: every row of one moment out, and every row into an empty
//! one. Backups, restores and moves are made of these two. `testing::conformance` checks any implementation.
//! A row is what a store keeps, sealed and wrapped as it is there; refuses to know a key or a meaning.

pub(crate) mod pages;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::blobs::{self, BlobRef};
use crate::commit::IndexRow;
use crate::entry::{EntryRow, RetentionClass, Stream};
use crate::error::Fault;
use crate::keys::WRAPPED;
use crate::leaf;
use crate::store::{JournalMark, TaskRow};
use crate::text;

/// A place where rows are kept and that can be copied: a ledger's store, its blobs, or its store of keys.
#[async_trait]
pub trait Portable: Send + Sync {
    /// Takes one moment of the place; writers go on, and nothing of what they do later is seen. All that
    /// was acknowledged before the call is in it.
    ///
    /// Rows come part by part in the order of [`Part::ALL`]. Entries of a stream that have no number come in the
    /// order in which they would be numbered.
    ///
    /// A store of keys is not held at one moment, so that a destruction need not wait for the copy: its
    /// journal's mark is as old as its oldest row or older, and what a later record destroyed may be there or
    /// not. Whoever fills a place from it follows the journal from that mark. Blobs are not held either: what is
    /// removed while they are copied may be there or not.
    async fn export(&self) -> Result<Box<dyn Export>, Fault>;

    /// Begins to fill the place. A fault where anything is kept there already.
    async fn import(&self) -> Result<Box<dyn Import>, Fault>;
}

/// The rows of one moment.
#[async_trait]
pub trait Export: Send {
    /// What is known before the first row.
    fn moment(&self) -> &Moment;

    /// The next page of rows, never an empty one; `None` after the last.
    async fn page(&mut self) -> Result<Option<Vec<Row>>, Fault>;
}

/// Filling a place. All or nothing: until [`Import::finish`] answers, the place is empty. A folder of blobs alone
/// is filled where it lies; whoever fills one does it aside ([`crate::backup::Staging`]).
#[async_trait]
pub trait Import: Send {
    /// Takes a page of rows, in the order of an export. The fault of an earlier page may come with a later
    /// one.
    async fn page(&mut self, rows: Vec<Row>) -> Result<(), Fault>;

    /// All of it is durable and can be opened when this answers.
    async fn finish(self: Box<Self>) -> Result<(), Fault>;
}

/// What an export knows of its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// How far the place had followed the journal of destructions.
    pub journal: JournalMark,
    /// The last number given in each stream; empty for keys and blobs.
    pub heads: Vec<(Stream, u64)>,
    /// How many entries (or data keys) will come, for telling how long it takes; 0 for blobs.
    pub rows: u64,
}

/// The kinds of row, in the order in which they are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// How far the journal was followed.
    Journal,
    /// The last numbers given.
    Heads,
    /// What was destroyed.
    Destroyed,
    /// Whose data entries hold or held.
    Subjects,
    /// Cases and their views.
    Cases,
    /// Entries.
    Entries,
    /// Claims.
    Claims,
    /// Tasks that are not done.
    Tasks,
    /// Rows for finding people.
    Index,
    /// Blobs.
    Blobs,
    /// The name of the top key (of a store of keys, like all that follow).
    TopKey,
    /// Wrapped keys of subjects, and marks where they were.
    DataKeys,
    /// Wrapped keys of purposes.
    IndexKeys,
}

impl Part {
    /// All parts in their order.
    pub const ALL: [Part; 13] = [
        Part::Journal,
        Part::Heads,
        Part::Destroyed,
        Part::Subjects,
        Part::Cases,
        Part::Entries,
        Part::Claims,
        Part::Tasks,
        Part::Index,
        Part::Blobs,
        Part::TopKey,
        Part::DataKeys,
        Part::IndexKeys,
    ];

    /// The stable word for a part.
    pub fn code(self) -> &'static str {
        match self {
            Part::Journal => "journal",
            Part::Heads => "heads",
            Part::Destroyed => "destroyed",
            Part::Subjects => "subjects",
            Part::Cases => "cases",
            Part::Entries => "entries",
            Part::Claims => "claims",
            Part::Tasks => "tasks",
            Part::Index => "index",
            Part::Blobs => "blobs",
            Part::TopKey => "top_key",
            Part::DataKeys => "data_keys",
            Part::IndexKeys => "index_keys",
        }
    }
}

/// One row of a store. Times are whole milliseconds; JSON is text, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// How far the journal was followed.
    Journal(JournalMark),
    /// The last number given in a stream.
    Head(Stream, u64),
    /// What was destroyed.
    Destroyed(DestroyedRow),
    /// A subject that some commit named.
    Subject(String),
    /// A case.
    Case(CaseRow),
    /// An entry, with its number where it has one and pending where not.
    Entry(EntryRow),
    /// A claim, also one that has run out and was not swept.
    Claim(ClaimRow),
    /// A task that is not done.
    Task(TaskCopy),
    /// A row for finding people.
    Index(IndexRow),
    /// A blob.
    Blob(BlobCopy),
    /// The name of the key that wrapped all others.
    TopKey(String),
    /// A wrapped data key.
    DataKey(DataKeyRow),
    /// A wrapped key of a purpose.
    IndexKey(IndexKeyRow),
}

impl Row {
    /// Where it belongs.
    pub fn part(&self) -> Part {
        match self {
            Row::Journal(_) => Part::Journal,
            Row::Head(..) => Part::Heads,
            Row::Destroyed(_) => Part::Destroyed,
            Row::Subject(_) => Part::Subjects,
            Row::Case(_) => Part::Cases,
            Row::Entry(_) => Part::Entries,
            Row::Claim(_) => Part::Claims,
            Row::Task(_) => Part::Tasks,
            Row::Index(_) => Part::Index,
            Row::Blob(_) => Part::Blobs,
            Row::TopKey(_) => Part::TopKey,
            Row::DataKey(_) => Part::DataKeys,
            Row::IndexKey(_) => Part::IndexKeys,
        }
    }

    /// About how many bytes it takes, for pages of an even size.
    pub(crate) fn weight(&self) -> usize {
        const FIXED: usize = 200;
        match self {
            Row::Case(case) => FIXED + case.state.as_ref().map_or(0, String::len),
            Row::Entry(entry) => {
                let sealed: usize = entry.sealed.iter().map(|field| field.sealed.len() + FIXED).sum();
                FIXED + entry.clear.len() + sealed + 2 * entry.commitments.len()
            }
            Row::Claim(claim) => FIXED + claim.note.as_ref().map_or(0, String::len),
            Row::Task(task) => FIXED + task.task.payload.len(),
            Row::Blob(blob) => FIXED + blob.sealed.len(),
            _ => FIXED,
        }
    }
}

/// That data of a subject were destroyed, as a store remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestroyedRow {
    /// Whose.
    pub subject: String,
    /// Which.
    pub class: RetentionClass,
    /// At one institution (`Some("")`: at none), or (`None`) everywhere.
    pub institution: Option<String>,
}

/// A case as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The number of its entries.
    pub version: u64,
    /// When its first commit came.
    pub created_at: Timestamp,
    /// When its last commit came.
    pub updated_at: Timestamp,
    /// The view's institution.
    pub institution: Option<String>,
    /// The view's status.
    pub status: Option<String>,
    /// The view's reference.
    pub reference: Option<String>,
    /// The view's state; `None` where the case has no view.
    pub state: Option<String>,
}

/// A claim as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRow {
    /// Its name.
    pub base: String,
    /// Its slot, 0 where it has none.
    pub slot: u32,
    /// Who holds it.
    pub holder: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// The holder's note.
    pub note: Option<String>,
}

/// A task with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCopy {
    /// The task.
    pub task: TaskRow,
    /// How often it was handed out.
    pub attempt: u32,
    /// The epoch of the last lease.
    pub lease_epoch: u64,
    /// Who holds it, and until when.
    pub leased: Option<(String, Timestamp)>,
    /// Why it was parked.
    pub dead: Option<String>,
}

/// A blob as it is kept: its sealed bytes, and its own key wrapped by a data key.
#[derive(Clone, PartialEq, Eq)]
pub struct BlobCopy {
    /// What entries say about it.
    pub blob: BlobRef,
    /// The case whose entries may name it.
    pub case: String,
    /// The data key that wrapped its key.
    pub key_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its key, wrapped.
    pub wrapped: [u8; WRAPPED],
    /// Its sealed bytes.
    pub sealed: Vec<u8>,
}

impl BlobCopy {
    /// Whether its bytes are those that its name says. Where not, a disk damaged them, and they can't be opened.
    pub fn whole(&self) -> bool {
        text::from_hex::<32>(&self.blob.sha256) == Some(leaf::sha256(&[&self.sealed]))
    }

    /// A blob out of a place. Its name is the hash that it was kept under.
    pub(crate) fn of(kept: blobs::Kept, sha256: String) -> Result<BlobCopy, Fault> {
        let blobs::Kept { header, sealed } = kept;
        let created_at =
            Timestamp::from_millisecond(header.created_ms).map_err(|_| Fault::Damaged("a blob's time"))?;
        let (key_id, wrapped) = (header.key_id.clone(), header.wrapped.0);
        let (blob, case) = header.named(sha256);
        Ok(BlobCopy { blob, case, key_id, created_at, wrapped, sealed })
    }

    /// The same for the place that is filled.
    pub(crate) fn into_kept(self) -> (BlobRef, blobs::Kept) {
        let BlobCopy { blob, case, key_id, created_at, wrapped, sealed } = self;
        let header = blobs::Header {
            id: blob.id.clone(),
            subject: blob.subject.clone(),
            institution: blob.institution.clone(),
            class: blob.class,
            case,
            key_id,
            len: blob.len,
            created_ms: created_at.as_millisecond(),
            wrapped: text::Base64(wrapped),
        };
        (blob, blobs::Kept { header, sealed })
    }
}

impl std::fmt::Debug for BlobCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobCopy({} of {})", self.blob.id, self.blob.subject)
    }
}

/// A data key as a store of keys keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKeyRow {
    /// Whether it is there, was destroyed, or was never used.
    pub state: KeyState,
    /// Its id; empty where there never was one.
    pub key_id: String,
    /// The wrapped key; zeros where it is gone ([`DataKeyRow::sound`]).
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whose.
    pub subject: String,
    /// At which institution, empty for none.
    pub institution: String,
    /// Which class.
    pub class: RetentionClass,
}

impl DataKeyRow {
    /// Whether nothing is left of a key that is gone: no place gives or takes it otherwise.
    pub(crate) fn sound(self) -> Result<DataKeyRow, Fault> {
        if self.state == KeyState::Live || self.wrapped.iter().all(|byte| *byte == 0) {
            Ok(self)
        } else {
            Err(Fault::Damaged("a destroyed key is still there"))
        }
    }
}

impl std::fmt::Debug for DataKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKeyRow({} of {}, {:?})", self.class.code(), self.subject, self.state)
    }
}

/// What became of a data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is there.
    Live,
    /// It was destroyed.
    Destroyed,
    /// No case ever used it.
    Orphan,
}

impl KeyState {
    /// All states.
    pub const ALL: [KeyState; 3] = [KeyState::Live, KeyState::Destroyed, KeyState::Orphan];

    /// The stable letter for a state.
    pub fn code(self) -> &'static str {
        match self {
            KeyState::Live => "L",
            KeyState::Destroyed => "D",
            KeyState::Orphan => "O",
        }
    }

    /// The state of a stable letter.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// The key of a purpose, wrapped.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexKeyRow {
    /// Which purpose.
    pub purpose: String,
    /// Its version, from 1.
    pub version: u32,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

impl std::fmt::Debug for IndexKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexKeyRow({} {})", self.purpose, self.version)
    }
}
