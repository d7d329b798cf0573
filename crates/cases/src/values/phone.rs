//! A phone as telecoms are asked about it, and the identifier that they give for its owner.
//!
//! Numbers by 전기통신번호관리세칙: 010 with eleven digits, and the old 011, 016 to 019 with ten or eleven. No number has a
//! check digit. CI (연계정보, 정보통신망법 §23의5) is made by designated agencies alone; here it is only carried.

use super::{Malformed, ResidentNumber};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mobile phone's number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads `010-1234-5678`, the digits alone, or the same behind `+82`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        let (text, abroad) = match text.strip_prefix("+82") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if !text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ') {
            return Err(Malformed::Character);
        }
        let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if abroad && !digits.starts_with('0') {
            digits.insert(0, '0');
        }
        let whole = match digits.get(..3) {
            Some("010") => digits.len() == 11,
            Some("011" | "016" | "017" | "018" | "019") => matches!(digits.len(), 10 | 11),
            _ => return Err(if digits.len() < 10 { Malformed::Length } else { Malformed::Character }),
        };
        if whole { Ok(Self(digits)) } else { Err(Malformed::Length) }
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As people write it, `010-1234-5678`.
    pub fn expose_printed(&self) -> String {
        let (head, tail) = self.0.split_at(self.0.len() - 4);
        format!("{}-{}-{tail}", &head[..3], &head[3..])
    }

    /// `010-****-5678`: the middle is hidden, as domain practice asks.
    pub fn masked(&self) -> String {
        let (head, tail) = self.0.split_at(self.0.len() - 4);
        format!("{}-{}-{tail}", &head[..3], "*".repeat(head.len() - 3))
    }
}

/// Who runs the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TelecomName {
    /// SK텔레콤.
    Skt,
    /// KT.
    Kt,
    /// LG유플러스.
    Lgu,
    /// A house without a network of its own (알뜰폰).
    Mvno,
}

impl TelecomName {
    /// Every one, in the order in which people look for theirs.
    pub const ALL: [Self; 4] = [Self::Skt, Self::Kt, Self::Lgu, Self::Mvno];

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skt => "skt",
            Self::Kt => "kt",
            Self::Lgu => "lgu",
            Self::Mvno => "mvno",
        }
    }
}

/// The seventh digit of a resident or registration number: century, sex, and whether a foreigner.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SexDigit(u8);

impl SexDigit {
    /// Reads one digit.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.trim().as_bytes() {
            [] => Err(Malformed::Empty),
            [digit] if digit.is_ascii_digit() => Ok(Self(digit - b'0')),
            [_] => Err(Malformed::Character),
            _ => Err(Malformed::Length),
        }
    }

    /// The digit.
    pub fn expose(self) -> u8 {
        self.0
    }
}

impl From<&ResidentNumber> for SexDigit {
    fn from(number: &ResidentNumber) -> Self {
        Self(number.0[6])
    }
}

/// The identifier of a person across houses (연계정보): 64 bytes in Base64, 88 characters. The pairwise DI is not kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ci(String);

impl Ci {
    /// Its length in characters.
    pub const CHARS: usize = 88;

    /// Reads 88 characters of Base64 (RFC 4648 §4), two of them padding.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        if text.len() != Self::CHARS {
            return Err(Malformed::Length);
        }
        // 64 bytes leave one for the last group: its second character carries two bits, the rest are zero.
        let well = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let bytes = text.as_bytes();
        let last = matches!(bytes[85], b'A' | b'Q' | b'g' | b'w');
        if !text.ends_with("==") || !bytes[..86].iter().copied().all(well) || !last {
            return Err(Malformed::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

impl fmt::Debug for SexDigit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SexDigit(…)")
    }
}

impl fmt::Debug for Ci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ci(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        let check = |text: &str, expected: Result<&str, Malformed>| {
            let read = PhoneNumber::parse(text);
            assert_eq!(read.as_ref().map(PhoneNumber::expose), expected.as_ref().map(|t| *t), "{text}");
        };
        check("010-0000-0001", Ok("01000000001"));
        check(" 010 0000 0001 ", Ok("01000000001"));
        check("+82 10-0000-0001", Ok("01000000001"));
        check("+82 010-0000-0001", Ok("01000000001"));
        check("011-000-0001", Ok("0110000001"));
        check("010-000-0001", Err(Malformed::Length));
        check("02-000-0001", Err(Malformed::Length));
        check("031-0000-0001", Err(Malformed::Character));
        check("010-0000-000a", Err(Malformed::Character));
        check("", Err(Malformed::Empty));
    }

    #[test]
    fn none_prints_itself() {
        let phone = PhoneNumber::parse("01000000001").unwrap();
        let sex = SexDigit::from(&ResidentNumber::parse("900101-5234561").unwrap());
        let ci = Ci::parse(&format!("{}A==", "a".repeat(85))).unwrap();
        assert_eq!(format!("{phone:?} {sex:?} {ci:?}"), "PhoneNumber(…) SexDigit(…) Ci(…)");
        assert_eq!((phone.masked().as_str(), sex.expose()), ("010-****-0001", 5));
        assert_eq!(phone.expose_printed(), "010-0000-0001");
        assert_eq!(PhoneNumber::parse("0110000001").unwrap().masked(), "011-***-0001");
    }

    #[test]
    fn an_identifier_is_sixty_four_bytes_in_base64() {
        let check = |text: String, expected: Option<Malformed>| {
            assert_eq!(Ci::parse(&text).err(), expected, "{text}");
        };
        check(format!("{}Q==", "+/09azAZ".repeat(11)[..85].to_owned()), None);
        check(format!("{}B==", "a".repeat(85)), Some(Malformed::Character));
        check("a".repeat(88), Some(Malformed::Character));
        check(format!("{} A==", "a".repeat(84)), Some(Malformed::Character));
        check("a".repeat(64), Some(Malformed::Length));
        check("가".repeat(29) + "a", Some(Malformed::Character));
        check(String::new(), Some(Malformed::Empty));
        assert_eq!(SexDigit::parse("x").err(), Some(Malformed::Character));
        assert_eq!(SexDigit::parse("12").err(), Some(Malformed::Length));
        assert_eq!(SexDigit::parse("0").unwrap().expose(), 0);
    }
}
