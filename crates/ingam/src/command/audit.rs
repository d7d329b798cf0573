//! `ingam audit`: replays the ledger against its views, leaves and numbers.

use super::{DONE, FAILED, INTERNAL, StoreArgs};
use crate::replay;
use crate::serve;
use clap::Args;

#[derive(Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// JSON only.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: AuditArgs) -> Result<u8, (u8, String)> {
    let config = args.store.load().map_err(|why| (super::BAD_USAGE, why))?;
    if config.databases().is_none() && !config.store.dir.join("ledger.db").exists() {
        return Err((super::BAD_USAGE, format!("no ledger in {}", config.store.dir.display())));
    }
    let ledger = serve::open_ledger(&config, &crate::given::MachineClock::default())
        .await
        .map_err(|fault| (INTERNAL, fault.to_string()))?;
    let report = ingam_ledger::audit::audit(&ledger, &replay::fold)
        .await
        .map_err(|fault| (INTERNAL, fault.to_string()))?;
    if args.json {
        println!("{}", serde_json::to_string(&report).map_err(|e| (INTERNAL, e.to_string()))?);
    } else {
        println!(
            "{} cases, {} entries ({} numbered), {} sealed fields checked, {} destroyed, {} tasks waiting, {} claims",
            report.cases,
            report.entries,
            report.numbered,
            report.sealed_checked,
            report.sealed_destroyed,
            report.tasks,
            report.claims
        );
        super::backup::say_findings(&report);
        println!("{}", if report.clean() { "clean" } else { "NOT clean" });
    }
    Ok(if report.clean() { DONE } else { FAILED })
}
