//! `ingam backup`: two sealed files from a ledger that may be in use, a real restore of them as proof, and the
//! restore itself. Refuses to put the top key or the journal of destructions into a backup.

mod create;
mod lost;
mod restore;
mod verify;

use super::{BAD_INPUT, BAD_USAGE, INTERNAL};
use crate::config::Config;
use crate::given::SystemEntropy;
use crate::replay;
use clap::Subcommand;
use ingam_ledger::audit::{AuditReport, audit_watched};
use ingam_ledger::backup::{JournalPlace, Place, Progress};
use ingam_ledger::{Database, Fault, FileTopKey, Ledger, not_moved};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup, also while the ledger is being served.
    Create(create::CreateArgs),
    /// Restore a backup into a scratch folder and audit what comes out.
    Verify(verify::VerifyArgs),
    /// Put a backup into an empty folder, and follow what was destroyed since.
    Restore(restore::RestoreArgs),
}

pub(crate) async fn run(command: BackupCommand) -> Result<u8, (u8, String)> {
    match command {
        BackupCommand::Create(args) => create::run(args).await,
        BackupCommand::Verify(args) => verify::run(args).await,
        BackupCommand::Restore(args) => restore::run(args).await,
    }
}

/// What was given is at fault where a file is no backup or a place is not what it should be; else the machine is.
pub(super) fn failed(fault: Fault) -> (u8, String) {
    match fault {
        Fault::Backup { .. }
        | Fault::WrongTopKey
        | Fault::Journal(_)
        | Fault::Invalid(_)
        | Fault::Occupied(_)
        | Fault::Nowhere(_)
        | Fault::HalfFilled
        | Fault::Moved { .. }
        | Fault::Environment { .. } => (BAD_INPUT, fault.to_string()),
        Fault::File { ref source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            (BAD_INPUT, fault.to_string())
        }
        _ => (INTERNAL, fault.to_string()),
    }
}

/// The store that the settings name, which must be there.
async fn place(config: &Config) -> Result<Place, (u8, String)> {
    if let Some(databases) = config.databases() {
        return Place::shared(&databases).await.map_err(failed);
    }
    let dir = &config.store.dir;
    not_moved(dir).map_err(failed)?;
    if !dir.join("ledger.db").exists() {
        return Err((BAD_USAGE, format!("no ledger in {}", dir.display())));
    }
    if let Ok(theirs) = std::fs::read_to_string(dir.join("environment")) {
        same_environment(theirs.trim(), config, "this store")?;
    }
    Ok(Place::embedded(dir))
}

/// Where the journal of destructions lies: as it is named, else as the settings say.
fn journal(named: Option<&str>, config: &Config) -> JournalPlace {
    match (named, config.databases()) {
        (Some(url), _) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            JournalPlace::Database(Database { url: url.to_owned(), schema: None })
        }
        (Some(path), _) => JournalPlace::File(path.into()),
        (None, Some(databases)) => JournalPlace::Database(databases.journal),
        (None, None) => JournalPlace::File(config.journal()),
    }
}

/// The top key that is there. A backup never makes one.
pub(super) fn top_key(path: &Path, entropy: &Arc<SystemEntropy>) -> Result<FileTopKey, (u8, String)> {
    if !path.is_file() {
        return Err((BAD_INPUT, format!("there is no top key at {}", path.display())));
    }
    FileTopKey::open_or_create(path, entropy.clone())
        .map_err(|fault| (BAD_INPUT, format!("{}: {fault}", path.display())))
}

/// Whether a store or a backup of this environment is meant.
fn same_environment(theirs: &str, config: &Config, what: &str) -> Result<(), (u8, String)> {
    let ours = config.environment.as_str();
    if theirs == ours {
        return Ok(());
    }
    Err((BAD_INPUT, format!("{what} belongs to {theirs}, and the settings say {ours}")))
}

/// Tells on standard error how far it is.
pub(super) struct Telling {
    what: &'static str,
    began: Instant,
    told: Mutex<Instant>,
}

impl Telling {
    /// Often enough to see that it moves.
    const EVERY: Duration = Duration::from_secs(1);

    pub(super) fn begin(what: &'static str) -> Self {
        let now = Instant::now();
        Self { what, began: now, told: Mutex::new(now) }
    }

    pub(super) fn took_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    pub(super) fn tell(&self, progress: Progress) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() < Self::EVERY {
            return;
        }
        *told = Instant::now();
        let took = self.took_s();
        let per_s = progress.entries as f64 / took;
        let ahead = if progress.of == 0 {
            String::new()
        } else {
            let share = progress.done as f64 / progress.of as f64;
            let left = if share > 0.0 { took / share - took } else { 0.0 };
            format!(", {:.0} % done, about {left:.0} s left", share * 100.0)
        };
        eprintln!("{}: {} entries, {per_s:.0} a second{ahead}", self.what, progress.entries);
    }
}

/// Audits a ledger and tells how far it is. `of`: how many entries there are, 0 where nobody knows.
pub(super) async fn audit(ledger: &Ledger, of: u64) -> Result<AuditReport, (u8, String)> {
    let telling = Telling::begin("audit");
    let tell = |entries| telling.tell(Progress { entries, done: entries, of });
    audit_watched(ledger, &replay::fold, &tell).await.map_err(failed)
}

/// What an audit found, a line each.
pub(super) fn say_findings(report: &AuditReport) {
    for finding in &report.findings {
        println!(
            "{} {} {} {}",
            finding.code,
            finding.case.as_deref().unwrap_or("-"),
            finding.entry.as_deref().unwrap_or("-"),
            finding.detail
        );
    }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        let check = |bytes, expected: &str| assert_eq!(size(bytes), expected);
        check(0, "0 B");
        check(999, "999 B");
        check(1_250, "1.2 kB");
        check(9_990_000_000, "10.0 GB");
        check(u64::MAX, "18446744.1 TB");
    }
}
