//! Staff: from a command on an account to what is recorded, and what names somebody, read by record.
//!
//! The door of the console, where people sign in, is `door`; this is what an institution does with its staff.

use super::plaintext::{ReadFrom, Reader};
use super::verification::noted;
use super::{ActError, Secrets, clear_parts, read_event};
use crate::app::App;
use crate::codes::{self, StaffToken};
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{AccessId, EntryId, InstitutionId, StaffId, SubjectId};
use ingam_cases::otp::OtpSecret;
use ingam_cases::refusal::Refusal;
use ingam_cases::staff::{By, Command, Event, Login, Role, Staff, apply, decide};
use ingam_cases::values::PersonName;
use ingam_ledger::{
    Access, Commit, Entry, IndexRow, Opened, Origin, Refused, Release, RetentionClass, Stream, Take, View,
    Write,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// The kind of case, as the ledger keeps it.
pub const KIND: &str = "staff";

/// The purpose under which logins are found.
pub(super) const LOGIN_INDEX: &str = "staff_login";

/// How often a command is decided again because someone else was faster, before it is a fault.
const TRIES: u32 = 30;

/// A member of staff as they stand.
#[derive(Debug, Clone)]
pub struct CurrentStaff {
    /// The state.
    pub state: Staff,
    /// The number of its entries.
    pub version: u64,
}

/// Whom an institution invites.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Their name.
    pub name: PersonName,
    /// What they will type at the door.
    pub login: Login,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Who invites.
    pub by: By,
}

/// What names a member of staff; nothing once it was destroyed.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The name.
    pub name: Option<PersonName>,
    /// The login.
    pub login: Option<Login>,
}

/// Things that are committed with a command.
#[derive(Default)]
pub struct StaffAlong {
    /// Claims of the caller's.
    pub take: Vec<Take>,
    /// Claims given back.
    pub release: Vec<Release>,
    /// Rows by which the login is found.
    pub index: Vec<IndexRow>,
}

impl StaffAlong {
    /// With claims of the caller's alone.
    pub fn taking(take: Vec<Take>) -> Self {
        Self { take, ..Self::default() }
    }
}

