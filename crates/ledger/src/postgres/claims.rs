//! Claims: one row for each base, with all of its slots in it. Who locks the row has them all, also those that
//! nobody holds yet; with a row for each slot two transactions could wait for each other's.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::postgres::PgPool;

use super::connect::{Ended, transaction};
use super::read::time;
use crate::commit::Claim;
use crate::error::Fault;
use crate::store::stored_json;

/// A claim that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) holder: String,
    pub(super) expires_at: Option<i64>,
    pub(super) note: Option<String>,
}

impl Held {
    pub(super) fn live(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|expires| expires > now)
    }
}

/// The claims under one base, by slot; slot 0 is the one without slots.
pub(super) type Slots = BTreeMap<i64, Held>;

pub(super) fn parse(held: &str) -> Result<Slots, Fault> {
    serde_json::from_str(held).map_err(|_| Fault::Damaged("a claim"))
}

/// Reads and locks the claims under these bases, which are sorted.
pub(super) async fn lock(db: &mut PgConnection, bases: &[&str]) -> Result<HashMap<String, Slots>, Fault> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT base, held FROM claims WHERE base = ANY($1) ORDER BY base FOR UPDATE")
            .bind(bases)
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|(base, held)| Ok((base, parse(&held)?))).collect()
}

/// Whether any of these bases has a row that was not there when the others were locked.
pub(super) async fn came_meanwhile(db: &mut PgConnection, bases: &[&str]) -> Result<bool, Fault> {
    let found: Option<i32> = sqlx::query_scalar("SELECT 1 FROM claims WHERE base = ANY($1) LIMIT 1")
        .bind(bases)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}

/// Makes the rows `after` of those that stand in `before`. `false`: somebody made one of the new ones meanwhile.
pub(super) async fn write(
    db: &mut PgConnection,
    before: &HashMap<String, Slots>,
    after: &HashMap<String, Slots>,
) -> Result<bool, Fault> {
    let mut bases: Vec<&str> = after.keys().map(String::as_str).collect();
    bases.sort_unstable();
    let (mut gone, mut changed, mut new) = (Vec::new(), Rows::default(), Rows::default());
    for base in bases {
        let is = &after[base];
        match before.get(base) {
            Some(was) if was == is => {}
            Some(_) if is.is_empty() => gone.push(base),
            Some(_) => changed.push(base, is)?,
            None if is.is_empty() => {}
            None => new.push(base, is)?,
        }
    }
    if !gone.is_empty() {
        sqlx::query("DELETE FROM claims WHERE base = ANY($1)").bind(gone).execute(&mut *db).await?;
    }
    if !changed.bases.is_empty() {
        sqlx::query(
            "UPDATE claims SET held = n.held, expires_at = n.expires_at
             FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n(base, held, expires_at)
             WHERE claims.base = n.base",
        )
        .bind(changed.bases)
        .bind(changed.held)
        .bind(changed.expires_at)
        .execute(&mut *db)
        .await?;
    }
    let wanted = new.bases.len() as u64;
    if wanted == 0 {
        return Ok(true);
    }
    let made = sqlx::query(
        "INSERT INTO claims (base, held, expires_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING",
    )
    .bind(new.bases)
    .bind(new.held)
    .bind(new.expires_at)
    .execute(db)
    .await?;
    Ok(made.rows_affected() == wanted)
}

#[derive(Default)]
struct Rows<'a> {
    bases: Vec<&'a str>,
    held: Vec<String>,
    /// When the first of them runs out.
    expires_at: Vec<Option<i64>>,
}

impl<'a> Rows<'a> {
    fn push(&mut self, base: &'a str, slots: &Slots) -> Result<(), Fault> {
        self.bases.push(base);
        self.held.push(serde_json::to_string(slots).map_err(|_| Fault::Invalid("a claim"))?);
        self.expires_at.push(slots.values().filter_map(|held| held.expires_at).min());
        Ok(())
    }
}

/// Makes rows for bases that have none.
pub(super) async fn insert(db: &mut PgConnection, new: &[(String, Slots)]) -> Result<(), Fault> {
    let after: HashMap<String, Slots> = new.iter().cloned().collect();
    let made = after.len() == new.len() && write(db, &HashMap::new(), &after).await?;
    if made { Ok(()) } else { Err(Fault::Invalid("a claim twice")) }
}

/// The live claims under a base, by slot.
pub(super) async fn live(pool: &PgPool, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
    let held: Option<String> =
        sqlx::query_scalar("SELECT held FROM claims WHERE base = $1").bind(base).fetch_optional(pool).await?;
    let slots = held.as_deref().map(parse).transpose()?.unwrap_or_default();
    let live = slots.into_iter().filter(|(_, held)| held.live(now.as_millisecond()));
    live.map(|(slot, held)| claim(base, slot, held)).collect()
}

fn claim(base: &str, slot: i64, held: Held) -> Result<Claim, Fault> {
    let slot = u32::try_from(slot).map_err(|_| Fault::Damaged("a claim's slot"))?;
    Ok(Claim {
        base: base.to_owned(),
        slot: (slot > 0).then_some(slot),
        holder: held.holder,
        expires_at: held.expires_at.map(time).transpose()?,
        note: held.note.as_deref().map(stored_json).transpose()?,
    })
}

/// All claims after one, by base and slot.
pub(super) async fn scan(
    pool: &PgPool,
    after: Option<(String, Option<u32>)>,
    limit: u32,
) -> Result<Vec<Claim>, Fault> {
    // A base is never empty, so this stands before the first.
    let (first, seen) = after.map(|(base, slot)| (base, i64::from(slot.unwrap_or(0)))).unwrap_or_default();
    // Each row holds one claim at least; of the first some or all may have been seen.
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT base, held FROM claims WHERE base >= $1 ORDER BY base LIMIT $2")
            .bind(&first)
            .bind(i64::from(limit) + 1)
            .fetch_all(pool)
            .await?;
    let mut found = Vec::new();
    for (base, held) in rows {
        for (slot, held) in parse(&held)? {
            if found.len() == limit as usize {
                return Ok(found);
            }
            if base != first || slot > seen {
                found.push(claim(&base, slot, held)?);
            }
        }
    }
    Ok(found)
}

/// Removes claims that have run out, at most `limit`. Bases that a commit holds in this moment are passed over.
pub(super) async fn sweep(pool: &PgPool, now: Timestamp, limit: u32) -> Result<u64, Fault> {
    let now = now.as_millisecond();
    transaction(pool, async |db| {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT base, held FROM claims WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
             FOR UPDATE SKIP LOCKED",
        )
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(&mut *db)
        .await?;
        let mut left = limit as usize;
        let (mut before, mut after) = (HashMap::new(), HashMap::new());
        for (base, held) in rows {
            let was = parse(&held)?;
            let over: HashSet<i64> =
                was.iter().filter(|(_, held)| !held.live(now)).map(|(slot, _)| *slot).take(left).collect();
            left -= over.len();
            let mut is = was.clone();
            is.retain(|slot, _| !over.contains(slot));
            before.insert(base.clone(), was);
            after.insert(base, is);
        }
        write(db, &before, &after).await?;
        Ok(Ended::Keep(u64::from(limit) - left as u64))
    })
    .await
}
