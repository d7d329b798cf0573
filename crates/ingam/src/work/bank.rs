//! Asking the bank: who holds an account, 1 won on its way, and what became of it.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::codes;
use crate::fault::Fault;
use crate::flow::plaintext::{HOLDER, Reader};
use crate::flow::verification::{Act, Blocked, LimitKeys};
use crate::flow::{ActError, Secrets, read_event};
use crate::fresh;
use ingam_cases::answers::{Answer, DepositCode};
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::values::NameMatch;
use ingam_cases::verification::{AccountStep, Command, Event};
use ingam_connectors::{Deposit, HolderName, PrintContent};
use ingam_ledger::RetentionClass;
use jiff::Timestamp;

/// Who holds the account. The holder's name is compared and forgotten: it may be another person's. Only where it is
/// similar it is kept, sealed, for the reviewer who tells whether both are the same person.
pub(super) async fn ask_holder(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    let bank = match &current.state.account {
        AccountStep::AskingHolder { bank, call: asked } if *asked == call => *bank,
        _ => return Ok(Outcome::Over),
    };
    let reader = Reader::task("task:ask_holder", "holder_check");
    let confirmed = app.confirmed(id, reader.clone()).await?;
    let given = app.given_account(id, reader.clone()).await?;
    let holder = app.bank.holder(&call, bank, &given.account, confirmed.birth_date()).await;
    let name = holder.name.as_ref().map(|n| n.compare(&confirmed.name));
    let similar = holder.name.as_ref().filter(|_| name == Some(NameMatch::Similar));
    let similar = similar.map(HolderName::expose);
    let keys = app.send_keys(id, reader).await?;
    let next_call = fresh!(app, CallId);
    let result = app
        .act(id, with(task), |_, blocked| {
            let withheld_until = match blocked {
                Some(Blocked::Sends(until)) => Some(until),
                _ => None,
            };
            Ok(Act {
                command: Command::HolderAnswered {
                    call: call.clone(),
                    answer: holder.answer.clone(),
                    name,
                    next_call: next_call.clone(),
                    withheld_until,
                },
                secrets: Secrets::default().maybe(HOLDER, "holder_name", RetentionClass::Identity, similar),
                keys: keys.clone(),
            })
        })
        .await;
    recorded(result)
}

/// Sends 1 won; after any doubt asks for the result instead.
pub(super) async fn send_won(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    let bank = match &current.state.account {
        AccountStep::Sending { bank, call: asked } if *asked == call => *bank,
        _ => return Ok(Outcome::Over),
    };
    let reader = Reader::task("task:send_won", "deposit");
    let keys = app.send_keys(id, reader.clone()).await?;
    let sent_at = doubt(app, id, &call).await?.sent_at;
    let answer = if task.attempt == 1 {
        let confirmed = app.confirmed(id, reader.clone()).await?;
        let given = app.given_account(id, reader).await?;
        let code = codes::won_code(&app.ledger, &call).await?;
        let deposit = Deposit {
            bank,
            account: &given.account,
            // The bank's own spelling was the same name; it is not kept.
            holder: &HolderName::from(&confirmed.name),
            print_content: &PrintContent::parse(&code).map_err(Fault::internal)?,
            before: task.ends(),
        };
        app.bank.deposit(&call, sent_at, &deposit).await
    } else {
        // Whoever began it has lost its lease by now, and the question that it may have sent has its time from here.
        app.bank.deposit_result(&call, sent_at, app.now()).await
    };
    answered(app, task, id, call, answer, keys).await
}

/// What became of a deposit.
pub(super) async fn ask_deposit(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if !matches!(&current.state.account, AccountStep::InDoubt { call: asked, .. } if *asked == call) {
        return Ok(Outcome::Over);
    }
    let keys = app.send_keys(id, Reader::task("task:ask_deposit", "deposit")).await?;
    let Doubt { sent_at, doubted_at } = doubt(app, id, &call).await?;
    let answer = app.bank.deposit_result(&call, sent_at, doubted_at).await;
    answered(app, task, id, call, answer, keys).await
}

async fn answered(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
    answer: Answer<DepositCode>,
    keys: LimitKeys,
) -> Result<Outcome, ActError> {
    let result = app
        .act(id, with(task), |_, _| {
            Ok(Act {
                command: Command::DepositAnswered { call: call.clone(), answer: answer.clone() },
                secrets: Secrets::default(),
                keys: keys.clone(),
            })
        })
        .await;
    recorded(result)
}

/// Two moments of a deposit.
struct Doubt {
    /// When it was decided: with the call it fixes the id under which the bank books it.
    sent_at: Timestamp,
    /// When its answer was lost; where it was not, when it was decided.
    doubted_at: Timestamp,
}

async fn doubt(app: &App, id: &VerificationId, call: &CallId) -> Result<Doubt, Fault> {
    let mut doubt = None;
    for entry in app.ledger.entries(id.as_str(), 0, u32::MAX).await? {
        match read_event(&entry.kind, &entry.clear) {
            Ok(Event::DepositAsked { call: asked, at }) if asked == *call => {
                doubt = Some(Doubt { sent_at: at, doubted_at: at });
            }
            Ok(Event::DepositAnswered { call: asked, at, told_at, .. }) if asked == *call => {
                // A clock that stood behind would let the bank have less than its time.
                let doubted_at = at.max(told_at.unwrap_or(at));
                return doubt
                    .map(|doubt| Doubt { doubted_at, ..doubt })
                    .ok_or(Fault::internal("a deposit that was answered before it was asked for"));
            }
            _ => {}
        }
    }
    doubt.ok_or(Fault::internal("a deposit that nobody asked for"))
}
