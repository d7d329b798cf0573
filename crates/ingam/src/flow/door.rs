//! The door of the console: a password, then a code, then a session; and the setup link before the first time.
//!
//! Whoever knocks learns only whether they are in. A wrong login, a wrong password and a locked account cost the same
//! work, have the same answer, and are told apart in the entries alone. What was typed is kept nowhere.

use super::plaintext::{ReadFrom, Reader};
use super::staff::{CurrentStaff, StaffAlong, session_base, session_claim};
use super::{ActError, Secrets};
use crate::app::App;
use crate::codes::{self, StaffToken};
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{EntryId, KnockId, StaffId};
use ingam_cases::otp::{self, Form, OtpCode, OtpSecret, Step, Tried};
use ingam_cases::refusal::Refusal;
use ingam_cases::staff::{Command, Event, IDLE_MINUTES, Lack, Login, NewPassword, Staff, normal};
use ingam_ledger::{Commit, Entry, Refused, Release, RetentionClass, Stream, Take, Write};
use jiff::SignedDuration;
use std::net::{IpAddr, Ipv6Addr};
use zeroize::Zeroizing;

/// The kind of case that a try with a login of nobody's is.
pub const KNOCK: &str = "knock";
/// For how long a try counts for the address that it came from, in minutes.
const KNOCKS_COUNT_MINUTES: i64 = 10;
/// A session that was seen so long ago is made to last again: not at each request, for each is a synced write.
const SEEN_MINUTES: i64 = 1;
/// The form of the codes, which every authenticator app knows.
const FORM: Form = Form::COMMON;
const STEP: Step = Step::Thirty;

/// What came of a login and a password.
pub enum Knocked {
    /// Now the code; the token says for which try.
    Passed(String),
    /// No, whatever was wrong.
    Refused,
    /// Too many tries from this address.
    TooOften,
}

/// What came of a code.
pub enum Coded {
    /// They are in; the token says with which session.
    In(String),
    /// No: another code may do.
    Wrong,
    /// The try is over, whatever ended it: begin with the login again.
    Over,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub staff: Staff,
    /// With which session.
    pub session: u32,
}

/// A setup link that can be used.
pub struct Setup {
    /// Whose.
    pub staff: Staff,
    /// What the device takes.
    pub secret: OtpSecret,
    /// The address that an app reads from a QR code.
    pub uri: Zeroizing<String>,
}

/// Why an account was not set up, or a password not changed. Nothing of it happened.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NotSet {
    /// The password in use was another one.
    pub wrong_password: bool,
    /// What the new password lacks.
    pub lacks: Vec<Lack>,
    /// The code does not fit the secret.
    pub wrong_code: bool,
}

impl App {
    /// Tries a login and a password.
    ///
    /// # Errors
    /// A fault.
    pub async fn knock(&self, login: &str, password: &str, from: IpAddr) -> Result<Knocked, ActError> {
        let knock = fresh!(self, KnockId);
        let base = format!("sign_in:{}", self.address_index(from).await?);
        let take = Take {
            base: base.clone(),
            slots: Some(self.config.console.sign_ins_per_address),
            holder: knock.to_string(),
            expires_at: Some(self.now() + SignedDuration::from_mins(KNOCKS_COUNT_MINUTES)),
            note: None,
        };
        match self.ledger.commit(Commit { take: vec![take], ..Commit::default() }).await? {
            Ok(_) => {}
            Err(Refused::SlotsFull { .. }) => return Ok(Knocked::TooOften),
            Err(other) => return Err(Fault::internal(other.code()).into()),
        }
        let found = match Login::parse(login) {
            Ok(login) => self.find_login(&login).await?,
            Err(_) => None,
        };
        let hash = match &found {
            Some(found) => self.newest_password(&found.state).await?,
            None => None,
        };
        let right = self.passwords.is(normal(password), hash).await?;
        let Some(CurrentStaff { state: tested, .. }) = found else {
            self.record_knock(knock).await?;
            return Ok(Knocked::Refused);
        };
        // Whoever passes does not count: a whole office sits behind one address.
        let release = if right { vec![Release::Holder { base, holder: knock.to_string() }] } else { vec![] };
        let along = StaffAlong { release, ..StaffAlong::default() };
        let tried = self
            .act_staff(&tested.id, along, |s, _| {
                // Changed meanwhile: what was compared is not what counts now.
                let same = s.is_some_and(|s| s.newest_password == tested.newest_password);
                Ok((Command::TryPassword { right: right && same }, at_address(from)))
            })
            .await?;
        match tried.1.first() {
            Some(Event::PasswordPassed { attempt, .. }) => {
                let token = codes::staff_token(&self.ledger, StaffToken::Attempt, &tested.id, *attempt);
                Ok(Knocked::Passed(token.await?))
            }
            _ => Ok(Knocked::Refused),
        }
    }

