//! Deciding: state and command in, events or a refusal out. The only place where a verification's rules stand.

use super::account::{
    another_account_left, bank_awaited, deposit, deposit_answered, holder_answered, name_known,
};
use super::apply::apply;
use super::card;
use super::card::issuer_awaited;
use super::command::Open;
use super::consent;
use super::device;
use super::form;
use super::institution_check;
use super::next::{Next, next};
use super::phone;
use super::review;
use super::{AccountStep, CardProblem, CardStep, Command, End, Event, RefusedCode, Stage, Verification};
use crate::id::CallId;
use crate::policy::StepKind;
use crate::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};

/// Pauses before an institution that gave no clear answer is asked again, in seconds. The last one repeats.
const PAUSES_S: [i64; 6] = [5, 15, 60, 120, 300, 600];

/// What follows from a command, at a time.
///
/// # Errors
/// A refusal where the rules say no; the state is then unchanged.
pub fn decide(state: Option<&Verification>, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let Some(v) = state else {
        return match command {
            Command::Open(open) => opened(*open, now),
            _ => Err(Refusal::Unknown),
        };
    };
    match &v.stage {
        Stage::Ended { .. } => after_the_end(v, command, now),
        _ if now >= v.expires_at => expired(v, command, now),
        _ => finish(v, while_open(v, command, now)?, now),
    }
}

fn opened(open: Open, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if !open.plan.problems().is_empty() {
        return Err(Refusal::PolicyNotAllowed);
    }
    if !device::fits(&open.plan, open.medium.as_ref()) {
        return Err(Refusal::MediumDiffers);
    }
    let expires_at = now + SignedDuration::from_secs(i64::from(open.plan.expires_in_s));
    Ok(vec![Event::Opened {
        id: open.id,
        institution: open.institution,
        subject: open.subject,
        policy: open.policy,
        policy_version: open.policy_version,
        plan: Box::new(open.plan),
        reference: open.reference,
        return_url: open.return_url,
        medium: open.medium,
        opened_at: now,
        expires_at,
    }])
}

/// Its time is over, whoever comes. An answer that was on its way is recorded behind the end.
fn expired(v: &Verification, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let end = Event::Expired { at: now };
    let after = apply(Some(v.clone()), &end).map_err(|_| Refusal::NotNow)?;
    let mut events = vec![end];
    events.extend(after_the_end(&after, command, now).unwrap_or_default());
    Ok(events)
}

/// Each is one message to the institution, which may tell the person once for each. A link that was asked for so often
/// is on its way.
const MAX_LINKS_ASKED: u32 = 10;

fn link_asked(v: &Verification) -> Vec<Event> {
    if v.links_asked < MAX_LINKS_ASKED { vec![Event::LinkAsked {}] } else { vec![] }
}

/// After the end its outcome stands. What an issuer or a bank still says to the open question is evidence and
/// gives limits back; a person's wish is passed on; everything else is dropped.
fn after_the_end(v: &Verification, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::AskLink => Ok(link_asked(v)),
        Command::WithdrawConsent { text_id } => consent::withdraw(v, text_id, now),
        Command::AskReview { by } => review::ask(v, by, now),
        Command::CloseReview { decision, settled_with_issuer } => {
            finish(v, review::close(v, decision, settled_with_issuer, now)?, now)
        }
        Command::LinkPerson { person } => match (v.end(), &v.person) {
            (Some(End::Verified), None) => Ok(vec![Event::PersonLinked { person }]),
            (Some(End::Verified), Some(_)) => Ok(vec![]),
            _ => Err(Refusal::NotNow),
        },
        Command::Tick { .. } => Ok(vec![]),
        Command::IssuerAnswered { call, answer, .. } => card::issuer_answered(v, call, answer, now),
        Command::ListAnswered { call, answer, next_call, withheld } => {
            card::list_answered(v, call, answer, next_call, withheld, now)
        }
        Command::DepositAnswered { call, answer } => deposit_answered(v, call, answer, now),
        Command::HolderAnswered { .. }
        | Command::CardRead { .. }
        | Command::WithholdCard { .. }
        | Command::PhoneAnswered { .. }
        | Command::PhoneConfirmed { .. }
        | Command::InstitutionAnswered { .. } => Err(Refusal::StaleAnswer),
        _ => Err(if v.end() == Some(End::Expired) { Refusal::Expired } else { Refusal::Ended }),
    }
}

