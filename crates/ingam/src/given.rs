//! What the machine gives: the time and randomness. The only place where either is taken. A simulation plays both.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock. In the sandbox it can be moved, so that a demo need not wait five minutes.
#[derive(Clone, Default)]
pub struct MachineClock {
    moved_ms: Arc<AtomicI64>,
    played: Option<Arc<dyn ingam_ledger::Clock>>,
}

impl MachineClock {
    /// A clock that plays the machine's.
    #[cfg(feature = "sandbox")]
    pub fn played_by(clock: Arc<dyn ingam_ledger::Clock>) -> Self {
        Self { moved_ms: Arc::default(), played: Some(clock) }
    }

    /// The time now, to the millisecond: what the ledger keeps.
    #[allow(clippy::disallowed_methods)] // The one place.
    pub fn now(&self) -> Timestamp {
        let machine = self.played.as_ref().map_or_else(Timestamp::now, |clock| clock.now());
        let machine = machine + SignedDuration::from_millis(self.moved_ms.load(Ordering::Relaxed));
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

/// The operating system's random numbers, or, in a simulation, numbers that play them.
pub struct SystemEntropy(Arc<dyn ingam_ledger::Entropy>);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(Arc::new(System::default()))
    }
}

impl SystemEntropy {
    /// Numbers that play the system's. Not secret.
    #[cfg(feature = "sandbox")]
    pub fn played_by(entropy: Arc<dyn ingam_ledger::Entropy>) -> Self {
        Self(entropy)
    }

    /// An array of random bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        ingam_ledger::Entropy::fill(self, &mut bytes);
        bytes
    }
}

impl ingam_ledger::Entropy for SystemEntropy {
    fn fill(&self, buf: &mut [u8]) {
        self.0.fill(buf);
    }
}

#[derive(Default)]
struct System(SystemRandom);

impl ingam_ledger::Entropy for System {
    fn fill(&self, buf: &mut [u8]) {
        // The operating system's generator can't fail once it is seeded; going on without it would be worse.
        self.0.fill(buf).expect("the system has random numbers");
    }
}
