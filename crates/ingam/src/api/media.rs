//! Access media: one-time passwords and security cards that you handed to persons, whose codes a policy's `device`
//! step asks for. Secrets go in and never come out again.

use super::auth::Auth;
use super::body::{self, Nothing, PathId, Payload, Posted, Query};
use super::code::Code;
use super::idempotency::{Outcome, replayed};
use super::page::Page;
use super::problem::Problem;
use super::verifications::reference;
use crate::app::App;
use crate::fault::Fault;
use crate::flow::media::{CurrentMedium, Enrolment, KIND, MediumSecret};
use crate::fresh;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use ingam_cases::id::{InstitutionId, MediumId};
use ingam_cases::medium::{Command, Medium, MediumKind, MediumStatus};
use ingam_cases::otp::{Algorithm, Digits, Form, NotOtp, OtpSecret, Step};
use ingam_cases::security_card::{CardTable, NotCard};
use ingam_ledger::{Cursor, ListQuery, Owner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// An access medium. Its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Medium)]
pub struct MediumObject {
    /// Its id.
    #[schema(example = "med_01m9yr1e00e8abmcypx2tvb0zk")]
    id: String,
    /// Always `medium`.
    #[schema(example = "medium")]
    object: &'static str,
    /// `totp`, `hotp` or `security_card`; more may come.
    #[schema(example = "totp")]
    r#type: &'static str,
    /// As policies name it: `otp` or `security_card`.
    #[schema(example = "otp")]
    kind: &'static str,
    /// `active`, `locked` after too many wrong codes in a row (10 of a one-time password, 5 of a security card), or
    /// `revoked`; more may come.
    #[schema(example = "active")]
    status: &'static str,
    /// Your reference.
    #[schema(example = "token-4711")]
    reference: Option<String>,
    /// Wrong codes since the last right one.
    #[schema(example = 0)]
    wrong_codes: u32,
    /// How many numbers a security card has.
    #[schema(example = 35)]
    cells: Option<u8>,
    /// When it was enrolled.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:01:12.345Z")]
    created_at: Timestamp,
    /// Since when it takes no codes.
    #[schema(value_type = Option<String>, format = DateTime)]
    locked_at: Option<Timestamp>,
    /// When it was revoked, for ever.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl MediumObject {
    fn of(medium: &Medium) -> Self {
        let (r#type, cells) = match medium.kind {
            MediumKind::Totp { .. } => ("totp", None),
            MediumKind::Hotp { .. } => ("hotp", None),
            MediumKind::SecurityCard { cells } => ("security_card", Some(cells)),
        };
        Self {
            id: medium.id.to_string(),
            object: "medium",
            r#type,
            kind: medium.kind.device().as_str(),
            status: medium.status().as_str(),
            reference: medium.reference.clone(),
            wrong_codes: medium.wrong,
            cells,
            created_at: medium.enrolled_at,
            locked_at: medium.locked_at,
            revoked_at: medium.revoked_at,
        }
    }
}

/// A medium that you handed to a person.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum EnrolMedium {
    /// A one-time password by time (RFC 6238).
    Totp {
        /// The secret in base32 (RFC 4648 §6), 16 to 64 bytes. Sealed.
        #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
        secret: String,
        /// `sha1`, `sha256` or `sha512`.
        #[serde(default = "sha1")]
        #[schema(value_type = Option<String>, default = "sha1", nullable = false)]
        algorithm: Algorithm,
        /// Digits of a code: 6, 7 or 8.
        #[serde(default = "six")]
        #[schema(value_type = Option<u32>, default = 6, minimum = 6, maximum = 8, nullable = false)]
        digits: u32,
        /// How long a code lasts: 30 or 60 seconds.
        #[serde(default = "thirty")]
        #[schema(value_type = Option<u32>, default = 30, nullable = false)]
        period_s: u32,
        /// Your reference, as that of a verification.
        #[schema(example = "token-4711", pattern = "^[!-?A-~]{1,200}$")]
        reference: Option<String>,
    },
    /// A one-time password by counter (RFC 4226).
    Hotp {
        /// The secret in base32 (RFC 4648 §6), 16 to 64 bytes. Sealed.
        #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
        secret: String,
        /// Digits of a code: 6, 7 or 8.
        #[serde(default = "six")]
        #[schema(value_type = Option<u32>, default = 6, minimum = 6, maximum = 8, nullable = false)]
        digits: u32,
        /// The token's counter: the first that was not used yet.
        #[serde(default)]
        #[schema(value_type = Option<u64>, default = 0, maximum = 9007199254740991_u64, nullable = false)]
        counter: u64,
        /// Your reference, as that of a verification.
        #[schema(example = "token-4711", pattern = "^[!-?A-~]{1,200}$")]
        reference: Option<String>,
    },
    /// A card with a table of numbers (보안카드).
    SecurityCard {
        /// Its numbers in their order, four digits each. Sealed.
        #[schema(min_items = 20, max_items = 60, example = json!(["0101", "0202", "0303"]))]
        numbers: Vec<String>,
        /// Your reference, as that of a verification.
        #[schema(example = "card-4711", pattern = "^[!-?A-~]{1,200}$")]
        reference: Option<String>,
    },
}

