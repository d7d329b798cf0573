//! What each screen shows, as data that its template draws. One struct, one template.
//!
//! Nothing here is decided: `screens` fills it in. No field holds a text that is not from the catalogue, the
//! institution's profile, or what the person gave.

use super::assets;
use super::texts::{ConsentWords, SafetyWords, Texts};
use crate::qr::Drawing;
use askama::Template;
use ingam_cases::policy::DeviceKind;
use std::borrow::Cow;

/// What every screen has: who asks, which step, and how the page keeps itself up to date.
#[derive(Debug, Clone)]
pub struct Page {
    /// The catalogue.
    pub t: &'static Texts,
    /// In the simple view.
    pub simple: bool,
    /// The screen's stable name.
    pub screen: &'static str,
    /// What the browser's tab says.
    pub title: String,
    /// Who asks; nobody where the link is unknown.
    pub asks: Option<Asks>,
    /// `/v/{id}`, or empty where there is no verification.
    pub path: String,
    /// Which step of how many.
    pub step: Option<(usize, usize)>,
    /// The number of entries that the screen was drawn from.
    pub version: u64,
    /// How often the page asks whether something changed, in seconds; never where it can't.
    pub every_s: Option<u32>,
    /// Whether a specimen camera may stand in for the real one. Sandbox only.
    pub specimen_camera: bool,
    /// What was wrong with what was just sent.
    pub message: Option<Message>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Asks {
    /// The institution.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// Its number, as people dial it.
    pub phone: String,
    /// When somebody answers.
    pub hours: Option<String>,
}

/// What was wrong with what was just sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The field that it is about.
    pub field: Option<Cow<'static, str>>,
    /// What is wrong and what to do.
    pub text: String,
}

impl Page {
    /// A file's address, with the hash of its content.
    pub fn asset(&self, name: &str) -> String {
        assets::address(&format!("page/{name}"))
    }
    /// The institution's name.
    pub fn who(&self) -> &str {
        self.asks.as_ref().map_or("", |asks| asks.name.as_str())
    }
    /// Whether the message is about a field.
    pub fn wrong(&self, field: &str) -> bool {
        self.message.as_ref().is_some_and(|m| m.field.as_deref() == Some(field))
    }
}

impl Asks {
    /// The number as a link dials it.
    pub fn dial(&self) -> String {
        self.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// How something stands: each has its shape and its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// ● done.
    Done,
    /// ◐ waiting.
    Waiting,
    /// ▲ look.
    Look,
    /// ■ stopped.
    Stopped,
    /// ○ not yet.
    Later,
}

impl Mark {
    /// Its word.
    pub fn word(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Done => t.state.done,
            Self::Waiting => t.state.waiting,
            Self::Look => t.state.look,
            Self::Stopped => t.state.stopped,
            Self::Later => t.state.later,
        }
    }
    /// Its colour, as the style sheet names it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Done => "good",
            Self::Waiting | Self::Look => "wait",
            Self::Stopped => "stop",
            Self::Later => "later",
        }
    }
}

/// Something to press: a link, or a form of one button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is sent as a form.
    pub post: bool,
}

impl Action {
    /// A link.
    pub fn go(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), post: false }
    }
    /// A form of one button.
    pub fn post(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), post: true }
    }
}

/// A heading and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The heading.
    pub heading: String,
    /// The text.
    pub text: String,
}

impl Block {
    /// A heading and a text.
    pub fn new(heading: impl Into<String>, text: impl Into<String>) -> Self {
        Self { heading: heading.into(), text: text.into() }
    }
}

/// V1.
#[derive(Debug, Template)]
#[template(path = "page/start.html")]
#[allow(missing_docs)]
pub struct Start {
    pub page: Page,
    /// What is done with the card, and what to have at hand.
    pub card: Option<(String, String)>,
    pub account: bool,
    /// The access medium whose code will be asked for.
    pub device: Option<DeviceKind>,
    pub phone: bool,
}

/// V2.
#[derive(Debug, Template)]
#[template(path = "page/safety.html")]
#[allow(missing_docs)]
pub struct SafetyQuestion {
    pub page: Page,
    pub words: SafetyWords,
}

/// V2b.
#[derive(Debug, Template)]
#[template(path = "page/stopped.html")]
#[allow(missing_docs)]
pub struct StopHere {
    pub page: Page,
}

/// One consent of V3.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct ConsentRow {
    pub id: &'static str,
    pub version: u32,
    pub words: ConsentWords,
    /// The Korean words, which prevail, where these are others.
    pub original: Option<ConsentWords>,
}

/// V3.
#[derive(Debug, Template)]
#[template(path = "page/consents.html")]
#[allow(missing_docs)]
pub struct Consents {
    pub page: Page,
    pub required: Vec<ConsentRow>,
    pub optional: Vec<ConsentRow>,
}

/// V4 and V5, and what was wrong with the picture or card before.
#[derive(Debug, Template)]
#[template(path = "page/camera.html")]
#[allow(missing_docs)]
pub struct Camera {
    pub page: Page,
    pub state: Option<Mark>,
    pub title: String,
    pub help: String,
    /// Not the first picture.
    pub again: bool,
    pub block: Option<Block>,
    pub more: Vec<Block>,
    /// An action that comes before another picture, such as unlocking the card.
    pub first: Option<Action>,
    /// What the button that opens the camera says.
    pub open: String,
    /// Whether a file may be chosen.
    pub files: bool,
    /// Whether the camera may be used.
    pub camera: bool,
    /// Whether it is read inside another app.
    pub in_app: bool,
    /// The way out of it into a browser.
    pub outside: Option<Action>,
    /// The person's link, for a phone's camera.
    pub qr: Option<Drawing>,
    /// The same to be copied.
    pub link: String,
}

