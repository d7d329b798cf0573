//! The two lines of a passport that machines read: where they lie and what stands in each of their 44 places.
//!
//! All characters are of one width (ICAO Doc 9303-3 §4.3), so that a place is known without reading it, and fillers
//! are told by their shape: a recogniser takes rows of them for letters.

use super::ink::Ink;
use crate::geometry::Rect;
use crate::mrz::LINE;
use std::ops::Range;

/// Both lines, the upper first.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// The lines.
    pub lines: [ZoneLine; 2],
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneLine {
    /// Its ink.
    pub area: Rect,
    /// Column at which the first place begins.
    left: f64,
    /// Columns a place.
    pitch: f64,
    /// Which places hold a filler.
    pub fillers: [bool; LINE],
}

impl ZoneLine {
    /// The pixels of some places.
    pub fn cells(&self, places: Range<usize>) -> Rect {
        let column = |place: usize| (self.left + self.pitch * place as f64).max(0.0).round() as u32;
        Rect { left: column(places.start), right: column(places.end), ..self.area }
    }

    /// The places between `range` that hold no filler, in runs.
    pub fn words(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut words: Vec<Range<usize>> = Vec::new();
        for place in range.filter(|place| !self.fillers[*place]) {
            match words.last_mut() {
                Some(word) if word.end == place => word.end += 1,
                _ => words.push(place..place + 1),
            }
        }
        words
    }
}

/// The zone, if two lines of 44 characters stand at the foot of the page.
pub(super) fn find(ink: &Ink<'_>, width: u32, height: u32) -> Option<Zone> {
    const COLUMNS: (f64, f64) = (0.015, 0.985);
    let lowest = (0.72 * f64::from(height)) as u32;
    let lines: Vec<Rect> = ink
        .bands(COLUMNS)
        .into_iter()
        .filter(|band| band.0 > lowest && band.1 - band.0 < 70)
        .filter_map(|band| ink.extent(band, COLUMNS))
        .filter(|area| area.width() * 10 >= width * 8)
        // Some characters touch, and none has more than three parts.
        .filter(|area| (LINE * 2 / 3..=LINE * 3 / 2).contains(&ink.runs(*area).len()))
        .collect();
    let [.., upper, lower] = lines.as_slice() else { return None };
    let (high, low) = (upper.height().max(lower.height()), upper.height().min(lower.height()));
    let apart = lower.top.saturating_sub(upper.bottom);
    (high <= low * 2 && apart < 4 * high).then(|| Zone { lines: [line(ink, *upper), line(ink, *lower)] })
}

/// Fits 44 places of one width to a line, so that as little ink as possible lies on their borders.
fn line(ink: &Ink<'_>, area: Rect) -> ZoneLine {
    // One pixel more on both sides: the borders of the outermost places lie outside the ink.
    let first = i64::from(area.left) - 2 * i64::from(area.height());
    let last = i64::from(area.right) + 2 * i64::from(area.height());
    let inked: Vec<u32> = (first..last)
        .map(|x| match u32::try_from(x) {
            Ok(x) => (area.top..area.bottom).filter(|y| ink.is(x, *y)).count() as u32,
            Err(_) => 0,
        })
        .collect();
    let at = |x: f64| {
        let i = (x.round() as i64 - first).clamp(1, inked.len() as i64 - 2) as usize;
        f64::from(inked[i - 1] + 2 * inked[i] + inked[i + 1])
    };
    // Between the middles of the outermost characters lie 43 places.
    let usual = f64::from(area.width()) / (LINE as f64 - 0.35);
    let mut best = (f64::MAX, f64::from(area.left) - 0.175 * usual, usual);
    for stretch in -10i32..=10 {
        let pitch = usual * (1.0 + f64::from(stretch) * 0.0015);
        let middle = f64::from(area.left + area.right) / 2.0;
        for shift in -12i32..=12 {
            let left = middle - pitch * LINE as f64 / 2.0 + pitch * f64::from(shift) * 0.03;
            let crossed: f64 = (1..LINE).map(|i| at(left + pitch * i as f64)).sum();
            // Of equally good fits the middle one.
            let score = crossed + 0.05 * f64::from(shift.abs() + stretch.abs());
            if score < best.0 {
                best = (score, left, pitch);
            }
        }
    }
    let mut line = ZoneLine { area, left: best.1, pitch: best.2, fillers: [false; LINE] };
    for place in 0..LINE {
        line.fillers[place] = is_filler(ink, line.cells(place..place + 1));
    }
    line
}

/// Whether a glyph is `<`: its point lies left in the middle, its ends right at top and bottom, and nothing between
/// the ends.
fn is_filler(ink: &Ink<'_>, cell: Rect) -> bool {
    let runs = ink.runs(cell);
    let Some(widest) = runs.iter().max_by_key(|run| run.1 - run.0) else { return false };
    let glyph = Rect { left: widest.0, right: widest.1, ..cell };
    let Some((top, bottom)) = ink.inked_rows(glyph) else { return false };
    let (wide, high) = (f64::from(glyph.width()), f64::from(bottom + 1 - top));
    if high < 8.0 || wide < 0.35 * high {
        return false;
    }
    // First and last inked column of some rows, as fractions of the width.
    let reach = |from: f64, to: f64| {
        let rows = top + (from * high) as u32..(top + (to * high).ceil() as u32).min(bottom + 1);
        let columns = || (glyph.left..glyph.right).filter(|x| rows.clone().any(|y| ink.is(*x, y)));
        let of = |x: u32| f64::from(x - glyph.left) / wide;
        Some((of(columns().next()?), of(columns().next_back()?)))
    };
    let (Some(upper), Some(waist), Some(lower)) = (reach(0.0, 0.18), reach(0.42, 0.58), reach(0.82, 1.0))
    else {
        return false;
    };
    upper.0 > 0.38 && lower.0 > 0.38 && waist.0 < 0.2 && waist.1 < 0.62
}
