//! `ingam backup verify`: restores a backup for real into a scratch folder, opens it with a copy of the journal,
//! and audits it. What it leaves behind is an answer.

use super::{Telling, audit, failed, journal, say_findings, size, top_key};
use crate::command::{BAD_INPUT, BAD_USAGE, DONE, FAILED, INTERNAL, StoreArgs};
use crate::given::{MachineClock, SystemEntropy};
use clap::Args;
use ingam_ledger::audit::AuditReport;
use ingam_ledger::backup::{self, JournalPlace, Place, Restored, Since, Staging};
use ingam_ledger::portable::Part;
use ingam_ledger::{Config as LedgerConfig, Ledger};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// The two files, in any order.
    #[arg(required = true, num_args = 2)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// The top key; `top.key` of the store's folder unless given.
    #[arg(long)]
    top_key: Option<PathBuf>,
    /// The journal of destructions, a file or postgres://…; the settings' one unless given. It is copied, never
    /// written.
    #[arg(long, value_name = "FILE|URL")]
    journal: Option<String>,
    /// Where the scratch folder is made; the system's place for temporary files unless given.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// JSON only.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: VerifyArgs) -> Result<u8, (u8, String)> {
    let config = args.store.load().map_err(|why| (BAD_USAGE, why))?;
    let pair = backup::pair(&args.files).map_err(failed)?;
    let entropy = Arc::new(SystemEntropy::default());
    let key_file = args.top_key.clone().unwrap_or_else(|| config.store.dir.join("top.key"));
    let top_key = Arc::new(top_key(&key_file, &entropy)?);
    let journal = journal(args.journal.as_deref(), &config);

    let name = format!("ingam-verify-{}-{}", std::process::id(), u64::from_be_bytes(entropy.draw()));
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir).join(name);
    // Never finished, so it goes away with all that is in it.
    let staging = Staging::begin(&scratch, &*entropy).map_err(failed)?;
    // The serving program appends to the journal; opening it here would take a line that is being written for one
    // that a crash cut short.
    let copied = staging.dir().join("destroyed.journal");
    backup::copy_journal(&journal, &JournalPlace::File(copied.clone()))
        .await
        .map_err(|fault| (BAD_INPUT, format!("the journal of destructions: {fault}")))?;
    let data = staging.dir().join("data");
    std::fs::create_dir(&data).map_err(|e| (INTERNAL, format!("{}: {e}", data.display())))?;

    let telling = Telling::begin("restore");
    let tell = |progress| telling.tell(progress);
    let restored = backup::restore(&pair, &Place::embedded(&data), Since::Anything, &*top_key, &tell)
        .await
        .map_err(failed)?;
    let restored_s = telling.took_s();
    eprintln!("restored in {restored_s:.1} s; now replaying and opening everything");
    let began = Instant::now();
    let place = LedgerConfig { dir: data, journal: copied };
    let ledger =
        Ledger::open(place, Arc::new(MachineClock::default()), entropy, top_key).await.map_err(failed)?;
    let report = audit(&ledger, restored.ledger.entries()).await?;
    let audited_s = began.elapsed().as_secs_f64();
    drop(ledger);

    let whole = report.entries == restored.ledger.entries();
    let passed = report.clean() && whole && restored.blobs_damaged == 0;
    if args.json {
        let answer = json!({
            "passed": passed, "restored": restored, "audit": report,
            "restored_s": restored_s, "audited_s": audited_s,
        });
        println!("{answer}");
    } else {
        say(&pair.ledger, &restored, &report, restored_s, audited_s);
        println!("{}", if passed { "passed" } else { "NOT passed" });
    }
    Ok(if passed { DONE } else { FAILED })
}

fn say(file: &Path, restored: &Restored, report: &AuditReport, restored_s: f64, audited_s: f64) {
    let bytes: u64 = restored.ledger.parts.iter().map(|part| part.bytes).sum();
    println!("{} holds everything acknowledged before {}", file.display(), restored.made_at);
    println!(
        "restored in {restored_s:.1} s: {} entries, {} blobs ({} damaged), {}",
        restored.ledger.entries(),
        restored.ledger.rows(Part::Blobs),
        restored.blobs_damaged,
        size(bytes)
    );
    println!(
        "audited in {audited_s:.1} s: {} cases, {} entries ({} numbered), {} sealed fields opened, {} destroyed, {} tasks",
        report.cases,
        report.entries,
        report.numbered,
        report.sealed_checked,
        report.sealed_destroyed,
        report.tasks
    );
    say_findings(report);
}
