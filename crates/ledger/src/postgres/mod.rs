//! The store that several processes share: PostgreSQL 15 and up, in plain SQL, without extensions and without
//! special rights. The contract is [`crate::store`]; this file only hands each call to its SQL.

pub(crate) mod blobs;
mod claims;
pub(crate) mod connect;
mod decide;
mod group;
pub(crate) mod journal;
pub(crate) mod keys;
mod locked;
mod numbers;
pub(crate) mod portable;
mod read;
pub(crate) mod schema;
mod tasks;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::postgres::{PgPool, Postgres as Server};
use sqlx::{Executor, PgConnection};
use tokio::sync::watch;

use crate::commit::{Case, Claim, IndexRow, IndexValue, LeasedTask, NumberingRefused, Refused, TaskState};
use crate::entry::{EntryRow, RetentionClass, Stream};
use crate::error::Fault;
use crate::opening::Database;
use crate::query::{CaseQuery, EntryQuery, TaskQuery};
use crate::store::{Arrivals, CommitRows, Destruction, JournalMark, LeaseRequest, Settle, Store, TaskRow};
use connect::{Ended, connect, transaction};
use group::{Bells, Lane};
use schema::Use;

pub use portable::PostgresTables;

/// Connections of one process to the store, the one that writes batches included. A server takes 100 by
/// default; with three nodes that leaves room for administration.
const CONNECTIONS: u32 = 20;

/// A store in a PostgreSQL database, as one node sees it.
pub struct Postgres {
    pool: PgPool,
    lane: Lane,
    bells: Arc<Bells>,
    /// Whose leases are this node's own.
    node: String,
}

impl Postgres {
    /// Connects, and brings the tables to this release. `node` is a name that no other process uses, also not
    /// this one after a restart. `schema`: a namespace for the tables, where it is not the role's own.
    pub async fn open(url: &str, node: String, schema: Option<&str>) -> Result<Postgres, Fault> {
        Self::open_for(url, node, schema, Use::Open).await
    }

    pub(crate) async fn open_for(
        url: &str,
        node: String,
        schema: Option<&str>,
        wanted: Use,
    ) -> Result<Postgres, Fault> {
        let pool = connect(url, CONNECTIONS, schema).await?;
        schema::prepare(&pool, "ledger", schema::STORE, wanted).await?;
        let bells = Arc::new(Bells { tasks: watch::Sender::new(0), entries: watch::Sender::new(0) });
        Ok(Postgres { lane: Lane::start(pool.clone(), bells.clone()), pool, bells, node })
    }

    /// The table of blobs in this database.
    pub(crate) fn blobs(&self) -> blobs::BlobTable {
        blobs::BlobTable::new(self.pool.clone())
    }

    /// Remembers to which environment this store belongs, for ever; a fault where it belongs to another.
    pub(crate) async fn belongs_to(&self, environment: &str) -> Result<(), Fault> {
        sqlx::query("INSERT INTO environment (one, name) VALUES (1, $1) ON CONFLICT DO NOTHING")
            .bind(environment)
            .execute(&self.pool)
            .await?;
        let theirs: String = sqlx::query_scalar("SELECT name FROM environment").fetch_one(&self.pool).await?;
        if theirs == environment { Ok(()) } else { Err(Fault::Environment { theirs }) }
    }
}

/// To which environment a store belongs; changes nothing.
pub(crate) async fn environment(database: &Database) -> Result<Option<String>, Fault> {
    let pool = connect(&database.url, 1, database.schema.as_deref()).await?;
    schema::known(&pool, "ledger", schema::STORE).await?;
    let found = sqlx::query_scalar("SELECT name FROM environment").fetch_optional(&pool).await?;
    pool.close().await;
    Ok(found)
}

fn ring(bell: &watch::Sender<u64>) {
    bell.send_modify(|count| *count = count.wrapping_add(1));
}

#[async_trait]
impl Store for Postgres {
    async fn commit(&self, rows: CommitRows) -> Result<Result<Vec<String>, Refused>, Fault> {
        self.lane.commit(rows).await
    }

    async fn case(&self, id: &str) -> Result<Option<Case>, Fault> {
        read::case(&self.pool, id).await
    }

    async fn cases(&self, query: CaseQuery) -> Result<Vec<Case>, Fault> {
        read::cases(&self.pool, &query).await
    }

    async fn entries(&self, query: EntryQuery) -> Result<Vec<EntryRow>, Fault> {
        read::entries(&self.pool, &query).await
    }

    async fn claims(&self, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
        claims::live(&self.pool, base, now).await
    }

    async fn scan_claims(
        &self,
        after: Option<(String, Option<u32>)>,
        limit: u32,
    ) -> Result<Vec<Claim>, Fault> {
        claims::scan(&self.pool, after, limit).await
    }

