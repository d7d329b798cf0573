//! Verifications: from a command to entries, claims and tasks in one commit.

use super::document::Confirmed;
use super::{ActError, Secrets, clear_parts, read_event};
use crate::app::App;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{EntryId, TaskId, VerificationId};
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::apply::apply;
use ingam_cases::verification::decide::decide;
use ingam_cases::verification::work::{self, Limit, Work, limits, work};
use ingam_cases::verification::{Command, Event, Verification};
use ingam_ledger::{Claim, Commit, Effect, Entry, NewTask, Refused, Release, Stream, Take, View, Write};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The kind of case, as the ledger keeps it.
pub const KIND: &str = "verification";

/// How often a command is decided again because someone else was faster, before it is a fault.
const TRIES: u32 = 30;

/// A verification as it stands.
#[derive(Debug, Clone)]
pub struct Current {
    /// The state.
    pub state: Verification,
    /// The number of its entries.
    pub version: u64,
}

/// What a command becomes, once the state is known.
pub struct Act {
    /// The command.
    pub command: Command,
    /// Values to be sealed with its events.
    pub secrets: Secrets,
    /// The keyed indexes under which its limits are counted.
    pub keys: LimitKeys,
}

impl Act {
    /// A command that seals nothing and touches no limit.
    pub fn plain(command: Command) -> Self {
        Self { command, secrets: Secrets::default(), keys: LimitKeys::default() }
    }
}

/// Keyed indexes of what limits are counted for. Never stored in an entry.
#[derive(Debug, Clone, Default)]
pub struct LimitKeys {
    /// The card, by its holder's number.
    pub card: Option<String>,
    /// Who holds tries of the card for questions that stayed without an answer, so long ago that they arrive no more.
    pub silent: Vec<String>,
    /// What the issuer's clock said, where ours stood far beside it.
    pub told_at: Option<Timestamp>,
    /// Account, person, device, address: what a send of 1 won counts for, with the most a day.
    pub sends: Vec<(String, u32)>,
}

/// A limit that said no; the command is made anew in its light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Both tries at the card's day of issue are taken.
    WrongDate,
    /// Enough 1 won for today: until when.
    Sends(Timestamp),
}

/// Things that are committed with a command.
#[derive(Default)]
pub struct Along {
    /// The task that the command completes.
    pub done: Option<(String, u64)>,
    /// Claims of the caller's. A note that is an object also gets the `version` that the case has then.
    pub take: Vec<Take>,
    /// What another case records of the same thing, in the same commit.
    pub beside: Vec<Write>,
    /// Earlier than this, by the clock that decides, nothing is done.
    pub not_before: Option<Timestamp>,
}

/// Claims whose notes say which version of the case they belong to.
pub(super) fn noted(take: &[Take], version: u64) -> Vec<Take> {
    let mut take = take.to_vec();
    for note in take.iter_mut().filter_map(|t| t.note.as_mut()?.as_object_mut()) {
        note.insert("version".to_owned(), version.into());
    }
    take
}

