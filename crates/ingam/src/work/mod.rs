//! Workers: they lease tasks, do what is to be done outside, and record what came of it.
//!
//! A task is finished only in the commit that records its outcome, so a worker that dies at any point leaves a
//! task that another takes over. What may be repeated then is the task's effect class: an idempotent one is done
//! again, a queryable one asks for the result, a blind one is recorded as unanswered.

mod ask_institution;
mod ask_issuer;
mod ask_list;
mod bank;
mod deliver;
mod link_person;
mod phone;
mod read_card;
mod tick;

pub use ask_institution::InstitutionAnswer;
pub use deliver::{DELIVER, Delivery};

use crate::app::App;
use crate::fault::Fault;
use crate::flow::ActError;
use crate::flow::verification::Along;
use ingam_cases::id::VerificationId;
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::work::Work;
use ingam_connectors::Deadline;
use ingam_ledger::{Commit, LeasedTask};
use jiff::SignedDuration;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// The kinds of task that this program does.
pub const KINDS: [&str; 13] = [
    "read_card",
    "forget_picture",
    "ask_list",
    "ask_issuer",
    "ask_holder",
    "send_won",
    "ask_deposit",
    "ask_institution",
    "send_message",
    "confirm_phone",
    "tick",
    "link_person",
    DELIVER,
];

/// Pauses after a fault of our own, in seconds; the last one repeats.
const PAUSES_S: [i64; 5] = [1, 5, 30, 120, 600];
/// So many failed attempts park a task where operators see it.
const ATTEMPTS: u32 = 40;

/// A task in this worker's hands.
pub(crate) struct Held {
    task: LeasedTask,
    ends: Instant,
}

/// Takes up to so many tasks that are due.
pub(crate) async fn lease(app: &App, limit: u32) -> Result<Vec<Held>, ingam_ledger::Fault> {
    let lease_for = Duration::from_secs(u64::from(app.config.work.lease_s));
    // Before the question: whoever answers it may begin to count at once.
    let ends = Instant::now() + lease_for;
    let tasks = app.ledger.lease(&KINDS, limit, "worker", lease_for).await?;
    Ok(tasks.into_iter().map(|task| Held { task, ends }).collect())
}

impl Held {
    /// When the lease ends: nothing that may happen once only leaves after that.
    fn ends(&self) -> Deadline {
        Deadline::new(self.ends, self.task.lease_until)
    }
}

impl Deref for Held {
    type Target = LeasedTask;
    fn deref(&self) -> &LeasedTask {
        &self.task
    }
}

/// What a handler says when it did not fail.
pub(crate) enum Outcome {
    /// Recorded together with the task's end.
    Recorded,
    /// Nothing to record; the task is over.
    Over,
    /// To be done again at that time.
    Again(jiff::Timestamp),
}

