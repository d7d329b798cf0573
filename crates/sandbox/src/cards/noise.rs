//! Numbers that look random and come from a seed: grain, wood, trembling hands.
//!
//! Refuses the machine's randomness. The mixing is SplitMix64 (Steele, Lea, Flood 2014).

/// A stream of numbers from a seed.
#[derive(Clone, Debug)]
pub(super) struct Grain(u64);

impl Grain {
    /// The stream of this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// About normal, mean 0, deviation 1: the sum of four 16-bit numbers, within 3.4 deviations.
    pub(super) fn bell(&mut self) -> f32 {
        let b = self.bits();
        let sum: u64 = (0..4).map(|i| (b >> (16 * i)) & 0xFFFF).sum();
        // Four uniform numbers have variance 4/12, hence the factor of the square root of 3.
        (sum as f32 / 65_536.0 - 2.0) * 1.732
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A smooth field of values in 0..1 over the plane, of about one bump a unit.
pub(super) fn field(x: f32, y: f32, seed: u64) -> f32 {
    let (xi, yi) = (x.floor(), y.floor());
    let (fx, fy) = (smooth(x - xi), smooth(y - yi));
    let at = |dx: i64, dy: i64| {
        let key = (xi as i64 + dx) as u64 ^ ((yi as i64 + dy) as u64).rotate_left(32);
        (mix(key.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ seed) >> 40) as f32 / 16_777_216.0
    };
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * fx;
    let low = at(0, 1) + (at(1, 1) - at(0, 1)) * fx;
    top + (low - top) * fy
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}