impl App {
    /// A verification as it stands.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn verification(&self, id: &VerificationId) -> Result<Option<Current>, Fault> {
        let Some(case) = self.ledger.case(id.as_str()).await? else { return Ok(None) };
        let (true, Some(view)) = (case.kind == KIND, case.view) else { return Ok(None) };
        let state = serde_json::from_value(view.state).map_err(Fault::internal)?;
        Ok(Some(Current { state, version: case.version }))
    }

    /// A verification as it stood after so many entries.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn verification_at(
        &self,
        id: &VerificationId,
        version: u64,
    ) -> Result<Option<Verification>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, version.min(u64::from(u32::MAX)) as u32).await?;
        let mut state = None;
        for entry in entries {
            let event: Event = read_event(&entry.kind, &entry.clear)?;
            state = Some(apply(state, &event).map_err(Fault::internal)?);
        }
        Ok(state)
    }

    /// Decides and records a command on a verification. `make` sees the state as it stands and is asked again
    /// when somebody else was faster or a limit said no.
    ///
    /// # Errors
    /// A refusal, whatever `make` answers, or a fault.
    pub async fn act(
        &self,
        id: &VerificationId,
        along: Along,
        mut make: impl FnMut(Option<&Current>, Option<Blocked>) -> Result<Act, ActError> + Send,
    ) -> Result<Current, ActError> {
        let mut blocked = None;
        for _ in 0..TRIES {
            let current = self.verification(id).await?;
            let act = make(current.as_ref(), blocked)?;
            let now = self.now();
            if along.not_before.is_some_and(|at| now < at) {
                return Err(ActError::Early);
            }
            let events = decide(current.as_ref().map(|c| &c.state), act.command.clone(), now)?;
            let (mut commit, after) = self.commit_of(id, current.as_ref(), &events, &act, &along, now)?;
            if blocked == Some(Blocked::WrongDate) {
                // Where the slots are full without this one, the card is as safe as it can be.
                commit.take.retain(|take| take.holder != SPENT && !take.holder.starts_with(SILENT));
            }
            match self.ledger.commit(commit).await? {
                Ok(_) => return Ok(after),
                Err(Refused::Stale { case, .. }) if case != id.as_str() => return Err(ActError::Overtaken),
                Err(Refused::Stale { .. }) => {}
                Err(Refused::Fenced { .. }) => return Err(Refusal::StaleAnswer.into()),
                Err(Refused::ClaimHeld { note, .. }) => return Err(ActError::Held { note }),
                Err(Refused::SlotsFull { base }) => {
                    blocked = Some(if base.starts_with("wrong_date:") {
                        Blocked::WrongDate
                    } else {
                        Blocked::Sends(tomorrow_at_nine(now))
                    });
                }
                Err(Refused::Destroyed { .. }) => return Err(ActError::Destroyed),
            }
        }
        Err(Fault::internal("a command was overtaken too often").into())
    }

    /// What events record, with the limits and tasks that they cause, and the verification after them.
    pub(super) fn commit_of(
        &self,
        id: &VerificationId,
        current: Option<&Current>,
        events: &[Event],
        act: &Act,
        along: &Along,
        now: Timestamp,
    ) -> Result<(Commit, Current), ActError> {
        let expected_version = current.map_or(0, |c| c.version);
        let mut commit = Commit {
            take: noted(&along.take, expected_version + events.len() as u64),
            done: along.done.clone().into_iter().collect(),
            writes: along.beside.clone(),
            ..Commit::default()
        };
        let mut state = current.map(|c| c.state.clone());
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let after = apply(state, event).map_err(Fault::internal)?;
            let (kind, clear) = clear_parts(event)?;
            entries.push(Entry {
                id: fresh!(self, EntryId).to_string(),
                institution: Some(after.institution.to_string()),
                time: now,
                sealed: act.secrets.for_kind(&kind, after.subject.as_str()),
                kind,
                clear,
            });
            for limit in limits(event) {
                self.claim(limit, &act.keys, now, &mut commit)?;
            }
            commit.writes.extend(self.review_opened(&after, event, now)?);
            for (work, at) in work(&after, event) {
                commit.tasks.push(self.task(id, &work, at.unwrap_or(now))?);
            }
            state = Some(after);
        }
        let state = state.ok_or_else(|| Fault::internal("a command on nothing that opens nothing"))?;
        commit.writes.push(Write {
            case: id.to_string(),
            case_kind: KIND.to_owned(),
            expected_version,
            view: (!entries.is_empty()).then(|| view(&state)).transpose()?,
            entries,
            stream: Stream::Main,
        });
        let version = expected_version + events.len() as u64;
        Ok((commit, Current { state, version }))
    }

    fn task(&self, id: &VerificationId, work: &Work, run_at: Timestamp) -> Result<NewTask, Fault> {
        Ok(NewTask {
            id: fresh!(self, TaskId).to_string(),
            case: id.to_string(),
            kind: work.kind().to_owned(),
            effect: match work.effect() {
                work::Effect::Idempotent => Effect::Idempotent,
                work::Effect::Queryable => Effect::Queryable,
                work::Effect::Blind => Effect::Blind,
            },
            payload: serde_json::to_value(work).map_err(Fault::internal)?,
            run_at,
        })
    }

    fn claim(
        &self,
        limit: Limit,
        keys: &LimitKeys,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), Fault> {
        let card = || {
            let card = keys.card.as_ref().ok_or_else(|| Fault::internal("a card's limit needs its key"))?;
            Ok::<_, Fault>(format!("wrong_date:{card}"))
        };
        let year = SignedDuration::from_hours(24 * i64::from(self.config.limits.wrong_date_days));
        let slot = |base: String, holder: String| Take {
            base,
            slots: Some(self.config.limits.wrong_dates_per_card),
            holder,
            expires_at: Some(now + year),
            note: None,
        };
        let by = |base: String, holder: &str| Release::Holder { base, holder: holder.to_owned() };
        match limit {
            Limit::TakeWrongDate { call } => commit.take.push(slot(card()?, call.to_string())),
            Limit::ReturnWrongDate { call } => commit.release.push(by(card()?, call.as_str())),
            Limit::KeepWrongDate { call, silent } => {
                commit.release.push(by(card()?, call.as_str()));
                commit.take.push(if silent {
                    let since = keys.told_at.map_or(now, |told_at| told_at.max(now));
                    let note = serde_json::to_value(Silent { since }).map_err(Fault::internal)?;
                    Take { note: Some(note), ..slot(card()?, format!("{SILENT}{call}")) }
                } else {
                    slot(card()?, SPENT.to_owned())
                });
            }
            Limit::FreeWrongDates { call } => {
                commit.release.push(by(card()?, call.as_str()));
                self.claim(Limit::FreeCard, keys, now, commit)?;
            }
            Limit::FreeCard => {
                commit.release.push(by(card()?, SPENT));
                for silent in &keys.silent {
                    commit.release.push(by(card()?, silent));
                }
            }
            Limit::TakeSend { call } => {
                if keys.sends.is_empty() {
                    return Err(Fault::internal("a send's limits need their keys"));
                }
                for (base, most) in &keys.sends {
                    commit.take.push(Take {
                        base: base.clone(),
                        slots: Some(*most),
                        holder: call.to_string(),
                        expires_at: Some(next_midnight(now)),
                        note: None,
                    });
                }
            }
            Limit::ReturnSend { call } => {
                for (base, _) in &keys.sends {
                    commit.release.push(Release::Holder { base: base.clone(), holder: call.to_string() });
                }
            }
        }
        Ok(())
    }
}

