//! Many callers' commits in one transaction (group commit). One batch is written while the next one gathers.
//! Refuses to know what is written: it decides, undoes and tries again.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::postgres::PgPool;
use tokio::sync::{mpsc, oneshot, watch};

use super::connect::{Ended, transaction};
use super::decide::{Outcome, decide};
use super::locked::{Locked, lock};
use super::ring;
use super::write::{Written, write};
use crate::error::Fault;
use crate::store::CommitRows;

/// Measured: above 256 the throughput no longer grows, but the first of a batch waits longer.
const BATCH: usize = 256;

/// A batch holds about so many bytes, unless one commit alone has more: the server takes at most 1 GiB in one
/// message, and it is in memory three times on the way.
const BATCH_BYTES: usize = 16 << 20;

/// A batch that is overtaken is decided again; each time somebody else's has gone through. After so many times
/// its commits go one by one.
const TRIES: u32 = 8;

struct Job {
    rows: CommitRows,
    reply: oneshot::Sender<Outcome>,
}

/// Rings when commits with tasks or entries are durable.
pub(super) struct Bells {
    pub(super) tasks: watch::Sender<u64>,
    pub(super) entries: watch::Sender<u64>,
}

/// Takes commits and writes them in batches.
pub(super) struct Lane {
    queue: mpsc::UnboundedSender<Job>,
}

impl Lane {
    /// Starts on tokio's runtime; ends when it is dropped and all that was asked is answered.
    pub(super) fn start(pool: PgPool, bells: Arc<Bells>) -> Lane {
        let (queue, jobs) = mpsc::unbounded_channel();
        tokio::spawn(run(pool, bells, jobs));
        Lane { queue }
    }

    /// Answers when the commit is durable, or was refused. It goes on when the caller goes away.
    pub(super) async fn commit(&self, rows: CommitRows) -> Outcome {
        let mut cases = HashSet::new();
        if !rows.writes.iter().all(|write| cases.insert(write.case.as_str())) {
            return Err(Fault::Invalid("the same case twice in a commit"));
        }
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job { rows, reply }).map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Answers when all commits that were asked before are answered.
    pub(super) async fn drained(&self) -> Result<(), Fault> {
        let nothing = CommitRows {
            now: jiff::Timestamp::UNIX_EPOCH,
            writes: vec![],
            take: vec![],
            release: vec![],
            index: vec![],
            tasks: vec![],
            done: vec![],
        };
        self.commit(nothing).await.map(|_| ())
    }
}

async fn run(pool: PgPool, bells: Arc<Bells>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut first = jobs.recv().await;
    while let Some(job) = first.take() {
        let mut bytes = size(&job.rows);
        let mut batch = vec![job];
        while batch.len() < BATCH {
            let Ok(job) = jobs.try_recv() else { break };
            bytes += size(&job.rows);
            if bytes > BATCH_BYTES {
                first = Some(job);
                break;
            }
            batch.push(job);
        }
        finish(&pool, &bells, batch).await;
        if first.is_none() {
            first = jobs.recv().await;
        }
    }
}

fn size(rows: &CommitRows) -> usize {
    let write = |write: &crate::store::WriteRows| {
        let view = write.view.as_ref().map_or(0, |view| view.state.len());
        let entry = |entry: &crate::entry::EntryRow| {
            let sealed: usize = entry.sealed.iter().map(|field| field.sealed.len()).sum();
            entry.clear.len() + sealed + 2 * entry.commitments.len()
        };
        view + write.entries.iter().map(entry).sum::<usize>()
    };
    rows.writes.iter().map(write).sum()
}

async fn finish(pool: &PgPool, bells: &Bells, batch: Vec<Job>) {
    let outcomes = match write_batch(pool, &batch).await {
        Ok(outcomes) => outcomes,
        // One of them failed (a duplicate id, a value too large): alone, each has its own outcome.
        Err(Failed::One) => {
            let mut outcomes = Vec::with_capacity(batch.len());
            for job in &batch {
                outcomes.push(alone(pool, job).await);
            }
            outcomes
        }
        // Whether it is durable is unknown, or no server takes it: trying again could answer "stale" to the one
        // who did it.
        Err(Failed::All(fault)) => batch.iter().map(|_| Err(replica(&fault))).collect(),
    };
    for (job, outcome) in batch.into_iter().zip(outcomes) {
        if matches!(outcome, Ok(Ok(_))) {
            if !job.rows.tasks.is_empty() {
                ring(&bells.tasks);
            }
            if job.rows.writes.iter().any(|write| !write.entries.is_empty()) {
                ring(&bells.entries);
            }
        }
        // Who asked may have gone away; the change stands all the same.
        let _ = job.reply.send(outcome);
    }
}

enum Failed {
    One,
    All(Fault),
}

async fn alone(pool: &PgPool, job: &Job) -> Outcome {
    for _ in 0..TRIES {
        match attempt(pool, &[&job.rows]).await? {
            Some(mut outcomes) => return outcomes.pop().ok_or(Fault::Closed)?,
            None => tokio::task::yield_now().await,
        }
    }
    Err(Fault::Unavailable("others were always faster".into()))
}

async fn write_batch(pool: &PgPool, batch: &[Job]) -> Result<Vec<Outcome>, Failed> {
    let rows: Vec<&CommitRows> = batch.iter().map(|job| &job.rows).collect();
    for _ in 0..TRIES {
        match attempt(pool, &rows).await {
            Ok(Some(outcomes)) => return Ok(outcomes),
            Ok(None) => tokio::task::yield_now().await,
            Err(Fault::Store(_) | Fault::Damaged(_)) if batch.len() > 1 => return Err(Failed::One),
            Err(fault) => return Err(Failed::All(fault)),
        }
    }
    if batch.len() > 1 {
        Err(Failed::One)
    } else {
        Err(Failed::All(Fault::Unavailable("others were always faster".into())))
    }
}

/// Tries once; `None`: overtaken, and nothing happened.
async fn attempt(pool: &PgPool, rows: &[&CommitRows]) -> Result<Option<Vec<Outcome>>, Fault> {
    let tried = transaction(pool, async |db| {
        let Some(Locked { mut known, new_subjects }) = lock(db, rows).await? else {
            return Ok(Ended::Leave(None));
        };
        let before = known.claims.clone();
        let (outcomes, changes) = decide(&mut known, rows.iter().copied());
        let unused: Vec<&str> = new_subjects
            .iter()
            .map(String::as_str)
            .filter(|subject| !changes.subjects.contains(subject))
            .collect();
        if !unused.is_empty() {
            sqlx::query("DELETE FROM subjects WHERE subject = ANY($1)")
                .bind(unused)
                .execute(&mut *db)
                .await?;
        }
        Ok(match write(db, &changes, &before, &known.claims).await? {
            Written::All => Ended::Keep(Some(outcomes)),
            Written::Overtaken => Ended::Leave(None),
        })
    })
    .await;
    match tried {
        Err(fault) if fault.lost_a_race() => Ok(None),
        other => other,
    }
}

fn replica(fault: &Fault) -> Fault {
    match fault {
        Fault::Unavailable(cause) => Fault::Unavailable(cause.to_string().into()),
        Fault::Damaged(what) => Fault::Damaged(what),
        Fault::Closed => Fault::Closed,
        other => Fault::Store(other.to_string().into()),
    }
}
