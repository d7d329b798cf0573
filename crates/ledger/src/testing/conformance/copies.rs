//! Copying a store ([`crate::portable`]): all of one moment, into an empty place, or nothing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;
use crate::commit::{IndexRow, IndexValue};
use crate::entry::{RetentionClass, SealedRow};
use crate::opening::Database;
use crate::portable::{Part, Portable, Row};
use crate::postgres::{Postgres, PostgresTables};
use crate::query::{CaseQuery, EntryQuery, TaskQuery};
use crate::sqlite::{Sqlite, SqliteFile};
use crate::store::{Destruction, JournalMark, LeaseRequest, Settle};
use crate::testing::Server;

/// An empty place that can be copied, and opened as a store.
pub struct Twin {
    place: Arc<dyn Portable>,
    kind: Kind,
}

enum Kind {
    Embedded(tempfile::TempDir),
    Postgres(Arc<Server>, Database),
}

impl Twin {
    /// A file.
    pub fn embedded() -> Twin {
        let dir = tempfile::tempdir().unwrap();
        let place = Arc::new(SqliteFile::ledger(&dir.path().join("ledger.db")));
        Twin { place, kind: Kind::Embedded(dir) }
    }

    /// A database; `None` where there is no server.
    pub async fn postgres() -> Option<Twin> {
        let server = Server::shared()?;
        let database = Database { url: server.database().await, schema: None };
        let place = Arc::new(PostgresTables::ledger(&database));
        Some(Twin { place, kind: Kind::Postgres(server, database) })
    }

    /// Opens it as a store, and makes it where it is empty.
    async fn open(&self) -> Shared {
        static NODES: AtomicU32 = AtomicU32::new(0);
        match &self.kind {
            Kind::Embedded(dir) => Arc::new(Sqlite::open(&dir.path().join("ledger.db")).unwrap()),
            Kind::Postgres(_server, database) => {
                let node = format!("node_{}", NODES.fetch_add(1, Ordering::SeqCst));
                Arc::new(Postgres::open(&database.url, node, None).await.unwrap())
            }
        }
    }
}

/// The rows in an order that does not depend on the place.
fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_cached_key(|row| format!("{row:?}"));
    rows
}

/// All rows of a place, in order.
async fn rows(place: &dyn Portable) -> Vec<Row> {
    let mut export = place.export().await.unwrap();
    let mut rows = Vec::new();
    while let Some(page) = export.page().await.unwrap() {
        assert!(!page.is_empty());
        rows.extend(page);
    }
    rows
}

async fn copy(from: &dyn Portable, to: &dyn Portable) {
    let mut export = from.export().await.unwrap();
    let mut import = to.import().await.unwrap();
    while let Some(page) = export.page().await.unwrap() {
        import.page(page).await.unwrap();
    }
    import.finish().await.unwrap();
}

fn sealed(subject: &str) -> SealedRow {
    SealedRow {
        name: "name".into(),
        subject: subject.into(),
        class: RetentionClass::Identity,
        key_id: "dk".into(),
        sealed: vec![0, 1, 254, 255],
    }
}

fn index(subject: &str, institution: Option<&str>) -> IndexRow {
    IndexRow {
        purpose: "card".into(),
        value: IndexValue { key_version: 3, hex: "ab".repeat(32) },
        subject: subject.into(),
        class: RetentionClass::Contact,
        case: "a".into(),
        institution: institution.map(str::to_owned),
    }
}

fn mark(count: u64) -> JournalMark {
    JournalMark { count, hash: [count as u8; 32] }
}

/// A little of everything: numbered and pending entries in two streams, cases with and without a view, tasks in
/// every state, claims with and without slots, notes and ends, index rows, and what was destroyed.
async fn fill(store: &Shared) {
    let mut a = write("a", 0, 2);
    a.entries[0].sealed = vec![sealed("s"), sealed("t")];
    a.entries[1].institution = None;
    a.entries[1].clear = serde_json::json!({"text": "\u{0} 홍길동 \u{1f600}"}).to_string();
    let mut access = write("x", 0, 1);
    access.entries[0].stream = Stream::Access;
    access.view = None;
    let noted = crate::commit::Take {
        note: Some(serde_json::json!({"answer": ["가", 1]})),
        ..take("noted", None, "h", Some(at(60)))
    };
    let first = CommitRows {
        take: vec![noted, take("slots", Some(3), "h", None), take("slots", Some(3), "i", None)],
        index: vec![index("s", Some("ins_1")), index("t", None)],
        tasks: ["t1", "t2", "t3", "t4"].map(|id| task(id, at(1))).to_vec(),
        ..writes(vec![a, access])
    };
    accepted(store, first).await;
    accepted(store, CommitRows { now: at(5), ..writes(vec![write("b", 0, 3), write("a", 2, 1)]) }).await;
    store.number(Stream::Main, 0, vec!["evt_a_1".into(), "evt_b_1".into()], vec![]).await.unwrap().unwrap();
    store.number(Stream::Access, 0, vec!["evt_x_1".into()], vec![]).await.unwrap().unwrap();
    let request =
        LeaseRequest { kinds: vec!["send".into()], limit: 3, worker: "w".into(), now: at(2), until: at(90) };
    let leased = store.lease(request).await.unwrap();
    assert_eq!(leased.len(), 3);
    store.settle(&leased[0].id, 1, Settle::Dead("broken".into())).await.unwrap().unwrap();
    store.settle(&leased[1].id, 1, Settle::Postpone(at(300))).await.unwrap().unwrap();
    let gone = |subject: &str, institution: Option<&str>| Destruction {
        subject: subject.into(),
        institution: institution.map(str::to_owned),
        classes: vec![RetentionClass::Identity, RetentionClass::Picture],
    };
    store.destroy(gone("u", Some("ins_1")), mark(1)).await.unwrap();
    store.destroy(gone("v", None), mark(2)).await.unwrap();
}

