//! Everything that the program's parts share: ledger, clock, reader, connectors, settings.

use crate::config::Config;
use crate::eyes::Eyes;
use crate::fault::Fault;
use crate::given::{MachineClock, SystemEntropy};
use crate::outside::Outside;
use crate::passwords::Passwords;
use ingam_cases::id::InstitutionId;
use ingam_cases::institution::Institution;
use ingam_connectors::{Bank, Wire};
use ingam_ledger::Ledger;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The program, as its parts see it. Cheap to clone as `Arc<App>`.
pub struct App {
    /// Settings.
    pub config: Config,
    /// What did happen.
    pub ledger: Ledger,
    /// The time.
    pub clock: MachineClock,
    /// Randomness.
    pub entropy: SystemEntropy,
    /// Look at pictures.
    pub eyes: Arc<dyn Eyes>,
    /// The issuers and the lists.
    pub outside: Outside,
    /// The banks.
    pub bank: Arc<dyn Bank>,
    /// Carries webhooks; refuses addresses that the settings do not allow.
    pub webhooks: Arc<dyn Wire>,
    /// Hash and compare staff's passwords.
    pub passwords: Passwords,
    /// The address under which this server is reached, without a slash at its end.
    pub base_url: String,
    /// Institutions as last read, with their version: keys and endpoints are looked up for every request.
    institutions: Mutex<HashMap<InstitutionId, (u64, Arc<Institution>)>>,
}

/// The parts from which the program is put together.
pub struct Parts {
    /// See [`App::config`].
    pub config: Config,
    /// See [`App::ledger`].
    pub ledger: Ledger,
    /// See [`App::clock`].
    pub clock: MachineClock,
    /// See [`App::entropy`].
    pub entropy: SystemEntropy,
    /// See [`App::eyes`].
    pub eyes: Arc<dyn Eyes>,
    /// See [`App::outside`].
    pub outside: Outside,
    /// See [`App::bank`].
    pub bank: Arc<dyn Bank>,
    /// See [`App::webhooks`].
    pub webhooks: Arc<dyn Wire>,
    /// See [`App::base_url`].
    pub base_url: String,
}

impl App {
    /// Puts the program together.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            passwords: Passwords::new(parts.config.console.hashes_at_once),
            config: parts.config,
            ledger: parts.ledger,
            clock: parts.clock,
            entropy: parts.entropy,
            eyes: parts.eyes,
            outside: parts.outside,
            bank: parts.bank,
            webhooks: parts.webhooks,
            base_url: parts.base_url,
            institutions: Mutex::default(),
        })
    }

    /// The time now.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The part of an id behind its prefix: the time and fresh random bytes.
    pub fn id_parts(&self) -> (i64, [u8; 10]) {
        (self.now().as_millisecond(), self.entropy.draw())
    }

    /// An institution as it stands. Reads the case's version from the ledger, the state from memory where it
    /// has not changed.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn institution(&self, id: &InstitutionId) -> Result<Option<Arc<Institution>>, Fault> {
        let Some(case) = self.ledger.case(id.as_str()).await? else { return Ok(None) };
        let Some(view) = case.view.filter(|_| case.kind == crate::flow::institution::KIND) else {
            return Ok(None);
        };
        if let Some((version, known)) = self.known_institutions().get(id)
            && *version == case.version
        {
            return Ok(Some(known.clone()));
        }
        let state: Arc<Institution> = Arc::new(serde_json::from_value(view.state).map_err(Fault::internal)?);
        self.known_institutions().insert(id.clone(), (case.version, state.clone()));
        Ok(Some(state))
    }

    fn known_institutions(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<InstitutionId, (u64, Arc<Institution>)>> {
        // A panic while the map was held can't leave it half changed.
        self.institutions.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Makes a fresh id of any kind.
#[macro_export]
macro_rules! fresh {
    ($app:expr, $id:ty) => {{
        let (time_ms, random) = $app.id_parts();
        <$id>::new(time_ms, random)
    }};
}
