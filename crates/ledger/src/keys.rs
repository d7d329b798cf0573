//! Wrapped keys, in a store of their own with backups of their own. Refuses to know an unwrapped key. What is
//! written is durable before it is answered.
//!
//! [`KeyFile`] is the embedded one, `keys.db`; its twin on PostgreSQL is in [`crate::postgres`]. In the file a
//! wrapped key is never deleted: its row is overwritten in place by one of the same size. SQLite zeroes
//! deleted bytes (`secure_delete`), but when it moves rows between pages old copies may stay behind in the
//! gaps. Rows that are only appended and never change size are never moved, so a destroyed key is nowhere.

use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::sqlite::group::{self, Readers, Writer};
use crate::sqlite::{journal_mark, schema, truncate_log};
use crate::store::{Destruction, JournalMark};

/// Marks the file as ours: "ingK".
pub(crate) const APPLICATION_ID: i64 = 0x696e_674b;

/// state: L live, D destroyed, O orphan (no case ever used it). All of one letter, so of one size.
const TABLES: &str = "
CREATE TABLE top (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
CREATE TABLE data_keys (
  row INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  key_id TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  subject TEXT NOT NULL,
  institution TEXT NOT NULL,
  class TEXT NOT NULL,
  UNIQUE (subject, institution, class)
);
CREATE INDEX data_keys_age ON data_keys(created_at);
CREATE TABLE destroyed_everywhere (
  subject TEXT NOT NULL,
  class TEXT NOT NULL,
  PRIMARY KEY (subject, class)
) WITHOUT ROWID;
CREATE TABLE index_keys (
  purpose TEXT NOT NULL,
  version INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  PRIMARY KEY (purpose, version)
);
CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL, hash BLOB NOT NULL);
";

/// From an empty file to these tables.
pub(crate) const STEPS: &[&str] = &[TABLES];

/// As long as what AES-256-GCM makes of 32 bytes; stands where nothing was ever wrapped.
pub(crate) const WRAPPED: usize = 60;

/// Which data key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyName {
    pub(crate) subject: String,
    pub(crate) institution: Option<String>,
    pub(crate) class: RetentionClass,
}

impl KeyName {
    pub(crate) fn institution(&self) -> &str {
        self.institution.as_deref().unwrap_or("")
    }

    /// What the wrapped bytes are bound to.
    pub(crate) fn aad(&self, key_id: &str) -> Vec<u8> {
        let parts = [key_id, self.subject.as_str(), self.institution(), self.class.code()];
        crate::text::bound("ingam-data-key-v1", &parts)
    }
}

/// A new data key, wrapped.
#[derive(Clone)]
pub(crate) struct NewKey {
    pub(crate) name: KeyName,
    pub(crate) key_id: String,
    pub(crate) wrapped: Vec<u8>,
}

/// What is known about a data key.
pub(crate) enum Kept {
    Live { key_id: String, wrapped: Vec<u8> },
    Destroyed,
    Missing,
}

/// A live key and whose it is, as a sweep sees it.
pub(crate) struct OldKey {
    /// What the store itself calls it; also where the next page begins.
    pub(crate) id: String,
    pub(crate) subject: String,
}

/// Where wrapped keys are kept.
#[async_trait]
pub(crate) trait Keys: Send + Sync {
    /// Whether other processes use it at the same time. Then what is remembered of a key is asked for again
    /// before anything is opened with it.
    fn shared(&self) -> bool;

    /// Keeps new keys, all or none. `Ok(None)`: one of them was destroyed before, nothing is kept.
    /// Otherwise says of each whether it is new; where not, the key from before stays.
    async fn insert(&self, keys: Vec<NewKey>, now_ms: i64) -> Result<Option<Vec<bool>>, Fault>;

    /// What is known about a key.
    async fn get(&self, name: &KeyName) -> Result<Kept, Fault>;

    /// Follows one record of the journal: overwrites the wrapped bytes that it covers, refuses new keys in
    /// their place from now on, and remembers the mark. Doing it twice is the same as once.
    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault>;

    /// How far it has followed the journal.
    async fn journal_mark(&self) -> Result<JournalMark, Fault>;

