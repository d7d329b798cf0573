//! Consents: the texts that your persons are asked for, your approval of them, and what a person took back.

use super::auth::Auth;
use super::body::{PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
use super::object::{VerificationObject, verification_object};
use super::policies::institution_before;
use super::problem::Problem;
use super::verifications::{own, told};
use crate::app::App;
use crate::flow::verification::{Act, Along};
use crate::page::texts::{ALL, Consent, KO};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use ingam_cases::institution::{Command, Institution};
use ingam_cases::verification;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// A consent text, as your persons read it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentObject {
    /// Its id, as policies name it.
    #[schema(example = "consent.identity")]
    id: String,
    /// Always `consent`.
    #[schema(example = "consent")]
    object: &'static str,
    /// Its version; other words are another version.
    #[schema(example = 2)]
    version: u32,
    /// What it is for.
    #[schema(example = "identity_verification")]
    purpose: &'static str,
    /// Which data; an open list.
    #[schema(example = json!(["name", "resident_number"]))]
    items: &'static [&'static str],
    /// Who gets them: `institution`, `issuer`, `list`, `bank`, `telecom`; an open list.
    #[schema(example = json!(["institution"]))]
    receivers: &'static [&'static str],
    /// How long they are kept from the end on, as an ISO 8601 duration; `P0D` for no longer than an answer takes.
    #[schema(example = "P5Y")]
    period: &'static str,
    /// The law that it rests on.
    #[schema(example = "개인정보 보호법 §15①1")]
    lawful_basis: &'static str,
    /// Its words by language (BCP 47), your name filled in.
    languages: BTreeMap<String, ConsentText>,
    /// When you approved this version; null where you did not. In live a policy takes approved texts alone.
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Timestamp>,
}

/// A consent's words in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentText {
    /// Its heading.
    title: String,
    /// Which data, in short.
    what: String,
    /// What for.
    why: String,
    /// Who gets them.
    to_whom: String,
    /// Until when.
    how_long: String,
    /// The whole text.
    full: String,
    /// SHA-256 of all of it, in hex, as it stands in the entry of every answer: the parts above in this order, joined by an
    /// empty line, in Unicode NFC, as UTF-8.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
}

/// What is approved: the very words.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveConsent {
    /// The version that was read.
    #[schema(example = 2)]
    version: u32,
    /// The SHA-256 of its words in each language, as `GET /v1/consents` gives them.
    #[schema(example = json!({ "ko": "…", "en": "…" }))]
    sha256: BTreeMap<String, String>,
}

impl Payload for ApproveConsent {}

/// Which consent the person took back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawConsent {
    /// The id of its text.
    #[schema(example = "consent.identity")]
    text_id: String,
}

impl Payload for WithdrawConsent {}

/// The SHA-256 of a consent's words in each language, for an institution of that name.
fn digests(id: &str, institution: &str) -> BTreeMap<String, String> {
    let shown = ALL.iter().filter_map(|texts| {
        let answer = texts.consent(id)?.answered(texts, institution, true, true);
        Some((texts.language.code.to_owned(), answer.text.sha256))
    });
    shown.collect()
}

/// Whether an institution approved the words that its persons would read now.
pub(super) fn approved(institution: &Institution, id: &str) -> Option<Timestamp> {
    let known = institution.consents.get(id)?;
    let current = KO.consent(id)?;
    (known.version == current.version && known.sha256 == digests(id, &institution.profile.name))
        .then_some(known.at)
}

