//! Access media: from a command to what is recorded, and codes of them, which two cases record in one commit.

use super::person::Person;
use super::plaintext::{Reader, text};
use super::verification::{Act, Along, Current, noted};
use super::{ActError, Secrets, clear_parts, read_event};
use crate::app::App;
use crate::codes;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::answers::DeviceCode;
use ingam_cases::id::{CallId, EntryId, InstitutionId, MediumId, SubjectId};
use ingam_cases::medium::{
    Command, Event, LOOK_AHEAD, Medium, MediumKind, MediumStatus, Tried, apply, decide,
};
use ingam_cases::otp::{self, OtpCode, OtpSecret};
use ingam_cases::refusal::Refusal;
use ingam_cases::security_card::{CardTable, Challenge};
use ingam_cases::verification::{Command as Step, NamedMedium, Verification};
use ingam_ledger::{Commit, Entry, Opened, Refused, RetentionClass, Stream, Take, View, Write};
use zeroize::Zeroizing;

/// The kind of case, as the ledger keeps it.
pub const KIND: &str = "medium";

/// The entry beside which the secret is sealed.
const ENROLLED: &str = "medium.enrolled/1";

/// How often a command is decided again because someone else was faster, before it is a fault.
const TRIES: u32 = 30;

/// Longest code that is looked at.
const MAX_TYPED: usize = 32;

/// A medium as it stands.
#[derive(Debug, Clone)]
pub struct CurrentMedium {
    /// The state.
    pub state: Medium,
    /// The number of its entries.
    pub version: u64,
}

/// What only the medium and the vault know.
#[derive(Debug)]
pub enum MediumSecret {
    /// That of one-time passwords.
    Otp(OtpSecret),
    /// The table of a card.
    Card(CardTable),
}

/// What an institution enrols.
#[derive(Debug)]
pub struct Enrolment {
    /// What it is.
    pub kind: MediumKind,
    /// Its secret.
    pub secret: MediumSecret,
    /// A token's counter.
    pub next: u64,
    /// The institution's own reference.
    pub reference: Option<String>,
}

impl App {
    /// A medium as it stands.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn medium(&self, id: &MediumId) -> Result<Option<CurrentMedium>, Fault> {
        let Some(case) = self.ledger.case(id.as_str()).await? else { return Ok(None) };
        let (true, Some(view)) = (case.kind == KIND, case.view) else { return Ok(None) };
        let state = serde_json::from_value(view.state).map_err(Fault::internal)?;
        Ok(Some(CurrentMedium { state, version: case.version }))
    }

    /// A medium as it stood after so many entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn medium_at(&self, id: &MediumId, version: u64) -> Result<Option<Medium>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, version.min(u64::from(u32::MAX)) as u32).await?;
        let mut state = None;
        for entry in entries {
            let event: Event = read_event(&entry.kind, &entry.clear)?;
            state = Some(apply(state, &event).map_err(Fault::internal)?);
        }
        Ok(state)
    }

    /// Enrols a medium. The data keys of its subject are made and synced first.
    ///
    /// # Errors
    /// `Held` where a claim in `take` is held, or a fault.
    pub async fn enrol_medium(
        &self,
        institution: &InstitutionId,
        id: MediumId,
        enrolment: Enrolment,
        take: Vec<Take>,
    ) -> Result<CurrentMedium, ActError> {
        let subject = fresh!(self, SubjectId);
        let classes = [RetentionClass::Identity];
        let opened = self.ledger.open_subject(subject.as_str(), Some(institution.as_str()), &classes).await?;
        opened.map_err(|_| ActError::Destroyed)?;
        let secret = match &enrolment.secret {
            MediumSecret::Otp(secret) => secret.expose(),
            MediumSecret::Card(table) => table.expose(),
        };
        let secrets = Secrets::default().with(ENROLLED, "secret", RetentionClass::Identity, secret.as_str());
        let command = Command::Enrol {
            id: id.clone(),
            institution: institution.clone(),
            subject,
            kind: enrolment.kind,
            reference: enrolment.reference,
            next: enrolment.next,
        };
        self.record_medium(&id, take, command, secrets).await
    }

    /// Unlocks or revokes a medium.
    ///
    /// # Errors
    /// A refusal, `Held` where a claim in `take` is held, or a fault.
    pub async fn act_medium(
        &self,
        id: &MediumId,
        take: Vec<Take>,
        command: Command,
    ) -> Result<CurrentMedium, ActError> {
        self.record_medium(id, take, command, Secrets::default()).await
    }

    async fn record_medium(
        &self,
        id: &MediumId,
        take: Vec<Take>,
        command: Command,
        secrets: Secrets,
    ) -> Result<CurrentMedium, ActError> {
        for _ in 0..TRIES {
            let current = self.medium(id).await?;
            let (write, after) = self.medium_write(id, current.as_ref(), command.clone(), &secrets)?;
            let commit =
                Commit { take: noted(&take, after.version), writes: vec![write], ..Commit::default() };
            match self.ledger.commit(commit).await? {
                Ok(_) => return Ok(after),
                Err(Refused::Stale { .. }) => {}
                Err(Refused::ClaimHeld { note, .. }) => return Err(ActError::Held { note }),
                Err(Refused::Destroyed { .. }) => return Err(ActError::Destroyed),
                Err(other) => return Err(Fault::internal(other.code()).into()),
            }
        }
        Err(Fault::internal("a command was overtaken too often").into())
    }

    /// What a command writes, and the medium after it.
    fn medium_write(
        &self,
        id: &MediumId,
        current: Option<&CurrentMedium>,
        command: Command,
        secrets: &Secrets,
    ) -> Result<(Write, CurrentMedium), ActError> {
        let now = self.now();
        let expected_version = current.map_or(0, |c| c.version);
        let events = decide(current.map(|c| &c.state), command, now)?;
        let mut state = current.map(|c| c.state.clone());
        let mut entries = Vec::with_capacity(events.len());
        for event in &events {
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
            state = Some(after);
        }
        let state = state.ok_or(Refusal::Unknown)?;
        let version = expected_version + entries.len() as u64;
        let write = Write {
            case: id.to_string(),
            case_kind: KIND.to_owned(),
            expected_version,
            view: (!entries.is_empty()).then(|| medium_view(&state)).transpose()?,
            entries,
            stream: Stream::Main,
        };
        Ok((write, CurrentMedium { state, version }))
    }

    /// What a person is asked of a security card in a verification: the same, however often it is asked.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn card_challenge(&self, v: &Verification) -> Result<Option<Challenge>, Fault> {
        let Some(NamedMedium { id, cells: Some(cells), .. }) = &v.medium else { return Ok(None) };
        let draw = codes::challenge_draw(&self.ledger, id, &v.id).await?;
        Ok(Some(Challenge::of(draw, *cells)))
    }

    /// What came of a code: compared in constant time, and never before the reading of the secret is on record.
    async fn compare(
        &self,
        v: &Verification,
        medium: &Medium,
        typed: &str,
        reader: Reader<'_>,
    ) -> Result<Tried, ActError> {
        let entries = self.ledger.entries(medium.id.as_str(), 0, 1).await?;
        let entry = entries.first().ok_or_else(|| Fault::internal("a medium was enrolled"))?;
        let opened = self.ledger.open_fields(&entry.id, &["secret"], self.access(v, reader)).await?;
        let opened = opened.map_err(|refused| Fault::internal(refused.code()))?;
        let Some((_, Opened::Value(secret))) = opened.into_iter().next() else {
            return Err(ActError::Destroyed);
        };
        let fields = [("secret".to_owned(), secret)].into_iter().collect();
        let secret = Zeroizing::new(text(&fields, "secret")?.to_owned());
        if let MediumKind::SecurityCard { .. } = medium.kind {
            let table = CardTable::parse(secret.split(' ')).map_err(Fault::internal)?;
            let challenge = self.card_challenge(v).await?;
            let right = challenge.is_some_and(|challenge| table.answers(challenge, typed));
            return Ok(if right { Tried::Right(None) } else { Tried::Wrong });
        }
        let secret = OtpSecret::parse(&secret).map_err(Fault::internal)?;
        // What is no code at all is a wrong one.
        let Ok(code) = OtpCode::parse(typed) else { return Ok(Tried::Wrong) };
        let tried = match medium.kind {
            MediumKind::Totp { form, step } => {
                otp::verify_clock(&secret, form, step, &code, self.now(), medium.next.checked_sub(1))
            }
            MediumKind::Hotp { form } => otp::verify_counter(&secret, form, &code, medium.next, LOOK_AHEAD),
            MediumKind::SecurityCard { .. } => otp::Tried::Wrong,
        };
        Ok(match tried {
            otp::Tried::Right(counter) => Tried::Right(Some(counter)),
            otp::Tried::Used => Tried::Used,
            otp::Tried::Wrong => Tried::Wrong,
        })
    }
}

