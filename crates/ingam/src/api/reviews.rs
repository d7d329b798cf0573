//! Reviews: a person at the institution looks again at what rules refused.
//!
//! Your server may be your reviewers' desk: it names the member of staff who claims and decides, and vouches for them.
//! The console does the same for whoever is signed in.

use super::auth::Auth;
use super::body::{self, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
use super::object::word;
use super::page::Page;
use super::problem::Problem;
use super::results::word_of_reason;
use super::verifications::own as own_verification;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::plaintext::Reader;
use crate::flow::reviews::{CurrentReview, KIND, MAX_NOTE};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::{InstitutionId, ReviewId, StaffId, VerificationId};
use ingam_cases::review::{AskedBy, Command, Decision, Finding, Reason, Review, Status};
use ingam_ledger::{Cursor, ListQuery, Owner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Why what a decision needs is opened: the card's tries are counted by its number.
const DECIDE: &str = "decide_review";

/// A review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewObject {
    /// Its id.
    #[schema(example = "rvw_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `review`.
    #[schema(example = "review")]
    object: &'static str,
    /// `open` or `decided`; more may come.
    #[schema(example = "open")]
    status: &'static str,
    /// The verification that was refused.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    verification: String,
    /// Why it was refused.
    #[schema(example = "card_refused")]
    refused: String,
    /// Who asked for the review: `person`, `institution`, or `rule` where a refusal of its kind is always looked at.
    #[schema(example = "person")]
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:01:12.345Z")]
    created_at: Timestamp,
    /// What may be decided: `upheld` (the refusal stands), `again` (what was refused is tried again, with all its
    /// tries), `accepted` (it counts as passed). More may come.
    #[schema(example = json!(["upheld", "again"]))]
    decisions: Vec<&'static str>,
    /// Whether two reviewers must agree.
    #[schema(example = false)]
    second_reviewer: bool,
    /// The member of staff who has it now.
    #[schema(example = "stf_01m9yr1e00e8abmcypx2tvb0zk")]
    claimed_by: Option<String>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    claimed_until: Option<Timestamp>,
    /// What the first of two decided.
    proposed: Option<FindingObject>,
    /// What was decided.
    decided: Option<FindingObject>,
    /// What reviewers wrote, oldest first; only where a reason was given.
    notes: Option<Vec<NoteObject>>,
}

/// What a reviewer decided, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewFinding)]
pub struct FindingObject {
    /// `upheld`, `again` or `accepted`.
    #[schema(example = "again")]
    decision: &'static str,
    /// Why. For `upheld`: `rule_stands`, `not_the_person`, `forged`, `cannot_tell`. For `again`: `misread`,
    /// `settled_with_issuer`, `spoke_with_person`, `medium_renewed`. For `accepted`: `same_person`, `cleared`. Never tell
    /// the person `forged` or `not_the_person`.
    #[schema(example = "misread")]
    reason: &'static str,
    /// The member of staff.
    #[schema(example = "stf_01m9yr1e00e8abmcypx2tvb0zk")]
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T06:10:02.001Z")]
    at: Timestamp,
}

/// What a reviewer wrote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewNote)]
pub struct NoteObject {
    /// The member of staff.
    #[schema(example = "stf_01m9yr1e00e8abmcypx2tvb0zk")]
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T06:10:02.001Z")]
    at: Timestamp,
    /// What.
    #[schema(example = "발급일을 잘못 읽었음")]
    text: String,
}

impl ReviewObject {
    fn of(app: &App, r: &Review) -> Self {
        let held = r.held(app.now());
        Self {
            id: r.id.to_string(),
            object: "review",
            status: r.status().as_str(),
            verification: r.verification.to_string(),
            refused: word(&r.code),
            asked_by: word(&r.asked_by),
            created_at: r.opened_at,
            decisions: r.decisions.iter().map(|decision| decision.as_str()).collect(),
            second_reviewer: r.second_reviewer,
            claimed_by: held.map(|claim| claim.by.to_string()),
            claimed_until: held.map(|claim| claim.until),
            proposed: r.proposed.as_ref().map(FindingObject::of),
            decided: r.decided.as_ref().map(FindingObject::of),
            notes: None,
        }
    }
}

impl FindingObject {
    fn of(finding: &Finding) -> Self {
        Self {
            decision: finding.decision.as_str(),
            reason: finding.reason.as_str(),
            by: finding.by.to_string(),
            at: finding.at,
        }
    }
}

/// A refusal to look at again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskReview {
    /// The verification that was refused.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    verification: String,
}

