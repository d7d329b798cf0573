//! The tables of the embedded store. Expand first, contract a release later; `user_version` says how
//! far. Text columns named `*_id` are the callers' ids; times are milliseconds since 1970, UTC.

use rusqlite::Connection;

use crate::error::Fault;

/// Marks the file as ours: "ingL".
const APPLICATION_ID: i64 = 0x696e_674c;

/// The schema that this code reads and writes.
const VERSION: i64 = 1;

/// An `entries.row` says in which order commits came; numbers are given in an order that agrees with it
/// per case. Numbers and pending marks stand apart from the entries, because changing a row of SQLite
/// writes the whole of it again, and an entry may be megabytes.
const TABLES: &str = "
CREATE TABLE cases (
  case_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  institution TEXT,
  status TEXT,
  reference TEXT,
  state TEXT
);
CREATE INDEX cases_newest ON cases(kind, institution, created_at, case_id) WHERE state IS NOT NULL;
CREATE INDEX cases_status ON cases(kind, institution, status, created_at, case_id) WHERE state IS NOT NULL;
CREATE INDEX cases_reference ON cases(kind, institution, reference, created_at, case_id)
  WHERE reference IS NOT NULL;

CREATE TABLE entries (
  row INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL UNIQUE,
  case_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  kind TEXT NOT NULL,
  institution TEXT,
  time INTEGER NOT NULL,
  nonce BLOB NOT NULL,
  clear TEXT NOT NULL,
  clear_salts BLOB NOT NULL,
  sealed BLOB NOT NULL,
  commitments BLOB NOT NULL,
  leaf BLOB NOT NULL,
  UNIQUE (case_id, version)
);
CREATE TABLE pending (
  stream INTEGER NOT NULL,
  entry_row INTEGER NOT NULL,
  PRIMARY KEY (stream, entry_row)
) WITHOUT ROWID;
CREATE TABLE numbers (
  entry_row INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  number INTEGER NOT NULL,
  UNIQUE (stream, number)
);
CREATE TABLE heads (stream INTEGER PRIMARY KEY, head INTEGER NOT NULL);

CREATE TABLE claims (
  base TEXT NOT NULL,
  slot INTEGER NOT NULL,
  holder TEXT NOT NULL,
  expires_at INTEGER,
  note TEXT,
  PRIMARY KEY (base, slot)
) WITHOUT ROWID;
CREATE INDEX claims_expiry ON claims(expires_at) WHERE expires_at IS NOT NULL;

-- state: 0 waits, 1 leased, 2 dead. due_at: run_at, or the end of the lease.
CREATE TABLE tasks (
  task_id TEXT NOT NULL PRIMARY KEY,
  case_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  effect TEXT NOT NULL,
  payload TEXT NOT NULL,
  run_at INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  lease_epoch INTEGER NOT NULL DEFAULT 0,
  worker TEXT,
  reason TEXT
) WITHOUT ROWID;
CREATE INDEX tasks_due ON tasks(kind, due_at) WHERE state < 2;
CREATE INDEX tasks_dead ON tasks(task_id) WHERE state = 2;
CREATE INDEX tasks_case ON tasks(case_id);

CREATE TABLE people (
  purpose TEXT NOT NULL,
  key_version INTEGER NOT NULL,
  value TEXT NOT NULL,
  subject TEXT NOT NULL,
  case_id TEXT NOT NULL,
  class TEXT NOT NULL,
  institution TEXT,
  PRIMARY KEY (purpose, value, key_version, subject, case_id)
) WITHOUT ROWID;
CREATE INDEX people_subject ON people(subject);
CREATE TABLE subjects (subject TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE destroyed (
  subject TEXT NOT NULL,
  class TEXT NOT NULL,
  everywhere INTEGER NOT NULL,
  institution TEXT NOT NULL,
  PRIMARY KEY (subject, class, everywhere, institution)
) WITHOUT ROWID;
CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL, hash BLOB NOT NULL);
";

/// Creates the tables in an empty file; refuses a file of another program or a newer release.
pub(crate) fn prepare(connection: &Connection) -> Result<(), Fault> {
    prepare_as(connection, APPLICATION_ID, VERSION, TABLES)
}

/// The same for another set of tables.
pub(crate) fn prepare_as(
    connection: &Connection,
    application_id: i64,
    version: i64,
    tables: &str,
) -> Result<(), Fault> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) => {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {tables} PRAGMA application_id={application_id}; PRAGMA user_version={version}; COMMIT"
            ))?;
            Ok(())
        }
        (id, _) if id != application_id => Err(Fault::Damaged("the database file belongs to something else")),
        (_, found) if found == version => Ok(()),
        _ => Err(Fault::Damaged("the database file is of a newer release")),
    }
}