fn while_open(v: &Verification, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let mine = |session: u32| if session == v.session { Ok(()) } else { Err(Refusal::OtherSession) };
    match command {
        Command::Open(_) => Err(Refusal::NotNow),
        Command::Cancel => Ok(vec![Event::Cancelled { at: now }]),
        Command::TakeSession { take_over } => {
            if v.session == 0 || take_over {
                Ok(vec![Event::SessionTaken { session: v.session + 1 }])
            } else {
                Err(Refusal::OtherSession)
            }
        }
        Command::AnswerSafety { session, text, told_to } => {
            mine(session)?;
            if v.stage != Stage::Safety {
                return Err(Refusal::NotNow);
            }
            let mut events = vec![Event::SafetyAnswered { text, told_to }];
            if told_to {
                events.push(Event::Refused { code: RefusedCode::StoppedByPerson, at: now });
            }
            Ok(events)
        }
        Command::AnswerConsents { session, answers } => {
            mine(session)?;
            consent::answered(v, answers, now)
        }
        Command::SubmitCard { session, blob, sha256, len, source } => {
            mine(session)?;
            let CardStep::Picture { .. } = v.card else { return Err(Refusal::NotNow) };
            let rules = v.plan.id_document().ok_or(Refusal::NotNow)?;
            if !rules.sources.contains(&source) {
                return Err(Refusal::SourceNotAllowed);
            }
            if v.pictures >= rules.pictures {
                return Err(Refusal::PicturesUsedUp);
            }
            Ok(vec![Event::CardSubmitted { blob, sha256, len, source }])
        }
        Command::CardRead { blob, reading } => match &v.card {
            CardStep::Reading { blob: asked, .. } if *asked == blob => Ok(vec![card::read(v, blob, reading)]),
            _ => Err(Refusal::StaleAnswer),
        },
        Command::ConfirmCard { session, edited, hindrance, call } => {
            mine(session)?;
            card::confirm(v, edited, hindrance, call, now)
        }
        Command::ListAnswered { call, answer, next_call, withheld } => {
            card::list_answered(v, call, answer, next_call, withheld, now)
        }
        Command::RetakeCard { session } => {
            mine(session)?;
            card::retake(v)
        }
        Command::IssuerAnswered { call, answer, next_call: _ } => card::issuer_answered(v, call, answer, now),
        Command::WithholdCard { call } => match v.card {
            CardStep::Later { .. } => Ok(vec![Event::CardWithheld { call }]),
            _ => Err(Refusal::StaleAnswer),
        },
        Command::GiveAccount { session, bank, call } => {
            mine(session)?;
            let AccountStep::Name { .. } = v.account else { return Err(Refusal::NotNow) };
            let rules = name_known(v)?;
            everything_before_is_done(v, StepKind::ExistingAccount)?;
            if v.accounts >= rules.accounts {
                return Err(Refusal::AccountsUsedUp);
            }
            Ok(vec![Event::AccountGiven { bank }, Event::HolderAsked { call }])
        }
        Command::HolderAnswered { call, answer, name, next_call, withheld_until } => match &v.account {
            AccountStep::AskingHolder { call: asked, .. } if *asked == call => {
                Ok(holder_answered(v, call, answer, name, next_call, withheld_until, now))
            }
            _ => Err(Refusal::StaleAnswer),
        },
        Command::DepositAnswered { call, answer } => deposit_answered(v, call, answer, now),
        Command::Resend { session, call, withheld_until } => {
            mine(session)?;
            let rules = name_known(v)?;
            let mut events = match v.account {
                AccountStep::Resend { .. } => vec![],
                // A code that is still good is not given up for a send that the limits do not allow.
                AccountStep::Code { .. } if withheld_until.is_some() => return Err(Refusal::SendsUsedUp),
                AccountStep::Code { .. } => vec![Event::ResendAsked {}],
                _ => return Err(Refusal::NotNow),
            };
            events.push(deposit(v, rules, call, withheld_until, now).ok_or(Refusal::SendsUsedUp)?);
            Ok(events)
        }
        Command::ChangeAccount { session } => {
            mine(session)?;
            match v.account {
                // While a deposit is in doubt the bank is asked for it; another account would be a second transfer.
                AccountStep::Code { .. } | AccountStep::Resend { .. } | AccountStep::Later { .. } => {
                    another_account_left(v)?;
                    Ok(vec![Event::AccountChanged {}])
                }
                _ => Err(Refusal::NotNow),
            }
        }
        Command::TryCode { session, right } => {
            mine(session)?;
            let AccountStep::Code { expires_at, .. } = v.account else { return Err(Refusal::NotNow) };
            if now >= expires_at {
                return Ok(vec![Event::CodeLapsed {}]);
            }
            Ok(vec![Event::CodeTried { right, at: now }])
        }
        Command::AnswerForm { session, answered } => {
            mine(session)?;
            form::answer(v, answered)
        }
        Command::InstitutionAnswered { call, answer } => institution_check::answered(v, call, answer, now),
        Command::TryDevice { session, call, code } => {
            mine(session)?;
            device::tried(v, call, code, now)
        }
        Command::GivePhone { session, call } => {
            mine(session)?;
            phone::give(v, call)
        }
        Command::PhoneAnswered { call, answer } => phone::answered(v, call, answer, now),
        Command::TypePhoneCode { session } => {
            mine(session)?;
            phone::typed(v, now)
        }
        Command::PhoneConfirmed { call, answer } => phone::confirmed(v, call, answer, now),
        Command::ChangePhone { session } => {
            mine(session)?;
            phone::change(v)
        }
        Command::AskNotice { session } => {
            mine(session)?;
            if !issuer_awaited(v) && !bank_awaited(v) && !v.institution_check.awaited() {
                return Err(Refusal::NotNow);
            }
            Ok(if v.notice_asked { vec![] } else { vec![Event::NoticeAsked {}] })
        }
        Command::AskLink => Ok(link_asked(v)),
        Command::WithdrawConsent { text_id } => consent::withdraw(v, text_id, now),
        Command::AskReview { by } => review::give_up(v, by, now),
        Command::CloseReview { .. } => Err(Refusal::NotNow),
        Command::Tick { card_call, account_call, withheld_until } => {
            tick(v, card_call, account_call, withheld_until, now)
        }
        Command::LinkPerson { .. } => Err(Refusal::NotNow),
    }
}

