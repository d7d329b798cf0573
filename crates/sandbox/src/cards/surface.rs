//! Table tops on which a card is photographed.
//!
//! Refuses to know what lies on them. Everything is computed from a seed; no photograph is used.

use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use super::noise::field;

/// What the card lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Dark wood: the usual desk.
    #[default]
    Walnut,
    /// Light wood, nearer to the card's own lightness.
    Oak,
    /// Grey felt.
    Felt,
    /// A white desk: the hard case for whoever looks for the card's edge.
    White,
}

/// A picture of the bare surface. Grain is scaled by the width, so that sizes look alike.
pub(super) fn lay(surface: Surface, width: u32, height: u32, seed: u64) -> RgbImage {
    let unit = 1000.0 / width.max(1) as f32;
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 * unit, y as f32 * unit);
        Rgb(match surface {
            Surface::Walnut => wood([104.0, 74.0, 52.0], [70.0, 47.0, 33.0], x, y, seed),
            Surface::Oak => wood([196.0, 162.0, 120.0], [168.0, 131.0, 92.0], x, y, seed),
            Surface::Felt => felt(x, y, seed),
            Surface::White => {
                let v = 226.0 + 8.0 * (field(x / 260.0, y / 260.0, seed) - 0.5);
                rgb([v, v - 1.0, v - 4.0])
            }
        })
    })
}

/// Boards along x with their own tone, long grain and a few rings.
fn wood(light: [f32; 3], dark: [f32; 3], x: f32, y: f32, seed: u64) -> [u8; 3] {
    let board = (y / 238.0).floor();
    let own = seed ^ (board as i64 as u64).wrapping_mul(0x9E37_79B9);
    let bend = 26.0 * field(x / 420.0, y / 90.0, own);
    let rings = (0.11 * (y + bend) + 5.0 * field(x / 600.0, y / 60.0, own ^ 7)).sin() * 0.5 + 0.5;
    let fibre = field(x / 46.0, y / 1.7, own ^ 11);
    let seam = ((y / 238.0 - board) * 238.0).min(3.0) / 3.0;
    let tone = 0.16 * field(0.5, board * 3.7, seed ^ 3);
    let t = (0.20 + 0.38 * rings + 0.34 * fibre + tone).clamp(0.0, 1.0);
    let mut colour = [0.0; 3];
    for c in 0..3 {
        colour[c] = (light[c] + (dark[c] - light[c]) * t) * (0.62 + 0.38 * seam);
    }
    rgb(colour)
}

fn felt(x: f32, y: f32, seed: u64) -> [u8; 3] {
    let v = 88.0
        + 20.0 * (field(x / 2.1, y / 2.1, seed) - 0.5)
        + 14.0 * (field(x / 70.0, y / 70.0, seed ^ 5) - 0.5);
    rgb([v * 0.95, v, v * 1.05])
}

fn rgb(colour: [f32; 3]) -> [u8; 3] {
    colour.map(|c| c.round().clamp(0.0, 255.0) as u8)
}
