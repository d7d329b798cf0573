//! Specimens of every kind read with Tesseract: the kind, the fields, and what of a number stays readable.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use ingam_sandbox::cards::{
    AlienCard, Format, Scene, Surface, alien_card_svg, aliens, driver_licence_svg, drivers,
    passport_page_svg, photograph_document, travellers,
};
use ingam_vision::day::Day;
use ingam_vision::picture::Picture;
use ingam_vision::{CardReading, Kind, Limits, Reader, Subkind, Tesseract, decode};
use std::collections::BTreeMap;

fn reader() -> Reader {
    let tesseract = Tesseract::installed().expect("tesseract-ocr and tesseract-ocr-kor are installed");
    Reader::new(Box::new(tesseract), Limits::default())
}

fn today() -> Day {
    Day::parse("2026-11-23").unwrap()
}

/// The ways in which each document is photographed: straight, and as hurried people do.
fn scenes() -> [Scene; 3] {
    let base = Scene { width: 2000, height: 1500, card_width: 0.72, ..Scene::default() };
    [
        base.clone(),
        Scene {
            rotation_deg: 5.0,
            pitch_deg: -4.0,
            yaw_deg: 4.0,
            noise_seed: 2,
            background: Surface::Felt,
            ..base.clone()
        },
        Scene { rotation_deg: 178.0, blur: 0.8, noise: 4.0, noise_seed: 3, brightness: 0.8, ..base },
    ]
}

