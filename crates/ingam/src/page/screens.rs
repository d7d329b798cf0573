//! Which screen a verification is at: from its state and a few facts to what is shown. Pure.
//!
//! One state, one screen: reload, back and another day all come to the same place.

use super::in_app::InApp;
use super::say;
use super::texts::Texts;
use super::view::*;
use crate::flow::document::FieldTexts;
use askama::Template;
use ingam_cases::institution::Profile;
use ingam_cases::policy::{StepKind, Words};
use ingam_cases::security_card::Challenge;
use ingam_cases::values::BankCode;
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::{AccountStep, DocumentField, End, RefusedCode, Verification};
use jiff::Timestamp;
use jiff::civil::Date;

mod ends;
mod more;
mod phone;
mod steps;
mod waits;

pub use ends::{WITHDRAW, elsewhere, fault, missing};
use ends::{ended, help, link_asked};
pub use more::QUESTION;
use more::{device, form};
use steps::{account, camera, check, code, consents, resend};
use waits::{pause, paused, working};

/// A screen, ready to be drawn.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Screen {
    Start(Start),
    Safety(SafetyQuestion),
    Stopped(StopHere),
    Consents(Consents),
    Camera(Camera),
    Check(Check),
    Account(Account),
    Code(Code),
    Form(OwnForm),
    Device(Device),
    Phone(Phone),
    PhoneCode(PhoneCode),
    Working(Working),
    Done(Done),
    Help(Help),
    Notice(Notice),
}

impl Screen {
    /// Its HTML.
    ///
    /// # Errors
    /// Where a template fails, which none does.
    pub fn html(&self) -> askama::Result<String> {
        match self {
            Self::Start(s) => s.render(),
            Self::Safety(s) => s.render(),
            Self::Stopped(s) => s.render(),
            Self::Consents(s) => s.render(),
            Self::Camera(s) => s.render(),
            Self::Check(s) => s.render(),
            Self::Account(s) => s.render(),
            Self::Code(s) => s.render(),
            Self::Form(s) => s.render(),
            Self::Device(s) => s.render(),
            Self::Phone(s) => s.render(),
            Self::PhoneCode(s) => s.render(),
            Self::Working(s) => s.render(),
            Self::Done(s) => s.render(),
            Self::Help(s) => s.render(),
            Self::Notice(s) => s.render(),
        }
    }
    /// What every screen has.
    #[cfg(test)]
    pub fn page(&self) -> &Page {
        match self {
            Self::Start(s) => &s.page,
            Self::Safety(s) => &s.page,
            Self::Stopped(s) => &s.page,
            Self::Consents(s) => &s.page,
            Self::Camera(s) => &s.page,
            Self::Check(s) => &s.page,
            Self::Account(s) => &s.page,
            Self::Code(s) => &s.page,
            Self::Form(s) => &s.page,
            Self::Device(s) => &s.page,
            Self::Phone(s) => &s.page,
            Self::PhoneCode(s) => &s.page,
            Self::Working(s) => &s.page,
            Self::Done(s) => &s.page,
            Self::Help(s) => &s.page,
            Self::Notice(s) => &s.page,
        }
    }
}

/// A screen beside the next step, chosen by a link (`?at=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The next step.
    #[default]
    None,
    /// The safety question, after the start.
    Safety,
    /// Help.
    Help,
    /// A new link was just asked for.
    LinkAsked,
}

/// What was read of the card, for the person to confirm.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct CardShown {
    pub birth_date: Option<Date>,
    /// Its fields as a screen may show them.
    pub shown: FieldTexts,
    /// Whether a masked picture is kept.
    pub picture: bool,
    /// The fields whose place on the card was cut out.
    pub crops: Vec<DocumentField>,
}

/// What is kept, and until when.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Kept {
    pub picture_until: Option<Date>,
    pub identity_until: Option<Date>,
}

