//! Reviews: from a reviewer's command to what is recorded, by the review and by the verification in one commit.

use super::plaintext::Reader;
use super::verification::{Act, Along, Current, LimitKeys, noted};
use super::{ActError, Secrets, clear_parts, read_event};
use crate::app::App;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{EntryId, InstitutionId, ReviewId, StaffId, VerificationId};
use ingam_cases::refusal::Refusal;
use ingam_cases::review::{AskedBy, Command, Event, Finding, Reason, Review, apply, decide, decisions};
use ingam_cases::staff::{Role, Staff, Status};
use ingam_cases::verification::{self, Verification};
use ingam_ledger::{Commit, Entry, Opened, Refused, RetentionClass, Stream, Take, View, Write};
use jiff::Timestamp;

/// The kind of case, as the ledger keeps it.
pub const KIND: &str = "review";

/// How often a command is decided again because someone else was faster, before it is a fault.
const TRIES: u32 = 30;

/// Longest note of a reviewer, in characters.
pub const MAX_NOTE: usize = 500;

/// The events beside which a note is sealed.
const NOTED: [&str; 3] = ["review.proposed/1", "review.disagreed/1", "review.decided/1"];

/// A review as it stands.
#[derive(Debug, Clone)]
pub struct CurrentReview {
    /// The state.
    pub state: Review,
    /// The number of its entries.
    pub version: u64,
}

/// What a reviewer wrote.
#[derive(Debug)]
pub struct Note {
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

impl App {
    /// A review as it stands.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn review(&self, id: &ReviewId) -> Result<Option<CurrentReview>, Fault> {
        let Some(case) = self.ledger.case(id.as_str()).await? else { return Ok(None) };
        let (true, Some(view)) = (case.kind == KIND, case.view) else { return Ok(None) };
        let state = serde_json::from_value(view.state).map_err(Fault::internal)?;
        Ok(Some(CurrentReview { state, version: case.version }))
    }

