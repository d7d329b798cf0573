//! Consents: asked before the first step, answered one by one, and taken back whenever the person wants
//! (개인정보 보호법 §37).
//!
//! A required one that is taken back ends what is under way; behind the end nothing is undone, and the institution is told,
//! which has to stop what it still does with the data.

use super::command::{ConsentAnswer, ShownText};
use super::{Event, RefusedCode, Stage, Verification};
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A consent as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consented {
    /// The text that was shown.
    #[serde(flatten)]
    pub text: ShownText,
    /// Whether the verification ended without it.
    pub required: bool,
    /// The answer.
    pub answer: bool,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

impl Consented {
    /// Whether it stands.
    pub fn stands(&self) -> bool {
        self.answer && self.withdrawn_at.is_none()
    }
}

impl Verification {
    /// Whether everything that the policy asks consent for is still consented to. Before the answers nothing is missing.
    pub fn consents_stand(&self) -> bool {
        self.consents.iter().filter(|consent| consent.required).all(Consented::stands)
    }
}

pub(super) fn answered(
    v: &Verification,
    answers: Vec<ConsentAnswer>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if v.stage != Stage::Consents {
        return Err(Refusal::NotNow);
    }
    let asked = |a: &ConsentAnswer| {
        v.plan.consents.iter().any(|c| c.text_id == a.text.text_id && c.required == a.required)
    };
    let each_once =
        v.plan.consents.iter().all(|c| answers.iter().filter(|a| a.text.text_id == c.text_id).count() == 1);
    if !each_once || !answers.iter().all(asked) {
        return Err(Refusal::ConsentsDiffer);
    }
    let refused = answers.iter().any(|a| a.required && !a.answer);
    let mut events = vec![Event::ConsentsAnswered { answers }];
    if refused {
        events.push(Event::Refused { code: RefusedCode::ConsentRefused, at: now });
    }
    Ok(events)
}

/// The person takes a consent back. Twice is once.
pub(super) fn withdraw(v: &Verification, text_id: String, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let consent = v.consents.iter().find(|consent| consent.text.text_id == text_id && consent.answer);
    let consent = consent.ok_or(Refusal::Unknown)?;
    if !consent.stands() {
        return Ok(vec![]);
    }
    let mut events = vec![Event::ConsentWithdrawn { text_id, at: now }];
    if consent.required && v.end().is_none() {
        events.push(Event::Refused { code: RefusedCode::ConsentRefused, at: now });
    }
    Ok(events)
}

pub(super) fn fold_answered(v: &mut Verification, answers: &[ConsentAnswer]) {
    let consented = |a: &ConsentAnswer| Consented {
        text: a.text.clone(),
        required: a.required,
        answer: a.answer,
        withdrawn_at: None,
    };
    v.consents = answers.iter().map(consented).collect();
}

pub(super) fn fold_withdrawn(v: &mut Verification, text_id: &str, at: Timestamp) {
    for consent in v.consents.iter_mut().filter(|consent| consent.text.text_id == text_id) {
        consent.withdrawn_at = Some(at);
    }
}
