//! The bench runs and its figures make sense. How high they are is for `ingam bench ledger` to say: no
//! test assumes a speed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ingam_ledger::FileTopKey;
use ingam_ledger::bench::{Figures, Load, bench};
use ingam_ledger::testing::{SeededEntropy, TestClock};

async fn measure(load: Load) -> Figures {
    let dir = tempfile::tempdir().unwrap();
    let entropy = Arc::new(SeededEntropy::new(1));
    let top_key = Arc::new(FileTopKey::open_or_create(&dir.path().join("top.key"), entropy.clone()).unwrap());
    bench(dir.path(), Arc::new(TestClock::new()), entropy, top_key, load).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_load_gives_figures() {
    let figures = measure(Load { callers: 16, grouped: 160, single: 20, rounds: 2 }).await;
    assert_eq!(figures.commits, 2 * (160 + 20));
    assert!(figures.grouped_per_s > 0.0 && figures.single_per_s > 0.0 && figures.ratio > 0.0);
    assert!(
        figures.grouped_p50_ms <= figures.grouped_p99_ms && figures.single_p50_ms <= figures.single_p99_ms
    );
}
