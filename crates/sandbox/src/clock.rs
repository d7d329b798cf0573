//! The sandbox's time: a clock that is passed in, and how far it was moved.
//!
//! Refuses to read the machine's clock itself.

use jiff::{SignedDuration, Timestamp, ZonedDateTime, tz};
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that can be moved. The program that runs the sandbox in its own process passes its own, so that both
/// always agree.
pub trait Clock: Send + Sync {
    /// The time now, as moved.
    fn now(&self) -> Timestamp;
    /// How far it stands from the machine's time, in milliseconds.
    fn moved_ms(&self) -> i64;
    /// Moves it to that distance.
    fn move_to(&self, moved_ms: i64);
}

/// A movable clock over any source of time.
pub struct MovableClock<F> {
    source: F,
    moved_ms: AtomicI64,
}

impl<F: Fn() -> Timestamp + Send + Sync> MovableClock<F> {
    /// Over a source, not moved yet.
    pub fn new(source: F) -> Self {
        Self { source, moved_ms: AtomicI64::new(0) }
    }
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for MovableClock<F> {
    fn now(&self) -> Timestamp {
        let now = (self.source)();
        now.checked_add(SignedDuration::from_millis(self.moved_ms())).unwrap_or(now)
    }
    fn moved_ms(&self) -> i64 {
        self.moved_ms.load(Ordering::Relaxed)
    }
    fn move_to(&self, moved_ms: i64) {
        self.moved_ms.store(moved_ms, Ordering::Relaxed);
    }
}

/// In Korea: UTC+9, without summer time.
pub(crate) fn kst(at: Timestamp) -> ZonedDateTime {
    at.to_zoned_datetime(tz::TimeZone::fixed(tz::offset(9)))
}

/// `yyyyMMdd` in Korea.
pub(crate) fn day(at: Timestamp) -> String {
    kst(at).strftime("%Y%m%d").to_string()
}
