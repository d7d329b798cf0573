//! Doors for `fuzz/`: parsers of bytes that lie on disk, where others may have written. Never part of a running
//! system. Each answers only whether the bytes were taken.

use std::path::Path;

use jiff::Timestamp;

use crate::backup::Kind;
use crate::backup::chunks::{Opener, Sealer};
use crate::backup::encode::{decode, encode};
use crate::backup::format::{Item, Reader, Writer, read_header};
use crate::blobs::folder;
use crate::crypto::ChunkKey;
use crate::entry::RetentionClass;
use crate::journal::{Lines, NOTHING};
use crate::portable::Row;
use crate::store::Destruction;

/// Opens these bytes as a journal that the stores do not know yet. Where it opens, appending to it and opening
/// it again must find the new record and no fault.
pub fn journal(bytes: &[u8], dir: &Path) -> bool {
    let path = dir.join("destroyed.journal");
    std::fs::write(&path, bytes).expect("a file to write to");
    let Ok(mut journal) = Lines::open(&path, &[NOTHING]) else { return false };
    let mut records = 0;
    while let Some(recorded) = journal.after(records) {
        records += 1;
        assert_eq!(recorded.mark.count, records, "records are counted from one");
        journal.followed(recorded.mark);
    }
    let one = || Destruction {
        subject: "sub_fuzz".into(),
        institution: None,
        classes: vec![RetentionClass::Identity],
    };
    journal.append(one(), "fuzz", Timestamp::UNIX_EPOCH).expect("an open journal takes a record");
    let mark = journal.after(records).expect("what was appended is ahead").mark;
    let again = Lines::open(&path, &[mark]).expect("what was appended opens");
    assert_eq!((again.after(mark.count), mark.count), (None, records + 1));
    true
}

/// A key under which only fuzzed bytes are sealed.
fn chunk_key() -> ChunkKey {
    ChunkKey::new(&[3; 32], [4; 7]).expect("a key of the right length")
}

/// The body of a backup file with these rows, before it is sealed.
pub fn backup_body(rows: &[Row]) -> Vec<u8> {
    let mut writer = Writer::under(Sealer::new(Vec::new(), Path::new("backup"), chunk_key()));
    rows.iter().for_each(|row| writer.row(row).expect("rows in their order"));
    let (file, _) = writer.finish().expect("nothing fails in memory");
    let mut opener = Opener::new(&file[..], Path::new("backup"), chunk_key()).expect("a chunk");
    opener.take(file.len() - ChunkKey::TAG).expect("one chunk")
}

/// Reads these bytes as the body of a backup file that somebody who has the key sealed. Each row must come back from
/// the bytes that it is written as.
pub fn backup(body: &[u8], kind: Kind) -> bool {
    let mut sealer = Sealer::new(Vec::new(), Path::new("backup"), chunk_key());
    sealer.write(body).expect("nothing fails in memory");
    let file = sealer.finish().expect("nothing fails in memory");
    let opener = Opener::new(&file[..], Path::new("backup"), chunk_key()).expect("a chunk");
    let mut reader = Reader::over(kind, opener);
    loop {
        match reader.next() {
            Ok(Item::Row(row)) => {
                let mut bytes = Vec::new();
                encode(&row, &mut bytes);
                assert_eq!(decode(row.part(), &bytes).as_ref(), Some(&row));
            }
            Ok(Item::End(_)) => return true,
            Err(_) => return false,
        }
    }
}

/// Reads these bytes as the beginning of a backup file.
pub fn backup_header(bytes: &[u8]) -> bool {
    read_header(bytes).is_ok()
}

/// Reads these bytes as a blob's file, up to its header.
pub fn blob_header(bytes: &[u8]) -> bool {
    folder::read_header(&mut &*bytes, Path::new("blob")).is_ok()
}
