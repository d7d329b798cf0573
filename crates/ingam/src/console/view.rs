//! What each screen of the console shows, as data that its template draws. Nothing here is decided, and no field holds
//! a text that is not from the catalogue, the institution's, or the reader's own.

use super::review::{CaseScreen, QueueScreen};
use super::texts::Texts;
use crate::page::assets;
use crate::qr::Drawing;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What every screen has.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// The catalogue.
    pub(super) t: &'static Texts,
    /// What its forms carry.
    pub(super) form: String,
    /// Where it is, for the link to the other language.
    pub(super) path: String,
}

impl Base {
    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }
}

/// Login and password.
#[derive(Template)]
#[template(path = "console/sign_in.html")]
pub(super) struct SignIn {
    pub(super) page: Base,
    pub(super) message: Option<&'static str>,
    pub(super) good: bool,
}

/// The six digits.
#[derive(Template)]
#[template(path = "console/code.html")]
pub(super) struct Code {
    pub(super) page: Base,
    pub(super) message: Option<&'static str>,
}

/// Password and device, under a setup link.
#[derive(Template)]
#[template(path = "console/setup.html")]
pub(super) struct SetUp {
    pub(super) page: Base,
    pub(super) help: String,
    pub(super) qr: Option<Drawing>,
    pub(super) secret: Vec<String>,
    pub(super) password_message: Option<String>,
    pub(super) code_message: Option<&'static str>,
}

/// Another password.
#[derive(Template)]
#[template(path = "console/password.html")]
pub(super) struct Password {
    pub(super) page: Base,
    pub(super) must: bool,
    pub(super) old_message: Option<&'static str>,
    pub(super) new_message: Option<String>,
}

/// The first screen behind the door.
#[derive(Template)]
#[template(path = "console/home.html")]
pub(super) struct Home {
    pub(super) page: Base,
    pub(super) institution: String,
    pub(super) title: String,
    pub(super) roles: Vec<&'static str>,
    pub(super) reviews: bool,
    pub(super) message: Option<&'static str>,
}

/// Something to read and one way on.
#[derive(Template)]
#[template(path = "console/notice.html")]
pub(super) struct Notice {
    page: Base,
    screen: &'static str,
    title: &'static str,
    text: &'static str,
    go: &'static str,
    href: String,
}

/// A screen.
pub(super) enum Screen {
    SignIn(SignIn),
    Code(Code),
    SetUp(Box<SetUp>),
    Password(Password),
    Home(Home),
    Queue(QueueScreen),
    Case(Box<CaseScreen>),
    Notice(Notice),
}

impl Screen {
    /// Something to read and one way on.
    pub(super) fn notice(
        page: Base,
        screen: &'static str,
        title: &'static str,
        text: &'static str,
        go: &'static str,
        href: &str,
    ) -> Self {
        Self::Notice(Notice { page, screen, title, text, go, href: href.to_owned() })
    }

    fn html(&self) -> Result<String, askama::Error> {
        match self {
            Self::SignIn(screen) => screen.render(),
            Self::Code(screen) => screen.render(),
            Self::SetUp(screen) => screen.render(),
            Self::Password(screen) => screen.render(),
            Self::Home(screen) => screen.render(),
            Self::Queue(screen) => screen.render(),
            Self::Case(screen) => screen.render(),
            Self::Notice(screen) => screen.render(),
        }
    }
}

/// A screen as an answer.
pub(super) fn page_of(screen: &Screen, status: StatusCode) -> Response {
    match screen.html() {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(problem) => {
            tracing::error!(error = %problem, "a template failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
