//! Replaying cases from their entries' clear parts: what `ingam audit` compares with the views.

use crate::fault::Fault;
use crate::flow::read_event;
use crate::flow::{door, institution, media, persons, staff, verification};
use ingam_ledger::ClearEntry;
use serde_json::Value;

/// The state that a case's entries fold to.
///
/// # Errors
/// What does not fit, in words without personal data.
pub fn fold(case_kind: &str, entries: &[ClearEntry]) -> Result<Value, String> {
    match case_kind {
        verification::KIND => {
            let mut state = None;
            for entry in entries {
                let event = event(entry)?;
                state =
                    Some(ingam_cases::verification::apply::apply(state, &event).map_err(|e| e.to_string())?);
            }
            json(&state)
        }
        institution::KIND => {
            let mut state = None;
            for entry in entries {
                let event = event(entry)?;
                state = Some(ingam_cases::institution::apply(state, &event).map_err(|e| e.to_string())?);
            }
            json(&state)
        }
        staff::KIND => {
            let mut state = None;
            for entry in entries {
                let event = event(entry)?;
                state = Some(ingam_cases::staff::apply(state, &event).map_err(|e| e.to_string())?);
            }
            json(&state)
        }
        media::KIND => {
            let mut state = None;
            for entry in entries {
                let event = event(entry)?;
                state = Some(ingam_cases::medium::apply(state, &event).map_err(|e| e.to_string())?);
            }
            json(&state)
        }
        persons::KIND => {
            let mut state = None;
            for entry in entries {
                let event = event(entry)?;
                state = Some(ingam_cases::person::apply(state, &event).map_err(|e| e.to_string())?);
            }
            json(&state)
        }
        // A record of access, and of a try with a login of nobody's, is an entry and no state.
        ingam_ledger::ACCESS_CASE | door::KNOCK => Ok(Value::Null),
        other => Err(format!("no kind of case is called {other}")),
    }
}

fn event<E: serde::de::DeserializeOwned>(entry: &ClearEntry) -> Result<E, String> {
    read_event(&entry.kind, &entry.clear).map_err(|fault: Fault| format!("{}: {fault}", entry.kind))
}

fn json(state: &impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(state).map_err(|e| e.to_string())
}