/// How often each field was right, and how often it was wrong and not in doubt.
#[derive(Default)]
struct Tally {
    right: BTreeMap<&'static str, (usize, usize)>,
    sure_and_wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, what: &str, reading: &CardReading, truth: &[(&'static str, String)]) {
        let tight = |text: &str| text.split_whitespace().collect::<String>();
        for (field, truth) in truth {
            let read = reading.fields.get(field);
            let good = read.is_some_and(|read| tight(&read.value) == tight(truth));
            let (right, of) = self.right.entry(field).or_default();
            *right += usize::from(good);
            *of += 1;
            if !good {
                println!("{what}: {field} {truth} read as {:?}", read.map(|f| (&f.value, f.confidence)));
                if read.is_some_and(|read| !read.doubtful) {
                    self.sure_and_wrong.push(format!("{what}: {field}"));
                }
            }
        }
    }

    /// Floors in per cent, a little below what was measured: a change that falls below them reads worse.
    fn holds(&self, floors: &[(&str, usize)]) {
        println!("{:?}; sure and wrong: {:?}", self.right, self.sure_and_wrong);
        for (field, floor) in floors {
            let (right, of) = self.right[field];
            assert!(right * 100 >= of * floor, "{field}: {right} of {of}");
        }
        assert!(self.sure_and_wrong.len() <= 1, "{:?}", self.sure_and_wrong);
    }
}

/// Whether dark print stands at these fractions of the kept picture.
fn print_at(masked: &Picture, x: (f64, f64), y: (f64, f64)) -> bool {
    let area = ingam_vision::geometry::Rect::of_fractions(masked.width(), masked.height(), x, y);
    let plane = masked.luma();
    plane.percentile(area, 0.9) > 150 && plane.percentile(area, 0.02) < 90
}

fn kept(reading: &CardReading) -> Picture {
    decode::decode(&reading.masked_jpeg, &Limits::default()).unwrap()
}

#[test]
fn driver_licences_are_read() {
    let reader = reader();
    let mut tally = Tally::default();
    for face in drivers() {
        for (shot, scene) in scenes().iter().enumerate() {
            let photo = photograph_document(&driver_licence_svg(&face), Format::Id1, scene).unwrap();
            let reading = reader.read(&photo, today()).unwrap();
            let what = format!("{} {shot}", face.name);
            assert_eq!((reading.kind, reading.subkind), (Kind::Driver, None), "{what}");
            let mut truth = vec![
                ("licence_number", face.licence_number.clone()),
                ("licence_class", face.classes.join(" ")),
                ("name", face.name.clone()),
                ("resident_number", face.resident_number.clone()),
                ("address", face.address.join(" ")),
                ("valid_from", face.valid_from.to_string()),
                ("valid_until", face.valid_until.to_string()),
                ("issue_date", face.issue_date.to_string()),
                ("issuer", face.issuer.clone()),
            ];
            truth.extend(face.serial_code.clone().map(|code| ("serial_code", code)));
            if face.serial_code.is_none() {
                assert!(!reading.fields.contains_key("serial_code"), "{what}: nothing is invented");
            }
            tally.count(&what, &reading, &truth);
            let masked = kept(&reading);
            assert!(!print_at(&masked, (0.53, 0.66), (0.38, 0.41)), "{what}: the tail of the number");
            assert!(!print_at(&masked, (0.485, 0.56), (0.19, 0.22)), "{what}: the middle of the licence's");
            assert!(print_at(&masked, (0.36, 0.70), (0.08, 0.115)), "{what}: the title stays");
            assert!(reading.portrait.is_some());
        }
    }
    tally.holds(&[
        ("licence_number", 90),
        ("name", 85),
        ("resident_number", 90),
        ("issue_date", 90),
        ("valid_until", 80),
        ("issuer", 85),
        ("licence_class", 85),
        ("serial_code", 60),
    ]);
}

#[test]
fn cards_of_foreigners_are_read() {
    let reader = reader();
    let mut tally = Tally::default();
    for face in aliens() {
        for (shot, scene) in scenes().iter().enumerate() {
            let photo = photograph_document(&alien_card_svg(&face), Format::Id1, scene).unwrap();
            let reading = reader.read(&photo, today()).unwrap();
            let what = format!("{} {shot}", face.name[0]);
            let subkind = match face.card {
                AlienCard::Alien => Subkind::Alien,
                AlienCard::DomesticResidence => Subkind::DomesticResidence,
                AlienCard::PermanentResidence => Subkind::PermanentResidence,
            };
            assert_eq!((reading.kind, reading.subkind), (Kind::Alien, Some(subkind)), "{what}");
            let truth = [
                ("registration_number", face.registration_number.clone()),
                ("sex", face.sex.clone()),
                ("name", face.name.join(" ")),
                ("nationality", face.nationality.clone()),
                ("visa_status", face.visa_status.clone()),
                ("issue_date", face.issue_date.to_string()),
                ("issuer", face.issuer.clone()),
            ];
            tally.count(&what, &reading, &truth);
            let masked = kept(&reading);
            assert!(!print_at(&masked, (0.72, 0.84), (0.24, 0.27)), "{what}: the tail of the number");
            assert!(print_at(&masked, (0.54, 0.66), (0.56, 0.60)), "{what}: the state stays");
        }
    }
    tally.holds(&[
        ("registration_number", 90),
        ("name", 80),
        ("nationality", 80),
        ("issue_date", 90),
        ("issuer", 80),
        ("visa_status", 80),
    ]);
}

#[test]
fn passports_are_read() {
    let reader = reader();
    let mut tally = Tally::default();
    for face in travellers() {
        for (shot, scene) in scenes().iter().enumerate() {
            let photo = photograph_document(&passport_page_svg(&face), Format::Id3, scene).unwrap();
            let reading = reader.read(&photo, today()).unwrap();
            let what = format!("{} {shot}", face.number);
            assert_eq!(reading.kind, Kind::Passport, "{what}");
            let [first, second] = face.machine_lines();
            let mut truth = vec![
                ("mrz_line1", first),
                ("mrz_line2", second),
                ("passport_number", face.number.clone()),
                ("surname", face.surname.clone()),
                ("given_names", face.given_names.clone()),
                ("nationality", face.nationality.clone()),
                ("birth_date", face.birth_date.to_string()),
                ("sex", face.sex.clone()),
                ("expiry_date", face.expiry_date.to_string()),
                ("issue_date", face.issue_date.to_string()),
            ];
            truth.extend(face.korean_name.clone().map(|name| ("name", name)));
            tally.count(&what, &reading, &truth);
            let masked = kept(&reading);
            assert!(!print_at(&masked, (0.115, 0.25), (0.90, 0.925)), "{what}: the number in the lines");
            assert!(!print_at(&masked, (0.76, 0.82), (0.165, 0.19)), "{what}: the number");
            assert!(print_at(&masked, (0.27, 0.60), (0.895, 0.93)), "{what}: the days stay");
            assert!(print_at(&masked, (0.34, 0.60), (0.06, 0.09)), "{what}: the state stays");
        }
    }
    tally.holds(&[
        ("passport_number", 80),
        ("birth_date", 80),
        ("expiry_date", 80),
        ("nationality", 80),
        ("surname", 70),
        ("issue_date", 80),
        ("name", 70),
    ]);
}
