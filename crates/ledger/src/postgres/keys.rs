//! Wrapped keys in a PostgreSQL database of their own, with backups of their own.
//!
//! What destroying means here: the wrapped bytes are overwritten and the table is vacuumed, so no session reads them
//! again. PostgreSQL never overwrites in place: old bytes may stay in the free space of a page, in its log, in
//! standbys and in backups until those are written anew or thrown away. They are wrapped: without the top key they
//! are noise, and the journal keeps a restored copy from giving them back.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use async_trait::async_trait;
use sqlx::postgres::PgPool;
use sqlx::{Executor, PgConnection, SqlSafeStr};

use super::connect::{Ended, connect, transaction};
use super::schema::{self, Step, Use};
use super::{SET_MARK, journal_mark};
use crate::error::Fault;
use crate::keys::{Kept, KeyName, Keys, NewKey, OldKey, WRAPPED};
use crate::store::{Destruction, JournalMark};

/// Connections of one process: keys are made once a case and read now and then.
const CONNECTIONS: u32 = 10;

/// `subjects` has a row for each subject, to be locked: a destruction and the making of a key for one subject come
/// one after the other. `state`: L live, D destroyed, O orphan (no case ever used it).
pub(super) const STEPS: &[Step] = &[Step {
    needs: 1,
    sql: r#"
CREATE TABLE top (one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1), id TEXT COLLATE "C" NOT NULL);
CREATE TABLE subjects (subject TEXT COLLATE "C" NOT NULL PRIMARY KEY);
CREATE TABLE data_keys (
  subject TEXT COLLATE "C" NOT NULL,
  institution TEXT COLLATE "C" NOT NULL,
  class TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  key_id TEXT COLLATE "C" NOT NULL,
  wrapped BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (subject, institution, class)
);
CREATE INDEX data_keys_live ON data_keys(key_id) WHERE state = 'L';
CREATE TABLE destroyed_everywhere (
  subject TEXT COLLATE "C" NOT NULL,
  class TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (subject, class)
);
CREATE TABLE index_keys (
  purpose TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  wrapped BYTEA NOT NULL,
  PRIMARY KEY (purpose, version)
);
CREATE TABLE journal_mark (
  one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
  count BIGINT NOT NULL,
  hash BYTEA NOT NULL
);
"#,
}];

/// The database of wrapped keys.
pub(crate) struct KeyTable {
    pool: PgPool,
}

impl KeyTable {
    /// Connects, for this top key.
    pub(crate) async fn open(
        url: &str,
        schema: Option<&str>,
        top_key: &str,
        wanted: Use,
    ) -> Result<KeyTable, Fault> {
        let pool = connect(url, CONNECTIONS, schema).await?;
        schema::prepare(&pool, "keys", STEPS, wanted).await?;
        sqlx::query("INSERT INTO top (one, id) VALUES (1, $1) ON CONFLICT DO NOTHING")
            .bind(top_key)
            .execute(&pool)
            .await?;
        let known: String = sqlx::query_scalar("SELECT id FROM top").fetch_one(&pool).await?;
        if known == top_key { Ok(KeyTable { pool }) } else { Err(Fault::WrongTopKey) }
    }
}

#[async_trait]
impl Keys for KeyTable {
    fn shared(&self) -> bool {
        true
    }

    async fn insert(&self, keys: Vec<NewKey>, now_ms: i64) -> Result<Option<Vec<bool>>, Fault> {
        transaction(&self.pool, async |db| {
            Ok(match insert(db, &keys, now_ms).await? {
                None => Ended::Leave(None),
                new => Ended::Keep(new),
            })
        })
        .await
    }

