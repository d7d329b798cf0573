//! The person's link and the page's session: who may act for the person, and from where.

use super::ActError;
use super::verification::{Act, Along, Current};
use crate::app::App;
use crate::codes;
use crate::fault::Fault;
use ingam_cases::id::VerificationId;
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::Command;
use jiff::SignedDuration;

/// How long another browser may take to open.
const HANDED_OVER_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What became of opening a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// This browser has the page.
    Here {
        /// The verification.
        id: VerificationId,
        /// The value of the session's cookie.
        cookie: String,
    },
    /// Another browser has it; the person may take it over here.
    Elsewhere {
        /// The verification.
        id: VerificationId,
    },
    /// It has ended; the page says how.
    Ended {
        /// The verification.
        id: VerificationId,
    },
    /// No link of ours.
    Unknown,
}

impl App {
    /// The address that a person opens.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn person_url(&self, id: &VerificationId) -> Result<String, Fault> {
        Ok(format!("{}/p/{}", self.base_url, codes::link_token(&self.ledger, id).await?))
    }

    /// Opens a link, in a browser that may have a session already.
    ///
    /// # Errors
    /// A fault.
    pub async fn open_link(
        &self,
        token: &str,
        cookie: Option<&str>,
        take_over: bool,
    ) -> Result<Opened, ActError> {
        let Some(id) = codes::read_link_token(&self.ledger, token).await? else { return Ok(Opened::Unknown) };
        let Some(current) = self.verification(&id).await? else { return Ok(Opened::Unknown) };
        if let Some(cookie) = cookie
            && let Some(session) = codes::read_session_cookie(&self.ledger, &id, cookie).await?
            && session == current.state.session
        {
            return Ok(Opened::Here { id, cookie: cookie.to_owned() });
        }
        match self.take_session(&id, take_over).await {
            Ok(current) => {
                let cookie = codes::session_cookie(&self.ledger, &id, current.state.session).await?;
                Ok(Opened::Here { id, cookie })
            }
            Err(ActError::Refused(Refusal::OtherSession)) => Ok(Opened::Elsewhere { id }),
            Err(ActError::Refused(Refusal::Ended | Refusal::Expired)) => Ok(Opened::Ended { id }),
            Err(other) => Err(other),
        }
    }

    /// The address with which another browser goes on where this session is, for ten minutes and once.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn hand_over_url(&self, id: &VerificationId, session: u32) -> Result<String, Fault> {
        let until = self.now() + HANDED_OVER_FOR;
        let token = codes::hand_over_token(&self.ledger, id, session, until).await?;
        Ok(format!("{}/h/{token}", self.base_url))
    }

    /// Goes on in this browser where the token's session was. A token that was used, or whose time is over, leads where the
    /// link leads.
    ///
    /// # Errors
    /// A fault.
    pub async fn take_hand_over(&self, token: &str) -> Result<(Opened, String), ActError> {
        let found = codes::read_hand_over_token(&self.ledger, token, self.now()).await?;
        let Some((id, session)) = found else { return Ok((Opened::Unknown, String::new())) };
        let link = codes::link_token(&self.ledger, &id).await?;
        let taken = self.act(&id, Along::default(), |current, _| {
            match current.is_some_and(|current| Some(current.state.session) == session) {
                true => Ok(Act::plain(Command::TakeSession { take_over: true })),
                false => Err(Refusal::OtherSession.into()),
            }
        });
        let opened = match taken.await {
            Ok(current) => {
                let cookie = codes::session_cookie(&self.ledger, &id, current.state.session).await?;
                Opened::Here { id, cookie }
            }
            Err(ActError::Refused(Refusal::OtherSession)) => Opened::Elsewhere { id },
            Err(ActError::Refused(Refusal::Ended | Refusal::Expired)) => Opened::Ended { id },
            Err(other) => return Err(other),
        };
        Ok((opened, link))
    }

    async fn take_session(&self, id: &VerificationId, take_over: bool) -> Result<Current, ActError> {
        self.act(id, Along::default(), |_, _| Ok(Act::plain(Command::TakeSession { take_over }))).await
    }

    /// The session that a cookie stands for, where it is one of ours. It may be an old one.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn session(&self, id: &VerificationId, cookie: Option<&str>) -> Result<Option<u32>, Fault> {
        match cookie {
            Some(cookie) => codes::read_session_cookie(&self.ledger, id, cookie).await,
            None => Ok(None),
        }
    }
}
