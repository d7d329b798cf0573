//! The judge: looks at what lasts after every step, and at what happens at the institutions, and says what must never
//! be. It reads the memory itself, not what any node believes.
//!
//! Held after every step: versions and numbers without gaps, each case in its order; every view is what its entries
//! fold to; a case that has not ended has a task; a bank's book never shows one call twice, and no deposit is sent
//! again after a doubt; the issuer is asked no more often than was decided; no card gets a third wrong day of issue.
//! What was acknowledged, and all that only the end can show, is checked in [`super::end`].

use super::wire::Question;
use super::world::{World, locked};
use crate::flow::read_event;
use axum::http::StatusCode;
use ingam_cases::answers::{DepositCode, IssuerCode};
use ingam_cases::id::CallId;
use ingam_cases::verification::apply::apply;
use ingam_cases::verification::{Event, Verification};
use ingam_ledger::{EntryRow, Stream};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// More wrong days in a row than two bring a card near its lock, which is for the whole nation.
const MOST_WRONG_DAYS: u32 = 2;

/// See the module.
#[derive(Default)]
pub(super) struct Judge {
    seen: Mutex<Seen>,
    verdict: Mutex<Option<String>>,
    failed: Notify,
}

/// What the judge remembers.
#[derive(Default)]
pub(super) struct Seen {
    /// Entries looked at.
    entries: usize,
    /// By case: how many entries, and the state that they fold to.
    cases: BTreeMap<String, Folded>,
    /// By stream: the last number, and the last numbered version of each case.
    numbers: BTreeMap<i64, (u64, BTreeMap<String, u64>)>,
    /// The reference of each case, as its institution named it.
    pub(super) references: BTreeMap<String, Vec<String>>,
    /// Events that institutions are told, by entry, once they have a number.
    pub(super) public: BTreeSet<String>,
    /// Deposits that were decided, with their case.
    pub(super) deposits: Vec<(String, CallId)>,
    /// Deposits of which was recorded that no money moved.
    pub(super) unmoved: BTreeSet<String>,
    /// By resident number: questions to the issuer that were decided, and that arrived.
    issuer_asked: BTreeMap<String, (u64, u64)>,
    /// By resident number: wrong days counted at the issuer when a yes was recorded last.
    wrong_at_yes: BTreeMap<String, u32>,
    /// By bank's id: how often a deposit arrived and was not turned away at the door.
    sent: BTreeMap<String, u64>,
    /// Which person a reference belongs to, by resident number.
    pub(super) numbers_of: BTreeMap<String, String>,
    /// What somebody was told: case and version.
    pub(super) told: BTreeMap<String, u64>,
    /// Webhooks that arrived: their bodies by id.
    pub(super) hooks: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Folded {
    version: u64,
    state: Option<Verification>,
}

impl Judge {
    /// Says what is wrong; true for the first thing.
    pub(super) fn fail(&self, why: &str) -> bool {
        let mut verdict = locked(&self.verdict);
        let first = verdict.is_none();
        if first {
            *verdict = Some(why.to_owned());
            self.failed.notify_one();
        }
        first
    }

    /// What is wrong, if anything is.
    pub(super) fn verdict(&self) -> Option<String> {
        locked(&self.verdict).clone()
    }

    /// Resolves when something is wrong.
    pub(super) async fn failed(&self) {
        self.failed.notified().await;
    }

    /// What was seen, for those who check the end.
    pub(super) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        locked(&self.seen)
    }

    /// Somebody was told that a case stands at a version.
    pub(super) fn told(&self, case: &str, version: u64) {
        let mut seen = self.seen();
        let known = seen.told.entry(case.to_owned()).or_default();
        *known = version.max(*known);
    }

    /// Looks at what lasts and was not seen before.
    pub(super) fn look(&self, world: &World) -> Result<(), String> {
        let mut seen = self.seen();
        let new = world.memory.entries_after(seen.entries);
        seen.entries += new.len();
        let mut touched = BTreeSet::new();
        for entry in &new {
            seen.entry(world, entry)?;
            touched.insert(entry.case.clone());
        }
        for case in touched {
            seen.view(world, &case)?;
        }
        for stream in Stream::ALL {
            seen.numbered(world, stream)?;
        }
        Ok(())
    }

