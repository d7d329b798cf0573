//! The bench runs and its figures make sense. How high they are is for `ingam bench ledger` to say: no
//! test assumes a speed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ingam_ledger::bench::{Figures, Load, bench};
use ingam_ledger::testing::{SeededEntropy, TestClock, open_at};

async fn measure(load: Load) -> Figures {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::new());
    let ledger = open_at(dir.path(), clock.clone(), 1).await.unwrap();
    bench(ledger, clock, Arc::new(SeededEntropy::new(2)), load).await.unwrap()
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