/// Leases and does tasks until `stop` turns true; then finishes what it has begun.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(app.config.work.tasks));
    let mut arrivals = app.ledger.arrivals().tasks;
    while !*stop.borrow() {
        arrivals.mark_unchanged();
        let free = slots.available_permits();
        let leased = if free == 0 {
            Vec::new()
        } else {
            match lease(&app, free as u32).await {
                Ok(tasks) => tasks,
                Err(fault) => {
                    tracing::error!(%fault, "tasks could not be leased");
                    Vec::new()
                }
            }
        };
        let none = leased.is_empty();
        for task in leased {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let app = app.clone();
            tokio::spawn(async move {
                settle(&app, &task).await;
                drop(slot);
            });
        }
        if none {
            let sleep = until_due(&app).await;
            tokio::select! {
                biased;
                _ = arrivals.changed() => {}
                _ = stop.changed() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }
    // What has begun ends by itself; what could not is taken over after its lease.
    let all = app.config.work.tasks as u32;
    let _ = tokio::time::timeout(Duration::from_secs(10), slots.acquire_many(all)).await;
}

async fn until_due(app: &App) -> Duration {
    // A clock that was moved, or a task that another process made, is noticed at the latest after this.
    const LONGEST: Duration = Duration::from_millis(400);
    match app.ledger.next_due(&KINDS).await {
        Ok(Some(due)) => {
            let wait = app.now().duration_until(due);
            Duration::from_millis(wait.as_millis().clamp(10, LONGEST.as_millis() as i128) as u64)
        }
        _ => LONGEST,
    }
}

/// Does one task, and gives it back where it did not end.
pub(crate) async fn settle(app: &App, task: &Held) {
    let started = app.now();
    let result = dispatch(app, task).await;
    let elapsed_ms = app.now().duration_since(started).as_millis();
    metrics::histogram!("ingam_task_seconds", "kind" => task.kind.clone()).record(elapsed_ms as f64 / 1000.0);
    let settled = match result {
        Ok(Outcome::Recorded) => Ok(()),
        // The rules had moved on: the answer is late, the task is over.
        Ok(Outcome::Over) | Err(ActError::Refused(_) | ActError::Destroyed) => over(app, task).await,
        Ok(Outcome::Again(at)) => app.ledger.postpone(&task.id, task.lease_epoch, at).await.map(|_| ()),
        Err(ActError::Fault(fault)) => {
            tracing::error!(kind = %task.kind, task = %task.id, attempt = task.attempt, %fault, "a task failed");
            metrics::counter!("ingam_task_faults_total", "kind" => task.kind.clone()).increment(1);
            if task.attempt >= ATTEMPTS {
                app.ledger.dead(&task.id, task.lease_epoch, "too_many_attempts").await.map(|_| ())
            } else {
                let pause = PAUSES_S[(task.attempt.saturating_sub(1) as usize).min(PAUSES_S.len() - 1)];
                let at = app.now() + SignedDuration::from_secs(pause);
                app.ledger.postpone(&task.id, task.lease_epoch, at).await.map(|_| ())
            }
        }
        Err(other) => {
            tracing::error!(kind = %task.kind, task = %task.id, error = %other, "a task can't be done");
            app.ledger.dead(&task.id, task.lease_epoch, "not_doable").await.map(|_| ())
        }
    };
    if let Err(fault) = settled {
        // The lease runs out and the task is taken over.
        tracing::warn!(kind = %task.kind, task = %task.id, %fault, "a task could not be settled");
    }
}

async fn over(app: &App, task: &Held) -> Result<(), ingam_ledger::Fault> {
    let commit = Commit { done: vec![(task.id.clone(), task.lease_epoch)], ..Commit::default() };
    // Fenced means that another worker has it now: then it is theirs to end.
    app.ledger.commit(commit).await.map(|_| ())
}

async fn dispatch(app: &App, task: &Held) -> Result<Outcome, ActError> {
    if task.kind == DELIVER {
        return deliver::deliver(app, task).await;
    }
    let id = VerificationId::parse(&task.case).map_err(Fault::internal)?;
    let work: Work = serde_json::from_value(task.payload.clone()).map_err(Fault::internal)?;
    match work {
        Work::ReadCard { blob } => read_card::read_card(app, task, &id, blob).await,
        Work::ForgetPicture { blob } => read_card::forget_picture(app, &id, &blob).await,
        Work::AskList { call } => ask_list::ask_list(app, task, &id, call).await,
        Work::AskIssuer { call } => ask_issuer::ask_issuer(app, task, &id, call).await,
        Work::AskHolder { call } => bank::ask_holder(app, task, &id, call).await,
        Work::SendWon { call } => bank::send_won(app, task, &id, call).await,
        Work::AskDeposit { call } => bank::ask_deposit(app, task, &id, call).await,
        Work::AskInstitution { call } => ask_institution::ask_institution(app, task, &id, call).await,
        Work::SendMessage { call } => phone::send_message(app, task, &id, call).await,
        Work::ConfirmPhone { call } => phone::confirm_phone(app, task, &id, call).await,
        Work::Tick => tick::tick(app, task, &id).await,
        Work::LinkPerson => link_person::link_person(app, task, &id).await,
    }
}

/// Ends the task in the commit that records what came of it.
fn with(task: &Held) -> Along {
    Along { done: Some((task.id.clone(), task.lease_epoch)), ..Along::default() }
}

/// Late answers and ended cases are no failures of a task.
fn recorded(result: Result<crate::flow::verification::Current, ActError>) -> Result<Outcome, ActError> {
    match result {
        Ok(_) => Ok(Outcome::Recorded),
        Err(ActError::Refused(
            Refusal::StaleAnswer | Refusal::Ended | Refusal::Expired | Refusal::NotNow,
        )) => Ok(Outcome::Over),
        Err(other) => Err(other),
    }
}
