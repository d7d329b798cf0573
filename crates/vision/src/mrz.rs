//! The machine-readable zone of a passport: two lines of 44 characters (TD3).
//!
//! ICAO Doc 9303-3 §4.9 (check digits) and Doc 9303-4 §4.2 (what stands where). Pure: text in, data out. Refuses
//! the zones of cards (TD1, three lines of 30; TD2, two of 36). It repairs what a recogniser confuses, by what may
//! stand at a place, and believes a repair only where the check digit then fits. That a zone's digits fit says that
//! it was read well, not that the passport is genuine.

use crate::day::Day;
use std::fmt;

/// Characters in a line.
pub const LINE: usize = 44;

/// A part of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// `P` and a letter or a filler.
    Code,
    /// Who issued it.
    Issuer,
    /// Surname and given names.
    Names,
    /// The passport's number.
    Number,
    /// Whose passport it is.
    Nationality,
    /// Day of birth.
    Birth,
    /// Sex.
    Sex,
    /// Last day.
    Expiry,
    /// What the state likes to put there.
    Optional,
    /// The last check digit, over the whole second line.
    Composite,
}

/// Which check digits fit. `Debug` is safe: it tells nothing of what they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Of the number.
    pub number: bool,
    /// Of the day of birth.
    pub birth: bool,
    /// Of the last day.
    pub expiry: bool,
    /// Of the optional data; an empty field may have a filler instead.
    pub optional: bool,
    /// Of all of them together.
    pub composite: bool,
}

impl Checks {
    /// Whether all fit.
    pub fn all(self) -> bool {
        self.number && self.birth && self.expiry && self.optional && self.composite
    }
}

/// A zone as read. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// Both lines after repair, 44 characters each.
    pub lines: [String; 2],
    /// `P`, or `P` and a letter (Korea prints `PM`).
    pub code: String,
    /// Three letters, or fewer.
    pub issuer: String,
    /// Fillers become spaces.
    pub surname: String,
    /// Fillers become spaces; may be empty.
    pub given_names: String,
    /// Without fillers.
    pub number: String,
    /// Three letters, or fewer.
    pub nationality: String,
    /// `None` where no such day exists.
    pub birth: Option<Day>,
    /// `M`, `F`, or `<` where it is not stated; `None` for anything else.
    pub sex: Option<char>,
    /// `None` where no such day exists.
    pub expiry: Option<Day>,
    /// Without fillers at its end.
    pub optional: String,
    /// Which check digits fit.
    pub checks: Checks,
    /// What was repaired, in the order of the zone.
    pub repaired: Vec<Part>,
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mrz")
            .field("checks", &self.checks)
            .field("repaired", &self.repaired)
            .finish_non_exhaustive()
    }
}

/// Why a text is not taken for the zone of a passport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTd3 {
    /// Three lines of 30: a card.
    #[error("three lines of 30 characters: a card's zone (TD1), not a passport's")]
    Td1,
    /// Two lines of 36: an older card, or a visa.
    #[error("two lines of 36 characters: a card's zone (TD2), not a passport's")]
    Td2,
    /// Not two lines of 44, or with signs that no zone has.
    #[error("not two lines of 44 capitals, digits and fillers")]
    Form,
    /// It does not begin with P.
    #[error("the first line is not a passport's")]
    NoPassport,
}

