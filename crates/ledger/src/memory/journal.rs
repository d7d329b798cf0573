//! The journal of destructions in memory. The contract is [`Journal`].

use async_trait::async_trait;
use jiff::Timestamp;

use super::Memory;
use super::door::Door;
use super::layers::{Place, Room};
use crate::error::Fault;
use crate::journal::{Journal, NOTHING, Recorded};
use crate::leaf::sha256;
use crate::store::{Destruction, JournalMark};

/// All records, in their order.
#[derive(Clone, Default)]
pub(super) struct Records(Vec<Recorded>);

/// One record more.
pub(super) struct Append {
    destruction: Destruction,
    text: String,
    /// Only where there is none.
    first: bool,
}

impl Records {
    fn mark(&self) -> JournalMark {
        self.0.last().map_or(NOTHING, |last| last.mark)
    }
}

impl Place for Records {
    type Change = Append;
    type Answer = ();

    fn apply(&mut self, append: &Append) {
        let before = self.mark();
        if append.first && before != NOTHING {
            return;
        }
        let mark =
            JournalMark { count: before.count + 1, hash: sha256(&[&before.hash, append.text.as_bytes()]) };
        self.0.push(Recorded { destruction: append.destruction.clone(), mark });
    }
}

/// A node's way to the journal.
pub(super) struct MemoryJournal(Door);

fn records(memory: &Memory) -> &Room<Records> {
    &memory.records
}

impl MemoryJournal {
    /// Opens it, checked against what the stores remember.
    pub(super) async fn open(door: Door, remembered: &[JournalMark]) -> Result<MemoryJournal, Fault> {
        let fits = |records: &Records| {
            remembered
                .iter()
                .all(|mark| *mark == NOTHING || records.0.iter().any(|recorded| recorded.mark == *mark))
        };
        if !door.read(records, "open_journal", fits).await? {
            return Err(Fault::Journal("is not the one that the stores remember"));
        }
        Ok(MemoryJournal(door))
    }

    async fn write(
        &self,
        destruction: Destruction,
        reason: &str,
        now: Timestamp,
        first: bool,
    ) -> Result<(), Fault> {
        let text = format!("{now} {destruction:?} {reason}");
        self.0.change(records, "append_to_journal", Append { destruction, text, first }).await
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault> {
        self.write(destruction, reason, now, false).await
    }

    async fn begin(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault> {
        self.write(destruction, reason, now, true).await
    }

    async fn after(&self, count: u64) -> Result<Option<Recorded>, Fault> {
        let next = |records: &Records| records.0.iter().find(|r| r.mark.count > count).cloned();
        self.0.read(records, "journal", next).await
    }

    fn followed(&self, _: JournalMark) {}
}