    /// Tries a code, after the password of that try.
    ///
    /// # Errors
    /// A fault.
    pub async fn try_otp(&self, token: &str, code: &OtpCode, from: IpAddr) -> Result<Coded, ActError> {
        let read = codes::read_staff_token(&self.ledger, StaffToken::Attempt, token).await?;
        let Some((id, attempt)) = read else { return Ok(Coded::Over) };
        let Some(CurrentStaff { state, .. }) = self.staff(&id).await? else { return Ok(Coded::Over) };
        if !state.waits_for_code(attempt, self.now()) {
            return Ok(Coded::Over);
        }
        let secret = self.newest_secret(&state, Reader::task("sign_in", "compare_code")).await?;
        let tried = self
            .act_staff(&id, StaffAlong::default(), |s, now| {
                // With another secret than the one that was opened no code is right.
                let used = s.filter(|s| s.newest_secret == state.newest_secret).map(|s| s.code_used);
                let code = match used {
                    Some(used) => otp::verify_clock(&secret, FORM, STEP, code, now, used),
                    None => Tried::Wrong,
                };
                Ok((Command::TryCode { attempt, code }, at_address(from)))
            })
            .await;
        match tried {
            Ok((_, events)) => match events.first() {
                Some(Event::SignedIn { session, .. }) => {
                    let token = codes::staff_token(&self.ledger, StaffToken::Session, &id, *session);
                    Ok(Coded::In(token.await?))
                }
                // Locked with this one: whoever types more codes is told so by the door, which tells nobody.
                _ if events.len() > 1 => Ok(Coded::Over),
                _ => Ok(Coded::Wrong),
            },
            Err(ActError::Refused(Refusal::Expired)) => Ok(Coded::Over),
            Err(other) => Err(other),
        }
    }

