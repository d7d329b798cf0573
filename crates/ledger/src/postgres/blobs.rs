//! Blobs as rows of the store's database: sealed bytes beside their header.

use std::ops::Range;

use async_trait::async_trait;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::connect::{Ended, transaction};
use super::keys::vacuum;
use super::locked::{destroyed, lock_subjects};
use crate::blobs::{BlobRef, Blobs, Header, Kept, Walked};
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::store::Destruction;
use crate::text::Base64;

/// Headers looked at at once by a sweep.
const PAGE: i64 = 500;

pub(super) const HEADER: &str =
    "id, sha256, subject, institution, class, key_id, len, created_at, wrapped, case_id";

/// The table of blobs.
pub(crate) struct BlobTable {
    pool: PgPool,
}

impl BlobTable {
    /// In the store's own database.
    pub(crate) fn new(pool: PgPool) -> BlobTable {
        BlobTable { pool }
    }
}

pub(super) fn header(row: &PgRow) -> Result<(String, Header), Fault> {
    const DAMAGED: Fault = Fault::Damaged("a blob");
    let wrapped: &[u8] = row.try_get(8)?;
    let header = Header {
        id: row.try_get(0)?,
        subject: row.try_get(2)?,
        institution: row.try_get(3)?,
        class: RetentionClass::from_code(row.try_get(4)?).ok_or(DAMAGED)?,
        key_id: row.try_get(5)?,
        len: row.try_get::<i64, _>(6)? as u64,
        created_ms: row.try_get(7)?,
        wrapped: Base64(wrapped.try_into().map_err(|_| DAMAGED)?),
        case: row.try_get(9)?,
    };
    Ok((row.try_get(1)?, header))
}

/// Inserts a blob's row.
pub(super) async fn insert_blob(db: &mut PgConnection, blob: &BlobRef, kept: &Kept) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO blobs (id, sha256, subject, institution, class, key_id, len, created_at, wrapped, case_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&blob.id)
    .bind(&blob.sha256)
    .bind(&blob.subject)
    .bind(&blob.institution)
    .bind(blob.class.code())
    .bind(&kept.header.key_id)
    .bind(kept.header.len as i64)
    .bind(kept.header.created_ms)
    .bind(&kept.header.wrapped.0[..])
    .bind(&kept.header.case)
    .bind(&kept.sealed)
    .execute(db)
    .await?;
    Ok(())
}

#[async_trait]
impl Blobs for BlobTable {
    async fn put(&self, blob: &BlobRef, kept: Kept) -> Result<bool, Fault> {
        transaction(&self.pool, async |db| {
            // A blob makes its subject no more known than a file does; the row is there to be locked.
            let new = lock_subjects(db, &[&blob.subject]).await?;
            let gone = destroyed(db, &[&blob.subject]).await?;
            let covers = |gone: &Destruction| gone.covers(blob.institution.as_deref(), blob.class);
            if gone.values().flatten().any(covers) {
                return Ok(Ended::Leave(false));
            }
            insert_blob(db, blob, &kept).await?;
            if !new.is_empty() {
                sqlx::query("DELETE FROM subjects WHERE subject = $1")
                    .bind(&blob.subject)
                    .execute(db)
                    .await?;
            }
            Ok(Ended::Keep(true))
        })
        .await
    }

    async fn get(&self, blob: &BlobRef) -> Result<Kept, Fault> {
        let sql = AssertSqlSafe(format!("SELECT {HEADER}, sealed FROM blobs WHERE id = $1 AND sha256 = $2"));
        let row = sqlx::query(sql)
            .bind(&blob.id)
            .bind(&blob.sha256)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(Fault::Damaged("a blob that is not there"))?;
        let (_, header) = header(&row)?;
        Ok(Kept { header, sealed: row.try_get(10)? })
    }

    async fn remove(&self, blob: &BlobRef) -> Result<(), Fault> {
        sqlx::query("DELETE FROM blobs WHERE id = $1 AND sha256 = $2")
            .bind(&blob.id)
            .bind(&blob.sha256)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn destroy(&self, destruction: &Destruction) -> Result<(), Fault> {
        let classes: Vec<&str> = destruction.classes.iter().map(|class| class.code()).collect();
        let removed = sqlx::query(
            "DELETE FROM blobs WHERE subject = $1 AND class = ANY($2) AND ($3 OR institution IS NOT DISTINCT FROM $4)",
        )
        .bind(&destruction.subject)
        .bind(classes)
        .bind(destruction.institution.is_none())
        .bind(&destruction.institution)
        .execute(&self.pool)
        .await?;
        if removed.rows_affected() == 0 { Ok(()) } else { vacuum(&self.pool, "VACUUM blobs").await }
    }

    async fn has_any(&self, subject: &str) -> Result<bool, Fault> {
        let found: Option<i32> = sqlx::query_scalar("SELECT 1 FROM blobs WHERE subject = $1 LIMIT 1")
            .bind(subject)
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.is_some())
    }

    /// A part begins after an id and a hash, joined by a dot: neither holds one.
    async fn made_within(&self, made_ms: Range<i64>, after: Option<String>) -> Result<Walked, Fault> {
        let sql = AssertSqlSafe(format!(
            "SELECT {HEADER} FROM blobs WHERE (id, sha256) > ($1, $2) AND created_at >= $3 AND created_at < $4
             ORDER BY id, sha256 LIMIT $5"
        ));
        let after = after.unwrap_or_default();
        let (id, sha256) = after.split_once('.').unwrap_or_default();
        let query = sqlx::query(sql).bind(id).bind(sha256).bind(made_ms.start).bind(made_ms.end);
        let rows = query.bind(PAGE).fetch_all(&self.pool).await?;
        let named = |row| header(row).map(|(sha256, header)| header.named(sha256));
        let blobs = rows.iter().map(named).collect::<Result<Vec<_>, Fault>>()?;
        let next = blobs.last().map(|(blob, _)| format!("{}.{}", blob.id, blob.sha256));
        Ok(Walked { blobs, next })
    }
}
