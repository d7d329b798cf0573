//! What comes next for the person: one thing at a time. The page draws it, the API reports it.

use super::card::may_ask_bank;
use super::{
    AccountProblem, AccountStep, CardProblem, CardStep, DeviceStep, DocumentField, End, FormStep,
    InstitutionStep, LaterReason, PhoneStep, ResendProblem, Stage, Verification,
};
use crate::answers::{DeviceCode, IssuerCode, PhoneCode};
use crate::policy::{DeviceKind, StepKind};
use crate::values::BankCode;
use jiff::Timestamp;

/// The one thing that the person can do, or what everybody waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Say that nobody tells them to do this.
    Safety,
    /// Answer the consents.
    Consents,
    /// Take a picture of the card.
    Picture {
        /// What was wrong with the last one.
        problem: Option<CardProblem>,
    },
    /// Say whether the card was read right.
    Confirm {
        /// Fields that need a look.
        doubtful: Vec<DocumentField>,
        /// What the issuer said before.
        again: Option<IssuerCode>,
    },
    /// Name an account.
    Account {
        /// What was wrong with the last one.
        problem: Option<AccountProblem>,
        /// The issuer is asked meanwhile and does not answer: when it goes on by itself, at the latest.
        issuer_later: Option<Timestamp>,
    },
    /// Type the code.
    Code {
        /// The bank.
        bank: BankCode,
        /// Until when.
        expires_at: Timestamp,
        /// How often.
        tries_left: u32,
        /// How often a new 1 won can be asked for.
        sends_left: u32,
    },
    /// Ask for a new 1 won, or name another account.
    Resend {
        /// The bank.
        bank: BankCode,
        /// Why.
        problem: ResendProblem,
        /// How often a new 1 won can be asked for.
        sends_left: u32,
    },
    /// Answer the institution's own questions.
    Form,
    /// Type a code of the access medium.
    Device {
        /// Its kind.
        kind: DeviceKind,
        /// What came of the last one.
        last: Option<DeviceCode>,
        /// How often it may still be wrong.
        tries_left: u32,
    },
    /// Name a phone.
    Phone {
        /// What became of the last one.
        problem: Option<PhoneCode>,
        /// How often a message can be asked for.
        messages_left: u32,
    },
    /// Type the code that went to the phone.
    PhoneCode {
        /// Until when.
        expires_at: Timestamp,
        /// How often.
        tries_left: u32,
        /// What the telecom said of the last one.
        problem: Option<PhoneCode>,
        /// How often a message can be asked for.
        messages_left: u32,
    },
    /// Nothing: someone else is at work.
    Wait {
        /// The telecom is asked.
        telecom: bool,
        /// The card is being read.
        reading: bool,
        /// The issuer: being asked, or asked again at that time.
        issuer: Option<WaitState>,
        /// The bank: being asked, or asked again at that time.
        bank: Option<(BankCode, WaitState)>,
        /// The institution itself: being asked, or asked again at that time.
        institution: Option<WaitState>,
    },
    /// It is over.
    Ended {
        /// How.
        end: End,
    },
}

/// How someone outside is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitState {
    /// An answer is expected within seconds.
    Asking,
    /// No answer for now; asked again by itself.
    Later {
        /// When.
        retry_at: Timestamp,
        /// Why.
        reason: LaterReason,
    },
    /// Money may have moved: the bank is asked for the result.
    InDoubt {
        /// When it is asked again.
        retry_at: Timestamp,
    },
}

/// What a step of the policy leads to.
enum Turn {
    /// It is the person's.
    Person(Next),
    /// Somebody else is at work, and what stands behind waits for it.
    Others,
    /// Nothing here holds up what stands behind.
    On,
}

/// Who is waited for, as far as the policy's steps have been walked through.
#[derive(Default)]
struct Waits {
    reading: bool,
    issuer: Option<WaitState>,
    bank: Option<(BankCode, WaitState)>,
    institution: Option<WaitState>,
    telecom: bool,
}

/// What comes next.
pub fn next(v: &Verification) -> Next {
    match &v.stage {
        Stage::Created | Stage::Safety => return Next::Safety,
        Stage::Consents => return Next::Consents,
        Stage::Ended { end, .. } => return Next::Ended { end: *end },
        Stage::Checking => {}
    }
    let mut waits = Waits::default();
    for step in &v.plan.steps {
        let turn = match step.kind() {
            StepKind::IdDocument => card(v, &mut waits),
            StepKind::ExistingAccount => account(v, &mut waits),
            StepKind::Form => form(v, &waits),
            StepKind::InstitutionCheck => institution(v, &mut waits),
            StepKind::Device => device(v, &waits),
            StepKind::Phone => phone(v, &mut waits),
        };
        match turn {
            Turn::Person(next) => return next,
            Turn::Others => break,
            Turn::On => {}
        }
    }
    let Waits { reading, issuer, bank, institution, telecom } = waits;
    Next::Wait { telecom, reading, issuer, bank, institution }
}

impl Waits {
    /// The issuer answers within seconds as a rule: its answer comes before anything else is begun, so that nobody
    /// fetches a code for a card that is refused. A slow issuer holds nobody up.
    fn hold_a_beginning(&self, v: &Verification) -> bool {
        self.issuer == Some(WaitState::Asking) && v.issuer_silences == 0
    }
}

