//! The journal of destructions: one JSON line per destruction, each naming the SHA-256 of the line before,
//! synced before the destruction is acknowledged. It lies outside of both stores, so that a restored copy
//! of either cannot bring a person back. Refuses to know how data are destroyed.
//!
//! [`JournalFile`] is a file for one process; its twin for several is in [`crate::postgres`].

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::files;
use crate::leaf;
use crate::ledger::blocking;
use crate::store::{Destruction, JournalMark};
use crate::text::{from_hex, to_hex};

/// The mark of an empty journal.
pub(crate) const NOTHING: JournalMark = JournalMark { count: 0, hash: [0; 32] };

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    n: u64,
    previous: String,
    time: String,
    subject: String,
    institution: Option<String>,
    classes: Vec<RetentionClass>,
    reason: String,
}

/// A destruction and the journal's mark after it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) destruction: Destruction,
    pub(crate) mark: JournalMark,
}

/// Where destructions are recorded.
#[async_trait]
pub(crate) trait Journal: Send + Sync {
    /// Appends one record; when this answers, it lasts. After a fault it may be there.
    async fn append(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault>;

    /// The same where nothing was ever recorded; otherwise nothing happens.
    async fn begin(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault>;

    /// The record after so many, where there is one.
    async fn after(&self, count: u64) -> Result<Option<Recorded>, Fault>;

    /// That this process has followed up to this mark, and asks for nothing before it again.
    fn followed(&self, mark: JournalMark);
}

/// One record as a line, without its end, and the mark after it.
pub(crate) fn line(
    before: JournalMark,
    destruction: &Destruction,
    reason: &str,
    now: Timestamp,
) -> Result<(Vec<u8>, JournalMark), Fault> {
    let line = Line {
        n: before.count + 1,
        previous: to_hex(&before.hash),
        time: leaf::rfc3339(now),
        subject: destruction.subject.clone(),
        institution: destruction.institution.clone(),
        classes: destruction.classes.clone(),
        reason: reason.to_owned(),
    };
    let bytes = serde_json::to_vec(&line).map_err(|_| Fault::Journal("can't be written"))?;
    let mark = JournalMark { count: line.n, hash: leaf::sha256(&[&bytes]) };
    Ok((bytes, mark))
}

/// Reads a line that must follow this mark; `None` where it does not.
pub(crate) fn parse(before: JournalMark, text: &[u8]) -> Option<Recorded> {
    let read: Line = serde_json::from_slice(text).ok()?;
    if read.n != before.count + 1 || from_hex::<32>(&read.previous)? != before.hash {
        return None;
    }
    let destruction =
        Destruction { subject: read.subject, institution: read.institution, classes: read.classes };
    Some(Recorded { destruction, mark: JournalMark { count: read.n, hash: leaf::sha256(&[text]) } })
}

/// Refuses a journal in which another record stands where a store remembers one.
pub(crate) fn check_remembered(mark: JournalMark, remembered: &[JournalMark]) -> Result<(), Fault> {
    if remembered.iter().any(|known| known.count == mark.count && *known != mark) {
        return Err(Fault::Journal("is not the one that the stores remember"));
    }
    Ok(())
}

/// The journal as a file.
pub(crate) struct JournalFile(Arc<Mutex<Lines>>);

impl JournalFile {
    /// Opens the file and checks it; see [`Lines::open`]. Blocks.
    pub(crate) fn open(path: &Path, remembered: &[JournalMark]) -> Result<JournalFile, Fault> {
        Ok(JournalFile(Arc::new(Mutex::new(Lines::open(path, remembered)?))))
    }
}

fn held(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    // The journal knows itself whether an append broke off.
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Journal for JournalFile {
    async fn append(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault> {
        let (lines, reason) = (self.0.clone(), reason.to_owned());
        blocking(move || held(&lines).append(destruction, &reason, now)).await
    }

    async fn begin(&self, destruction: Destruction, reason: &str, now: Timestamp) -> Result<(), Fault> {
        if held(&self.0).is_empty() { self.append(destruction, reason, now).await } else { Ok(()) }
    }

    async fn after(&self, count: u64) -> Result<Option<Recorded>, Fault> {
        Ok(held(&self.0).after(count))
    }

    fn followed(&self, mark: JournalMark) {
        held(&self.0).followed(mark);
    }
}

/// The open file.
pub(crate) struct Lines {
    path: PathBuf,
    file: File,
    /// Where the next line begins.
    end: u64,
    mark: JournalMark,
    /// Records that the stores have not all followed yet. They stand here, under the same lock as the
    /// file, so that a caller who goes away between appending and following loses none.
    ahead: VecDeque<Recorded>,
    /// After a failed sync nobody knows what the disk holds; only opening again tells.
    broken: bool,
}

impl Lines {
    /// Opens the journal and checks it against what the stores remember; the records after the mark
    /// that is furthest behind are ahead. A missing journal is made only where no store remembers one.
    pub(crate) fn open(path: &Path, remembered: &[JournalMark]) -> Result<Lines, Fault> {
        let furthest = remembered.iter().map(|mark| mark.count).max().unwrap_or(0);
        let from = remembered.iter().map(|mark| mark.count).min().unwrap_or(0);
        if !path.exists() {
            if furthest > 0 {
                return Err(Fault::Journal("is missing"));
            }
            files::make_dir(path.parent().unwrap_or(Path::new(".")))?;
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(Fault::file(path))?;
        files::sync_parent(path)?;
        let mut journal = Lines {
            path: path.to_owned(),
            file,
            end: 0,
            mark: NOTHING,
            ahead: VecDeque::new(),
            broken: false,
        };
        journal.read(furthest, from, remembered)?;
        Ok(journal)
    }

    fn read(&mut self, furthest: u64, from: u64, remembered: &[JournalMark]) -> Result<(), Fault> {
        let io = |path: &Path, error| Fault::file(path)(error);
        let mut reader = BufReader::new(self.file.try_clone().map_err(|e| io(&self.path, e))?);
        reader.seek(SeekFrom::Start(0)).map_err(|e| io(&self.path, e))?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(|e| io(&self.path, e))?;
            if read == 0 {
                break;
            }
            match line.strip_suffix(b"\n").and_then(|text| parse(self.mark, text)) {
                Some(recorded) => {
                    self.mark = recorded.mark;
                    self.end += read as u64;
                    check_remembered(self.mark, remembered)?;
                    if recorded.mark.count > from {
                        self.ahead.push_back(recorded);
                    }
                }
                // If we crashed in the middle of an append, the last line is cut short, or zeros stand where
                // a page never reached the disk. It was never acknowledged.
                None if self.mark.count >= furthest && torn(&line) && at_end(&mut reader) => {
                    self.file
                        .set_len(self.end)
                        .and_then(|()| self.file.sync_all())
                        .map_err(|e| io(&self.path, e))?;
                    break;
                }
                None => return Err(Fault::Journal("is damaged")),
            }
        }
        if self.mark.count < furthest {
            return Err(Fault::Journal("is shorter than what the stores remember"));
        }
        Ok(())
    }

    /// Whether nothing was ever recorded.
    fn is_empty(&self) -> bool {
        self.mark == NOTHING
    }

    /// The record after so many. Those that all stores have followed are no longer in memory.
    pub(crate) fn after(&self, count: u64) -> Option<Recorded> {
        self.ahead.iter().find(|recorded| recorded.mark.count > count).cloned()
    }

    /// That the stores have followed up to this mark.
    pub(crate) fn followed(&mut self, mark: JournalMark) {
        self.ahead.retain(|recorded| recorded.mark.count > mark.count);
    }

    /// Appends one record and syncs it; then it is ahead of the stores.
    pub(crate) fn append(
        &mut self,
        destruction: Destruction,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if self.broken {
            return Err(Fault::Journal("failed before; open the ledger again"));
        }
        let (mut bytes, mark) = line(self.mark, &destruction, reason, now)?;
        bytes.push(b'\n');
        self.broken = true;
        self.file.write_all(&bytes).and_then(|()| self.file.sync_all()).map_err(Fault::file(&self.path))?;
        self.broken = false;
        self.end += bytes.len() as u64;
        self.mark = mark;
        self.ahead.push_back(Recorded { destruction, mark });
        Ok(())
    }
}

fn torn(line: &[u8]) -> bool {
    !line.ends_with(b"\n") || line.contains(&0)
}

fn at_end(reader: &mut impl Read) -> bool {
    let mut rest = [0; 1];
    matches!(reader.read(&mut rest), Ok(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destruction(subject: &str) -> Destruction {
        Destruction { subject: subject.into(), institution: None, classes: vec![RetentionClass::Identity] }
    }

    fn three(path: &Path) -> Vec<JournalMark> {
        let mut journal = Lines::open(path, &[NOTHING]).unwrap();
        assert_eq!(journal.after(0), None);
        let append = |subject| {
            journal.append(destruction(subject), "test", Timestamp::UNIX_EPOCH).unwrap();
            journal.mark
        };
        ["a", "b", "c"].map(append).to_vec()
    }

    #[test]
    fn records_come_back_after_the_mark_that_is_furthest_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("destroyed.journal");
        let marks = three(&path);
        let mut journal = Lines::open(&path, &[marks[2], marks[0]]).unwrap();
        assert_eq!(journal.after(1), Some(Recorded { destruction: destruction("b"), mark: marks[1] }));
        journal.followed(marks[1]);
        assert_eq!(journal.after(2), Some(Recorded { destruction: destruction("c"), mark: marks[2] }));
        journal.followed(marks[2]);
        assert_eq!(journal.after(3), None);
    }

    #[test]
    fn a_journal_that_does_not_fit_keeps_the_ledger_shut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("destroyed.journal");
        let marks = three(&path);
        let check = |bytes: &[u8], expected: &str| {
            std::fs::write(&path, bytes).unwrap();
            let problem = Lines::open(&path, &[marks[2], NOTHING]).err().unwrap().to_string();
            assert!(problem.contains(expected), "{problem}");
        };
        let whole = std::fs::read(&path).unwrap();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        check(&lines[..2].concat(), "shorter");
        check(&whole[..whole.len() - 5], "damaged");
        check(&[lines[0], lines[2]].concat(), "damaged");
        check(
            &String::from_utf8(whole.clone()).unwrap().replace("\"c\"", "\"x\"").into_bytes(),
            "not the one",
        );
        check(&String::from_utf8(whole.clone()).unwrap().replace("\"a\"", "\"x\"").into_bytes(), "damaged");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(Lines::open(&path, &[marks[0]]), Err(Fault::Journal("is missing"))));
    }

    #[test]
    fn a_line_cut_short_by_a_crash_is_dropped_and_the_next_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("destroyed.journal");
        let marks = three(&path);
        let whole = std::fs::read(&path).unwrap();
        for tail in [&b"{\"n\":4,\"previous\""[..], &b"\0\0\0\0\n"[..]] {
            std::fs::write(&path, [&whole[..], tail].concat()).unwrap();
            let mut journal = Lines::open(&path, &[marks[2]]).unwrap();
            assert_eq!(journal.after(3), None);
            journal.append(destruction("d"), "test", Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(Lines::open(&path, &[marks[2]]).unwrap().after(3), journal.after(3));
            assert!(journal.after(3).is_some());
        }
    }
}
