//! A password that somebody wants to use from now on, and what it lacks. Never printed, never kept: what is kept is
//! its hash, which is made elsewhere.

use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// What a new password lacks. 전자금융감독규정 (before 2025) §32: at least eight characters of letters, digits and
/// specials, and not the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Fewer than eight characters.
    Length,
    /// More than 128 characters: hashing takes longer with each.
    TooLong,
    /// No letter of the Latin alphabet.
    Letter,
    /// No digit.
    Digit,
    /// No special character: neither letter, digit nor space.
    Special,
    /// It is the one that is or was in use.
    SameAsLast,
}

/// A password that may be taken, in Unicode NFC (NIST SP 800-63B §3.1.1.2), so that two keyboards type the same one.
#[derive(Clone)]
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    /// Fewest characters.
    pub const MIN: usize = 8;
    /// Most characters.
    pub const MAX: usize = 128;

    /// Reads a new password.
    ///
    /// # Errors
    /// Everything that it lacks.
    pub fn parse(typed: &str) -> Result<Self, Vec<Lack>> {
        let password = Self(normal(typed));
        let chars = password.0.chars();
        let count = chars.clone().take(Self::MAX + 1).count();
        let special = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control();
        let lacks: Vec<Lack> = [
            (count < Self::MIN, Lack::Length),
            (count > Self::MAX, Lack::TooLong),
            (!chars.clone().any(|c| c.is_ascii_alphabetic()), Lack::Letter),
            (!chars.clone().any(|c| c.is_ascii_digit()), Lack::Digit),
            (!chars.clone().any(special), Lack::Special),
        ]
        .into_iter()
        .filter_map(|(lacks, lack)| lacks.then_some(lack))
        .collect();
        if lacks.is_empty() { Ok(password) } else { Err(lacks) }
    }

    /// The password again, unless it is the one that is or was in use.
    ///
    /// # Errors
    /// Where it is.
    pub fn unless_same(self, same_as_last: bool) -> Result<Self, Vec<Lack>> {
        if same_as_last { Err(vec![Lack::SameAsLast]) } else { Ok(self) }
    }

    /// The password in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// What was typed, in the spelling in which passwords are compared.
pub fn normal(typed: &str) -> Zeroizing<String> {
    Zeroizing::new(typed.nfc().collect())
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_letters_digits_and_specials() {
        let check = |text: &str, expected: &[Lack]| {
            let lacks = NewPassword::parse(text).err().unwrap_or_default();
            assert_eq!(lacks, expected, "{text}");
        };
        check("pass-word-1", &[]);
        check("푸른 고래 a1!", &[]);
        check("a1!", &[Lack::Length]);
        check("password1", &[Lack::Special]);
        check("pass word 1", &[Lack::Special]);
        check("12345678!", &[Lack::Letter]);
        check("password!", &[Lack::Digit]);
        check("비밀번호입니다", &[Lack::Length, Lack::Letter, Lack::Digit, Lack::Special]);
        check(&format!("a1!{}", "x".repeat(126)), &[Lack::TooLong]);
        let password = NewPassword::parse("pass-word-1").unwrap();
        assert_eq!(format!("{password:?}"), "NewPassword(…)");
        assert_eq!(password.clone().unless_same(true).unwrap_err(), [Lack::SameAsLast]);
        assert!(password.unless_same(false).is_ok());
    }

    #[test]
    fn two_keyboards_type_the_same_password() {
        let composed = NewPassword::parse("가나다라 a1!").unwrap();
        let decomposed: String = "가나다라 a1!".nfd().collect();
        assert_eq!(composed.expose(), NewPassword::parse(&decomposed).unwrap().expose());
    }
}
