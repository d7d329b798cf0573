//! AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces: sealed = nonce ‖ ciphertext ‖ tag.
//! Refuses to know what is sealed. A key of this ledger seals far fewer than 2^32 messages.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::given::{Entropy, draw};

const NONCE: usize = 12;

fn key(bytes: &[u8; 32]) -> Result<LessSafeKey, Fault> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| Fault::Sealed("key"))
}

/// Seals `plain`, bound to `aad`. Adds 28 bytes.
pub(crate) fn seal(
    key_bytes: &[u8; 32],
    aad: &[u8],
    mut plain: Zeroizing<Vec<u8>>,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let nonce: [u8; NONCE] = draw(entropy);
    let tag = key(key_bytes)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut plain)
        .map_err(|_| Fault::Sealed("too long"))?;
    let mut sealed = Vec::with_capacity(NONCE + plain.len() + tag.as_ref().len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&plain);
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Opens what [`seal`] returned; `what` names it in the fault.
pub(crate) fn open(
    key_bytes: &[u8; 32],
    aad: &[u8],
    sealed: &[u8],
    what: &'static str,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(Fault::Sealed(what))?;
    let mut plain = Zeroizing::new(rest.to_vec());
    let length = key(key_bytes)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut plain)
        .map_err(|_| Fault::Sealed(what))?
        .len();
    plain.truncate(length);
    Ok(plain)
}

/// Opens 32 bytes, a key inside a key.
pub(crate) fn open_key(
    key_bytes: &[u8; 32],
    aad: &[u8],
    sealed: &[u8],
    what: &'static str,
) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let plain = open(key_bytes, aad, sealed, what)?;
    let bytes: &[u8; 32] = plain.as_slice().try_into().map_err(|_| Fault::Sealed(what))?;
    Ok(Zeroizing::new(*bytes))
}

/// The key of one stream of chunks, each bound to its place and the last one to being the last: the STREAM
/// construction (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015). What is cut off, moved, left out or mixed in
/// does not open. A nonce is prefix (7 bytes) ‖ place (4 bytes) ‖ 1 for the last chunk, else 0.
pub(crate) struct ChunkKey {
    key: LessSafeKey,
    prefix: [u8; ChunkKey::PREFIX],
}

impl ChunkKey {
    /// The bytes that a stream's nonces begin with.
    pub(crate) const PREFIX: usize = 7;
    /// What sealing adds to a chunk.
    pub(crate) const TAG: usize = 16;

    /// For a key that seals this one stream and nothing else.
    pub(crate) fn new(bytes: &[u8; 32], prefix: [u8; ChunkKey::PREFIX]) -> Result<ChunkKey, Fault> {
        Ok(ChunkKey { key: key(bytes)?, prefix })
    }

    fn nonce(&self, place: u32, last: bool) -> Nonce {
        let mut nonce = [0; NONCE];
        nonce[..7].copy_from_slice(&self.prefix);
        nonce[7..11].copy_from_slice(&place.to_be_bytes());
        nonce[11] = u8::from(last);
        Nonce::assume_unique_for_key(nonce)
    }

    /// Seals a chunk in place and puts its tag behind it.
    pub(crate) fn seal(&self, place: u32, last: bool, chunk: &mut Vec<u8>) -> Result<(), Fault> {
        let nonce = self.nonce(place, last);
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), chunk).map_err(|_| Fault::Sealed("too long"))
    }

    /// Opens a chunk in place and takes its tag away; `false` where it is not the one that was sealed there.
    pub(crate) fn open(&self, place: u32, last: bool, chunk: &mut Vec<u8>) -> bool {
        match self.key.open_in_place(self.nonce(place, last), Aad::empty(), chunk) {
            Ok(plain) => {
                let length = plain.len();
                chunk.truncate(length);
                true
            }
            Err(_) => false,
        }
    }
}
