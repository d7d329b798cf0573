//! The offices that issue documents, helped by the lexicon where print is unclear.

use super::CLEAR;
use super::values::is_hangul;
use crate::lexicon::{self, Match};
use crate::model::Reading;

/// The city, county or district that issued a resident card.
pub fn local_office(reading: &Reading) -> Option<(String, f32)> {
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

/// An office of a list that is whole: of the police, or of immigration.
pub(super) fn listed_office(reading: &Reading, list: fn(&str) -> Option<Match>) -> Option<(String, f32)> {
    let printed: String = reading.text.chars().filter(|c| is_hangul(*c) || *c == '·').collect();
    if printed.is_empty() {
        return None;
    }
    Some(match list(&printed) {
        Some(found) if found.distance == 0 => (found.text, reading.confidence.max(0.92)),
        Some(found) => (found.text, 0.86 - 0.08 * (found.distance - 1) as f32),
        // Offices are founded and renamed: what is in no list may still be one.
        None => (printed, reading.confidence * 0.8),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_are_whole_put_slips_right() {
        let check = |text: &str, list: fn(&str) -> Option<Match>, value: &str| {
            let found = listed_office(&Reading { text: text.into(), confidence: 0.8 }, list).unwrap();
            assert_eq!(found.0, value, "{text}");
        };
        check("서울특별시경찰청장", lexicon::police, "서울특별시경찰청장");
        check("대 구 지방경잘청장", lexicon::police, "대구지방경찰청장");
        check("부산출입국 외국인청장", lexicon::immigration, "부산출입국·외국인청장");
        check("화성출입국외국인청", lexicon::immigration, "화성출입국외국인청");
    }

    #[test]
    fn the_lexicon_helps_unclear_print_only() {
        let check = |text: &str, confidence: f32, value: &str| {
            let found = local_office(&Reading { text: text.into(), confidence }).unwrap();
            assert_eq!(found.0, value, "{text}");
        };
        check("서울특벌시 강남구청장", 0.6, "서울특별시 강남구청장");
        check("서울특별시 강담구청장", 0.8, "서울특별시 강담구청장");
        check("경기도 수원시 팔 달 구 정장", 0.93, "경기도 수원시 팔달구청장");
        check("이웃나라 시장", 0.5, "이웃나라 시장");
    }
}
