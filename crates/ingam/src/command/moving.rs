//! `ingam move`: the embedded store into empty PostgreSQL databases. Everything is audited before and after and must be
//! the same; the old folder is marked, so that nobody serves it by mistake. Refuses to change the source in any other
//! way.

use super::backup::{Telling, audit, failed, say_findings, top_key};
use super::{BAD_INPUT, BAD_USAGE, DONE, FAILED, StoreArgs};
use crate::config::{Address, Config};
use crate::given::{MachineClock, SystemEntropy};
use crate::serve;
use clap::Args;
use ingam_ledger::audit::AuditReport;
use ingam_ledger::backup::{self, Copied, Filling, JournalPlace, Place, copy_journal};
use ingam_ledger::{Fault, PostgresConfig, mark_moved, not_moved, unmark_moved};
use serde_json::json;
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct MoveArgs {
    /// `--data` is the store to move; `--store` the empty database to move it into. Databases of keys and journal are
    /// the settings' ones.
    #[command(flatten)]
    store: StoreArgs,
    /// JSON only.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: MoveArgs) -> Result<u8, (u8, String)> {
    let config = args.store.load().map_err(|why| (BAD_USAGE, why))?;
    let Some(databases) = config.databases() else {
        return Err((BAD_USAGE, "name the database to move into with --store postgres://…".into()));
    };
    let dir = config.store.dir.clone();
    if !dir.join("ledger.db").exists() {
        return Err((BAD_USAGE, format!("no ledger in {}", dir.display())));
    }
    let entropy = Arc::new(SystemEntropy::default());
    let top_key = Arc::new(top_key(&dir.join("top.key"), &entropy)?);
    if let Err(moved) = not_moved(&dir) {
        // If we crashed between the marks, the databases are shut and the move begins anew.
        if !Filling::broke_off(&databases).await.map_err(failed)? {
            return Err((BAD_INPUT, moved.to_string()));
        }
        unmark_moved(&dir).map_err(failed)?;
    }

    // Nobody else has the source as long as this is open.
    let clock = MachineClock::default();
    let mut source = config.clone();
    source.store.url = Address::default();
    let ledger = serve::open_ledger(&source, &clock).await.map_err(|fault| match fault {
        crate::fault::Fault::Ledger(Fault::Locked) => {
            (BAD_INPUT, format!("{} is being served; stop the program first", dir.display()))
        }
        crate::fault::Fault::Ledger(fault) => failed(fault),
        fault => (BAD_INPUT, fault.to_string()),
    })?;
    let filling = Filling::begin(&databases, true).await.map_err(failed)?;
    let before = audit(&ledger, 0).await?;
    if !before.clean() {
        say_findings(&before);
        return Err((FAILED, "the store is not clean, and nothing was moved; see `ingam audit`".into()));
    }
    let copied = copy(&source, &databases, &filling).await?;
    let opened = filling.open(Arc::new(clock.clone()), entropy, top_key).await.map_err(failed)?;
    let after = audit(&opened, before.entries).await?;
    drop(opened);
    if after != before {
        say_findings(&after);
        let why = "the copy is not what the store is: the store is as it was, the databases stay shut, and moving \
                   again begins anew";
        return Err((FAILED, why.into()));
    }
    // The source first: never are two places open.
    let note = format!("into PostgreSQL, {}", clock.now());
    mark_moved(&dir, &note).map_err(failed)?;
    filling.finish().await.map_err(failed)?;
    drop(ledger);
    if args.json {
        println!("{}", json!({ "copied": copied, "audit": after }));
    } else {
        say(&config, &copied, &after);
    }
    Ok(DONE)
}

async fn copy(
    source: &Config,
    databases: &PostgresConfig,
    filling: &Filling,
) -> Result<Copied, (u8, String)> {
    let telling = Telling::begin("move");
    let from = Place::embedded(&source.store.dir);
    let tell = |progress| telling.tell(progress);
    let copied = backup::copy(&from, &filling.place(), &tell).await.map_err(failed)?;
    let journal = (JournalPlace::File(source.journal()), JournalPlace::Database(databases.journal.clone()));
    copy_journal(&journal.0, &journal.1).await.map_err(failed)?;
    Ok(copied)
}

fn say(config: &Config, copied: &Copied, report: &AuditReport) {
    let rows = |part: &str| copied.rows.iter().find(|(name, _)| *name == part).map_or(0, |(_, rows)| *rows);
    println!(
        "moved: {} entries in {} cases, {} tasks, {} claims, {} blobs ({} damaged before), {} data keys",
        report.entries,
        report.cases,
        report.tasks,
        report.claims,
        rows("blobs"),
        copied.blobs_damaged,
        rows("data_keys")
    );
    for (stream, head) in &report.heads {
        println!("  last number of {}: {head}", stream.word());
    }
    println!("audited before and after: clean, and the same");
    let dir = config.store.dir.display();
    println!(
        "from now on: ingam serve --data {dir} --store URL; the folder keeps the top key and this machine's files. The \
         old rows and keys in it ({dir}/ledger.db, keys.db, blobs) and the old journal are of no use any more: what is \
         destroyed from now on lives on in them until they are deleted"
    );
}
