//! The pipeline: nine visible steps from bytes to findings.
//!
//! Each step is public on its own; this file only strings them together and measures them.

use crate::day::Day;
use crate::decode::{BadPicture, Limits, decode};
use crate::find_card::{FoundCard, LEAST_SCORE, find_card, whole_picture};
use crate::kind::tell;
use crate::layout::{Form, Layout, layout};
use crate::mask::mask;
use crate::model::{Model, ModelFault};
use crate::picture::{EncodeFault, Picture};
use crate::quality::{finding, quality};
use crate::reading::{CardReading, Elapsed, Field, Kind, Subkind};
use crate::recognise::{Recognised, recognise};
use crate::rectify::{FlatCard, Format, rectify};
use crate::understand::{Understood, threshold, understand};
use std::collections::BTreeMap;
use std::time::Instant;

/// Why there is no reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A refusal: the bytes are not a picture that is taken. The sender can put it right.
    #[error(transparent)]
    Picture(#[from] BadPicture),
    /// A fault: the recogniser failed; nothing is said about the picture.
    #[error(transparent)]
    Model(#[from] ModelFault),
    /// A fault: what was found could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeFault),
}

impl Unreadable {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Picture(refusal) => refusal.code(),
            Self::Model(_) | Self::Encode(_) => "reader_failed",
        }
    }

    /// Whether the machine failed, and not the picture.
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::Picture(_))
    }
}

/// Reads cards. Keeps nothing between pictures; may be shared between threads. A call takes some hundred
/// milliseconds of one core, so asynchronous callers give it a thread of its own.
pub struct Reader {
    model: Box<dyn Model>,
    limits: Limits,
}

/// A card one way up, with all that was seen on it.
struct Attempt {
    card: FlatCard,
    layout: Layout,
    read: Recognised,
    kind: Kind,
    subkind: Option<Subkind>,
    fields: Vec<Understood>,
}

impl Reader {
    /// A reader on top of a recogniser.
    pub fn new(model: Box<dyn Model>, limits: Limits) -> Self {
        Self { model, limits }
    }

    /// Reads one photo. A photo without a card is no error: it has a finding that says so. `today` decides between
    /// centuries where a document has years of two digits.
    pub fn read(&self, bytes: &[u8], today: Day) -> Result<CardReading, Unreadable> {
        let begun = Instant::now();
        let mut elapsed = Elapsed::default();
        let photo = timed(&mut elapsed.decode, || decode(bytes, &self.limits))?;
        let search = timed(&mut elapsed.find_card, || find_card(&photo));
        let mut reading = CardReading {
            kind: Kind::Unknown,
            subkind: None,
            fields: BTreeMap::new(),
            quality: Vec::new(),
            forgery: Vec::new(),
            card_quad: None,
            masked_jpeg: Vec::new(),
            crops: BTreeMap::new(),
            portrait: None,
            elapsed_ms: elapsed,
            model: self.model.name().to_owned(),
        };
        if search.second {
            reading.quality.push(finding("two_cards", 2.0, 1.0));
        }
        if let Some(mut found) = search.card {
            let mut seen = self.card_seen(&photo, &found, today, &mut elapsed)?;
            // Lines inside a scan may look like a card's sides; then the whole picture is the card.
            if seen.as_ref().is_none_or(|seen| seen.kind == Kind::Unknown)
                && !found.whole_picture
                && let Some(whole) = whole_picture(&photo)
                && let Some(better) = self.card_seen(&photo, &whole, today, &mut elapsed)?
                && better.kind != Kind::Unknown
            {
                (found, seen) = (whole, Some(better));
            }
            drop(photo);
            if let Some(seen) = seen {
                self.tell(&mut reading, &found, seen, &mut elapsed)?;
            }
        }
        if reading.card_quad.is_none() {
            reading.quality.push(finding("no_card", search.card.map_or(0.0, |card| card.score), LEAST_SCORE));
        }
        elapsed.total = begun.elapsed().as_secs_f64() * 1000.0;
        reading.elapsed_ms = elapsed;
        Ok(reading)
    }

    /// Tells the document's kind and reads it by that kind's form; `None` for a flat quad.
    fn card_seen(
        &self,
        photo: &Picture,
        found: &FoundCard,
        today: Day,
        elapsed: &mut Elapsed,
    ) -> Result<Option<Attempt>, ModelFault> {
        let flat =
            |elapsed: &mut Elapsed, format| timed(&mut elapsed.rectify, || rectify(photo, found, format));
        let Some(card) = flat(elapsed, Format::Id1) else { return Ok(None) };
        let told = timed(&mut elapsed.kind, || tell(&card, self.model.as_ref()))?;
        let card = if told.upside_down { card.upside_down() } else { card };
        let format = Form::of(told.kind).format;
        let card = match (format == card.format).then_some(card.clone()).or_else(|| flat(elapsed, format)) {
            Some(flat) if flat.turned != card.turned => flat.upside_down(),
            Some(flat) => flat,
            None => return Ok(None),
        };
        if told.kind != Kind::Unknown {
            return self.attempt(card, told.kind, told.subkind, today, elapsed).map(Some);
        }
        // A title under glare: number and date in their places say as much of a resident card.
        let first = self.attempt(card, Kind::Unknown, None, today, elapsed)?;
        if first.kind != Kind::Unknown {
            return Ok(Some(first));
        }
        let second = self.attempt(first.card.upside_down(), Kind::Unknown, None, today, elapsed)?;
        Ok(Some(if second.kind == Kind::Unknown { first } else { second }))
    }