/// What a screen needs beside the state.
#[derive(Debug, Clone)]
pub struct ScreenData<'a> {
    /// The catalogue.
    pub t: &'static Texts,
    /// In the simple view.
    pub simple: bool,
    /// The time.
    pub now: Timestamp,
    /// Who asks.
    pub profile: &'a Profile,
    /// Where its actions lead: `/v/{id}`, or `/p/{token}` for somebody who holds the link alone.
    pub path: String,
    /// The number of the verification's entries.
    pub version: u64,
    /// A screen beside the next step.
    pub side: Side,
    /// Banks to choose from, the ones most used first.
    pub banks: &'a [House],
    /// What was read of the card; asked for only where the person confirms it.
    pub card: Option<CardShown>,
    /// Whether this installation takes pictures from files at all.
    pub files: bool,
    /// Whether a specimen camera may stand in for the real one.
    pub specimen_camera: bool,
    /// The person's name, masked.
    pub name_masked: Option<String>,
    /// What is kept until when.
    pub kept: Option<Kept>,
    /// What was wrong with what was just sent.
    pub message: Option<Message>,
    /// The fields that were just sent, where they could not be used.
    pub typed: Vec<(String, String)>,
    /// What a security card is asked; only where it is.
    pub challenge: Option<Challenge>,
    /// What the institution wants the person to read, after its last word.
    pub institution_text: Option<Words>,
    /// The window inside another app in which it is read.
    pub in_app: Option<InApp>,
    /// The person's link, for another device or browser; only at the camera.
    pub link: Option<String>,
}

/// The stable name of the screen that a verification is at.
pub fn name(v: &Verification) -> &'static str {
    match next(v) {
        Next::Safety => "start",
        Next::Consents => "consents",
        Next::Picture { .. } => "camera",
        Next::Confirm { .. } => "check",
        Next::Account { .. } => "account",
        Next::Code { .. } => "code",
        Next::Resend { .. } => "resend",
        Next::Form => "form",
        Next::Device { .. } => "device",
        Next::Phone { .. } => "phone",
        Next::PhoneCode { .. } => "phone_code",
        Next::Wait { telecom, issuer, bank, institution, .. } => match pause(issuer, bank, institution) {
            Some(_) if !telecom => "pause",
            _ => "working",
        },
        Next::Ended { end } => match end {
            End::Verified => "done",
            End::Refused { code: RefusedCode::StoppedByPerson } => "stopped",
            End::Refused { .. } if looked_at(v) => "review",
            End::Refused { .. } => "refused",
            End::Expired => "expired",
            End::Cancelled => "cancelled",
        },
    }
}

/// Whether a person at the institution looks at the refusal. What a register says of the dead is told to nobody: it
/// reads like any other second look.
fn looked_at(v: &Verification) -> bool {
    v.in_review() || (v.refused_with() == Some(RefusedCode::Deceased) && v.review.is_none())
}

/// The screen that a verification is at.
pub fn screen(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let screen = name(v);
    match (data.side, screen) {
        (Side::Help, _) => return help(v, data),
        (Side::LinkAsked, "expired" | "refused") => return link_asked(v, data),
        _ => {}
    }
    match next(v) {
        Next::Safety if data.side == Side::Safety => Screen::Safety(SafetyQuestion {
            words: data.t.safety.words(&data.profile.name),
            page: page(v, data, "safety", data.t.safety.words(&data.profile.name).title),
        }),
        Next::Safety => Screen::Start(Start {
            card: step_of(v, StepKind::IdDocument).map(|_| ready(v, data.t)),
            account: step_of(v, StepKind::ExistingAccount).is_some(),
            device: v.medium.as_ref().map(|medium| medium.kind),
            phone: step_of(v, StepKind::Phone).is_some(),
            page: page(v, data, screen, data.t.start.title),
        }),
        Next::Consents => consents(v, data),
        Next::Picture { problem } => camera(v, data, problem.as_ref()),
        Next::Confirm { doubtful, again } => check(v, data, &doubtful, again),
        Next::Account { problem, issuer_later } => account(v, data, problem, issuer_later.is_some()),
        Next::Code { bank, expires_at, tries_left, sends_left } => {
            code(v, data, bank, expires_at, tries_left, sends_left)
        }
        Next::Resend { bank, problem, sends_left } => resend(v, data, bank, problem, sends_left),
        Next::Form => form(v, data),
        Next::Device { kind, last, tries_left } => device(v, data, kind, last, tries_left),
        Next::Phone { problem, .. } => phone::named(v, data, problem),
        Next::PhoneCode { expires_at, tries_left, problem, messages_left } => {
            phone::code(v, data, expires_at, tries_left, problem, messages_left)
        }
        Next::Wait { telecom, reading, issuer, bank, institution } => {
            match pause(issuer, bank, institution) {
                Some(pause) if !telecom => paused(v, data, pause),
                _ => working(v, data, reading, issuer, bank),
            }
        }
        Next::Ended { end } => ended(v, data, end),
    }
}

