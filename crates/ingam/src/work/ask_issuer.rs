//! Asking the issuer about a card. Blind: the issuer counts, and can't be asked what it answered.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::flow::plaintext::Reader;
use crate::flow::verification::Act;
use crate::flow::{ActError, Secrets};
use crate::fresh;
use ingam_cases::answers::{Answer, IssuerCode};
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::verification::{CardStep, Command};

pub(super) async fn ask_issuer(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if !matches!(&current.state.card, CardStep::Asking { call: asked, .. } if *asked == call) {
        return Ok(Outcome::Over);
    }
    let confirmed = app.confirmed(id, Reader::task("task:ask_issuer", "issuer_check")).await?;
    let answer = if task.attempt == 1 {
        app.outside.check(&call, &confirmed.name, &confirmed.document, task.ends()).await
    } else {
        // Someone began this and died: the question may have reached the issuer, which counts wrong dates.
        Answer {
            code: IssuerCode::NoAnswer,
            provider: "ingam".into(),
            provider_ref: None,
            provider_code: None,
            retry_at: None,
            told_at: None,
            elapsed_ms: 0,
        }
    };
    let keys = app.card_keys(&confirmed, answer.told_at).await?;
    let next_call = fresh!(app, CallId);
    let result = app
        .act(id, with(task), |_, _| {
            Ok(Act {
                command: Command::IssuerAnswered {
                    call: call.clone(),
                    answer: answer.clone(),
                    next_call: next_call.clone(),
                },
                secrets: Secrets::default(),
                keys: keys.clone(),
            })
        })
        .await;
    recorded(result)
}
