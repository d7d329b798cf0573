//! Settings: the compiled-in default file, then the file given with `--config`, then flags.
//!
//! Every setting is explained in `ingam.default.toml`, which is this module's documentation. A key that does not
//! stand there is refused, so that a typing error is not a silent default.

use ingam_connectors::{OpenBankingConfig, ResidentCardConfig};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The default file.
pub const DEFAULT: &str = include_str!("../../../ingam.default.toml");

/// Which of the two worlds this process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Development and tests.
    Test,
    /// Real people.
    Live,
}

impl Environment {
    /// As it stands in API keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs)] // Explained in ingam.default.toml.
        pub struct $name { $(pub $field: $type,)* }
    )*};
}

settings! {
    /// All settings.
    Config {
        environment: Environment, http: Http, store: Store, work: Work, policy: PolicyRules, limits: Limits,
        reading: Reading, resident_card: Option<ResidentCardConfig>, open_banking: Option<OpenBankingConfig>, webhooks: Webhooks, log: Log,
    }
    /// Where and how to listen.
    Http { listen: String, base_url: String, proxies: usize, picture_bytes: usize, body_bytes: usize, }
    /// The embedded store.
    Store { dir: PathBuf, journal: PathBuf, }
    /// The workers.
    Work { tasks: usize, lease_s: u32, }
    /// What policies may say in this installation.
    PolicyRules { picture_files: bool, }
    /// Limits that hold across cases.
    Limits {
        sends_per_account_day: u32, sends_per_person_day: u32, sends_per_device_day: u32,
        sends_per_address_day: u32, wrong_dates_per_card: u32, wrong_date_days: u32,
    }
    /// The reader.
    Reading { at_once: usize, tesseract: PathBuf, tesseract_timeout_ms: u64, }
    /// Webhooks.
    Webhooks { allow_private_addresses: bool, allow_http: bool, timeout_ms: u64, }
    /// The log.
    Log { filter: String, format: String, }
}

/// Settings that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// Not TOML, an unknown key, or a wrong type.
    #[error("{0}")]
    Malformed(String),
    /// A value that can't be.
    #[error("{0}: {1}")]
    Value(&'static str, String),
}

impl Config {
    /// The defaults, with the file's values over them.
    ///
    /// # Errors
    /// Where the file can't be read or states something that is no setting.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut all: toml::Table =
            DEFAULT.parse().map_err(|e: toml::de::Error| ConfigError::Malformed(e.to_string()))?;
        if let Some(file) = file {
            let text =
                std::fs::read_to_string(file).map_err(|e| ConfigError::Unreadable(file.to_owned(), e))?;
            let over: toml::Table = text
                .parse()
                .map_err(|e: toml::de::Error| ConfigError::Malformed(format!("{}: {e}", file.display())))?;
            merge(&mut all, over);
        }
        let config: Self = all.try_into().map_err(|e| ConfigError::Malformed(e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !(1..=4).contains(&self.limits.wrong_dates_per_card) {
            // The fifth wrong date locks the card nationwide.
            return Err(ConfigError::Value("limits.wrong_dates_per_card", "must lie between 1 and 4".into()));
        }
        if self.work.tasks == 0 || self.reading.at_once == 0 {
            return Err(ConfigError::Value("work.tasks, reading.at_once", "must be at least 1".into()));
        }
        if self.environment == Environment::Live
            && (self.webhooks.allow_http || self.webhooks.allow_private_addresses)
        {
            return Err(ConfigError::Value("webhooks", "live endpoints are public and https".into()));
        }
        Ok(())
    }

    /// The journal of destructions.
    pub fn journal(&self) -> PathBuf {
        if self.store.journal.as_os_str().is_empty() {
            let mut path = self.store.dir.as_os_str().to_owned();
            path.push(".destroyed.journal");
            path.into()
        } else {
            self.store.journal.clone()
        }
    }
}

fn merge(all: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => merge(inner, value),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_is_complete_and_a_typing_error_is_refused() {
        let config = Config::load(None).unwrap();
        assert_eq!(config.environment, Environment::Test);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ingam.toml");
        std::fs::write(&file, "[limits]\nwrong_dates_per_card = 1\n").unwrap();
        assert_eq!(Config::load(Some(&file)).unwrap().limits.wrong_dates_per_card, 1);
        std::fs::write(&file, "[limits]\nwrong_dates_per_crad = 1\n").unwrap();
        assert!(Config::load(Some(&file)).is_err());
        std::fs::write(&file, "[limits]\nwrong_dates_per_card = 5\n").unwrap();
        assert!(Config::load(Some(&file)).is_err());
    }
}
