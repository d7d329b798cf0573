//! Two texts of a deposit that must not be printed by accident: the holder's name and the line in the book.

use ingam_cases::values::{Malformed, NameMatch, PersonName, compare_names};
use std::fmt;

/// The holder's name as a bank writes it: spaces, trade names and cuts included. Not shown to who typed the account.
#[derive(Clone, PartialEq, Eq)]
pub struct HolderName(String);

impl HolderName {
    /// Longest name that is kept. Banks send at most 20 (`account_holder_name` AH20); more is not a name.
    pub const MAX_CHARS: usize = 80;

    /// Takes a name from a bank's answer or from the vault.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(Malformed::TooLong(Self::MAX_CHARS));
        }
        if text.chars().any(char::is_control) {
            return Err(Malformed::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How it agrees with the name on the ID.
    pub fn compare(&self, id: &PersonName) -> NameMatch {
        compare_names(id, &self.0)
    }
}

impl From<&PersonName> for HolderName {
    fn from(name: &PersonName) -> Self {
        Self(name.expose().to_owned())
    }
}

impl fmt::Debug for HolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderName(…)")
    }
}

/// What the receiver's book will show (적요): it carries the code, so it is a secret until it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct PrintContent(String);

impl PrintContent {
    /// Open banking `print_content` AH20: 20 bytes, a Hangul syllable counting two.
    pub const MAX_BYTES: usize = 20;

    /// Takes letters, digits and Hangul syllables; nothing that a bank's book cannot print.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        let hangul = |c: char| ('가'..='힣').contains(&c);
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || hangul(c)) {
            return Err(Malformed::Character);
        }
        if text.chars().map(|c| if hangul(c) { 2 } else { 1 }).sum::<usize>() > Self::MAX_BYTES {
            return Err(Malformed::TooLong(Self::MAX_BYTES));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrintContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrintContent(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_the_book_has_twenty_bytes() {
        let check = |text: &str, ok: bool| assert_eq!(PrintContent::parse(text).is_ok(), ok, "{text}");
        check("인감7482", true);
        check("가나다라마바사아자차", true);
        check("가나다라마바사아자차A", false);
        check("12345678901234567890", true);
        check("", false);
        check("1 2", false);
        check("ㄱ", false);
    }

    #[test]
    fn neither_prints_itself() {
        let name = HolderName::parse("홍길동").unwrap();
        let line = PrintContent::parse("인감7482").unwrap();
        assert_eq!(format!("{name:?} {line:?}"), "HolderName(…) PrintContent(…)");
        assert_eq!(name.compare(&PersonName::parse("홍 길동").unwrap()), NameMatch::Same);
    }
}
