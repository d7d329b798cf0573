//! The register of deaths: whether somebody has died in whose name a verification is begun. The wire format is not
//! public; see `blocks.rs`.

use super::VendorList;
use crate::vendor::{Asked, Vendor, VendorConfig};
use ingam_cases::answers::BlockCode;

/// The register.
#[derive(Debug, Clone, Copy)]
pub struct Deaths;

/// Settings of the connection.
pub type DeceasedRegisterConfig = VendorConfig<Deaths>;

/// Looks at the register.
pub type DeceasedRegister = Vendor<Deaths>;

impl Asked for Deaths {
    type Code = BlockCode;
    const INSTITUTION: &'static str = "deaths";
    const SANDBOX_PATH: &'static str = "/deaths";
    const SANDBOX_CODES: &'static [(&'static str, BlockCode)] = &[];
}

impl VendorList for Deaths {
    const LISTED: BlockCode = BlockCode::Deceased;
}
