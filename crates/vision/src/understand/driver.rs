//! 자동차운전면허증.

use super::address::address;
use super::offices::listed_office;
use super::values::{as_digit, issue_date, name, number, printed, resident_number};
use super::vote::{Meant, vote};
use super::{Fields, best};
use crate::day::Day;
use crate::layout::Part;
use crate::lexicon;
use crate::model::Reading;
use crate::recognise::ReadLine;

pub(super) fn understand(fields: &mut Fields<'_>) {
    fields.add("licence_number", Part::LicenceNumber, |line| licence_number(&line.readings));
    fields.add_lines("licence_class", Part::LicenceClass, classes);
    fields.add("name", Part::Name, |line| name(&line.readings));
    fields.add("resident_number", Part::ResidentNumber, |line| resident_number(&line.readings));
    fields.add_lines("address", Part::Address, address);
    fields.add("valid_from", Part::Period, |line| period(&line.readings, |days| days[0]));
    fields.add("valid_until", Part::Period, |line| period(&line.readings, |days| days[1]));
    fields.add("issue_date", Part::IssueDate, |line| issue_date(&line.readings));
    fields.add("issuer", Part::Issuer, |line| listed_office(&best(line), lexicon::police));
    fields.add("serial_code", Part::SerialCode, |line| serial_code(&line.readings));
}

/// `11-19-123456-61`, or as old licences print it, `서울 19-123456-61`.
fn licence_number(readings: &[Reading]) -> Option<(String, f32)> {
    vote(readings, |text| {
        let tight: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let region = lexicon::LICENCE_REGIONS.iter().find(|region| tight.starts_with(*region));
        let digits: Vec<u32> =
            tight[region.map_or(0, |region| region.len())..].chars().filter_map(as_digit).collect();
        let text = printed(&digits);
        match (region, digits.len()) {
            (Some(region), 10) => Some(Meant {
                value: format!("{region} {}-{}-{}", &text[..2], &text[2..8], &text[8..]),
                odd: false,
                confirmed: true,
            }),
            (None, 12) => Some(Meant {
                value: format!("{}-{}-{}-{}", &text[..2], &text[2..4], &text[4..10], &text[10..]),
                // Regions are 11 to 28, and sources differ on 29.
                odd: !(11..=29).contains(&number(&digits[..2])),
                confirmed: false,
            }),
            _ => None,
        }
    })
}

/// The classes that a licence is for, apart by a space.
fn classes(lines: &[&ReadLine]) -> Option<(String, f32)> {
    let mut confidence = 1.0f32;
    let mut found = Vec::new();
    for line in lines {
        let reading = best(line);
        let Some(class) = lexicon::licence_class(&reading.text) else { continue };
        confidence = confidence.min(if class.distance == 0 { 0.95 } else { 0.7 });
        found.push(class.text);
    }
    (!found.is_empty()).then(|| (found.join(" "), confidence))
}

/// The first or the last day of `2029.01.01.~2029.12.31.`.
fn period(readings: &[Reading], which: fn([Day; 2]) -> Day) -> Option<(String, f32)> {
    vote(readings, |text| {
        let digits: Vec<u32> = text.chars().filter_map(as_digit).collect();
        let day = |d: &[u32]| Day::new(number(&d[..4]), number(&d[4..6]), number(&d[6..8]));
        let days = if digits.len() == 16 { [day(&digits[..8])?, day(&digits[8..])?] } else { return None };
        let odd = days[1] < days[0] || days.iter().any(|day| !(1968..2100).contains(&day.year()));
        Some(Meant { value: which(days).to_string(), odd, confirmed: false })
    })
}

/// Five or six capitals and digits.
fn serial_code(readings: &[Reading]) -> Option<(String, f32)> {
    let (code, confidence) = vote(readings, |text| {
        let code: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        (5..=6).contains(&code.len()).then_some(Meant { value: code, odd: false, confirmed: false })
    })?;
    // No check digit tells O from 0 or I from 1, so the person does.
    let alike = code.contains(['O', '0', 'I', '1']);
    Some((code, if alike { confidence.min(0.8) } else { confidence }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<Reading> {
        texts.iter().map(|text| Reading { text: (*text).into(), confidence: 0.95 }).collect()
    }

    #[test]
    fn both_prints_of_a_licence_number_are_read() {
        let check = |texts: &[&str], value: Option<&str>| {
            assert_eq!(licence_number(&read(texts)).map(|f| f.0).as_deref(), value, "{texts:?}");
        };
        check(&["11-19-123456-61", "11-19-123456-61"], Some("11-19-123456-61"));
        check(&["111912345661"], Some("11-19-123456-61"));
        check(&["19-123456-61", "서울 19-123456-61"], Some("서울 19-123456-61"));
        check(&["경기 북부 19-123456-61"], Some("경기북부 19-123456-61"));
        check(&["19-123456-61"], None);
    }

    #[test]
    fn a_period_has_two_days_in_order() {
        let text = "2030.01.01.2030.12.31.";
        assert_eq!(period(&read(&[text]), |days| days[0]).unwrap().0, "2030-01-01");
        let (until, sure) = period(&read(&[text, text]), |days| days[1]).unwrap();
        assert!(until == "2030-12-31" && sure > 0.9);
        assert!(period(&read(&["2030.12.31.2030.01.01."]), |days| days[0]).unwrap().1 <= 0.3);
        assert!(period(&read(&["2030.01.01"]), |days| days[0]).is_none());
    }

    #[test]
    fn codes_with_look_alikes_are_doubtful() {
        let (code, sure) = serial_code(&read(&["K3D7PX", "K3D7PX", "K3D7PX"])).unwrap();
        assert!(code == "K3D7PX" && sure >= 0.9);
        assert!(serial_code(&read(&["9WS0RQ", "9WS0RQ"])).unwrap().1 < 0.9);
        assert!(serial_code(&read(&["9WS"])).is_none());
    }
}