    async fn get(&self, name: &KeyName) -> Result<Kept, Fault> {
        let found: Option<(Option<String>, Option<String>, Option<Vec<u8>>, bool)> = sqlx::query_as(
            "SELECT k.state, k.key_id, k.wrapped,
               EXISTS (SELECT 1 FROM destroyed_everywhere d WHERE d.subject = $1 AND d.class = $3)
             FROM (SELECT 1) AS one
             LEFT JOIN data_keys k ON k.subject = $1 AND k.institution = $2 AND k.class = $3",
        )
        .bind(&name.subject)
        .bind(name.institution())
        .bind(name.class.code())
        .fetch_optional(&self.pool)
        .await?;
        Ok(match found {
            Some((Some(state), Some(key_id), Some(wrapped), _)) if state == "L" => {
                Kept::Live { key_id, wrapped }
            }
            Some((Some(state), ..)) if state == "D" => Kept::Destroyed,
            Some((.., true)) => Kept::Destroyed,
            _ => Kept::Missing,
        })
    }

    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        transaction(&self.pool, async |db| {
            destroy(db, &destruction).await?;
            sqlx::query(SET_MARK).bind(mark.count as i64).bind(&mark.hash[..]).execute(db).await?;
            Ok(Ended::Keep(()))
        })
        .await?;
        vacuum(&self.pool, "VACUUM data_keys").await
    }

    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        journal_mark(&self.pool).await
    }

    /// By key id, so in no order that means anything.
    async fn made_within(
        &self,
        made_ms: Range<i64>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<OldKey>, Fault> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT key_id, subject FROM data_keys WHERE state = 'L' AND created_at >= $1 AND created_at < $2 AND key_id > $3
             ORDER BY key_id LIMIT $4",
        )
        .bind(made_ms.start)
        .bind(made_ms.end)
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id, subject)| OldKey { id, subject }).collect())
    }

    async fn forget(&self, ids: Vec<String>) -> Result<(), Fault> {
        sqlx::query(
            "UPDATE data_keys SET state = 'O', wrapped = decode(repeat('00', length(wrapped)), 'hex')
             WHERE key_id = ANY($1) AND state = 'L'",
        )
        .bind(ids)
        .execute(&self.pool)
        .await?;
        vacuum(&self.pool, "VACUUM data_keys").await
    }

    async fn index_keys(&self, purpose: &str) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT version, wrapped FROM index_keys WHERE purpose = $1 ORDER BY version")
                .bind(purpose)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|(version, wrapped)| (version as u32, wrapped)).collect())
    }

    async fn add_index_key(&self, purpose: &str, version: u32, wrapped: Vec<u8>) -> Result<(), Fault> {
        sqlx::query(
            "INSERT INTO index_keys (purpose, version, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(purpose)
        .bind(i64::from(version))
        .bind(wrapped)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Takes dead rows out of their pages. On a large table this may take longer than any other statement.
pub(super) async fn vacuum(pool: &PgPool, sql: impl SqlSafeStr) -> Result<(), Fault> {
    let mut session = pool.acquire().await?;
    session.execute("SET statement_timeout = 0").await?;
    let vacuumed = session.execute(sqlx::raw_sql(sql)).await;
    // The session's own settings are made anew with the next one.
    session.close_on_drop();
    vacuumed?;
    Ok(())
}

/// Locks subjects against everybody else who makes or destroys keys of theirs.
async fn lock_subjects(db: &mut PgConnection, subjects: &[&str]) -> Result<(), Fault> {
    sqlx::query("INSERT INTO subjects (subject) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING")
        .bind(subjects)
        .execute(&mut *db)
        .await?;
    sqlx::query("SELECT 1 FROM subjects WHERE subject = ANY($1) ORDER BY subject FOR UPDATE")
        .bind(subjects)
        .execute(db)
        .await?;
    Ok(())
}

async fn insert(db: &mut PgConnection, keys: &[NewKey], now_ms: i64) -> Result<Option<Vec<bool>>, Fault> {
    let subjects: BTreeSet<&str> = keys.iter().map(|key| key.name.subject.as_str()).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    lock_subjects(db, &subjects).await?;
    let gone: Vec<(String, String)> =
        sqlx::query_as("SELECT subject, class FROM destroyed_everywhere WHERE subject = ANY($1)")
            .bind(&subjects)
            .fetch_all(&mut *db)
            .await?;
    let gone: HashSet<(String, String)> = gone.into_iter().collect();
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT subject, institution, class, state FROM data_keys WHERE subject = ANY($1)")
            .bind(&subjects)
            .fetch_all(&mut *db)
            .await?;
    let states: HashMap<(String, String, String), String> = rows
        .into_iter()
        .map(|(subject, institution, class, state)| ((subject, institution, class), state))
        .collect();
    let mut new = Vec::with_capacity(keys.len());
    for key in keys {
        let (subject, class) = (key.name.subject.clone(), key.name.class.code().to_owned());
        let state = states.get(&(subject.clone(), key.name.institution().to_owned(), class.clone()));
        if state.is_some_and(|state| state == "D") || gone.contains(&(subject, class)) {
            return Ok(None);
        }
        new.push(state.is_none_or(|state| state != "L"));
    }
    let fresh: Vec<&NewKey> = keys.iter().zip(&new).filter(|(_, new)| **new).map(|(key, _)| key).collect();
    sqlx::query(
        "INSERT INTO data_keys (subject, institution, class, state, key_id, wrapped, created_at)
         SELECT subject, institution, class, 'L', key_id, wrapped, $6
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
           AS n(subject, institution, class, key_id, wrapped)
         ON CONFLICT (subject, institution, class) DO UPDATE SET state = 'L', key_id = excluded.key_id,
           wrapped = excluded.wrapped, created_at = excluded.created_at",
    )
    .bind(fresh.iter().map(|key| key.name.subject.as_str()).collect::<Vec<_>>())
    .bind(fresh.iter().map(|key| key.name.institution()).collect::<Vec<_>>())
    .bind(fresh.iter().map(|key| key.name.class.code()).collect::<Vec<_>>())
    .bind(fresh.iter().map(|key| key.key_id.as_str()).collect::<Vec<_>>())
    .bind(fresh.iter().map(|key| key.wrapped.as_slice()).collect::<Vec<_>>())
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(Some(new))
}

async fn destroy(db: &mut PgConnection, destruction: &Destruction) -> Result<(), Fault> {
    let classes: Vec<&str> = destruction.classes.iter().map(|class| class.code()).collect();
    lock_subjects(db, &[&destruction.subject]).await?;
    match &destruction.institution {
        Some(institution) => {
            sqlx::query(
                "INSERT INTO data_keys (subject, institution, class, state, key_id, wrapped, created_at)
                 SELECT $1, $2, class, 'D', '', $4, 0 FROM unnest($3::text[]) AS c(class)
                 ON CONFLICT (subject, institution, class) DO UPDATE SET state = 'D', wrapped = excluded.wrapped",
            )
            .bind(&destruction.subject)
            .bind(institution)
            .bind(&classes)
            .bind(&[0u8; WRAPPED][..])
            .execute(&mut *db)
            .await?;
        }
        None => {
            sqlx::query(
                "UPDATE data_keys SET state = 'D', wrapped = $3 WHERE subject = $1 AND class = ANY($2)",
            )
            .bind(&destruction.subject)
            .bind(&classes)
            .bind(&[0u8; WRAPPED][..])
            .execute(&mut *db)
            .await?;
            sqlx::query(
                "INSERT INTO destroyed_everywhere (subject, class)
                 SELECT $1, class FROM unnest($2::text[]) AS c(class) ON CONFLICT DO NOTHING",
            )
            .bind(&destruction.subject)
            .bind(&classes)
            .execute(&mut *db)
            .await?;
        }
    }
    Ok(())
}
