//! What the ledger keeps of an event: kind and clear fields, in JSON that reads back, without personal data.

use crate::samples;
use ingam_cases::verification::{Event, Verification};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::fmt::Debug;

/// Takes an event apart as the ledger does, and puts it together again.
pub(crate) fn round_trip<E: Serialize + DeserializeOwned + PartialEq + Debug>(
    event: &E,
) -> (String, Map<String, Value>) {
    let Value::Object(mut clear) = serde_json::to_value(event).unwrap() else { panic!("an object") };
    let Some(Value::String(kind)) = clear.remove("kind") else { panic!("a kind") };
    assert_eq!(&read::<E>(&kind, &clear), event);
    (kind, clear)
}

/// Puts an event together from what the ledger kept.
pub(crate) fn read<E: DeserializeOwned>(kind: &str, clear: &Map<String, Value>) -> E {
    let mut whole = clear.clone();
    whole.insert("kind".into(), kind.into());
    serde_json::from_value(Value::Object(whole)).unwrap()
}

/// No floats (two machines may write them differently) and no nulls (an absent field is absent).
fn plain(value: &Value, path: &str) {
    match value {
        Value::Null => panic!("{path} is null"),
        Value::Number(n) => {
            let whole = n.as_i64().unwrap_or_else(|| panic!("{path} is {n}"));
            assert!(whole.unsigned_abs() < 1 << 53, "{path} is {n}");
        }
        Value::Array(items) => items.iter().for_each(|item| plain(item, &format!("{path}[]"))),
        Value::Object(fields) => fields.iter().for_each(|(k, v)| plain(v, &format!("{path}.{k}"))),
        Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    fn check<E: Serialize + DeserializeOwned + PartialEq + Debug>(events: &[E]) {
        for event in events {
            let (kind, clear) = round_trip(event);
            plain(&Value::Object(clear), &kind);
        }
    }
    check(&samples::verification());
    check(&samples::institution());
    check(&samples::person());
    check(&samples::staff());
    check(&samples::medium());
    check(&samples::review());
}

#[test]
fn what_is_absent_is_not_written() {
    use crate::story::{Story, name};
    let mut unnamed = crate::story::plan();
    unnamed.consents.clear();
    let story = Story::begun_under(unnamed).card().confirms(&[]);
    let story = story.issuer(ingam_cases::answers::IssuerCode::Valid);
    let answered = story.events.iter().find(|e| name(e) == "issuer_answered").unwrap();
    assert!(!round_trip(answered).1.contains_key("retry_at"));
    for event in &story.events {
        let (kind, clear) = round_trip(event);
        plain(&Value::Object(clear), &kind);
    }
}

#[test]
fn the_state_reads_back_as_it_was_written() {
    let mut state: Option<Verification> = None;
    for event in crate::golden::all_stories().iter().flat_map(|(_, events)| events) {
        if matches!(event, Event::Opened { .. }) {
            state = None;
        }
        state = Some(ingam_cases::verification::apply::apply(state, event).unwrap());
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<Option<Verification>>(&text).unwrap(), state);
    }
}

#[test]
fn an_event_of_tomorrow_is_a_fault_and_not_a_guess() {
    let unknown = serde_json::json!({ "kind": "verification.opened/2", "at": "2026-11-23T01:00:00Z" });
    assert!(serde_json::from_value::<Event>(unknown).is_err());
}

#[test]
fn entries_out_of_order_are_noticed() {
    use ingam_cases::verification::apply::{OutOfOrder, fold};
    let story = crate::story::Story::begun();
    assert_eq!(fold(&story.events[1..]), Err(OutOfOrder));
    let twice = [&story.events[..1], &story.events[..1]].concat();
    assert_eq!(fold(&twice), Err(OutOfOrder));
}
