//! Reading cases, entries, claims and index rows in SQL. Runs on reading connections.

use jiff::Timestamp;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::commit::{Case, Claim, IndexRow, IndexValue, View};
use crate::entry::{EntryRow, RetentionClass, Stream, unpack_sealed};
use crate::error::Fault;
use crate::query::{CaseQuery, EntryQuery, ListQuery, Owner};
use crate::store::stored_json;

pub(super) fn time(milliseconds: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Fault::Damaged("a time"))
}

const CASE: &str =
    "SELECT case_id, kind, version, created_at, updated_at, institution, status, reference, state FROM cases";

fn case_row(row: &Row<'_>) -> Result<Case, Fault> {
    let state: Option<String> = row.get(8)?;
    let view = match state {
        Some(state) => Some(View {
            state: stored_json(&state)?,
            status: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
            reference: row.get(7)?,
            institution: row.get(5)?,
        }),
        None => None,
    };
    Ok(Case {
        id: row.get(0)?,
        kind: row.get(1)?,
        version: row.get::<_, i64>(2)? as u64,
        created_at: time(row.get(3)?)?,
        updated_at: time(row.get(4)?)?,
        view,
    })
}

/// Reads all rows of a statement, each with its own kind of fault.
pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(read(row)?);
    }
    Ok(out)
}

pub(super) fn case(db: &Connection, id: &str) -> Result<Option<Case>, Fault> {
    Ok(all(db, &format!("{CASE} WHERE case_id = ?1"), [id], case_row)?.pop())
}

pub(super) fn cases(db: &Connection, query: &CaseQuery) -> Result<Vec<Case>, Fault> {
    match query {
        CaseQuery::Scan { after, limit } => all(
            db,
            &format!("{CASE} WHERE case_id > ?1 ORDER BY case_id LIMIT ?2"),
            params![after.as_deref().unwrap_or(""), limit],
            case_row,
        ),
        CaseQuery::List(list) => {
            let (sql, values) = list_sql(list);
            all(db, &sql, params_from_iter(values), case_row)
        }
    }
}

fn list_sql(list: &ListQuery) -> (String, Vec<Sql>) {
    let mut sql = format!("{CASE} WHERE state IS NOT NULL");
    let mut values: Vec<Sql> = Vec::new();
    let mut and = |condition: &str, new: Vec<Sql>| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.extend(new);
    };
    and("kind = ?", vec![list.case_kind.clone().into()]);
    match &list.owner {
        Owner::Institution(institution) => and("institution = ?", vec![institution.clone().into()]),
        Owner::Nobody => and("institution IS NULL", vec![]),
        Owner::Anybody => {}
    }
    if let Some(status) = &list.status {
        and("status = ?", vec![status.clone().into()]);
    }
    if let Some(reference) = &list.reference {
        and("reference = ?", vec![reference.clone().into()]);
    }
    if let Some(from) = list.created_from {
        and("created_at >= ?", vec![from.as_millisecond().into()]);
    }
    if let Some(before) = list.created_before {
        and("created_at < ?", vec![before.as_millisecond().into()]);
    }
    if let Some(cursor) = &list.after {
        and("(created_at, case_id) < (?, ?)", vec![cursor.created_ms.into(), cursor.case.clone().into()]);
    }
    sql.push_str(" ORDER BY created_at DESC, case_id DESC LIMIT ?");
    values.push(i64::from(list.limit).into());
    (sql, values)
}

/// An entry with its number; what follows says from where.
pub(super) const ENTRY: &str =
    "SELECT e.entry_id, e.case_id, e.version, e.stream, n.number, e.kind, e.institution, e.time, e.nonce,
  e.clear, e.clear_salts, e.sealed, e.commitments, e.leaf FROM";

pub(super) fn entry_row(row: &Row<'_>) -> Result<EntryRow, Fault> {
    const DAMAGED: Fault = Fault::Damaged("an entry's row");
    let bytes = |at: usize| row.get_ref(at).map_err(Fault::from)?.as_blob().map_err(|_| DAMAGED);
    let commitments = bytes(12)?.to_vec();
    if commitments.len() % 32 != 0 {
        return Err(DAMAGED);
    }
    Ok(EntryRow {
        id: row.get(0)?,
        case: row.get(1)?,
        version: row.get::<_, i64>(2)? as u64,
        stream: Stream::from_code(row.get(3)?).ok_or(DAMAGED)?,
        number: row.get::<_, Option<i64>>(4)?.map(|number| number as u64),
        kind: row.get(5)?,
        institution: row.get(6)?,
        time: time(row.get(7)?)?,
        nonce: bytes(8)?.try_into().map_err(|_| DAMAGED)?,
        clear: row.get(9)?,
        clear_salts: bytes(10)?.to_vec(),
        sealed: unpack_sealed(bytes(11)?)?,
        commitments,
        leaf: bytes(13)?.try_into().map_err(|_| DAMAGED)?,
    })
}

