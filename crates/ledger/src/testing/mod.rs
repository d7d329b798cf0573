//! For tests, here and in the program: virtual time, repeatable randomness, a store that fails on demand,
//! and the conformance suite of stores. Never part of a running system.

mod failing;
mod server;

pub mod conformance;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::error::Fault;
use crate::given::{Clock, Entropy};
use crate::leaf::sha256;
use crate::ledger::Ledger;
use crate::opening::Config;
use crate::reading::{Access, Origin};
use crate::topkey::FileTopKey;
pub use failing::{Failing, Moment};
pub use server::Server;

/// A reading by nobody in particular, under ids of its own.
pub fn access(record: &str) -> Access {
    Access {
        actor_kind: "system".into(),
        actor: "test".into(),
        from: Origin::Inside,
        reason: "test".into(),
        case: None,
        institution: None,
        access_id: format!("acc_{record}"),
        entry_id: format!("evt_acc_{record}"),
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Starts at 2026-01-01T00:00:00Z.
    pub fn new() -> TestClock {
        TestClock(AtomicI64::new(1_767_225_600_000))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        TestClock::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Bytes that look random and repeat with the seed. Not secret.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// The stream of bytes of a seed.
    pub fn new(seed: u64) -> SeededEntropy {
        SeededEntropy { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buf: &mut [u8]) {
        for chunk in buf.chunks_mut(32) {
            let block = self.drawn.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&sha256(&[&self.seed.to_be_bytes(), &block.to_be_bytes()])[..chunk.len()]);
        }
    }
}

/// A ledger in a directory of its own that goes away with it.
pub struct TestLedger {
    /// The ledger.
    pub ledger: Ledger,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its directory: the ledger's files in `data`, the top key and the journal beside it.
    pub dir: tempfile::TempDir,
}

impl TestLedger {
    /// A new, empty ledger.
    pub async fn new() -> Result<TestLedger, Fault> {
        let dir = tempfile::tempdir().map_err(Fault::file(std::path::Path::new("a temporary directory")))?;
        let clock = Arc::new(TestClock::new());
        let ledger = open_at(dir.path(), clock.clone(), 1).await?;
        Ok(TestLedger { ledger, clock, dir })
    }

    /// Closes and opens again, as after a restart. All other clones must be gone.
    pub async fn reopen(self) -> Result<TestLedger, Fault> {
        let TestLedger { ledger, clock, dir } = self;
        drop(ledger);
        let ledger = open_at(dir.path(), clock.clone(), u64::from(std::process::id()) + 2).await?;
        Ok(TestLedger { ledger, clock, dir })
    }
}

/// Opens the ledger of a test directory.
pub async fn open_at(dir: &std::path::Path, clock: Arc<TestClock>, seed: u64) -> Result<Ledger, Fault> {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let top_key = Arc::new(FileTopKey::open_or_create(&dir.join("top.key"), entropy.clone())?);
    Ledger::open(config_at(dir), clock, entropy, top_key).await
}

/// Where a test directory's ledger lies.
pub fn config_at(dir: &std::path::Path) -> Config {
    Config { dir: dir.join("data"), journal: dir.join("destroyed.journal") }
}
