//! Opening a part of an entry: some fields, with or without the header, against the leaf
//! (docs/decisions/0002-leaf-format.md). Refuses to know where the leaf comes from; that it stands in
//! the log is another proof (RFC 9162 §2.1.3).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jcs::{self, NotCanonical};
use crate::leaf::{self, FORMAT, Hash, Header};
use crate::text::{self, Base64};

/// A field that a proof may open: its value and the salt of its commitment.
#[derive(Clone)]
pub struct Opening {
    /// The field's name.
    pub name: String,
    /// The field's value.
    pub value: Value,
    /// The salt of the field's commitment.
    pub salt: [u8; 32],
}

/// A bundle's statement about one entry. Serialises to JSON: hashes, salts and nonces as base64url.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The leaf format, 1.
    pub format: u8,
    /// The header, opened or left out.
    pub header: ProofHeader,
    /// The number of fields in the entry. Where the header is hidden this number is a claim: a prover
    /// could call a subtree of hidden fields one field. The opened fields hold either way.
    pub fields: u64,
    /// The opened fields, ordered by name.
    pub opened: Vec<OpenedField>,
    /// The hashes of the greatest subtrees without an opened field, from left to right.
    pub hidden: Vec<Base64<32>>,
}

/// The header in a proof.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ProofHeader {
    /// Its canonical text.
    Opened(String),
    /// Only its SHA-256.
    Hidden(Base64<32>),
}

/// One opened field in a proof.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct OpenedField {
    /// The field's place among all fields ordered by name, from 0.
    pub index: u64,
    /// The field's name, in NFC.
    pub name: String,
    /// The salt of its commitment.
    pub salt: Base64<32>,
    /// The value, strings in NFC.
    pub value: Value,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({})", self.name)
    }
}

// A proof holds what was opened, often a person's data: Debug says only how much.
impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proof({} of {} fields opened)", self.opened.len(), self.fields)
    }
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofProblem {
    /// A format that this code does not know.
    #[error("unknown leaf format")]
    Format,
    /// The opened header is no canonical header of this format.
    #[error("the header is malformed")]
    Header,
    /// Indexes or names out of order, or more or fewer hashes than the tree needs.
    #[error("the shape of the proof is wrong")]
    Shape,
    /// A name or a value has no canonical form, or is not in NFC.
    #[error("a field is malformed")]
    Field,
    /// All is well formed and leads to another leaf.
    #[error("the proof leads to another leaf")]
    Leaf,
    /// (Making a proof) a field that does not belong to the commitments.
    #[error("a field is not the one that was committed to")]
    Opening,
}

impl From<NotCanonical> for ProofProblem {
    fn from(_: NotCanonical) -> Self {
        ProofProblem::Field
    }
}

/// Makes a proof that opens some fields and hides the rest.
///
/// `commitments` are those of all fields, ordered by name; each opening is looked up among them, so
/// that a proof that could not verify is never made.
pub fn open_proof(
    header: &Header,
    show_header: bool,
    commitments: &[Hash],
    openings: &[Opening],
) -> Result<Proof, ProofProblem> {
    let mut opened = Vec::with_capacity(openings.len());
    for opening in openings {
        let commitment = leaf::commitment(&opening.name, &opening.value, &opening.salt)?;
        let index = commitments.iter().position(|known| *known == commitment).ok_or(ProofProblem::Opening)?;
        opened.push(OpenedField {
            index: index as u64,
            name: jcs::nfc(&opening.name).into_owned(),
            salt: Base64(opening.salt),
            value: jcs::value_nfc(&opening.value)?,
        });
    }
    opened.sort_by_key(|field| field.index);
    if opened.windows(2).any(|pair| pair[0].index == pair[1].index) {
        return Err(ProofProblem::Shape);
    }
    let at: Vec<usize> = opened.iter().map(|field| field.index as usize).collect();
    let mut hidden = Vec::new();
    hide(commitments, 0, &at, &mut hidden);
    let canonical = header.canonical();
    Ok(Proof {
        format: FORMAT,
        header: if show_header {
            ProofHeader::Opened(String::from_utf8(canonical).map_err(|_| ProofProblem::Header)?)
        } else {
            ProofHeader::Hidden(Base64(leaf::sha256(&[&canonical])))
        },
        fields: commitments.len() as u64,
        opened,
        hidden,
    })
}

