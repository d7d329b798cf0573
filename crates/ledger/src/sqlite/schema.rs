//! The tables of the embedded store. Expand first, contract a release later; `user_version` says how
//! far. Text columns named `*_id` are the callers' ids; times are milliseconds since 1970, UTC.

use rusqlite::Connection;

use crate::error::Fault;

/// Marks the file as ours: "ingL".
pub(crate) const APPLICATION_ID: i64 = 0x696e_674c;

/// An `entries.row` says in which order commits came; numbers are given in an order that agrees with it
/// per case. Numbers and pending marks stand apart from the entries, because changing a row of SQLite
/// writes the whole of it again, and an entry may be megabytes.
const FIRST: &str = "
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

/// Events of one institution are read without looking at those of the others.
const NUMBERS_OF_AN_INSTITUTION: &str = "
ALTER TABLE numbers ADD COLUMN institution TEXT;
UPDATE numbers SET institution = (SELECT institution FROM entries WHERE row = entry_row);
CREATE INDEX numbers_institution ON numbers(stream, institution, number) WHERE institution IS NOT NULL;
";

/// From an empty file to the schema that this code reads and writes. A step that was released never changes.
pub(crate) const STEPS: &[&str] = &[FIRST, NUMBERS_OF_AN_INSTITUTION];

/// Takes the steps that the file lacks; refuses a file of another program or a newer release.
pub(crate) fn prepare(connection: &Connection) -> Result<(), Fault> {
    prepare_as(connection, APPLICATION_ID, STEPS)
}

/// The same for another file with steps of its own.
pub(crate) fn prepare_as(connection: &Connection, application_id: i64, steps: &[&str]) -> Result<(), Fault> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let done = match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) => 0,
        (id, _) if id != application_id => {
            return Err(Fault::Damaged("the database file belongs to something else"));
        }
        (_, done) => usize::try_from(done).map_err(|_| Fault::Damaged("the schema's version"))?,
    };
    if done > steps.len() {
        return Err(Fault::Damaged("the database file is of a newer release"));
    }
    for (step, version) in steps.iter().zip(1..).skip(done) {
        // If we crash between two steps, the next start takes the rest.
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {step} PRAGMA application_id={application_id}; PRAGMA user_version={version}; COMMIT"
        ))?;
    }
    Ok(())
}

/// Refuses a file whose tables are not those of this code, also an empty one.
pub(crate) fn known(connection: &Connection, application_id: i64, steps: &[&str]) -> Result<(), Fault> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    match (pragma("application_id")?, pragma("user_version")?) {
        (id, found) if id == application_id && usize::try_from(found) == Ok(steps.len()) => Ok(()),
        (id, _) if id == application_id => Err(Fault::Damaged("the database file is of another release")),
        _ => Err(Fault::Damaged("the database file belongs to something else")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_takes_the_steps_that_it_lacks_and_keeps_its_rows() {
        let db = Connection::open_in_memory().unwrap();
        prepare_as(&db, APPLICATION_ID, &STEPS[..1]).unwrap();
        db.execute_batch(
            "INSERT INTO entries VALUES (7, 'ent_1', 'ver_1', 1, 0, 'k', 'ins_1', 0, x'', '{}', x'', x'', x'', x'');
             INSERT INTO numbers VALUES (7, 0, 1);",
        )
        .unwrap();
        prepare(&db).unwrap();
        let of: String = db.query_row("SELECT institution FROM numbers", [], |row| row.get(0)).unwrap();
        assert_eq!(of, "ins_1");
        prepare(&db).unwrap();
    }

    #[test]
    fn a_file_of_something_else_or_of_a_newer_release_is_refused() {
        let db = Connection::open_in_memory().unwrap();
        prepare(&db).unwrap();
        assert!(prepare_as(&db, 1, STEPS).is_err());
        assert!(prepare_as(&db, APPLICATION_ID, &STEPS[..1]).is_err());
    }
}
