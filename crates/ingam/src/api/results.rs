//! Personal data of a verification: only here, only when asked for with a reason, and each reading is on record
//! before the answer leaves.

use super::auth::Auth;
use super::body::{PathId, Query};
use super::code::Code;
use super::problem::Problem;
use super::verifications::own;
use crate::app::App;
use crate::flow::document::{FieldTexts, shown};
use crate::flow::plaintext::{Reader, text};
use axum::Json;
use axum::extract::State;
use ingam_cases::values::{AccountNumber, DocumentField, DocumentKind};
use ingam_cases::verification::{AccountStep, End, FormStep};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// What is known of a person who was verified.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationResult)]
pub struct ResultObject {
    /// The verification.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    verification: String,
    /// Always `verification_result`.
    #[schema(example = "verification_result")]
    object: &'static str,
    /// The person, as you alone know them.
    #[schema(example = "per_01m9yr1e00e8abmcypx2tvb0zk")]
    person: Option<String>,
    /// The name on the document, as the person confirmed it and the issuer agreed.
    #[schema(example = "홍길동")]
    name: String,
    /// The day of birth.
    #[schema(value_type = String, format = Date, example = "1990-01-01")]
    birth_date: String,
    /// The number by which Korea knows the person, with its last six digits hidden; null behind a foreign passport.
    #[schema(example = "900101-1******")]
    resident_number_masked: Option<String>,
    /// The document's day of issue, where it was asked about.
    #[schema(value_type = Option<String>, format = Date, example = "2020-01-01")]
    issue_date: Option<String>,
    /// The document.
    document: DocumentFields,
    /// The account that was proved.
    account: Option<AccountResult>,
    /// What the person answered to the policy's questions, by their ids.
    #[schema(value_type = Option<Object>, example = json!({ "purpose": "salary" }))]
    form: Option<Map<String, Value>>,
    /// When the policy was met.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:04:31.002Z")]
    verified_at: Timestamp,
}

/// A document's fields; those that its kind has not are null, and numbers keep their hidden half.
#[derive(Serialize, ToSchema)]
pub struct DocumentFields {
    /// `resident`, `driver`, `passport`, `foreign_passport` or `alien`. An open list.
    #[schema(example = "driver")]
    kind: &'static str,
    /// The resident registration number, or a foreigner's, with its last six digits hidden.
    #[schema(example = "900101-1******")]
    resident_number_masked: Option<String>,
    /// The number of a driver licence with its middle hidden.
    #[schema(example = "11-19-******-61")]
    licence_number_masked: Option<String>,
    /// The serial code of a driver licence, where it has one.
    #[schema(example = "9WSWRQ")]
    serial_code: Option<String>,
    /// The number of a passport with its end hidden.
    #[schema(example = "M12******")]
    passport_number_masked: Option<String>,
    /// The state that issued a foreign passport, as passports name it.
    #[schema(example = "VNM")]
    nationality: Option<String>,
    /// The day of issue.
    #[schema(value_type = Option<String>, format = Date, example = "2020-01-01")]
    issue_date: Option<String>,
    /// The last day.
    #[schema(value_type = Option<String>, format = Date, example = "2032-01-03")]
    expiry_date: Option<String>,
}

impl DocumentFields {
    fn of(kind: DocumentKind, shown: &FieldTexts) -> Self {
        use DocumentField as F;
        let text = |field| shown.get(&field).filter(|text| !text.is_empty()).cloned();
        Self {
            kind: kind.as_str(),
            resident_number_masked: text(F::ResidentNumber).or_else(|| text(F::RegistrationNumber)),
            licence_number_masked: text(F::LicenceNumber),
            serial_code: text(F::SerialCode),
            passport_number_masked: text(F::PassportNumber),
            nationality: text(F::Nationality),
            issue_date: text(F::IssueDate),
            expiry_date: text(F::ExpiryDate),
        }
    }
}

/// An account that was proved.
#[derive(Serialize, ToSchema)]
pub struct AccountResult {
    /// The bank's code.
    #[schema(example = "088")]
    bank: String,
    /// Its last four digits.
    #[schema(example = "***-6789")]
    account_number_masked: String,
}

/// What was read from the card, for own screens to show before the person confirms it; later, what was confirmed.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationCard)]
pub struct CardObject {
    /// The verification.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    verification: String,
    /// Always `verification_card`.
    #[schema(example = "verification_card")]
    object: &'static str,
    /// The name.
    #[schema(example = "홍길동")]
    name: Option<String>,
    /// The day of birth.
    #[schema(value_type = Option<String>, format = Date, example = "1990-01-01")]
    birth_date: Option<String>,
    /// The resident registration number, or a foreigner's, with its last six digits hidden.
    #[schema(example = "900101-1******")]
    resident_number_masked: Option<String>,
    /// The day of issue.
    #[schema(value_type = Option<String>, format = Date, example = "2020-01-01")]
    issue_date: Option<String>,
    /// The document.
    document: DocumentFields,
    /// Fields that the person should look at.
    #[schema(example = json!(["issue_date"]))]
    doubtful: Vec<String>,
}

