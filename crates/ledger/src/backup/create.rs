//! Making a backup beside whoever writes. The order matters: first the ledger's moment, then keys and blobs,
//! because both are on disk before the entry that needs them.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::format::{Header, Kind, Manifest, Writer};
use super::{Place, Progress, Watching, file_name};
use crate::entry::Stream;
use crate::error::Fault;
use crate::files;
use crate::given::{Clock, Entropy, TopKey, draw};
use crate::leaf;
use crate::ledger::blocking;
use crate::portable::{Export, Moment, Part, Row};
use crate::text;

/// What a backup is made with.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// `test` or `live`.
    pub environment: &'a str,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
    /// Wraps the key of each file.
    pub top_key: &'a dyn TopKey,
    /// Told how far it is.
    pub watching: Watching<'a>,
}

/// A backup that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// The name that both files share.
    pub backup: String,
    /// The moment: all that was acknowledged before it is in the backup.
    pub made_at: String,
    /// The last number given in each stream at that moment.
    pub heads: Vec<(Stream, u64)>,
    /// How many records of the journal had been followed.
    pub journal_count: u64,
    /// The file of rows and blobs.
    pub ledger: MadeFile,
    /// The file of wrapped keys.
    pub keys: MadeFile,
}

/// One file of a backup.
#[derive(Debug, Clone, Serialize)]
pub struct MadeFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What is in it.
    pub manifest: Manifest,
}

/// Makes a backup: the ledger's rows and blobs into one folder, the wrapped keys into another. Both files are
/// whole and durable when this answers; until then they have other names.
pub async fn create(
    from: &Place,
    ledger_to: &Path,
    keys_to: &Path,
    making: Making<'_>,
) -> Result<Made, Fault> {
    let top_key = making.top_key.id();
    let backup = text::to_hex(&draw::<8>(making.entropy));
    files::make_dir(ledger_to)?;
    files::make_dir(keys_to)?;
    // Before the moment, so that nothing acknowledged before it is missing.
    let made_at = making.clock.now();
    let ledger = from.ledger.export().await?;
    let (heads, journal_count) = (ledger.moment().heads.clone(), ledger.moment().journal.count);
    let mut file = Begun::new(Kind::Ledger, ledger_to, made_at, &backup, ledger.moment(), making).await?;
    file = file.rows(ledger, Some(Part::Entries), top_key, making.watching).await?;
    let ledger = file.rows(from.blobs.export().await?, None, top_key, &|_| ()).await?;

    let keys_at = making.clock.now().max(made_at);
    let keys = from.keys.export().await?;
    let file = Begun::new(Kind::Keys, keys_to, keys_at, &backup, keys.moment(), making).await?;
    let keys = file.rows(keys, Some(Part::DataKeys), top_key, &|_| ()).await?;

    // A file of rows without its keys is of no use; so the keys come first.
    let keys = keys.finish().await?;
    let ledger = ledger.finish().await?;
    let made_at = leaf::rfc3339(made_at);
    Ok(Made { backup, made_at, heads, journal_count, ledger, keys })
}

/// A file that is being written under another name.
struct Begun {
    path: PathBuf,
    aside: Aside,
    writer: Writer<BufWriter<File>>,
}

/// The name of a file that is not whole yet; the file goes away unless it got its real name.
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        // Renamed, it is not there any more; and what can't be removed has a name that says what it is.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Begun {
    async fn new(
        kind: Kind,
        dir: &Path,
        made_at: Timestamp,
        backup: &str,
        moment: &Moment,
        making: Making<'_>,
    ) -> Result<Begun, Fault> {
        let path = dir.join(file_name(kind, made_at));
        let aside = Aside(path.with_extension("part"));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside.0);
        let file = BufWriter::new(file.map_err(Fault::file(&aside.0))?);
        let mut header = Header::new(kind, backup, making.environment, making.top_key.id());
        header.made_at = leaf::rfc3339(made_at);
        header.journal_count = moment.journal.count;
        header.journal_hash = text::to_hex(&moment.journal.hash);
        let writer = Writer::begin(file, &path, header, making.top_key, making.entropy).await?;
        Ok(Begun { path, aside, writer })
    }

    /// Writes all rows; `counted` are those that the moment knows the number of.
    async fn rows(
        mut self,
        mut export: Box<dyn Export>,
        counted: Option<Part>,
        top_key: &str,
        watching: Watching<'_>,
    ) -> Result<Begun, Fault> {
        let of = export.moment().rows;
        let mut done = 0;
        while let Some(page) = export.page().await? {
            done += page.iter().filter(|row| Some(row.part()) == counted).count() as u64;
            if page.iter().any(|row| matches!(row, Row::TopKey(id) if id != top_key)) {
                return Err(Fault::WrongTopKey);
            }
            self = blocking(move || {
                page.iter().try_for_each(|row| self.writer.row(row))?;
                Ok(self)
            })
            .await?;
            watching(Progress { entries: done, done, of: of.max(done) });
        }
        if done < of {
            return Err(Fault::Damaged("fewer rows came than were counted"));
        }
        Ok(self)
    }

    async fn finish(self) -> Result<MadeFile, Fault> {
        blocking(move || {
            let Begun { path, aside, writer } = self;
            let (out, manifest) = writer.finish()?;
            let file = out.into_inner().map_err(|error| Fault::file(&path)(error.into_error()))?;
            file.sync_all().map_err(Fault::file(&path))?;
            let bytes = file.metadata().map_err(Fault::file(&path))?.len();
            std::fs::rename(&aside.0, &path).map_err(Fault::file(&path))?;
            files::sync_parent(&path)?;
            Ok(MadeFile { path, bytes, manifest })
        })
        .await
    }
}
