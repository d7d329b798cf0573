//! Tasks, leases and numbering in SQL.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::commit::insert_tasks;
use super::read::{all, time};
use crate::commit::{Effect, LeasedTask, NewTask, NumberingRefused, Refused, TaskState};
use crate::entry::Stream;
use crate::error::Fault;
use crate::query::TaskQuery;
use crate::store::{LeaseRequest, Settle, TaskRow, stored_json};

pub(super) fn lease(db: &Connection, request: &LeaseRequest) -> Result<Vec<LeasedTask>, Fault> {
    let mut due: Vec<(i64, String)> = Vec::new();
    for kind in &request.kinds {
        due.extend(all(
            db,
            "SELECT due_at, task_id FROM tasks WHERE kind = ?1 AND state < 2 AND due_at <= ?2
             ORDER BY due_at, task_id LIMIT ?3",
            params![kind, request.now.as_millisecond(), request.limit],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?);
    }
    due.sort();
    due.dedup();
    due.truncate(request.limit as usize);
    let mut leased = Vec::with_capacity(due.len());
    for (_, id) in due {
        let mut take = db.prepare_cached(
            "UPDATE tasks SET state = 1, due_at = ?2, attempt = attempt + 1, lease_epoch = lease_epoch + 1, worker = ?3
             WHERE task_id = ?1 RETURNING case_id, kind, effect, payload, attempt, lease_epoch, run_at",
        )?;
        let mut rows = take.query(params![id, request.until.as_millisecond(), request.worker])?;
        let row = rows.next()?.ok_or(Fault::Damaged("a task"))?;
        leased.push(LeasedTask {
            case: row.get(0)?,
            kind: row.get(1)?,
            effect: effect(&row.get::<_, String>(2)?)?,
            payload: stored_json(&row.get::<_, String>(3)?)?,
            attempt: row.get(4)?,
            lease_epoch: row.get::<_, i64>(5)? as u64,
            lease_until: time(request.until.as_millisecond())?,
            run_at: time(row.get(6)?)?,
            id,
        });
    }
    Ok(leased)
}

pub(super) fn effect(code: &str) -> Result<Effect, Fault> {
    Effect::from_code(code).ok_or(Fault::Damaged("a task's effect"))
}

pub(super) fn settle(
    db: &Connection,
    task: &str,
    epoch: u64,
    word: &Settle,
) -> Result<Result<(), Refused>, Fault> {
    const HELD: &str = "WHERE task_id = ?1 AND state = 1 AND lease_epoch = ?2";
    let epoch = epoch as i64;
    let changed = match word {
        Settle::Postpone(at) => db
            .prepare_cached(&format!(
                "UPDATE tasks SET state = 0, run_at = ?3, due_at = ?3, worker = NULL {HELD}"
            ))?
            .execute(params![task, epoch, at.as_millisecond()])?,
        Settle::Extend(until) => db
            .prepare_cached(&format!("UPDATE tasks SET due_at = max(due_at, ?3) {HELD}"))?
            .execute(params![task, epoch, until.as_millisecond()])?,
        Settle::Dead(reason) => db
            .prepare_cached(&format!("UPDATE tasks SET state = 2, reason = ?3, worker = NULL {HELD}"))?
            .execute(params![task, epoch, reason])?,
    };
    Ok(if changed == 1 { Ok(()) } else { Err(Refused::Fenced { task: task.to_owned() }) })
}

pub(super) fn next_due(db: &Connection, kinds: &[String]) -> Result<Option<Timestamp>, Fault> {
    let mut first: Option<i64> = None;
    for kind in kinds {
        let due: Option<i64> = db
            .prepare_cached("SELECT min(due_at) FROM tasks WHERE kind = ?1 AND state < 2")?
            .query_row([kind], |row| row.get(0))?;
        first = match (first, due) {
            (Some(first), Some(due)) => Some(first.min(due)),
            (first, due) => first.or(due),
        };
    }
    first.map(time).transpose()
}

pub(super) fn revive(db: &Connection, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
    let changed = db
        .prepare_cached("UPDATE tasks SET state = 0, run_at = ?2, due_at = ?2, reason = NULL WHERE task_id = ?1 AND state = 2")?
        .execute(params![task, run_at.as_millisecond()])?;
    Ok(changed == 1)
}

const TASK: &str =
    "SELECT task_id, case_id, kind, effect, payload, run_at, state, due_at, attempt, lease_epoch, worker,
  reason FROM tasks";

fn task_row(row: &Row<'_>) -> Result<TaskState, Fault> {
    let leased = row.get::<_, i64>(6)? == 1;
    Ok(TaskState {
        task: NewTask {
            id: row.get(0)?,
            case: row.get(1)?,
            kind: row.get(2)?,
            effect: effect(&row.get::<_, String>(3)?)?,
            payload: stored_json(&row.get::<_, String>(4)?)?,
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

pub(super) fn tasks(db: &Connection, query: &TaskQuery) -> Result<Vec<TaskState>, Fault> {
    let page = |condition: &str, after: &Option<String>, limit: u32| {
        let sql = format!("{TASK} WHERE task_id > ?1 {condition} ORDER BY task_id LIMIT ?2");
        all(db, &sql, params![after.as_deref().unwrap_or(""), limit], task_row)
    };
    match query {
        TaskQuery::Case(case) => {
            all(db, &format!("{TASK} WHERE case_id = ?1 ORDER BY task_id"), [case], task_row)
        }
        TaskQuery::Dead { after, limit } => page("AND state = 2", after, *limit),
        TaskQuery::All { after, limit } => page("", after, *limit),
    }
}

pub(super) fn head(db: &Connection, stream: Stream) -> Result<u64, Fault> {
    let head: Option<i64> = db
        .prepare_cached("SELECT head FROM heads WHERE stream = ?1")?
        .query_row([stream.code()], |row| row.get(0))
        .optional()?;
    Ok(head.unwrap_or(0) as u64)
}

/// Gives numbers. Every check comes before the first change, because a refusal must leave the shared
/// transaction as it was.
pub(super) fn number(
    db: &Connection,
    stream: Stream,
    expected: u64,
    entries: &[String],
    tasks: &[TaskRow],
) -> Result<Result<u64, NumberingRefused>, Fault> {
    let head = head(db, stream)?;
    if head != expected {
        return Ok(Err(NumberingRefused::HeadMoved { head }));
    }
    let code = stream.code();
    let mut rows: Vec<i64> = Vec::with_capacity(entries.len());
    let mut listed = std::collections::HashSet::with_capacity(entries.len());
    for entry in entries {
        let found = db
            .prepare_cached(
                "SELECT e.row, e.case_id, e.version FROM entries e JOIN pending p ON p.entry_row = e.row AND p.stream = ?2
                 WHERE e.entry_id = ?1",
            )?
            .query_row(params![entry, code], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()?;
        let Some((row, case, version)) = found else {
            return Ok(Err(NumberingRefused::NotPending { entry: entry.clone() }));
        };
        // Invariant: where the entry just before has a number, all before that have theirs too.
        let before: Option<i64> = db
            .prepare_cached(
                "SELECT e.row FROM entries e WHERE e.case_id = ?1 AND e.version < ?2 AND e.stream = ?3
                 ORDER BY e.version DESC LIMIT 1",
            )?
            .query_row(params![case, version, code], |row| row.get(0))
            .optional()?;
        if let Some(before) = before
            && !listed.contains(&before)
            && db
                .prepare_cached("SELECT 1 FROM pending WHERE stream = ?1 AND entry_row = ?2")?
                .exists(params![code, before])?
        {
            return Ok(Err(NumberingRefused::OutOfOrder { entry: entry.clone() }));
        }
        if !listed.insert(row) {
            return Ok(Err(NumberingRefused::NotPending { entry: entry.clone() }));
        }
        rows.push(row);
    }
    let mut next = head as i64;
    for row in rows {
        next += 1;
        db.prepare_cached("DELETE FROM pending WHERE stream = ?1 AND entry_row = ?2")?
            .execute(params![code, row])?;
        db.prepare_cached(
            "INSERT INTO numbers (entry_row, stream, number, institution)
             SELECT row, stream, ?2, institution FROM entries WHERE row = ?1",
        )?
        .execute(params![row, next])?;
    }
    db.prepare_cached(
        "INSERT INTO heads (stream, head) VALUES (?1, ?2) ON CONFLICT (stream) DO UPDATE SET head = ?2",
    )?
    .execute(params![code, next])?;
    insert_tasks(db, tasks)?;
    Ok(Ok(next as u64))
}
