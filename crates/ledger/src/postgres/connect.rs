//! Connections to PostgreSQL: pools, time-outs, what each session is set to, and which of the server's
//! words mean "not now". Refuses to know a table.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::error::Fault;

/// What each session is set to, whatever the server's defaults are.
///
/// - A commit is on disk before it is answered; a server that is set to more (a standby's disk, too) keeps that.
/// - Locks are taken explicitly and each statement sees what was committed before it.
/// - Times out: 30 s for a statement, longer than the slowest page of an audit; 10 s for a lock, longer than
///   any batch takes; 60 s in a transaction that says nothing, whose program hangs or was cut off.
const SESSION: &str = "
SET default_transaction_isolation = 'read committed';
SET statement_timeout = '30s';
SET lock_timeout = '10s';
SET idle_in_transaction_session_timeout = '60s';
";

/// Every table that grows is read by an index, whatever the server believes of its size. A plan is kept for as long as
/// its session lives, and one that was made while a table was small, or before anybody counted its rows, reads all of
/// it: at 35,000 cases that was three quarters of a commit's time.
const PLANS: &str = "SET enable_seqscan = off";

/// How long a caller waits for a connection before it is told that the store can't be reached.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Connections are made anew after this, so that a server behind a moved name is found.
const LIFETIME: Duration = Duration::from_secs(1800);

/// Opens a pool of at most `most` connections and makes the first of them. `schema`: the namespace in which
/// tables are made and found, where it is not the role's own; made where it is missing.
///
/// A server on another machine shows a certificate for its name, or it is not spoken with; an address with its own
/// `sslmode` decides for itself.
pub(crate) async fn connect(url: &str, most: u32, schema: Option<&str>) -> Result<PgPool, Fault> {
    let mut options: PgConnectOptions =
        url.parse().map_err(|_| Fault::Invalid("a store's address is not postgres://…"))?;
    if let Some(schema) = schema {
        options = options.options([("search_path", schema)]);
    }
    if !says_how(url) && !on_this_machine(&options) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    let options = options.application_name("ingam").disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE)
        .max_lifetime(LIFETIME)
        .after_connect(|session, _| Box::pin(prepare(session)))
        .connect_with(options)
        .await?;
    if let Some(schema) = schema {
        make_schema(&pool, schema).await?;
    }
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&pool).await?;
    if encoding != "UTF8" {
        return Err(Fault::Invalid("the database is not encoded in UTF8"));
    }
    Ok(pool)
}

/// Whether somebody has decided how the server is to be known.
fn says_how(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.starts_with("sslmode=") || pair.starts_with("ssl-mode="))
        || std::env::var_os("PGSSLMODE").is_some()
}

/// Whether no network lies between.
fn on_this_machine(options: &PgConnectOptions) -> bool {
    options.get_socket().is_some()
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

/// A schema's name can't be bound like a value, so it must be one that needs no quoting.
fn plain(schema: &str) -> Result<&str, Fault> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let plain = !schema.is_empty() && schema.len() <= 60 && schema.bytes().all(allowed);
    if plain { Ok(schema) } else { Err(Fault::Invalid("a schema's name holds more than a-z, 0-9 and _")) }
}

