//! The sealed body of a backup file: a stream of bytes in chunks of one size, of which only the last may be
//! shorter. Refuses to know what the bytes are.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::crypto::ChunkKey;
use crate::error::Fault;

/// Bytes of a chunk before it is sealed: the overhead of 16 bytes is nothing, and a chunk fits the caches of a
/// processor about.
pub(crate) const CHUNK: usize = 1 << 20;

const BODY: &str = "body";

fn damaged(what: &'static str) -> Fault {
    Fault::Backup { part: BODY, what }
}

/// Seals what is written.
pub(crate) struct Sealer<W> {
    out: W,
    /// For faults.
    path: PathBuf,
    key: ChunkKey,
    place: u32,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub(crate) fn new(out: W, path: &Path, key: ChunkKey) -> Sealer<W> {
        Sealer { out, path: path.to_owned(), key, place: 0, chunk: Vec::with_capacity(CHUNK + ChunkKey::TAG) }
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            // A full chunk waits until there is more: only then is it known not to be the last.
            if self.chunk.len() == CHUNK {
                self.seal(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<W, Fault> {
        self.seal(true)?;
        Ok(self.out)
    }

    fn seal(&mut self, last: bool) -> Result<(), Fault> {
        self.key.seal(self.place, last, &mut self.chunk)?;
        self.out.write_all(&self.chunk).map_err(Fault::file(&self.path))?;
        self.chunk.clear();
        self.place = self.place.checked_add(1).ok_or(Fault::Invalid("a backup beyond 4 PiB"))?;
        Ok(())
    }
}

/// Opens what a [`Sealer`] wrote.
pub(crate) struct Opener<R> {
    file: R,
    /// For faults.
    path: PathBuf,
    key: ChunkKey,
    place: u32,
    /// The chunk that is being read, open, and how much of it was taken.
    chunk: Vec<u8>,
    taken: usize,
    /// The chunk after it, still sealed; empty at the end of the file.
    ahead: Vec<u8>,
    ended: bool,
    read: u64,
}

impl<R: Read> Opener<R> {
    pub(crate) fn new(file: R, path: &Path, key: ChunkKey) -> Result<Opener<R>, Fault> {
        let mut opener = Opener {
            file,
            path: path.to_owned(),
            key,
            place: 0,
            chunk: Vec::new(),
            taken: 0,
            ahead: Vec::new(),
            ended: false,
            read: 0,
        };
        opener.look_ahead()?;
        Ok(opener)
    }

    fn look_ahead(&mut self) -> Result<(), Fault> {
        self.ahead.clear();
        let most = (CHUNK + ChunkKey::TAG) as u64;
        let read = self.file.by_ref().take(most).read_to_end(&mut self.ahead);
        self.read += read.map_err(Fault::file(&self.path))? as u64;
        Ok(())
    }

    fn next_chunk(&mut self) -> Result<(), Fault> {
        if self.ended {
            return Err(damaged("it ends in the middle of something"));
        }
        std::mem::swap(&mut self.chunk, &mut self.ahead);
        self.taken = 0;
        let whole = self.chunk.len() == CHUNK + ChunkKey::TAG;
        self.ahead.clear();
        if whole {
            self.look_ahead()?;
        }
        let last = self.ahead.is_empty();
        if !self.key.open(self.place, last, &mut self.chunk) {
            return Err(damaged(
                "a chunk does not open: it is damaged, cut off, out of its place or of another backup",
            ));
        }
        self.place = self.place.checked_add(1).ok_or(damaged("it never ends"))?;
        self.ended = last;
        Ok(())
    }

    /// Fills the buffer.
    pub(crate) fn fill(&mut self, mut out: &mut [u8]) -> Result<(), Fault> {
        while !out.is_empty() {
            if self.taken == self.chunk.len() {
                self.next_chunk()?;
            }
            let now = out.len().min(self.chunk.len() - self.taken);
            let (filled, rest) = out.split_at_mut(now);
            filled.copy_from_slice(&self.chunk[self.taken..self.taken + now]);
            self.taken += now;
            out = rest;
        }
        Ok(())
    }

    /// Reads this many bytes. No length from outside makes it ask for more memory than there are bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        while out.len() < length {
            let before = out.len();
            out.resize(length.min(before + CHUNK), 0);
            self.fill(&mut out[before..])?;
        }
        Ok(out)
    }

    /// That nothing follows.
    pub(crate) fn end(&self) -> Result<(), Fault> {
        if self.ended && self.taken == self.chunk.len() {
            Ok(())
        } else {
            Err(damaged("something follows its end"))
        }
    }

    /// Bytes of the file so far, from the first chunk on.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }
}
