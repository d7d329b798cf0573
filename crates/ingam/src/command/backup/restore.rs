//! `ingam backup restore`: a backup into an empty folder or empty databases. What was destroyed after the backup is
//! destroyed in it before anybody can open it, numbers that may be known outside are not given again, and all of it is
//! audited.

use super::lost::{self, Given};
use super::{Telling, audit, failed, journal, same_environment, say_findings, top_key};
use crate::command::{BAD_INPUT, BAD_USAGE, DONE, FAILED, INTERNAL, StoreArgs};
use crate::config::Config;
use crate::given::{MachineClock, SystemEntropy};
use crate::serve;
use clap::Args;
use ingam_ledger::audit::AuditReport;
use ingam_ledger::backup::{
    self, Filling, JournalPlace, Pair, Place, Restored, Since, Staging, copy_journal,
};
use ingam_ledger::portable::Part;
use ingam_ledger::{FileTopKey, Ledger, PostgresConfig, Stream};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// The two files, in any order.
    #[arg(required = true, num_args = 2)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// The journal of destructions, as it was kept outside: a file or postgres://…; the settings' one unless given.
    /// Whoever served before must have stopped.
    #[arg(long, value_name = "FILE|URL")]
    journal: Option<String>,
    /// The top key under which the backup was made; a copy of it is put into the folder.
    #[arg(long)]
    top_key: PathBuf,
    /// Up to which number entries may be known outside, for instance `main=12000`; those after the backup are
    /// recorded as lost instead of being given again. May be repeated.
    #[arg(long, value_name = "STREAM=NUMBER")]
    numbers_given: Vec<Given>,
    /// JSON only.
    #[arg(long)]
    json: bool,
}

/// What a restore works with.
struct Restoring<'a> {
    args: &'a RestoreArgs,
    pair: Pair,
    clock: MachineClock,
    entropy: Arc<SystemEntropy>,
    top_key: Arc<FileTopKey>,
    telling: Telling,
}

/// What came of it.
struct Outcome {
    restored: Restored,
    destroyed_since: u64,
    lost: Vec<(Stream, u64)>,
    restored_s: f64,
    report: AuditReport,
}

pub(super) async fn run(args: RestoreArgs) -> Result<u8, (u8, String)> {
    let config = args.store.load().map_err(|why| (BAD_USAGE, why))?;
    if args.store.data.is_none() {
        let why = "name the new folder with --data: of the store, or with --store of the top key";
        return Err((BAD_USAGE, why.into()));
    }
    let pair = backup::pair(&args.files).map_err(failed)?;
    same_environment(&pair.ledger_header.environment, &config, "the backup")?;
    let entropy = Arc::new(SystemEntropy::default());
    let top_key = Arc::new(top_key(&args.top_key, &entropy)?);
    let clock = MachineClock::default();
    let telling = Telling::begin("restore");
    let restoring = Restoring { args: &args, pair, clock, entropy, top_key, telling };
    let outcome = match config.databases() {
        Some(databases) => restoring.fill_databases(&config, databases).await?,
        None => restoring.fill_folder(config.clone()).await?,
    };
    let took_s = restoring.telling.took_s();
    let clean = outcome.report.clean();
    if args.json {
        let answer = json!({
            "restored": outcome.restored, "destructions_followed": outcome.destroyed_since,
            "numbers_lost": outcome.lost, "audit": outcome.report,
            "restored_s": outcome.restored_s, "took_s": took_s,
        });
        println!("{answer}");
    } else {
        say(&outcome, took_s);
    }
    Ok(if clean { DONE } else { FAILED })
}

