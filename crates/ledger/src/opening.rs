//! Opening a ledger: on SQLite for one process, on PostgreSQL for several. Whichever it is, store, keys, blobs and
//! journal are opened, checked against each other, and what the journal is ahead is followed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::RwLock;

use crate::blobs::Blobs;
use crate::blobs::folder::Folder;
use crate::destroying::Destroyer;
use crate::error::Fault;
use crate::files;
use crate::given::{Clock, Entropy, TopKey, draw};
use crate::journal::{Journal, JournalFile};
use crate::keys::{KeyFile, Keys};
use crate::ledger::{Inner, Ledger, blocking};
use crate::postgres::Postgres;
use crate::postgres::journal::JournalTable;
use crate::postgres::keys::KeyTable;
use crate::postgres::schema::Use;
use crate::sqlite::Sqlite;
use crate::store::{JournalMark, Store};
use crate::text;
use crate::vault::Vault;

/// Where a ledger lies.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of `ledger.db`, `keys.db`, `blobs/` and `lock`; made where it is missing.
    pub dir: PathBuf,
    /// The journal of destructions. It should lie on another disk than `dir`, and must not be restored
    /// together with it.
    pub journal: PathBuf,
}

/// Where a ledger lies that several processes share.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// The database of entries, views, claims, tasks and blobs.
    pub store: Database,
    /// The database of wrapped keys, with backups of its own.
    pub keys: Database,
    /// The database of the journal of destructions. It must not be restored together with the others.
    pub journal: Database,
    /// To which environment the store belongs, for ever.
    pub environment: String,
}

/// A PostgreSQL database, and where in it.
#[derive(Clone)]
pub struct Database {
    /// Its address, `postgres://…`.
    pub url: String,
    /// A namespace for the tables, where it is not the role's own.
    pub schema: Option<String>,
}

impl Database {
    /// Removes the namespace and all that is in it. Without one nothing happens: what else lies there is not known.
    pub async fn drop_schema(&self) -> Result<(), Fault> {
        match &self.schema {
            Some(schema) => crate::postgres::connect::drop_schema(&self.url, schema).await,
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An address may hold a password.
        write!(f, "Database({})", self.schema.as_deref().unwrap_or("…"))
    }
}

/// What a ledger is put together from, opened and fitting each other.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Box<dyn Keys>,
    pub(crate) blobs: Box<dyn Blobs>,
    pub(crate) journal: Box<dyn Journal>,
    /// How far store and keys have followed the journal.
    pub(crate) marks: [JournalMark; 2],
    pub(crate) lock: Option<File>,
}

