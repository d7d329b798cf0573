//! The shape of a commit, all or nothing, and what may come of it. Refuses to know what is decided;
//! it only knows that nobody else decided meanwhile.

use jiff::Timestamp;
use serde_json::Value;

use crate::entry::{Entry, RetentionClass, Stream};
use crate::leaf::Hash;

/// Everything that one decision changes. `Default` is the commit that changes nothing.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Entries and views, at most one write per case.
    pub writes: Vec<Write>,
    /// Claims to take, after the releases.
    pub take: Vec<Take>,
    /// Claims to release.
    pub release: Vec<Release>,
    /// Rows for finding people.
    pub index: Vec<IndexRow>,
    /// Work to do because of this commit.
    pub tasks: Vec<NewTask>,
    /// Tasks that this commit completes: id and lease epoch.
    pub done: Vec<(String, u64)>,
}

/// The new entries of one case.
#[derive(Debug, Clone)]
pub struct Write {
    /// The case's id.
    pub case: String,
    /// Its kind; it can't change.
    pub case_kind: String,
    /// The number of entries that the case has, 0 for a new one. With no entries and no view a write
    /// only checks this.
    pub expected_version: u64,
    /// The new entries; the versions go on from `expected_version` + 1.
    pub entries: Vec<Entry>,
    /// The case's state after them; without it the old view stays.
    pub view: Option<View>,
    /// The stream that will number them.
    pub stream: Stream,
}

/// A case's state, for reading without replay. No personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The state, folded from the clear parts alone.
    pub state: Value,
    /// A word for lists.
    pub status: String,
    /// The caller's own reference, for lists.
    pub reference: Option<String>,
    /// The institution, for lists.
    pub institution: Option<String>,
}

/// A case as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The case's id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The number of its entries.
    pub version: u64,
    /// Its view, where a write gave one.
    pub view: Option<View>,
    /// When its first commit came.
    pub created_at: Timestamp,
    /// When its last commit came.
    pub updated_at: Timestamp,
}

/// Takes a unique string, or the lowest free one of several.
#[derive(Debug, Clone)]
pub struct Take {
    /// The claim's name. `x:1` without slots is another claim than the first slot of `x`. It must not hold a value that can be guessed from a person's data, unless as an
    /// index HMAC in a claim that expires before the subject is destroyed.
    pub base: String,
    /// Without: the key is `base`. With n: the lowest free of `base:1` … `base:n`.
    pub slots: Option<u32>,
    /// Who holds it from now on.
    pub holder: String,
    /// From this moment it counts as free; without, it is held until released.
    pub expires_at: Option<Timestamp>,
    /// What the next one who wants it may read, for instance an answer to repeat. No personal data.
    pub note: Option<Value>,
}

/// Gives claims back. Releasing what is not held changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// All that this holder holds under the base.
    Holder {
        /// The claim's name.
        base: String,
        /// Who holds it.
        holder: String,
    },
    /// All under the base, whoever holds them.
    All {
        /// The claim's name.
        base: String,
    },
}

impl Release {
    /// The claim's name.
    pub fn base(&self) -> &str {
        match self {
            Release::Holder { base, .. } | Release::All { base } => base,
        }
    }
}

/// The key of a slot; slot 0 is the claim without slots.
pub(crate) fn claim_key(base: &str, slot: i64) -> String {
    if slot == 0 { base.to_owned() } else { format!("{base}:{slot}") }
}

/// A claim that is held.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The claim's name.
    pub base: String,
    /// Which slot, from 1; `None` where the claim has none.
    pub slot: Option<u32>,
    /// Who holds it.
    pub holder: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// The note of who took it.
    pub note: Option<Value>,
}

impl Claim {
    /// `base`, or `base:n` for a slot.
    pub fn key(&self) -> String {
        match self.slot {
            None => self.base.clone(),
            Some(slot) => format!("{}:{slot}", self.base),
        }
    }
}

/// A way to find a person again: an HMAC of an identifier, never the identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// What the identifier is for; each purpose has its own key.
    pub purpose: String,
    /// The HMAC, from [`crate::Ledger::index_value`].
    pub value: IndexValue,
    /// Whose identifier.
    pub subject: String,
    /// The class with which the row is destroyed.
    pub class: RetentionClass,
    /// The case in which it came up.
    pub case: String,
    /// The institution of the case.
    pub institution: Option<String>,
}

