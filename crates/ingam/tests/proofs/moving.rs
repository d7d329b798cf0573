//! An installation moves from its folder into PostgreSQL by the real command, killed on the way, and goes on there;
//! and a backup of it there is restored into other databases, and into a folder.

use crate::backup::{create, destroy_one, json, lose};
use crate::kill::Load;
use crate::support::{Stage, until};
use ingam_ledger::backup::Filling;
use ingam_ledger::testing::Server;
use ingam_ledger::{Database, PostgresConfig, mark_moved};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::process::Command;

/// Settings that say the same, with databases.
async fn settings_with_databases(stage: &Stage, server: &Server, name: &str) -> (PathBuf, [String; 3]) {
    let urls = [server.database().await, server.database().await, server.database().await];
    let [store, keys, journal] = &urls;
    let plain = std::fs::read_to_string(stage.dir.path().join("embedded.toml")).unwrap();
    let path = stage.dir.path().join(format!("{name}.toml"));
    let with =
        format!("{plain}\n[store]\nurl = \"{store}\"\nkeys_url = \"{keys}\"\njournal_url = \"{journal}\"\n");
    std::fs::write(&path, with).unwrap();
    (path, urls)
}

/// The settings that the stage's commands use from now on.
fn use_settings(stage: &Stage, settings: &Path) {
    std::fs::copy(settings, stage.dir.path().join("ingam.toml")).unwrap();
}

async fn moving(stage: &Stage, settings: &Path, kill_after: Option<Duration>) -> Option<(i32, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
    command.arg("move").arg("--data").arg(stage.data()).arg("--config").arg(settings);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    let ended = child.wait_with_output();
    let output = match kill_after {
        Some(after) => tokio::time::timeout(after, ended).await.ok()?,
        None => ended.await,
    }
    .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.code()?, text(&output.stdout) + &text(&output.stderr)))
}

async fn work(load: &Load, some: usize) {
    let before = load.notes.all().len();
    load.stop.store(false, Ordering::Relaxed);
    let clerk = tokio::spawn(load.clone().clerk(if before == 0 { "ga" } else { "na" }));
    until("some are acknowledged", Duration::from_secs(60), || async {
        (load.notes.all().len() >= before + some).then_some(())
    })
    .await;
    load.stop.store(true, Ordering::Relaxed);
    clerk.await.unwrap();
}

fn counted(report: &Value) -> Vec<&Value> {
    ["cases", "entries", "numbered", "heads", "entries_sum", "sealed_checked", "sealed_destroyed", "claims"]
        .map(|name| &report[name])
        .to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_and_is_backed_up_and_restored_where_it_went() {
    let Some(server) = Server::shared() else { return };
    let stage = Stage::set("").await;
    let embedded = stage.dir.path().join("embedded.toml");
    std::fs::copy(stage.dir.path().join("ingam.toml"), &embedded).unwrap();
    let (databases, urls) = settings_with_databases(&stage, &server, "databases").await;
    let bank = stage.institution("새솔은행").await;
    let serving = stage.start().await;
    let load = Load::of(&bank, &bank.policy().await);
    work(&load, 20).await;
    let (code, said) = moving(&stage, &databases, None).await.unwrap();
    assert_eq!((code, said.contains("stop the program first")), (65, true), "{said}");
    serving.kill().await;
    let someone = load.notes.all().into_keys().next().unwrap();
    destroy_one(&stage, &someone).await;
    let before = stage.audit().await;

    // As a move leaves it that was killed between its last two steps: both are shut, and it can be run again.
    let [store, keys, journal] = urls.map(|url| Database { url, schema: None });
    let config = PostgresConfig { store, keys, journal, environment: "test".into() };
    drop(Filling::begin(&config, true).await.unwrap());
    mark_moved(&stage.data(), "to nowhere").unwrap();

    // Killed at some moments. Until it has ended the folder is as it was, or shut because all of it is elsewhere.
    let mut ended = None;
    for after_ms in [60, 150, 250, 400] {
        if ended.is_none() {
            ended = moving(&stage, &databases, Some(Duration::from_millis(after_ms))).await;
        }
    }
    let (code, said) = match ended {
        Some(ended) => ended,
        None => moving(&stage, &databases, None).await.unwrap(),
    };
    // Or it was killed after its last step, with nothing left to say.
    let over = (code, said.contains("clean, and the same")) == (0, true)
        || (code, said.contains("has moved")) == (65, true);
    assert!(over, "{code} {said}");
    let (code, _, said) = stage.run(&["audit"]).await;
    assert!(code == 70 && said.contains("has moved"), "{code} {said}");
    let (code, said) = moving(&stage, &databases, None).await.unwrap();
    assert_eq!((code, said.contains("has moved")), (65, true), "{said}");

    use_settings(&stage, &databases);
    assert_eq!(counted(&stage.audit().await), counted(&before));
    let serving = stage.start().await;
    load.notes.hold(&bank.all("/v1/verifications").await);
    work(&load, 10).await;

    // A backup from there, beside the program that serves.
    let told = load.notes.copied();
    let (_, files) = create(&stage).await;
    work(&load, 5).await;
    serving.kill().await;
    let (top_key, _) = lose(&stage);
    let key = top_key.to_str().unwrap();
    let verify = ["backup", "verify", &files[0], &files[1], "--top-key", key, "--json"];
    let (code, answer, said) = stage.run(&verify).await;
    assert_eq!((code, &json(&answer)["passed"]), (0, &Value::Bool(true)), "{answer}{said}");
    let restore = ["backup", "restore", &files[0], &files[1], "--top-key", key];
    let (code, _, said) = stage.run(&restore).await;
    assert!(code == 65 && said.contains("is not empty"), "{code} {said}");

    // The journal is the one that was kept.
    let (fresh, [.., journal]) = settings_with_databases(&stage, &server, "fresh").await;
    let kept = std::fs::read_to_string(&databases).unwrap();
    let kept = kept.lines().find_map(|line| line.strip_prefix("journal_url = ")).unwrap().trim_matches('"');
    let text = std::fs::read_to_string(&fresh).unwrap().replace(&journal, kept);
    std::fs::write(&fresh, text).unwrap();
    use_settings(&stage, &fresh);
    let (code, answer, said) = stage.run(&restore).await;
    assert_eq!((code, answer.contains(": clean")), (0, true), "{answer}{said}");
    let there = stage.audit().await;
    let serving = stage.start().await;
    told.hold(&bank.all("/v1/verifications").await);
    serving.stop().await;

    // And into a folder, with a copy of the journal out of its database.
    use_settings(&stage, &embedded);
    std::fs::remove_dir_all(stage.data()).unwrap();
    std::fs::remove_file(stage.data().with_extension("destroyed.journal")).unwrap();
    let (code, answer, said) = stage.run(&[&restore[..], &["--journal", kept]].concat()).await;
    assert_eq!((code, answer.contains(": clean")), (0, true), "{answer}{said}");
    let here = stage.audit().await;
    assert_eq!((&here["cases"], &here["sealed_destroyed"]), (&there["cases"], &there["sealed_destroyed"]));
    let serving = stage.start().await;
    told.hold(&bank.all("/v1/verifications").await);
    serving.stop().await;
}
