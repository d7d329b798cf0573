//! Policies: how an institution's persons are verified for one purpose. Every version stays; below the law none
//! is saved.

use super::auth::Auth;
use super::body::{self, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Note, Outcome, replayed};
use super::page::{Page, newest_first};
use super::problem::{FieldProblem, Problem};
use crate::app::App;
use crate::config::Environment;
use crate::fault::Fault;
use crate::flow::verification::Along;
use crate::fresh;
use crate::page::texts;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::PolicyId;
use ingam_cases::institution::{Command, Institution};
use ingam_cases::policy::{PictureSource, Policy, Step};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most consents that a policy asks for.
const MAX_CONSENTS: usize = 20;

/// A version of a policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyObject {
    /// Its id; every version has the same.
    #[schema(example = "pol_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `policy`.
    #[schema(example = "policy")]
    object: &'static str,
    /// From 1; verifications keep the version that they were opened under.
    #[schema(example = 1)]
    version: u32,
    /// What it says.
    #[serde(flatten)]
    #[schema(value_type = PolicyBody)]
    body: Policy,
}

/// A policy as it is saved.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct SavedPolicy(Policy);

impl Payload for SavedPolicy {}

/// Saves a new policy as its version 1.
#[utoipa::path(
    post, path = "/v1/policies", tag = "policies",
    request_body = PolicyBody,
    responses((status = 201, description = "Saved.", body = PolicyObject,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn create_policy(
    State(app): State<Arc<App>>,
    posted: Posted<SavedPolicy>,
) -> Result<Response, Problem> {
    let id = fresh!(app, PolicyId);
    save(&app, posted, id, StatusCode::CREATED).await
}

/// Saves a new version of a policy. Verifications that are open keep theirs.
#[utoipa::path(
    post, path = "/v1/policies/{id}", tag = "policies",
    params(("id" = String, Path, description = "Its id.", example = "pol_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = PolicyBody,
    responses((status = 201, description = "Saved.", body = PolicyObject,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn save_policy(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<SavedPolicy>,
) -> Result<Response, Problem> {
    let id = body::id(&id, PolicyId::parse)?;
    if !posted.auth.caller.institution.policies.contains_key(&id) {
        return Err(Problem::new(Code::NotFound));
    }
    save(&app, posted, id, StatusCode::CREATED).await
}

async fn save(
    app: &App,
    posted: Posted<SavedPolicy>,
    id: PolicyId,
    status: StatusCode,
) -> Result<Response, Problem> {
    let Posted { auth, body: SavedPolicy(policy), once } = posted;
    check(app, &auth.caller.institution, &policy)?;
    let institution = &auth.caller.institution.id;
    let command = Command::SavePolicy { policy: id.clone(), body: Box::new(policy) };
    let done = once
        .act(app, id.as_str(), |take| async move {
            app.act_institution(institution, Along { take, ..Along::default() }, command).await
        })
        .await?;
    let (state, id, before) = match done {
        Outcome::Now((state, _)) => (state, id, false),
        Outcome::Before(note) => {
            let id = PolicyId::parse(&note.object).map_err(Fault::internal)?;
            (institution_before(app, institution, &note).await?, id, true)
        }
    };
    let object =
        newest(&state, &id).ok_or_else(|| Fault::internal("a saved policy is in its institution"))?;
    let location = format!("/v1/policies/{id}");
    Ok(replayed((status, [(header::LOCATION, location)], Json(object)), before))
}

/// The institution as it stood when a request was answered before.
pub(super) async fn institution_before(
    app: &App,
    id: &ingam_cases::id::InstitutionId,
    note: &Note,
) -> Result<Institution, Problem> {
    let state = app.institution_at(id, note.version).await?;
    Ok(state.ok_or_else(|| Fault::internal("an idempotency note names no institution"))?)
}

fn newest(institution: &Institution, id: &PolicyId) -> Option<PolicyObject> {
    let versions = institution.policies.get(id)?;
    Some(object(id, versions.len() as u32, versions.last()?))
}

fn object(id: &PolicyId, version: u32, body: &Policy) -> PolicyObject {
    PolicyObject { id: id.to_string(), object: "policy", version, body: body.clone() }
}

/// What the law, the catalogue of texts and this installation say about a policy.
fn check(app: &App, institution: &Institution, policy: &Policy) -> Result<(), Problem> {
    let mut errors: Vec<FieldProblem> = policy
        .problems()
        .into_iter()
        .map(|p| FieldProblem { field: p.field, code: p.code.to_owned(), detail: p.detail })
        .collect();
    let code = match errors.iter().any(|e| e.code == "below_legal_floor") {
        true => Code::PolicyBelowLegalFloor,
        false => Code::Refused(ingam_cases::refusal::Refusal::PolicyNotAllowed),
    };
    if policy.consents.len() > MAX_CONSENTS {
        errors.push(FieldProblem::new("/consents", "too_long"));
    }
    for (i, consent) in policy.consents.iter().enumerate().take(MAX_CONSENTS) {
        let field = format!("/consents/{i}/text_id");
        if texts::KO.consent(&consent.text_id).is_none() {
            errors.push(FieldProblem::new(field, "unknown_text"));
        } else if app.config.environment == Environment::Live
            && super::consents::approved(institution, &consent.text_id).is_none()
        {
            errors.push(FieldProblem::new(field, "not_approved"));
        } else if policy.consents[..i].iter().any(|c| c.text_id == consent.text_id) {
            errors.push(FieldProblem::new(field, "repeated"));
        }
    }
    for (i, list) in policy.block_lists.iter().enumerate() {
        if !app.outside.has(*list) {
            errors.push(FieldProblem::new(format!("/block_lists/{i}"), "not_connected"));
        }
    }
    for (i, step) in policy.steps.iter().enumerate() {
        if let Step::InstitutionCheck { endpoint } = step
            && !institution.endpoints.contains_key(endpoint)
        {
            errors.push(FieldProblem::new(format!("/steps/{i}/endpoint"), "unknown_endpoint"));
        }
        if let Step::Phone { .. } = step
            && app.outside.telecom.is_none()
        {
            errors.push(FieldProblem::new(format!("/steps/{i}"), "not_connected"));
        }
        if let Step::IdDocument { documents, .. } = step {
            for (n, _) in documents.iter().enumerate().filter(|(_, kind)| !app.outside.knows(**kind)) {
                errors.push(FieldProblem::new(format!("/steps/{i}/documents/{n}"), "not_connected"));
            }
        }
        if let Step::IdDocument { sources, .. } = step
            && sources.contains(&PictureSource::File)
            && !app.config.policy.picture_files
        {
            errors.push(FieldProblem::new(format!("/steps/{i}/sources"), "source_not_allowed"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem { errors, ..Problem::new(code) }) }
}

/// Reads a policy: its newest version, or the one asked for.
#[utoipa::path(
    get, path = "/v1/policies/{id}", tag = "policies",
    params(
        ("id" = String, Path, description = "Its id.", example = "pol_01m9yr1e00e8abmcypx2tvb0zk"),
        ("version" = Option<u32>, Query, description = "Which version; the newest unless given.", minimum = 1),
    ),
    responses((status = 200, description = "That version.", body = PolicyObject))
)]
pub async fn get_policy(
    auth: Auth,
    PathId(id): PathId,
    mut query: Query,
) -> Result<Json<PolicyObject>, Problem> {
    let version: Option<u32> = query.read("version", |text| text.parse().ok())?;
    query.end()?;
    let id = body::id(&id, PolicyId::parse)?;
    let versions = auth.caller.institution.policies.get(&id).ok_or(Problem::new(Code::NotFound))?;
    let version = version.unwrap_or(versions.len() as u32);
    let body = (version as usize).checked_sub(1).and_then(|i| versions.get(i));
    Ok(Json(object(&id, version, body.ok_or(Problem::new(Code::NotFound))?)))
}

/// Lists policies in their newest versions, newest policy first.
#[utoipa::path(
    get, path = "/v1/policies", tag = "policies",
    params(
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "One page.", body = Page<PolicyObject>))
)]
pub async fn list_policies(auth: Auth, mut query: Query) -> Result<Json<Page<PolicyObject>>, Problem> {
    let (limit, cursor) = (query.limit()?, query.take("cursor"));
    query.end()?;
    let institution = &auth.caller.institution;
    let all = institution.policies.keys().filter_map(|id| Some((id.as_str(), newest(institution, id)?)));
    let all: Vec<_> = all.collect();
    Ok(Json(newest_first(all.into_iter(), cursor.as_deref(), limit)?))
}

/// What a policy says. The document's picture of `ingam_cases::policy::Policy`; a test compares the two.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)]
pub(super) struct PolicyBody {
    /// Your own name for it, 1 to 60 characters.
    #[schema(example = "기본", min_length = 1, max_length = 60)]
    name: String,
    /// What the person is told it is for, 1 to 60 characters.
    #[schema(example = "비대면 계좌 만들기", min_length = 1, max_length = 60)]
    purpose: String,
    /// How many different methods of ① to ⑤ must be met; at least two, as the law asks.
    #[schema(default = 2, minimum = 2, nullable = false)]
    require: Option<u32>,
    /// In the order in which the person does them. Each may stand once.
    steps: Vec<PolicyStep>,
    /// The consents that are asked for before the first step.
    #[schema(max_items = 20, nullable = false)]
    consents: Option<Vec<PolicyConsent>>,
    /// Lists that are asked about the person before any issuer or bank is: `deceased`, `account_opening`, `loan`. What
    /// they say no other method overrides. Whoever shows a foreign passport has no number by which a list knows them.
    #[schema(example = json!(["deceased", "account_opening"]), nullable = false)]
    block_lists: Option<Vec<String>>,
    /// The least age, in years. 14 is when a person consents alone (개인정보 보호법 §22의2).
    #[schema(default = 0, maximum = 99, nullable = false)]
    min_age: Option<u8>,
    /// Whether a refusal is overruled only where a second reviewer agrees.
    #[schema(default = false, nullable = false)]
    second_reviewer: Option<bool>,
    /// Life of a verification, in seconds: ten minutes to thirty days.
    #[schema(default = 86400, minimum = 600, maximum = 2592000, nullable = false)]
    expires_in_s: Option<u32>,
}

/// One step of a policy. Most meet a method; some only ask.
#[derive(Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
#[allow(dead_code)]
pub(super) enum PolicyStep {
    /// ① Photograph an ID, confirm what was read, ask the issuer.
    IdDocument {
        /// Which documents are taken: `resident`, `driver`, `passport`, `foreign_passport`, `alien`. The page finds out
        /// by itself which one is shown.
        #[schema(example = json!(["resident", "driver"]))]
        documents: Vec<String>,
        /// Where the picture may come from: `camera`, and `file` where this installation allows it.
        #[schema(example = json!(["camera"]), nullable = false)]
        sources: Option<Vec<String>>,
        /// Pictures in all.
        #[schema(default = 10, minimum = 1, maximum = 30, nullable = false)]
        pictures: Option<u32>,
        /// Answers of the issuer that may be a no before the verification is refused.
        #[schema(default = 3, minimum = 1, maximum = 5, nullable = false)]
        checks: Option<u32>,
    },
    /// ④ Prove an own account with 1 won.
    ExistingAccount {
        /// Sends in all.
        #[schema(default = 3, minimum = 1, maximum = 10, nullable = false)]
        sends: Option<u32>,
        /// Tries for one code.
        #[schema(default = 5, minimum = 1, maximum = 5, nullable = false)]
        tries: Option<u32>,
        /// Life of one code, in minutes.
        #[schema(default = 5, minimum = 1, maximum = 15, nullable = false)]
        code_minutes: Option<u32>,
        /// Accounts that may be named in all.
        #[schema(default = 5, minimum = 1, maximum = 10, nullable = false)]
        accounts: Option<u32>,
    },
    /// Questions of your own, such as what the account is for (고객확인). Meets no method; the answers stand in the
    /// result.
    Form {
        /// What the page says above them.
        title: PolicyWords,
        /// In the order in which they are asked.
        #[schema(min_items = 1, max_items = 20)]
        questions: Vec<PolicyQuestion>,
    },
    /// You are asked whether it goes on, once everything before this step is done: a message of type
    /// `verification.institution_check` to one of your endpoints, signed like a webhook, whose 200 holds an
    /// `InstitutionAnswer`. Meets no method; your `stop` ends the verification. The message's id stays the same when it is
    /// asked again.
    InstitutionCheck {
        /// Which of your webhook endpoints is asked.
        #[schema(example = "whe_01m9yr1e00e8abmcypx2tvb0zk")]
        endpoint: String,
    },
    /// ③ A code of an access medium that you handed over earlier. Name the person's in `medium` when you open a
    /// verification.
    Device {
        /// Which kinds are taken: `otp`, `security_card`.
        #[schema(example = json!(["otp", "security_card"]))]
        kinds: Vec<String>,
        /// Wrong codes in one verification.
        #[schema(default = 5, minimum = 1, maximum = 5, nullable = false)]
        tries: Option<u32>,
    },
    /// ⑥ A phone in the person's name, proved by a code that goes to it. Strengthens, and never counts. Whoever shows a
    /// foreign passport has no number by which a telecom knows them, and is not asked.
    Phone {
        /// Messages in all.
        #[schema(default = 3, minimum = 1, maximum = 10, nullable = false)]
        sends: Option<u32>,
        /// Tries for one code.
        #[schema(default = 5, minimum = 1, maximum = 5, nullable = false)]
        tries: Option<u32>,
        /// Life of one code, in minutes.
        #[schema(default = 3, minimum = 1, maximum = 15, nullable = false)]
        code_minutes: Option<u32>,
    },
}

/// A text in the languages that it is given in.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)]
pub(super) struct PolicyWords {
    /// In Korean.
    #[schema(example = "거래 목적을 알려 주세요", min_length = 1, max_length = 120)]
    ko: String,
    /// In English; Korean is shown where it is missing.
    #[schema(example = "What is the account for?", min_length = 1, max_length = 120, nullable = false)]
    en: Option<String>,
}

/// A question of a form.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)]
pub(super) struct PolicyQuestion {
    /// Your word for it, under which the answer stands in the result: 1 to 40 of a-z, 0-9 and _.
    #[schema(example = "purpose", pattern = "^[a-z0-9_]{1,40}$")]
    id: String,
    /// What the person reads.
    text: PolicyWords,
    /// Whether it may not be left open.
    #[schema(default = true, nullable = false)]
    required: Option<bool>,
    /// What can be answered.
    answer: PolicyAnswer,
}

/// What can be answered.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(dead_code)]
pub(super) enum PolicyAnswer {
    /// One of several options, or some of them.
    Choice {
        /// The options.
        #[schema(min_items = 2, max_items = 30)]
        options: Vec<PolicyChoice>,
        /// Whether more than one may be chosen.
        #[schema(default = false, nullable = false)]
        many: Option<bool>,
    },
    /// Yes or no.
    YesNo {},
    /// A line of text.
    Text {
        /// Its longest, in characters.
        #[schema(default = 200, minimum = 1, maximum = 500, nullable = false)]
        max: Option<u32>,
    },
    /// A whole number.
    Number {
        /// The least.
        #[schema(example = 0)]
        min: i64,
        /// The greatest.
        #[schema(example = 100)]
        max: i64,
    },
    /// A day.
    Date {},
}

/// An option of a choice.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)]
pub(super) struct PolicyChoice {
    /// Your word for it: 1 to 40 of a-z, 0-9 and _.
    #[schema(example = "salary", pattern = "^[a-z0-9_]{1,40}$")]
    id: String,
    /// What the person reads.
    text: PolicyWords,
}

/// A consent that the person is asked for.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)]
pub(super) struct PolicyConsent {
    /// Id of the text.
    #[schema(example = "consent.identity")]
    text_id: String,
    /// Whether the verification ends without it.
    #[schema(example = true)]
    required: bool,
}