impl App {
    /// A member of staff as they stand.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn staff(&self, id: &StaffId) -> Result<Option<CurrentStaff>, Fault> {
        let Some(case) = self.ledger.case(id.as_str()).await? else { return Ok(None) };
        let (true, Some(view)) = (case.kind == KIND, case.view) else { return Ok(None) };
        let state = serde_json::from_value(view.state).map_err(Fault::internal)?;
        Ok(Some(CurrentStaff { state, version: case.version }))
    }

    /// A member of staff as they stood after so many entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn staff_at(&self, id: &StaffId, version: u64) -> Result<Option<Staff>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, version.min(u64::from(u32::MAX)) as u32).await?;
        let mut state = None;
        for entry in entries {
            let event: Event = read_event(&entry.kind, &entry.clear)?;
            state = Some(apply(state, &event).map_err(Fault::internal)?);
        }
        Ok(state)
    }

    /// Decides and records a command on a member of staff. `make` sees the state as it stands and is asked again when
    /// somebody else was faster. Answers what happened, too: a try that failed happened.
    ///
    /// # Errors
    /// A refusal, `Held` where a claim in `along` is held, or a fault.
    pub async fn act_staff(
        &self,
        id: &StaffId,
        along: StaffAlong,
        mut make: impl FnMut(Option<&Staff>, Timestamp) -> Result<(Command, Secrets), ActError> + Send,
    ) -> Result<(CurrentStaff, Vec<Event>), ActError> {
        for _ in 0..TRIES {
            let current = self.staff(id).await?;
            let now = self.now();
            let (command, secrets) = make(current.as_ref().map(|c| &c.state), now)?;
            let events = decide(current.as_ref().map(|c| &c.state), command, now)?;
            let (commit, after) = self.staff_commit(id, current, &events, &secrets, &along, now)?;
            match self.ledger.commit(commit).await? {
                Ok(_) => return Ok((after, events)),
                Err(Refused::Stale { .. }) => {}
                Err(Refused::ClaimHeld { key, .. }) if key.starts_with(LOGIN_INDEX) => {
                    return Err(Refusal::LoginTaken.into());
                }
                Err(Refused::ClaimHeld { note, .. }) => return Err(ActError::Held { note }),
                Err(Refused::Destroyed { .. }) => return Err(ActError::Destroyed),
                Err(other) => return Err(Fault::internal(other.code()).into()),
            }
        }
        Err(Fault::internal("a command was overtaken too often").into())
    }

    fn staff_commit(
        &self,
        id: &StaffId,
        current: Option<CurrentStaff>,
        events: &[Event],
        secrets: &Secrets,
        along: &StaffAlong,
        now: Timestamp,
    ) -> Result<(Commit, CurrentStaff), ActError> {
        let expected_version = current.as_ref().map_or(0, |c| c.version);
        let version = expected_version + events.len() as u64;
        let mut commit = Commit {
            take: noted(&along.take, version),
            release: along.release.clone(),
            index: along.index.clone(),
            ..Commit::default()
        };
        let mut state = current.map(|c| c.state);
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let after = apply(state, event).map_err(Fault::internal)?;
            let (kind, clear) = clear_parts(event)?;
            entries.push(Entry {
                id: fresh!(self, EntryId).to_string(),
                institution: Some(after.institution.to_string()),
                time: now,
                sealed: secrets.for_kind(&kind, after.subject.as_str()),
                kind,
                clear,
            });
            self.session_claims(id, event, now, &mut commit);
            state = Some(after);
        }
        let state = state.ok_or_else(|| Fault::internal("a command on nobody that invites nobody"))?;
        commit.writes.push(Write {
            case: id.to_string(),
            case_kind: KIND.to_owned(),
            expected_version,
            view: match entries.is_empty() {
                true => None,
                false => Some(View {
                    state: serde_json::to_value(&state).map_err(Fault::internal)?,
                    status: state.status().as_str().to_owned(),
                    reference: None,
                    institution: Some(state.institution.to_string()),
                }),
            },
            entries,
            stream: Stream::Main,
        });
        Ok((commit, CurrentStaff { state, version }))
    }

    /// A session is a claim that ends by itself when nobody comes. What ends or retires one gives it back.
    fn session_claims(&self, id: &StaffId, event: &Event, now: Timestamp, commit: &mut Commit) {
        let ends = matches!(
            event,
            Event::SignedIn { .. }
                | Event::SignedOut { .. }
                | Event::Locked { .. }
                | Event::SetupOpened { .. }
                | Event::Left { .. }
        );
        if ends {
            commit.release.push(Release::All { base: session_base(id) });
        }
        if let Event::SignedIn { session, .. } = event {
            commit.take.push(session_claim(id, *session, now, now));
        }
    }

    /// Invites a member of staff. Their data keys are made and synced first.
    ///
    /// # Errors
    /// `LoginTaken`, `Held` where a claim in `take` is held, or a fault.
    pub async fn invite_staff(
        &self,
        institution: &InstitutionId,
        id: StaffId,
        invitation: Invitation,
        take: Vec<Take>,
    ) -> Result<CurrentStaff, ActError> {
        let login = invitation.login.expose();
        if self.find_login(&invitation.login).await?.is_some() {
            return Err(Refusal::LoginTaken.into());
        }
        let subject = fresh!(self, SubjectId);
        let classes = [RetentionClass::Identity, RetentionClass::Contact, RetentionClass::Signing];
        self.ledger
            .open_subject(subject.as_str(), Some(institution.as_str()), &classes)
            .await?
            .map_err(|_| ActError::Destroyed)?;
        let value = self.ledger.index_value(LOGIN_INDEX, login.as_bytes()).await?;
        let mut along = StaffAlong::taking(take);
        // Of two invitations at once with one login one loses this. It is given back when they leave.
        along.take.push(Take {
            base: format!("{LOGIN_INDEX}:{}", value.hex),
            slots: None,
            holder: id.to_string(),
            expires_at: None,
            note: None,
        });
        along.index.push(IndexRow {
            purpose: LOGIN_INDEX.to_owned(),
            value,
            subject: subject.to_string(),
            class: RetentionClass::Identity,
            case: id.to_string(),
            institution: Some(institution.to_string()),
        });
        const INVITED: &str = "staff.invited/1";
        let secrets = self
            .new_secret()?
            .with(INVITED, "name", RetentionClass::Identity, invitation.name.expose())
            .with(INVITED, "login", RetentionClass::Identity, login);
        let (current, _) = self
            .act_staff(&id, along, |_, _| {
                let command = Command::Invite {
                    id: id.clone(),
                    institution: institution.clone(),
                    subject: subject.clone(),
                    roles: invitation.roles.clone(),
                    by: invitation.by.clone(),
                };
                Ok((command, secrets.clone()))
            })
            .await?;
        Ok(current)
    }

    /// Changes an account: roles, unlocking, a new setup link, leaving.
    ///
    /// # Errors
    /// A refusal, `Held` where a claim in `take` is held, or a fault.
    pub async fn change_staff(
        &self,
        id: &StaffId,
        command: Command,
        take: Vec<Take>,
    ) -> Result<CurrentStaff, ActError> {
        let mut along = StaffAlong::taking(take);
        if matches!(command, Command::Leave { .. }) {
            along.release = self.login_claims(id).await?;
        }
        let secrets = match command {
            Command::Reset { .. } => self.new_secret()?,
            _ => Secrets::default(),
        };
        let acted = self.act_staff(id, along, |_, _| Ok((command.clone(), secrets.clone()))).await?;
        Ok(acted.0)
    }

    /// A one-time secret for a device that is set up next.
    fn new_secret(&self) -> Result<Secrets, Fault> {
        let bytes = self.entropy.draw::<{ OtpSecret::RECOMMENDED }>();
        let secret = OtpSecret::new(bytes.to_vec()).map_err(Fault::internal)?;
        let (kind, class) = ("staff.setup_opened/1", RetentionClass::Signing);
        Ok(Secrets::default().with(kind, "otp_secret", class, secret.expose().as_str()))
    }

    /// The claims by which nobody else takes this login.
    async fn login_claims(&self, id: &StaffId) -> Result<Vec<Release>, ActError> {
        let Some(current) = self.staff(id).await? else { return Ok(vec![]) };
        let names = self.staff_names(&current.state, Reader::task("leave", "free_login")).await?;
        let Some(login) = names.login else { return Ok(vec![]) };
        let values = self.ledger.index_values(LOGIN_INDEX, login.expose().as_bytes()).await?;
        let release =
            |hex: String| Release::Holder { base: format!("{LOGIN_INDEX}:{hex}"), holder: id.to_string() };
        Ok(values.into_iter().map(|value| release(value.hex)).collect())
    }

    /// Who has this login and has not left.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn find_login(&self, login: &Login) -> Result<Option<CurrentStaff>, Fault> {
        let values = self.ledger.index_values(LOGIN_INDEX, login.expose().as_bytes()).await?;
        for row in self.ledger.find(LOGIN_INDEX, &values).await? {
            let id = StaffId::parse(&row.case).map_err(Fault::internal)?;
            if let Some(current) = self.staff(&id).await?.filter(|c| c.state.left_at.is_none()) {
                return Ok(Some(current));
            }
        }
        Ok(None)
    }

    /// The address of the setup link that can be used, where there is one.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn setup_url(&self, staff: &Staff) -> Result<Option<String>, Fault> {
        let Some(setup) = &staff.setup else { return Ok(None) };
        let token = codes::staff_token(&self.ledger, StaffToken::Setup, &staff.id, setup.number).await?;
        Ok(Some(format!("{}/console/setup/{token}", self.base_url)))
    }

    /// What names somebody, once the access is recorded.
    ///
    /// # Errors
    /// A fault.
    pub async fn staff_names(&self, staff: &Staff, reader: Reader<'_>) -> Result<Names, ActError> {
        let mut opened = self.staff_fields(staff, 1, &["name", "login"], reader).await?;
        let mut text = |name: &str| opened.remove(name).and_then(Opened::value);
        let (name, login) = (text("name"), text("login"));
        let text =
            |value: &Option<serde_json::Value>| value.as_ref().and_then(|v| v.as_str().map(str::to_owned));
        Ok(Names {
            name: text(&name).map(|n| PersonName::parse(&n)).transpose().map_err(Fault::internal)?,
            login: text(&login).map(|l| Login::parse(&l)).transpose().map_err(Fault::internal)?,
        })
    }

    /// Sealed fields beside one event of somebody's, once the access is recorded.
    pub(super) async fn staff_fields(
        &self,
        staff: &Staff,
        event: u64,
        names: &[&str],
        reader: Reader<'_>,
    ) -> Result<ingam_ledger::OpenedFields, ActError> {
        let before = event.checked_sub(1).ok_or(Refusal::Unknown)?;
        let entries = self.ledger.entries(staff.id.as_str(), before, 1).await?;
        let entry = entries.first().ok_or(Refusal::Unknown)?;
        let access = Access {
            actor_kind: reader.actor_kind.to_owned(),
            actor: reader.actor.to_owned(),
            from: match reader.origin {
                ReadFrom::Inside => Origin::Inside,
                ReadFrom::Server(address) | ReadFrom::Person(address) => Origin::Address(address.to_string()),
            },
            reason: reader.reason.to_owned(),
            case: None,
            institution: Some(staff.institution.to_string()),
            access_id: fresh!(self, AccessId).to_string(),
            entry_id: fresh!(self, EntryId).to_string(),
        };
        let opened = self.ledger.open_fields(&entry.id, names, access).await?;
        Ok(opened.map_err(|refused| Fault::internal(refused.code()))?)
    }
}

/// The name of the claim that a session is.
pub(super) fn session_base(id: &StaffId) -> String {
    format!("staff_session:{id}")
}

/// The claim that a session is, from a request at `now` on: until nobody came for a while, and no longer than a
/// session lasts in all.
pub(super) fn session_claim(id: &StaffId, session: u32, began_at: Timestamp, now: Timestamp) -> Take {
    use ingam_cases::staff::{IDLE_MINUTES, SESSION_HOURS};
    let idle = now + SignedDuration::from_mins(IDLE_MINUTES);
    Take {
        base: session_base(id),
        slots: None,
        holder: session.to_string(),
        expires_at: Some(idle.min(began_at + SignedDuration::from_hours(SESSION_HOURS))),
        note: None,
    }
}