/// Every row comes out as it went in, part by part, and again from the copy.
pub async fn a_copy_is_the_same_row_by_row(from: Twin, to: Twin) {
    let store = from.open().await;
    fill(&store).await;
    drop(store);
    let original = rows(&*from.place).await;
    assert!(original.is_sorted_by_key(Row::part));
    for part in &Part::ALL[..9] {
        assert!(original.iter().any(|row| row.part() == *part), "nothing of {part:?}");
    }
    copy(&*from.place, &*to.place).await;
    let copied = rows(&*to.place).await;
    assert!(copied.is_sorted_by_key(Row::part));
    assert_eq!(sorted(copied), sorted(original));
    assert_eq!(from.place.export().await.unwrap().moment(), to.place.export().await.unwrap().moment());
    assert_eq!(from.place.export().await.unwrap().moment().rows, 7);
}

/// What a store answers, its copy answers; and both go on alike.
pub async fn a_copy_goes_on_where_the_other_stood(from: Twin, to: Twin) {
    let original = from.open().await;
    fill(&original).await;
    copy(&*from.place, &*to.place).await;
    let twin = to.open().await;
    let mut answers = Vec::new();
    for store in [&original, &twin] {
        let cases = store.cases(CaseQuery::Scan { after: None, limit: 99 }).await.unwrap();
        let mut entries = Vec::new();
        for case in &cases {
            let query = EntryQuery::Case { case: case.id.clone(), after: 0, limit: 99 };
            entries.extend(store.entries(query).await.unwrap());
        }
        let pending = store.entries(EntryQuery::Pending { stream: Stream::Main, limit: 99 }).await.unwrap();
        let found = store.find("card", &[index("s", None).value]).await.unwrap();
        let claims =
            (store.claims("slots", at(0)).await.unwrap(), store.claims("noted", at(0)).await.unwrap());
        let tasks = store.tasks(TaskQuery::All { after: None, limit: 99 }).await.unwrap();
        let due = store.next_due(&["send".to_owned()]).await.unwrap();
        let heads = (store.head(Stream::Main).await.unwrap(), store.head(Stream::Access).await.unwrap());
        let mark = store.journal_mark().await.unwrap();
        let known = (store.knows_subject("s").await.unwrap(), store.knows_subject("u").await.unwrap());
        answers.push((cases, entries, pending, found, claims, tasks, due, heads, mark, known));
    }
    assert_eq!(answers[0], answers[1]);

    let pending: Vec<String> = answers[1].2.iter().map(|row| row.id.clone()).collect();
    assert_eq!(twin.number(Stream::Main, 2, pending, vec![]).await.unwrap(), Ok(6));
    let stale = refused(&twin, writes(vec![write("a", 2, 1)])).await;
    assert_eq!(stale, Refused::Stale { case: "a".into(), actual_version: 3 });
    accepted(&twin, writes(vec![write("a", 3, 1)])).await;
    let held = CommitRows { take: vec![take("noted", None, "j", None)], ..nothing() };
    assert_eq!(refused(&twin, held).await.code(), "claim_held");
    let slot = CommitRows { take: vec![take("slots", Some(3), "j", None)], ..nothing() };
    assert_eq!(accepted(&twin, slot).await, ["slots:3"]);
    let mut gone = index("v", Some("ins_9"));
    gone.class = RetentionClass::Picture;
    assert_eq!(refused(&twin, CommitRows { index: vec![gone], ..nothing() }).await.code(), "destroyed");
    let leased = store_lease(&twin).await;
    assert_eq!(
        leased.iter().map(|task| (task.lease_epoch, task.attempt)).collect::<Vec<_>>(),
        [(1, 1), (2, 2)]
    );
}

