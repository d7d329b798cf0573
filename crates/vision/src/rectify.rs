//! Step 3: the document, flat and upright, always of one size.
//!
//! Which end is up is guessed from where the portrait lies (right on a resident card); what is printed on it decides
//! when the guess is wrong.

use crate::find_card::FoundCard;
use crate::geometry::Rect;
use crate::picture::Picture;

/// The size of a document (ISO/IEC 7810).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A card, 85.60 x 53.98 mm.
    Id1,
    /// The page of a passport, 125 x 88 mm.
    Id3,
}

impl Format {
    /// Width over height.
    pub const fn ratio(self) -> f64 {
        match self {
            Self::Id1 => 85.60 / 53.98,
            Self::Id3 => 125.0 / 88.0,
        }
    }

    /// Width and height of a flat document in pixels: 13 to 15 a millimetre, so that print is 25 to 40 pixels high.
    pub const fn pixels(self) -> (u32, u32) {
        match self {
            Self::Id1 => (1280, 807),
            Self::Id3 => (1600, 1126),
        }
    }

    /// The rectangle at these fractions of a flat document.
    pub fn area(self, x: (f64, f64), y: (f64, f64)) -> Rect {
        let (width, height) = self.pixels();
        Rect::of_fractions(width, height, x, y)
    }

    /// A rectangle of a flat document grown on all sides, cut at the borders.
    pub fn grown(self, area: Rect, by_x: u32, by_y: u32) -> Rect {
        let (width, height) = self.pixels();
        area.grown(by_x, by_y, width, height)
    }
}

/// A document that fills its picture.
#[derive(Debug, Clone)]
pub struct FlatCard {
    /// As many pixels as the format says.
    pub picture: Picture,
    /// Its size.
    pub format: Format,
    /// Whether the picture was turned upside down against the quad it came from.
    pub turned: bool,
    /// Width in pixels that the document had in the photo.
    pub source_width: f64,
}

impl FlatCard {
    /// The same document the other way up.
    pub fn upside_down(&self) -> Self {
        Self { picture: self.picture.upside_down(), turned: !self.turned, ..*self }
    }
}

/// Takes the document out of the photo; `None` where its corners lie on a line.
pub fn rectify(photo: &Picture, card: &FoundCard, format: Format) -> Option<FlatCard> {
    let [top, right, bottom, left] = card.quad.sides();
    let source_width = (top + bottom) / 2.0;
    let (width, height) = format.pixels();
    // A document much larger than the target is averaged down first: picking single pixels would alias.
    let factor =
        ((source_width / f64::from(width)).min((left + right) / 2.0 / f64::from(height)) as u32).max(1);
    let picture = if factor == 1 {
        photo.warped(&card.quad, width, height)?
    } else {
        photo.shrunk(factor).warped(&card.quad.scaled(1.0 / f64::from(factor)), width, height)?
    };
    let flat = FlatCard { picture, format, turned: false, source_width };
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
