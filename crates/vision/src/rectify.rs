//! Step 3: the card, flat and upright, always of one size.
//!
//! Which end is up is guessed from where the portrait lies (right on a resident card); reading decides when
//! the guess is wrong.

use crate::find_card::FoundCard;
use crate::geometry::Rect;
use crate::picture::Picture;

/// Width of a rectified card in pixels: 15 a millimetre, so that print is 30 to 40 pixels high.
pub const CARD_WIDTH: u32 = 1280;
/// Height of a rectified card in pixels (53.98 / 85.60 of the width).
pub const CARD_HEIGHT: u32 = 807;

/// A card that fills its picture.
#[derive(Debug, Clone)]
pub struct FlatCard {
    /// `CARD_WIDTH` x `CARD_HEIGHT` pixels.
    pub picture: Picture,
    /// Whether the picture was turned upside down against the quad it came from.
    pub turned: bool,
    /// Width in pixels that the card had in the photo.
    pub source_width: f64,
}

impl FlatCard {
    /// The same card the other way up.
    pub fn upside_down(&self) -> Self {
        Self { picture: self.picture.upside_down(), turned: !self.turned, source_width: self.source_width }
    }

    /// The rectangle at these fractions of the card.
    pub fn area(x: (f64, f64), y: (f64, f64)) -> Rect {
        Rect::of_fractions(CARD_WIDTH, CARD_HEIGHT, x, y)
    }
}

/// Takes the card out of the photo; `None` where its corners lie on a line.
pub fn rectify(photo: &Picture, card: &FoundCard) -> Option<FlatCard> {
    let [top, right, bottom, left] = card.quad.sides();
    let source_width = (top + bottom) / 2.0;
    // A card much larger than the target is averaged down first: picking single pixels would alias.
    let factor = ((source_width / f64::from(CARD_WIDTH)).min((left + right) / 2.0 / f64::from(CARD_HEIGHT))
        as u32)
        .max(1);
    let picture = if factor == 1 {
        photo.warped(&card.quad, CARD_WIDTH, CARD_HEIGHT)?
    } else {
        photo.shrunk(factor).warped(&card.quad.scaled(1.0 / f64::from(factor)), CARD_WIDTH, CARD_HEIGHT)?
    };
    let flat = FlatCard { picture, turned: false, source_width };
    Some(if looks_upside_down(&flat.picture) { flat.upside_down() } else { flat })
}

/// A portrait covers its box; print covers a tenth of it.
fn looks_upside_down(card: &Picture) -> bool {
    let grey = card.shrunk(4).luma();
    let colours = card.shrunk(4);
    let paper = grey.percentile(grey.bounds(), 0.85);
    let covered = |area: Rect| {
        let mut count = 0u32;
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let [r, g, b] = colours.at(x, y);
                let tint = i32::from(r.max(g).max(b)) - i32::from(r.min(g).min(b));
                let dark = i32::from(paper) - i32::from(grey.at(i64::from(x), i64::from(y)));
                count += u32::from(dark > 30 || tint > 40);
            }
        }
        f64::from(count) / f64::from((area.width() * area.height()).max(1))
    };
    let part = |x, y| Rect::of_fractions(grey.width, grey.height, x, y);
    covered(part((0.07, 0.37), (0.32, 0.88))) > covered(part((0.63, 0.93), (0.12, 0.68)))
}
