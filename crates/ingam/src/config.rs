//! Settings: the compiled-in default file, then the file given with `--config`, then flags.
//!
//! Every setting is explained in `ingam.default.toml`, which is this module's documentation. A key that does not
//! stand there is refused, so that a typing error is not a silent default.

use ingam_connectors::{
    AccountOpeningBlocksConfig, AlienCardConfig, DeceasedRegisterConfig, DriverLicenceConfig,
    ForeignPassportConfig, OpenBankingConfig, PassportConfig, ResidentCardConfig, TelecomConfig,
};
use ingam_ledger::{Database, PostgresConfig};
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
        console: Console, reading: Reading, resident_card: Option<ResidentCardConfig>, driver_licence: Option<DriverLicenceConfig>,
        passport: Option<PassportConfig>, foreign_passport: Option<ForeignPassportConfig>,
        alien_card: Option<AlienCardConfig>, deceased_register: Option<DeceasedRegisterConfig>,
        account_opening_blocks: Option<AccountOpeningBlocksConfig>,
        loan_blocks: Option<AccountOpeningBlocksConfig>, telecom: Option<TelecomConfig>, open_banking: Option<OpenBankingConfig>, webhooks: Webhooks, backup: Backup, log: Log,
    }
    /// Where and how to listen.
    Http { listen: String, base_url: String, proxies: usize, picture_bytes: usize, body_bytes: usize, }
    /// The store: embedded, or PostgreSQL where `url` is set.
    Store { dir: PathBuf, journal: PathBuf, url: Address, keys_url: Address, journal_url: Address, }
    /// The workers.
    Work { tasks: usize, lease_s: u32, }
    /// What policies may say in this installation.
    PolicyRules { picture_files: bool, }
    /// Limits that hold across cases.
    Limits {
        sends_per_account_day: u32, sends_per_person_day: u32, sends_per_device_day: u32,
        sends_per_address_day: u32, messages_per_phone_day: u32, messages_per_person_day: u32, wrong_dates_per_card: u32, wrong_date_days: u32,
    }
    /// Staff's accounts and the door of the console.
    Console { password_days: u32, sign_ins_per_address: u32, hashes_at_once: usize, }
    /// The reader.
    Reading { at_once: usize, tesseract: PathBuf, tesseract_timeout_ms: u64, }
    /// Webhooks.
    Webhooks { allow_private_addresses: bool, allow_http: bool, timeout_ms: u64, }
    /// Backups.
    Backup { keys_kept_days: u32, }
    /// The log.
    Log { filter: String, format: String, }
}

