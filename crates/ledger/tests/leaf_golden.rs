//! The leaf format against its golden vectors. The format is for ever: a change that needs the file
//! renewed is a new format. `INGAM_GOLDEN=renew cargo test -p ingam-ledger --test leaf_golden` writes it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ingam_ledger::leaf::{self, Header};
use ingam_ledger::proof::{Opening, Proof, ProofProblem, open_proof, verify_partial};
use ingam_ledger::{Base64, jcs};
use serde_json::{Value, json};

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Vector {
    name: &'static str,
    header: Header,
    fields: Vec<Opening>,
}

fn vector(name: &'static str, institution: Option<&str>, fields: &[(&str, Value)]) -> Vector {
    let salt = |n: u8| std::array::from_fn(|at| n.wrapping_mul(31).wrapping_add(at as u8));
    let mut fields: Vec<Opening> = fields
        .iter()
        .zip(1..)
        .map(|((name, value), n)| Opening { name: (*name).into(), value: value.clone(), salt: salt(n) })
        .collect();
    fields.sort_by(|a, b| jcs::name_order(&jcs::nfc(&a.name), &jcs::nfc(&b.name)));
    let header = Header {
        entry: "evt_01".into(),
        case: "ver_01".into(),
        version: 7,
        kind: "verification.opened".into(),
        institution: institution.map(str::to_owned),
        time: "2026-03-01T09:30:00.5Z".parse().unwrap(),
        fields: fields.len() as u64,
        nonce: std::array::from_fn(|at| 240 + at as u8),
    };
    Vector { name, header, fields }
}

fn vectors() -> Vec<Vector> {
    vec![
        vector("no fields", None, &[]),
        vector("one field", Some("ins_01"), &[("step", json!("card"))]),
        vector(
            "five fields of every kind",
            Some("ins_01"),
            &[
                ("name", json!("홍길동")),
                ("amount", json!("1")),
                ("tries", json!([0, -5, 9_007_199_254_740_991_i64])),
                ("flags", json!({"b": true, "a": null, "\u{20ac}": {}, "\u{1f600}": []})),
                ("\u{fb33}", json!("quote \" slash / back \\ tab \t bell \u{7} del \u{7f}")),
            ],
        ),
        vector(
            "text that is not in NFC",
            None,
            &[
                ("\u{1112}\u{1169}\u{11bc}", json!("e\u{301}")),
                ("x", json!({"\u{1100}\u{1161}": "\u{212b}"})),
            ],
        ),
        vector(
            "eight fields",
            Some("ins_02"),
            &["h", "g", "f", "e", "d", "c", "b", "a"].map(|name| (name, json!({"of": name}))),
        ),
    ]
}

fn written(vector: &Vector) -> Value {
    let commitments: Vec<leaf::Hash> =
        vector.fields.iter().map(|f| leaf::commitment(&f.name, &f.value, &f.salt).unwrap()).collect();
    let leaf = leaf::leaf(&vector.header, &commitments);
    let fields =
        vector.fields.iter().map(|f| json!({"name": f.name, "value": f.value, "salt": b64(&f.salt)}));
    let canonical = vector.header.canonical();
    json!({
        "about": vector.name,
        "header": String::from_utf8(canonical.clone()).unwrap(),
        "header_sha256": b64(&leaf::sha256(&[&canonical])),
        "fields": fields.collect::<Vec<_>>(),
        "commitments": commitments.iter().map(|c| b64(c)).collect::<Vec<_>>(),
        "root": b64(&leaf::root(&commitments)),
        "leaf": b64(&leaf),
        "public": b64(&leaf::public_bytes(&leaf)),
    })
}