    /// A question arrives at an institution.
    pub(super) fn arrives(&self, world: &World, question: &Question) -> Result<(), String> {
        let mut seen = self.seen();
        match question.path.as_str() {
            "/status/idcard" => {
                let number = text(&question.body, &["identity"]);
                let (decided, arrived) = seen.issuer_asked.entry(number.clone()).or_default();
                *arrived += 1;
                if arrived > decided {
                    return Err(format!(
                        "the issuer is asked about {number} for the {arrived}th time, decided was {decided}"
                    ));
                }
            }
            "/v2.0/transfer/deposit/acnt_num" => {
                let id = text(&question.body, &["req_list", "0", "bank_tran_id"]);
                let sent = seen.sent.entry(id.clone()).or_default();
                *sent += 1;
                if *sent > 1 {
                    return Err(format!("the deposit {id} is sent again, whatever became of it"));
                }
            }
            _ => {}
        }
        drop(seen);
        world.count("questions");
        Ok(())
    }

    /// An institution has answered.
    pub(super) fn answered(
        &self,
        world: &World,
        question: &Question,
        status: StatusCode,
        body: &[u8],
    ) -> Result<(), String> {
        let mut seen = self.seen();
        match question.path.as_str() {
            "/status/idcard" => {
                let number = text(&question.body, &["identity"]);
                // Turned away at the door: nothing was asked.
                if status == StatusCode::UNAUTHORIZED {
                    seen.issuer_asked.entry(number.clone()).or_default().1 -= 1;
                }
                let wrong = world.sandbox.counts().wrong_dates.get(&number).copied().unwrap_or(0);
                let since = wrong - seen.wrong_at_yes.get(&number).copied().unwrap_or(0);
                if since > MOST_WRONG_DAYS {
                    return Err(format!("the card of {number} has {since} wrong days of issue in a row"));
                }
            }
            "/v2.0/transfer/deposit/acnt_num" => {
                let id = text(&question.body, &["req_list", "0", "bank_tran_id"]);
                if text(body, &["rsp_code"]) == "O0002" {
                    *seen.sent.entry(id.clone()).or_default() -= 1;
                }
                let mut lines = BTreeMap::new();
                for line in world.sandbox.book(None) {
                    let times: &mut u32 = lines.entry(line.print_content.clone()).or_default();
                    *times += 1;
                    if *times > 1 {
                        return Err(format!("the book shows the deposit {id} {times} times"));
                    }
                }
                world.tell("banks", format!("have {} lines in their books", lines.len()));
            }
            _ => {}
        }
        Ok(())
    }

    /// A webhook arrives.
    pub(super) fn hook(&self, world: &World, id: &str, body: &[u8]) -> Result<(), String> {
        let mut seen = self.seen();
        if !seen.public.contains(id) {
            return Err(format!("a webhook for {id}, which has no number or is not for institutions"));
        }
        match seen.hooks.get(id) {
            Some(before) if before != body => Err(format!("the webhook {id} came with another body before")),
            Some(_) => Ok(()),
            None => {
                seen.hooks.insert(id.to_owned(), body.to_vec());
                drop(seen);
                world.count("webhooks");
                Ok(())
            }
        }
    }
}

