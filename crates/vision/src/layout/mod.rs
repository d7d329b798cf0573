//! Step 5: where each line of print stands on a flat document.
//!
//! Each kind has a form of its own (`forms`); a passport also has two lines for machines (`zone`). What is looked at
//! before the kind is known are the heads: whatever stands large at the top.

mod forms;
mod ink;
mod zone;

pub use forms::{Form, Place};
pub use ink::flattened;
pub use zone::{Zone, ZoneLine};

use crate::geometry::Rect;
use crate::picture::Plane;
use crate::rectify::FlatCard;
use forms::ZONE_MIDDLE;
use ink::Ink;

/// What a line of print is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The kind of document, in large print.
    Title,
    /// The holder's name in Korean, without the Hanja in brackets.
    Name,
    /// One line of the holder's name in capitals.
    LatinName,
    /// The holder's name in Korean on a passport.
    KoreanName,
    /// The resident registration number, thirteen digits with a hyphen.
    ResidentNumber,
    /// The registration number of a foreigner, of the same form.
    RegistrationNumber,
    /// The personal number that Korean passports stated until December 2020.
    PersonalNumber,
    /// The number of a licence, twelve digits with hyphens.
    LicenceNumber,
    /// The number of a passport.
    PassportNumber,
    /// The serial code of a licence (암호일련번호).
    SerialCode,
    /// One line of the address.
    Address,
    /// One class of a licence.
    LicenceClass,
    /// First and last day of the period in which a licence is renewed.
    Period,
    /// M or F.
    Sex,
    /// Country or region, in words.
    Nationality,
    /// The status of stay (체류자격).
    VisaStatus,
    /// The day of issue.
    IssueDate,
    /// The office that issued the document.
    Issuer,
}

impl Part {
    /// The contract's name of the field that a person may be shown; none where a part is several fields or no field.
    pub fn field(self) -> Option<&'static str> {
        Some(match self {
            Self::Title | Self::PersonalNumber | Self::Period => return None,
            Self::Name | Self::LatinName | Self::KoreanName => "name",
            Self::ResidentNumber => "resident_number",
            Self::RegistrationNumber => "registration_number",
            Self::LicenceNumber => "licence_number",
            Self::PassportNumber => "passport_number",
            Self::SerialCode => "serial_code",
            Self::Address => "address",
            Self::LicenceClass => "licence_class",
            Self::Sex => "sex",
            Self::Nationality => "nationality",
            Self::VisaStatus => "visa_status",
            Self::IssueDate => "issue_date",
            Self::Issuer => "issuer",
        })
    }

    /// Whether it may have several lines.
    fn has_lines(self) -> bool {
        matches!(self, Self::Address | Self::LicenceClass | Self::LatinName)
    }
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
#[derive(Debug, Clone)]
pub struct Layout {
    /// The form by which it was found.
    pub form: &'static Form,
    /// Lines from top to bottom; of most parts at most one.
    pub lines: Vec<TextLine>,
    /// The lines for machines, of a passport.
    pub zone: Option<Zone>,
    /// The portrait, by the fractions and the shift of the print.
    pub portrait: Rect,
    /// The document with its shading and tinted patterns taken away: dark print on 255.
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

    /// Where a part stands when nothing of it can be seen, say under glare.
    pub fn usual(&self, part: Part) -> Rect {
        let Some(place) = self.form.places.iter().find(|place| place.part == part) else {
            return self.form.format.area((0.0, 1.0), (0.0, 1.0));
        };
        let rows = place.rows;
        let trim = if part.has_lines() { 0.02 } else { (rows.1 - rows.0) * 0.2 };
        self.form.format.area(place.usual, (rows.0 + trim, rows.1 - trim))
    }
}

/// Finds the lines of a form.
pub fn layout(card: &FlatCard, form: &'static Form) -> Layout {
    let flat = flattened(&card.picture);
    let (width, height) = (flat.width, flat.height);
    let middle = |band: &(u32, u32)| f64::from(band.0 + band.1) / 2.0 / f64::from(height);
    let (mut lines, shift, zone);
    {
        let ink = Ink::of(&flat, form.body);
        zone = if form.zone { zone::find(&ink, width, height) } else { None };
        shift = match &zone {
            Some(zone) => {
                let both = zone.lines[0].area.union(&zone.lines[1].area);
                middle(&(both.top, both.bottom)) - ZONE_MIDDLE
            }
            None => common_shift(form, &ink.bands(form.body), middle),
        };
        lines = Vec::new();
        for place in form.places {
            let mut inside: Vec<TextLine> = ink
                .bands(place.columns)
                .iter()
                .filter(|band| (place.rows.0..place.rows.1).contains(&(middle(band) - shift)))
                .filter_map(|band| ink.extent(*band, place.columns))
                .map(|area| TextLine { part: place.part, area, runs: Vec::new() })
                .collect();
            if !place.part.has_lines() {
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
    }
    let (columns, rows) = form.portrait;
    let portrait = form.format.area(columns, (rows.0 + shift, rows.1 + shift));
    Layout { form, lines, zone, portrait, flat }
}

/// How far print as a whole lies below its usual place, as a fraction of the height.
fn common_shift(form: &Form, bands: &[(u32, u32)], middle: impl Fn(&(u32, u32)) -> f64) -> f64 {
    let mut shifts: Vec<f64> = form
        .anchors
        .iter()
        .filter_map(|anchor| {
            let off = |band: &&(u32, u32)| (middle(band) - anchor).abs();
            bands.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map(|band| middle(band) - anchor)
        })
        .filter(|shift| shift.abs() < 0.05)
        .collect();
    shifts.sort_by(f64::total_cmp);
    shifts.get(shifts.len() / 2).copied().unwrap_or(0.0)
}

/// What tells the kind of a document before its form is known.
#[derive(Debug, Clone)]
pub struct Heads {
    /// Large print at the top.
    pub titles: Vec<TextLine>,
    /// Whether two lines for machines stand at the foot.
    pub zone: bool,
    /// The document with its shading taken away.
    pub flat: Plane,
}

/// Looks for titles and for the lines of a passport.
pub fn heads(card: &FlatCard) -> Heads {
    /// Where titles stand: left of a portrait, or above and right of one.
    const COLUMNS: [(f64, f64); 2] = [(0.03, 0.60), (0.34, 0.97)];
    /// Of each, so many of the largest.
    const MOST: usize = 2;
    let flat = flattened(&card.picture);
    let (width, height) = (flat.width, flat.height);
    let (mut titles, zone): (Vec<TextLine>, bool);
    {
        let ink = Ink::of(&flat, (0.03, 0.97));
        zone = zone::find(&ink, width, height).is_some();
        titles = Vec::new();
        for columns in COLUMNS {
            let high =
                |band: &&(u32, u32)| (band.0 + band.1) / 2 < height * 23 / 100 && band.1 - band.0 >= 20;
            let bands = ink.bands(columns);
            let mut large: Vec<Rect> = bands
                .iter()
                .filter(high)
                .flat_map(|band| ink.segments(*band, columns))
                .filter(|area| area.width() >= 2 * area.height())
                .collect();
            large.sort_by_key(|area| std::cmp::Reverse(area.width() * area.height().pow(2)));
            large.truncate(MOST);
            titles.extend(large.into_iter().map(|area| TextLine { part: Part::Title, area, runs: vec![] }));
        }
    }
    Heads { titles, zone, flat }
}
