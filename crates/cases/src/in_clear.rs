//! Texts of an institution's own that stand in clear for ever, in entries that nobody can change: its reference, the
//! address where a person goes back to. Personal data must not slip in with them, so what has the form of a number
//! of a person is refused. Refuses to guess names in Latin letters: nobody can tell them from other words.

use crate::values::ResidentNumber;

/// Why a text must not stand in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotInClear {
    /// A character outside the visible ones of ASCII, or `@`.
    #[error("has a character that does not belong there")]
    Character,
    /// Something that has the form of a resident or foreigner number, or of a mobile phone's.
    #[error("looks like a number of a person")]
    PersonalData,
}

/// Checks a text that is to be opaque: visible characters of ASCII but `@`, so that neither a Korean name nor a mail
/// address fits, and no number of a person.
pub fn opaque(text: &str) -> Result<(), NotInClear> {
    if !text.chars().all(|c| c.is_ascii_graphic() && c != '@') {
        return Err(NotInClear::Character);
    }
    no_number_of_a_person(text)
}

/// Checks that a text holds no run of digits (and single hyphens) with the form of a resident or foreigner number or
/// of a mobile phone's number. A run that touches a letter is part of a longer word and passes.
pub fn no_number_of_a_person(text: &str) -> Result<(), NotInClear> {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let run = chars[at..].iter().take_while(|c| c.is_ascii_digit() || **c == '-').count();
        if run == 0 {
            at += 1;
            continue;
        }
        let touches = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
        let alone = !touches(at.checked_sub(1).map(|before| &chars[before])) && !touches(chars.get(at + run));
        let found: String = chars[at..at + run].iter().collect();
        if alone && numbers_a_person(found.trim_matches('-')) {
            return Err(NotInClear::PersonalData);
        }
        at += run;
    }
    Ok(())
}

fn numbers_a_person(run: &str) -> bool {
    let groups: Vec<usize> = run.split('-').map(str::len).collect();
    let digits: String = run.chars().filter(char::is_ascii_digit).collect();
    match groups[..] {
        // 13 digits in one: also many a serial number. Only a day of birth that exists makes it one of a person.
        [6, 7] | [13] => ResidentNumber::parse(&digits).is_ok(),
        // 전기통신번호관리세칙: mobile numbers begin with 010, the old ones with 011, 016 to 019.
        [3, 3 | 4, 4] | [10 | 11] => {
            digits.starts_with("01") && matches!(digits.as_bytes()[2], b'0' | b'1' | b'6'..=b'9')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_name_a_person_does_not_stand_in_clear() {
        let check =
            |text: &str, expected: Result<(), NotInClear>| assert_eq!(opaque(text), expected, "{text}");
        for fine in [
            "application-1024",
            "a/b:c_d~e.f",
            "2026-11-25-0001",
            "01m9yr1e00e8abmcypx2tvb0zk",
            "1234567890123",
        ] {
            check(fine, Ok(()));
        }
        check("req9001011234567", Ok(()));
        check("표본희", Err(NotInClear::Character));
        check("a b", Err(NotInClear::Character));
        check("someone@example.com", Err(NotInClear::Character));
        for number in [
            "900101-1234567",
            "9001011234567",
            "loan/900101-5234567",
            "-900101-1234567-",
            "010-1234-5678",
            "01012345678",
            "id:0161234567",
        ] {
            check(number, Err(NotInClear::PersonalData));
        }
    }

    #[test]
    fn an_address_is_looked_through_to_its_end() {
        assert!(no_number_of_a_person("https://bank.example/back?a=1&b=2026-11-25").is_ok());
        let with = |number: &str| no_number_of_a_person(&format!("https://bank.example/back?p={number}&b=2"));
        assert_eq!(with("010-1234-5678"), Err(NotInClear::PersonalData));
        assert_eq!(with("900101-1234567"), Err(NotInClear::PersonalData));
        assert!(with("990231-1234567").is_ok(), "no such day");
    }
}