fn hide(commitments: &[Hash], from: usize, opened: &[usize], hidden: &mut Vec<Base64<32>>) {
    if commitments.is_empty() {
        return;
    }
    if opened.is_empty() {
        hidden.push(Base64(leaf::root(commitments)));
    } else if commitments.len() > 1 {
        let half = leaf::split(commitments.len());
        let (left, right) = opened.split_at(opened.partition_point(|index| *index < from + half));
        hide(&commitments[..half], from, left, hidden);
        hide(&commitments[half..], from + half, right, hidden);
    }
}

/// Checks a proof against a leaf. `Ok` carries the header where it was opened.
///
/// Takes bytes from outside: no input makes it panic, and its work grows with the proof's size.
pub fn verify_partial(proof: &Proof, expected: &Hash) -> Result<Option<Header>, ProofProblem> {
    if proof.format != FORMAT {
        return Err(ProofProblem::Format);
    }
    let (header, header_hash) = match &proof.header {
        ProofHeader::Opened(text) => (Some(parse_header(text)?), leaf::sha256(&[text.as_bytes()])),
        ProofHeader::Hidden(hash) => (None, hash.0),
    };
    if header.as_ref().is_some_and(|header| header.fields != proof.fields) {
        return Err(ProofProblem::Shape);
    }
    // More fields than this no entry has; the bound keeps 64-bit counts from outside harmless.
    let fields = usize::try_from(proof.fields).ok().filter(|n| *n <= 1 << 31).ok_or(ProofProblem::Shape)?;
    let mut leaves = Vec::with_capacity(proof.opened.len());
    let mut before: Option<&OpenedField> = None;
    for field in &proof.opened {
        let index =
            usize::try_from(field.index).ok().filter(|index| *index < fields).ok_or(ProofProblem::Shape)?;
        if before.is_some_and(|before| {
            before.index >= field.index
                || jcs::name_order(&before.name, &field.name) != std::cmp::Ordering::Less
        }) {
            return Err(ProofProblem::Shape);
        }
        if jcs::canonical(&field.value)? != jcs::canonical_nfc(&field.value)?
            || jcs::nfc(&field.name) != field.name
        {
            return Err(ProofProblem::Field);
        }
        leaves.push((index, leaf::tree_leaf(&leaf::commitment(&field.name, &field.value, &field.salt.0)?)));
        before = Some(field);
    }
    let mut hidden = proof.hidden.iter();
    let root = if fields == 0 {
        leaf::root(&[])
    } else {
        climb(0, fields, &leaves, &mut hidden).ok_or(ProofProblem::Shape)?
    };
    if hidden.next().is_some() {
        return Err(ProofProblem::Shape);
    }
    if leaf::leaf_of(&header_hash, &root) != *expected {
        return Err(ProofProblem::Leaf);
    }
    Ok(header)
}

fn climb(
    from: usize,
    size: usize,
    opened: &[(usize, Hash)],
    hidden: &mut std::slice::Iter<'_, Base64<32>>,
) -> Option<Hash> {
    match opened {
        [] => hidden.next().map(|hash| hash.0),
        [(_, leaf)] if size == 1 => Some(*leaf),
        _ if size == 1 => None,
        _ => {
            let half = leaf::split(size);
            let (left, right) = opened.split_at(opened.partition_point(|(index, _)| *index < from + half));
            let left = climb(from, half, left, hidden)?;
            let right = climb(from + half, size - half, right, hidden)?;
            Some(leaf::tree_node(&left, &right))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderText {
    case: String,
    entry: String,
    fields: u64,
    format: u8,
    institution: Option<String>,
    kind: String,
    nonce: Base64<16>,
    time: String,
    version: u64,
}

fn parse_header(canonical: &str) -> Result<Header, ProofProblem> {
    let read: HeaderText = serde_json::from_str(canonical).map_err(|_| ProofProblem::Header)?;
    let header = Header {
        entry: read.entry,
        case: read.case,
        version: read.version,
        kind: read.kind,
        institution: read.institution,
        time: text::parse_time(&read.time).ok_or(ProofProblem::Header)?,
        fields: read.fields,
        nonce: read.nonce.0,
    };
    // Only one text is the canonical one; anything else was not written by this format.
    if read.format != FORMAT || header.canonical() != canonical.as_bytes() {
        return Err(ProofProblem::Header);
    }
    Ok(header)
}
