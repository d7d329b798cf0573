//! Korean particles: which of two forms fits behind a word, by the sound that the word ends in.
//!
//! Knows no texts; the catalogue names the two forms (`이,가`; `으로,로`), first the one after a final consonant.
//! Hangul is exact; digits are read the Korean way; Latin letters follow how Korean readers say them.

/// How a word ends in the ear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// No final consonant.
    Open,
    /// ㄹ, which takes `로` like a vowel.
    Rieul,
    /// Any other final consonant.
    Closed,
    /// Nobody can say.
    Unknown,
}

/// How a word ends. What stands in brackets at its end is passed over: `새솔은행(주)` is read `새솔은행`.
pub fn ending(word: &str) -> Ending {
    let mut word = word.trim_end();
    while let Some(before) = word.strip_suffix([')', ']']) {
        match before.rfind(['(', '[']) {
            Some(open) if open > 0 => word = word[..open].trim_end(),
            _ => break,
        }
    }
    let mut letters = word.chars().rev().skip_while(|c| !c.is_alphanumeric());
    let Some(last) = letters.next() else { return Ending::Unknown };
    let before = letters.next();
    match last {
        '가'..='힣' => match (last as u32 - '가' as u32) % 28 {
            0 => Ending::Open,
            8 => Ending::Rieul,
            _ => Ending::Closed,
        },
        // 영 일 이 삼 사 오 육 칠 팔 구, and 십 백 천 만 for round numbers.
        '1' | '7' | '8' => Ending::Rieul,
        '0' | '3' | '6' => Ending::Closed,
        '2' | '4' | '5' | '9' => Ending::Open,
        // An abbreviation is spelt: 엘 엠 엔 알; every other letter's name ends in a vowel.
        'L' | 'R' => Ending::Rieul,
        'M' | 'N' => Ending::Closed,
        'A'..='Z' => Ending::Open,
        'a'..='z' => latin(last, before),
        _ => Ending::Unknown,
    }
}

/// A word in small letters, as it is usually carried over: `Hanmail` 한메일, `Book` 북, `Card` 카드, `Bank` 뱅크.
fn latin(last: char, before: Option<char>) -> Ending {
    let after_vowel = before.is_some_and(|c| "aeiouAEIOU".contains(c));
    match (last, before) {
        ('l', _) => Ending::Rieul,
        ('m' | 'n', _) | ('g', Some('n')) | ('k', Some('c')) => Ending::Closed,
        ('b' | 'c' | 'k' | 'p' | 't', _) if after_vowel => Ending::Closed,
        _ => Ending::Open,
    }
}

/// The particle that fits; both in brackets (`이(가)`) where nobody can say.
pub fn particle(word: &str, with: &str, without: &str) -> String {
    match ending(word) {
        Ending::Open => without.to_owned(),
        // 으로/로 is the one pair in which ㄹ counts as a vowel.
        Ending::Rieul if without.starts_with('로') => without.to_owned(),
        Ending::Rieul | Ending::Closed => with.to_owned(),
        Ending::Unknown if with.starts_with('으') => format!("(으){without}"),
        Ending::Unknown => format!("{with}({without})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_fit_the_sound_before_them() {
        let check = |word: &str, subject: &str, towards: &str| {
            assert_eq!(particle(word, "이", "가"), subject, "{word}");
            assert_eq!(particle(word, "으로", "로"), towards, "{word}");
        };
        check("새솔은행", "이", "으로");
        check("한빛보험", "이", "으로");
        check("행정안전부", "가", "로");
        check("서울", "이", "로");
        check("새솔은행(주)", "이", "으로");
        check("카카오뱅크 ", "가", "로");
        check("112", "가", "로");
        check("1332", "가", "로");
        check("1599-0000", "이", "으로");
        check("국번 1", "이", "로");
        check("KB", "가", "로");
        check("KDB", "가", "로");
        check("iM", "이", "으로");
        check("URL", "이", "로");
        check("Hanmail", "이", "로");
        check("Toss", "가", "로");
        check("Bank", "가", "로");
        check("FinBook", "이", "으로");
        check("Samsung", "이", "으로");
        check("‘계좌’", "가", "로");
    }

    #[test]
    fn what_nobody_can_say_gets_both() {
        assert_eq!(particle("銀行", "이", "가"), "이(가)");
        assert_eq!(particle("", "은", "는"), "은(는)");
        assert_eq!(particle("…", "으로", "로"), "(으)로");
    }
}
