//! Values that several kinds of document have: numbers, days, names.

use super::vote::{Meant, vote};
use crate::day::Day;
use crate::model::Reading;

/// The number on which most readings agree; only thirteen digits count.
pub fn resident_number(readings: &[Reading]) -> Option<(String, f32)> {
    thirteen_digits(readings, |_| true, 11)
}

/// The number of a foreigner, whose seventh digit is 5 to 8.
pub fn registration_number(readings: &[Reading]) -> Option<(String, f32)> {
    thirteen_digits(readings, |seventh| (5..=8).contains(&seventh), 13)
}

fn thirteen_digits(
    readings: &[Reading],
    may_be: impl Fn(u32) -> bool,
    check_base: u32,
) -> Option<(String, f32)> {
    vote(readings, |text| {
        let digits: Vec<u32> = text.chars().filter(|c| !c.is_whitespace()).filter_map(as_digit).collect();
        (digits.len() == 13).then(|| {
            let text = printed(&digits);
            let year = century(digits[6]) + number(&digits[..2]);
            // Invariant: an impossible birth date is a misreading, whoever printed it.
            let born = Day::new(year, number(&digits[2..4]), number(&digits[4..6]));
            Meant {
                value: format!("{}-{}", &text[..6], &text[6..]),
                odd: born.is_none() || !may_be(digits[6]),
                confirmed: old_check_fits(&digits, check_base),
            }
        })
    })
}

/// The date on which most readings agree, as YYYY-MM-DD.
pub fn issue_date(readings: &[Reading]) -> Option<(String, f32)> {
    vote(readings, |text| {
        let groups: Vec<Vec<u32>> = text
            .split(|c: char| as_digit(c).is_none())
            .map(|group| group.chars().filter_map(as_digit).collect::<Vec<u32>>())
            .filter(|group| !group.is_empty())
            .collect();
        let (year, month, day) = match groups.as_slice() {
            [y, m, d] if y.len() == 4 && m.len() <= 2 && d.len() <= 2 => (number(y), number(m), number(d)),
            [all] if all.len() == 8 => (number(&all[..4]), number(&all[4..6]), number(&all[6..])),
            _ => return None,
        };
        // Resident cards exist since 1968; the present ones since 1999.
        let odd = Day::new(year, month, day).is_none() || !(1968..2100).contains(&year);
        Some(Meant { value: format!("{year:04}-{month:02}-{day:02}"), odd, confirmed: false })
    })
}

/// The name on which most readings agree: its Hangul, without spaces.
pub fn name(readings: &[Reading]) -> Option<(String, f32)> {
    let (value, confidence) = vote(readings, |text| {
        let head = text.split(['(', '（', '[', '{']).next().unwrap_or_default();
        let name: String = head.chars().filter(|c| is_hangul(*c)).collect();
        // Other signs beside the letters are specks or strokes torn from a letter.
        let odd = head.chars().any(|c| !is_hangul(c) && !c.is_whitespace() && !".,'`-|!".contains(c));
        (!name.is_empty()).then_some(Meant { value: name, odd, confirmed: false })
    })?;
    let usual = (2..=5).contains(&value.chars().count());
    Some((value, if usual { confidence } else { confidence * 0.6 }))
}

/// Digits, and letters that only a misreading puts among digits.
pub(super) fn as_digit(c: char) -> Option<u32> {
    match c {
        'O' | 'o' | 'D' | 'Q' => Some(0),
        'l' | 'I' | '|' | 'i' => Some(1),
        'Z' | 'z' => Some(2),
        'S' | 's' => Some(5),
        'b' | 'G' => Some(6),
        'B' => Some(8),
        c => c.to_digit(10),
    }
}

pub(super) fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |sum, d| sum * 10 + d)
}

/// Century by the seventh digit.
fn century(seventh: u32) -> u32 {
    match seventh {
        9 | 0 => 1800,
        1 | 2 | 5 | 6 => 1900,
        _ => 2000,
    }
}

/// Whether the check digit of numbers from before October 2020 fits, 11 or for foreigners 13 less the sum; between
/// two readings it may decide.
fn old_check_fits(digits: &[u32], base: u32) -> bool {
    const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| d * w).sum();
    digits.last() == Some(&((base - sum % 11) % 10))
}

/// Digits as text.
pub(super) fn printed(digits: &[u32]) -> String {
    digits.iter().map(|d| char::from(b'0' + *d as u8)).collect()
}

pub(super) fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::threshold;

    fn read(texts: &[(&str, f32)]) -> Vec<Reading> {
        texts
            .iter()
            .map(|(text, confidence)| Reading { text: (*text).into(), confidence: *confidence })
            .collect()
    }

    #[test]
    fn numbers_are_thirteen_digits_of_a_real_day() {
        let check = |texts: &[(&str, f32)], value: Option<&str>, sure: bool| {
            let found = resident_number(&read(texts));
            assert_eq!(found.as_ref().map(|f| f.0.as_str()), value, "{texts:?}");
            assert_eq!(found.is_some_and(|f| f.1 >= threshold("resident_number")), sure, "{texts:?}");
        };
        check(&[("900101-1234568", 0.9), ("900101-1234568", 0.9)], Some("900101-1234568"), true);
        check(&[("9001011234568", 0.9), ("900101-1234568", 0.9)], Some("900101-1234568"), true);
        check(&[("9OO1O1-1234568", 0.95), ("900101-1234568", 0.95)], Some("900101-1234568"), true);
        check(&[("900101-1234568", 0.9), ("900101-1234588", 0.9)], Some("900101-1234568"), false);
        check(&[("901301-1234568", 0.99)], Some("901301-1234568"), false);
        check(&[("900101-123456", 0.99)], None, false);
        check(&[], None, false);
    }

    #[test]
    fn dates_are_read_with_and_without_spaces_and_zeros() {
        let check = |text: &str, value: Option<&str>, sure: bool| {
            let found = issue_date(&read(&[(text, 0.95), (text, 0.95)]));
            assert_eq!(found.as_ref().map(|f| f.0.as_str()), value, "{text}");
            assert_eq!(found.is_some_and(|f| f.1 >= threshold("issue_date")), sure, "{text}");
        };
        check("2020. 1. 1.", Some("2020-01-01"), true);
        check("2009.07.01", Some("2009-07-01"), true);
        check("20090701", Some("2009-07-01"), true);
        check("2021.02.29", Some("2021-02-29"), false);
        check("2020.13.1.", Some("2020-13-01"), false);
        check("2020.1.", None, false);
    }

    #[test]
    fn names_end_at_the_bracket_and_keep_only_hangul() {
        let check = |text: &str, value: Option<&str>| {
            assert_eq!(name(&read(&[(text, 0.95)])).map(|f| f.0).as_deref(), value, "{text}");
        };
        check("홍 길 동", Some("홍길동"));
        check("홍길동(뫼吉동)", Some("홍길동"));
        check("홍길동 |", Some("홍길동"));
        check("123", None);
    }
}
