//! Policies by chance and by hand: nothing below the law is accepted, and nothing unknown is ignored.

use crate::story::plan;
use ingam_cases::method::{LEGAL_FLOOR, distinct};
use ingam_cases::policy::{
    ConsentAsk, DocumentKind, EXPIRES_IN_S, MAX_CHECKS, MAX_CODE_MINUTES, MAX_CODE_TRIES, MAX_PICTURES,
    MAX_SENDS, PictureSource, Policy, Step,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn steps() -> impl Strategy<Value = Step> {
    let card =
        (0u32..35, 0u32..8, 0usize..2, 0usize..3).prop_map(|(pictures, checks, documents, sources)| {
            Step::IdDocument {
                documents: vec![DocumentKind::Resident; documents],
                sources: [PictureSource::Camera, PictureSource::File][..sources].to_vec(),
                pictures,
                checks,
            }
        });
    let account =
        (0u32..12, 0u32..7, 0u32..17, 0u32..12).prop_map(|(sends, tries, code_minutes, accounts)| {
            Step::ExistingAccount { sends, tries, code_minutes, accounts }
        });
    prop_oneof![card, account]
}

fn policies() -> impl Strategy<Value = Policy> {
    // Half of them start from the usual one, so that enough are accepted.
    let steps = prop_oneof![
        prop::collection::vec(steps(), 0..4),
        Just(plan().steps),
        steps().prop_map(|step| match step {
            Step::IdDocument { .. } => vec![step, plan().steps[1].clone()],
            _ => vec![plan().steps[0].clone(), step],
        }),
    ];
    (steps, prop_oneof![4 => Just(2u32), 1 => 0u32..5], prop_oneof![4 => Just(86_400u32), 1 => any::<u32>()])
        .prop_map(|(steps, require, expires_in_s)| Policy { steps, require, expires_in_s, ..plan() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_policy_keeps_the_law(policy in policies()) {
        let accepted = policy.problems().is_empty();
        let methods = distinct(policy.steps.iter().filter_map(Step::method));
        let lawful = methods >= LEGAL_FLOOR
            && policy.require as usize >= LEGAL_FLOOR
            && policy.require as usize <= methods
            && EXPIRES_IN_S.contains(&policy.expires_in_s)
            && policy.steps.iter().all(|step| match step {
                Step::IdDocument { documents, sources, pictures, checks } => {
                    !documents.is_empty()
                        && !sources.is_empty()
                        && (1..=MAX_PICTURES).contains(pictures)
                        && (1..=MAX_CHECKS).contains(checks)
                }
                Step::ExistingAccount { sends, tries, code_minutes, accounts } => {
                    (1..=MAX_SENDS).contains(sends)
                        && (1..=MAX_CODE_TRIES).contains(tries)
                        && (1..=MAX_CODE_MINUTES).contains(code_minutes)
                        && (1..=MAX_SENDS).contains(accounts)
                }
                _ => true,
            });
        prop_assert!(!accepted || lawful, "accepted below the law: {policy:?}");
        // And the other way: what keeps the law, in order and each step once, is accepted.
        let ordered = matches!(policy.steps[..], [Step::IdDocument { .. }, Step::ExistingAccount { .. }]);
        prop_assert_eq!(accepted, lawful && ordered, "{:?}", policy.problems());
    }

    #[test]
    fn a_policy_reads_back_as_it_was_written(policy in policies()) {
        let text = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }
}

#[test]
fn a_short_policy_means_the_usual_numbers() {
    let short = json!({
        "name": "기본",
        "purpose": "비대면 계좌 만들기",
        "steps": [{ "step": "id_document", "documents": ["resident"] }, { "step": "existing_account" }],
    });
    let expected = Policy { consents: vec![], ..plan() };
    assert_eq!(serde_json::from_value::<Policy>(short).unwrap(), expected);
}

#[test]
fn what_a_policy_does_not_know_it_refuses() {
    let whole = serde_json::to_value(plan()).unwrap();
    assert!(serde_json::from_value::<Policy>(whole.clone()).is_ok());
    let check = |pointer: &str| {
        let mut changed = whole.clone();
        changed.pointer_mut(pointer).unwrap()["surprise"] = Value::Bool(true);
        assert!(serde_json::from_value::<Policy>(changed).is_err(), "{pointer:?}");
    };
    ["", "/steps/0", "/steps/1", "/consents/0"].into_iter().for_each(check);
    let mut other = whole;
    other["steps"][0]["step"] = "phone".into();
    assert!(serde_json::from_value::<Policy>(other).is_err());
}

#[test]
fn names_are_for_people() {
    let check = |name: &str, accepted: bool| {
        let policy = Policy { name: name.into(), ..plan() };
        assert_eq!(policy.problems().is_empty(), accepted, "{name:?}");
    };
    check("기본", true);
    check(&"가".repeat(60), true);
    check(&"가".repeat(61), false);
    check("  ", false);
    check("기본\n", false);
}

#[test]
fn consents_may_be_any_number() {
    let ask = |text_id: &str| ConsentAsk { text_id: text_id.into(), required: false };
    let policy = Policy { consents: vec![ask("a"), ask("b"), ask("c")], ..plan() };
    assert!(policy.problems().is_empty());
}
