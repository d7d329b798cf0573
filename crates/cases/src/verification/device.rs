//! The device: a code of an access medium that the institution handed over earlier. Method ③.
//!
//! How often a medium may be wrong across verifications is the medium's own case; here only how often in this one.

use super::apply::check;
use super::next::{Next, next};
use super::{CheckKind, Event, Met, RefusedCode, Verification};
use crate::answers::{DeviceCode, Outcome};
use crate::id::{CallId, MediumId};
use crate::method::Method;
use crate::policy::{DeviceKind, Step};
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The medium that the institution says is the person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedMedium {
    /// Which.
    pub id: MediumId,
    /// Its kind.
    pub kind: DeviceKind,
    /// How many numbers a security card has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<u8>,
}

/// The device's progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "device", rename_all = "snake_case")]
pub enum DeviceStep {
    /// Not in the policy, or nobody has come so far.
    #[default]
    Idle,
    /// The person shall type a code.
    Open {
        /// How often it was not right.
        wrong: u32,
        /// What came of the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<DeviceCode>,
    },
    /// Proved.
    Passed,
}

impl DeviceStep {
    pub(super) fn is_idle(&self) -> bool {
        *self == Self::Idle
    }
}

/// The kinds that the policy takes and how often a code may be wrong.
fn rules(v: &Verification) -> Option<(&[DeviceKind], u32)> {
    v.plan.steps.iter().find_map(|step| match step {
        Step::Device { kinds, tries } => Some((kinds.as_slice(), *tries)),
        _ => None,
    })
}

impl Verification {
    /// How often a code may still be wrong.
    pub fn device_tries_left(&self) -> u32 {
        match (rules(self), self.device) {
            (Some((_, tries)), DeviceStep::Open { wrong, .. }) => tries.saturating_sub(wrong),
            _ => 0,
        }
    }
}

/// Whether a medium of this kind, or none, fits what a policy asks for.
pub(super) fn fits(plan: &crate::policy::Policy, medium: Option<&NamedMedium>) -> bool {
    let kinds = plan.steps.iter().find_map(|step| match step {
        Step::Device { kinds, .. } => Some(kinds),
        _ => None,
    });
    match (kinds, medium) {
        (Some(kinds), Some(medium)) => kinds.contains(&medium.kind),
        (None, None) => true,
        _ => false,
    }
}

/// The person typed a code, and this came of it.
pub(super) fn tried(
    v: &Verification,
    call: CallId,
    code: DeviceCode,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let Next::Device { .. } = next(v) else { return Err(Refusal::NotNow) };
    Ok(vec![Event::DeviceTried { call, code, at: now }])
}

/// The end where no right code can come any more.
pub(super) fn exhausted(v: &Verification) -> Option<RefusedCode> {
    let DeviceStep::Open { last, .. } = v.device else { return None };
    let over = last == Some(DeviceCode::Locked) || v.device_tries_left() == 0;
    over.then_some(RefusedCode::DeviceNotProved)
}

/// Folds what came of a code.
pub(super) fn fold_tried(v: &mut Verification, call: &CallId, code: DeviceCode, at: Timestamp) {
    check(v, CheckKind::Device, call, code.outcome(), &code, "person", None, at);
    let (DeviceStep::Open { wrong, .. }, Some(medium)) = (v.device, &v.medium) else { return };
    if code.outcome() == Outcome::Passed {
        let by = medium.kind.as_str().to_owned();
        v.met.push(Met { method: Method::Device, at, by, call: call.clone() });
        v.device = DeviceStep::Passed;
    } else {
        v.device = DeviceStep::Open { wrong: wrong.saturating_add(1), last: Some(code) };
    }
}