/// Who holds a card's try once its question is answered. While the question is under way its own id does.
const SPENT: &str = "spent";
/// Who holds it where no answer came, before the question's id: it may arrive all the same, and be counted then.
const SILENT: &str = "silent:";
/// No question is on its way for longer.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(10);

/// What is noted of a try whose question stayed without an answer.
#[derive(Serialize, Deserialize)]
struct Silent {
    since: Timestamp,
}

impl App {
    /// The keys of a card's limit, when its issuer has answered.
    ///
    /// # Errors
    /// Where the ledger or the vault fails.
    pub async fn card_keys(
        &self,
        confirmed: &Confirmed,
        told_at: Option<Timestamp>,
    ) -> Result<LimitKeys, Fault> {
        let now = self.now();
        let long_ago = |claim: &Claim| {
            let silent = claim.note.clone().and_then(|note| serde_json::from_value::<Silent>(note).ok());
            silent.is_some_and(|silent| now - silent.since >= ON_ITS_WAY)
        };
        let (card, silent) = self.silent_tries(confirmed, long_ago).await?;
        Ok(LimitKeys { card: Some(card), silent, told_at, sends: vec![] })
    }

    /// The keys of a card's limit, when a person has asked its issuer: every try that was spent is whole again.
    ///
    /// # Errors
    /// Where the ledger or the vault fails.
    pub(super) async fn settled_card_keys(&self, confirmed: &Confirmed) -> Result<LimitKeys, Fault> {
        let (card, silent) = self.silent_tries(confirmed, |_| true).await?;
        Ok(LimitKeys { card: Some(card), silent, ..LimitKeys::default() })
    }

