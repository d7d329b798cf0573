//! The console's catalogues as the build made them, and which of them somebody reads. Holds no text of its own.

use crate::page::asked;
use crate::page::texts::{Piece, fill};
use axum::http::HeaderMap;

include!(concat!(env!("OUT_DIR"), "/console_texts.rs"));

/// The catalogue of a language's code.
pub fn of(code: &str) -> Option<&'static Texts> {
    ALL.iter().find(|texts| texts.language.code == code).copied()
}

/// The catalogue that a browser asks for, and Korean where there is none.
pub fn accepted(headers: &HeaderMap) -> &'static Texts {
    asked::accepted(headers, of).unwrap_or(&KO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

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
