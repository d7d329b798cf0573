//! The outside as the studio shows it: calls and answers on the ladder, the institutions with their switches, and the
//! bank books.

use super::Studio;
use super::ladder::Rung;
use super::texts::TEXTS;
use ingam_cases::values::BankCode;
use ingam_connectors::banks;
use ingam_sandbox::{Call, Fault, Institution, Rule};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// What a bank book begins with, in won.
const OPENING_BALANCE: u64 = 820_400;
/// How late a slow institution answers: slower than anyone likes, faster than it is given up.
const SLOW_MS: u64 = 1_500;
/// Answers shown beside an institution.
const RECENT: usize = 8;

/// Puts every call to the outside on the ladder, until the sandbox ends.
pub async fn watch(studio: Arc<Studio>) {
    let mut news = studio.sandbox.listen();
    let mut seen = 0;
    loop {
        match news.recv().await {
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        let calls = studio.sandbox.calls();
        // After a reset the sandbox counts from one again.
        if calls.last().is_none_or(|newest| newest.seq < seen) {
            seen = 0;
        }
        for call in calls.into_iter().filter(|call| call.seq > seen).collect::<Vec<_>>() {
            seen = call.seq;
            show(&studio, call);
        }
    }
}

fn show(studio: &Arc<Studio>, call: Call) {
    let verification_id =
        call.person.as_ref().and_then(|person| studio.shown().of_person.get(person).cloned());
    let name =
        TEXTS.outside.get(call.institution.as_str()).map_or(call.institution.as_str(), |o| o.name.as_str());
    studio.ladder.push(Rung {
        at: call.at,
        lane: "outside",
        direction: "out",
        title: TEXTS.call(call.operation),
        detail: format!("{name} · {}", call.summary),
        status: None,
        elapsed_ms: None,
        state: "ok",
        body: None,
        verification_id: verification_id.clone(),
    });
    let state = state_of(&call);
    let answered = !matches!(call.fault, Some("hang" | "trickle"));
    let answer = Rung {
        at: call.at + SignedDuration::from_millis(i64::try_from(call.elapsed_ms).unwrap_or_default()),
        lane: "outside",
        direction: "in",
        title: TEXTS.answer(call.operation, &call.outcome, call.fault, state),
        detail: name.to_owned(),
        status: answered.then(|| call.outcome.clone()),
        elapsed_ms: answered.then_some(call.elapsed_ms),
        state,
        body: None,
        verification_id,
    };
    if call.fault == Some(Fault::Slow.as_str()) {
        // The record is written when the institution acts; its answer is on the way for so long.
        let (studio, wait) = (studio.clone(), Duration::from_millis(call.elapsed_ms));
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            studio.ladder.push(answer);
        });
    } else {
        studio.ladder.push(answer);
    }
}

/// `ok`, `wait` (nobody said no, later perhaps) or `stop`.
fn state_of(call: &Call) -> &'static str {
    match call.fault {
        Some("maintenance" | "rate_limited") => return "wait",
        Some("hang" | "lost_answer" | "error" | "error_after" | "malformed" | "huge" | "trickle") => {
            return "stop";
        }
        _ => {}
    }
    match call.outcome.as_str() {
        "200" | "000" => "ok",
        "400" | "S02" | "S03" | "C504" => "wait",
        _ => "stop",
    }
}

/// The institutions with their switches and newest answers.
pub fn institutions(studio: &Studio) -> Value {
    let (calls, faults) = (studio.sandbox.calls(), studio.sandbox.faults());
    Institution::ALL
        .iter()
        .filter_map(|at| {
            let words = TEXTS.outside.get(at.as_str())?;
            let mut recent: Vec<Value> = calls
                .iter()
                .rev()
                .filter(|call| call.institution == *at)
                .take(RECENT)
                .map(|call| json!({"elapsed_ms": call.elapsed_ms, "state": state_of(call)}))
                .collect();
            recent.reverse();
            let fault = faults.get(at.as_str()).and_then(|rules| rules.last());
            Some(json!({
                "id": at.as_str(), "name": words.name, "role": words.role,
                "fault": fault.map_or("none", |rule| switch_of(rule.fault)), "recent": recent
            }))
        })
        .collect()
}

/// The switch that stands for a fault; a fault without one has its own name.
fn switch_of(fault: Fault) -> &'static str {
    match fault {
        Fault::Hang => "down",
        other => other.as_str(),
    }
}

/// Sets a switch; `false` where there is no such institution or switch.
pub fn switch(studio: &Studio, institution: &str, switch: &str) -> bool {
    let Some(at) = Institution::ALL.into_iter().find(|at| at.as_str() == institution) else { return false };
    let only = |fault, operation: &str| Rule { operation: Some(operation.to_owned()), ..Rule::always(fault) };
    let rules = match switch {
        "none" => vec![],
        "slow" => vec![Rule { ms: SLOW_MS, ..Rule::always(Fault::Slow) }],
        // Nobody is there: there is not even a token to be had.
        "down" => vec![Rule::always(Fault::Hang), only(Fault::Hang, "token")],
        "maintenance" => vec![Rule::always(Fault::Maintenance)],
        // With a bank it is the answer to the deposit that hurts: asking for the result must still work.
        "lost_answer" if at == Institution::Kftc => vec![only(Fault::LostAnswer, "deposit")],
        "lost_answer" => vec![Rule::always(Fault::LostAnswer)],
        _ => return false,
    };
    studio.sandbox.clear_faults(at);
    rules.into_iter().all(|rule| studio.sandbox.set_fault(at, rule).is_ok())
}

/// The book of a person's account: the one in which something happened last, else the first. Nobody in it exists,
/// so the number, which has to be typed on the phone, is not masked.
pub fn book(studio: &Studio, person: &str) -> Option<Value> {
    let person = studio.sandbox.catalogue().person(person)?;
    let lines = studio.sandbox.book(None);
    let newest = lines
        .iter()
        .rev()
        .find_map(|line| person.accounts.iter().find(|a| a.bank == line.bank && a.number == line.account));
    let account = newest.or(person.accounts.first())?;
    let rows: Vec<_> =
        lines.iter().filter(|l| l.bank == account.bank && l.account == account.number).collect();
    let newest_won = rows.iter().rposition(|line| line.amount == 1);
    let mut balance = OPENING_BALANCE;
    let shown: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(at, line)| {
            balance += line.amount;
            json!({
                "at": line.at, "memo": line.print_content, "amount": line.amount, "balance": balance,
                "won": newest_won == Some(at)
            })
        })
        .collect();
    let bank = |code: &str| BankCode::parse(code).ok().and_then(banks::find).map_or("", |house| house.ko);
    let others: Vec<Value> = person
        .accounts
        .iter()
        .map(|a| json!({"bank_code": a.bank, "bank": bank(&a.bank), "account": a.number}))
        .collect();
    Some(json!({
        "bank": bank(&account.bank), "bank_code": account.bank, "account": account.number,
        "holder": account.holder.as_ref().unwrap_or(&person.name), "rows": shown, "accounts": others
    }))
}