/// Reads a zone, one line of text a line. `today` decides between centuries: births don't lie in the future, and of
/// last days the nearest is meant.
pub fn read(text: &str, today: Day) -> Result<Mrz, NotTd3> {
    let lines: Vec<Vec<char>> = text.lines().map(signs).filter(|line| !line.is_empty()).collect();
    let lengths: Vec<usize> = lines.iter().map(Vec::len).collect();
    match lengths.as_slice() {
        [30, 30, 30] => return Err(NotTd3::Td1),
        [36, 36] => return Err(NotTd3::Td2),
        [LINE, LINE] => {}
        _ => return Err(NotTd3::Form),
    }
    if lines.iter().flatten().any(|c| !is_sign(*c)) {
        return Err(NotTd3::Form);
    }
    let mut lines = lines.into_iter();
    let (mut first, mut second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if first[0] != 'P' {
        return Err(NotTd3::NoPassport);
    }
    let mut repaired = Vec::new();
    for (part, from, to) in [(Part::Code, 1, 2), (Part::Issuer, 2, 5), (Part::Names, 5, LINE)] {
        note(letters_only(&mut first[from..to]), part, &mut repaired);
    }
    let checks = second_line(&mut second, &mut repaired);

    let (surname, given_names) = names(&first[5..]);
    let text = |signs: &[char]| signs.iter().collect::<String>();
    let bare = |signs: &[char]| text(signs).trim_end_matches('<').to_owned();
    Ok(Mrz {
        code: bare(&first[..2]),
        issuer: bare(&first[2..5]),
        surname,
        given_names,
        number: bare(&second[..9]),
        nationality: bare(&second[10..13]),
        birth: birth(&second[13..19], today),
        sex: Some(second[20]).filter(|c| "MF<".contains(*c)),
        expiry: expiry(&second[21..27], today),
        optional: bare(&second[28..42]),
        checks,
        repaired,
        lines: [text(&first), text(&second)],
    })
}

/// ICAO Doc 9303-3 §4.9: weights 7, 3, 1; digits count themselves, letters from A = 10, fillers nothing.
pub fn check_digit(signs: impl IntoIterator<Item = char>) -> u32 {
    let value = |c: char| if c == '<' { 0 } else { c.to_digit(36).unwrap_or(0) };
    signs.into_iter().zip([7, 3, 1].into_iter().cycle()).map(|(c, weight)| value(c) * weight).sum::<u32>()
        % 10
}

/// The signs of a line as the zone has them: capitals, no spaces, angle quotes as fillers.
fn signs(line: &str) -> Vec<char> {
    line.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(|c| match c {
            '«' | '《' => vec!['<', '<'],
            '‹' | '〈' | '＜' => vec!['<'],
            c => vec![c.to_ascii_uppercase()],
        })
        .collect()
}

fn is_sign(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<'
}

/// Repairs the second line and tells which check digits fit.
fn second_line(line: &mut [char], repaired: &mut Vec<Part>) -> Checks {
    // Invariant: a repair that no check digit confirms is undone, except where letters alone may stand.
    let number = number(line);
    note(number.1, Part::Number, repaired);
    note(letters_only(&mut line[10..13]), Part::Nationality, repaired);
    let birth = digits_only(line, 13, 19);
    note(birth.1, Part::Birth, repaired);
    note(letters_only(&mut line[20..21]), Part::Sex, repaired);
    let expiry = digits_only(line, 21, 27);
    note(expiry.1, Part::Expiry, repaired);
    // What a state puts into the optional data is its own affair: nothing in it can be repaired.
    let empty = line[28..42].iter().all(|c| *c == '<');
    let optional = if empty && line[42] == '<' { (true, false) } else { checked(line, 28, 42) };
    note(optional.1, Part::Optional, repaired);

    let covered: Vec<char> = [&line[0..10], &line[13..20], &line[21..43]].concat();
    let digit = as_digit(line[43]).filter(|c| c.to_digit(10) == Some(check_digit(covered)));
    if let Some(digit) = digit {
        note(digit != line[43], Part::Composite, repaired);
        line[43] = digit;
    }
    Checks {
        number: number.0,
        birth: birth.0,
        expiry: expiry.0,
        optional: optional.0,
        composite: digit.is_some(),
    }
}

fn note(did: bool, part: Part, repaired: &mut Vec<Part>) {
    if did {
        repaired.push(part);
    }
}

/// Whether the sign at `to` is the check digit of the signs before it; a letter there that stands for the digit is
/// put right. Then: whether anything was changed.
fn checked(line: &mut [char], from: usize, to: usize) -> (bool, bool) {
    match as_digit(line[to]) {
        Some(digit) if digit.to_digit(10) == Some(check_digit(line[from..to].iter().copied())) => {
            let changed = digit != line[to];
            line[to] = digit;
            (true, changed)
        }
        _ => (false, false),
    }
}

/// A field of digits with its check digit behind it. Letters become the digits they look like if the check digit
/// then fits.
fn digits_only(line: &mut [char], from: usize, to: usize) -> (bool, bool) {
    let before: Vec<char> = line[from..=to].to_vec();
    for c in &mut line[from..to] {
        // An unknown day or month is printed as fillers (Doc 9303-4 §4.2.2.2).
        *c = if *c == '<' { '<' } else { as_digit(*c).unwrap_or(*c) };
    }
    let changed = line[from..to] != before[..to - from];
    let (fits, digit_changed) = checked(line, from, to);
    if !fits {
        line[from..=to].copy_from_slice(&before);
    }
    (fits, fits && (changed || digit_changed))
}

/// The forms of a Korean passport's number: A letter, 9 a digit. Since December 2021 the first, before the second.
const KOREAN: [&str; 2] = ["A999A9999", "A99999999"];

/// The number with its check digit. It may hold letters and digits anywhere; what is known are the two forms that
/// Korea prints, and those are tried where the number as read does not fit.
fn number(line: &mut [char]) -> (bool, bool) {
    let (fits, changed) = checked(line, 0, 9);
    // G and 6 have the same value (16 and 6, modulo 10), so a check digit can't tell them apart, but a form can.
    let of_korea = line[10..13].iter().map(|c| as_letter(*c)).collect::<Option<String>>();
    if of_korea.as_deref() != Some("KOR") {
        return (fits, changed);
    }
    let before: Vec<char> = line[..10].to_vec();
    let formed: Vec<Vec<char>> = KOREAN
        .iter()
        .filter_map(|form| {
            let place = |(c, f): (&char, char)| if f == 'A' { as_letter(*c) } else { as_digit(*c) };
            before[..9].iter().zip(form.chars()).map(place).collect::<Option<Vec<char>>>()
        })
        .collect();
    if formed.iter().any(|number| number[..] == before[..9]) {
        return (fits, changed);
    }
    for number in formed {
        line[..9].copy_from_slice(&number);
        if checked(line, 0, 9).0 {
            return (true, true);
        }
    }
    line[..10].copy_from_slice(&before);
    (fits, changed)
}

/// Turns digits into the letters they look like; whether any was. No check digit covers these places, so a repaired
/// one stays doubtful.
fn letters_only(signs: &mut [char]) -> bool {
    let before = signs.to_vec();
    for c in signs.iter_mut() {
        *c = as_letter(*c).unwrap_or(*c);
    }
    signs != before
}

fn as_digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        'O' | 'Q' | 'D' => Some('0'),
        'I' | 'L' => Some('1'),
        'Z' => Some('2'),
        'S' => Some('5'),
        'G' => Some('6'),
        'B' => Some('8'),
        _ => None,
    }
}

