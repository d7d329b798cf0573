//! Tasks and leases. A node decides about its own leases by the time that it is given; about those of other
//! nodes the database's clock decides, so that a node whose clock runs ahead takes nothing from one that lives.
//! Neither is what safety rests on: that is the epoch, which only grows.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};

use super::read::time;
use crate::commit::{Effect, LeasedTask, NewTask, Refused, TaskState};
use crate::error::Fault;
use crate::query::TaskQuery;
use crate::store::{LeaseRequest, Settle, stored_json};

/// The database's clock in milliseconds.
macro_rules! db_now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

pub(super) async fn lease(
    pool: &PgPool,
    node: &str,
    request: &LeaseRequest,
) -> Result<Vec<LeasedTask>, Fault> {
    adopt(pool, node, request).await?;
    // Rows that another node is taking in this moment are passed over: they are its own.
    let rows = sqlx::query(concat!(
        "UPDATE tasks SET state = 1, due_at = $5, attempt = tasks.attempt + 1, lease_epoch = tasks.lease_epoch + 1,
           worker = $6, node = $2, lease_ends = ",
        db_now!(),
        " + $7
         FROM (SELECT task_id, due_at FROM tasks
               WHERE kind = ANY($1) AND state < 2 AND due_at <= $3 AND (state = 0 OR node = $2)
               ORDER BY due_at, task_id LIMIT $4 FOR UPDATE SKIP LOCKED) AS due
         WHERE tasks.task_id = due.task_id
         RETURNING tasks.task_id, case_id, kind, effect, payload, attempt, lease_epoch, due.due_at, run_at"
    ))
    .bind(&request.kinds)
    .bind(node)
    .bind(request.now.as_millisecond())
    .bind(i64::from(request.limit))
    .bind(request.until.as_millisecond())
    .bind(&request.worker)
    .bind(request.until.as_millisecond() - request.now.as_millisecond())
    .fetch_all(pool)
    .await?;
    let leased = |row: &PgRow| {
        let task = LeasedTask {
            id: row.try_get(0)?,
            case: row.try_get(1)?,
            kind: row.try_get(2)?,
            effect: effect(row.try_get(3)?)?,
            payload: stored_json(row.try_get(4)?)?,
            attempt: row.try_get::<i64, _>(5)? as u32,
            lease_epoch: row.try_get::<i64, _>(6)? as u64,
            lease_until: time(request.until.as_millisecond())?,
            run_at: time(row.try_get(8)?)?,
        };
        Ok::<_, Fault>((row.try_get::<i64, _>(7)?, task))
    };
    // What an update gives back has no order.
    let mut tasks = rows.iter().map(leased).collect::<Result<Vec<_>, _>>()?;
    tasks.sort_by(|(a_due, a), (b_due, b)| (a_due, &a.id).cmp(&(b_due, &b.id)));
    Ok(tasks.into_iter().map(|(_, task)| task).collect())
}

