//! What the machine gives: the time and randomness. The only place where either is taken.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock. In the sandbox it can be moved, so that a demo need not wait five minutes.
#[derive(Debug, Clone, Default)]
pub struct MachineClock {
    moved_ms: Arc<AtomicI64>,
}

impl MachineClock {
    /// The time now, to the millisecond: what the ledger keeps.
    #[allow(clippy::disallowed_methods)] // The one place.
    pub fn now(&self) -> Timestamp {
        let machine = Timestamp::now() + SignedDuration::from_millis(self.moved_ms.load(Ordering::Relaxed));
        Timestamp::from_millisecond(machine.as_millisecond()).unwrap_or(machine)
    }

    /// How far the clock was moved.
    pub fn moved_ms(&self) -> i64 {
        self.moved_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock to so many milliseconds from the machine's.
    pub fn move_to(&self, moved_ms: i64) {
        self.moved_ms.store(moved_ms, Ordering::Relaxed);
    }
}

impl ingam_ledger::Clock for MachineClock {
    fn now(&self) -> Timestamp {
        MachineClock::now(self)
    }
}

impl ingam_connectors::Clock for MachineClock {
    fn now(&self) -> Timestamp {
        MachineClock::now(self)
    }
}

/// The operating system's random numbers.
#[derive(Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// An array of random bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // The operating system's generator can't fail once it is seeded; going on without it would be worse.
        self.0.fill(&mut bytes).expect("the system has random numbers");
        bytes
    }
}

impl ingam_ledger::Entropy for SystemEntropy {
    fn fill(&self, buf: &mut [u8]) {
        self.0.fill(buf).expect("the system has random numbers");
    }
}
