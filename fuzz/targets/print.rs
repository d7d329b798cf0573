//! Any text that a recogniser may read on a card: fields in their one form, and confidences between 0 and 1.
#![no_main]

use ingam_fuzz::{edited, text};
use ingam_vision::day::Day;
use ingam_vision::geometry::Rect;
use ingam_vision::layout::{Form, Layout, Part};
use ingam_vision::picture::Picture;
use ingam_vision::recognise::{ReadLine, Recognised, WordGap};
use ingam_vision::{Kind, Reading, fuzzing::tesseract_readings, kind, lexicon, understand};
use libfuzzer_sys::fuzz_target;

/// By the digit with which a line begins; the letters go on.
const PARTS: [Part; 17] = [
    Part::Title,
    Part::Name,
    Part::ResidentNumber,
    Part::Address,
    Part::IssueDate,
    Part::Issuer,
    Part::LicenceNumber,
    Part::LicenceClass,
    Part::Period,
    Part::SerialCode,
    Part::RegistrationNumber,
    Part::Sex,
    Part::LatinName,
    Part::Nationality,
    Part::VisaStatus,
    Part::KoreanName,
    Part::PassportNumber,
];
const KINDS: [Kind; 3] = [Kind::Resident, Kind::Driver, Kind::Alien];

/// A part, a confidence and a text a line.
const CARD: &str = "0z주민등록증\n1z홍길동 (洪吉童)\n2z900101-1234568\n3z서울특별시 중구 세종대로 110,\n3z101동 1001호 (태평로1가)\n\
                    4z2020. 1. 1.\n5z서울특별시 중구청장";
const TSV: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                   1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t\n5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t91.5\t홍길동";

fn reading(line: &str) -> Option<(Part, Reading)> {
    let mut chars = line.chars();
    let part = *PARTS.get(chars.next()?.to_digit(36)? as usize)?;
    let confidence = chars.next()?.to_digit(36)? as f32 / 35.0;
    Some((part, Reading { text: chars.collect(), confidence }))
}

fuzz_target!(|data: &[u8]| {
    let text = text(&edited(&[CARD.as_bytes(), TSV.as_bytes()], data));
    for reading in tesseract_readings(&text, 3) {
        assert!((0.0..=1.0).contains(&reading.confidence));
    }
    let area = Rect { left: 10, top: 10, right: 200, bottom: 30 };
    let gaps = vec![WordGap { middle: 0.3, width: 0.3 }, WordGap { middle: 0.6, width: 0.5 }];
    let mut lines: Vec<ReadLine> = Vec::new();
    for (part, reading) in text.lines().filter_map(reading) {
        lexicon::office(&reading.text);
        lexicon::beginning(&reading.text);
        lexicon::visa_status(&reading.text);
        kind::titled(&reading.text);
        match lines.iter_mut().find(|line| line.part == part && part != Part::Address) {
            Some(line) => line.readings.push(reading),
            None => lines.push(ReadLine { part, area, gaps: gaps.clone(), readings: vec![reading] }),
        }
    }
    let read = Recognised { lines, zone: Vec::new() };
    let flat = Picture::filled(1, 1, [0; 3]).luma();
    let layouts = KINDS.map(|kind| Layout {
        form: Form::of(kind),
        lines: Vec::new(),
        zone: None,
        portrait: area,
        flat: flat.clone(),
    });
    let fields = layouts.iter().flat_map(|layout| understand::understand(layout, &read, Day::FIRST));
    for field in fields {
        assert!((0.0..=1.0).contains(&field.confidence), "{}", field.name);
        assert!(!field.value.is_empty(), "{}", field.name);
        match field.name {
            "resident_number" | "registration_number" => {
                let form = field.value.bytes().enumerate().all(|(at, byte)| match at {
                    6 => byte == b'-',
                    _ => byte.is_ascii_digit(),
                });
                assert!(form && field.value.len() == 14);
            }
            "issue_date" | "valid_from" | "valid_until" => assert_eq!(field.value.len(), 10),
            _ => assert!(!field.value.contains('\n')),
        }
    }
});