impl Seen {
    /// One entry more: its version, and what it does to the case.
    fn entry(&mut self, world: &World, entry: &Arc<EntryRow>) -> Result<(), String> {
        let folded = self.cases.entry(entry.case.clone()).or_default();
        if entry.version != folded.version + 1 {
            return Err(format!("{} goes from version {} to {}", entry.case, folded.version, entry.version));
        }
        folded.version = entry.version;
        if !entry.kind.starts_with("verification.") {
            return Ok(());
        }
        let clear = entry.clear_fields().map_err(|fault| fault.to_string())?;
        let event: Event = read_event(&entry.kind, &clear).map_err(|fault| fault.to_string())?;
        world.tell("ledger", format!("{} {}: {}", entry.case, entry.version, entry.kind));
        let state = apply(folded.state.take(), &event).map_err(|why| format!("{}: {why}", entry.case))?;
        let number = state.reference.as_ref().and_then(|of| self.numbers_of.get(of)).cloned();
        match &event {
            Event::Opened { reference: Some(reference), .. } => {
                self.references.entry(reference.clone()).or_default().push(entry.case.clone());
            }
            Event::IssuerAsked { .. } => {
                self.issuer_asked.entry(number.unwrap_or_default()).or_default().0 += 1;
            }
            Event::IssuerAnswered { code: IssuerCode::Valid, .. } => {
                let number = number.unwrap_or_default();
                let wrong = world.sandbox.counts().wrong_dates.get(&number).copied().unwrap_or(0);
                self.wrong_at_yes.insert(number, wrong);
            }
            Event::DepositAnswered { code: DepositCode::Deposited | DepositCode::Unknown, .. } => {}
            Event::DepositAnswered { call, .. } => {
                self.unmoved.insert(call.to_string());
            }
            Event::DepositAsked { call, .. } => self.deposits.push((entry.case.clone(), call.clone())),
            _ => {}
        }
        folded.state = Some(state);
        Ok(())
    }

    /// The view is what the entries fold to, and who has not ended has something to do.
    fn view(&self, world: &World, case: &str) -> Result<(), String> {
        let Some(folded) = self.cases.get(case) else { return Ok(()) };
        let Some((version, view)) = world.memory.view(case) else {
            return Err(format!("{case} has entries and no row"));
        };
        if version != folded.version {
            return Err(format!("{case} stands at {version} and has {} entries", folded.version));
        }
        let Some(state) = &folded.state else { return Ok(()) };
        let expected = serde_json::to_value(state).map_err(|e| e.to_string())?;
        let view: Value = view
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|e| e.to_string())?
            .unwrap_or_default();
        if view != expected {
            return Err(format!("the view of {case} at {version} is not what its entries fold to"));
        }
        if state.end().is_none() && world.memory.live_tasks(case).is_empty() {
            return Err(format!("{case} has not ended and has no task: nothing will ever end it"));
        }
        Ok(())
    }

    /// Numbers go on one by one, and each case in its order.
    fn numbered(&mut self, world: &World, stream: Stream) -> Result<(), String> {
        let (last, versions) = self.numbers.entry(stream.code()).or_default();
        for (number, entry) in world.memory.numbered_after(stream, *last) {
            if number != *last + 1 {
                return Err(format!("{stream:?}: number {number} follows {last}"));
            }
            *last = number;
            let version = versions.entry(entry.case.clone()).or_default();
            if entry.version != *version + 1 {
                return Err(format!(
                    "{stream:?}: {} gets a number for version {} after {version}",
                    entry.case, entry.version
                ));
            }
            *version = entry.version;
            if entry.kind.starts_with("verification.") {
                let clear = entry.clear_fields().map_err(|fault| fault.to_string())?;
                let event: Event = read_event(&entry.kind, &clear).map_err(|fault| fault.to_string())?;
                if event.public_type().is_some() {
                    self.public.insert(entry.id.clone());
                }
            }
        }
        Ok(())
    }

    /// The verifications, with what they fold to.
    pub(super) fn verifications(&self) -> impl Iterator<Item = (&String, &Verification)> {
        self.cases.iter().filter_map(|(id, folded)| Some((id, folded.state.as_ref()?)))
    }

    /// How many entries a case has.
    pub(super) fn version(&self, case: &str) -> u64 {
        self.cases.get(case).map_or(0, |folded| folded.version)
    }
}

/// A text in JSON, by its path; empty where there is none.
fn text(json: &[u8], path: &[&str]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(json) else { return String::new() };
    let found = path.iter().try_fold(&value, |value, part| match part.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(part),
    });
    found.and_then(Value::as_str).unwrap_or_default().to_owned()
}
