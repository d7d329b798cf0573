//! Databases that are filled by a restore or a move. A crash leaves them marked, shut, and ready for another attempt.

use std::sync::Arc;

use super::Place;
use crate::error::Fault;
use crate::given::{Clock, Entropy, TopKey};
use crate::ledger::Ledger;
use crate::opening::PostgresConfig;
use crate::postgres::portable::filling::Marks;
use crate::postgres::schema::Use;

/// Databases in the making; they open only when they are finished.
pub struct Filling {
    config: PostgresConfig,
    marks: Marks,
}

impl Filling {
    /// Begins to fill the databases, which must be empty or left by an attempt that broke off. `with_journal`: the
    /// journal's, too.
    pub async fn begin(config: &PostgresConfig, with_journal: bool) -> Result<Filling, Fault> {
        Ok(Filling { marks: Marks::set(config, with_journal).await?, config: config.clone() })
    }

    /// The place to fill.
    pub fn place(&self) -> Place {
        Place::postgres(&self.config)
    }

    /// Whether an attempt to fill these databases broke off. Changes nothing.
    pub async fn broke_off(config: &PostgresConfig) -> Result<bool, Fault> {
        Marks::stand(config).await
    }

    /// Opens what was filled, as nobody else can yet.
    pub async fn open(
        &self,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        top_key: Arc<dyn TopKey>,
    ) -> Result<Ledger, Fault> {
        Ledger::open_postgres_for(Use::Fill, self.config.clone(), clock, entropy, top_key).await
    }

    /// All of it is there.
    pub async fn finish(self) -> Result<(), Fault> {
        self.marks.remove().await
    }
}
