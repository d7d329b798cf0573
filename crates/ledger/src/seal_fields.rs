//! From an entry to its stored row and back: salts, commitments, leaf, sealed fields. Runs in the caller,
//! never on the writer thread. Refuses to know where keys come from.

use std::borrow::Cow;

use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use crate::crypto;
use crate::entry::{Entry, EntryRow, RetentionClass, SealedField, SealedRow, Stream};
use crate::error::Fault;
use crate::given::Entropy;
use crate::jcs;
use crate::leaf;
use crate::proof::Opening;
use crate::text::{bound, from_base64, to_base64};
use crate::vault::DataKey;

/// Where a row will stand.
pub(crate) struct Place<'a> {
    pub(crate) case: &'a str,
    pub(crate) version: u64,
    pub(crate) stream: Stream,
}

enum Field<'a> {
    Clear(&'a Value),
    Sealed(&'a SealedField),
}

/// Makes the stored row of an entry; `key` gives the data key of a subject's class.
pub(crate) fn seal_entry<'k>(
    entry: Entry,
    place: Place<'_>,
    key: impl Fn(&str, RetentionClass) -> Result<&'k DataKey, Fault>,
    entropy: &dyn Entropy,
) -> Result<EntryRow, Fault> {
    let clear = entry.clear.iter().map(|(name, value)| (jcs::nfc(name), Field::Clear(value)));
    let sealed = entry.sealed.iter().map(|field| (jcs::nfc(&field.name), Field::Sealed(field)));
    let mut fields: Vec<(Cow<'_, str>, Field<'_>)> = clear.chain(sealed).collect();
    fields.sort_by(|a, b| jcs::name_order(&a.0, &b.0));
    if fields.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Fault::Invalid("two fields of one name in an entry"));
    }
    let mut random = Zeroizing::new(vec![0; 16 + 32 * fields.len()]);
    entropy.fill(&mut random);
    let (nonce, salts) = random.split_at(16);
    let mut row = EntryRow {
        id: entry.id.clone(),
        case: place.case.to_owned(),
        version: place.version,
        stream: place.stream,
        number: None,
        kind: entry.kind.clone(),
        institution: entry.institution.clone(),
        time: jiff::Timestamp::from_millisecond(entry.time.as_millisecond())
            .map_err(|_| Fault::Invalid("a time"))?,
        nonce: [0; 16],
        clear: String::new(),
        clear_salts: Vec::with_capacity(32 * entry.clear.len()),
        sealed: Vec::with_capacity(entry.sealed.len()),
        commitments: Vec::with_capacity(32 * fields.len()),
        leaf: [0; 32],
    };
    row.nonce.copy_from_slice(nonce);
    for ((name, field), salt) in fields.iter().zip(salts.as_chunks::<32>().0) {
        let value = match field {
            Field::Clear(value) => {
                row.clear_salts.extend_from_slice(salt);
                value
            }
            Field::Sealed(field) => {
                let key = key(&field.subject, field.class)?;
                row.sealed.push(seal_field(field, &entry.id, salt, key, entropy)?);
                &field.value
            }
        };
        row.commitments.extend_from_slice(&leaf::commitment(name, value, salt)?);
    }
    row.clear = serde_json::to_string(&entry.clear).map_err(|_| Fault::Invalid("clear fields"))?;
    row.leaf = leaf::leaf(&row.header(), row.commitments.as_chunks::<32>().0);
    Ok(row)
}

fn seal_field(
    field: &SealedField,
    entry: &str,
    salt: &[u8; 32],
    key: &DataKey,
    entropy: &dyn Entropy,
) -> Result<SealedRow, Fault> {
    let mut plain = Zeroizing::new(Vec::with_capacity(128));
    // JCS of {"name","salt","value"}, strings as they were given: reading gives back what was written.
    plain.extend_from_slice(b"{\"name\":");
    jcs::write_string(&mut plain, &field.name);
    plain.extend_from_slice(b",\"salt\":\"");
    plain.extend_from_slice(to_base64(salt).as_bytes());
    plain.extend_from_slice(b"\",\"value\":");
    jcs::write_value(&mut plain, &field.value, false, 1)?;
    plain.push(b'}');
    Ok(SealedRow {
        name: field.name.clone(),
        subject: field.subject.clone(),
        class: field.class,
        key_id: key.id.clone(),
        sealed: crypto::seal(&key.key, &field_aad(entry, &field.name, &key.id), plain, entropy)?,
    })
}

/// Sealed bytes open only in their own entry, under their own name and key.
fn field_aad(entry: &str, name: &str, key_id: &str) -> Vec<u8> {
    bound("ingam-field-v1", &[entry, name, key_id])
}

/// Opens a sealed field.
pub(crate) fn open_field(entry: &str, field: &SealedRow, key: &DataKey) -> Result<Opening, Fault> {
    const DAMAGED: Fault = Fault::Sealed("a field");
    if field.key_id != key.id {
        return Err(DAMAGED);
    }
    let plain = crypto::open(&key.key, &field_aad(entry, &field.name, &key.id), &field.sealed, "a field")?;
    let mut opened: Map<String, Value> = serde_json::from_slice(&plain).map_err(|_| DAMAGED)?;
    let value = opened.remove("value").ok_or(DAMAGED)?;
    let salt = match opened.remove("salt") {
        Some(Value::String(mut text)) => {
            let salt = from_base64(&text).and_then(|salt| <[u8; 32]>::try_from(salt).ok());
            text.zeroize();
            salt.ok_or(DAMAGED)?
        }
        _ => return Err(DAMAGED),
    };
    if opened.get("name").and_then(Value::as_str) != Some(&field.name) {
        return Err(DAMAGED);
    }
    Ok(Opening { name: field.name.clone(), value, salt })
}

/// The clear fields of a row with their salts.
pub(crate) fn clear_openings(row: &EntryRow) -> Result<Vec<Opening>, Fault> {
    let mut fields: Vec<(String, Value)> = row.clear_fields()?.into_iter().collect();
    fields.sort_by(|a, b| jcs::name_order(&jcs::nfc(&a.0), &jcs::nfc(&b.0)));
    let salts = row.clear_salts.as_chunks::<32>().0;
    if salts.len() != fields.len() {
        return Err(Fault::Damaged("the salts of an entry"));
    }
    Ok(fields
        .into_iter()
        .zip(salts)
        .map(|((name, value), salt)| Opening { name, value, salt: *salt })
        .collect())
}
