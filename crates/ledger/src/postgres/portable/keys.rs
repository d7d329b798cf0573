//! The rows of a store of keys, out of PostgreSQL and in. They are read page by page, each in a moment of its own, so
//! that no old version of a destroyed key is kept for a copy.

use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgPool;

use super::ledger_in::set_mark;
use super::ledger_out::class;
use crate::error::Fault;
use crate::portable::pages::Pages;
use crate::portable::{DataKeyRow, DestroyedRow, IndexKeyRow, KeyState, Moment, Row};
use crate::postgres::journal_mark;
use crate::postgres::read::time;
use crate::postgres::write::column;

/// Keys read at once: some milliseconds.
const PAGE: i64 = 5_000;

pub(super) async fn read(pool: &PgPool, out: &mut Pages) -> Result<(), Fault> {
    // First of all: whatever is destroyed from now on is in the journal behind this mark.
    let journal = journal_mark(pool).await?;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM data_keys").fetch_one(pool).await?;
    out.begin(Moment { journal, heads: Vec::new(), rows: rows as u64 });
    out.give(Row::Journal(journal)).await?;
    // Before the keys: a key that was there when this was read and is gone when its turn comes is marked as gone.
    let gone = sqlx::query("SELECT subject, class FROM destroyed_everywhere ORDER BY subject, class")
        .fetch_all(pool)
        .await?;
    for row in gone {
        let (subject, class) = (row.try_get(0)?, class(&row, 1)?);
        out.give(Row::Destroyed(DestroyedRow { subject, class, institution: None })).await?;
    }
    let top: Vec<String> = sqlx::query_scalar("SELECT id FROM top").fetch_all(pool).await?;
    for id in top {
        out.give(Row::TopKey(id)).await?;
    }
    let mut last = (String::new(), String::new(), String::new());
    loop {
        let page = sqlx::query(
            "SELECT state, key_id, wrapped, created_at, subject, institution, class FROM data_keys
             WHERE (subject, institution, class) > ($1, $2, $3) ORDER BY subject, institution, class LIMIT $4",
        )
        .bind(&last.0)
        .bind(&last.1)
        .bind(&last.2)
        .bind(PAGE)
        .fetch_all(pool)
        .await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let key = DataKeyRow {
                state: KeyState::from_code(row.try_get(0)?).ok_or(Fault::Damaged("a data key's state"))?,
                key_id: row.try_get(1)?,
                wrapped: row.try_get(2)?,
                created_at: time(row.try_get(3)?)?,
                subject: row.try_get(4)?,
                institution: row.try_get(5)?,
                class: class(&row, 6)?,
            };
            last = (key.subject.clone(), key.institution.clone(), key.class.code().to_owned());
            out.give(Row::DataKey(key.sound()?)).await?;
        }
    }
    let keys = sqlx::query("SELECT purpose, version, wrapped FROM index_keys ORDER BY purpose, version")
        .fetch_all(pool)
        .await?;
    for row in keys {
        let version = row.try_get::<i64, _>(1)? as u32;
        out.give(Row::IndexKey(IndexKeyRow { purpose: row.try_get(0)?, version, wrapped: row.try_get(2)? }))
            .await?;
    }
    Ok(())
}

/// Rows to lock subjects by are made when they are needed.
pub(super) async fn insert(db: &mut PgConnection, rows: Vec<Row>) -> Result<(), Fault> {
    let mut keys = Vec::new();
    for row in rows {
        match row {
            Row::Journal(mark) => set_mark(db, mark).await?,
            Row::Destroyed(gone) => {
                if gone.institution.is_some() {
                    return Err(Fault::Invalid("a destruction at one institution among the keys"));
                }
                sqlx::query("INSERT INTO destroyed_everywhere (subject, class) VALUES ($1, $2)")
                    .bind(gone.subject)
                    .bind(gone.class.code())
                    .execute(&mut *db)
                    .await?;
            }
            Row::TopKey(id) => {
                sqlx::query("INSERT INTO top (one, id) VALUES (1, $1)").bind(id).execute(&mut *db).await?;
            }
            Row::DataKey(key) => keys.push(key.sound()?),
            Row::IndexKey(key) => {
                sqlx::query("INSERT INTO index_keys (purpose, version, wrapped) VALUES ($1, $2, $3)")
                    .bind(key.purpose)
                    .bind(i64::from(key.version))
                    .bind(key.wrapped)
                    .execute(&mut *db)
                    .await?;
            }
            _ => return Err(Fault::Invalid("a ledger's row or a blob for a store of keys")),
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO data_keys (subject, institution, class, state, key_id, wrapped, created_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bigint[])",
    )
    .bind(column!(keys, key => key.subject.as_str()))
    .bind(column!(keys, key => key.institution.as_str()))
    .bind(column!(keys, key => key.class.code()))
    .bind(column!(keys, key => key.state.code()))
    .bind(column!(keys, key => key.key_id.as_str()))
    .bind(column!(keys, key => key.wrapped.as_slice()))
    .bind(column!(keys, key => key.created_at.as_millisecond()))
    .execute(db)
    .await?;
    Ok(())
}
