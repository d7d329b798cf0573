//! Putting a backup back into an empty place. Refuses files that are not whole, not of one installation, or
//! not what they say they are.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::format::{Header, Item, Kind, Manifest, Reader, read_header};
use super::{Place, Progress, Watching};
use crate::entry::Stream;
use crate::error::Fault;
use crate::given::TopKey;
use crate::ledger::blocking;
use crate::portable::{Import, Part, Portable, Row};
use crate::text;

/// Rows, and bytes of them, that are handed over together.
const PAGE_ROWS: usize = 1000;
const PAGE_BYTES: usize = 4 << 20;

/// The two files of a backup. The keys may be of a later run: whatever was destroyed between the two can't be
/// opened then, and all else can.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The file of rows and blobs.
    pub ledger: PathBuf,
    /// Its header.
    pub ledger_header: Header,
    /// The file of wrapped keys.
    pub keys: PathBuf,
    /// Its header.
    pub keys_header: Header,
}

/// What may have happened after the backup's moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Nothing: whoever wrote had stopped.
    Nothing,
    /// Anything: the restored ledger is older than the world. A task that waits may have been begun, so it
    /// comes back as one that was: a queryable one asks first, a blind one is unknown.
    Anything,
}

/// What was restored.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// The moment: all that was acknowledged before it is here, nothing that came later.
    pub made_at: String,
    /// The last number given in each stream at that moment.
    pub heads: Vec<(Stream, u64)>,
    /// How many records of the journal had been followed; later ones are followed when the ledger opens.
    pub journal_count: u64,
    /// Tasks that may have been begun after the moment.
    pub tasks_in_doubt: u64,
    /// Blobs that the disk had damaged before they were copied.
    pub blobs_damaged: u64,
    /// What the file of rows and blobs held.
    pub ledger: Manifest,
    /// What the file of wrapped keys held.
    pub keys: Manifest,
}

/// Reads a file's header, which needs no key.
pub fn header(path: &Path) -> Result<Header, Fault> {
    let file = File::open(path).map_err(Fault::file(path))?;
    Ok(read_header(BufReader::new(file))?.header)
}

/// Tells which file is which, and whether they belong together.
pub fn pair(files: &[PathBuf]) -> Result<Pair, Fault> {
    const PART: &str = "the two files";
    let problem = |what| Fault::Backup { part: PART, what };
    let (mut ledger, mut keys) = (None, None);
    for path in files {
        let header = header(path)?;
        let place = if header.kind == Kind::Ledger { &mut ledger } else { &mut keys };
        if place.replace((path.clone(), header)).is_some() {
            return Err(problem("both are of the same kind"));
        }
    }
    let (Some((ledger, ledger_header)), Some((keys, keys_header))) = (ledger, keys) else {
        return Err(problem("one of rows and one of keys are needed"));
    };
    if ledger_header.environment != keys_header.environment {
        return Err(problem("one is of test, the other of live"));
    }
    if ledger_header.top_key != keys_header.top_key {
        return Err(problem("they were made under two top keys"));
    }
    let at = |header: &Header| -> Option<Timestamp> { text::parse_time(&header.made_at) };
    if at(&keys_header) < at(&ledger_header) {
        return Err(problem("the keys are older than the rows: some rows could never be opened"));
    }
    Ok(Pair { ledger, ledger_header, keys, keys_header })
}

