//! The whole pipeline with a fake recogniser: what comes out when reading itself is taken for granted.
//!
//! The card is bars for lines of print, so that these tests need no fonts and no program.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use ingam_vision::day::Day;
use ingam_vision::geometry::Rect;
use ingam_vision::picture::Picture;
use ingam_vision::{
    CardReading, Kind, Limits, LineImage, Model, ModelFault, Reader, Reading, Script, Unreadable,
};
use proptest::prelude::*;

fn today() -> Day {
    Day::parse("2026-11-23").unwrap()
}

const NUMBER: &str = "900101-1234568";
const NAME: &str = "홍길동";

/// Says the given texts: the title of whatever is upright, then Korean lines in their order, and every form of number
/// and date alike.
#[derive(Clone)]
struct Fake {
    title: &'static str,
    korean: Vec<&'static str>,
    number: &'static str,
    date: &'static str,
    fault: Option<ModelFault>,
    missing: usize,
}

impl Fake {
    fn resident() -> Self {
        let korean = vec![NAME, NAME, "서울특별시 강남구", "서울특별시 강남구청장"];
        Self {
            title: "주민등록증", korean, number: NUMBER, date: "2020. 1. 1.", fault: None, missing: 0
        }
    }
}

impl Model for Fake {
    fn name(&self) -> &str {
        "fake 1"
    }

    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<Reading>, ModelFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if lines.iter().all(|line| line.script == Script::Korean) {
            let title = |at| Reading { text: if at == 0 { self.title } else { "" }.into(), confidence: 0.95 };
            return Ok((0..lines.len()).map(title).skip(self.missing).collect());
        }
        let (mut korean, mut digits) = (0, 0);
        let readings = lines.iter().map(|line| {
            let text = if line.script == Script::Korean {
                korean += 1;
                self.korean.get(korean - 1).copied().unwrap_or_default()
            } else {
                digits += 1;
                if digits <= 3 { self.number } else { self.date }
            };
            Reading { text: text.into(), confidence: 0.95 }
        });
        Ok(readings.skip(self.missing).collect())
    }
}

/// Upright strokes, as sharp as print.
fn bars(card: &mut Picture, area: Rect) {
    for left in (area.left..area.right).step_by(14) {
        card.fill(Rect { left, right: left + 7, ..area }, [30, 30, 34]);
    }
}

/// A card that fills its picture: paper, a bar for each line, a portrait.
fn card() -> Picture {
    let mut card = Picture::filled(1284, 810, [226, 230, 224]);
    let (w, h) = (1284, 810);
    for (x, y) in [
        ((0.06, 0.36), (0.11, 0.17)),
        ((0.06, 0.20), (0.28, 0.32)),
        ((0.06, 0.34), (0.40, 0.44)),
        ((0.06, 0.34), (0.51, 0.54)),
        ((0.38, 0.52), (0.73, 0.76)),
        ((0.28, 0.60), (0.83, 0.87)),
    ] {
        bars(&mut card, Rect::of_fractions(w, h, x, y));
    }
    card.fill(Rect::of_fractions(w, h, (0.62, 0.94), (0.10, 0.70)), [120, 96, 180]);
    card
}

fn read(fake: Fake) -> Result<CardReading, Unreadable> {
    Reader::new(Box::new(fake), Limits::default()).read(&card().to_jpeg(92).unwrap(), today())
}

fn value<'a>(reading: &'a CardReading, field: &str) -> Option<&'a str> {
    reading.fields.get(field).map(|field| field.value.as_str())
}

#[test]
fn what_is_read_becomes_fields_in_the_contracts_shape() {
    let reading = read(Fake::resident()).unwrap();
    assert_eq!(reading.kind, Kind::Resident);
    assert_eq!(value(&reading, "name"), Some(NAME));
    assert_eq!(value(&reading, "resident_number"), Some(NUMBER));
    assert_eq!(value(&reading, "issue_date"), Some("2020-01-01"));
    assert_eq!(value(&reading, "issuer"), Some("서울특별시 강남구청장"));
    assert_eq!(reading.doubtful(), Vec::<&str>::new());
    let json = reading.to_contract_json("card.jpg");
    assert_eq!(json["kind"], "resident");
    assert_eq!(json["fields"]["issue_date"]["value"], "2020-01-01");
    assert!(json["fields"]["issue_date"]["confidence"].as_f64().unwrap() >= 0.9);
    assert!(json["quality"].is_array() && json["forgery"].is_array() && json["elapsed_ms"].is_f64());
    assert_eq!(json["file"], "card.jpg");
    assert_eq!(reading.model, "fake 1");
}

