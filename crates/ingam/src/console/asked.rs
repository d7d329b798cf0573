//! A request to the console: in which language, from where, with which cookies; and a form that was sent.

use super::texts::Texts;
use super::view::{Base, Screen, page_of};
use super::{Console, guard, texts};
use crate::api::auth::address;
use crate::codes;
use crate::fault::Fault;
use crate::flow::ActError;
use crate::page::routes::guard::cookie;
use crate::page::texts::hex;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;

/// A request to the console.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) t: &'static Texts,
    pub(super) from: IpAddr,
    path: String,
    headers: HeaderMap,
}

impl Asked {
    /// A cookie's value.
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        cookie(&self.headers, name)
    }

    /// The cookie that forms are bound to: the session's, else the door's.
    fn bound_to(&self) -> Option<String> {
        self.cookie(guard::SESSION).or_else(|| self.cookie(guard::DOOR))
    }

    /// What a screen has around it. Where no cookie is there to bind its forms to, it gets one.
    pub(super) async fn base(&self, console: &Console) -> Result<(Base, Option<HeaderValue>), Fault> {
        let (bound, set) = match self.bound_to() {
            Some(bound) => (bound, None),
            None => {
                let fresh = hex(&console.app.entropy.draw::<16>());
                let set = guard::set_cookie(guard::DOOR, &fresh, None, guard::is_secure(console));
                (fresh, Some(set))
            }
        };
        let form = codes::form_token(&console.app.ledger, &bound).await?;
        Ok((Base { t: self.t, form, path: self.path.clone() }, set))
    }

    /// A screen.
    pub(super) async fn show(
        &self,
        console: &Console,
        status: StatusCode,
        draw: impl FnOnce(Base) -> Screen,
    ) -> Response {
        match self.base(console).await {
            Ok((base, set)) => {
                let mut answer = page_of(&draw(base), status);
                if let Some(set) = set {
                    answer.headers_mut().append(header::SET_COOKIE, set);
                }
                answer
            }
            Err(fault) => self.failed(fault.into()),
        }
    }

    /// A fault: said once in the log, and on the screen without what failed.
    pub(super) fn failed(&self, problem: ActError) -> Response {
        tracing::error!(error = %problem, "the console failed");
        let base = Base { t: self.t, form: String::new(), path: self.path.clone() };
        let screen =
            Screen::notice(base, "fault", self.t.fault.title, self.t.fault.text, self.t.fault.go, &self.path);
        if !matches!(problem, ActError::Fault(Fault::Ledger(ingam_ledger::Fault::Unavailable(_)))) {
            return page_of(&screen, StatusCode::INTERNAL_SERVER_ERROR);
        }
        let mut answer = page_of(&screen, StatusCode::SERVICE_UNAVAILABLE);
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        answer
    }
}

impl FromRequestParts<Arc<Console>> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Self::Rejection> {
        let chosen = guard::chosen_language(parts.uri.query()).and_then(texts::of);
        let kept = || cookie(&parts.headers, guard::LANGUAGE).and_then(|code| texts::of(&code));
        Ok(Self {
            t: chosen.or_else(kept).unwrap_or_else(|| texts::accepted(&parts.headers)),
            from: address(parts, console.app.config.http.proxies),
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
        })
    }
}

/// A form that came from one of our own screens in this browser. Extracting it refuses any other.
pub(super) struct Sent {
    pub(super) asked: Asked,
    fields: Vec<(String, String)>,
}

impl Sent {
    /// A field's value; empty where it is missing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }
}

impl FromRequest<Arc<Console>> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(asked) = Asked::from_request_parts(&mut parts, console).await;
        let request = Request::from_parts(parts, body);
        let body = Bytes::from_request(request, &()).await.map_err(IntoResponse::into_response)?;
        let parsed = url::form_urlencoded::parse(&body);
        let sent = Self { fields: parsed.map(|(k, v)| (k.into_owned(), v.into_owned())).collect(), asked };
        let ours = match sent.asked.bound_to() {
            Some(bound) => codes::is_form_token(&console.app.ledger, &bound, sent.get("form")).await,
            None => Ok(false),
        };
        match ours {
            Ok(true) => Ok(sent),
            Ok(false) => {
                let t = sent.asked.t;
                let stale =
                    |base| Screen::notice(base, "stale", t.stale.title, t.stale.text, t.stale.go, "/console");
                Err(sent.asked.show(console, StatusCode::FORBIDDEN, stale).await)
            }
            Err(fault) => Err(sent.asked.failed(fault.into())),
        }
    }
}
