//! Step 9: what may be kept of the picture, and what the person is shown to confirm.
//!
//! Practice keeps `900101-1` of a resident or registration number, `11-19-` and `-61` of a licence's, and the first
//! three characters of a passport's; all else of a number is covered, in the lines for machines too. When in doubt,
//! more is covered: a picture with too little on it is a nuisance, a number too much is a breach.

use crate::geometry::Rect;
use crate::layout::{Layout, Part, TextLine};
use crate::mrz::LINE;
use crate::picture::{EncodeFault, Picture};
use crate::reading::Kind;
use crate::recognise::Recognised;
use crate::rectify::FlatCard;
use crate::understand::Understood;
use std::collections::BTreeMap;

/// Colour of what is painted over; flat, so that nothing below can be guessed.
const COVER: [u8; 3] = [38, 40, 44];
/// JPEG quality of what is kept: print stays sharp at 10 to 15 bytes a hundred pixels.
const QUALITY: u8 = 85;

/// The pictures that may leave this crate.
pub struct Kept {
    /// The card with its number covered, as pixels.
    pub masked: Picture,
    /// The same as JPEG.
    pub masked_jpeg: Vec<u8>,
    /// Fields cut out of the masked card.
    pub crops: BTreeMap<&'static str, Vec<u8>>,
    /// The portrait.
    pub portrait: Option<Vec<u8>>,
}

/// Covers the numbers and cuts out what is shown.
pub fn mask(
    card: &FlatCard,
    kind: Kind,
    layout: &Layout,
    read: &Recognised,
    fields: &[Understood],
) -> Result<Kept, EncodeFault> {
    let mut masked = card.picture.clone();
    // Without a known kind, or print in a number's place, the number may be anywhere.
    if kind == Kind::Unknown || !numbers_are_seen(card, layout, fields) {
        let masked = coarsened(&masked);
        let masked_jpeg = masked.to_jpeg(QUALITY)?;
        return Ok(Kept { masked, masked_jpeg, crops: BTreeMap::new(), portrait: None });
    }
    for area in covered(layout, read, fields) {
        masked.fill(area, COVER);
    }
    let mut crops = BTreeMap::new();
    // Room around the print, so that the person sees where on the document it stands.
    let mut cut = |field, area| -> Result<(), EncodeFault> {
        crops.insert(field, masked.crop(card.format.grown(area, 36, 18)).to_jpeg(QUALITY)?);
        Ok(())
    };
    for field in fields {
        cut(field.name, field.area)?;
    }
    for place in layout.form.places {
        if let Some(field) = place.part.field() {
            cut(field, layout.area(place.part).unwrap_or_else(|| layout.usual(place.part)))?;
        }
    }
    let portrait = masked.crop(card.format.grown(layout.portrait, 12, 10)).to_jpeg(92)?;
    let masked_jpeg = masked.to_jpeg(QUALITY)?;
    Ok(Kept { masked, masked_jpeg, crops, portrait: Some(portrait) })
}

/// Parts that are numbers of a person or a document.
const NUMBERS: [Part; 4] =
    [Part::ResidentNumber, Part::RegistrationNumber, Part::LicenceNumber, Part::PassportNumber];

/// Whether the number of the person was seen in its place, or light burnt it away, so that there is nothing to leak.
/// On a resident card print in its place is enough; the places of other kinds are less certain.
fn numbers_are_seen(card: &FlatCard, layout: &Layout, fields: &[Understood]) -> bool {
    let persons = |part: &Part| matches!(part, Part::ResidentNumber | Part::RegistrationNumber);
    let seen = |part: Part| {
        let was_read = fields.iter().any(|field| Some(field.name) == part.field());
        let in_place = layout.form.kind == Kind::Resident && layout.area(part).is_some();
        let burnt_out = || card.picture.luma().percentile(layout.usual(part), 0.02) >= 245;
        was_read || in_place || burnt_out()
    };
    let persons_seen = layout.form.places.iter().map(|place| place.part).filter(persons).all(seen);
    persons_seen && (layout.form.kind != Kind::Passport || layout.zone.is_some())
}

