//! Doors for `fuzz/`: parsers of bytes that lie on disk, where others may have written. Never part of a running
//! system. Each answers only whether the bytes were taken.

use std::path::Path;

use jiff::Timestamp;

use crate::blobs::folder;
use crate::entry::RetentionClass;
use crate::journal::{Lines, NOTHING};
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

/// Reads these bytes as a blob's file, up to its header.
pub fn blob_header(bytes: &[u8]) -> bool {
    folder::read_header(&mut &*bytes, Path::new("blob")).is_ok()
}
