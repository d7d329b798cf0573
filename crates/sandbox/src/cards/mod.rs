//! Specimen documents: fictitious people, their portraits, their resident cards, driver licences, residence cards and
//! passports, and the pictures a phone would take of them.
//!
//! Refuses to know real people and real documents: everything is drawn here, and every document says SPECIMEN and
//! 견본. Knows nothing of the institutions' answers; who of the catalogue holds which is in `holder`. Sizes are those
//! of ISO/IEC 7810.
//!
//! The same request gives the same bytes on the same machine: noise comes from a seed and nothing else.

mod alien;
mod cast;
mod clothes;
mod driver;
mod hair;
mod holder;
mod http;
mod noise;
mod passport;
mod people;
mod pixels;
mod portrait;
mod print;
mod resident;
mod scene;
mod surface;
mod video;
mod write;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::alien::{AlienCard, AlienFace, alien_card_svg, aliens};
pub use self::driver::{DriverFace, driver_licence_svg, drivers};
pub use self::holder::{Drawn, Held, Holder, holders};
pub use self::http::router;
pub use self::passport::{PassportFace, passport_page_svg, travellers};
pub use self::people::people;
pub use self::pixels::{CardFault, png_bytes, render_card, render_document, render_svg, unknown_glyphs};
pub use self::portrait::{Age, Face, Garment, Glasses, Hair, PortraitStyle, Skin, portrait_svg};
pub use self::print::Format;
pub use self::resident::resident_card_svg;
pub use self::scene::{Field, Glare, Scene, photograph_document, render_photo};
pub use self::surface::Surface;
pub use self::video::{Film, render_video_mjpeg, render_video_y4m};
pub use self::write::{Videos, write_specimens};

/// A fictitious person as a resident card shows them. Not personal data: no such person exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpecimenPerson {
    /// Stable id in addresses and file names: lower-case letters, digits and hyphens (`kim-minsu`).
    pub id: String,
    /// Name as printed, Korean.
    pub name: String,
    /// Hanja of the name, printed in brackets behind it.
    pub hanja: Option<String>,
    /// Number as printed, `YYMMDD-SNNNNNN`.
    pub resident_number: String,
    /// One to four printed lines.
    pub address: Vec<String>,
    /// Day of issue, printed as `2020. 1. 1.`.
    pub issue_date: Date,
    /// The office that issued the card (`서울특별시 견본구청장`).
    pub issuer: String,
    /// How the portrait is drawn.
    pub portrait: PortraitStyle,
}

impl SpecimenPerson {
    /// The day of issue as cards print it: spaces, no zero padding.
    pub fn printed_issue_date(&self) -> String {
        format!("{}. {}. {}.", self.issue_date.year(), self.issue_date.month(), self.issue_date.day())
    }
}

#[cfg(test)]
mod documents_tests;
#[cfg(test)]
mod tests;
