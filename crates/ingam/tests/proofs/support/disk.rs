//! A disk that loses what was not synced: builds and preloads `tools/lossy.c`, and takes back what a power cut
//! would have taken. The log's format stands at the top of that file.

use super::{Dice, Server, Stage};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// What of the unsynced a power cut leaves.
pub enum Cut<'d> {
    /// Nothing.
    Everything,
    /// What chance had written already: any sector of any write, in any order.
    Some(&'d mut Dice),
}

/// A sector: what a disk writes whole.
const SECTOR: u64 = 512;

struct Layer {
    library: PathBuf,
    _dir: TempDir,
}

/// The library, compiled once.
static LAYER: LazyLock<Layer> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("liblossy.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proofs/tools/lossy.c");
    let output = Command::new("cc")
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o"])
        .arg(&library)
        .arg(source)
        .args(["-ldl", "-pthread"])
        .output()
        .expect("a C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Layer { library, _dir: dir }
});

/// A folder whose unsynced changes can be taken back.
pub struct Disk {
    root: PathBuf,
    log: PathBuf,
}

impl Disk {
    /// A folder `disk` in this one, with its log beside it.
    pub fn in_dir(dir: &Path) -> Self {
        let dir = dir.canonicalize().unwrap();
        let disk = Self { root: dir.join("disk"), log: dir.join("unsynced") };
        fs::create_dir_all(&disk.root).unwrap();
        fs::create_dir_all(&disk.log).unwrap();
        disk
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What stands in the environment of a program that writes to it.
    pub fn environment(&self) -> [(&str, &Path); 3] {
        [("LD_PRELOAD", &LAYER.library), ("LOSSY_ROOT", &self.root), ("LOSSY_LOG", &self.log)]
    }

    /// Starts the program on this disk.
    pub async fn start(&self, stage: &Stage) -> Server {
        stage.start_with(&self.environment()).await
    }

    /// The power fails: whoever wrote has been killed before. Answers how many unsynced changes there were.
    pub fn cut(&self, mut how: Cut<'_>) -> usize {
        let mut unsynced = 0;
        let logs: BTreeMap<String, PathBuf> = fs::read_dir(&self.log)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
            .collect();
        for (name, path) in &logs {
            if let Some(inode) = name.strip_prefix("f-") {
                let records = records(&fs::read(path).unwrap());
                unsynced += records.len();
                take_back(&self.log.join(format!("i-{inode}")), &records, &mut how);
            }
        }
        // Names last: a file without one is still reached by its held link.
        for (_, path) in logs.iter().filter(|(name, _)| name.starts_with("d-")) {
            let lines = fs::read_to_string(path).unwrap();
            unsynced += lines.lines().count();
            let written = match &mut how {
                Cut::Everything => false,
                Cut::Some(dice) => dice.below(2) == 0,
            };
            if !written {
                lines.lines().rev().for_each(|line| self.name_back(line));
            }
        }
        remove_shared_memory(&self.root);
        fs::remove_dir_all(&self.log).unwrap();
        fs::create_dir(&self.log).unwrap();
        unsynced
    }

    fn name_back(&self, line: &str) {
        let parts: Vec<&str> = line.split('\t').collect();
        let gone = |result: std::io::Result<()>| match result {
            Ok(()) => {}
            // Noted, and killed before it happened.
            Err(e)
                if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::AlreadyExists) => {}
            Err(e) => panic!("{line}: {e}"),
        };
        match parts[..] {
            ["+", path] if Path::new(path).is_dir() => gone(fs::remove_dir_all(path)),
            ["+", path] => gone(fs::remove_file(path)),
            ["-", inode, path] => gone(fs::hard_link(self.log.join(format!("i-{inode}")), path)),
            // The last line may be cut short: what it would have said did not happen.
            _ => {}
        }
    }
}

/// One change of a file's bytes.
struct Record {
    truncation: bool,
    offset: u64,
    old_size: u64,
    new_size: u64,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn records(mut log: &[u8]) -> Vec<Record> {
    const HEAD: usize = 40;
    let mut all = Vec::new();
    while log.len() >= HEAD {
        let number = |at: usize| u64::from_le_bytes(log[at..at + 8].try_into().unwrap());
        let truncation = log[0] == b'T';
        let (old_len, new_len) = (number(24) as usize, number(32));
        let bytes = if truncation { 0 } else { new_len as usize };
        // The last record may be cut short: its write did not happen.
        if log.len() < HEAD + old_len + bytes {
            break;
        }
        all.push(Record {
            truncation,
            offset: number(8),
            old_size: number(16),
            new_size: new_len,
            old: log[HEAD..HEAD + old_len].to_vec(),
            new: log[HEAD + old_len..HEAD + old_len + bytes].to_vec(),
        });
        log = &log[HEAD + old_len + bytes..];
    }
    all
}

fn take_back(file: &Path, records: &[Record], how: &mut Cut<'_>) {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    for record in records.iter().rev() {
        file.write_all_at(&record.old, record.offset).unwrap();
        file.set_len(record.old_size).unwrap();
    }
    let Cut::Some(dice) = how else { return };
    for record in records {
        if record.truncation {
            if dice.below(2) == 0 {
                file.set_len(record.new_size).unwrap();
            }
            continue;
        }
        let mut from = 0;
        while from < record.new.len() {
            let at = record.offset + from as u64;
            let to = record.new.len().min(from + (SECTOR - at % SECTOR) as usize);
            if dice.below(2) == 0 {
                file.write_all_at(&record.new[from..to], at).unwrap();
            }
            from = to;
        }
    }
}

/// SQLite's shared memory does not outlive its processes.
fn remove_shared_memory(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            remove_shared_memory(&path);
        } else if path.to_str().is_some_and(|name| name.ends_with("-shm")) {
            fs::remove_file(path).unwrap();
        }
    }
}
