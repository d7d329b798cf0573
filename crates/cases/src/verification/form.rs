//! The form: questions of the institution's own. Meets no method.
//!
//! What was answered is sealed beside the event; here stands only which questions were.

use super::next::{Next, next};
use super::{Event, Verification};
use crate::policy::{Question, Step};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// The form's progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormStep {
    /// Not in the policy, or nobody has come so far.
    #[default]
    Idle,
    /// The person shall answer.
    Open,
    /// Answered.
    Answered,
}

impl FormStep {
    pub(super) fn is_idle(&self) -> bool {
        *self == Self::Idle
    }
}

impl Verification {
    /// The questions of the policy's form, none where it has none.
    pub fn questions(&self) -> &[Question] {
        let form = self.plan.steps.iter().find_map(|step| match step {
            Step::Form { questions, .. } => Some(questions.as_slice()),
            _ => None,
        });
        form.unwrap_or_default()
    }
}

/// The person answered these questions. Whether each answer can be taken was looked at where it is in clear.
pub(super) fn answer(v: &Verification, answered: Vec<String>) -> Result<Vec<Event>, Refusal> {
    let Next::Form = next(v) else { return Err(Refusal::NotNow) };
    let fits = |question: &Question| !question.required || answered.contains(&question.id);
    let known = |id: &String| v.questions().iter().any(|question| question.id == *id);
    if !v.questions().iter().all(fits) || !answered.iter().all(known) {
        return Err(Refusal::AnswersDiffer);
    }
    Ok(vec![Event::FormAnswered { answered }])
}
