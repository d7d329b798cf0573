//! `ingam bench`: figures of this machine, never a pass or fail.

mod http;
mod read;

use super::{DONE, INTERNAL};
use crate::given::{MachineClock, SystemEntropy};
use clap::{Args, Subcommand};
use ingam_ledger::FileTopKey;
use ingam_ledger::bench::Load;
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
    /// JSON only.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// Commits of an entry, a view, a claim and a task, with full fsync: many callers at once, and one alone.
    Ledger,
    /// Creating verifications over HTTP, durable; beside the same handler with the ledger off.
    Http,
    /// Reading pictures of cards, step by step.
    Read(read::BenchReadArgs),
}

pub(crate) async fn run(args: BenchArgs) -> Result<u8, (u8, String)> {
    let figures = match args.what {
        What::Ledger => ledger().await,
        What::Http => http::bench().await,
        What::Read(what) => read::bench(&what),
    }
    .map_err(|why| (INTERNAL, why))?;
    if args.json {
        println!("{figures}");
    } else {
        println!("{}", serde_json::to_string_pretty(&figures).unwrap_or_default());
    }
    Ok(DONE)
}

async fn ledger() -> Result<serde_json::Value, String> {
    let dir = Scratch::new()?;
    let entropy = Arc::new(SystemEntropy::default());
    let top_key =
        FileTopKey::open_or_create(&dir.0.join("top.key"), entropy.clone()).map_err(|e| e.to_string())?;
    let clock = Arc::new(MachineClock::default());
    let figures = ingam_ledger::bench::bench(&dir.0, clock, entropy, Arc::new(top_key), Load::default())
        .await
        .map_err(|e| e.to_string())?;
    serde_json::to_value(figures).map_err(|e| e.to_string())
}

/// A folder on the disk in question that goes when the bench ends.
pub(super) struct Scratch(pub std::path::PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, String> {
        let name = format!("ingam-bench-{}", std::process::id());
        // Where the command is run, not the system's folder for temporary files: that may lie in memory.
        let dir = std::env::current_dir().map_err(|e| e.to_string())?.join("target").join(name);
        std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