/// What is said of the card before it begins: what is done with it, and what to have at hand.
fn ready(v: &Verification, t: &'static Texts) -> (String, String) {
    let taken = v.plan.documents();
    let all = say::documents(t, taken);
    match taken {
        [_] => (t.start.card_help(&all), t.start.ready_card(&all)),
        _ => (t.start.card_help_many.to_owned(), t.start.ready_card_many(&all)),
    }
}

fn page(v: &Verification, data: &ScreenData<'_>, screen: &'static str, title: impl Into<String>) -> Page {
    let step = match screen {
        "camera" | "check" => Some(StepKind::IdDocument),
        "account" | "code" | "resend" => Some(StepKind::ExistingAccount),
        "form" => Some(StepKind::Form),
        "device" => Some(StepKind::Device),
        "phone" | "phone_code" => Some(StepKind::Phone),
        "working" | "pause" if v.phone.call().is_some() => Some(StepKind::Phone),
        "working" | "pause" if v.institution_check.awaited() => Some(StepKind::InstitutionCheck),
        "working" | "pause" if matches!(v.account, AccountStep::Idle | AccountStep::Name { .. }) => {
            Some(StepKind::IdDocument)
        }
        "working" | "pause" => Some(StepKind::ExistingAccount),
        _ => None,
    };
    Page {
        t: data.t,
        simple: data.simple,
        screen,
        title: title.into(),
        asks: Some(asks(data.profile, &v.plan.purpose)),
        path: data.path.clone(),
        step: step.and_then(|kind| step_of(v, kind)).map(|at| (at, v.plan.steps.len())),
        version: data.version,
        every_s: match screen {
            "working" => Some(1),
            "camera" | "check" | "account" | "code" | "resend" | "form" | "device" | "pause" | "consents"
            | "phone" | "phone_code" | "review" => Some(5),
            _ => None,
        },
        specimen_camera: data.specimen_camera,
        message: data.message.clone(),
    }
}

fn asks(profile: &Profile, purpose: &str) -> Asks {
    Asks {
        name: profile.name.clone(),
        purpose: purpose.to_owned(),
        phone: profile.phone.clone(),
        hours: profile.hours.clone(),
    }
}

/// The number of a step in the policy, from 1.
fn step_of(v: &Verification, kind: StepKind) -> Option<usize> {
    v.plan.steps.iter().position(|s| s.kind() == kind).map(|at| at + 1)
}

fn bank_name(data: &ScreenData<'_>, bank: BankCode) -> String {
    let found = data.banks.iter().find(|b| b.code == bank.as_str());
    found.map_or_else(|| data.t.who.bank_unknown.to_owned(), |b| b.name.clone())
}

fn notice(page: Page, help: impl Into<String>) -> Notice {
    Notice {
        title: page.title.clone(),
        page,
        state: None,
        help: help.into(),
        block: None,
        small: None,
        more: vec![],
        human: true,
        action: None,
        links: vec![],
    }
}

fn line(mark: Mark, name: &'static str, text: impl Into<String>) -> Line {
    Line { mark, name, text: text.into(), at: None }
}
