//! The rows of `keys.db`, out and in. They are read page by page in short transactions: cutting the log, as
//! a destruction does, waits for no copy.

use rusqlite::{Connection, params};

use super::Pages;
use super::ledger::class;
use crate::error::Fault;
use crate::portable::{DataKeyRow, DestroyedRow, IndexKeyRow, KeyState, Moment, Row};
use crate::sqlite::journal_mark;
use crate::sqlite::read::{all, time};

/// Keys read in one transaction: some milliseconds.
const PAGE: i64 = 5_000;

pub(super) fn read(db: &Connection, out: &mut Pages) -> Result<(), Fault> {
    // First of all: whatever is destroyed from now on is in the journal behind this mark.
    let journal = journal_mark(db)?;
    let rows: i64 = db.query_row("SELECT count(*) FROM data_keys", [], |row| row.get(0))?;
    out.begin(Moment { journal, heads: Vec::new(), rows: rows as u64 });
    out.put(Row::Journal(journal))?;
    // Before the keys: a key that was there when this was read and is gone when its turn comes is marked as gone.
    // Whatever is read here is read whole before any of it is handed over: no transaction stays open while somebody
    // waits.
    let gone =
        all(db, "SELECT subject, class FROM destroyed_everywhere ORDER BY subject, class", [], |row| {
            Ok(DestroyedRow { subject: row.get(0)?, class: class(row, 1)?, institution: None })
        })?;
    gone.into_iter().try_for_each(|gone| out.put(Row::Destroyed(gone)))?;
    let top = all(db, "SELECT id FROM top", [], |row| Ok(row.get(0)?))?;
    top.into_iter().try_for_each(|id| out.put(Row::TopKey(id)))?;
    let mut last = 0;
    loop {
        let page = all(
            db,
            "SELECT row, state, key_id, wrapped, created_at, subject, institution, class FROM data_keys
             WHERE row > ?1 ORDER BY row LIMIT ?2",
            params![last, PAGE],
            |row| {
                let state: String = row.get(1)?;
                let key = DataKeyRow {
                    state: KeyState::from_code(&state).ok_or(Fault::Damaged("a data key's state"))?,
                    key_id: row.get(2)?,
                    wrapped: row.get(3)?,
                    created_at: time(row.get(4)?)?,
                    subject: row.get(5)?,
                    institution: row.get(6)?,
                    class: class(row, 7)?,
                };
                Ok((row.get::<_, i64>(0)?, key.sound()?))
            },
        )?;
        let Some((row, _)) = page.last() else { break };
        last = *row;
        page.into_iter().try_for_each(|(_, key)| out.put(Row::DataKey(key)))?;
    }
    let keys =
        all(db, "SELECT purpose, version, wrapped FROM index_keys ORDER BY purpose, version", [], |row| {
            Ok(IndexKeyRow { purpose: row.get(0)?, version: row.get(1)?, wrapped: row.get(2)? })
        })?;
    keys.into_iter().try_for_each(|key| out.put(Row::IndexKey(key)))
}

/// Inserts one row into a store of keys that is being filled.
pub(super) fn insert(db: &Connection, row: Row) -> Result<(), Fault> {
    match row {
        Row::Journal(mark) => {
            if mark.count > 0 {
                db.prepare_cached("INSERT INTO journal (one, count, hash) VALUES (1, ?1, ?2)")?
                    .execute(params![mark.count as i64, &mark.hash[..]])?;
            }
        }
        Row::Destroyed(gone) => {
            if gone.institution.is_some() {
                return Err(Fault::Invalid("a destruction at one institution among the keys"));
            }
            db.prepare_cached("INSERT INTO destroyed_everywhere (subject, class) VALUES (?1, ?2)")?
                .execute(params![gone.subject, gone.class.code()])?;
        }
        Row::TopKey(id) => {
            db.prepare_cached("INSERT INTO top (one, id) VALUES (1, ?1)")?.execute([id])?;
        }
        Row::DataKey(key) => {
            let key = key.sound()?;
            db.prepare_cached(
                "INSERT INTO data_keys (state, key_id, wrapped, created_at, subject, institution, class)
                 VALUES (?1,?2,?3,?4,?5,?6,?7)",
            )?
            .execute(params![
                key.state.code(),
                key.key_id,
                key.wrapped,
                key.created_at.as_millisecond(),
                key.subject,
                key.institution,
                key.class.code()
            ])?;
        }
        Row::IndexKey(key) => {
            db.prepare_cached("INSERT INTO index_keys (purpose, version, wrapped) VALUES (?1, ?2, ?3)")?
                .execute(params![key.purpose, key.version, key.wrapped])?;
        }
        _ => return Err(Fault::Invalid("a ledger's row or a blob for a store of keys")),
    }
    Ok(())
}
