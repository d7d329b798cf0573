//! What a member of staff types as their login. It names a person, so it is sealed and can't be printed.

use crate::in_clear::no_number_of_a_person;
use crate::values::Malformed;
use std::fmt;

/// A login: 3 to 64 letters, digits and `. _ - + @` of ASCII, in lower case. A resident number is none (전자금융감독규정
/// before 2025, §32: no real resident number as a user's id), nor is a mobile number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Login(String);

impl Login {
    /// Fewest characters.
    pub const MIN: usize = 3;
    /// Most characters.
    pub const MAX: usize = 64;

    /// Reads a login; its case does not matter.
    ///
    /// # Errors
    /// Where it is too short or too long, has another character, or is a number of a person.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let login = text.trim().to_ascii_lowercase();
        if login.is_empty() {
            return Err(Malformed::Empty);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
        if !login.chars().all(fits) || no_number_of_a_person(&login).is_err() {
            return Err(Malformed::Character);
        }
        match login.len() {
            Self::MIN..=Self::MAX => Ok(Self(login)),
            0..Self::MIN => Err(Malformed::Length),
            _ => Err(Malformed::TooLong(Self::MAX)),
        }
    }

    /// The login in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its first two characters, and no more.
    pub fn masked(&self) -> String {
        format!("{}***", &self.0[..2])
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_word_and_no_number_of_a_person() {
        let check = |text: &str, expected: Result<&str, Malformed>| {
            assert_eq!(Login::parse(text).as_ref().map(Login::expose), expected.as_ref().copied(), "{text}");
        };
        check(" Kim.Sua@bank.example ", Ok("kim.sua@bank.example"));
        check("a10", Ok("a10"));
        check("", Err(Malformed::Empty));
        check("ab", Err(Malformed::Length));
        check(&"a".repeat(65), Err(Malformed::TooLong(64)));
        check("김수아", Err(Malformed::Character));
        check("kim sua", Err(Malformed::Character));
        check("900101-1234567", Err(Malformed::Character));
        check("01012345678", Err(Malformed::Character));
        let login = Login::parse("kim.sua").unwrap();
        assert_eq!((login.masked(), format!("{login:?}")), ("ki***".into(), "Login(…)".into()));
    }
}
