//! The phone: a message with a code goes to it, and the telecom says whether the code is right and whose the phone is.
//! Method ⑥, which never counts.
//!
//! Sending is blind: nobody can be asked whether a message went. So nothing is sent again by itself; the person asks for
//! another one, within the policy's messages.

use super::apply::check;
use super::card::may_ask_bank;
use super::next::{Next, next};
use super::{CheckKind, Event, Met, RefusedCode, Verification};
use crate::answers::{Answer, Outcome, PhoneCode};
use crate::id::CallId;
use crate::method::Method;
use crate::policy::Step;
use crate::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The phone's progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phone", rename_all = "snake_case")]
pub enum PhoneStep {
    /// Not in the policy, or nobody has come so far.
    #[default]
    Idle,
    /// The person shall name a phone.
    Name {
        /// What became of the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<PhoneCode>,
    },
    /// A message is on its way.
    Sending {
        /// The message.
        call: CallId,
    },
    /// The person shall type the code of the message.
    Code {
        /// The message.
        call: CallId,
        /// Until when it may be typed.
        expires_at: Timestamp,
        /// How often it may still be typed.
        tries_left: u32,
        /// What the telecom said of the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<PhoneCode>,
    },
    /// The telecom is asked about the code.
    Checking {
        /// The message.
        call: CallId,
        /// Until when a code may be typed.
        expires_at: Timestamp,
        /// How often one may be typed after this.
        tries_left: u32,
    },
    /// Proved.
    Passed,
}

/// What the policy says of the step.
#[derive(Debug, Clone, Copy)]
struct Rules {
    sends: u32,
    tries: u32,
    code_minutes: u32,
}

impl PhoneStep {
    pub(super) fn is_idle(&self) -> bool {
        *self == Self::Idle
    }

    /// The message at hand.
    pub fn call(&self) -> Option<&CallId> {
        match self {
            Self::Sending { call } | Self::Code { call, .. } | Self::Checking { call, .. } => Some(call),
            Self::Idle | Self::Name { .. } | Self::Passed => None,
        }
    }
}

fn rules(v: &Verification) -> Option<Rules> {
    v.plan.steps.iter().find_map(|step| match step {
        Step::Phone { sends, tries, code_minutes } => {
            Some(Rules { sends: *sends, tries: *tries, code_minutes: *code_minutes })
        }
        _ => None,
    })
}

impl Verification {
    /// How often a message may still be asked for.
    pub fn messages_left(&self) -> u32 {
        rules(self).map_or(0, |rules| rules.sends.saturating_sub(self.messages))
    }
}

/// The person names a phone.
pub(super) fn give(v: &Verification, call: CallId) -> Result<Vec<Event>, Refusal> {
    // A bank that is waited for holds up no phone; a list that has not answered does.
    let Next::Phone { .. } = next(v) else { return Err(Refusal::NotNow) };
    if !may_ask_bank(v) {
        return Err(Refusal::NotNow);
    }
    if v.messages_left() == 0 {
        return Err(Refusal::SendsUsedUp);
    }
    Ok(vec![Event::PhoneGiven { call }])
}

/// The telecom said what became of the message.
pub(super) fn answered(
    v: &Verification,
    call: CallId,
    answer: Answer<PhoneCode>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if v.phone != (PhoneStep::Sending { call: call.clone() }) {
        return Err(Refusal::StaleAnswer);
    }
    Ok(vec![Event::PhoneAnswered {
        call,
        code: answer.code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
    }])
}

/// The person typed the code.
pub(super) fn typed(v: &Verification, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let (Next::PhoneCode { .. }, PhoneStep::Code { expires_at, .. }) = (next(v), &v.phone) else {
        return Err(Refusal::NotNow);
    };
    Ok(vec![if now < *expires_at { Event::PhoneCodeTyped {} } else { Event::PhoneLapsed {} }])
}

