//! The reviewers' desk: the queue, one review at a time, and its decision.
//!
//! Nothing about the person is read before a reviewer has claimed the review, and names stand masked until the
//! reviewer says why they look.

mod case;
mod queue;
#[cfg(test)]
mod story;
mod words;

pub(super) use case::{CaseScreen, claim, decide, picture, release, show};
pub(super) use queue::{QueueScreen, list};

use super::Console;
use super::asked::Asked;
use super::staff::Staff;
use super::view::Screen;
use crate::flow::plaintext::{ReadFrom, Reader};
use crate::flow::reviews::CurrentReview;
use axum::http::StatusCode;
use axum::response::Response;
use ingam_cases::id::ReviewId;
use ingam_cases::staff::Role;

impl Staff {
    /// This reviewer, reading for a reason.
    fn reads<'a>(&'a self, reason: &'a str) -> Reader<'a> {
        let origin = ReadFrom::Server(self.asked.from);
        Reader { actor_kind: "staff", actor: self.id.as_str(), origin, reason }
    }

    /// A review of their institution's.
    ///
    /// # Errors
    /// The screen that says that there is none, or that it is not theirs to see.
    async fn review(&self, console: &Console, id: &str) -> Result<CurrentReview, Response> {
        self.require(console, Role::Reviewer).await?;
        let found = match ReviewId::parse(id) {
            Ok(id) => console.app.review(&id).await.map_err(|fault| self.asked.failed(fault.into()))?,
            Err(_) => None,
        };
        match found.filter(|review| review.state.institution == self.institution) {
            Some(review) => Ok(review),
            None => Err(gone(console, &self.asked).await),
        }
    }
}

async fn gone(console: &Console, asked: &Asked) -> Response {
    let t = &asked.t.case;
    let screen = |page| Screen::notice(page, "gone", t.gone, t.gone_text, t.back, "/console/review");
    asked.show(console, StatusCode::NOT_FOUND, screen).await
}
