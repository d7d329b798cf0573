//! Folding the events of a member of staff.

use super::{Attempt, Event, Locked, Password, Session, Setup, Staff, Why};

/// An entry that does not fit the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the first event of a member of staff must invite them, and only the first")]
pub struct OutOfOrder;

/// Folds one event.
///
/// # Errors
/// Where the first event does not invite, or a later one does.
pub fn apply(state: Option<Staff>, event: &Event) -> Result<Staff, OutOfOrder> {
    let mut s = match (state, event) {
        (None, Event::Invited { id, institution, subject, roles, at, .. }) => {
            return Ok(Staff {
                id: id.clone(),
                institution: institution.clone(),
                subject: subject.clone(),
                roles: roles.clone(),
                invited_at: *at,
                events: 1,
                newest_secret: 0,
                newest_password: None,
                setups: 0,
                setup: None,
                password: None,
                code_used: None,
                wrong_passwords: 0,
                wrong_codes: 0,
                locked: None,
                attempts: 0,
                attempt: None,
                sessions: 0,
                session: None,
                left_at: None,
            });
        }
        (Some(s), event) if !matches!(event, Event::Invited { .. }) => s,
        _ => return Err(OutOfOrder),
    };
    s.events += 1;
    match event {
        Event::Invited { .. } => {}
        Event::SetupOpened { number, expires_at, .. } => {
            s.setups = *number;
            s.newest_secret = s.events;
            s.setup = Some(Setup { number: *number, expires_at: *expires_at });
            (s.password, s.code_used, s.attempt, s.session) = (None, None, None, None);
            start_counting_anew(&mut s);
        }
        Event::PasswordSet { at, change_by } => {
            s.password = Some(Password { set_at: *at, change_by: *change_by });
            s.newest_password = Some(s.events);
            s.wrong_passwords = 0;
        }
        Event::OtpEnrolled { step, .. } => {
            s.code_used = Some(*step);
            s.setup = None;
        }
        Event::PasswordPassed { attempt, until } => {
            s.wrong_passwords = 0;
            s.attempts = *attempt;
            s.attempt = Some(Attempt { number: *attempt, until: *until });
        }
        Event::SignInFailed { why, .. } => match why {
            Why::WrongPassword => s.wrong_passwords += 1,
            Why::WrongCode | Why::UsedCode => s.wrong_codes += 1,
            Why::Locked | Why::NotSetUp | Why::Left => {}
        },
        Event::Locked { why, at } => {
            s.locked = Some(Locked { at: *at, why: *why });
            (s.attempt, s.session) = (None, None);
        }
        Event::Unlocked { .. } => start_counting_anew(&mut s),
        Event::SignedIn { session, step, at } => {
            s.wrong_codes = 0;
            s.code_used = Some(*step);
            s.attempt = None;
            s.sessions = *session;
            s.session = Some(Session { number: *session, began_at: *at });
        }
        Event::SignedOut { .. } => s.session = None,
        Event::RolesChanged { roles, .. } => s.roles = roles.clone(),
        Event::Left { at, .. } => {
            s.left_at = Some(*at);
            (s.setup, s.attempt, s.session) = (None, None, None);
        }
    }
    Ok(s)
}

fn start_counting_anew(s: &mut Staff) {
    s.locked = None;
    (s.wrong_passwords, s.wrong_codes) = (0, 0);
}
