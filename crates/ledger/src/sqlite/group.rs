//! One writer thread per database file, and a few reading connections. Many callers' changes go into
//! one transaction and one fsync (group commit). Refuses to know what a change is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, oneshot};

use crate::error::Fault;

/// Measured: above 256 the throughput no longer grows, but the first of a batch waits longer.
const BATCH: usize = 256;

/// Reading connections per file; each costs a few file handles and its page cache.
const READERS: usize = 4;

/// Only checkpoints and a second process ever wait for a lock.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Opens a connection with the settings that durability rests on.
///
/// WAL with `synchronous=FULL`: the log is synced before a commit is answered. `secure_delete`: what is
/// deleted is overwritten with zeros.
pub(crate) fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    // 2,000 pages of 4 KiB: a checkpoint every few hundred commits, a log of about 8 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 2000)?;
    // While a backup is made the log can't begin anew and grows; then it is cut back to 64 MiB.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.set_prepared_statement_cache_capacity(96);
    Ok(connection)
}

trait Job: Send {
    /// Runs inside the transaction; may be called a second time after a rollback.
    fn run(&mut self, connection: &Connection) -> Result<(), Fault>;
    /// Tells the caller; the transaction is durable, or will not be.
    fn finish(self: Box<Self>, outcome: Result<(), Fault>);
    /// Whether it must run outside of any transaction.
    fn alone(&self) -> bool;
}

struct Task<T, F, G> {
    work: F,
    after: G,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, Fault>>,
    alone: bool,
}

impl<T, F, G> Job for Task<T, F, G>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, Fault> + Send,
    G: FnOnce(&T) + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.result = Some((self.work)(connection)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), Fault>) {
        let answer = match (outcome, self.result) {
            (Ok(()), Some(result)) => {
                (self.after)(&result);
                Ok(result)
            }
            (Ok(()), None) => Err(Fault::Closed),
            (Err(fault), _) => Err(fault),
        };
        // Who asked may have gone away; the change stands all the same.
        let _ = self.reply.send(answer);
    }

    fn alone(&self) -> bool {
        self.alone
    }
}

/// The thread that owns the writing connection.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(name: &str, connection: Connection) -> Result<Writer, Fault> {
        let (queue, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_loop(&connection, &jobs))
            .map_err(|error| Fault::Store(Box::new(error)))?;
        Ok(Writer { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` inside a transaction shared with others; answers when it is durable. `after` runs
    /// then too, also when the caller no longer waits.
    pub(crate) async fn run<T, F, G>(&self, work: F, after: G) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
        G: FnOnce(&T) + Send + 'static,
    {
        self.send(work, after, false).await
    }

    /// Runs `work` outside of any transaction, after all that was asked before.
    pub(crate) async fn run_alone<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.send(work, |_: &T| (), true).await
    }

    async fn send<T, F, G>(&self, work: F, after: G, alone: bool) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
        G: FnOnce(&T) + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { work, after, result: None, reply, alone });
        self.queue.as_ref().ok_or(Fault::Closed)?.send(job).map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue lets the thread finish what was asked; then the file is free.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_loop(connection: &Connection, jobs: &mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = jobs.recv() {
        let mut alone = None;
        let mut next = Some(first);
        while let Some(job) = next {
            if job.alone() {
                alone = Some(job);
                break;
            }
            batch.push(job);
            next = if batch.len() < BATCH { jobs.try_recv().ok() } else { None };
        }
        if !batch.is_empty() {
            write_batch(connection, &mut batch);
        }
        if let Some(mut job) = alone {
            let outcome = job.run(connection);
            job.finish(outcome);
        }
    }
}

fn write_batch(connection: &Connection, batch: &mut Vec<Box<dyn Job>>) {
    match transaction(connection, batch) {
        Ok(()) => batch.drain(..).for_each(|job| job.finish(Ok(()))),
        // One of them failed (a duplicate id, a value too large): alone, each has its own outcome.
        Err(Failed::Work(_)) if batch.len() > 1 => {
            for mut job in batch.drain(..) {
                let outcome = transaction(connection, std::slice::from_mut(&mut job));
                job.finish(outcome.map_err(|(Failed::Work(fault) | Failed::Durability(fault))| fault));
            }
        }
        // Whether it reached the disk is unknown: trying again could answer "stale" to the one who did it.
        Err(Failed::Work(fault) | Failed::Durability(fault)) => {
            batch.drain(..).for_each(|job| job.finish(Err(replica(&fault))));
        }
    }
}

enum Failed {
    Work(Fault),
    Durability(Fault),
}

fn transaction(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), Failed> {
    let plain = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(|_| ()).map_err(Fault::from);
    plain("BEGIN IMMEDIATE").map_err(Failed::Durability)?;
    let outcome = jobs
        .iter_mut()
        .try_for_each(|job| job.run(connection))
        .map_err(Failed::Work)
        .and_then(|()| plain("COMMIT").map_err(Failed::Durability));
    if outcome.is_err() && !connection.is_autocommit() {
        // Where even this fails the next BEGIN fails too, and everybody is told.
        let _ = plain("ROLLBACK");
    }
    outcome
}

fn replica(fault: &Fault) -> Fault {
    match fault {
        Fault::Invalid(what) => Fault::Invalid(what),
        Fault::Damaged(what) => Fault::Damaged(what),
        other => Fault::Store(other.to_string().into()),
    }
}

/// A few reading connections, used on tokio's blocking threads.
#[derive(Clone)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Readers {
        Readers { path: path.to_owned(), idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs `work` in one snapshot that holds all that was answered before this call.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| Fault::Closed)?;
        let (path, idle) = (self.path.clone(), self.idle.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match taken {
                Some(connection) => connection,
                None => {
                    let connection = connect(&path)?;
                    connection.pragma_update(None, "query_only", "ON")?;
                    connection
                }
            };
            let outcome = {
                let snapshot = connection.unchecked_transaction()?;
                work(&snapshot)
            };
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            outcome
        });
        reading.await.map_err(|_| Fault::Closed)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_fails_does_not_fail_its_batch() {
        let dir = tempfile::tempdir().unwrap();
        let connection = connect(&dir.path().join("t.db")).unwrap();
        connection.execute_batch("CREATE TABLE t(n INTEGER PRIMARY KEY)").unwrap();
        let writer = Arc::new(Writer::start("test", connection).unwrap());
        let insert = |n: i64| {
            let writer = writer.clone();
            tokio::spawn(async move {
                writer.run(move |c| Ok(c.execute("INSERT INTO t VALUES (?1)", [n])?), |_| ()).await
            })
        };
        let mut outcomes = Vec::new();
        for waiting in (0..400).map(|n| insert(n / 2)).collect::<Vec<_>>() {
            outcomes.push(waiting.await.unwrap().is_ok());
        }
        assert_eq!(outcomes.iter().filter(|ok| **ok).count(), 200, "each number once");
        let readers = Readers::new(&dir.path().join("t.db"));
        let count =
            readers.read(|c| Ok(c.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))?));
        assert_eq!(count.await.unwrap(), 200);
    }
}
