//! Copying SQLite files ([`crate::portable`]): one thread reads or fills a file through a connection of its
//! own, and hands pages over. Another process may serve from the same file meanwhile: reading takes no lock
//! that a writer waits for. Refuses to know what is in a row.

mod keys;
mod ledger;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::group;
use super::schema;
use crate::error::Fault;
use crate::files;
use crate::portable::pages::{Pages, pages};
use crate::portable::{Export, Import, Portable, Row};

/// Pages that may wait to be filled in.
const WAITING: usize = 4;

/// Counts fillings, so that one that was dropped does not get in the way of the next.
static FILLINGS: AtomicU64 = AtomicU64::new(0);

/// What tables a file holds.
#[derive(Debug, Clone, Copy)]
enum Tables {
    Ledger,
    Keys,
}

/// A SQLite file as a place that can be copied.
#[derive(Debug, Clone)]
pub struct SqliteFile {
    path: PathBuf,
    tables: Tables,
}

impl SqliteFile {
    /// A ledger's store.
    pub fn ledger(path: &Path) -> SqliteFile {
        SqliteFile { path: path.to_owned(), tables: Tables::Ledger }
    }

    /// A store of keys.
    pub fn keys(path: &Path) -> SqliteFile {
        SqliteFile { path: path.to_owned(), tables: Tables::Keys }
    }
}

#[async_trait]
impl Portable for SqliteFile {
    async fn export(&self) -> Result<Box<dyn Export>, Fault> {
        let (mut out, reading) = pages();
        let place = self.clone();
        thread("export", move || {
            let outcome = place.read(&mut out);
            out.end(outcome);
        })?;
        reading.begin().await
    }

    async fn import(&self) -> Result<Box<dyn Import>, Fault> {
        let (pages, full) = mpsc::channel(WAITING);
        let (ended, outcome) = oneshot::channel();
        let (begun, beginning) = oneshot::channel();
        let place = self.clone();
        thread("import", move || {
            let _ = ended.send(place.fill(begun, full));
        })?;
        match beginning.await {
            Ok(()) => Ok(Box::new(Filling { pages: Some(pages), outcome: Some(outcome) })),
            Err(_) => Err(outcome.await.map_err(|_| Fault::Closed)?.err().unwrap_or(Fault::Closed)),
        }
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(|_| ()).map_err(|error| Fault::Store(Box::new(error)))
}

impl SqliteFile {
    fn read(&self, out: &mut Pages) -> Result<(), Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags)?;
        db.busy_timeout(group::BUSY)?;
        db.pragma_update(None, "query_only", "ON")?;
        match self.tables {
            Tables::Ledger => {
                schema::known(&db, schema::APPLICATION_ID, schema::STEPS)?;
                let moment = db.unchecked_transaction()?;
                ledger::read(&moment, out)
            }
            Tables::Keys => {
                schema::known(&db, crate::keys::APPLICATION_ID, crate::keys::STEPS)?;
                keys::read(&db, out)
            }
        }
    }

    fn fill(&self, begun: oneshot::Sender<()>, mut full: mpsc::Receiver<Filled>) -> Result<(), Fault> {
        if self.path.exists() {
            return Err(Fault::Occupied("the file"));
        }
        // Filled aside: whoever crashes leaves nothing that looks like a store.
        let count = FILLINGS.fetch_add(1, Ordering::Relaxed);
        let aside = self.path.with_extension(format!("importing-{}-{count}", std::process::id()));
        let outcome = self.fill_aside(&aside, begun, &mut full).and_then(|()| {
            // A link, because a rename would take the place of whatever came there meanwhile.
            std::fs::hard_link(&aside, &self.path).map_err(Fault::file(&self.path))
        });
        // It may never have been made.
        let _ = std::fs::remove_file(&aside);
        outcome.and_then(|()| files::sync_parent(&self.path))
    }

    fn fill_aside(
        &self,
        aside: &Path,
        begun: oneshot::Sender<()>,
        full: &mut mpsc::Receiver<Filled>,
    ) -> Result<(), Fault> {
        let db = Connection::open(aside)?;
        // Nobody else has the file and nobody will look at it unless all of it is there: no journal, and one
        // sync at the end.
        db.pragma_update(None, "journal_mode", "OFF")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        db.pragma_update(None, "cache_size", -262_144)?;
        db.set_prepared_statement_cache_capacity(32);
        match self.tables {
            Tables::Ledger => schema::prepare(&db)?,
            Tables::Keys => schema::prepare_as(&db, crate::keys::APPLICATION_ID, crate::keys::STEPS)?,
        }
        // Whoever asked may have gone away; then the first look for a page tells.
        let _ = begun.send(());
        let filling = db.unchecked_transaction()?;
        loop {
            match full.blocking_recv() {
                Some(Filled::Page(rows)) => {
                    for row in rows {
                        match self.tables {
                            Tables::Ledger => ledger::insert(&filling, &row)?,
                            Tables::Keys => keys::insert(&filling, row)?,
                        }
                    }
                }
                Some(Filled::End) => break,
                None => return Err(Fault::Closed),
            }
        }
        filling.commit()?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        drop(db);
        std::fs::File::open(aside).and_then(|file| file.sync_all()).map_err(Fault::file(aside))
    }
}

enum Filled {
    Page(Vec<Row>),
    End,
}

struct Filling {
    pages: Option<mpsc::Sender<Filled>>,
    outcome: Option<oneshot::Receiver<Result<(), Fault>>>,
}

impl Filling {
    async fn send(&mut self, filled: Filled) -> Result<(), Fault> {
        let pages = self.pages.as_ref().ok_or(Fault::Closed)?;
        match pages.send(filled).await {
            Ok(()) => Ok(()),
            // The thread ended before its time: why, it says at its end.
            Err(_) => self.end().await.and(Err(Fault::Closed)),
        }
    }

    async fn end(&mut self) -> Result<(), Fault> {
        self.pages = None;
        self.outcome.take().ok_or(Fault::Closed)?.await.map_err(|_| Fault::Closed)?
    }
}

#[async_trait]
impl Import for Filling {
    async fn page(&mut self, rows: Vec<Row>) -> Result<(), Fault> {
        self.send(Filled::Page(rows)).await
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Fault> {
        self.send(Filled::End).await?;
        self.end().await
    }
}
