//! The tables on PostgreSQL, in steps. Expand first, contract a release later: a step says how old a
//! release may be that still works beside it, so nodes are replaced one by one.
//!
//! Text columns named `*_id` are the callers' ids; times are milliseconds since 1970, UTC. Text is compared
//! byte by byte (`COLLATE "C"`), as on the embedded store.

use sqlx::{PgConnection, PgPool};

use super::connect::{Ended, code, transaction};
use crate::error::Fault;

/// What tables are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To be used. Those that are being filled are shut.
    Open,
    /// To be filled, or looked at by whoever fills them.
    Fill,
}

/// One step of a schema.
pub(crate) struct Step {
    /// What it changes.
    pub(crate) sql: &'static str,
    /// The number of steps that a release must know to work on a database that has taken this one. Adding
    /// a column or a table lets it stay; taking one away raises it.
    pub(crate) needs: i32,
}

/// `claims.held` holds all slots of a base, `claims.expires_at` says when the first of them runs out.
///
/// Rows that are changed together are locked in this order: subjects, cases, tasks, claims, each by key; then
/// new cases and new claims, each by key. So no two transactions wait for each other.
///
/// `cases.position` and `pending.position` give the order in which entries are numbered. It is the time of the
/// commit, never less than the case's last; no sequence is used, because the order in which a database hands
/// numbers out is not the order in which it commits.
///
/// `tasks.due_at` is `run_at`, or the end of the lease by the clock of the node that holds it; `lease_ends` is the
/// same moment by the database's clock, for all other nodes. `state`: 0 waits, 1 leased, 2 dead.
pub(crate) const STORE: &[Step] = &[Step {
    needs: 1,
    sql: r#"
CREATE TABLE cases (
  case_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  kind TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  institution TEXT COLLATE "C",
  status TEXT COLLATE "C",
  reference TEXT COLLATE "C",
  state TEXT COLLATE "C"
);
CREATE INDEX cases_newest ON cases(kind, institution, created_at, case_id) WHERE state IS NOT NULL;
CREATE INDEX cases_status ON cases(kind, institution, status, created_at, case_id) WHERE state IS NOT NULL;
CREATE INDEX cases_reference ON cases(kind, institution, reference, created_at, case_id)
  WHERE reference IS NOT NULL;

CREATE TABLE entries (
  entry_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  case_id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  stream SMALLINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  institution TEXT COLLATE "C",
  time BIGINT NOT NULL,
  nonce BYTEA NOT NULL,
  clear TEXT COLLATE "C" NOT NULL,
  clear_salts BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  commitments BYTEA NOT NULL,
  leaf BYTEA NOT NULL,
  UNIQUE (case_id, version)
);
CREATE TABLE pending (
  entry_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  stream SMALLINT NOT NULL,
  position BIGINT NOT NULL,
  case_id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX pending_order ON pending(stream, position, case_id, version);
CREATE TABLE numbers (
  stream SMALLINT NOT NULL,
  number BIGINT NOT NULL,
  entry_id TEXT COLLATE "C" NOT NULL UNIQUE,
  institution TEXT COLLATE "C",
  PRIMARY KEY (stream, number)
);
CREATE INDEX numbers_institution ON numbers(stream, institution, number) WHERE institution IS NOT NULL;
CREATE TABLE heads (stream SMALLINT NOT NULL PRIMARY KEY, head BIGINT NOT NULL);

CREATE TABLE claims (
  base TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  held TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT
);
CREATE INDEX claims_expiry ON claims(expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE tasks (
  task_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  case_id TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  effect TEXT COLLATE "C" NOT NULL,
  payload TEXT COLLATE "C" NOT NULL,
  run_at BIGINT NOT NULL,
  state SMALLINT NOT NULL DEFAULT 0,
  due_at BIGINT NOT NULL,
  attempt BIGINT NOT NULL DEFAULT 0,
  lease_epoch BIGINT NOT NULL DEFAULT 0,
  worker TEXT COLLATE "C",
  reason TEXT COLLATE "C",
  node TEXT COLLATE "C",
  lease_ends BIGINT
);
CREATE INDEX tasks_due ON tasks(due_at, task_id) WHERE state < 2;
CREATE INDEX tasks_leased ON tasks(lease_ends) WHERE state = 1;
CREATE INDEX tasks_dead ON tasks(task_id) WHERE state = 2;
CREATE INDEX tasks_case ON tasks(case_id);

CREATE TABLE people (
  purpose TEXT COLLATE "C" NOT NULL,
  key_version BIGINT NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  case_id TEXT COLLATE "C" NOT NULL,
  class TEXT COLLATE "C" NOT NULL,
  institution TEXT COLLATE "C",
  PRIMARY KEY (purpose, value, key_version, subject, case_id)
);
CREATE INDEX people_subject ON people(subject);
CREATE TABLE subjects (subject TEXT COLLATE "C" NOT NULL PRIMARY KEY);
CREATE TABLE destroyed (
  subject TEXT COLLATE "C" NOT NULL,
  class TEXT COLLATE "C" NOT NULL,
  everywhere BOOLEAN NOT NULL,
  institution TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (subject, class, everywhere, institution)
);
CREATE TABLE blobs (
  id TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  institution TEXT COLLATE "C",
  class TEXT COLLATE "C" NOT NULL,
  key_id TEXT COLLATE "C" NOT NULL,
  len BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  wrapped BYTEA NOT NULL,
  case_id TEXT COLLATE "C" NOT NULL,
  sealed BYTEA NOT NULL,
  PRIMARY KEY (id, sha256)
);
CREATE INDEX blobs_subject ON blobs(subject);
CREATE TABLE environment (one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1), name TEXT COLLATE "C" NOT NULL);
CREATE TABLE journal_mark (
  one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
  count BIGINT NOT NULL,
  hash BYTEA NOT NULL
);
"#,
}];

/// The row that says by which attempt a database is being filled, or was. Until the attempt has ended it needs more
/// steps than there will ever be, so that no release opens the database meanwhile.
const FILLING: i32 = -1;

/// Brings a database to the last of these steps, one node at a time; the others wait for the row. `room` says
/// whose tables they are, so that a store's address is not taken for a key store's.
pub(crate) async fn prepare(pool: &PgPool, room: &str, steps: &[Step], wanted: Use) -> Result<(), Fault> {
    // Two that make the same table at once stumble over the catalogue's own indexes: unique_violation,
    // duplicate_table, duplicate_object (the table's row type). The one that lost finds it made.
    const MADE: &str = r#"CREATE TABLE IF NOT EXISTS ingam_steps (
        step INTEGER NOT NULL PRIMARY KEY, needs INTEGER NOT NULL, room TEXT COLLATE "C" NOT NULL)"#;
    const MADE_BY_ANOTHER: [&str; 3] = ["23505", "42P07", "42710"];
    match sqlx::raw_sql(MADE).execute(pool).await {
        Err(error) if code(&error).is_some_and(|code| MADE_BY_ANOTHER.contains(&&*code)) => {}
        made => {
            made?;
        }
    }
    sqlx::query("INSERT INTO ingam_steps (step, needs, room) VALUES (0, 0, $1) ON CONFLICT DO NOTHING")
        .bind(room)
        .execute(pool)
        .await?;
    transaction(pool, async |session| take_steps(session, room, steps, wanted).await.map(Ended::Keep)).await
}