impl Payload for AskReview {}

/// Who takes a review, or gives it back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimReview {
    /// The member of staff, who is active and a reviewer.
    #[schema(example = "stf_01m9yr1e00e8abmcypx2tvb0zk")]
    staff: String,
}

impl Payload for ClaimReview {}

/// What a reviewer decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideReview {
    /// The member of staff, who has claimed it.
    #[schema(example = "stf_01m9yr1e00e8abmcypx2tvb0zk")]
    staff: String,
    /// One of the review's `decisions`.
    #[schema(value_type = String, example = "again")]
    decision: Decision,
    /// Why: a reason that belongs to this decision about this refusal.
    #[schema(value_type = String, example = "misread")]
    reason: Reason,
    /// In the reviewer's own words, at most 500 characters. Sealed.
    #[schema(example = "발급일을 잘못 읽었음", max_length = 500)]
    note: Option<String>,
}

impl Payload for DecideReview {}

/// Asks that a reviewer looks at a refusal. While one is looking, the same review is answered.
#[utoipa::path(
    post, path = "/v1/reviews", tag = "reviews",
    request_body = AskReview,
    responses((status = 201, description = "Open.", body = ReviewObject,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn ask_review(State(app): State<Arc<App>>, posted: Posted<AskReview>) -> Result<Response, Problem> {
    let institution = &posted.auth.caller.institution.id;
    let given = VerificationId::parse(&posted.body.verification);
    let id = given.map_err(|_| Problem::field("/verification", "not_found"))?;
    let found = own_verification(&app, institution, id.as_str()).await;
    let state = found.map_err(|_| Problem::field("/verification", "not_found"))?.state;
    let review = match &state.review {
        Some(review) if state.in_review() => review.id.clone(),
        _ => ReviewId::nth_of(&id, state.reviews + 1),
    };
    let ask = |take| app.ask_review(&id, take, AskedBy::Institution);
    let before = matches!(posted.once.act(&app, review.as_str(), ask).await?, Outcome::Before(_));
    let opened = app.review(&review).await?.ok_or_else(|| Fault::internal("a review was asked for"))?;
    let location = format!("/v1/reviews/{review}");
    let object = ReviewObject::of(&app, &opened.state);
    Ok(replayed((StatusCode::CREATED, [(header::LOCATION, location)], Json(object)), before))
}

/// Claims a review for a member of staff, for 30 minutes; again makes it 30 minutes from now.
#[utoipa::path(
    post, path = "/v1/reviews/{id}/claim", tag = "reviews",
    params(("id" = String, Path, description = "Its id.", example = "rvw_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = ClaimReview,
    responses((status = 200, description = "Claimed.", body = ReviewObject))
)]
pub async fn claim_review(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<ClaimReview>,
) -> Result<Response, Problem> {
    let by = staff(&posted.body.staff)?;
    acted(&app, &id, &posted, Command::Claim { by }, None).await
}

/// Gives a claim back, so that somebody else can take the review.
#[utoipa::path(
    post, path = "/v1/reviews/{id}/release", tag = "reviews",
    params(("id" = String, Path, description = "Its id.", example = "rvw_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = ClaimReview,
    responses((status = 200, description = "Given back; also where the claim had lapsed.", body = ReviewObject))
)]
pub async fn release_review(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<ClaimReview>,
) -> Result<Response, Problem> {
    let by = staff(&posted.body.staff)?;
    acted(&app, &id, &posted, Command::Release { by }, None).await
}

/// Decides a review. What it means to the verification happens at once, and is told by
/// `verification.review_decided`. Where two must agree, the first decision is `proposed`; another reviewer claims the
/// review and decides, too. Where they disagree, both begin anew.
#[utoipa::path(
    post, path = "/v1/reviews/{id}/decide", tag = "reviews",
    params(("id" = String, Path, description = "Its id.", example = "rvw_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = DecideReview,
    responses((status = 200, description = "As it stands then.", body = ReviewObject))
)]
pub async fn decide_review(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<DecideReview>,
) -> Result<Response, Problem> {
    let DecideReview { staff: by, decision, reason, note } = &posted.body;
    let by = staff(by)?;
    let note = note.as_deref().filter(|note| !note.trim().is_empty());
    if let Some(code) = note.and_then(note_problem) {
        return Err(Problem::field("/note", code));
    }
    let command = Command::Decide { by, decision: *decision, reason: *reason };
    acted(&app, &id, &posted, command, note).await
}

/// Why a note can't be kept.
pub fn note_problem(note: &str) -> Option<&'static str> {
    if note.chars().count() > MAX_NOTE {
        return Some("too_long");
    }
    note.chars().any(|c| c.is_control() && c != '\n' && c != '\r').then_some("character")
}

fn staff(id: &str) -> Result<StaffId, Problem> {
    StaffId::parse(id).map_err(|_| Problem::field("/staff", "not_a_reviewer"))
}

async fn acted<T>(
    app: &App,
    id: &str,
    posted: &Posted<T>,
    command: Command,
    note: Option<&str>,
) -> Result<Response, Problem> {
    let caller = &posted.auth.caller;
    let id = own(app, &caller.institution.id, id).await?.state.id;
    let reader = Reader::key(&caller.key, posted.auth.from, DECIDE);
    let act = |take| app.act_review(&id, take, command, note, reader);
    let (state, before) = match posted.once.act(app, id.as_str(), act).await? {
        Outcome::Now(current) => (current.state, false),
        Outcome::Before(note) => {
            let state = app.review_at(&id, note.version).await?;
            (state.ok_or_else(|| Fault::internal("an idempotency note names no review"))?, true)
        }
    };
    Ok(replayed(Json(ReviewObject::of(app, &state)), before))
}

/// A review of the caller's; another institution's is not found.
async fn own(app: &App, institution: &InstitutionId, id: &str) -> Result<CurrentReview, Problem> {
    let id = body::id(id, ReviewId::parse)?;
    let current = app.review(&id).await?.filter(|c| c.state.institution == *institution);
    current.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Reads a review. With a reason what reviewers wrote stands there, and the reason is on record.
#[utoipa::path(
    get, path = "/v1/reviews/{id}", tag = "reviews",
    params(
        ("id" = String, Path, description = "Its id.", example = "rvw_01m9yr1e00e8abmcypx2tvb0zk"),
        ("reason" = Option<String>, Query, description = "Why the notes are needed, in a word of yours: 1 to 64 of a-z, 0-9 and _. No personal data.", pattern = "^[a-z0-9_]{1,64}$", example = "complaint"),
    ),
    responses((status = 200, description = "As it stands.", body = ReviewObject))
)]
pub async fn get_review(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    mut query: Query,
) -> Result<Json<ReviewObject>, Problem> {
    let reason = query.read("reason", word_of_reason)?;
    query.end()?;
    let state = own(&app, &auth.caller.institution.id, &id).await?.state;
    let mut object = ReviewObject::of(&app, &state);
    if let Some(reason) = reason {
        let notes = app.review_notes(&state, Reader::key(&auth.caller.key, auth.from, &reason)).await?;
        let note =
            |n: crate::flow::reviews::Note| NoteObject { by: n.by.to_string(), at: n.at, text: n.text };
        object.notes = Some(notes.into_iter().map(note).collect());
    }
    Ok(Json(object))
}

