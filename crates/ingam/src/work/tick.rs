//! A moment that the case set for itself: ask again, let a code lapse, expire.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::flow::plaintext::Reader;
use crate::flow::verification::{Act, Along, Blocked, LimitKeys};
use crate::flow::{ActError, Secrets};
use crate::fresh;
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::verification::{AccountStep, CardStep, Command};

pub(super) async fn tick(app: &App, task: &Held, id: &VerificationId) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if current.state.end().is_some() {
        return Ok(Outcome::Over);
    }
    let reader = Reader::task("task:tick", "ask_again");
    let mut keys = LimitKeys::default();
    if matches!(current.state.card, CardStep::Later { .. }) {
        keys.card = Some(app.card_key(&app.confirmed(id, reader.clone()).await?).await?);
    }
    if matches!(current.state.account, AccountStep::Later { .. }) {
        keys.sends = app.send_keys(id, reader).await?.sends;
    }
    // A clock that ran ahead may have handed it out, and stand right again: the moment must not be lost.
    let along = Along { not_before: Some(task.run_at), ..with(task) };
    let (card_call, account_call) = (fresh!(app, CallId), fresh!(app, CallId));
    let result = app
        .act(id, along, |_, blocked| {
            let command = match blocked {
                Some(Blocked::WrongDate) => Command::WithholdCard { call: card_call.clone() },
                blocked => Command::Tick {
                    card_call: card_call.clone(),
                    account_call: account_call.clone(),
                    withheld_until: match blocked {
                        Some(Blocked::Sends(until)) => Some(until),
                        _ => None,
                    },
                },
            };
            Ok(Act { command, secrets: Secrets::default(), keys: keys.clone() })
        })
        .await;
    match result {
        Err(ActError::Early) => Ok(Outcome::Again(task.run_at)),
        result => recorded(result),
    }
}