impl Restoring<'_> {
    async fn fill_folder(&self, mut config: Config) -> Result<Outcome, (u8, String)> {
        let target = config.store.dir.clone();
        let named = journal(self.args.journal.as_deref(), &config);
        // Fixed before the folder changes its name.
        config.store.journal = config.journal();
        let copied = match named {
            JournalPlace::File(path) => {
                config.store.journal = path;
                false
            }
            JournalPlace::Database(_) => {
                let into = JournalPlace::File(config.store.journal.clone());
                copy_journal(&named, &into).await.map_err(failed)?;
                true
            }
        };
        if !config.store.journal.is_file() {
            let path = config.store.journal.display();
            let why = format!(
                "there is no journal of destructions at {path}; without it people who were destroyed would come back"
            );
            return Err((BAD_INPUT, why));
        }
        let journal = config.store.journal.clone();
        let outcome = self.stage(config, &target).await;
        if copied && outcome.is_err() {
            // The next attempt copies it again.
            let _ = std::fs::remove_file(&journal);
        }
        outcome
    }

    /// Fills a folder aside and puts it in its place.
    async fn stage(&self, mut config: Config, target: &Path) -> Result<Outcome, (u8, String)> {
        if std::fs::read_dir(target).is_ok_and(|mut items| items.next().is_some()) {
            let why = format!("{} is not empty; a restore goes into a new folder", target.display());
            return Err((BAD_INPUT, why));
        }
        let staging = Staging::begin(target, &*self.entropy).map_err(failed)?;
        let restored = self.fill(&Place::embedded(staging.dir())).await?;
        put_top_key(&self.args.top_key, &staging.dir().join("top.key"))?;
        // Opening follows the journal; where it does not fit, nothing is put in place.
        config.store.dir = staging.dir().to_owned();
        let ledger = serve::open_ledger(&config, &self.clock)
            .await
            .map_err(|fault| (BAD_INPUT, format!("the restored ledger stays shut: {fault}")))?;
        let outcome = self.complete(ledger, restored).await?;
        staging.finish().map_err(failed)?;
        Ok(outcome)
    }

    /// Fills databases that open to nobody before they are whole.
    async fn fill_databases(
        &self,
        config: &Config,
        databases: PostgresConfig,
    ) -> Result<Outcome, (u8, String)> {
        let outside = self.args.journal.as_deref().map(|named| journal(Some(named), config));
        let filling = Filling::begin(&databases, outside.is_some()).await.map_err(failed)?;
        std::fs::create_dir_all(&config.store.dir)
            .map_err(|e| (INTERNAL, format!("{}: {e}", config.store.dir.display())))?;
        put_top_key(&self.args.top_key, &config.store.dir.join("top.key"))?;
        let restored = self.fill(&filling.place()).await?;
        if let Some(outside) = outside {
            let into = JournalPlace::Database(databases.journal.clone());
            copy_journal(&outside, &into).await.map_err(failed)?;
        }
        let opened =
            filling.open(Arc::new(self.clock.clone()), self.entropy.clone(), self.top_key.clone()).await;
        let ledger =
            opened.map_err(|fault| (BAD_INPUT, format!("the restored ledger stays shut: {fault}")))?;
        let outcome = self.complete(ledger, restored).await?;
        filling.finish().await.map_err(failed)?;
        Ok(outcome)
    }

    async fn fill(&self, place: &Place) -> Result<Restored, (u8, String)> {
        let tell = |progress| self.telling.tell(progress);
        backup::restore(&self.pair, place, Since::Anything, &*self.top_key, &tell).await.map_err(failed)
    }

    /// Whatever is left to do while nobody else has the ledger.
    async fn complete(&self, ledger: Ledger, restored: Restored) -> Result<Outcome, (u8, String)> {
        let followed = ledger.store().journal_mark().await.map_err(failed)?.count;
        let mut lost = Vec::new();
        for Given { stream, number } in &self.args.numbers_given {
            let recorded = lost::record(&ledger, *stream, *number, &self.clock, &self.entropy).await;
            lost.push((*stream, recorded.map_err(failed)?));
        }
        let restored_s = self.telling.took_s();
        let report = audit(&ledger, restored.ledger.entries()).await?;
        let destroyed_since = followed.saturating_sub(restored.journal_count);
        Ok(Outcome { restored, destroyed_since, lost, restored_s, report })
    }
}

/// Puts a copy of the top key where the program looks for it.
fn put_top_key(from: &Path, to: &Path) -> Result<(), (u8, String)> {
    let wrong = |path: &Path, e: std::io::Error| (INTERNAL, format!("{}: {e}", path.display()));
    let ours = std::fs::read(from).map_err(|e| wrong(from, e))?;
    match std::fs::read(to) {
        Ok(theirs) if theirs == ours => Ok(()),
        Ok(_) => Err((BAD_INPUT, format!("{} is another top key; name another folder", to.display()))),
        Err(_) => std::fs::copy(from, to).map(|_| ()).map_err(|e| wrong(to, e)),
    }
}

fn say(outcome: &Outcome, took_s: f64) {
    let Outcome { restored, destroyed_since, lost, restored_s, report } = outcome;
    println!(
        "restored in {restored_s:.1} s: {} entries, {} cases, {} tasks, {} blobs ({} damaged before the backup)",
        restored.ledger.entries(),
        restored.ledger.rows(Part::Cases),
        restored.ledger.rows(Part::Tasks),
        restored.ledger.rows(Part::Blobs),
        restored.blobs_damaged
    );
    println!("everything acknowledged before {} is there; nothing that came later is", restored.made_at);
    println!("destructions since then that were followed: {destroyed_since}");
    println!("tasks that may have been begun since then, and will ask first: {}", restored.tasks_in_doubt);
    for stream in Stream::ALL {
        let head = restored.heads.iter().find(|(of, _)| *of == stream).map_or(0, |(_, head)| *head);
        match lost.iter().find(|(of, _)| *of == stream) {
            Some((_, count)) => println!(
                "numbers of {}: {head} in the backup; {count} after it are recorded as lost and never given again",
                stream.word()
            ),
            None => println!(
                "numbers of {}: {head} in the backup; how many were given after it is not known here, so the next \
                 one is {}; where outsiders may know higher ones, restore again with --numbers-given",
                stream.word(),
                head + 1
            ),
        }
    }
    say_findings(report);
    println!(
        "audited, {took_s:.1} s in all: {} entries, {} sealed fields opened, {} destroyed: {}",
        report.entries,
        report.sealed_checked,
        report.sealed_destroyed,
        if report.clean() { "clean" } else { "NOT clean" }
    );
}
