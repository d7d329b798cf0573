//! Step 7: readings become fields, each with its value in one form and a confidence.
//!
//! Dates are YYYY-MM-DD, the number is `YYMMDD-SBBBBNC`, an address is one line. Only what can't be true
//! lowers a confidence; the number's check digit never does, since numbers issued since 2020-10-05 have none.

use crate::geometry::Rect;
use crate::layout::Part;
use crate::lexicon;
use crate::model::Reading;
use crate::reading::Kind;
use crate::recognise::{ReadLine, WordGap};

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
        "resident_number" | "issue_date" => 0.90,
        "address" => 0.80,
        _ => 0.85,
    }
}

/// Print that is read with this confidence is clear: the lexicon leaves it alone.
const CLEAR: f32 = 0.75;

/// What kind of card the lines are from, and its fields.
pub fn understand(lines: &[ReadLine]) -> (Kind, Vec<Understood>) {
    let of = |part: Part| lines.iter().filter(move |line| line.part == part);
    let mut fields = Vec::new();
    let mut add = |name, line: Option<&ReadLine>, read: fn(&ReadLine) -> Option<(String, f32)>| {
        if let Some(line) = line
            && let Some((value, confidence)) = read(line)
        {
            fields.push(Understood { name, value, confidence, area: line.area });
        }
    };
    add("name", of(Part::Name).next(), |line| name(&line.readings));
    add("resident_number", of(Part::ResidentNumber).next(), |line| resident_number(&line.readings));
    add("issue_date", of(Part::IssueDate).next(), |line| issue_date(&line.readings));
    add("issuer", of(Part::Issuer).next(), |line| issuer(&best(line)));
    let address_lines: Vec<&ReadLine> = of(Part::Address).collect();
    if let Some((value, confidence)) = address(&address_lines)
        && let Some(area) = address_lines.iter().map(|line| line.area).reduce(|a, b| a.union(&b))
    {
        fields.push(Understood { name: "address", value, confidence, area });
    }
    let numbered =
        fields.iter().any(|f| f.name == "resident_number") && fields.iter().any(|f| f.name == "issue_date");
    let kind =
        of(Part::Title).flat_map(|line| &line.readings).map(|r| kind(&r.text)).find(|k| *k != Kind::Unknown);
    // A title under glare: number and date in their places say as much.
    let kind = kind.unwrap_or(if numbered { Kind::Resident } else { Kind::Unknown });
    // Fields of other kinds stand elsewhere; what lies in these places would be something else.
    (kind, if kind == Kind::Resident { fields } else { Vec::new() })
}

/// The kind that a title names, a slip or two forgiven.
pub fn kind(title: &str) -> Kind {
    const TITLES: [(&str, Kind); 8] = [
        ("주민등록증", Kind::Resident),
        ("자동차운전면허증", Kind::Driver),
        ("운전면허증", Kind::Driver),
        ("외국인등록증", Kind::Alien),
        ("국내거소신고증", Kind::Alien),
        ("영주증", Kind::Alien),
        ("여권PASSPORT", Kind::Passport),
        ("PASSPORT", Kind::Passport),
    ];
    let letters: String = title.chars().filter(|c| c.is_alphanumeric()).collect();
    let off = |text: &str| lexicon::syllables_apart(&letters, text);
    let nearest = TITLES.iter().min_by_key(|(text, _)| off(text));
    nearest
        .filter(|(text, _)| off(text) * 5 <= text.chars().count() * 2)
        .map_or(Kind::Unknown, |(_, kind)| *kind)
}

