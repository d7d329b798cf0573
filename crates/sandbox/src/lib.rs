//! Plays the institutions outside over the same HTTP as the real ones; for development, tests and demos.
//!
//! Stands apart: knows no other crate of this workspace and is reached over HTTP alone, so that it can be wrong
//! in its own way. Keeps everything in memory. Every person in it is fictitious; live keys never reach it.

pub mod cards;
pub mod catalogue;
mod clock;
mod deaths;
mod desk;
pub mod documents;
mod faults;
mod kcis;
mod kftc;
mod koroad;
mod mofa;
mod mois;
mod moj;
mod page;
mod play;
mod telecom;
mod vendor;
mod world;

pub use clock::{Clock, MovableClock};
pub use faults::{Fault, Institution, Rule};
pub use world::{BookLine, Call, Counts, Message};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use catalogue::Catalogue;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast;
use world::World;

/// Every institution tells the time (RFC 9110 §6.6.1), by the clock that the sandbox lives by.
async fn tell_time(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let now = sandbox.clock().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(now) = now.parse() {
        response.headers_mut().insert(axum::http::header::DATE, now);
    }
    response
}

/// The institutions' own paths. The first two stand at the root, the others each under its name, since every one has
/// its own desk for tokens.
fn institutions() -> Router<Sandbox> {
    mois::router()
        .merge(kftc::router())
        .nest("/koroad", koroad::router())
        .nest("/mofa", mofa::router())
        .nest("/moj", moj::router())
        .nest("/kcis", kcis::router())
        .nest("/deaths", deaths::router())
        .nest("/telecom", telecom::router())
}

/// What the sandbox is told.
pub struct Options {
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// The credentials that its institutions accept.
    pub client_id: String,
    /// The credentials that its institutions accept.
    pub client_secret: String,
    /// The code that open banking gave the program (이용기관코드).
    pub institution_code: String,
    /// How long tokens live, in seconds.
    pub token_ttl_s: i64,
    /// Its people.
    pub catalogue: Catalogue,
}

impl Options {
    /// The built-in people, and credentials `sandbox` and `sandbox`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            client_id: "sandbox".into(),
            client_secret: "sandbox".into(),
            institution_code: "F123456789".into(),
            token_ttl_s: 3_600,
            catalogue: Catalogue::built_in(),
        }
    }
}

/// The institutions outside, played. Cheap to clone; clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    world: Mutex<World>,
    events: broadcast::Sender<Arc<str>>,
}

impl Sandbox {
    /// A fresh sandbox: nobody has called, every book is empty.
    pub fn new(options: Options) -> Self {
        let (events, _) = broadcast::channel(256);
        Self { inner: Arc::new(Inner { options, world: Mutex::default(), events }) }
    }

    /// Everything over HTTP: the institutions' own paths, the desk (`/scenarios`, `/faults` and others), the
    /// people's pictures, and a page to click at `/`.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(institutions().layer(from_fn_with_state(self.clone(), tell_time)))
            .merge(desk::router())
            .merge(page::router())
            .with_state(self.clone())
            .merge(cards::router())
    }

    /// Its clock; the program in the same process may share it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.options.clock.clone()
    }

    /// Its people.
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.options.catalogue
    }

    /// Sets a fault, as `PUT /faults/{institution}` does; says why it can't be set.
    pub fn set_fault(&self, institution: Institution, rule: Rule) -> Result<(), &'static str> {
        if let Some(why) = rule.wrong(institution) {
            return Err(why);
        }
        if rule.person.as_ref().is_some_and(|id| self.catalogue().person(id).is_none()) {
            return Err("person is not in the catalogue");
        }
        self.tell("fault", &serde_json::json!({"institution": institution, "rule": rule}));
        self.world().faults.set(institution, rule);
        Ok(())
    }

    /// Clears an institution's faults.
    pub fn clear_faults(&self, institution: Institution) {
        self.world().faults.clear(institution);
        self.tell("fault", &serde_json::json!({"institution": institution, "rule": null}));
    }

    /// The faults that are set, by institution.
    pub fn faults(&self) -> BTreeMap<&'static str, Vec<Rule>> {
        let world = self.world();
        Institution::ALL
            .map(|at| (at.as_str(), world.faults.of(at).into_iter().cloned().collect()))
            .into_iter()
            .collect()
    }

    /// The lines in the book of an account, or of every account, oldest first.
    pub fn book(&self, account: Option<(&str, &str)>) -> Vec<BookLine> {
        let world = self.world();
        let fits = |line: &&BookLine| {
            account.is_none_or(|(bank, number)| line.bank == bank && line.account == number)
        };
        world.book.iter().filter(fits).cloned().collect()
    }

    /// The messages on a phone, oldest first.
    pub fn messages(&self, phone: &str) -> Vec<Message> {
        self.world().messages.iter().filter(|message| message.phone == phone).cloned().collect()
    }

    /// The newest calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.iter().cloned().collect()
    }

    /// Hears each call, booking, message, fault and move of the clock from now on, as JSON `{type, at, data}`.
    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.inner.events.subscribe()
    }

    /// What was counted, for tests.
    pub fn counts(&self) -> Counts {
        self.world().counts()
    }

    /// Forgets all calls, books, messages, counts, faults and tokens. The clock stays.
    pub fn reset(&self) {
        *self.world() = World::default();
        self.tell("reset", &serde_json::json!({}));
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // Nothing in the world is half changed when a thread panics: each change is one push or insert.
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens at `/events`.
    fn tell(&self, kind: &str, what: &impl serde::Serialize) {
        let event = serde_json::json!({"type": kind, "at": self.inner.options.clock.now(), "data": what});
        // An error means that nobody listens.
        let _ = self.inner.events.send(event.to_string().into());
    }
}

/// Answers on the listener until the process ends.
pub async fn serve(listener: tokio::net::TcpListener, sandbox: Sandbox) -> io::Result<()> {
    axum::serve(listener, sandbox.router()).await
}