pub(super) fn entries(db: &Connection, query: &EntryQuery) -> Result<Vec<EntryRow>, Fault> {
    // A number of another stream is none.
    let number = "LEFT JOIN numbers n ON n.entry_row = e.row AND n.stream = e.stream";
    match query {
        EntryQuery::Ids(ids) => {
            let sql = format!("{ENTRY} entries e {number} WHERE e.entry_id = ?1");
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(all(db, &sql, [id], entry_row)?);
            }
            Ok(found)
        }
        EntryQuery::Case { case, after, limit } => all(
            db,
            &format!(
                "{ENTRY} entries e {number} WHERE e.case_id = ?1 AND e.version > ?2 ORDER BY e.version LIMIT ?3"
            ),
            params![case, *after as i64, limit],
            entry_row,
        ),
        EntryQuery::Cases { cases, limit } => {
            let sql = format!("{ENTRY} entries e {number} WHERE e.case_id = ?1 ORDER BY e.version LIMIT ?2");
            let sorted: std::collections::BTreeSet<&String> = cases.iter().collect();
            let mut found = Vec::new();
            for case in sorted {
                let left = *limit - found.len() as u32;
                found.extend(all(db, &sql, params![case, left], entry_row)?);
            }
            Ok(found)
        }
        EntryQuery::Numbered { stream, institution: None, after, limit } => all(
            db,
            &format!(
                "{ENTRY} numbers n CROSS JOIN entries e ON e.row = n.entry_row
                 WHERE n.stream = ?1 AND n.number > ?2 ORDER BY n.number LIMIT ?3"
            ),
            params![stream.code(), *after as i64, limit],
            entry_row,
        ),
        EntryQuery::Numbered { stream, institution: Some(institution), after, limit } => all(
            db,
            &format!(
                "{ENTRY} numbers n CROSS JOIN entries e ON e.row = n.entry_row
                 WHERE n.stream = ?1 AND n.institution = ?2 AND n.number > ?3 ORDER BY n.number LIMIT ?4"
            ),
            params![stream.code(), institution, *after as i64, limit],
            entry_row,
        ),
        EntryQuery::Pending { stream, limit } => all(
            db,
            &format!(
                "{ENTRY} pending p CROSS JOIN entries e ON e.row = p.entry_row {number}
                 WHERE p.stream = ?1 ORDER BY p.entry_row LIMIT ?2"
            ),
            params![stream.code(), limit],
            entry_row,
        ),
    }
}

pub(super) fn claims(db: &Connection, base: &str, now: Timestamp) -> Result<Vec<Claim>, Fault> {
    all(
        db,
        &format!("{CLAIM} WHERE base = ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY slot"),
        params![base, now.as_millisecond()],
        claim_row,
    )
}

pub(super) fn scan_claims(
    db: &Connection,
    after: Option<(String, Option<u32>)>,
    limit: u32,
) -> Result<Vec<Claim>, Fault> {
    // A base is never empty, so this stands before the first.
    let (base, slot) = after.unwrap_or_default();
    all(
        db,
        &format!("{CLAIM} WHERE (base, slot) > (?1, ?2) ORDER BY base, slot LIMIT ?3"),
        params![base, slot.unwrap_or(0), limit],
        claim_row,
    )
}

const CLAIM: &str = "SELECT base, slot, holder, expires_at, note FROM claims";

fn claim_row(row: &Row<'_>) -> Result<Claim, Fault> {
    let slot = u32::try_from(row.get::<_, i64>(1)?).map_err(|_| Fault::Damaged("a claim's slot"))?;
    Ok(Claim {
        base: row.get(0)?,
        slot: (slot > 0).then_some(slot),
        holder: row.get(2)?,
        expires_at: row.get::<_, Option<i64>>(3)?.map(time).transpose()?,
        note: row.get::<_, Option<String>>(4)?.as_deref().map(stored_json).transpose()?,
    })
}

pub(super) fn find(db: &Connection, purpose: &str, values: &[IndexValue]) -> Result<Vec<IndexRow>, Fault> {
    let mut found = Vec::new();
    for value in values {
        found.extend(all(
            db,
            "SELECT subject, case_id, class, institution FROM people
             WHERE purpose = ?1 AND value = ?2 AND key_version = ?3 ORDER BY subject, case_id",
            params![purpose, value.hex, value.key_version],
            |row| {
                let class: String = row.get(2)?;
                Ok(IndexRow {
                    purpose: purpose.to_owned(),
                    value: value.clone(),
                    subject: row.get(0)?,
                    case: row.get(1)?,
                    class: RetentionClass::from_code(&class).ok_or(Fault::Damaged("an index row"))?,
                    institution: row.get(3)?,
                })
            },
        )?);
    }
    Ok(found)
}

pub(super) fn knows_subject(db: &Connection, subject: &str) -> Result<bool, Fault> {
    let known = db
        .prepare_cached("SELECT 1 FROM subjects WHERE subject = ?1")?
        .query_row([subject], |_| Ok(()))
        .optional()?;
    Ok(known.is_some())
}
