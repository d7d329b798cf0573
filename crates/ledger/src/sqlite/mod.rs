//! The embedded store: one SQLite file, one writer thread with group commit, a few readers. The
//! contract is [`crate::store`]; this file only hands each call to its SQL.

mod commit;
pub(crate) mod group;
mod portable;
mod read;
pub(crate) mod schema;
mod tasks;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::watch;

use crate::commit::{Case, Claim, IndexRow, IndexValue, LeasedTask, NumberingRefused, Refused, TaskState};
use crate::entry::{EntryRow, Stream};
use crate::error::Fault;
use crate::query::{CaseQuery, EntryQuery, TaskQuery};
use crate::store::{Arrivals, CommitRows, Destruction, JournalMark, LeaseRequest, Settle, Store, TaskRow};
use group::{Readers, Writer};

pub use portable::SqliteFile;

/// How long cutting the log waits for readers, which keep it some milliseconds; commits wait that long too.
const CUT_WAIT: Duration = Duration::from_millis(250);

/// A store in one SQLite file.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    /// Whether the log still holds what was destroyed, because a copy that is being made reads from it.
    log_uncut: Arc<AtomicBool>,
    tasks: watch::Sender<u64>,
    entries: watch::Sender<u64>,
}

impl Sqlite {
    /// Opens the file, and creates it where there is none. Blocks for a few milliseconds; the directory
    /// must exist.
    pub fn open(path: &Path) -> Result<Sqlite, Fault> {
        let connection = group::connect(path)?;
        schema::prepare(&connection)?;
        Ok(Sqlite {
            writer: Writer::start("ledger-writer", connection)?,
            readers: Readers::new(path),
            log_uncut: Arc::default(),
            tasks: watch::Sender::new(0),
            entries: watch::Sender::new(0),
        })
    }
}

impl Sqlite {
    /// Cuts the log where that is owed and no copy keeps it.
    async fn cut_log(&self) -> Result<(), Fault> {
        if !self.log_uncut.load(Ordering::SeqCst) {
            return Ok(());
        }
        let uncut = self.log_uncut.clone();
        let cut = move |db: &Connection| {
            db.busy_timeout(CUT_WAIT)?;
            let outcome = try_truncate_log(db);
            db.busy_timeout(group::BUSY)?;
            if outcome? {
                uncut.store(false, Ordering::SeqCst);
            }
            Ok(())
        };
        self.writer.run_alone(cut).await
    }
}