/// The number on which most readings agree; only thirteen digits count.
pub fn resident_number(readings: &[Reading]) -> Option<(String, f32)> {
    vote(readings, |text| {
        let digits: Vec<u32> = text.chars().filter(|c| !c.is_whitespace()).filter_map(as_digit).collect();
        (digits.len() == 13).then(|| {
            let text: String = digits.iter().map(|d| char::from(b'0' + *d as u8)).collect();
            // Invariant: an impossible birth date is a misreading, whoever printed it.
            let odd = !is_day(
                century(digits[6]) + number(&digits[..2]),
                number(&digits[2..4]),
                number(&digits[4..6]),
            );
            (format!("{}-{}", &text[..6], &text[6..]), odd, old_check_fits(&digits))
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
        let odd = !is_day(year, month, day) || !(1968..2100).contains(&year);
        Some((format!("{year:04}-{month:02}-{day:02}"), odd, false))
    })
}

/// The name on which most readings agree: its Hangul, without spaces.
pub fn name(readings: &[Reading]) -> Option<(String, f32)> {
    let (value, confidence) = vote(readings, |text| {
        let head = text.split(['(', '（', '[', '{']).next().unwrap_or_default();
        let name: String = head.chars().filter(|c| is_hangul(*c)).collect();
        // Other signs beside the letters are specks or strokes torn from a letter.
        let odd = head.chars().any(|c| !is_hangul(c) && !c.is_whitespace() && !".,'`-|!".contains(c));
        (!name.is_empty()).then_some((name, odd, false))
    })?;
    let usual = (2..=5).contains(&value.chars().count());
    Some((value, if usual { confidence } else { confidence * 0.6 }))
}

/// The office, helped by the lexicon where print is unclear.
pub fn issuer(reading: &Reading) -> Option<(String, f32)> {
    let printed: String = reading.text.chars().filter(|c| is_hangul(*c) || c.is_whitespace()).collect();
    let printed = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    if printed.is_empty() {
        return None;
    }
    let unlisted = lexicon::unlisted_office(&printed);
    match (lexicon::office(&printed), unlisted) {
        (Some(found), _) if found.distance == 0 => Some((found.text, reading.confidence.max(0.92))),
        // Print in an office's form, clear enough, wins over the list: the list may be behind.
        (_, Some(spaced)) if reading.confidence >= CLEAR => Some((spaced, reading.confidence)),
        // What has no office's form was misread, however sure the model is.
        (Some(found), None) if found.distance == 1 => Some((found.text, 0.86)),
        (Some(found), _) if reading.confidence < CLEAR => {
            Some((found.text, 0.86 - 0.08 * (found.distance - 1) as f32))
        }
        (_, Some(spaced)) => Some((spaced, reading.confidence)),
        _ => Some((printed, reading.confidence * 0.8)),
    }
}

/// All lines as one, spaces where the print has gaps.
fn address(lines: &[&ReadLine]) -> Option<(String, f32)> {
    let mut words = Vec::new();
    let mut confidence = 1.0f32;
    let mut first = 0.0;
    for line in lines {
        let reading = best(line);
        let text = spaced(&reading.text, &line.gaps);
        if !text.is_empty() {
            if words.is_empty() {
                first = reading.confidence;
            }
            confidence = confidence.min(reading.confidence);
            words.push(text);
        }
    }
    // Tesseract is surer of long Korean lines than it should be.
    let confidence = confidence * 0.93;
    let printed = words.join(" ");
    if printed.is_empty() {
        return None;
    }
    let Some(found) = lexicon::beginning(&printed).filter(|found| found.distance == 0 || first < CLEAR)
    else {
        return Some((printed, confidence));
    };
    let mut rest = printed.as_str();
    let mut left = found.taken;
    while left > 0
        && let Some(c) = rest.chars().next()
    {
        rest = &rest[c.len_utf8()..];
        left -= usize::from(!c.is_whitespace());
    }
    let value = format!("{} {}", found.text, rest.trim_start()).trim_end().to_owned();
    Some((value, if found.distance == 0 { confidence } else { confidence.min(0.78) }))
}

fn best(line: &ReadLine) -> Reading {
    let best = line.readings.iter().max_by(|a, b| a.confidence.total_cmp(&b.confidence));
    best.cloned().unwrap_or(Reading { text: String::new(), confidence: 0.0 })
}

/// The value that has most confidence behind it. A reading gives its value, whether something in it can't be
/// true, and whether something speaks for it.
fn vote(readings: &[Reading], value: impl Fn(&str) -> Option<(String, bool, bool)>) -> Option<(String, f32)> {
    struct Candidate {
        value: String,
        odd: bool,
        weight: f32,
        best: f32,
        votes: usize,
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for reading in readings {
        let Some((value, odd, confirmed)) = value(&reading.text) else { continue };
        let weight =
            (reading.confidence + 0.2) * if odd { 0.3 } else { 1.0 } * if confirmed { 1.3 } else { 1.0 };
        match candidates.iter_mut().find(|c| c.value == value) {
            Some(known) => {
                known.weight += weight;
                known.best = known.best.max(reading.confidence);
                known.votes += 1;
            }
            None => candidates.push(Candidate { value, odd, weight, best: reading.confidence, votes: 1 }),
        }
    }
    let winner = candidates.into_iter().max_by(|a, b| a.weight.total_cmp(&b.weight))?;
    // Independent forms that agree leave less room for error; one that disagrees leaves more.
    let agreement = winner.votes as f32 / readings.len() as f32;
    let confidence = if readings.len() > 1 && winner.votes == readings.len() {
        1.0 - (1.0 - winner.best) * 0.4
    } else {
        winner.best * (0.55 + 0.45 * agreement)
    };
    let confidence = if winner.odd { confidence.min(0.3) } else { confidence };
    Some((winner.value, confidence))
}

/// Digits, and letters that only a misreading puts among digits.
fn as_digit(c: char) -> Option<u32> {
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

fn number(digits: &[u32]) -> u32 {
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

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether the check digit of numbers from before October 2020 fits; between two readings it may decide.
fn old_check_fits(digits: &[u32]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| d * w).sum();
    digits.last() == Some(&((11 - sum % 11) % 10))
}

fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// The text's letters with spaces at the line's gaps. Tesseract puts spaces between Korean letters at will; where
/// the ink has a gap is known better. Letters are placed by their usual widths.
fn spaced(text: &str, gaps: &[WordGap]) -> String {
    const SPACE_EM: f64 = 0.3;
    let letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut places = vec![0.0];
    for c in &letters {
        let width_em = match c {
            '(' | ')' | ',' | '.' | '-' | '·' => 0.34,
            c if c.is_ascii() => 0.58,
            _ => 0.93,
        };
        places.push(places[places.len() - 1] + width_em);
    }
    // A space inside a number, or before the letter that counts it, is rare; next to a thin 1 ink lies far apart.
    let reluctance = |i: usize| match (letters[i - 1], letters[i]) {
        (a, b) if a.is_ascii_digit() && b.is_ascii_digit() => 0.45,
        (a, '동' | '호' | '층' | '번' | '길') if a.is_ascii_digit() => 0.6,
        (_, ')' | ',') => 1.0,
        (a, b) if a.is_ascii_digit() != b.is_ascii_digit() => 0.0,
        _ => 0.1,
    };
    // Gaps around digits that are no spaces may be as wide as spaces, so the doubtful ones are tried first as none.
    let count = |least: f64| gaps.iter().filter(|gap| gap.width >= least).count() as f64;
    let total = places[letters.len()] + SPACE_EM * count(0.36);
    let mut breaks: Vec<usize> = Vec::new();
    for gap in gaps {
        let first = breaks.last().map_or(1, |last| last + 1);
        let shift = SPACE_EM * (breaks.len() as f64 + 0.5);
        let off = |i: usize| (places[i] + shift - gap.middle * total).abs() + reluctance(i);
        let Some(place) = (first..letters.len()).min_by(|a, b| off(*a).total_cmp(&off(*b))) else { continue };
        let (before, after) = (letters[place - 1], letters[place]);
        let ones = [before, after].iter().filter(|c| **c == '1').count() as f64;
        let inside_number = before.is_ascii_digit() && after.is_ascii_digit();
        let least = 0.27 + ones * if inside_number { 0.13 } else { 0.04 };
        if gap.width >= least && off(place) < 0.8 {
            breaks.push(place);
        }
    }
    let mut answer = String::new();
    for (i, letter) in letters.iter().enumerate() {
        if breaks.contains(&i) {
            answer.push(' ');
        }
        answer.push(*letter);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[(&str, f32)]) -> Vec<Reading> {
        texts
            .iter()
            .map(|(text, confidence)| Reading { text: (*text).into(), confidence: *confidence })
            .collect()
    }

    #[test]
    fn titles_name_the_kind() {
        let check = |title: &str, expected| assert_eq!(kind(title), expected, "{title}");
        check("주민등록증", Kind::Resident);
        check("주 민 등 록 중", Kind::Resident);
        check("자동차운전면허증", Kind::Driver);
        check("외국인등록증", Kind::Alien);
        check("PASSPORT", Kind::Passport);
        check("회원카드", Kind::Unknown);
        check("", Kind::Unknown);
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

    #[test]
    fn spaces_stand_where_the_ink_has_gaps() {
        let check = |text: &str, gaps: &[(f64, f64)], expected: &str| {
            let gaps: Vec<WordGap> =
                gaps.iter().map(|(middle, width)| WordGap { middle: *middle, width: *width }).collect();
            assert_eq!(spaced(text, &gaps), expected);
        };
        check("서 울특별시 강 남구", &[(0.61, 0.4)], "서울특별시 강남구");
        check("101동1625호", &[(0.47, 0.5)], "101동 1625호");
        // A thin 1 stands far from its neighbours.
        check("118동", &[(0.20, 0.35)], "118동");
        check("대 학 로", &[], "대학로");
    }

    #[test]
    fn the_lexicon_helps_unclear_print_only() {
        let check = |text: &str, confidence: f32, value: &str| {
            let found = issuer(&Reading { text: text.into(), confidence }).unwrap();
            assert_eq!(found.0, value, "{text}");
        };
        check("서울특벌시 강남구청장", 0.6, "서울특별시 강남구청장");
        check("서울특별시 강담구청장", 0.8, "서울특별시 강담구청장");
        check("경기도 수원시 팔 달 구 정장", 0.93, "경기도 수원시 팔달구청장");
        check("이웃나라 시장", 0.5, "이웃나라 시장");
    }
}