    fn attempt(
        &self,
        card: FlatCard,
        kind: Kind,
        subkind: Option<Subkind>,
        today: Day,
        elapsed: &mut Elapsed,
    ) -> Result<Attempt, ModelFault> {
        let layout = timed(&mut elapsed.layout, || layout(&card, Form::of(kind)));
        let read = timed(&mut elapsed.recognise, || recognise(&layout, self.model.as_ref()))?;
        let mut fields = timed(&mut elapsed.understand, || understand(&layout, &read, today));
        let has = |name| fields.iter().any(|field| field.name == name);
        let kind = if kind == Kind::Unknown && has("resident_number") && has("issue_date") {
            Kind::Resident
        } else {
            kind
        };
        if kind == Kind::Unknown {
            // Fields of other kinds stand elsewhere; what lies in these places would be something else.
            fields.clear();
        }
        Ok(Attempt { card, layout, read, kind, subkind, fields })
    }

    fn tell(
        &self,
        reading: &mut CardReading,
        found: &FoundCard,
        seen: Attempt,
        elapsed: &mut Elapsed,
    ) -> Result<(), EncodeFault> {
        // A whole picture was only guessed to be a card; without any print of one, it is none.
        if found.whole_picture && seen.kind == Kind::Unknown {
            return Ok(());
        }
        reading.card_quad = Some(if seen.card.turned { found.quad.turned(2) } else { found.quad });
        if found.cut_off {
            reading.quality.push(finding("cut_off", 1.0, 0.0));
        }
        let findings = timed(&mut elapsed.quality, || quality(&seen.card, &seen.layout));
        reading.quality.extend(findings);
        (reading.kind, reading.subkind) = (seen.kind, seen.subkind);
        let kept =
            timed(&mut elapsed.mask, || mask(&seen.card, seen.kind, &seen.layout, &seen.read, &seen.fields))?;
        reading.masked_jpeg = kept.masked_jpeg;
        reading.crops = kept.crops;
        reading.portrait = kept.portrait;
        for field in seen.fields {
            // Light on the print, or blur, makes a sure reading unlikely to be a right one.
            let glare = reading.quality.iter().any(|q| q.code == "glare" && q.field == Some(field.name));
            let blurred = reading.quality.iter().any(|q| q.code == "blurred");
            let confidence =
                field.confidence * if glare { 0.8 } else { 1.0 } * if blurred { 0.9 } else { 1.0 };
            let doubtful = confidence < threshold(field.name);
            reading
                .fields
                .insert(field.name, Field { value: field.value, confidence, area: field.area, doubtful });
        }
        Ok(())
    }
}

fn timed<T>(sum_ms: &mut f64, step: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let answer = step();
    *sum_ms += begun.elapsed().as_secs_f64() * 1000.0;
    answer
}

/// Figures of many readings.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BenchFigures {
    /// How many readings were timed.
    pub readings: usize,
    /// Median of each step in milliseconds, the total among them.
    pub median_ms: Elapsed,
    /// Slowest of each step in milliseconds.
    pub worst_ms: Elapsed,
    /// The recogniser.
    pub model: String,
}

/// Reads every picture `rounds` times and tells how long each step took; `None` for no pictures.
pub fn bench(
    reader: &Reader,
    pictures: &[Vec<u8>],
    rounds: usize,
    today: Day,
) -> Result<Option<BenchFigures>, Unreadable> {
    let mut all = Vec::new();
    for _ in 0..rounds {
        for picture in pictures {
            all.push(reader.read(picture, today)?.elapsed_ms);
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let of = |place: fn(&Elapsed) -> f64, share: f64| {
        let mut values: Vec<f64> = all.iter().map(place).collect();
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * share).round() as usize]
    };
    let at = |share: f64| Elapsed {
        decode: of(|e| e.decode, share),
        find_card: of(|e| e.find_card, share),
        rectify: of(|e| e.rectify, share),
        kind: of(|e| e.kind, share),
        layout: of(|e| e.layout, share),
        recognise: of(|e| e.recognise, share),
        understand: of(|e| e.understand, share),
        quality: of(|e| e.quality, share),
        mask: of(|e| e.mask, share),
        total: of(|e| e.total, share),
    };
    let model = reader.model.name().to_owned();
    Ok(Some(BenchFigures { readings: all.len(), median_ms: at(0.5), worst_ms: at(1.0), model }))
}