fn ring(bell: &watch::Sender<u64>) {
    bell.send_modify(|count| *count = count.wrapping_add(1));
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, rows: CommitRows) -> Result<Result<Vec<String>, Refused>, Fault> {
        let tasks = (!rows.tasks.is_empty()).then(|| self.tasks.clone());
        let entries = rows.writes.iter().any(|write| !write.entries.is_empty()).then(|| self.entries.clone());
        let after = move |outcome: &Result<Vec<String>, Refused>| {
            if outcome.is_ok() {
                tasks.iter().for_each(ring);
                entries.iter().for_each(ring);
            }
        };
        self.writer.run(move |db| commit::commit(db, &rows), after).await
    }

    async fn case(&self, id: &str) -> Result<Option<Case>, Fault> {
        let id = id.to_owned();
        self.readers.read(move |db| read::case(db, &id)).await
    }

    async fn cases(&self, query: CaseQuery) -> Result<Vec<Case>, Fault> {
        self.readers.read(move |db| read::cases(db, &query)).await
    }

    async fn entries(&self, query: EntryQuery) -> Result<Vec<EntryRow>, Fault> {
        self.readers.read(move |db| read::entries(db, &query)).await
    }

    async fn claims(&self, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
        let base = base.to_owned();
        self.readers.read(move |db| read::claims(db, &base, now)).await
    }

    async fn scan_claims(
        &self,
        after: Option<(String, Option<u32>)>,
        limit: u32,
    ) -> Result<Vec<Claim>, Fault> {
        self.readers.read(move |db| read::scan_claims(db, after, limit)).await
    }

    async fn find(&self, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault> {
        let (purpose, values) = (purpose.to_owned(), values.to_vec());
        self.readers.read(move |db| read::find(db, &purpose, &values)).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<LeasedTask>, Fault> {
        self.writer.run(move |db| tasks::lease(db, &request), |_| ()).await
    }

    async fn settle(&self, task: &str, epoch: u64, word: Settle) -> Result<Result<(), Refused>, Fault> {
        let (task, bell) = (task.to_owned(), self.tasks.clone());
        self.writer.run(move |db| tasks::settle(db, &task, epoch, &word), move |_| ring(&bell)).await
    }

    async fn next_due(&self, kinds: &[String]) -> Result<Option<Timestamp>, Fault> {
        let kinds = kinds.to_vec();
        self.readers.read(move |db| tasks::next_due(db, &kinds)).await
    }

    async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskState>, Fault> {
        self.readers.read(move |db| tasks::tasks(db, &query)).await
    }

    async fn revive(&self, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
        let (task, bell) = (task.to_owned(), self.tasks.clone());
        self.writer.run(move |db| tasks::revive(db, &task, run_at), move |_| ring(&bell)).await
    }

    async fn head(&self, stream: Stream) -> Result<u64, Fault> {
        self.readers.read(move |db| tasks::head(db, stream)).await
    }

    async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: Vec<String>,
        new: Vec<TaskRow>,
    ) -> Result<Result<u64, NumberingRefused>, Fault> {
        let bell = (!new.is_empty()).then(|| self.tasks.clone());
        let work = move |db: &Connection| tasks::number(db, stream, head, &entries, &new);
        self.writer.run(work, move |_| bell.iter().for_each(ring)).await
    }

    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        self.writer.run(move |db| destroy(db, &destruction, mark), |_| ()).await?;
        // The rows must not live on in the log file either. Where a backup is being made they do until it ends: it
        // holds them too, and nobody waits for it.
        self.log_uncut.store(true, Ordering::SeqCst);
        self.cut_log().await
    }

    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        self.readers.read(journal_mark).await
    }

    async fn knows_subject(&self, subject: &str) -> Result<bool, Fault> {
        let subject = subject.to_owned();
        self.readers.read(move |db| read::knows_subject(db, &subject)).await
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, Fault> {
        let sweep = move |db: &Connection| {
            let removed = db
                .prepare_cached(
                    "DELETE FROM claims WHERE (base, slot) IN
                     (SELECT base, slot FROM claims WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
                )?
                .execute(params![now.as_millisecond(), limit])?;
            Ok(removed as u64)
        };
        let swept = self.writer.run(sweep, |_| ()).await?;
        self.cut_log().await?;
        Ok(swept)
    }

    fn arrivals(&self) -> Arrivals {
        Arrivals { tasks: self.tasks.subscribe(), entries: self.entries.subscribe() }
    }
}

fn destroy(db: &Connection, destruction: &Destruction, mark: JournalMark) -> Result<(), Fault> {
    let everywhere = destruction.institution.is_none();
    let institution = destruction.institution.as_deref().unwrap_or("");
    for class in &destruction.classes {
        db.execute(
            "DELETE FROM people WHERE subject = ?1 AND class = ?2 AND (?3 OR coalesce(institution, '') = ?4)",
            params![destruction.subject, class.code(), everywhere, institution],
        )?;
        db.execute(
            "INSERT OR IGNORE INTO destroyed (subject, class, everywhere, institution) VALUES (?1, ?2, ?3, ?4)",
            params![destruction.subject, class.code(), everywhere, institution],
        )?;
    }
    db.execute(
        "INSERT INTO journal (one, count, hash) VALUES (1, ?1, ?2)
         ON CONFLICT (one) DO UPDATE SET count = ?1, hash = ?2 WHERE count < ?1",
        params![mark.count as i64, &mark.hash[..]],
    )?;
    Ok(())
}

/// Moves the whole log into the file and cuts the log to nothing. Readers finish first.
pub(crate) fn truncate_log(db: &Connection) -> Result<(), Fault> {
    if try_truncate_log(db)? {
        Ok(())
    } else {
        Err(Fault::Store("a reader kept the log from being cut".into()))
    }
}

/// The same; `false` where a reader kept the log from being cut.
fn try_truncate_log(db: &Connection) -> Result<bool, Fault> {
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))? == 0)
}

pub(crate) fn journal_mark(db: &Connection) -> Result<JournalMark, Fault> {
    let found = db
        .query_row("SELECT count, hash FROM journal", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    match found {
        None => Ok(JournalMark { count: 0, hash: [0; 32] }),
        Some((count, hash)) => Ok(JournalMark {
            count: count as u64,
            hash: hash.try_into().map_err(|_| Fault::Damaged("the journal's mark"))?,
        }),
    }
}
