//! PostgreSQL against the conformance suite: four nodes, each with connections of its own, on a database of the
//! test's own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use ingam_ledger::testing::Server;
use ingam_ledger::{Postgres, Store};

/// Ends each check with a look at the server's log: a deadlock is broken up by the server after a second and
/// tried again, so nobody else would see it.
struct Watched(Arc<Server>);

impl Drop for Watched {
    fn drop(&mut self) {
        let quiet = std::thread::panicking() || !self.0.log().contains("deadlock detected");
        assert!(quiet, "{}", self.0.log());
    }
}

async fn make() -> Option<([Arc<dyn Store>; 4], Watched)> {
    let server = Server::shared()?;
    let url = server.database().await;
    let node = async |n: u32| {
        let store = Postgres::open(&url, format!("node_{n}"), None).await.unwrap();
        Arc::new(store) as Arc<dyn Store>
    };
    // At once, as nodes start: one of them makes the tables.
    let (a, b, c, d) = tokio::join!(node(0), node(1), node(2), node(3));
    Some(([a, b, c, d], Watched(server)))
}

ingam_ledger::conformance_tests!(make);

mod copies {
    //! Copies from one database into another, and between a database and a file.

    use ingam_ledger::testing::conformance::Twin;

    async fn make() -> Option<(Twin, Twin)> {
        Some((Twin::postgres().await?, Twin::postgres().await?))
    }

    ingam_ledger::copying_tests!(make);

    mod into_a_database {
        use super::Twin;

        async fn make() -> Option<(Twin, Twin)> {
            Some((Twin::embedded(), Twin::postgres().await?))
        }

        ingam_ledger::copying_tests!(make);
    }

    mod into_a_file {
        use super::Twin;

        async fn make() -> Option<(Twin, Twin)> {
            Some((Twin::postgres().await?, Twin::embedded()))
        }

        ingam_ledger::copying_tests!(make);
    }
}

#[tokio::test]
async fn a_server_over_a_network_is_known_by_its_certificate() {
    let names = vec!["localhost".to_owned()];
    let own = rcgen::generate_simple_self_signed(names.clone()).unwrap();
    let other = rcgen::generate_simple_self_signed(names).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(_server) = Server::start_with_tls(free, &own.cert.pem(), &own.signing_key.serialize_pem())
    else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let open = async |trusted: &str| {
        let file = dir.path().join("trusted.pem");
        std::fs::write(&file, trusted).unwrap();
        let file = file.display();
        let url =
            format!("postgres://postgres@localhost:{free}/postgres?sslmode=verify-full&sslrootcert={file}");
        Postgres::open(&url, "node".into(), None).await.map(|_| ())
    };
    open(&own.cert.pem()).await.unwrap();
    let refused = open(&other.cert.pem()).await.unwrap_err();
    assert!(matches!(refused, ingam_ledger::Fault::Unavailable(_)), "{refused:?}");
}

mod nodes {
    //! What only a store of several nodes can be asked.

    use ingam_ledger::store::{CommitRows, LeaseRequest, Settle, TaskRow, WriteRows};
    use ingam_ledger::testing::Server;
    use ingam_ledger::{Effect, EntryRow, Fault, Postgres, Store, Stream};
    use jiff::{SignedDuration, Timestamp};

    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

    async fn node(server: &Server, database: &str, name: &str) -> Postgres {
        Postgres::open(&server.url(database), name.into(), None).await.unwrap()
    }

    fn commit(case: &str, version: u64, tasks: Vec<TaskRow>) -> CommitRows {
        let entry = EntryRow {
            id: format!("evt_{case}_{version}"),
            case: case.into(),
            version: version + 1,
            stream: Stream::Main,
            number: None,
            kind: "kind".into(),
            institution: None,
            time: START,
            nonce: [0; 16],
            clear: "{}".into(),
            clear_salts: vec![],
            sealed: vec![],
            commitments: vec![],
            leaf: [0; 32],
        };
        let write = WriteRows {
            case: case.into(),
            case_kind: "verification".into(),
            expected_version: version,
            entries: vec![entry],
            view: None,
        };
        CommitRows {
            now: START,
            writes: vec![write],
            take: vec![],
            release: vec![],
            index: vec![],
            tasks,
            done: vec![],
        }
    }

    fn task() -> TaskRow {
        TaskRow {
            id: "t".into(),
            case: "a".into(),
            kind: "send".into(),
            effect: Effect::Blind,
            payload: "{}".into(),
            run_at: START,
        }
    }

    fn lease(now: Timestamp, for_ms: i64) -> LeaseRequest {
        LeaseRequest {
            kinds: vec!["send".into()],
            limit: 1,
            worker: "w".into(),
            now,
            until: now + SignedDuration::from_millis(for_ms),
        }
    }

