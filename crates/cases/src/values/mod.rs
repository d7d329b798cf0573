//! Values that name a person, as types that cannot be logged by accident.
//!
//! `Debug` is masked as domain practice asks (name's middle, number's tail), there is no `Display` and no
//! `Serialize`: whoever needs the text writes `expose()` and can be found by that word.
//! Checks follow the issuers' rules; a checksum never refuses (numbers issued since 2020-10-05 are random).

mod document;
mod phone;

pub use document::{
    AlienCard, Document, DocumentField, DocumentKind, DriverLicence, ForeignPassport, LicenceNumber,
    Nationality, Passport, PassportNumber, ResidentCard, SerialCode,
};
pub use phone::{Ci, PhoneNumber, SexDigit, TelecomName};

use jiff::civil::Date;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Why a text is not a value of its type. Names the rule, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Nothing, or only spaces.
    #[error("is empty")]
    Empty,
    /// Longer than the field allows.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A character that the field does not allow.
    #[error("has a character that does not belong there")]
    Character,
    /// Too many or too few digits.
    #[error("has the wrong number of digits")]
    Length,
    /// The day does not exist or lies in the future.
    #[error("is not a day of the calendar")]
    Date,
}

/// A person's name: NFC, outer spaces gone, inner runs of spaces made one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

impl PersonName {
    /// Longest name that is taken; the longest that Korean registers print is far shorter.
    pub const MAX_CHARS: usize = 80;

    /// Reads a name. Letters of any script, spaces and `. ' - ,` and the middle dot are allowed.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let name = text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(Malformed::Empty);
        }
        if name.chars().count() > Self::MAX_CHARS {
            return Err(Malformed::TooLong(Self::MAX_CHARS));
        }
        if !name.chars().all(|c| c.is_alphabetic() || " .'-,·\u{2019}".contains(c)) {
            return Err(Malformed::Character);
        }
        Ok(Self(name))
    }

    /// The name in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `홍*동`, `김*`, `H***`: what may stand on a screen that others see.
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        match chars.len() {
            1 => "*".into(),
            2 => format!("{}*", chars[0]),
            n => {
                let stars = "*".repeat(n - 2);
                let last = if chars[n - 1].is_ascii() { '*' } else { chars[n - 1] };
                format!("{}{stars}{last}", chars[0])
            }
        }
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// How two spellings of a name agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameMatch {
    /// The same person by any reading.
    Same,
    /// Perhaps the same: a longer or cut spelling, another order. People decide.
    Similar,
    /// Another name.
    Different,
}

/// Compares a name on an ID with the holder's name that a bank gave, with care for spaces, width, case and
/// names that a bank cut short (20 bytes or characters are usual limits).
pub fn compare_names(id: &PersonName, holder: &str) -> NameMatch {
    let fold = |text: &str| -> Vec<char> {
        text.nfkc().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase).collect()
    };
    let (a, b) = (fold(&id.0), fold(holder));
    if a.is_empty() || b.is_empty() {
        return NameMatch::Different;
    }
    if a == b {
        return NameMatch::Same;
    }
    let hangul = |t: &[char]| t.iter().any(|c| ('가'..='힣').contains(c));
    if hangul(&a) || hangul(&b) {
        // A Korean name of two to four syllables that differs at all is another name, unless one is the other
        // with something behind it (a trade name, a cut).
        let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
        return if short.len() >= 3 && short.len() < long.len() && long.starts_with(short) {
            NameMatch::Similar
        } else {
            NameMatch::Different
        };
    }
    let words = |text: &str| -> Vec<String> {
        let mut words: Vec<String> = text
            .nfkc()
            .collect::<String>()
            .split(|c: char| !c.is_alphabetic())
            .filter(|w| !w.is_empty())
            .map(str::to_uppercase)
            .collect();
        words.sort();
        words
    };
    if words(&id.0) == words(holder) {
        return NameMatch::Similar;
    }
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    if short.len() >= 10 && long.starts_with(short) { NameMatch::Similar } else { NameMatch::Different }
}

/// A resident registration number (주민등록번호), 13 digits. Only what every number must have is checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentNumber([u8; 13]);

impl ResidentNumber {
    /// Reads `900101-1234567` or the digits alone.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        if !text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ') {
            return Err(Malformed::Character);
        }
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
        let digits: [u8; 13] = digits.try_into().map_err(|_| Malformed::Length)?;
        let number = Self(digits);
        number.birth_date_checked().ok_or(Malformed::Date)?;
        Ok(number)
    }

    fn birth_date_checked(&self) -> Option<Date> {
        let two = |i: usize| i16::from(self.0[i] * 10 + self.0[i + 1]);
        // The seventh digit names century and sex; 5 to 8 are foreigners.
        let century = match self.0[6] {
            9 | 0 => 1800,
            1 | 2 | 5 | 6 => 1900,
            _ => 2000,
        };
        Date::new(century + two(0), two(2) as i8, two(4) as i8).ok()
    }

    /// The day of birth that the number states.
    pub fn birth_date(&self) -> Date {
        self.birth_date_checked().expect("checked when the number was read")
    }

    /// The digits without hyphen, as issuers take them.
    pub fn expose(&self) -> String {
        self.0.iter().map(|d| (d + b'0') as char).collect()
    }

    /// As printed on the card.
    pub fn expose_printed(&self) -> String {
        let digits = self.expose();
        format!("{}-{}", &digits[..6], &digits[6..])
    }

    /// `900101-1******`.
    pub fn masked(&self) -> String {
        let digits = self.expose();
        format!("{}-{}******", &digits[..6], &digits[6..7])
    }

    /// True for a number of a foreigner.
    pub fn is_foreigner(&self) -> bool {
        matches!(self.0[6], 5..=8)
    }

    /// Whether the check digit of numbers issued before 2020-10-05 fits. `false` means nothing by itself: since
    /// then the last six digits are random.
    pub fn old_checksum_fits(&self) -> bool {
        const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
        let sum: u32 = WEIGHTS.iter().zip(&self.0).map(|(w, d)| w * u32::from(*d)).sum();
        let base = if self.is_foreigner() { 13 } else { 11 };
        (base - sum % 11) % 10 == u32::from(self.0[12])
    }
}

