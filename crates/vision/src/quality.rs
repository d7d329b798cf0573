//! Step 6: what makes the picture hard to read, each with measured value, limit and field.
//!
//! The vocabulary is that of identity-verification services' image-quality reasons. Limits were set where
//! reading of specimen cards begins to fail. It judges light and sharpness, never the card's truth.

use crate::geometry::Rect;
use crate::layout::Layout;
use crate::picture::{Picture, Plane};
use crate::reading::QualityFinding;
use crate::rectify::FlatCard;

/// Least width of the card in the photo, in pixels; vendors ask for 500, too.
pub const LEAST_CARD_WIDTH: f64 = 500.0;
/// Least sharpness of print: change from one pixel of the rectified card to the next, against full contrast.
pub const LEAST_SHARPNESS: f64 = 0.13;
/// Least brightness of the card's paper, 0 to 255.
pub const LEAST_BRIGHTNESS: f64 = 70.0;
/// Largest share of a field that may be burnt out.
pub const MOST_GLARE: f64 = 0.08;
/// Least strength of the strongest colours of the card, 0 to 255, on paper of 200; a grey copy has none.
pub const LEAST_COLOUR: f64 = 12.0;

/// A finding about the picture as a whole.
pub fn finding(code: &'static str, measured: f64, limit: f64) -> QualityFinding {
    QualityFinding { code, measured: (measured * 1000.0).round() / 1000.0, limit, field: None }
}

/// Judges a rectified card.
pub fn quality(card: &FlatCard, layout: &Layout) -> Vec<QualityFinding> {
    let mut findings = Vec::new();
    if card.source_width < LEAST_CARD_WIDTH {
        findings.push(finding("too_small", card.source_width.round(), LEAST_CARD_WIDTH));
    }
    let grey = card.picture.luma();
    let paper = f64::from(grey.percentile(grey.bounds(), 0.7));
    if paper < LEAST_BRIGHTNESS {
        findings.push(finding("dark", paper, LEAST_BRIGHTNESS));
    }
    if let Some(sharpness) = sharpness(layout)
        && sharpness < LEAST_SHARPNESS
    {
        findings.push(finding("blurred", sharpness, LEAST_SHARPNESS));
    }
    findings.extend(glare(&card.picture, layout));
    // Dark pictures have weak colours: they are judged as if the paper were bright.
    let colour = strongest_colour(&card.picture) * 200.0 / paper.max(20.0);
    if colour < LEAST_COLOUR {
        findings.push(finding("grey_copy", colour, LEAST_COLOUR));
    }
    findings
}

/// Steepest changes of the print against its contrast: about 0.4 for a sharp photo. `None` without print.
pub fn sharpness(layout: &Layout) -> Option<f64> {
    let mut values: Vec<f64> =
        layout.lines.iter().map(|line| line_sharpness(&layout.flat, line.area)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn line_sharpness(flat: &Plane, area: Rect) -> f64 {
    let contrast = f64::from(flat.percentile(area, 0.97)) - f64::from(flat.percentile(area, 0.03));
    let mut steps: Vec<u8> = Vec::with_capacity((area.width() * area.height()) as usize);
    for y in i64::from(area.top)..i64::from(area.bottom) {
        steps.extend(
            (i64::from(area.left)..i64::from(area.right)).map(|x| flat.at(x + 1, y).abs_diff(flat.at(x, y))),
        );
    }
    steps.sort_unstable();
    let steep = steps.get(steps.len() * 97 / 100).copied().unwrap_or(0);
    f64::from(steep) / contrast.max(40.0)
}

/// Fields in which light burnt the print away.
fn glare(card: &Picture, layout: &Layout) -> Vec<QualityFinding> {
    const BURNT: u8 = 250;
    let small = card.shrunk(2);
    let weakest = |x: u32, y: u32| small.at(x, y).into_iter().min().unwrap_or(0);
    let share = |area: Rect| {
        let mut burnt = 0u32;
        for y in area.top..area.bottom {
            burnt += (area.left..area.right).filter(|x| weakest(*x, y) >= BURNT).count() as u32;
        }
        f64::from(burnt) / f64::from((area.width() * area.height()).max(1))
    };
    // Paper that is white all over is a bright exposure, not a reflection.
    let whole = share(Rect { left: 0, top: 0, right: small.width(), bottom: small.height() });
    if whole > 0.6 {
        return Vec::new();
    }
    let halved =
        |r: Rect| Rect { left: r.left / 2, top: r.top / 2, right: r.right / 2, bottom: r.bottom / 2 };
    let watched = layout.form.places.iter().filter_map(|place| Some((place.part.field()?, place.part)));
    watched
        .filter_map(|(field, part)| {
            // Print under glare is not found as a line, so the usual place counts as well.
            let seen = layout.area(part).map_or(0.0, |area| share(halved(area)));
            let measured = seen.max(share(halved(layout.usual(part))));
            (measured > MOST_GLARE)
                .then(|| QualityFinding { field: Some(field), ..finding("glare", measured, MOST_GLARE) })
        })
        .collect()
}

/// Difference between a pixel's strongest and weakest colour that only one pixel in fifty exceeds, noise averaged.
fn strongest_colour(card: &Picture) -> f64 {
    let small = card.shrunk(8);
    let mut tints: Vec<u8> =
        small.rgb().chunks_exact(3).map(|p| p[0].max(p[1]).max(p[2]) - p[0].min(p[1]).min(p[2])).collect();
    tints.sort_unstable();
    f64::from(tints.get(tints.len() * 98 / 100).copied().unwrap_or(0))
}