    /// Who is signed in with a session's token, if anybody still is. Makes the session last.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn signed_in(&self, token: &str) -> Result<Option<SignedIn>, Fault> {
        let read = codes::read_staff_token(&self.ledger, StaffToken::Session, token).await?;
        let Some((id, session)) = read else { return Ok(None) };
        let now = self.now();
        let Some(current) = self.staff(&id).await?.filter(|c| c.state.is_signed_in(session, now)) else {
            return Ok(None);
        };
        let holder = session.to_string();
        let claims = self.ledger.claims(&session_base(&id)).await?;
        let Some(claim) = claims.into_iter().find(|claim| claim.holder == holder) else { return Ok(None) };
        let began_at = current.state.session.as_ref().map_or(now, |s| s.began_at);
        let take = session_claim(&id, session, began_at, now);
        let seen = SignedDuration::from_mins(IDLE_MINUTES - SEEN_MINUTES);
        if claim.expires_at.is_some_and(|until| until <= now + seen) && claim.expires_at < take.expires_at {
            let release = vec![Release::Holder { base: session_base(&id), holder }];
            let renewed = self.ledger.commit(Commit { take: vec![take], release, ..Commit::default() });
            if renewed.await?.is_err() {
                // A newer session took its place in this moment.
                return Ok(None);
            }
        }
        Ok(Some(SignedIn { staff: current.state, session }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A fault.
    pub async fn sign_out(&self, who: &SignedIn) -> Result<(), ActError> {
        let command = Command::SignOut { session: who.session };
        let along = StaffAlong::default();
        let act = |_: Option<&Staff>, _| Ok((command.clone(), Secrets::default()));
        self.act_staff(&who.staff.id, along, act).await.map(|_| ())
    }

    /// What a setup link leads to, where it can be used. The reading of the secret is recorded as that person's own.
    ///
    /// # Errors
    /// A fault.
    pub async fn setup(&self, token: &str, from: IpAddr) -> Result<Option<Setup>, ActError> {
        let Some((id, number)) = codes::read_staff_token(&self.ledger, StaffToken::Setup, token).await?
        else {
            return Ok(None);
        };
        let current = self.staff(&id).await?.filter(|c| c.state.can_set_up(number, self.now()));
        let Some(CurrentStaff { state, .. }) = current else { return Ok(None) };
        let institution = self.institution(&state.institution).await?;
        let issuer = institution.map(|i| i.profile.name.clone()).unwrap_or_default();
        let names = self.staff_names(&state, own(&id, from)).await?;
        let secret = self.newest_secret(&state, own(&id, from)).await?;
        let account = names.login.as_ref().map_or("", |login| login.expose());
        let uri = secret.uri(FORM, STEP, &issuer, account);
        Ok(Some(Setup { staff: state, secret, uri }))
    }

    /// Sets an account up: the first password, or a new one, and a code of the device.
    ///
    /// # Errors
    /// `Refused(Expired)` where the link was used meanwhile, or a fault.
    pub async fn set_up(
        &self,
        setup: &Setup,
        password: &str,
        code: Option<OtpCode>,
    ) -> Result<Result<(), NotSet>, ActError> {
        let (state, now) = (&setup.staff, self.now());
        let password = self.new_password(state, password).await?;
        let tried = code.map(|code| otp::verify_clock(&setup.secret, FORM, STEP, &code, now, None));
        let (password, step) = match (password, tried) {
            (Ok(password), Some(Tried::Right(step))) => (password, step),
            (password, tried) => {
                let wrong_code = !matches!(tried, Some(Tried::Right(_)));
                return Ok(Err(NotSet {
                    lacks: password.err().unwrap_or_default(),
                    wrong_code,
                    ..NotSet::default()
                }));
            }
        };
        let secrets = self.sealed_password(password).await?;
        let number = state.setups;
        let change_days = self.config.console.password_days;
        self.act_staff(&state.id, StaffAlong::default(), |_, _| {
            Ok((Command::SetUp { setup: number, step, change_days }, secrets.clone()))
        })
        .await?;
        Ok(Ok(()))
    }

    /// Changes the password of somebody who is signed in.
    ///
    /// # Errors
    /// `Refused(OtherSession)` where the session ended meanwhile, or a fault.
    pub async fn change_password(
        &self,
        who: &SignedIn,
        old: &str,
        new: &str,
        from: IpAddr,
    ) -> Result<Result<(), NotSet>, ActError> {
        let state = &who.staff;
        let hash = self.newest_password(state).await?;
        let right = self.passwords.is(normal(old), hash).await?;
        let password = self.new_password(state, new).await?;
        let mut secrets = at_address(from);
        if right {
            match password {
                Ok(password) => secrets = self.sealed_password(password).await?,
                Err(lacks) => return Ok(Err(NotSet { lacks, ..NotSet::default() })),
            }
        }
        let (session, change_days) = (who.session, self.config.console.password_days);
        let acted = self
            .act_staff(&state.id, StaffAlong::default(), |s, _| {
                let same = s.is_some_and(|s| s.newest_password == state.newest_password);
                if right && !same {
                    return Err(Refusal::OtherSession.into());
                }
                Ok((Command::ChangePassword { session, right, change_days }, secrets.clone()))
            })
            .await?;
        Ok(match acted.1.first() {
            Some(Event::PasswordSet { .. }) => Ok(()),
            _ => Err(NotSet { wrong_password: true, ..NotSet::default() }),
        })
    }

    /// A new password that may be taken, or what it lacks.
    async fn new_password(
        &self,
        staff: &Staff,
        typed: &str,
    ) -> Result<Result<NewPassword, Vec<Lack>>, ActError> {
        let new = match NewPassword::parse(typed) {
            Ok(new) => new,
            Err(lacks) => return Ok(Err(lacks)),
        };
        let last = self.newest_password(staff).await?;
        let same = last.is_some() && self.passwords.is(Zeroizing::new(new.expose().to_owned()), last).await?;
        Ok(new.unless_same(same))
    }

    async fn sealed_password(&self, password: NewPassword) -> Result<Secrets, Fault> {
        let typed = Zeroizing::new(password.expose().to_owned());
        let hash = self.passwords.hash(typed, self.entropy.draw()).await?;
        let (kind, class) = ("staff.password_set/1", RetentionClass::Signing);
        Ok(Secrets::default().with(kind, "password", class, hash.as_str()))
    }

    /// The hash of the newest password, whether or not it still works.
    async fn newest_password(&self, staff: &Staff) -> Result<Option<Zeroizing<String>>, ActError> {
        let Some(event) = staff.newest_password else { return Ok(None) };
        let reader = Reader::task("sign_in", "compare_password");
        let mut opened = self.staff_fields(staff, event, &["password"], reader).await?;
        let hash = opened.remove("password").and_then(|opened| opened.value());
        Ok(hash.and_then(|value| value.as_str().map(|text| Zeroizing::new(text.to_owned()))))
    }

    async fn newest_secret(&self, staff: &Staff, reader: Reader<'_>) -> Result<OtpSecret, ActError> {
        let mut opened = self.staff_fields(staff, staff.newest_secret, &["otp_secret"], reader).await?;
        let secret = opened.remove("otp_secret").and_then(|opened| opened.value());
        let secret = secret.as_ref().and_then(|value| value.as_str()).ok_or(ActError::Destroyed)?;
        Ok(OtpSecret::parse(secret).map_err(Fault::internal)?)
    }

    /// A try with a login that nobody has: that it happened, and when.
    async fn record_knock(&self, knock: KnockId) -> Result<(), ActError> {
        let entry = Entry {
            id: fresh!(self, EntryId).to_string(),
            kind: "knock.refused/1".to_owned(),
            institution: None,
            time: self.now(),
            clear: serde_json::Map::new(),
            sealed: vec![],
        };
        let write = Write {
            case: knock.to_string(),
            case_kind: KNOCK.to_owned(),
            expected_version: 0,
            entries: vec![entry],
            view: None,
            stream: Stream::Main,
        };
        let done = self.ledger.commit(Commit { writes: vec![write], ..Commit::default() }).await?;
        done.map(|_| ()).map_err(|refused| Fault::internal(refused.code()).into())
    }

    /// What an address counts as: itself, and in IPv6 the network that one customer gets (RFC 6177: /64 at least).
    async fn address_index(&self, from: IpAddr) -> Result<String, Fault> {
        let counted = match from {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
            v4 => v4,
        };
        Ok(self.ledger.index_value("sign_in_address", counted.to_string().as_bytes()).await?.hex)
    }
}

/// Where a try came from, sealed beside whatever becomes of it.
fn at_address(from: IpAddr) -> Secrets {
    ["staff.password_passed/1", "staff.sign_in_failed/1", "staff.signed_in/1"]
        .into_iter()
        .fold(Secrets::default(), |secrets, kind| {
            secrets.with(kind, "address", RetentionClass::Contact, from.to_string())
        })
}

/// Somebody who reads what is their own.
fn own(id: &StaffId, from: IpAddr) -> Reader<'_> {
    Reader { actor_kind: "staff", actor: id.as_str(), origin: ReadFrom::Server(from), reason: "set_up" }
}
