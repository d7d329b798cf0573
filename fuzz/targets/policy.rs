//! A policy that an institution wants to save: problems with their places, or one that keeps the legal floor.
#![no_main]

use ingam_cases::method::{LEGAL_FLOOR, distinct};
use ingam_cases::policy::{Policy, Step};
use ingam_fuzz::edited;
use libfuzzer_sys::fuzz_target;

const POLICY: &[u8] = r#"{"name":"기본","purpose":"비대면 계좌 만들기","require":2,"steps":[{"step":"id_document","documents":["resident"]},{"step":"existing_account"}],"consents":[{"text_id":"identity","required":true}],"expires_in_s":86400}"#.as_bytes();

fuzz_target!(|data: &[u8]| {
    let Ok(policy) = serde_json::from_slice::<Policy>(&edited(&[POLICY], data)) else { return };
    let problems = policy.problems();
    if problems.is_empty() {
        assert!(distinct(policy.steps.iter().filter_map(Step::method)) >= LEGAL_FLOOR);
        let again = serde_json::to_vec(&policy).expect("JSON");
        assert_eq!(serde_json::from_slice::<Policy>(&again).expect("what was written"), policy);
    }
    assert!(problems.iter().all(|problem| problem.field.starts_with('/')));
});
