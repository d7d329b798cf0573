//! `ingam bench http`: creating verifications over real HTTP, durable, in one process on this machine.
//!
//! The same handler is measured beside it over a store that accepts every write and keeps none, in turns, so that
//! a slow moment of the machine meets both. The vault is the real one in both.

mod off;

use super::Scratch;
use crate::app::App;
use crate::config::Config;
use crate::flow::ActError;
use crate::given::{MachineClock, SystemEntropy};
use crate::serve;
use ingam_cases::id::PolicyId;
use ingam_cases::institution::{Command, Profile};
use ingam_cases::policy::Policy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Callers at once.
const CALLERS: u64 = 128;
/// Verifications in one round.
const EACH: u64 = 4_000;
/// Rounds; the two stores take turns.
const ROUNDS: u32 = 3;

pub(super) async fn bench() -> Result<serde_json::Value, String> {
    let dir = Scratch::new()?;
    let durable = Target::start(&dir.0.join("durable"), false).await?;
    let off = Target::start(&dir.0.join("off"), true).await?;
    let (mut with_ledger, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        with_ledger.push(durable.load().await?);
        without.push(off.load().await?);
    }
    let median = |figures: &mut Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let (with_ledger, without) = (median(&mut with_ledger), median(&mut without));
    durable.running.stop().await;
    off.running.stop().await;
    Ok(serde_json::json!({
        "create_verification_per_s": with_ledger.round(),
        "same_handler_ledger_off_per_s": without.round(),
        "ratio": ((with_ledger / without) * 1000.0).round() / 1000.0,
        "callers": CALLERS,
        "requests": EACH * u64::from(ROUNDS),
    }))
}

struct Target {
    running: serve::Running,
    key: String,
    body: String,
}

impl Target {
    async fn start(dir: &std::path::Path, off: bool) -> Result<Self, String> {
        let mut config = Config::load(None).map_err(|e| e.to_string())?;
        config.store.dir = dir.to_owned();
        config.http.listen = "127.0.0.1:0".into();
        let clock = MachineClock::default();
        let ledger = if off {
            off::ledger(&config, &clock, Arc::new(SystemEntropy::default())).await
        } else {
            serve::open_ledger(&config, &clock).await
        }
        .map_err(|e| e.to_string())?;
        let running = serve::start_on(config, ledger, clock).await?;
        let (key, policy) = institution(&running.app).await.map_err(|e| e.to_string())?;
        let body = serde_json::json!({ "policy": policy, "reference": "bench" }).to_string();
        Ok(Self { running, key, body })
    }

    /// Requests a second, over kept connections.
    async fn load(&self) -> Result<f64, String> {
        let client = reqwest::Client::builder()
            .pool_max_idle_per_host(CALLERS as usize)
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .map_err(|e| e.to_string())?;
        let left = Arc::new(AtomicU64::new(EACH));
        let began = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..CALLERS {
            let (client, left) = (client.clone(), left.clone());
            let url = format!("{}/v1/verifications", self.running.base_url);
            let (key, body) = (self.key.clone(), self.body.clone());
            callers.spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    let sent = client
                        .post(&url)
                        .bearer_auth(&key)
                        .header("content-type", "application/json")
                        .body(body.clone())
                        .send()
                        .await
                        .map_err(|e| e.to_string())?;
                    if sent.status().as_u16() != 201 {
                        return Err(format!("{}", sent.status()));
                    }
                    sent.bytes().await.map_err(|e| e.to_string())?;
                }
                Ok::<_, String>(())
            });
        }
        while let Some(done) = callers.join_next().await {
            done.map_err(|e| e.to_string())??;
        }
        Ok(EACH as f64 / began.elapsed().as_secs_f64())
    }
}

async fn institution(app: &App) -> Result<(String, PolicyId), ActError> {
    let profile = Profile { name: "견본은행".into(), phone: "1588-0000".into(), hours: None };
    let id = app.create_institution(profile).await?;
    let policy = crate::fresh!(app, PolicyId);
    let body = Box::new(Policy::id_and_account("기본", "비대면 계좌 만들기"));
    let save = Command::SavePolicy { policy: policy.clone(), body };
    app.act_institution(&id, Default::default(), save).await?;
    let (_, key) = app.add_key(&id, "bench").await?;
    Ok((key, policy))
}
