//! One commit in SQL: first every check, then every row. Runs on the writer thread, inside a
//! transaction that it shares with others; on a refusal it has changed nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::commit::{Refused, Release, Take, claim_key};
use crate::entry::{EntryRow, pack_sealed};
use crate::error::Fault;
use crate::store::{CommitRows, TaskRow, WriteRows, stored_json};

type Decided<T> = Result<Result<T, Refused>, Fault>;

pub(super) fn commit(db: &Connection, rows: &CommitRows) -> Decided<Vec<String>> {
    let now = rows.now.as_millisecond();
    let mut cases = BTreeSet::new();
    for write in &rows.writes {
        if !cases.insert(&write.case) {
            return Err(Fault::Invalid("the same case twice in a commit"));
        }
    }
    if let Some(refused) = refused_early(db, rows)? {
        return Ok(Err(refused));
    }
    let keys = match claims(db, rows, now)? {
        Ok(keys) => keys,
        Err(refused) => return Ok(Err(refused)),
    };
    for write in &rows.writes {
        insert_write(db, write, now)?;
    }
    for (task, _) in &rows.done {
        db.prepare_cached("DELETE FROM tasks WHERE task_id = ?1")?.execute([task])?;
    }
    insert_tasks(db, &rows.tasks)?;
    insert_people(db, rows)?;
    Ok(Ok(keys))
}

fn refused_early(db: &Connection, rows: &CommitRows) -> Result<Option<Refused>, Fault> {
    let mut heads = db.prepare_cached("SELECT version, kind FROM cases WHERE case_id = ?1")?;
    for write in &rows.writes {
        let mut found = heads.query([&write.case])?;
        let (version, same_kind) = match found.next()? {
            Some(row) => (
                row.get::<_, i64>(0)? as u64,
                row.get_ref(1)?.as_str().is_ok_and(|kind| kind == write.case_kind),
            ),
            None => (0, true),
        };
        if version != write.expected_version || !same_kind {
            return Ok(Some(Refused::Stale { case: write.case.clone(), actual_version: version }));
        }
    }
    let mut leased =
        db.prepare_cached("SELECT 1 FROM tasks WHERE task_id = ?1 AND state = 1 AND lease_epoch = ?2")?;
    for (task, epoch) in &rows.done {
        if !leased.exists(params![task, *epoch as i64])? {
            return Ok(Some(Refused::Fenced { task: task.clone() }));
        }
    }
    let mut gone = db.prepare_cached(
        "SELECT 1 FROM destroyed WHERE subject = ?1 AND class = ?2 AND (everywhere = 1 OR institution = ?3)",
    )?;
    for (subject, institution, class) in rows.named() {
        if gone.exists(params![subject, class.code(), institution.unwrap_or("")])? {
            return Ok(Some(Refused::Destroyed { subject: subject.to_owned() }));
        }
    }
    Ok(None)
}

fn claims(db: &Connection, rows: &CommitRows, now: i64) -> Decided<Vec<String>> {
    // A single claim is decided before it is written; only several steps need a way back.
    let steps = rows.release.len() + rows.take.len();
    if steps > 1 {
        db.prepare_cached("SAVEPOINT claims")?.execute([])?;
    }
    let outcome = claim_all(db, &rows.release, &rows.take, now)?;
    if steps > 1 {
        if outcome.is_err() {
            db.prepare_cached("ROLLBACK TO claims")?.execute([])?;
        }
        db.prepare_cached("RELEASE claims")?.execute([])?;
    }
    Ok(outcome)
}

fn claim_all(db: &Connection, release: &[Release], take: &[Take], now: i64) -> Decided<Vec<String>> {
    for release in release {
        match release {
            Release::Holder { base, holder } => db
                .prepare_cached("DELETE FROM claims WHERE base = ?1 AND holder = ?2")?
                .execute([base, holder])?,
            Release::All { base } => {
                db.prepare_cached("DELETE FROM claims WHERE base = ?1")?.execute([base])?
            }
        };
    }
    let mut keys = Vec::with_capacity(take.len());
    for take in take {
        let slot = match free_slot(db, take, now)? {
            Ok(slot) => slot,
            Err(refused) => return Ok(Err(refused)),
        };
        let note = take.note.as_ref().map(|note| note.to_string());
        db.prepare_cached(
            "INSERT OR REPLACE INTO claims (base, slot, holder, expires_at, note) VALUES (?1,?2,?3,?4,?5)",
        )?
        .execute(params![
            take.base,
            slot,
            take.holder,
            take.expires_at.map(Timestamp::as_millisecond),
            note
        ])?;
        keys.push(claim_key(&take.base, slot));
    }
    Ok(Ok(keys))
}