/// The reason that a caller gives: a stable word of theirs, on record for ever.
fn reason(query: &mut Query) -> Result<String, Problem> {
    query.read("reason", word_of_reason)?.ok_or_else(|| Problem::query("reason", "required"))
}

/// A reason where it is a word that may stand on record.
pub(super) fn word_of_reason(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    fits.then(|| text.to_owned())
}

/// Reads the personal data of a person who was verified. Every call is recorded with your key, your address and
/// the reason; the person may see that record.
#[utoipa::path(
    get, path = "/v1/verifications/{id}/result", tag = "verifications",
    params(
        ("id" = String, Path, description = "The verification.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk"),
        ("reason" = String, Query, description = "Why, in a word of yours: 1 to 64 of a-z, 0-9 and _. No personal data.", pattern = "^[a-z0-9_]{1,64}$", example = "open_account"),
    ),
    responses((status = 200, description = "What is known.", body = ResultObject))
)]
pub async fn get_verification_result(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    mut query: Query,
) -> Result<Json<ResultObject>, Problem> {
    let reason = reason(&mut query)?;
    query.end()?;
    let current = own(&app, &auth.caller.institution.id, &id).await?;
    let v = &current.state;
    let ingam_cases::verification::Stage::Ended { end: End::Verified, at } = v.stage else {
        return Err(Problem::new(Code::NotVerified));
    };
    let reader = reads(&auth, &reason);
    let confirmed = app.confirmed(&v.id, reader.clone()).await?;
    let account = match &v.account {
        AccountStep::Passed { bank } => {
            let kind = "verification.account_given/1";
            let fields = app.sealed(&v.id, kind, &["account_number"], reader).await?;
            let account = AccountNumber::parse(text(&fields, "account_number")?);
            Some(AccountResult {
                bank: bank.to_string(),
                account_number_masked: account.map_err(crate::fault::Fault::internal)?.masked(),
            })
        }
        _ => None,
    };
    let form = match v.form {
        FormStep::Answered => Some(app.form_answers(&v.id, reads(&auth, &reason)).await?),
        FormStep::Idle | FormStep::Open => None,
    };
    let texts = confirmed.texts();
    let shown = texts.iter().filter_map(|(f, text)| Some((*f, shown(*f, text)?))).collect();
    let document = DocumentFields::of(confirmed.document.kind(), &shown);
    Ok(Json(ResultObject {
        verification: v.id.to_string(),
        object: "verification_result",
        person: v.person.as_ref().map(ToString::to_string),
        name: confirmed.name.expose().to_owned(),
        birth_date: confirmed.birth_date().to_string(),
        resident_number_masked: document.resident_number_masked.clone(),
        issue_date: document.issue_date.clone(),
        document,
        account,
        form,
        verified_at: at,
    }))
}

/// Reads what was read from the card, while `next` is `confirm`: for institutions that show it to the person on
/// screens of their own. Afterwards, what the person confirmed: for your own check before the end. Every call is recorded
/// like that of a result.
#[utoipa::path(
    get, path = "/v1/verifications/{id}/card", tag = "verifications",
    params(
        ("id" = String, Path, description = "The verification.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk"),
        ("reason" = String, Query, description = "Why, in a word of yours: 1 to 64 of a-z, 0-9 and _. No personal data.", pattern = "^[a-z0-9_]{1,64}$", example = "show_to_person"),
    ),
    responses((status = 200, description = "What was read.", body = CardObject))
)]
pub async fn get_verification_card(
    State(app): State<Arc<App>>,
    auth: Auth,
    PathId(id): PathId,
    mut query: Query,
) -> Result<Json<CardObject>, Problem> {
    let reason = reason(&mut query)?;
    query.end()?;
    let current = own(&app, &auth.caller.institution.id, &id).await?;
    let v = &current.state;
    let person = app.person(&v.id, v.session, None, auth.from);
    let person = person.handed_in_by(auth.caller.key.clone(), auth.from);
    let card = person.card_to_confirm_because(&reason).await?;
    let doubtful: Vec<DocumentField> = match ingam_cases::verification::next::next(v) {
        ingam_cases::verification::next::Next::Confirm { doubtful, .. } => doubtful,
        _ => vec![],
    };
    let document = DocumentFields::of(card.document, &card.shown);
    Ok(Json(CardObject {
        verification: v.id.to_string(),
        object: "verification_card",
        name: card.shown.get(&DocumentField::Name).cloned(),
        birth_date: card.birth_date.map(|d| d.to_string()),
        resident_number_masked: document.resident_number_masked.clone(),
        issue_date: document.issue_date.clone(),
        document,
        doubtful: doubtful.iter().map(super::object::word).collect(),
    }))
}

fn reads<'r>(auth: &'r Auth, reason: &'r str) -> Reader<'r> {
    Reader::key(&auth.caller.key, auth.from, reason)
}
