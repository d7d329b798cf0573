//! The end of a run: nothing fails any more, time passes until nothing is left to do, and what only the end can show is
//! checked. That every case ends by itself is part of it.

use super::judge::Seen;
use super::time::Time;
use super::world::World;
use crate::codes;
use crate::replay;
use ingam_cases::id::CallId;
use ingam_cases::policy::Step;
use ingam_cases::verification::End;
use ingam_cases::verification::next::{Next, next};
use ingam_ledger::memory::Straight;
use ingam_ledger::{Ledger, Stream};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Far more rounds than the longest case needs: each leaps to the next thing that is due.
const MOST_ROUNDS: u32 = 400;
/// Longer than anything is ever postponed.
const A_WEEK_MS: i64 = 7 * 86_400_000;

/// Whoever left has something to come back to, or somebody else is at work.
pub(super) fn everyone_has_a_way_out(world: &World) -> Result<(), String> {
    for (id, state) in world.judge.seen().verifications() {
        if let Next::Wait { reading: false, .. } = next(state)
            && state.waiting().is_none()
        {
            return Err(format!("{id} waits, and for nobody"));
        }
    }
    Ok(())
}

/// Lets time pass until nothing is left to do.
pub(super) async fn let_it_end(world: &Arc<World>) -> Result<(), String> {
    let mut left = String::new();
    for _ in 0..MOST_ROUNDS {
        tokio::time::sleep(Duration::from_millis(600)).await;
        left = what_is_left(world);
        if left.is_empty() {
            return Ok(());
        }
        world.leap_if_idle(A_WEEK_MS);
    }
    Err(format!("it does not end: {left}"))
}

/// What is still to be done, in words; empty where nothing is.
fn what_is_left(world: &World) -> String {
    let alive = |(case, kind, dead): (String, String, Option<String>)| {
        dead.is_none().then(|| format!("{kind} of {case}"))
    };
    if let Some(task) = world.memory.tasks().into_iter().find_map(alive) {
        return task;
    }
    if let Some(entry) = world.memory.unnumbered() {
        return format!("the number of {} of {}", entry.kind, entry.case);
    }
    let seen = world.judge.seen();
    seen.verifications().find(|(_, state)| state.end().is_none()).map_or(String::new(), |(id, _)| id.clone())
}

/// What only the end can show.
pub(super) async fn check(world: &World) -> Result<(), String> {
    for (case, kind, dead) in world.memory.tasks() {
        let why = dead.unwrap_or_default();
        if why != "not_delivered" {
            return Err(format!("{kind} of {case} was parked: {why}"));
        }
        world.count("webhooks_given_up");
    }
    acknowledged(&world.judge.seen())?;
    once_each(world, &world.judge.seen())?;
    told_of_all(world, &world.judge.seen())?;
    let ledger = open(world).await?;
    money(world, &ledger).await?;
    audit(world, &ledger).await
}

/// Nothing that anybody was told of is lost.
fn acknowledged(seen: &Seen) -> Result<(), String> {
    for (case, version) in &seen.told {
        let has = seen.version(case);
        if has < *version {
            return Err(format!("{case} was acknowledged at version {version} and has {has} entries"));
        }
    }
    Ok(())
}

/// One case for each reference; one person for each number.
fn once_each(world: &World, seen: &Seen) -> Result<(), String> {
    for (reference, cases) in &seen.references {
        // A key is kept for a day by its node's clock: a clock that runs a day ahead ends that day.
        if cases.len() > 1 && !world.plan.runs_a_day_ahead() {
            return Err(format!("{reference} was opened {} times", cases.len()));
        }
    }
    let mut persons: BTreeMap<&String, String> = BTreeMap::new();
    for (id, state) in seen.verifications() {
        let how = match state.end() {
            Some(End::Verified) => "verified",
            Some(End::Refused { .. }) => "refused",
            Some(End::Expired) => "expired",
            Some(End::Cancelled) => "cancelled",
            None => return Err(format!("{id} did not end")),
        };
        world.count(how);
        if how != "verified" {
            continue;
        }
        let Some(person) = state.person.as_ref().map(ToString::to_string) else {
            return Err(format!("{id} ended well and nobody is behind it"));
        };
        let Some(number) = state.reference.as_ref().and_then(|of| seen.numbers_of.get(of)) else { continue };
        let known = persons.entry(number).or_insert_with(|| person.clone());
        if *known != person {
            return Err(format!("{number} is two persons: {known} and {person}"));
        }
    }
    Ok(())
}

/// The institution heard of every event that is for it.
fn told_of_all(world: &World, seen: &Seen) -> Result<(), String> {
    let silent = seen.public.iter().filter(|id| !seen.hooks.contains_key(*id)).count();
    let given_up = world.counts().get("webhooks_given_up").copied().unwrap_or(0);
    if silent as u64 > given_up {
        return Err(format!("{silent} events never came to their endpoint, {given_up} were given up"));
    }
    Ok(())
}

/// Every line in a book is of a deposit that was decided, once, and of which nobody has written that no money moved;
/// no case sent more than its policy allows.
async fn money(world: &World, ledger: &Ledger) -> Result<(), String> {
    let deposits = world.judge.seen().deposits.clone();
    let mut codes_of: BTreeMap<String, (String, CallId)> = BTreeMap::new();
    for (case, call) in deposits {
        let code = codes::won_code(ledger, &call).await.map_err(|fault| fault.to_string())?;
        codes_of.insert(code, (case, call));
    }
    let mut sent: BTreeMap<String, u32> = BTreeMap::new();
    for line in world.sandbox.book(None) {
        let Some((case, call)) = codes_of.get(&line.print_content) else {
            return Err(format!("the book shows {}, which nobody decided to send", line.print_content));
        };
        if world.judge.seen().unmoved.contains(call.as_str()) {
            return Err(format!(
                "the book shows the deposit {call} of {case}, of which no money is said to have moved"
            ));
        }
        *sent.entry(case.clone()).or_default() += 1;
        world.count("deposits");
    }
    for (id, state) in world.judge.seen().verifications() {
        let sends = |step: &Step| match step {
            Step::ExistingAccount { sends, .. } => Some(*sends),
            _ => None,
        };
        let most = state.plan.steps.iter().find_map(sends).unwrap_or(0);
        let many = sent.get(id).copied().unwrap_or(0);
        if many > most {
            return Err(format!("{id} sent {many} won, allowed are {most}"));
        }
    }
    Ok(())
}

/// The program's own audit: every leaf, every sealed field, every view, every number.
async fn audit(world: &World, ledger: &Ledger) -> Result<(), String> {
    for stream in Stream::ALL {
        let left = ledger.pending(stream, 1).await.map_err(|fault| fault.to_string())?;
        if let Some(entry) = left.first() {
            return Err(format!("{} of {} never got a number", entry.kind, entry.case));
        }
    }
    let report =
        ingam_ledger::audit::audit(ledger, &replay::fold).await.map_err(|fault| fault.to_string())?;
    match report.findings.first() {
        Some(first) => Err(format!("the audit found {} things: {first:?}", report.findings_total)),
        None => {
            world.tell("world", format!("{} entries in {} cases are clean", report.entries, report.cases));
            Ok(())
        }
    }
}

/// A ledger to which nothing happens, that has not kept any key from before.
async fn open(world: &World) -> Result<Ledger, String> {
    let time: Arc<Time> = world.time.clone();
    let opening = world.open_ledger(Arc::new(Straight), time, world.dice.fork());
    opening.await.map_err(|fault| fault.to_string())
}
