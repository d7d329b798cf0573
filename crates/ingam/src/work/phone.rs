//! Asking the telecom: a message with a code to the phone, and what it makes of the code that was typed.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::phone::CONFIRMED;
use crate::flow::plaintext::Reader;
use crate::flow::verification::Act;
use crate::flow::{ActError, Secrets};
use crate::unconnected::nobody;
use ingam_cases::answers::{Answer, PhoneCode};
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::values::{Ci, SexDigit};
use ingam_cases::verification::{Command, PhoneStep};
use ingam_connectors::PhoneAsked;
use ingam_ledger::RetentionClass;

/// Has a message sent. Blind: whoever takes this over after a crash does not send another one.
pub(super) async fn send_message(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if current.state.phone != (PhoneStep::Sending { call: call.clone() }) {
        return Ok(Outcome::Over);
    }
    let reader = Reader::task("task:send_message", "phone_check");
    let confirmed = app.confirmed(id, reader.clone()).await?;
    let given = app.given_phone(id, reader).await?;
    let keys = app.message_keys(&given.number, &confirmed).await?;
    let answer = if task.attempt == 1 {
        let number = confirmed.number.as_ref();
        let number = number.ok_or_else(|| Fault::internal("a phone is asked about by a number's owner"))?;
        let asked = PhoneAsked {
            name: &confirmed.name,
            birth: confirmed.birth_date(),
            sex: SexDigit::from(number),
            telecom: given.telecom,
            number: &given.number,
        };
        app.outside.send_message(&call, &asked, task.ends()).await
    } else {
        Answer { provider: "ingam".into(), ..nobody(PhoneCode::Unavailable) }
    };
    let command = Command::PhoneAnswered { call, answer };
    let act = || Act { command: command.clone(), secrets: Secrets::default(), keys: keys.clone() };
    recorded(app.act(id, with(task), |_, _| Ok(act())).await)
}

/// Asks about the code that was typed last.
pub(super) async fn confirm_phone(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if !matches!(&current.state.phone, PhoneStep::Checking { call: asked, .. } if *asked == call) {
        return Ok(Outcome::Over);
    }
    let code = app.typed_phone_code(id, Reader::task("task:confirm_phone", "phone_check")).await?;
    let confirmed = app.outside.confirm_phone(&call, &code, task.ends()).await;
    let ci = confirmed.ci.as_ref().map(Ci::expose);
    let command = Command::PhoneConfirmed { call, answer: confirmed.answer };
    let act = || Act {
        command: command.clone(),
        secrets: Secrets::default().maybe(CONFIRMED, "ci", RetentionClass::Identity, ci),
        keys: Default::default(),
    };
    recorded(app.act(id, with(task), |_, _| Ok(act())).await)
}