fn as_letter(c: char) -> Option<char> {
    match c {
        '0' => Some('O'),
        '1' => Some('I'),
        '2' => Some('Z'),
        '5' => Some('S'),
        '6' => Some('G'),
        '8' => Some('B'),
        c if c.is_ascii_uppercase() || c == '<' => Some(c),
        _ => None,
    }
}

/// Surname and given names: two fillers stand between them, one between the words of each.
fn names(signs: &[char]) -> (String, String) {
    let text: String = signs.iter().collect();
    let (surname, given) = text.split_once("<<").unwrap_or((&text, ""));
    let words = |name: &str| name.split('<').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    (words(surname), words(given))
}

fn two_digit_days(signs: &[char], centuries: [u32; 3]) -> Option<[Option<Day>; 3]> {
    let number = |at: usize| Some(signs.get(at)?.to_digit(10)? * 10 + signs.get(at + 1)?.to_digit(10)?);
    let (year, month, day) = (number(0)?, number(2)?, number(4)?);
    Some(centuries.map(|century| Day::new(century + year, month, day)))
}

/// The newest day of birth that is not in the future.
fn birth(signs: &[char], today: Day) -> Option<Day> {
    let century = today.year() / 100 * 100;
    let days = two_digit_days(signs, [century, century - 100, century - 200])?;
    days.into_iter().flatten().find(|day| *day <= today)
}

/// The last day that is nearest to today, before or after.
fn expiry(signs: &[char], today: Day) -> Option<Day> {
    let century = today.year() / 100 * 100;
    let days = two_digit_days(signs, [century, century - 100, century + 100])?;
    days.into_iter().flatten().min_by_key(|day| day.roughly_after(today).abs())
}
