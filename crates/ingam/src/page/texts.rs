//! The catalogue as the build made it, and the proof of which words a person was shown.
//!
//! `Texts` has one field a text, or one method where the text has places to fill. Holds no text of its own.

use super::josa;
use aws_lc_rs::digest::{SHA256, digest};
use ingam_cases::verification::command::{ConsentAnswer, ConsentTerms, ShownText};
use std::fmt::Display;
use unicode_normalization::UnicodeNormalization;

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// One piece of a text with places.
#[derive(Debug, Clone, Copy)]
pub enum Piece {
    /// As it stands.
    Plain(&'static str),
    /// The value with that number.
    Place(usize),
    /// The value with that number, and the particle that fits it.
    PlaceJosa(usize, &'static str, &'static str),
}

pub(crate) fn fill(pieces: &[Piece], values: &[&dyn Display]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Place(at) => text.push_str(&values[*at].to_string()),
            Piece::PlaceJosa(at, with, without) => {
                let value = values[*at].to_string();
                text.push_str(&value);
                text.push_str(&josa::particle(&value, with, without));
            }
        }
    }
    text
}

/// A text that persons consent to. Its words are fixed by id and version; the institution's name is filled in.
#[derive(Debug)]
pub struct Consent {
    /// Stable id, as policies name it.
    pub id: &'static str,
    /// From 1; another word is another version.
    pub version: u32,
    /// Stable code of what the consent is for.
    pub purpose: &'static str,
    /// Stable words for the data.
    pub items: &'static [&'static str],
    /// Stable words for who gets them.
    pub receivers: &'static [&'static str],
    /// How long they are kept, as an ISO 8601 duration.
    pub period: &'static str,
    /// The law that it rests on.
    pub lawful_basis: &'static str,
    title: &'static [Piece],
    what: &'static [Piece],
    why: &'static [Piece],
    to_whom: &'static [Piece],
    how_long: &'static [Piece],
    full: &'static [Piece],
}

/// A consent's words for one institution.
#[derive(Debug, Clone)]
pub struct ConsentWords {
    /// Its heading.
    pub title: String,
    /// Which data.
    pub what: String,
    /// What for.
    pub why: String,
    /// Who gets them.
    pub to_whom: String,
    /// Until when.
    pub how_long: String,
    /// The whole text.
    pub full: String,
}

impl Consent {
    /// The words for one institution.
    pub fn words(&self, institution: &str) -> ConsentWords {
        let filled = |pieces| fill(pieces, &[&institution]).trim().to_owned();
        ConsentWords {
            title: filled(self.title),
            what: filled(self.what),
            why: filled(self.why),
            to_whom: filled(self.to_whom),
            how_long: filled(self.how_long),
            full: filled(self.full),
        }
    }

    /// The record of what was shown, with the answer.
    pub fn answered(&self, texts: &Texts, institution: &str, required: bool, answer: bool) -> ConsentAnswer {
        let words = self.words(institution);
        let parts = [&words.title, &words.what, &words.why, &words.to_whom, &words.how_long, &words.full];
        ConsentAnswer {
            text: shown(texts, self.id, self.version, parts),
            purpose: self.purpose.to_owned(),
            required,
            answer,
            terms: self.terms(),
        }
    }

    /// What it is about, in words that a program reads.
    pub fn terms(&self) -> ConsentTerms {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ConsentTerms {
            items: owned(self.items),
            receivers: owned(self.receivers),
            period: self.period.to_owned(),
            lawful_basis: self.lawful_basis.to_owned(),
        }
    }
}

/// The safety question.
#[derive(Debug)]
pub struct Safety {
    /// Stable id.
    pub id: &'static str,
    /// From 1.
    pub version: u32,
    title: &'static [Piece],
    help: &'static [Piece],
    no: &'static [Piece],
    yes: &'static [Piece],
}

/// The safety question's words for one institution.
#[derive(Debug, Clone)]
pub struct SafetyWords {
    /// The question.
    pub title: String,
    /// What stands under it.
    pub help: String,
    /// The answer of somebody who acts for themselves.
    pub no: String,
    /// The answer of somebody who is told to.
    pub yes: String,
}

impl Safety {
    /// The words for one institution.
    pub fn words(&self, institution: &str) -> SafetyWords {
        let filled = |pieces| fill(pieces, &[&institution]);
        SafetyWords {
            title: filled(self.title),
            help: filled(self.help),
            no: filled(self.no),
            yes: filled(self.yes),
        }
    }

