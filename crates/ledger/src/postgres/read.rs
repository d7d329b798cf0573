//! Reading cases, entries and index rows. Each call is one statement, so one snapshot.

use jiff::Timestamp;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Row};

use crate::commit::{Case, IndexRow, IndexValue, View};
use crate::entry::{EntryRow, RetentionClass, Stream, unpack_sealed};
use crate::error::Fault;
use crate::query::{CaseQuery, EntryQuery, ListQuery, Owner};
use crate::store::stored_json;

pub(super) fn time(milliseconds: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Fault::Damaged("a time"))
}

const CASE: &str =
    "SELECT case_id, kind, version, created_at, updated_at, institution, status, reference, state FROM cases";

fn case_row(row: &PgRow) -> Result<Case, Fault> {
    let view = match row.try_get::<Option<&str>, _>(8)? {
        Some(state) => Some(View {
            state: stored_json(state)?,
            status: row.try_get::<Option<String>, _>(6)?.unwrap_or_default(),
            reference: row.try_get(7)?,
            institution: row.try_get(5)?,
        }),
        None => None,
    };
    Ok(Case {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        version: row.try_get::<i64, _>(2)? as u64,
        created_at: time(row.try_get(3)?)?,
        updated_at: time(row.try_get(4)?)?,
        view,
    })
}

pub(super) async fn case(pool: &PgPool, id: &str) -> Result<Option<Case>, Fault> {
    let sql = AssertSqlSafe(format!("{CASE} WHERE case_id = $1"));
    sqlx::query(sql).bind(id).fetch_optional(pool).await?.as_ref().map(case_row).transpose()
}

pub(super) async fn cases(pool: &PgPool, query: &CaseQuery) -> Result<Vec<Case>, Fault> {
    let rows = match query {
        CaseQuery::Scan { after, limit } => {
            let sql = format!("{CASE} WHERE case_id > $1 ORDER BY case_id LIMIT $2");
            sqlx::query(AssertSqlSafe(sql))
                .bind(after.as_deref().unwrap_or(""))
                .bind(i64::from(*limit))
                .fetch_all(pool)
                .await?
        }
        CaseQuery::List(list) => list_sql(list).build().fetch_all(pool).await?,
    };
    rows.iter().map(case_row).collect()
}

fn list_sql(list: &ListQuery) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(CASE);
    sql.push(" WHERE state IS NOT NULL AND kind = ").push_bind(list.case_kind.clone());
    match &list.owner {
        Owner::Institution(institution) => {
            sql.push(" AND institution = ").push_bind(institution.clone());
        }
        Owner::Nobody => {
            sql.push(" AND institution IS NULL");
        }
        Owner::Anybody => {}
    }
    if let Some(status) = &list.status {
        sql.push(" AND status = ").push_bind(status.clone());
    }
    if let Some(reference) = &list.reference {
        sql.push(" AND reference = ").push_bind(reference.clone());
    }
    if let Some(from) = list.created_from {
        sql.push(" AND created_at >= ").push_bind(from.as_millisecond());
    }
    if let Some(before) = list.created_before {
        sql.push(" AND created_at < ").push_bind(before.as_millisecond());
    }
    if let Some(cursor) = &list.after {
        sql.push(" AND (created_at, case_id) < (").push_bind(cursor.created_ms);
        sql.push(", ").push_bind(cursor.case.clone()).push(")");
    }
    sql.push(" ORDER BY created_at DESC, case_id DESC LIMIT ").push_bind(i64::from(list.limit));
    sql
}

pub(super) const ENTRY: &str =
    "SELECT e.entry_id, e.case_id, e.version, e.stream, n.number, e.kind, e.institution, e.time, e.nonce,
  e.clear, e.clear_salts, e.sealed, e.commitments, e.leaf FROM";

pub(super) fn entry_row(row: &PgRow) -> Result<EntryRow, Fault> {
    const DAMAGED: Fault = Fault::Damaged("an entry's row");
    let commitments: Vec<u8> = row.try_get(12)?;
    if !commitments.len().is_multiple_of(32) {
        return Err(DAMAGED);
    }
    Ok(EntryRow {
        id: row.try_get(0)?,
        case: row.try_get(1)?,
        version: row.try_get::<i64, _>(2)? as u64,
        stream: Stream::from_code(row.try_get::<i16, _>(3)?.into()).ok_or(DAMAGED)?,
        number: row.try_get::<Option<i64>, _>(4)?.map(|number| number as u64),
        kind: row.try_get(5)?,
        institution: row.try_get(6)?,
        time: time(row.try_get(7)?)?,
        nonce: row.try_get::<&[u8], _>(8)?.try_into().map_err(|_| DAMAGED)?,
        clear: row.try_get(9)?,
        clear_salts: row.try_get(10)?,
        sealed: unpack_sealed(row.try_get(11)?)?,
        commitments,
        leaf: row.try_get::<&[u8], _>(13)?.try_into().map_err(|_| DAMAGED)?,
    })
}

