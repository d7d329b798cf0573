//! `Staff`: a person who works for an institution and signs in to its console with a password and a one-time password.
//!
//! Belongs to one institution. Names, logins, passwords and secrets are nowhere in here: whoever commits seals them
//! beside the events, and says of a password or a code only whether it was right. What is told to whoever knocks is
//! the door's matter; here every try is an event with its reason.

mod apply;
mod decide;
mod event;
mod login;
mod password;

pub use apply::{OutOfOrder, apply};
pub use decide::{Command, decide};
pub use event::{Event, Why};
pub use login::Login;
pub use password::{Lack, NewPassword, normal};

use crate::id::{InstitutionId, KeyId, StaffId, SubjectId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Wrong passwords in a row after which the account is locked: 전자금융감독규정 (before 2025) §§32 to 34, "at most
/// five", which auditors still expect.
pub const MAX_WRONG_PASSWORDS: u32 = 5;
/// Wrong codes in a row after which the account is locked. The same rules let a one-time password fail ten times.
pub const MAX_WRONG_CODES: u32 = 10;
/// How long a setup link can be used, in hours.
pub const SETUP_HOURS: i64 = 72;
/// How long after the password the code may be typed, in minutes: a code every 30 s, and a person who looks for the
/// phone.
pub const CODE_MINUTES: i64 = 5;
/// After so many minutes without a request a session is over.
pub const IDLE_MINUTES: i64 = 30;
/// A session lasts so many hours in all: a working day and no night.
pub const SESSION_HOURS: i64 = 10;

/// What somebody may do in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides what rules leave open.
    Reviewer,
    /// Helps persons on the phone and at the counter.
    Agent,
    /// Looks after staff and settings.
    Administrator,
}

impl Role {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Reviewer, Self::Agent, Self::Administrator];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Agent => "agent",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a stable word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Who changed an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The institution's server, with this key.
    Key(KeyId),
    /// An administrator in the console.
    Staff(StaffId),
    /// Whoever runs the installation, on its command line.
    Operator,
}

/// The state of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// The id.
    pub id: StaffId,
    /// For whom they work.
    pub institution: InstitutionId,
    /// The subject whose keys seal what names them and what they sign in with.
    pub subject: SubjectId,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// When they were invited.
    pub invited_at: Timestamp,
    /// How many events there were: the version of the case, so that whoever opens what is sealed beside one of them
    /// need not look for it among years of others.
    pub events: u64,
    /// The event beside which the newest one-time secret is sealed.
    pub newest_secret: u64,
    /// The event beside which the newest password is sealed, also where it works no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_password: Option<u64>,
    /// How many setup links there were.
    pub setups: u32,
    /// The setup link that can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
    /// The password that works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// The newest step whose code was taken; nothing before a device was enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_used: Option<u64>,
    /// Wrong passwords since the last right one.
    pub wrong_passwords: u32,
    /// Wrong codes since the last right one.
    pub wrong_codes: u32,
    /// Since when and why nobody can sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<Locked>,
    /// How many tries passed the password.
    pub attempts: u32,
    /// The newest try that passed the password and waits for its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// How often they signed in.
    pub sessions: u32,
    /// The one session that may act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// When they left, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Timestamp>,
}

/// A setup link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Which, from 1.
    pub number: u32,
    /// From this moment it can't be used.
    pub expires_at: Timestamp,
}

/// A password, as far as it may be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// When it was chosen.
    pub set_at: Timestamp,
    /// From this moment nothing else can be done than changing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_by: Option<Timestamp>,
}

/// Since when and why nobody can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// Since when.
    pub at: Timestamp,
    /// After how many of what.
    pub why: Why,
}

/// A try that passed the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// From this moment it begins anew.
    pub until: Timestamp,
}

/// A session in the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which, from 1. A newer one retires the older.
    pub number: u32,
    /// When it began.
    pub began_at: Timestamp,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody can sign in before the setup link was used.
    Invited,
    /// They can sign in.
    Active,
    /// Too many wrong passwords or codes.
    Locked,
    /// They left.
    Left,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Invited, Self::Active, Self::Locked, Self::Left];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Left => "left",
        }
    }
}

impl Staff {
    /// How the account stands.
    pub fn status(&self) -> Status {
        if self.left_at.is_some() {
            Status::Left
        } else if self.locked.is_some() {
            Status::Locked
        } else if self.password.is_some() && self.code_used.is_some() {
            Status::Active
        } else {
            Status::Invited
        }
    }

    /// Whether a setup link can be used.
    pub fn can_set_up(&self, number: u32, now: Timestamp) -> bool {
        self.left_at.is_none()
            && self.setup.as_ref().is_some_and(|s| s.number == number && now < s.expires_at)
    }

    /// Whether a try waits for its code.
    pub fn waits_for_code(&self, number: u32, now: Timestamp) -> bool {
        self.status() == Status::Active
            && self.attempt.as_ref().is_some_and(|a| a.number == number && now < a.until)
    }

    /// Whether a session may act, as far as the account says: whether it was idle is known elsewhere.
    pub fn is_signed_in(&self, session: u32, now: Timestamp) -> bool {
        let lasts = |s: &Session| now < s.began_at + jiff::SignedDuration::from_hours(SESSION_HOURS);
        self.status() == Status::Active
            && self.session.as_ref().is_some_and(|s| s.number == session && lasts(s))
    }

    /// Whether the password must be changed before anything else.
    pub fn must_change_password(&self, now: Timestamp) -> bool {
        self.password.as_ref().and_then(|p| p.change_by).is_some_and(|by| now >= by)
    }
}
