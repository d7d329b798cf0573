//! The rows of a ledger's store, into PostgreSQL: one statement for each table and page.

use jiff::Timestamp;
use sqlx::PgConnection;

use crate::commit::IndexRow;
use crate::entry::EntryRow;
use crate::error::Fault;
use crate::portable::{CaseRow, ClaimRow, DestroyedRow, Row, TaskCopy};
use crate::postgres::claims::{self, Held, Slots};
use crate::postgres::write::{insert_entry_rows, insert_pending, insert_people};
use crate::postgres::{SET_MARK, write::column};
use crate::store::JournalMark;

/// Before the position of any commit: positions are times.
const FIRST_POSITION: i64 = i64::MIN / 2;

/// What was filled in so far.
pub(super) struct Filled {
    /// Where the next pending entry stands.
    position: i64,
    /// The claims of the last base: there may be more of them.
    open: Option<(String, Slots)>,
}

impl Default for Filled {
    fn default() -> Self {
        Filled { position: FIRST_POSITION, open: None }
    }
}

/// A page's rows, by table.
#[derive(Default)]
struct Page {
    heads: Vec<(i16, i64)>,
    destroyed: Vec<DestroyedRow>,
    subjects: Vec<String>,
    cases: Vec<CaseRow>,
    entries: Vec<EntryRow>,
    claims: Vec<(String, Slots)>,
    tasks: Vec<TaskCopy>,
    index: Vec<IndexRow>,
}

impl Filled {
    pub(super) async fn insert(&mut self, db: &mut PgConnection, rows: Vec<Row>) -> Result<(), Fault> {
        let mut page = Page::default();
        for row in rows {
            match row {
                Row::Journal(mark) => set_mark(db, mark).await?,
                Row::Head(stream, head) => page.heads.push((stream.code() as i16, head as i64)),
                Row::Destroyed(gone) => page.destroyed.push(gone),
                Row::Subject(subject) => page.subjects.push(subject),
                Row::Case(case) => page.cases.push(case),
                Row::Entry(entry) => page.entries.push(entry),
                Row::Claim(claim) => page.claims.extend(self.claim(claim)?),
                Row::Task(copy) => page.tasks.push(copy),
                Row::Index(row) => page.index.push(row),
                Row::Blob(_) | Row::TopKey(_) | Row::DataKey(_) | Row::IndexKey(_) => {
                    return Err(Fault::Invalid("a blob or a key for a ledger's store"));
                }
            }
        }
        page.write(db, &mut self.position).await
    }

    /// Adds a claim to those of its base, and answers those of the base before it.
    fn claim(&mut self, claim: ClaimRow) -> Result<Option<(String, Slots)>, Fault> {
        let ClaimRow { base, slot, holder, expires_at, note } = claim;
        let before = self.open.take_if(|(open, _)| *open != base);
        let (_, slots) = self.open.get_or_insert_with(|| (base, Slots::new()));
        let held = Held { holder, expires_at: expires_at.map(Timestamp::as_millisecond), note };
        match slots.insert(i64::from(slot), held) {
            None => Ok(before),
            Some(_) => Err(Fault::Invalid("a claim twice")),
        }
    }

    pub(super) async fn finish(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        let page = Page { claims: self.open.take().into_iter().collect(), ..Page::default() };
        page.write(db, &mut self.position).await
    }
}

/// Sets the journal's mark where there is one.
pub(super) async fn set_mark(db: &mut PgConnection, mark: JournalMark) -> Result<(), Fault> {
    if mark.count > 0 {
        sqlx::query(SET_MARK).bind(mark.count as i64).bind(&mark.hash[..]).execute(db).await?;
    }
    Ok(())
}

impl Page {
    async fn write(self, db: &mut PgConnection, position: &mut i64) -> Result<(), Fault> {
        if !self.heads.is_empty() {
            sqlx::query(
                "INSERT INTO heads (stream, head) SELECT * FROM unnest($1::smallint[], $2::bigint[])",
            )
            .bind(column!(self.heads, (stream, _) => *stream))
            .bind(column!(self.heads, (_, head) => *head))
            .execute(&mut *db)
            .await?;
        }
        if !self.destroyed.is_empty() {
            insert_destroyed(db, &self.destroyed).await?;
        }
        if !self.subjects.is_empty() {
            sqlx::query("INSERT INTO subjects (subject) SELECT * FROM unnest($1::text[])")
                .bind(&self.subjects)
                .execute(&mut *db)
                .await?;
        }
        if !self.cases.is_empty() {
            insert_cases(db, &self.cases).await?;
        }
        if !self.entries.is_empty() {
            insert_entries(db, &self.entries, position).await?;
        }
        if !self.claims.is_empty() {
            claims::insert(db, &self.claims).await?;
        }
        if !self.tasks.is_empty() {
            insert_tasks(db, &self.tasks).await?;
        }
        if !self.index.is_empty() {
            insert_people(db, &self.index.iter().collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}

async fn insert_destroyed(db: &mut PgConnection, gone: &[DestroyedRow]) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO destroyed (subject, class, everywhere, institution)
         SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[])",
    )
    .bind(column!(gone, row => row.subject.as_str()))
    .bind(column!(gone, row => row.class.code()))
    .bind(column!(gone, row => row.institution.is_none()))
    .bind(column!(gone, row => row.institution.as_deref().unwrap_or("")))
    .execute(db)
    .await?;
    Ok(())
}