    /// The record of what was shown.
    pub fn shown(&self, texts: &Texts, institution: &str) -> ShownText {
        let words = self.words(institution);
        shown(texts, self.id, self.version, [&words.title, &words.help, &words.no, &words.yes])
    }
}

/// The record of a text as it was shown. What is hashed is its parts in the order of the catalogue (consent: title,
/// what, why, to whom, how long, full text; safety: title, help, no, yes), the institution filled in, joined by one
/// empty line (`\n\n`), in Unicode NFC, as UTF-8.
fn shown<const N: usize>(texts: &Texts, id: &str, version: u32, parts: [&String; N]) -> ShownText {
    let canonical: String = parts.map(String::as_str).join("\n\n").nfc().collect();
    ShownText {
        text_id: id.to_owned(),
        version,
        language: texts.language.code.to_owned(),
        sha256: hex(digest(&SHA256, canonical.as_bytes()).as_ref()),
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Texts {
    /// The consent with an id. A policy that names an unknown one can't be asked for: check it when it is saved.
    pub fn consent(&self, id: &str) -> Option<&'static Consent> {
        self.consent_texts.iter().find(|c| c.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_with_their_particle() {
        assert_eq!(KO.cancelled.title("새솔은행"), "새솔은행이 요청을 거두었어요");
        assert_eq!(KO.cancelled.title("가온카드"), "가온카드가 요청을 거두었어요");
        assert_eq!(KO.done.go("새솔은행"), "새솔은행으로 돌아가기");
        assert_eq!(KO.done.go("서울"), "서울로 돌아가기");
        assert_eq!(KO.code.wrong(3), "글자가 달라요. 3번 남았어요.");
    }

    #[test]
    fn the_record_names_the_very_words() {
        let consent = KO.consent("consent.identity").unwrap();
        let a = consent.answered(&KO, "새솔은행", true, true);
        assert_eq!((a.text.text_id.as_str(), a.text.version), ("consent.identity", 2));
        assert_eq!((a.text.language.as_str(), a.purpose.as_str()), ("ko", "identity_verification"));
        let words = consent.words("새솔은행");
        let canonical =
            [words.title, words.what, words.why, words.to_whom, words.how_long, words.full].join("\n\n");
        assert_eq!(a.text.sha256, hex(digest(&SHA256, canonical.as_bytes()).as_ref()));
        assert!(canonical.contains("새솔은행은 「금융실명거래"));
        // Another institution is another text; the same one twice is the same.
        assert_ne!(a.text.sha256, consent.answered(&KO, "한빛보험", true, true).text.sha256);
        assert_eq!(a.text, consent.answered(&KO, "새솔은행", true, false).text);
        let safety = KO.safety.shown(&KO, "새솔은행");
        assert_eq!((safety.text_id.as_str(), safety.sha256.len()), ("safety.told_to", 64));
    }

    /// A changed word without a changed version would make old records claim what was never shown.
    #[test]
    fn recorded_words_stay_as_they_are_in_their_version() {
        let check = |texts: &'static Texts, id: &str, version: u32, sha256: &str| {
            let shown = match texts.consent(id) {
                Some(consent) => consent.answered(texts, "기관", true, true).text,
                None => texts.safety.shown(texts, "기관"),
            };
            assert_eq!((shown.text_id.as_str(), shown.version, &shown.sha256[..16]), (id, version, sha256));
        };
        check(&KO, "consent.identity", 2, "11a550d11b6934cc");
        check(&KO, "consent.issuer_and_bank", 2, "802a3057dca4ff55");
        check(&KO, "safety.told_to", 1, "59e36710f0d07d66");
        check(&EN, "consent.identity", 2, "83b1d68562734fbd");
        check(&EN, "consent.issuer_and_bank", 2, "74252c2cef2cfac1");
        check(&EN, "safety.told_to", 1, "5d4b4c99035560e3");
    }

    #[test]
    fn every_default_policy_asks_for_texts_that_exist() {
        let policy = ingam_cases::policy::Policy::id_and_account("기본", "계좌 만들기");
        for texts in ALL {
            assert!(policy.consents.iter().all(|c| texts.consent(&c.text_id).is_some()));
        }
    }
}
