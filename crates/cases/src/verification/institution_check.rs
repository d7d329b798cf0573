//! The institution check: the institution is asked whether the verification goes on, once everything before it in the
//! policy is done. Meets no method; its stop is the end, whatever was proved.
//!
//! There is one question in a verification, with one id: asking again is asking the same.

use super::apply::check;
use super::decide::retry_at;
use super::{CheckKind, Event, RefusedCode, Verification};
use crate::answers::{Answer, InstitutionCode, Outcome};
use crate::id::{CallId, EndpointId};
use crate::policy::{Step, StepKind};
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The institution check's progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "institution", rename_all = "snake_case")]
pub enum InstitutionStep {
    /// Not in the policy, or something before it is not done.
    #[default]
    Idle,
    /// It is asked.
    Asking {
        /// The question.
        call: CallId,
        /// How often no clear answer came so far.
        silences: u32,
    },
    /// No clear answer; it is asked again by itself.
    Later {
        /// The question.
        call: CallId,
        /// When it is asked again.
        retry_at: Timestamp,
        /// How often no clear answer came.
        silences: u32,
    },
    /// It said go on.
    Passed,
    /// It said stop.
    Stopped,
}

impl InstitutionStep {
    pub(super) fn is_idle(&self) -> bool {
        *self == Self::Idle
    }

    /// Whether the institution is being asked, or is asked again by itself.
    pub fn awaited(&self) -> bool {
        matches!(self, Self::Asking { .. } | Self::Later { .. })
    }
}

impl Verification {
    /// Which of the institution's endpoints is asked.
    pub fn asked_endpoint(&self) -> Option<&EndpointId> {
        self.plan.steps.iter().find_map(|step| match step {
            Step::InstitutionCheck { endpoint } => Some(endpoint),
            _ => None,
        })
    }
}

/// The question, where everything before it is done and it was not asked yet.
pub(super) fn due(v: &Verification) -> Option<Event> {
    let at = v.plan.steps.iter().position(|step| step.kind() == StepKind::InstitutionCheck)?;
    let due = v.institution_check.is_idle() && v.plan.steps[..at].iter().all(|step| v.done(step));
    due.then(|| Event::InstitutionAsked { call: CallId::first_of(&v.id) })
}

/// The question again, when its time has come.
pub(super) fn again(v: &Verification, now: Timestamp) -> Option<Event> {
    match &v.institution_check {
        InstitutionStep::Later { call, retry_at, .. } if now >= *retry_at => {
            Some(Event::InstitutionAsked { call: call.clone() })
        }
        _ => None,
    }
}

/// The institution answered, or did not.
pub(super) fn answered(
    v: &Verification,
    call: CallId,
    answer: Answer<InstitutionCode>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let silences = match &v.institution_check {
        InstitutionStep::Asking { call: asked, silences } if *asked == call => *silences,
        _ => return Err(Refusal::StaleAnswer),
    };
    let again = answer.code.outcome() == Outcome::Indeterminate;
    let mut events = vec![Event::InstitutionAnswered {
        call,
        code: answer.code,
        provider: answer.provider,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(silences, answer.retry_at, now)),
    }];
    if answer.code == InstitutionCode::Stop {
        events.push(Event::Refused { code: RefusedCode::StoppedByInstitution, at: now });
    }
    Ok(events)
}

/// Folds that it is asked.
pub(super) fn fold_asked(v: &mut Verification, call: &CallId) {
    let silences = match v.institution_check {
        InstitutionStep::Later { silences, .. } => silences,
        _ => 0,
    };
    v.institution_check = InstitutionStep::Asking { call: call.clone(), silences };
}

/// Folds what it said.
pub(super) fn fold_answer(
    v: &mut Verification,
    call: &CallId,
    code: InstitutionCode,
    provider: &str,
    at: Timestamp,
    retry_at: Option<Timestamp>,
) {
    check(v, CheckKind::Institution, call, code.outcome(), &code, provider, None, at);
    let InstitutionStep::Asking { silences, .. } = v.institution_check else { return };
    v.institution_check = match code {
        InstitutionCode::Pass => InstitutionStep::Passed,
        InstitutionCode::Stop => InstitutionStep::Stopped,
        InstitutionCode::Unknown | InstitutionCode::Unavailable => InstitutionStep::Later {
            call: call.clone(),
            retry_at: retry_at.unwrap_or(at),
            silences: silences.saturating_add(1),
        },
    };
}