impl Person<'_> {
    /// Types a code of the access medium. The verification and the medium record it together.
    ///
    /// # Errors
    /// As [`App::act`].
    pub async fn try_device(&self, typed: &str) -> Result<(DeviceCode, Current), ActError> {
        if typed.trim().is_empty() || typed.chars().count() > MAX_TYPED {
            return Err(ActError::Invalid { field: "code", code: "length" });
        }
        let (app, call, session) = (self.app, fresh!(self.app, CallId), self.session);
        for _ in 0..TRIES {
            let current = app.verification(&self.id).await?.ok_or(Refusal::Unknown)?;
            let named = current.state.medium.clone().ok_or(Refusal::NotNow)?;
            let medium = app.medium(&named.id).await?.ok_or(Refusal::Unknown)?;
            // Whoever may not act now must not cost the medium a try.
            self.may_try(&current.state)?;
            let (code, beside) = if medium.state.status() == MediumStatus::Active {
                let reader = self.reads("compare_device_code");
                let tried = app.compare(&current.state, &medium.state, typed, reader).await?;
                let command = Command::Try { verification: self.id.clone(), tried };
                let (write, _) = app.medium_write(&named.id, Some(&medium), command, &Secrets::default())?;
                (tried.code(), vec![write])
            } else {
                (DeviceCode::Locked, vec![])
            };
            let along = Along { beside, ..self.along() };
            let command = Step::TryDevice { session, call: call.clone(), code };
            match app.act(&self.id, along, |_, _| Ok(Act::plain(command.clone()))).await {
                Ok(current) => return Ok((code, current)),
                Err(ActError::Overtaken) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Fault::internal("a code was overtaken too often").into())
    }

    fn may_try(&self, v: &Verification) -> Result<(), Refusal> {
        use ingam_cases::verification::next::{Next, next};
        if v.session != self.session && v.end().is_none() {
            return Err(Refusal::OtherSession);
        }
        match next(v) {
            Next::Device { .. } => Ok(()),
            Next::Ended { .. } => Err(Refusal::Ended),
            _ => Err(Refusal::NotNow),
        }
    }
}

fn medium_view(state: &Medium) -> Result<View, Fault> {
    Ok(View {
        state: serde_json::to_value(state).map_err(Fault::internal)?,
        status: state.status().as_str().to_owned(),
        reference: state.reference.clone(),
        institution: Some(state.institution.to_string()),
    })
}
