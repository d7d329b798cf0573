//! Step 8: readings become fields, each with its value in one form and a confidence.
//!
//! Dates are YYYY-MM-DD, numbers have their printed hyphens, an address is one line. Only what can't be true lowers a
//! confidence; the check digit of a person's number never does, since numbers issued since 2020-10-05 have none. A
//! field that was not read is left out.

mod address;
mod alien;
mod driver;
mod offices;
mod passport;
mod resident;
pub mod values;
mod vote;

use crate::day::Day;
use crate::geometry::Rect;
use crate::layout::{Layout, Part};
use crate::model::Reading;
use crate::reading::Kind;
use crate::recognise::{ReadLine, Recognised};

/// A value as understood, before the picture's part is known.
#[derive(Clone, PartialEq)]
pub struct Understood {
    /// The contract's name of the field.
    pub name: &'static str,
    /// The value in its one form.
    pub value: String,
    /// 0 to 1.
    pub confidence: f32,
    /// Its ink on the rectified card.
    pub area: Rect,
}

/// Confidence below which the person is asked, by field: domain practice for dates and numbers, text, address.
pub fn threshold(field: &str) -> f32 {
    match field {
        "resident_number"
        | "registration_number"
        | "licence_number"
        | "passport_number"
        | "serial_code"
        | "issue_date"
        | "expiry_date"
        | "birth_date"
        | "valid_from"
        | "valid_until" => 0.90,
        "address" => 0.80,
        _ => 0.85,
    }
}

/// Print that is read with this confidence is clear: the lexicon leaves it alone.
const CLEAR: f32 = 0.75;

/// The fields of a document of the layout's kind. `today` tells the centuries of a passport's days.
pub fn understand(layout: &Layout, read: &Recognised, today: Day) -> Vec<Understood> {
    let mut fields = Fields { read, found: Vec::new() };
    match layout.form.kind {
        Kind::Resident | Kind::Unknown => resident::understand(&mut fields),
        Kind::Driver => driver::understand(&mut fields),
        Kind::Alien => alien::understand(&mut fields),
        Kind::Passport => passport::understand(&mut fields, layout, today),
    }
    fields.found
}

/// What is gathered of one document.
struct Fields<'a> {
    read: &'a Recognised,
    found: Vec<Understood>,
}

impl<'a> Fields<'a> {
    fn of(&self, part: Part) -> impl Iterator<Item = &'a ReadLine> + use<'a> {
        self.read.lines.iter().filter(move |line| line.part == part)
    }

    /// A field of one line.
    fn add(&mut self, name: &'static str, part: Part, read: impl Fn(&ReadLine) -> Option<(String, f32)>) {
        if let Some(line) = self.of(part).next()
            && let Some((value, confidence)) = read(line)
        {
            self.found.push(Understood { name, value, confidence, area: line.area });
        }
    }

    /// A field of several lines.
    fn add_lines(
        &mut self,
        name: &'static str,
        part: Part,
        read: impl Fn(&[&ReadLine]) -> Option<(String, f32)>,
    ) {
        let lines: Vec<&ReadLine> = self.of(part).collect();
        if let Some((value, confidence)) = read(&lines)
            && let Some(area) = lines.iter().map(|line| line.area).reduce(|a, b| a.union(&b))
        {
            self.found.push(Understood { name, value, confidence, area });
        }
    }
}

fn best(line: &ReadLine) -> Reading {
    let best = line.readings.iter().max_by(|a, b| a.confidence.total_cmp(&b.confidence));
    best.cloned().unwrap_or(Reading { text: String::new(), confidence: 0.0 })
}
