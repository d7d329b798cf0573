//! Identifiers: a visible prefix and a UUIDv7 in lower-case Crockford base32, so that ids sort by time.
//!
//! Refuses to know where time and randomness come from: both are arguments (RFC 9562 §5.7).

use serde::{Deserialize, Serialize};
use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five, the first group holding three.
const LEN: usize = 26;

/// Makes the part behind the prefix from a time in milliseconds and ten random bytes.
pub fn body(time_ms: i64, random: [u8; 10]) -> String {
    let id = uuid::Builder::from_unix_timestamp_millis(time_ms.max(0) as u64, &random).into_uuid();
    let mut bits = id.as_u128();
    let mut out = [0u8; LEN];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    out.iter().map(|b| *b as char).collect()
}

/// True where `text` is `prefix` followed by 26 characters of the alphabet.
pub fn is_id(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == LEN && rest.bytes().all(|b| ALPHABET.contains(&b)) && rest.as_bytes()[0] <= b'7'
    })
}

/// The text is not an identifier of the asked kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with `{0}`")]
pub struct NotAnId(pub &'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What the text form starts with.
            pub const PREFIX: &'static str = $prefix;
            /// Makes an id; equal arguments make equal ids.
            pub fn new(time_ms: i64, random: [u8; 10]) -> Self {
                Self(format!(concat!($prefix, "{}"), body(time_ms, random)))
            }
            /// Reads the text form.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                if is_id($prefix, text) { Ok(Self(text.to_owned())) } else { Err(NotAnId($prefix)) }
            }
            /// The text form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

ids! {
    /// A verification.
    VerificationId = "ver_";
    /// An institution.
    InstitutionId = "ins_";
    /// A person, as one institution sees them (pairwise).
    PersonId = "per_";
    /// A subject: one person in one case, the unit of keys and of destruction.
    SubjectId = "sub_";
    /// A policy of an institution.
    PolicyId = "pol_";
    /// A member of an institution's staff.
    StaffId = "stf_";
    /// A try to sign in with a login that nobody has.
    KnockId = "knk_";
    /// An access medium of a person: a one-time password's secret, or a security card.
    MediumId = "med_";
    /// A webhook endpoint.
    EndpointId = "whe_";
    /// An API key (not its secret).
    KeyId = "key_";
    /// A review of a refusal.
    ReviewId = "rvw_";
    /// One question to an outside institution; the same id whenever it is asked again.
    CallId = "cal_";
    /// An entry of the ledger.
    EntryId = "ent_";
    /// A task of the ledger.
    TaskId = "tsk_";
    /// A record of access to personal data.
    AccessId = "acc_";
    /// A picture or other large object.
    BlobId = "blb_";
    /// One HTTP request.
    RequestId = "req_";
}

impl CallId {
    /// The id of the one question of its kind in a verification: whoever asks it again names the same.
    pub fn first_of(verification: &VerificationId) -> Self {
        Self(format!("{}{}", Self::PREFIX, &verification.as_str()[VerificationId::PREFIX.len()..]))
    }
}

impl ReviewId {
    /// The id of the n-th review of a verification, from 1: whoever asks for the same one names the same. There are
    /// fewer than the alphabet has characters.
    pub fn nth_of(verification: &VerificationId, n: u32) -> Self {
        let body = &verification.as_str()[VerificationId::PREFIX.len()..];
        let (head, last) = body.split_at(LEN - 1);
        let at = ALPHABET.iter().position(|c| [*c] == last.as_bytes()).unwrap_or(0);
        let last = ALPHABET[(at + n as usize) % ALPHABET.len()] as char;
        Self(format!("{}{head}{last}", Self::PREFIX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_time_and_reads_back() {
        let early = VerificationId::new(1_000, [255; 10]);
        let late = VerificationId::new(1_001, [0; 10]);
        assert!(early < late);
        assert_eq!(VerificationId::parse(early.as_str()), Ok(early.clone()));
        assert!(SubjectId::parse(early.as_str()).is_err());
        assert!(VerificationId::parse("ver_").is_err());
        assert!(VerificationId::parse(&format!("{}u", &early.as_str()[..29])).is_err());
    }
}