/// Nothing that the policy puts before a step is left to do. The card has its own rule: its issuer may be slow.
fn everything_before_is_done(v: &Verification, kind: StepKind) -> Result<(), Refusal> {
    let before = v.plan.steps.iter().take_while(|step| step.kind() != kind);
    let open = before.filter(|step| step.kind() != StepKind::IdDocument).any(|step| !v.done(step));
    if open { Err(Refusal::NotNow) } else { Ok(()) }
}

/// When an institution that gave no clear answer is asked again: when it said, else after a growing pause.
pub(super) fn retry_at(silences: u32, said: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let pause = PAUSES_S[(silences as usize).min(PAUSES_S.len() - 1)];
    said.unwrap_or(now).max(now + SignedDuration::from_secs(pause))
}

fn tick(
    v: &Verification,
    card_call: CallId,
    account_call: CallId,
    withheld_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let mut events = Vec::new();
    match &v.account {
        AccountStep::Later { holder_known: false, retry_at, .. } if now >= *retry_at => {
            events.push(Event::HolderAsked { call: account_call });
        }
        AccountStep::Later { holder_known: true, retry_at, .. } if now >= *retry_at => {
            if let Some(rules) = v.plan.existing_account() {
                events.push(
                    deposit(v, rules, account_call, withheld_until, now)
                        .unwrap_or(Event::Refused { code: RefusedCode::AccountNotProved, at: now }),
                );
            }
        }
        AccountStep::Code { expires_at, .. } if now >= *expires_at => events.push(Event::CodeLapsed {}),
        _ => {}
    }
    events.extend(phone::lapsed(v, now));
    events.extend(institution_check::again(v, now));
    if let CardStep::Later { retry_at, .. } = &v.card
        && now >= *retry_at
    {
        let after = fold_on(v, &events)?;
        // No question about a person goes out for a verification that ends with this very tick.
        if after.end().is_none() && exhausted(&after, now).is_none() {
            events.push(card::ask(&after, card_call));
        }
    }
    Ok(events)
}

