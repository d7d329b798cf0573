//! Step 5: where each line of print stands on a rectified resident card.
//!
//! The fractions are those of domain practice for the resident card (title 0.14, name 0.30, number 0.42,
//! address 0.50-0.68, date 0.74, issuer 0.84 of the height; portrait 0.62-0.94 x 0.10-0.70). They shift
//! between generations and printers, so rows of ink decide and the fractions only name them.

use crate::geometry::Rect;
use crate::picture::{Picture, Plane};
use crate::rectify::{CARD_HEIGHT, FlatCard};

/// What a line of print is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The kind of card, in large print.
    Title,
    /// The holder's name in Korean, without the Hanja in brackets.
    Name,
    /// The number, thirteen digits with a hyphen.
    ResidentNumber,
    /// One line of the address.
    Address,
    /// The day of issue.
    IssueDate,
    /// The office that issued the card.
    Issuer,
}

/// One line of print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// What it is.
    pub part: Part,
    /// Its ink, tightly.
    pub area: Rect,
    /// Its glyphs, or parts of glyphs, as runs of inked columns: (first, column after the last).
    pub runs: Vec<(u32, u32)>,
}

impl TextLine {
    /// Empty columns between runs, at least `share` of the line's height wide: (first, column after the last).
    pub fn gaps(&self, share: f64) -> Vec<(u32, u32)> {
        let least = share * f64::from(self.area.height());
        let between = self.runs.windows(2).map(|pair| (pair[0].1, pair[1].0));
        between.filter(|gap| f64::from(gap.1 - gap.0) >= least).collect()
    }
}

/// What stands where.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Lines from top to bottom; an address may have several, any other part at most one.
    pub lines: Vec<TextLine>,
    /// The portrait, by the fractions and the shift of the print.
    pub portrait: Rect,
    /// The card with its shading and tinted patterns taken away: dark print on 255.
    pub flat: Plane,
}

impl Layout {
    /// The lines of a part, from top to bottom.
    pub fn of(&self, part: Part) -> impl Iterator<Item = &TextLine> {
        self.lines.iter().filter(move |line| line.part == part)
    }

    /// The ink of a part, all its lines together.
    pub fn area(&self, part: Part) -> Option<Rect> {
        self.lines.iter().filter(|line| line.part == part).map(|line| line.area).reduce(|a, b| a.union(&b))
    }
}

/// Expected middle of each part's rows in fractions of the height, and the columns in which it is looked for.
/// Address lines lie between number and date.
const PLACES: [Place; 6] = [
    Place { part: Part::Title, rows: (0.07, 0.215), columns: (0.03, 0.60) },
    Place { part: Part::Name, rows: (0.215, 0.36), columns: (0.03, 0.60) },
    Place { part: Part::ResidentNumber, rows: (0.36, 0.463), columns: (0.03, 0.60) },
    Place { part: Part::Address, rows: (0.463, 0.708), columns: (0.03, 0.60) },
    Place { part: Part::IssueDate, rows: (0.708, 0.80), columns: (0.03, 0.60) },
    Place { part: Part::Issuer, rows: (0.80, 0.93), columns: (0.03, 0.97) },
];

struct Place {
    part: Part,
    rows: (f64, f64),
    columns: (f64, f64),
}

/// Where a part stands when nothing of it can be seen, say under glare.
pub fn usual_place(part: Part) -> Rect {
    let rows = PLACES.iter().find(|place| place.part == part).map_or((0.0, 1.0), |place| place.rows);
    let columns = match part {
        Part::Title | Part::Name | Part::ResidentNumber | Part::Address => (0.06, 0.45),
        Part::IssueDate => (0.33, 0.57),
        Part::Issuer => (0.25, 0.66),
    };
    let trim = if part == Part::Address { 0.02 } else { (rows.1 - rows.0) * 0.2 };
    FlatCard::area(columns, (rows.0 + trim, rows.1 - trim))
}

/// Middles of the three rows that always stand alone; their common shift moves all places.
const ANCHORS: [f64; 3] = [0.14, 0.30, 0.42];