    /// A page of live keys made in a span of time (milliseconds since 1970), after an id.
    async fn made_within(
        &self,
        made_ms: Range<i64>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<OldKey>, Fault>;

    /// Forgets keys that no case ever used, by their ids.
    async fn forget(&self, ids: Vec<String>) -> Result<(), Fault>;

    /// The wrapped index keys of a purpose, oldest first.
    async fn index_keys(&self, purpose: &str) -> Result<Vec<(u32, Vec<u8>)>, Fault>;

    /// Keeps a new index key, unless this version is there already.
    async fn add_index_key(&self, purpose: &str, version: u32, wrapped: Vec<u8>) -> Result<(), Fault>;
}

/// The file of wrapped keys.
pub(crate) struct KeyFile {
    writer: Writer,
    readers: Readers,
}

impl KeyFile {
    /// Opens the file for this top key.
    pub(crate) fn open(path: &Path, top_key: &str) -> Result<KeyFile, Fault> {
        let db = group::connect(path)?;
        schema::prepare_as(&db, APPLICATION_ID, STEPS)?;
        db.execute("INSERT OR IGNORE INTO top (one, id) VALUES (1, ?1)", [top_key])?;
        let known: String = db.query_row("SELECT id FROM top", [], |row| row.get(0))?;
        if known != top_key {
            return Err(Fault::WrongTopKey);
        }
        Ok(KeyFile { writer: Writer::start("keys-writer", db)?, readers: Readers::new(path) })
    }
}

#[async_trait]
impl Keys for KeyFile {
    fn shared(&self) -> bool {
        false
    }

    async fn insert(&self, keys: Vec<NewKey>, now_ms: i64) -> Result<Option<Vec<bool>>, Fault> {
        self.writer.run(move |db| insert(db, &keys, now_ms), |_| ()).await
    }

    async fn get(&self, name: &KeyName) -> Result<Kept, Fault> {
        let name = name.clone();
        self.readers
            .read(move |db| {
                let found = db
                    .prepare_cached(
                        "SELECT state, key_id, wrapped FROM data_keys
                         WHERE subject = ?1 AND institution = ?2 AND class = ?3",
                    )?
                    .query_row(params![name.subject, name.institution(), name.class.code()], |row| {
                        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
                    })
                    .optional()?;
                Ok(match found {
                    Some((state, key_id, wrapped)) if state == "L" => Kept::Live { key_id, wrapped },
                    Some((state, ..)) if state == "D" => Kept::Destroyed,
                    _ if gone_everywhere(db, &name)? => Kept::Destroyed,
                    _ => Kept::Missing,
                })
            })
            .await
    }

