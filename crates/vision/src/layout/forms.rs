//! What stands where on each kind of document, as fractions of its width and height.
//!
//! Places are those of domain practice for the fronts of Korean cards and, for passports, ICAO Doc 9303-4 §3. They
//! shift between generations and printers, so rows of ink decide and the fractions only name them.

use super::Part;
use crate::reading::Kind;
use crate::rectify::Format;

/// The places of one kind of document.
#[derive(Debug)]
pub struct Form {
    /// The kind.
    pub kind: Kind,
    /// Its size.
    pub format: Format,
    /// Columns in which its rows of print stand, labels and portrait left out.
    pub(super) body: (f64, f64),
    /// Middles of rows that always stand alone; their common shift moves all places.
    pub(super) anchors: &'static [f64],
    /// The portrait: columns, rows.
    pub(super) portrait: ((f64, f64), (f64, f64)),
    /// Whether it has two lines for machines.
    pub(super) zone: bool,
    /// Every part that is read.
    pub places: &'static [Place],
}

/// Where a part stands.
#[derive(Debug)]
pub struct Place {
    /// What it is.
    pub part: Part,
    /// Where the middles of its rows lie.
    pub(super) rows: (f64, f64),
    /// The columns in which it is looked for.
    pub(super) columns: (f64, f64),
    /// The columns that its print covers, for when nothing of it can be seen.
    pub(super) usual: (f64, f64),
}

const fn place(part: Part, rows: (f64, f64), columns: (f64, f64), usual: (f64, f64)) -> Place {
    Place { part, rows, columns, usual }
}

impl Form {
    /// The form of a kind; a document of unknown kind is read as a resident card.
    pub fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Resident | Kind::Unknown => &RESIDENT,
            Kind::Driver => &DRIVER,
            Kind::Alien => &ALIEN,
            Kind::Passport => &PASSPORT,
        }
    }
}

/// 주민등록증: print left, portrait right. Address lines lie between number and date.
static RESIDENT: Form = Form {
    kind: Kind::Resident,
    format: Format::Id1,
    body: (0.03, 0.60),
    anchors: &[0.14, 0.30, 0.42],
    portrait: ((0.62, 0.94), (0.10, 0.70)),
    zone: false,
    places: &[
        place(Part::Name, (0.215, 0.36), (0.03, 0.60), (0.06, 0.45)),
        place(Part::ResidentNumber, (0.36, 0.463), (0.03, 0.60), (0.06, 0.45)),
        place(Part::Address, (0.463, 0.708), (0.03, 0.60), (0.06, 0.45)),
        place(Part::IssueDate, (0.708, 0.80), (0.03, 0.60), (0.33, 0.57)),
        place(Part::Issuer, (0.80, 0.93), (0.03, 0.97), (0.25, 0.66)),
    ],
};

/// 자동차운전면허증: portrait left with the classes above it, a small second portrait with the serial code right.
static DRIVER: Form = Form {
    kind: Kind::Driver,
    format: Format::Id1,
    body: (0.34, 0.80),
    anchors: &[0.205, 0.305, 0.395, 0.71, 0.825],
    portrait: ((0.045, 0.31), (0.245, 0.745)),
    zone: false,
    places: &[
        place(Part::LicenceClass, (0.05, 0.235), (0.02, 0.33), (0.045, 0.25)),
        place(Part::LicenceNumber, (0.155, 0.255), (0.34, 0.80), (0.36, 0.72)),
        place(Part::Name, (0.255, 0.35), (0.34, 0.80), (0.36, 0.55)),
        place(Part::ResidentNumber, (0.35, 0.435), (0.34, 0.80), (0.36, 0.68)),
        place(Part::Address, (0.435, 0.628), (0.34, 0.80), (0.36, 0.72)),
        place(Part::Period, (0.682, 0.742), (0.34, 0.81), (0.36, 0.74)),
        place(Part::IssueDate, (0.79, 0.865), (0.34, 0.80), (0.36, 0.55)),
        place(Part::Issuer, (0.865, 0.955), (0.34, 0.80), (0.36, 0.74)),
        place(Part::SerialCode, (0.815, 0.905), (0.79, 0.985), (0.82, 0.94)),
    ],
};

/// 외국인등록증, 국내거소신고증, 영주증: portrait left, labels in the middle, values right of them.
static ALIEN: Form = Form {
    kind: Kind::Alien,
    format: Format::Id1,
    body: (0.53, 0.97),
    anchors: &[0.255, 0.58, 0.665, 0.75],
    portrait: ((0.05, 0.32), (0.225, 0.735)),
    zone: false,
    places: &[
        place(Part::RegistrationNumber, (0.205, 0.298), (0.53, 0.97), (0.54, 0.87)),
        place(Part::Sex, (0.298, 0.383), (0.53, 0.75), (0.54, 0.57)),
        place(Part::LatinName, (0.383, 0.538), (0.53, 0.97), (0.54, 0.87)),
        place(Part::Nationality, (0.538, 0.622), (0.53, 0.97), (0.54, 0.75)),
        place(Part::VisaStatus, (0.622, 0.708), (0.53, 0.97), (0.54, 0.75)),
        place(Part::IssueDate, (0.708, 0.80), (0.53, 0.97), (0.54, 0.72)),
        place(Part::Issuer, (0.82, 0.94), (0.34, 0.97), (0.36, 0.75)),
    ],
};

/// A passport's page: all but the days and the Korean name is read from the zone for machines.
static PASSPORT: Form = Form {
    kind: Kind::Passport,
    format: Format::Id3,
    body: (0.03, 0.97),
    anchors: &[],
    portrait: ((0.05, 0.30), (0.15, 0.62)),
    zone: true,
    places: &[
        place(Part::PassportNumber, (0.158, 0.198), (0.69, 0.985), (0.70, 0.87)),
        place(Part::KoreanName, (0.352, 0.392), (0.69, 0.985), (0.70, 0.80)),
        place(Part::PersonalNumber, (0.545, 0.585), (0.54, 0.695), (0.55, 0.68)),
        place(Part::IssueDate, (0.642, 0.684), (0.335, 0.69), (0.345, 0.55)),
    ],
};

/// Middles of the two lines for machines (Doc 9303-4 §3.1: the lowest 23.2 mm of 88).
pub(super) const ZONE_MIDDLE: f64 = 0.8705;