/// Everything that has to be painted over.
fn covered(layout: &Layout, read: &Recognised, fields: &[Understood]) -> Vec<Rect> {
    let format = layout.form.format;
    let mut areas = Vec::new();
    // Any other line with as many digits as a number has is taken for one; a period has sixteen.
    for line in read.lines.iter().filter(|line| !NUMBERS.contains(&line.part) && line.part != Part::Period) {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        if line.readings.iter().any(|reading| digits(&reading.text) >= 11) {
            areas.push(format.grown(line.area, 10, 10));
        }
    }
    for place in layout.form.places {
        let part = place.part;
        if part == Part::PersonalNumber {
            areas.extend(layout.of(part).map(|line| format.grown(line.area, 12, 8)));
        }
        if !NUMBERS.contains(&part) {
            continue;
        }
        let was_read = fields.iter().any(|field| Some(field.name) == part.field());
        match layout.of(part).next() {
            Some(line) if was_read => {
                let (from, to) = hidden(part, line);
                // Below and above more is covered, to the right up to the edge of a wide stroke.
                let high = format.grown(line.area, 0, line.area.height() / 3);
                let right = if to == line.area.right { to + 24 } else { to };
                areas.push(Rect { left: from, right: right.min(format.pixels().0), ..high });
            }
            line => {
                let usual = format.grown(layout.usual(part), 40, 26);
                areas.push(line.map_or(usual, |line| usual.union(&format.grown(line.area, 24, 12))));
            }
        }
    }
    if let Some(zone) = &layout.zone {
        // The number with its check digit, and what a state adds: Korea printed the personal number there. The last
        // check digit covers both.
        for places in [3..10, 28..LINE] {
            areas.push(format.grown(zone.lines[1].cells(places), 2, 8));
        }
    }
    areas
}

/// Which columns of a number are covered: (first, column after the last).
fn hidden(part: Part, line: &TextLine) -> (u32, u32) {
    let (area, runs) = (line.area, line.runs.as_slice());
    // The border before a glyph, where each glyph is a run of its own; else by the widths of digits, which are alike.
    let before = |glyph: usize, glyphs: usize, share: f64| match runs {
        all if all.len() == glyphs => (all[glyph - 1].1 + all[glyph].0) / 2,
        _ => area.left + (f64::from(area.width()) * share) as u32,
    };
    match part {
        // `11-19-123456-61`: the six in the middle. Where glyphs touch, all behind the year.
        Part::LicenceNumber if runs.len() == 15 => (before(6, 15, 0.0), before(12, 15, 0.0)),
        Part::LicenceNumber => (area.left + (f64::from(area.width()) * 0.34) as u32, area.right),
        Part::PassportNumber => (before(3, 9, 0.33), area.right),
        // Digits are of one width and the hyphen is narrower: the tail begins between 0.556 and 0.571.
        _ => (before(8, 14, 0.55), area.right),
    }
}

/// The picture in blocks of 64 pixels, larger than two letters.
fn coarsened(picture: &Picture) -> Picture {
    const BLOCK: u32 = 64;
    let small = picture.shrunk(BLOCK);
    let mut answer = Picture::filled(picture.width(), picture.height(), [0; 3]);
    for y in 0..picture.height() {
        for x in 0..picture.width() {
            answer.put(x, y, small.at(x / BLOCK, y / BLOCK));
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(part: Part, glyphs: u32) -> TextLine {
        let area = Rect { left: 100, top: 0, right: 100 + glyphs * 20 - 5, bottom: 30 };
        TextLine { part, area, runs: (0..glyphs).map(|i| (100 + i * 20, 115 + i * 20)).collect() }
    }

    #[test]
    fn what_is_hidden_begins_between_two_glyphs() {
        let number = line(Part::ResidentNumber, 14);
        assert_eq!(hidden(Part::ResidentNumber, &number), (257, 375));
        // Glyphs that touch can't be counted.
        let touching = TextLine { runs: number.runs[..13].to_vec(), ..number };
        assert_eq!(hidden(Part::ResidentNumber, &touching), (251, 375));
        assert_eq!(hidden(Part::LicenceNumber, &line(Part::LicenceNumber, 15)), (217, 337));
        assert_eq!(hidden(Part::LicenceNumber, &line(Part::LicenceNumber, 13)), (186, 355));
        assert_eq!(hidden(Part::PassportNumber, &line(Part::PassportNumber, 9)), (157, 275));
    }
}