    /// A card's key, and who holds its tries for questions that stayed without an answer.
    async fn silent_tries(
        &self,
        confirmed: &Confirmed,
        which: impl Fn(&Claim) -> bool,
    ) -> Result<(String, Vec<String>), Fault> {
        let card = self.card_key(confirmed).await?;
        let held = self.ledger.claims(&format!("wrong_date:{card}")).await?;
        let silent = held.into_iter().filter(|claim| claim.holder.starts_with(SILENT) && which(claim));
        Ok((card, silent.map(|claim| claim.holder).collect()))
    }
}

fn view(state: &Verification) -> Result<View, Fault> {
    Ok(View {
        state: serde_json::to_value(state).map_err(Fault::internal)?,
        status: state.status().as_str().to_owned(),
        reference: state.reference.clone(),
        institution: Some(state.institution.to_string()),
    })
}

/// Korea keeps no summer time.
const KST: SignedDuration = SignedDuration::from_hours(9);
const DAY_MS: i64 = 24 * 3_600_000;

/// The next midnight in Korea.
fn next_midnight(now: Timestamp) -> Timestamp {
    let local = (now + KST).as_millisecond();
    let midnight = (local.div_euclid(DAY_MS) + 1) * DAY_MS;
    Timestamp::from_millisecond(midnight).map_or(now, |t| t - KST)
}

/// Nine in the morning of the next day in Korea.
fn tomorrow_at_nine(now: Timestamp) -> Timestamp {
    next_midnight(now) + SignedDuration::from_hours(9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NAME, NUMBER, Program, base64, picture, safety};
    use ingam_cases::answers::IssuerCode;
    use serde_json::json;

    #[tokio::test]
    async fn a_right_answer_frees_no_try_of_a_question_that_is_under_way() {
        let program = Program::new().await;
        let caller = program.institution("새솔은행").await;
        let policy = program.policy(&caller).await;
        let asked = async || {
            let id = program.open(&caller, &policy).await;
            let card = json!({ "step": "card", "picture": base64(&picture()) });
            for step in [safety(false), card] {
                program.submit(&caller, &id, step).await.expect(200);
            }
            program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
            program.submit(&caller, &id, json!({ "step": "confirm" })).await.expect(200);
            id
        };
        // The tries stand under the bare number's index, as they always did.
        let digits = NUMBER.replace('-', "");
        let card = program.app.ledger.index_value("wrong_date", digits.as_bytes()).await.unwrap().hex;
        let base = format!("wrong_date:{card}");
        let held = async || program.app.ledger.claims(&base).await.unwrap().len();
        let (slow, quick) = (asked().await, asked().await);
        assert_eq!(held().await, 2);
        program.issuer_answers(&quick, IssuerCode::Valid).await;
        assert_eq!(held().await, 1, "the slow one may still be counted");
        program.issuer_answers(&slow, IssuerCode::NoAnswer).await;
        assert_eq!(held().await, 1, "it may have been counted");
        let third = asked().await;
        program.issuer_answers(&third, IssuerCode::Valid).await;
        assert_eq!(held().await, 1, "it may still be on its way, and be counted after this yes");
        program.app.clock.move_to(ON_ITS_WAY.as_millis() as i64);
        let fourth = asked().await;
        program.issuer_answers(&fourth, IssuerCode::Valid).await;
        assert_eq!(held().await, 0, "what was counted before a yes no longer counts");
    }

    #[test]
    fn a_day_ends_at_midnight_in_korea() {
        let now: Timestamp = "2026-11-23T14:59:59Z".parse().unwrap();
        assert_eq!(next_midnight(now).to_string(), "2026-11-23T15:00:00Z");
        assert_eq!(tomorrow_at_nine(now).to_string(), "2026-11-24T00:00:00Z");
        let later: Timestamp = "2026-11-23T15:00:00Z".parse().unwrap();
        assert_eq!(next_midnight(later).to_string(), "2026-11-24T15:00:00Z");
    }
}
