//! Virtual time: the runtime's paused clock, leaps over hours in which nobody does anything, and each node's own
//! clock, which may stand apart from it.

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// The time of the world.
pub(super) struct Time {
    began: Instant,
    start_ms: i64,
    leapt_ms: AtomicI64,
}

impl Time {
    /// Begins now, at this moment of the world.
    pub(super) fn new(start_ms: i64) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), start_ms, leapt_ms: AtomicI64::new(0) })
    }

    /// How long the world has stood.
    pub(super) fn passed_ms(&self) -> i64 {
        let lived = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        lived + self.leapt_ms.load(Ordering::Relaxed)
    }

    /// The time now.
    pub(super) fn now_ms(&self) -> i64 {
        self.start_ms + self.passed_ms()
    }

    /// Leaps forward; nothing happens in between.
    pub(super) fn leap(&self, by_ms: i64) {
        self.leapt_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

impl ingam_ledger::Clock for Time {
    fn now(&self) -> Timestamp {
        at(self.now_ms())
    }
}

/// The institutions' clock is the world's, and nobody moves it from there.
impl ingam_sandbox::Clock for Time {
    fn now(&self) -> Timestamp {
        at(self.now_ms())
    }
    fn moved_ms(&self) -> i64 {
        0
    }
    fn move_to(&self, _: i64) {}
}

/// A node's clock.
pub(super) struct NodeClock {
    time: Arc<Time>,
    off_ms: AtomicI64,
}

impl NodeClock {
    pub(super) fn new(time: Arc<Time>) -> Self {
        Self { time, off_ms: AtomicI64::new(0) }
    }

    /// Puts it so far beside the world's time.
    pub(super) fn put_off(&self, by_ms: i64) {
        self.off_ms.store(by_ms, Ordering::Relaxed);
    }
}

impl ingam_ledger::Clock for NodeClock {
    fn now(&self) -> Timestamp {
        at(self.time.now_ms()) + SignedDuration::from_millis(self.off_ms.load(Ordering::Relaxed))
    }
}
