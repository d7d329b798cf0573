//! Ink on a flat document: its rows, its runs, and where a line begins and ends.

use crate::geometry::Rect;
use crate::picture::{Picture, Plane};

/// Divides out the paper: each pixel's brightest colour against the brightest of its surroundings.
pub fn flattened(card: &Picture) -> Plane {
    const BLOCK: u32 = 16;
    let mut plane = card.brightest();
    let (columns, rows) = (plane.width.div_ceil(BLOCK), plane.height.div_ceil(BLOCK));
    let mut paper = Plane { width: columns, height: rows, values: vec![0; (columns * rows) as usize] };
    for row in 0..rows {
        for column in 0..columns {
            let (left, top) = (column * BLOCK, row * BLOCK);
            let block = Rect { left, top, right: left + BLOCK, bottom: (top + BLOCK).min(plane.height) };
            paper.values[(row * columns + column) as usize] = plane.percentile(block, 0.85);
        }
    }
    // A block that bold print fills takes the paper of its neighbours.
    let spread: Vec<u8> = (0..i64::from(rows))
        .flat_map(|y| (0..i64::from(columns)).map(move |x| (x, y)))
        .map(|(x, y)| {
            (-1..=1)
                .flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)))
                .map(|(dx, dy)| paper.at(x + dx, y + dy))
                .max()
                .unwrap_or(255)
        })
        .collect();
    let paper = Plane { values: spread, ..paper }.resized(plane.width, plane.height);
    for (value, paper) in plane.values.iter_mut().zip(&paper.values) {
        *value = (u32::from(*value) * 255 / u32::from(*paper).max(1)).min(255) as u8;
    }
    plane
}

/// The dark pixels of a flattened document.
pub(super) struct Ink<'a> {
    plane: &'a Plane,
    below: u8,
}

impl<'a> Ink<'a> {
    /// Ink by the darkest print between these fractions of the width.
    pub(super) fn of(plane: &'a Plane, columns: (f64, f64)) -> Self {
        let body = Rect::of_fractions(plane.width, plane.height, columns, (0.08, 0.93));
        let dark = f64::from(plane.percentile(body, 0.004));
        // Print is near the darkest; guilloche and the fade of a red seal stay well above the middle.
        Self { plane, below: (255.0 - 0.42 * (255.0 - dark)) as u8 }
    }

    /// Whether a pixel is inked.
    pub(super) fn is(&self, x: u32, y: u32) -> bool {
        self.plane.at(i64::from(x), i64::from(y)) < self.below
    }

    fn strip(&self, columns: (f64, f64), rows: (f64, f64)) -> Rect {
        Rect::of_fractions(self.plane.width, self.plane.height, columns, rows)
    }

    /// Rows of print between these columns, as (first, row after the last).
    pub(super) fn bands(&self, columns: (f64, f64)) -> Vec<(u32, u32)> {
        let area = self.strip(columns, (0.04, 0.96));
        let counts: Vec<u32> = (area.top..area.bottom)
            .map(|y| (area.left..area.right).filter(|x| self.is(*x, y)).count() as u32)
            .collect();
        let mut bands: Vec<(u32, u32)> = Vec::new();
        for (i, count) in counts.iter().enumerate() {
            let y = area.top + i as u32;
            if *count < 4 {
                continue;
            }
            match bands.last_mut() {
                // Syllables have gaps between their parts; lines lie further apart than that.
                Some(band) if y <= band.1 + 4 => band.1 = y + 1,
                _ => bands.push((y, y + 1)),
            }
        }
        bands.retain(|band| (12..=100).contains(&(band.1 - band.0)));
        bands
    }

