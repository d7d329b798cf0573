//! The embedded store against the conformance suite.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ingam_ledger::{Sqlite, Store};

async fn make() -> (Arc<dyn Store>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Arc::new(Sqlite::open(&dir.path().join("ledger.db")).unwrap()), dir)
}

ingam_ledger::conformance_tests!(make);
