//! One review: what happened, who the person is as far as it must be seen, and what shall happen.

use super::words;
use crate::api::reviews::note_problem;
use crate::console::asked::Sent;
use crate::console::staff::Staff;
use crate::console::view::{Base, Screen};
use crate::console::{Console, Shared, home};
use crate::flow::ActError;
use crate::flow::look::{Clarity, Look};
use crate::flow::reviews::CurrentReview;
use crate::page::say::moment_in_korea;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use ingam_cases::answers::Outcome;
use ingam_cases::refusal::Refusal;
use ingam_cases::review::{Command, Decision, Finding, Reason, Review};
use ingam_cases::verification::Verification;

/// Why names are opened where nobody asked for them: to be shown masked.
const MASKED: &str = "show_masked";
/// Why a decision opens what it needs.
const DECIDE: &str = "decide_review";

/// One review.
#[derive(Template)]
#[template(path = "console/review_case.html")]
pub(in crate::console) struct CaseScreen {
    pub(in crate::console) page: Base,
    institution: String,
    path: String,
    title: &'static str,
    asked: String,
    findings: Vec<Line>,
    message: Option<&'static str>,
    /// What the first of two decided.
    proposed: Option<String>,
    standing: Standing,
}

/// What happened once.
struct Line {
    /// `done`, `stop` or `wait`.
    class: &'static str,
    text: String,
    code: String,
    at: String,
}

/// What can be done with it.
enum Standing {
    /// Somebody may take it.
    Free,
    /// This reviewer has it.
    Mine(Box<Mine>),
    /// Nothing here: somebody else has it, decided it, or must.
    Nothing(String),
}

