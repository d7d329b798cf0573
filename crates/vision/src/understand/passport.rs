//! Passports: nearly all from the lines for machines, whose check digits tell what was read well.

use super::values::{as_digit, name};
use super::vote::{Meant, vote};
use super::{Fields, Understood};
use crate::day::Day;
use crate::geometry::Rect;
use crate::layout::{Layout, Part, Zone};
use crate::model::Reading;
use crate::mrz::{self, LINE, Mrz};
use crate::recognise::ZoneWord;

/// What a field is worth whose check digit fits; of others, only the recogniser is known.
const CHECKED: f32 = 0.98;

pub(super) fn understand(fields: &mut Fields<'_>, layout: &Layout, today: Day) {
    let Some(zone) = &layout.zone else { return };
    let read = ZoneRead::of(&fields.read.zone, zone);
    let Ok(mrz) = mrz::read(&read.text(), today) else { return };
    let of_korea = mrz.issuer == "KOR";
    fields.found.extend(of_zone(&mrz, &read, zone));
    if of_korea {
        fields.add("name", Part::KoreanName, |line| name(&line.readings));
    }
    fields.add("issue_date", Part::IssueDate, |line| {
        worded_date(&line.readings, |day| {
            let odd = day > today
                || mrz.expiry.is_some_and(|last| day > last)
                || mrz.birth.is_some_and(|born| day < born);
            // Most passports end on the day of the year on which they were issued, or on the day before.
            let confirmed = mrz.expiry.is_some_and(|last| is_anniversary(day, last));
            (odd, confirmed)
        })
    });
}

/// What stands in the 88 places, and how sure it is.
struct ZoneRead {
    lines: [[char; LINE]; 2],
    /// Confidence by place; 0 where nothing was read.
    sure: [[f32; LINE]; 2],
}

impl ZoneRead {
    /// Puts words into their places. A word of another length than its places was misread.
    fn of(words: &[ZoneWord], zone: &Zone) -> Self {
        let mut read = Self { lines: [['<'; LINE]; 2], sure: [[0.0; LINE]; 2] };
        for (line, sure) in zone.lines.iter().zip(&mut read.sure) {
            for (place, filler) in line.fillers.iter().enumerate() {
                sure[place] = if *filler { 0.95 } else { 0.0 };
            }
        }
        for word in words {
            let Some((text, confidence)) = meant(word) else { continue };
            for (place, c) in word.places.clone().zip(text.chars()) {
                read.lines[word.line][place] = c;
                read.sure[word.line][place] = confidence;
            }
        }
        // A letter that stands alone is often misread. Two lines of 44 are a passport's or a visa's (Doc 9303-7).
        if !matches!(read.lines[0][0], 'P' | 'V') {
            read.lines[0][0] = 'P';
            read.sure[0][0] = read.sure[0][0].min(0.5);
        }
        read
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    }

    /// The least sure of some places.
    fn least(&self, line: usize, places: std::ops::Range<usize>) -> f32 {
        self.sure[line][places].iter().copied().fold(1.0, f32::min)
    }
}

/// The reading of a word with a sign for each of its places; one whose check digit fits wins over one that is surer.
fn meant(word: &ZoneWord) -> Option<(String, f32)> {
    let checked =
        word.line == 1 && matches!((word.places.start, word.places.end), (0, 10) | (13, 20) | (20, 28));
    vote(&word.readings, |text| {
        let signs: String =
            text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_uppercase();
        // The sex stands before the last day, and no check digit covers it.
        let own = if word.places.start == 20 { signs.get(1..) } else { Some(signs.as_str()) };
        let fits = checked
            && own.and_then(|own| own.split_at_checked(own.len().saturating_sub(1))).is_some_and(
                |(value, digit)| {
                    let digit = digit.chars().next().and_then(as_digit);
                    digit == Some(mrz::check_digit(value.chars()))
                },
            );
        let whole = signs.chars().count() == word.places.len();
        whole.then_some(Meant { value: signs, odd: false, confirmed: fits })
    })
}

/// The fields of the zone.
fn of_zone(mrz: &Mrz, read: &ZoneRead, zone: &Zone) -> Vec<Understood> {
    let mut found = Vec::new();
    let mut add = |name, value: String, confidence: f32, area: Rect| {
        if !value.is_empty() {
            found.push(Understood { name, value, confidence, area });
        }
    };
    let cells = |line: usize, places: std::ops::Range<usize>| zone.lines[line].cells(places);
    let checked =
        |fits: bool, least: f32| if fits && least > 0.0 { CHECKED.max(least) } else { least.min(0.5) };
    let names = read.least(0, 5..LINE);
    if read.least(0, 0..LINE) > 0.0 {
        add("mrz_line1", mrz.lines[0].clone(), read.least(0, 0..LINE), zone.lines[0].area);
    }
    if read.least(1, 0..LINE) > 0.0 {
        add(
            "mrz_line2",
            mrz.lines[1].clone(),
            checked(mrz.checks.all(), read.least(1, 0..LINE)),
            zone.lines[1].area,
        );
    }
    if names > 0.0 {
        add("surname", mrz.surname.clone(), names, cells(0, 5..LINE));
        add("given_names", mrz.given_names.clone(), names, cells(0, 5..LINE));
    }
    let number = checked(mrz.checks.number, read.least(1, 0..10));
    add("passport_number", mrz.number.clone(), number, cells(1, 0..10));
    // Issuer and nationality are the same letters for nearly everyone, and so confirm each other.
    let (nationality, issuer) = (read.least(1, 10..13), read.least(0, 2..5));
    let agreed = if mrz.nationality == mrz.issuer { nationality.max(issuer).max(0.9) } else { nationality };
    if nationality > 0.0 {
        add("nationality", mrz.nationality.clone(), agreed, cells(1, 10..13));
    }
    if let Some(birth) = mrz.birth {
        add(
            "birth_date",
            birth.to_string(),
            checked(mrz.checks.birth, read.least(1, 13..20)),
            cells(1, 13..20),
        );
    }
    if let Some(sex) = mrz.sex.filter(|sex| *sex != '<') {
        add("sex", sex.to_string(), read.least(1, 20..21), cells(1, 20..21));
    }
    if let Some(expiry) = mrz.expiry {
        add(
            "expiry_date",
            expiry.to_string(),
            checked(mrz.checks.expiry, read.least(1, 21..28)),
            cells(1, 21..28),
        );
    }
    found
}

