//! An entry: an envelope around fields, clear or sealed. Refuses to know what any field means.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Fault;
use crate::leaf::{Hash, Header};

/// How long, and from when, a kind of personal data is kept is configuration; the ledger only keeps
/// the classes apart, each under its own data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionClass {
    /// Name, birth date, numbers of documents.
    Identity,
    /// Pictures of documents.
    Picture,
    /// Faces and what is computed from them.
    Biometric,
    /// Addresses, phone numbers, network addresses.
    Contact,
    /// What belongs to a signature.
    Signing,
}

impl RetentionClass {
    /// All classes.
    pub const ALL: [RetentionClass; 5] = [
        RetentionClass::Identity,
        RetentionClass::Picture,
        RetentionClass::Biometric,
        RetentionClass::Contact,
        RetentionClass::Signing,
    ];

    /// The stable word for this class, as stored and as bound into sealed bytes.
    pub fn code(self) -> &'static str {
        match self {
            RetentionClass::Identity => "identity",
            RetentionClass::Picture => "picture",
            RetentionClass::Biometric => "biometric",
            RetentionClass::Contact => "contact",
            RetentionClass::Signing => "signing",
        }
    }

    /// The class of a stable word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }
}

/// A stream in which entries are numbered. More may come; the numbers of one say nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What happened to cases.
    Main,
    /// Who read which sealed fields.
    Access,
}

impl Stream {
    /// All streams.
    pub const ALL: [Stream; 2] = [Stream::Main, Stream::Access];

    /// The stable number of this stream in a store.
    pub fn code(self) -> i64 {
        match self {
            Stream::Main => 1,
            Stream::Access => 2,
        }
    }

    /// The stable word for this stream.
    pub fn word(self) -> &'static str {
        match self {
            Stream::Main => "main",
            Stream::Access => "access",
        }
    }

    /// The stream of a stable number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.code() == code)
    }
}

/// An entry as the caller gives it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id, made by the caller, unique in the ledger.
    pub id: String,
    /// Its kind, for instance `verification.opened`.
    pub kind: String,
    /// The institution whose entry it is. Sealed fields are sealed under this institution's data keys.
    pub institution: Option<String>,
    /// When it happened; kept to the millisecond.
    pub time: Timestamp,
    /// Fields without personal data: what a case's state is folded from.
    pub clear: Map<String, Value>,
    /// Fields with personal data. Names are unique over clear and sealed fields together.
    pub sealed: Vec<SealedField>,
}

/// A field with personal data, before it is sealed.
#[derive(Clone)]
pub struct SealedField {
    /// The field's name; it stays readable.
    pub name: String,
    /// Whose data it is.
    pub subject: String,
    /// Which of the subject's data keys seals it.
    pub class: RetentionClass,
    /// The value.
    pub value: Value,
}

impl std::fmt::Debug for SealedField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedField({} of {}, {})", self.name, self.subject, self.class.code())
    }
}

/// An entry as a store keeps it. Re-sealing changes `sealed` alone and never the leaf.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryRow {
    /// The entry's id.
    pub id: String,
    /// Its case.
    pub case: String,
    /// The case's version after this entry, from 1 and without gaps.
    pub version: u64,
    /// The stream that numbers it.
    pub stream: Stream,
    /// Its number in the stream, once the sequencer gave it one.
    pub number: Option<u64>,
    /// Its kind.
    pub kind: String,
    /// The institution.
    pub institution: Option<String>,
    /// When it happened, whole milliseconds.
    pub time: Timestamp,
    /// The header's nonce.
    pub nonce: [u8; 16],
    /// The clear fields: the text of one JSON object.
    pub clear: String,
    /// The salts of the clear fields, 32 bytes each, in the order of [`crate::jcs::name_order`].
    pub clear_salts: Vec<u8>,
    /// The sealed fields, in the same order.
    pub sealed: Vec<SealedRow>,
    /// The commitments of all fields, 32 bytes each, in the same order.
    pub commitments: Vec<u8>,
    /// The leaf.
    pub leaf: Hash,
}

/// A sealed field as a store keeps it.
#[derive(Clone, PartialEq)]
pub struct SealedRow {
    /// The field's name.
    pub name: String,
    /// Whose data it is.
    pub subject: String,
    /// Which class of data key.
    pub class: RetentionClass,
    /// The data key's id.
    pub key_id: String,
    /// nonce ‖ ciphertext ‖ tag over JCS({"name","salt","value"}).
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SealedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedRow({} of {}, {} bytes)", self.name, self.subject, self.sealed.len())
    }
}

