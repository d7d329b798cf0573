//! What is to review, oldest first.

use super::words;
use crate::app::App;
use crate::console::asked::Asked;
use crate::console::staff::Staff;
use crate::console::view::{Base, Screen};
use crate::console::{Shared, home};
use crate::fault::Fault;
use crate::flow::reviews::KIND;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use ingam_cases::id::InstitutionId;
use ingam_cases::review::{Review, Status};
use ingam_cases::staff::Role;
use ingam_ledger::{ListQuery, Owner};

/// Rows on one screen.
const SHOWN: usize = 50;
/// Open reviews that are looked at for the oldest ones.
const LOOKED_AT: usize = 2_000;
/// From so many hours on a review is late: the person was told that somebody looks within a working day.
const LATE_HOURS: i64 = 24;
/// From so many hours on it gets old.
const OLD_HOURS: i64 = 4;

/// The queue.
#[derive(Template)]
#[template(path = "console/review.html")]
pub(in crate::console) struct QueueScreen {
    pub(in crate::console) page: Base,
    institution: String,
    message: Option<&'static str>,
    rows: Vec<Row>,
    more: Option<String>,
}

/// One review.
struct Row {
    href: String,
    title: &'static str,
    /// Who asked, and when.
    asked: String,
    state: &'static str,
    /// `fresh`, `old` or `late`.
    age: &'static str,
}

/// `GET /console/review`: reviewers only.
pub(in crate::console) async fn list(
    State(console): Shared,
    staff: Staff,
    Query(at): Query<crate::console::door::At>,
) -> Response {
    if let Err(denied) = staff.require(&console, Role::Reviewer).await {
        return denied;
    }
    let found = async {
        Ok::<_, Fault>((
            home::institution(&console, &staff.institution).await?,
            open(&console.app, &staff.institution).await?,
        ))
    };
    let (institution, reviews) = match found.await {
        Ok(found) => found,
        Err(fault) => return staff.asked.failed(fault.into()),
    };
    let rows = reviews.iter().take(SHOWN).map(|review| row(&console.app, &staff, review)).collect();
    let more = reviews.len().checked_sub(SHOWN).filter(|more| *more > 0);
    let more = more.map(|count| staff.asked.t.review.more(count));
    let message = message(&staff.asked, &at.at);
    let queue = |page| Screen::Queue(QueueScreen { page, institution, message, rows, more });
    staff.asked.show(&console, StatusCode::OK, queue).await
}

fn message(asked: &Asked, at: &str) -> Option<&'static str> {
    let t = &asked.t.review;
    match at {
        "decided" => Some(t.decided_now),
        "proposed" => Some(t.proposed_now),
        "disagreed" => Some(t.disagreed_now),
        "released" => Some(t.released_now),
        _ => None,
    }
}

/// The open reviews of an institution, oldest first.
async fn open(app: &App, institution: &InstitutionId) -> Result<Vec<Review>, Fault> {
    let mut reviews: Vec<Review> = Vec::new();
    let mut after = None;
    loop {
        let owner = Owner::Institution(institution.to_string());
        let status = Some(Status::Open.as_str().to_owned());
        let page = app.ledger.list(ListQuery { status, after, ..ListQuery::new(KIND, owner, 100) }).await?;
        for view in page.cases.into_iter().filter_map(|case| case.view) {
            reviews.push(serde_json::from_value(view.state).map_err(Fault::internal)?);
        }
        after = page.next;
        if after.is_none() || reviews.len() >= LOOKED_AT {
            reviews.reverse();
            return Ok(reviews);
        }
    }
}

fn row(app: &App, staff: &Staff, review: &Review) -> Row {
    let (t, now) = (staff.asked.t, app.now());
    let hours = now.duration_since(review.opened_at).as_hours();
    Row {
        href: format!("/console/review/{}", review.id),
        title: words::refused(t, review.code),
        asked: t.case.asked(words::ago(t, review.opened_at, now), words::asked_by(t, review.asked_by)),
        state: match review.held(now) {
            Some(claim) if claim.by == staff.id => t.review.mine,
            Some(_) => t.review.other,
            None if review.proposed.is_some() => t.review.second,
            None => t.review.free,
        },
        age: match hours {
            LATE_HOURS.. => "late",
            OLD_HOURS.. => "old",
            _ => "fresh",
        },
    }
}