/// An HMAC under one version of a purpose's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexValue {
    /// The key's version, from 1.
    pub key_version: u32,
    /// HMAC-SHA256, 64 hex digits.
    pub hex: String,
}

/// What happens when an outside effect may or may not have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It may be sent again: its id is fixed in the task.
    Idempotent,
    /// After any doubt ask for the result; never send again.
    Queryable,
    /// At most once; after a crash it is unknown, shown to people.
    Blind,
}

impl Effect {
    /// All effect classes.
    pub const ALL: [Effect; 3] = [Effect::Idempotent, Effect::Queryable, Effect::Blind];

    /// The stable word for this class.
    pub fn code(self) -> &'static str {
        match self {
            Effect::Idempotent => "idempotent",
            Effect::Queryable => "queryable",
            Effect::Blind => "blind",
        }
    }

    /// The class of a stable word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.code() == code)
    }
}

/// Work to do.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its id, made by the caller; fixed before the first call.
    pub id: String,
    /// The case it belongs to.
    pub case: String,
    /// Which worker does it.
    pub kind: String,
    /// What may be done after a doubt.
    pub effect: Effect,
    /// What the worker needs. No personal data.
    pub payload: Value,
    /// Not before this time.
    pub run_at: Timestamp,
}

/// A task in the hands of a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct LeasedTask {
    /// Its id.
    pub id: String,
    /// Its case.
    pub case: String,
    /// Its kind.
    pub kind: String,
    /// What may be done after a doubt.
    pub effect: Effect,
    /// What the worker needs.
    pub payload: Value,
    /// The time for which it was made, or to which it was put back. A worker whose clock stood ahead may have
    /// been given it earlier.
    pub run_at: Timestamp,
    /// How often it was handed out, this time included. Above 1 somebody may have begun: a queryable
    /// task starts by asking, a blind one is unknown.
    pub attempt: u32,
    /// The fence: every later word about the task carries it.
    pub lease_epoch: u64,
    /// From then on somebody else may take it.
    pub lease_until: Timestamp,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskState {
    /// The task.
    pub task: NewTask,
    /// How often it was handed out.
    pub attempt: u32,
    /// The epoch of the last lease, 0 before the first.
    pub lease_epoch: u64,
    /// Who holds it, and until when.
    pub leased: Option<(String, Timestamp)>,
    /// Why it was parked, as a stable code.
    pub dead: Option<String>,
}

/// What became of a commit that was accepted. It is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The version of each written case, in the order of the writes.
    pub versions: Vec<(String, u64)>,
    /// The keys of the claims, in the order of `take`.
    pub claims_taken: Vec<String>,
    /// Entry id and leaf, in the order of the entries: the receipt.
    pub leaves: Vec<(String, Hash)>,
}

/// Why a commit, or a word about a task, was not accepted. Nothing of it happened. Where several
/// reasons hold, the first in the order of these variants is given; only that a sealed field's key was
/// destroyed is seen before all others.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// Somebody else wrote the case meanwhile (or it has another kind); read it again and decide again.
    Stale {
        /// The case.
        case: String,
        /// Its version now.
        actual_version: u64,
    },
    /// The task was taken over, done, postponed or parked meanwhile.
    Fenced {
        /// The task.
        task: String,
    },
    /// The subject's data of this class were destroyed.
    Destroyed {
        /// The subject.
        subject: String,
    },
    /// Somebody holds the claim.
    ClaimHeld {
        /// The claim's key.
        key: String,
        /// Who holds it.
        holder: String,
        /// What they left to read.
        note: Option<Value>,
    },
    /// All slots are held.
    SlotsFull {
        /// The claim's name.
        base: String,
    },
}

impl Refused {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::Stale { .. } => "stale",
            Refused::Fenced { .. } => "fenced",
            Refused::Destroyed { .. } => "destroyed",
            Refused::ClaimHeld { .. } => "claim_held",
            Refused::SlotsFull { .. } => "slots_full",
        }
    }
}

/// Why numbers were not given. Nothing of it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberingRefused {
    /// Another sequencer was here.
    HeadMoved {
        /// The head now.
        head: u64,
    },
    /// The entry does not exist in this stream, or has its number already.
    NotPending {
        /// The entry.
        entry: String,
    },
    /// An earlier entry of the same case has no number yet.
    OutOfOrder {
        /// The entry.
        entry: String,
    },
}
