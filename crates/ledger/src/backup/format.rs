//! A backup file, from its first byte to its last (docs/decisions/0007-backup-format.md):
//!
//! ```text
//! file    = "ingambk1" ‖ length of the header (4 bytes) ‖ header (JSON)
//!           ‖ length of the wrapped key (2 bytes) ‖ wrapped key ‖ chunks
//! body    = frames ‖ a frame that is the manifest                      what the chunks hold
//! frame   = kind (1 byte) ‖ length (4 bytes) ‖ bytes
//! ```
//!
//! Refuses everything else, and says in which part and what.

use std::io::{Read, Write};
use std::path::Path;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::chunks::{Opener, Sealer};
use super::encode;
use crate::crypto::ChunkKey;
use crate::error::Fault;
use crate::given::{Entropy, TopKey, draw};
use crate::leaf;
use crate::portable::{Part, Row};
use crate::text;

const MAGIC: &[u8; 8] = b"ingambk1";

/// The number in a header.
const FORMAT: u8 = 1;

/// Headers are about 400 bytes, manifests about 1,500; the bounds keep a damaged length harmless.
const MAX_HEADER: u32 = 16 * 1024;
const MAX_MANIFEST: usize = 64 * 1024;

/// Longer rows no store can keep (SQLite's bound is 10^9 bytes).
const MAX_FRAME: u32 = 1 << 30;

/// The frame that is no row; those of rows are their places in [`Part::ALL`], from 1.
const MANIFEST: u8 = 255;

fn problem(part: &'static str, what: &'static str) -> Fault {
    Fault::Backup { part, what }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A ledger's rows and blobs, sealed as they were.
    Ledger,
    /// The wrapped keys without which they stay shut.
    Keys,
}

impl Kind {
    /// The stable word.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Ledger => "ledger",
            Kind::Keys => "keys",
        }
    }
}

/// What can be read without the top key. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: u8,
    /// What the file holds.
    pub kind: Kind,
    /// The run that made it; the two files of one run have the same.
    pub backup: String,
    /// `test` or `live`.
    pub environment: String,
    /// The name of the top key that wrapped the file's key.
    pub top_key: String,
    /// The moment that the file holds: all that was acknowledged before it, RFC 3339.
    pub made_at: String,
    /// How far the journal of destructions had been followed.
    pub journal_count: u64,
    /// The hash of its last record then, 64 hex digits.
    pub journal_hash: String,
    nonce_prefix: String,
}

impl Header {
    pub(crate) fn new(kind: Kind, backup: &str, environment: &str, top_key: &str) -> Header {
        Header {
            format: FORMAT,
            kind,
            backup: backup.to_owned(),
            environment: environment.to_owned(),
            top_key: top_key.to_owned(),
            made_at: String::new(),
            journal_count: 0,
            journal_hash: String::new(),
            nonce_prefix: String::new(),
        }
    }
}

/// What a file holds, part by part; its last frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The parts in their order; a part without rows is left out.
    pub parts: Vec<PartSum>,
}

impl Manifest {
    /// How many rows of a part there are.
    pub fn rows(&self, part: Part) -> u64 {
        self.parts.iter().find(|sum| sum.part == part.code()).map_or(0, |sum| sum.rows)
    }
}

/// One part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartSum {
    /// Its name: [`Part::code`].
    pub part: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of its frames, 64 hex digits.
    pub sha256: String,
}

/// Sums up the part that is being written or read.
#[derive(Default)]
struct Sums {
    done: Vec<PartSum>,
    open: Option<(Part, digest::Context, u64, u64)>,
}

/// The part whose rows are frames of this kind.
fn part_of(kind: u8) -> Option<Part> {
    Part::ALL.get(usize::from(kind).checked_sub(1)?).copied()
}

impl Sums {
    /// Takes a frame; `false` where its part was over already.
    fn take(&mut self, part: Part, head: &[u8], bytes: &[u8]) -> bool {
        if self.open.as_ref().is_none_or(|open| open.0 != part) {
            if self.open.as_ref().is_some_and(|open| open.0 > part) {
                return false;
            }
            self.close();
            self.open = Some((part, digest::Context::new(&digest::SHA256), 0, 0));
        }
        if let Some((_, context, rows, length)) = &mut self.open {
            context.update(head);
            context.update(bytes);
            *rows += 1;
            *length += (head.len() + bytes.len()) as u64;
        }
        true
    }

