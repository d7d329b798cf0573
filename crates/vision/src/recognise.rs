//! Step 6: lines of print become text, by whatever model stands behind the seam.
//!
//! Each line is shown to the model in the forms that suit it, all in one call; which reading is right is
//! decided later, by what the field allows.

use crate::geometry::Rect;
use crate::layout::{Layout, Part, TextLine};
use crate::model::{LineImage, Model, ModelFault, Reading, Script};
use crate::picture::Plane;

/// All readings of one line.
#[derive(Debug, Clone)]
pub struct ReadLine {
    /// What the line is.
    pub part: Part,
    /// Where its ink is on the rectified card.
    pub area: Rect,
    /// Gaps that may stand between words.
    pub gaps: Vec<WordGap>,
    /// One reading for every form in which it was shown; at least one.
    pub readings: Vec<Reading>,
}

/// A gap in a line of print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordGap {
    /// Its middle as a fraction of the line's width.
    pub middle: f64,
    /// Its width against the height of the line's ink.
    pub width: f64,
}

/// Heights in pixels at which lines are shown. Digits are cheap, and several sizes make errors disagree.
const DIGIT_HEIGHTS: [u32; 3] = [28, 36, 46];
/// A name has no second chance: no lexicon may correct it.
const NAME_HEIGHTS: [u32; 2] = [34, 44];
const KOREAN_HEIGHTS: [u32; 1] = [34];
/// A gap this wide, against the height of the ink, stands between words; within words it stays below 0.2.
const WORD_GAP: f64 = 0.27;
/// Dates are printed with or without spaces; gaps wider than this against the height of a digit are cut.
const DATE_GAP: f64 = 0.40;

/// Reads all lines of a layout in one call.
pub fn recognise(layout: &Layout, model: &dyn Model) -> Result<Vec<ReadLine>, ModelFault> {
    let mut images = Vec::new();
    let mut shown = Vec::new();
    for line in &layout.lines {
        let (script, heights): (Script, &[u32]) = match line.part {
            Part::ResidentNumber | Part::IssueDate => (Script::Digits, &DIGIT_HEIGHTS),
            Part::Name => (Script::Korean, &NAME_HEIGHTS),
            Part::Title | Part::Address | Part::Issuer => (Script::Korean, &KOREAN_HEIGHTS),
        };
        shown.push(heights.len());
        let print = print_of(&layout.flat, line);
        images.extend(
            heights.iter().map(|height| LineImage { plane: framed(&print, line.area, *height), script }),
        );
    }
    let readings = model.read_lines(&images)?;
    if readings.len() != images.len() {
        return Err(ModelFault::Failed(format!("{} readings for {} lines", readings.len(), images.len())));
    }
    let mut readings = readings.into_iter();
    let lines = layout.lines.iter().zip(shown);
    Ok(lines
        .map(|(line, forms)| ReadLine {
            part: line.part,
            area: line.area,
            gaps: word_gaps(line),
            readings: readings.by_ref().take(forms).collect(),
        })
        .collect())
}

fn word_gaps(line: &TextLine) -> Vec<WordGap> {
    let (width, height) = (f64::from(line.area.width().max(1)), f64::from(line.area.height().max(1)));
    let gap = |(from, to): (u32, u32)| WordGap {
        middle: (f64::from(from + to) / 2.0 - f64::from(line.area.left)) / width,
        width: f64::from(to - from) / height,
    };
    line.gaps(WORD_GAP).into_iter().map(gap).collect()
}

/// The line's pixels, a little more than its ink so that strokes keep their soft edges. A date loses the wide
/// gaps between its numbers, since Tesseract takes their emptiness for strokes.
fn print_of(flat: &Plane, line: &TextLine) -> Plane {
    let around = line.area.grown(3, 3, flat.width, flat.height);
    if line.part != Part::IssueDate {
        return flat.crop(around);
    }
    let kept = line.area.height() / 5;
    let cut: Vec<(u32, u32)> = line
        .gaps(DATE_GAP)
        .into_iter()
        .map(|gap| (gap.0 + kept.div_ceil(2), gap.1.saturating_sub(kept / 2)))
        .collect();
    let columns: Vec<u32> =
        (around.left..around.right).filter(|x| !cut.iter().any(|gap| (gap.0..gap.1).contains(x))).collect();
    let values = (around.top..around.bottom)
        .flat_map(|y| columns.iter().map(move |x| (i64::from(*x), i64::from(y))))
        .map(|(x, y)| flat.at(x, y))
        .collect();
    Plane { width: columns.len() as u32, height: around.height(), values }
}

/// The print scaled so that its ink has the given height, stretched to full contrast, with a white margin.
fn framed(print: &Plane, area: Rect, height: u32) -> Plane {
    let scale = f64::from(height) / f64::from(area.height().max(1));
    let size = |pixels: u32, most: u32| ((f64::from(pixels) * scale).round() as u32).clamp(1, most);
    let mut line = print.resized(size(print.width, 4000), size(print.height, 400));
    let dark = f32::from(line.percentile(line.bounds(), 0.02));
    for value in &mut line.values {
        *value = ((f32::from(*value) - dark).max(0.0) * 255.0 / (245.0 - dark).max(20.0)).min(255.0) as u8;
    }
    let margin = height / 3;
    let mut framed = Plane {
        width: line.width + 2 * margin,
        height: line.height + 2 * margin,
        values: vec![255; ((line.width + 2 * margin) * (line.height + 2 * margin)) as usize],
    };
    for y in 0..line.height {
        let from = (y * line.width) as usize;
        let to = ((y + margin) * framed.width + margin) as usize;
        framed.values[to..to + line.width as usize]
            .copy_from_slice(&line.values[from..from + line.width as usize]);
    }
    framed
}
