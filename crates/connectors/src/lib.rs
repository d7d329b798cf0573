//! The institutions outside, over HTTP as they really speak.
//!
//! Never decides: it translates wire codes into the words of `ingam_cases::answers` and no more. Silence, an outage
//! and an answer that is not understood are indeterminate, never a no; after money may have moved, they are doubt.
//! Refuses to know cases, policies and the store. Time is passed in; the environment (proxies included) is not read.

pub mod alien_card;
pub mod banks;
pub mod blocks;
mod breaker;
mod clock;
mod config;
mod deadline;
mod door;
pub mod driver_licence;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod line;
mod maintenance;
pub mod open_banking;
pub mod passport;
pub mod resident_card;
mod roles;
pub mod telecom;
mod token;
mod vendor;
mod wire;
mod words;

pub use alien_card::{AlienCardConfig, VendorAlienCards};
pub use blocks::{
    account_opening::{AccountOpeningBlocks, AccountOpeningBlocksConfig},
    deceased::{DeceasedRegister, DeceasedRegisterConfig},
};
pub use breaker::Breaker;
pub use clock::{Clock, kst_date};
pub use config::{Limits, Misconfigured, Secret};
pub use deadline::Deadline;
pub use driver_licence::{DriverLicenceConfig, KoroadLicences};
pub use line::{Observer, Unobserved};
pub use maintenance::{MaintenanceHours, Window};
pub use open_banking::{OpenBanking, OpenBankingConfig};
pub use passport::{ForeignPassportConfig, PassportConfig, VendorForeignPassports, VendorPassports};
pub use resident_card::{ResidentCardConfig, VendorResidentCards};
pub use roles::{Bank, BlockList, Deposit, Holder, Issuer, PhoneAsked, PhoneConfirmed, Telecom};
pub use telecom::{TelecomConfig, VendorTelecom};
pub use vendor::{Asked, Vendor, VendorConfig};
pub use wire::{Broken, Wire};
pub use words::{HolderName, PrintContent};
