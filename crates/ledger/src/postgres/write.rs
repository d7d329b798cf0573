//! Writes what a batch changes: one statement for each table, whatever the number of commits.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::PgConnection;

use super::claims::{self, Slots};
use super::decide::{CaseChange, Changes};
use crate::commit::IndexRow;
use crate::entry::{EntryRow, pack_sealed};
use crate::error::Fault;
use crate::store::TaskRow;

/// Whether a batch is written, or somebody made a row meanwhile that was not there when it was decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    All,
    /// To be undone and decided again.
    Overtaken,
}

/// Writes all changes. `before` are the claims as they were locked, `after` as they are to be.
pub(super) async fn write(
    db: &mut PgConnection,
    changes: &Changes<'_>,
    before: &HashMap<String, Slots>,
    after: &HashMap<String, Slots>,
) -> Result<Written, Fault> {
    let (existing, new): (Vec<_>, Vec<_>) = changes.cases.iter().partition(|(_, change)| change.existed);
    if !existing.is_empty() {
        update_cases(db, &existing).await?;
    }
    if !new.is_empty() && insert_cases(db, &new).await? < new.len() as u64 {
        return Ok(Written::Overtaken);
    }
    let absent: Vec<&str> =
        changes.absent.iter().copied().filter(|case| !changes.cases.contains_key(case)).collect();
    if !absent.is_empty() && !hold_absent(db, &absent).await? {
        return Ok(Written::Overtaken);
    }
    if !claims::write(db, before, after).await? {
        return Ok(Written::Overtaken);
    }
    if !changes.entries.is_empty() {
        insert_entries(db, &changes.entries).await?;
    }
    if !changes.done.is_empty() {
        sqlx::query("DELETE FROM tasks WHERE task_id = ANY($1)")
            .bind(&changes.done)
            .execute(&mut *db)
            .await?;
    }
    insert_tasks(db, &changes.tasks).await?;
    if !changes.index.is_empty() {
        insert_people(db, &changes.index).await?;
    }
    Ok(Written::All)
}

type Case<'c, 'a> = (&'c &'a str, &'c CaseChange<'a>);