/// Puts both files into a place, which must be empty. Nothing is there until all of it is.
pub async fn restore(
    files: &Pair,
    into: &Place,
    since: Since,
    top_key: &dyn TopKey,
    watching: Watching<'_>,
) -> Result<Restored, Fault> {
    let size = |path: &Path| std::fs::metadata(path).map(|data| data.len()).map_err(Fault::file(path));
    let of = size(&files.ledger)? + size(&files.keys)?;
    let mut restoring =
        Restoring { since, heads: Vec::new(), tasks_in_doubt: 0, blobs_damaged: 0, entries: 0, done: 0, of };
    // The keys first: they are few, and where they do not open nothing else would.
    let keys = restoring.file(&files.keys, &[&*into.keys], top_key, watching).await?;
    restoring.done = size(&files.keys)?;
    let ledger = restoring.file(&files.ledger, &[&*into.ledger, &*into.blobs], top_key, watching).await?;
    Ok(Restored {
        made_at: files.ledger_header.made_at.clone(),
        heads: restoring.heads,
        journal_count: files.ledger_header.journal_count,
        tasks_in_doubt: restoring.tasks_in_doubt,
        blobs_damaged: restoring.blobs_damaged,
        ledger,
        keys,
    })
}

struct Restoring {
    since: Since,
    heads: Vec<(Stream, u64)>,
    tasks_in_doubt: u64,
    blobs_damaged: u64,
    entries: u64,
    done: u64,
    of: u64,
}

/// What was read at once.
struct Page {
    rows: Vec<Row>,
    end: Option<Manifest>,
}

impl Restoring {
    /// Puts the rows of a file into these places, one after the other: blobs go into the last.
    async fn file(
        &mut self,
        path: &Path,
        places: &[&dyn Portable],
        top_key: &dyn TopKey,
        watching: Watching<'_>,
    ) -> Result<Manifest, Fault> {
        let file = File::open(path).map_err(Fault::file(path))?;
        let mut reader = read_header(BufReader::new(file))?.open(path, top_key).await?;
        let mut places = places.iter();
        let mut filling = begin(places.next()).await?;
        loop {
            let page;
            (reader, page) = blocking(move || {
                let page = read_page(&mut reader)?;
                Ok((reader, page))
            })
            .await?;
            let Page { mut rows, end } = page;
            rows.iter_mut().for_each(|row| self.look_at(row));
            let first_blob = rows.iter().position(|row| row.part() == Part::Blobs).unwrap_or(rows.len());
            let blobs = rows.split_off(first_blob);
            if !rows.is_empty() {
                filling.page(rows).await?;
            }
            if !blobs.is_empty() {
                if let Some(place) = places.next() {
                    filling.finish().await?;
                    filling = place.import().await?;
                }
                filling.page(blobs).await?;
            }
            watching(Progress { entries: self.entries, done: self.done + reader.read(), of: self.of });
            if let Some(manifest) = end {
                filling.finish().await?;
                for place in places {
                    place.import().await?.finish().await?;
                }
                return Ok(manifest);
            }
        }
    }

    fn look_at(&mut self, row: &mut Row) {
        match row {
            Row::Head(stream, head) => self.heads.push((*stream, *head)),
            Row::Entry(_) => self.entries += 1,
            Row::Blob(blob) => self.blobs_damaged += u64::from(!blob.whole()),
            Row::Task(copy) if self.since == Since::Anything && copy.dead.is_none() => {
                self.tasks_in_doubt += u64::from(copy.attempt == 0);
                copy.attempt = copy.attempt.max(1);
                copy.lease_epoch = copy.lease_epoch.max(1);
            }
            _ => {}
        }
    }
}

async fn begin(place: Option<&&dyn Portable>) -> Result<Box<dyn Import>, Fault> {
    place.ok_or(Fault::Invalid("a file without a place"))?.import().await
}

fn read_page(reader: &mut Reader<BufReader<File>>) -> Result<Page, Fault> {
    let mut page = Page { rows: Vec::new(), end: None };
    let mut weight = 0;
    while page.rows.len() < PAGE_ROWS && weight < PAGE_BYTES {
        match reader.next()? {
            Item::Row(row) => {
                weight += row.weight();
                page.rows.push(row);
            }
            Item::End(manifest) => {
                page.end = Some(manifest);
                break;
            }
        }
    }
    Ok(page)
}

/// What a manifest says of the parts that every ledger's file has; for checks.
impl Manifest {
    /// The entries in it.
    pub fn entries(&self) -> u64 {
        self.rows(Part::Entries)
    }
}
