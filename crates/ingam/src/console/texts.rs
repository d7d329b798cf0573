//! The console's catalogues as the build made them, and which of them somebody reads. Holds no text of its own.

use crate::page::texts::{Piece, fill};
use axum::http::{HeaderMap, header};

include!(concat!(env!("OUT_DIR"), "/console_texts.rs"));

/// The catalogue of a language's code.
pub fn of(code: &str) -> Option<&'static Texts> {
    match code {
        "ko" => Some(&KO),
        "en" => Some(&EN),
        _ => None,
    }
}

/// The catalogue that a browser asks for (RFC 9110 §12.5.4): the best of ours, and Korean where there is none.
pub fn accepted(headers: &HeaderMap) -> &'static Texts {
    let asked =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best: Option<(f32, &'static Texts)> = None;
    for range in asked.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let language = tag.split('-').next().unwrap_or_default();
        if let Some(texts) = of(language)
            && weight > best.map_or(0.0, |(best, _)| best)
        {
            best = Some((weight, texts));
        }
    }
    best.map_or(&KO, |(_, texts)| texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_of_ours_is_chosen() {
        let check = |asked: &str, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, asked.parse().unwrap());
            assert_eq!(accepted(&headers).language.code, expected, "{asked}");
        };
        check("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko");
        check("en-US,en;q=0.9,ko;q=0.8", "en");
        check("fr, en;q=0.5", "en");
        check("fr", "ko");
        check("en;q=0, ko;q=0.1", "ko");
        check("", "ko");
        assert_eq!(accepted(&HeaderMap::new()).language.code, "ko");
        assert!(ALL.iter().all(|texts| of(texts.language.other_code).is_some()));
    }
}