/// One column of rows.
macro_rules! column {
    ($rows:expr, $row:pat => $value:expr) => {
        $rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}

pub(super) use column;

async fn insert_cases(db: &mut PgConnection, new: &[Case<'_, '_>]) -> Result<u64, Fault> {
    let inserted = sqlx::query(
        "INSERT INTO cases (case_id, kind, version, position, created_at, updated_at, institution, status,
           reference, state)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
           $7::text[], $8::text[], $9::text[], $10::text[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column!(new, (case, _) => **case))
    .bind(column!(new, (_, change) => change.kind))
    .bind(column!(new, (_, change) => change.version as i64))
    .bind(column!(new, (_, change) => change.position))
    .bind(column!(new, (_, change) => change.created_at))
    .bind(column!(new, (_, change) => change.updated_at))
    .bind(column!(new, (_, change) => change.view.and_then(|view| view.institution.as_deref())))
    .bind(column!(new, (_, change) => change.view.map(|view| view.status.as_str())))
    .bind(column!(new, (_, change) => change.view.and_then(|view| view.reference.as_deref())))
    .bind(column!(new, (_, change) => change.view.map(|view| view.state.as_str())))
    .execute(db)
    .await?;
    Ok(inserted.rows_affected())
}

async fn update_cases(db: &mut PgConnection, existing: &[Case<'_, '_>]) -> Result<(), Fault> {
    let (viewed, bare): (Vec<Case<'_, '_>>, Vec<Case<'_, '_>>) =
        existing.iter().copied().partition(|(_, change)| change.view.is_some());
    if !bare.is_empty() {
        sqlx::query(
            "UPDATE cases SET version = n.version, position = n.position, updated_at = n.updated_at
             FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
               AS n(case_id, version, position, updated_at)
             WHERE cases.case_id = n.case_id",
        )
        .bind(column!(bare, (case, _) => **case))
        .bind(column!(bare, (_, change) => change.version as i64))
        .bind(column!(bare, (_, change) => change.position))
        .bind(column!(bare, (_, change) => change.updated_at))
        .execute(&mut *db)
        .await?;
    }
    if !viewed.is_empty() {
        sqlx::query(
            "UPDATE cases SET version = n.version, position = n.position, updated_at = n.updated_at,
               institution = n.institution, status = n.status, reference = n.reference, state = n.state
             FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
               $8::text[]) AS n(case_id, version, position, updated_at, institution, status, reference, state)
             WHERE cases.case_id = n.case_id",
        )
        .bind(column!(viewed, (case, _) => **case))
        .bind(column!(viewed, (_, change) => change.version as i64))
        .bind(column!(viewed, (_, change) => change.position))
        .bind(column!(viewed, (_, change) => change.updated_at))
        .bind(column!(viewed, (_, change) => change.view.and_then(|view| view.institution.as_deref())))
        .bind(column!(viewed, (_, change) => change.view.map(|view| view.status.as_str())))
        .bind(column!(viewed, (_, change) => change.view.and_then(|view| view.reference.as_deref())))
        .bind(column!(viewed, (_, change) => change.view.map(|view| view.state.as_str())))
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// A case that is not there can't be locked; so it is made, and taken away again before anybody sees it.
async fn hold_absent(db: &mut PgConnection, absent: &[&str]) -> Result<bool, Fault> {
    let held = sqlx::query(
        "INSERT INTO cases (case_id, kind, version, position, created_at, updated_at)
         SELECT name, '', 0, 0, 0, 0 FROM unnest($1::text[]) AS n(name) ON CONFLICT DO NOTHING",
    )
    .bind(absent)
    .execute(&mut *db)
    .await?;
    if held.rows_affected() < absent.len() as u64 {
        return Ok(false);
    }
    sqlx::query("DELETE FROM cases WHERE case_id = ANY($1)").bind(absent).execute(db).await?;
    Ok(true)
}

async fn insert_entries(db: &mut PgConnection, entries: &[(&EntryRow, i64)]) -> Result<(), Fault> {
    let rows: Vec<&EntryRow> = entries.iter().map(|(entry, _)| *entry).collect();
    insert_entry_rows(db, &rows).await?;
    insert_pending(db, entries).await
}

pub(super) async fn insert_entry_rows(db: &mut PgConnection, entries: &[&EntryRow]) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO entries (entry_id, case_id, version, stream, kind, institution, time, nonce, clear, clear_salts,
           sealed, commitments, leaf)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::text[],
           $7::bigint[], $8::bytea[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[])",
    )
    .bind(column!(entries, entry => entry.id.as_str()))
    .bind(column!(entries, entry => entry.case.as_str()))
    .bind(column!(entries, entry => entry.version as i64))
    .bind(column!(entries, entry => entry.stream.code() as i16))
    .bind(column!(entries, entry => entry.kind.as_str()))
    .bind(column!(entries, entry => entry.institution.as_deref()))
    .bind(column!(entries, entry => entry.time.as_millisecond()))
    .bind(column!(entries, entry => &entry.nonce[..]))
    .bind(column!(entries, entry => entry.clear.as_str()))
    .bind(column!(entries, entry => entry.clear_salts.as_slice()))
    .bind(column!(entries, entry => pack_sealed(&entry.sealed)))
    .bind(column!(entries, entry => entry.commitments.as_slice()))
    .bind(column!(entries, entry => &entry.leaf[..]))
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_pending(db: &mut PgConnection, entries: &[(&EntryRow, i64)]) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO pending (entry_id, stream, position, case_id, version)
         SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::text[], $5::bigint[])",
    )
    .bind(column!(entries, (entry, _) => entry.id.as_str()))
    .bind(column!(entries, (entry, _) => entry.stream.code() as i16))
    .bind(column!(entries, (_, position) => *position))
    .bind(column!(entries, (entry, _) => entry.case.as_str()))
    .bind(column!(entries, (entry, _) => entry.version as i64))
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_tasks(db: &mut PgConnection, tasks: &[&TaskRow]) -> Result<(), Fault> {
    if tasks.is_empty() {
        return Ok(());
    }
    let due = column!(tasks, task => Timestamp::as_millisecond(task.run_at));
    sqlx::query(
        "INSERT INTO tasks (task_id, case_id, kind, effect, payload, run_at, due_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $6::bigint[])",
    )
    .bind(column!(tasks, task => task.id.as_str()))
    .bind(column!(tasks, task => task.case.as_str()))
    .bind(column!(tasks, task => task.kind.as_str()))
    .bind(column!(tasks, task => task.effect.code()))
    .bind(column!(tasks, task => task.payload.as_str()))
    .bind(due)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_people(db: &mut PgConnection, index: &[&IndexRow]) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO people (purpose, key_version, value, subject, case_id, class, institution)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column!(index, row => row.purpose.as_str()))
    .bind(column!(index, row => i64::from(row.value.key_version)))
    .bind(column!(index, row => row.value.hex.as_str()))
    .bind(column!(index, row => row.subject.as_str()))
    .bind(column!(index, row => row.case.as_str()))
    .bind(column!(index, row => row.class.code()))
    .bind(column!(index, row => row.institution.as_deref()))
    .execute(db)
    .await?;
    Ok(())
}
