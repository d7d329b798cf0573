//! Of several readings of one line, the value that most of them mean.

use crate::model::Reading;

/// What one reading means.
pub(super) struct Meant {
    /// The value in its one form.
    pub(super) value: String,
    /// Whether something in it can't be true.
    pub(super) odd: bool,
    /// Whether something speaks for it, say a check digit.
    pub(super) confirmed: bool,
}

/// The value that has most confidence behind it.
pub(super) fn vote(readings: &[Reading], meant: impl Fn(&str) -> Option<Meant>) -> Option<(String, f32)> {
    struct Candidate {
        value: String,
        odd: bool,
        weight: f32,
        best: f32,
        votes: usize,
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for reading in readings {
        let Some(Meant { value, odd, confirmed }) = meant(&reading.text) else { continue };
        let weight =
            (reading.confidence + 0.2) * if odd { 0.3 } else { 1.0 } * if confirmed { 1.3 } else { 1.0 };
        match candidates.iter_mut().find(|c| c.value == value) {
            Some(known) => {
                known.weight += weight;
                known.best = known.best.max(reading.confidence);
                known.votes += 1;
            }
            None => candidates.push(Candidate { value, odd, weight, best: reading.confidence, votes: 1 }),
        }
    }
    let winner = candidates.into_iter().max_by(|a, b| a.weight.total_cmp(&b.weight))?;
    // Independent forms that agree leave less room for error; one that disagrees leaves more.
    let agreement = winner.votes as f32 / readings.len() as f32;
    let confidence = if readings.len() > 1 && winner.votes == readings.len() {
        1.0 - (1.0 - winner.best) * 0.4
    } else {
        winner.best * (0.55 + 0.45 * agreement)
    };
    let confidence = if winner.odd { confidence.min(0.3) } else { confidence };
    Some((winner.value, confidence))
}
