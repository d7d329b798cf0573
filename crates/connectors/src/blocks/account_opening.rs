//! 비대면 계좌개설·여신 안심차단 (한국신용정보원): who asked that nobody opens an account, or takes a loan, remotely in this
//! name. Since 2025-03-12 it has to be looked up before. The wire format is not public; see `blocks.rs`.

use super::VendorList;
use crate::vendor::{Asked, Vendor, VendorConfig};
use ingam_cases::answers::BlockCode;

/// The list.
#[derive(Debug, Clone, Copy)]
pub struct OpeningBlocks;

/// Settings of the connection.
pub type AccountOpeningBlocksConfig = VendorConfig<OpeningBlocks>;

/// Looks at the list.
pub type AccountOpeningBlocks = Vendor<OpeningBlocks>;

impl Asked for OpeningBlocks {
    type Code = BlockCode;
    const INSTITUTION: &'static str = "kcis";
    const SANDBOX_PATH: &'static str = "/kcis";
    const SANDBOX_CODES: &'static [(&'static str, BlockCode)] = &[];
}

impl VendorList for OpeningBlocks {
    const LISTED: BlockCode = BlockCode::BlockedByPerson;
}
