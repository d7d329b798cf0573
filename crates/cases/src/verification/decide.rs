//! Deciding: state and command in, events or a refusal out. The only place where a verification's rules stand.

use super::apply::apply;
use super::command::{ConsentAnswer, Open, Reading};
use super::{
    AccountStep, CardField, CardStep, Command, Event, RefusedCode, ResendProblem, Stage, Verification,
};
use crate::answers::{Answer, DepositCode, HolderCode, IssuerCode, Outcome};
use crate::id::CallId;
use crate::policy::AccountRules;
use crate::refusal::Refusal;
use crate::values::NameMatch;
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
    let events = match &v.stage {
        Stage::Ended { .. } => after_the_end(v, &command)?,
        _ if now >= v.expires_at => vec![Event::Expired { at: now }],
        _ => while_open(v, command, now)?,
    };
    finish(v, events, now)
}

fn opened(open: Open, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if !open.plan.problems().is_empty() {
        return Err(Refusal::PolicyNotAllowed);
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
        opened_at: now,
        expires_at,
    }])
}

/// After the end nothing changes any more; what arrives late is dropped, and only a person's wish is passed on.
fn after_the_end(v: &Verification, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::AskLink => Ok(vec![Event::LinkAsked {}]),
        Command::LinkPerson { person } if v.person.is_none() => {
            Ok(vec![Event::PersonLinked { person: person.clone() }])
        }
        Command::LinkPerson { .. } | Command::Tick { .. } => Ok(vec![]),
        Command::IssuerAnswered { .. } | Command::HolderAnswered { .. } | Command::DepositAnswered { .. } => {
            Err(Refusal::StaleAnswer)
        }
        _ => Err(match v.end() {
            Some(super::End::Expired) => Refusal::Expired,
            _ => Refusal::Ended,
        }),
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
            consents(v, answers, now)
        }
        Command::SubmitCard { session, blob, source } => {
            mine(session)?;
            let CardStep::Picture { .. } = v.card else { return Err(Refusal::NotNow) };
            let (pictures, _, sources) = v.plan.id_document().ok_or(Refusal::NotNow)?;
            if !sources.contains(&source) {
                return Err(Refusal::SourceNotAllowed);
            }
            if v.pictures >= pictures {
                return Err(Refusal::PicturesUsedUp);
            }
            Ok(vec![Event::CardSubmitted { blob, source }])
        }
        Command::CardRead { blob, reading } => match &v.card {
            CardStep::Reading { blob: asked, .. } if *asked == blob => Ok(vec![read(blob, reading)]),
            _ => Err(Refusal::StaleAnswer),
        },
        Command::ConfirmCard { session, edited, call } => {
            mine(session)?;
            let CardStep::Confirm { doubtful, again, .. } = &v.card else { return Err(Refusal::NotNow) };
            // A second question with the very same day of issue would only spend the card's last try.
            if again.is_some() && edited.is_empty() && doubtful.contains(&CardField::IssueDate) {
                return Err(Refusal::NotNow);
            }
            Ok(vec![Event::CardConfirmed { edited }, Event::IssuerAsked { call }])
        }
        Command::RetakeCard { session } => {
            mine(session)?;
            match v.card {
                CardStep::Confirm { .. } | CardStep::Later { .. } => Ok(vec![Event::CardRetaken {}]),
                _ => Err(Refusal::NotNow),
            }
        }
        Command::IssuerAnswered { call, answer, next_call: _ } => match &v.card {
            CardStep::Asking { call: asked, .. } if *asked == call => {
                Ok(vec![issuer_answered(v, call, answer, now)])
            }
            _ => Err(Refusal::StaleAnswer),
        },
        Command::WithholdCard { call } => match v.card {
            CardStep::Confirm { .. } | CardStep::Later { .. } => Ok(vec![Event::CardWithheld { call }]),
            _ => Err(Refusal::StaleAnswer),
        },
        Command::GiveAccount { session, bank, call } => {
            mine(session)?;
            let AccountStep::Name { .. } = v.account else { return Err(Refusal::NotNow) };
            let rules = name_known(v)?;
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
        Command::DepositAnswered { call, answer } => match &v.account {
            AccountStep::Sending { call: asked, .. } | AccountStep::InDoubt { call: asked, .. }
                if *asked == call =>
            {
                Ok(vec![deposit_answered(v, call, answer, now)])
            }
            _ => Err(Refusal::StaleAnswer),
        },
        Command::Resend { session, call, withheld_until } => {
            mine(session)?;
            let rules = name_known(v)?;
            let mut events = match v.account {
                AccountStep::Resend { .. } => vec![],
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
        Command::AskNotice { session } => {
            mine(session)?;
            if v.waiting().is_none() {
                return Err(Refusal::NotNow);
            }
            Ok(if v.notice_asked { vec![] } else { vec![Event::NoticeAsked {}] })
        }
        Command::AskLink => Ok(vec![Event::LinkAsked {}]),
        Command::Tick { card_call, account_call, withheld_until } => {
            Ok(tick(v, card_call, account_call, withheld_until, now))
        }
        Command::LinkPerson { .. } => Err(Refusal::NotNow),
    }
}

fn consents(v: &Verification, answers: Vec<ConsentAnswer>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if v.stage != Stage::Consents {
        return Err(Refusal::NotNow);
    }
    let asked = |a: &ConsentAnswer| {
        v.plan.consents.iter().any(|c| c.text_id == a.text.text_id && c.required == a.required)
    };
    let each_once =
        v.plan.consents.iter().all(|c| answers.iter().filter(|a| a.text.text_id == c.text_id).count() == 1);
    if !each_once || !answers.iter().all(asked) {
        return Err(Refusal::ConsentsDiffer);
    }
    let refused = answers.iter().any(|a| a.required && !a.answer);
    let mut events = vec![Event::ConsentsAnswered { answers }];
    if refused {
        events.push(Event::Refused { code: RefusedCode::ConsentRefused, at: now });
    }
    Ok(events)
}

fn read(blob: crate::id::BlobId, reading: Reading) -> Event {
    match reading {
        Reading::Readable { doubtful, quality, forgery, reader } => {
            Event::CardRead { blob, doubtful, quality, forgery, reader }
        }
        Reading::Unreadable { quality, reader } => {
            Event::CardUnreadable { blob, quality, wrong_kind: false, reader }
        }
        Reading::WrongKind { reader } => {
            Event::CardUnreadable { blob, quality: vec![], wrong_kind: true, reader }
        }
    }
}

/// When an institution that gave no clear answer is asked again: when it said, else after a growing pause.
fn retry_at(silences: u32, said: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let pause = PAUSES_S[(silences as usize).min(PAUSES_S.len() - 1)];
    said.unwrap_or(now).max(now + SignedDuration::from_secs(pause))
}

fn issuer_answered(v: &Verification, call: CallId, answer: Answer<IssuerCode>, now: Timestamp) -> Event {
    let again = answer.code.outcome() == Outcome::Indeterminate;
    Event::IssuerAnswered {
        call,
        code: answer.code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(v.issuer_silences, answer.retry_at, now)),
    }
}