    fn close(&mut self) {
        if let Some((part, context, rows, bytes)) = self.open.take() {
            let sha256 = text::to_hex(context.finish().as_ref());
            self.done.push(PartSum { part: part.code().to_owned(), rows, bytes, sha256 });
        }
    }
}

/// Writes one file.
pub(crate) struct Writer<W: Write> {
    stream: Sealer<W>,
    sums: Sums,
    frame: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Draws the file's key, wraps it and writes everything before the chunks.
    pub(crate) async fn begin(
        mut out: W,
        path: &Path,
        mut header: Header,
        top: &dyn TopKey,
        entropy: &dyn Entropy,
    ) -> Result<Writer<W>, Fault> {
        let prefix = draw(entropy);
        header.nonce_prefix = text::to_hex(&prefix);
        let header = serde_json::to_vec(&header).map_err(|_| Fault::Invalid("a backup's header"))?;
        let key = Zeroizing::new(draw::<32>(entropy));
        let wrapped = top.wrap(&key_aad(&header), &key).await?;
        let mut start = MAGIC.to_vec();
        start.extend_from_slice(&(header.len() as u32).to_be_bytes());
        start.extend_from_slice(&header);
        let length = u16::try_from(wrapped.len()).map_err(|_| Fault::Invalid("a wrapped key"))?;
        start.extend_from_slice(&length.to_be_bytes());
        start.extend_from_slice(&wrapped);
        out.write_all(&start).map_err(Fault::file(path))?;
        Ok(Writer::under(Sealer::new(out, path, ChunkKey::new(&key, prefix)?)))
    }

    /// Writes a body.
    pub(crate) fn under(stream: Sealer<W>) -> Writer<W> {
        Writer { stream, sums: Sums::default(), frame: Vec::new() }
    }

    pub(crate) fn row(&mut self, row: &Row) -> Result<(), Fault> {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        encode::encode(row, &mut frame);
        let part = row.part();
        let place = Part::ALL.iter().position(|known| *known == part).unwrap_or(0);
        let outcome = self.frame(place as u8 + 1, Some(part), &frame);
        self.frame = frame;
        outcome
    }

    /// Writes the manifest and all that still waits.
    pub(crate) fn finish(mut self) -> Result<(W, Manifest), Fault> {
        self.sums.close();
        let manifest = Manifest { parts: std::mem::take(&mut self.sums.done) };
        let bytes = serde_json::to_vec(&manifest).map_err(|_| Fault::Invalid("a backup's manifest"))?;
        self.frame(MANIFEST, None, &bytes)?;
        Ok((self.stream.finish()?, manifest))
    }

    fn frame(&mut self, kind: u8, part: Option<Part>, bytes: &[u8]) -> Result<(), Fault> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MAX_FRAME);
        let length = length.ok_or(Fault::Invalid("a row beyond 1 GiB"))?;
        let mut head = [kind; 5];
        head[1..].copy_from_slice(&length.to_be_bytes());
        if part.is_some_and(|part| !self.sums.take(part, &head, bytes)) {
            return Err(Fault::Invalid("rows out of order"));
        }
        self.stream.write(&head)?;
        self.stream.write(bytes)
    }
}

/// The wrapped key opens only under its own header.
fn key_aad(header: &[u8]) -> Vec<u8> {
    text::bound("ingam-backup-key-v1", &[&text::to_hex(&leaf::sha256(&[header]))])
}

/// A file whose header was read.
pub(crate) struct Closed<R> {
    pub(crate) header: Header,
    header_hash_aad: Vec<u8>,
    wrapped: Vec<u8>,
    prefix: [u8; ChunkKey::PREFIX],
    file: R,
}