async fn store_lease(store: &Shared) -> Vec<crate::commit::LeasedTask> {
    let kinds = vec!["send".into()];
    let request = LeaseRequest { kinds, limit: 9, worker: "w2".into(), now: at(100), until: at(200) };
    store.lease(request).await.unwrap()
}

/// Writers go on while a copy is made: what they acknowledged before it began is in it, what came later is
/// not, and no commit is in it by half.
pub async fn an_export_is_one_moment(from: Twin, to: Twin) {
    let store = from.open().await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..3u64 {
        let (store, stop) = (store.clone(), stop.clone());
        writers.spawn(async move {
            // Each commit writes one entry into each of two cases; together they are always level.
            let mut version = 0;
            while !stop.load(Ordering::SeqCst) {
                let both = ["l", "r"].map(|side| write(&format!("{side}{writer}"), version, 1));
                accepted(&store, writes(both.to_vec())).await;
                version += 1;
            }
            version
        });
    }
    while version(&store, "l0").await < 50 || version(&store, "l2").await < 50 {
        tokio::task::yield_now().await;
    }
    let mut export = from.place.export().await.unwrap();
    // Later than the moment; must not be in it.
    accepted(&store, writes(vec![write("late", 0, 1)])).await;
    let mut import = to.place.import().await.unwrap();
    let mut copied = Vec::new();
    while let Some(page) = export.page().await.unwrap() {
        copied.extend(page.iter().filter(|row| row.part() == Part::Entries).cloned());
        import.page(page).await.unwrap();
    }
    import.finish().await.unwrap();
    stop.store(true, Ordering::SeqCst);
    writers.join_all().await;

    let twin = to.open().await;
    assert_eq!(twin.case("late").await.unwrap(), None);
    let mut entries = 0;
    for writer in 0..3 {
        let (left, right) =
            (version(&twin, &format!("l{writer}")).await, version(&twin, &format!("r{writer}")).await);
        assert!(left == right && left > 0, "{left} and {right}");
        entries += left + right;
    }
    assert!(version(&twin, "l0").await >= 50 && version(&twin, "l2").await >= 50);
    assert_eq!(copied.len() as u64, entries);
    assert_eq!(export.moment().rows, entries);
}

/// A destruction is followed while a copy is made. The copy does not see it, and its mark says so.
pub async fn a_destruction_waits_for_no_copy(from: Twin, _: Twin) {
    let store = from.open().await;
    fill(&store).await;
    // More than a copy takes before anybody asks for it.
    accepted(&store, writes(vec![write("many", 0, 12_000)])).await;
    let mut export = from.place.export().await.unwrap();
    let gone = Destruction { subject: "s".into(), institution: None, classes: vec![RetentionClass::Contact] };
    store.destroy(gone, mark(3)).await.unwrap();
    assert!(
        store.find("card", &[index("s", None).value]).await.unwrap().iter().all(|row| row.subject != "s")
    );
    accepted(&store, writes(vec![write("many", 12_000, 1)])).await;
    assert_eq!(export.moment().journal, mark(2));
    let mut rows = Vec::new();
    while let Some(page) = export.page().await.unwrap() {
        rows.extend(page);
    }
    assert!(rows.contains(&Row::Index(index("s", Some("ins_1")))));
    assert_eq!(rows.iter().filter(|row| row.part() == Part::Entries).count(), 12_007);
}

/// A place where anything is kept is not filled, and stays as it was.
pub async fn only_an_empty_place_is_filled(from: Twin, to: Twin) {
    fill(&from.open().await).await;
    accepted(&to.open().await, writes(vec![write("mine", 0, 1)])).await;
    assert!(to.place.import().await.is_err());
    assert_eq!(version(&to.open().await, "mine").await, 1);
    assert_eq!(version(&to.open().await, "a").await, 0);
}

/// A filling that broke off leaves an empty place, which can be filled.
pub async fn what_is_not_finished_is_not_there(from: Twin, to: Twin) {
    fill(&from.open().await).await;
    let all = rows(&*from.place).await;
    let mut import = to.place.import().await.unwrap();
    import.page(all.clone()).await.unwrap();
    drop(import);
    // A row twice can't be: the filling fails as a whole, at the latest at its end.
    let mut import = to.place.import().await.unwrap();
    let mut twice = all.clone();
    twice.push(all.iter().find(|row| row.part() == Part::Entries).unwrap().clone());
    let failed = match import.page(twice).await {
        Ok(()) => import.finish().await.is_err(),
        Err(_) => true,
    };
    assert!(failed);
    copy(&*from.place, &*to.place).await;
    assert_eq!(sorted(rows(&*to.place).await), sorted(all));
}
