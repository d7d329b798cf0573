//! Rows on their way from whoever reads a place to whoever takes the export: page by page, a few ahead.

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::{Export, Moment, Row};
use crate::error::Fault;

/// Rows and bytes after which a page is handed over: enough that the hand-over costs nothing, little enough
/// that a few waiting pages are no memory to speak of.
const PAGE_ROWS: usize = 1000;
const PAGE_BYTES: usize = 1 << 20;

/// Pages that may wait between reading and whoever takes them.
const WAITING: usize = 4;

/// Where whoever reads puts its rows.
pub(crate) struct Pages {
    begun: Option<oneshot::Sender<Result<Moment, Fault>>>,
    full: mpsc::Sender<Result<Vec<Row>, Fault>>,
    rows: Vec<Row>,
    bytes: usize,
}

/// The other end, before the moment is known.
pub(crate) struct Beginning {
    moment: oneshot::Receiver<Result<Moment, Fault>>,
    pages: mpsc::Receiver<Result<Vec<Row>, Fault>>,
}

/// Both ends.
pub(crate) fn pages() -> (Pages, Beginning) {
    let (begun, moment) = oneshot::channel();
    let (full, pages) = mpsc::channel(WAITING);
    (Pages { begun: Some(begun), full, rows: Vec::new(), bytes: 0 }, Beginning { moment, pages })
}

impl Pages {
    pub(crate) fn begin(&mut self, moment: Moment) {
        if let Some(begun) = self.begun.take() {
            // Whoever went away is noticed when the first page is handed over.
            let _ = begun.send(Ok(moment));
        }
    }

    /// Takes a row; from a thread.
    pub(crate) fn put(&mut self, row: Row) -> Result<(), Fault> {
        match self.add(row) {
            Some(page) => self.full.blocking_send(Ok(page)).map_err(|_| Fault::Closed),
            None => Ok(()),
        }
    }

    /// The same from a task.
    pub(crate) async fn give(&mut self, row: Row) -> Result<(), Fault> {
        match self.add(row) {
            Some(page) => self.full.send(Ok(page)).await.map_err(|_| Fault::Closed),
            None => Ok(()),
        }
    }

    fn add(&mut self, row: Row) -> Option<Vec<Row>> {
        self.bytes += row.weight();
        self.rows.push(row);
        let full = self.rows.len() >= PAGE_ROWS || self.bytes >= PAGE_BYTES;
        full.then(|| self.page())
    }

    fn page(&mut self) -> Vec<Row> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }

    /// The last page, or the fault; from a thread. Whoever went away needs neither.
    pub(crate) fn end(mut self, outcome: Result<(), Fault>) {
        if let Some(last) = self.last(outcome) {
            let _ = self.full.blocking_send(last);
        }
    }

    /// The same from a task.
    pub(crate) async fn over(mut self, outcome: Result<(), Fault>) {
        if let Some(last) = self.last(outcome) {
            let _ = self.full.send(last).await;
        }
    }

    fn last(&mut self, outcome: Result<(), Fault>) -> Option<Result<Vec<Row>, Fault>> {
        match outcome {
            Ok(()) if self.rows.is_empty() => None,
            Ok(()) => Some(Ok(self.page())),
            Err(fault) => match self.begun.take() {
                Some(begun) => {
                    let _ = begun.send(Err(fault));
                    None
                }
                None => Some(Err(fault)),
            },
        }
    }
}

impl Beginning {
    /// Waits for the moment.
    pub(crate) async fn begin(self) -> Result<Box<dyn Export>, Fault> {
        let moment = self.moment.await.map_err(|_| Fault::Closed)??;
        Ok(Box::new(Reading { moment, pages: self.pages }))
    }
}

struct Reading {
    moment: Moment,
    pages: mpsc::Receiver<Result<Vec<Row>, Fault>>,
}

#[async_trait]
impl Export for Reading {
    fn moment(&self) -> &Moment {
        &self.moment
    }

    async fn page(&mut self) -> Result<Option<Vec<Row>>, Fault> {
        self.pages.recv().await.transpose()
    }
}
