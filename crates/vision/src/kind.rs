//! Step 4: which kind of document lies there, and which way up, before any form is laid over it.
//!
//! Titles tell it, and of a passport its two lines for machines, which need no reading. Nobody chooses the kind: the
//! document says it.

use crate::layout::{Heads, heads};
use crate::lexicon;
use crate::model::{Model, ModelFault};
use crate::reading::{Kind, Subkind};
use crate::recognise::recognise_titles;
use crate::rectify::FlatCard;

/// What the heads of a document tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The kind.
    pub kind: Kind,
    /// Which of the alien cards.
    pub subkind: Option<Subkind>,
    /// Whether the document lies upside down.
    pub upside_down: bool,
}

/// Titles with what they name.
const TITLES: [(&str, Kind, Option<Subkind>); 8] = [
    ("주민등록증", Kind::Resident, None),
    ("자동차운전면허증", Kind::Driver, None),
    ("운전면허증", Kind::Driver, None),
    ("외국인등록증", Kind::Alien, Some(Subkind::Alien)),
    ("국내거소신고증", Kind::Alien, Some(Subkind::DomesticResidence)),
    ("영주증", Kind::Alien, Some(Subkind::PermanentResidence)),
    ("여권PASSPORT", Kind::Passport, None),
    ("PASSPORT", Kind::Passport, None),
];

/// Looks at a document both ways up.
///
/// # Errors
/// Where the recogniser failed.
pub fn tell(card: &FlatCard, model: &dyn Model) -> Result<Told, ModelFault> {
    let ways: [Heads; 2] = [heads(card), heads(&card.upside_down())];
    if let Some(way) = ways.iter().position(|way| way.zone) {
        return Ok(Told { kind: Kind::Passport, subkind: None, upside_down: way == 1 });
    }
    let read = recognise_titles(&[&ways[0], &ways[1]], model)?;
    let titles = read.iter().zip([false, true]).flat_map(|(readings, upside_down)| {
        readings.iter().filter_map(move |reading| titled(&reading.text).map(|found| (found, upside_down)))
    });
    let best = titles.min_by(|a, b| a.0.off.total_cmp(&b.0.off));
    Ok(best
        .map_or(Told { kind: Kind::Unknown, subkind: None, upside_down: false }, |(title, upside_down)| {
            Told { kind: title.kind, subkind: title.subkind, upside_down }
        }))
}

/// What a title names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Title {
    /// The kind.
    pub kind: Kind,
    /// Which of the alien cards.
    pub subkind: Option<Subkind>,
    /// Share of its letters by which it differs from the printed title.
    pub off: f32,
}

/// The title that a text is, a slip or two forgiven.
pub fn titled(text: &str) -> Option<Title> {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let titles = TITLES.iter().map(|(title, kind, subkind)| {
        let off = lexicon::syllables_apart(&letters, title) as f32 / title.chars().count() as f32;
        Title { kind: *kind, subkind: *subkind, off }
    });
    titles.min_by(|a, b| a.off.total_cmp(&b.off)).filter(|title| title.off <= 0.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_name_the_kind() {
        let check = |title: &str, kind: Option<Kind>, subkind: Option<Subkind>| {
            let found = titled(title);
            assert_eq!(found.map(|t| t.kind), kind, "{title}");
            assert_eq!(found.and_then(|t| t.subkind), subkind, "{title}");
        };
        check("주민등록증", Some(Kind::Resident), None);
        check("주 민 등 록 중", Some(Kind::Resident), None);
        check("자동차운전면허증", Some(Kind::Driver), None);
        check("외국인등록증", Some(Kind::Alien), Some(Subkind::Alien));
        check("국내거소신고증", Some(Kind::Alien), Some(Subkind::DomesticResidence));
        check("영주중", Some(Kind::Alien), Some(Subkind::PermanentResidence));
        check("PASSPORT", Some(Kind::Passport), None);
        check("회원카드", None, None);
        check("", None, None);
    }
}