    /// A review as it stood after so many entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn review_at(&self, id: &ReviewId, version: u64) -> Result<Option<Review>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, version.min(u64::from(u32::MAX)) as u32).await?;
        entries.into_iter().try_fold(None, |state, entry| {
            let event: Event = read_event(&entry.kind, &entry.clear)?;
            apply(state, &event).map(Some).map_err(Fault::internal)
        })
    }

    /// Somebody who decides for an institution, as far as they may now.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn reviewer(&self, institution: &InstitutionId, id: &StaffId) -> Result<Option<Staff>, Fault> {
        let staff = self.staff(id).await?.map(|current| current.state);
        Ok(staff.filter(|staff| {
            staff.institution == *institution
                && staff.status() == Status::Active
                && staff.roles.contains(&Role::Reviewer)
        }))
    }

    /// Asks that a reviewer looks at a refusal.
    ///
    /// # Errors
    /// As [`App::act`].
    pub async fn ask_review(
        &self,
        id: &VerificationId,
        take: Vec<Take>,
        by: AskedBy,
    ) -> Result<Current, ActError> {
        let along = Along { take, ..Along::default() };
        self.act(id, along, |_, _| Ok(Act::plain(verification::Command::AskReview { by }))).await
    }

    /// What an event of a verification opens: the review that it asks for.
    pub(super) fn review_opened(
        &self,
        v: &Verification,
        event: &verification::Event,
        now: Timestamp,
    ) -> Result<Option<Write>, Fault> {
        let verification::Event::ReviewAsked { review, by, at } = event else { return Ok(None) };
        let code = v.refused_with().ok_or_else(|| Fault::internal("what is reviewed was refused"))?;
        let opened = Event::Opened {
            id: review.clone(),
            institution: v.institution.clone(),
            verification: v.id.clone(),
            subject: v.subject.clone(),
            code,
            decisions: decisions(code, v.similar_at.is_some()),
            asked_by: *by,
            second_reviewer: v.plan.second_reviewer,
            at: *at,
        };
        self.review_write(None, &[opened], &Secrets::default(), now).map(|(write, _)| Some(write))
    }

    /// Claims, releases or decides a review. What is decided about the verification is recorded there in the same
    /// commit.
    ///
    /// # Errors
    /// `Invalid` where `by` may not decide, a refusal, `Held` where a claim in `take` is held, or a fault.
    pub async fn act_review(
        &self,
        id: &ReviewId,
        take: Vec<Take>,
        command: Command,
        note: Option<&str>,
        reader: Reader<'_>,
    ) -> Result<CurrentReview, ActError> {
        let (Command::Claim { by } | Command::Release { by } | Command::Decide { by, .. }) = &command;
        let secrets = NOTED.into_iter().fold(Secrets::default(), |secrets, kind| {
            secrets.maybe(kind, "note", RetentionClass::Identity, note)
        });
        for _ in 0..TRIES {
            let current = self.review(id).await?.ok_or(Refusal::Unknown)?;
            if self.reviewer(&current.state.institution, by).await?.is_none() {
                return Err(ActError::Invalid { field: "staff", code: "not_a_reviewer" });
            }
            let now = self.now();
            let events = decide(&current.state, command.clone(), now)?;
            let mut commit = self.decided(&current.state, &events, reader.clone(), now).await?;
            let (write, after) = self.review_write(Some(&current), &events, &secrets, now)?;
            commit.writes.push(write);
            commit.take.extend(noted(&take, after.version));
            match self.ledger.commit(commit).await? {
                Ok(_) => return Ok(after),
                Err(Refused::Stale { .. }) => {}
                Err(Refused::ClaimHeld { note, .. }) => return Err(ActError::Held { note }),
                Err(Refused::Destroyed { .. }) => return Err(ActError::Destroyed),
                Err(other) => return Err(Fault::internal(other.code()).into()),
            }
        }
        Err(Fault::internal("a review was overtaken too often").into())
    }

    /// What a decision means to the verification; nothing where none was taken.
    async fn decided(
        &self,
        review: &Review,
        events: &[Event],
        reader: Reader<'_>,
        now: Timestamp,
    ) -> Result<Commit, ActError> {
        let finding = events.iter().find_map(|event| match event {
            Event::Decided { finding } => Some(finding),
            _ => None,
        });
        let Some(Finding { decision, reason, .. }) = finding else { return Ok(Commit::default()) };
        let settled_with_issuer = *reason == Reason::SettledWithIssuer;
        let keys = match settled_with_issuer {
            true => self.settled_card_keys(&self.confirmed(&review.verification, reader).await?).await?,
            false => LimitKeys::default(),
        };
        let id = &review.verification;
        let current = self.verification(id).await?.ok_or(Refusal::Unknown)?;
        let command = verification::Command::CloseReview { decision: *decision, settled_with_issuer };
        let events = verification::decide::decide(Some(&current.state), command.clone(), now)?;
        let act = Act { command, secrets: Secrets::default(), keys };
        Ok(self.commit_of(id, Some(&current), &events, &act, &Along::default(), now)?.0)
    }

    fn review_write(
        &self,
        current: Option<&CurrentReview>,
        events: &[Event],
        secrets: &Secrets,
        now: Timestamp,
    ) -> Result<(Write, CurrentReview), Fault> {
        let expected_version = current.map_or(0, |c| c.version);
        let mut state = current.map(|c| c.state.clone());
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
            state = Some(after);
        }
        let state = state.ok_or_else(|| Fault::internal("a command on no review"))?;
        let version = expected_version + entries.len() as u64;
        let write = Write {
            case: state.id.to_string(),
            case_kind: KIND.to_owned(),
            expected_version,
            view: (!entries.is_empty()).then(|| view(&state)).transpose()?,
            entries,
            stream: Stream::Main,
        };
        Ok((write, CurrentReview { state, version }))
    }

    /// What reviewers wrote, oldest first, once the access is recorded. What was destroyed is missing.
    ///
    /// # Errors
    /// Where the ledger or the vault fails.
    pub async fn review_notes(&self, review: &Review, reader: Reader<'_>) -> Result<Vec<Note>, ActError> {
        let v = self.verification(&review.verification).await?.ok_or(Refusal::Unknown)?.state;
        let mut notes = Vec::new();
        for entry in self.ledger.entries(review.id.as_str(), 0, u32::MAX).await? {
            if entry.sealed.is_empty() {
                continue;
            }
            let (Event::Proposed { finding } | Event::Disagreed { finding } | Event::Decided { finding }) =
                read_event(&entry.kind, &entry.clear)?
            else {
                continue;
            };
            let opened =
                self.ledger.open_fields(&entry.id, &["note"], self.access(&v, reader.clone())).await?;
            for (_, value) in opened.map_err(|refused| Fault::internal(refused.code()))? {
                if let Opened::Value(serde_json::Value::String(text)) = value {
                    notes.push(Note { by: finding.by.clone(), at: finding.at, text });
                }
            }
        }
        Ok(notes)
    }
}

fn view(state: &Review) -> Result<View, Fault> {
    Ok(View {
        state: serde_json::to_value(state).map_err(Fault::internal)?,
        status: state.status().as_str().to_owned(),
        reference: Some(state.verification.to_string()),
        institution: Some(state.institution.to_string()),
    })
}
