//! Step 7: lines of print become text, by whatever model stands behind the seam.
//!
//! Each line is shown to the model in the forms that suit it, all in one call; which reading is right is
//! decided later, by what the field allows.

use crate::geometry::Rect;
use crate::layout::{Heads, Layout, Part, TextLine};
use crate::model::{LineImage, Model, ModelFault, Reading, Script};
use crate::mrz::LINE;
use crate::picture::Plane;
use crate::reading::Kind;
use std::ops::Range;

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

/// All readings of a document.
#[derive(Debug, Clone, Default)]
pub struct Recognised {
    /// The lines, in the layout's order.
    pub lines: Vec<ReadLine>,
    /// What stands between the fillers of the lines for machines.
    pub zone: Vec<ZoneWord>,
}

/// Some neighbouring places of a line for machines, without fillers between them.
#[derive(Debug, Clone)]
pub struct ZoneWord {
    /// 0 or 1.
    pub line: usize,
    /// The places.
    pub places: Range<usize>,
    /// One reading for every form in which they were shown.
    pub readings: Vec<Reading>,
}

/// In which forms a line is shown: heights in pixels by script. Digits are cheap, and several sizes make errors
/// disagree; a name has no second chance, since no lexicon may correct it.
type Forms = &'static [(Script, u32)];

const DIGITS: Forms = &[(Script::Digits, 28), (Script::Digits, 36), (Script::Digits, 46)];
const NAME: Forms = &[(Script::Korean, 34), (Script::Korean, 44)];
const KOREAN: Forms = &[(Script::Korean, 34)];
const LATIN: Forms = &[(Script::Latin, 30), (Script::Latin, 38)];
const CODE: Forms = &[(Script::Latin, 28), (Script::Latin, 36), (Script::Latin, 46)];
/// Old licences print the region as a word: `서울 19-123456-61`.
const LICENCE: Forms =
    &[(Script::Digits, 28), (Script::Digits, 36), (Script::Digits, 46), (Script::Korean, 34)];
/// A line below the capitals may hold the name in Korean.
const LATIN_NAME: Forms = &[(Script::Latin, 30), (Script::Latin, 38), (Script::Korean, 34)];
/// Passports print months as words: `15 10월/OCT 1987`.
const WORDED_DATE: Forms = &[(Script::Korean, 34), (Script::Korean, 44), (Script::Latin, 34)];

fn forms(part: Part, kind: Kind) -> Forms {
    match part {
        Part::IssueDate if kind == Kind::Passport => WORDED_DATE,
        Part::ResidentNumber
        | Part::RegistrationNumber
        | Part::PersonalNumber
        | Part::Period
        | Part::IssueDate => DIGITS,
        Part::LicenceNumber => LICENCE,
        Part::Name | Part::KoreanName => NAME,
        Part::LatinName => LATIN_NAME,
        Part::Nationality | Part::Sex => LATIN,
        Part::SerialCode | Part::PassportNumber => CODE,
        Part::Title | Part::Address | Part::Issuer | Part::LicenceClass | Part::VisaStatus => KOREAN,
    }
}

/// The places of a passport's lines that are read together (ICAO Doc 9303-4 §4.2), and what may stand there.
const ZONE_FIELDS: [(usize, Range<usize>, Forms); 8] = [
    (0, 0..2, LATIN),
    (0, 2..5, LATIN),
    (0, 5..LINE, CODE),
    (1, 0..10, CODE),
    (1, 10..13, LATIN),
    (1, 13..20, DIGITS),
    (1, 20..28, CODE),
    (1, 28..LINE, CODE),
];

/// A gap this wide, against the height of the ink, stands between words; within words it stays below 0.2.
const WORD_GAP: f64 = 0.27;
/// Dates are printed with or without spaces; gaps wider than this against the height of a digit are cut.
const DATE_GAP: f64 = 0.40;

/// Reads all lines of a layout in one call.
pub fn recognise(layout: &Layout, model: &dyn Model) -> Result<Recognised, ModelFault> {
    let kind = layout.form.kind;
    let shown = layout.lines.iter().map(|line| {
        let dated = matches!(line.part, Part::IssueDate | Part::Period) && kind != Kind::Passport;
        (print_of(&layout.flat, line, dated), line.area, forms(line.part, kind))
    });
    let mut asked: Vec<(Plane, Rect, Forms)> = shown.collect();
    let mut words: Vec<(usize, Range<usize>)> = Vec::new();
    if let Some(zone) = &layout.zone {
        for (line, places, forms) in ZONE_FIELDS {
            for word in zone.lines[line].words(places) {
                let area = zone.lines[line].cells(word.clone());
                asked.push((
                    layout.flat.crop(area.grown(0, 3, layout.flat.width, layout.flat.height)),
                    area,
                    forms,
                ));
                words.push((line, word));
            }
        }
    }
    let mut readings = read(&asked, model)?.into_iter();
    let lines = layout
        .lines
        .iter()
        .zip(readings.by_ref())
        .map(|(line, readings)| ReadLine {
            part: line.part,
            area: line.area,
            gaps: word_gaps(line),
            readings,
        })
        .collect();
    let zone = words
        .into_iter()
        .zip(readings)
        .map(|((line, places), readings)| ZoneWord { line, places, readings })
        .collect();
    Ok(Recognised { lines, zone })
}

/// Reads the titles of several heads in one call: the readings of each.
pub fn recognise_titles(heads: &[&Heads], model: &dyn Model) -> Result<Vec<Vec<Reading>>, ModelFault> {
    let asked: Vec<(Plane, Rect, Forms)> = heads
        .iter()
        .flat_map(|head| {
            head.titles.iter().map(|line| (print_of(&head.flat, line, false), line.area, KOREAN))
        })
        .collect();
    let mut readings = read(&asked, model)?.into_iter();
    Ok(heads.iter().map(|head| readings.by_ref().take(head.titles.len()).flatten().collect()).collect())
}

/// The readings of some print in its forms, all in one call.
fn read(asked: &[(Plane, Rect, Forms)], model: &dyn Model) -> Result<Vec<Vec<Reading>>, ModelFault> {
    let images: Vec<LineImage> = asked
        .iter()
        .flat_map(|(print, area, forms)| forms.iter().map(move |form| (print, area, form)))
        .map(|(print, area, (script, height))| LineImage {
            plane: framed(print, *area, *height),
            script: *script,
        })
        .collect();
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let readings = model.read_lines(&images)?;
    if readings.len() != images.len() {
        return Err(ModelFault::Failed(format!("{} readings for {} lines", readings.len(), images.len())));
    }
    let mut readings = readings.into_iter();
    Ok(asked.iter().map(|(_, _, forms)| readings.by_ref().take(forms.len()).collect()).collect())
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
fn print_of(flat: &Plane, line: &TextLine, dated: bool) -> Plane {
    let around = line.area.grown(3, 3, flat.width, flat.height);
    if !dated {
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
