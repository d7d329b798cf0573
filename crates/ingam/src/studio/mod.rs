//! The server half of the studio: a demo institution with a program of its own, the simulated institutions, and what
//! goes between them and ingam. Only with `serve --sandbox`; live builds leave it out.
//!
//! The institution's program speaks to ingam over real HTTP with a real key, so what the studio shows is what a
//! developer will see. Refuses to know rules: it opens, shows and switches.

mod film;
mod house;
mod ladder;
mod outside;
mod program;
mod routes;
mod signature;
mod staff;
mod texts;

use crate::app::App;
use crate::config::Config;
use crate::given::MachineClock;
use house::House;
use ingam_sandbox::{Options, Sandbox};
use jiff::Timestamp;
use ladder::Ladder;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The simulated institutions, up and listening.
pub struct Simulated {
    sandbox: Sandbox,
    url: String,
}

/// How long an institution is waited for here, so that one that hangs is seen to hang quickly.
const TIMEOUT_MS: u64 = 2_000;
/// 1 won a day for one account or person: people play more often than they open accounts.
const SENDS_A_DAY: u32 = 100;

impl ingam_sandbox::Clock for MachineClock {
    fn now(&self) -> Timestamp {
        MachineClock::now(self)
    }
    fn moved_ms(&self) -> i64 {
        MachineClock::moved_ms(self)
    }
    fn move_to(&self, moved_ms: i64) {
        MachineClock::move_to(self, moved_ms);
    }
}

/// Starts the simulated institutions, and sets the program to them.
///
/// # Errors
/// In words for the person who started it.
pub async fn start_sandbox(config: &mut Config, clock: &MachineClock) -> Result<Simulated, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| format!("sandbox: {e}"))?;
    let url = format!("http://{}", listener.local_addr().map_err(|e| format!("sandbox: {e}"))?);
    let sandbox = Sandbox::new(Options::new(Arc::new(clock.clone())));
    let served = sandbox.clone();
    tokio::spawn(async move {
        if let Err(error) = ingam_sandbox::serve(listener, served).await {
            tracing::error!(%error, "the sandbox ended");
        }
    });
    config.connect_to_sandbox(&url, TIMEOUT_MS);
    config.webhooks.allow_http = true;
    config.webhooks.allow_private_addresses = true;
    config.policy.picture_files = true;
    config.limits.sends_per_account_day = config.limits.sends_per_account_day.max(SENDS_A_DAY);
    config.limits.sends_per_person_day = config.limits.sends_per_person_day.max(SENDS_A_DAY);
    config.limits.sends_per_device_day = config.limits.sends_per_device_day.max(SENDS_A_DAY);
    config.limits.sends_per_address_day = config.limits.sends_per_address_day.max(10 * SENDS_A_DAY);
    Ok(Simulated { sandbox, url })
}

/// Makes or finds the demo institution, whose program is at `home_url`, and what the studio serves. Its streams end when `stopping` turns true.
///
/// # Errors
/// In words for the person who started it.
pub async fn begin(
    app: &Arc<App>,
    simulated: Simulated,
    home_url: &str,
    stopping: watch::Receiver<bool>,
) -> Result<axum::Router, String> {
    let house = House::find_or_make(app, home_url, &simulated.url).await?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|e| format!("studio: {e}"))?;
    let first = u64::try_from(app.now().as_millisecond()).unwrap_or_default();
    let studio = Arc::new(Studio {
        app: app.clone(),
        sandbox: simulated.sandbox,
        house,
        http,
        ladder: Arc::new(Ladder::new(first)),
        shown: Mutex::default(),
        stopping,
    });
    tokio::spawn(outside::watch(studio.clone()));
    Ok(routes::router(studio))
}

/// What the studio knows.
struct Studio {
    app: Arc<App>,
    sandbox: Sandbox,
    house: House,
    http: reqwest::Client,
    ladder: Arc<Ladder>,
    shown: Mutex<Shown>,
    stopping: watch::Receiver<bool>,
}

/// Who stands before the camera, and what arrived at the institution.
#[derive(Default)]
struct Shown {
    current: Option<Current>,
    /// The newest verification of each person.
    of_person: HashMap<String, String>,
    /// Webhooks that arrived, oldest first.
    arrived: VecDeque<Arrived>,
}

/// The verification that the studio follows.
#[derive(Clone)]
struct Current {
    person: String,
    verification_id: String,
    person_url: String,
}

/// A webhook that arrived at the institution.
#[derive(Clone, serde::Serialize)]
struct Arrived {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    verification_id: Option<String>,
    signed: bool,
    at: Timestamp,
}

impl Studio {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        // Each change is one assignment or push: nothing is half done when a thread panics.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person's address as seen from the page that frames it, wherever that page was opened.
    fn of_this_origin(&self, person_url: &str) -> String {
        person_url.strip_prefix(&self.app.base_url).unwrap_or(person_url).to_owned()
    }

    /// Remembers whose verification it is and follows it, unless a newer one is followed.
    fn follow(&self, found: Current) {
        let mut shown = self.shown();
        shown.of_person.insert(found.person.clone(), found.verification_id.clone());
        // Ids sort by time.
        if shown.current.as_ref().is_none_or(|now| now.verification_id <= found.verification_id) {
            shown.current = Some(found);
        }
    }
}
