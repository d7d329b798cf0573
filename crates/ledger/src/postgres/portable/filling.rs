//! Filling the databases of a ledger, which no transaction spans: they are marked before the first row and until all
//! of them are whole, so that nobody opens a half-filled ledger, and whoever tries again knows that what is there is
//! of an attempt that broke off.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::{PATIENT, Tables, empty};
use crate::error::Fault;
use crate::opening::{Database, PostgresConfig};
use crate::postgres::connect::{Ended, connect, transaction};
use crate::postgres::journal;
use crate::postgres::schema::{self, Use};

/// One database that is being filled.
struct Marked {
    pool: PgPool,
    tables: &'static [Tables],
}

/// Databases that are being filled.
pub(crate) struct Marks(Vec<Marked>);

impl Marks {
    /// Marks the databases; a fault, and nothing marked, where one holds anything that is not of the attempt which
    /// broke off in this store. `journal`: it is filled, too.
    pub(crate) async fn set(config: &PostgresConfig, journal: bool) -> Result<Marks, Fault> {
        let mut marks = Vec::new();
        let mut rooms: Vec<(&Database, &'static [Tables])> =
            vec![(&config.keys, &[Tables::Keys]), (&config.store, &[Tables::Ledger, Tables::Blobs])];
        if journal {
            rooms.insert(0, (&config.journal, &[Tables::Journal]));
        }
        for (database, tables) in rooms {
            let pool = connect(&database.url, 1, database.schema.as_deref()).await?;
            let (room, steps) = tables[0].room();
            schema::prepare(&pool, room, steps, Use::Fill).await?;
            marks.push(Marked { pool, tables });
        }
        let attempt = attempt(&marks).await?;
        // All are looked at before the first is touched.
        for marked in &marks {
            let mut session = marked.pool.acquire().await?;
            if !of(&mut session, &attempt).await? && !all_empty(&mut session, marked.tables).await? {
                return Err(Fault::Occupied(marked.name()));
            }
        }
        for marked in &marks {
            marked.begin(&attempt).await?;
        }
        Ok(Marks(marks))
    }

    /// Whether the store is marked.
    pub(crate) async fn stand(config: &PostgresConfig) -> Result<bool, Fault> {
        let pool = connect(&config.store.url, 1, config.store.schema.as_deref()).await?;
        let filling = schema::marked(&pool).await?;
        pool.close().await;
        Ok(filling)
    }

    /// All of them are whole. The store's mark is the last: without the store nothing is opened, and if we crash before
    /// it the others are still known to be of this attempt.
    pub(crate) async fn remove(self) -> Result<(), Fault> {
        for marked in self.0 {
            let mut session = marked.pool.acquire().await?;
            schema::end_filling(&mut session).await?;
            drop(session);
            marked.pool.close().await;
        }
        Ok(())
    }
}

/// The attempt that broke off in the store, the last of these databases, or a new one.
async fn attempt(marks: &[Marked]) -> Result<String, Fault> {
    let store = marks.last().ok_or(Fault::Invalid("no databases to fill"))?;
    let mut session = store.pool.acquire().await?;
    match schema::filled(&mut session).await? {
        Some(before) if !before.ended => Ok(before.attempt),
        _ => {
            let new = sqlx::query_scalar("SELECT gen_random_uuid()::text");
            Ok(new.fetch_one(&mut *session).await?)
        }
    }
}

/// Whether what is in a database is of this attempt.
async fn of(db: &mut PgConnection, attempt: &str) -> Result<bool, Fault> {
    Ok(schema::filled(db).await?.is_some_and(|filled| filled.attempt == attempt))
}

async fn all_empty(db: &mut PgConnection, tables: &[Tables]) -> Result<bool, Fault> {
    for tables in tables {
        if !empty(db, *tables).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Marked {
    fn name(&self) -> &'static str {
        match self.tables.first() {
            Some(Tables::Journal) => "the database of the journal",
            Some(Tables::Keys) => "the database of keys",
            _ => "the database",
        }
    }

    async fn begin(&self, attempt: &str) -> Result<(), Fault> {
        transaction(&self.pool, async |db| {
            db.execute(PATIENT).await?;
            sqlx::query("SELECT 1 FROM ingam_steps WHERE step = 0 FOR UPDATE").execute(&mut *db).await?;
            if of(db, attempt).await? {
                for table in self.tables.iter().flat_map(|tables| tables.names()) {
                    db.execute(AssertSqlSafe(format!("TRUNCATE {table}"))).await?;
                }
                if self.tables.contains(&Tables::Journal) {
                    db.execute(journal::BEGIN_ANEW).await?;
                }
            } else if !all_empty(db, self.tables).await? {
                // Somebody was faster.
                return Err(Fault::Occupied(self.name()));
            }
            schema::begin_filling(db, attempt).await?;
            Ok(Ended::Keep(()))
        })
        .await
    }
}