fn free_slot(db: &Connection, take: &Take, now: i64) -> Decided<i64> {
    match take.slots {
        None => {
            let held = db
                .prepare_cached(
                    "SELECT holder, note FROM claims WHERE base = ?1 AND slot = 0
                     AND (expires_at IS NULL OR expires_at > ?2)",
                )?
                .query_row(params![take.base, now], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
                })
                .optional()?;
            Ok(match held {
                None => Ok(0),
                Some((holder, note)) => Err(Refused::ClaimHeld {
                    key: take.base.clone(),
                    holder,
                    note: note.as_deref().map(stored_json).transpose()?,
                }),
            })
        }
        Some(slots) => {
            let mut held = db.prepare_cached(
                "SELECT slot FROM claims WHERE base = ?1 AND slot BETWEEN 1 AND ?2
                 AND (expires_at IS NULL OR expires_at > ?3) ORDER BY slot",
            )?;
            let mut lowest = 1;
            let mut rows = held.query(params![take.base, slots, now])?;
            while let Some(row) = rows.next()? {
                if row.get::<_, i64>(0)? != lowest {
                    break;
                }
                lowest += 1;
            }
            let full = lowest > i64::from(slots);
            Ok(if full { Err(Refused::SlotsFull { base: take.base.clone() }) } else { Ok(lowest) })
        }
    }
}

fn insert_write(db: &Connection, write: &WriteRows, now: i64) -> Result<(), Fault> {
    let version = (write.expected_version + write.entries.len() as u64) as i64;
    match &write.view {
        Some(view) => {
            db.prepare_cached(
                "INSERT INTO cases (case_id, kind, version, created_at, updated_at, institution, status, reference, state)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (case_id) DO UPDATE SET version = ?3, updated_at = ?4, institution = ?5, status = ?6,
                   reference = ?7, state = ?8",
            )?
            .execute(params![
                write.case,
                write.case_kind,
                version,
                now,
                view.institution,
                view.status,
                view.reference,
                view.state
            ])?;
        }
        None if write.entries.is_empty() => return Ok(()),
        None => {
            db.prepare_cached(
                "INSERT INTO cases (case_id, kind, version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (case_id) DO UPDATE SET version = ?3, updated_at = ?4",
            )?
            .execute(params![write.case, write.case_kind, version, now])?;
        }
    }
    for entry in &write.entries {
        let row = insert_entry(db, entry)?;
        db.prepare_cached("INSERT INTO pending (stream, entry_row) VALUES (?1, ?2)")?
            .execute(params![entry.stream.code(), row])?;
    }
    Ok(())
}

/// Inserts an entry and answers its row; whether it is pending or numbered stands apart.
pub(super) fn insert_entry(db: &Connection, entry: &EntryRow) -> Result<i64, Fault> {
    db.prepare_cached(
        "INSERT INTO entries (entry_id, case_id, version, stream, kind, institution, time, nonce, clear, clear_salts,
           sealed, commitments, leaf) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
    )?
    .execute(params![
        entry.id,
        entry.case,
        entry.version as i64,
        entry.stream.code(),
        entry.kind,
        entry.institution,
        entry.time.as_millisecond(),
        &entry.nonce[..],
        entry.clear,
        entry.clear_salts,
        pack_sealed(&entry.sealed),
        entry.commitments,
        &entry.leaf[..],
    ])?;
    Ok(db.last_insert_rowid())
}

pub(super) fn insert_tasks(db: &Connection, tasks: &[TaskRow]) -> Result<(), Fault> {
    let mut insert = db.prepare_cached(
        "INSERT INTO tasks (task_id, case_id, kind, effect, payload, run_at, due_at) VALUES (?1,?2,?3,?4,?5,?6,?6)",
    )?;
    for task in tasks {
        insert.execute(params![
            task.id,
            task.case,
            task.kind,
            task.effect.code(),
            task.payload,
            task.run_at.as_millisecond()
        ])?;
    }
    Ok(())
}

fn insert_people(db: &Connection, rows: &CommitRows) -> Result<(), Fault> {
    let sealed = rows.writes.iter().flat_map(|write| &write.entries).flat_map(|entry| &entry.sealed);
    let subjects: BTreeSet<&str> = sealed
        .map(|field| field.subject.as_str())
        .chain(rows.index.iter().map(|row| row.subject.as_str()))
        .collect();
    for subject in subjects {
        db.prepare_cached("INSERT OR IGNORE INTO subjects (subject) VALUES (?1)")?.execute([subject])?;
    }
    for row in &rows.index {
        db.prepare_cached(
            "INSERT OR IGNORE INTO people (purpose, key_version, value, subject, case_id, class, institution)
             VALUES (?1,?2,?3,?4,?5,?6,?7)",
        )?
        .execute(params![
            row.purpose,
            row.value.key_version,
            row.value.hex,
            row.subject,
            row.case,
            row.class.code(),
            row.institution
        ])?;
    }
    Ok(())
}