    /// Also cuts the log, so that the wrapped bytes are nowhere.
    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        self.writer.run(move |db| destroy(db, &destruction, mark), |_| ()).await?;
        self.writer.run_alone(truncate_log).await
    }

    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        self.readers.read(journal_mark).await
    }

    /// In the order of the rows: an id is a row's number.
    async fn made_within(
        &self,
        made_ms: Range<i64>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<OldKey>, Fault> {
        let after = after.as_deref().map_or(Ok(0), row_number)?;
        self.readers
            .read(move |db| {
                let mut found = db.prepare_cached(
                    "SELECT row, subject FROM data_keys
                     WHERE state = 'L' AND created_at >= ?1 AND created_at < ?2 AND row > ?3
                     ORDER BY row LIMIT ?4",
                )?;
                let rows = found.query_map(params![made_ms.start, made_ms.end, after, limit], |row| {
                    Ok(OldKey { id: row.get::<_, i64>(0)?.to_string(), subject: row.get(1)? })
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn forget(&self, ids: Vec<String>) -> Result<(), Fault> {
        let rows = ids.iter().map(|id| row_number(id)).collect::<Result<Vec<i64>, Fault>>()?;
        let forget = move |db: &Connection| {
            let mut wipe = db.prepare_cached(
                "UPDATE data_keys SET state = 'O', wrapped = zeroblob(length(wrapped)) WHERE row = ?1 AND state = 'L'",
            )?;
            for row in &rows {
                wipe.execute([row])?;
            }
            Ok(())
        };
        self.writer.run(forget, |_| ()).await
    }

    async fn index_keys(&self, purpose: &str) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        let purpose = purpose.to_owned();
        self.readers
            .read(move |db| {
                let mut found = db.prepare_cached(
                    "SELECT version, wrapped FROM index_keys WHERE purpose = ?1 ORDER BY version",
                )?;
                let rows = found.query_map([purpose], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn add_index_key(&self, purpose: &str, version: u32, wrapped: Vec<u8>) -> Result<(), Fault> {
        let purpose = purpose.to_owned();
        let add = move |db: &Connection| {
            db.execute(
                "INSERT OR IGNORE INTO index_keys (purpose, version, wrapped) VALUES (?1, ?2, ?3)",
                params![purpose, version, wrapped],
            )?;
            Ok(())
        };
        self.writer.run(add, |_| ()).await
    }
}

fn row_number(id: &str) -> Result<i64, Fault> {
    id.parse().map_err(|_| Fault::Invalid("a key's id"))
}

fn gone_everywhere(db: &Connection, name: &KeyName) -> Result<bool, Fault> {
    let mut gone =
        db.prepare_cached("SELECT 1 FROM destroyed_everywhere WHERE subject = ?1 AND class = ?2")?;
    Ok(gone.exists(params![name.subject, name.class.code()])?)
}

fn insert(db: &Connection, keys: &[NewKey], now_ms: i64) -> Result<Option<Vec<bool>>, Fault> {
    let mut states = Vec::with_capacity(keys.len());
    for key in keys {
        let state: Option<String> = db
            .prepare_cached(
                "SELECT state FROM data_keys WHERE subject = ?1 AND institution = ?2 AND class = ?3",
            )?
            .query_row(params![key.name.subject, key.name.institution(), key.name.class.code()], |row| {
                row.get(0)
            })
            .optional()?;
        if state.as_deref() == Some("D") || gone_everywhere(db, &key.name)? {
            return Ok(None);
        }
        states.push(state);
    }
    for (key, state) in keys.iter().zip(&states) {
        let place = (&key.name.subject, key.name.institution(), key.name.class.code());
        match state.as_deref() {
            None => db
                .prepare_cached(
                    "INSERT INTO data_keys (state, key_id, wrapped, created_at, subject, institution, class)
                     VALUES ('L', ?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![key.key_id, key.wrapped, now_ms, place.0, place.1, place.2])?,
            Some("O") => db
                .prepare_cached(
                    "UPDATE data_keys SET state = 'L', key_id = ?1, wrapped = ?2, created_at = ?3
                     WHERE subject = ?4 AND institution = ?5 AND class = ?6",
                )?
                .execute(params![key.key_id, key.wrapped, now_ms, place.0, place.1, place.2])?,
            Some(_) => 0,
        };
    }
    Ok(Some(states.into_iter().map(|state| state.as_deref() != Some("L")).collect()))
}

fn destroy(db: &Connection, destruction: &Destruction, mark: JournalMark) -> Result<(), Fault> {
    let subject = &destruction.subject;
    for class in &destruction.classes {
        match &destruction.institution {
            Some(institution) => {
                db.execute(
                    "INSERT INTO data_keys (state, key_id, wrapped, created_at, subject, institution, class)
                     VALUES ('D', '', zeroblob(?4), 0, ?1, ?2, ?3)
                     ON CONFLICT (subject, institution, class)
                     DO UPDATE SET state = 'D', wrapped = zeroblob(length(wrapped))",
                    params![subject, institution, class.code(), WRAPPED as i64],
                )?;
            }
            None => {
                db.execute(
                    "UPDATE data_keys SET state = 'D', wrapped = zeroblob(length(wrapped))
                     WHERE subject = ?1 AND class = ?2",
                    params![subject, class.code()],
                )?;
                db.execute(
                    "INSERT OR IGNORE INTO destroyed_everywhere (subject, class) VALUES (?1, ?2)",
                    params![subject, class.code()],
                )?;
            }
        }
    }
    db.execute(
        "INSERT INTO journal (one, count, hash) VALUES (1, ?1, ?2)
         ON CONFLICT (one) DO UPDATE SET count = ?1, hash = ?2 WHERE count < ?1",
        params![mark.count as i64, &mark.hash[..]],
    )?;
    Ok(())
}