/// One field of V6.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CheckField {
    /// As the form names it.
    pub name: &'static str,
    pub label: &'static str,
    /// What stands in it.
    pub value: String,
    /// What it asks for.
    pub help: &'static str,
    /// Whether its place on the card was cut out.
    pub crop: bool,
    pub digits: bool,
}

/// V6.
#[derive(Debug, Template)]
#[template(path = "page/check.html")]
#[allow(missing_docs)]
pub struct Check {
    pub page: Page,
    pub title: String,
    pub help: String,
    /// After a no of the issuer.
    pub again: bool,
    pub picture: bool,
    /// What was read, as label and value.
    pub rows: Vec<(&'static str, String)>,
    /// Fields that are open.
    pub open: Vec<CheckField>,
    /// Fields that can be opened.
    pub closed: Vec<CheckField>,
    pub go: &'static str,
}

/// A bank to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct House {
    pub code: String,
    pub name: String,
}

/// V10.
#[derive(Debug, Template)]
#[template(path = "page/account.html")]
#[allow(missing_docs)]
pub struct Account {
    pub page: Page,
    /// What was wrong with the account before.
    pub problem: Option<String>,
    /// Something that goes on meanwhile.
    pub meanwhile: Option<String>,
    pub more: Vec<Block>,
    /// The ones most used.
    pub banks: Vec<House>,
    pub other_banks: Vec<House>,
    pub chosen: Option<String>,
    pub number: String,
    pub links: Vec<Action>,
}

/// V11.
#[derive(Debug, Template)]
#[template(path = "page/code.html")]
#[allow(missing_docs)]
pub struct Code {
    pub page: Page,
    pub bank: String,
    /// Seconds left.
    pub left_s: i64,
    pub left: String,
    /// Tries left, after a wrong one.
    pub wrong: Option<String>,
    pub sends_left: u32,
}

/// A question of the institution's own.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FormQuestion {
    /// As the form names it.
    pub name: String,
    pub text: String,
    pub required: bool,
    pub answer: AnswerField,
}

/// How a question is answered.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AnswerField {
    /// One of several, or some of them: value, text, whether it was chosen.
    Choice {
        options: Vec<(String, String, bool)>,
        many: bool,
    },
    Line {
        value: String,
        max: u32,
        digits: bool,
    },
    Day {
        value: String,
    },
}

/// The institution's own questions.
#[derive(Debug, Template)]
#[template(path = "page/form.html")]
#[allow(missing_docs)]
pub struct OwnForm {
    pub page: Page,
    pub questions: Vec<FormQuestion>,
}

/// A code of an access medium.
#[derive(Debug, Template)]
#[template(path = "page/device.html")]
#[allow(missing_docs)]
pub struct Device {
    pub page: Page,
    pub help: String,
    /// Of a security card: the two numbers that are asked for, each as it is said.
    pub asked: Vec<String>,
    pub label: &'static str,
    pub wrong: Option<String>,
    pub more: Vec<Block>,
}

/// Whose a phone is.
#[derive(Debug, Template)]
#[template(path = "page/phone.html")]
#[allow(missing_docs)]
pub struct Phone {
    pub page: Page,
    pub problem: Option<&'static str>,
    /// Value and name of each.
    pub telecoms: Vec<(&'static str, &'static str)>,
    pub chosen: String,
    pub number: String,
    pub more: Vec<Block>,
}

/// The code that went to a phone.
#[derive(Debug, Template)]
#[template(path = "page/phone_code.html")]
#[allow(missing_docs)]
pub struct PhoneCode {
    pub page: Page,
    pub wrong: Option<String>,
    /// Seconds left.
    pub left_s: i64,
    pub left: String,
    pub more: Vec<Block>,
    pub links: Vec<Action>,
}

/// One line of V12 and V14.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Line {
    pub mark: Mark,
    pub name: &'static str,
    pub text: String,
    /// At what time it was done.
    pub at: Option<String>,
}

/// V12.
#[derive(Debug, Template)]
#[template(path = "page/working.html")]
#[allow(missing_docs)]
pub struct Working {
    pub page: Page,
    pub title: &'static str,
    pub help: &'static str,
    pub lines: Vec<Line>,
    /// Why it takes longer.
    pub reason: String,
    /// Whether the person can ask to be told.
    pub notice: bool,
    /// Where the person has asked: what happens then.
    pub noticed: Option<String>,
}

/// V14.
#[derive(Debug, Template)]
#[template(path = "page/done.html")]
#[allow(missing_docs)]
pub struct Done {
    pub page: Page,
    pub title: String,
    pub lines: Vec<Line>,
    pub number: String,
    pub kept: Vec<String>,
    pub back: Option<String>,
}

/// What can be asked at any time.
#[derive(Debug, Template)]
#[template(path = "page/help.html")]
#[allow(missing_docs)]
pub struct Help {
    pub page: Page,
    pub more: Vec<Block>,
    /// The consents that can be taken back.
    pub withdraw: Vec<Action>,
    /// Those that were.
    pub withdrawn: Vec<String>,
}

/// A screen that says one thing and offers one way on: G5 to G10, a new 1 won, V15.
#[derive(Debug, Template)]
#[template(path = "page/notice.html")]
#[allow(missing_docs)]
pub struct Notice {
    pub page: Page,
    pub state: Option<Mark>,
    pub title: String,
    pub help: String,
    pub block: Option<Block>,
    /// A sentence in small type.
    pub small: Option<String>,
    pub more: Vec<Block>,
    /// Whether the institution's number stands there.
    pub human: bool,
    pub action: Option<Action>,
    pub links: Vec<Action>,
}
