//! Who is at the page: which verification, which session, from where.

use super::answer::page_of;
use super::{Pages, guard};
use crate::api::auth::address;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::person::Person;
use crate::flow::plaintext::{ReadFrom, Reader};
use crate::flow::verification::Current;
use crate::page::asked::Asked;
use crate::page::screens;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ingam_cases::id::VerificationId;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// What a browser has to do with a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It has the page.
    Mine,
    /// It had the page, or has the link: another browser has the page.
    Old,
}

/// Who is at the page.
pub(super) struct Visitor {
    pub(super) id: VerificationId,
    /// Who asks; empty where the verification is unknown.
    pub(super) institution: String,
    current: Option<Current>,
    session: Option<u32>,
    link: bool,
    device: Option<String>,
    address: IpAddr,
    /// How it is answered.
    pub(super) asked: Asked,
}

impl Visitor {
    /// The verification, where this browser may know of it.
    pub(super) fn known(&self) -> Option<(&Current, Seen)> {
        let current = self.current.as_ref()?;
        match self.session {
            Some(session) if session == current.state.session => Some((current, Seen::Mine)),
            Some(_) => Some((current, Seen::Old)),
            None => self.link.then_some((current, Seen::Old)),
        }
    }

    /// The person, where this browser has a session.
    pub(super) fn person<'a>(&self, app: &'a App) -> Option<Person<'a>> {
        Some(app.person(&self.id, self.session?, self.device.clone(), self.address))
    }

    /// Who reads what is sealed.
    pub(super) fn reader<'r>(&'r self, reason: &'r str) -> Reader<'r> {
        Reader {
            actor_kind: "person",
            actor: self.id.as_str(),
            origin: ReadFrom::Person(self.address),
            reason,
        }
    }

    /// The page's address.
    pub(super) fn path(&self) -> String {
        format!("/v/{}", self.id)
    }

    /// Somebody who holds the link, and perhaps no session.
    pub(super) async fn by_link(
        pages: &Pages,
        id: VerificationId,
        headers: &HeaderMap,
        asked: Asked,
    ) -> Result<Self, Fault> {
        let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Ok(Self { link: true, ..Self::load(pages, id, headers, address, asked).await? })
    }

    /// The same visitor, to whom something may have happened meanwhile.
    pub(super) async fn again(&self, pages: &Pages) -> Result<Self, Fault> {
        Ok(Self {
            id: self.id.clone(),
            institution: self.institution.clone(),
            current: pages.app.verification(&self.id).await?,
            session: self.session,
            link: self.link,
            device: self.device.clone(),
            address: self.address,
            asked: self.asked,
        })
    }

    async fn load(
        pages: &Pages,
        id: VerificationId,
        headers: &HeaderMap,
        address: IpAddr,
        asked: Asked,
    ) -> Result<Self, Fault> {
        let cookie = guard::cookie(headers, guard::SESSION);
        let session = pages.app.session(&id, cookie.as_deref()).await?;
        let current = pages.app.verification(&id).await?;
        let device = guard::cookie(headers, guard::DEVICE)
            .filter(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let institution = match &current {
            Some(current) => pages.app.institution(&current.state.institution).await?,
            None => None,
        };
        let institution = institution.map(|i| i.profile.name.clone()).unwrap_or_default();
        Ok(Self { id, institution, current, session, link: false, device, address, asked })
    }
}

impl FromRequestParts<Arc<Pages>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Arc<Pages>) -> Result<Self, Response> {
        let asked = Asked::of(&parts.uri, &parts.headers);
        let missing = || page_of(&screens::missing(asked.t), StatusCode::NOT_FOUND).into_response();
        let Path(path) =
            Path::<Vec<(String, String)>>::from_request_parts(parts, pages).await.map_err(|_| missing())?;
        let id = path.iter().find(|(name, _)| name == "id").map_or("", |(_, id)| id.as_str());
        let id = VerificationId::parse(id).map_err(|_| missing())?;
        let from = address(parts, pages.app.config.http.proxies);
        let again = format!("/v/{id}");
        Self::load(pages, id, &parts.headers, from, asked)
            .await
            .map_err(|fault| pages.failed(asked.t, fault.into(), &again))
    }
}