fn proofs() -> Vec<Value> {
    let mut out = Vec::new();
    for (about, at, names, header) in [
        ("two of five, header hidden", 2, &["amount", "name"][..], false),
        ("all five and the header", 2, &["amount", "flags", "name", "tries", "\u{fb33}"][..], true),
        ("nothing but the header", 4, &[][..], true),
        ("one of eight and the header", 4, &["e"][..], true),
        ("nothing at all", 0, &[][..], false),
    ] {
        let vector = &vectors()[at];
        let commitments: Vec<leaf::Hash> =
            vector.fields.iter().map(|f| leaf::commitment(&f.name, &f.value, &f.salt).unwrap()).collect();
        let shown: Vec<Opening> =
            vector.fields.iter().filter(|f| names.contains(&&*f.name)).cloned().collect();
        let proof = open_proof(&vector.header, header, &commitments, &shown).unwrap();
        let leaf = leaf::leaf(&vector.header, &commitments);
        out.push(json!({"about": about, "leaf": b64(&leaf), "proof": proof}));
    }
    out
}

#[test]
fn the_vectors_stand() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/leaf-v1.json");
    let now = json!({
        "format": 1,
        "note": "docs/decisions/0002-leaf-format.md. Bytes are base64url without padding; fields are ordered by name.",
        "entries": vectors().iter().map(written).collect::<Vec<_>>(),
        "proofs": proofs(),
    });
    if std::env::var_os("INGAM_GOLDEN").is_some_and(|renew| renew == "renew") {
        std::fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
    }
    let golden: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(golden, now);
}

#[test]
fn a_proof_verifies_and_nothing_near_it_does() {
    for item in proofs() {
        let about = item["about"].as_str().unwrap();
        let leaf: leaf::Hash = serde_json::from_value::<Base64<32>>(item["leaf"].clone()).unwrap().0;
        let proof: Proof = serde_json::from_value(item["proof"].clone()).unwrap();
        verify_partial(&proof, &leaf).expect(about);

        let check = |change: &dyn Fn(&mut Proof), expected: &[ProofProblem]| {
            let mut changed = proof.clone();
            change(&mut changed);
            if changed != proof {
                let problem = verify_partial(&changed, &leaf).expect_err(about);
                assert!(expected.contains(&problem), "{about}: {problem}");
            }
        };
        use ProofProblem::{Field, Format, Header, Leaf, Shape};
        check(&|p| p.format = 2, &[Format]);
        // Only the header says how many fields there are; where it is hidden the number is a claim.
        if matches!(proof.header, ingam_ledger::proof::ProofHeader::Opened(_)) {
            check(&|p| p.fields += 1, &[Shape]);
        }
        check(&|p| p.fields = u64::MAX, &[Shape]);
        check(&|p| p.hidden.push(Base64([0; 32])), &[Shape]);
        check(&|p| p.hidden.truncate(p.hidden.len().saturating_sub(1)), &[Shape]);
        check(&|p| p.hidden.iter_mut().for_each(|hash| hash.0[0] ^= 1), &[Leaf]);
        check(&|p| p.opened.reverse(), &[Shape]);
        check(&|p| p.opened.iter_mut().for_each(|field| field.salt.0[0] ^= 1), &[Leaf]);
        check(&|p| p.opened.iter_mut().for_each(|field| field.value = json!("other")), &[Leaf]);
        check(&|p| p.opened.iter_mut().for_each(|field| field.value = json!(0.5)), &[Field]);
        check(&|p| p.opened.iter_mut().for_each(|field| field.value = json!("e\u{301}")), &[Field]);
        check(&|p| p.opened.iter_mut().for_each(|field| field.index += 1), &[Shape, Leaf]);
        let header = |change: fn(&str) -> String| {
            move |p: &mut Proof| {
                if let ingam_ledger::proof::ProofHeader::Opened(text) = &mut p.header {
                    *text = change(text);
                }
            }
        };
        check(&header(|text| text.replace("\"version\":7", "\"version\":8")), &[Leaf]);
        check(&header(|text| text.replace("\"format\":1", "\"format\":2")), &[Header]);
        check(&header(|text| text.replace(",\"", ", \"")), &[Header]);
        check(&header(|text| text.replace("30:00.500Z", "30:00.5Z")), &[Header]);
        check(&header(|_| String::new()), &[Header]);
        let mut other = leaf;
        other[31] ^= 1;
        assert_eq!(verify_partial(&proof, &other), Err(Leaf));
    }
}
