//! Two processes on one PostgreSQL store, both at work: one after the other is killed, then the server itself, and
//! what was acknowledged goes on at whoever is left. What everybody is told while the server is away. And the demo,
//! on PostgreSQL.

use crate::kill::{Load, on, outside_is_right};
use crate::support::hook::Hook;
use crate::support::walk::Walker;
use crate::support::{Stage, count, until};
use ingam_ledger::testing::Server as Postgres;
use serde_json::json;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_node_began_the_other_ends() {
    let Some(postgres) = Postgres::start(true) else { return };
    let postgres = Arc::new(postgres);
    let stage = Arc::new(Stage::set(&on(&postgres).await).await);
    let bank = stage.institution("새솔은행").await;
    let (hook, url) = Hook::listen().await;
    let mut nodes = vec![stage.start().await, stage.start().await];
    let load = Load::of(&bank, &bank.policy().await);
    let endpoint = bank.made("/v1/webhook_endpoints", &json!({ "url": url })).await;
    hook.trust(endpoint["secret"].as_str().unwrap());

    let mut at_work = vec![tokio::spawn(load.clone().clerk("ga")), tokio::spawn(load.clone().clerk("na"))];
    for (id, account) in [("kim-minsu", 0), ("seo-jun", 0), ("choi-eunji", 1)] {
        let mut walker = Walker::new(&stage.desk, id, &load.notes).await;
        walker.account = walker.who.accounts[account].clone();
        at_work.push(tokio::spawn(load.clone().walks(stage.clone(), walker, u32::MAX)));
    }
    let moved_on = async |by: usize| {
        let before = load.notes.all().len();
        let there = || async { (load.notes.all().len() >= before + by).then_some(()) };
        until("verifications go on", Duration::from_secs(120), there).await;
    };
    for round in 0..count("INGAM_NODE_KILLS", 4) {
        moved_on(5).await;
        // Everybody speaks with the younger one. Now it goes, now the older one, which only works.
        let (stays, goes) = if round % 2 == 0 { (0, 1) } else { (1, 0) };
        stage.address.set(&nodes[stays].url);
        nodes.remove(goes).kill().await;
        moved_on(5).await;
        if round % 2 == 1 {
            let postgres = postgres.clone();
            tokio::task::spawn_blocking(move || postgres.crash()).await.unwrap();
            moved_on(5).await;
        }
        nodes.push(stage.start().await);
    }
    let verified = || async { (load.verified.load(Ordering::Relaxed) > 0).then_some(()) };
    until("somebody comes through", Duration::from_secs(120), verified).await;
    load.stop.store(true, Ordering::Relaxed);
    for part in at_work {
        part.await.unwrap();
    }

    load.notes.hold(&bank.all("/v1/verifications").await);
    let events = bank.all("/v1/events").await;
    until("every event arrives at the institution", Duration::from_secs(60), || async {
        let arrived = hook.bodies();
        events.iter().all(|event| arrived.contains_key(event["id"].as_str().unwrap())).then_some(())
    })
    .await;
    for node in nodes {
        node.stop().await;
    }
    stage.audit().await;
    outside_is_right(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_everybody_is_asked_to_come_back() {
    let Some(postgres) = Postgres::start(false) else { return };
    let postgres = Arc::new(postgres);
    let stage = Stage::set(&on(&postgres).await).await;
    let bank = stage.institution("새솔은행").await;
    let server = stage.start().await;
    let load = Load::of(&bank, &bank.policy().await);
    let opened = load.open("before").await;
    let person = stage.person(opened["url"].as_str().unwrap()).await;
    let with = async |act: fn(&Postgres)| {
        let postgres = postgres.clone();
        tokio::task::spawn_blocking(move || act(&postgres)).await.unwrap();
    };
    with(Postgres::stop).await;

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = http.get(format!("{}{}", server.url, person.page)).header("cookie", &person.cookies);
    let list = http.get(format!("{}/v1/verifications", server.url)).bearer_auth(&bank.key);
    for (asked, kind) in [(page, "text/html"), (list, "application/problem+json")] {
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 503, "{kind}");
        let header = |name| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(header("content-type").starts_with(kind), "{}", header("content-type"));
        let seconds: u32 = header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        let said = answer.text().await.unwrap();
        for word in ["postgres", "sqlx", "Connection refused", "socket"] {
            assert!(!said.contains(word), "{said}");
        }
    }

    with(Postgres::crash).await;
    load.open("after").await;
    assert_eq!(person.state().await.unwrap().0, "start");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_verifies_a_person_on_postgres() {
    let Some(postgres) = Postgres::shared() else { return };
    let (url, dir) = (postgres.database().await, tempfile::tempdir().unwrap());
    let ingam = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
        command.args(words).args(["--store", &url, "--data"]).arg(dir.path().join("data"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}\n{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    ingam(&["demo", "--once", "--listen", "127.0.0.1:0"]);
    let report: serde_json::Value = serde_json::from_str(&ingam(&["audit", "--json"])).unwrap();
    assert_eq!(report["findings_total"], 0, "{report:#}");
    assert!(report["sealed_checked"].as_u64().unwrap() > 0 && report["numbered"].as_u64().unwrap() > 5);
    assert!(!dir.path().join("data/ledger.db").exists(), "nothing in a file");
    let institution = ingam(&["institution", "create", "--name", "새솔은행", "--phone", "1588-0000"]);
    assert!(ingam(&["key", "create", "--institution", institution.trim()]).starts_with("sk_test_"));
}
