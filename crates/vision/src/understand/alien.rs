//! 외국인등록증, 국내거소신고증, 영주증.

use super::offices::listed_office;
use super::values::{is_hangul, issue_date, registration_number};
use super::vote::{Meant, vote};
use super::{Fields, best};
use crate::layout::Part;
use crate::lexicon;
use crate::model::Reading;
use crate::recognise::ReadLine;

pub(super) fn understand(fields: &mut Fields<'_>) {
    fields.add("registration_number", Part::RegistrationNumber, |line| registration_number(&line.readings));
    fields.add("sex", Part::Sex, |line| sex(&line.readings));
    fields.add_lines("name", Part::LatinName, name);
    fields.add("nationality", Part::Nationality, |line| capitals(&line.readings));
    fields.add("visa_status", Part::VisaStatus, |line| visa_status(&best(line)));
    fields.add("issue_date", Part::IssueDate, |line| issue_date(&line.readings));
    fields.add("issuer", Part::Issuer, |line| listed_office(&best(line), lexicon::immigration));
}

fn sex(readings: &[Reading]) -> Option<(String, f32)> {
    vote(readings, |text| {
        let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        matches!(letters.as_str(), "M" | "F").then_some(Meant {
            value: letters,
            odd: false,
            confirmed: false,
        })
    })
}

/// The lines in capitals, as one. A line in Korean is the same name once more.
fn name(lines: &[&ReadLine]) -> Option<(String, f32)> {
    let korean = |line: &&&ReadLine| {
        let hangul = |reading: &Reading| reading.text.chars().filter(|c| is_hangul(*c)).count();
        let (mut most, mut sure) = (0, 0.0);
        for reading in &line.readings {
            if hangul(reading) > 1 {
                (most, sure) = (hangul(reading), reading.confidence);
            }
        }
        most > 1 && sure > 0.6 && line.readings.iter().filter(|r| hangul(r) == 0).all(|r| r.confidence < sure)
    };
    let mut words = Vec::new();
    let mut confidence = 1.0f32;
    for line in lines.iter().filter(|line| !korean(line)) {
        let latin: Vec<Reading> =
            line.readings.iter().filter(|r| !r.text.chars().any(is_hangul)).cloned().collect();
        let (value, sure) = capitals(&latin)?;
        confidence = confidence.min(sure);
        words.push(value);
    }
    (!words.is_empty()).then(|| (words.join(" "), confidence))
}

/// Capitals with the signs between them, words apart by single spaces. Digits have no place there.
fn capitals(readings: &[Reading]) -> Option<(String, f32)> {
    vote(readings, |text| {
        let words: Vec<String> = text
            .split_whitespace()
            .map(|word| word.chars().filter(|c| c.is_ascii_alphanumeric() || "-.,'/".contains(*c)).collect())
            .filter(|word: &String| !word.is_empty())
            .collect();
        let value = words.join(" ");
        let odd = value.chars().any(|c| c.is_ascii_digit());
        value.chars().any(|c| c.is_ascii_uppercase()).then_some(Meant { value, odd, confirmed: false })
    })
}

/// The status of stay, by the list of the Immigration Act's decree where print is near one of its names.
fn visa_status(reading: &Reading) -> Option<(String, f32)> {
    let text: String = reading.text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.is_empty() {
        return None;
    }
    Some(match lexicon::visa_status(&text) {
        Some(found) => (found.text, if found.distance == 0 { reading.confidence.max(0.92) } else { 0.7 }),
        None => (text, reading.confidence * 0.8),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    fn line(readings: &[(&str, f32)]) -> ReadLine {
        let area = Rect { left: 0, top: 0, right: 1, bottom: 1 };
        let reading =
            |(text, confidence): &(&str, f32)| Reading { text: (*text).into(), confidence: *confidence };
        ReadLine {
            part: Part::LatinName,
            area,
            gaps: vec![],
            readings: readings.iter().map(reading).collect(),
        }
    }

    #[test]
    fn a_name_is_its_lines_in_capitals() {
        let check = |lines: &[ReadLine], value: Option<&str>| {
            let lines: Vec<&ReadLine> = lines.iter().collect();
            assert_eq!(name(&lines).map(|found| found.0).as_deref(), value);
        };
        let first = line(&[("SAMPLE  MARY", 0.9), ("SAMPLE MARY", 0.9), ("SAMPLE MARY", 0.5)]);
        let second = line(&[("ELIZABETH", 0.9), ("ELIZABETH", 0.9), ("ㄴ", 0.2)]);
        check(&[first.clone(), second], Some("SAMPLE MARY ELIZABETH"));
        check(&[first, line(&[("(CCHI", 0.3), ("7-1", 0.2), ("(진양번)", 0.9)])], Some("SAMPLE MARY"));
        check(&[], None);
    }

    #[test]
    fn a_status_of_stay_is_put_right_by_the_list() {
        let read = |text: &str| visa_status(&Reading { text: text.into(), confidence: 0.8 });
        assert_eq!(read("일반연수(D-4)"), Some(("일반연수(D-4)".into(), 0.92)));
        assert_eq!(read("재 외동포 (F-4"), Some(("재외동포(F-4)".into(), 0.7)));
        assert_eq!(read("").map(|f| f.0), None);
    }
}
