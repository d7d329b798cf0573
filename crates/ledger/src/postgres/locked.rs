//! Reads what a batch depends on, and locks it until the transaction ends; always in the same order (see
//! [`super::schema`]), so that transactions of several processes never wait for each other in a circle.

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::PgConnection;

use super::claims;
use super::decide::{Head, Known};
use crate::commit::Release;
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::store::{CommitRows, Destruction};

/// What the batch depends on, and which subjects it made known.
pub(super) struct Locked {
    pub(super) known: Known,
    /// Subjects that nobody named before.
    pub(super) new_subjects: HashSet<String>,
}

/// Locks what these commits depend on; `None`: overtaken, to be tried again.
pub(super) async fn lock(db: &mut PgConnection, commits: &[&CommitRows]) -> Result<Option<Locked>, Fault> {
    let subjects = sorted(commits.iter().flat_map(|rows| rows.named().map(|(subject, ..)| subject)));
    let cases = sorted(commits.iter().flat_map(|rows| rows.writes.iter().map(|write| write.case.as_str())));
    let done = sorted(commits.iter().flat_map(|rows| rows.done.iter().map(|(task, _)| task.as_str())));
    let released = commits.iter().flat_map(|rows| rows.release.iter().map(Release::base));
    let taken = commits.iter().flat_map(|rows| rows.take.iter().map(|take| take.base.as_str()));
    let releases = commits.iter().any(|rows| !rows.release.is_empty());
    let bases = sorted(released.chain(taken));

    let mut known = Known::default();
    let mut new_subjects = HashSet::new();
    if !subjects.is_empty() {
        new_subjects = lock_subjects(db, &subjects).await?;
        known.destroyed = destroyed(db, &subjects).await?;
    }
    if !cases.is_empty() {
        known.heads = lock_cases(db, &cases).await?;
    }
    if !done.is_empty() {
        known.leased = lock_tasks(db, &done).await?;
    }
    if !bases.is_empty() {
        known.claims = claims::lock(db, &bases).await?;
        // If a claim was waited for, whoever held it may have taken others that this look did not show yet. What
        // is to be taken is found out by its key; only of what is released nobody would know.
        let absent: Vec<&str> = bases.into_iter().filter(|base| !known.claims.contains_key(*base)).collect();
        if releases && !absent.is_empty() && claims::came_meanwhile(db, &absent).await? {
            return Ok(None);
        }
    }
    Ok(Some(Locked { known, new_subjects }))
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// A subject's row is held by commits together and by a destruction alone: a commit that names the subject
/// either ends before the destruction begins, or sees it.
pub(super) async fn lock_subjects(
    db: &mut PgConnection,
    subjects: &[&str],
) -> Result<HashSet<String>, Fault> {
    let new: Vec<String> = sqlx::query_scalar(
        "INSERT INTO subjects (subject) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING subject",
    )
    .bind(subjects)
    .fetch_all(&mut *db)
    .await?;
    if new.len() < subjects.len() {
        sqlx::query("SELECT subject FROM subjects WHERE subject = ANY($1) ORDER BY subject FOR KEY SHARE")
            .bind(subjects)
            .execute(&mut *db)
            .await?;
    }
    Ok(new.into_iter().collect())
}

pub(super) async fn destroyed(
    db: &mut PgConnection,
    subjects: &[&str],
) -> Result<HashMap<String, Vec<Destruction>>, Fault> {
    let rows: Vec<(String, String, bool, String)> = sqlx::query_as(
        "SELECT subject, class, everywhere, institution FROM destroyed WHERE subject = ANY($1)",
    )
    .bind(subjects)
    .fetch_all(db)
    .await?;
    let mut found: HashMap<String, Vec<Destruction>> = HashMap::new();
    for (subject, class, everywhere, institution) in rows {
        let class = RetentionClass::from_code(&class).ok_or(Fault::Damaged("a destruction"))?;
        let institution = if everywhere { None } else { Some(institution) };
        let gone = Destruction { subject: subject.clone(), institution, classes: vec![class] };
        found.entry(subject).or_default().push(gone);
    }
    Ok(found)
}

async fn lock_cases(db: &mut PgConnection, cases: &[&str]) -> Result<HashMap<String, Head>, Fault> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT case_id, kind, version, position FROM cases WHERE case_id = ANY($1) ORDER BY case_id FOR UPDATE",
    )
    .bind(cases)
    .fetch_all(db)
    .await?;
    let head = |(case, kind, version, position)| (case, Head { kind, version: version as u64, position });
    Ok(rows.into_iter().map(head).collect())
}

async fn lock_tasks(db: &mut PgConnection, tasks: &[&str]) -> Result<HashMap<String, u64>, Fault> {
    let rows: Vec<(String, i16, i64)> = sqlx::query_as(
        "SELECT task_id, state, lease_epoch FROM tasks WHERE task_id = ANY($1) ORDER BY task_id FOR UPDATE",
    )
    .bind(tasks)
    .fetch_all(db)
    .await?;
    let leased = rows.into_iter().filter(|(_, state, _)| *state == 1);
    Ok(leased.map(|(task, _, epoch)| (task, epoch as u64)).collect())
}
