//! The rows of `ledger.db`, out and in.

use rusqlite::{Connection, Row as SqlRow, params};

use super::Pages;
use crate::commit::{IndexRow, IndexValue};
use crate::entry::{RetentionClass, Stream};
use crate::error::Fault;
use crate::portable::{CaseRow, ClaimRow, DestroyedRow, Moment, Row, TaskCopy};
use crate::sqlite::commit::insert_entry;
use crate::sqlite::journal_mark;
use crate::sqlite::read::{ENTRY, entry_row, time};
use crate::sqlite::tasks::effect;
use crate::store::TaskRow;

/// Reads everything in one transaction, which is one moment.
pub(super) fn read(db: &Connection, out: &mut Pages) -> Result<(), Fault> {
    let journal = journal_mark(db)?;
    let mut heads = Vec::new();
    each(db, "SELECT stream, head FROM heads ORDER BY stream", |row| {
        let stream = Stream::from_code(row.get(0)?).ok_or(Fault::Damaged("a stream"))?;
        heads.push((stream, row.get::<_, i64>(1)? as u64));
        Ok(())
    })?;
    let rows: i64 = db.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?;
    out.begin(Moment { journal, heads: heads.clone(), rows: rows as u64 });

    out.put(Row::Journal(journal))?;
    heads.into_iter().try_for_each(|(stream, head)| out.put(Row::Head(stream, head)))?;
    each(
        db,
        "SELECT subject, class, everywhere, institution FROM destroyed
         ORDER BY subject, class, everywhere, institution",
        |row| {
            let institution = if row.get(2)? { None } else { Some(row.get(3)?) };
            out.put(Row::Destroyed(DestroyedRow { subject: row.get(0)?, class: class(row, 1)?, institution }))
        },
    )?;
    each(db, "SELECT subject FROM subjects ORDER BY subject", |row| out.put(Row::Subject(row.get(0)?)))?;
    // In the order in which they came, which ids made from the time would also give; a store that is filled in
    // this order reads like one that grew.
    each(
        db,
        "SELECT case_id, kind, version, created_at, updated_at, institution, status, reference, state
         FROM cases ORDER BY rowid",
        |row| out.put(Row::Case(case(row)?)),
    )?;
    each(
        db,
        &format!(
            "{ENTRY} entries e LEFT JOIN numbers n ON n.entry_row = e.row AND n.stream = e.stream ORDER BY e.row"
        ),
        |row| out.put(Row::Entry(entry_row(row)?)),
    )?;
    each(db, "SELECT base, slot, holder, expires_at, note FROM claims ORDER BY base, slot", |row| {
        out.put(Row::Claim(ClaimRow {
            base: row.get(0)?,
            slot: row.get(1)?,
            holder: row.get(2)?,
            expires_at: row.get::<_, Option<i64>>(3)?.map(time).transpose()?,
            note: row.get(4)?,
        }))
    })?;
    each(
        db,
        "SELECT task_id, case_id, kind, effect, payload, run_at, state, due_at, attempt, lease_epoch, worker, reason
         FROM tasks ORDER BY task_id",
        |row| out.put(Row::Task(task(row)?)),
    )?;
    each(
        db,
        "SELECT purpose, key_version, value, subject, case_id, class, institution FROM people
         ORDER BY purpose, value, key_version, subject, case_id",
        |row| {
            out.put(Row::Index(IndexRow {
                purpose: row.get(0)?,
                value: IndexValue { key_version: row.get(1)?, hex: row.get(2)? },
                subject: row.get(3)?,
                case: row.get(4)?,
                class: class(row, 5)?,
                institution: row.get(6)?,
            }))
        },
    )
}