/// The telecom said what it makes of the code.
pub(super) fn confirmed(
    v: &Verification,
    call: CallId,
    answer: Answer<PhoneCode>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if !matches!(&v.phone, PhoneStep::Checking { call: asked, .. } if *asked == call) {
        return Err(Refusal::StaleAnswer);
    }
    Ok(vec![Event::PhoneConfirmed {
        call,
        code: answer.code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
    }])
}

/// The person wants another phone, or another message to this one.
pub(super) fn change(v: &Verification) -> Result<Vec<Event>, Refusal> {
    match v.phone {
        PhoneStep::Code { .. } if v.messages_left() == 0 => Err(Refusal::SendsUsedUp),
        PhoneStep::Code { .. } => Ok(vec![Event::PhoneChanged {}]),
        _ => Err(Refusal::NotNow),
    }
}

/// A code whose time is over.
pub(super) fn lapsed(v: &Verification, now: Timestamp) -> Option<Event> {
    match &v.phone {
        PhoneStep::Code { expires_at, .. } if now >= *expires_at => Some(Event::PhoneLapsed {}),
        _ => None,
    }
}

/// The end where no phone can be proved any more.
pub(super) fn exhausted(v: &Verification) -> Option<RefusedCode> {
    let over =
        matches!(v.phone, PhoneStep::Name { .. }) && v.messages_left() == 0 && v.document.names_a_number();
    over.then_some(RefusedCode::PhoneNotProved)
}

/// The phone has to be proved anew: its owner was compared with another card.
pub(super) fn forget(v: &mut Verification) {
    if v.end().is_none() && v.phone != PhoneStep::Idle {
        v.met.retain(|met| met.method != Method::Phone);
        v.phone = PhoneStep::Name { problem: None };
    }
}

/// Folds what became of the message.
pub(super) fn fold_answered(
    v: &mut Verification,
    call: &CallId,
    code: PhoneCode,
    provider: &str,
    provider_ref: Option<&String>,
    at: Timestamp,
) {
    check(v, CheckKind::Phone, call, code.outcome(), &code, provider, provider_ref, at);
    let (PhoneStep::Sending { .. }, Some(rules)) = (&v.phone, rules(v)) else { return };
    v.phone = match code {
        PhoneCode::Sent => PhoneStep::Code {
            call: call.clone(),
            expires_at: (at + SignedDuration::from_mins(i64::from(rules.code_minutes))).min(v.expires_at),
            tries_left: rules.tries,
            problem: None,
        },
        _ => PhoneStep::Name { problem: Some(code) },
    };
}

/// Folds that the code was typed.
pub(super) fn fold_typed(v: &mut Verification) {
    if let PhoneStep::Code { call, expires_at, tries_left, .. } = v.phone.clone() {
        v.phone = PhoneStep::Checking { call, expires_at, tries_left: tries_left.saturating_sub(1) };
    }
}

/// Folds what the telecom makes of the code. Silence costs no try.
pub(super) fn fold_confirmed(
    v: &mut Verification,
    call: &CallId,
    code: PhoneCode,
    provider: &str,
    provider_ref: Option<&String>,
    at: Timestamp,
) {
    check(v, CheckKind::Phone, call, code.outcome(), &code, provider, provider_ref, at);
    let PhoneStep::Checking { call, expires_at, tries_left } = v.phone.clone() else { return };
    let again =
        |tries_left| PhoneStep::Code { call: call.clone(), expires_at, tries_left, problem: Some(code) };
    v.phone = match code {
        PhoneCode::Owner => {
            let by = provider.to_owned();
            v.met.push(Met { method: Method::Phone, at, by, call: call.clone() });
            PhoneStep::Passed
        }
        PhoneCode::WrongCode if tries_left > 0 => again(tries_left),
        PhoneCode::WrongCode => PhoneStep::Name { problem: Some(PhoneCode::CodeUsedUp) },
        _ if code.outcome() == Outcome::Indeterminate => again(tries_left + 1),
        _ => PhoneStep::Name { problem: Some(code) },
    };
}
