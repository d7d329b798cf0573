//! What did happen to a member of staff: the clear fields alone. Sealed beside them are the name and the login
//! (`staff.invited/1`), the one-time secret (`staff.setup_opened/1`), the password's hash (`staff.password_set/1`) and
//! the network address of every try.

use super::{By, Role};
use crate::id::{InstitutionId, StaffId, SubjectId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Why a try did not pass, or an account was locked. For the institution's eyes; the door says none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The password was wrong.
    WrongPassword,
    /// The code was wrong.
    WrongCode,
    /// The code was right once, and had been used.
    UsedCode,
    /// The account was locked.
    Locked,
    /// The account was not set up, or is being set up anew.
    NotSetUp,
    /// They had left.
    Left,
}

/// What did happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Event {
    #[serde(rename = "staff.invited/1")]
    Invited {
        id: StaffId,
        institution: InstitutionId,
        subject: SubjectId,
        roles: BTreeSet<Role>,
        by: By,
        at: Timestamp,
    },
    /// A new link and a new one-time secret; what was set up before works no more.
    #[serde(rename = "staff.setup_opened/1")]
    SetupOpened { number: u32, expires_at: Timestamp, by: By },
    #[serde(rename = "staff.password_set/1")]
    PasswordSet {
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change_by: Option<Timestamp>,
    },
    /// A code of the new secret was right: this device has it.
    #[serde(rename = "staff.otp_enrolled/1")]
    OtpEnrolled { at: Timestamp, step: u64 },
    #[serde(rename = "staff.password_passed/1")]
    PasswordPassed { attempt: u32, until: Timestamp },
    #[serde(rename = "staff.sign_in_failed/1")]
    SignInFailed { why: Why, at: Timestamp },
    #[serde(rename = "staff.locked/1")]
    Locked { why: Why, at: Timestamp },
    #[serde(rename = "staff.unlocked/1")]
    Unlocked { by: By, at: Timestamp },
    #[serde(rename = "staff.signed_in/1")]
    SignedIn { session: u32, step: u64, at: Timestamp },
    #[serde(rename = "staff.signed_out/1")]
    SignedOut { session: u32, at: Timestamp },
    #[serde(rename = "staff.roles_changed/1")]
    RolesChanged { roles: BTreeSet<Role>, by: By, at: Timestamp },
    #[serde(rename = "staff.left/1")]
    Left { by: By, at: Timestamp },
}
