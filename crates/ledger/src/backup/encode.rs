//! A row as bytes and back (docs/decisions/0007-backup-format.md). Numbers are 8 bytes, most significant
//! first; text and bytes are preceded by their length as 4 bytes; what may be missing by one byte, 0 or 1.
//! Refuses bytes that are not exactly one row.

use jiff::Timestamp;

use crate::blobs::BlobRef;
use crate::commit::{Effect, IndexRow, IndexValue};
use crate::entry::{EntryRow, RetentionClass, Stream, pack_sealed, unpack_sealed};
use crate::portable::{
    BlobCopy, CaseRow, ClaimRow, DataKeyRow, DestroyedRow, IndexKeyRow, KeyState, Part, Row, TaskCopy,
};
use crate::store::{JournalMark, TaskRow};

/// Appends the bytes of a row.
pub(crate) fn encode(row: &Row, out: &mut Vec<u8>) {
    match row {
        Row::Journal(mark) => {
            number(out, mark.count);
            out.extend_from_slice(&mark.hash);
        }
        Row::Head(stream, head) => {
            number(out, stream.code() as u64);
            number(out, *head);
        }
        Row::Destroyed(gone) => {
            text(out, &gone.subject);
            text(out, gone.class.code());
            maybe(out, gone.institution.as_ref(), |out, institution| text(out, institution));
        }
        Row::Subject(subject) => text(out, subject),
        Row::Case(case) => {
            text(out, &case.id);
            text(out, &case.kind);
            number(out, case.version);
            time(out, case.created_at);
            time(out, case.updated_at);
            for column in [&case.institution, &case.status, &case.reference, &case.state] {
                maybe(out, column.as_ref(), |out, column| text(out, column));
            }
        }
        Row::Entry(entry) => encode_entry(entry, out),
        Row::Claim(claim) => {
            text(out, &claim.base);
            number(out, u64::from(claim.slot));
            text(out, &claim.holder);
            maybe(out, claim.expires_at, time);
            maybe(out, claim.note.as_ref(), |out, note| text(out, note));
        }
        Row::Task(copy) => {
            for column in [&copy.task.id, &copy.task.case, &copy.task.kind] {
                text(out, column);
            }
            text(out, copy.task.effect.code());
            text(out, &copy.task.payload);
            time(out, copy.task.run_at);
            number(out, u64::from(copy.attempt));
            number(out, copy.lease_epoch);
            maybe(out, copy.leased.as_ref(), |out, (worker, until)| {
                text(out, worker);
                time(out, *until);
            });
            maybe(out, copy.dead.as_ref(), |out, reason| text(out, reason));
        }
        Row::Index(row) => {
            text(out, &row.purpose);
            number(out, u64::from(row.value.key_version));
            for column in [&row.value.hex, &row.subject, &row.case] {
                text(out, column);
            }
            text(out, row.class.code());
            maybe(out, row.institution.as_ref(), |out, institution| text(out, institution));
        }
        Row::Blob(copy) => {
            for column in [&copy.blob.id, &copy.blob.subject] {
                text(out, column);
            }
            maybe(out, copy.blob.institution.as_ref(), |out, institution| text(out, institution));
            text(out, copy.blob.class.code());
            number(out, copy.blob.len);
            text(out, &copy.blob.sha256);
            text(out, &copy.case);
            text(out, &copy.key_id);
            time(out, copy.created_at);
            out.extend_from_slice(&copy.wrapped);
            bytes(out, &copy.sealed);
        }
        Row::TopKey(id) => text(out, id),
        Row::DataKey(key) => {
            text(out, key.state.code());
            text(out, &key.key_id);
            bytes(out, &key.wrapped);
            time(out, key.created_at);
            text(out, &key.subject);
            text(out, &key.institution);
            text(out, key.class.code());
        }
        Row::IndexKey(key) => {
            text(out, &key.purpose);
            number(out, u64::from(key.version));
            bytes(out, &key.wrapped);
        }
    }
}

fn encode_entry(entry: &EntryRow, out: &mut Vec<u8>) {
    text(out, &entry.id);
    text(out, &entry.case);
    number(out, entry.version);
    number(out, entry.stream.code() as u64);
    maybe(out, entry.number, number);
    text(out, &entry.kind);
    maybe(out, entry.institution.as_ref(), |out, institution| text(out, institution));
    time(out, entry.time);
    out.extend_from_slice(&entry.nonce);
    text(out, &entry.clear);
    bytes(out, &entry.clear_salts);
    bytes(out, &pack_sealed(&entry.sealed));
    bytes(out, &entry.commitments);
    out.extend_from_slice(&entry.leaf);
}

fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&time.as_millisecond().to_be_bytes());
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn text(out: &mut Vec<u8>, text: &str) {
    bytes(out, text.as_bytes());
}

fn maybe<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}

/// The row of a part whose bytes these are; `None` for anything else.
pub(crate) fn decode(part: Part, bytes: &[u8]) -> Option<Row> {
    let mut cut = Cut(bytes);
    let row = cut.row(part)?;
    cut.0.is_empty().then_some(row)
}

/// What is left to be read.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn row(&mut self, part: Part) -> Option<Row> {
        Some(match part {
            Part::Journal => Row::Journal(JournalMark { count: self.number()?, hash: self.array()? }),
            Part::Heads => Row::Head(self.stream()?, self.number()?),
            Part::Destroyed => Row::Destroyed(DestroyedRow {
                subject: self.text()?,
                class: self.class()?,
                institution: self.maybe(Cut::text)?,
            }),
            Part::Subjects => Row::Subject(self.text()?),
            Part::Cases => Row::Case(CaseRow {
                id: self.text()?,
                kind: self.text()?,
                version: self.number()?,
                created_at: self.time()?,
                updated_at: self.time()?,
                institution: self.maybe(Cut::text)?,
                status: self.maybe(Cut::text)?,
                reference: self.maybe(Cut::text)?,
                state: self.maybe(Cut::text)?,
            }),
            Part::Entries => Row::Entry(EntryRow {
                id: self.text()?,
                case: self.text()?,
                version: self.number()?,
                stream: self.stream()?,
                number: self.maybe(Cut::number)?,
                kind: self.text()?,
                institution: self.maybe(Cut::text)?,
                time: self.time()?,
                nonce: self.array()?,
                clear: self.text()?,
                clear_salts: self.bytes()?.to_vec(),
                sealed: unpack_sealed(self.bytes()?).ok()?,
                commitments: self.bytes()?.to_vec(),
                leaf: self.array()?,
            }),
            Part::Claims => Row::Claim(ClaimRow {
                base: self.text()?,
                slot: self.small()?,
                holder: self.text()?,
                expires_at: self.maybe(Cut::time)?,
                note: self.maybe(Cut::text)?,
            }),
            Part::Tasks => Row::Task(TaskCopy {
                task: TaskRow {
                    id: self.text()?,
                    case: self.text()?,
                    kind: self.text()?,
                    effect: Effect::from_code(&self.text()?)?,
                    payload: self.text()?,
                    run_at: self.time()?,
                },
                attempt: self.small()?,
                lease_epoch: self.number()?,
                leased: self.maybe(|cut| Some((cut.text()?, cut.time()?)))?,
                dead: self.maybe(Cut::text)?,
            }),
            Part::Index => Row::Index(IndexRow {
                purpose: self.text()?,
                value: IndexValue { key_version: self.small()?, hex: self.text()? },
                subject: self.text()?,
                case: self.text()?,
                class: self.class()?,
                institution: self.maybe(Cut::text)?,
            }),
            Part::Blobs => Row::Blob(BlobCopy {
                blob: BlobRef {
                    id: self.text()?,
                    subject: self.text()?,
                    institution: self.maybe(Cut::text)?,
                    class: self.class()?,
                    len: self.number()?,
                    sha256: self.text()?,
                },
                case: self.text()?,
                key_id: self.text()?,
                created_at: self.time()?,
                wrapped: self.array()?,
                sealed: self.bytes()?.to_vec(),
            }),
            Part::TopKey => Row::TopKey(self.text()?),
            Part::DataKeys => Row::DataKey(DataKeyRow {
                state: KeyState::from_code(&self.text()?)?,
                key_id: self.text()?,
                wrapped: self.bytes()?.to_vec(),
                created_at: self.time()?,
                subject: self.text()?,
                institution: self.text()?,
                class: self.class()?,
            }),
            Part::IndexKeys => Row::IndexKey(IndexKeyRow {
                purpose: self.text()?,
                version: self.small()?,
                wrapped: self.bytes()?.to_vec(),
            }),
        })
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_millisecond(i64::from_be_bytes(self.array()?)).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.array::<1>()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }

    fn class(&mut self) -> Option<RetentionClass> {
        RetentionClass::from_code(&self.text()?)
    }

    fn stream(&mut self) -> Option<Stream> {
        Stream::from_code(i64::try_from(self.number()?).ok()?)
    }
}
