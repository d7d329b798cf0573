//! What was read on a card: plain data in the shape that `ingam read --json` prints.
//!
//! It holds personal data: `Debug` is masked and there is no `Display`. Who the person is, nobody here knows.

use crate::geometry::{Quad, Rect};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 주민등록증.
    Resident,
    /// 운전면허증.
    Driver,
    /// 외국인등록증, 국내거소신고증, 영주증.
    Alien,
    /// 여권.
    Passport,
    /// None of these, or not to be told.
    Unknown,
}

/// Which card of a foreigner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subkind {
    /// 외국인등록증.
    Alien,
    /// 국내거소신고증, of Koreans with another nationality.
    DomesticResidence,
    /// 영주증.
    PermanentResidence,
}

/// One field. `Debug` hides the value.
#[derive(Clone, PartialEq)]
pub struct Field {
    /// Dates as YYYY-MM-DD, numbers with their printed hyphens, an address as one line, a name without Hanja.
    pub value: String,
    /// 0 to 1.
    pub confidence: f32,
    /// Its ink, in pixels of the rectified card (and so of `masked_jpeg`).
    pub area: Rect,
    /// Whether the person has to confirm it: the confidence is below the field's threshold.
    pub doubtful: bool,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doubt = if self.doubtful { ", doubtful" } else { "" };
        write!(f, "Field({} characters, {:.2}{doubt})", self.value.chars().count(), self.confidence)
    }
}

/// Something that makes reading hard, with what was measured and what is asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityFinding {
    /// `too_small`, `blurred`, `dark`, `glare`, `no_card`, `two_cards`, `cut_off` or `grey_copy`.
    pub code: &'static str,
    /// What was measured; its unit belongs to the code (see `quality`).
    pub measured: f64,
    /// The limit that it misses.
    pub limit: f64,
    /// The field that suffers, if one does.
    pub field: Option<&'static str>,
}

/// A sign that a card may not be genuine. None is looked for yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForgerySign {
    /// Which sign.
    pub code: &'static str,
    /// 0 to 1.
    pub score: f64,
    /// What was seen.
    pub reason: String,
}

/// Milliseconds that each step took.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Elapsed {
    /// Bytes to pixels.
    pub decode: f64,
    /// Looking for the card.
    pub find_card: f64,
    /// Flattening it.
    pub rectify: f64,
    /// Telling its kind and which way up it lies.
    pub kind: f64,
    /// Finding its lines.
    pub layout: f64,
    /// Reading them.
    pub recognise: f64,
    /// Making fields of them.
    pub understand: f64,
    /// Judging the picture.
    pub quality: f64,
    /// Covering the number and cutting out the crops.
    pub mask: f64,
    /// All of it.
    pub total: f64,
}

/// All that one photo told.
#[derive(Clone, PartialEq)]
pub struct CardReading {
    /// What the document is.
    pub kind: Kind,
    /// Which card of a foreigner, where the kind is `Alien`.
    pub subkind: Option<Subkind>,
    /// Fields by the contract's names; empty where the kind is `Unknown`.
    pub fields: BTreeMap<&'static str, Field>,
    /// What makes reading hard.
    pub quality: Vec<QualityFinding>,
    /// Signs of forgery; empty until they are looked for.
    pub forgery: Vec<ForgerySign>,
    /// The card's corners in the photo (after EXIF orientation), from the card's own top left; `None` without a card.
    pub card_quad: Option<Quad>,
    /// The rectified card without metadata; of its numbers only what screens may show is left (see `mask`). A card
    /// of unknown kind or with no number in its place is coarsened until no print is readable. Empty where no card
    /// was found.
    pub masked_jpeg: Vec<u8>,
    /// Each field cut out of the masked card, as JPEG, also of fields that could not be read.
    pub crops: BTreeMap<&'static str, Vec<u8>>,
    /// The portrait as JPEG; `None` where the kind is `Unknown`.
    pub portrait: Option<Vec<u8>>,
    /// How long it took.
    pub elapsed_ms: Elapsed,
    /// Name and version of the recogniser.
    pub model: String,
}

impl CardReading {
    /// Names of the fields that the person has to confirm.
    pub fn doubtful(&self) -> Vec<&'static str> {
        self.fields.iter().filter(|(_, field)| field.doubtful).map(|(name, _)| *name).collect()
    }

    /// The object that `ingam read --json` prints for `file`. It holds personal data in clear.
    pub fn to_contract_json(&self, file: &str) -> Value {
        let rounded = |confidence: f32| (f64::from(confidence) * 1000.0).round() / 1000.0;
        let fields: BTreeMap<&str, Value> = self
            .fields
            .iter()
            .map(|(name, f)| (*name, json!({"value": f.value, "confidence": rounded(f.confidence)})))
            .collect();
        let mut answer = json!({
            "file": file,
            "kind": self.kind,
            "fields": fields,
            "quality": self.quality,
            "forgery": self.forgery,
            "elapsed_ms": (self.elapsed_ms.total * 10.0).round() / 10.0,
        });
        // Only fronts are read: a back has no title, and its kind stays unknown.
        if let Some(subkind) = self.subkind {
            answer["subkind"] = json!(subkind);
            answer["side"] = json!("front");
        }
        answer
    }
}

impl fmt::Debug for CardReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardReading")
            .field("kind", &self.kind)
            .field("fields", &self.fields)
            .field("quality", &self.quality)
            .field("forgery", &self.forgery)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
