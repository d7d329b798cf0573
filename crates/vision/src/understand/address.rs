//! Addresses: several lines as one, with spaces where the print has gaps.

use super::{CLEAR, best};
use crate::lexicon;
use crate::recognise::{ReadLine, WordGap};

/// All lines as one, spaces where the print has gaps.
pub(super) fn address(lines: &[&ReadLine]) -> Option<(String, f32)> {
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
}