/// Reads a statement row by row.
fn each(
    db: &Connection,
    sql: &str,
    mut take: impl FnMut(&SqlRow<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

pub(super) fn class(row: &SqlRow<'_>, at: usize) -> Result<RetentionClass, Fault> {
    RetentionClass::from_code(row.get_ref(at)?.as_str().unwrap_or_default())
        .ok_or(Fault::Damaged("a retention class"))
}

fn case(row: &SqlRow<'_>) -> Result<CaseRow, Fault> {
    Ok(CaseRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        version: row.get::<_, i64>(2)? as u64,
        created_at: time(row.get(3)?)?,
        updated_at: time(row.get(4)?)?,
        institution: row.get(5)?,
        status: row.get(6)?,
        reference: row.get(7)?,
        state: row.get(8)?,
    })
}

fn task(row: &SqlRow<'_>) -> Result<TaskCopy, Fault> {
    let leased = row.get::<_, i64>(6)? == 1;
    Ok(TaskCopy {
        task: TaskRow {
            id: row.get(0)?,
            case: row.get(1)?,
            kind: row.get(2)?,
            effect: effect(row.get_ref(3)?.as_str().unwrap_or_default())?,
            payload: row.get(4)?,
            run_at: time(row.get(5)?)?,
        },
        attempt: row.get(8)?,
        lease_epoch: row.get::<_, i64>(9)? as u64,
        leased: match row.get::<_, Option<String>>(10)? {
            Some(worker) if leased => Some((worker, time(row.get(7)?)?)),
            _ => None,
        },
        dead: row.get(11)?,
    })
}

/// Inserts one row into a store that is being filled.
pub(super) fn insert(db: &Connection, row: &Row) -> Result<(), Fault> {
    match row {
        Row::Journal(mark) => {
            // A store that never followed a journal has no row.
            if mark.count > 0 {
                db.prepare_cached("INSERT INTO journal (one, count, hash) VALUES (1, ?1, ?2)")?
                    .execute(params![mark.count as i64, &mark.hash[..]])?;
            }
        }
        Row::Head(stream, head) => {
            db.prepare_cached("INSERT INTO heads (stream, head) VALUES (?1, ?2)")?
                .execute(params![stream.code(), *head as i64])?;
        }
        Row::Destroyed(gone) => {
            db.prepare_cached(
                "INSERT INTO destroyed (subject, class, everywhere, institution) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                gone.subject,
                gone.class.code(),
                gone.institution.is_none(),
                gone.institution.as_deref().unwrap_or("")
            ])?;
        }
        Row::Subject(subject) => {
            db.prepare_cached("INSERT INTO subjects (subject) VALUES (?1)")?.execute([subject])?;
        }
        Row::Case(case) => {
            db.prepare_cached(
                "INSERT INTO cases (case_id, kind, version, created_at, updated_at, institution, status, reference,
                   state) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
            )?
            .execute(params![
                case.id,
                case.kind,
                case.version as i64,
                case.created_at.as_millisecond(),
                case.updated_at.as_millisecond(),
                case.institution,
                case.status,
                case.reference,
                case.state
            ])?;
        }
        Row::Entry(entry) => {
            let row = insert_entry(db, entry)?;
            match entry.number {
                Some(number) => db
                    .prepare_cached("INSERT INTO numbers (entry_row, stream, number, institution) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![row, entry.stream.code(), number as i64, entry.institution])?,
                None => db
                    .prepare_cached("INSERT INTO pending (stream, entry_row) VALUES (?1, ?2)")?
                    .execute(params![entry.stream.code(), row])?,
            };
        }
        Row::Claim(claim) => {
            db.prepare_cached(
                "INSERT INTO claims (base, slot, holder, expires_at, note) VALUES (?1,?2,?3,?4,?5)",
            )?
            .execute(params![
                claim.base,
                claim.slot,
                claim.holder,
                claim.expires_at.map(jiff::Timestamp::as_millisecond),
                claim.note
            ])?;
        }
        Row::Task(copy) => insert_task(db, copy)?,
        Row::Index(row) => {
            db.prepare_cached(
                "INSERT INTO people (purpose, key_version, value, subject, case_id, class, institution)
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
        Row::Blob(_) | Row::TopKey(_) | Row::DataKey(_) | Row::IndexKey(_) => {
            return Err(Fault::Invalid("a blob or a key for a ledger's store"));
        }
    }
    Ok(())
}

fn insert_task(db: &Connection, copy: &TaskCopy) -> Result<(), Fault> {
    let task = &copy.task;
    let (state, due_at, worker) = match (&copy.dead, &copy.leased) {
        (Some(_), _) => (2, task.run_at, None),
        (None, Some((worker, until))) => (1, *until, Some(worker)),
        (None, None) => (0, task.run_at, None),
    };
    db.prepare_cached(
        "INSERT INTO tasks (task_id, case_id, kind, effect, payload, run_at, state, due_at, attempt, lease_epoch,
           worker, reason) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    )?
    .execute(params![
        task.id,
        task.case,
        task.kind,
        task.effect.code(),
        task.payload,
        task.run_at.as_millisecond(),
        state,
        due_at.as_millisecond(),
        copy.attempt,
        copy.lease_epoch as i64,
        worker,
        copy.dead
    ])?;
    Ok(())
}