/// Makes leases of other nodes that have run out by the database's clock this node's own, and due.
///
/// If we crash after this they are still leased under their old epoch, and still run out: the next one adopts them.
async fn adopt(pool: &PgPool, node: &str, request: &LeaseRequest) -> Result<(), Fault> {
    sqlx::query(concat!(
        "UPDATE tasks SET node = $2, due_at = least(tasks.due_at, $3)
         FROM (SELECT task_id FROM tasks
               WHERE kind = ANY($1) AND state = 1 AND node <> $2 AND lease_ends <= ",
        db_now!(),
        " LIMIT $4 FOR UPDATE SKIP LOCKED) AS over
         WHERE tasks.task_id = over.task_id"
    ))
    .bind(&request.kinds)
    .bind(node)
    .bind(request.now.as_millisecond())
    .bind(i64::from(request.limit))
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) fn effect(code: &str) -> Result<Effect, Fault> {
    Effect::from_code(code).ok_or(Fault::Damaged("a task's effect"))
}

pub(super) async fn settle(
    pool: &PgPool,
    task: &str,
    epoch: u64,
    word: &Settle,
) -> Result<Result<(), Refused>, Fault> {
    let (change, text, moment): (&'static str, &str, i64) = match word {
        Settle::Postpone(at) => (
            "UPDATE tasks SET state = 0, run_at = $3, due_at = $3, worker = NULL, node = NULL, lease_ends = NULL
             WHERE task_id = $1 AND state = 1 AND lease_epoch = $2 AND $4 = ''",
            "",
            at.as_millisecond(),
        ),
        // Both clocks had the same span before them, and get the same span more.
        Settle::Extend(until) => (
            "UPDATE tasks SET due_at = greatest(due_at, $3), lease_ends = lease_ends + greatest(0, $3 - due_at)
             WHERE task_id = $1 AND state = 1 AND lease_epoch = $2 AND $4 = ''",
            "",
            until.as_millisecond(),
        ),
        Settle::Dead(reason) => (
            "UPDATE tasks SET state = 2, reason = $4, worker = NULL, node = NULL, lease_ends = NULL
             WHERE task_id = $1 AND state = 1 AND lease_epoch = $2 AND $3 = 0",
            reason,
            0,
        ),
    };
    let changed =
        sqlx::query(change).bind(task).bind(epoch as i64).bind(moment).bind(text).execute(pool).await?;
    let held = changed.rows_affected() == 1;
    Ok(if held { Ok(()) } else { Err(Refused::Fenced { task: task.to_owned() }) })
}

pub(super) async fn next_due(
    pool: &PgPool,
    node: &str,
    kinds: &[String],
) -> Result<Option<Timestamp>, Fault> {
    let first: Option<i64> = sqlx::query_scalar(
        "SELECT min(CASE WHEN state = 0 OR node = $2 THEN due_at ELSE lease_ends END)
         FROM tasks WHERE kind = ANY($1) AND state < 2",
    )
    .bind(kinds)
    .bind(node)
    .fetch_one(pool)
    .await?;
    first.map(time).transpose()
}

pub(super) async fn revive(pool: &PgPool, task: &str, run_at: Timestamp) -> Result<bool, Fault> {
    let changed = sqlx::query(
        "UPDATE tasks SET state = 0, run_at = $2, due_at = $2, reason = NULL WHERE task_id = $1 AND state = 2",
    )
    .bind(task)
    .bind(run_at.as_millisecond())
    .execute(pool)
    .await?;
    Ok(changed.rows_affected() == 1)
}

const TASK: &str =
    "SELECT task_id, case_id, kind, effect, payload, run_at, state, due_at, attempt, lease_epoch, worker,
  reason FROM tasks";

fn task_row(row: &PgRow) -> Result<TaskState, Fault> {
    let leased = row.try_get::<i16, _>(6)? == 1;
    Ok(TaskState {
        task: NewTask {
            id: row.try_get(0)?,
            case: row.try_get(1)?,
            kind: row.try_get(2)?,
            effect: effect(row.try_get(3)?)?,
            payload: stored_json(row.try_get(4)?)?,
            run_at: time(row.try_get(5)?)?,
        },
        attempt: row.try_get::<i64, _>(8)? as u32,
        lease_epoch: row.try_get::<i64, _>(9)? as u64,
        leased: match row.try_get::<Option<String>, _>(10)? {
            Some(worker) if leased => Some((worker, time(row.try_get(7)?)?)),
            _ => None,
        },
        dead: row.try_get(11)?,
    })
}

pub(super) async fn tasks(pool: &PgPool, query: &TaskQuery) -> Result<Vec<TaskState>, Fault> {
    let page = |condition: &str| {
        AssertSqlSafe(format!("{TASK} WHERE task_id > $1 {condition} ORDER BY task_id LIMIT $2"))
    };
    let rows = match query {
        TaskQuery::Case(case) => {
            let sql = AssertSqlSafe(format!("{TASK} WHERE case_id = $1 ORDER BY task_id"));
            sqlx::query(sql).bind(case).fetch_all(pool).await?
        }
        TaskQuery::Dead { after, limit } => {
            let query = sqlx::query(page("AND state = 2")).bind(after.as_deref().unwrap_or(""));
            query.bind(i64::from(*limit)).fetch_all(pool).await?
        }
        TaskQuery::All { after, limit } => {
            let query = sqlx::query(page("")).bind(after.as_deref().unwrap_or(""));
            query.bind(i64::from(*limit)).fetch_all(pool).await?
        }
    };
    rows.iter().map(task_row).collect()
}