/// What whoever has it sees, and may decide.
struct Mine {
    fields: Vec<(&'static str, String)>,
    holder: Option<String>,
    forgery: Option<String>,
    nothing_left: Option<&'static str>,
    /// Why this reviewer sees names and the picture; nothing while they stand masked.
    viewing: Option<String>,
    picture: Option<String>,
    choices: Vec<Choice>,
}

/// A decision with its reasons.
struct Choice {
    decision: &'static str,
    name: &'static str,
    help: &'static str,
    reasons: Vec<(&'static str, &'static str)>,
}

#[derive(serde::Deserialize, Default)]
pub(in crate::console) struct Asking {
    #[serde(default)]
    why: String,
    #[serde(default)]
    at: String,
}

/// The words under which a look is on record, and what they are called.
fn why(t: &'static crate::console::texts::Texts, word: &str) -> Option<(&'static str, &'static str)> {
    match word {
        "review" => Some(("review", t.case.why_review)),
        "complaint" => Some(("complaint", t.case.why_complaint)),
        "fraud_inquiry" => Some(("fraud_inquiry", t.case.why_fraud)),
        _ => None,
    }
}

/// `GET /console/review/{id}`
pub(in crate::console) async fn show(
    State(console): Shared,
    staff: Staff,
    Path(id): Path<String>,
    Query(asking): Query<Asking>,
) -> Response {
    let review = match staff.review(&console, &id).await {
        Ok(review) => review.state,
        Err(answer) => return answer,
    };
    match screen(&console, &staff, &review, &asking).await {
        Ok(draw) => {
            staff.asked.show(&console, StatusCode::OK, |page| Screen::Case(Box::new(draw(page)))).await
        }
        Err(problem) => staff.asked.failed(problem),
    }
}

async fn screen(
    console: &Console,
    staff: &Staff,
    review: &Review,
    asking: &Asking,
) -> Result<impl FnOnce(Base) -> CaseScreen + use<>, ActError> {
    let (app, t) = (&console.app, staff.asked.t);
    let institution = home::institution(console, &staff.institution).await?;
    let v = app.verification(&review.verification).await?.ok_or(Refusal::Unknown)?.state;
    let standing = match review.held(app.now()) {
        _ if review.decided.is_some() => {
            Standing::Nothing(review.decided.as_ref().map_or_else(String::new, |f| {
                t.case.decided(words::decision(t, f.decision).0, words::reason(t, f.reason))
            }))
        }
        Some(claim) if claim.by == staff.id => {
            let why = why(t, &asking.why);
            let reader = staff.reads(why.map_or(MASKED, |(word, _)| word));
            let clarity = if why.is_some() { Clarity::Clear } else { Clarity::Masked };
            let look = app.look(&v, clarity, reader).await?;
            Standing::Mine(Box::new(mine(staff, review, look, why)))
        }
        Some(_) => Standing::Nothing(t.case.taken.to_owned()),
        None if review.proposed.as_ref().is_some_and(|first| first.by == staff.id) => {
            Standing::Nothing(t.case.yours.to_owned())
        }
        None => Standing::Free,
    };
    let asked = t.case.asked(words::ago(t, review.opened_at, app.now()), words::asked_by(t, review.asked_by));
    let proposed = review.proposed.as_ref().filter(|_| review.decided.is_none());
    let proposed =
        proposed.map(|f| t.case.proposed(words::decision(t, f.decision).0, words::reason(t, f.reason)));
    let (path, title) = (format!("/console/review/{}", review.id), words::refused(t, review.code));
    let (findings, message) = (findings(staff, &v), message(staff, &asking.at));
    Ok(move |page| CaseScreen {
        page,
        institution,
        path,
        title,
        asked,
        findings,
        message,
        proposed,
        standing,
    })
}

fn findings(staff: &Staff, v: &Verification) -> Vec<Line> {
    let t = staff.asked.t;
    let line = |check: &ingam_cases::verification::Check| Line {
        class: match check.outcome {
            Outcome::Passed => "done",
            Outcome::Failed => "stop",
            Outcome::Indeterminate => "wait",
        },
        text: t.case.finding(words::check(t, check.check), words::outcome(t, check.outcome)),
        code: check.code.clone(),
        at: moment_in_korea(check.at),
    };
    v.checks.iter().map(line).collect()
}

fn message(staff: &Staff, at: &str) -> Option<&'static str> {
    let t = &staff.asked.t.case;
    match at {
        "no_reason" => Some(t.no_reason),
        "no_note" => Some(t.no_note),
        "not_claimed" => Some(t.not_claimed),
        "taken" => Some(t.taken),
        "over" => Some(t.over),
        _ => None,
    }
}

