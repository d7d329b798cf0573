//! Numbers that look random and repeat with a seed. Not secret.

use ingam_ledger::Entropy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of numbers; clones draw from the same one.
#[derive(Debug, Clone)]
pub(super) struct Dice(Arc<AtomicU64>);

impl Dice {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike.
        Self(Arc::new(AtomicU64::new(mixed(seed ^ 0x5349_4d55_4c41_5445))))
    }

    /// A stream of its own, fixed by this one.
    pub(super) fn fork(&self) -> Self {
        Self(Arc::new(AtomicU64::new(self.next())))
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    pub(super) fn next(&self) -> u64 {
        mixed(self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed))
    }

    /// From 0 to below `bound`.
    pub(super) fn below(&self, bound: u64) -> u64 {
        // The bias is below one in 2^40 for every bound that is used here.
        self.next() % bound.max(1)
    }

    /// From one to the other, both included.
    pub(super) fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True so many times in a million.
    pub(super) fn chance(&self, ppm: u64) -> bool {
        ppm > 0 && self.below(1_000_000) < ppm
    }

    /// True as often as a coin says.
    pub(super) fn coin(&self) -> bool {
        self.next() & 1 == 1
    }

    /// One of these.
    pub(super) fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

impl Entropy for Dice {
    fn fill(&self, buf: &mut [u8]) {
        for chunk in buf.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

fn mixed(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
