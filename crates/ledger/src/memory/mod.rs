//! A ledger's places in memory, for simulations: the whole written contract, kept by plain maps.
//!
//! Each place has two layers, what was written and what is synced, so that a power cut takes what a disk would
//! lose. Several nodes may stand over one memory; each reaches it over a [`Way`] of its own, on which calls take
//! their time, get lost, or end with the node. Refuses to know time and chance: both come over the way.
//!
//! It can be made with a [`Mistake`], to show that whoever looks for mistakes finds one.

mod apply;
mod blobs;
mod door;
mod journal;
mod keys;
mod layers;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::crypto;
use crate::entry::{EntryRow, Stream};
use crate::error::Fault;
use crate::given::{Clock, Entropy, TopKey};
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::opening::Parts;
use crate::store::Store;
use blobs::Shelf;
use door::Door;
use journal::{MemoryJournal, Records};
use keys::Ring;
use layers::Room;
use state::Rows;

/// What lies between a node and its memory: where a call waits, gets lost, or never comes back.
#[async_trait]
pub trait Way: Send + Sync {
    /// On the way there. A fault: the call never arrived.
    async fn there(&self, call: &'static str) -> Result<(), Fault>;

    /// While what was written is brought to the disk.
    async fn syncing(&self, call: &'static str);

    /// On the way back. A fault: it happened, and nobody heard of it.
    async fn back(&self, call: &'static str) -> Result<(), Fault>;

    /// Whether wake-ups get through. A node that hears none finds its work by looking.
    fn hears(&self) -> bool {
        true
    }
}

/// A way on which nothing happens.
#[derive(Debug, Clone, Copy)]
pub struct Straight;

#[async_trait]
impl Way for Straight {
    async fn there(&self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }
    async fn syncing(&self, _: &'static str) {}
    async fn back(&self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }
}

/// Mistakes that a store could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Answers a commit before it is synced.
    AnswersUnsynced,
    /// Answers that wrapped keys are kept before they are synced.
    KeysUnsynced,
    /// Does not look whether a case has the expected version.
    ForgetsVersions,
    /// Hands a leased task to the next worker who asks, under the same epoch.
    LeasesTwice,
    /// Takes the word of a worker whose epoch is over.
    ForgetsEpochs,
    /// Gives a slot that somebody holds.
    GivesHeldSlots,
    /// Lets a claim be taken that somebody holds.
    GivesHeldClaims,
    /// Numbers from a head that has moved.
    ForgetsHeads,
    /// Loses every seventh task of a commit.
    LosesTasks,
    /// Keeps a case's view from before.
    KeepsOldViews,
}

impl Mistake {
    /// All mistakes.
    pub const ALL: [Mistake; 10] = [
        Mistake::AnswersUnsynced,
        Mistake::KeysUnsynced,
        Mistake::ForgetsVersions,
        Mistake::LeasesTwice,
        Mistake::ForgetsEpochs,
        Mistake::GivesHeldSlots,
        Mistake::GivesHeldClaims,
        Mistake::ForgetsHeads,
        Mistake::LosesTasks,
        Mistake::KeepsOldViews,
    ];
}

/// One set of places, shared by all nodes over it.
pub struct Memory {
    rows: Room<Rows>,
    keys: Room<Ring>,
    blobs: Room<Shelf>,
    records: Room<Records>,
    bells: Mutex<Vec<Bell>>,
}

/// What tells one node that something arrived. Each node has its own: waiters on one channel are woken in no
/// fixed order.
#[derive(Clone)]
struct Bell {
    tasks: watch::Sender<u64>,
    entries: watch::Sender<u64>,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Arc<Memory> {
        Memory::with(None)
    }

    /// An empty one that makes a mistake.
    pub fn with(mistake: Option<Mistake>) -> Arc<Memory> {
        let hasty = |by| mistake == Some(by);
        Arc::new(Memory {
            rows: Room::new(Rows::with(mistake), hasty(Mistake::AnswersUnsynced)),
            keys: Room::new(Ring::default(), hasty(Mistake::KeysUnsynced)),
            blobs: Room::new(Shelf::default(), false),
            records: Room::new(Records::default(), false),
            bells: Mutex::default(),
        })
    }

    /// The store alone, as a node over this way sees it.
    pub fn store(self: &Arc<Self>, way: Arc<dyn Way>) -> Arc<dyn Store> {
        let bell = Bell { tasks: watch::Sender::new(0), entries: watch::Sender::new(0) };
        if way.hears() {
            self.bells().push(bell.clone());
        }
        Arc::new(door::MemoryStore { door: Door { memory: self.clone(), way }, bell })
    }

    /// Opens a node's ledger over this way.
    pub async fn open(
        self: &Arc<Self>,
        way: Arc<dyn Way>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
    ) -> Result<Ledger, Fault> {
        let door = || Door { memory: self.clone(), way: way.clone() };
        let store = self.store(way.clone());
        let keys = keys::MemoryKeys(door());
        let marks = [store.journal_mark().await?, keys.journal_mark().await?];
        let journal = MemoryJournal::open(door(), &marks).await?;
        let parts = Parts {
            store,
            keys: Box::new(keys),
            blobs: Box::new(blobs::MemoryBlobs(door())),
            journal: Box::new(journal),
            marks,
            lock: None,
        };
        Ledger::over(parts, clock, entropy, top_key).await
    }

    /// Cuts the power of every place at once: what was not synced is gone, and whoever waits for it is told that
    /// the call failed.
    pub fn cut_power(&self) {
        self.rows.cut();
        self.keys.cut();
        self.blobs.cut();
        self.records.cut();
    }

    /// Entries that are synced, in the order of their commits, after the first so many.
    pub fn entries_after(&self, seen: usize) -> Vec<Arc<EntryRow>> {
        self.rows.look(|rows| rows.entries[seen.min(rows.entries.len())..].to_vec())
    }

    /// The ids of numbered entries after a number.
    pub fn numbered_after(&self, stream: Stream, number: u64) -> Vec<(u64, Arc<EntryRow>)> {
        self.rows.look(|rows| rows.numbered(stream, number).collect())
    }

    /// A case's version and the text of its view.
    pub fn view(&self, case: &str) -> Option<(u64, Option<String>)> {
        self.rows.look(|rows| {
            rows.cases.get(case).map(|row| (row.version, row.view.as_ref().map(|view| view.state.clone())))
        })
    }

    /// The kinds of a case's tasks that are not dead.
    pub fn live_tasks(&self, case: &str) -> Vec<String> {
        self.rows.look(|rows| rows.of_case(case).filter(|task| !task.is_dead()).map(|t| t.kind()).collect())
    }

    /// The first entry that waits for its number, of any stream.
    pub fn unnumbered(&self) -> Option<Arc<EntryRow>> {
        self.rows.look(|rows| rows.pending.first().map(|(_, at)| rows.entries[*at].clone()))
    }

    /// When the next task is due, or its lease runs out, in milliseconds since 1970.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.rows.look(|rows| rows.due.iter().map(|(_, due_ms, _)| *due_ms).min())
    }

    /// Every task that is not done: its case, its kind, and why it was parked where it was.
    pub fn tasks(&self) -> Vec<(String, String, Option<String>)> {
        let told = |task: &state::TaskEntry| (task.row.case.clone(), task.kind(), task.reason.clone());
        self.rows.look(|rows| rows.tasks.values().map(told).collect())
    }

    fn bells(&self) -> MutexGuard<'_, Vec<Bell>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, which: impl Fn(&Bell) -> &watch::Sender<u64>) {
        for bell in self.bells().iter() {
            which(bell).send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

/// A top key that all nodes over one memory share.
pub struct MemoryTopKey {
    key: Zeroizing<[u8; 32]>,
    entropy: Arc<dyn Entropy>,
}

impl MemoryTopKey {
    /// From 32 bytes, with randomness for nonces.
    pub fn new(key: [u8; 32], entropy: Arc<dyn Entropy>) -> MemoryTopKey {
        MemoryTopKey { key: Zeroizing::new(key), entropy }
    }
}

#[async_trait]
impl TopKey for MemoryTopKey {
    fn id(&self) -> &str {
        "top_memory"
    }

    async fn wrap(&self, aad: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        crypto::seal(&self.key, aad, Zeroizing::new(key.to_vec()), &*self.entropy)
    }

    async fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        crypto::open_key(&self.key, aad, wrapped, "a wrapped key")
    }
}