fn sha1() -> Algorithm {
    Algorithm::Sha1
}
fn six() -> u32 {
    6
}
fn thirty() -> u32 {
    30
}

impl Payload for EnrolMedium {}

/// The largest number that every program reads exactly from JSON (RFC 8259 §6).
const MAX_COUNTER: u64 = (1 << 53) - 1;

impl EnrolMedium {
    fn checked(self) -> Result<Enrolment, Problem> {
        let secret = |text: &str| {
            OtpSecret::parse(text).map(MediumSecret::Otp).map_err(|why| {
                let code = match why {
                    NotOtp::Length => "length",
                    NotOtp::Character => "character",
                };
                Problem::field("/secret", code)
            })
        };
        let digits = |digits: u32| match digits {
            6 => Ok(Digits::Six),
            7 => Ok(Digits::Seven),
            8 => Ok(Digits::Eight),
            _ => Err(Problem::field("/digits", "out_of_range")),
        };
        let (kind, secret, next, given) = match self {
            Self::Totp { secret: text, algorithm, digits: count, period_s, reference } => {
                let step = match period_s {
                    30 => Step::Thirty,
                    60 => Step::Sixty,
                    _ => return Err(Problem::field("/period_s", "out_of_range")),
                };
                let form = Form { algorithm, digits: digits(count)? };
                (MediumKind::Totp { form, step }, secret(&text)?, 0, reference)
            }
            Self::Hotp { secret: text, digits: count, counter, reference } => {
                if counter > MAX_COUNTER {
                    return Err(Problem::field("/counter", "out_of_range"));
                }
                let form = Form { algorithm: Algorithm::Sha1, digits: digits(count)? };
                (MediumKind::Hotp { form }, secret(&text)?, counter, reference)
            }
            Self::SecurityCard { numbers, reference } => {
                let table = CardTable::parse(numbers.iter().map(String::as_str)).map_err(|why| {
                    let code = match why {
                        NotCard::Length => "length",
                        NotCard::Character => "character",
                    };
                    Problem::field("/numbers", code)
                })?;
                let kind = MediumKind::SecurityCard { cells: table.cells() };
                (kind, MediumSecret::Card(table), 0, reference)
            }
        };
        if let Some(given) = &given {
            reference(given)?;
        }
        Ok(Enrolment { kind, secret, next, reference: given })
    }
}

/// Enrols an access medium that you handed to a person. Name it in `medium` when you open a verification whose policy
/// asks for a code of it.
#[utoipa::path(
    post, path = "/v1/media", tag = "media",
    request_body = EnrolMedium,
    responses((status = 201, description = "Enrolled.", body = MediumObject,
        headers(("Location" = String, description = "Its address."))))
)]
pub async fn enrol_medium(
    State(app): State<Arc<App>>,
    posted: Posted<EnrolMedium>,
) -> Result<Response, Problem> {
    let Posted { auth, body, once } = posted;
    let (id, enrolment) = (fresh!(app, MediumId), body.checked()?);
    let institution = &auth.caller.institution.id;
    let enrol = |take| app.enrol_medium(institution, id.clone(), enrolment, take);
    let done = once.act(&app, id.as_str(), enrol).await?;
    let (state, before) = told(&app, done).await?;
    let location = format!("/v1/media/{}", state.id);
    let answer = (StatusCode::CREATED, [(header::LOCATION, location)], Json(MediumObject::of(&state)));
    Ok(replayed(answer, before))
}