impl fmt::Debug for ResidentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResidentNumber(…)")
    }
}

/// An account number: at most 16 digits, no hyphen on the wire (KFTC open banking, `account_num` AN16).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AccountNumber(String);

impl AccountNumber {
    /// Reads digits; hyphens and spaces are dropped.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.trim().is_empty() {
            return Err(Malformed::Empty);
        }
        if !text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ') {
            return Err(Malformed::Character);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        // Korean account numbers have 7 (old special accounts) to 16 digits.
        if !(7..=16).contains(&digits.len()) {
            return Err(Malformed::Length);
        }
        Ok(Self(digits))
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `***-1234`: the last four.
    pub fn masked(&self) -> String {
        format!("***-{}", &self.0[self.0.len() - 4..])
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountNumber(…)")
    }
}

/// A bank's or securities house's standard code of three digits. Not personal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BankCode([u8; 3]);

impl BankCode {
    /// Reads three digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| Malformed::Length)?;
        if bytes.iter().all(u8::is_ascii_digit) { Ok(Self(bytes)) } else { Err(Malformed::Character) }
    }
    /// The three digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII digits")
    }
}

impl fmt::Debug for BankCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Display for BankCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl TryFrom<String> for BankCode {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}
impl From<BankCode> for String {
    fn from(code: BankCode) -> String {
        code.as_str().to_owned()
    }
}

/// Reads a day as people write it on cards and type it: `2020. 1. 1.`, `2009.07.01`, `2020-01-01`, `20200101`.
pub fn parse_date(text: &str) -> Result<Date, Malformed> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Malformed::Empty);
    }
    if !text.chars().all(|c| c.is_ascii_digit() || " .-/년월일".contains(c)) {
        return Err(Malformed::Character);
    }
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).collect();
    let joined;
    let parts: [&str; 3] = match parts.as_slice() {
        [all] if all.len() == 8 => {
            joined = [&all[..4], &all[4..6], &all[6..]];
            joined
        }
        [y, m, d] if y.len() == 4 && m.len() <= 2 && d.len() <= 2 => [y, m, d],
        _ => return Err(Malformed::Length),
    };
    let number = |p: &str| p.parse::<i16>().map_err(|_| Malformed::Length);
    Date::new(number(parts[0])?, number(parts[1])? as i8, number(parts[2])? as i8)
        .map_err(|_| Malformed::Date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_published_vectors() {
        for fits in ["900101-1234568", "971013-9019902", "900101-5234561"] {
            assert!(ResidentNumber::parse(fits).unwrap().old_checksum_fits(), "{fits}");
        }
        // A number without a fitting check digit is a number all the same.
        assert!(!ResidentNumber::parse("900101-1234567").unwrap().old_checksum_fits());
    }

    #[test]
    fn a_number_states_a_day_that_exists() {
        assert_eq!(ResidentNumber::parse("900230-1234567"), Err(Malformed::Date));
        assert_eq!(ResidentNumber::parse("900101-123456"), Err(Malformed::Length));
        assert_eq!(ResidentNumber::parse("9OO101-1234567"), Err(Malformed::Character));
        let number = ResidentNumber::parse("050505-3123454").unwrap();
        assert_eq!(number.birth_date().to_string(), "2005-05-05");
        assert_eq!(number.masked(), "050505-3******");
        assert_eq!(format!("{number:?}"), "ResidentNumber(…)");
    }

    #[test]
    fn names_are_compared_with_care() {
        let check = |id: &str, holder: &str, expected: NameMatch| {
            assert_eq!(compare_names(&PersonName::parse(id).unwrap(), holder), expected, "{id} / {holder}");
        };
        check("홍길동", "홍 길동 ", NameMatch::Same);
        check("홍길동", "홍길동", NameMatch::Same); // decomposed
        check("홍길동", "홍길순", NameMatch::Different);
        check("홍길동", "홍길", NameMatch::Different);
        check("홍길동", "홍길동상회", NameMatch::Similar);
        check("NGUYEN VAN ANH", "Nguyen Van Anh", NameMatch::Same);
        check("NGUYEN VAN ANH", "VAN ANH NGUYEN", NameMatch::Similar);
        check("NGUYEN THI HOANG ANH", "NGUYENTHIHO", NameMatch::Similar);
        check("홍길동", "", NameMatch::Different);
    }

    #[test]
    fn dates_as_cards_print_them() {
        for text in ["2020. 1. 1.", "2020.01.01", "2020-01-01", "20200101", "2020년 1월 1일"] {
            assert_eq!(parse_date(text).unwrap().to_string(), "2020-01-01", "{text}");
        }
        assert_eq!(parse_date("2021.02.29"), Err(Malformed::Date));
        assert_eq!(parse_date("2o20.1.1"), Err(Malformed::Character));
    }

    #[test]
    fn masks_keep_what_screens_need() {
        assert_eq!(PersonName::parse("홍길동").unwrap().masked(), "홍*동");
        assert_eq!(PersonName::parse("김산").unwrap().masked(), "김*");
        assert_eq!(AccountNumber::parse("110-123-456789").unwrap().masked(), "***-6789");
    }
}