/// Lists reviews, newest first.
#[utoipa::path(
    get, path = "/v1/reviews", tag = "reviews",
    params(
        ("status" = Option<String>, Query, description = "Only with this status.", example = "open"),
        ("verification" = Option<String>, Query, description = "Only those of one verification.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before; the other parameters stay the same."),
    ),
    responses((status = 200, description = "One page.", body = Page<ReviewObject>))
)]
pub async fn list_reviews(
    State(app): State<Arc<App>>,
    auth: Auth,
    mut query: Query,
) -> Result<Json<Page<ReviewObject>>, Problem> {
    let owner = Owner::Institution(auth.caller.institution.id.to_string());
    let status = |text: &str| Status::ALL.into_iter().map(Status::as_str).find(|s| *s == text);
    let list = ListQuery {
        status: query.read("status", |text| status(text).map(str::to_owned))?,
        reference: query.take("verification"),
        after: query.read("cursor", Cursor::parse)?,
        ..ListQuery::new(KIND, owner, query.limit()? as u32)
    };
    query.end()?;
    let page = app.ledger.list(list).await?;
    let views = page.cases.into_iter().filter_map(|case| case.view);
    let states = views.map(|view| serde_json::from_value(view.state).map_err(Fault::internal));
    let data =
        states.map(|state| state.map(|state| ReviewObject::of(&app, &state))).collect::<Result<_, _>>()?;
    Ok(Json(Page { data, next_cursor: page.next.map(|cursor| cursor.to_string()) }))
}