fn holder_answered(
    v: &Verification,
    call: CallId,
    answer: Answer<HolderCode>,
    name: Option<NameMatch>,
    next_call: CallId,
    withheld_until: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Event> {
    let again = answer.code.outcome() == Outcome::Indeterminate;
    let proved = answer.code.outcome() == Outcome::Passed && name == Some(NameMatch::Same);
    let mut events = vec![Event::HolderAnswered {
        call,
        code: answer.code,
        name,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(v.bank_silences, answer.retry_at, now)),
    }];
    if let (true, Some(rules)) = (proved, v.plan.existing_account()) {
        events.push(
            deposit(v, rules, next_call, withheld_until, now)
                .unwrap_or(Event::Refused { code: RefusedCode::AccountNotProved, at: now }),
        );
    }
    events
}

/// The next deposit, or the pause that the limits across cases ask for; nothing where the policy's sends are used.
fn deposit(
    v: &Verification,
    rules: AccountRules,
    call: CallId,
    withheld_until: Option<Timestamp>,
    now: Timestamp,
) -> Option<Event> {
    if v.sends >= rules.sends {
        return None;
    }
    Some(match withheld_until {
        Some(retry_at) => Event::DepositWithheld { retry_at },
        None => Event::DepositAsked { call, at: now },
    })
}

