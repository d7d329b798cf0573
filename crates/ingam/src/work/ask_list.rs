//! Asking a list about the person before any issuer or bank: looking up changes nothing outside, so it may be repeated.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::plaintext::Reader;
use crate::flow::verification::{Act, Blocked};
use crate::flow::{ActError, Secrets};
use crate::fresh;
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::verification::{CardStep, Command};

pub(super) async fn ask_list(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    let list = match &current.state.card {
        CardStep::Screening { call: asked, list, .. } if *asked == call => *list,
        _ => return Ok(Outcome::Over),
    };
    let confirmed = app.confirmed(id, Reader::task("task:ask_list", "list_check")).await?;
    let number = confirmed.number.as_ref().ok_or_else(|| Fault::internal("a list is asked by number"))?;
    let answer = app.outside.look_up(list, &call, &confirmed.name, number, task.ends()).await;
    let keys = app.card_keys(&confirmed, answer.told_at).await?;
    let next_call = fresh!(app, CallId);
    let result = app
        .act(id, with(task), |_, blocked| {
            Ok(Act {
                command: Command::ListAnswered {
                    call: call.clone(),
                    answer: answer.clone(),
                    next_call: next_call.clone(),
                    withheld: blocked == Some(Blocked::WrongDate),
                },
                secrets: Secrets::default(),
                keys: keys.clone(),
            })
        })
        .await;
    recorded(result)
}