/// The address of a database. It may hold a password, so it is never printed.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// An address from the command line.
    pub fn new(url: String) -> Self {
        Self(url)
    }

    /// The address; empty for none.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_set() { "Address(…)" } else { "Address()" })
    }
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
        if self.console.sign_ins_per_address == 0 || self.console.hashes_at_once == 0 {
            let names = "console.sign_ins_per_address, console.hashes_at_once";
            return Err(ConfigError::Value(names, "must be at least 1".into()));
        }
        if self.console.password_days > 3650 {
            return Err(ConfigError::Value("console.password_days", "must lie between 0 and 3650".into()));
        }
        if !(1..=3650).contains(&self.backup.keys_kept_days) {
            return Err(ConfigError::Value("backup.keys_kept_days", "must lie between 1 and 3650".into()));
        }
        if self.environment == Environment::Live
            && (self.webhooks.allow_http || self.webhooks.allow_private_addresses)
        {
            return Err(ConfigError::Value("webhooks", "live endpoints are public and https".into()));
        }
        self.check_store()
    }

    /// Where the addresses of the databases can't be used, why.
    ///
    /// # Errors
    /// Where one is no address of PostgreSQL, or keys and journal have no database of their own although people's
    /// real data are kept.
    pub fn check_store(&self) -> Result<(), ConfigError> {
        let Store { url, keys_url, journal_url, .. } = &self.store;
        let all = [("store.url", url), ("store.keys_url", keys_url), ("store.journal_url", journal_url)];
        for (name, address) in all {
            if address.is_set() && !address.is_postgres() {
                return Err(ConfigError::Value(name, "must be postgres://…".into()));
            }
        }
        if !url.is_set() {
            if keys_url.is_set() || journal_url.is_set() {
                return Err(ConfigError::Value(
                    "store.keys_url, store.journal_url",
                    "mean nothing without url".into(),
                ));
            }
            return Ok(());
        }
        let apart = keys_url.is_set() && journal_url.is_set();
        if self.environment == Environment::Live && !apart {
            let why = "live keys and the journal of destructions lie in databases of their own";
            return Err(ConfigError::Value("store.keys_url, store.journal_url", why.into()));
        }
        if apart && (url == keys_url || url == journal_url || keys_url == journal_url) {
            return Err(ConfigError::Value(
                "store.url, keys_url, journal_url",
                "must be three databases".into(),
            ));
        }
        Ok(())
    }

    /// Everybody outside is the sandbox at `url`.
    #[cfg(feature = "sandbox")]
    pub fn connect_to_sandbox(&mut self, url: &str, timeout_ms: u64) {
        macro_rules! connect {
            ($($section:ident: $settings:ty,)*) => {$(
                let mut settings = <$settings>::for_sandbox(url);
                settings.limits.timeout_ms = timeout_ms;
                self.$section = Some(settings);
            )*};
        }
        connect! {
            resident_card: ResidentCardConfig,
            driver_licence: DriverLicenceConfig,
            passport: PassportConfig,
            foreign_passport: ForeignPassportConfig,
            alien_card: AlienCardConfig,
            deceased_register: DeceasedRegisterConfig,
            account_opening_blocks: AccountOpeningBlocksConfig,
            telecom: TelecomConfig,
            open_banking: OpenBankingConfig,
        }
    }

    /// Where the ledger lies on PostgreSQL; `None` for the embedded store. Without addresses of their own (only for
    /// trying out) keys and journal lie in schemas beside the store's tables.
    pub fn databases(&self) -> Option<PostgresConfig> {
        let Store { url, keys_url, journal_url, .. } = &self.store;
        if !url.is_set() {
            return None;
        }
        let place = |own: &Address, beside: &str| {
            let (address, schema) = if own.is_set() { (own, None) } else { (url, Some(beside.to_owned())) };
            Database { url: address.as_str().to_owned(), schema }
        };
        Some(PostgresConfig {
            store: Database { url: url.as_str().to_owned(), schema: None },
            keys: place(keys_url, "ingam_keys"),
            journal: place(journal_url, "ingam_journal"),
            environment: self.environment.as_str().to_owned(),
        })
    }

    /// The journal of destructions of the embedded store.
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

    #[test]
    fn live_keys_and_the_journal_have_databases_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let check = |store: &str, environment: &str, expected: bool| {
            let file = dir.path().join("ingam.toml");
            std::fs::write(&file, format!("environment = \"{environment}\"\n[store]\n{store}")).unwrap();
            let config = Config::load(Some(&file));
            assert_eq!(config.is_ok(), expected, "{environment}: {store}");
            config.ok()
        };
        let (store, keys, journal) = (
            "url = \"postgres://ingam:secret@db/store\"\n",
            "keys_url = \"postgres://db/keys\"\n",
            "journal_url = \"postgres://db/journal\"\n",
        );
        let config = check(store, "test", true).unwrap();
        assert!(!format!("{config:?}").contains("secret"), "a password is never printed");
        let databases = config.databases().unwrap();
        assert_eq!(
            (databases.keys.url, databases.store.url.clone()),
            (databases.store.url.clone(), databases.store.url)
        );
        assert_eq!(databases.keys.schema.as_deref(), Some("ingam_keys"));
        check(store, "live", false);
        check(&format!("{store}{keys}"), "live", false);
        check(&format!("{store}{keys}{journal}"), "live", true);
        check(&format!("{store}{journal}{}", journal.replace("journal_", "keys_")), "test", false);
        check(keys, "test", false);
        check("url = \"mysql://db\"", "test", false);
        assert!(check("", "live", true).unwrap().databases().is_none());
    }
}