/// The part of an entry that anybody in the program may read without an access record.
#[derive(Debug, Clone, PartialEq)]
pub struct ClearEntry {
    /// The entry's id.
    pub id: String,
    /// Its case.
    pub case: String,
    /// The case's version after this entry.
    pub version: u64,
    /// The stream that numbers it.
    pub stream: Stream,
    /// Its number in the stream, once it has one.
    pub number: Option<u64>,
    /// Its kind.
    pub kind: String,
    /// The institution.
    pub institution: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// The clear fields.
    pub clear: Map<String, Value>,
    /// Which fields are sealed, and for whom; not what they hold.
    pub sealed: Vec<SealedName>,
    /// The leaf, the entry's receipt.
    pub leaf: Hash,
}

/// That there is a sealed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedName {
    /// The field's name.
    pub name: String,
    /// Whose data it is.
    pub subject: String,
    /// Its retention class.
    pub class: RetentionClass,
}

impl EntryRow {
    /// The number of fields, clear and sealed.
    pub fn fields(&self) -> u64 {
        (self.commitments.len() / 32) as u64
    }

    /// The header from which the leaf was computed.
    pub fn header(&self) -> Header {
        Header {
            entry: self.id.clone(),
            case: self.case.clone(),
            version: self.version,
            kind: self.kind.clone(),
            institution: self.institution.clone(),
            time: self.time,
            fields: self.fields(),
            nonce: self.nonce,
        }
    }

    /// The clear fields.
    pub fn clear_fields(&self) -> Result<Map<String, Value>, Fault> {
        serde_json::from_str(&self.clear).map_err(|_| Fault::Damaged("clear fields of an entry"))
    }

    /// The commitments, one by one.
    pub fn commitment_list(&self) -> Vec<Hash> {
        self.commitments.as_chunks::<32>().0.to_vec()
    }

    /// What may be read without an access record.
    pub fn to_clear(&self) -> Result<ClearEntry, Fault> {
        Ok(ClearEntry {
            id: self.id.clone(),
            case: self.case.clone(),
            version: self.version,
            stream: self.stream,
            number: self.number,
            kind: self.kind.clone(),
            institution: self.institution.clone(),
            time: self.time,
            clear: self.clear_fields()?,
            sealed: self
                .sealed
                .iter()
                .map(|field| SealedName {
                    name: field.name.clone(),
                    subject: field.subject.clone(),
                    class: field.class,
                })
                .collect(),
            leaf: self.leaf,
        })
    }
}

/// Sealed fields as one column: per field five parts (name, subject, class, key id, sealed bytes), each
/// preceded by its length as 4 bytes, most significant first. Part of the written contract of stores,
/// so that `sealed` columns can be copied from one kind of store to another as they are.
pub fn pack_sealed(fields: &[SealedRow]) -> Vec<u8> {
    let size =
        fields.iter().map(|field| field.sealed.len() + field.name.len() + field.subject.len() + 80).sum();
    let mut out = Vec::with_capacity(size);
    for field in fields {
        let parts: [&[u8]; 5] = [
            field.name.as_bytes(),
            field.subject.as_bytes(),
            field.class.code().as_bytes(),
            field.key_id.as_bytes(),
            &field.sealed,
        ];
        for part in parts {
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
    }
    out
}

/// Reads what [`pack_sealed`] wrote.
pub fn unpack_sealed(mut bytes: &[u8]) -> Result<Vec<SealedRow>, Fault> {
    const DAMAGED: Fault = Fault::Damaged("sealed fields of an entry");
    fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        *bytes = rest;
        Some(part)
    }
    fn text(bytes: &mut &[u8]) -> Option<String> {
        part(bytes).and_then(|part| String::from_utf8(part.to_vec()).ok())
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        fields.push(SealedRow {
            name: text(&mut bytes).ok_or(DAMAGED)?,
            subject: text(&mut bytes).ok_or(DAMAGED)?,
            class: text(&mut bytes).and_then(|code| RetentionClass::from_code(&code)).ok_or(DAMAGED)?,
            key_id: text(&mut bytes).ok_or(DAMAGED)?,
            sealed: part(&mut bytes).ok_or(DAMAGED)?.to_vec(),
        });
    }
    Ok(fields)
}
