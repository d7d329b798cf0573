//! A backup of a large ledger under load, its restore and its audit: seconds for each. The cases are recorded
//! verifications, told again under new ids, and records of access beside them, so that the audit folds what it would
//! fold in use. Filled by ordinary commits.

use super::{Scratch, drop_schemas, schemas, words};
use crate::given::{MachineClock, SystemEntropy};
use crate::replay;
use clap::Args;
use ingam_cases::id::{EntryId, SubjectId, VerificationId, body};
use ingam_ledger::audit::AuditReport;
use ingam_ledger::backup::{self, Filling, Making, Place, Since, Staging};
use ingam_ledger::{
    ACCESS_CASE, ACCESS_READ, ClearEntry, Commit, Config, Effect, Entry, FileTopKey, Ledger, NewTask,
    PostgresConfig, RetentionClass, SealedField, Stream, Take, View, Write,
};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Recorded stories: what `apply` must fold for ever.
const STORIES: &str = include_str!("../../../../cases/tests/golden/verification-v1.json");

/// Callers at once; enough to keep a batch full while another is written.
const CALLERS: usize = 128;
/// Entries numbered in one transaction.
const NUMBERED: u32 = 4_000;
const INSTITUTION: &str = "ins_00000000z8e81840g2081040g2";

#[derive(Args)]
pub(super) struct BenchBackupArgs {
    /// How many entries the ledger has before the backup.
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// On PostgreSQL, postgres://…, in schemas of its own that go when it ends; else on the embedded store.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

pub(super) async fn bench(args: &BenchBackupArgs) -> Result<Value, String> {
    let scratch = Scratch::new()?;
    let entropy = Arc::new(SystemEntropy::default());
    let Some(url) = &args.store else {
        let (from, into) = (scratch.0.join("data"), scratch.0.join("restored"));
        return measure(args, &scratch, entropy, Spot::Folder(from), Spot::Folder(into)).await;
    };
    let (from, into) = (schemas(url, &entropy), schemas(url, &entropy));
    // The journal is where it was.
    let into = PostgresConfig { journal: from.journal.clone(), ..into };
    let spots = (Spot::Databases(from.clone()), Spot::Databases(into.clone()));
    let figures = measure(args, &scratch, entropy, spots.0, spots.1).await;
    drop_schemas(from).await?;
    drop_schemas(into).await?;
    figures
}

/// Where a ledger of the bench lies.
enum Spot {
    Folder(PathBuf),
    Databases(PostgresConfig),
}

async fn measure(
    args: &BenchBackupArgs,
    scratch: &Scratch,
    entropy: Arc<SystemEntropy>,
    from: Spot,
    into: Spot,
) -> Result<Value, String> {
    let house = House::open(scratch, entropy, &from).await?;
    let began = Instant::now();
    let entries = house.fill(args.entries).await?;
    house.number_all().await?;
    let filled_s = seconds(began);

    // The load goes on from before the backup until after it.
    let stop = Arc::new(AtomicBool::new(false));
    let committed = Arc::new(AtomicU64::new(0));
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..16 {
        load.spawn(house.clone().load(stop.clone(), committed.clone()));
    }
    let log = scratch.0.join("data/ledger.db-wal");
    let watching = tokio::spawn(largest(log, stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let quiet_per_s = committed.load(Ordering::Relaxed);
    let (acknowledged, began) = (committed.load(Ordering::SeqCst), Instant::now());
    let making = Making {
        environment: "test",
        clock: &house.clock,
        entropy: &*house.entropy,
        top_key: &*house.top_key,
        watching: &|_| (),
    };
    let place = match &from {
        Spot::Folder(dir) => Place::embedded(dir),
        Spot::Databases(config) => Place::shared(config).await.map_err(words)?,
    };
    let (rows, keys) = (scratch.0.join("rows"), scratch.0.join("keys"));
    let made = backup::create(&place, &rows, &keys, making).await.map_err(words)?;
    let created_s = seconds(began);
    let during = committed.load(Ordering::SeqCst) - acknowledged;
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = load.join_next().await {
        ended.map_err(words)??;
    }
    let largest_log = watching.await.map_err(words)?;
    let copied = made.ledger.manifest.entries();
    if copied < entries + acknowledged {
        let said = entries + acknowledged;
        return Err(format!("{copied} entries are in the backup, and {said} were acknowledged"));
    }
    let files = [made.ledger.path.clone(), made.keys.path.clone()];
    let (restored_s, audited_s, report) = restore_and_audit(house, &files, scratch, into).await?;
    Ok(json!({
        "entries": entries, "cases": report.cases, "sealed_fields": report.sealed_checked,
        "filled_s": filled_s,
        "load_alone_per_s": quiet_per_s, "load_during_backup_per_s": during as f64 / created_s,
        "created_s": created_s, "largest_log_bytes": largest_log,
        "rows_bytes": made.ledger.bytes, "keys_bytes": made.keys.bytes,
        "restored_s": restored_s, "audited_s": audited_s, "restored_and_audited_s": restored_s + audited_s,
        "entries_restored": report.entries, "findings": report.findings_total,
    }))
}

/// The seconds that each took, and what the audit saw.
async fn restore_and_audit(
    house: House,
    files: &[PathBuf],
    scratch: &Scratch,
    into: Spot,
) -> Result<(f64, f64, AuditReport), String> {
    let House { ledger, clock, entropy, top_key, .. } = house;
    drop(ledger);
    let began = Instant::now();
    let pair = backup::pair(files).map_err(words)?;
    let clock = Arc::new(clock);
    let (restored_s, began, ledger) = match into {
        Spot::Folder(target) => {
            let staging = Staging::begin(&target, &*entropy).map_err(words)?;
            let place = Place::embedded(staging.dir());
            backup::restore(&pair, &place, Since::Anything, &*top_key, &|_| ()).await.map_err(words)?;
            staging.finish().map_err(words)?;
            let (restored_s, began) = (seconds(began), Instant::now());
            let config = Config { dir: target, journal: scratch.0.join("destroyed.journal") };
            (restored_s, began, Ledger::open(config, clock, entropy, top_key).await)
        }
        Spot::Databases(config) => {
            let filling = Filling::begin(&config, false).await.map_err(words)?;
            let place = filling.place();
            backup::restore(&pair, &place, Since::Anything, &*top_key, &|_| ()).await.map_err(words)?;
            filling.finish().await.map_err(words)?;
            let (restored_s, began) = (seconds(began), Instant::now());
            (restored_s, began, Ledger::open_postgres(config, clock, entropy, top_key).await)
        }
    };
    let ledger = ledger.map_err(words)?;
    let report = ingam_ledger::audit::audit(&ledger, &replay::fold).await.map_err(words)?;
    Ok((restored_s, seconds(began), report))
}

fn seconds(began: Instant) -> f64 {
    (began.elapsed().as_secs_f64() * 100.0).round() / 100.0
}

async fn largest(file: PathBuf, stop: Arc<AtomicBool>) -> u64 {
    let mut largest = 0;
    while !stop.load(Ordering::Relaxed) {
        largest = largest.max(std::fs::metadata(&file).map_or(0, |data| data.len()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    largest
}

/// A recorded case without its ids.
struct Story {
    entries: Vec<(String, Map<String, Value>)>,
}

#[derive(Clone)]
struct House {
    ledger: Ledger,
    clock: MachineClock,
    entropy: Arc<SystemEntropy>,
    top_key: Arc<FileTopKey>,
    stories: Arc<Vec<Story>>,
}

impl House {
    async fn open(scratch: &Scratch, entropy: Arc<SystemEntropy>, spot: &Spot) -> Result<Self, String> {
        let top_key = FileTopKey::open_or_create(&scratch.0.join("top.key"), entropy.clone());
        let top_key = Arc::new(top_key.map_err(words)?);
        let clock = MachineClock::default();
        let given = (Arc::new(clock.clone()), entropy.clone(), top_key.clone());
        let ledger = match spot {
            Spot::Folder(dir) => {
                let config = Config { dir: dir.clone(), journal: scratch.0.join("destroyed.journal") };
                Ledger::open(config, given.0, given.1, given.2).await
            }
            Spot::Databases(config) => Ledger::open_postgres(config.clone(), given.0, given.1, given.2).await,
        };
        let ledger = ledger.map_err(words)?;
        let read: Vec<Value> = serde_json::from_str(STORIES).map_err(words)?;
        let stories = read.iter().map(|story| {
            let entries = story["entries"].as_array().into_iter().flatten();
            let entries = entries.filter_map(|entry| {
                Some((entry["kind"].as_str()?.to_owned(), entry["clear"].as_object()?.clone()))
            });
            Story { entries: entries.collect() }
        });
        let stories = Arc::new(stories.collect());
        Ok(Self { ledger, clock, entropy, top_key, stories })
    }

    /// Three of four entries belong to verifications, the others are records of access; answers how many there are.
    async fn fill(&self, entries: u64) -> Result<u64, String> {
        let written = Arc::new(AtomicU64::new(0));
        let next = Arc::new(AtomicU64::new(0));
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..CALLERS {
            let (house, written, next) = (self.clone(), written.clone(), next.clone());
            callers.spawn(async move {
                while written.load(Ordering::Relaxed) < entries {
                    let story = next.fetch_add(1, Ordering::Relaxed);
                    written.fetch_add(house.tell(story).await?, Ordering::Relaxed);
                }
                Ok::<_, String>(())
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended.map_err(words)??;
        }
        Ok(written.load(Ordering::Relaxed))
    }

    /// One verification from its opening to its end in one commit, and the records of who read it in another.
    async fn tell(&self, n: u64) -> Result<u64, String> {
        let now = self.clock.now();
        let ms = now.as_millisecond();
        let case = VerificationId::new(ms, self.entropy.draw()).to_string();
        let subject = SubjectId::new(ms, self.entropy.draw()).to_string();
        let classes = [RetentionClass::Identity, RetentionClass::Contact, RetentionClass::Picture];
        let opened = self.ledger.open_subject(&subject, Some(INSTITUTION), &classes);
        opened.await.map_err(words)?.map_err(|refused| refused.code().to_owned())?;
        let story = &self.stories[n as usize % self.stories.len()];
        let mut entries = Vec::with_capacity(story.entries.len());
        for (at, (kind, clear)) in story.entries.iter().enumerate() {
            let mut clear = clear.clone();
            for (name, value) in [("id", &case), ("subject", &subject)] {
                if at == 0 {
                    clear.insert(name.to_owned(), Value::String(value.clone()));
                }
            }
            let mut sealed = Vec::new();
            if at % 4 == 1 {
                sealed.push(SealedField {
                    name: "told".into(),
                    subject: subject.clone(),
                    class: classes[at / 4 % 3],
                    value: json!({"family": "홍", "given": "길동", "as_written": "홍길동"}),
                });
            }
            entries.push(self.entry(kind, now, clear, sealed));
        }
        let clear: Vec<ClearEntry> = entries.iter().map(|entry| clear_of(&case, entry)).collect();
        let state = replay::fold(crate::flow::verification::KIND, &clear)?;
        let view = View {
            state,
            status: "verified".into(),
            reference: Some(format!("customer-{n:08}")),
            institution: Some(INSTITUTION.into()),
        };
        let mut count = entries.len() as u64;
        let write = Write {
            case: case.clone(),
            case_kind: crate::flow::verification::KIND.into(),
            expected_version: 0,
            entries,
            view: Some(view),
            stream: Stream::Main,
        };
        self.commit(Commit { writes: vec![write], ..Commit::default() }).await?;
        let mut accesses = Vec::new();
        for at in 0..count / 3 {
            let clear = json!({"actor": {"kind": "system", "id": "task:bench"}, "subjects": [subject], "reason": "bench",
                "entries": [{"case": case, "fields": ["told"]}], "from": {"kind": "inside"}, "at": at});
            let clear = clear.as_object().cloned().unwrap_or_default();
            accesses.push(Write {
                case: format!("acc_{}", body(ms, self.entropy.draw())),
                case_kind: ACCESS_CASE.into(),
                expected_version: 0,
                entries: vec![self.entry(ACCESS_READ, now, clear, Vec::new())],
                view: None,
                stream: Stream::Access,
            });
        }
        count += accesses.len() as u64;
        self.commit(Commit { writes: accesses, ..Commit::default() }).await?;
        Ok(count)
    }

    fn entry(
        &self,
        kind: &str,
        time: jiff::Timestamp,
        clear: Map<String, Value>,
        sealed: Vec<SealedField>,
    ) -> Entry {
        let id = EntryId::new(time.as_millisecond(), self.entropy.draw()).to_string();
        Entry { id, kind: kind.into(), institution: Some(INSTITUTION.into()), time, clear, sealed }
    }

    async fn commit(&self, commit: Commit) -> Result<(), String> {
        let outcome = self.ledger.commit(commit).await.map_err(words)?;
        outcome.map(|_| ()).map_err(|refused| refused.code().to_owned())
    }

    async fn number_all(&self) -> Result<(), String> {
        for stream in Stream::ALL {
            loop {
                let head = self.ledger.head(stream).await.map_err(words)?;
                let pending = self.ledger.pending(stream, NUMBERED).await.map_err(words)?;
                if pending.is_empty() {
                    break;
                }
                let ids: Vec<String> = pending.into_iter().map(|entry| entry.id).collect();
                let numbered = self.ledger.number(stream, head, &ids, Vec::new()).await;
                numbered.map_err(words)?.map_err(|_| "numbering was refused")?;
            }
        }
        Ok(())
    }

    /// Commits an entry with a claim and a task, again and again.
    async fn load(self, stop: Arc<AtomicBool>, committed: Arc<AtomicU64>) -> Result<(), String> {
        while !stop.load(Ordering::SeqCst) {
            let now = self.clock.now();
            let id = |prefix: &str| format!("{prefix}_{}", body(now.as_millisecond(), self.entropy.draw()));
            let case = id("acc");
            let clear = json!({"reason": "load"}).as_object().cloned().unwrap_or_default();
            let write = Write {
                case: case.clone(),
                case_kind: ACCESS_CASE.into(),
                expected_version: 0,
                entries: vec![self.entry(ACCESS_READ, now, clear, Vec::new())],
                view: None,
                stream: Stream::Access,
            };
            let take =
                Take { base: id("idem"), slots: None, holder: case.clone(), expires_at: None, note: None };
            let task = NewTask {
                id: id("tsk"),
                case,
                kind: "bench".into(),
                effect: Effect::Queryable,
                payload: json!({}),
                run_at: now,
            };
            let (take, tasks) = (vec![take], vec![task]);
            self.commit(Commit { writes: vec![write], take, tasks, ..Commit::default() }).await?;
            committed.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// An entry as the fold sees it.
fn clear_of(case: &str, entry: &Entry) -> ClearEntry {
    ClearEntry {
        id: entry.id.clone(),
        case: case.to_owned(),
        version: 0,
        stream: Stream::Main,
        number: None,
        kind: entry.kind.clone(),
        institution: entry.institution.clone(),
        time: entry.time,
        clear: entry.clear.clone(),
        sealed: Vec::new(),
        leaf: [0; 32],
    }
}
