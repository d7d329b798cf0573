//! Step 8: what may be kept of the picture, and what the person is shown to confirm.
//!
//! Practice keeps `900101-1` of a resident number and covers the last six digits. When in doubt, more is
//! covered: a picture with too little on it is a nuisance, a number too much is a breach.

use crate::geometry::Rect;
use crate::layout::{Layout, Part, usual_place};
use crate::picture::{EncodeFault, Picture};
use crate::reading::Kind;
use crate::recognise::ReadLine;
use crate::rectify::{CARD_HEIGHT, CARD_WIDTH, FlatCard};
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

/// Covers the number and cuts out what is shown. `number_read`: a number was read in its place.
pub fn mask(
    card: &FlatCard,
    kind: Kind,
    layout: &Layout,
    lines: &[ReadLine],
    number_read: bool,
) -> Result<Kept, EncodeFault> {
    let mut masked = card.picture.clone();
    // Without a known kind, or print in the number's place, the number may be anywhere.
    if kind != Kind::Resident || layout.area(Part::ResidentNumber).is_none() && !burnt_out(card) {
        let masked = coarsened(&masked);
        let masked_jpeg = masked.to_jpeg(QUALITY)?;
        return Ok(Kept { masked, masked_jpeg, crops: BTreeMap::new(), portrait: None });
    }
    for area in covered(layout, lines, number_read) {
        masked.fill(area, COVER);
    }
    let mut crops = BTreeMap::new();
    for (field, part) in [
        ("name", Part::Name),
        ("resident_number", Part::ResidentNumber),
        ("address", Part::Address),
        ("issue_date", Part::IssueDate),
        ("issuer", Part::Issuer),
    ] {
        let area = layout.area(part).unwrap_or_else(|| usual_place(part));
        // Room around the print, so that the person sees where on the card it stands.
        crops.insert(field, masked.crop(area.grown(36, 18, CARD_WIDTH, CARD_HEIGHT)).to_jpeg(QUALITY)?);
    }
    let portrait = masked.crop(layout.portrait.grown(12, 10, CARD_WIDTH, CARD_HEIGHT)).to_jpeg(92)?;
    let masked_jpeg = masked.to_jpeg(QUALITY)?;
    Ok(Kept { masked, masked_jpeg, crops, portrait: Some(portrait) })
}

/// Whether light burnt away the place of the number, so that there is nothing to leak in it.
fn burnt_out(card: &FlatCard) -> bool {
    let place = usual_place(Part::ResidentNumber);
    let grey = card.picture.luma();
    grey.percentile(place, 0.02) >= 245
}

/// Everything that has to be painted over.
fn covered(layout: &Layout, lines: &[ReadLine], number_read: bool) -> Vec<Rect> {
    let mut areas = Vec::new();
    // Any other line with as many digits as a number has is taken for one.
    for line in lines.iter().filter(|line| line.part != Part::ResidentNumber) {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        if line.readings.iter().any(|reading| digits(&reading.text) >= 11) {
            areas.push(line.area.grown(10, 10, CARD_WIDTH, CARD_HEIGHT));
        }
    }
    match layout.of(Part::ResidentNumber).next() {
        Some(line) if number_read => {
            let high = line.area.height() / 3;
            let from = tail_begins(&line.runs, line.area);
            let tail = Rect { left: from, ..line.area };
            areas.push(Rect { left: from, ..tail.grown(24, high, CARD_WIDTH, CARD_HEIGHT) });
        }
        line => {
            let whole = FlatCard::area((0.02, 0.61), (0.35, 0.48));
            areas.push(
                line.map_or(whole, |line| whole.union(&line.area.grown(24, 12, CARD_WIDTH, CARD_HEIGHT))),
            );
        }
    }
    areas
}

/// Column at which the last six digits begin.
fn tail_begins(runs: &[(u32, u32)], line: Rect) -> u32 {
    // Thirteen digits and a hyphen, each alone: the ninth run is the first to be covered.
    if let [.., eighth, ninth, _, _, _, _, _] = runs
        && runs.len() == 14
    {
        return (eighth.1 + ninth.0) / 2;
    }
    // Digits are of one width and the hyphen is narrower: the tail begins between 0.556 and 0.571.
    line.left + (f64::from(line.width()) * 0.55) as u32
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

    #[test]
    fn the_tail_begins_after_the_eighth_glyph() {
        let line = Rect { left: 100, top: 0, right: 100 + 14 * 20, bottom: 30 };
        let runs: Vec<(u32, u32)> = (0..14).map(|i| (100 + i * 20, 115 + i * 20)).collect();
        assert_eq!(tail_begins(&runs, line), 257);
        // Glyphs that touch can't be counted.
        assert_eq!(tail_begins(&runs[..13], line), 254);
    }
}
