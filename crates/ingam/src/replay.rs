//! Replaying cases from their entries' clear parts: what `ingam audit` compares with the views.

use crate::fault::Fault;
use crate::flow::{door, institution, media, persons, read_event, reviews, staff, verification};
use ingam_ledger::ClearEntry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;

/// The state that a case's entries fold to.
///
/// # Errors
/// What does not fit, in words without personal data.
pub fn fold(case_kind: &str, entries: &[ClearEntry]) -> Result<Value, String> {
    match case_kind {
        verification::KIND => folded(entries, ingam_cases::verification::apply::apply),
        institution::KIND => folded(entries, ingam_cases::institution::apply),
        staff::KIND => folded(entries, ingam_cases::staff::apply),
        media::KIND => folded(entries, ingam_cases::medium::apply),
        persons::KIND => folded(entries, ingam_cases::person::apply),
        reviews::KIND => folded(entries, ingam_cases::review::apply),
        // A record of access, and of a try with a login of nobody's, is an entry and no state.
        ingam_ledger::ACCESS_CASE | door::KNOCK => Ok(Value::Null),
        other => Err(format!("no kind of case is called {other}")),
    }
}

fn folded<E: DeserializeOwned, S: Serialize, P: Display>(
    entries: &[ClearEntry],
    apply: impl Fn(Option<S>, &E) -> Result<S, P>,
) -> Result<Value, String> {
    let mut state = None;
    for entry in entries {
        let event = read_event(&entry.kind, &entry.clear);
        let event = event.map_err(|fault: Fault| format!("{}: {fault}", entry.kind))?;
        state = Some(apply(state, &event).map_err(|problem| problem.to_string())?);
    }
    serde_json::to_value(state).map_err(|problem| problem.to_string())
}