    /// A clock that runs an hour ahead takes no task from a node that lives; once the lease has run out by the
    /// database's clock, it does, and the first node is fenced.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_clock_that_runs_ahead_takes_nothing_from_another_node() {
        let Some(server) = Server::shared() else { return };
        server.say("CREATE DATABASE clocks").await;
        let (here, ahead) = (node(&server, "clocks", "here").await, node(&server, "clocks", "ahead").await);
        here.commit(commit("a", 0, vec![task()])).await.unwrap().unwrap();
        let held = here.lease(lease(START, 600_000)).await.unwrap();
        let later = START + SignedDuration::from_hours(1);
        assert!(ahead.lease(lease(later, 1000)).await.unwrap().is_empty());
        let own = here.lease(lease(later, 1)).await.unwrap();
        assert_eq!((own[0].attempt, held[0].attempt), (2, 1), "its own clock counts for its own");
        // One millisecond of the database's time is over as soon as the next call is made, or soon after.
        let taken = async {
            loop {
                let taken = ahead.lease(lease(later, 1000)).await.unwrap();
                if let Some(taken) = taken.into_iter().next() {
                    return taken;
                }
            }
        };
        let taken = tokio::time::timeout(std::time::Duration::from_secs(20), taken).await.unwrap();
        assert_eq!((taken.attempt, taken.lease_epoch), (3, 3));
        assert!(here.settle("t", 2, Settle::Postpone(START)).await.unwrap().is_err());
        // A node that was started again has another name, and waits like any other.
        let again = node(&server, "clocks", "here again").await;
        ahead.settle("t", 3, Settle::Extend(later + SignedDuration::from_hours(1))).await.unwrap().unwrap();
        assert!(again.lease(lease(later + SignedDuration::from_hours(9), 1)).await.unwrap().is_empty());
    }

    /// While a server takes no writes, each call says that it is not available and changes nothing; afterwards
    /// the same store goes on.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_is_read_only_or_down_is_not_available() {
        let Some(server) = Server::start(false) else { return };
        server.say("CREATE DATABASE failover").await;
        let store = node(&server, "failover", "n").await;
        store.commit(commit("a", 0, vec![])).await.unwrap().unwrap();
        server.say("ALTER DATABASE failover SET default_transaction_read_only = on").await;
        server.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'failover'").await;
        let refused = store.commit(commit("a", 1, vec![])).await;
        assert!(matches!(refused, Err(Fault::Unavailable(_))), "{refused:?}");
        server.say("ALTER DATABASE failover SET default_transaction_read_only = off").await;
        store.commit(commit("a", 1, vec![])).await.unwrap().unwrap();
        server.stop();
        assert!(matches!(store.case("a").await, Err(Fault::Unavailable(_))));
        server.crash();
        assert_eq!(store.case("a").await.unwrap().unwrap().version, 2);
    }

    /// The server dies again and again, without warning, while four nodes write: what was acknowledged is there,
    /// a commit stands whole or not at all, and whoever got no answer finds out by asking.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
        let Some(server) = Server::start(true) else { return };
        let server = std::sync::Arc::new(server);
        server.say("CREATE DATABASE killed").await;
        let mut writers = tokio::task::JoinSet::new();
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let (acknowledged, mut count) = tokio::sync::watch::channel(0u64);
        let acknowledged = std::sync::Arc::new(acknowledged);
        for n in 0..4 {
            let store = node(&server, "killed", &format!("n{n}")).await;
            let (stopping, acknowledged) = (stopping.clone(), acknowledged.clone());
            writers.spawn(async move {
                let case = format!("c{n}");
                let mut version = 0;
                while !*stopping.borrow() {
                    match store.commit(commit(&case, version, vec![])).await {
                        Ok(outcome) => {
                            outcome.unwrap();
                            version += 1;
                            acknowledged.send_modify(|count| *count += 1);
                        }
                        // It may have landed: ask, as everybody does.
                        Err(_) => loop {
                            if let Ok(case) = store.case(&case).await {
                                let found = case.map_or(0, |case| case.version);
                                assert!(found == version || found == version + 1, "{found} after {version}");
                                version = found;
                                break;
                            }
                        },
                    }
                }
                (case, version)
            });
        }
        for _ in 0..3 {
            let before = *count.borrow_and_update();
            count.wait_for(|count| *count >= before + 200).await.unwrap();
            let server = server.clone();
            tokio::task::spawn_blocking(move || server.crash()).await.unwrap();
        }
        stop.send(true).unwrap();
        let written = writers.join_all().await;
        let store = node(&server, "killed", "reader").await;
        for (case, version) in written {
            assert_eq!(store.case(&case).await.unwrap().unwrap().version, version);
            let query = ingam_ledger::EntryQuery::Case { case, after: 0, limit: 1_000_000 };
            let found: Vec<u64> =
                store.entries(query).await.unwrap().iter().map(|entry| entry.version).collect();
            assert_eq!(found, (1..=version).collect::<Vec<_>>());
        }
    }
}
