//! Copying what lies in PostgreSQL ([`crate::portable`]): a task reads the tables through a connection of its own and
//! hands pages over; what fills them is one transaction. Nodes may serve meanwhile: reading takes no lock that they
//! wait for. Refuses to know what is in a row.

mod blobs;
pub(crate) mod filling;
mod keys;
mod ledger_in;
mod ledger_out;

use async_trait::async_trait;
use sqlx::postgres::{PgPool, PgRow, Postgres as Server};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Transaction};

use super::connect::connect;
use super::journal;
use super::keys::{STEPS as KEYS, vacuum};
use super::schema::{self, STORE, Step, Use};
use crate::error::Fault;
use crate::opening::Database;
use crate::portable::pages::{Pages, pages};
use crate::portable::{Export, Import, Portable, Row};

/// A copy reads and writes for as long as it takes, and may wait for whoever is at its other end.
const PATIENT: &str = "
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL cursor_tuple_fraction = 1;
";

/// A journal is copied line by line ([`journal`]).
const NO_ROWS: Fault = Fault::Invalid("a journal has no rows");

/// Which tables of a database are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tables {
    Ledger,
    Blobs,
    Keys,
    Journal,
}

impl Tables {
    /// Whose they are, and how they are made.
    fn room(self) -> (&'static str, &'static [Step]) {
        match self {
            Tables::Ledger | Tables::Blobs => ("ledger", STORE),
            Tables::Keys => ("keys", KEYS),
            Tables::Journal => ("journal", journal::STEPS),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Tables::Ledger => &[
                "cases",
                "entries",
                "pending",
                "numbers",
                "heads",
                "claims",
                "tasks",
                "people",
                "subjects",
                "destroyed",
                "journal_mark",
            ],
            Tables::Blobs => &["blobs"],
            Tables::Journal => &[journal::LINES],
            Tables::Keys => {
                &["top", "subjects", "data_keys", "destroyed_everywhere", "index_keys", "journal_mark"]
            }
        }
    }
}

/// Tables in PostgreSQL as a place that can be copied.
#[derive(Debug, Clone)]
pub struct PostgresTables {
    database: Database,
    tables: Tables,
}

impl PostgresTables {
    /// A ledger's store.
    pub fn ledger(database: &Database) -> PostgresTables {
        PostgresTables { database: database.clone(), tables: Tables::Ledger }
    }

    /// The blobs in a ledger's store.
    pub fn blobs(database: &Database) -> PostgresTables {
        PostgresTables { database: database.clone(), tables: Tables::Blobs }
    }

    /// A store of keys.
    pub fn keys(database: &Database) -> PostgresTables {
        PostgresTables { database: database.clone(), tables: Tables::Keys }
    }

    async fn connect(&self) -> Result<PgPool, Fault> {
        connect(&self.database.url, 1, self.database.schema.as_deref()).await
    }
}

#[async_trait]
impl Portable for PostgresTables {
    async fn export(&self) -> Result<Box<dyn Export>, Fault> {
        let (pool, tables) = (self.connect().await?, self.tables);
        let (room, steps) = tables.room();
        schema::known(&pool, room, steps).await?;
        let (mut out, reading) = pages();
        tokio::spawn(async move {
            let outcome = match tables {
                Tables::Ledger => ledger_out::read(&pool, &mut out).await,
                Tables::Blobs => blobs::read(&pool, &mut out).await,
                Tables::Keys => keys::read(&pool, &mut out).await,
                Tables::Journal => Err(NO_ROWS),
            };
            out.over(outcome).await;
            pool.close().await;
        });
        reading.begin().await
    }

    async fn import(&self) -> Result<Box<dyn Import>, Fault> {
        let (pool, tables) = (self.connect().await?, self.tables);
        let (room, steps) = tables.room();
        schema::prepare(&pool, room, steps, Use::Fill).await?;
        let mut db = pool.begin().await?;
        db.execute(PATIENT).await?;
        // Whoever opens these tables, or fills them, too, waits.
        sqlx::query("SELECT 1 FROM ingam_steps WHERE step = 0 FOR UPDATE").execute(&mut *db).await?;
        if !empty(&mut db, tables).await? {
            return Err(Fault::Occupied("the database"));
        }
        Ok(Box::new(Filling { pool, db, tables, ledger: ledger_in::Filled::default() }))
    }
}

/// Whether none of these tables has a row.
async fn empty(db: &mut PgConnection, tables: Tables) -> Result<bool, Fault> {
    for table in tables.names() {
        let sql = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {table})"));
        if sqlx::query_scalar(sql).fetch_one(&mut *db).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Hands over what a statement gives, some rows at a time, in the transaction that is under way.
async fn each(
    db: &mut PgConnection,
    sql: &str,
    at_once: u32,
    out: &mut Pages,
    read: impl Fn(&PgRow, &mut Vec<Row>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    db.execute(AssertSqlSafe(format!("DECLARE copied NO SCROLL CURSOR FOR {sql}"))).await?;
    // Not kept prepared: the same words give other columns the next time.
    let fetch = format!("FETCH {at_once} FROM copied");
    let mut found = Vec::new();
    loop {
        let rows = sqlx::query(AssertSqlSafe(fetch.as_str())).persistent(false).fetch_all(&mut *db).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            read(row, &mut found)?;
            for row in found.drain(..) {
                out.give(row).await?;
            }
        }
    }
    db.execute("CLOSE copied").await?;
    Ok(())
}

struct Filling {
    pool: PgPool,
    db: Transaction<'static, Server>,
    tables: Tables,
    ledger: ledger_in::Filled,
}

#[async_trait]
impl Import for Filling {
    async fn page(&mut self, rows: Vec<Row>) -> Result<(), Fault> {
        match self.tables {
            Tables::Ledger => self.ledger.insert(&mut self.db, rows).await,
            Tables::Blobs => blobs::insert(&mut self.db, rows).await,
            Tables::Keys => keys::insert(&mut self.db, rows).await,
            Tables::Journal => Err(NO_ROWS),
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Fault> {
        let Filling { pool, mut db, tables, mut ledger } = *self;
        ledger.finish(&mut db).await?;
        db.commit().await?;
        // The planner knows nothing of the new rows yet.
        for table in tables.names() {
            vacuum(&pool, AssertSqlSafe(format!("ANALYZE {table}"))).await?;
        }
        pool.close().await;
        Ok(())
    }
}