/// Removes a schema and all that is in it.
pub(crate) async fn drop_schema(url: &str, schema: &str) -> Result<(), Fault> {
    let sql = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {} CASCADE", plain(schema)?));
    let pool = connect(url, 1, None).await?;
    sqlx::raw_sql(sql).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn make_schema(pool: &PgPool, schema: &str) -> Result<(), Fault> {
    let schema = plain(schema)?;
    let made =
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"))).execute(pool).await;
    match made {
        // Another process made it in the same moment.
        Err(error) if code(&error).is_some_and(|code| code == "23505" || code == "42P06") => Ok(()),
        made => Ok(made.map(|_| ())?),
    }
}

async fn prepare(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SESSION).execute(&mut *session).await?;
    match sqlx::raw_sql(PLANS).execute(&mut *session).await {
        // A database that speaks PostgreSQL and plans by itself has no such setting.
        Err(error) if code(&error).is_some_and(|code| code == "42704" || code == "0A000") => {}
        set => {
            set?;
        }
    }
    let synchronous: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&mut *session).await?;
    if synchronous == "off" || synchronous == "local" {
        sqlx::raw_sql("SET synchronous_commit = 'on'").execute(&mut *session).await?;
    }
    // A standby answers, but takes nothing, and what it tells may be old. The pool tries again until a
    // primary answers under this address or the caller's time is over.
    let read_only: String = sqlx::query_scalar("SHOW transaction_read_only").fetch_one(&mut *session).await?;
    if read_only == "on" { Err(sqlx::Error::WorkerCrashed) } else { Ok(()) }
}

/// Runs `work` in one transaction. An error leaves nothing behind, unless it came from the last step: then
/// the outcome is unknown.
pub(crate) async fn transaction<T>(
    pool: &PgPool,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<Ended<T>, Fault>,
) -> Result<T, Fault> {
    let mut session = pool.acquire().await?;
    let outcome = async {
        let mut transaction = session.begin().await?;
        match work(&mut transaction).await? {
            Ended::Keep(answer) => {
                transaction.commit().await?;
                Ok(answer)
            }
            Ended::Leave(answer) => {
                transaction.rollback().await?;
                Ok(answer)
            }
        }
    }
    .await;
    if matches!(outcome, Err(Fault::Unavailable(_))) {
        // Whatever is wrong with this server, the next caller should look for another.
        session.close_on_drop();
    }
    outcome
}

/// How a transaction ends.
pub(crate) enum Ended<T> {
    /// What it changed stands.
    Keep(T),
    /// What it changed is undone.
    Leave(T),
}

/// The server's five letters for an error, where it was the server that said no.
pub(crate) fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}

/// PostgreSQL's documentation, appendix A: serialization_failure, deadlock_detected.
fn race(code: &str) -> bool {
    code == "40001" || code == "40P01"
}

impl Fault {
    /// Two transactions stood in each other's way and this one lost: nothing happened, and the same again will do.
    pub(crate) fn lost_a_race(&self) -> bool {
        let Fault::Unavailable(cause) = self else { return false };
        cause.downcast_ref::<sqlx::Error>().and_then(code).is_some_and(|code| race(&code))
    }
}

/// The same appendix: which codes speak of the moment and not of what was asked.
fn not_now(code: &str) -> bool {
    // 08: connection; 53: no memory, disk, connections; 57: shut down, starting, cancelled by a time-out;
    // 25006: read only, as a standby is; 55P03: a lock's time-out.
    ["08", "53", "57"].contains(&&code[..2.min(code.len())])
        || code == "25006"
        || code == "55P03"
        || race(code)
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
        match &error {
            PoolClosed => Fault::Closed,
            Io(_) | Tls(_) | PoolTimedOut | WorkerCrashed | Protocol(_) => {
                Fault::Unavailable(Box::new(error))
            }
            _ if code(&error).is_some_and(|code| not_now(&code)) => Fault::Unavailable(Box::new(error)),
            _ => Fault::Store(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_server_elsewhere_is_known_by_its_certificate_unless_the_address_says_otherwise() {
        let left_alone = |url: &str| says_how(url) || on_this_machine(&url.parse().unwrap());
        assert!(!left_alone("postgres://ingam@db.bank.example/ingam"));
        assert!(!left_alone("postgres://ingam@10.0.0.7/ingam?connect_timeout=3"));
        assert!(left_alone("postgres://ingam@db.bank.example/ingam?sslmode=require"));
        assert!(left_alone("postgres://ingam@db.bank.example/ingam?application_name=x&sslmode=disable"));
        assert!(left_alone("postgres://ingam@localhost/ingam"));
        assert!(left_alone("postgres://ingam@localhost/ingam?host=/run/postgresql"));
    }
}
