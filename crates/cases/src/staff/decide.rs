//! What follows from a command on a member of staff.
//!
//! A try to sign in is never refused here: whether it passes, fails or meets a locked account, something happened and
//! is recorded. Refusals are for whoever looks after the account.

use super::{
    By, CODE_MINUTES, Event, MAX_WRONG_CODES, MAX_WRONG_PASSWORDS, Role, SETUP_HOURS, Staff, Status, Why,
};
use crate::id::{InstitutionId, StaffId, SubjectId};
use crate::otp::Tried;
use crate::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What someone wants.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state.
pub enum Command {
    Invite {
        id: StaffId,
        institution: InstitutionId,
        subject: SubjectId,
        roles: BTreeSet<Role>,
        by: By,
    },
    /// The setup link's page was sent, with a password that may be taken and a code that fits the new secret.
    SetUp {
        setup: u32,
        step: u64,
        /// After so many days the password must be changed; 0 for never.
        change_days: u32,
    },
    /// A password was typed at the door.
    TryPassword {
        right: bool,
    },
    /// A code was typed at the door, after the password of that try.
    TryCode {
        attempt: u32,
        code: Tried,
    },
    SignOut {
        session: u32,
    },
    /// A new password was chosen in a session, which takes the one in use, too.
    ChangePassword {
        session: u32,
        right: bool,
        change_days: u32,
    },
    Unlock {
        by: By,
    },
    /// A new setup link, for somebody who lost the device or the password. Nobody can sign in until it was used.
    Reset {
        by: By,
    },
    SetRoles {
        roles: BTreeSet<Role>,
        by: By,
    },
    Leave {
        by: By,
    },
}

/// What follows from a command.
///
/// # Errors
/// A refusal where the rules say no.
pub fn decide(state: Option<&Staff>, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Some(s) = state else {
        return match command {
            Command::Invite { id, institution, subject, roles, by } => {
                let opened = setup_opened(1, by.clone(), now);
                Ok(vec![Event::Invited { id, institution, subject, roles, by, at: now }, opened])
            }
            _ => Err(Refusal::Unknown),
        };
    };
    match command {
        Command::Invite { .. } => Err(Refusal::NotNow),
        Command::TryPassword { right } => Ok(try_password(s, right, now)),
        Command::TryCode { attempt, code } => try_code(s, attempt, code, now),
        Command::SignOut { session } => Ok(match &s.session {
            Some(current) if current.number == session => vec![Event::SignedOut { session, at: now }],
            _ => vec![],
        }),
        Command::Leave { .. } if s.left_at.is_some() => Ok(vec![]),
        Command::Leave { by } => Ok(vec![Event::Left { by, at: now }]),
        _ if s.left_at.is_some() => Err(Refusal::StaffLeft),
        Command::SetUp { setup, step, change_days } => {
            if !s.can_set_up(setup, now) {
                return Err(Refusal::Expired);
            }
            Ok(vec![password_set(change_days, now), Event::OtpEnrolled { at: now, step }])
        }
        Command::ChangePassword { session, right, change_days } => {
            if !s.is_signed_in(session, now) {
                return Err(Refusal::OtherSession);
            }
            // Whoever sits at somebody's open session does not get to guess for ever.
            Ok(if right { vec![password_set(change_days, now)] } else { wrong_password(s, now) })
        }
        Command::Unlock { by } => Ok(match s.locked {
            Some(_) => vec![Event::Unlocked { by, at: now }],
            None => vec![],
        }),
        Command::Reset { by } => Ok(vec![setup_opened(s.setups + 1, by, now)]),
        Command::SetRoles { roles, .. } if roles == s.roles => Ok(vec![]),
        Command::SetRoles { roles, by } => Ok(vec![Event::RolesChanged { roles, by, at: now }]),
    }
}

fn setup_opened(number: u32, by: By, now: Timestamp) -> Event {
    Event::SetupOpened { number, expires_at: now + SignedDuration::from_hours(SETUP_HOURS), by }
}

fn password_set(change_days: u32, now: Timestamp) -> Event {
    let days = |days| now + SignedDuration::from_hours(24 * i64::from(days));
    Event::PasswordSet { at: now, change_by: (change_days > 0).then(|| days(change_days)) }
}

/// Why nobody can sign in to an account, whatever they type.
fn closed(s: &Staff) -> Option<Why> {
    match s.status() {
        Status::Active => None,
        Status::Invited => Some(Why::NotSetUp),
        Status::Locked => Some(Why::Locked),
        Status::Left => Some(Why::Left),
    }
}

fn try_password(s: &Staff, right: bool, now: Timestamp) -> Vec<Event> {
    match closed(s) {
        Some(why) => vec![Event::SignInFailed { why, at: now }],
        None if right => vec![Event::PasswordPassed {
            attempt: s.attempts + 1,
            until: now + SignedDuration::from_mins(CODE_MINUTES),
        }],
        None => wrong_password(s, now),
    }
}

fn wrong_password(s: &Staff, now: Timestamp) -> Vec<Event> {
    failed(Why::WrongPassword, s.wrong_passwords + 1 >= MAX_WRONG_PASSWORDS, now)
}

fn try_code(s: &Staff, attempt: u32, code: Tried, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if let Some(why) = closed(s) {
        return Ok(vec![Event::SignInFailed { why, at: now }]);
    }
    if !s.waits_for_code(attempt, now) {
        return Err(Refusal::Expired);
    }
    let last = s.wrong_codes + 1 >= MAX_WRONG_CODES;
    Ok(match code {
        // Invariant: a step is taken once, also where the code was compared with an older state.
        Tried::Right(step) if s.code_used.is_some_and(|used| step <= used) => {
            failed(Why::UsedCode, last, now)
        }
        Tried::Right(step) => vec![Event::SignedIn { session: s.sessions + 1, step, at: now }],
        Tried::Used => failed(Why::UsedCode, last, now),
        Tried::Wrong => failed(Why::WrongCode, last, now),
    })
}

fn failed(why: Why, last: bool, now: Timestamp) -> Vec<Event> {
    let mut events = vec![Event::SignInFailed { why, at: now }];
    if last {
        events.push(Event::Locked { why, at: now });
    }
    events
}