    async fn find(&self, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault> {
        read::find(&self.pool, purpose, values).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<LeasedTask>, Fault> {
        tasks::lease(&self.pool, &self.node, &request).await
    }

    async fn settle(&self, task: &str, epoch: u64, word: Settle) -> Result<Result<(), Refused>, Fault> {
        let settled = tasks::settle(&self.pool, task, epoch, &word).await?;
        ring(&self.bells.tasks);
        Ok(settled)
    }

    async fn next_due(&self, kinds: &[String]) -> Result<Option<Timestamp>, Fault> {
        tasks::next_due(&self.pool, &self.node, kinds).await
    }

    async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskState>, Fault> {
        tasks::tasks(&self.pool, &query).await
    }

    async fn revive(&self, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
        let revived = tasks::revive(&self.pool, task, run_at).await?;
        ring(&self.bells.tasks);
        Ok(revived)
    }

    async fn head(&self, stream: Stream) -> Result<u64, Fault> {
        numbers::head(&self.pool, stream).await
    }

    async fn number(
        &self,
        stream: Stream,
        head: u64,
        entries: Vec<String>,
        new: Vec<TaskRow>,
    ) -> Result<Result<u64, NumberingRefused>, Fault> {
        let numbered = numbers::number(&self.pool, stream, head, &entries, &new).await?;
        if numbered.is_ok() && !new.is_empty() {
            ring(&self.bells.tasks);
        }
        Ok(numbered)
    }

    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        destroy(&self.pool, &destruction, mark).await?;
        // A deleted row stays in its page until it is vacuumed. What may be left behind are keyed hashes.
        keys::vacuum(&self.pool, "VACUUM people").await
    }

    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        journal_mark(&self.pool).await
    }

    async fn knows_subject(&self, subject: &str) -> Result<bool, Fault> {
        read::knows_subject(&self.pool, subject).await
    }

    async fn retire_subject(&self, subject: &str) -> Result<bool, Fault> {
        retire_subject(&self.pool, subject).await
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, Fault> {
        self.lane.drained().await?;
        claims::sweep(&self.pool, now, limit).await
    }

    fn arrivals(&self) -> Arrivals {
        Arrivals { tasks: self.bells.tasks.subscribe(), entries: self.bells.entries.subscribe() }
    }
}

async fn destroy(pool: &PgPool, destruction: &Destruction, mark: JournalMark) -> Result<(), Fault> {
    let classes: Vec<&str> = destruction.classes.iter().map(|class| class.code()).collect();
    let everywhere = destruction.institution.is_none();
    let institution = destruction.institution.as_deref().unwrap_or("");
    let subject = &destruction.subject;
    transaction(pool, async |db| {
        // A subject that no commit named has no row to be locked: one is made, and taken away again before anybody
        // sees it.
        let unknown = lock_alone(db, subject).await?;
        sqlx::query(
            "DELETE FROM people WHERE subject = $1 AND class = ANY($2) AND ($3 OR coalesce(institution, '') = $4)",
        )
        .bind(subject)
        .bind(&classes)
        .bind(everywhere)
        .bind(institution)
        .execute(&mut *db)
        .await?;
        insert_destroyed(db, subject, &classes, everywhere, institution).await?;
        if unknown {
            sqlx::query("DELETE FROM subjects WHERE subject = $1").bind(subject).execute(&mut *db).await?;
        }
        sqlx::query(SET_MARK).bind(mark.count as i64).bind(&mark.hash[..]).execute(&mut *db).await?;
        Ok(Ended::Keep(()))
    })
    .await
}

async fn retire_subject(pool: &PgPool, subject: &str) -> Result<bool, Fault> {
    transaction(pool, async |db| {
        if !lock_alone(db, subject).await? {
            return Ok(Ended::Leave(false));
        }
        let classes = RetentionClass::ALL.map(RetentionClass::code);
        insert_destroyed(db, subject, &classes, true, "").await?;
        sqlx::query("DELETE FROM subjects WHERE subject = $1").bind(subject).execute(db).await?;
        Ok(Ended::Keep(true))
    })
    .await
}

/// Waits for the commits that name the subject, and keeps others out until this ends; they see then what it did.
/// `true`: no commit ever named it, and its row was made to be locked.
async fn lock_alone(db: &mut PgConnection, subject: &str) -> Result<bool, Fault> {
    let new = sqlx::query("INSERT INTO subjects (subject) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(subject)
        .execute(&mut *db)
        .await?;
    sqlx::query("SELECT 1 FROM subjects WHERE subject = $1 FOR UPDATE").bind(subject).execute(db).await?;
    Ok(new.rows_affected() == 1)
}

async fn insert_destroyed(
    db: &mut PgConnection,
    subject: &str,
    classes: &[&str],
    everywhere: bool,
    institution: &str,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO destroyed (subject, class, everywhere, institution)
         SELECT $1, class, $3, $4 FROM unnest($2::text[]) AS c(class) ON CONFLICT DO NOTHING",
    )
    .bind(subject)
    .bind(classes)
    .bind(everywhere)
    .bind(institution)
    .execute(db)
    .await?;
    Ok(())
}

/// The mark never goes back.
pub(crate) const SET_MARK: &str = "INSERT INTO journal_mark (one, count, hash) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET count = excluded.count, hash = excluded.hash
    WHERE journal_mark.count < excluded.count";

pub(crate) async fn journal_mark(db: impl Executor<'_, Database = Server>) -> Result<JournalMark, Fault> {
    let found: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT count, hash FROM journal_mark").fetch_optional(db).await?;
    match found {
        None => Ok(JournalMark { count: 0, hash: [0; 32] }),
        Some((count, hash)) => Ok(JournalMark {
            count: count as u64,
            hash: hash.try_into().map_err(|_| Fault::Damaged("the journal's mark"))?,
        }),
    }
}