#[test]
fn debug_shows_no_personal_data() {
    let shown = format!("{:?}", read(Fake::resident()).unwrap());
    for secret in [NAME, NUMBER, "900101", "강남구", "2020"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_cannot_be_true_is_doubtful() {
    let reading = read(Fake { date: "2021.2.30.", number: "901301-1234568", ..Fake::resident() }).unwrap();
    assert_eq!(reading.doubtful(), ["issue_date", "resident_number"]);
}

/// Whether the print at these fractions is still there on the masked card.
fn visible(reading: &CardReading, x: (f64, f64), y: (f64, f64)) -> bool {
    let masked = ingam_vision::decode::decode(&reading.masked_jpeg, &Limits::default()).unwrap();
    let area = Rect::of_fractions(masked.width(), masked.height(), x, y);
    // Paper above or below the bar tells print from a cover that hides both.
    let plane = masked.luma();
    plane.percentile(area, 0.95) > 150 && plane.percentile(area, 0.05) < 90
}

#[test]
fn the_tail_of_the_number_is_covered_and_the_birth_date_stays() {
    let reading = read(Fake::resident()).unwrap();
    assert!(!visible(&reading, (0.22, 0.34), (0.395, 0.445)));
    assert!(visible(&reading, (0.06, 0.20), (0.38, 0.46)));
    assert!(visible(&reading, (0.06, 0.36), (0.09, 0.19)), "the title stays");
}

#[test]
fn a_number_that_was_not_read_is_covered_whole() {
    let reading = read(Fake { number: "9001", ..Fake::resident() }).unwrap();
    assert_eq!(value(&reading, "resident_number"), None);
    assert!(!visible(&reading, (0.05, 0.35), (0.37, 0.47)));
    assert!(visible(&reading, (0.06, 0.36), (0.09, 0.19)), "the title stays");
}

#[test]
fn a_number_in_a_line_of_the_address_is_covered_too() {
    let mut fake = Fake::resident();
    fake.korean[2] = "900101-1234568";
    let reading = read(fake).unwrap();
    assert!(!visible(&reading, (0.07, 0.33), (0.505, 0.545)));
}

#[test]
fn another_kind_is_read_by_its_own_form() {
    let reading = read(Fake { title: "자동차운전면허증", ..Fake::resident() }).unwrap();
    assert_eq!((reading.kind, reading.subkind), (Kind::Driver, None));
    assert_eq!(value(&reading, "resident_number"), None, "nothing of it stands in a licence's places");
    // Nothing is kept readable of a document whose number is not in its place.
    assert!(!visible(&reading, (0.06, 0.36), (0.09, 0.19)));
    assert!(!visible(&reading, (0.06, 0.34), (0.37, 0.47)));
    assert!(reading.crops.is_empty() && reading.portrait.is_none());
}

#[test]
fn a_title_under_glare_is_made_up_for_by_number_and_date() {
    let reading = read(Fake { title: "", ..Fake::resident() }).unwrap();
    assert_eq!(reading.kind, Kind::Resident);
    let other = read(Fake { title: "회원카드", date: "", ..Fake::resident() }).unwrap();
    assert!(other.kind == Kind::Unknown && other.fields.is_empty() && other.crops.is_empty());
}

#[test]
fn a_picture_without_print_of_a_card_is_no_card() {
    let reading = read(Fake { title: "", korean: vec![], number: "", date: "", ..Fake::resident() }).unwrap();
    assert_eq!(reading.kind, Kind::Unknown);
    assert!(reading.fields.is_empty());
    let blank = Picture::filled(700, 500, [200; 3]).to_jpeg(90).unwrap();
    let reading = Reader::new(Box::new(Fake::resident()), Limits::default()).read(&blank, today()).unwrap();
    assert_eq!(reading.quality.iter().map(|q| q.code).collect::<Vec<_>>(), ["no_card"]);
    assert!(reading.masked_jpeg.is_empty() && reading.card_quad.is_none());
}

#[test]
fn faults_and_refusals_are_told_apart() {
    let timed_out = ModelFault::TimedOut { limit_ms: 5 };
    let fault = read(Fake { fault: Some(timed_out.clone()), ..Fake::resident() }).unwrap_err();
    assert_eq!(
        (fault.clone(), fault.code(), fault.is_fault()),
        (Unreadable::Model(timed_out), "reader_failed", true)
    );
    let fault = read(Fake { missing: 1, ..Fake::resident() }).unwrap_err();
    assert!(fault.is_fault(), "a model that loses a line");
    let refusal =
        Reader::new(Box::new(Fake::resident()), Limits::default()).read(b"nothing", today()).unwrap_err();
    assert_eq!((refusal.code(), refusal.is_fault()), ("not_an_image", false));
}

#[test]
fn crops_and_portrait_are_plain_jpegs_without_metadata() {
    let reading = read(Fake::resident()).unwrap();
    let all = reading.crops.values().chain(&reading.portrait).chain([&reading.masked_jpeg]);
    for jpeg in all {
        assert_eq!(jpeg[..3], [0xFF, 0xD8, 0xFF]);
        assert!(!jpeg.windows(4).any(|four| four == b"Exif"));
    }
    let names: Vec<&str> = reading.crops.keys().copied().collect();
    assert_eq!(names, ["address", "issue_date", "issuer", "name", "resident_number"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_picture_is_answered(
        (width, height) in (320u32..700, 1u32..500),
        boxes in prop::collection::vec((0f64..1.0, 0f64..1.0, 0f64..1.0, 0f64..1.0, any::<[u8; 3]>()), 0..24),
        texts in ("[0-9.\\- ]{0,20}", "[가-힣A-Z() ]{0,12}"),
    ) {
        let mut picture = Picture::filled(width, height, [210, 208, 200]);
        for (x, y, w, h, colour) in boxes {
            picture.fill(Rect::of_fractions(width, height, (x, x + w), (y, y + h)), colour);
        }
        let fake = Said(texts.0, texts.1);
        let reading = Reader::new(Box::new(fake), Limits::default()).read(&picture.to_jpeg(80).unwrap(), today());
        prop_assert!(reading.is_ok());
    }
}

/// Says one text for digits and one for all else.
struct Said(String, String);

impl Model for Said {
    fn name(&self) -> &str {
        "said"
    }

    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<Reading>, ModelFault> {
        let text =
            |line: &LineImage| if line.script == Script::Digits { self.0.clone() } else { self.1.clone() };
        Ok(lines.iter().map(|line| Reading { text: text(line), confidence: 0.9 }).collect())
    }
}
