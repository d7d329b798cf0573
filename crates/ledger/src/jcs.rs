//! Canonical JSON: RFC 8785 (JCS) for the values that an entry may hold. Refuses numbers that are not
//! integers of I-JSON's safe range (RFC 7493 §2.2): an amount is a string.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// 2^53 - 1, the greatest integer that every JSON reader keeps exactly (RFC 7493 §2.2).
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Well under the 128 levels that serde_json reads back, the field around a value included.
const MAX_DEPTH: usize = 100;

/// Why a value has no canonical form here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A fraction or an exponent.
    #[error("a number that is not an integer")]
    Float,
    /// An integer outside of ±(2^53 - 1).
    #[error("an integer beyond 2^53 - 1")]
    Range,
    /// Two names that are one after NFC.
    #[error("two names that are the same after NFC")]
    SameName,
    /// Arrays and objects inside each other more than 100 times.
    #[error("nested too deeply")]
    Depth,
}

/// The canonical bytes of a value, strings as they are (RFC 8785 §3.2).
pub fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::with_capacity(128);
    write_value(&mut out, value, false, 0)?;
    Ok(out)
}

/// The canonical bytes of a value whose strings and names are first brought to NFC.
pub fn canonical_nfc(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::with_capacity(128);
    write_value(&mut out, value, true, 0)?;
    Ok(out)
}

/// A string in NFC.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// A value whose strings and names are in NFC.
pub fn value_nfc(value: &Value) -> Result<Value, NotCanonical> {
    Ok(match value {
        Value::String(text) => Value::String(nfc(text).into_owned()),
        Value::Array(items) => Value::Array(items.iter().map(value_nfc).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, member) in members {
                if out.insert(nfc(name).into_owned(), value_nfc(member)?).is_some() {
                    return Err(NotCanonical::SameName);
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

/// Whether a value can be read back after it was written as text.
pub(crate) fn readable(value: &Value) -> bool {
    fn within(value: &Value, depth: usize) -> bool {
        depth <= MAX_DEPTH
            && match value {
                Value::Array(items) => items.iter().all(|item| within(item, depth + 1)),
                Value::Object(members) => members.values().all(|member| within(member, depth + 1)),
                _ => true,
            }
    }
    within(value, 0)
}

/// The order of names: by UTF-16 code units (RFC 8785 §3.2.3).
pub fn name_order(a: &str, b: &str) -> Ordering {
    // Below the surrogates UTF-8 and UTF-16 sort alike, and nearly every name is ASCII.
    if a.is_ascii() || b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// Writes `{"name":…,"value":…}` in NFC: what a commitment is made over.
pub(crate) fn write_named(out: &mut Vec<u8>, name: &str, value: &Value) -> Result<(), NotCanonical> {
    out.extend_from_slice(b"{\"name\":");
    write_string(out, &nfc(name));
    out.extend_from_slice(b",\"value\":");
    write_value(out, value, true, 1)?;
    out.push(b'}');
    Ok(())
}

pub(crate) fn write_value(
    out: &mut Vec<u8>,
    value: &Value,
    to_nfc: bool,
    depth: usize,
) -> Result<(), NotCanonical> {
    if depth > MAX_DEPTH {
        return Err(NotCanonical::Depth);
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let integer = match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => integer,
                (None, Some(_)) => return Err(NotCanonical::Range),
                (None, None) => return Err(NotCanonical::Float),
            };
            if !(-MAX_INTEGER..=MAX_INTEGER).contains(&integer) {
                return Err(NotCanonical::Range);
            }
            out.extend_from_slice(integer.to_string().as_bytes());
        }
        Value::String(text) if to_nfc => write_string(out, &nfc(text)),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_value(out, item, to_nfc, depth + 1)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(out, members, to_nfc, depth)?,
    }
    Ok(())
}

fn write_object(
    out: &mut Vec<u8>,
    members: &Map<String, Value>,
    to_nfc: bool,
    depth: usize,
) -> Result<(), NotCanonical> {
    let mut sorted: Vec<(Cow<'_, str>, &Value)> = members
        .iter()
        .map(|(name, member)| (if to_nfc { nfc(name) } else { Cow::Borrowed(name.as_str()) }, member))
        .collect();
    sorted.sort_by(|a, b| name_order(&a.0, &b.0));
    if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(NotCanonical::SameName);
    }
    out.push(b'{');
    for (at, (name, member)) in sorted.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_value(out, member, to_nfc, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

/// RFC 8785 §3.2.2.2: the short escapes where JSON has them, `\u00xx` for other controls, all else as is.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut clean_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            0x08 => b"\\b",
            0x09 => b"\\t",
            0x0a => b"\\n",
            0x0c => b"\\f",
            0x0d => b"\\r",
            0x00..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[clean_from..at]);
        if escape.is_empty() {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 0xf)]);
        } else {
            out.extend_from_slice(escape);
        }
        clean_from = at + 1;
    }
    out.extend_from_slice(&bytes[clean_from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: Value, expected: &str) {
        assert_eq!(String::from_utf8(canonical(&value).unwrap()).unwrap(), expected);
    }

    #[test]
    fn rfc_8785_section_3_2_3_sorts_by_utf16_code_units() {
        check(
            json!({"\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
                "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
                "\u{f6}": "Latin Small Letter O With Diaeresis"}),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\
             \"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        );
    }

    #[test]
    fn rfc_8785_section_3_2_2_strings_and_literals() {
        check(
            json!({"string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/", "literals": [null, true, false]}),
            "{\"literals\":[null,true,false],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
        );
        check(json!("\u{8}\t\u{c}\r\u{1f}\u{7f}"), "\"\\b\\t\\f\\r\\u001f\u{7f}\"");
        check(json!([]), "[]");
        check(json!({}), "{}");
    }

    #[test]
    fn integers_pass_within_the_safe_range_and_nothing_else_does() {
        check(json!([0, -1, MAX_INTEGER, -MAX_INTEGER]), "[0,-1,9007199254740991,-9007199254740991]");
        assert_eq!(canonical(&json!(MAX_INTEGER + 1)), Err(NotCanonical::Range));
        assert_eq!(canonical(&json!(-MAX_INTEGER - 1)), Err(NotCanonical::Range));
        assert_eq!(canonical(&json!(u64::MAX)), Err(NotCanonical::Range));
        assert_eq!(canonical(&json!({"a": [1.5]})), Err(NotCanonical::Float));
        assert_eq!(canonical(&json!(1.0)), Err(NotCanonical::Float));
    }

    #[test]
    fn nfc_joins_what_is_the_same_text_and_refuses_names_that_meet() {
        let apart = json!({"\u{1100}\u{1161}": "e\u{301}"});
        assert_eq!(canonical_nfc(&apart).unwrap(), canonical(&json!({"가": "é"})).unwrap());
        assert_ne!(canonical(&apart).unwrap(), canonical(&json!({"가": "é"})).unwrap());
        assert_eq!(canonical_nfc(&json!({"é": 1, "e\u{301}": 2})), Err(NotCanonical::SameName));
        assert_eq!(value_nfc(&json!([{"e\u{301}": "\u{1100}\u{1161}"}])).unwrap(), json!([{"é": "가"}]));
    }

    #[test]
    fn depth_has_an_end() {
        let mut value = json!(1);
        for _ in 0..200 {
            value = json!([value]);
        }
        assert_eq!(canonical(&value), Err(NotCanonical::Depth));
    }
}
