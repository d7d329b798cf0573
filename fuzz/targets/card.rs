//! Any pixels at all through every step from finding the card to the masked picture, with a recogniser that reads
//! whatever the input says.
#![no_main]

use ingam_fuzz::text;
use ingam_vision::day::Day;
use ingam_vision::geometry::Rect;
use ingam_vision::picture::Picture;
use ingam_vision::rectify::Format;
use ingam_vision::{
    Kind, LineImage, Model, ModelFault, Reading, find_card, kind, layout, mask, quality, recognise, rectify,
    understand,
};
use libfuzzer_sys::fuzz_target;
use std::sync::{Mutex, PoisonError};

/// Reads one line of the input after the other.
struct Says(Mutex<Vec<String>>);

impl Model for Says {
    fn name(&self) -> &str {
        "says"
    }
    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<Reading>, ModelFault> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = || Reading { text: said.pop().unwrap_or_default(), confidence: 0.9 };
        Ok(lines.iter().map(|_| read()).collect())
    }
}

/// A picture from a few bytes: size, ground, and rectangles of one colour; then single pixels.
fn draw(data: &mut &[u8]) -> Option<Picture> {
    let mut take = || {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        Some(*byte)
    };
    let (width, height) = (1 + u32::from(take()?) * 2, 1 + u32::from(take()?) * 2);
    let mut picture = Picture::filled(width, height, [take()?; 3]);
    for _ in 0..take()? % 64 {
        let part = |of: u32, share: u8| of * u32::from(share) / 255;
        let (x, y, w, h) = (take()?, take()?, take()?, take()?);
        let (left, top) = (part(width, x), part(height, y));
        let area = Rect {
            left,
            top,
            right: (left + part(width, w)).min(width),
            bottom: (top + part(height, h)).min(height),
        };
        picture.fill(area, [take()?, take()?, take()?]);
    }
    Some(picture)
}

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let Some(picture) = draw(&mut rest) else { return };
    let lines = text(rest).lines().rev().map(str::to_owned).collect();
    let model = Says(Mutex::new(lines));
    let found = [find_card::find_card(&picture).card, find_card::whole_picture(&picture)];
    for found in found.into_iter().flatten() {
        for kind in [Kind::Resident, Kind::Driver, Kind::Alien, Kind::Passport, Kind::Unknown] {
            let form = layout::Form::of(kind);
            let Some(flat) = rectify::rectify(&picture, &found, form.format) else { continue };
            if flat.format == Format::Id1 {
                kind::tell(&flat, &model).expect("the model answers each title");
            }
            for flat in [flat.upside_down(), flat] {
                let layout = layout::layout(&flat, form);
                let read = recognise::recognise(&layout, &model).expect("the model answers each line");
                let fields = understand::understand(&layout, &read, Day::FIRST);
                for finding in quality::quality(&flat, &layout) {
                    assert!(finding.measured.is_finite(), "{}", finding.code);
                }
                let kept =
                    mask::mask(&flat, kind, &layout, &read, &fields).expect("a picture that can be kept");
                assert!(!kept.masked_jpeg.is_empty());
            }
        }
    }
});