fn deposit_answered(v: &Verification, call: CallId, answer: Answer<DepositCode>, now: Timestamp) -> Event {
    // Once money may have moved, only the bank's own record settles it: another silence keeps the doubt.
    let code = match (&v.account, answer.code) {
        (AccountStep::InDoubt { .. }, code) if code.outcome() == Outcome::Indeterminate => {
            DepositCode::Unknown
        }
        (_, code) => code,
    };
    let again = code.outcome() == Outcome::Indeterminate;
    Event::DepositAnswered {
        call,
        code,
        provider: answer.provider,
        provider_ref: answer.provider_ref,
        provider_code: answer.provider_code,
        elapsed_ms: answer.elapsed_ms,
        at: now,
        retry_at: again.then(|| retry_at(v.bank_silences, answer.retry_at, now)),
    }
}

/// The account's rules, once the name that its holder is compared with has been confirmed.
fn name_known(v: &Verification) -> Result<AccountRules, Refusal> {
    let rules = v.plan.existing_account().ok_or(Refusal::NotNow)?;
    match v.card {
        CardStep::Asking { .. } | CardStep::Later { .. } | CardStep::Passed => Ok(rules),
        _ => Err(Refusal::NotNow),
    }
}

fn tick(
    v: &Verification,
    card_call: CallId,
    account_call: CallId,
    withheld_until: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Event> {
    let mut events = Vec::new();
    if let CardStep::Later { retry_at, .. } = &v.card
        && now >= *retry_at
    {
        events.push(Event::IssuerAsked { call: card_call });
    }
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
    events
}

/// Adds what follows by itself: the notice that was asked for, the end that has been reached.
fn finish(v: &Verification, mut events: Vec<Event>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if events.is_empty() {
        return Ok(events);
    }
    let mut after = v.clone();
    for event in &events {
        // Events that were just decided on this state fit it.
        after = apply(Some(after), event).map_err(|_| Refusal::NotNow)?;
    }
    if after.stage == Stage::Checking {
        let end = if after.policy_met() { Some(Event::Verified { at: now }) } else { exhausted(&after, now) };
        if let Some(end) = end {
            after = apply(Some(after), &end).map_err(|_| Refusal::NotNow)?;
            events.push(end);
        }
    }
    let goes_on = after.waiting().is_none()
        || after.waiting().map(|w| w.waiting_for) != v.waiting().map(|w| w.waiting_for);
    if v.notice_asked && after.notice_asked && goes_on {
        events.push(Event::NoticeDue {});
    }
    Ok(events)
}

fn exhausted(v: &Verification, now: Timestamp) -> Option<Event> {
    let refused = |code| Some(Event::Refused { code, at: now });
    if let (CardStep::Picture { .. }, Some((pictures, checks, _))) = (&v.card, v.plan.id_document()) {
        if v.card_refusals >= checks {
            return refused(RefusedCode::CardRefused);
        }
        if v.pictures >= pictures {
            return refused(RefusedCode::CardUnreadable);
        }
    }
    if let (CardStep::Confirm { again: Some(_), .. }, Some((_, checks, _))) = (&v.card, v.plan.id_document())
        && v.card_refusals >= checks
    {
        return refused(RefusedCode::CardRefused);
    }
    let rules = v.plan.existing_account()?;
    let no_more_accounts = v.accounts >= rules.accounts;
    match &v.account {
        AccountStep::Name { problem: Some(_) } if no_more_accounts || v.sends >= rules.sends => {
            refused(RefusedCode::AccountNotProved)
        }
        AccountStep::Resend { problem, .. } if *problem != ResendProblem::Asked && v.sends >= rules.sends => {
            refused(RefusedCode::AccountNotProved)
        }
        _ => None,
    }
}