/// Reads everything before the chunks.
pub(crate) fn read_header<R: Read>(mut file: R) -> Result<Closed<R>, Fault> {
    let short = |_: std::io::Error| problem("header", "the file is too short");
    let mut start = [0; 12];
    file.read_exact(&mut start).map_err(short)?;
    let (magic, length) = start.split_at(8);
    if magic != MAGIC {
        return Err(problem("header", "the file does not begin like a backup of format 1"));
    }
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
    if length > MAX_HEADER {
        return Err(problem("header", "its length can't be"));
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes).map_err(short)?;
    let header: Header =
        serde_json::from_slice(&bytes).map_err(|_| problem("header", "it is no header of format 1"))?;
    if header.format != FORMAT {
        return Err(problem("header", "it is of another format"));
    }
    if text::parse_time(&header.made_at).is_none() || text::from_hex::<32>(&header.journal_hash).is_none() {
        return Err(problem("header", "a time or a hash in it can't be read"));
    }
    let prefix = text::from_hex(&header.nonce_prefix).ok_or(problem("header", "its nonce can't be read"))?;
    let mut length = [0; 2];
    file.read_exact(&mut length).map_err(short)?;
    let mut wrapped = vec![0; usize::from(u16::from_be_bytes(length))];
    file.read_exact(&mut wrapped).map_err(short)?;
    Ok(Closed { header, header_hash_aad: key_aad(&bytes), wrapped, prefix, file })
}

impl<R: Read> Closed<R> {
    /// Opens it with the top key.
    pub(crate) async fn open(self, path: &Path, top: &dyn TopKey) -> Result<Reader<R>, Fault> {
        if self.header.top_key != top.id() {
            return Err(problem("key", "it was wrapped by another top key"));
        }
        let key = top.unwrap(&self.header_hash_aad, &self.wrapped).await;
        let key = key.map_err(|_| problem("key", "it does not open: the header or the key is damaged"))?;
        let stream = Opener::new(self.file, path, ChunkKey::new(&key, self.prefix)?)?;
        Ok(Reader::over(self.header.kind, stream))
    }
}

/// What stands in a body.
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub(crate) enum Item {
    Row(Row),
    /// The end, and all of it was as it should be.
    End(Manifest),
}

/// Reads one file.
pub(crate) struct Reader<R> {
    kind: Kind,
    stream: Opener<R>,
    sums: Sums,
}

impl<R: Read> Reader<R> {
    pub(crate) fn over(kind: Kind, stream: Opener<R>) -> Reader<R> {
        Reader { kind, stream, sums: Sums::default() }
    }

    pub(crate) fn read(&self) -> u64 {
        self.stream.read()
    }

    /// The next thing; never called after the end.
    pub(crate) fn next(&mut self) -> Result<Item, Fault> {
        let mut head = [0; 5];
        self.stream.fill(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if kind == MANIFEST {
            return self.manifest(length as usize).map(Item::End);
        }
        let part = part_of(kind).ok_or(problem("body", "a kind of row that does not exist"))?;
        if length > MAX_FRAME {
            return Err(problem(part.code(), "a row's length can't be"));
        }
        let bytes = self.stream.take(length as usize)?;
        if !self.sums.take(part, &head, &bytes) {
            return Err(problem(part.code(), "it comes out of order"));
        }
        let row = encode::decode(part, &bytes).filter(|_| self.may_hold(part));
        row.map(Item::Row).ok_or(problem(part.code(), "a row can't be read"))
    }

    fn may_hold(&self, part: Part) -> bool {
        match part {
            Part::Journal | Part::Destroyed => true,
            Part::TopKey | Part::DataKeys | Part::IndexKeys => self.kind == Kind::Keys,
            _ => self.kind == Kind::Ledger,
        }
    }

    fn manifest(&mut self, length: usize) -> Result<Manifest, Fault> {
        const PART: &str = "manifest";
        if length > MAX_MANIFEST {
            return Err(problem(PART, "its length can't be"));
        }
        let bytes = self.stream.take(length)?;
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|_| problem(PART, "it can't be read"))?;
        self.sums.close();
        if manifest.parts != self.sums.done {
            return Err(problem(PART, "the parts are not those that it lists"));
        }
        self.stream.end()?;
        Ok(manifest)
    }
}
