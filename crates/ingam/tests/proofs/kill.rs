//! `kill -9` at random moments under load, of the program and of its database server: nothing acknowledged is lost, nothing happens twice outside.
//!
//! The institutions live in a process of their own, so their books tell what really happened. INGAM_KILLS says how
//! often, INGAM_SEED which moments.

use crate::support::client::{Institution, Person};
use crate::support::hook::Hook;
use crate::support::notes::Notes;
use crate::support::walk::Walker;
use crate::support::{Dice, Stage, count, until};
use ingam_ledger::testing::Server as Postgres;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Somebody who is asked waits for an institution at most so long, with the pauses after its silences.
const WALK: Duration = Duration::from_secs(120);

/// What the load's parts share.
#[derive(Clone)]
pub struct Load {
    /// The institution that opens.
    pub bank: Institution,
    /// Its policy.
    pub policy: String,
    /// The clients' notes.
    pub notes: Notes,
    /// Ends the load.
    pub stop: Arc<AtomicBool>,
    /// Walks that ended well.
    pub verified: Arc<AtomicU32>,
}

impl Load {
    /// Of one institution.
    pub fn of(bank: &Institution, policy: &str) -> Self {
        Self {
            bank: bank.clone(),
            policy: policy.to_owned(),
            notes: Notes::default(),
            stop: Arc::default(),
            verified: Arc::default(),
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// POST until it is acknowledged, always under the same key: whatever happens in between, it happens once.
    pub async fn acknowledged(&self, path: &str, body: Value, once: &str) -> Value {
        until("an acknowledged answer", WALK, || async {
            match self.bank.post(path, &body, once).await {
                Ok((200 | 201, object)) => Some(object),
                Ok((status @ 400..500, problem)) => panic!("{status} {path}: {problem:#}"),
                _ => None,
            }
        })
        .await
    }

    /// Opens a verification and notes it.
    pub async fn open(&self, reference: &str) -> Value {
        let body = json!({ "policy": self.policy, "reference": reference });
        let opened = self.acknowledged("/v1/verifications", body, reference).await;
        self.notes.told(&opened);
        opened
    }

    /// Opens verifications and withdraws some, without a pause.
    pub async fn clerk(self, name: &'static str) {
        for n in 0.. {
            if !self.goes_on() {
                return;
            }
            let opened = self.open(&format!("{name}-{n}")).await;
            if n % 3 == 0 {
                let path = format!("/v1/verifications/{}/cancel", opened["id"].as_str().unwrap());
                let cancelled = self.acknowledged(&path, json!({}), &format!("cancel-{name}-{n}")).await;
                assert_eq!(cancelled["status"], "cancelled");
                self.notes.told(&cancelled);
            }
            if n % 7 == 0 {
                let _ = self.bank.get("/v1/verifications?limit=20").await;
            }
        }
    }

    /// Sends one person after the other through a whole verification. The account is this walker's alone, so its
    /// book tells what each verification sent.
    pub async fn walks(self, stage: Arc<Stage>, walker: Walker, most: u32) {
        for n in 0..most {
            if !self.goes_on() {
                return;
            }
            let before = walker.desk.book(&walker.account).await.len();
            let opened = self.open(&format!("{}-{n}", walker.who.id)).await;
            let person = stage.person(opened["url"].as_str().unwrap()).await;
            let ended = walker.walk(&person, "done", WALK).await;
            let sent = walker.desk.book(&walker.account).await.len() - before;
            assert!(sent <= 1, "{}: {sent} times 1 won for one verification", walker.who.id);
            match ended.as_deref() {
                Some("done") => {
                    assert_eq!(sent, 1);
                    self.verified.fetch_add(1, Ordering::Relaxed);
                }
                Some(_) => {}
                // Still somewhere between two pauses: its book can't be told from the next one's.
                None => return,
            }
            self.told(&person).await;
        }
    }

    /// Notes what the institution is told of a person's verification.
    async fn told(&self, person: &Person) {
        let path = person.page.replace("/v/", "/v1/verifications/");
        let told = until("the API tells of it", WALK, || async {
            match self.bank.get(&path).await {
                Ok((200, object)) => Some(object),
                _ => None,
            }
        })
        .await;
        self.notes.told(&told);
    }
}

/// What must hold outside, whatever happened inside.
pub async fn outside_is_right(stage: &Stage) {
    let counts = stage.desk.counts().await;
    for (id, times) in counts["deposits_by_id"].as_object().unwrap() {
        assert_eq!(times, 1, "{id} was booked {times} times");
    }
    for (card, wrong) in counts["wrong_dates"].as_object().unwrap() {
        assert!(wrong.as_u64().unwrap() <= 2, "{card}: {wrong} wrong dates");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_loses_nothing_and_repeats_nothing() {
    strike(count("INGAM_KILLS", 12), Stage::set("").await, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_its_postgres_at_any_moment_it_loses_nothing_and_repeats_nothing() {
    let Some(postgres) = Postgres::start(true) else { return };
    let settings = on(&postgres).await;
    strike(count("INGAM_KILLS", 12), Stage::set(&settings).await, Some(Arc::new(postgres))).await;
}

/// Settings for three databases of a server.
pub async fn on(postgres: &Postgres) -> String {
    let (store, keys, journal) =
        (postgres.database().await, postgres.database().await, postgres.database().await);
    format!("[store]\nurl = \"{store}\"\nkeys_url = \"{keys}\"\njournal_url = \"{journal}\"\n")
}

/// Kills the program so often, or its database server, or both at once.
async fn strike(kills: u32, stage: Stage, postgres: Option<Arc<Postgres>>) {
    let mut dice = Dice::new(20_261_123);
    let bank = stage.institution("새솔은행").await;
    let (hook, url) = Hook::listen().await;
    let mut server = Some(stage.start().await);
    let load = Load::of(&bank, &bank.policy().await);
    let endpoint = bank.made("/v1/webhook_endpoints", &json!({ "url": url })).await;
    hook.trust(endpoint["secret"].as_str().unwrap());

    let stage = Arc::new(stage);
    let mut at_work = vec![tokio::spawn(load.clone().clerk("ga")), tokio::spawn(load.clone().clerk("na"))];
    for (id, account, most) in [
        ("kim-minsu", 0, u32::MAX),
        ("seo-jun", 0, u32::MAX),
        ("lin-tao", 0, u32::MAX),
        ("choi-eunji", 1, u32::MAX),
        ("jo-hana", 0, 3),
    ] {
        let mut walker = Walker::new(&stage.desk, id, &load.notes).await;
        walker.account = walker.who.accounts[account].clone();
        walker.guesses = id == "jo-hana";
        at_work.push(tokio::spawn(load.clone().walks(stage.clone(), walker, most)));
    }
    let mut crashes = 0;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + dice.below(2_500))).await;
        let crash = match &postgres {
            Some(postgres) if dice.below(3) > 0 => {
                let postgres = postgres.clone();
                Some(tokio::task::spawn_blocking(move || postgres.crash()))
            }
            _ => None,
        };
        let struck = if crash.is_none() || dice.below(2) == 0 { server.take() } else { None };
        let program = struck.is_some();
        if let Some(server) = struck {
            server.kill().await;
            // Some moments lie in the start itself.
            if dice.below(4) == 0 {
                stage.start_and_kill(Duration::from_millis(dice.below(120))).await;
            }
        }
        if let Some(crash) = crash {
            crash.await.unwrap();
            crashes += 1;
        }
        if program {
            server = Some(stage.start().await);
        }
    }
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
    if let Some(server) = server {
        server.stop().await;
    }
    let report = stage.audit().await;
    outside_is_right(&stage).await;
    let verified = load.verified.load(Ordering::Relaxed);
    assert!(verified > 0, "nobody came through");
    println!(
        "{kills} kills, {crashes} of them of the database: {} verifications acknowledged, {verified} walked to verified, {} events delivered, \
         {} entries audited",
        load.notes.all().len(),
        events.len(),
        report["entries"]
    );
}