fn object(institution: &Institution, consent: &'static Consent) -> ConsentObject {
    let name = &institution.profile.name;
    let sha256 = digests(consent.id, name);
    let text = |texts: &&'static crate::page::texts::Texts| {
        let words = texts.consent(consent.id)?.words(name);
        let code = texts.language.code.to_owned();
        let sha256 = sha256.get(&code).cloned().unwrap_or_default();
        let text = ConsentText {
            title: words.title,
            what: words.what,
            why: words.why,
            to_whom: words.to_whom,
            how_long: words.how_long,
            full: words.full,
            sha256,
        };
        Some((code, text))
    };
    ConsentObject {
        id: consent.id.to_owned(),
        object: "consent",
        version: consent.version,
        purpose: consent.purpose,
        items: consent.items,
        receivers: consent.receivers,
        period: consent.period,
        lawful_basis: consent.lawful_basis,
        languages: ALL.iter().filter_map(text).collect(),
        approved_at: approved(institution, consent.id),
    }
}

/// All consent texts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consents {
    /// One for each text.
    data: Vec<ConsentObject>,
}

/// Reads the consent texts that policies can ask for, as your persons read them.
#[utoipa::path(
    get, path = "/v1/consents", tag = "consents",
    responses((status = 200, description = "All of them.", body = Consents))
)]
pub async fn list_consents(auth: Auth, query: Query) -> Result<Json<Consents>, Problem> {
    query.end()?;
    let institution = &auth.caller.institution;
    let data = KO.consent_texts.iter().map(|consent| object(institution, consent)).collect();
    Ok(Json(Consents { data }))
}

/// Approves a consent text: the very words that were read. In live a policy takes approved texts alone; another version of
/// a text, or another name of yours, is approved anew.
#[utoipa::path(
    post, path = "/v1/consents/{id}/approve", tag = "consents",
    params(("id" = String, Path, description = "Its id.", example = "consent.identity")),
    request_body = ApproveConsent,
    responses((status = 200, description = "Approved; also where it was before.", body = ConsentObject))
)]
pub async fn approve_consent(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<ApproveConsent>,
) -> Result<Response, Problem> {
    let caller = &posted.auth.caller;
    let institution = &caller.institution;
    let consent = KO.consent(&id).ok_or(Problem::new(Code::NotFound))?;
    if posted.body.version != consent.version {
        return Err(Problem::field("/version", "differs"));
    }
    if posted.body.sha256 != digests(&id, &institution.profile.name) {
        return Err(Problem::field("/sha256", "differs"));
    }
    let command = Command::ApproveConsent {
        text_id: id.clone(),
        version: consent.version,
        sha256: posted.body.sha256.clone(),
        key: caller.key.clone(),
    };
    let of = &institution.id;
    let act = |take| async {
        let along = Along { take, ..Along::default() };
        app.act_institution(of, along, command).await
    };
    let (state, before) = match posted.once.act(&app, &id, act).await? {
        Outcome::Now((state, _)) => (state, false),
        Outcome::Before(note) => (institution_before(&app, of, &note).await?, true),
    };
    Ok(replayed(Json(object(&state, consent)), before))
}

/// Records that the person took a consent back (개인정보 보호법 §37). A required one ends a verification that is under way;
/// behind the end its result stands, and you stop what you still do with the data.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/withdraw_consent", tag = "consents",
    params(("id" = String, Path, description = "The verification.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body = WithdrawConsent,
    responses((status = 200, description = "Taken back; also where it was before.", body = VerificationObject))
)]
pub async fn withdraw_consent(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<WithdrawConsent>,
) -> Result<Response, Problem> {
    let current = own(&app, &posted.auth.caller.institution.id, &id).await?;
    let text_id = &posted.body.text_id;
    if !current.state.consents.iter().any(|c| c.text.text_id == *text_id && c.answer) {
        return Err(Problem::field("/text_id", "not_found"));
    }
    let (app, id) = (&*app, &current.state.id);
    let command = || verification::Command::WithdrawConsent { text_id: text_id.clone() };
    let act = |take| async {
        app.act(id, Along { take, ..Along::default() }, |_, _| Ok(Act::plain(command()))).await
    };
    let (state, before) = told(app, posted.once.act(app, id.as_str(), act).await?).await?;
    Ok(replayed(Json(verification_object(app, &state).await?), before))
}