/// Lets a medium take codes again that too many wrong ones locked. First make sure that it is in the right hands.
#[utoipa::path(
    post, path = "/v1/media/{id}/unlock", tag = "media",
    params(("id" = String, Path, description = "Its id.", example = "med_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "Unlocked; also where it was before.", body = MediumObject))
)]
pub async fn unlock_medium(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    changed(&app, &id, posted, Command::Unlock).await
}

/// Takes a medium back for ever, such as one that was lost.
#[utoipa::path(
    post, path = "/v1/media/{id}/revoke", tag = "media",
    params(("id" = String, Path, description = "Its id.", example = "med_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "Revoked; also where it was before.", body = MediumObject))
)]
pub async fn revoke_medium(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    changed(&app, &id, posted, Command::Revoke).await
}

async fn changed(
    app: &App,
    id: &str,
    posted: Posted<Nothing>,
    command: Command,
) -> Result<Response, Problem> {
    let id = own_medium(app, &posted.auth.caller.institution.id, id).await?.state.id;
    let done = posted.once.act(app, id.as_str(), |take| app.act_medium(&id, take, command)).await?;
    let (state, before) = told(app, done).await?;
    Ok(replayed(Json(MediumObject::of(&state)), before))
}

/// The state to tell, and whether it was told before.
async fn told(app: &App, outcome: Outcome<CurrentMedium>) -> Result<(Medium, bool), Problem> {
    match outcome {
        Outcome::Now(current) => Ok((current.state, false)),
        Outcome::Before(note) => {
            let id = MediumId::parse(&note.object).map_err(Fault::internal)?;
            let state = app.medium_at(&id, note.version).await?;
            Ok((state.ok_or_else(|| Fault::internal("an idempotency note names no medium"))?, true))
        }
    }
}

/// A medium of the caller's; another institution's is not found.
pub(super) async fn own_medium(
    app: &App,
    institution: &InstitutionId,
    id: &str,
) -> Result<CurrentMedium, Problem> {
    let id = body::id(id, MediumId::parse)?;
    let current = app.medium(&id).await?.filter(|c| c.state.institution == *institution);
    current.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Reads a medium.
#[utoipa::path(
    get, path = "/v1/media/{id}", tag = "media",
    params(("id" = String, Path, description = "Its id.", example = "med_01m9yr1e00e8abmcypx2tvb0zk")),
    responses((status = 200, description = "As it stands.", body = MediumObject))
)]
pub async fn get_medium(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    query: Query,
) -> Result<Json<MediumObject>, Problem> {
    query.end()?;
    let current = own_medium(&app, &auth.caller.institution.id, &id).await?;
    Ok(Json(MediumObject::of(&current.state)))
}

/// Lists media, newest first.
#[utoipa::path(
    get, path = "/v1/media", tag = "media",
    params(
        ("status" = Option<String>, Query, description = "Only with this status.", example = "locked"),
        ("reference" = Option<String>, Query, description = "Only with this reference."),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 unless given.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before; the other parameters stay the same."),
    ),
    responses((status = 200, description = "One page.", body = Page<MediumObject>))
)]
pub async fn list_media(
    State(app): State<Arc<App>>,
    auth: Auth,
    mut query: Query,
) -> Result<Json<Page<MediumObject>>, Problem> {
    let owner = Owner::Institution(auth.caller.institution.id.to_string());
    let status = |text: &str| MediumStatus::ALL.into_iter().map(MediumStatus::as_str).find(|s| *s == text);
    let list = ListQuery {
        status: query.read("status", |text| status(text).map(str::to_owned))?,
        reference: query.take("reference"),
        after: query.read("cursor", Cursor::parse)?,
        ..ListQuery::new(KIND, owner, query.limit()? as u32)
    };
    query.end()?;
    let page = app.ledger.list(list).await?;
    let views = page.cases.into_iter().filter_map(|case| case.view);
    let states = views.map(|view| serde_json::from_value(view.state).map_err(Fault::internal));
    let data = states.map(|state| state.map(|state| MediumObject::of(&state))).collect::<Result<_, _>>()?;
    Ok(Json(Page { data, next_cursor: page.next.map(|cursor| cursor.to_string()) }))
}
