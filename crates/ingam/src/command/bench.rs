//! `ingam bench`: figures of this machine, never a pass or fail.

mod backup;
mod http;
mod read;

use super::{DONE, INTERNAL};
use crate::given::{MachineClock, SystemEntropy};
use clap::{Args, Subcommand};
use ingam_ledger::bench::{Figures, Load, bench};
use ingam_ledger::{Database, FileTopKey, Ledger, PostgresConfig};
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
    Ledger {
        /// On PostgreSQL, postgres://…, in schemas of its own that go when it ends; else on the embedded store.
        #[arg(long, value_name = "URL")]
        store: Option<String>,
    },
    /// Creating verifications over HTTP, durable; beside the same handler with the ledger off.
    Http,
    /// Backing a large ledger up under load, restoring it and auditing what comes out.
    Backup(backup::BenchBackupArgs),
    /// Reading pictures of cards, step by step.
    Read(read::BenchReadArgs),
}

pub(crate) async fn run(args: BenchArgs) -> Result<u8, (u8, String)> {
    let figures = match args.what {
        What::Ledger { store } => ledger(store).await,
        What::Http => http::bench().await,
        What::Backup(what) => backup::bench(&what).await,
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

async fn ledger(store: Option<String>) -> Result<serde_json::Value, String> {
    let dir = Scratch::new()?;
    let entropy = Arc::new(SystemEntropy::default());
    let top_key = FileTopKey::open_or_create(&dir.0.join("top.key"), entropy.clone()).map_err(words)?;
    let (clock, top_key) = (Arc::new(MachineClock::default()), Arc::new(top_key));
    let Some(url) = store else {
        let config =
            ingam_ledger::Config { dir: dir.0.join("data"), journal: dir.0.join("destroyed.journal") };
        let ledger = Ledger::open(config, clock.clone(), entropy.clone(), top_key).await.map_err(words)?;
        let figures = bench(ledger, clock, entropy, Load::default()).await.map_err(words)?;
        return serde_json::to_value(figures).map_err(words);
    };
    let config = schemas(&url, &entropy);
    let figures = on_postgres(config.clone(), clock, entropy, top_key).await;
    drop_schemas(config).await?;
    serde_json::to_value(figures?).map_err(words)
}

/// A ledger of the bench's own, in a server that may hold others.
fn schemas(url: &str, entropy: &SystemEntropy) -> PostgresConfig {
    let run = u64::from_be_bytes(entropy.draw());
    let place =
        |room: &str| Database { url: url.to_owned(), schema: Some(format!("ingam_bench_{run:016x}_{room}")) };
    PostgresConfig {
        store: place("store"),
        keys: place("keys"),
        journal: place("journal"),
        environment: "test".into(),
    }
}

async fn drop_schemas(config: PostgresConfig) -> Result<(), String> {
    for place in [config.store, config.keys, config.journal] {
        place.drop_schema().await.map_err(words)?;
    }
    Ok(())
}

async fn on_postgres(
    config: PostgresConfig,
    clock: Arc<MachineClock>,
    entropy: Arc<SystemEntropy>,
    top_key: Arc<FileTopKey>,
) -> Result<Figures, String> {
    let ledger =
        Ledger::open_postgres(config, clock.clone(), entropy.clone(), top_key).await.map_err(words)?;
    bench(ledger, clock, entropy, Load::default()).await.map_err(words)
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
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
