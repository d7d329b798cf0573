//! Every store against the conformance suite.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ingam_ledger::memory::{Memory, Mistake, Straight};
use ingam_ledger::testing::conformance;
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

    /// The suite can fail.
    #[tokio::test]
    #[should_panic(expected = "Postpone")]
    async fn a_store_that_forgets_epochs_does_not_pass() {
        let memory = Memory::with(Some(Mistake::ForgetsEpochs));
        let store = memory.store(Arc::new(Straight));
        conformance::a_task_is_taken_over_and_the_slow_worker_is_fenced(store).await;
    }

    ingam_ledger::conformance_tests!(make);
}

mod copies {
    //! Copies from one file into another.

    use ingam_ledger::testing::conformance::Twin;

    async fn make() -> Option<(Twin, Twin)> {
        Some((Twin::embedded(), Twin::embedded()))
    }

    ingam_ledger::copying_tests!(make);
}
