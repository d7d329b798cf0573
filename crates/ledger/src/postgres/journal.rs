//! The journal of destructions in a PostgreSQL database of its own, outside of both stores, for several processes.
//! A record is the same line as in the file.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::postgres::PgPool;

use super::connect::{Ended, connect, transaction};
use super::schema::{self, Step, Use};
use crate::error::Fault;
use crate::journal::{Journal, NOTHING, Recorded, check_remembered, line, parse};
use crate::opening::Database;
use crate::store::{Destruction, JournalMark};

/// Destructions are rare, and a process looks for those of others now and then.
const CONNECTIONS: u32 = 2;

/// Lines read at once.
const PAGE: i64 = 1000;

/// `head` is the row that whoever appends locks; `before` is the hash of the last line.
pub(super) const STEPS: &[Step] = &[Step {
    needs: 1,
    sql: r#"
CREATE TABLE lines (n BIGINT NOT NULL PRIMARY KEY, line TEXT COLLATE "C" NOT NULL);
CREATE TABLE head (one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1), n BIGINT NOT NULL, hash BYTEA NOT NULL);
INSERT INTO head (one, n, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
"#,
}];

/// The journal as a table.
pub(crate) struct JournalTable {
    pool: PgPool,
}

impl JournalTable {
    /// Connects, and checks every line against the one before and against what the stores remember.
    pub(crate) async fn open(
        url: &str,
        schema: Option<&str>,
        remembered: &[JournalMark],
        wanted: Use,
    ) -> Result<JournalTable, Fault> {
        let pool = connect(url, CONNECTIONS, schema).await?;
        schema::prepare(&pool, "journal", STEPS, wanted).await?;
        let journal = JournalTable { pool };
        journal.check(remembered).await?;
        Ok(journal)
    }

    async fn check(&self, remembered: &[JournalMark]) -> Result<(), Fault> {
        let furthest = remembered.iter().map(|mark| mark.count).max().unwrap_or(0);
        let mut mark = NOTHING;
        loop {
            let lines: Vec<String> =
                sqlx::query_scalar("SELECT line FROM lines WHERE n > $1 ORDER BY n LIMIT $2")
                    .bind(mark.count as i64)
                    .bind(PAGE)
                    .fetch_all(&self.pool)
                    .await?;
            if lines.is_empty() {
                break;
            }
            for line in lines {
                mark = parse(mark, line.as_bytes()).ok_or(Fault::Journal("is damaged"))?.mark;
                check_remembered(mark, remembered)?;
            }
        }
        if mark.count >= furthest {
            Ok(())
        } else if mark == NOTHING {
            Err(Fault::Journal("is missing"))
        } else {
            Err(Fault::Journal("is shorter than what the stores remember"))
        }
    }

    async fn write(
        &self,
        destruction: &Destruction,
        reason: &str,
        now: Timestamp,
        only_first: bool,
    ) -> Result<(), Fault> {
        transaction(&self.pool, async |db| {
            let before = head(db).await?;
            if only_first && before != NOTHING {
                return Ok(Ended::Leave(()));
            }
            let (bytes, mark) = line(before, destruction, reason, now)?;
            let text = String::from_utf8(bytes).map_err(|_| Fault::Journal("can't be written"))?;
            sqlx::query("INSERT INTO lines (n, line) VALUES ($1, $2)")
                .bind(mark.count as i64)
                .bind(text)
                .execute(&mut *db)
                .await?;
            sqlx::query("UPDATE head SET n = $1, hash = $2")
                .bind(mark.count as i64)
                .bind(&mark.hash[..])
                .execute(db)
                .await?;
            Ok(Ended::Keep(()))
        })
        .await
    }
}

/// The name of the table of lines, and what makes an emptied journal one that begins.
pub(super) const LINES: &str = "lines";
pub(super) const BEGIN_ANEW: &str = "UPDATE head SET n = 0, hash = decode(repeat('00', 32), 'hex')";

/// All lines, in their order, checked against each other.
pub(crate) async fn read_lines(database: &Database) -> Result<Vec<String>, Fault> {
    let pool = connect(&database.url, 1, database.schema.as_deref()).await?;
    schema::known(&pool, "journal", STEPS).await?;
    let lines: Vec<String> = sqlx::query_scalar("SELECT line FROM lines ORDER BY n").fetch_all(&pool).await?;
    pool.close().await;
    let mut mark = NOTHING;
    for line in &lines {
        mark = parse(mark, line.as_bytes()).ok_or(Fault::Journal("is damaged"))?.mark;
    }
    Ok(lines)
}

/// Fills an empty journal with the lines of another.
pub(crate) async fn fill_lines(database: &Database, lines: &[String]) -> Result<(), Fault> {
    let pool = connect(&database.url, 1, database.schema.as_deref()).await?;
    schema::prepare(&pool, "journal", STEPS, Use::Fill).await?;
    transaction(&pool, async |db| {
        let mut mark = head(db).await?;
        if mark != NOTHING {
            return Err(Fault::Occupied("the journal"));
        }
        for page in lines.chunks(PAGE as usize) {
            let first = mark.count as i64 + 1;
            for line in page {
                mark = parse(mark, line.as_bytes()).ok_or(Fault::Journal("is damaged"))?.mark;
            }
            sqlx::query(
                "INSERT INTO lines (n, line) SELECT $1 + place - 1, line
                 FROM unnest($2::text[]) WITH ORDINALITY AS l(line, place)",
            )
            .bind(first)
            .bind(page)
            .execute(&mut *db)
            .await?;
        }
        sqlx::query("UPDATE head SET n = $1, hash = $2")
            .bind(mark.count as i64)
            .bind(&mark.hash[..])
            .execute(db)
            .await?;
        Ok(Ended::Keep(()))
    })
    .await?;
    pool.close().await;
    Ok(())
}

/// The last mark, locked.
async fn head(db: &mut PgConnection) -> Result<JournalMark, Fault> {
    let (count, hash): (i64, Vec<u8>) =
        sqlx::query_as("SELECT n, hash FROM head FOR UPDATE").fetch_one(db).await?;
    let hash = hash.try_into().map_err(|_| Fault::Journal("is damaged"))?;
    Ok(JournalMark { count: count as u64, hash })
}

#[async_trait]
impl Journal for JournalTable {
    async fn append(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault> {
        self.write(&destruction, reason, now, false).await
    }

    async fn begin(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault> {
        self.write(&destruction, reason, now, true).await
    }

    async fn after(&self, count: u64) -> Result<Option<Recorded>, Fault> {
        // The one before gives the hash that the next one must name.
        let lines: Vec<(i64, String)> =
            sqlx::query_as("SELECT n, line FROM lines WHERE n IN ($1, $1 + 1) ORDER BY n")
                .bind(count as i64)
                .fetch_all(&self.pool)
                .await?;
        let mut before = NOTHING;
        for (n, line) in lines {
            if n as u64 == count {
                before = JournalMark { count, hash: crate::leaf::sha256(&[line.as_bytes()]) };
            } else {
                return parse(before, line.as_bytes()).map(Some).ok_or(Fault::Journal("is damaged"));
            }
        }
        Ok(None)
    }

    fn followed(&self, _: JournalMark) {}
}
