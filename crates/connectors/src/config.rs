//! What every connector is told by the program: limits, and secrets that do not print themselves.

use serde::Deserialize;
use std::fmt;
use zeroize::ZeroizeOnDrop;

/// A credential. `Debug` is masked, there is no `Display` and no `Serialize`; it is wiped when dropped.
#[derive(Clone, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The secret in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How long and how much one institution may take from us.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest wait for a connection, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Longest whole call, in milliseconds: a new token, the connection, the answer with its body.
    pub timeout_ms: u64,
    /// Longest answer that is read, in bytes. Real answers have less than 2 KiB.
    pub max_answer_bytes: usize,
    /// Failures in a row after which calls stop for a while.
    pub breaker_failures: u32,
    /// How long they stop, in milliseconds, before one call may try again.
    pub breaker_open_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 2_000,
            timeout_ms: 5_000,
            max_answer_bytes: 64 * 1024,
            breaker_failures: 5,
            breaker_open_ms: 30_000,
        }
    }
}

/// A setting with which a connector cannot work.
#[derive(Debug, thiserror::Error)]
pub enum Misconfigured {
    /// Not an http or https address.
    #[error("`{setting}` is not an http(s) address")]
    Address {
        /// Which setting.
        setting: &'static str,
    },
    /// A value outside its format.
    #[error("`{setting}` {rule}")]
    Value {
        /// Which setting.
        setting: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The TLS client could not be made (no root certificates, for one).
    #[error("no TLS client: {0}")]
    Tls(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
