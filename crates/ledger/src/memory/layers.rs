//! Two layers of one place: what was written, and what is synced and lasts. Refuses to know what a change is.
//!
//! Whoever reads sees what is synced; whoever decides does so on what is written, and is answered once that is
//! synced, so that no answer rests on what a power cut may still take.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Fault;

/// What can be changed by applying changes, always to the same effect.
pub(super) trait Place: Clone + Send {
    /// One change.
    type Change: Send + Sync;
    /// What is answered to it.
    type Answer: Send;

    /// Makes the change, or nothing of it.
    fn apply(&mut self, change: &Self::Change) -> Self::Answer;
}

/// That a change was written: what must be synced before it is answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    change: u64,
    cuts: u64,
}

struct Layers<P: Place> {
    written: P,
    synced: P,
    unsynced: VecDeque<Arc<P::Change>>,
    /// So many changes are synced.
    changes: u64,
    /// So often the power was cut.
    cuts: u64,
}

/// A place with its layers.
pub(super) struct Room<P: Place> {
    layers: Mutex<Layers<P>>,
    /// Answers before it syncs, and lets read what is not synced: a mistake, made on purpose.
    hasty: bool,
}

impl<P: Place> Room<P> {
    pub(super) fn new(empty: P, hasty: bool) -> Self {
        let layers =
            Layers { written: empty.clone(), synced: empty, unsynced: VecDeque::new(), changes: 0, cuts: 0 };
        Room { layers: Mutex::new(layers), hasty }
    }

    /// Writes a change.
    pub(super) fn write(&self, change: P::Change) -> (P::Answer, Ticket) {
        let mut layers = self.layers();
        let answer = layers.written.apply(&change);
        layers.unsynced.push_back(Arc::new(change));
        let change = layers.changes + layers.unsynced.len() as u64;
        (answer, Ticket { change, cuts: layers.cuts })
    }

    /// Brings all changes up to this one to the disk; a fault where a power cut was faster.
    pub(super) fn sync(&self, ticket: Ticket) -> Result<(), Fault> {
        let mut layers = self.layers();
        if layers.cuts != ticket.cuts {
            return Err(Fault::Injected);
        }
        let upto = if self.hasty { ticket.change - 1 } else { ticket.change };
        while layers.changes < upto {
            let Some(change) = layers.unsynced.pop_front() else { break };
            layers.synced.apply(&change);
            layers.changes += 1;
        }
        Ok(())
    }

    /// Forgets what was not synced.
    pub(super) fn cut(&self) {
        let mut layers = self.layers();
        layers.written = layers.synced.clone();
        layers.unsynced.clear();
        layers.cuts += 1;
    }

    /// Looks at what lasts.
    pub(super) fn look<T>(&self, look: impl FnOnce(&P) -> T) -> T {
        look(&self.layers().synced)
    }

    /// Reads as a node does.
    pub(super) fn read<T>(&self, look: impl FnOnce(&P) -> T) -> T {
        let layers = self.layers();
        look(if self.hasty { &layers.written } else { &layers.synced })
    }

    fn layers(&self) -> MutexGuard<'_, Layers<P>> {
        self.layers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Words(Vec<&'static str>);

    impl Place for Words {
        type Change = &'static str;
        type Answer = usize;
        fn apply(&mut self, change: &&'static str) -> usize {
            self.0.push(change);
            self.0.len()
        }
    }

    #[test]
    fn a_power_cut_takes_what_was_not_synced_and_tells_who_waits() {
        let room = Room::new(Words::default(), false);
        let (_, first) = room.write("kept");
        room.sync(first).unwrap();
        let (answer, second) = room.write("lost");
        assert_eq!(answer, 2, "decided upon what is written");
        assert_eq!(room.read(|words| words.0.clone()), ["kept"], "read is what is synced");
        room.cut();
        assert!(room.sync(second).is_err());
        let (_, third) = room.write("after");
        room.sync(third).unwrap();
        assert_eq!(room.look(|words| words.0.clone()), ["kept", "after"]);
    }

    #[test]
    fn syncing_one_syncs_all_before_it() {
        let room = Room::new(Words::default(), false);
        room.write("a");
        let (_, second) = room.write("b");
        room.sync(second).unwrap();
        room.cut();
        assert_eq!(room.look(|words| words.0.clone()), ["a", "b"]);
    }
}