/// A day as passports print it: `15 10월/OCT 1987`, or `15 OCT 1987`. The caller says what can't be and what speaks
/// for a day.
fn worded_date(readings: &[Reading], judge: impl Fn(Day) -> (bool, bool)) -> Option<(String, f32)> {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let (value, sure) = vote(readings, |text| {
        // Among letters of the month a nought is an O.
        let text = text.to_uppercase().replace("0CT", "OCT").replace("N0V", "NOV");
        let groups: Vec<u32> = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|group| !group.is_empty())
            .map(|group| group.parse().ok())
            .collect::<Option<_>>()?;
        let capitals: String = text.chars().filter(char::is_ascii_alphabetic).collect();
        let worded = MONTHS.iter().position(|month| capitals.contains(month)).map(|at| at as u32 + 1);
        let (day, month, year) = match groups.as_slice() {
            [day, month, year] => (*day, worded.unwrap_or(*month), *year),
            [day, year] => (*day, worded?, *year),
            _ => return None,
        };
        // Both prints of the month have to agree.
        let torn =
            matches!(groups.as_slice(), [_, printed, _] if worded.is_some_and(|month| month != *printed));
        let day = Day::new(year, month, day)?;
        let (odd, confirmed) = judge(day);
        Some(Meant { value: day.to_string(), odd: odd || torn, confirmed })
    })?;
    // Nothing speaks for a day that can't be.
    let confirmed = Day::parse(&value).is_some_and(|day| judge(day) == (false, true));
    Some((value, if confirmed { sure.max(0.95) } else { sure }))
}

/// Whether one day is five or ten years after the other, or the day before that.
fn is_anniversary(from: Day, last: Day) -> bool {
    /// Days of a year as `roughly_after` counts them; it may miss three at the end of February.
    const YEAR: i64 = 372;
    [5, 10].iter().any(|years| (years * YEAR - 3..=years * YEAR).contains(&last.roughly_after(from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<Reading> {
        texts.iter().map(|text| Reading { text: (*text).into(), confidence: 0.9 }).collect()
    }

    #[test]
    fn days_with_months_as_words_are_read() {
        let check = |texts: &[&str], value: Option<&str>| {
            let found = worded_date(&read(texts), |_| (false, false));
            assert_eq!(found.map(|f| f.0).as_deref(), value, "{texts:?}");
        };
        check(&["15 10월/OCT 1987"], Some("1987-10-15"));
        check(&["15 OCT 1987"], Some("1987-10-15"));
        check(&["15 10 월/0CT 1987"], Some("1987-10-15"));
        check(&["31 FEB 1987"], None);
        check(&["OCT 1987"], None);
        let torn = worded_date(&read(&["15 10월/NOV 1987"]), |_| (false, false)).unwrap();
        assert!(torn.1 <= 0.3);
        let future = worded_date(&read(&["15 10월/OCT 2087"]), |_| (true, true)).unwrap();
        assert!(future.1 <= 0.3);
    }

    #[test]
    fn a_word_with_a_fitting_check_digit_wins() {
        let word = ZoneWord { line: 1, places: 13..20, readings: read(&["9001017", "9001011", "9001011X"]) };
        assert_eq!(meant(&word).unwrap().0, "9001011");
        let word = ZoneWord { line: 1, places: 20..28, readings: read(&["F3112310", "F3112319"]) };
        assert_eq!(meant(&word).unwrap().0, "F3112319");
        let word = ZoneWord { line: 0, places: 5..9, readings: read(&["HONGG"]) };
        assert_eq!(meant(&word), None);
    }

    #[test]
    fn passports_end_on_an_anniversary() {
        let day = |text| Day::parse(text).unwrap();
        assert!(is_anniversary(day("2022-01-03"), day("2032-01-03")));
        assert!(is_anniversary(day("2022-01-04"), day("2032-01-03")));
        assert!(!is_anniversary(day("2022-02-03"), day("2032-01-03")));
        assert!(!is_anniversary(day("2022-01-03"), day("2031-01-03")));
    }
}