/// Whatever is committed to a case from now on comes after its last commit.
async fn insert_cases(db: &mut PgConnection, cases: &[CaseRow]) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO cases (case_id, kind, version, position, created_at, updated_at, institution, status, reference,
           state)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
           $7::text[], $8::text[], $9::text[], $10::text[])",
    )
    .bind(column!(cases, case => case.id.as_str()))
    .bind(column!(cases, case => case.kind.as_str()))
    .bind(column!(cases, case => case.version as i64))
    .bind(column!(cases, case => case.updated_at.as_millisecond()))
    .bind(column!(cases, case => case.created_at.as_millisecond()))
    .bind(column!(cases, case => case.updated_at.as_millisecond()))
    .bind(column!(cases, case => case.institution.as_deref()))
    .bind(column!(cases, case => case.status.as_deref()))
    .bind(column!(cases, case => case.reference.as_deref()))
    .bind(column!(cases, case => case.state.as_deref()))
    .execute(db)
    .await?;
    Ok(())
}

/// Those that wait for their number stand in the order in which they come, and before all that is committed later.
async fn insert_entries(
    db: &mut PgConnection,
    entries: &[EntryRow],
    position: &mut i64,
) -> Result<(), Fault> {
    let all: Vec<&EntryRow> = entries.iter().collect();
    insert_entry_rows(db, &all).await?;
    let mut pending = Vec::new();
    let mut numbered = Vec::new();
    for entry in entries {
        match entry.number {
            Some(number) => numbered.push((entry, number as i64)),
            None => {
                pending.push((entry, *position));
                *position += 1;
            }
        }
    }
    if !pending.is_empty() {
        insert_pending(db, &pending).await?;
    }
    if numbered.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO numbers (stream, number, entry_id, institution)
         SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[])",
    )
    .bind(column!(numbered, (entry, _) => entry.stream.code() as i16))
    .bind(column!(numbered, (_, number) => *number))
    .bind(column!(numbered, (entry, _) => entry.id.as_str()))
    .bind(column!(numbered, (entry, _) => entry.institution.as_deref()))
    .execute(db)
    .await?;
    Ok(())
}

/// A lease was of another process and another clock: it runs out by the database's, like that of a node which is
/// gone. No node has an empty name.
async fn insert_tasks(db: &mut PgConnection, tasks: &[TaskCopy]) -> Result<(), Fault> {
    let leased = |copy: &TaskCopy| {
        let lease = copy.leased.as_ref().filter(|_| copy.dead.is_none());
        lease.map(|(_, until)| until.as_millisecond())
    };
    let state = |copy: &TaskCopy| match (&copy.dead, &copy.leased) {
        (Some(_), _) => 2i16,
        (None, Some(_)) => 1,
        (None, None) => 0,
    };
    sqlx::query(
        "INSERT INTO tasks (task_id, case_id, kind, effect, payload, run_at, state, attempt, lease_epoch, worker, reason,
           due_at, lease_ends, node)
         SELECT task_id, case_id, kind, effect, payload, run_at, state, attempt, lease_epoch, worker, reason,
           coalesce(t.lease_ends, t.run_at), t.lease_ends,
           CASE WHEN t.lease_ends IS NULL THEN NULL ELSE '' END
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::smallint[],
           $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::bigint[])
           AS t(task_id, case_id, kind, effect, payload, run_at, state, attempt, lease_epoch, worker, reason, lease_ends)",
    )
    .bind(column!(tasks, copy => copy.task.id.as_str()))
    .bind(column!(tasks, copy => copy.task.case.as_str()))
    .bind(column!(tasks, copy => copy.task.kind.as_str()))
    .bind(column!(tasks, copy => copy.task.effect.code()))
    .bind(column!(tasks, copy => copy.task.payload.as_str()))
    .bind(column!(tasks, copy => copy.task.run_at.as_millisecond()))
    .bind(column!(tasks, copy => state(copy)))
    .bind(column!(tasks, copy => i64::from(copy.attempt)))
    .bind(column!(tasks, copy => copy.lease_epoch as i64))
    .bind(column!(tasks, copy => copy.leased.as_ref().filter(|_| copy.dead.is_none()).map(|(worker, _)| worker.as_str())))
    .bind(column!(tasks, copy => copy.dead.as_deref()))
    .bind(column!(tasks, copy => leased(copy)))
    .execute(db)
    .await?;
    Ok(())
}
