//! The sequencer: gives entries their numbers, and events their deliveries in the same transaction.

use crate::app::App;
use crate::fault::Fault;
use crate::flow::read_event;
use crate::fresh;
use crate::work::{DELIVER, Delivery};
use ingam_cases::id::{InstitutionId, TaskId};
use ingam_cases::verification::Event;
use ingam_ledger::{ClearEntry, Effect, NewTask, Stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Entries numbered in one transaction.
const BATCH: u32 = 512;

/// What another process committed rings no bell here; it is noticed after this at the latest.
const LONGEST: Duration = Duration::from_millis(400);

/// Numbers entries until `stop` turns true.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut arrivals = app.ledger.arrivals().entries;
    while !*stop.borrow() {
        arrivals.mark_unchanged();
        let mut busy = false;
        for stream in Stream::ALL {
            match number(&app, stream).await {
                Ok(full) => busy |= full,
                Err(fault) => tracing::error!(%fault, "entries could not be numbered"),
            }
        }
        if !busy {
            tokio::select! {
                biased;
                _ = arrivals.changed() => {}
                _ = stop.changed() => {}
                () = tokio::time::sleep(LONGEST) => {}
            }
        }
    }
}

/// Numbers what waits in one stream; `true` where more may wait.
pub(crate) async fn number(app: &App, stream: Stream) -> Result<bool, Fault> {
    let head = app.ledger.head(stream).await?;
    let pending = app.ledger.pending(stream, BATCH).await?;
    if pending.is_empty() {
        return Ok(false);
    }
    let mut tasks = Vec::new();
    if stream == Stream::Main {
        for entry in &pending {
            deliveries(app, entry, &mut tasks).await?;
        }
    }
    let ids: Vec<String> = pending.iter().map(|e| e.id.clone()).collect();
    let full = ids.len() as u32 == BATCH;
    // Another sequencer that was faster is no failure: the next round begins at its head.
    let numbered = app.ledger.number(stream, head, &ids, tasks).await?;
    if let Ok(head) = numbered {
        // After a restore this tells which numbers outsiders may know (docs/operations.md).
        metrics::gauge!("ingam_numbers_given", "stream" => stream.word()).set(head as f64);
    }
    Ok(full || numbered.is_err())
}

async fn deliveries(app: &App, entry: &ClearEntry, tasks: &mut Vec<NewTask>) -> Result<(), Fault> {
    if !entry.kind.starts_with("verification.") {
        return Ok(());
    }
    let Some(institution) = &entry.institution else { return Ok(()) };
    let event: Event = read_event(&entry.kind, &entry.clear)?;
    let Some(event_type) = event.public_type() else { return Ok(()) };
    let id = InstitutionId::parse(institution).map_err(Fault::internal)?;
    let Some(institution) = app.institution(&id).await? else { return Ok(()) };
    for (endpoint, settings) in &institution.endpoints {
        if settings.wants(event_type) {
            tasks.push(delivery(app, entry, &id, endpoint)?);
        }
    }
    Ok(())
}

/// The task that delivers an entry to an endpoint.
///
/// # Errors
/// Never in practice: a delivery is plain JSON.
pub fn delivery(
    app: &App,
    entry: &ClearEntry,
    institution: &InstitutionId,
    endpoint: &ingam_cases::id::EndpointId,
) -> Result<NewTask, Fault> {
    let delivery = Delivery {
        institution: institution.clone(),
        endpoint: endpoint.clone(),
        entry: entry.id.clone(),
        version: entry.version,
    };
    Ok(NewTask {
        id: fresh!(app, TaskId).to_string(),
        case: entry.case.clone(),
        kind: DELIVER.to_owned(),
        effect: Effect::Idempotent,
        payload: serde_json::to_value(delivery).map_err(Fault::internal)?,
        run_at: app.now(),
    })
}
