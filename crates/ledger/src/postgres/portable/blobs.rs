//! Blobs, out of PostgreSQL and in. They are read some at a time, each page in a moment of its own.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::error::Fault;
use crate::portable::pages::Pages;
use crate::portable::{BlobCopy, Moment, Row};
use crate::postgres::blobs::{HEADER, header, insert_blob};
use crate::store::JournalMark;

/// Blobs read at once: they may be megabytes each.
const PAGE: i64 = 8;

pub(super) async fn read(pool: &PgPool, out: &mut Pages) -> Result<(), Fault> {
    out.begin(Moment { journal: JournalMark { count: 0, hash: [0; 32] }, heads: Vec::new(), rows: 0 });
    let sql = format!(
        "SELECT {HEADER}, sealed FROM blobs WHERE (id, sha256) > ($1, $2) ORDER BY id, sha256 LIMIT $3"
    );
    let mut last = (String::new(), String::new());
    loop {
        let page = sqlx::query(AssertSqlSafe(sql.as_str()))
            .bind(&last.0)
            .bind(&last.1)
            .bind(PAGE)
            .fetch_all(pool)
            .await?;
        if page.is_empty() {
            return Ok(());
        }
        for row in page {
            let (sha256, header) = header(&row)?;
            last = (header.id.clone(), sha256.clone());
            let kept = crate::blobs::Kept { header, sealed: row.try_get(10)? };
            out.give(Row::Blob(BlobCopy::of(kept, sha256)?)).await?;
        }
    }
}

pub(super) async fn insert(db: &mut PgConnection, rows: Vec<Row>) -> Result<(), Fault> {
    for row in rows {
        let Row::Blob(copy) = row else { return Err(Fault::Invalid("no blob for a table of blobs")) };
        let (blob, kept) = copy.into_kept();
        insert_blob(db, &blob, &kept).await?;
    }
    Ok(())
}
