//! Every store against the conformance suite.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ingam_ledger::memory::{Memory, Straight};
use ingam_ledger::{Sqlite, Store};

mod sqlite {
    use super::*;

    async fn make() -> Option<([Arc<dyn Store>; 4], tempfile::TempDir)> {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&dir.path().join("ledger.db")).unwrap());
        Some((std::array::from_fn(|_| store.clone()), dir))
    }

    ingam_ledger::conformance_tests!(make);
}

mod memory {
    use super::*;

    async fn make() -> Option<([Arc<dyn Store>; 4], Arc<Memory>)> {
        let memory = Memory::new();
        Some((std::array::from_fn(|_| memory.store(Arc::new(Straight))), memory))
    }

    ingam_ledger::conformance_tests!(make);
}
