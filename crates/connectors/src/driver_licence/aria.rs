//! How a question about a licence is closed: ARIA (KS X 1213, RFC 5794) with a key of 256 bits, in Base64.
//!
//! The mode is not public. This one function takes the plainest, ECB with PKCS#7 (RFC 5652 §6.3); a contract that says
//! otherwise changes it here and nowhere else.

use crate::config::{Misconfigured, Secret};
use aria::{
    Aria256,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroize;

const BLOCK: usize = 16;

/// The contract's key.
pub(super) struct Key(Aria256);

impl Key {
    /// Takes Base64 of 32 bytes.
    pub(super) fn parse(secret: &Secret) -> Result<Self, Misconfigured> {
        let wrong = || Misconfigured::Value { setting: "aria_key", rule: "is Base64 of 32 bytes" };
        let mut bytes = STANDARD.decode(secret.expose()).map_err(|_| wrong())?;
        let key = Aria256::new_from_slice(&bytes).map_err(|_| wrong());
        bytes.zeroize();
        Ok(Self(key?))
    }

    /// Closes a text.
    pub(super) fn close(&self, mut plain: Vec<u8>) -> String {
        let padding = BLOCK - plain.len() % BLOCK;
        plain.extend(std::iter::repeat_n(padding as u8, padding));
        let (blocks, _) = plain.as_chunks_mut::<BLOCK>();
        for bytes in blocks {
            let mut block = Array::from(*bytes);
            self.0.encrypt_block(&mut block);
            *bytes = block.into();
        }
        STANDARD.encode(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn closes_as_the_vector_of_rfc_5794_says() {
        // RFC 5794, appendix A.3: one block under a key of 256 bits; a whole block of padding follows.
        let key = STANDARD.encode(hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
        let key = Key::parse(&Secret::new(key)).unwrap();
        let closed = STANDARD.decode(key.close(hex("00112233445566778899aabbccddeeff"))).unwrap();
        assert_eq!(closed.len(), 32);
        assert_eq!(closed[..16], hex("f92bd7c79fb72e2f2b8f80c1972d24fc"));
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        for text in ["", "c2FuZGJveA==", "not Base64!"] {
            assert!(Key::parse(&Secret::new(text)).is_err(), "{text}");
        }
    }
}
