//! Numbers: contiguous, each entry once, each case in its order. Whoever moves the head from where it was seen
//! gives the numbers; everybody else begins again.

use std::collections::HashSet;

use sqlx::PgConnection;
use sqlx::postgres::PgPool;

use super::connect::{Ended, transaction};
use super::write::insert_tasks;
use crate::commit::NumberingRefused;
use crate::entry::Stream;
use crate::error::Fault;
use crate::store::TaskRow;

pub(super) async fn head(pool: &PgPool, stream: Stream) -> Result<u64, Fault> {
    let head: Option<i64> = sqlx::query_scalar("SELECT head FROM heads WHERE stream = $1")
        .bind(stream.code() as i16)
        .fetch_optional(pool)
        .await?;
    Ok(head.unwrap_or(0) as u64)
}

pub(super) async fn number(
    pool: &PgPool,
    stream: Stream,
    expected: u64,
    entries: &[String],
    tasks: &[TaskRow],
) -> Result<Result<u64, NumberingRefused>, Fault> {
    transaction(pool, async |db| {
        if let Err(refused) = advance(db, stream, expected, entries).await? {
            return Ok(Ended::Leave(Err(refused)));
        }
        insert_tasks(db, &tasks.iter().collect::<Vec<_>>()).await?;
        Ok(Ended::Keep(Ok(expected + entries.len() as u64)))
    })
    .await
}

/// Moves the head and gives the numbers. From the first statement on nobody else numbers in this stream.
async fn advance(
    db: &mut PgConnection,
    stream: Stream,
    expected: u64,
    entries: &[String],
) -> Result<Result<(), NumberingRefused>, Fault> {
    let code = stream.code() as i16;
    if expected == 0 {
        sqlx::query("INSERT INTO heads (stream, head) VALUES ($1, 0) ON CONFLICT DO NOTHING")
            .bind(code)
            .execute(&mut *db)
            .await?;
    }
    let moved = sqlx::query("UPDATE heads SET head = head + $3 WHERE stream = $1 AND head = $2")
        .bind(code)
        .bind(expected as i64)
        .bind(entries.len() as i64)
        .execute(&mut *db)
        .await?;
    if moved.rows_affected() == 0 {
        let head: Option<i64> = sqlx::query_scalar("SELECT head FROM heads WHERE stream = $1")
            .bind(code)
            .fetch_optional(&mut *db)
            .await?;
        return Ok(Err(NumberingRefused::HeadMoved { head: head.unwrap_or(0) as u64 }));
    }
    if let Some(refused) = check(db, code, entries).await? {
        return Ok(Err(refused));
    }
    sqlx::query("DELETE FROM pending WHERE entry_id = ANY($1)").bind(entries).execute(&mut *db).await?;
    sqlx::query(
        "INSERT INTO numbers (stream, number, entry_id, institution)
         SELECT $1, $2 + n.place, e.entry_id, e.institution
         FROM unnest($3::text[]) WITH ORDINALITY AS n(id, place) JOIN entries e ON e.entry_id = n.id",
    )
    .bind(code)
    .bind(expected as i64)
    .bind(entries)
    .execute(db)
    .await?;
    Ok(Ok(()))
}

async fn check(
    db: &mut PgConnection,
    stream: i16,
    entries: &[String],
) -> Result<Option<NumberingRefused>, Fault> {
    // Invariant: where the entry just before has a number, all before that have theirs too.
    let rows: Vec<(i64, Option<String>)> = sqlx::query_as(
        "SELECT n.place, (
             SELECT w.entry_id FROM pending w WHERE w.entry_id = (
                 SELECT b.entry_id FROM entries b
                 WHERE b.case_id = p.case_id AND b.version < p.version AND b.stream = $1
                 ORDER BY b.version DESC LIMIT 1))
         FROM unnest($2::text[]) WITH ORDINALITY AS n(id, place)
         JOIN pending p ON p.entry_id = n.id AND p.stream = $1 ORDER BY n.place",
    )
    .bind(stream)
    .bind(entries)
    .fetch_all(db)
    .await?;
    let mut found = rows.into_iter().peekable();
    let mut listed = HashSet::with_capacity(entries.len());
    for (entry, place) in entries.iter().zip(1..) {
        let Some((_, waiting_before)) = found.next_if(|(at, _)| *at == place) else {
            return Ok(Some(NumberingRefused::NotPending { entry: entry.clone() }));
        };
        if waiting_before.is_some_and(|before| !listed.contains(&before)) {
            return Ok(Some(NumberingRefused::OutOfOrder { entry: entry.clone() }));
        }
        if !listed.insert(entry.clone()) {
            return Ok(Some(NumberingRefused::NotPending { entry: entry.clone() }));
        }
    }
    Ok(None)
}