async fn take_steps(
    session: &mut PgConnection,
    room: &str,
    steps: &[Step],
    wanted: Use,
) -> Result<(), Fault> {
    let known = steps.len() as i32;
    let whose: String = sqlx::query_scalar("SELECT room FROM ingam_steps WHERE step = 0 FOR UPDATE")
        .fetch_one(&mut *session)
        .await?;
    if whose != room {
        return Err(Fault::Damaged("the database belongs to something else"));
    }
    if wanted == Use::Open && is_filling(session).await? {
        return Err(Fault::HalfFilled);
    }
    let (taken, needs): (i32, i32) =
        sqlx::query_as("SELECT max(step), max(needs) FROM ingam_steps WHERE step >= 0")
            .fetch_one(&mut *session)
            .await?;
    if needs > known {
        return Err(Fault::Damaged("the database is of a newer release"));
    }
    for (step, number) in steps.iter().zip(1..) {
        if number > taken {
            sqlx::raw_sql(step.sql).execute(&mut *session).await?;
            sqlx::query("INSERT INTO ingam_steps (step, needs, room) VALUES ($1, $2, $3)")
                .bind(number)
                .bind(step.needs)
                .bind(room)
                .execute(&mut *session)
                .await?;
        }
    }
    Ok(())
}

/// By whom a database was filled.
pub(crate) struct Filled {
    /// The attempt; its name is the same in all databases of a ledger.
    pub(crate) attempt: String,
    /// Whether it has ended here.
    pub(crate) ended: bool,
}

