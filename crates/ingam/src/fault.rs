//! Faults of the program: the machine failed. Logged once, at the edge; never shown to anybody outside.

/// Something failed that the rules do not explain.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ingam_ledger::Fault),
    /// The program met something that it never makes. The text holds no personal data.
    #[error("internal: {0}")]
    Internal(String),
}

impl Fault {
    /// A fault of the program itself.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }
}
