//! The rows of a ledger's store, out of PostgreSQL.

use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgRow};

use super::{PATIENT, each};
use crate::commit::{IndexRow, IndexValue};
use crate::entry::{RetentionClass, Stream};
use crate::error::Fault;
use crate::portable::pages::Pages;
use crate::portable::{CaseRow, ClaimRow, DestroyedRow, Moment, Row, TaskCopy};
use crate::postgres::claims;
use crate::postgres::journal_mark;
use crate::postgres::read::{ENTRY, entry_row, time};
use crate::postgres::tasks::effect;
use crate::store::TaskRow;
use sqlx::Executor;

/// Rows fetched at once. An entry may be megabytes.
const ROWS: u32 = 1000;
const ENTRIES: u32 = 200;

/// Reads everything in one transaction, which sees one moment.
pub(super) async fn read(pool: &PgPool, out: &mut Pages) -> Result<(), Fault> {
    let mut db = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    db.execute(PATIENT).await?;
    let journal = journal_mark(&mut *db).await?;
    let found: Vec<(i16, i64)> =
        sqlx::query_as("SELECT stream, head FROM heads ORDER BY stream").fetch_all(&mut *db).await?;
    let mut heads = Vec::new();
    for (stream, head) in found {
        heads.push((Stream::from_code(stream.into()).ok_or(Fault::Damaged("a stream"))?, head as u64));
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM entries").fetch_one(&mut *db).await?;
    out.begin(Moment { journal, heads: heads.clone(), rows: rows as u64 });

    out.give(Row::Journal(journal)).await?;
    for (stream, head) in heads {
        out.give(Row::Head(stream, head)).await?;
    }
    before_entries(&mut db, out).await?;
    // First those that have their numbers, which say in what order they came.
    let numbered = format!("{ENTRY} entries e JOIN numbers n ON n.entry_id = e.entry_id ORDER BY e.entry_id");
    each(&mut db, &numbered, ENTRIES, out, entry).await?;
    let pending = format!(
        "{ENTRY} pending p JOIN entries e ON e.entry_id = p.entry_id LEFT JOIN numbers n ON n.entry_id = e.entry_id
         ORDER BY p.stream, p.position, p.case_id, p.version"
    );
    each(&mut db, &pending, ENTRIES, out, entry).await?;
    after_entries(&mut db, out).await
}

fn entry(row: &PgRow, found: &mut Vec<Row>) -> Result<(), Fault> {
    found.push(Row::Entry(entry_row(row)?));
    Ok(())
}

async fn before_entries(db: &mut PgConnection, out: &mut Pages) -> Result<(), Fault> {
    each(
        db,
        "SELECT subject, class, everywhere, institution FROM destroyed
         ORDER BY subject, class, everywhere, institution",
        ROWS,
        out,
        |row, found| {
            let institution = if row.try_get(2)? { None } else { Some(row.try_get(3)?) };
            found.push(Row::Destroyed(DestroyedRow {
                subject: row.try_get(0)?,
                class: class(row, 1)?,
                institution,
            }));
            Ok(())
        },
    )
    .await?;
    each(db, "SELECT subject FROM subjects ORDER BY subject", ROWS, out, |row, found| {
        found.push(Row::Subject(row.try_get(0)?));
        Ok(())
    })
    .await?;
    each(
        db,
        "SELECT case_id, kind, version, created_at, updated_at, institution, status, reference, state
         FROM cases ORDER BY created_at, case_id",
        ROWS,
        out,
        |row, found| {
            found.push(Row::Case(case(row)?));
            Ok(())
        },
    )
    .await
}

async fn after_entries(db: &mut PgConnection, out: &mut Pages) -> Result<(), Fault> {
    each(db, "SELECT base, held FROM claims ORDER BY base", ROWS, out, |row, found| {
        let base: String = row.try_get(0)?;
        for (slot, held) in claims::parse(row.try_get(1)?)? {
            found.push(Row::Claim(ClaimRow {
                base: base.clone(),
                slot: u32::try_from(slot).map_err(|_| Fault::Damaged("a claim's slot"))?,
                holder: held.holder,
                expires_at: held.expires_at.map(time).transpose()?,
                note: held.note,
            }));
        }
        Ok(())
    })
    .await?;
    each(
        db,
        "SELECT task_id, case_id, kind, effect, payload, run_at, state, due_at, attempt, lease_epoch, worker, reason
         FROM tasks ORDER BY task_id",
        ROWS,
        out,
        |row, found| {
            found.push(Row::Task(task(row)?));
            Ok(())
        },
    )
    .await?;
    each(
        db,
        "SELECT purpose, key_version, value, subject, case_id, class, institution FROM people
         ORDER BY purpose, value, key_version, subject, case_id",
        ROWS,
        out,
        |row, found| {
            let key_version = row.try_get::<i64, _>(1)? as u32;
            found.push(Row::Index(IndexRow {
                purpose: row.try_get(0)?,
                value: IndexValue { key_version, hex: row.try_get(2)? },
                subject: row.try_get(3)?,
                case: row.try_get(4)?,
                class: class(row, 5)?,
                institution: row.try_get(6)?,
            }));
            Ok(())
        },
    )
    .await
}

pub(super) fn class(row: &PgRow, at: usize) -> Result<RetentionClass, Fault> {
    RetentionClass::from_code(row.try_get(at)?).ok_or(Fault::Damaged("a retention class"))
}

fn case(row: &PgRow) -> Result<CaseRow, Fault> {
    Ok(CaseRow {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        version: row.try_get::<i64, _>(2)? as u64,
        created_at: time(row.try_get(3)?)?,
        updated_at: time(row.try_get(4)?)?,
        institution: row.try_get(5)?,
        status: row.try_get(6)?,
        reference: row.try_get(7)?,
        state: row.try_get(8)?,
    })
}

fn task(row: &PgRow) -> Result<TaskCopy, Fault> {
    let leased = row.try_get::<i16, _>(6)? == 1;
    let until: Timestamp = time(row.try_get(7)?)?;
    Ok(TaskCopy {
        task: TaskRow {
            id: row.try_get(0)?,
            case: row.try_get(1)?,
            kind: row.try_get(2)?,
            effect: effect(row.try_get(3)?)?,
            payload: row.try_get(4)?,
            run_at: time(row.try_get(5)?)?,
        },
        attempt: row.try_get::<i64, _>(8)? as u32,
        lease_epoch: row.try_get::<i64, _>(9)? as u64,
        leased: row.try_get::<Option<String>, _>(10)?.filter(|_| leased).map(|worker| (worker, until)),
        dead: row.try_get(11)?,
    })
}
