//! After every data key of every person is destroyed, the ledger still replays, its views still stand, and nobody
//! can be read.

use crate::support::Stage;
use crate::support::notes::Notes;
use crate::support::walk::Walker;
use ingam_ledger::store::Store;
use ingam_ledger::testing::{SeededEntropy, TestClock};
use ingam_ledger::{CaseQuery, Config, FileTopKey, Ledger, RetentionClass};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Opens the program's ledger, destroys whatever belongs to anyone, and closes it. Answers how many they were.
async fn destroy_everyone(stage: &Stage) -> usize {
    let entropy = Arc::new(SeededEntropy::new(7));
    let top_key = FileTopKey::open_or_create(&stage.data().join("top.key"), entropy.clone()).unwrap();
    let journal = stage.data().with_extension("destroyed.journal");
    assert!(journal.exists(), "the journal lies beside the store");
    let config = Config { dir: stage.data(), journal };
    let ledger = Ledger::open(config, Arc::new(TestClock::new()), entropy, Arc::new(top_key)).await.unwrap();
    let store: &Arc<dyn Store> = ledger.store();
    let cases = store.cases(CaseQuery::Scan { after: None, limit: 1_000 }).await.unwrap();
    let subjects: Vec<String> = cases
        .into_iter()
        .filter(|case| case.kind == "verification")
        .map(|case| case.view.unwrap().state["subject"].as_str().unwrap().to_owned())
        .collect();
    for subject in &subjects {
        ledger.destroy(subject, None, &RetentionClass::ALL, "test").await.unwrap();
    }
    subjects.len()
}

fn files(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destroyed_people_leave_a_ledger_that_still_replays() {
    let stage = Stage::set("").await;
    let bank = stage.institution("새솔은행").await;
    let server = stage.start().await;
    let policy = bank.policy().await;
    let mut ids = Vec::new();
    for (who, to) in
        [("kim-minsu", "done"), ("seo-jun", "done"), ("lin-tao", "check"), ("park-doyun", "camera")]
    {
        let opening = json!({ "policy": policy, "reference": who });
        let opened = bank.post("/v1/verifications", &opening, who).await.unwrap().1;
        let person = stage.person(opened["url"].as_str().unwrap()).await;
        let walker = Walker::new(&stage.desk, who, &Notes::default()).await;
        let at = walker.walk(&person, to, Duration::from_secs(60)).await;
        assert_eq!(at.as_deref(), Some(to), "{who}");
        ids.push(opened["id"].as_str().unwrap().to_owned());
    }
    // The link to the person is the last thing that a verification does by itself.
    let mut before = Vec::new();
    for (id, linked) in ids.iter().zip([true, true, false, false]) {
        let path = format!("/v1/verifications/{id}");
        let object =
            crate::support::until("the verification stands still", Duration::from_secs(20), || async {
                let (_, object) = bank.get(&path).await.unwrap();
                (object["person"].is_string() == linked).then_some(object)
            })
            .await;
        before.push(object);
    }
    let events = bank.all("/v1/events").await;
    server.stop().await;
    let whole = stage.audit().await;
    assert!(whole["sealed_checked"].as_u64().unwrap() > 0, "{whole:#}");

    assert_eq!(destroy_everyone(&stage).await, 4);

    let report = stage.audit().await;
    assert_eq!(report["sealed_checked"], 0, "{report:#}");
    assert_eq!(report["sealed_destroyed"], whole["sealed_checked"], "what could be opened can't be any more");
    assert_eq!(report["entries"], whole["entries"], "no entry went away");
    assert_eq!(files(&stage.data().join("blobs")), 0, "pictures are gone");

    let server = stage.start().await;
    assert_eq!(bank.all("/v1/events").await, events, "events are folded from clear parts");
    for (id, expected) in ids.iter().zip(before) {
        let (status, object) = bank.get(&format!("/v1/verifications/{id}")).await.unwrap();
        assert_eq!((status, object), (200, expected));
    }
    for id in &ids[..2] {
        let (status, problem) =
            bank.get(&format!("/v1/verifications/{id}/result?reason=test")).await.unwrap();
        assert_eq!((status, problem["code"].as_str()), (410, Some("destroyed")), "{problem:#}");
    }
    server.stop().await;
    stage.audit().await;
}