fn mine(staff: &Staff, review: &Review, look: Look, why: Option<(&str, &'static str)>) -> Mine {
    let t = staff.asked.t;
    let choice = |decision: &Decision| {
        let (name, help) = words::decision(t, *decision);
        let reasons = review.reasons(*decision).map(|r| (r.as_str(), words::reason(t, r))).collect();
        Choice { decision: decision.as_str(), name, help, reasons }
    };
    Mine {
        fields: look.fields.into_iter().map(|(field, text)| (words::field(t, field), text)).collect(),
        holder: look.holder,
        forgery: (!look.forgery.is_empty()).then(|| look.forgery.join(", ")),
        nothing_left: look.destroyed.then_some(t.case.destroyed),
        viewing: why.map(|(_, name)| t.case.viewing(name)),
        picture: why
            .filter(|_| look.picture)
            .map(|(word, _)| format!("/console/review/{}/picture?why={word}", review.id)),
        choices: review.decisions.iter().map(choice).collect(),
    }
}

/// `GET /console/review/{id}/picture?why=…`: for whoever has claimed it, and says why.
pub(in crate::console) async fn picture(
    State(console): Shared,
    staff: Staff,
    Path(id): Path<String>,
    Query(asking): Query<Asking>,
) -> Response {
    let review = match staff.review(&console, &id).await {
        Ok(review) => review.state,
        Err(answer) => return answer,
    };
    let mine = review.held(console.app.now()).is_some_and(|claim| claim.by == staff.id);
    let (true, Some((word, _))) = (mine, why(staff.asked.t, &asking.why)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let looked = async {
        let v = console.app.verification(&review.verification).await?.ok_or(Refusal::Unknown)?.state;
        console.app.look_at_picture(&v, staff.reads(word)).await
    };
    match looked.await {
        Ok(jpeg) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
        Err(ActError::Destroyed | ActError::Refused(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(problem) => staff.asked.failed(problem),
    }
}

/// `POST /console/review/{id}/claim`
pub(in crate::console) async fn claim(
    State(console): Shared,
    staff: Staff,
    Path(id): Path<String>,
    _: Sent,
) -> Response {
    let by = staff.id.clone();
    act(&console, &staff, &id, Command::Claim { by }, None).await
}

/// `POST /console/review/{id}/release`
pub(in crate::console) async fn release(
    State(console): Shared,
    staff: Staff,
    Path(id): Path<String>,
    _: Sent,
) -> Response {
    let by = staff.id.clone();
    act(&console, &staff, &id, Command::Release { by }, None).await
}

/// `POST /console/review/{id}/decide`
pub(in crate::console) async fn decide(
    State(console): Shared,
    staff: Staff,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    let decision = Decision::ALL.into_iter().find(|d| d.as_str() == sent.get("decision"));
    // Each decision has reasons of its own on the screen: that of another one is not looked at.
    let reason = |decision: Decision| {
        let given = sent.get(&format!("reason_{}", decision.as_str())).to_owned();
        Reason::ALL.into_iter().find(|r| r.as_str() == given)
    };
    let back = |at: &str| Redirect::to(&format!("/console/review/{id}?at={at}")).into_response();
    let Some((decision, reason)) = decision.and_then(|d| Some((d, reason(d)?))) else {
        return back("no_reason");
    };
    let note = Some(sent.get("note")).filter(|note| !note.trim().is_empty());
    if note.and_then(note_problem).is_some() {
        return back("no_note");
    }
    let command = Command::Decide { by: staff.id.clone(), decision, reason };
    act(&console, &staff, &id, command, note).await
}

async fn act(console: &Console, staff: &Staff, id: &str, command: Command, note: Option<&str>) -> Response {
    let review = match staff.review(console, id).await {
        Ok(review) => review,
        Err(answer) => return answer,
    };
    let (before, claiming) = (review.state, matches!(command, Command::Claim { .. }));
    let done = console.app.act_review(&before.id, vec![], command, note, staff.reads(DECIDE)).await;
    let to = |at: &str| Redirect::to(&format!("/console/review/{}{at}", before.id)).into_response();
    match done {
        Ok(_) if claiming => to(""),
        Ok(CurrentReview { state, .. }) => {
            Redirect::to(&format!("/console/review?at={}", came(&before, &state))).into_response()
        }
        Err(ActError::Refused(Refusal::NotClaimed)) => to("?at=not_claimed"),
        Err(ActError::Refused(Refusal::ClaimedByOther)) => to("?at=taken"),
        Err(ActError::Refused(Refusal::ReviewDecided)) => to("?at=over"),
        Err(ActError::Refused(Refusal::SecondReviewer)) => to(""),
        Err(ActError::Refused(Refusal::DecisionNotAllowed | Refusal::ReasonDiffers)) => to("?at=no_reason"),
        // The roles were taken away in this moment.
        Err(ActError::Invalid { .. }) => Redirect::to("/console").into_response(),
        Err(problem) => staff.asked.failed(problem),
    }
}

/// What came of it, as the queue says it.
fn came(before: &Review, after: &Review) -> &'static str {
    let is = |finding: &Option<Finding>| finding.is_some();
    match (is(&after.decided), is(&before.proposed), is(&after.proposed)) {
        (true, ..) => "decided",
        (false, false, true) => "proposed",
        (false, true, false) => "disagreed",
        _ => "released",
    }
}
