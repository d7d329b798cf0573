//! A journal of destructions as it may lie there after a crash, or after somebody wrote in it: it opens whole, or not.
#![no_main]

use ingam_fuzz::edited;
use ingam_ledger::fuzzing::journal;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static DIR: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// A journal of two records, written by the code itself.
static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    assert!(journal(b"", DIR.path()));
    let path = DIR.path().join("destroyed.journal");
    let one = std::fs::read(&path).expect("a journal");
    assert!(journal(&one, DIR.path()));
    std::fs::read(&path).expect("a journal")
});

fuzz_target!(|data: &[u8]| {
    journal(&edited(&[&BASE], data), DIR.path());
});