/// Finds the lines.
pub fn layout(card: &FlatCard) -> Layout {
    let flat = flattened(&card.picture);
    let body = FlatCard::area((0.03, 0.60), (0.08, 0.93));
    let dark = f64::from(flat.percentile(body, 0.004));
    // Print is near the darkest; guilloche and the fade of a red seal stay well above the middle.
    let ink = Ink { plane: &flat, below: (255.0 - 0.42 * (255.0 - dark)) as u8 };

    let bands = ink.bands((0.03, 0.60));
    let height = f64::from(CARD_HEIGHT);
    let middle = |band: &(u32, u32)| f64::from(band.0 + band.1) / 2.0 / height;
    let mut shifts: Vec<f64> = ANCHORS
        .iter()
        .filter_map(|anchor| {
            let off = |band: &&(u32, u32)| (middle(band) - anchor).abs();
            bands.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map(|band| middle(band) - anchor)
        })
        .filter(|shift| shift.abs() < 0.05)
        .collect();
    shifts.sort_by(f64::total_cmp);
    let shift = shifts.get(shifts.len() / 2).copied().unwrap_or(0.0);

    let mut lines = Vec::new();
    for Place { part, rows, columns } in PLACES {
        let wide;
        let bands = if columns.1 > 0.9 {
            wide = ink.bands(columns);
            &wide
        } else {
            &bands
        };
        let mut inside: Vec<TextLine> = bands
            .iter()
            .filter(|band| (rows.0..rows.1).contains(&(middle(band) - shift)))
            .filter_map(|band| ink.extent(*band, columns))
            .map(|area| TextLine { part, area, runs: Vec::new() })
            .collect();
        if part != Part::Address {
            // Of several rows the widest is print; a speck or a stain is narrow.
            inside = inside
                .into_iter()
                .max_by_key(|line| line.area.width() * line.area.height())
                .into_iter()
                .collect();
        }
        lines.extend(inside);
    }
    if let Some(name) = lines.iter_mut().find(|line| line.part == Part::Name)
        && let Some(bracket) = ink.opening_bracket(name.area)
    {
        // The bracket's soft edge would be read as a stroke.
        name.area.right = bracket.saturating_sub(5).max(name.area.left + 1);
    }
    for line in &mut lines {
        line.runs = ink.runs(line.area);
    }
    let portrait = FlatCard::area((0.62, 0.94), (0.10 + shift, 0.70 + shift));
    Layout { lines, portrait, flat }
}

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

struct Ink<'a> {
    plane: &'a Plane,
    below: u8,
}

impl Ink<'_> {
    fn is(&self, x: u32, y: u32) -> bool {
        self.plane.at(i64::from(x), i64::from(y)) < self.below
    }

    /// Rows of print between these columns, as (first, row after the last).
    fn bands(&self, columns: (f64, f64)) -> Vec<(u32, u32)> {
        let area = FlatCard::area(columns, (0.04, 0.96));
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
    fn runs(&self, area: Rect) -> Vec<(u32, u32)> {
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

    /// The ink of one row of print: its widest run without a gap of more than two letters.
    fn extent(&self, band: (u32, u32), columns: (f64, f64)) -> Option<Rect> {
        let area = FlatCard::area(columns, (0.0, 1.0));
        let height = band.1 - band.0;
        let mut runs: Vec<(u32, u32, u32)> = Vec::new();
        for x in area.left..area.right {
            let count = (band.0..band.1).filter(|y| self.is(x, *y)).count() as u32;
            if count == 0 {
                continue;
            }
            match runs.last_mut() {
                Some(run) if x <= run.1 + 2 * height => {
                    run.1 = x + 1;
                    run.2 += count;
                }
                _ => runs.push((x, x + 1, count)),
            }
        }
        let run = runs.into_iter().max_by_key(|run| run.2)?;
        let (left, right) = (run.0, run.1);
        // Rows again, now only where the line is: a neighbour's speck must not make it taller.
        let inked = |y: &u32| (left..right).filter(|x| self.is(*x, *y)).count() >= 2;
        let top = (band.0..band.1).find(inked)?;
        let bottom = (band.0..band.1).rev().find(inked)? + 1;
        (right - left > height / 2).then_some(Rect { left, top, right, bottom })
    }

    /// Column where an opening bracket begins, if the line has one after its second letter.
    fn opening_bracket(&self, line: Rect) -> Option<u32> {
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
        let Some(top) = (glyph.top..glyph.bottom).find(|y| (glyph.left..glyph.right).any(|x| self.is(x, *y)))
        else {
            return false;
        };
        let bottom = (glyph.top..glyph.bottom)
            .rev()
            .find(|y| (glyph.left..glyph.right).any(|x| self.is(x, *y)))
            .unwrap_or(top);
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
}
