//! What the ledger is given and never takes for itself: the time, randomness, the top key.
//! Refuses to know where they come from (the machine, a test's virtual clock, an HSM).

use async_trait::async_trait;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::error::Fault;

/// A source of random bytes. In production it must be cryptographically secure: salts, nonces and
/// keys come from it.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, buf: &mut [u8]);
}

/// A source of the current time. The ledger keeps milliseconds and drops what is finer.
pub trait Clock: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> Timestamp;
}

/// The key at the top: it wraps data keys and index keys and never leaves its holder.
///
/// Contract: `unwrap(aad, wrap(aad, k)) == k`; another `aad` or a changed byte is a fault; the length
/// of what `wrap` returns is the same for each call, so that a wrapped key can be overwritten in place.
#[async_trait]
pub trait TopKey: Send + Sync {
    /// A stable name of this key; the key store refuses to open under another.
    fn id(&self) -> &str;
    /// Wraps 32 bytes, bound to `aad`.
    async fn wrap(&self, aad: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, Fault>;
    /// Unwraps what [`TopKey::wrap`] returned under the same `aad`.
    async fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault>;
}

/// Draws a fixed number of random bytes.
pub(crate) fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0u8; N];
    entropy.fill(&mut bytes);
    bytes
}
