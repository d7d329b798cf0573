//! The moment after which a question must not leave any more.

use jiff::Timestamp;
use tokio::time::Instant;

/// Whoever asks may be held up for as long as a machine sleeps, while somebody else finds no trace of the question
/// and asks anew. Two clocks are looked at: one may be set back, the other stands still in a machine that sleeps.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    steady: Instant,
    wall: Timestamp,
}

impl Deadline {
    /// The same moment by a clock that nobody sets, and by the time of day.
    pub fn new(steady: Instant, wall: Timestamp) -> Self {
        Self { steady, wall }
    }

    /// Whether it lies behind, where the time of day is `now`.
    pub(crate) fn passed(&self, now: Timestamp) -> bool {
        now >= self.wall || Instant::now() >= self.steady
    }
}