pub(super) async fn entries(pool: &PgPool, query: &EntryQuery) -> Result<Vec<EntryRow>, Fault> {
    let number = "LEFT JOIN numbers n ON n.entry_id = e.entry_id";
    let rows = match query {
        EntryQuery::Ids(ids) => {
            let sql = format!(
                "{ENTRY} unnest($1::text[]) WITH ORDINALITY AS w(id, place) JOIN entries e ON e.entry_id = w.id {number}
                 ORDER BY w.place"
            );
            sqlx::query(AssertSqlSafe(sql)).bind(ids).fetch_all(pool).await?
        }
        EntryQuery::Case { case, after, limit } => {
            let sql = format!(
                "{ENTRY} entries e {number} WHERE e.case_id = $1 AND e.version > $2 ORDER BY e.version LIMIT $3"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(case).bind(*after as i64);
            query.bind(i64::from(*limit)).fetch_all(pool).await?
        }
        EntryQuery::Cases { cases, limit } => {
            let sql = format!(
                "{ENTRY} entries e {number} WHERE e.case_id = ANY($1) ORDER BY e.case_id, e.version LIMIT $2"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(cases);
            query.bind(i64::from(*limit)).fetch_all(pool).await?
        }
        EntryQuery::Numbered { stream, institution, after, limit } => {
            let of = if institution.is_some() { "n.institution = $4" } else { "$4::text IS NULL" };
            let sql = format!(
                "{ENTRY} numbers n JOIN entries e ON e.entry_id = n.entry_id
                 WHERE n.stream = $1 AND n.number > $2 AND {of} ORDER BY n.number LIMIT $3"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(stream.code() as i16).bind(*after as i64);
            query.bind(i64::from(*limit)).bind(institution).fetch_all(pool).await?
        }
        EntryQuery::Pending { stream, limit } => {
            let sql = format!(
                "{ENTRY} pending p JOIN entries e ON e.entry_id = p.entry_id {number}
                 WHERE p.stream = $1 ORDER BY p.position, p.case_id, p.version LIMIT $2"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(stream.code() as i16);
            query.bind(i64::from(*limit)).fetch_all(pool).await?
        }
    };
    rows.iter().map(entry_row).collect()
}

pub(super) async fn find(
    pool: &PgPool,
    purpose: &str,
    values: &[IndexValue],
) -> Result<Vec<IndexRow>, Fault> {
    let rows: Vec<(i64, String, String, String, Option<String>)> = sqlx::query_as(
        "SELECT w.place, p.subject, p.case_id, p.class, p.institution
         FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS w(value, key_version, place)
         JOIN people p ON p.purpose = $1 AND p.value = w.value AND p.key_version = w.key_version
         ORDER BY w.place, p.subject, p.case_id",
    )
    .bind(purpose)
    .bind(values.iter().map(|value| value.hex.as_str()).collect::<Vec<_>>())
    .bind(values.iter().map(|value| i64::from(value.key_version)).collect::<Vec<_>>())
    .fetch_all(pool)
    .await?;
    let found =
        |(place, subject, case, class, institution): (i64, String, String, String, Option<String>)| {
            const DAMAGED: Fault = Fault::Damaged("an index row");
            // Places count from 1.
            let value = usize::try_from(place - 1).ok().and_then(|place| values.get(place)).ok_or(DAMAGED)?;
            Ok(IndexRow {
                purpose: purpose.to_owned(),
                value: value.clone(),
                subject,
                class: RetentionClass::from_code(&class).ok_or(DAMAGED)?,
                case,
                institution,
            })
        };
    rows.into_iter().map(found).collect()
}

pub(super) async fn knows_subject(pool: &PgPool, subject: &str) -> Result<bool, Fault> {
    let known: Option<i32> = sqlx::query_scalar("SELECT 1 FROM subjects WHERE subject = $1")
        .bind(subject)
        .fetch_optional(pool)
        .await?;
    Ok(known.is_some())
}