impl Ledger {
    /// Opens the ledger on SQLite, and makes it where there is none. Replays the journal of destructions,
    /// and refuses to open where the journal does not fit ([`Fault::Journal`]).
    pub async fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
    ) -> Result<Ledger, Fault> {
        Self::open_with(config, clock, entropy, top_key, |store| store).await
    }

    /// Like [`Ledger::open`], with something around the store: for instance one that fails on demand.
    pub async fn open_with(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
        around: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Result<Ledger, Fault> {
        let top_id = top_key.id().to_owned();
        let journal = config.journal.clone();
        let (lock, store, keys, blobs) = blocking(move || {
            files::make_dir(&config.dir)?;
            let lock = lock(&config.dir.join("lock"))?;
            not_moved(&config.dir)?;
            let store = Sqlite::open(&config.dir.join("ledger.db"))?;
            let keys = KeyFile::open(&config.dir.join("keys.db"), &top_id)?;
            let blobs = Folder::open(&config.dir.join("blobs"))?;
            files::sync_dir(&config.dir)?;
            Ok((lock, store, keys, blobs))
        })
        .await?;
        let store = around(Arc::new(store));
        let marks = [store.journal_mark().await?, keys.journal_mark().await?];
        let journal = blocking(move || JournalFile::open(&journal, &marks)).await?;
        let parts = Parts {
            store,
            keys: Box::new(keys),
            blobs: Box::new(blobs),
            journal: Box::new(journal),
            marks,
            lock: Some(lock),
        };
        Self::over(parts, clock, entropy, top_key).await
    }

    /// Opens the ledger on PostgreSQL, as one of several processes, and makes the tables where there are none.
    /// Like [`Ledger::open`] it replays the journal, and refuses to open where it does not fit. Housekeeping must
    /// call [`Ledger::finish_destructions`] every few seconds: that is how this process learns what others
    /// destroyed and takes the keys out of its memory. Nothing is sealed or opened under them meanwhile.
    pub async fn open_postgres(
        config: PostgresConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
    ) -> Result<Ledger, Fault> {
        Self::open_postgres_for(Use::Open, config, clock, entropy, top_key).await
    }

    pub(crate) async fn open_postgres_for(
        wanted: Use,
        config: PostgresConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
    ) -> Result<Ledger, Fault> {
        let node = text::to_hex(&draw::<16>(&*entropy));
        let place = &config.store;
        let store = Postgres::open_for(&place.url, node, place.schema.as_deref(), wanted).await?;
        store.belongs_to(&config.environment).await?;
        let place = &config.keys;
        let keys = KeyTable::open(&place.url, place.schema.as_deref(), top_key.id(), wanted).await?;
        let marks = [store.journal_mark().await?, keys.journal_mark().await?];
        let place = config.journal;
        let journal = JournalTable::open(&place.url, place.schema.as_deref(), &marks, wanted).await?;
        let parts = Parts {
            blobs: Box::new(store.blobs()),
            store: Arc::new(store),
            keys: Box::new(keys),
            journal: Box::new(journal),
            marks,
            lock: None,
        };
        Self::over(parts, clock, entropy, top_key).await
    }

    pub(crate) async fn over(
        parts: Parts,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
    ) -> Result<Ledger, Fault> {
        let Parts { store, keys, blobs, journal, marks, lock } = parts;
        let destroyer = Destroyer::new(journal, &marks, clock.now(), draw(&*entropy)).await?;
        let inner = Inner {
            store,
            vault: Vault::new(keys, top_key, entropy.clone()),
            blobs,
            destroyer: tokio::sync::Mutex::new(destroyer),
            clock,
            entropy,
            gate: RwLock::new(()),
            _lock: lock,
        };
        let ledger = Ledger { inner: Arc::new(inner) };
        ledger.finish_destructions().await?;
        Ok(ledger)
    }
}

/// The file that says that the ledger of a folder lies elsewhere now.
const MOVED: &str = "moved";

/// Refuses a folder whose ledger has moved.
pub fn not_moved(dir: &Path) -> Result<(), Fault> {
    match std::fs::read_to_string(dir.join(MOVED)) {
        Ok(note) => Err(Fault::Moved { dir: dir.to_owned(), note: note.trim().to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Fault::file(&dir.join(MOVED))(error)),
    }
}

/// Takes the mark away again: where the move has not ended.
pub fn unmark_moved(dir: &Path) -> Result<(), Fault> {
    let file = dir.join(MOVED);
    match std::fs::remove_file(&file) {
        Ok(()) => files::sync_dir(dir),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Fault::file(&file)(error)),
    }
}

/// Marks a folder as one whose ledger has moved: nobody opens it from now on. `note`: where to, and when.
pub fn mark_moved(dir: &Path, note: &str) -> Result<(), Fault> {
    let (file, aside) = (dir.join(MOVED), dir.join("moved.new"));
    let written = File::create(&aside).and_then(|mut out| {
        out.write_all(note.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&aside, &file)
    });
    written.map_err(Fault::file(&file))?;
    files::sync_dir(dir)
}

fn lock(path: &Path) -> Result<File, Fault> {
    // A killed process may leave a child between fork and exec, which holds the file a moment longer.
    const TRIES: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(50);
    let open = File::options().create(true).append(true).open(path);
    let file = open.map_err(Fault::file(path))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(std::fs::TryLockError::Error(error)) => return Err(Fault::file(path)(error)),
        }
    }
    Err(Fault::Locked)
}