/// By which attempt the database is being filled, or was.
pub(crate) async fn filled(session: &mut PgConnection) -> Result<Option<Filled>, Fault> {
    let found: Option<(String, i32)> = sqlx::query_as("SELECT room, needs FROM ingam_steps WHERE step = $1")
        .bind(FILLING)
        .fetch_optional(session)
        .await?;
    Ok(found.map(|(attempt, needs)| Filled { attempt, ended: needs == 0 }))
}

/// Whether the database is being filled, or was and nobody ended it.
pub(crate) async fn is_filling(session: &mut PgConnection) -> Result<bool, Fault> {
    Ok(filled(session).await?.is_some_and(|filled| !filled.ended))
}

/// The same of a database in which nothing may have been made yet.
pub(crate) async fn marked(pool: &PgPool) -> Result<bool, Fault> {
    let mut session = pool.acquire().await?;
    Ok(has_steps(&mut session).await? && is_filling(&mut session).await?)
}

async fn has_steps(session: &mut PgConnection) -> Result<bool, Fault> {
    let found = sqlx::query_scalar("SELECT to_regclass('ingam_steps') IS NOT NULL");
    Ok(found.fetch_one(session).await?)
}

/// Marks the database as one that is being filled.
pub(crate) async fn begin_filling(session: &mut PgConnection, attempt: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO ingam_steps (step, needs, room) VALUES ($1, $2, $3)
         ON CONFLICT (step) DO UPDATE SET needs = excluded.needs, room = excluded.room",
    )
    .bind(FILLING)
    .bind(i32::MAX)
    .bind(attempt)
    .execute(session)
    .await?;
    Ok(())
}

/// Marks the database as filled.
pub(crate) async fn end_filling(session: &mut PgConnection) -> Result<(), Fault> {
    sqlx::query("UPDATE ingam_steps SET needs = 0 WHERE step = $1").bind(FILLING).execute(session).await?;
    Ok(())
}

/// Refuses a database whose tables are not those of this release, also an empty one, and changes nothing in it.
pub(crate) async fn known(pool: &PgPool, room: &'static str, steps: &[Step]) -> Result<(), Fault> {
    let mut session = pool.acquire().await?;
    if !has_steps(&mut session).await? {
        return Err(Fault::Nowhere(room));
    }
    if is_filling(&mut session).await? {
        return Err(Fault::HalfFilled);
    }
    let (whose, taken): (Option<String>, Option<i32>) =
        sqlx::query_as("SELECT max(room) FILTER (WHERE step = 0), max(step) FROM ingam_steps")
            .fetch_one(&mut *session)
            .await?;
    if whose.as_deref() != Some(room) {
        return Err(Fault::Damaged("the database belongs to something else"));
    }
    if taken != i32::try_from(steps.len()).ok() {
        return Err(Fault::Damaged("the database is of another release"));
    }
    Ok(())
}
