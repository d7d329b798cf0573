//! Copying the journal of destructions from one place to another: with a ledger that moves, and for whoever restores
//! a backup from where it was kept. Every record is checked against the one before.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::Fault;
use crate::files;
use crate::journal::{NOTHING, parse};
use crate::ledger::blocking;
use crate::opening::Database;
use crate::postgres::journal::{fill_lines, read_lines};

/// Where a journal lies.
#[derive(Debug, Clone)]
pub enum JournalPlace {
    /// A file.
    File(PathBuf),
    /// A database.
    Database(Database),
}

/// Copies a journal, also one that is written at this moment, to where there is none; answers how many records.
pub async fn copy_journal(from: &JournalPlace, into: &JournalPlace) -> Result<u64, Fault> {
    let lines = match from {
        JournalPlace::File(path) => {
            let path = path.clone();
            blocking(move || read_file(&path)).await?
        }
        JournalPlace::Database(database) => read_lines(database).await?,
    };
    let count = lines.len() as u64;
    match into {
        JournalPlace::File(path) => {
            let path = path.clone();
            blocking(move || write_file(&path, &lines)).await?;
        }
        JournalPlace::Database(database) => fill_lines(database, &lines).await?,
    }
    Ok(count)
}

fn read_file(path: &Path) -> Result<Vec<String>, Fault> {
    const DAMAGED: Fault = Fault::Journal("is damaged");
    let bytes = std::fs::read(path).map_err(Fault::file(path))?;
    let mut lines = Vec::new();
    let mut mark = NOTHING;
    let mut left = &bytes[..];
    // What stands behind the last end of a line was cut short by a crash or is being written: it was never
    // acknowledged.
    while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = (&left[..end], &left[end + 1..]);
        match parse(mark, line) {
            Some(recorded) => mark = recorded.mark,
            // A page that never reached the disk is zeros.
            None if rest.is_empty() && line.contains(&0) => break,
            None => return Err(DAMAGED),
        }
        lines.push(String::from_utf8(line.to_vec()).map_err(|_| DAMAGED)?);
        left = rest;
    }
    Ok(lines)
}

fn write_file(path: &Path, lines: &[String]) -> Result<(), Fault> {
    files::make_dir(path.parent().unwrap_or(Path::new(".")))?;
    let mut text = lines.join("\n");
    if !lines.is_empty() {
        text.push('\n');
    }
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(Fault::file(path))?;
    files::sync_parent(path)
}
