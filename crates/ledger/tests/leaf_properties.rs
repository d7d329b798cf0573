//! Properties of canonical JSON, leaves and proofs, over values that nobody thought of.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ingam_ledger::Base64;
use ingam_ledger::jcs::{self, MAX_INTEGER, NotCanonical};
use ingam_ledger::leaf::{self, Hash, Header};
use ingam_ledger::proof::{OpenedField, Opening, Proof, ProofHeader, open_proof, verify_partial};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

fn values() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    plain.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(".{0,6}", inner, 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn entries() -> impl Strategy<Value = (Header, Vec<Opening>)> {
    (btree_map(".{1,8}", (values(), any::<[u8; 32]>()), 0..14), ".{1,10}", any::<[u8; 16]>()).prop_filter_map(
        "names or members that meet in NFC",
        |(fields, kind, nonce)| {
            let mut fields: Vec<Opening> =
                fields.into_iter().map(|(name, (value, salt))| Opening { name, value, salt }).collect();
            fields.sort_by(|a, b| jcs::name_order(&jcs::nfc(&a.name), &jcs::nfc(&b.name)));
            let distinct = fields.windows(2).all(|pair| jcs::nfc(&pair[0].name) != jcs::nfc(&pair[1].name));
            let canonical = fields.iter().all(|field| jcs::canonical_nfc(&field.value).is_ok());
            let header = Header {
                entry: "evt".into(),
                case: "ver".into(),
                version: 1,
                kind,
                institution: None,
                time: jiff::Timestamp::UNIX_EPOCH,
                fields: fields.len() as u64,
                nonce,
            };
            (distinct && canonical).then_some((header, fields))
        },
    )
}

fn commitments(fields: &[Opening]) -> Vec<Hash> {
    fields.iter().map(|field| leaf::commitment(&field.name, &field.value, &field.salt).unwrap()).collect()
}

proptest! {
    #[test]
    fn canonical_json_reads_back_and_is_canonical(value in values()) {
        let bytes = jcs::canonical(&value).unwrap();
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(jcs::canonical(&read).unwrap(), bytes);
    }

    #[test]
    fn bringing_to_nfc_twice_is_bringing_once(value in values()) {
        match jcs::value_nfc(&value) {
            Err(problem) => prop_assert_eq!(problem, NotCanonical::SameName),
            Ok(once) => {
                prop_assert_eq!(jcs::canonical(&once).unwrap(), jcs::canonical_nfc(&value).unwrap());
                prop_assert_eq!(jcs::value_nfc(&once).unwrap(), once);
            }
        }
    }

    #[test]
    fn the_order_of_names_is_that_of_utf16(a in ".{0,4}", b in ".{0,4}") {
        let (left, right): (Vec<u16>, Vec<u16>) = (a.encode_utf16().collect(), b.encode_utf16().collect());
        prop_assert_eq!(jcs::name_order(&a, &b), left.cmp(&right));
    }

    #[test]
    fn any_choice_of_fields_proves_and_any_change_does_not(
        (header, fields) in entries(), chosen in any::<u64>(), show in any::<bool>(), flip in any::<usize>()
    ) {
        let commitments = commitments(&fields);
        let leaf = leaf::leaf(&header, &commitments);
        let shown: Vec<Opening> =
            fields.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, field)| field.clone()).collect();
        let proof = open_proof(&header, show, &commitments, &shown).unwrap();
        prop_assert_eq!(proof.opened.len(), shown.len());
        let proof: Proof = serde_json::from_str(&serde_json::to_string(&proof).unwrap()).unwrap();
        let read = verify_partial(&proof, &leaf).unwrap();
        prop_assert_eq!(read.is_some(), show);
        let hidden_bytes = serde_json::to_string(&proof.hidden).unwrap();
        for (at, field) in fields.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 0) {
            let salt = serde_json::to_string(&Base64(field.salt)).unwrap();
            prop_assert!(!hidden_bytes.contains(&salt[1..salt.len() - 1]), "a hidden salt of field {} leaks", at);
        }
        if !proof.opened.is_empty() {
            let at = flip % proof.opened.len();
            let mut changed = proof.clone();
            changed.opened[at].salt.0[flip % 32] ^= 1 << (flip % 8);
            prop_assert!(verify_partial(&changed, &leaf).is_err());
            let mut changed = proof.clone();
            changed.opened[at].value = Value::Array(vec![changed.opened[at].value.clone()]);
            prop_assert!(verify_partial(&changed, &leaf).is_err());
            let mut changed = proof.clone();
            changed.opened[at].name.push('x');
            prop_assert!(verify_partial(&changed, &leaf).is_err());
        }
    }

    #[test]
    fn nonsense_is_refused_without_a_panic(
        fields in any::<u64>(), indexes in vec(any::<u64>(), 0..4), hidden in vec(any::<[u8; 32]>(), 0..8),
        small in any::<bool>(), text in ".{0,60}"
    ) {
        let bound = if small { 8 } else { u64::MAX };
        let opened = indexes.iter().map(|index| OpenedField {
            index: index % bound,
            name: format!("{index:020}"),
            salt: Base64([0; 32]),
            value: Value::from(text.clone()),
        });
        let proof = Proof {
            format: 1,
            header: if small { ProofHeader::Hidden(Base64([0; 32])) } else { ProofHeader::Opened(text.clone()) },
            fields: fields % bound,
            opened: opened.collect(),
            hidden: hidden.into_iter().map(Base64).collect(),
        };
        prop_assert!(verify_partial(&proof, &[0; 32]).is_err());
        let _ = serde_json::from_str::<Proof>(&text);
    }
}