fn card(v: &Verification, waits: &mut Waits) -> Turn {
    waits.issuer = match &v.card {
        CardStep::Picture { problem } => return Turn::Person(Next::Picture { problem: problem.clone() }),
        CardStep::Reading { .. } => {
            waits.reading = true;
            return Turn::Others;
        }
        CardStep::Confirm { doubtful, again, .. } => {
            return Turn::Person(Next::Confirm { doubtful: doubtful.clone(), again: *again });
        }
        CardStep::Screening { .. } | CardStep::Asking { .. } => Some(WaitState::Asking),
        CardStep::Later { retry_at, code, .. } => Some(WaitState::Later {
            retry_at: *retry_at,
            reason: if *code == IssuerCode::Maintenance {
                LaterReason::Maintenance
            } else {
                LaterReason::Unavailable
            },
        }),
        CardStep::Idle | CardStep::Passed => None,
    };
    // What stands before any verification is asked before the person does anything more.
    if waits.issuer.is_some() && !may_ask_bank(v) { Turn::Others } else { Turn::On }
}

fn account(v: &Verification, waits: &mut Waits) -> Turn {
    let sends_left = v.plan.existing_account().map_or(0, |rules| rules.sends.saturating_sub(v.sends));
    match &v.account {
        AccountStep::Name { .. } if waits.hold_a_beginning(v) => Turn::Others,
        AccountStep::Name { problem } => {
            let issuer_later = waits.issuer.map(|issuer| match issuer {
                WaitState::Later { retry_at, .. } => retry_at,
                // Being asked again takes the page away from nobody who types; the end of it all is the latest.
                _ => v.expires_at,
            });
            Turn::Person(Next::Account { problem: *problem, issuer_later })
        }
        AccountStep::Code { bank, expires_at, tries_left, .. } => Turn::Person(Next::Code {
            bank: *bank,
            expires_at: *expires_at,
            tries_left: *tries_left,
            sends_left,
        }),
        AccountStep::Resend { bank, problem } => {
            Turn::Person(Next::Resend { bank: *bank, problem: *problem, sends_left })
        }
        // Within a second the person is at it again: nothing else is begun.
        AccountStep::AskingHolder { bank, .. } | AccountStep::Sending { bank, .. } => {
            waits.bank = Some((*bank, WaitState::Asking));
            Turn::Others
        }
        AccountStep::InDoubt { bank, retry_at, .. } => {
            waits.bank = Some((*bank, WaitState::InDoubt { retry_at: *retry_at }));
            Turn::On
        }
        AccountStep::Later { bank, retry_at, reason, .. } => {
            waits.bank = Some((*bank, WaitState::Later { retry_at: *retry_at, reason: *reason }));
            Turn::On
        }
        AccountStep::Idle | AccountStep::Passed { .. } => Turn::On,
    }
}

fn form(v: &Verification, waits: &Waits) -> Turn {
    match v.form {
        FormStep::Open if waits.hold_a_beginning(v) => Turn::Others,
        FormStep::Open => Turn::Person(Next::Form),
        FormStep::Idle | FormStep::Answered => Turn::On,
    }
}

fn institution(v: &Verification, waits: &mut Waits) -> Turn {
    match &v.institution_check {
        InstitutionStep::Asking { .. } => waits.institution = Some(WaitState::Asking),
        InstitutionStep::Later { retry_at, .. } => {
            let reason = LaterReason::Unavailable;
            waits.institution = Some(WaitState::Later { retry_at: *retry_at, reason });
        }
        // It is asked by itself once what stands before it is done, and somebody is waited for there.
        InstitutionStep::Idle => {}
        InstitutionStep::Passed | InstitutionStep::Stopped => return Turn::On,
    }
    Turn::Others
}

fn device(v: &Verification, waits: &Waits) -> Turn {
    match (v.device, &v.medium) {
        (DeviceStep::Open { .. }, _) if waits.hold_a_beginning(v) => Turn::Others,
        (DeviceStep::Open { last, .. }, Some(medium)) => {
            Turn::Person(Next::Device { kind: medium.kind, last, tries_left: v.device_tries_left() })
        }
        _ => Turn::On,
    }
}

fn phone(v: &Verification, waits: &mut Waits) -> Turn {
    let messages_left = v.messages_left();
    match &v.phone {
        _ if !v.document.names_a_number() => Turn::On,
        PhoneStep::Name { .. } if waits.hold_a_beginning(v) => Turn::Others,
        PhoneStep::Name { problem } => Turn::Person(Next::Phone { problem: *problem, messages_left }),
        PhoneStep::Code { expires_at, tries_left, problem, .. } => Turn::Person(Next::PhoneCode {
            expires_at: *expires_at,
            tries_left: *tries_left,
            problem: *problem,
            messages_left,
        }),
        PhoneStep::Sending { .. } | PhoneStep::Checking { .. } => {
            waits.telecom = true;
            Turn::Others
        }
        PhoneStep::Idle | PhoneStep::Passed => Turn::On,
    }
}