    /// Runs of columns that hold ink.
    pub(super) fn runs(&self, area: Rect) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for x in area.left..area.right {
            if !(area.top..area.bottom).any(|y| self.is(x, y)) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if run.1 == x => run.1 = x + 1,
                _ => runs.push((x, x + 1)),
            }
        }
        runs
    }

    /// The pieces of one row of print: its runs without a gap wider than `gap` times the row's height, each with the
    /// pixels of ink in it.
    fn pieces(&self, band: (u32, u32), columns: (f64, f64), gap: f64) -> Vec<(u32, u32, u32)> {
        let area = self.strip(columns, (0.0, 1.0));
        let reach = (gap * f64::from(band.1 - band.0)) as u32;
        let mut runs: Vec<(u32, u32, u32)> = Vec::new();
        for x in area.left..area.right {
            let count = (band.0..band.1).filter(|y| self.is(x, *y)).count() as u32;
            if count == 0 {
                continue;
            }
            match runs.last_mut() {
                Some(run) if x <= run.1 + reach => {
                    run.1 = x + 1;
                    run.2 += count;
                }
                _ => runs.push((x, x + 1, count)),
            }
        }
        runs
    }

    /// Rows again, now only where the line is: a neighbour's speck must not make it taller.
    fn tight(&self, band: (u32, u32), (left, right): (u32, u32)) -> Option<Rect> {
        let inked = |y: &u32| (left..right).filter(|x| self.is(*x, *y)).count() >= 2;
        let top = (band.0..band.1).find(inked)?;
        let bottom = (band.0..band.1).rev().find(inked)? + 1;
        (right - left > (band.1 - band.0) / 2).then_some(Rect { left, top, right, bottom })
    }

    /// The ink of one row of print: its widest run without a gap of more than two letters.
    pub(super) fn extent(&self, band: (u32, u32), columns: (f64, f64)) -> Option<Rect> {
        let (left, right, _) = self.pieces(band, columns, 2.0).into_iter().max_by_key(|run| run.2)?;
        self.tight(band, (left, right))
    }

    /// All lines of one row of print, apart by more than a letter.
    pub(super) fn segments(&self, band: (u32, u32), columns: (f64, f64)) -> Vec<Rect> {
        let pieces = self.pieces(band, columns, 1.0);
        pieces.into_iter().filter_map(|(left, right, _)| self.tight(band, (left, right))).collect()
    }

    /// Column where an opening bracket begins, if the line has one after its second letter.
    pub(super) fn opening_bracket(&self, line: Rect) -> Option<u32> {
        let height = line.height();
        let mut glyph: Option<u32> = None;
        for x in line.left..=line.right {
            let inked = x < line.right && (line.top..line.bottom).any(|y| self.is(x, y));
            match (glyph, inked) {
                (None, true) => glyph = Some(x),
                (Some(left), false) => {
                    let far_enough = left > line.left + height * 3 / 2;
                    if far_enough && self.bends_left(Rect { left, right: x, ..line }) {
                        return Some(left);
                    }
                    glyph = None;
                }
                _ => {}
            }
        }
        None
    }

    /// Whether a glyph is narrow, tall, and further left in its middle than at both ends: `(`.
    fn bends_left(&self, glyph: Rect) -> bool {
        let height = f64::from(glyph.height());
        if f64::from(glyph.width()) > 0.42 * height || f64::from(glyph.width()) < 0.08 * height {
            return false;
        }
        let middle_of = |rows: std::ops::Range<u32>| {
            let (mut sum, mut count) = (0.0, 0u32);
            for y in rows {
                for x in (glyph.left..glyph.right).filter(|x| self.is(*x, y)) {
                    sum += f64::from(x);
                    count += 1;
                }
            }
            (count > 0).then(|| sum / f64::from(count))
        };
        let Some((top, bottom)) = self.inked_rows(glyph) else { return false };
        let tall = bottom - top;
        if f64::from(tall) < 0.7 * height {
            return false;
        }
        let sixth = (tall / 6).max(1);
        let ends = (middle_of(top..top + sixth), middle_of(bottom + 1 - sixth..bottom + 1));
        let waist = middle_of(top + tall / 2 - sixth..top + tall / 2 + sixth);
        match (ends, waist) {
            ((Some(upper), Some(lower)), Some(waist)) => upper.min(lower) - waist > 0.05 * height,
            _ => false,
        }
    }

    /// First and last row with ink.
    pub(super) fn inked_rows(&self, glyph: Rect) -> Option<(u32, u32)> {
        let inked = |y: &u32| (glyph.left..glyph.right).any(|x| self.is(x, *y));
        let top = (glyph.top..glyph.bottom).find(inked)?;
        let bottom = (glyph.top..glyph.bottom).rev().find(inked)?;
        Some((top, bottom))
    }
}
