//! The leaf of an entry, format 1 (docs/decisions/0002-leaf-format.md). It stands for ever: what is
//! computed here must never change. Refuses to know whether a field is sealed or clear.
//!
//! ```text
//! commitment = HMAC-SHA256(salt32, JCS({"name","value"}))             RFC 2104, RFC 8785, strings NFC
//! root       = MTH(commitments ordered by name)                       RFC 9162 §2.1.1
//! header     = JCS({"case","entry","fields","format","institution","kind","nonce","time","version"})
//! leaf       = SHA-256("ingam-leaf-v1" ‖ 0x00 ‖ SHA-256(header) ‖ root)
//! public     = 0x01 ‖ leaf
//! ```

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::jcs::{self, NotCanonical};

/// 32 bytes of SHA-256 or HMAC-SHA256.
pub type Hash = [u8; 32];

/// The number of this format: in the header as a number and before the public leaf as a byte.
pub const FORMAT: u8 = 1;

/// Separates this hash from every other use of SHA-256 in the system.
const LEAF_DOMAIN: &[u8] = b"ingam-leaf-v1\0";

/// SHA-256 over the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    to_hash(context.finish().as_ref())
}

/// HMAC-SHA256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Hash {
    to_hash(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

fn to_hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(bytes);
    hash
}

/// The commitment to one field. The salt is 32 random bytes used for this field alone; without it the
/// commitment says nothing about the value, however few values there could be.
pub fn commitment(name: &str, value: &Value, salt: &[u8; 32]) -> Result<Hash, NotCanonical> {
    let mut message = Vec::with_capacity(64);
    jcs::write_named(&mut message, name, value)?;
    let hash = hmac_sha256(salt, &message);
    // The message may be somebody's name.
    zeroize::Zeroize::zeroize(&mut message);
    Ok(hash)
}

/// The envelope of an entry, as it enters the leaf. Times count in whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The entry's id.
    pub entry: String,
    /// The case's id.
    pub case: String,
    /// The case's version after this entry, from 1.
    pub version: u64,
    /// What kind of entry; the ledger does not know what it means.
    pub kind: String,
    /// The institution, where there is one.
    pub institution: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// The number of fields, clear and sealed.
    pub fields: u64,
    /// 16 random bytes, so that a leaf can't be guessed from a guessed entry.
    pub nonce: [u8; 16],
}

impl Header {
    /// The canonical bytes (JCS, strings NFC). The members stand in the order of RFC 8785 §3.2.3.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        let text = |name: &str, value: &str, out: &mut Vec<u8>| {
            out.extend_from_slice(name.as_bytes());
            jcs::write_string(out, &jcs::nfc(value));
        };
        text("{\"case\":", &self.case, &mut out);
        text(",\"entry\":", &self.entry, &mut out);
        out.extend_from_slice(
            format!(",\"fields\":{},\"format\":{FORMAT},\"institution\":", self.fields).as_bytes(),
        );
        match &self.institution {
            Some(institution) => text("", institution, &mut out),
            None => out.extend_from_slice(b"null"),
        }
        text(",\"kind\":", &self.kind, &mut out);
        text(",\"nonce\":", &URL_SAFE_NO_PAD.encode(self.nonce), &mut out);
        text(",\"time\":", &rfc3339(self.time), &mut out);
        out.extend_from_slice(format!(",\"version\":{}}}", self.version).as_bytes());
        out
    }
}

/// RFC 3339 in UTC with exactly three digits of a second.
pub fn rfc3339(time: Timestamp) -> String {
    let whole = Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time);
    whole.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The hash of a leaf of the tree of fields (RFC 9162 §2.1.1).
pub(crate) fn tree_leaf(commitment: &Hash) -> Hash {
    sha256(&[&[0], commitment])
}

/// The hash of an inner node (RFC 9162 §2.1.1).
pub(crate) fn tree_node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The greatest power of two smaller than `n`; `n` is at least 2 (RFC 9162 §2.1.1).
pub(crate) fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// The root over commitments that are already ordered by name; of none it is SHA-256 of nothing.
pub fn root(commitments: &[Hash]) -> Hash {
    match commitments {
        [] => sha256(&[]),
        [one] => tree_leaf(one),
        more => {
            let (left, right) = more.split_at(split(more.len()));
            tree_node(&root(left), &root(right))
        }
    }
}

/// The leaf of an entry from its header's hash and the root over its fields.
pub fn leaf_of(header_hash: &Hash, root: &Hash) -> Hash {
    sha256(&[LEAF_DOMAIN, header_hash, root])
}

/// The leaf of an entry; the commitments are ordered by name ([`jcs::name_order`] after NFC).
pub fn leaf(header: &Header, commitments: &[Hash]) -> Hash {
    leaf_of(&sha256(&[&header.canonical()]), &root(commitments))
}

/// What the public log holds about an entry: the format's byte and the leaf, nothing else.
pub fn public_bytes(leaf: &Hash) -> [u8; 33] {
    let mut out = [FORMAT; 33];
    out[1..].copy_from_slice(leaf);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_that_of_rfc_9162() {
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        // RFC 9162 §2.1.1: the hash of an empty list is the hash of an empty string.
        assert_eq!(hex(root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let c: Vec<Hash> = (0..7u8).map(|n| [n; 32]).collect();
        let h = |n: usize| tree_leaf(&c[n]);
        let (ab, cd, ef) = (tree_node(&h(0), &h(1)), tree_node(&h(2), &h(3)), tree_node(&h(4), &h(5)));
        // The seven-leaf example of RFC 9162 §2.1.5.
        assert_eq!(root(&c), tree_node(&tree_node(&ab, &cd), &tree_node(&ef, &h(6))));
        assert_eq!((split(2), split(3), split(4), split(5), split(9)), (1, 2, 2, 4, 8));
    }

    #[test]
    fn times_have_three_digits_and_lose_the_rest() {
        let check = |nanos: i128, expected: &str| {
            assert_eq!(rfc3339(Timestamp::from_nanosecond(nanos).unwrap()), expected);
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_700_000_000_120_999_999, "2023-11-14T22:13:20.120Z");
    }

    #[test]
    fn the_header_is_canonical_json() {
        let header = Header {
            entry: "evt_1".into(),
            case: "ver_é".into(),
            version: 3,
            kind: "a\"b".into(),
            institution: None,
            time: Timestamp::UNIX_EPOCH,
            fields: 2,
            nonce: [255; 16],
        };
        let value: Value = serde_json::from_slice(&header.canonical()).unwrap();
        assert_eq!(jcs::canonical(&value).unwrap(), header.canonical());
        assert_eq!(value.as_object().unwrap().len(), 9);
    }
}