/// Events that were just decided on a state fit it.
fn fold_on(v: &Verification, events: &[Event]) -> Result<Verification, Refusal> {
    events.iter().try_fold(v.clone(), |state, event| apply(Some(state), event).map_err(|_| Refusal::NotNow))
}

/// Adds what follows by itself: the end that has been reached, the notice that was asked for.
fn finish(v: &Verification, mut events: Vec<Event>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let mut after = fold_on(v, &events)?;
    if after.stage == Stage::Checking && !events.is_empty() {
        let end = if after.policy_met() { Some(Event::Verified { at: now }) } else { exhausted(&after, now) };
        if let Some(follows) = end.or_else(|| institution_check::due(&after)) {
            after = fold_on(&after, std::slice::from_ref(&follows))?;
            events.push(follows);
        }
    }
    events.extend(review::asked_by_rule(&after, now));
    if v.notice_asked && answered(v, &after, &events) && !matches!(next(&after), Next::Wait { .. }) {
        events.push(Event::NoticeDue {});
    }
    Ok(events)
}

/// Whether somebody outside who was waited for has given an answer that ends the wait.
fn answered(before: &Verification, after: &Verification, events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::IssuerAnswered { .. } | Event::ListAnswered { .. } => {
            issuer_awaited(before) && !issuer_awaited(after)
        }
        Event::HolderAnswered { .. } | Event::DepositAnswered { .. } => {
            bank_awaited(before) && !bank_awaited(after)
        }
        Event::InstitutionAnswered { .. } => !after.institution_check.awaited(),
        _ => false,
    })
}

/// The end of a verification whose policy can't be met any more.
pub(super) fn exhausted(v: &Verification, now: Timestamp) -> Option<Event> {
    let refused = |code| Some(Event::Refused { code, at: now });
    if let Some(code) = device::exhausted(v).or_else(|| phone::exhausted(v)) {
        return refused(code);
    }
    let document = v.plan.id_document()?;
    let card_refused = matches!(
        v.card,
        CardStep::Picture {
            problem: Some(CardProblem::Issuer { .. } | CardProblem::WrongDateLimit | CardProblem::TriesTaken)
        }
    );
    match v.card {
        CardStep::Picture { .. } | CardStep::Confirm { again: Some(_), .. }
            if v.card_refusals >= document.checks =>
        {
            return refused(RefusedCode::CardRefused);
        }
        CardStep::Picture { .. } if v.pictures >= document.pictures => {
            return refused(if card_refused {
                RefusedCode::CardRefused
            } else {
                RefusedCode::CardUnreadable
            });
        }
        _ => {}
    }
    let rules = v.plan.existing_account()?;
    let out_of_accounts = v.accounts >= rules.accounts;
    let out_of_sends = v.sends >= rules.sends;
    match v.account {
        // A refused card voids the account that was compared with it; then the card is the reason.
        AccountStep::Name { .. } if (out_of_accounts || out_of_sends) && card_refused => {
            refused(RefusedCode::CardRefused)
        }
        AccountStep::Name { .. } if out_of_accounts || out_of_sends => refused(RefusedCode::AccountNotProved),
        AccountStep::Resend { .. } if out_of_sends => refused(RefusedCode::AccountNotProved),
        _ => None,
    }
}
